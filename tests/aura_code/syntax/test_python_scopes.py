"""Which names a Python file binds and reads."""

from __future__ import annotations

import re
import symtable
from collections import defaultdict
from pathlib import Path

import pytest

from aura_code.syntax import SourceFile, parse_source
from aura_code.syntax.python_scopes import PythonScopes, Scope, Use, python_scopes

pytestmark = pytest.mark.requirement("C2")

SOURCES = sorted(Path("services/aura_code").glob("*.py"))
Names = dict[tuple[str, int], list[list[str]]]


def source(text: str, path: str = "app.py") -> SourceFile:
    file = parse_source(path, text.encode())
    assert file is not None
    return file


def scopes(text: str) -> PythonScopes:
    return python_scopes(source(text))


def use(found: PythonScopes, name: str, place: int = 0) -> Use:
    return [one for one in found.uses if one.name == name][place]


def owner(found: PythonScopes, name: str, place: int = 0) -> str:
    """The kind and name of the scope whose variable a use means; empty for none."""
    variable = use(found, name, place).variable
    return f"{variable.scope.kind} {variable.scope.name}".strip() if variable is not None else ""


def of_compiler(table: symtable.SymbolTable, names: Names) -> None:
    """What CPython's compiler says of each scope: kind, line and the names that it owns."""
    comprehensions = {"listcomp", "setcomp", "dictcomp", "genexpr"}
    kind = table.get_type()
    if kind == "function":
        kind = {"lambda": "lambda"}.get(
            table.get_name(), "comprehension" if table.get_name() in comprehensions else kind
        )
    own = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_local() or (kind == "module" and (symbol.is_assigned() or symbol.is_imported()))
    }
    names[kind, table.get_lineno()].append(sorted(plain(name) for name in own - {".0", "annotations"}))
    for inner in table.get_children():
        of_compiler(inner, names)


def plain(name: str) -> str:
    """A name without the class that the compiler puts before `__private` ones."""
    return re.sub(r"^_\w+?(__\w+)$", r"\1", name)


def ours(found: PythonScopes) -> Names:
    names: Names = defaultdict(list)
    for scope in found.scopes:
        line = 0 if scope.kind == "module" else scope.node.start_point[0] + 1
        names[scope.kind, line].append(sorted(plain(name) for name in scope.variables if name != "annotations"))
    return names


def by_place(names: Names) -> Names:
    return {place: sorted(owned) for place, owned in names.items()}


HARD = """
import os.path, sys as system
from . import a as b, c
from x import *
top = [first for first in range(3)]
class Outer(object, metaclass=type):
    size = 3
    sizes = [size for _ in range(size)]
    def method(self, given=size, *rest, key: int = 1, **more):
        def inner():
            nonlocal given
            global made
            given = made = lambda x, *y: (x, y, size)
        for i, (j, *k) in enumerate(rest):
            del j
        with open(key) as handle, open("b") as (one, two):
            pass
        try:
            pass
        except (OSError, ValueError) as error:
            pass
        match given:
            case {"k": value, **others} | [value, *others]:
                pass
            case Point(x=px, y=[0, py]) as point if point:
                pass
            case system.maxsize | None | "text":
                pass
        head, *tail = point.x[0], other.y = rest
        count: int = 0
        count += 1
        return {n: m for n in tail for m in n}
async def run():
    async with lock as held:
        yield [item async for item in held]
"""


def test_every_scope_owns_the_names_that_the_compiler_gives_it() -> None:
    names: Names = defaultdict(list)
    of_compiler(symtable.symtable(HARD, "hard.py", "exec"), names)
    names["module", 0][0] = sorted([*names["module", 0][0], "made"])  # The compiler leaves it to the function.
    assert by_place(ours(scopes(HARD))) == by_place(names)


