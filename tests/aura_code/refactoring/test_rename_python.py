"""Renames of Python names, over files, scopes, classes and calls."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from refactoring_lab import Lab

pytestmark = pytest.mark.requirement("L5")

SHOP = {
    "shop/__init__.py": (
        "from shop.prices import total as total\nfrom .prices import Cart\n\n__all__ = ['Cart', 'total']\n"
    ),
    "shop/prices.py": (
        "__all__ = ['Cart', 'total']\n"
        "RATE = 0.2\n"
        "\n"
        "\n"
        "def total(items: list[float], *, rate: float = RATE) -> float:\n"
        '    """The total of items, with a rate."""\n'
        "    return sum(items) * (1 + rate)\n"
        "\n"
        "\n"
        "class Cart:\n"
        "    def __init__(self, items: list[float]) -> None:\n"
        "        self.items = items\n"
        "\n"
        "    def pay(self) -> float:\n"
        "        return total(self.items, rate=0.1)\n"
        "\n"
        "\n"
        "class Gift(Cart):\n"
        "    def pay(self) -> float:\n"
        "        return super().pay() / 2\n"
    ),
    "shop/desk.py": (
        "import shop.prices\n"
        "from shop import Cart, total\n"
        "from shop.prices import total as add\n"
        "\n"
        "\n"
        "def sell(cart: Cart) -> float:\n"
        "    total_of = add([1.0])\n"
        "    return cart.pay() + total([2.0], rate=0.3) + shop.prices.total([3.0]) + total_of\n"
        "\n"
        "\n"
        "def fresh() -> float:\n"
        "    return sell(Cart(items=[1.0]))\n"
        "\n"
        "\n"
        "def gift() -> float:\n"
        "    return sell(shop.prices.Gift([8.0]))\n"
    ),
}
USE = "import shop.desk\nprint(shop.desk.fresh(), shop.desk.gift())\n"


@pytest.fixture
def shop(lab: Lab) -> Lab:
    lab.write(SHOP)
    return lab


def run(root: Path) -> str:
    done = subprocess.run([sys.executable, "-B", "-c", USE], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize(
    ("symbol", "new"),
    [("total", "sum_up"), ("Cart", "Basket"), ("Cart.pay", "settle"), ("Cart.items", "goods"), ("RATE", "TAX")],
)
def test_the_program_does_the_same_after_a_rename(shop: Lab, symbol: str, new: str) -> None:
    before = run(shop.root)
    plan = shop.plan("rename", symbol=symbol, new_name=new)
    assert plan.reason == ""
    for path, text in shop.after(plan).items():
        (shop.root / path).write_text(text, encoding="utf-8")
    assert run(shop.root) == before
    assert new in "".join(shop.text(path) for path in SHOP)


def test_a_function_is_renamed_through_imports_reexports_and_exports(shop: Lab) -> None:
    plan = shop.plan("rename", symbol="total", new_name="sum_up")
    after = shop.after(plan)
    assert plan.title == "Rename function total to sum_up"
    assert plan.symbols == ["total"]
    assert after["shop/__init__.py"] == (
        "from shop.prices import sum_up as sum_up\nfrom .prices import Cart\n\n__all__ = ['Cart', 'sum_up']\n"
    )
    assert "from shop.prices import sum_up as add" in after["shop/desk.py"]
    assert "total_of = add([1.0])" in after["shop/desk.py"]
    assert "sum_up([2.0], rate=0.3) + shop.prices.sum_up([3.0]) + total_of" in after["shop/desk.py"]
    assert '"""The total of items' in after["shop/prices.py"]
    assert "shop/prices.py:6: not changed; a string speaks of it." in plan.notes


def test_overrides_are_renamed_together(shop: Lab) -> None:
    plan = shop.plan("rename", symbol="Gift.pay", path="shop/prices.py", new_name="settle")
    assert plan.symbols == ["Cart.pay", "Gift.pay"]
    assert "cart.settle()" in shop.after(plan)["shop/desk.py"]
    assert "super().settle() / 2" in shop.after(plan)["shop/prices.py"]


