"""Writes a page for each built-in rule and their index to `docs/rules/`, or checks that they are current.

usage: python scripts/export_rules.py [--check] [--folder ROOT]
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from pathlib import Path

from aura_code.findings.answering import is_fixable, languages_of
from aura_code.findings.loading import RuleSet, load_rules
from aura_code.findings.model import Rule, RulePart
from aura_languages import languages

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "python scripts/export_rules.py"
CATEGORIES = ("correctness", "reliability", "security", "performance", "maintainability", "style", "gap")
HASH_COMMENTS = frozenset({"python"})

INTRODUCTION = f"""\
# Rules

Generated from the files in `services/aura_code/rules/` by `{COMMAND}`.

Each rule is one file: a query over the syntax, a check where a query does not suffice, an explanation, and examples
that are its tests. `error`: wrong or dangerous as it stands. `warning`: very probably a mistake. `hint`: an opinion, or
worth a look. A rule that is *off* waits until a team switches it on in `.aura/config.toml`:

```toml
[findings]
on = ["long-function", "style"]
off = ["duplicate-branch"]
levels = {{ broad-except = "error" }}

[findings.options.long-function]
lines = 60
```
"""


def page_of(rule: Rule) -> str:
    """The page of a rule; its parts are the same for every rule."""
    state = "on" if rule.default else "off"
    facts = [f"**{rule.level}**", rule.category, f"{state} by default"]
    facts += [", ".join(languages()[name].name for name in languages_of(rule))] if languages_of(rule) else []
    facts += ["has a fix"] if is_fixable(rule) else []
    facts += ["leaves tests alone"] if not rule.in_tests else []
    parts = [
        f"# {rule.id}",
        f"{rule.title}.",
        " · ".join(facts),
        "## What it does",
        wrapped(rule.what),
        "## Why it matters",
        wrapped(rule.why),
        "## Example",
        *(_examples(part, bad=True) for part in _shown(rule)),
        "## Instead",
        wrapped(rule.how),
        *(_examples(part, bad=False) for part in _shown(rule)),
        "## Options",
        _options(rule),
        "## Silencing",
        _silencing(rule),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def wrapped(text: str) -> str:
    """Paragraphs with lines of at most 120 characters; lists and code stay as they are."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(
        paragraph
        if paragraph.lstrip().startswith(("- ", "* ", "1. ", "```", "    "))
        else textwrap.fill(" ".join(paragraph.split()), 120, break_long_words=False, break_on_hyphens=False)
        for paragraph in paragraphs
    )


def _shown(rule: Rule) -> list[RulePart]:
    """One part a language: those that JavaScript and TypeScript share are shown once."""
    seen: set[str] = set()
    shown: list[RulePart] = []
    for part in rule.parts:
        if part.languages[0] not in seen:
            seen.update(part.languages)
            shown.append(part)
    return shown


def _examples(part: RulePart, *, bad: bool) -> str:
    examples = part.bad if bad else part.good
    code = examples[0].code.strip("\n")
    if not bad and part.bad[0].fixed is not None:
        code = part.bad[0].fixed.strip("\n").replace("  # <-", "").replace("  // <-", "")
    fence = "````" if "```" in code else "```"
    return f"{fence}{part.languages[0]}\n{code}\n{fence}"


def _options(rule: Rule) -> str:
    if not rule.options:
        return "None."
    rows = "\n".join(f"| `{name}` | {value} |" for name, value in rule.options.items())
    return f"| option | default |\n|---|---:|\n{rows}"


def _silencing(rule: Rule) -> str:
    marks = {"#" if name in HASH_COMMENTS else "//" for name in languages_of(rule)} or {"#"}
    ways = " or ".join(f"`{mark} aura: ignore[{rule.id}] the reason`" for mark in sorted(marks))
    text = f"{ways} on the line, or alone on the line before."
    if rule.replaced_by:
        others = ", ".join(f"`{other}`" for other in rule.replaced_by)
        text += f" Comments that silence {others} count too; where the project runs such a tool, this rule is silent."
    return wrapped(text)


def index_of(rules: RuleSet) -> str:
    """The index: a table a category."""
    parts = [INTRODUCTION]
    for category in CATEGORIES:
        chosen = [rule for rule in rules if rule.category == category]
        if not chosen:
            continue
        rows = [
            f"\n## {category.capitalize()}\n",
            "| rule | what | level | | languages | fix |",
            "|---|---|---|---|---|---|",
        ]
        for rule in chosen:
            names = ", ".join(languages_of(rule))
            state, fix = "on" if rule.default else "off", "yes" if is_fixable(rule) else ""
            rows.append(f"| [{rule.id}]({rule.id}.md) | {rule.title} | {rule.level} | {state} | {names} | {fix} |")
        parts.append("\n".join(rows) + "\n")
    return "".join(parts)


def pages() -> dict[str, str]:
    """Every page by its name."""
    rules = load_rules()
    if rules.problems:
        raise SystemExit("\n".join(problem.reason for problem in rules.problems))
    return {"index.md": index_of(rules), **{f"{rule.id}.md": page_of(rule) for rule in rules}}


def main(arguments: list[str]) -> int:
    """Write the pages, or check them; returns the exit code."""
    parser = argparse.ArgumentParser(description="Writes docs/rules/.")
    parser.add_argument("--check", action="store_true", help="fail when a page is out of date")
    parser.add_argument("--folder", type=Path, default=ROOT, help="the project's folder")
    options = parser.parse_args(arguments)
    folder: Path = options.folder / "docs" / "rules"
    wanted = pages()
    present = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.md")}
    if options.check:
        stale = sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))
        for name in stale:
            print(f"docs/rules/{name} is out of date: run `{COMMAND}`", file=sys.stderr)
        return 1 if stale else 0
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name in present.keys() - wanted.keys():
        (folder / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
