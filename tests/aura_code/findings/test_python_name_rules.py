"""Rules about names in Python files: what they report, and what their fixes leave."""

from __future__ import annotations

import pytest

from aura_code.findings.checking import apply_edits, check_source
from aura_code.findings.loading import load_rules
from aura_code.syntax import parse_source

pytestmark = pytest.mark.requirement("C4")


def reported(rule: str, text: str, path: str = "app.py") -> list[str]:
    """The messages of one rule."""
    file = parse_source(path, text.encode())
    assert file is not None
    return [finding.message for finding in check_source(file, load_rules().only(lambda one: one.id == rule))]


def fixed(rule: str, text: str, path: str = "app.py") -> str:
    """The text after all fixes of one rule."""
    file = parse_source(path, text.encode())
    assert file is not None
    found = check_source(file, load_rules().only(lambda one: one.id == rule))
    changed = apply_edits(file.text, [edit for finding in found for edit in finding.edits])
    assert changed is not None
    return changed.decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import a\nb = 1\n", "b = 1\n"),
        ("import a, b\nb.c\n", "import b\nb.c\n"),
        ("import a, b\na.c\n", "import a\na.c\n"),
        ("import a, b, c\nb.c\n", "import b\nb.c\n"),
        ("from a import b, c, d\nb.x\n", "from a import b\nb.x\n"),
        ("from a import (\n    b,\n    c,\n)\nb.x\n", "from a import (\n    b,\n)\nb.x\n"),
        ("from a import (\n    b,\n    c,\n)\nc.x\n", "from a import (\n    c,\n)\nc.x\n"),
        ("from a import b as c, d\nd.x\n", "from a import d\nd.x\n"),
        ("def f():\n    import a\n", "def f():\n    pass\n"),
        ("def f():\n    import a\n    return 1\n", "def f():\n    return 1\n"),
        ("import a; x = 1\n", "import a; x = 1\n"),
        ("from a import (\n    b,  # why\n    c,\n)\nc.x\n", "from a import (\n    b,  # why\n    c,\n)\nc.x\n"),
        ("import a  # why\nb = 1", "b = 1"),
        ("x = 1\nimport a", "x = 1\n"),
    ],
)
def test_unused_imports_are_taken_out_without_harm(before: str, after: str) -> None:
    assert fixed("unused-import", before) == after


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("import a\n", "app.py"),
        ("import a\nx = 1\n__all__ = [name for name in dir()]\n", "app.py"),
        ("import a\nx = globals()\n", "app.py"),
        ("import a  # noqa\nx = 1\n", "app.py"),
        ("# pylint: disable=unused-import\nimport a\nx = 1\n", "app.py"),
        ("import a\nx = 1\n", "shop/compat.py"),
        ("import a\nx = 1\n", "stubs/a.pyi"),
        ("import a\nx = 1\ndef f(:\n", "app.py"),
        ("import readline\nx = 1\n", "app.py"),
        ("import a.b\nimport a as c\nc.b\n", "app.py"),
        ("from a import __all__\nx = 1\n", "app.py"),
        ("class A:\n    import a\n", "app.py"),
        ("import a\ndef a(): ...\n", "app.py"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a import B\nmapped('B')\n", "app.py"),
        ("class Config:\n    def ready(self):\n        from . import signals\n", "apps.py"),
        ("def test_it():\n    with raises(ImportError):\n        from a import b\n", "test_app.py"),
        ("def test_it():\n    import a\n", "test_app.py"),
        ("def f():\n    import a.b\n", "app.py"),
        ("x = 1\n" + "".join(f"import a{number}\n" for number in range(13)), "app.py"),
    ],
)
def test_imports_that_others_may_need_are_left(text: str, path: str) -> None:
    assert reported("unused-import", text, path) == []


