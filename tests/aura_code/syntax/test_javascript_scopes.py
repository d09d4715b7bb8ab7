from __future__ import annotations

import pytest

from aura_code.syntax import parse_source
from aura_code.syntax.javascript_scopes import JavaScriptScopes, Scope, Variable, javascript_scopes

pytestmark = pytest.mark.requirement("C2")


def scopes_of(text: str, path: str = "a.ts") -> JavaScriptScopes:
    file = parse_source(path, text.encode())
    assert file is not None
    assert not file.root.has_error
    return javascript_scopes(file)


def variable(found: JavaScriptScopes, name: str, kind: str = "") -> Variable:
    for scope in found.scopes:
        for names in (scope.values, scope.types):
            if name in names and kind in {"", names[name].bounds[0].kind}:
                return names[name]
    raise AssertionError(name)


def kinds(found: JavaScriptScopes, name: str) -> list[str]:
    return [use.kind for use in variable(found, name).uses]


def scope_kinds(scope: Scope) -> list[str]:
    around = [scope.kind]
    while scope.parent is not None:
        scope = scope.parent
        around.append(scope.kind)
    return list(around)


def test_var_rises_to_its_function_and_let_stays_in_its_block() -> None:
    found = scopes_of("function f() { if (a) { var x = 1; let y = 2; } return x; }")
    assert scope_kinds(variable(found, "x").scope) == ["function", "module"]
    assert scope_kinds(variable(found, "y").scope) == ["block", "function", "module"]
    assert kinds(found, "x") == ["name"]


def test_functions_are_known_before_they_are_declared() -> None:
    found = scopes_of("run(); function run() { later(); } const later = () => run();")
    assert kinds(found, "run") == ["call", "call"]
    assert kinds(found, "later") == ["call"]


def test_a_function_in_a_block_of_a_script_is_seen_outside_of_it() -> None:
    script = scopes_of("if (a) { function f() {} }\nf();", "a.js")
    assert kinds(script, "f") == ["call"]
    typed = scopes_of("if (a) { function f() {} }\nf();")
    assert not variable(typed, "f").uses


def test_reads_and_writes_are_told_apart() -> None:
    found = scopes_of("let n = 0; n = 1; n += 2; n++; use(n); [n] = list; ({ n } = o); for (n of list) {}")
    assert kinds(found, "n") == ["write", "update", "update", "name", "write", "write", "write"]
    assert len(variable(found, "n").reads) == 3
    assert len(variable(found, "n").writes) == 6


def test_patterns_bind_their_names_with_the_steps_to_them() -> None:
    found = scopes_of(
        "const { a, b: c = d, e: { f }, [k]: g, ...rest } = v; const [h, , [i] = [], ...more] = w; let d, k;"
    )
    bound = {name: variable(found, name).bounds[0].path for name in ("a", "c", "f", "g", "rest", "h", "i", "more")}
    assert bound == {
        "a": ("a",),
        "c": ("b",),
        "f": ("e", "f"),
        "g": ("[]",),
        "rest": ("...",),
        "h": (0,),
        "i": (2, 0),
        "more": (3, "..."),
    }
    assert [key.name for key in found.keys] == ["a", "b", "e", "f"]
    assert kinds(found, "d") == ["name"]
    assert kinds(found, "k") == ["name"]


def test_parameters_belong_to_their_function() -> None:
    found = scopes_of(
        "class C { constructor(private readonly s: S, public t = u, @Inject() v?: V) {} }\n"
        "const f = x => x; function g({ p }, [q] = r, ...rest) { return p; }"
    )
    assert variable(found, "s").bounds[0].property
    assert variable(found, "s").bounds[0].private
    assert variable(found, "t").bounds[0].property
    assert not variable(found, "t").bounds[0].private
    assert not variable(found, "v").bounds[0].property
    assert kinds(found, "x") == ["name"]
    assert kinds(found, "p") == ["name"]
    assert [bound.name for bound in variable(found, "p").scope.parameters] == ["p", "q", "rest"]
    assert "Inject" in {use.name for use in found.uses if use.variable is None}


