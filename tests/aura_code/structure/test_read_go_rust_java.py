from __future__ import annotations

import pytest

from aura_code.structure.facts import Definition, FileStructure, Occurrence
from aura_code.structure.golang import package_names
from aura_code.structure.readers import reader_of
from aura_code.syntax import parse_source

pytestmark = pytest.mark.requirement("C2")


def read(path: str, text: str) -> FileStructure:
    file = parse_source(path, text.encode())
    assert file is not None
    reader = reader_of(file.language)
    assert reader is not None
    return reader(file)


def defined(found: FileStructure, name: str, kind: str = "") -> Definition:
    return next(d for d in found.definitions if d.name == name and kind in {"", d.kind})


def index_of(found: FileStructure, name: str) -> int:
    return next(place for place, d in enumerate(found.definitions) if d.name == name)


def uses(found: FileStructure, name: str) -> list[Occurrence]:
    return [occurrence for occurrence in found.occurrences if occurrence.name == name]


def bindings(found: FileStructure, name: str) -> list[tuple[object, ...]]:
    return [occurrence.binding[:3] for occurrence in uses(found, name)]


GO = """package shop

import (
	"context"
	db "example.com/store/sqlite"
	. "strings"
	_ "net/http/pprof"
)

// Cart holds items.
type Cart struct {
	Base
	items []*Item
	log   Logger
}

type Logger interface {
	Base
	Print(text string) (int, error)
}

const limit = 3

var Default = NewCart()

// NewCart makes one.
func NewCart() *Cart { return &Cart{items: nil} }

func (c *Cart) Add(ctx context.Context, item *Item) error {
	for _, known := range c.items {
		if known.Same(item) && limit > 0 || item == nil {
			return nil
		}
	}
	c.log.Print("x")
	c.items = append(c.items, item)
	return db.Open(ctx)
}

func (o *Other) Far() {}

func use(value any) {
	cart := NewCart()
	cart.Add(nil, nil)
	switch v := value.(type) {
	case *Cart:
		v.Add(nil, nil)
	}
	limit := 4
	_ = limit
	helper(limit)
}
"""


def test_a_go_file_names_its_package_and_what_it_imports() -> None:
    found = read("shop/cart.go", GO)
    assert found.package == "shop"
    assert [(i.module, i.name, i.alias) for i in found.imports] == [
        ("context", "", "context"),
        ("example.com/store/sqlite", "", "db"),
        ("strings", "*", ""),
        ("net/http/pprof", "", ""),
    ]


def test_go_types_know_their_fields_methods_and_embedded_types() -> None:
    found = read("shop/cart.go", GO)
    cart = index_of(found, "Cart")
    assert found.definitions[cart].bases == (("free", "Base"),)
    assert found.definitions[cart].documented
    assert {d.name for d in found.definitions if d.parent == cart} == {"Base", "items", "log", "Add"}
    assert defined(found, "Logger").bases == (("free", "Base"),)
    assert defined(found, "Print").parent == index_of(found, "Logger")
    assert defined(found, "items").type == ("each", ("free", "[]"), ("type", ("free", "Item")))
    assert (defined(found, "Far").parent, defined(found, "Far").receiver) == (-1, "Other")


def test_go_methods_are_found_through_the_types_of_locals() -> None:
    found = read("shop/cart.go", GO)
    cart = ("def", index_of(found, "Cart"))
    new_cart = ("def", index_of(found, "NewCart"))
    assert bindings(found, "Add") == [("member", ("result", new_cart), "Add"), ("member", ("type", cart), "Add")]
    assert bindings(found, "Same") == [("member", ("item", ("member", ("type", cart), "items")), "Same")]
    assert bindings(found, "Print") == [("member", ("member", ("type", cart), "log"), "Print")]
    assert bindings(found, "Open") == [("import", "example.com/store/sqlite", "Open")]
    assert defined(found, "NewCart").type == ("type", cart)
    assert defined(found, "Default").type == ("result", new_cart)


def test_go_locals_hide_what_the_file_defines() -> None:
    found = read("shop/cart.go", GO)
    assert [use.line for use in uses(found, "limit")] == [GO[: GO.index("limit > 0")].count("\n") + 1]
    assert bindings(found, "helper") == [("free", "helper")]
    assert not uses(found, "cart")


