"""The next release: version with its reason, changelog, files, and what speaks against it. Reads only."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from aura_git.branching.reading import read_branching
from aura_git.branching.strategy import Branching
from aura_git.releases.changelog import (
    FILES,
    has_section,
    insert_section,
    new_changelog,
    read_layout,
    release_pending,
    unreleased_of,
    write_section,
)
from aura_git.releases.declared import calendar_choices, find_declared
from aura_git.releases.effects import Change, break_habit, changes_since, effect_of, feature_habit, left_over
from aura_git.releases.fragments import find_fragments
from aura_git.releases.packages import Package, Tags, find_package, find_packages, read_tags
from aura_git.releases.version_files import FileEdit, Place, find_places, version_edits
from aura_git.releases.versions import Effect, Version, parse_version, raise_version
from aura_git.repository import Repository, RepositoryState
from aura_shared.errors import UsageProblem
from aura_shared.messages.releases import ReleaseBump, ReleaseCommit, ReleaseFile, ReleasePlan

__all__ = ["CONVENTIONAL_SHARE", "Planned", "plan_release"]

_MOST_TOLD: Final = 20
CONVENTIONAL_SHARE: Final = 0.5
"""With fewer conventional commits a person chooses the version."""
_FEWEST_TO_FOLLOW: Final = 3
"""Releases with a feature that show a habit against SemVer."""
_WITHOUT_CHANGELOG: Final = 3
"""Releases without one that show that a project wants none."""
_LONG_LIVED: Final = re.compile(
    r"^(?:release|releases|support|maint|maintenance)/.+|^v?\d+(?:\.\d+)*(?:\.x)?$|^stable(?:/.+)?$"
)


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with what it takes to do it."""

    plan: ReleasePlan
    edits: tuple[FileEdit, ...] = ()
    head: str = ""
    command: tuple[str, ...] = ()
    """What the project's own changelog tool is called with; empty for none."""


@dataclass(slots=True)
class _Look:
    """What was read of a package."""

    repository: Repository
    package: Package
    several: bool
    tags: Tags
    state: RepositoryState
    changes: list[Change]
    places: list[Place]
    tools: list[str]
    notes: list[str] = field(default_factory=list[str])


def plan_release(repository: Repository, *, path: str = "", pre: str = "", version: str = "", day: str) -> Planned:
    """What the next release would be.

    Args:
        repository: Which.
        path: Folder of a package; empty for the whole repository.
        pre: Name of a pre-release, such as `rc`.
        version: One that a person chose; empty to work it out.
        day: Date of the release, ISO 8601.

    Raises:
        NotFound: There is no package in that folder.
        UsageProblem: The version that was given is none.
    """
    packages = find_packages(repository)
    package = find_package(repository, packages, path)
    several = any(one.path for one in packages)
    state = repository.state()
    if state.unborn or not state.head:
        plan = ReleasePlan(
            project=repository.project, reason="there is no commit yet", obstacles=["there is no commit yet"]
        )
        return Planned(plan)
    tags = read_tags(repository, package, several=several, packages=packages)
    places, tools = find_places(repository, package)
    tags = _beyond(repository, tags, _held(places))
    changes = left_over(changes_since(repository, tags.base, package.path))
    look = _Look(repository, package, several, tags, state, changes, places, tools)
    plan, chosen = _version(look, pre, version, day)
    plan = plan.model_copy(
        update={
            "project": repository.project, "package": package.name if package.path else "", "path": package.path,
            "packages": [one.path for one in packages if one.path], "since": tags.base, "commits": len(changes),
            "branch": state.branch, "tools": tools,
        }
    )  # fmt: skip
    branching = read_branching(repository)
    rule, obstacles = _branch_rule(branching, state, chosen)
    plan = plan.model_copy(update={"branch_rule": rule})
    if chosen is None:
        return Planned(plan.model_copy(update={"obstacles": [*obstacles, plan.reason]}), head=state.head)
    return _filled(look, plan, chosen, day, obstacles)


