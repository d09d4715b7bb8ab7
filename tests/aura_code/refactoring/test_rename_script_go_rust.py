"""Renames in JavaScript, TypeScript, Go and Rust."""

from __future__ import annotations

import pytest

from refactoring_lab import Lab

pytestmark = pytest.mark.requirement("L5")

TS = {
    "src/a.ts": (
        "export function old(a: number) {\n  return a;\n}\n"
        "const x = { old };\n"
        "export { old as other };\n"
        "export default old;\n"
        "export interface Shape {\n  size: number;\n}\n"
        "export class Box implements Shape {\n  size = 1;\n  #hid = 2;\n  draw() {\n"
        "    return this.size + this.#hid;\n  }\n}\n"
    ),
    "src/b.ts": (
        "import { old, Shape, Box } from './a';\n"
        "import { old as o2 } from './a';\n"
        "import dflt from './a';\n"
        "import * as ns from './a';\n"
        "export { old } from './a';\n"
        "old(1); o2(2); dflt(3); ns.old(4);\n"
        "const s: Shape = { size: 1 };\n"
        "function f(b: Box) {\n  const { size } = b;\n  return size + s.size;\n}\n"
    ),
    "src/c.ts": "import { old } from './b';\n\nconsole.log({ old }, (old) => old);\n",
    "src/d.ts": "import old from './a';\n\nold(1);\n",
}


@pytest.fixture
def scripts(lab: Lab) -> Lab:
    lab.write(TS)
    return lab


def test_exports_imports_and_shorthand_properties(scripts: Lab) -> None:
    plan = scripts.plan("rename", symbol="old", new_name="fresh")
    after = scripts.after(plan)
    assert sorted(after) == ["src/a.ts", "src/b.ts", "src/c.ts"]  # The name of a default import is its own.
    assert "const x = { old: fresh };\nexport { fresh as other };\nexport default fresh;" in after["src/a.ts"]
    assert after["src/b.ts"].startswith(
        "import { fresh, Shape, Box } from './a';\nimport { fresh as o2 } from './a';\nimport dflt from './a';\n"
        "import * as ns from './a';\nexport { fresh } from './a';\nfresh(1); o2(2); dflt(3); ns.fresh(4);\n"
    )
    assert after["src/c.ts"] == "import { fresh } from './b';\n\nconsole.log({ old: fresh }, (old) => old);\n"


def test_members_with_interfaces_keys_and_patterns(scripts: Lab) -> None:
    plan = scripts.plan("rename", symbol="Shape.size", new_name="area")
    after = scripts.after(plan)
    assert "interface Shape {\n  area: number;" in after["src/a.ts"]
    assert "  area = 1;\n" in after["src/a.ts"]
    assert "return this.area + this.#hid" in after["src/a.ts"]
    assert "const s: Shape = { area: 1 };" in after["src/b.ts"]
    assert "const { area: size } = b;\n  return size + s.area;" in after["src/b.ts"]


def test_private_members_keep_their_mark(scripts: Lab) -> None:
    hidden = scripts.place("src/a.ts", "#hid = 2")
    after = scripts.after(scripts.plan("rename", **hidden, new_name="#kept"))["src/a.ts"]
    assert "#kept = 2" in after
    assert "this.size + this.#kept" in after
    assert "differ in the `#`" in scripts.plan("rename", **hidden, new_name="kept").reason


def test_local_names_and_patterns(lab: Lab) -> None:
    lab.write(
        {
            "a.js": (
                "export function f({ a }, b) {\n  const { c } = b;\n"
                "  for (const x of [a]) { b = { a, x, c }; }\n  return b;\n}\n"
            )
        }
    )
    after = lab.after(lab.plan("rename", **lab.place("a.js", "a }, b"), new_name="z"))["a.js"]
    assert "f({ a: z }, b)" in after
    assert "of [z]" in after
    assert "{ a: z, x, c }" in after
    assert "const { c: z } = b" in lab.after(lab.plan("rename", **lab.place("a.js", "c } = b"), new_name="z"))["a.js"]


def test_capture_and_collision_are_refused(lab: Lab) -> None:
    lab.write(
        {
            "a.ts": (
                "export function old() {}\nexport function f(fresh: number) {\n  old();\n"
                "  return fresh;\n}\nlet taken = 1;\n"
            )
        }
    )
    assert "would mean something else" in lab.plan("rename", symbol="old", new_name="fresh").reason
    assert "is defined already" in lab.plan("rename", symbol="old", new_name="taken").reason
    assert "is a word of typescript" in lab.plan("rename", symbol="old", new_name="await").reason


