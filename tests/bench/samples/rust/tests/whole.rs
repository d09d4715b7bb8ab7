use shop::{total, Cart, Thing}; // total=src/lib.rs:14 Cart=src/model/mod.rs:6 Thing=src/model/item.rs:4

fn save(cart: Cart) {
    cart.save(); // save=src/model/mod.rs:18
}

#[test]
fn works() {
    let things = vec![Thing::new(2)]; // new=src/model/item.rs:7
    total(&things); // total=src/lib.rs:14
    save(shop::open().unwrap()); // save=tests/whole.rs:3 open=src/lib.rs:22
}
