from __future__ import annotations

import pytest

from aura_code.structure.facts import Definition, FileStructure, Imported
from aura_code.structure.javascript import read_javascript
from aura_code.syntax import parse_source

pytestmark = pytest.mark.requirement("C2")

Names = list[tuple[str, str, str]]


def read(text: str, path: str = "src/a.ts") -> FileStructure:
    file = parse_source(path, text.encode())
    assert file is not None
    return read_javascript(file)


def names(found: FileStructure) -> Names:
    """Name, kind and name of the parent of every definition."""
    return [(d.name, d.kind, found.definitions[d.parent].name if d.parent >= 0 else "") for d in found.definitions]


def defined(found: FileStructure, name: str) -> Definition:
    return next(d for d in found.definitions if d.name == name)


def index(found: FileStructure, name: str) -> int:
    return next(place for place, d in enumerate(found.definitions) if d.name == name)


def binding(found: FileStructure, name: str, line: int = 0) -> tuple[object, ...]:
    """What a name is bound to where it is used, in a line or first."""
    return next(o.binding for o in found.occurrences if o.name == name and line in {0, o.line})


def used(found: FileStructure) -> list[tuple[str, str, int]]:
    return [(o.name, o.kind, o.line) for o in found.occurrences]


CLASS = """import { Base, Service } from "./base";

/** Keeps orders. */
export class Store extends Base implements Kept<Store> {
  static count = 0;
  private orders: Order[] = [];
  #secret = new Service();
  handler = () => this.#secret.run();
  constructor(private readonly service: Service, limit = 3) {
    super(service);
  }
  get size(): number { return this.orders.length; }
  set size(value: number) {}
  async load(id: string): Promise<Order> {
    for (const order of this.orders) {
      if (order.id === id) return order;
    }
    const found = await this.service.find(id);
    return found.first;
  }
  add(order: Order): this;
  add(order: Order, at?: number) { this.orders.push(order); return this; }
}
interface Order { id: string; lines: Line[]; total(): number }
type Line = { text: string } & Order;
enum Color { Red, Green = 2 }
"""


def test_classes_and_their_members_are_defined() -> None:
    found = read(CLASS)
    assert names(found) == [
        ("Store", "class", ""),
        ("count", "field", "Store"),
        ("orders", "field", "Store"),
        ("#secret", "field", "Store"),
        ("handler", "method", "Store"),
        ("constructor", "constructor", "Store"),
        ("service", "field", "Store"),
        ("size", "property", "Store"),
        ("load", "method", "Store"),
        ("add", "method", "Store"),
        ("Color", "enum", ""),
        ("Red", "constant", "Color"),
        ("Green", "constant", "Color"),
        ("Order", "interface", ""),
        ("id", "field", "Order"),
        ("lines", "field", "Order"),
        ("total", "method", "Order"),
        ("Line", "type", ""),
        ("text", "field", "Line"),
    ]
    store, load, secret = defined(found, "Store"), defined(found, "load"), defined(found, "#secret")
    assert store.bases == (("import", "./base", "Base"), ("free", "Kept"))
    assert (store.line, store.column, store.start_line, store.end_line) == (4, 13, 4, 23)
    assert store.documented
    assert store.public
    assert store.entry == "exported"
    assert (load.parameters, load.complexity, load.nesting, load.typed) == (1, 3, 2, True)
    assert load.type == ("type", ("def", index(found, "Order")))
    assert not secret.public
    assert secret.type == ("type", ("import", "./base", "Service"))
    assert not defined(found, "orders").public
    assert defined(found, "constructor").entry == "special method"
    assert defined(found, "Line").bases == (("def", index(found, "Order")),)


def test_members_are_followed_through_this_super_loops_and_await() -> None:
    found = read(CLASS)
    this = ("type", ("def", 0))
    assert binding(found, "#secret", 8) == ("member", this, "#secret")
    assert binding(found, "run") == ("member", ("member", this, "#secret"), "run")
    assert binding(found, "id", 16) == ("member", ("item", ("member", this, "orders")), "id")
    assert binding(found, "find") == ("member", ("member", this, "service"), "find")
    assert binding(found, "first") == ("member", ("result", ("member", ("member", this, "service"), "find")), "first")
    inner = next(o for o in found.occurrences if o.name == "find")
    assert found.definitions[inner.scope].name == "load"
    statics = read("class A { static f() { return this.g; } g() { return super.h(); } }")
    assert binding(statics, "g") == ("member", ("def", 0), "g")
    assert binding(statics, "h") == ("member", ("super", 0), "h")