def test_a_parameter_is_renamed_with_the_keywords_of_its_callers(shop: Lab) -> None:
    plan = shop.plan("rename", **shop.place("shop/prices.py", "rate: float"), new_name="tax")
    after = shop.after(plan)
    assert plan.certainty == "certain"
    assert "*, tax: float = RATE" in after["shop/prices.py"]
    assert "total(self.items, tax=0.1)" in after["shop/prices.py"]
    assert "total([2.0], tax=0.3)" in after["shop/desk.py"]


def test_a_parameter_of_a_constructor_is_a_keyword_of_its_class(shop: Lab) -> None:
    plan = shop.plan("rename", **shop.place("shop/prices.py", "items: list[float]) -> None"), new_name="goods")
    assert "Cart(goods=[1.0])" in shop.after(plan)["shop/desk.py"]
    assert "self.items = goods" in shop.after(plan)["shop/prices.py"]


def test_a_local_variable_is_renamed_within_its_function_only(lab: Lab) -> None:
    lab.write(
        {
            "a.py": (
                "def f(x):\n    y = x\n    def g():\n        nonlocal y\n        y += 1\n    g()\n"
                "    return f'{y}'\n\n\ny = 1\n"
            )
        }
    )
    plan = lab.plan("rename", **lab.place("a.py", "y = x"), new_name="z")
    assert lab.after(plan)["a.py"] == (
        "def f(x):\n    z = x\n    def g():\n        nonlocal z\n        z += 1\n    g()\n"
        "    return f'{z}'\n\n\ny = 1\n"
    )
    assert plan.title == "Rename variable y to z"


def test_global_statements_follow(lab: Lab) -> None:
    lab.write({"a.py": "count = 0\n\n\ndef add():\n    global count\n    count += 1\n"})
    after = lab.after(lab.plan("rename", symbol="count", new_name="total"))
    assert after["a.py"] == "total = 0\n\n\ndef add():\n    global total\n    total += 1\n"


def test_an_import_of_the_same_name_from_elsewhere_keeps_it(lab: Lab) -> None:
    lab.write(
        {
            "a.py": (
                "try:\n    from fast import load\nexcept ImportError:\n    def load():\n        return 1\n\n\nload()\n"
            ),
        }
    )
    after = lab.after(lab.plan("rename", symbol="load", new_name="read"))
    assert "from fast import load as read" in after["a.py"]
    assert "def read():" in after["a.py"]


def test_annotations_in_quotes_are_code(lab: Lab) -> None:
    lab.write({"a.py": "class Node:\n    def next(self) -> 'Node | None': ...\n"})
    assert "-> 'Item | None'" in lab.after(lab.plan("rename", symbol="Node", new_name="Item"))["a.py"]


def test_fields_of_data_classes_are_keywords(lab: Lab) -> None:
    lab.write(
        {
            "a.py": (
                "from dataclasses import dataclass\n\n\n@dataclass\nclass Point:\n    left: int\n    up: int = 0\n\n\n"
                "def f(point: Point) -> int:\n    return point.left\n\n\nprint(f(Point(left=1)), Point(**{}))\n"
            )
        }
    )
    plan = lab.plan("rename", symbol="Point.left", new_name="x")
    after = lab.after(plan)["a.py"]
    assert "    x: int\n" in after
    assert "Point(x=1)" in after
    assert "return point.x" in after
    assert plan.certainty == "likely"
    assert any("`**` may hold" in note for note in plan.notes)


def test_windows_line_ends_and_other_encodings_stay(lab: Lab) -> None:
    lab.write({"a.py": b"\xef\xbb\xbfdef old():\r\n    return '\xc3\xa9'\r\n\r\n\r\nold()\r\n"})
    plan = lab.plan("rename", symbol="old", new_name="new")
    assert lab.after(plan)["a.py"].encode() == b"\xef\xbb\xbfdef new():\r\n    return '\xc3\xa9'\r\n\r\n\r\nnew()\r\n"


def test_fixtures_are_renamed_with_the_parameters_that_ask_for_them(lab: Lab) -> None:
    lab.write(
        {
            "tests/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef client():\n    return 1\n",
            "tests/test_a.py": "def test_a(client):\n    assert client == 1\n",
        }
    )
    plan = lab.plan("rename", symbol="client", path="tests/conftest.py", new_name="browser")
    assert lab.after(plan)["tests/test_a.py"] == "def test_a(browser):\n    assert browser == 1\n"


# -- doubts -----------------------------------------------------------------------------------------------------


