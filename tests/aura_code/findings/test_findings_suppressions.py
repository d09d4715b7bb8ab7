"""Comments silence findings: Aura's own and those of other tools."""

from __future__ import annotations

import pytest

from aura_code.findings.analysis import analyse_source
from aura_code.findings.loading import RuleSet
from aura_code.findings.own_rules import UNUSED_IGNORE
from aura_code_rules import make_rule, source

RULES = RuleSet(
    [
        make_rule("no-calls"),
        make_rule(
            "no-calls-there",
            "(call_expression) @at",
            languages='["javascript", "typescript", "go", "rust"]',
        ),
        make_rule("no-calls-in-java", "(method_invocation) @at", languages='["java"]'),
        UNUSED_IGNORE,
    ]
)


def silenced(path: str, text: str) -> list[str]:
    """For each finding how it is silenced; `-` when it counts."""
    found = analyse_source(source(path, text), RULES)
    return [finding.suppressed or "-" for finding in found if finding.rule != UNUSED_IGNORE.id]


@pytest.mark.requirement("C4")
@pytest.mark.parametrize(
    ("path", "text", "how"),
    [
        ("a.py", "f()  # aura: ignore[no-calls] it is fine\n", ["inline"]),
        ("a.py", "f()  # aura: ignore\n", ["inline"]),
        ("a.py", "# aura: ignore[no-calls] fine\n\n# more\nf()\nf()\n", ["inline", "-"]),
        ("a.py", "# aura: ignore[no-calls]\n@d\n@e\ndef g(a=f()):\n    f()\n", ["inline", "-"]),
        ("a.rs", "// aura: ignore[no-calls-there]\n#[inline]\nfn f() { g(); }\n", ["inline"]),
        ("a.py", "f()\n# aura: ignore-file[no-calls]\n", ["inline"]),
        ("a.py", "f(\n  1,\n)  # aura: ignore[no-calls]\n", ["inline"]),
        ("a.py", "f('# aura: ignore')\n", ["-"]),
        ("a.py", "f()  # aura: ignore[other]\n", ["-"]),
        ("a.py", "f()  # noqa\n", ["noqa"]),
        ("a.py", "f()  # NoQA: S307\n", ["noqa"]),
        ("a.py", "f()  # noqa: E501,S307 a reason\n", ["noqa"]),
        ("a.py", "f()  # noqa: S\n", ["noqa"]),
        ("a.py", "f()  # noqa: S30\n", ["noqa"]),
        ("a.py", "f()  # noqa: E501\n", ["-"]),
        ("a.py", "# ruff: noqa: S307\nf()\n", ["noqa"]),
        ("a.py", "# flake8: noqa\nf()\n", ["noqa"]),
        ("a.py", "f()  # nosec\n", ["nosec"]),
        ("a.py", "f()  # nosec B307\n", ["nosec"]),
        ("a.py", "f()  # nosec B602\n", ["-"]),
        ("a.py", "f()  # type: ignore\n", ["-"]),
        ("a.py", "f()  # pylint: disable=eval-used\n", ["-"]),
        ("a.js", "f()  // eslint-disable-line no-eval\n", ["eslint"]),
        ("a.js", "f()  // eslint-disable-line\n", ["eslint"]),
        ("a.js", "f()  // eslint-disable-line eqeqeq\n", ["-"]),
        ("a.js", "// eslint-disable-next-line eqeqeq, no-eval -- fine\nf()\nf()\n", ["eslint", "-"]),
        ("a.js", "/* eslint-disable no-eval */\nf()\n/* eslint-enable no-eval */\nf()\n", ["eslint", "-"]),
        ("a.js", "/* eslint-disable */\nf()\n/* eslint-enable */\nf()\n", ["eslint", "-"]),
        ("a.js", "/* eslint-disable eqeqeq,\n no-eval */\nf()\n", ["eslint"]),
        ("a.ts", "/* eslint-disable no-eval */\nf()\n", ["eslint"]),
        ("a.ts", "// biome-ignore lint/security/no-eval: fine\nf()\n", ["biome"]),
        ("a.js", "f()  // aura: ignore[no-calls-there]\n", ["inline"]),
        ("a.go", "package a\nfunc f() {\n\tg() //nolint\n\tg()\n}\n", ["nolint", "-"]),
        ("a.go", "package a\nfunc f() {\n\tg() //nolint:errcheck,gosec // fine\n}\n", ["nolint"]),
        ("a.go", "package a\nfunc f() {\n\tg() //nolint:gosec\n}\n", ["-"]),
        ("a.go", "package a\n\n//nolint:errcheck\nfunc f() {\n\tg()\n}\n", ["nolint"]),
        ("a.go", "package a\nfunc f() { //nolint:errcheck\n\tg()\n}\n", ["nolint"]),
        ("a.go", "package a\nfunc f() {\n\t//lint:ignore errcheck fine\n\tg()\n}\n", ["nolint"]),
        ("a.rs", "#[allow(clippy::unwrap_used)]\nfn f() {\n    g();\n}\nfn h() { g(); }\n", ["allow", "-"]),
        ("a.rs", "#![allow(clippy::all)]\nfn f() { g(); }\n", ["allow"]),
        ("a.rs", '#[expect(clippy::unwrap_used, reason = "fine")]\nfn f() { g(); }\n', ["allow"]),
        ("a.rs", "#[allow(unused)]\nfn f() { g(); }\n", ["-"]),
        ("a.rs", "#[derive(Debug)]\nstruct A;\nfn allow() { allow(); }\n", ["-"]),
        ("A.java", 'class A {\n  @SuppressWarnings("PMD.Eval")\n  void f() { g(); }\n  void h() { g(); }\n}\n',
         ["SuppressWarnings", "-"]),
        ("A.java", 'class A {\n  @SuppressWarnings({"a", "all"})\n  void f() { g(); }\n}\n', ["SuppressWarnings"]),
        ("A.java", 'class A {\n  @Named("SuppressWarnings")\n  void f() { g(); }\n}\n', ["-"]),
    ],
)  # fmt: skip
def test_a_comment_silences_what_it_names(path: str, text: str, how: list[str]) -> None:
    assert silenced(path, text) == how