def test_go_functions_are_measured() -> None:
    found = read("shop/cart.go", GO)
    add = defined(found, "Add")
    assert (add.complexity, add.nesting, add.parameters, add.typed) == (5, 2, 2, True)


def test_go_entries_are_main_init_tests_and_what_is_exported() -> None:
    main = read("main.go", "package main\nfunc main() {}\nfunc init() {}\nfunc Other() {}\nfunc helper() {}\n")
    assert [d.entry for d in main.definitions] == ["main", "init", "", ""]
    tests = read(
        "a_test.go", "package a\nfunc TestX(t *testing.T) {}\nfunc Testing() {}\nfunc (t T) String() string {}\n"
    )
    assert [d.entry for d in tests.definitions] == ["test", "exported", "exported"]
    inside = read("internal/a.go", "package a\nfunc (t t) String() string { return x }\nfunc F() {}\n")
    assert [d.entry for d in inside.definitions] == ["interface method", ""]


GO_FORMS = """package p

type Names map[string]int
type Pair[K comparable, V any] struct { key K; value V; f func(x K) (V, error) }
type Alias = Names

var (
	a, b = 1, pick()
	table = map[string]Pair[int, Deep]{"x": {key: 1}, name: {value: Deep{}}}
)

func (p *Pair[K, V]) Get() (value V, ok bool) { return p.value, true }

func run[T Runner](ch chan Deep, xs ...Deep) {
	type local struct{ n Deep }
	l := local{n: Deep{}}
	l.n.Go()
	select {
	case m := <-ch:
		m.Go()
	case ch <- xs[0]:
	default:
	}
	for i := 0; i < 3; i++ {
		xs[i].Go()
	}
	var d Deep = (*pick()).(Deep)
	d.Go()
	go func(e Deep) { e.Go() }(d)
	table["x"].value.Go()
	new(Deep).Go()
	Deep(1).Go()
	if x, ok := any(d).(Deep); ok {
		x.Go()
	} else if y := xs[1:]; y[0].ready {
		counter++
	}
	var t T
	t.Run()
	[]Deep{}[0].Go()
}
"""


def test_go_forms_that_give_a_known_type() -> None:
    found = read("p.go", GO_FORMS)
    known = ("member", ("type", ("free", "Deep")), "Go")
    local = ("def", index_of(found, "local"))
    goes = bindings(found, "Go")
    assert goes[0] == ("member", ("member", ("type", local), "n"), "Go")
    assert goes.count(known) == len(goes) - 3
    assert goes[-4] == ("member", ("type", ("free", "Deep")), "Go")
    assert bindings(found, "Run") == [("member", ("type", ("free", "Runner")), "Run")]
    assert [use.kind for use in uses(found, "counter")] == ["write"]
    assert [use.kind for use in uses(found, "name")] == ["name"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("fmt", "fmt"),
        ("net/http", "http"),
        ("gopkg.in/yaml.v3", "yaml"),
        ("github.com/x/go-tool/v2", "tool"),
        ("k8s.io/api-machinery", "api_machinery"),
    ],
)
def test_a_go_package_goes_by_the_names_that_its_path_suggests(path: str, name: str) -> None:
    assert name in package_names(path)


