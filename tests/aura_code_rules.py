"""Rules and files for tests of the findings engine."""

from __future__ import annotations

from aura_code.findings.loading import RuleSet, read_rule
from aura_code.findings.model import Rule
from aura_code.syntax import SourceFile, parse_source


def rule_text(
    query: str = '(call function: (identifier) @at (#eq? @at "eval"))',
    *,
    languages: str = '["python"]',
    check: str = "",
    more: str = "",
    bad: str = "eval(x)  # <-",
    good: str = "x = 1",
) -> str:
    """The text of a rule file."""
    return f'''
title = "A title"
message = "A message."
level = "warning"
category = "security"
default = true
replaced_by = ["ruff:S307", "eslint:no-eval", "bandit:B307", "clippy:unwrap_used", "golangci-lint:errcheck", "pmd:Eval"]
what = "What."
why = "Why."
how = "How."
{more}
[[on]]
languages = {languages}
query = """{query}"""
{f'check = "{check}"' if check else ""}
[[on.bad]]
code = """{bad}"""
[[on.good]]
code = """{good}"""
'''


def make_rule(identifier: str = "some-rule", query: str = "(call) @at", **more: str) -> Rule:
    """A rule, read from its text."""
    return read_rule(identifier, rule_text(query, **more))


def python(text: str, path: str = "app.py") -> SourceFile:
    """A parsed file of Python."""
    return source(path, text)


def source(path: str, text: str) -> SourceFile:
    """A parsed file."""
    file = parse_source(path, text.encode())
    assert file is not None
    return file


CALLS = RuleSet([make_rule("no-calls")])