def _beyond(repository: Repository, tags: Tags, held: Version | None) -> Tags:
    """The tags, where the last release is not among those that HEAD descends from.

    Releases that are cut on branches of their own leave their trace here in the version files, or in a tag such as
    `9.2.0.dev0` that begins what comes next.
    """
    newest, final = tags.newest_version, tags.final_version
    if newest is not None and newest.pre[:1] == ("dev",) and (final is None or newest > final):
        return replace(tags, final="", final_version=None)
    if held is None or held.pre or final is None or held <= final:
        return tags
    name = f"{tags.prefix}{held}"
    if repository.git.find_commit(f"refs/tags/{name}") is None:
        return tags
    return replace(tags, final=name, final_version=held, finals=(*tags.finals, (name, held)))


def _version(  # noqa: PLR0911 - each case has its own reason
    look: _Look, pre: str, given: str, day: str
) -> tuple[ReleasePlan, Version | None]:
    """The version with its reason, and what to choose from where the history does not say."""
    tags = look.tags
    current = tags.final_version or tags.newest_version or _held(look.places)
    known = str(current) if current else ""
    if given:
        chosen = parse_version(given.removeprefix(tags.prefix).removeprefix("v"))
        if chosen is None:
            raise UsageProblem(f"{given!r} is no version by SemVer", hint="Such as 1.4.0, or 2.0.0-rc.1.")
        return _plan("given", f"{chosen} was chosen by hand", current=known), chosen
    if not tags.base:
        return _first(look, pre, current)
    assert current is not None
    effect = effect_of(look.changes)
    conventional = sum(one.conventional for one in look.changes if not one.merge)
    if not look.changes:
        return _plan("none", f"no commit since {tags.base}: there is nothing to release", current=known), None
    if conventional < CONVENTIONAL_SHARE * len(look.changes) and effect != "major":
        return _declared(look, current, pre) or (_ask(look, current, pre, day), None)
    newest = tags.newest_version
    if effect == "none":
        if newest is not None and newest.pre and not pre:
            return _plan("patch", f"{newest} becomes final", current=known), newest.core
        told = "no commit since then changes what users get (only " + ", ".join(_kinds(look.changes)) + ")"
        return _plan("none", f"{told}: there is nothing to release since {tags.base}", current=known), None
    becomes_final = not tags.final_version and newest is not None and newest.pre and not pre
    raised, habit = _by_habit(look, effect, current)
    chosen = current.core if becomes_final else raise_version(current.core, raised, newest=newest, pre=pre)
    bump: ReleaseBump = "pre-release" if pre else _step(current, chosen)
    decided = _deciding(look.changes, effect)
    return _plan(bump, _why(effect, current, chosen) + habit, current=known, decided=decided), chosen


def _step(current: Version, chosen: Version) -> ReleaseBump:
    """Which number was raised."""
    if chosen.major > current.major:
        return "major"
    return "minor" if chosen.minor > current.minor else "patch"


def _declared(look: _Look, current: Version, pre: str) -> tuple[ReleasePlan, Version] | None:
    """What people wrote of the next release, where commits do not tell."""
    found = find_declared(
        look.repository, look.package, _text_of_changelog(look.repository, look.package), look.places, current
    )
    if found is None:
        return None
    chosen = found.version or raise_version(current.core, found.effect, newest=look.tags.newest_version, pre=pre)
    if look.tags.final_version is None and current.pre and not pre:
        chosen = max(chosen, current.core) if found.version else _at_least(current.core, found.effect)
    if found.version is not None and pre:
        chosen = raise_version(found.version, "patch", newest=look.tags.newest_version, pre=pre)
        chosen = Version(found.version.major, found.version.minor, found.version.patch, chosen.pre)
    told = f"{found.reason}; {_share(look)}"
    bump: ReleaseBump = "pre-release" if pre else _step(current, chosen)
    return _plan(bump, told, current=str(current)), chosen


def _at_least(core: Version, effect: Effect) -> Version:
    """The version that a tag of its development named, unless what came since asks for more."""
    enough = not core.patch and (effect != "major" or not core.minor)
    return core if enough or effect in {"none", "patch"} else raise_version(core, effect)


def _share(look: _Look) -> str:
    conventional = sum(one.conventional for one in look.changes)
    return f"{conventional} of {len(look.changes)} commits since {look.tags.base} say by their type what they do"