RUST = """//! About.
use std::{fmt::{self, Display as Shown}, io};
pub use crate::model::*;
use self::inner::Deep;
mod other;

pub mod inner {
    use super::Item;
    pub struct Deep;
    impl Deep { pub fn go(&self) -> Item { Item::new() } }
}

/// An item.
#[derive(Clone)]
pub struct Item { pub name: String, parts: Vec<Part>, next: Option<Box<Item>> }

pub enum Kind { One, Two(Item), Three { deep: Deep } }

pub trait Run: Shown { fn run(&self) -> Item; fn twice(&self) { self.run(); } }

impl Run for Item { fn run(&self) -> Item { self.clone() } }

impl Item {
    pub fn new() -> Self { Self { name: String::new(), parts: vec![], next: None } }
    pub(crate) fn load(path: &str) -> Result<Self, io::Error> { other::read(path) }
}

impl Foreign { fn far(&self) {} }

fn make<R: Run>(r: &R, kind: Kind, Item { name, parts: all }: Item) -> Option<Item> {
    let item = Item::load("x")?;
    item.run();
    r.run();
    for part in item.parts.iter() { part.check(); }
    if let Some(next) = &item.next { next.run(); } else if item.name.is_empty() && true {}
    match kind {
        Kind::Two(i) if i.ready => i.run(),
        Kind::Three { deep } => deep.go(),
        _ => item,
    };
    println!("{}", item.run());
    let name = name.len();
    let f = |p: Part| p.check();
    all.iter().map(|part| part.check());
    name + helper(name)
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn works() { Item::new().run(); crate::model::reset(); super::main(); }
}
"""


def test_rust_uses_are_read_with_lists_aliases_globs_and_modules() -> None:
    found = read("src/lib.rs", RUST)
    assert [(i.module, i.name, i.alias, i.exported) for i in found.imports] == [
        ("self::other", "", "other", False),
        ("std", "fmt", "fmt", False),
        ("std::fmt", "Display", "Shown", False),
        ("std", "io", "io", False),
        ("crate::model", "*", "", True),
        ("self::inner", "Deep", "Deep", False),
        ("self", "Item", "Item", False),
        ("self", "*", "", False),
    ]


def test_rust_methods_belong_to_their_types_and_traits_are_bases() -> None:
    found = read("src/lib.rs", RUST)
    item, deep = index_of(found, "Item"), index_of(found, "Deep")
    assert {d.name for d in found.definitions if d.parent == item} == {"name", "parts", "next", "run", "new", "load"}
    assert found.definitions[item].bases == (("def", index_of(found, "Run")),)
    assert found.definitions[deep].parent == index_of(found, "inner")
    assert defined(found, "go").parent == deep
    assert defined(found, "far").receiver == "Foreign"
    assert defined(found, "Two").parent == index_of(found, "Kind")
    assert defined(found, "new").type == ("type", ("def", item))
    assert defined(found, "Run").bases == (("import", "std::fmt", "Display"),)


def test_rust_entries_say_who_may_call() -> None:
    found = read("src/lib.rs", RUST)
    runs = [d.entry for d in found.definitions if d.name == "run"]
    assert runs == ["exported", "implements Run"]
    assert defined(found, "main").entry == "main"
    assert defined(found, "works").entry == "test"
    assert (defined(found, "new").entry, defined(found, "load").entry) == ("exported", "")
    assert (defined(found, "new").public, defined(found, "load").public) == (True, False)
    assert defined(found, "Item").documented
    marked = read("a.rs", "#[no_mangle]\nfn x() {}\n#[macro_export]\nmacro_rules! m { () => {} }\n")
    assert [d.entry for d in marked.definitions] == ["marked no_mangle", "exported"]


def test_rust_methods_are_found_through_types() -> None:
    found = read("src/lib.rs", RUST)
    item = ("def", index_of(found, "Item"))
    part = ("type", ("free", "Part"))
    loaded = ("item", ("result", ("member", item, "load")))
    assert bindings(found, "run") == [
        ("member", ("type", ("def", index_of(found, "Run"))), "run"),
        ("member", loaded, "run"),
        ("member", ("type", ("def", index_of(found, "Run"))), "run"),
        ("member", ("item", ("member", loaded, "next")), "run"),
        (),
        ("member", loaded, "run"),
        ("member", ("result", ("member", item, "new")), "run"),
    ]
    assert bindings(found, "check")[0] == ("member", ("item", ("member", loaded, "parts")), "check")
    assert bindings(found, "check")[1] == ("member", part, "check")
    assert bindings(found, "reset") == [("import", "crate::model", "reset")]
    assert bindings(found, "main") == [("def", index_of(found, "main"))]
    assert bindings(found, "read") == [("import", "self::other", "read")]
    assert bindings(found, "helper") == [("free", "helper")]


