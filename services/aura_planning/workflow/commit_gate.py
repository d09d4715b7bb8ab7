"""Whether a commit may be made: no code before the documents are approved, none on a story that is not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aura_planning.items.ledger import Ledger
from aura_planning.items.model import Item
from aura_planning.workflow.gates import approved

__all__ = ["Work", "is_free", "items_of_branch", "items_of_message", "reasons_against"]

_FREE_FOLDERS: Final = (".ai/", ".aura/", "doc/", "docs/", ".cursor/rules/", ".github/instructions/", ".clinerules/")
_FREE_FILES: Final = frozenset({
    ".cursorrules", ".windsurfrules", ".clinerules", "agents.md", "claude.md", "gemini.md",
    ".github/copilot-instructions.md",
})  # fmt: skip
_TRAILER: Final = re.compile(
    r"(?P<key>task|story|item|refs?|references|part-of|issue)\s*:\s*(?P<value>\S.*)\Z", re.IGNORECASE
)
_PARTS: Final = re.compile(r"[/_.\-\s]+")
_VALUES: Final = re.compile(r"[,;\s]+")
_SCISSORS: Final = re.compile(r"# -+ >8 -+")


@dataclass(frozen=True, slots=True)
class Work:
    """What a commit would bring."""

    message: str
    branch: str
    """Empty where HEAD is on none."""
    paths: Sequence[str]
    """Changed files, relative to the folder of the plan."""


def is_free(path: str) -> bool:
    """Whether a file may change while nothing is approved: the plan, documentation, README and rules for agents."""
    low = path.lower()
    return low.startswith(_FREE_FOLDERS) or low in _FREE_FILES or low.rpartition("/")[2].startswith("readme")


def reasons_against(ledger: Ledger, work: Work) -> list[str]:
    """Why a commit is refused, each with what to do; empty when it may be made."""
    code = [path for path in work.paths if not is_free(path)]
    if not code:
        return []
    found = list(_planning_phase(ledger, code))
    named = [(item, f"the branch {work.branch}") for item in items_of_branch(ledger, work.branch)]
    named += [(item, f"the line {line!r}") for item, line in items_of_message(ledger, work.message)]
    seen: set[str] = set()
    for item, where in named:
        story = _story_of(ledger, item)
        if story is None or story.path in seen or approved(story):
            continue
        seen.add(story.path)
        why = f"changed since {story.approved_by} approved it" if story.approved_by else "is not approved"
        means = "" if story.path == item.path else f" of {_called(item)}"
        found.append(
            f"{where} means the story {_called(story)}{means} ({story.path}), which {why}: read it, then "
            f"`aura plan approve {story.id or story.path}`"
        )
    return found


def _planning_phase(ledger: Ledger, code: Sequence[str]) -> Iterator[str]:
    prds, designs = ledger.of_kind("prd"), ledger.of_kind("architecture")
    if not prds:
        return
    rest = f"until then only .ai/, docs, README and rules change, and {code[0]} is none of them"
    if not any(one.status == "approved" and approved(one) for one in prds):
        yield f"the PRD ({prds[0].path}) is not approved as it is: `aura prd approve`; {rest}"
    elif not any(one.status == "approved" and approved(one) for one in designs):
        what = (
            f"the architecture ({designs[0].path}) is not approved as it is" if designs else "there is no architecture"
        )
        do = "`aura plan approve architecture`" if designs else "`aura plan add architecture TITLE`, and approve it"
        yield f"{what}: {do}; {rest}"


def items_of_branch(ledger: Ledger, branch: str) -> list[Item]:
    """Items whose identifier or alias is part of the name of a branch."""
    parts = [part for part in _PARTS.split(branch.casefold()) if part]
    if not parts:
        return []
    return [item for item in ledger.items if item.id in parts or _alias_in(item, parts)]


def _alias_in(item: Item, parts: Sequence[str]) -> bool:
    """An alias counts with a digit, and one of digits only after the word for its kind."""
    wanted = [part for part in _PARTS.split(item.alias.casefold()) if part]
    if not any(one.isdigit() for one in item.alias):
        return False
    if not any(one.isalpha() for one in item.alias):
        wanted = [item.kind, *wanted]
    size = len(wanted)
    return any(list(parts[at : at + size]) == wanted for at in range(len(parts) - size + 1))


def items_of_message(ledger: Ledger, message: str) -> list[tuple[Item, str]]:
    """Items that lines such as `Story: US-4` of the last paragraph name, with these lines."""
    found: list[tuple[Item, str]] = []
    for line in _last_paragraph(message):
        match = _TRAILER.match(line.strip())
        for value in _VALUES.split(match["value"]) if match else ():
            item = ledger.lookup(value.strip("#.")) if value else None
            if item is not None:
                found.append((item, line.strip()[:100]))
    return found


def _last_paragraph(message: str) -> Iterable[str]:
    lines: list[str] = []
    for line in message.splitlines():
        if _SCISSORS.match(line):
            break
        if not line.startswith("#"):
            lines.append(line)
    text = "\n".join(lines).strip()
    return text.split("\n\n")[-1].splitlines() if "\n\n" in text else ()


def _story_of(ledger: Ledger, item: Item) -> Item | None:
    """The story that an item is or belongs to."""
    seen: set[str] = set()
    one: Item | None = item
    while one is not None and one.path not in seen:
        if one.kind == "story":
            return one
        seen.add(one.path)
        one = ledger.parent(one)
    return None


def _called(item: Item) -> str:
    return item.alias or item.id or item.path
