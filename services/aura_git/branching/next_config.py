"""Configuration as git-flow-next writes it: base and topic branches with parents and ways of merging."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aura_git.branching.names import is_branch_name
from aura_git.branching.strategy import Branching, Kind
from aura_shared.errors import SettingsError
from aura_shared.messages.branches import FinishWay

__all__ = ["from_git_flow_next"]

_WAYS: Final[dict[str, FinishWay]] = {"": "merge", "merge": "merge", "rebase": "rebase", "squash": "squash"}
_BRANCH: Final = "gitflow.branch."


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    facts: Mapping[str, str]

    def get(self, key: str) -> str:
        return self.facts.get(key, "")


def from_git_flow_next(config: Mapping[str, str], where: str) -> Branching:
    """The strategy of `gitflow.branch.NAME.{type,parent,startpoint,prefix,upstreamstrategy,tag,tagprefix}`.

    Args:
        config: Settings by key, as git writes keys.
        where: The file, for the explanation.

    Raises:
        SettingsError: A value is no name, way or type; it is named.
    """
    entries = _entries(config)
    bases = [one for one in entries if one.get("type") == "base"]
    topics = [one for one in entries if one.get("type") == "topic"]
    main = next((one.name for one in bases if not one.get("parent")), "main")
    develop = next((one.name for one in bases if one.get("parent") == main), "")
    for one in bases:
        _name(one.name, f"{_BRANCH}{one.name}")
    kinds = tuple(_kind(one, main, develop) for one in topics)
    tagged = next((one for one in topics if one.get("tagprefix")), None)
    told = (
        f"main {main}: the base branch without a parent, {where}",
        *([f"develop {develop}: the base branch whose parent is {main}, {where}"] if develop else []),
        *(f"kind {kind.name}: {_BRANCH}{kind.name}.* in {where}" for kind in kinds),
    )
    return Branching(
        "gitflow" if develop else "custom", main, develop, tagged.get("tagprefix") if tagged else "", kinds,
        source="git-flow-next", explanation=told,
    )  # fmt: skip


def _entries(config: Mapping[str, str]) -> list[_Entry]:
    found: dict[str, dict[str, str]] = {}
    for key, value in config.items():
        name, _, fact = key.removeprefix(_BRANCH).rpartition(".")
        if key.startswith(_BRANCH) and name:
            found.setdefault(name, {})[fact] = value
    for name, facts in found.items():
        if facts.get("type", "base") not in ("base", "topic"):
            raise SettingsError(f"{_BRANCH}{name}.type: expected base or topic, found {facts['type']!r}")
    return [_Entry(name, facts) for name, facts in found.items() if "type" in facts]


def _kind(entry: _Entry, main: str, develop: str) -> Kind:
    key = f"{_BRANCH}{entry.name}"
    prefix = entry.get("prefix") or f"{entry.name}/"
    _name(f"{prefix}x", f"{key}.prefix")
    parent = entry.get("parent") or main
    strategy = entry.get("upstreamstrategy")
    if strategy != "none" and strategy not in _WAYS:
        raise SettingsError(f"{key}.upstreamstrategy: expected merge, rebase, squash or none, found {strategy!r}")
    merged = strategy != "none"
    return Kind(
        entry.name, prefix, _name(entry.get("startpoint") or parent, f"{key}.startpoint"),
        _name(parent, f"{key}.parent") if merged else "", _WAYS.get(strategy, "merge"),
        tagged=entry.get("tag").lower() in ("true", "yes", "on", "1"),
        back="develop" if merged and develop and parent == main else "",
    )  # fmt: skip


def _name(name: str, key: str) -> str:
    if not is_branch_name(name):
        raise SettingsError(f"{key}: expected a name that git allows, found {name!r}")
    return name