def test_types_and_values_have_names_apart() -> None:
    found = scopes_of("type A = { a: number }; const A = 1; let x: A = A; interface B {} let y: B;")
    assert kinds(found, "A") == ["name"]
    assert [use.kind for use in variable(found, "A", "alias").uses] == ["type"]
    assert kinds(found, "B") == ["type"]


def test_classes_enums_namespaces_and_imports_are_types_and_values() -> None:
    found = scopes_of(
        "import { I } from 'm'; class C {} enum E { A = 1, B = A } namespace N { export const x = 1; }\n"
        "let a: C = new C(); let b: E = E.B; let c: N.T = N.x; let d: I = I();"
    )
    assert kinds(found, "C") == ["type", "call"]
    assert kinds(found, "E") == ["type", "name"]
    assert kinds(found, "N") == ["name", "name"]
    assert kinds(found, "I") == ["type", "call"]
    assert kinds(found, "A") == ["name"]


def test_declarations_that_merge_share_a_variable() -> None:
    found = scopes_of(
        "interface M { a: 1 } interface M { b: 2 } function f(x: string): void; function f(x: any) {}\n"
        "class K {} namespace K { export type T = 1; }"
    )
    assert [bound.kind for bound in variable(found, "M").bounds] == ["interface", "interface"]
    assert [bound.kind for bound in variable(found, "f").bounds] == ["signature", "function"]
    assert [bound.kind for bound in variable(found, "K").bounds] == ["class", "namespace"]


def test_type_parameters_end_with_what_they_belong_to() -> None:
    found = scopes_of(
        "type Box<T extends U = V> = T; function g<P>(a: P): P { return a; } type M<O> = { [K in keyof O]: O[K] };\n"
        "type R<F> = F extends (...a: infer X) => infer Y ? [X, Y] : never; type S = { [key: string]: T };"
    )
    assert kinds(found, "T") == ["type"]
    assert kinds(found, "P") == ["type", "type"]
    assert kinds(found, "K") == ["type"]
    assert kinds(found, "X") == ["type"]
    assert kinds(found, "Y") == ["type"]
    assert "T" in {use.name for use in found.uses if use.variable is None}


def test_imports_say_what_they_take() -> None:
    found = scopes_of(
        "import d, { a as b, type T } from './m'; import * as ns from 'n'; import type U from 'u';\n"
        "import fs = require('fs'); import './effect'; import A = ns.Inner.Deep;"
    )
    taken = [(bound.name, bound.module, bound.imported, bound.typing_only) for bound in found.imports]
    assert taken == [
        ("d", "./m", "default", False),
        ("b", "./m", "a", False),
        ("T", "./m", "T", True),
        ("ns", "n", "", False),
        ("U", "u", "default", True),
        ("fs", "fs", "=", False),
    ]
    assert [module for module, _ in found.effects] == ["./effect"]
    assert kinds(found, "ns") == ["name"]
    assert [access.name for access in found.accesses] == ["Deep", "Inner"]


def test_exports_say_what_they_hand_on() -> None:
    found = scopes_of(
        "const a = 1; export { a, a as z }; export { b as c } from './b'; export * from './s'; "
        "export * as ns from './n';\n"
        "export default a; export class K {} export default function f() {} export type { T } from './t';"
    )
    handed = [(one.name, one.alias, one.module, one.typing_only) for one in found.exports]
    assert handed == [
        ("a", "a", "", False),
        ("a", "z", "", False),
        ("b", "c", "./b", False),
        ("*", "", "./s", False),
        ("", "ns", "./n", False),
        ("a", "default", "", False),
        ("T", "T", "./t", True),
    ]
    assert kinds(found, "a") == ["export", "export", "export"]
    assert variable(found, "K").bounds[0].exported
    assert variable(found, "f").bounds[0].default
    assert [one.alias for one in scopes_of("class K {}\nexport = K;").exports] == ["="]


