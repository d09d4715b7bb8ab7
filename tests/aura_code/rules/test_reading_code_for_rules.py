"""What the checks of rules read out of code: names, texts in pieces, secrets, formats."""

from __future__ import annotations

import pytest

from aura_code.rules.checks import javascript_names, python_names, python_texts, secrets
from aura_code.rules.checks.python_comparisons import is_exact
from aura_code.rules.checks.python_errors import explained
from aura_code.rules.checks.python_formats import count_percent
from aura_code.rules.checks.trees import compiled, inside
from aura_code.syntax import SourceFile, parse_source

pytestmark = pytest.mark.requirement("C4")


def parsed(code: str, path: str = "example.py") -> SourceFile:
    """Code as a file of a project."""
    file = parse_source(path, code.encode())
    assert file is not None
    return file


def python_pieces(code: str) -> list[str]:
    """The pieces of what is given to `run` in Python; expressions in angle brackets."""
    file = parsed(code)
    given = python_names.positional(python_names.calls(file)["run"][0])[0]
    return [
        piece if isinstance(piece, str) else f"<{file.text_of(piece)}>" for piece in python_texts.pieces(file, given)
    ]


def javascript_pieces(code: str) -> list[str]:
    """The pieces of what is given to `run` in JavaScript; expressions in angle brackets."""
    file = parsed(code, "example.js")
    given = javascript_names.arguments(javascript_names.calls(file)["run"][0])[0]
    found = javascript_names.pieces(file, given)
    return [piece if isinstance(piece, str) else f"<{file.text_of(piece)}>" for piece in found]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('run("a")', ["a"]),
        ('run(f"a{b}c")', ["a", "<b>", "c"]),
        ('run("a" + b)', ["a", "<b>"]),
        ('run("a%sc" % b)', ["a", "<b>", "c"]),
        ('run("a%dc" % b)', ["a", "0", "c"]),
        ('run("a%(x)sc" % {"x": b})', ["a", "<b>", "c"]),
        ('run("{}-{x}".format(a, x=b))', ["", "<a>", "-", "<b>", ""]),
        ('run(",".join(["?"] * n))', ["?"]),
        ('run(",".join(names))', ['<",".join(names)>']),
        ("run(NAME)", ["X"]),
        ("run(self.NAME)", ["X"]),
        ("run(str(int(a)))", ["0"]),
        ('run("a" if b else c)', ["a", "<c>"]),
        ('x = "a"\nx += b\nrun(x)', ["a", "<b>"]),
        ('def f(x):\n    run(x)\n\nx = "a"', ["<x>"]),
        ('for x in ("a", "b"):\n    run(x)', ["a", "b"]),
        ("for x in y:\n    run(x)", ["<x>"]),
        ("x = x + 1\nrun(x)", ["0"]),
    ],
)
def test_texts_of_python_come_in_pieces(code: str, expected: list[str]) -> None:
    assert python_pieces(code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("run('a')", ["a"]),
        ("run(`a${b}c`)", ["a", "<b>", "c"]),
        ("run('a' + (b))", ["a", "<b>"]),
        ("run(a ?? 'b')", ["<a>", "b"]),
        ("run(a * 2)", ["0"]),
        ("run(a === b)", ["<a === b>"]),
        ("run(NAME + a.length)", ["X", "0"]),
        ("run(Number(a))", ["0"]),
        ("run(String(a).trim())", ["<a>"]),
        ("run(['a', b].join(' '))", ["a", "<b>"]),
        ("run(ids.map(() => '?').join(','))", ["?"]),
        ("run(ids.map(quote).join(','))", ["<ids.map(quote).join(',')>"]),
        ("run(a ? 'b' : c)", ["b", "<c>"]),
        ("let x = 'a'; x += b; run(x)", ["a", "<b>"]),
        ("const f = (x) => run(x); const x = 'a'", ["<x>"]),
    ],
)
def test_texts_of_javascript_come_in_pieces(code: str, expected: list[str]) -> None:
    assert javascript_pieces(code) == expected


def test_names_of_python_stand_for_what_imports_bind() -> None:
    file = parsed("import a.b\nimport c.d as e\nfrom f import g as h, i\nfrom . import j\n")
    assert python_names.imports(file) == {"a": "a", "e": "c.d", "h": "f.g", "i": "f.i", "j": "..j"}


