//! A shop.
mod model;
pub mod store;

pub use model::{Cart, Item as Thing}; // Cart=src/model/mod.rs:6 Item=src/model/item.rs:4
pub use store::*;

/// Something with a price.
pub trait Priced {
    fn price(&self) -> u32;
    fn doubled(&self) -> u32 { self.price() * 2 } // price=src/lib.rs:10
}

pub fn total(things: &[Thing]) -> u32 {
    things.iter().map(|thing| thing.price()).sum() // price=src/model/item.rs:13
}

pub fn any(priced: &dyn Priced) -> u32 { // Priced=src/lib.rs:9
    priced.price() // price=src/lib.rs:10
}

pub fn open() -> Result<Cart, Broken> { // Broken=src/store.rs:3
    let cart = Cart::load("x")?; // load=src/model/mod.rs:14
    cart.save(); // save=src/model/mod.rs:18
    Ok(cart)
}