def test_modules_are_loaded_by_calls() -> None:
    found = scopes_of("const a = require('a'); function f() { return import('./b'); } load('c');", "a.js")
    assert [(one.module, one.dynamic) for one in found.loaded] == [("a", False), ("./b", True)]


def test_names_of_elements_are_uses_and_tags_of_html_are_not() -> None:
    found = scopes_of(
        "const div = 1; const x = <Page><div a={b}>{c}</div><ns.Part {...d} /></Page>;\n"
        "function Page() {} let ns, b, c, d;",
        "a.tsx",
    )
    assert found.jsx
    assert kinds(found, "Page") == ["name", "name"]
    assert kinds(found, "ns") == ["name"]
    assert kinds(found, "div") == []
    assert [kinds(found, name) for name in "bcd"] == [["name"], ["name"], ["name"]]


def test_catch_class_and_function_expressions_have_scopes_of_their_own() -> None:
    found = scopes_of(
        "const f = function g() { return g; }; const K = class L { m() { return L; } static { const s = 1; s; } };\n"
        "try { } catch ({ message: m }) { m; } for (const i in o) { i; } switch (v) { case 1: let w; w; }"
    )
    for name, around in (
        ("g", "function"),
        ("L", "class"),
        ("s", "function"),
        ("m", "catch"),
        ("i", "for"),
        ("w", "block"),
    ):
        assert kinds(found, name) == ["name"]
        assert variable(found, name).scope.kind == around


def test_bases_of_classes_are_inherited() -> None:
    found = scopes_of(
        "class A {} interface I<T> {} class B extends A implements I<A>, ns.J {} interface K extends I<B> {}"
    )
    assert kinds(found, "A") == ["inherit", "type"]
    assert kinds(found, "I") == ["inherit", "inherit"]
    assert kinds(scopes_of("class A {} class B extends A {}", "a.js"), "A") == ["inherit"]
    assert [access.kind for access in found.accesses] == ["inherit"]


def test_labels_and_names_of_properties_are_no_uses() -> None:
    found = scopes_of("let out, a; out: for (;;) { break out; } o = { a: 1, out() {} }; o.a; class C { a = 1; }")
    assert kinds(found, "out") == []
    assert kinds(found, "a") == []


def test_what_is_ambient_is_told() -> None:
    found = scopes_of(
        "declare const a: number; declare module 'm' { export const b: string; }\ndeclare global { var c: 1; }"
    )
    assert [variable(found, name).bounds[0].ambient for name in "abc"] == [True, True, True]


def test_decisions_and_depth_are_counted() -> None:
    found = scopes_of(
        "function f(a) { if (a && b || c) { for (;;) { while (d) {} } } else if (e) {} switch (a) "
        "{ case 1: case 2: default: }\n"
        "try {} catch { } return a ? 1 : 2; }"
    )
    function = next(scope for scope in found.scopes if scope.kind == "function")
    assert function.branches == 10
    assert function.nesting == 3
    assert len(function.returns) == 1


def test_names_may_be_used_unseen_where_eval_is_called() -> None:
    found = scopes_of("function f() { eval(x); } function g() {}", "a.js")
    assert [scope.dynamic for scope in found.scopes] == [True, True, False]


def test_scopes_are_remembered_with_their_file_and_look_names_up() -> None:
    file = parse_source("a.js", b"let a; with (a) {}")
    assert file is not None
    found = javascript_scopes(file)
    assert javascript_scopes(file) is found
    assert found.lookup("a", found.module) is not None
    assert found.lookup("a", found.module, typed=True) is None
    assert found.module.dynamic


def test_very_deep_code_is_read() -> None:
    found = scopes_of("let a; x = " + "a + (" * 3000 + "a" + ")" * 3000 + ";", "a.js")
    assert len(variable(found, "a").uses) == 3001