def test_properties_of_unknown_objects_are_listed(lab: Lab) -> None:
    lab.write(
        {
            "a.ts": (
                "export class A {\n  go() {}\n}\n\nexport function f(x: any, go: number) {\n  x.go();\n"
                "  return { go };\n}\n"
            )
        }
    )
    plan = lab.plan("rename", symbol="A.go", new_name="walk")
    assert plan.certainty == "likely"
    assert any(note.startswith("a.ts:6: not changed") for note in plan.notes)
    assert any(note.startswith("a.ts:7: not changed") for note in plan.notes)


def test_what_commonjs_exports_keeps_its_name(lab: Lab) -> None:
    lab.write(
        {
            "a.js": "function old() {}\nmodule.exports = { old };\n",
            "b.js": "const a = require('./a');\na.old();\n",
        }
    )
    after = lab.after(lab.plan("rename", symbol="old", path="a.js", line=1, column=9, new_name="fresh"))
    assert after == {"a.js": "function fresh() {}\nmodule.exports = { old: fresh };\n"}


GO = {
    "go.mod": "module shop\n\ngo 1.21\n",
    "shop/a.go": (
        "package shop\n\nfunc total(items []int) int {\n\treturn len(items)\n}\n\ntype Cart struct {\n"
        "\tItems []int\n}\n\nfunc (c Cart) Pay() int {\n\treturn total(c.Items)\n}\n"
    ),
    "shop/b.go": (
        "package shop\n\nfunc double(c Cart) int {\n\treturn 2 * total(c.Items) + c.Pay()\n}\n\n"
        "type Payer interface {\n\tSettle() int\n}\n\nfunc (c Cart) Settle() int {\n\treturn 1\n}\n"
    ),
    "cmd/main.go": (
        'package main\n\nimport "shop/shop"\n\nfunc main() {\n\tc := shop.Cart{Items: nil}\n\tprintln(c.Pay())\n}\n'
    ),
}


def test_go_names_follow_over_the_package(lab: Lab) -> None:
    lab.write(GO)
    after = lab.after(lab.plan("rename", symbol="total", new_name="sum"))
    assert "func sum(items []int)" in after["shop/a.go"]
    assert "return sum(c.Items)" in after["shop/a.go"]
    assert "2 * sum(c.Items)" in after["shop/b.go"]
    assert "println(c.Settle2())" in lab.after(lab.plan("rename", symbol="Cart.Pay", new_name="Settle2"))["cmd/main.go"]


def test_go_refusals(lab: Lab) -> None:
    lab.write(GO)
    assert "is defined already: shop/b.go:3" in lab.plan("rename", symbol="total", new_name="double").reason
    assert "may be another thing" in lab.plan("rename", symbol="total", new_name="c").reason
    assert "asks for Settle" in lab.plan("rename", symbol="Cart.Settle", new_name="Close").reason
    assert "itself calls" in lab.plan("rename", symbol="main", path="cmd/main.go", new_name="start").reason


def test_go_names_that_become_visible_or_hidden_are_told(lab: Lab) -> None:
    lab.write(GO)
    assert any("capital" in note for note in lab.plan("rename", symbol="total", new_name="Total").notes)
    assert "no longer be seen" in lab.plan("rename", symbol="Cart.Pay", new_name="pay").reason


RUST = {
    "Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n',
    "src/lib.rs": (
        "mod prices;\nuse prices::{total, Cart};\n\npub fn sell(items: u32) -> u32 {\n    let cart = Cart { items };\n"
        "    total(cart.items) + prices::total(1)\n}\n"
    ),
    "src/prices.rs": (
        "pub struct Cart {\n    pub items: u32,\n}\n\npub fn total(items: u32) -> u32 {\n    items\n}\n\n"
        "impl Clone for Cart {\n    fn clone(&self) -> Self {\n        Cart { items: self.items }\n    }\n}\n"
    ),
}


def test_rust_paths_lists_and_shorthand_fields(lab: Lab) -> None:
    lab.write(RUST)
    after = lab.after(lab.plan("rename", symbol="total", new_name="sum"))
    assert "use prices::{sum, Cart};" in after["src/lib.rs"]
    assert "sum(cart.items) + prices::sum(1)" in after["src/lib.rs"]
    after = lab.after(lab.plan("rename", symbol="Cart.items", new_name="goods"))
    assert "Cart { goods: items }" in after["src/lib.rs"]
    assert "Cart { goods: self.goods }" in after["src/prices.rs"]


def test_rust_traits_are_refused(lab: Lab) -> None:
    lab.write(RUST)
    assert "implements Clone" in lab.plan("rename", symbol="Cart.clone", new_name="copy").reason