def test_the_reason_is_kept() -> None:
    (finding,) = analyse_source(source("a.py", "f()  # aura: ignore[no-calls] input is ours\n"), RULES)
    assert (finding.suppressed, finding.reason) == ("inline", "input is ours")
    (finding,) = analyse_source(source("a.js", "// eslint-disable-next-line no-eval -- old browsers\nf()\n"), RULES)
    assert finding.reason == "old browsers"


@pytest.mark.parametrize(
    ("text", "message", "after"),
    [
        ("x = 1  # aura: ignore[no-calls]\n", "This comment silences nothing of no-calls.", "x = 1\n"),
        ("# aura: ignore\nx = 1\n", "This comment silences nothing.", "x = 1\n"),
        ("x = 1  # aura: ignore[no-calls, other]\n", "There is no rule other.", "x = 1\n"),
    ],
)
def test_a_comment_that_silences_nothing_is_reported_with_its_removal(text: str, message: str, after: str) -> None:
    file = source("a.py", text)
    (finding,) = analyse_source(file, RULES)
    assert (finding.rule, finding.message) == ("unused-ignore", message)
    (edit,) = finding.edits
    assert (file.text[: edit.start] + edit.text.encode() + file.text[edit.end :]).decode() == after


def test_rules_that_are_not_run_are_no_reason_to_call_a_comment_unused() -> None:
    assert analyse_source(source("a.py", "x = 1  # aura: ignore[long-file]\n"), RULES) == []
    assert analyse_source(source("a.py", "x = 1  # aura: ignore[ruff:E501]\n"), RULES) == []


def test_a_name_that_is_no_rule_is_reported() -> None:
    (finding,) = analyse_source(source("a.py", "x = 1  # aura: ignore[long-fiel]\n"), RULES)
    assert finding.message == "There is no rule long-fiel."