def test_rust_locals_and_macro_arguments_are_told_from_items() -> None:
    found = read("a.rs", 'fn f(x: A) { let y = x.b(); assert_eq!(y, B::c(x.d)); let g = y; format!("{}", g); }\n')
    assert [(use.name, use.kind) for use in found.occurrences] == [
        ("A", "type"), ("b", "call"), ("B", "name"), ("c", "call"), ("d", "name"),
    ]  # fmt: skip


def test_rust_functions_are_measured() -> None:
    make = defined(read("src/lib.rs", RUST), "make")
    assert (make.complexity, make.nesting, make.parameters) == (8, 1, 3)


RUST_FORMS = """
use std::sync::{Arc, Mutex};
extern crate log as logging;
type Short = Deep;
static COUNT: Mutex<Deep> = Mutex::new(Deep::new());
const N: usize = limits::MOST;
union Bits { a: u32, b: f32 }
extern "C" { fn outside(x: i32); }
trait Holder { type Out: Run; const SIZE: usize; }
fn forms(shared: Arc<Deep>, all: &mut [Deep], map: std::collections::HashMap<String, Deep>, dynamic: Box<dyn Run>) {
    shared.go();
    all[0].go();
    for (number, one) in all.iter().enumerate() { one.go(); }
    for (key, one) in map { one.go(); }
    COUNT.lock().unwrap();
    dynamic.run();
    let t = (shared as Deep, 1);
    let [first, ..] = all;
    first.go();
    let made = Deep { a: 1, ..Default::default() };
    made.go();
    let wrapped = Some(made);
    wrapped.unwrap().go();
    let Some(x) = all.first() else { return };
    x.go();
    while let Some(last) = all.pop() { last.go(); }
    all.iter().for_each(|d| d.go());
    <Deep as Run>::run(&x);
    async move { x.go().await };
    fn nested(d: Deep) { d.go() }
    'outer: loop { break 'outer; }
    let r @ Deep { .. } = x;
    x.a += 1;
    let s = if true { Deep::new() } else { Deep::new() };
    Arc::new(Deep {}).go();
    tokio::spawn(async {});
    macros::call!(x.go());
}
"""


def test_rust_forms_that_give_a_known_type() -> None:
    found = read("a.rs", RUST_FORMS)
    known = ("member", ("type", ("free", "Deep")), "go")
    assert [use.line for use in uses(found, "go") if use.binding[:3] != known] == []
    assert len(uses(found, "go")) == 14
    assert ("import", "tokio", "spawn") in bindings(found, "spawn")
    assert ("member", ("type", ("free", "Run")), "run") in bindings(found, "run")
    assert ("import", "limits", "MOST") in bindings(found, "MOST")
    assert [use.kind for use in uses(found, "a")] == ["write", "write"]
    assert ("logging", "log") in [(i.alias, i.module) for i in found.imports]


JAVA = """package com.shop;

import java.util.List;
import com.tools.*;
import static com.tools.Checks.verify;

/** A cart. */
@Service
public class Cart<T extends Item> extends Base<T> implements Runs, Other {
  private final List<Item> items = new ArrayList<>();
  public static final int MOST = 3;
  enum Size { SMALL, LARGE; int weight() { return 1; } }
  interface Inner { void callback(); }
  record Pair(Item left, int right) { }

  public Cart(Item first) { super(first); this.items.add(first); }

  @Override public Item find(String name, Item... more) throws Missing {
    for (Item item : items) {
      if (item.matches(name) && verify(item) || name == null) { return item; }
    }
    items.get(0).matches(name);
    items.forEach(each -> each.matches(name));
    var fresh = new Item(1) { void hook() { find("", null); } };
    fresh.matches(name);
    if (name instanceof Item other) { other.matches(name); }
    try (Reader reader = open()) { reader.read(); } catch (Missing | Broken error) { error.report(); }
    switch (size) { case SMALL: break; default: inherited(); }
    Cart::describe;
    Outer.Nested.make();
    com.far.Thing.act();
    int count = MOST > 1 ? 1 : 2;
    while (count > 0) { count--; }
    return (Item) super.find(name);
  }

  static void describe() { }
  public static void main(String[] args) { class Local { } Local l = new Local(); }
  @Test void works() { }
  @GetMapping("/x") void handler() { }
}
"""


