"""Comments and blank lines that a model left out when it wrote code anew, and where they belong.

Lines that are neither are called solid. Between two solid lines that follow each other in both texts, whatever the new
text lost comes back. Beside lines that came or went it is not certain where it belongs: there the answer is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final, Literal, NamedTuple

from aura_factory.editing.lines import is_blank, is_comment, is_filler
from aura_factory.editing.merge3 import changes
from aura_factory.editing.outcomes import Refusal, RefusedError

__all__ = ["restore_fillers"]

_ALIKE: Final = 0.6
"""From here on a changed line is a variant of the line in whose place it stands."""
_State = Literal["keep", "sure", "unsure", "comment", "blank", "doubt"]
"""`sure` and `unsure` bring back what was left out, the latter beside a changed line and only where something was left
out for sure; `doubt` refuses; `comment` and `blank` do where nothing shows that the model took care of such lines."""


class _Match(NamedTuple):
    """The old line that a new one comes from."""

    at: int
    same: bool
    """Whether it is unchanged but for its indentation."""


class _Code(NamedTuple):
    """A text as solid lines and the fillers before each of them and after the last."""

    solid: list[str]
    between: list[list[str]]


def restore_fillers(path: str, old: Sequence[str], new: Sequence[str]) -> tuple[list[str], bool]:
    """The new text with the comments and blank lines that it lost, and whether there were any.

    Raises:
        RefusedError: Some are gone where it is not certain that they should come back.
    """
    before, after = _split(old), _split(new)
    matches = _matches(before.solid, after.solid)
    states = [_state(before, after, matches, at) for at in range(len(after.between))]
    careless = "sure" in states
    refused: set[_State] = {"doubt"}
    if not careless:
        refused.add("unsure")
    kept = [at for at, state in enumerate(states) if state == "keep" and at in matches and after.between[at]]
    cared = [line for at in kept if before.between[max(matches[at].at, 0)] for line in after.between[at]]
    if careless or not any(map(is_comment, cared)):
        refused.add("comment")
    if careless or not any(map(is_blank, cared)):
        refused.add("blank")
    at = next((number for number, state in enumerate(states) if state in refused), None)
    if at is not None:
        near = after.solid[min(at, len(after.solid) - 1)].strip() if after.solid else ""
        detail = f"comments or blank lines near {near!r} were left out beside a change"
        raise RefusedError(Refusal("lost", path, detail))
    result: list[str] = []
    for at, state in enumerate(states):
        back = state in {"sure", "unsure"}
        result.extend(before.between[matches[at].at] if back else after.between[at])
        result.extend(after.solid[at : at + 1])
    return result, careless


def _split(lines: Sequence[str]) -> _Code:
    code = _Code([], [[]])
    for line in lines:
        if is_filler(line):
            code.between[-1].append(line)
        else:
            code.solid.append(line)
            code.between.append([])
    return code


def _matches(old: Sequence[str], new: Sequence[str]) -> dict[int, _Match]:
    """For each solid line of the new text the old one that it comes from; the ends of both texts belong together."""
    found = {-1: _Match(-1, same=True), len(new): _Match(len(old), same=True)}
    at = new_at = 0
    old_keys, new_keys = [line.strip() for line in old], [line.strip() for line in new]
    ends = (len(old), len(old), len(new), len(new))
    for start, end, new_start, new_end in [*changes(old_keys, new_keys), ends]:
        for step in range(start - at):
            found[new_at + step] = _Match(at + step, same=True)
        for step in range(min(end - start, new_end - new_start)):
            one, other = old_keys[start + step], new_keys[new_start + step]
            if SequenceMatcher(None, one, other, autojunk=False).ratio() >= _ALIKE:
                found[new_start + step] = _Match(start + step, same=False)
        at, new_at = end, new_end
    return found


def _state(old: _Code, new: _Code, matches: dict[int, _Match], at: int) -> _State:
    """What is to be done with the fillers before a solid line of the new text, or after the last."""
    above, below = matches.get(at - 1), matches.get(at)
    if above is None:
        return "keep"
    if below is None:
        return _beside_insertion(old, new, matches, at)
    if below.at != above.at + 1:
        return _beside_deletion(old.between[above.at + 1], old.between[below.at], new.between[at])
    had, has = _keys(old.between[below.at]), _keys(new.between[at])
    if had == has or not _is_part(has, had):
        return "keep"
    return "sure" if above.same and below.same else "unsure"


def _beside_insertion(old: _Code, new: _Code, matches: dict[int, _Match], at: int) -> _State:
    """What to make of the fillers between two lines that followed each other, now that others came between."""
    end = at
    while end not in matches:
        end += 1
    above, below = matches[at - 1], matches[end]
    had = [line for number in range(above.at + 1, below.at + 1) for line in old.between[number]]
    has = {line.strip() for number in range(at, end + 1) for line in new.between[number]}
    lost = [line for line in had if line.strip() not in has]
    if below.at == above.at + 1 and (any(map(is_comment, lost)) or (lost and not has)):
        return "doubt"
    return _suspicion(lost)


def _beside_deletion(upper: Sequence[str], lower: Sequence[str], new: Sequence[str]) -> _State:
    """What to make of the fillers between two lines of which what stood between is gone.

    Args:
        upper: What stood below the first of the two.
        lower: What stood above the second.
        new: What stands between them now.
    """
    has = {line.strip() for line in new}
    if any(is_comment(line) and line.strip() not in has for line in lower) or (not has and lower):
        return "doubt"
    return _suspicion([line for line in (*upper, *lower) if line.strip() not in has])


def _suspicion(lost: Sequence[str]) -> _State:
    if any(map(is_comment, lost)):
        return "comment"
    return "blank" if lost else "keep"


def _keys(lines: Sequence[str]) -> list[str]:
    return [line.strip() for line in lines]


def _is_part(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether some lines stand among others, in the same order."""
    rest = iter(whole)
    return all(line in rest for line in part)
