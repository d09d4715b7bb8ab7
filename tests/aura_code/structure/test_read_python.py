"""What is read of the structure of Python files."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_code.structure.facts import Binding, Definition, FileStructure, Occurrence
from aura_code.structure.python import read_python
from aura_code.structure.store import StructureStore
from aura_code.syntax import parse_source

pytestmark = pytest.mark.requirement("C2", "C3")


def read(text: str, path: str = "app.py") -> FileStructure:
    file = parse_source(path, text.encode())
    assert file is not None
    return read_python(file)


def definition(found: FileStructure, name: str, place: int = 0) -> Definition:
    return [one for one in found.definitions if one.name == name][place]


def uses(found: FileStructure, name: str) -> list[Occurrence]:
    return [one for one in found.occurrences if one.name == name]


def binding(text: str, name: str, path: str = "app.py") -> Binding:
    """The binding of the last use of a name."""
    return uses(read(text, path), name)[-1].binding


SHOP = '''
"""A shop."""
from typing import TypeAlias
LIMIT = 10
limit: int = 3
Prices: TypeAlias = "list[int]"
type Pair = tuple[int, int]

class Order(Base, Generic[T]):
    """An order."""
    tax = 0.2

    def __init__(self, prices: list[int], store=None) -> None:
        self.prices = prices
        self.store: Store = store
        self.prices = sorted(prices)

    @property
    def total(self) -> int:
        """The sum."""
        def add(a, b):
            return a + b
        for price in self.prices:
            if price:
                return price
        return 0

    @total.setter
    def total(self, value): ...

async def main(*args, key=1, **more):
    global limit
    limit = 4
'''


def test_definitions_have_kinds_parents_and_places() -> None:
    found = read(SHOP)
    shown = {
        (one.name, one.kind, found.definitions[one.parent].name if one.parent >= 0 else "", one.line)
        for one in found.definitions
    }
    assert shown == {
        ("LIMIT", "constant", "", 4),
        ("limit", "variable", "", 5),
        ("Prices", "type", "", 6),
        ("Pair", "type", "", 7),
        ("Order", "class", "", 9),
        ("tax", "field", "Order", 11),
        ("__init__", "constructor", "Order", 13),
        ("prices", "field", "Order", 14),
        ("store", "field", "Order", 15),
        ("total", "property", "Order", 19),
        ("add", "function", "total", 21),
        ("total", "property", "Order", 29),
        ("main", "function", "", 31),
    }
    assert all(one.parent < place for place, one in enumerate(found.definitions))


def test_definitions_know_their_extent_and_how_well_they_are_described() -> None:
    found = read(SHOP)
    total, init, main = definition(found, "total"), definition(found, "__init__"), definition(found, "main")
    assert (total.column, total.start_line, total.end_line) == (8, 18, 26)
    assert (total.complexity, total.nesting, total.parameters) == (4, 2, 0)
    assert (total.documented, total.typed, definition(found, "Order").documented) == (True, True, True)
    assert (init.parameters, init.typed, init.documented) == (2, False, False)
    assert (main.parameters, main.public) == (3, True)
    assert len(definition(found, "Order").bases) == 2


def test_columns_are_characters() -> None:
    found = read("s = 'äöü'; name = 1; other = name\n")
    assert definition(found, "name").column == 11
    assert uses(found, "name")[0].column == 29


@pytest.mark.parametrize(
    ("body", "complexity", "nesting"),
    [
        ("return 1", 1, 0),
        ("if a:\n  pass\n elif b:\n  pass\n else:\n  pass", 3, 1),
        ("for a in b:\n  while c:\n   pass", 3, 2),
        ("try:\n  pass\n except A:\n  pass\n except B:\n  pass\n else:\n  pass\n finally:\n  pass", 4, 1),
        ("with a:\n  return [b for b in c if b and d]", 1, 1),
        ("match a:\n  case 1:\n   pass\n  case _:\n   pass", 2, 1),
        ("def g():\n  if a:\n   pass\n return g", 3, 0),
        ("return a if b else c", 1, 0),
    ],
)
def test_complexity_is_counted_as_mccabe_did(body: str, complexity: int, nesting: int) -> None:
    function = definition(read(f"def f():\n {body}\n"), "f")
    assert (function.complexity, function.nesting) == (complexity, nesting)


@pytest.mark.parametrize(
    ("text", "name", "path", "entry"),
    [
        ("__all__ = ['f']\ndef f(): ...\n", "f", "a.py", "in __all__"),
        ("def main(): ...\nif __name__ == '__main__':\n    main()\n", "main", "a.py", "main"),
        ("def main(): ...\n", "main", "a/__main__.py", "main"),
        ("def main(): ...\n", "main", "a.py", ""),
        ("def test_it(): ...\n", "test_it", "tests/test_a.py", "test"),
        ("def test_it(): ...\n", "test_it", "a.py", ""),
        ("class TestIt:\n    def test_it(self): ...\n", "test_it", "test_a.py", "test"),
        ("class It(TestCase): ...\n", "It", "test_a.py", "test"),
        ("class TestIt:\n    def setUp(self): ...\n", "setUp", "test_a.py", "test hook"),
        ("def pytest_configure(config): ...\n", "pytest_configure", "conftest.py", "test hook"),
        ("@pytest.fixture(scope='module')\ndef shop(): ...\n", "shop", "conftest.py", "fixture"),
        ("@app.get('/')\ndef index(): ...\n", "index", "a.py", "decorated by app.get"),
        ("@shared_task\ndef send(): ...\n", "send", "a.py", "decorated by shared_task"),
        ("@functools.lru_cache\ndef f(): ...\n", "f", "a.py", ""),
        ("@dataclass(frozen=True)\nclass A: ...\n", "A", "a.py", ""),
        ("@overload\ndef f(a): ...\n", "f", "a.py", "overload"),
        ("class A(B):\n    @override\n    def f(self): ...\n", "f", "a.py", "overrides"),
        ("class A:\n    def __len__(self): ...\n", "__len__", "a.py", "special method"),
        ("class A(Visitor):\n    def visit_Name(self): ...\n", "visit_Name", "a.py", "called by name"),
        ("class A:\n    def visit_Name(self): ...\n", "visit_Name", "a.py", ""),
        ("if a:\n    def f(): ...\nelse:\n    def f(): ...\n", "f", "a.py", "defined again"),
        ("__version__ = '1'\n", "__version__", "a.py", "special name"),
        ("def __getattr__(name): ...\n", "__getattr__", "a.py", "special name"),
    ],
)
def test_entries_say_why_something_may_be_called_from_outside(text: str, name: str, path: str, entry: str) -> None:
    assert definition(read(text, path), name).entry == entry


def test_a_second_accessor_belongs_to_its_property() -> None:
    found = read(SHOP)
    assert [one.entry for one in found.definitions if one.name == "total"] == ["", "accessor of total"]


FOO: Binding = ("type", ("import", "foo", "Foo"))


@pytest.mark.parametrize(
    "body",
    [
        "def f(x: Foo):\n    x.go\n",
        "def f(x: 'Foo | None' = None):\n    x.go\n",
        "def f(x: Optional[Foo]):\n    x.go\n",
        "def f(x: str | Foo):\n    x.go\n",
        "def f(x: Annotated[Foo, 1]):\n    x.go\n",
        "def f(xs: list[Foo]):\n    for x in xs:\n        x.go\n",
        "def f(xs: Iterable[Foo]):\n    [x.go for x in xs]\n",
        "def f(xs: list[Foo]):\n    for i, x in enumerate(xs):\n        x.go\n",
        "def f(xs: list[Foo], ys: list):\n    for x, y in zip(xs, ys):\n        x.go\n",
        "def f(xs: dict[str, Foo]):\n    for k, x in xs.items():\n        x.go\n",
        "def f(xs: dict[str, Foo]):\n    for x in xs.values():\n        x.go\n",
        "def f(xs: dict[str, Foo]):\n    xs['a'].go\n",
        "def f(xs: dict[str, Foo]):\n    x = xs.get('a')\n    x.go\n",
        "def f(xs: list[Foo]):\n    xs[0].go\n",
        "def f(xs: list[Foo]):\n    xs[1:][0].go\n",
        "def f(xs: list[Foo]):\n    x = next(iter(xs))\n    x.go\n",
        "def f(xs: list[Foo]):\n    for x in sorted(xs):\n        x.go\n",
        "def f(xs: tuple[Foo, ...]):\n    max(xs).go\n",
        "def f(x):\n    if isinstance(x, Foo):\n        x.go\n",
        "def f(x):\n    if not isinstance(x, Foo):\n        return\n    x.go\n",
        "def f(x):\n    assert isinstance(x, Foo)\n    x.go\n",
        "def f(a):\n    if isinstance(a.x, Foo):\n        a.x.go\n",
        "x = cast(Foo, y)\nx.go\n",
        "x = cast('Foo', y)\nx.go\n",
        "def f(a: Foo):\n    x = a or None\n    x.go\n",
        "def f(a: Foo):\n    x = None if b else a\n    x.go\n",
        "def f(a: Foo):\n    (x := a).go\n",
        "def f(a: Foo):\n    x, y = a, 1\n    x.go\n",
        "def f(a: Foo):\n    x = [a]\n    x[0].go\n",
        "def f(a: list[Foo]):\n    x = [b for b in a]\n    x[0].go\n",
        "def f(a: Foo):\n    copy.copy(a).go\n",
        "def f(*a: Foo):\n    a[0].go\n",
        "def f():\n    try:\n        g()\n    except Foo as x:\n        x.go\n",
        "def f():\n    try:\n        g()\n    except (Foo, OSError) as x:\n        x.go\n",
        "def f(y):\n    match y:\n        case Foo() as x:\n            x.go\n",
        "class A:\n    def f(self):\n        self.xs: dict[str, Foo] = {}\n        self.xs['a'].go\n",
    ],
)
def test_values_have_the_types_that_the_code_promises(body: str) -> None:
    text = "from foo import Foo\n" + body
    found = binding(text, "go")
    assert found == ("member", FOO, "go") or (found[1] != () and "x" in body and binding_is_shared(text))


def binding_is_shared(text: str) -> bool:
    """Whether `x` is a variable of the module, whose type its definition has."""
    return definition(read(text), "x").type == FOO


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import a.b.c\na.b.c.go\n", ("member", ("import", "a.b.c", ""), "go")),
        ("import a.b as n\nn.go\n", ("member", ("import", "a.b", ""), "go")),
        ("from . import m\nm.go\n", ("member", ("import", ".", "m"), "go")),
        ("from m import A\nA().go\n", ("member", ("result", ("import", "m", "A")), "go")),
        ("class A:\n    def f(self):\n        self.go\n", ("member", ("type", ("def", 0)), "go")),
        ("class A:\n    @classmethod\n    def f(cls):\n        cls.go\n", ("member", ("def", 0), "go")),
        ("class A:\n    @staticmethod\n    def f(a):\n        a.go\n", ()),
        ("class A(B):\n    def f(self):\n        super().go\n", ("member", ("super", 0), "go")),
        ("class A:\n    def f(self):\n        type(self).go\n", ("member", ("def", 0), "go")),
        ("class A:\n    def f(self):\n        self.__class__.go\n", ("member", ("def", 0), "go")),
        ("class A:\n    def f(self):\n        def g():\n            self.go\n", ("member", ("type", ("def", 0)), "go")),
        ("def f(a, b):\n    a.b(b).go\n", ()),
        ("def f(x=None):\n    x.go\n", ()),
        ("def f(t: type[A]):\n    t.go\n", ("member", ("free", "A"), "go")),
        ("class A:\n    def f(self) -> Self: ...\nclass B:\n    def g(self, x: A):\n        x.f().go\n",
         ("member", ("result", ("member", ("type", ("def", 0)), "f")), "go")),
        ("def f():\n    with open_shop() as x:\n        x.go\n",
         ("member", ("result", ("member", ("result", ("free", "open_shop")), "__enter__")), "go")),
        ("def f():\n    with Shop() as x:\n        x.go\n", ("member", ("result", ("free", "Shop")), "go")),
        ("T = TypeVar('T')\ndef f(x: T):\n    x.go\n", ()),
        ("def f(x: Any):\n    x.go\n", ()),
        ("try:\n    import fast as m\nexcept ImportError:\n    m = None\nm.go\n",
         ("member", ("import", "fast", ""), "go")),
    ],
)  # fmt: skip
def test_attributes_are_bound_to_what_they_are_read_from(text: str, expected: Binding) -> None:
    assert binding(text, "go") == expected


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("class A: ...\ndef f() -> A: ...\n", "f", ("type", ("def", 0))),
        ("class A: ...\ndef f():\n    if x:\n        return None\n    return A()\n", "f", ("result", ("def", 0))),
        ("class A: ...\ndef f():\n    if x:\n        return B()\n    return A()\n", "f", ()),
        ("class A:\n    def f(self):\n        return self\n", "f", ("type", ("def", 0))),
        ("def f() -> list[A]: ...\n", "f", ("each", ("free", "list"), ("type", ("free", "A")))),
        ("def f(a: A):\n    yield a\n", "f", ("each", ("import", "typing", "Iterator"), ("type", ("free", "A")))),
        ("@contextmanager\ndef f() -> Iterator[A]: ...\n", "f",
         ("each", ("import", "contextlib", "AbstractContextManager"), ("type", ("free", "A")))),
        ("def f():\n    return f()\n", "f", ()),
        ("class A: ...\nmake = A\n", "make", ("def", 0)),
        ("class A: ...\nmade = A()\n", "made", ("result", ("def", 0))),
        ("made: 'A | None' = None\n", "made", ("type", ("free", "A"))),
        ("Shape = Union['Circle', int]\n", "Shape", ("free", "Circle")),
        ("class A:\n    x: B\n", "x", ("type", ("free", "B"))),
        ("class A:\n    def f(self, b: B):\n        self.x = None\n        self.x = b\n", "x", ("type", ("free", "B"))),
        ("made = None\ndef f():\n    global made\n    made = A()\n", "made", ("result", ("free", "A"))),
        ("for made in [A()]:\n    made\n", "made", ("result", ("free", "A"))),
        ("type Shape = Circle | None\n", "Shape", ("type", ("free", "Circle"))),
    ],
)  # fmt: skip
def test_definitions_have_types(text: str, name: str, expected: Binding) -> None:
    assert definition(read(text), name).type == expected


def test_occurrences_say_how_names_are_used() -> None:
    text = (
        "from m import A\nclass B(A): ...\nx: B = B()\n@A\ndef f() -> 'B.C': ...\nx = 2\ny = x\ntry:\n    f()\n"
        "except B: ...\nlen(y)\n"
    )
    shown = [(one.name, one.kind, one.line, one.scope) for one in read(text).occurrences]
    assert shown == [
        ("A", "import", 1, -1), ("A", "inherit", 2, -1), ("B", "type", 3, -1), ("B", "call", 3, -1),
        ("A", "call", 4, -1), ("B", "type", 5, -1), ("C", "type", 5, -1), ("x", "write", 6, -1), ("x", "name", 7, -1),
        ("f", "call", 9, -1), ("B", "type", 10, -1), ("y", "name", 11, -1),
    ]  # fmt: skip


def test_local_names_are_no_occurrences_but_what_they_call_is() -> None:
    found = read("def f(a):\n    b = a\n    def g(): ...\n    import m\n    g()\n    m.n(b)\n")
    assert [(one.name, one.scope) for one in found.occurrences] == [("g", 0), ("m", 0), ("n", 0)]


def test_builtins_are_left_out_unless_something_is_imported_with_a_star() -> None:
    assert read("print(len('a'.join([])))\n").occurrences == ()
    assert [one.name for one in read("from m import *\nprint(1)\n").occurrences] == ["print"]


def test_imports_say_where_they_stand_and_whether_they_are_handed_on() -> None:
    text = (
        "from typing import TYPE_CHECKING\nimport os.path\nfrom .a import b as b, c as d\nfrom e import *\n"
        "if TYPE_CHECKING:\n    from g import h\ndef f():\n    import i\n__all__ = ['h']\n"
    )
    shown = [
        (one.module, one.name, one.alias, one.typing_only, one.exported, one.deferred) for one in read(text).imports
    ]
    assert shown[1:] == [
        ("os.path", "", "os", False, False, False),
        (".a", "b", "b", False, True, False),
        (".a", "c", "d", False, False, False),
        ("e", "*", "", False, False, False),
        ("g", "h", "h", True, True, False),
        ("i", "", "i", False, False, True),
    ]
    assert read("from a import b\n", "shop/__init__.py").imports[0].exported


def test_tests_use_fixtures_of_their_file_and_of_others() -> None:
    text = "@pytest.fixture\ndef shop():\n    return Shop()\ndef test_it(shop, client):\n    shop.go\n    client.get\n"
    found = read(text, "tests/test_shop.py")
    assert [one.binding for one in uses(found, "shop")] == [("def", 0)]
    assert [one.binding for one in uses(found, "client")] == [("fixture", "client")]
    assert uses(found, "go")[0].binding == ("member", ("result", ("def", 0)), "go")


def test_broken_and_empty_files_are_read() -> None:
    assert read("").definitions == ()
    broken = "def f(:\n  x.\nclass A:\n  def g(self): return self.\n"
    assert "A" in {one.name for one in read(broken).definitions}


def test_uses_are_linked_over_files(tmp_path: Path) -> None:
    files = {
        "shop/__init__.py": "from .orders import Order\n",
        "shop/orders.py": (
            "class Order:\n    def pay(self): ...\n\n@contextmanager\ndef opened() -> Iterator[Order]: ...\n"
        ),
        "shop/run.py": (
            "from shop import Order\nfrom .orders import opened\nwith opened() as o:\n    o.pay()\nOrder().pay()\n"
        ),
        "tests/conftest.py": "from shop import Order\n@pytest.fixture\ndef order():\n    return Order()\n",
        "tests/unit/test_orders.py": "def test_it(order):\n    order.pay()\n",
    }
    store = StructureStore.open(tmp_path / "structure.db", tmp_path)
    store.put_many([(path.encode(), read(text, path)) for path, text in files.items()])
    store.link()
    found = store.rows(
        "SELECT f.path, u.line FROM uses u JOIN symbols s ON s.id = u.target JOIN files f ON f.id = u.file "
        "WHERE s.name = 'pay' ORDER BY 1, 2"
    )
    store.close()
    assert found == [("shop/run.py", 4), ("shop/run.py", 5), ("tests/unit/test_orders.py", 2)]