def test_messages_name_what_is_unused() -> None:
    assert reported("unused-import", "import a.b\nfrom c import d as e\nx = 1\n") == [
        "`a.b` is imported but not used.",
        "`e` is imported but not used.",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f():\n    a = g()\n", "def f():\n    g()\n"),
        ("async def f():\n    a = await g()\n", "async def f():\n    await g()\n"),
        ("def f():\n    a: int = g()\n", "def f():\n    g()\n"),
        ("def f():\n    a = 1\n    return 2\n", "def f():\n    return 2\n"),
        ("def f():\n    a = 1\n", "def f():\n    a = 1\n"),
        ("def f():\n    a = g() + 1\n", "def f():\n    a = g() + 1\n"),
        ("def f():\n    a = b = 1\n    return b\n", "def f():\n    a = b = 1\n    return b\n"),
        ("def f():\n    a = \\\n        g()\n", "def f():\n    a = \\\n        g()\n"),
        ("def f():\n    try: g()\n    except A as e: pass\n", "def f():\n    try: g()\n    except A: pass\n"),
    ],
)
def test_unused_locals_are_dropped_where_nothing_is_lost(before: str, after: str) -> None:
    assert reported("unused-local", before)
    if before != "def f():\n    a = 1\n":
        assert fixed("unused-local", before) == after


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    a = 1\n    def g():\n        return a\n    return g\n",
        "def f():\n    a = 1\n    exec('a')\n",
        "def f():\n    __tracebackhide__ = True\n",
        "def f():\n    a = 1\n    del a\n",
        "def f():\n    a, b = g()\n    return a\n",
        "a = 1\n",
        "def f():\n    a = 1\n    a += 1\n",
        "def f():\n    a = x.\n",
    ],
)
def test_locals_that_may_be_read_are_left(text: str) -> None:
    assert reported("unused-local", text) == []


def test_what_a_test_expects_to_fail_needs_no_use() -> None:
    text = "def test_it():\n    with pytest.raises(ValueError):\n        a = g()\n"
    assert reported("unused-local", text, "test_app.py") == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("def f(a, b):\n    return b\nf(1, 2)\n", 1),
        ("def f(a):\n    raise NotImplementedError\n", 0),
        ("def f(a):\n    'doc'\n    ...\n", 0),
        ("def f(a):\n    return None\n", 0),
        ("def f(a):\n    g()\nconnect(f)\n", 0),
        ("@command\ndef f(a):\n    g()\n", 0),
        ("def f(a):\n    return locals()\n", 0),
        ("__all__ = ['f']\ndef f(a):\n    g()\n", 0),
        ("def f(_a, *b, **c):\n    g()\n", 0),
    ],
)
def test_unused_parameters_are_reported_where_the_function_decides_on_them(text: str, count: int) -> None:
    assert len(reported("unused-parameter", text)) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("for i in a:\n    b.append(lambda: i)\n", 1),
        ("for i in a:\n    b[i] = lambda: i\n", 1),
        ("for i in a:\n    b.append((1, lambda: i + i))\n", 1),
        ("for i in a:\n    Thread(target=lambda: run(i)).start()\n", 1),
        ("for i in a:\n    t = Thread(target=lambda: run(i))\n    t.start()\n    t.join()\n", 0),
        ("while a:\n    i = next(a)\n    b.append(lambda: i)\n", 1),
        ("for i in a:\n    b.append({'run': lambda: i})\n", 1),
        ("for i in a:\n    Button(command=lambda: run(i))\n", 1),
        ("for i in a:\n    b(key=lambda: i)\n", 0),
        ("for i in a:\n    b.append(lambda i=i: i)\n", 0),
        ("for i in a:\n    b.append(lambda i: i)\n", 0),
        ("for i in a:\n    b.append(lambda: c)\n", 0),
        ("for i in a:\n    b.sort(key=lambda x: x + i)\n", 0),
        ("for i in a:\n    b.append(lambda: i)\n    break\n", 0),
        ("for i in a:\n    def f():\n        return i\n    b.append(f)\n", 1),
        ("for i in a:\n    def f():\n        return i\n    f()\n", 0),
        ("x = {i: lambda: i for i in a}\n", 1),
        ("x = [f(lambda: i) for i in a]\n", 0),
        ("i = 1\nfor i in a:\n    b.append(lambda: i)\n", 0),
        ("for i in a:\n    c = 'x'\n    b.append(lambda: c)\n", 0),
    ],
)
def test_captured_loop_variables_are_reported_when_the_function_stays(text: str, count: int) -> None:
    assert len(reported("loop-variable-capture", text)) == count


@pytest.mark.parametrize(
    ("text", "path", "count"),
    [
        ("print(unknwon)\nprint(unknwon)\n", "app.py", 1),
        ("print(name)\nname = 1\n", "app.py", 0),
        ("from a import *\nprint(name)\n", "app.py", 0),
        ("exec('name = 1')\nprint(name)\n", "app.py", 0),
        ("try:\n    name\nexcept NameError:\n    name = 1\n", "app.py", 0),
        ("print(unicode('a'), __file__, _('b'))\n", "app.py", 0),
        ("tags.has('a')\n", "docs/conf.py", 0),
        ("unused\n", "vulture_whitelist.py", 0),
        ("print(name\n", "app.py", 0),
        ("def f() -> 'Name': ...\n", "app.py", 0),
    ],
)
def test_names_that_nothing_defines_are_reported_once(text: str, path: str, count: int) -> None:
    assert len(reported("undefined-name", text, path)) == count
