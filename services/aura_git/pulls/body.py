"""The text of a pull request, made of facts alone: nothing is said that git or the analysis does not show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from aura_git.commits.breaking import BreakingChanges
from aura_git.commits.contract import CommitMessage
from aura_git.pulls.blocks import block, harmless
from aura_git.pulls.dependencies import LOCK_FILES
from aura_git.pulls.gathering import Branch, ChangedFile, Task
from aura_git.pulls.templates import fill
from aura_git.pulls.trying import Tried
from aura_shared.messages.plan_exchange import LinkedItem
from aura_shared.messages.pulls import PullReviewer
from aura_shared.messages.review import ReviewFacts
from aura_shared.messages.wording import WordedPull

__all__ = ["Facts", "body_of", "diffstat_of", "is_folded", "is_test", "title_of"]

_EFFECT: Final = {"feat": 2, "fix": 1, "perf": 1, "revert": 1}
_TITLES: Final = {
    "": "Other", "feat": "Features", "fix": "Fixes", "perf": "Performance", "refactor": "Refactoring", "docs": "Docs",
    "test": "Tests", "build": "Build", "ci": "CI", "chore": "Chores", "style": "Style", "revert": "Reverts",
}  # fmt: skip
_ORDER: Final = tuple(name for name in _TITLES if name)
_TEST: Final = re.compile(
    r"(?:^|/)(?:tests?|__tests__|spec|specs|testing|e2e)/|(?:^|/)test_[^/]*\.py$|_test\.(?:py|go|rs|rb|ts|js)$"
    r"|\.(?:test|spec)\.[cm]?[jt]sx?$|Tests?\.java$|_spec\.rb$",
    re.IGNORECASE,
)
_FOLDED: Final = re.compile(
    r"(?:^|/)(?:vendor|third_party|node_modules|dist|generated|__generated__)/|\.min\.(?:js|css)$|_pb2(?:_grpc)?\.pyi?$"
    r"|\.pb\.go$|\.generated\.|_generated\.|\.snap$",
)
_MIGRATION: Final = re.compile(r"(?:^|/)(?:migrations?|migrate|alembic/versions|flyway)/|\.sql$", re.IGNORECASE)
_LONG_FILE: Final = 300
_MOST_LINES: Final = 40
_MOST_SHOWN: Final = 15
_TITLE: Final = 72


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the text is made of."""

    branch: Branch
    tasks: Sequence[Task] = ()
    items: Sequence[LinkedItem] = ()
    """Items of the plan that its commits or its name mean."""
    review: ReviewFacts | None = None
    """None when the change was not analysed."""
    not_analysed: str = ""
    """Why not."""
    dependencies: Sequence[str] = ()
    reviewers: Sequence[PullReviewer] = ()
    generated: frozenset[str] = frozenset()
    """Paths that `.gitattributes` calls generated or vendored."""
    worded: WordedPull | None = None
    tried: Tried | None = None
    """What was run; None when nothing was to be."""
    notes: list[str] = field(default_factory=list[str])


def is_test(path: str) -> bool:
    """Whether a path is one of tests, by its name."""
    return _TEST.search(path) is not None


def is_folded(path: str) -> bool:
    """Whether nobody reads a file: a lock file, or generated or vendored by its name."""
    return path.rsplit("/", 1)[-1] in LOCK_FILES or _FOLDED.search(path) is not None


def title_of(branch: Branch, worded: WordedPull | None = None) -> str:
    """The title: the header of the only commit; of several, the one with the highest effect on the version.

    What a model worded counts only when it keeps that type and the mark of a breaking change.
    """
    made = _title(branch)
    if worded is None or not worded.title.strip():
        return made
    before, after = made.partition(":"), worded.title.strip().partition(":")
    same = bool(before[1]) == bool(after[1]) and (not before[1] or _kind(before[0]) == _kind(after[0]))
    return worded.title.strip() if same else made


def _kind(prefix: str) -> tuple[str, bool]:
    return prefix.partition("(")[0].rstrip("!").strip().lower(), prefix.endswith("!")


def _title(branch: Branch) -> str:
    if not branch.commits:
        return _from_name(branch.name)
    real = [
        (commit, message)
        for commit, message in zip(branch.commits, branch.messages, strict=True)
        if not re.match(r"(?:fixup|squash|amend)! ", commit.subject)
    ] or list(zip(branch.commits, branch.messages, strict=True))
    # The first one of the highest effect says what the branch is for; what follows usually completes it.
    commit, message = max(real, key=lambda pair: _effect(pair[1]))
    title = commit.subject
    breaking = any(one.breaking for one in branch.messages)
    if breaking and message.type and not title.partition(":")[0].endswith("!"):
        head, colon, rest = title.partition(":")
        title = f"{head}!{colon}{rest}"
    return title if len(title) <= 2 * _TITLE else f"{title[: 2 * _TITLE - 1].rstrip()}…"


