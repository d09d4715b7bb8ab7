"""Definitions, uses and imports over whole projects: what means what, and how that follows edits."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from aura_code.structure.facts import Definition, FileStructure, Imported, Occurrence
from aura_code.structure.store import StructureReader, StructureStore
from aura_shared.errors import NotReady
from structured import linked, links, meaning, read, write

pytestmark = pytest.mark.requirement("C2")

SHOP = {
    "src/shop/__init__.py": "from .cart import Cart\nfrom .prices import *\n",
    "src/shop/cart.py": (
        "from .prices import price_of\n\n\nclass Basket:\n"
        "    def add(self, item: str) -> None:\n        self.items = [item]\n"
        "\n"
        "    def total(self) -> int:\n        return sum(price_of(item) for item in self.items)\n\n\n"
        "class Cart(Basket):\n    def pay(self) -> int:\n        self.add('bag')\n        return self.total()\n\n\n"
        "def new_cart() -> Cart:\n    return Cart()\n"
    ),
    "src/shop/prices.py": "def price_of(item: str) -> int:\n    return len(item)\n",
    "tests/test_cart.py": (
        "import shop\nfrom shop.cart import new_cart\n\n\ndef test_total() -> None:\n    cart = new_cart()\n"
        "    assert cart.pay() == shop.price_of('bag')\n\n\ndef test_unknown(thing):\n    thing.total()\n"
    ),
}


def test_names_are_followed_through_packages_stars_types_and_bases(tmp_path: Path) -> None:
    store = linked(tmp_path / "shop", SHOP)
    test = "tests/test_cart.py"
    assert meaning(store, test, "new_cart") == {("src/shop/cart.py:new_cart", 3)}
    assert meaning(store, test, "price_of") == {("src/shop/prices.py:price_of", 3)}
    assert {meant for meant, _ in meaning(store, test, "pay")} == {"src/shop/cart.py:Cart.pay"}
    assert {meant for meant, _ in meaning(store, "src/shop/cart.py", "add")} == {"src/shop/cart.py:Basket.add"}
    assert meaning(store, test, "total") == {("", 1)}


EDITS = {
    "a function is renamed": {"src/shop/prices.py": "def cost_of(item: str) -> int:\n    return len(item)\n"},
    "a method overrides": {
        "src/shop/cart.py": SHOP["src/shop/cart.py"].replace("def pay", "def add(self, item): ...\n\n    def pay")
    },
    "lines move": {"src/shop/prices.py": "\n\n" + SHOP["src/shop/prices.py"]},
    "a module moves in": {"src/shop/prices/__init__.py": SHOP["src/shop/prices.py"]},
    "a class goes": {"src/shop/cart.py": "def new_cart():\n    return None\n"},
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_an_edit_leads_to_the_same_links_as_reading_everything_anew(tmp_path: Path, edit: dict[str, str]) -> None:
    store = linked(tmp_path / "shop", SHOP)
    write(tmp_path / "shop", edit)
    store.put_many([read(path, text) for path, text in edit.items()])
    store.link()
    fresh = linked(tmp_path / "shop", SHOP | edit, tmp_path / "fresh.db")
    assert links(store) == links(fresh)
    store.put_many([read(path, SHOP[path]) for path in edit if path in SHOP])
    store.forget([path for path in edit if path not in SHOP])
    store.link()
    assert links(store) == links(linked(tmp_path / "shop", SHOP, tmp_path / "again.db"))


def test_a_removed_file_takes_its_links_along_and_brings_them_back(tmp_path: Path) -> None:
    store = linked(tmp_path / "shop", SHOP)
    before = links(store)
    store.forget(["src/shop/prices.py", "never/was.py"])
    store.link()
    assert not any(meant.startswith("src/shop/prices.py") for _, _, _, meant, _ in links(store))
    assert "src/shop/prices.py" not in store.digests()
    store.put(*read("src/shop/prices.py", SHOP["src/shop/prices.py"]))
    store.link()
    assert links(store) == before


def test_definitions_keep_their_number_while_their_name_stays(tmp_path: Path) -> None:
    store = linked(tmp_path / "shop", SHOP)
    query = "SELECT s.qualified, s.id FROM symbols s JOIN files f ON f.id = s.file WHERE f.path = 'src/shop/cart.py'"
    before = sorted(map(str, store.rows(query)))
    store.put(*read("src/shop/cart.py", "import os\n\n" + SHOP["src/shop/cart.py"]))
    store.link()
    assert sorted(map(str, store.rows(query))) == before


SCRIPTS = {
    "package.json": '{"name": "root", "workspaces": ["packages/*"]}',
    "tsconfig.json": '{"compilerOptions": {"baseUrl": ".", "paths": {"@lib/*": ["packages/lib/src/*"]}}}',
    "packages/lib/package.json": '{"name": "@acme/lib", "main": "dist/index.js"}',
    "packages/lib/src/index.ts": "export * from './math.js';\nexport { greet as hello } from './greet';\n",
    "packages/lib/src/math.ts": "export function twice(n: number): number {\n  return n * 2;\n}\n",
    "packages/lib/src/greet.ts": "export function greet(name: string): string {\n  return name;\n}\n",
    "app/main.ts": (
        "import { twice, hello } from '@acme/lib';\nimport { twice as again } from '@lib/math';\n\n"
        "export const answer = twice(again(3));\nhello('you');\n"
    ),
}


def test_scripts_reach_workspaces_mapped_paths_and_what_is_handed_on(tmp_path: Path) -> None:
    store = linked(tmp_path / "web", SCRIPTS)
    assert meaning(store, "app/main.ts", "twice") == {("packages/lib/src/math.ts:twice", 3)}
    assert ("packages/lib/src/math.ts:twice", 3) in meaning(store, "app/main.ts", "again")
    assert ("packages/lib/src/greet.ts:greet", 3) in meaning(store, "app/main.ts", "hello")


GO = {
    "go.mod": "module example.com/shop\n\ngo 1.22\n",
    "cart/cart.go": "package cart\n\ntype Cart struct{ n int }\n\nfunc New() *Cart { return &Cart{} }\n",
    "cart/pay.go": "package cart\n\nfunc (c *Cart) Pay() int { return sum(c.n) }\n\nfunc sum(n int) int { return n }\n",
    "main.go": 'package main\n\nimport "example.com/shop/cart"\n\nfunc main() {\n\tc := cart.New()\n\tc.Pay()\n}\n',
}


def test_go_packages_are_folders_and_methods_may_stand_in_another_file(tmp_path: Path) -> None:
    store = linked(tmp_path / "shop", GO)
    assert meaning(store, "main.go", "New") == {("cart/cart.go:New", 3)}
    assert {meant for meant, _ in meaning(store, "main.go", "Pay")} == {"cart/pay.go:Cart.Pay"}
    assert meaning(store, "cart/pay.go", "sum") == {("cart/pay.go:sum", 3)}


RUST = {
    "Cargo.toml": '[workspace]\nmembers = ["core", "app"]\n',
    "core/Cargo.toml": '[package]\nname = "shop-core"\n',
    "core/src/lib.rs": "pub mod cart;\npub use crate::cart::Cart;\n",
    "core/src/cart.rs": "pub struct Cart;\n\nimpl Cart {\n    pub fn new() -> Self { Cart }\n"
    "    pub fn pay(&self) -> u32 { 1 }\n}\n",
    "app/Cargo.toml": '[package]\nname = "app"\n',
    "app/src/main.rs": "use shop_core::Cart;\n\nfn main() {\n    let cart = Cart::new();\n    cart.pay();\n}\n",
}


def test_rust_crates_of_a_workspace_see_one_another(tmp_path: Path) -> None:
    store = linked(tmp_path / "shop", RUST)
    assert meaning(store, "app/src/main.rs", "new") == {("core/src/cart.rs:Cart.new", 3)}
    assert {meant for meant, _ in meaning(store, "app/src/main.rs", "pay")} == {"core/src/cart.rs:Cart.pay"}


JAVA = {
    "src/main/java/shop/Cart.java": "package shop;\n\npublic class Cart extends Basket {\n"
    "  public int pay() { return total(); }\n}\n",
    "src/main/java/shop/Basket.java": "package shop;\n\nclass Basket {\n  int total() { return 1; }\n}\n",
    "src/main/java/app/Main.java": (
        "package app;\n\nimport shop.Cart;\n\npublic class Main {\n  public static void main(String[] a) {\n"
        "    Cart cart = new Cart();\n    cart.pay();\n  }\n}\n"
    ),
}


def test_java_classes_are_found_by_package_and_inherit(tmp_path: Path) -> None:
    store = linked(tmp_path / "shop", JAVA)
    assert {meant for meant, _ in meaning(store, "src/main/java/app/Main.java", "pay")} == {
        "src/main/java/shop/Cart.java:Cart.pay"
    }
    assert {meant for meant, _ in meaning(store, "src/main/java/shop/Cart.java", "total")} == {
        "src/main/java/shop/Basket.java:Basket.total"
    }


def function(name: str, type_: tuple[object, ...] = ()) -> Definition:
    return Definition(name, "function", -1, "", 1, 4, 1, 2, True, "", (), type_, 0, 1, 0, False, True)


def by_hand(path: str, *, imports: list[Imported], uses: list[Occurrence], defs: list[Definition]) -> FileStructure:
    return FileStructure(path, "python", "", tuple(defs), tuple(uses), tuple(imports))


def test_circles_of_stars_and_of_results_come_to_an_end(tmp_path: Path) -> None:
    star = Imported("b", "*", "", 1, False, True, False)
    back = Imported("a", "*", "", 1, False, True, False)
    lost = Occurrence("lost", "call", 3, 0, -1, ("free", "lost"))
    around = Occurrence("x", "name", 4, 2, -1, ("member", ("result", ("def", 0)), "x"))
    store = StructureStore.open(tmp_path / "s.db", tmp_path)
    store.put_many(
        [
            (b"1", by_hand("a.py", imports=[star], uses=[lost, around], defs=[function("f", ("result", ("def", 0)))])),
            (b"2", by_hand("b.py", imports=[back], uses=[], defs=[])),
        ]
    )
    store.link()
    assert meaning(store, "a.py", "lost") == {("", 0)}
    assert meaning(store, "a.py", "x") == {("", 1)}


def test_readers_wait_for_the_first_analysis_and_refuse_another_version(tmp_path: Path) -> None:
    with pytest.raises(NotReady), StructureReader.opened(tmp_path / "none.db"):
        pass
    with sqlite3.connect(tmp_path / "old.db") as old:
        old.execute("PRAGMA user_version = 99")
    old.close()
    with pytest.raises(NotReady), StructureReader.opened(tmp_path / "old.db"):
        pass
    store = StructureStore.open(tmp_path / "old.db", tmp_path)
    assert store.digests() == {}
    store.close()


def test_a_reader_sees_what_the_writer_committed(tmp_path: Path) -> None:
    store = linked(tmp_path / "shop", SHOP)
    with StructureReader.opened(tmp_path / "shop.db") as reader:
        assert reader.digests() == store.digests()
        assert reader.complexities()["src/shop/prices.py"] == 1
    store.close()
