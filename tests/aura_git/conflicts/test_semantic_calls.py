"""An alarm over a changed function needs a call that is surely one of that function, and would break."""

from __future__ import annotations

import pytest

from aura_git.conflicts.semantic import SideChange, check_merge

pytestmark = pytest.mark.requirement("G3")


def calls(path: str, before: str, after: str, user: str, text: str) -> list[tuple[str, int]]:
    """Where the check sees calls that break: one side changed a function, the other wrote a file that calls it."""
    ours = {path: SideChange(path, before.encode(), after.encode())}
    theirs = {user: SideChange(user, b"", text.encode())}
    merged = {path: after.encode(), user: text.encode()}
    return [(one.path, one.line) for one in check_merge(ours, theirs, merged.get, lambda _name: True)]


GO = ("e2e/cluster.go", "package e2e\n\nfunc Launch(t T) int {\n\treturn 1\n}\n")
PYTHON = ("shop/prices.py", "def price(item):\n    return 1\n")
MORE = "def price(item, currency):\n    return 1\n"


def test_a_parameter_with_another_name_breaks_no_call_by_place() -> None:
    path, before = GO
    renamed = before.replace("(t T)", "(tb T)")
    assert calls(path, before, renamed, "e2e/use.go", "package e2e\n\nvar y = Launch(1)\n") == []
    path, before = PYTHON
    renamed = before.replace("(item)", "(article)")
    assert calls(path, before, renamed, "b.py", "from shop.prices import price\n\nprint(price(2))\n") == []
    assert calls(path, before, renamed, "b.py", "from shop.prices import price\n\nprint(price(item=2))\n") == [
        ("b.py", 3)
    ]


@pytest.mark.parametrize(
    ("user", "text", "line"),
    [
        ("e2e/use.go", "package e2e\n\nvar y = Launch(1)\n", 3),
        ("other/use.go", "package other\n\nvar y = e2e.Launch(1)\n", 3),
        ("other/use.go", "package other\n\nvar y = process.Launch(1)\n", 0),
        ("other/use.go", "package other\n\nvar y = Launch(1)\n", 0),
    ],
)
def test_a_call_in_go_is_of_the_package_that_it_names(user: str, text: str, line: int) -> None:
    path, before = GO
    found = calls(path, before, before.replace("(t T)", "(t T, more int)"), user, text)
    assert found == ([(user, line)] if line else [])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("from shop.prices import (\n    other,\n    price,\n)\n\nprint(price(2))\n", 6),
        ("from shop import prices\n\nprint(prices.price(2))\n", 3),
        ("print(cart.price(2))\n", 0),
        ("print(price(2))\n", 0),
        ("# price(2)\nfrom shop import prices\n", 0),
    ],
)
def test_a_call_in_another_file_needs_its_import(text: str, line: int) -> None:
    path, before = PYTHON
    assert calls(path, before, MORE, "b.py", text) == ([("b.py", line)] if line else [])


def test_a_method_of_the_same_name_is_another_thing() -> None:
    before, after = "function test(suite) {\n  run(suite)\n}\n", "function test(suite, out) {\n  run(suite)\n}\n"
    assert (
        calls("bin/run.js", before, after, "lib/files.js", "if (/x/.test(name)) skip()\nif (re.test(a)) go()\n") == []
    )
    imported = "const { test } = require('../bin/run')\ntest(1)\n"
    assert calls("bin/run.js", before, after, "lib/files.js", imported) == [("lib/files.js", 2)]


def test_parameters_that_changed_places_are_told() -> None:
    before, after = "def price(item, currency):\n    return 1\n", "def price(currency, item):\n    return 1\n"
    assert calls(PYTHON[0], before, after, "b.py", "from shop.prices import price\nprice(1, 2)\n") == [("b.py", 2)]