def _effect(message: CommitMessage) -> int:
    return 3 if message.breaking else _EFFECT.get(message.type.lower(), 0)


def _from_name(name: str) -> str:
    return name.rsplit("/", 1)[-1].replace("-", " ").replace("_", " ").strip().capitalize() or name


def body_of(facts: Facts, template: str = "") -> str:
    """The whole text; with a template its headings are filled, and what found no place follows at the end."""
    parts = {
        "why": _why(facts),
        "plan": _plan(facts),
        "changes": _changes(facts),
        "risk": _risk(facts),
        "tests": _tests(facts),
        "size": _size(facts),
        "reviewers": _reviewers(facts),
    }
    if not template.strip():
        return block("all", "\n\n".join(_section(name, text) for name, text in parts.items() if text)) + "\n"
    text, used = fill(template, {**parts, "disclosure": _disclosure(facts)})
    rest = [_section(name, one) for name, one in parts.items() if one and name not in used]
    return f"{text.rstrip()}\n\n{block('more', chr(10).join(rest))}\n" if rest else f"{text.rstrip()}\n"


_HEADINGS: Final = {
    "why": "Why", "plan": "Plan", "changes": "What changed", "risk": "Risk", "tests": "Tests", "size": "Size",
    "reviewers": "Reviewers",
}  # fmt: skip


def _section(name: str, text: str) -> str:
    return f"## {_HEADINGS[name]}\n\n{text}\n"


def _why(facts: Facts) -> str:
    lines = [f"- {'Closes' if task.closes else 'For'} {harmless(task.name)} ({task.source})" for task in facts.tasks]
    if facts.worded is not None and facts.worded.why.strip():
        return "\n\n".join([harmless(facts.worded.why.strip()), "\n".join(lines)]).strip()
    bodies = [message.body.strip() for message in facts.branch.messages if message.body.strip()]
    if len(facts.branch.commits) == 1 and bodies:
        return "\n\n".join([harmless(bodies[0]), "\n".join(lines)]).strip()
    return "\n".join(lines) or "_No task is linked, and the commits do not say why._"


def _plan(facts: Facts) -> str:
    """Items of the plan with their state, as it is now."""
    lines = [
        f"- {harmless(one.title or one.path)} ({one.kind} {harmless(one.alias or one.id)}): {one.status or 'no status'}"
        for one in facts.items
    ]
    return "\n".join(_bounded(lines, _MOST_SHOWN))


def _changes(facts: Facts) -> str:
    groups: dict[str, list[str]] = {}
    for commit, message in zip(facts.branch.commits, facts.branch.messages, strict=True):
        kind = message.type.lower()
        scope = f"**{message.scope}:** " if message.scope and kind else ""
        mark = "**breaking** " if message.breaking else ""
        text = message.description if kind else commit.subject
        groups.setdefault(kind, []).append(f"- {mark}{scope}{harmless(text)} ({commit.hash[:9]})")
    order = [*_ORDER, *sorted(set(groups) - {*_ORDER, ""}), ""]
    told: list[str] = []
    for kind in (one for one in order if one in groups):
        title = _TITLES.get(kind, kind.capitalize())
        told.append("\n".join([f"**{harmless(title)}**", "", *_bounded(groups[kind], _MOST_LINES)]))
    if facts.branch.more:
        told.append(f"_Only the newest {len(facts.branch.commits)} commits are listed._")
    return "\n\n".join(told) or "_Only merges._"


def _bounded(lines: Sequence[str], most: int) -> list[str]:
    return [*lines[:most], *([f"- and {len(lines) - most} more"] if len(lines) > most else [])]


def _risk(facts: Facts) -> str:
    lines = [
        *_breaking(facts),
        *(f"- Dependencies: {harmless(line)}" for line in facts.dependencies),
        *(f"- Migration: `{file.path}`" for file in facts.branch.files if _MIGRATION.search(file.path)),
        *_long(facts),
    ]
    if facts.review is None:
        lines.append(f"- Public API and findings: not analysed: {harmless(facts.not_analysed or 'no answer')}")
    elif facts.review.risk is not None:
        reasons = "; ".join(facts.review.risk.factors[:3])
        lines.append(f"- Overall: {facts.review.risk.level}{f' ({harmless(reasons)})' if reasons else ''}")
    folded = [file for file in facts.branch.files if _nobody_reads(facts, file)]
    if folded:
        lines += ["", _details(f"{_many(len(folded), 'generated or vendored file')}", [_line(file) for file in folded])]
    return "\n".join(lines) or "- Nothing was found: no breaking change, dependency, migration or long file."


