mod item;

use crate::store::{self, Broken, Store}; // Broken=src/store.rs:3 Store=src/store.rs:5
pub use item::Item; // Item=src/model/item.rs:4

pub struct Cart {
    items: Vec<Item>, // Item=src/model/item.rs:4
    store: Store,
}

impl Cart {
    fn of(store: Store) -> Self { Self { items: Vec::new(), store } } // items=src/model/mod.rs:7 store=src/model/mod.rs:8

    pub fn load(path: &str) -> Result<Self, Broken> {
        Ok(Self::of(store::load(path)?)) // of=src/model/mod.rs:12 load=src/store.rs:13
    }

    pub fn save(mut self) {
        for item in self.items.iter() { // items=src/model/mod.rs:7
            self.store.save(item.price()); // save=src/store.rs:8 price=src/model/item.rs:13
        }
        if let Some(first) = self.items.first() {
            first.label(); // label=src/model/item.rs:8
        }
    }
}
