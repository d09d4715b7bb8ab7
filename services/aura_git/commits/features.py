"""What a classifier sees of a change: paths, sizes, words, and signs of an intent; in groups of their own weight."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from aura_git.commits.kinds import MANIFESTS, kind_of
from aura_git.commits.patches import FilePatch

__all__ = ["GROUPS", "Features", "comment_only", "features_of", "reduced_to_code"]

Features = dict[str, tuple[str, ...]]
"""Names of what is there, by group."""

GROUPS: Final = {"path": 1.0, "name": 0.6, "kind": 1.6, "size": 0.6, "sign": 1.6, "new": 0.8, "old": 0.4, "around": 0.4}
"""Weight of each group in the likeness of two changes; set by hand, and not tuned."""

_WORD: Final = re.compile(r"[A-Za-z][a-z]+|[A-Z]{2,}(?![a-z])")
_MOST_LINES: Final = 200
"""Of one side of one file."""
_MOST_PATHS: Final = 40
_DEFINES: Final = re.compile(
    r"^\s*(?:export\s+)?(?:default\s+)?(?:pub(?:\([\w: ]+\))?\s+)?"
    r"(?:public\s+|private\s+|protected\s+|static\s+|abstract\s+)*"
    r"(?:async\s+|const\s+|unsafe\s+)*(?:def|class|function|func|fn|interface|struct|enum|trait|type|impl)\b"
)
_PUBLIC: Final = re.compile(
    r"^\s*(?:export\b|pub\b|public\b)|^func (?:\([^)]*\) )?[A-Z]|^(?:def|class|async def) [a-zA-Z]"
)
_COMMENT: Final = re.compile(r"^\s*(?://|#(?!\[|include|define|if|endif)|/?\*|\"\"\"|'''|<!--|--\s)")
_IMPORT: Final = re.compile(
    r"^\s*(?:import\b|from\s+\S+\s+import|use\s|#include|require\(|const .*= require\(|export \* from)"
)
_TEST_CASE: Final = re.compile(
    r"^\s*(?:def test_|async def test_|(?:it|test|describe)(?:\.\w+)?\(|func Test|#\[(?:tokio::)?test\]|@Test\b)"
)
_VERSION: Final = re.compile(r"^\s*[\"']?(?:version|__version__)[\"']?\s*[:=]")
_PINNED: Final = re.compile(r"[\"'=~^>< ]v?\d+\.\d+(?:\.\d+)?")
_SIGNS: Final = (
    ("issue", re.compile(r"(?:#|issues/|GH-?)\d{2,}", re.IGNORECASE)),
    ("deprecated", re.compile(r"deprecat", re.IGNORECASE)),
    ("null", re.compile(r"\b(?:null|undefined|None|nil|is_none|isNil)\b|\?\.|\?\?")),
    ("error", re.compile(r"\b(?:raise|throw|panic!|errors?\.|Err\(|except|catch|err != nil|fmt\.Errorf)")),
    ("guard", re.compile(r"^\s*(?:if|else if|elif|} else if)\b")),
    ("return", re.compile(r"^\s*return\b")),
    ("flag", re.compile(r"add_argument|\.option\(|Flags\(\)|\#\[arg|click\.option|env::var|os\.environ|process\.env")),
    ("todo", re.compile(r"\b(?:TODO|FIXME|HACK|workaround)\b", re.IGNORECASE)),
    ("cache", re.compile(r"cache|memo|alloc|prealloc|lazy|inline|perf|Buffer|Pool\b|with_capacity", re.IGNORECASE)),
    ("lint", re.compile(r"eslint-disable|noqa|nolint|type: ignore|ts-ignore|ts-expect-error|allow\(clippy|pylint")),
    ("skip", re.compile(r"\.(?:skip|only)\(|pytest\.mark|t\.Skip|#\[ignore")),
)
_FRAGMENT: Final = re.compile(
    r"\.(feature|bugfix|doc|docs|misc|removal|breaking|fix|added|fixed|changed|perf|patch)(?:\.\w+)?$"
)


def features_of(files: Sequence[FilePatch]) -> Features:
    """What is seen of a change, by group."""
    some = files[:_MOST_PATHS]
    new, old = _words(some, added=True), _words(some, added=False)
    return {
        "path": tuple(sorted(set(_paths(some)))),
        "name": tuple(sorted(set(_names(some)))),
        "kind": tuple(sorted(set(_kinds(files)))),
        "size": tuple(_sizes(files)),
        "sign": tuple(sorted(set(_signs(some)))),
        "new": tuple(sorted(new - old)),
        "old": tuple(sorted(old - new)),
        "around": tuple(sorted(_around(some))),
    }


def _paths(files: Sequence[FilePatch]) -> Iterator[str]:
    for one in files:
        parts = one.path.split("/")
        for depth in range(1, min(len(parts), 5)):
            yield "/".join(parts[:depth])
        yield one.path


def _names(files: Sequence[FilePatch]) -> Iterator[str]:
    for one in files:
        name = one.path.rsplit("/", 1)[-1].lower()
        stem, dot, ending = name.rpartition(".")
        yield f".{ending}" if dot and stem else name
        for word in _WORD.findall(one.path):
            yield word.lower()


def _kinds(files: Sequence[FilePatch]) -> Iterator[str]:
    counts = Counter(kind_of(one.path) for one in files)
    for kind in counts:
        yield kind
        for status in {one.status for one in files if kind_of(one.path) == kind}:
            yield f"{kind}:{status}"
    yield "only " + "+".join(sorted(counts))
    serious = set(counts) - {"changelog", "lock", "test", "docs", "locale", "example", "asset"}
    yield "serious " + "+".join(sorted(serious))
    lines = Counter[str]()
    for one in files:
        lines[kind_of(one.path)] += len(one.added) + len(one.removed) + 1
    yield f"most {lines.most_common(1)[0][0]}" if lines else "most nothing"


def _bucket(number: int) -> str:
    return str(next((limit for limit in (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 1024) if number <= limit), "many"))


def _sizes(files: Sequence[FilePatch]) -> Iterator[str]:
    source = [one for one in files if kind_of(one.path) == "source"]
    for name, some in (("all", files), ("source", source)):
        added, removed = sum(len(one.added) for one in some), sum(len(one.removed) for one in some)
        yield f"{name} files {_bucket(len(some))}"
        yield f"{name} added {_bucket(added)}"
        yield f"{name} removed {_bucket(removed)}"
        yield f"{name} runs {_bucket(sum(one.runs for one in some))}"
        yield f"{name} share {round(4 * added / (added + removed)) if added + removed else 'none'}"


def _signs(files: Sequence[FilePatch]) -> Iterator[str]:
    for one in files:
        kind = kind_of(one.path)
        if kind == "changelog":
            yield from _changelog(one)
        if one.path.rsplit("/", 1)[-1].lower() in MANIFESTS:
            yield from _manifest(one)
        if kind in {"source", "test"}:
            for sign, lines in (("+", one.added[:_MOST_LINES]), ("-", one.removed[:_MOST_LINES])):
                yield from _signs_of(kind, sign, lines)
    yield from _whole(files)


def _signs_of(kind: str, sign: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        if _DEFINES.match(line):
            yield f"{kind}{sign}defines"
            if _PUBLIC.match(line):
                yield f"{kind}{sign}public"
        if _TEST_CASE.match(line):
            yield f"{kind}{sign}case"
        for name, form in _SIGNS:
            if form.search(line):
                yield f"{kind}{sign}{name}"


def _changelog(one: FilePatch) -> Iterator[str]:
    if found := _FRAGMENT.search(one.path.lower()):
        yield f"fragment {found[1]}"
    for line in one.added[:40]:
        lower = line.lower()
        for word in ("fix", "add", "support", "patch", "minor", "major", "feature", "bug"):
            if word in lower:
                yield f"log {word}"


def _manifest(one: FilePatch) -> Iterator[str]:
    for line in one.added[:80]:
        if _VERSION.match(line):
            yield "manifest version"
        elif _PINNED.search(line):
            yield "manifest dependency"
        else:
            yield "manifest other"


def _whole(files: Sequence[FilePatch]) -> Iterator[str]:
    changed = [one for one in files if one.added or one.removed]
    code = [one for one in changed if kind_of(one.path) in {"source", "test", "style", "example"}]
    source = [one for one in code if kind_of(one.path) == "source"]
    for sign, holds in (
        ("no lines", not changed),
        ("nothing removed", bool(changed) and not any(one.removed for one in changed)),
        ("nothing added", bool(changed) and not any(one.added for one in changed)),
        ("renames", any(one.status == "R" for one in files)),
        ("source with tests", 0 < len(source) < len(code)),
        ("one place", len(source) == 1 and source[0].runs == 1),
    ):
        if holds:
            yield sign
    if code:
        yield from _form_only(code)


def _form_only(code: Sequence[FilePatch]) -> Iterator[str]:
    """Signs that nothing of what code does has changed."""
    if all(comment_only(one) for one in code):
        yield "comments only"
    if all(reduced_to_code(one.added) == reduced_to_code(one.removed) for one in code):
        yield "spacing only"
    if all(_IMPORT.match(line) or not line.strip() for one in code for line in (*one.added, *one.removed)):
        yield "imports only"
    if _tokens(code, added=True) == _tokens(code, added=False):
        yield "same tokens"


def comment_only(one: FilePatch) -> bool:
    """Whether every line that changes is a comment or blank."""
    lines = [line for line in (*one.added, *one.removed) if line.strip()]
    return bool(lines) and all(_COMMENT.match(line) for line in lines)


def reduced_to_code(lines: Sequence[str]) -> str:
    """Lines without spacing, and without the commas and semicolons that formatters put before a closing bracket."""
    text = re.sub(r"\s+", "", "".join(lines))
    return re.sub(r"[,;]+(?=[)\]}])|;$", "", text).replace("'", '"')


def _tokens(files: Sequence[FilePatch], *, added: bool) -> Counter[str]:
    return Counter(word for one in files for line in _side(one, added=added) for word in re.findall(r"\w+", line))


def _side(one: FilePatch, *, added: bool) -> Sequence[str]:
    return (one.added if added else one.removed)[:_MOST_LINES]


def _words(files: Sequence[FilePatch], *, added: bool) -> set[str]:
    found: set[str] = set()
    for one in files:
        if kind_of(one.path) in {"lock", "asset"}:
            continue
        for line in _side(one, added=added):
            found.update(word.lower() for word in _WORD.findall(line[:400]) if len(word) > 2)
    return found


def _around(files: Sequence[FilePatch]) -> set[str]:
    return {
        word.lower() for one in files for line in one.functions[:30] for word in _WORD.findall(line) if len(word) > 2
    }