def _breaking(facts: Facts) -> Iterator[str]:
    for commit, message in zip(facts.branch.commits, facts.branch.messages, strict=True):
        if message.breaking:
            said = [one.value for one in message.footers if one.token in {"BREAKING CHANGE", "BREAKING-CHANGE"}]
            yield f"- **Breaking** (said by {commit.hash[:9]}): {harmless(said[0] if said else message.description)}"
    if facts.review is None:
        return
    told = BreakingChanges(tuple(one for one in facts.review.api if one.breaking)).changes
    for one in told[:_MOST_SHOWN]:
        left = f"; {_many(one.users, 'use')} known" if one.users else ""
        yield f"- **Breaking**: `{one.symbol}` in `{one.path}`: {harmless(one.detail)}{left}"
    for what, verb in (("added", "added"), ("removed", "removed")):
        names = [f"`{one.symbol}`" for one in facts.review.api if one.kind == what]
        if names:
            more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
            yield f"- Public API {verb}: {', '.join(names[:_MOST_SHOWN])}{more}"


def _long(facts: Facts) -> Iterator[str]:
    for file in facts.branch.files:
        if file.added + file.removed > _LONG_FILE and not _nobody_reads(facts, file):
            yield f"- Large change: {_line(file)}"


def _nobody_reads(facts: Facts, file: ChangedFile) -> bool:
    known = {one.path for one in facts.review.files if one.generated} if facts.review is not None else set[str]()
    return is_folded(file.path) or file.path in facts.generated or file.path in known


def _line(file: ChangedFile) -> str:
    return f"`{file.path}` ({'binary' if file.binary else f'+{file.added}/-{file.removed}'})"


def _details(title: str, lines: Sequence[str]) -> str:
    shown = "\n".join(_bounded([f"- {line}" for line in lines], _MOST_LINES))
    return f"<details><summary>{title}</summary>\n\n{shown}\n\n</details>"


def _tests(facts: Facts) -> str:
    touched = [file for file in facts.branch.files if is_test(file.path)]
    lines = _bounded([f"- {_line(file)}" for file in touched], _MOST_SHOWN)
    head = f"{_many(len(touched), 'test file')} touched:" if touched else "No test file is touched."
    if facts.review is not None and facts.review.untested:
        names = ", ".join(f"`{one.symbol}`" for one in facts.review.untested[:_MOST_SHOWN])
        lines.append(f"- No test was found for {names}")
    return "\n".join([head, "", *lines, "", _run(facts.tried)]).replace("\n\n\n", "\n\n")


def _run(tried: Tried | None) -> str:
    """What was run with its result; of what was not run nothing else is said."""
    if tried is None:
        return "Run by Aura: not run."
    ran = tried.ran
    if ran is None or not ran.sandbox:
        why = (tried.problem or (ran.detail if ran is not None else "")).strip()
        return f"Run by Aura: not run{f' ({harmless(why.splitlines()[0])})' if why else ''}."
    where = f"in the sandbox ({ran.sandbox}) at {tried.commit[:9]}"
    outcome = {"skipped": "no result"}.get(ran.outcome, ran.outcome)
    files = _many(len(ran.tests), "file")
    head = f"Run by Aura {where}, the tests that reach the change ({files}): **{outcome}**"
    detail = _bounded(harmless(ran.detail.strip()).splitlines(), _MOST_LINES)
    longest = max((len(one) for one in re.findall(r"`+", ran.detail)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([head, *(["", f"{fence}text", *detail, fence] if detail else [])])


def _size(facts: Facts) -> str:
    branch = facts.branch
    added = sum(file.added for file in branch.files)
    removed = sum(file.removed for file in branch.files)
    folded = [file for file in branch.files if _nobody_reads(facts, file)]
    read = f", of these {_many(len(folded), 'file')} generated or vendored" if folded else ""
    commits = f"{_many(len(branch.commits), 'commit')}"
    return f"{commits}, {_many(len(branch.files), 'file')}, +{added}/-{removed} lines{read}."


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _reviewers(facts: Facts) -> str:
    # Within code marks nobody is called: only the forge's own field asks somebody.
    lines = [
        f"- `{one.name}`: owns {_many(one.files, 'changed file')} (CODEOWNERS)"
        if one.source == "CODEOWNERS"
        else f"- `{one.name.partition(' <')[0]}`: wrote {_many(one.lines, 'changed line')} (blame)"
        for one in facts.reviewers
    ]
    return "\n".join(lines)


def _disclosure(facts: Facts) -> str:
    made = (
        f"Title or reason of this text were worded by the model `{facts.worded.model}` from the commits; all other "
        "facts in it come from git and static analysis."
        if facts.worded is not None
        else "This text was assembled by Aura from git and static analysis; no model worded it."
    )
    footers = [one for message in facts.branch.messages for one in message.footers]
    helped = sorted({one.value for one in footers if one.token.startswith("Co-authored")})
    told = f" Commits name co-authors: {', '.join(f'`{harmless(one)}`' for one in helped)}." if helped else ""
    return f"{made}{told} Whether a model helped with the code itself is for the author to say."


def diffstat_of(files: Sequence[ChangedFile]) -> list[str]:
    """Changed files with their counts, as a model is given them."""
    return [f"{file.path} +{file.added} -{file.removed}" for file in files[:2000]]