def test_java_types_know_members_bases_and_entries() -> None:
    found = read("src/Cart.java", JAVA)
    assert found.package == "com.shop"
    cart = index_of(found, "Cart")
    assert found.definitions[cart].bases == (("free", "Base"), ("free", "Runs"), ("free", "Other"))
    assert found.definitions[cart].documented
    entries = {d.name: d.entry for d in found.definitions if d.kind in {"method", "constructor", "class"}}
    assert entries["find"] == "overrides"
    assert entries["main"] == "main"
    assert entries["works"] == "test"
    assert entries["handler"] == "annotated GetMapping"
    assert entries["describe"] == ""
    assert defined(found, "SMALL").parent == index_of(found, "Size")
    assert defined(found, "left").parent == index_of(found, "Pair")
    assert defined(found, "Local").parent == index_of(found, "main")
    assert [(i.module, i.name) for i in found.imports] == [
        ("java.util", "List"), ("com.tools", "*"), ("com.tools.Checks", "verify"),
    ]  # fmt: skip


def test_java_methods_are_found_through_types_and_classes_around() -> None:
    found = read("src/Cart.java", JAVA)
    cart = ("def", index_of(found, "Cart"))
    known = ("member", ("type", ("free", "Item")), "matches")
    assert bindings(found, "matches") == [known] * 5
    assert bindings(found, "verify")[-1] == ("import", "com.tools.Checks", "verify")
    assert bindings(found, "inherited") == [("member", ("type", cart), "inherited")]
    assert bindings(found, "find") == [("def", index_of(found, "find")), ("member", ("super", cart[1]), "find")]
    assert bindings(found, "report") == [("member", ("type", ("free", "Missing")), "report")]
    assert bindings(found, "act") == [("member", ("import", "com.far", "Thing"), "act")]
    assert bindings(found, "MOST") == [("def", index_of(found, "MOST"))]
    assert [use.kind for use in uses(found, "Item")][-3:] == ["call", "type", "type"]


def test_java_methods_are_measured() -> None:
    find = defined(read("src/Cart.java", JAVA), "find")
    assert (find.complexity, find.nesting, find.parameters) == (10, 2, 2)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("deep.go", "package p\nvar x = " + "(" * 400 + "f(y)" + ")" * 400 + "\n"),
        ("deep.rs", "fn f() { " + "(" * 400 + "f(y)" + ")" * 400 + " }\n"),
        ("Deep.java", "class A { int x = " + "(" * 400 + "f(y)" + ")" * 400 + "; }\n"),
    ],
    ids=["go", "rust", "java"],
)
def test_deep_code_is_read_to_its_bottom(path: str, text: str) -> None:
    assert [use.kind for use in uses(read(path, text), "f")] == ["call"]


@pytest.mark.parametrize("path", ["a.go", "a.rs", "A.java"])
@pytest.mark.parametrize(
    "text", ["", "}}}} fn ( class package", "func (", "impl for { fn", "class { void ( }", "use ::{;"]
)
def test_broken_code_is_read_as_far_as_it_goes(path: str, text: str) -> None:
    assert read(path, text).path == path


def test_a_chain_of_many_calls_stays_small() -> None:
    found = read("a.rs", "fn f(x: A) { x" + ".b()" * 500 + "; }\n")
    assert max(len(repr(use.binding)) for use in found.occurrences) < 400


def test_columns_count_characters() -> None:
    found = read("a.go", 'package p\nvar x = f("ééé") + g("é")\n')
    assert [(use.name, use.column) for use in found.occurrences] == [("f", 8), ("g", 19)]