def test_receivers_that_are_not_known_are_listed_and_left(lab: Lab) -> None:
    lab.write(
        {"a.py": "class A:\n    def go(self): ...\n\n\ndef f(x):\n    x.go()\n    getattr(x, 'go')\n    # go on\n"}
    )
    plan = lab.plan("rename", symbol="A.go", new_name="walk")
    assert plan.certainty == "likely"
    assert "    x.go()\n" in lab.after(plan)["a.py"]
    assert "a.py:6: not changed; it is not known what it belongs to." in plan.notes
    assert "a.py:7: not changed; a string that is this very name." in plan.notes
    assert "a.py:8: not changed; a comment speaks of it." in plan.notes


def test_inferred_types_are_changed_and_listed(lab: Lab) -> None:
    lab.write({"a.py": "class A:\n    def go(self): ...\n\n\ndef f():\n    for one in [A()]:\n        one.go()\n"})
    plan = lab.plan("rename", symbol="A.go", new_name="walk")
    assert "one.walk()" in lab.after(plan)["a.py"]


def test_documents_are_listed(lab: Lab) -> None:
    lab.write({"a.py": "def go(): ...\n"})
    (lab.root / "README.md").write_text("Call `go` first.\n", encoding="utf-8")
    assert "README.md:1: not changed; a document speaks of it." in lab.plan("rename", symbol="go", new_name="w").notes


def test_decorated_functions_may_be_known_by_name(lab: Lab) -> None:
    lab.write({"a.py": "import web\n\n\n@web.route('/')\ndef home(page):\n    return page\n"})
    assert lab.plan("rename", symbol="home", new_name="start").certainty == "likely"
    plan = lab.plan("rename", **lab.place("a.py", "page)"), new_name="sheet")
    assert any("`@route` may call this" in note for note in plan.notes)


def test_foreign_bases_are_a_doubt_and_builtin_members_a_refusal(lab: Lab) -> None:
    lab.write(
        {
            "a.py": (
                "import web\n\n\nclass A(web.Base):\n    def go(self): ...\n\n\nclass B(dict):\n"
                "    def get(self): ...\n    def put(self): ...\n"
            )
        }
    )
    assert any("web.Base" in note for note in lab.plan("rename", symbol="A.go", new_name="walk").notes)
    assert "overrides what dict has" in lab.plan("rename", symbol="B.get", new_name="fetch").reason
    assert lab.plan("rename", symbol="B.put", new_name="store").certainty == "certain"


def test_tests_that_lose_their_names_are_a_doubt(lab: Lab) -> None:
    lab.write({"tests/test_a.py": "def test_a():\n    assert 1\n"})
    assert lab.plan("rename", symbol="test_a", new_name="test_b").certainty == "certain"
    assert "may not be found" in lab.plan("rename", symbol="test_a", new_name="check").notes[0]


# -- refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"symbol": "total", "new_name": "class"}, "is a word of python itself"),
        ({"symbol": "total", "new_name": "a b"}, "cannot be a name"),
        ({"symbol": "total", "new_name": ""}, "No new name"),
        ({"symbol": "total", "new_name": "total"}, "called total already"),
        ({"symbol": "total", "new_name": "Cart"}, "is defined already"),
        ({"symbol": "Cart.pay", "new_name": "items"}, "has that name already"),
        ({"symbol": "Cart.__init__", "new_name": "make"}, "itself calls"),
        ({"symbol": "nothing_here", "new_name": "make"}, "Nothing named"),
        ({"new_name": "make"}, "No symbol is given"),
        ({"symbol": "total", "new_name": "sum_up", "limit": 2}, "more than the limit of 2"),
        ({"path": "shop/prices.py", "line": 999, "new_name": "x"}, "has no line 999"),
        ({"path": "../secret.py", "line": 1, "new_name": "x"}, "cannot be changed"),
    ],
)
def test_what_cannot_be_renamed_is_refused_with_the_reason(shop: Lab, fields: dict[str, object], said: str) -> None:
    plan = shop.plan("rename", **fields)
    assert plan.files == []
    assert said in plan.reason


def test_capture_is_refused(lab: Lab) -> None:
    lab.write({"a.py": "def old():\n    return 1\n\n\ndef f(new):\n    return old() + new\n"})
    assert "would mean something else" in lab.plan("rename", symbol="old", new_name="new").reason


