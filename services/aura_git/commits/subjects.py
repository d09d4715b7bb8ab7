"""Subjects without a model: what changed, in the imperative, and never a name that the change does not hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice
from typing import Final

from aura_git.commits.contract import ChangedPath, StagedChange
from aura_git.commits.features import Features
from aura_git.commits.grounding import Ground
from aura_git.commits.kinds import MANIFESTS, PathKind, kind_of
from aura_git.commits.patches import FilePatch
from aura_git.commits.symbols import SymbolChange
from aura_git.commits.versions import Bump, find_bumps

__all__ = ["Material", "subjects"]

_MOST_NAMES: Final = 3
_ALIKE: Final = 0.6
_SHORT: Final = 48
_CASE: Final = re.compile(
    r"^\s*(?:(?:it|test|specify)(?:\.\w+)?\(\s*[\"'`](?P<title>[^\"'`]{8,90})[\"'`]"
    r"|(?:async )?def test_(?P<python>\w{4,70})\("
    r"|func Test(?P<go>[A-Z]\w{3,70})\(|fn (?:test_)?(?P<rust>\w{6,70})\(\))"
)
_HEADING: Final = re.compile(r"^#{1,5}\s+(?P<title>[^#\n]{3,60}?)\s*#*$")
_VALUES: Final = frozenset({"variable", "constant", "field", "property"})
_HUMPS: Final = re.compile(r"(?<=[a-z\d])(?=[A-Z])|_+")


@dataclass(frozen=True)
class Material:
    """What a subject is made from."""

    change: StagedChange
    files: Sequence[FilePatch]
    symbols: Sequence[SymbolChange]
    features: Features
    type: str
    """The type that was guessed, lower case; empty where the repository writes none."""

    @property
    def kinds(self) -> Counter[PathKind]:
        """How many files of each kind."""
        return Counter(kind_of(one.path) for one in self.change.paths)


def subjects(material: Material) -> Iterator[str]:
    """Descriptions, best first, each true of the change; the last ones are short enough for any header."""
    ground = Ground(material.change)
    for make in _MAKERS:
        for text in make(material):
            if _is_grounded(text, ground):
                yield text
    yield from _plain(material)


def _is_grounded(text: str, ground: Ground) -> bool:
    return all(ground.holds(word) for word in text.split() if re.search(r"[_./]|[a-z][A-Z]", word))


# -- whole kinds of change --------------------------------------------------------------------------------------


def _nothing(material: Material) -> Iterator[str]:
    if not material.change.paths:
        yield "record a commit without changes"


def _modules(material: Material) -> Iterator[str]:
    paths = material.change.paths
    if paths and all(one.mode == "160000" for one in paths):
        yield f"update sub-module{'s' if len(paths) > 1 else ''} {_some([_name(one.path) for one in paths])}"


def _renames(material: Material) -> Iterator[str]:
    paths = material.change.paths
    if not paths or any(one.status != "R" or one.added or one.removed for one in paths):
        return
    if len(paths) == 1:
        yield from _renamed(paths[0])
    folders = {one.path.rpartition("/")[0] for one in paths}
    if len(folders) == 1 and (folder := folders.pop()):
        yield f"move {_some([_name(one.path) for one in paths])} to {folder}"
        yield f"move {len(paths)} files to {folder}"
    yield f"rename {len(paths)} files"


def _renamed(one: ChangedPath) -> Iterator[str]:
    before, after = _name(one.old_path), _name(one.path)
    if before != after:
        yield f"rename {before} to {after}"
    yield f"move {after} to {one.path.rpartition('/')[0] or 'the top folder'}"


def _deletions(material: Material) -> Iterator[str]:
    paths = material.change.paths
    if paths and all(one.status == "D" for one in paths):
        yield f"remove {_some([_name(one.path) for one in paths])}"
        yield f"remove {len(paths)} files"


def _modes(material: Material) -> Iterator[str]:
    paths = material.change.paths
    same = [one for one in paths if one.status == "M" and not (one.added or one.removed or one.binary)]
    if paths and len(same) == len(paths) and all(one.mode in {"100755", "100644"} for one in paths):
        how = "make {} executable" if paths[0].mode == "100755" else "make {} not executable"
        yield how.format(_some([_name(one.path) for one in paths]))


def _bumps(material: Material) -> Iterator[str]:
    allowed = {"build", "lock", "ci", "config", "changelog"}
    bumps = find_bumps(material.files)
    own = [one for one in bumps if not one.name]
    others = [one for one in bumps if one.name]
    if own and not others and len(material.change.paths) <= 8:
        yield f"bump version from {own[0].before} to {own[0].after}" if own[0].before else f"set version {own[0].after}"
        yield f"bump version to {own[0].after}"
        return
    if not set(material.kinds) <= allowed:
        return
    if others:
        yield from _dependencies(others)
    elif set(material.kinds) == {"lock"}:
        yield f"update {_some([_name(one.path) for one in material.change.paths])}"


def _dependencies(bumps: Sequence[Bump]) -> Iterator[str]:
    raised = [one for one in bumps if one.before and one.after]
    added = [one for one in bumps if not one.before]
    removed = [one for one in bumps if not one.after]
    if len(raised) == 1 and not (added or removed):
        yield f"bump {raised[0].name} from {raised[0].before} to {raised[0].after}"
        yield f"bump {raised[0].name} to {raised[0].after}"
        yield f"bump {raised[0].name}"
    for verb, some in (("bump", raised), ("add dependency", added), ("drop dependency", removed)):
        if some and len(some) >= len(bumps) / 2:
            yield f"{verb} {_some([one.name for one in some])}"
            yield f"{verb.partition(' ')[0]} {len(some)} dependencies"


def _form_only(material: Material) -> Iterator[str]:
    signs = set(material.features.get("sign", ()))
    for sign, verb in (
        ("spacing only", "format"),
        ("imports only", "tidy imports of"),
        ("comments only", "reword comments of" if _removes(material) else "comment"),
    ):
        if sign in signs and set(material.kinds) <= {"source", "test", "style", "example"}:
            yield from _about(verb, material)


def _removes(material: Material) -> bool:
    return any(one.removed for one in material.files)


def _locales(material: Material) -> Iterator[str]:
    if material.kinds and set(material.kinds) <= {"locale"}:
        stems = [_name(one.path).split(".")[0] for one in material.change.paths]
        new = all(one.status == "A" for one in material.change.paths)
        yield f"{'add' if new else 'update'} translations for {_some(list(dict.fromkeys(stems)))}"
        yield f"update translations of {len(stems)} languages"


def _pipelines(material: Material) -> Iterator[str]:
    if material.kinds and set(material.kinds) <= {"ci"}:
        names = [_name(one.path) for one in material.change.paths]
        verb = "add" if all(one.status == "A" for one in material.change.paths) else "update"
        flows = [name.rsplit(".", 1)[0] for name in names if name.endswith((".yml", ".yaml"))]
        if len(flows) == len(names):
            yield f"{verb} workflow{'s' if len(flows) > 1 else ''} {_some(flows)}"
        yield f"{verb} {_some(names)}"


def _documents(material: Material) -> Iterator[str]:
    if not material.kinds or not set(material.kinds) <= {"docs", "changelog", "example", "asset"}:
        return
    if (swap := _one_word(material.files)) is not None:
        yield f"correct spelling of {swap} in {_name(material.change.paths[0].path)}"
        yield f"correct spelling in {_name(material.change.paths[0].path)}"
    for title in islice(_headings(material.files), 2):
        yield f"describe {title}"
    paths = material.change.paths
    if all(one.status == "A" for one in paths):
        yield f"add {_some([_name(one.path) for one in paths])}"
    places = [_name(one.path) for one in sorted(paths, key=lambda one: -one.added - one.removed)]
    yield f"update {_some(places)}"


def _one_word(files: Sequence[FilePatch]) -> str | None:
    """The new word, where one line of one file differs by one word that is much the same."""
    if len(files) != 1 or len(files[0].added) != 1 or len(files[0].removed) != 1:
        return None
    old, new = files[0].removed[0].split(), files[0].added[0].split()
    differing = [(a, b) for a, b in zip(old, new, strict=False) if a != b]
    if len(old) != len(new) or len(differing) != 1:
        return None
    before, after = (re.sub(r"^\W+|\W+$", "", word) for word in differing[0])
    near = before[:1] == after[:1] and SequenceMatcher(None, before, after).ratio() > _ALIKE
    return after if near and after.isalpha() and before.isalpha() else None


def _headings(files: Sequence[FilePatch]) -> Iterator[str]:
    for one in files:
        gone = {found["title"] for line in one.removed if (found := _HEADING.match(line))}
        for line in one.added:
            found = _HEADING.match(line)
            if found and found["title"] not in gone and re.fullmatch(r"[\w ,'/-]{3,50}", found["title"]):
                yield _lowered(found["title"])


def _tests(material: Material) -> Iterator[str]:
    if not material.kinds or not set(material.kinds) <= {"test", "asset"}:
        return
    for title, wished in islice(_new_cases(material.files), 2):
        yield f"cover that it should {title}" if wished else f"cover {title}"
    added = [one for one in material.symbols if one.what == "added"]
    if added:
        yield f"add {_some([_short(one.name) for one in added])}"
    new = all(one.status == "A" for one in material.change.paths)
    yield f"{'add' if new else 'update'} {_some([_name(one.path) for one in material.change.paths])}"


def _new_cases(files: Sequence[FilePatch]) -> Iterator[tuple[str, bool]]:
    """What new tests are called, in words, and whether it said `should`: then it goes on in the imperative."""
    for one in files:
        if kind_of(one.path) != "test":
            continue
        gone = {line.strip() for line in one.removed}
        for line in one.added:
            if (found := _CASE.match(line)) and line.strip() not in gone:
                words = found["title"] or _HUMPS.sub(" ", found["python"] or found["go"] or found["rust"] or "")
                title = _lowered(words.strip()).rstrip(".")
                wished = re.match(r"(?:it )?should (?!be able)", title)
                yield (title[wished.end() :] if wished else title), bool(wished)


# -- code -------------------------------------------------------------------------------------------------------


def _wishes(material: Material) -> Iterator[str]:
    """What a new test says the code should do."""
    if material.type not in {"fix", "feat", ""} or material.kinds["test"] == 0 or material.kinds["source"] == 0:
        return
    wishes = [title for title, wished in _new_cases(material.files) if wished]
    if len(wishes) == 1 and len(wishes[0]) <= _SHORT + 12 and re.match(r"(?:not )?[a-z]+ ", wishes[0]):
        yield f"do {wishes[0]}" if wishes[0].startswith("not ") else wishes[0]


def _symbols(material: Material) -> Iterator[str]:
    own = [one for one in material.symbols if not one.test] or list(material.symbols)
    by_kind = {what: [one for one in own if one.what == what] for what in ("added", "renamed", "moved", "removed")}
    renamed = by_kind["renamed"]
    if renamed and (len(renamed) == 1 or material.type == "refactor"):
        yield f"rename {_short(renamed[0].old_name)} to {_short(renamed[0].name)}"
    if by_kind["added"] and material.type in {"feat", "test", ""}:
        yield from _listed("add", by_kind["added"])
    if by_kind["moved"] and material.type not in {"feat", "fix"}:
        yield f"move {_short(by_kind['moved'][0].name)} to {_name(by_kind['moved'][0].path)}"
    if by_kind["removed"] and not by_kind["added"] and material.type not in {"fix", "perf"}:
        yield from _listed("remove", by_kind["removed"])
    changed = [one for one in own if one.what == "changed"]
    if changed:
        yield from _listed(_verb(material), sorted(changed, key=lambda one: (one.kind in _VALUES, -one.lines)))
    if by_kind["added"]:
        yield from _listed("add", by_kind["added"])
    if by_kind["removed"]:
        yield from _listed("remove", by_kind["removed"])


def _verb(material: Material) -> str:
    verbs = {
        "feat": "extend",
        "fix": "correct",
        "perf": "speed up",
        "refactor": "rework",
        "docs": "document",
        "style": "tidy",
        "test": "cover",
        "types": "correct types of",
    }
    return verbs.get(material.type, "update")


def _listed(verb: str, symbols: Sequence[SymbolChange]) -> Iterator[str]:
    names = list(dict.fromkeys(_short(one.name) for one in symbols))
    for count in range(min(len(names), _MOST_NAMES), 0, -1):
        if count == len(names) or count == 1:
            yield f"{verb} {_some(names[:count])}"
    last = [name.rpartition(".")[2] for name in names]
    yield f"{verb} {last[0]}"


def _about(verb: str, material: Material) -> Iterator[str]:
    names = [_name(one.path) for one in sorted(material.change.paths, key=lambda one: -one.added - one.removed)]
    yield f"{verb} {_some(names)}"
    yield f"{verb} {len(names)} files" if len(names) > 1 else f"{verb} one file"


def _plain(material: Material) -> Iterator[str]:
    """By files: always true, and at last always short."""
    paths = [one for one in material.change.paths if kind_of(one.path) not in {"lock", "test", "changelog"}]
    paths = sorted(paths or material.change.paths, key=lambda one: -one.added - one.removed)
    names = [_name(one.path) for one in paths]
    new = bool(paths) and all(one.status == "A" for one in paths)
    verb = "add" if new else _verb(material)
    manifests = [name for name in names if name.lower() in MANIFESTS]
    if names:
        yield f"{verb} {_some(manifests if len(manifests) == len(names) else names)}"
        yield f"{verb} {names[0]}"
        yield f"{verb} {len(material.change.paths)} files" if len(material.change.paths) > 1 else f"{verb} a file"
    yield "update files"


_MAKERS: Final[tuple[Callable[[Material], Iterator[str]], ...]] = (
    *(_nothing, _modules, _renames, _deletions, _modes, _bumps, _form_only, _locales, _pipelines, _documents),
    *(_tests, _wishes, _symbols),
)


# -- words ------------------------------------------------------------------------------------------------------


def _name(path: str) -> str:
    """The name of a file; with its folder where the name alone says nothing."""
    folder, _, name = path.rpartition("/")
    stem = name.split(".")[0].lower()
    if stem in {"index", "__init__", "mod", "main", "readme", "package", "cargo", "lib"} and folder:
        return f"{folder.rpartition('/')[2]}/{name}"
    return name


def _short(name: str) -> str:
    """The last two parts of a qualified name."""
    return ".".join(name.split(".")[-2:])


def _some(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`, `a, b and 3 more`."""
    shown = list(dict.fromkeys(names))
    if len(shown) <= 1:
        return "".join(shown)
    if len(shown) <= _MOST_NAMES:
        return f"{', '.join(shown[:-1])} and {shown[-1]}"
    return f"{', '.join(shown[:2])} and {len(shown) - 2} more"


def _lowered(text: str) -> str:
    """With a small first letter, unless the first word is a name or an abbreviation."""
    first = text.split(" ", 1)[0]
    return text if first[1:] != first[1:].lower() or first == "I" else text[:1].lower() + text[1:]