def test_names_of_inline_modules_are_seen_from_the_file() -> None:
    text = """
use self::outer::{deep::Leaf, *};
pub mod outer {
    use super::super::top;
    use self::deep as below;
    use std::{self, collections::HashMap as Map};
    pub mod deep {
        pub struct Leaf;
        pub(super) fn go(x: super::Twig, y: crate::Far, z: self::Leaf) { super::helper(); top(); }
    }
    pub struct Twig;
    fn helper() { below::go(); }
}
"""
    found = read("src/a.rs", text)
    names = {d.name: ("def", place) for place, d in enumerate(found.definitions)}
    assert bindings(found, "Twig") == [("member", names["outer"], "Twig")]
    assert bindings(found, "Leaf")[-1] == ("member", ("member", names["outer"], "deep"), "Leaf")
    assert bindings(found, "helper") == [("member", names["outer"], "helper")]
    assert bindings(found, "Far") == [("import", "crate", "Far")]
    assert bindings(found, "go") == [("member", ("member", names["outer"], "deep"), "go")]
    assert ("super", "top", "top") in [(i.module, i.name, i.alias) for i in found.imports]
    assert ("std::collections", "HashMap", "Map") in [(i.module, i.name, i.alias) for i in found.imports]


def test_go_forms_that_are_rare() -> None:
    text = """package p

type Set[K comparable] struct{ items map[K]Deep }

type Func func(a int) (Deep, error)

type Either interface{ ~int | string; Other }

func (s *Set[K]) Each(run func(K)) (first Deep, err error) {
	var other, more Deep
	other, more = s.items[x], Deep{}
	other.Go()
	more.Go()
	defer func() { recover() }()
outer:
	for {
		switch y := z.(type) {
		case int, string:
			y.a()
		default:
			break outer
		}
		switch {
		case x > 1 && x < 3:
			continue outer
		}
		var w []struct{ name string }
		w[0].name = pkg.Text
		matrix := [][]Deep{{{key: 1}}, {Deep{}}}
		matrix[0][1].Go()
		p := &matrix[0]
		_ = [...]Deep{0: {}}
		if _, ok := any(p).(interface{ Close() error }); !ok {
			goto outer
		}
		go run(K(x))
		Set[int]{}.Each(nil)
		make(chan Deep, 1) <- more
	}
}
"""
    found = read("p.go", text)
    known = ("member", ("type", ("free", "Deep")), "Go")
    assert bindings(found, "Go") == [known] * 3
    assert bindings(found, "Text") == [("member", ("free", "pkg"), "Text")]
    assert defined(found, "Either").bases == (("free", "Other"),)
    assert bindings(found, "Each") == [("member", ("type", ("def", index_of(found, "Set"))), "Each")]
    assert defined(found, "Each").complexity == 6


def test_java_forms_that_are_rare() -> None:
    text = """package p;
import static q.Names.LIMIT;
import one.Alone;
@interface Mark { String value() default ""; }
@Mark(value = Alone.TEXT)
public interface Shape<T extends Item & Other> extends Base, q.r.Far {
  int SIDES = 4;
  default void draw(final Map<String, Item> all, Item[] more) {
    for (Item each : all.values()) each.go();
    more[0].go();
    all.get("x").go();
    Function<Item, Integer> f = (Item i) -> { i.go(); return 1; };
    BiFunction<Item, Item, Item> g = (a, b) -> a;
    do { label: for (int i = 0, j = LIMIT; i < j; i++) { if (i > 1) continue label; else break; } } while (done());
    Item made = SIDES > 1 ? new Item() : null;
    made.go();
    synchronized (this) { this.draw(null, null); }
    switch (made) { case Item i when i.ok() -> i.go(); case null, default -> {} }
    int[] counts = new int[] {1, 2};
    counts[0] += 1;
    var text = switch (1) { case 1 -> "a"; default -> "b"; };
    p.q.Thing.run();
    Shape.super.toString();
    new Outer.Inner() { @Override public void go() { super.go(); } };
  }
  enum Kind implements Base { A { void x() { } }, B(1); Kind(int... n) { } }
}
"""
    found = read("Shape.java", text)
    known = ("member", ("type", ("free", "Item")), "go")
    assert bindings(found, "go").count(known) == 6
    assert bindings(found, "Far") == [("import", "q.r", "Far")]
    assert bindings(found, "LIMIT")[-1] == ("import", "q.Names", "LIMIT")
    assert bindings(found, "run") == [("member", ("import", "p.q", "Thing"), "run")]
    assert defined(found, "SIDES").public
    assert defined(found, "Shape").bases == (("free", "Base"), ("import", "q.r", "Far"))
