//! A cache that forgets what was not used for longest.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

/// What went wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum CacheError {
    Full(usize),
    TooOld(String),
}

impl fmt::Display for CacheError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            CacheError::Full(limit) => format!("cache is full: {limit}"),
            CacheError::TooOld(key) => format!("too old: {key}"),
        };
        write!(out, "{text}")
    }
}

struct Entry {
    value: String,
    used: Instant,
    hits: u32,
}

/// The cache.
pub struct Cache {
    entries: HashMap<String, Entry>,
    limit: usize,
    life: Duration,
}

impl Cache {
    /// An empty cache.
    pub fn new(limit: usize, life: Duration) -> Self {
        let entries = HashMap::with_capacity(limit);
        Cache { entries, limit, life }
    }

    pub fn put(&mut self, key: &str, value: String) -> Result<(), CacheError> {
        if self.limit == 0 {
            return Err(CacheError::Full(0));
        }

        // Room is made before the new entry comes.
        while self.entries.len() >= self.limit {
            self.drop_oldest();
        }
        let entry = Entry { value, used: Instant::now(), hits: 0 };
        self.entries.insert(key.to_string(), entry);
        Ok(())
    }

    pub fn get(&mut self, key: &str) -> Result<Option<&str>, CacheError> {
        let now = Instant::now();
        let life = self.life;
        let Some(entry) = self.entries.get_mut(key) else {
            return Ok(None);
        };

        if now.duration_since(entry.used) > life {
            return Err(CacheError::TooOld(key.to_string()));
        }
        entry.used = now;
        entry.hits += 1;
        Ok(Some(entry.value.as_str()))
    }

    fn drop_oldest(&mut self) {
        let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used);
        let key = oldest.map(|(key, _)| key.clone());
        if let Some(key) = key {
            self.entries.remove(&key);
        }
    }

    #[must_use]
    pub fn hits(&self) -> u32 {
        let mut total = 0;
        for entry in self.entries.values() {
            total += entry.hits;
        }
        total
    }

    /// Forgets what is too old; returns how many that were.
    pub fn tidy(&mut self) -> usize {
        let before = self.entries.len();
        let life = self.life;
        let now = Instant::now();

        // Used entries stay, however old they are.
        self.entries.retain(|_, entry| now.duration_since(entry.used) <= life);
        before - self.entries.len()
    }
}

pub fn key_of(parts: &[&str]) -> String {
    let mut key = String::new();
    for part in parts {
        if !key.is_empty() {
            key.push('/');
        }
        key.push_str(part);
    }
    key
}

#[inline]
pub fn describe(cache: &Cache) -> String {
    let hits = cache.hits();
    let size = cache.entries.len();

    if size == 0 {
        return String::from("empty cache");
    }
    format!("{size} entries, {hits} hits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_again() {
        let mut cache = Cache::new(2, Duration::from_secs(60));
        cache.put("one", "eins".to_string()).unwrap();
        assert_eq!(cache.get("one"), Ok(Some("eins")));
        assert_eq!(cache.hits(), 1);
    }

    #[test]
    fn the_oldest_entry_goes() {
        let mut cache = Cache::new(1, Duration::from_secs(60));
        cache.put("one", "eins".to_string()).unwrap();
        cache.put("two", "zwei".to_string()).unwrap();
        assert_eq!(cache.get("one"), Ok(None));
    }
}
