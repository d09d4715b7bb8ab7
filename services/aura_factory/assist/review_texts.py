"""A review as Markdown and as JSON. The same facts always give the same text."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aura_shared.messages.review import ReviewFacts, ReviewFinding

__all__ = ["Review", "as_json", "as_markdown", "plain_summary"]

_MOST_FILES: Final = 100
_MOST_FINDINGS: Final = 100
_MOST_TESTS: Final = 15
_COMMIT: Final = re.compile(r"[0-9a-f]{40,64}")
_KINDS: Final = ("added", "modified", "renamed", "deleted", "binary")


@dataclass(frozen=True, slots=True)
class Review:
    """Everything that a review says."""

    facts: ReviewFacts
    summary: str
    model_questions: tuple[str, ...] = ()
    """Asked by a model; the measured ones are in the facts."""


def plain_summary(facts: ReviewFacts) -> str:
    """What a change does, counted."""
    if not facts.files:
        return facts.reason or "Nothing is changed."
    added, removed = sum(file.added for file in facts.files), sum(file.removed for file in facts.files)
    kinds = Counter(file.kind for file in facts.files)
    counted = ", ".join(f"{kinds[kind]} {kind}" for kind in _KINDS if kinds[kind])
    files = _counted(len(facts.files), "file")
    parts = [f"Changes {files} ({counted}): {added} lines added, {removed} removed."]
    symbols = list(dict.fromkeys(name for file in facts.files if not file.is_test for name in file.symbols))
    if symbols:
        more = f" and {len(symbols) - 8} more" if len(symbols) > 8 else ""
        parts.append(f"It touches {', '.join(f'`{name}`' for name in symbols[:8])}{more}.")
    if facts.impact_files:
        verb = "uses" if facts.impact_files == 1 else "use"
        parts.append(f"{_counted(facts.impact_files, 'file')} {verb} what it changes.")
    tests = sum(file.is_test for file in facts.files)
    parts.append(f"It changes {_counted(tests, 'file')} of tests." if tests else "It changes no test.")
    return " ".join(parts)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def as_markdown(review: Review) -> str:
    """The review for people."""
    facts = review.facts
    lines = [f"# Review: {facts.title or _compared(facts)}", ""]
    if facts.title:
        lines += [_compared(facts), ""]
    lines += [review.summary, ""]
    for part in (_risk(facts), _breaking(facts), _findings(facts), _untested(facts), _questions(review),
                 _files(facts), _tests(facts)):  # fmt: skip
        body = list(part)
        if body:
            lines += [*body, ""]
    if facts.cut:
        lines += ["The diff is longer than what was looked at here; the rest was measured all the same.", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _compared(facts: ReviewFacts) -> str:
    base, head = _short(facts.base), _short(facts.head)
    return f"{base}..{head}" if base and head else head or base or "the change"


def _short(revision: str) -> str:
    """A commit as people write it; other words stay."""
    return revision[:12] if _COMMIT.fullmatch(revision) else revision


def _risk(facts: ReviewFacts) -> Iterator[str]:
    if facts.risk is None:
        return
    yield f"## Risk: {facts.risk.level} ({facts.risk.score:.2f})"
    yield ""
    yield from (f"- {factor}" for factor in facts.risk.factors or ["nothing speaks for one"])


def _breaking(facts: ReviewFacts) -> Iterator[str]:
    if not facts.api:
        return
    breaking = sum(change.breaking for change in facts.api)
    yield f"## Changes of what others use ({breaking} breaking)"
    yield ""
    for change in facts.api:
        mark = "**breaking** " if change.breaking else ""
        users = f"; {change.users} {'place uses' if change.users == 1 else 'places use'} it" if change.users else ""
        yield f"- {mark}{change.kind} `{change.symbol}` {change.path}:{change.line}: {change.detail}{users}"
        yield from (f"  - not changed with it: {user}" for user in change.users_left)


def _findings(facts: ReviewFacts) -> Iterator[str]:
    gone = f", {facts.resolved} mended" if facts.resolved else ""
    if not facts.findings and not facts.resolved:
        return
    yield f"## Findings on changed lines ({len(facts.findings)}{gone})"
    yield ""
    for one in facts.findings[:_MOST_FINDINGS]:
        yield f"- {one.level} {one.path}:{one.line}: {one.message} (`{one.rule}`)" + _why(one)
        if one.fix:
            yield from ("", *(f"  {line}" for line in ("```diff", *one.fix.rstrip("\n").split("\n"), "```")), "")
    if len(facts.findings) > _MOST_FINDINGS:
        yield f"- and {len(facts.findings) - _MOST_FINDINGS} more"


def _why(one: ReviewFinding) -> str:
    return f" {' '.join(one.why.split())}" if one.why else ""


def _untested(facts: ReviewFacts) -> Iterator[str]:
    if not facts.untested:
        return
    yield f"## Not tested ({len(facts.untested)})"
    yield ""
    for one in facts.untested:
        hint = f" {one.suggestion}" if one.suggestion else ""
        yield f"- `{one.symbol}` {one.path}:{one.line}: {one.reason}{hint}"


def _questions(review: Review) -> Iterator[str]:
    if not review.facts.questions and not review.model_questions:
        return
    yield "## Questions to the author"
    yield ""
    yield from (f"- {question}" for question in review.facts.questions)
    yield from (f"- {question} *(asked by a model)*" for question in review.model_questions)


def _files(facts: ReviewFacts) -> Iterator[str]:
    if not facts.files:
        return
    yield "## Files, in the order in which to read them"
    yield ""
    for file in facts.files[:_MOST_FILES]:
        was = f" (was {file.old_path})" if file.old_path else ""
        mark = " generated" if file.generated else " test" if file.is_test else ""
        symbols = f": {', '.join(f'`{name}`' for name in file.symbols[:6])}" if file.symbols else ""
        yield f"- {file.kind}{mark} {file.path}{was} +{file.added} -{file.removed}{symbols}"
    if len(facts.files) > _MOST_FILES:
        yield f"- and {len(facts.files) - _MOST_FILES} more"


def _tests(facts: ReviewFacts) -> Iterator[str]:
    if not facts.tests:
        return
    yield f"## Tests that reach it ({len(facts.tests)})"
    yield ""
    yield from (f"- {test}" for test in facts.tests[:_MOST_TESTS])
    if len(facts.tests) > _MOST_TESTS:
        yield f"- and {len(facts.tests) - _MOST_TESTS} more"


def as_json(review: Review) -> str:
    """The review for programs, without the diff."""
    facts = review.facts.model_dump(mode="json", exclude={"diff"})
    document = {
        "format": "aura-review/1",
        "summary": review.summary,
        "model_questions": list(review.model_questions),
        **facts,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
