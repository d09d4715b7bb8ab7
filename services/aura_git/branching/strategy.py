"""Strategies of branching as plain values: base branches, kinds of branches, and what belongs to which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Final, Literal

from aura_shared.errors import UsageProblem
from aura_shared.messages.branches import BranchingInfo, BranchingSource, BranchKindInfo, FinishWay

__all__ = ["NAME_PATTERN", "STRATEGIES", "Branching", "Kind", "MergeBack", "StrategyName", "preset"]

StrategyName = Literal["gitflow", "github-flow", "trunk", "custom"]
STRATEGIES: Final[tuple[StrategyName, ...]] = ("gitflow", "github-flow", "trunk", "custom")
MergeBack = Literal["", "develop", "open-release"]
"""Where a finished release or hotfix goes besides its target: nowhere, to develop, or to the open release branch where
there is one and else to develop."""
NAME_PATTERN: Final = "{task}-{slug}"
"""What stands behind the prefix."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of branches."""

    name: str
    prefix: str
    """What its names begin with; never empty."""
    start: str = ""
    """Branch that it begins at; empty when one has to be named."""
    into: str = ""
    """Branch that it is merged into; empty for one that never is."""
    way: FinishWay = "merge"
    fast_forward_single: bool = False
    """Whether a branch of one commit is not given a merge commit where none is needed."""
    tagged: bool = False
    """Whether finishing makes a tag of the tag prefix and the branch's name."""
    back: MergeBack = ""
    single: bool = False
    """Whether there is only one at a time."""
    clean: bool = False
    """Whether it only begins in a clean work tree."""
    from_tag: bool = False
    """Whether it begins at a commit of main that has to be named."""


@dataclass(frozen=True, slots=True)
class Branching:
    """The strategy that counts in a repository."""

    strategy: StrategyName
    main: str
    develop: str = ""
    """Empty where there is none."""
    tag_prefix: str = ""
    kinds: tuple[Kind, ...] = ()
    pattern: str = NAME_PATTERN
    protected: tuple[str, ...] = ()
    """Patterns of branches that are never deleted or replaced, besides those of the settings."""
    release_days: int = 14
    """Days after which an open release branch is too old."""
    source: BranchingSource = "default"
    explanation: tuple[str, ...] = ()
    """Where each fact comes from."""

    @property
    def bases(self) -> tuple[str, ...]:
        """Branches that live for ever."""
        return (self.main, self.develop) if self.develop else (self.main,)

    def kind(self, name: str) -> Kind:
        """The kind of this name.

        Raises:
            UsageProblem: There is none.
        """
        found = next((kind for kind in self.kinds if kind.name == name), None)
        if found is None:
            known = ", ".join(kind.name for kind in self.kinds)
            raise UsageProblem(
                f"the strategy {self.strategy} has no kind of branches {name!r}; it has {known or 'none'}",
                hint="Add a table [kinds.NAME] to .aura/branching.toml, or choose one that is there.",
            )
        return found

    def kind_of(self, branch: str) -> Kind | None:
        """The kind that a branch belongs to by its name: the longest prefix counts; None for base branches too."""
        if branch in self.bases:
            return None
        fitting = [kind for kind in self.kinds if branch.startswith(kind.prefix) and branch != kind.prefix]
        return max(fitting, key=lambda kind: len(kind.prefix), default=None)

    def of_name(self, name: str) -> Sequence[Kind]:
        """Kinds of this name: one or none."""
        return [kind for kind in self.kinds if kind.name == name]

    def is_protected(self, branch: str, patterns: Sequence[str] = ()) -> bool:
        """Whether a branch is a base branch, or matches a pattern of the strategy or one of these."""
        return branch in self.bases or any(fnmatchcase(branch, one) for one in (*self.protected, *patterns))

    def info(self) -> BranchingInfo:
        """As a message."""
        protected = list(dict.fromkeys([*self.bases, *self.protected]))
        return BranchingInfo(
            strategy=self.strategy, source=self.source, explanation=list(self.explanation), main=self.main,
            develop=self.develop, tag_prefix=self.tag_prefix, protected=protected,
            kinds=[self._told(kind) for kind in self.kinds],
        )  # fmt: skip

    def _told(self, kind: Kind) -> BranchKindInfo:
        back = {"develop": self.develop, "open-release": f"open release or {self.develop}", "": ""}[kind.back]
        return BranchKindInfo(
            name=kind.name, prefix=kind.prefix, starts_from=kind.start, way=kind.way, tagged=kind.tagged,
            merges_into=[into for into in (kind.into, back) if into], single=kind.single, source=self.source,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Preset:
    kinds: tuple[Kind, ...]
    develop: str = ""
    tag_prefix: str = "v"
    release_days: int = 14
    protected: tuple[str, ...] = field(default=())


def preset(
    strategy: StrategyName, *, main: str = "main", develop: str = "develop", prefixes: Mapping[str, str] | None = None
) -> Branching:
    """A strategy as it is without anything configured.

    Args:
        strategy: Which; `custom` has base branches only.
        main: Name of the branch of releases.
        develop: Name of the branch of the next release; used by gitflow only.
        prefixes: Other prefixes by kind.
    """
    made = {"gitflow": _gitflow, "github-flow": _github_flow, "trunk": _trunk, "custom": _custom}[strategy](
        main, develop
    )
    kinds = tuple(replace(kind, prefix=(prefixes or {}).get(kind.name) or kind.prefix) for kind in made.kinds)
    return Branching(
        strategy, main, made.develop, made.tag_prefix, kinds, protected=made.protected, release_days=made.release_days
    )


def _gitflow(main: str, develop: str) -> _Preset:
    topic = Kind("", "", start=develop, into=develop, fast_forward_single=True)
    release = Kind("release", "release/", develop, main, tagged=True, back="develop", single=True, clean=True)
    hotfix = Kind("hotfix", "hotfix/", main, main, tagged=True, back="open-release", single=True, clean=True)
    return _Preset(
        (
            replace(topic, name="feature", prefix="feature/"),
            replace(topic, name="bugfix", prefix="bugfix/"),
            release,
            hotfix,
            Kind("support", "support/", clean=True, from_tag=True),
        ),
        develop,
    )


def _github_flow(main: str, _develop: str) -> _Preset:
    names = ("feature", "bugfix", "hotfix", "docs", "chore")
    return _Preset(tuple(Kind(name, f"{name}/", main, main, "pull-request") for name in names))


def _trunk(main: str, _develop: str) -> _Preset:
    short = tuple(Kind(name, f"{name}/", main, main, "rebase") for name in ("feature", "bugfix"))
    return _Preset((*short, Kind("release", "release/", main, clean=True)))


def _custom(_main: str, _develop: str) -> _Preset:
    return _Preset(())