def test_functions_constants_and_members_of_objects_are_defined() -> None:
    found = read(
        "export const limit: number = 3;\nlet state = new Map<string, Thing>();\n"
        "const add = (a: number, b = 1): number => a + b;\n"
        "const api = Object.freeze({ get() { return this.base; }, base: new Thing(), deep: { run: () => 1 }, add });\n"
        "function outer() { function inner() {} const local = 1; const arrow = () => inner(); class L {} arrow(); }\n"
        "namespace N { export function f() {} }\nclass Thing {}\n"
    )
    assert names(found) == [
        ("limit", "constant", ""),
        ("state", "variable", ""),
        ("add", "function", ""),
        ("api", "constant", ""),
        ("get", "method", "api"),
        ("base", "field", "api"),
        ("deep", "field", "api"),
        ("run", "method", "deep"),
        ("add", "field", "api"),
        ("outer", "function", ""),
        ("N", "namespace", ""),
        ("Thing", "class", ""),
        ("f", "function", "N"),
        ("inner", "function", "outer"),
        ("arrow", "function", "outer"),
        ("L", "class", "outer"),
    ]
    thing = ("type", ("def", index(found, "Thing")))
    assert defined(found, "state").type == ("each", ("free", "Map"), thing)
    assert defined(found, "base").type == thing
    assert binding(found, "base") == ("member", ("def", index(found, "api")), "base")
    assert [name for name, _, _ in used(found)].count("local") == 0
    assert defined(found, "limit").entry == "exported"
    assert not defined(found, "outer").public


def test_overloads_and_parts_that_merge_count_once() -> None:
    found = read(
        "export function f(a: string): void;\nexport function f(a: any) {}\n"
        "interface I { a: 1 }\ninterface I { b: 2 }\nexport declare function g(): I;\n"
        "let x: I; x.b; f(x);"
    )
    assert names(found) == [
        ("f", "function", ""),
        ("g", "function", ""),
        ("x", "variable", ""),
        ("I", "interface", ""),
        ("a", "field", "I"),
        ("I", "interface", ""),
        ("b", "field", "I"),
    ]
    assert defined(found, "f").line == 2
    assert found.definitions[6].parent == 3
    assert binding(found, "f") == ("def", 0)


def test_callers_of_overloads_get_what_the_first_says() -> None:
    found = read("class A {}\nfunction f(a: 1): A;\nfunction f(a: 2): string;\nfunction f(a: any): any {}\n")
    assert defined(found, "f").type == ("type", ("def", index(found, "A")))


def test_imports_and_exports_are_told_as_the_linker_reads_them() -> None:
    found = read(
        "import d, { a as b } from './m';\nimport * as ns from 'n';\nimport './effect';\n"
        "export { b as c };\nexport * from './s';\nexport { x as y } from './x';\nexport default function main() {}\n"
        "const lazy = () => import('./lazy');\nns.run(b.deep, d);\n"
    )
    assert found.imports == (
        Imported("", "b", "c", 4, False, True, False),
        Imported("./s", "*", "", 5, False, True, False),
        Imported("./x", "x", "y", 6, False, True, False),
        Imported("", "main", "default", 7, False, True, False),
        Imported("./m", "default", "d", 1, False, False, False),
        Imported("./m", "a", "b", 1, False, True, False),
        Imported("n", "", "ns", 2, False, False, False),
        Imported("./effect", "", "", 3, False, False, False),
        Imported("./lazy", "", "", 8, False, False, True),
    )
    assert binding(found, "run") == ("import", "n", "run")
    assert binding(found, "deep") == ("member", ("import", "./m", "a"), "deep")
    assert binding(found, "x") == ("import", "./x", "x")
    assert ("a", "import", 1) in used(found)
    assert ("b", "import", 4) in used(found)


def test_defaults_without_a_name_are_called_default() -> None:
    assert names(read("export default class { run() {} }")) == [("default", "class", ""), ("run", "method", "default")]
    assert names(read("export default () => 1;")) == [("default", "function", "")]
    configured = read("export default defineConfig({ plugins: [] });", "vite.config.ts")
    assert names(configured) == [("default", "constant", ""), ("plugins", "field", "default")]
    assert defined(configured, "default").entry == "configuration"
    equals = read("export = { a: 1 };")
    assert names(equals) == [("exports", "constant", ""), ("a", "field", "exports")]
    assert Imported("", "exports", "=", 1, False, True, False) in equals.imports