def test_taking_over_a_builtin_is_refused(lab: Lab) -> None:
    lab.write({"a.py": "def old():\n    return 1\n\n\nprint(old())\n"})
    assert "would mean something else" in lab.plan("rename", symbol="old", new_name="print").reason


def test_collisions_in_importing_files_are_refused(lab: Lab) -> None:
    lab.write({"a.py": "def old(): ...\n", "b.py": "from a import old\n\nnew = 1\nold()\n"})
    assert "is defined already where old is: b.py:3" in lab.plan("rename", symbol="old", new_name="new").reason


def test_ambiguous_names_are_listed(lab: Lab) -> None:
    lab.write({"a.py": "def go(): ...\n", "b.py": "def go(): ...\n"})
    reason = lab.plan("rename", symbol="go", new_name="walk").reason
    assert "2 definitions fit: go (a.py:1), go (b.py:1)" in reason


def test_a_file_that_changed_since_is_refused(shop: Lab) -> None:
    (shop.root / "shop/desk.py").write_text("# changed\n", encoding="utf-8")
    reason = shop.plan("rename", symbol="total", new_name="sum_up").reason
    assert reason == "shop/desk.py has changed since it was analysed; try again in a moment."


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("gen.py", "# Code generated by tool. DO NOT EDIT.\ndef go(): ...\n", "generated"),
        ("vendor/lib.py", "def go(): ...\n", "code of others"),
    ],
)
def test_files_that_are_not_ours_are_refused(lab: Lab, path: str, text: str, said: str) -> None:
    lab.write({path: text})
    assert said in lab.plan("rename", symbol="go", path=path, new_name="walk").reason


def test_links_and_names_from_outside_are_refused(lab: Lab, tmp_path: Path) -> None:
    lab.write({"a.py": "from json import dumps\n\nprint(dumps(1))\n\n\ndef f(x):\n    x.thing()\n"})
    assert "outside the project" in lab.plan("rename", **lab.place("a.py", "dumps(1)"), new_name="w").reason
    assert "not known what thing" in lab.plan("rename", **lab.place("a.py", "thing"), new_name="w").reason
    (tmp_path / "real.py").write_text("def go(): ...\n", encoding="utf-8")
    (lab.root / "a.py").unlink()
    (lab.root / "a.py").symlink_to(tmp_path / "real.py")
    assert "a link" in lab.plan("rename", path="a.py", line=1, column=4, new_name="w").reason


def test_a_call_that_has_the_new_keyword_is_refused(lab: Lab) -> None:
    lab.write({"a.py": "def f(a=1, **more): ...\n\n\nf(b=2)\n"})
    assert "has an argument b already" in lab.plan("rename", **lab.place("a.py", "a=1"), new_name="b").reason


def test_code_that_reads_its_names_as_text_is_a_doubt(lab: Lab) -> None:
    lab.write({"a.py": "def f():\n    a = 1\n    return locals()\n"})
    assert lab.plan("rename", **lab.place("a.py", "a = 1"), new_name="b").certainty == "likely"


def test_a_function_that_is_passed_on_may_be_called_by_keyword(lab: Lab) -> None:
    lab.write({"a.py": "def f(a, /, b): ...\n\n\nrun(f)\nf(1, **{})\n"})
    assert lab.plan("rename", **lab.place("a.py", "a, /"), new_name="c").certainty == "certain"
    plan = lab.plan("rename", **lab.place("a.py", "b)"), new_name="c")
    assert plan.certainty == "likely"
    assert any("passed on as a value" in note for note in plan.notes)


def test_parameters_of_overriding_methods_follow(lab: Lab) -> None:
    lab.write(
        {
            "a.py": (
                "class A:\n    def go(self, far): return far\n\n\nclass B(A):\n"
                "    def go(self, far): return far + 1\n\n\n"
                "def f(a: A, b):\n    a.go(far=1)\n    b.go(far=2)\n"
            )
        }
    )
    plan = lab.plan("rename", **lab.place("a.py", "far): return far\n"), new_name="long")
    after = lab.after(plan)["a.py"]
    assert after.count("def go(self, long)") == 2
    assert "a.go(long=1)" in after
    assert "b.go(far=2)" in after
    assert any("a.py:11" in note for note in plan.notes)