@pytest.mark.parametrize("path", SOURCES, ids=[path.name for path in SOURCES])
def test_real_files_have_the_scopes_that_the_compiler_gives_them(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    names: Names = defaultdict(list)
    of_compiler(symtable.symtable(text, path.name, "exec"), names)
    assert by_place(ours(scopes(text))) == by_place(names)


def test_methods_do_not_see_the_names_of_their_class() -> None:
    found = scopes("x = 1\nclass A:\n    x = 2\n    y = x\n    def f(self, z=x):\n        return x\n")
    assert [owner(found, "x", place) for place in range(3)] == ["class A", "class A", "module"]


def test_a_class_reads_outer_names_until_it_binds_its_own() -> None:
    found = scopes("size = 1\nclass A:\n    before = size\n    size = 2\n    after = size\n")
    assert (owner(found, "size", 0), owner(found, "size", 1)) == ("module", "class A")


def test_the_first_iterable_of_a_comprehension_is_read_outside() -> None:
    found = scopes("class A:\n    n = 3\n    all = [n for i in range(n)]\n")
    assert sorted(owner(found, "n", place) for place in range(2)) == ["", "class A"]


def test_walrus_binds_outside_comprehensions() -> None:
    found = scopes("def f(rows):\n    any((last := row) for row in rows)\n    return last\n")
    assert owner(found, "last") == "function f"


def test_names_declared_global_or_nonlocal_belong_to_others() -> None:
    text = "def f():\n    n = 0\n    def g():\n        class K:\n            def h(self):\n                nonlocal n\n"
    found = scopes(text + "                global m\n                n = m = 1\n")
    (function,) = [scope for scope in found.scopes if scope.name == "f"]
    assert [bound.kind for bound in function.variables["n"].bounds] == ["assigned", "assigned"]
    assert "m" in found.module.variables


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("x: 'Optional[Foo]'\n", {"Optional", "Foo"}),
        ("def f(a: list['Foo']) -> 'b.Bar | None': ...\n", {"list", "Foo", "b"}),
        ("x = cast('Foo', y)\n", {"cast", "Foo", "y"}),
        ("T = TypeVar('T', bound='Foo')\n", {"TypeVar", "Foo"}),
        ("x: Literal['Foo']\n", {"Literal"}),
        ("x: 'Literal[\"Foo\"]'\n", {"Literal"}),
        ("x: Annotated[Foo, 'note']\n", {"Annotated", "Foo"}),
        ("x = []  # type: list[Foo]\n", {"list", "Foo"}),
        ("x = run()  # type: ignore[call]\n", {"run"}),
        ("print(f'{a!r:>{width}} {b=}')\n", {"print", "a", "width", "b"}),
        ("class A(Base['Foo']): ...\n", {"Base", "Foo"}),
        ("Alias = Union['Foo', int]\n", {"Union", "Foo", "int"}),
        ("Alias: TypeAlias = 'Foo'\n", {"TypeAlias", "Foo"}),
        ("names['Foo']\n", {"names"}),
        ("type Pair[T: Bound] = tuple[T, Other]\n", {"Bound", "tuple", "T", "Other"}),
    ],
)
def test_names_are_read_in_annotations_and_formatted_texts(text: str, used: set[str]) -> None:
    assert {one.name for one in scopes(text).uses} == used


def test_type_parameters_are_seen_by_their_function_only() -> None:
    found = scopes("def f[T](a: T) -> T:\n    return T\nT\n")
    assert [owner(found, "T", place) for place in range(4)] == ["types", "types", "types", ""]


def test_exports_are_gathered_however_they_are_written() -> None:
    found = scopes("__all__ = ['a']\n__all__ += ['b']\n__all__.extend(['c'])\n__all__.append('d')\n")
    assert found.exported == {"a", "b", "c", "d"}


def test_imports_know_their_circumstances() -> None:
    text = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a\ntry:\n    import b\nexcept ImportError:\n"
        "    b = None\nimport c.d as e\nfrom ..f import g\n"
    )
    found = {bound.name: bound for bound in scopes(text).imports}
    assert found["a"].typing_only
    assert found["b"].guarded
    assert (found["e"].module, found["e"].aliased) == ("c.d", True)
    assert (found["g"].module, found["g"].imported) == ("..f", "g")


def test_isinstance_narrows_in_its_block_and_after_leaving() -> None:
    text = "def f(x, y):\n    if isinstance(x, int) and y:\n        use(x)\n"
    text += "    if not isinstance(y, str):\n        return\n    use(y)\n"
    (function,) = [scope for scope in scopes(text).scopes if scope.kind == "function"]
    assert [narrowed.text for narrowed in function.narrowed] == ["x", "y"]


def test_attributes_know_how_they_are_used() -> None:
    found = scopes("a.b.c = d\ne.f()\nx: g.h\ngetattr(i, 'j')\ndel k.l\n")
    assert sorted((access.name, access.kind) for access in found.accesses) == [
        ("b", "name"), ("c", "write"), ("f", "call"), ("h", "type"), ("j", "name"), ("l", "write"),
    ]  # fmt: skip


def test_broken_code_is_read_as_far_as_it_goes() -> None:
    found = scopes("import os\ndef f(:\n    x = os.\nclass\n")
    assert "os" in found.module.variables


def test_deep_nesting_ends_without_harm() -> None:
    text = "x = " + "(" * 3000 + "y" + ")" * 3000 + "\n" + "z = " + " + ".join(["w"] * 3000) + "\n"
    found = scopes(text)
    assert len([one for one in found.uses if one.name == "w"]) == 3000
    blocks = "".join(" " * depth + "if a:\n" for depth in range(300)) + " " * 300 + "b\n"
    assert isinstance(scopes(blocks).module, Scope)


def test_scopes_are_read_once_a_file() -> None:
    file = source("a = 1\n")
    assert python_scopes(file) is python_scopes(file)