COMMON = """var util = require("./util"), parse = require("./parse").parse;
const { a, b: c } = require("./letters");
module.exports = Server;
function Server(options) {
  this.options = options;
  this.store = new Store();
}
Server.prototype.listen = function (port) {
  util.log(port, parse(c));
  return this.store.open(this.options);
};
Server.create = function () { return new Server(); };
function Store() {}
Store.prototype = { open() { return a; } };
"""


def test_prototypes_and_requires_of_commonjs_are_read() -> None:
    found = read(COMMON, "lib/server.js")
    assert names(found) == [
        ("Server", "function", ""),
        ("Store", "function", ""),
        ("options", "field", "Server"),
        ("store", "field", "Server"),
        ("listen", "method", "Server"),
        ("create", "method", "Server"),
        ("open", "method", "Store"),
    ]
    assert defined(found, "Server").public
    assert defined(found, "store").type == ("type", ("def", 1))
    assert binding(found, "log") == ("member", ("import", "./util", "="), "log")
    assert binding(found, "parse", 9) == ("import", "./parse", "parse")
    assert binding(found, "c") == ("import", "./letters", "b")
    assert binding(found, "open") == ("member", ("member", ("type", ("def", 0)), "store"), "open")
    assert Imported("", "Server", "=", 3, False, True, False) in found.imports
    assert Imported("./letters", "b", "c", 2, False, False, False) in found.imports
    assert Imported("./parse", "parse", "parse", 1, False, False, False) in found.imports


def test_every_way_to_export_in_commonjs_is_read() -> None:
    found = read(
        "const x = 1;\nexports.a = x;\nexports.b = function () {};\nmodule.exports.c = { d: 1 };\n"
        "exports.again = require('./again');\nexports.b = 2;\n",
        "a.js",
    )
    assert names(found) == [("x", "constant", ""), ("b", "function", ""), ("c", "constant", ""), ("d", "field", "c")]
    assert Imported("", "x", "a", 2, False, True, False) in found.imports
    assert Imported("./again", "=", "again", 5, False, True, False) in found.imports
    listed = read("const x = 1;\nmodule.exports = { x, y: x, z: () => 1, w() {}, v: 3, ...require('./more') };", "a.js")
    assert names(listed) == [("x", "constant", ""), ("z", "function", ""), ("w", "function", ""), ("v", "constant", "")]
    assert Imported("", "x", "y", 2, False, True, False) in listed.imports
    assert Imported("./more", "*", "", 2, False, True, False) in listed.imports
    whole = read("module.exports = require('./lib');", "index.js")
    assert Imported("./lib", "=", "=", 1, False, True, False) in whole.imports
    chained = read("var app = exports = module.exports = {};\napp.use = function use() {};", "a.js")
    assert names(chained) == [("app", "variable", ""), ("use", "method", "app")]
    assert Imported("", "app", "=", 1, False, True, False) in chained.imports
    nameless = read("module.exports = class { run() {} };", "a.js")
    assert names(nameless) == [("exports", "class", ""), ("run", "method", "exports")]
    called = read("module.exports = create({});", "a.js")
    assert names(called) == [("exports", "constant", "")]


def test_tests_are_entries_named_by_their_titles() -> None:
    found = read(
        "import { area } from '../src/area';\ndescribe('area', () => {\n  it('is the  product', "
        "async () => { area(2); });\n"
        "  it.each([1])(`of %s`, (n) => { area(n); });\n});",
        "tests/area.test.ts",
    )
    assert [(name, parent) for name, _, parent in names(found)] == [
        ("area", ""),
        ("is the product", "area"),
        ("of %s", "area"),
    ]
    assert {d.entry for d in found.definitions} == {"test"}
    assert [found.definitions[o.scope].name for o in found.occurrences if o.kind == "call"] == [
        "is the product",
        "of %s",
    ]
    assert not read("describe('area', () => {});").definitions


def test_decorators_are_reasons_to_be_called() -> None:
    found = read("@Controller('x')\nclass C {\n  @Get()\n  list() {}\n  render() {}\n}")
    assert [d.entry for d in found.definitions] == ["decorated by Controller", "decorated by Get", "special method"]


