"""Versions by SemVer 2.0: read, compared and raised, and how tags spell them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import total_ordering
from typing import Final, Literal

__all__ = ["Effect", "TagForm", "Version", "parse_version", "raise_version", "read_tag", "strongest"]

Effect = Literal["none", "patch", "minor", "major"]
_ORDER: Final[tuple[Effect, ...]] = ("none", "patch", "minor", "major")
_VERSION: Final = re.compile(
    r"(?P<major>0|[1-9]\d*)\.(?P<minor>0|[1-9]\d*)\.(?P<patch>0|[1-9]\d*)"
    r"(?:-?(?P<pre>(?<=-)[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*|(?:a|b|rc)\d+|\.dev\d*))?(?:\+(?P<build>[0-9A-Za-z.-]+))?"
)
_TAG: Final = re.compile(rf"^(?P<prefix>(?:.*[-/@])?v?)(?P<version>{_VERSION.pattern})$")
_PEP: Final = {"alpha": "a", "a": "a", "beta": "b", "b": "b", "rc": "rc", "dev": ".dev"}


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version; build metadata does not count when two are compared."""

    major: int
    minor: int
    patch: int
    pre: tuple[str, ...] = ()
    build: str = ""

    @property
    def core(self) -> Version:
        """The same without pre-release and build."""
        return Version(self.major, self.minor, self.patch)

    def __str__(self) -> str:
        pre = f"-{'.'.join(self.pre)}" if self.pre else ""
        build = f"+{self.build}" if self.build else ""
        return f"{self.major}.{self.minor}.{self.patch}{pre}{build}"

    @property
    def python(self) -> str:
        """As PEP 440 spells it: `1.3.0rc1`; as SemVer does where PEP 440 has no such pre-release."""
        name, _, number = ".".join(self.pre).partition(".")
        if name not in _PEP or "." in number:
            return str(self)
        return f"{self.core}{_PEP[name]}{number or 0}"

    def _key(self) -> tuple[object, ...]:
        parts = tuple((0, int(one), "") if one.isdigit() else (1, 0, one) for one in self.pre)
        return self.major, self.minor, self.patch, not self.pre, parts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._key() == other._key()

    def __lt__(self, other: Version) -> bool:
        return self._key() < other._key()  # pyright: ignore[reportOperatorIssue] - the parts are alike

    def __hash__(self) -> int:
        return hash(self._key())


def parse_version(text: str) -> Version | None:
    """The version that a text is, by SemVer or as Python spells pre-releases; None for anything else."""
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    pre = found["pre"] or ""
    if short := re.fullmatch(r"\.?(a|b|rc|dev)(\d*)", pre):
        pre = f"{ {'a': 'alpha', 'b': 'beta'}.get(short[1], short[1]) }.{short[2]}".rstrip(".")
    parts = tuple(pre.split(".")) if pre else ()
    return Version(int(found["major"]), int(found["minor"]), int(found["patch"]), parts, found["build"] or "")


@dataclass(frozen=True, slots=True)
class TagForm:
    """How a tag names a version."""

    prefix: str
    version: Version

    @property
    def name(self) -> str:
        """The package that the prefix names; empty for `v` and nothing."""
        return self.prefix.removesuffix("v").rstrip("-/@")


def read_tag(name: str) -> TagForm | None:
    """Prefix and version of a tag: `v1.2.3`, `cart-v1.2.3`, `cart/v1.2.3`, `cart@1.2.3`; None for other tags."""
    found = _TAG.match(name)
    version = parse_version(found["version"]) if found else None
    return TagForm(found["prefix"], version) if found and version else None


def strongest(effects: Iterable[Effect]) -> Effect:
    """The one that asks for most."""
    return _ORDER[max((_ORDER.index(one) for one in effects), default=0)]


def raise_version(final: Version, effect: Effect, *, newest: Version | None = None, pre: str = "") -> Version:
    """The next version.

    Before 1.0.0 nothing is promised yet: what breaks callers raises the middle number, and so does a feature; all else
    raises the last one. Leaving 0.y is a decision of a person.

    Args:
        final: The last version that is no pre-release.
        effect: What the commits since then ask for; not `none`.
        newest: The newest version, when it is a pre-release of what comes.
        pre: Name of the pre-release that is wanted, such as `rc`; empty for a final version.
    """
    if effect == "major" and final.major:
        core = Version(final.major + 1, 0, 0)
    elif effect in {"major", "minor"}:
        core = Version(final.major, final.minor + 1, 0)
    else:
        core = Version(final.major, final.minor, final.patch + 1)
    if newest is not None and newest.pre and newest.core > core:
        core = newest.core
    if not pre:
        return core
    number = 1
    if newest is not None and newest.core == core and newest.pre[:1] == (pre,):
        number = int(newest.pre[1]) + 1 if newest.pre[1:] and newest.pre[1].isdigit() else 1
    return Version(core.major, core.minor, core.patch, (pre, str(number)))