def _by_habit(look: _Look, effect: Effect, current: Version) -> tuple[Effect, str]:
    """The effect as this project spells it: some raise the middle number only for what breaks, or is announced.

    A break is never made smaller by this: what the project did before is told only.
    """
    finals, path = look.tags.finals, look.package.path
    if effect == "major" and current.major:
        lower, every = break_habit(look.repository, finals, path)
        if lower * 2 > every:
            other = raise_version(current.core, "minor", newest=look.tags.newest_version)
            look.notes.append(
                f"{lower} of the last {every} releases with a break did not raise the first number: "
                f"as before would be `aura release cut {other}`"
            )
    if effect != "minor":
        return effect, ""
    lower, every = feature_habit(look.repository, finals, path)
    if lower * 2 <= every or (current.major and every < _FEWEST_TO_FOLLOW):
        return effect, ""
    when = "" if current.major else "before 1.0.0, "
    return "patch", f" ({when}{lower} of the last {every} releases with a feature raised the last number)"


def _first(look: _Look, pre: str, held: Version | None) -> tuple[ReleasePlan, Version | None]:
    core = held.core if held is not None and held != Version(0, 0, 0) else Version(0, 1, 0)
    chosen = Version(core.major, core.minor, core.patch, (pre, "1")) if pre else core
    where = "the version files have it" if held is not None and held != Version(0, 0, 0) else "no file has a version"
    if not look.changes:
        return _plan("none", "no commit touches it: there is nothing to release"), None
    return _plan(
        "first", f"the first release: there is no version tag, and {where}", current=str(held) if held else ""
    ), chosen


def _ask(look: _Look, current: Version, pre: str, day: str) -> ReleasePlan:
    effects: tuple[Effect, ...] = ("patch", "minor", "major")
    choices = [str(raise_version(current.core, one, newest=look.tags.newest_version, pre=pre)) for one in effects]
    dated = calendar_choices(look.tags.finals, _years(look), day)
    words = {
        "removes something": r"\b(?:remove|drop|delete)[sd]?\b",
        "adds something": r"\b(?:add|support|implement|introduce)(?:s|ed)?\b",
        "mends something": r"\b(?:fix|correct|repair)(?:es|ed)?\b",
    }
    evidence = [_share(look)]
    for what, form in words.items():
        found = [one for one in look.changes if re.search(form, one.subject, re.IGNORECASE)]
        if found:
            evidence.append(f"{len(found)} by its words {what}: {found[0].hash[:9]} {found[0].subject}")
    reason = "the messages here do not say what a commit means for callers: choose a version"
    if dated:
        choices, reason = [str(one) for one in dated], "versions here follow the calendar: choose one"
    return _plan("none", reason, current=str(current)).model_copy(
        update={"choices": list(dict.fromkeys(choices)), "evidence": evidence}
    )


def _years(look: _Look) -> list[int]:
    """In which year each of the newest three final tags was made."""
    newest = look.tags.finals[-3:]
    asked = ("for-each-ref", "--format=%(refname:strip=2) %(creatordate:format:%Y)")
    ran = look.repository.git.read(*asked, *(f"refs/tags/{name}" for name, _ in newest)) if newest else None
    parts = (line.rpartition(" ") for line in (ran.lines if ran else []) if line)
    made = {name: int(year) for name, _, year in parts if year}
    return [made.get(name, 0) for name, _ in newest]


def _plan(bump: ReleaseBump, reason: str, *, current: str = "", decided: Sequence[ReleaseCommit] = ()) -> ReleasePlan:
    return ReleasePlan(project="", bump=bump, reason=reason, current=current, decided_by=list(decided))


def _held(places: Sequence[Place]) -> Version | None:
    return next((version for place in places if (version := parse_version(place.text)) is not None), None)


def _kinds(changes: Sequence[Change]) -> list[str]:
    return sorted({entry.type for one in changes for entry in one.entries if entry.type}) or ["no typed commits"]


def _why(effect: Effect, current: Version, chosen: Version) -> str:
    what = {"major": "callers break", "minor": "a feature came", "patch": "only mended", "none": ""}[effect]
    early = effect == "major" and not current.major
    rule = " (before 1.0.0 a break raises the middle number; 1.0.0 is for you to choose)" if early else ""
    return f"{what} since {current}: {chosen}{rule}"


def _deciding(changes: Sequence[Change], effect: Effect) -> list[ReleaseCommit]:
    found: list[ReleaseCommit] = []
    for change in changes:
        entry = next((one for one in change.entries if one.effect == effect), None)
        if entry is not None and len(found) < _MOST_TOLD:
            why = (
                (f"BREAKING CHANGE: {entry.note}" if entry.note else "marked with !")
                if entry.breaking
                else f"type {entry.type}"
            )
            bump: ReleaseBump = effect
            found.append(
                ReleaseCommit(commit=change.hash, subject=change.subject, kind=entry.type, effect=bump, why=why)
            )
    return found


