use crate::Priced; // Priced=src/lib.rs:9

#[derive(Clone)]
pub struct Item { pub price: u32 }

impl Item {
    pub fn new(price: u32) -> Item { Item { price } } // Item=src/model/item.rs:4 price=src/model/item.rs:4
    pub fn label(&self) -> String { format!("{}", self.price()) } // price=src/model/item.rs:13
}

impl Priced for Item { // Priced=src/lib.rs:9
    /// Of one.
    fn price(&self) -> u32 { self.price } // price=src/model/item.rs:4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices() {
        let item = Item::new(1); // Item=src/model/item.rs:4 new=src/model/item.rs:7
        assert_eq!(item.doubled(), 2); // doubled=src/lib.rs:11
    }
}