def test_types_are_followed() -> None:
    found = read(
        "import { A, B } from './t';\n"
        "function f(a: A | null, list: Readonly<A[]>, map: Map<string, B>, p: { q: A }, t: [A, A], u: typeof made,\n"
        "  r: ReturnType<typeof make>, l: A['inner'], g: Box<A>, i: InstanceType<typeof A>, n: "
        "ns.T, e?: Partial<B>) {\n"
        "  a.x1; list[0].x2; map.get('k').x3; p.q.x4; t[0].x5; u.x6; r.x7; l.x8; g.x9; i.y1; n.y2; e!.y3;\n"
        "  list.filter(Boolean).map(one => one.y4); (a as B).y5; (<B>a).y6; (a ?? made).y7; [a].find(z => z.y8);\n"
        "  const { w: { v } } = a; v.y9; Object.values(list); for (const { k } of list) k.z1; "
        "let late; late = new A();\n"
        "  late.z2; Promise.resolve(a).then(got => got.z3); p.other; made['z4'].z5; (cond && a).z6;\n"
        "}\nconst made = new A();\nfunction make(): B { return made; "
        "}\nclass Box<T extends A> { t: T; m() { this.t.z7; } }\n"
    )
    a, b = ("type", ("import", "./t", "A")), ("type", ("import", "./t", "B"))
    made = ("def", index(found, "made"))
    expected: dict[str, tuple[object, ...]] = {
        "x1": a,
        "x2": a,
        "x3": b,
        "x4": a,
        "x5": a,
        "x6": made,
        "x7": ("result", ("def", index(found, "make"))),
        "x8": ("member", a, "inner"),
        "x9": ("type", ("def", index(found, "Box"))),
        "y1": a,
        "y2": ("type", ("member", ("free", "ns"), "T")),
        "y3": b,
        "y4": a,
        "y5": b,
        "y6": b,
        "y7": a,
        "y8": a,
        "y9": ("member", ("member", a, "w"), "v"),
        "z1": ("member", a, "k"),
        "z2": a,
        "z5": ("member", made, "z4"),
        "z6": a,
        "z7": ("member", ("type", ("def", index(found, "Box"))), "t"),
    }
    for name, base in expected.items():
        assert binding(found, name) == ("member", base, name)
    assert defined(found, "t").type == a
    assert "other" not in {name for name, _, _ in used(found)}


def test_nothing_is_said_of_members_of_builtins() -> None:
    found = read("console.log(Math.max(1), 'a'.trim(), [1].length, mystery().trim, (5).toFixed());\nJSON.parse(x);")
    assert used(found) == [("mystery", "call", 1), ("trim", "name", 1)]


def test_keys_of_objects_with_a_known_type_are_written() -> None:
    found = read(
        "interface T { a: number; "
        "b: string }\nconst x: T = { a: 1, b };\nfunction f(): T { return { a: 2, 'b': '' }; }\n"
        "y = { a: 3 } as T; z = { a: 4 } satisfies T;\nlet b = '';"
    )
    assert {(o.name, o.line) for o in found.occurrences if o.kind == "write" and len(o.binding) == 3} == {
        ("a", 2),
        ("b", 2),
        ("a", 3),
        ("b", 3),
        ("a", 4),
    }
    assert binding(found, "a", 3) == ("member", ("type", ("def", index(found, "T"))), "a")


def test_members_of_an_annotated_constant_come_from_its_type() -> None:
    found = read("export const ops: {\n  insert: typeof insert\n} = {\n  insert,\n};\nfunction insert() {}")
    assert [(d.name, d.line) for d in found.definitions] == [("ops", 1), ("insert", 2), ("insert", 6)]


def test_results_without_a_named_type_are_unpacked() -> None:
    found = read(
        "import { N } from './n';\nfunction f(): { node: N } { return x; "
        "}\nconst { node: m } = f();\nm.go();\nf().node.run();"
    )
    assert binding(found, "go") == ("member", ("def", index(found, "m")), "go")
    assert defined(found, "m").type == ("type", ("import", "./n", "N"))
    assert binding(found, "run") == ("member", ("type", ("import", "./n", "N")), "run")


def test_columns_are_characters() -> None:
    found = read("const ä = 'ü'; ä.über;")
    assert [(o.name, o.column) for o in found.occurrences] == [("ä", 15), ("über", 17)]
    found = read("import { ö } from 'm'; '😀'; ö.x;")
    assert [(o.name, o.column) for o in found.occurrences] == [("ö", 9), ("ö", 28), ("x", 30)]


def test_elements_are_uses_of_components() -> None:
    found = read("import { Card } from './card';\nexport const Page = () => <Card.Body><p>hi</p></Card.Body>;", "a.tsx")
    assert used(found) == [
        ("Card", "import", 1),
        ("Card", "name", 2),
        ("Body", "name", 2),
        ("Card", "name", 2),
        ("Body", "name", 2),
    ]
    assert binding(found, "Body") == ("member", ("import", "./card", "Card"), "Body")