def _branch_rule(branching: Branching, state: RepositoryState, version: Version | None) -> tuple[str, list[str]]:
    """From which branch releases are cut, and what stands against it."""
    obstacles: list[str] = []
    if branching.strategy == "gitflow":
        name = str(version) if version else "VERSION"
        rule = f"gitflow: releases are cut by `aura branch start release {name}` and `aura branch finish`"
        obstacles.append(f"this repository uses gitflow: `aura branch start release {name}` instead")
    else:
        rule = f"{branching.strategy}: releases are cut on {branching.main}, or on a branch such as release/1.x"
        if state.detached:
            obstacles.append("HEAD is detached: check out a branch first")
        elif state.branch != branching.main and not _LONG_LIVED.match(state.branch):
            obstacles.append(f"{state.branch!r} is no branch that releases are cut on: {branching.main} is")
    if not state.clean:
        obstacles.append("there are uncommitted changes: commit them first")
    if state.in_progress:
        obstacles.append(f"a {state.in_progress} is under way: finish or abort it first")
    if state.behind:
        obstacles.append(f"{state.branch} is {state.behind} commits behind {state.upstream}: `aura sync` first")
    if state.shallow:
        obstacles.append(
            "this clone is shallow, so that tags and history are incomplete: `git fetch --unshallow --tags`"
        )
    return rule, obstacles


def _filled(look: _Look, plan: ReleasePlan, version: Version, day: str, obstacles: list[str]) -> Planned:
    """The plan with tag, changelog, files and obstacles of a version."""
    repository, tags = look.repository, look.tags
    tag = f"{tags.prefix}{version}"
    if repository.git.read("rev-parse", "--verify", "--quiet", f"refs/tags/{tag}", ok=(0, 1, 128)).code == 0:
        newest_there = _newest_anywhere(repository, tags.prefix)
        beyond = (
            f"; the newest is {newest_there}, which HEAD does not descend from" if newest_there != tags.newest else ""
        )
        obstacles.append(f"the tag {tag} exists already{beyond}")
    newest = max((one for one in (tags.final_version, tags.newest_version) if one is not None), default=None)
    if newest is not None and version <= newest:
        obstacles.append(f"{version} is not greater than {newest}")
    current = parse_version(plan.current) if plan.current else None
    held = _held(look.places)
    if current is not None and held is not None and held.core != current.core and held != version:
        if held.core != version.core:
            look.notes.append(f"{look.places[0].path} has {held}, but the last tag is {tags.base}")
        current = held
    if tags.owner:
        obstacles.append(f"tags such as {tags.base} are those of {tags.owner}: `aura release plan --path {tags.owner}`")
    edits = version_edits(repository, look.places, current, version)
    fragments = find_fragments(repository, look.package, str(version))
    changelog, where = "", ""
    if fragments is None and not version.build:
        changelog, edit = _changelog(look, version, day, tag)
        where = edit.path if edit else ""
        edits += [edit] if edit else []
    elif fragments is not None:
        look.notes.append(fragments.why)
        obstacles += [fragments.obstacle] if fragments.obstacle else []
        look.notes += [f"{fragments.count} fragments wait"] if fragments.count else []
    message = _message(look, version, tag) if edits or (fragments and fragments.command) else ""
    told = plan.model_copy(
        update={
            "version": str(version), "tag": tag, "changelog": changelog, "changelog_path": where,
            "obstacles": obstacles,
            "message": message,
            "changelog_command": " ".join(fragments.command) if fragments else "",
            "files": [ReleaseFile(path=one.path, what=one.what) for one in edits], "diff": _diff(edits),
            "notes": look.notes,
        }
    )  # fmt: skip
    return Planned(told, tuple(edits), look.state.head, fragments.command if fragments else ())


def _newest_anywhere(repository: Repository, prefix: str) -> str:
    """The tag of the greatest version with a prefix, wherever it is."""
    names = repository.git.read("for-each-ref", "--format=%(refname:strip=2)", "refs/tags").lines
    found = [(version, name) for name in names if (version := parse_version(name.removeprefix(prefix))) is not None]
    return max(found, key=lambda one: one[0], default=(None, ""))[1]