def test_names_of_javascript_stand_for_what_modules_give() -> None:
    code = """
import a, { b as c } from "node:m";
import * as d from "n";
const { e, f: g } = require("o");
const h = require("p").i;
const { promisify } = require("util");
const later = promisify(c);
"""
    assert javascript_names.imports(parsed(code, "example.js")) == {
        "a": "m",
        "c": "m.b",
        "d": "n",
        "e": "o.e",
        "g": "o.f",
        "h": "p.i",
        "promisify": "util.promisify",
        "later": "m.b",
    }


@pytest.mark.parametrize(
    ("name", "value", "is_secret"),
    [
        ("DB_PASSWORD", "SuperSecret123!", True),
        ("password", "hunter2", True),
        ("password", "changeme", False),
        ("password", "auth.password.label", False),
        ("password", "5f4dcc3b5aa765d61d8327deb882cf99", False),
        ("api_key", "9f8a7c6b5d4e3f2a1b0c9d8e", True),
        ("api_key", "your-api-key-1234", False),
        ("api_key", "short1", False),
        ("token", "access_token", False),
        ("token", "550e8400-e29b-41d4-a716-446655440000", False),
        ("token_type", "a8Jd72hLs0aPzX11", False),
        ("token", "/var/run/token2", False),
        ("secret", "aaaaaaaaaaaaaaa11", False),
    ],
)
def test_secrets_are_told_from_words_and_placeholders(name: str, value: str, *, is_secret: bool) -> None:
    assert secrets.is_secret(name.encode(), value.encode()) is is_secret


def _tokens() -> list[tuple[str, str]]:
    """Made up here from parts, so that nobody takes this file for a leak."""
    return [
        ("AKIA" + "Q3T7XK2M9ZB4W6YD", "access key of AWS"),
        ("glp" + "at-a8Jd72hLs0aPzX11qQ3T", "token of GitLab"),
        ("sk_" + "live_a8Jd72hLs0aPzX11qQ3T", "key of Stripe"),
        ("-----BEGIN " + "RSA PRIVATE KEY-----\\n" + "MIIEpAIBAAKCAQEA7bq8Zx3TqW9kLm2Nd5Rf8VhYc1Jg", "private key"),
    ]


@pytest.mark.parametrize(("token", "what"), _tokens(), ids=[what for _, what in _tokens()])
def test_tokens_are_known_by_their_shape(token: str, what: str) -> None:
    hits = list(secrets.hard_coded(parsed(f'value = "{token}"\n'), {}))
    assert [what in hit.message for hit in hits] == [True]


def test_a_token_with_a_wrong_checksum_and_little_entropy_is_no_token() -> None:
    assert not list(secrets.hard_coded(parsed('value = "gh' + "p_" + "ab1" * 12 + '"\n'), {}))


def test_documentation_and_tests_hold_no_secrets() -> None:
    code = 'password = "k8Fz!qP2w"\n'
    assert list(secrets.hard_coded(parsed(code), {}))
    assert not list(secrets.hard_coded(parsed(code, "docs/example.py"), {}))
    assert not list(secrets.hard_coded(parsed(code, "tests/test_a.py"), {}))


@pytest.mark.parametrize(
    ("text", "values"),
    [("%s and %5.2f", 2), ("100%%", 0), ("%*d", 2), ("%(a)s", None), ("100% sure", 1), ("5%!", None), (r"\%s", 1)],
)
def test_places_of_a_format_are_counted(text: str, values: int | None) -> None:
    assert count_percent(text) == values


@pytest.mark.parametrize(
    ("text", "exact"), [("0.5", True), ("0.1", False), ("1e400", True), ("1_0.25", True), ("x", True)]
)
def test_fractions_of_two_are_exact(text: str, *, exact: bool) -> None:
    assert is_exact(text) is exact


def test_a_comment_gives_a_reason_with_four_words() -> None:
    assert explained("# statistics are a courtesy")
    assert not explained("# noqa: BLE001 a b c")
    assert not explained("# ignore it")


def test_a_query_for_a_language_without_a_grammar_is_refused() -> None:
    with pytest.raises(ValueError, match="'plain' has no grammar"):
        compiled("plain", "(a)")


def test_a_walk_stays_below_its_node() -> None:
    file = parsed("a = (b, [c])\nd = e\n")
    first = file.root.named_children[0]
    assert [file.text_of(node) for node in inside(first) if node.type == "identifier"] == ["a", "b", "c"]
    stopped = inside(first, stop=frozenset({"list"}))
    assert [file.text_of(node) for node in stopped if node.type == "identifier"] == ["a", "b"]
