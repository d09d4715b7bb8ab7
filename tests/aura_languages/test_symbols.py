"""What is found in small samples of each parsed language."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from aura_code.content import facts_of
from aura_code.facts import FileFacts, Stamp


def facts(name: str, text: str) -> FileFacts:
    return facts_of(name, Stamp(0, len(text), b""), text.encode())


@dataclass(frozen=True)
class Sample:
    file: str
    text: str
    symbols: str
    """One per line: kind, qualified name, first and last line."""
    references: str
    imports: tuple[tuple[str, tuple[str, ...]], ...] = ()


PYTHON = Sample(
    "a.py",
    '''\
from a.b import c, d as e
import x.y, z as w
from .m import *
A, limit = 1, 2
class K(Base, meta=M):
    """First line,
    second.

    More."""
    FOO = 1
    @property
    def p(self) -> Foo: return run(1)
    def __init__(self): ...
def outer():
    local = 1
    def inner(): pass
@dec
class M: pass
try:
    import json
except ImportError:
    json = None
''',
    """\
constant A 4 4
variable limit 4 4
class K 5 13
field K.FOO 10 10
property K.p 11 12
constructor K.__init__ 13 13
function outer 14 16
function outer.inner 16 16
class M 17 18
variable json 22 22
""",
    "Base:inherit property:call Foo:type run:call dec:call ImportError:type",
    (("a.b", ("c", "d")), ("x.y", ()), ("z", ()), (".m", ("*",)), ("json", ())),
)

JAVASCRIPT = Sample(
    "a.js",
    """\