def _changelog_path(repository: Repository, package: Package) -> str:
    base = f"{package.path}/" if package.path else ""
    return next((base + name for name in FILES if _is_file(repository, base + name)), base + "CHANGELOG.md")


def _text_of_changelog(repository: Repository, package: Package) -> str:
    path = _changelog_path(repository, package)
    return (repository.root / path).read_text("utf-8", "replace") if _is_file(repository, path) else ""


def _changelog(look: _Look, version: Version, day: str, tag: str) -> tuple[str, FileEdit | None]:
    path = _changelog_path(look.repository, look.package)
    file = look.repository.root / path
    before = file.read_bytes() if file.is_file() else None
    try:
        text = (before or b"").decode()
    except UnicodeDecodeError:
        look.notes.append(f"{path} is no UTF-8: it is left as it is")
        return write_section(look.changes, version, day, read_layout("")), None
    if before is not None and (pending := release_pending(text, version, day)) is not None:
        return pending[1], FileEdit(path, before, pending[0].encode(), "changelog, dated")
    layout = read_layout(text)
    layout = replace(layout, target=_compared(layout.target, look.tags.base, tag))
    section = write_section(look.changes, version, day, layout, unreleased="" if version.pre else unreleased_of(text))
    if has_section(text, version):
        look.notes.append(f"{path} has a section of {version} already: it is left as it is")
        return section, None
    if before is None:
        return section, _first_changelog(look, path, section)
    # A section of a pre-release does not empty `Unreleased`: the final one takes it.
    if version.pre and unreleased_of(text):
        look.notes.append("what stands under Unreleased waits for the final release")
        return section, None
    after = insert_section(text, section, version, tag, look.tags.base)
    return section, FileEdit(path, before, after.encode(), "changelog")


def _first_changelog(look: _Look, path: str, section: str) -> FileEdit | None:
    """A changelog where there is none; None where many releases were made without."""
    if len(look.tags.finals) < _WITHOUT_CHANGELOG:
        return FileEdit(path, None, new_changelog(section).encode(), "changelog, new")
    look.notes.append(f"no changelog is kept here: the tag's message has the section (a file {path} begins one)")
    return None


def _compared(target: str, old: str, new: str) -> str:
    """The address behind a version in the newest heading, for the new one; empty where it is of another form."""
    head, found, rest = target.partition("compare/")
    return f"{head}{found}{old}...{new})" if found and "..." in rest and old else ""


def _is_file(repository: Repository, path: str) -> bool:
    file = repository.root / path
    return file.is_file() and not file.is_symlink()


def _message(look: _Look, version: Version, tag: str) -> str:
    """The message of the release's commit, as the last one here was written."""
    tags = look.tags
    known = [(tags.final, tags.final_version), (tags.newest, tags.newest_version), *reversed(tags.finals[-2:])]
    for old, old_version in known:
        if not old or old_version is None:
            continue
        subject = look.repository.git.text("log", "-1", "--format=%s", "--end-of-options", old)
        subject = re.sub(r"\s*\(#\d+\)$", "", subject)
        if str(old_version) in subject and len(subject) < 72:
            return _raised(subject, tags, old_version, version)
    name = f"{look.package.name} " if look.package.path else ""
    return f"chore(release): {name}{version if not look.several else tag.removeprefix(look.package.name).lstrip('-/@')}"


def _raised(subject: str, tags: Tags, old: Version, new: Version) -> str:
    """The line with the new version; where it names the one before too, that is the old one now."""
    before = max((one for _, one in tags.finals if one < old), default=None)
    raised = {str(old): str(new), **({str(before): str(old)} if before is not None else {})}
    form = "|".join(re.escape(one) for one in sorted(raised, key=len, reverse=True))
    return re.sub(rf"(?<![\d.])(?:{form})(?![\d])(?!\.\d)", lambda found: raised[found[0]], subject)


def _diff(edits: Sequence[FileEdit]) -> str:
    parts: list[str] = []
    for one in edits:
        before = (one.before or b"").decode(errors="replace").splitlines(keepends=True)
        after = one.after.decode(errors="replace").splitlines(keepends=True)
        old = f"a/{one.path}" if one.before is not None else "/dev/null"
        parts += difflib.unified_diff(before, after, old, f"b/{one.path}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in parts)