def test_documents_and_types_of_functions_are_told() -> None:
    found = read(
        "/** Doc. */\nexport function a(x: number): number { return x; }\n// no doc\nfunction b(x) {}\n"
        "class C {\n  /** Doc. */\n  @D()\n  m(): void {}\n  constructor(y: number) {}\n}"
    )
    facts = [(d.name, d.documented, d.typed) for d in found.definitions]
    assert facts == [
        ("a", True, True),
        ("b", False, False),
        ("C", False, True),
        ("m", True, True),
        ("constructor", False, True),
    ]


def test_what_is_declared_for_all_files_is_told() -> None:
    found = read("declare var __DEV__: boolean;\ndeclare namespace NS { interface X { a: 1 } }", "global.d.ts")
    assert [(d.name, d.public, d.entry) for d in found.definitions] == [
        ("__DEV__", True, "declared"),
        ("NS", True, "declared"),
        ("X", True, "declared"),
        ("a", True, "declared"),
    ]


def test_values_of_constants_belong_to_them() -> None:
    found = read("export const app = create(() => { run(); });\nfunction run() {}")
    assert [found.definitions[o.scope].name for o in found.occurrences if o.name == "run"] == ["app"]


def test_broken_code_is_read_as_far_as_it_goes() -> None:
    found = read("class A { m( { return this.; }\nfunction ok() { ok(); }")
    assert ("ok", "call", 2) in used(found)


def test_more_values_are_followed() -> None:
    found = read(
        "import { A, B } from './t';\n"
        "async function f<T extends A, U>(a: T, u: U, s: 'x' | 'y', tup: [A, B], pick: A[][number], "
        "o: (A | undefined), un: any,\n"
        "  set: Set<A>, rec: Record<string, A>, cond: A extends B ? A : B, key: keyof A, "
        "k: string | number, fn: () => A) {\n"
        "  const { ...rest } = a; rest.a1; const [[inner]] = un; inner.a2; (await import('./m')).a3; a.bind(1).a4;\n"
        "  Object.assign(a, u).a5; Object.keys(a).a6; new Set<A>().a7; [...un].a8; A.prototype.a9; a.constructor.b1;\n"
        "  a['b2'].b3; tup.b4; pick.b5; o.b6; cond.b7; key.b8; k.b9; (un, a).c1; (un && a).c2; "
        "(un = a).c3; (a + 1).c4;\n"
        "  for (const one of set) one.c5; rec.any.c6; (cond ? null : a).c7; fn().c8; s.c9; u.d1; un.d2; "
        "tup[0].d3; a!.d4;\n"
        "  list.forEach((x, i) => { i.d5; x.d6; }); each(z => z.d7); let once; once = a; once.d8; "
        "let two; two = a; two = 1; two.d9;\n"
        "  (function () { this.e1; })(); new (pick())().e2; super.e3; require(name).e4; (() => a)().e5; "
        "arguments[0].e6;\n"
        "}\n"
        "class C { static s = this.e7; m(): this { return this; } n() { this.m().e8; "
        "} f = function () { this.e9; }; }\n"
    )
    a = ("type", ("import", "./t", "A"))
    expected: dict[str, tuple[object, ...]] = {
        "a1": ("member", a, "a1"),
        "a2": (),
        "a3": ("import", "./m", "a3"),
        "a4": ("member", a, "a4"),
        "a5": ("member", a, "a5"),
        "a9": ("member", a, "a9"),
        "b1": ("member", ("import", "./t", "A"), "b1"),
        "b3": ("member", ("member", a, "b2"), "b3"),
        "b5": ("member", a, "b5"),
        "b6": ("member", a, "b6"),
        "b7": (),
        "c1": ("member", a, "c1"),
        "c2": ("member", a, "c2"),
        "c3": ("member", a, "c3"),
        "c5": ("member", a, "c5"),
        "c7": ("member", a, "c7"),
        "c8": (),
        "d1": (),
        "d2": (),
        "d4": ("member", a, "d4"),
        "d5": (),
        "d6": ("member", ("item", ("free", "list")), "d6"),
        "d7": (),
        "d8": ("member", a, "d8"),
        "d9": (),
        "e1": (),
        "e3": (),
        "e5": (),
        "e8": ("member", ("result", ("member", ("type", ("def", index(found, "C"))), "m")), "e8"),
        "e9": ("member", ("type", ("def", index(found, "C"))), "e9"),
    }
    said = {o.name: o.binding for o in found.occurrences}
    assert {name: said.get(name, "none") for name in expected} == expected
    assert {"a6", "a7", "b4", "b8", "b9", "c4", "c9", "e4", "e6"}.isdisjoint(said)