import def, { a as b } from './m';
import * as ns from "ns";
const fs = require('fs');
export * from './all';
export function add(a, b = {x: 1}) { return a + b; }
export const sub = async (a) => { return helper(a); };
class Foo extends Bar { #p = 1; s = () => {}; constructor() { super(); } async run() { this.go(); } }
Foo.prototype.bar = function (q) { return 1; };
module.exports.x = function () {};
module.exports = { m() {}, k: function () {} };
export default function main() { function inner() {} const local = 1; }
const one = 1, two = () => new Thing();
const el = <App.Bar><Baz/></App.Bar>;
""",
    """\
constant fs 3 3
function add 5 5
function sub 6 6
class Foo 7 7
field Foo.#p 7 7
method Foo.s 7 7
constructor Foo.constructor 7 7
method Foo.run 7 7
method Foo.bar 8 8
function x 9 9
property exports 10 10
method exports.m 10 10
method exports.k 10 10
function main 11 11
function main.inner 11 11
constant one 12 12
function two 12 12
constant el 13 13
""",
    "require:call helper:call Bar:inherit go:call Thing:call Bar:call Baz:call",
    (("./m", ("def", "a")), ("ns", ("ns",)), ("fs", ()), ("./all", ())),
)

TYPESCRIPT = Sample(
    "a.ts",
    """\
import type { A } from './a';
export interface Shape<T> extends Base { area(): number; name: string }
export type Id = string;
export enum Color { Red, Green = 2 }
export abstract class Q extends R implements I { private x: Foo = 1; abstract go(): void; handler = () => {} }
export namespace N { export function f(): void {} }
declare const VERSION: string;
@Injectable()
export class Svc { method(a: B): Promise<T> { return f(a) } }
const obj = { fn: () => 1, m() {} } as const;
""",
    """\
interface Shape 2 2
method Shape.area 2 2
property Shape.name 2 2
type Id 3 3
enum Color 4 4
constant Color.Red 4 4
constant Color.Green 4 4
class Q 5 5
field Q.x 5 5
method Q.go 5 5
method Q.handler 5 5
namespace N 6 6
function N.f 6 6
constant VERSION 7 7
class Svc 8 9
method Svc.method 9 9
constant obj 10 10
method obj.fn 10 10
method obj.m 10 10
""",
    "Base:inherit R:inherit I:inherit Foo:type Injectable:call B:type Promise:type T:type f:call",
    (("./a", ("A",)),),
)

TSX = Sample(
    "a.tsx",
    """\
export const App: React.FC = ({ a }) => { return <Foo.Bar x={1}><Baz/></Foo.Bar>; };
export function View(props: Props) { return null; }
""",
    "function App 1 1\nfunction View 2 2\n",
    "Bar:call Baz:call Props:type",
)

GO = Sample(
    "a.go",
    """\
package x
import (
	"fmt"
	m "net/http"
)
// Server serves.
type Server struct {
	Name string
}
type (
	A int
	B interface { Do(x int) error }
)
const Max, Min = 1, 2
var ErrX = fmt.Errorf("x")
func New(a *Server) *Server { return &Server{} }
func (s *Server) Run() error { return s.run() }
func (l List[T]) Len() int { return 0 }
""",
    """\
struct Server 7 9
field Server.Name 8 8
type A 11 11
interface B 12 12
method B.Do 12 12
constant Max 14 14
constant Min 14 14
variable ErrX 15 15
function New 16 16
method Server.Run 17 17
method List.Len 18 18
""",
    "string:type int:type Errorf:call Server:type Server:type run:call",
    (("fmt", ()), ("net/http", ())),
)

RUST = Sample(
    "a.rs",
    """\
use std::{fmt, io};
use crate::foo::Bar;
#[derive(Debug)]
pub struct Point<T> { pub x: T }
pub enum E { A, B(i32) }
impl<T> fmt::Display for Point<T> {
    fn fmt(&self) -> Out { write!(f, "x") }
}
trait Tr: Base { fn go(&self); }
macro_rules! mac { () => {} }
mod inner { pub fn f() { helper() } }
static mut G: i32 = 0;
pub const C: &str = "a";
type Al = Vec<i32>;
""",
    """\
struct Point 3 4
field Point.x 4 4
enum E 5 5
constant E.A 5 5
constant E.B 5 5
method Point.fmt 7 7
trait Tr 9 9
method Tr.go 9 9
macro mac 10 10
module inner 11 11
function inner.f 11 11
variable G 12 12
constant C 13 13
type Al 14 14
""",
    "T:type Display:inherit T:type Out:type write:call Base:inherit helper:call",
    (("std", ("fmt", "io")), ("crate::foo::Bar", ())),
)

JAVA = Sample(
    "A.java",
    """\
package p;
import java.util.List;
import static java.util.Map.*;
@Deprecated
public class A extends B implements I {
  private int one, two;
  public A(int x) { super(x); }
  @Override
  public Foo run(String a) { return foo(new C(a)); }
  enum K { X, Y }
  interface L { void m(); }
  record P(int a) { }
  @interface Ann { String value(); }
}
""",
    """\
class A 4 14
field A.one 6 6
field A.two 6 6
constructor A.A 7 7
method A.run 8 9
enum A.K 10 10
constant A.K.X 10 10
constant A.K.Y 10 10
interface A.L 11 11
method A.L.m 11 11
class A.P 12 12
interface A.Ann 13 13
method A.Ann.value 13 13
""",
    "Deprecated:call B:inherit I:inherit Override:call Foo:type foo:call C:call",
    (("java.util.List", ()), ("java.util.Map", ("*",))),
)

C = Sample(
    "a.c",
    """\
#include <stdio.h>
#include "foo.h"
#define MAX 10
#define SQ(x) ((x) * (x))
typedef struct { int a; char *b[3]; } pt;
typedef int (*fn)(void);
enum color { RED };
static int counter, *other;
static inline char *run(struct node *n)
{
    return go(n);
}
EXPORT_API int STDCALL foo(void) { return 1; }
int decl(int a);
#ifdef X
void guarded(void) {}
#endif
""",
    """\
constant MAX 3 3
macro SQ 4 4
struct pt 5 5
field pt.a 5 5
field pt.b 5 5
type fn 6 6
enum color 7 7
constant color.RED 7 7
variable counter 8 8
variable other 8 8
function run 9 12
function foo 13 13
function decl 14 14
function guarded 16 16
""",
    "node:type go:call",
    (("stdio.h", ()), ("foo.h", ())),
)

CPP = Sample(
    "a.cpp",
    """\
#include <vector>
namespace a {
template <typename T>
class Foo : public Bar<T> {
 public:
  explicit Foo(int x);
  int get() const { return x_; }
  bool operator==(const Foo& o) const;
  int x_ = 0;
};
template <typename T> Foo<T>::Foo(int x) : x_(x) { init(); }
using Str = std::string;
enum class E { A };
}
int a::Foo::other() { return std::max(1, 2); }
std::ostream& operator<<(std::ostream& o) { return o; }
""",
    """\
namespace a 2 14
class a.Foo 3 10
constructor a.Foo.Foo 6 6
method a.Foo.get 7 7
method a.Foo.operator== 8 8
field a.Foo.x_ 9 9
constructor a.Foo.Foo 11 11
type a.Str 12 12
enum a.E 13 13
constant a.E.A 13 13
method a.Foo.other 15 15
function operator<< 16 16
""",
    "Bar:inherit init:call string:type max:call",
    (("vector", ()),),
)

SAMPLES = [PYTHON, JAVASCRIPT, TYPESCRIPT, TSX, GO, RUST, JAVA, C, CPP]


@pytest.mark.requirement("C2")
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
def test_every_definition_of_a_sample_is_found_with_kind_container_and_lines(sample: Sample) -> None:
    found = facts(sample.file, sample.text)
    lines = [
        f"{one.kind} {one.container + '.' if one.container else ''}{one.name} {one.start_line} {one.end_line}"
        for one in found.symbols
    ]
    assert lines == sample.symbols.splitlines()


@pytest.mark.requirement("C2")
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
def test_references_of_a_sample_are_found(sample: Sample) -> None:
    found = [f"{one.name}:{one.kind}" for one in facts(sample.file, sample.text).references]
    assert [wanted for wanted in sample.references.split() if wanted not in found] == []


@pytest.mark.requirement("C2")
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
def test_imports_of_a_sample_are_found(sample: Sample) -> None:
    found = tuple((one.module, one.names) for one in facts(sample.file, sample.text).imports)
    assert found == sample.imports


@pytest.mark.parametrize(
    ("file", "text", "signature", "doc"),
    [
        ("a.py", 'def f(\n    a: int,\n) -> str:\n    """Do it.\n\n    More."""\n', "def f(a: int) -> str", "Do it."),
        ("a.py", "class A(B): pass\n", "class A(B)", ""),
        ("a.py", "X = {\n  1: 2,\n}\n", "X = { 1: 2, }", ""),
        (
            "a.ts",
            "/**\n * Adds.\n * @param a x\n */\nexport const add = async (a: N): Promise<N> => { return a };\n",
            "export const add = async (a: N): Promise<N>",
            "Adds.",
        ),
        (
            "a.go",
            "// Run runs\n// it all.\n//\n// More.\nfunc (s *S) Run() {}\n",
            "func (s *S) Run()",
            "Run runs it all.",
        ),
        ("a.go", "package x\ntype S struct {\n\ta int\n}\n", "type S struct", ""),
        ("a.rs", "/// A point.\n#[derive(A)]\npub struct P<T> { x: T }\n", "pub struct P<T>", "A point."),
        ("A.java", "/** Runs. */\nclass A<T> extends B {}\n", "class A<T> extends B", "Runs."),
        ("a.c", "/* Runs it. */\nstatic int\nrun(void)\n{\n}\n", "static int run(void)", "Runs it."),
        ("a.c", "int x; /* not this */\nint run(void) {}\n", "int x", ""),
        ("a.cpp", "template <class T>\nT f(T t) { return t; }\n", "T f(T t)", ""),
    ],
)
def test_signature_and_documentation_are_in_one_line_each(file: str, text: str, signature: str, doc: str) -> None:
    first = facts(file, text).symbols[0]
    assert (first.signature, first.doc) == (signature, doc)


def test_a_long_signature_and_a_long_paragraph_are_cut() -> None:
    text = f'def f({", ".join(f"argument_{i}" for i in range(90))}):\n    """{"word " * 200}"""\n'
    first = facts("a.py", text).symbols[0]
    assert len(first.signature) == 200
    assert len(first.doc) == 300


@pytest.mark.requirement("C2")
@pytest.mark.parametrize(
    ("file", "text", "names"),
    [
        ("a.py", "def good(): pass\n\ndef bad(:\n  x = (\n\nclass Late: pass\n", {"good"}),
        ("a.js", "function good() {}\nfunction bad( {\nclass Late {}\n", {"good"}),
        ("a.go", "package a\nfunc good() {}\nfunc bad( {\n", {"good"}),
        ("a.rs", "fn good() {}\nfn bad( {\n", {"good"}),
        ("a.c", "int good(void) { return 1; }\nint bad( {\n", {"good"}),
    ],
)
def test_broken_code_still_gives_its_symbols(file: str, text: str, names: set[str]) -> None:
    found = facts(file, text)
    assert found.broken
    assert names <= {one.name for one in found.symbols}


@pytest.mark.parametrize("text", ["x = " + "(" * 150_000, "(" * 30_000 + ")" * 30_000, "[{" * 100_000, "}" * 200_000])
@pytest.mark.parametrize("file", ["a.py", "a.ts", "a.c"])
def test_deep_nesting_neither_crashes_nor_hangs(file: str, text: str) -> None:
    found = facts_of(file, Stamp(0, 0, b""), text.replace("(", "(\n").replace("{", "{\n").encode())
    assert found.lines > 0 or found.skipped == "minified"
