"""Checks messages; rules are named as in commitlint, with the defaults of its config-conventional."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from aura_git.commits.casing import has_case
from aura_git.commits.contract import Habits, LintProblem, LintRule
from aura_git.commits.grammar import BREAKING, clean_message
from aura_git.commits.history import PastCommit, is_ordinary, list_commits
from aura_git.repository import Repository
from aura_shared.errors import UnknownRef

__all__ = ["CONVENTIONAL", "TYPES", "LintedCommit", "kept_rules", "lint_message", "lint_range", "rules_of"]

TYPES: Final = ("build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "revert", "style", "test")
"""Types that config-conventional allows."""
CONVENTIONAL: Final[Mapping[str, LintRule]] = {
    "body-leading-blank": LintRule("warning"),
    "body-max-line-length": LintRule("error", value=100),
    "footer-leading-blank": LintRule("warning"),
    "footer-max-line-length": LintRule("error", value=100),
    "header-max-length": LintRule("error", value=100),
    "header-trim": LintRule("error"),
    "subject-case": LintRule("error", always=False, value=("sentence-case", "start-case", "pascal-case", "upper-case")),
    "subject-empty": LintRule("error", always=False),
    "subject-full-stop": LintRule("error", always=False, value="."),
    "type-case": LintRule("error", value="lower-case"),
    "type-empty": LintRule("error", always=False),
    "type-enum": LintRule("error", value=TYPES),
}
"""The rules of config-conventional."""
_FREE: Final[Mapping[str, LintRule]] = {
    name: CONVENTIONAL[name]
    for name in ("body-leading-blank", "footer-leading-blank", "header-max-length", "header-trim")
}
"""Rules where the history does not follow Conventional Commits."""
_HEADER: Final = re.compile(r"^(?P<type>[\w-]*)(?:\((?P<scope>.*)\))?(?P<bang>!?): (?P<subject>.*)$")
_LEADING: Final = re.compile(r"^(?::\w+:|[^\w\s(]+)\s+(?=\w+[(:!])")
_IGNORED: Final = re.compile(
    r"^(?:Merge pull request|Merge .*? into |Merge branch |Merge tag |Merge remote-tracking branch"
    r"|Merged .*?(?:in|into) |Merged PR .*: |Automatic merge|Auto-merged .*? into "
    r"|[Rr]evert |[Rr]eapply |(?:amend|fixup|squash)! |v?\d+\.\d+\.\d+\S*[ \t]*(?:\n|$))"
)
_FIXUP: Final = re.compile(r"^(?:amend|fixup|squash)! ")
_NOTE: Final = re.compile(r"^BREAKING[ -]CHANGE: ")
_TRAILER: Final = re.compile(r"^[A-Za-z][\w-]*(?:: | #)\S")
_REFERENCE: Final = re.compile(r"(?:[\w./-]+)?#\d+\b|\b[A-Z][A-Z\d]+-\d+\b|\bGH-\d+\b")
_SCOPES: Final = re.compile(r"[/\\]|, ?")
_USED: Final = 3
"""How often history has to use a type, so that it needs no configuration."""
_LEAST_COUNTED: Final = 20
_MOST_COUNTED: Final = 200
_KEPT: Final = 0.9
_MOSTLY_KEPT: Final = 0.7
_OF_LINES: Final = frozenset({"body-max-line-length", "footer-max-line-length"})
_BUMPED: Final = re.compile(r"^\[?(?:bump(?:ed|s)?|released?)\b.*\d+\.\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LintedCommit:
    """A commit and what is wrong with its message."""

    hash: str
    subject: str
    problems: tuple[LintProblem, ...]


@dataclass(frozen=True, slots=True)
class _Parts:
    """A message as the rules see it; None for what is not there."""

    header: str
    raw_header: str
    type: str | None
    scope: str | None
    subject: str | None
    bang: bool
    body: tuple[str, ...]
    body_line: int
    footer: tuple[str, ...]
    footer_line: int
    lines: tuple[str, ...]

    def of(self, name: str) -> str | None:
        """One part by the name that rules begin with."""
        texts = {"header": self.header, "type": self.type, "scope": self.scope, "subject": self.subject}
        if name in texts:
            return texts[name]
        return "\n".join(self.body if name == "body" else self.footer) or None

    def line(self, name: str) -> int:
        """Where it begins, from 1."""
        return {"body": self.body_line, "footer": self.footer_line}.get(name, 1)


def rules_of(habits: Habits | None) -> dict[str, LintRule]:
    """The rules that hold in a repository: those of config-conventional, its types and scopes, its configuration."""
    habits = habits or Habits()
    if habits.style != "conventional" and not habits.rules and not habits.allowed_types:
        return dict(_FREE)
    rules = dict(CONVENTIONAL)
    used = tuple(name for name, count in habits.types.items() if count >= _USED and name not in TYPES)
    rules["type-enum"] = LintRule("error", value=habits.allowed_types or (*TYPES, *used))
    if any(not name.islower() for name in (*habits.allowed_types, *used)):
        del rules["type-case"]
    if habits.allowed_scopes:
        rules["scope-enum"] = LintRule("error", value=habits.allowed_scopes)
    if habits.capitalised:
        del rules["subject-case"]
    if habits.full_stop:
        del rules["subject-full-stop"]
    return {**rules, **habits.rules}


def kept_rules(habits: Habits, commits: Sequence[PastCommit]) -> dict[str, LintRule]:
    """The rules of a repository, as strict as its own messages are.

    What its configuration says counts as it is. Another rule is an error where nine of ten messages keep it, a warning
    where seven do, and off where fewer do: nobody agreed on it there. Long lines of a body are never more than a
    warning then.

    Args:
        habits: Of the repository.
        commits: Ordinary ones, newest first.
    """
    rules = rules_of(habits)
    messages = [one.message for one in commits[:_MOST_COUNTED] if not _BUMPED.match(one.subject)]
    if habits.rules or len(messages) < _LEAST_COUNTED:
        return rules
    broken = Counter(name for text in messages for name in {one.rule for one in _problems(text, habits, rules)})
    asked = {name for name, of in (("type-enum", habits.allowed_types), ("scope-enum", habits.allowed_scopes)) if of}
    for name in broken.keys() - asked:
        kept = 1 - broken[name] / len(messages)
        if kept < _MOSTLY_KEPT:
            rules[name] = replace(rules[name], level="off")
        elif kept < _KEPT or name in _OF_LINES:
            rules[name] = replace(rules[name], level="warning")
    return rules


def lint_message(
    text: str, habits: Habits | None = None, *, comment: str = "#", rules: Mapping[str, LintRule] | None = None
) -> list[LintProblem]:
    """What is wrong with a message, errors first, in the order of its lines.

    Args:
        text: The message, as an editor leaves it or as a commit has it.
        habits: Of its repository; None for config-conventional alone.
        comment: What comments begin with; empty when there are none.
        rules: From `kept_rules`; without, those of config-conventional and of the configuration.

    Returns:
        Nothing for one that passes, and for those that git or a forge wrote: merges, reverts, fixups, versions.
    """
    text = clean_message(text, comment)
    if any(re.search(form, text) for form in habits.ignores) if habits else False:
        return []
    if _IGNORED.match(text):
        return []
    found = _problems(text, habits, rules_of(habits) if rules is None else rules)
    return sorted(found, key=lambda one: (one.level != "error", one.line))


def _problems(text: str, habits: Habits | None, rules: Mapping[str, LintRule]) -> Iterator[LintProblem]:
    parts = _split(text, emoji=bool(habits and habits.emoji))
    for name, rule in rules.items():
        if rule.level != "off" and (check := _check_of(name)) is not None:
            for line, message in check(parts, rule):
                yield LintProblem(name, "warning" if rule.level == "warning" else "error", line, message)


def lint_range(
    repository: Repository,
    revisions: str,
    habits: Habits | None = None,
    *,
    rules: Mapping[str, LintRule] | None = None,
) -> list[LintedCommit]:
    """What is wrong with the messages of a range, oldest first; commits that pass have no problems.

    Args:
        repository: Which.
        revisions: `A..B`, or one name for what leads to it; `A..` ends at HEAD.
        habits: Of the repository.
        rules: From `kept_rules`; where no configuration sets them, what programs wrote (bots, releases) passes.

    Raises:
        UnknownRef: A name stands for no commit.
    """
    start, dots, end = revisions.partition("..")
    if end.startswith("."):
        raise UnknownRef(f"{revisions!r} has three points", hint="Give a range as `OLD..NEW`, such as `main..HEAD`.")
    stop = repository.git.commit_of(start or "HEAD") if dots else ""
    begin = repository.git.commit_of((end if dots else revisions) or "HEAD")
    commits = reversed(list_commits(repository, begin, most=10_000, stop=stop))
    return [_lint_commit(one, habits, rules) for one in commits]


def _lint_commit(commit: PastCommit, habits: Habits | None, rules: Mapping[str, LintRule] | None) -> LintedCommit:
    set_up = rules is None or bool(habits and habits.rules)
    checked = not commit.merge and (set_up or (is_ordinary(commit) and not _BUMPED.match(commit.subject)))
    problems = lint_message(commit.message, habits, comment="", rules=rules) if checked else []
    if _FIXUP.match(commit.subject):
        told = "it waits to be squashed into another commit: git rebase --interactive --autosquash"
        problems.append(LintProblem("fixup-left", "warning", 1, told))
    return LintedCommit(commit.hash, commit.subject, tuple(problems))


def _split(text: str, *, emoji: bool) -> _Parts:
    lines = tuple(text.split("\n"))
    raw = lines[0]
    header = _LEADING.sub("", raw) if emoji else raw
    found = _HEADER.match(header)
    footer = _footer_at(lines)
    body = tuple(_stripped(lines[1:footer]))
    first = next((at for at, line in enumerate(lines[1:footer], 1) if line.strip()), 1)
    return _Parts(
        header=header.strip(),
        raw_header=raw,
        type=found["type"] or None if found else None,
        scope=found["scope"] or None if found else None,
        subject=found["subject"].strip() or None if found else None,
        bang=bool(found and found["bang"]),
        body=body,
        body_line=first + 1,
        footer=tuple(_stripped(lines[footer:])),
        footer_line=footer + 1,
        lines=lines,
    )


def _stripped(lines: tuple[str, ...]) -> list[str]:
    return "\n".join(lines).strip("\n").split("\n") if any(line.strip() for line in lines) else []


def _footer_at(lines: tuple[str, ...]) -> int:
    """Where the footers begin: at a note of a breaking change, or with the last paragraphs of trailers."""
    note = next((at for at, line in enumerate(lines[1:], 1) if _NOTE.match(line)), len(lines))
    start = len(lines)
    for at in range(len(lines) - 1, 0, -1):
        if _TRAILER.match(lines[at]):
            start = at
        elif lines[at].strip() and not lines[at].startswith((" ", "\t")):
            break
    return min(note, start)


# -- checks -----------------------------------------------------------------------------------------------------

_Check = Callable[[_Parts, LintRule], list[tuple[int, str]]]
_PART: Final = re.compile(r"^(header|type|scope|subject|body|footer)-(.+)$")


def _check_of(name: str) -> _Check | None:
    if name in _OWN:
        return _OWN[name]
    found = _PART.match(name)
    check = _GENERAL.get(found[2]) if found else None
    if found is None or check is None:
        return None
    part = found[1]
    return lambda parts, rule: [(parts.line(part), told)] if (told := check(part, parts.of(part), rule)) else []


def _may(rule: LintRule) -> str:
    return "must" if rule.always else "may not"


def _empty(part: str, text: str | None, rule: LintRule) -> str:
    return "" if (not text) == rule.always else f"{part} {_may(rule)} be empty"


def _case(part: str, text: str | None, rule: LintRule) -> str:
    wanted = _texts(rule.value)
    if not text or not wanted or (part == "subject" and not text[0].isalpha()):
        return ""
    pieces = _SCOPES.split(text) if part == "scope" else [text]
    fits = all(any(has_case(piece, case) for case in wanted) for piece in pieces)
    return "" if fits == rule.always else f"{part} {_may(rule)} be {', '.join(wanted)}"


def _enum(part: str, text: str | None, rule: LintRule) -> str:
    allowed = _texts(rule.value)
    if not text or not allowed:
        return ""
    pieces = _SCOPES.split(text) if part == "scope" and text not in allowed else [text]
    fits = all(piece in allowed for piece in pieces)
    return "" if fits == rule.always else f"{part} {text!r} {_may(rule)} be one of [{', '.join(allowed)}]"


def _full_stop(part: str, text: str | None, rule: LintRule) -> str:
    mark = rule.value if isinstance(rule.value, str) else "."
    if not text:
        return ""
    ends = text.endswith(mark) and not (mark == "." and text.endswith("..."))
    return "" if ends == rule.always else f"{part} {_may(rule)} end with {mark!r}"


def _max_length(part: str, text: str | None, rule: LintRule) -> str:
    most = _number(rule.value)
    long = _length(text or "")
    if most is None or long <= most:
        return ""
    return f"{part} must not be longer than {most} characters, and has {long}"


def _min_length(part: str, text: str | None, rule: LintRule) -> str:
    least = _number(rule.value)
    if not text or least is None or _length(text) >= least:
        return ""
    return f"{part} must not be shorter than {least} characters, and has {_length(text)}"


_GENERAL: Final[Mapping[str, Callable[[str, str | None, LintRule], str]]] = {
    "empty": _empty,
    "case": _case,
    "enum": _enum,
    "full-stop": _full_stop,
    "max-length": _max_length,
    "min-length": _min_length,
}


def _leading_blank(part: Literal["body", "footer"]) -> _Check:
    def check(parts: _Parts, rule: LintRule) -> list[tuple[int, str]]:
        if not (parts.body if part == "body" else parts.footer):
            return []
        at = 1 if part == "body" else parts.footer_line - 2
        blank = at < len(parts.lines) and not parts.lines[at].strip()
        return [] if blank == rule.always else [(parts.line(part), f"{part} {_may(rule)} have a blank line before it")]

    return check


def _line_length(part: Literal["body", "footer"]) -> _Check:
    def check(parts: _Parts, rule: LintRule) -> list[tuple[int, str]]:
        most = _number(rule.value)
        lines = parts.body if part == "body" else parts.footer
        return [
            (
                parts.line(part) + at,
                f"{part}'s lines must not be longer than {most} characters; this has {_length(line)}",
            )
            for at, line in enumerate(lines)
            if most is not None and _length(line) > most and "://" not in line
        ]

    return check


def _trim(parts: _Parts, _rule: LintRule) -> list[tuple[int, str]]:
    if parts.raw_header == parts.raw_header.strip():
        return []
    return [(1, "header must not be surrounded by spaces")]


def _references(parts: _Parts, rule: LintRule) -> list[tuple[int, str]]:
    named = any(_REFERENCE.search(line) for line in parts.lines)
    return [] if named != rule.always else [(1, f"references {_may(rule)} be empty")]


def _trailer(parts: _Parts, rule: LintRule) -> list[tuple[int, str]]:
    wanted = rule.value if isinstance(rule.value, str) else "Signed-off-by:"
    there = any(line.startswith(wanted) for line in (*parts.footer, *parts.body))
    return [] if there == rule.always else [(len(parts.lines), f"message {_may(rule)} have the trailer {wanted!r}")]


def _exclamation(parts: _Parts, rule: LintRule) -> list[tuple[int, str]]:
    if parts.bang == rule.always:
        return []
    return [(1, f"subject {_may(rule)} have an exclamation mark before the colon")]


def _both_marks(parts: _Parts, rule: LintRule) -> list[tuple[int, str]]:
    note = any(line.startswith(BREAKING) for line in parts.footer)
    return (
        [] if (note == parts.bang) == rule.always else [(1, "a breaking change needs both `!` and a footer, or none")]
    )


_OWN: Final[Mapping[str, _Check]] = {
    "body-leading-blank": _leading_blank("body"),
    "footer-leading-blank": _leading_blank("footer"),
    "body-max-line-length": _line_length("body"),
    "footer-max-line-length": _line_length("footer"),
    "header-trim": _trim,
    "references-empty": _references,
    "signed-off-by": _trailer,
    "trailer-exists": _trailer,
    "subject-exclamation-mark": _exclamation,
    "breaking-change-exclamation-mark": _both_marks,
}


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, (list, tuple)):
        return tuple(one for one in value if isinstance(one, str))  # pyright: ignore[reportUnknownVariableType]
    return ()


def _number(value: object) -> int | None:
    return int(value) if isinstance(value, (int, float)) and value != float("inf") else None


def _length(text: str) -> int:
    """As JavaScript counts, and so commitlint: characters beyond the first plane are two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
