"""What a path says about a file: its words, and whether it is a test, an example, something old and the like."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from aura_code.terms import fold, split_identifier, words

PlaceKind = Literal["tests", "docs", "legacy", "package", "declarations", "types", "platform", "data"]

_TEST_FOLDERS: Final = frozenset(
    [
        "test",
        "tests",
        "__tests__",
        "spec",
        "specs",
        "e2e",
        "testdata",
        "test-data",
        "test_data",
        "testutil",
        "testutils",
        "unittest",
        "unittests",
        "fixtures",
        "__fixtures__",
        "__mocks__",
        "mocks",
        "androidtest",
        "commontest",
        "jvmtest",
        "integrationtest",
        "testfixtures",
    ]
)
_TEST_FILE: Final = re.compile(
    r"(?:^(?:tests?|conftest|setuptests)$|^test_|[._-](?:tests?|spec|specs|e2e|test-d|stories|bench|benchmark)$"
    r"|[a-z0-9](?:Test|Tests|TestCase|Spec|IT)$)"
)
_DOC_FOLDERS: Final = frozenset(
    [
        "doc",
        "docs",
        "documentation",
        "docs_src",
        "example",
        "examples",
        "sample",
        "samples",
        "demo",
        "demos",
        "tutorial",
        "tutorials",
        "playground",
        "benchmark",
        "benchmarks",
        "bench",
        "website",
    ]
)
_DOC_ENDINGS: Final = words("md mdx rst txt adoc")
_LEGACY_FOLDERS: Final = frozenset(
    [
        "legacy",
        "deprecated",
        "compat",
        "compatibility",
        "old",
        "vendor",
        "vendored",
        "third_party",
        "thirdparty",
        "external",
        "node_modules",
        "deps",
        "attic",
        "obsolete",
    ]
)
_VENDORED: Final = frozenset({"vendor", "vendored", "third_party", "thirdparty", "node_modules"})
_LEGACY_FILE: Final = re.compile(r"(?:^|[._-])(?:legacy|deprecated|compat|old|bak)(?:$|[._-])", re.IGNORECASE)
_TYPES: Final = frozenset({"types", "typings", "interfaces"})
_PACKAGE_FILES: Final = frozenset({"__init__.py", "package-info.java", "module-info.java", "doc.go"})
# Ports that few readers work on; a question about them names them.
PLATFORMS: Final = frozenset(
    [
        "win",
        "win32",
        "win64",
        "windows",
        "aix",
        "sunos",
        "solaris",
        "os390",
        "zos",
        "haiku",
        "vms",
        "amiga",
        "os400",
        "ibmi",
        "cygwin",
        "msdos",
        "dos",
        "qnx",
        "hurd",
    ]
)
_BARREL_STEMS: Final = frozenset({"index", "mod", "__init__", "main", "lib", "init"})


class Place(NamedTuple):
    """What a path says."""

    stem: str
    """The file's name without its endings, folded."""
    words: tuple[str, ...]
    """Parts of the file's name, in lower case; of an `index.ts` and the like those of its folder too."""
    folders: tuple[str, ...]
    """Parts of the names of its last two folders."""
    kinds: frozenset[PlaceKind]


@lru_cache(maxsize=4096)
def read_place(path: str) -> Place:
    """What a path says about its file."""
    folder, _, name = path.rpartition("/")
    folders = folder.split("/") if folder else []
    stem = name.rpartition(".")[0] or name
    first = stem.partition(".")[0] or stem
    named = tuple(split_identifier(stem))
    if first in _BARREL_STEMS and folders:
        named += tuple(split_identifier(folders[-1]))
    near = tuple(part for folder in folders[-2:] for part in split_identifier(folder))
    kinds: frozenset[PlaceKind] = frozenset(
        kind for kind, fits in _KINDS.items() if fits([part.lower() for part in folders], name, stem)
    )
    return Place(fold(first), named, near, kinds)


def is_vendored(path: str) -> bool:
    """Whether a file lies in a folder for code that others wrote and that was copied in."""
    return not _VENDORED.isdisjoint(path.lower().split("/")[:-1])


def _is_test(folders: list[str], _: str, stem: str) -> bool:
    return not _TEST_FOLDERS.isdisjoint(folders) or _TEST_FILE.search(stem) is not None


def _is_doc(folders: list[str], name: str, _: str) -> bool:
    plain = {folder.lstrip("_.") for folder in folders}
    return not _DOC_FOLDERS.isdisjoint(plain) or name.rpartition(".")[2].lower() in _DOC_ENDINGS


def _is_legacy(folders: list[str], _: str, stem: str) -> bool:
    plain = {folder.lstrip("_") for folder in folders}
    return not _LEGACY_FOLDERS.isdisjoint(plain) or _LEGACY_FILE.search(stem) is not None


def _is_declarations(_folders: list[str], name: str, _: str) -> bool:
    return name.endswith((".d.ts", ".d.mts", ".d.cts", ".pyi"))


def _is_types(folders: list[str], _: str, stem: str) -> bool:
    return not _TYPES.isdisjoint(folders) or stem in _TYPES


def _is_platform(folders: list[str], _: str, stem: str) -> bool:
    return not PLATFORMS.isdisjoint([*folders, *re.split(r"[_.-]", stem.lower())])


_KINDS: Final[dict[PlaceKind, Callable[[list[str], str, str], bool]]] = {
    "tests": _is_test,
    "docs": _is_doc,
    "legacy": _is_legacy,
    "package": lambda _folders, name, _stem: name in _PACKAGE_FILES,
    "declarations": _is_declarations,
    "types": _is_types,
    "platform": _is_platform,
}

_VERSION: Final = re.compile(r"(?:^|/)(v(\d{1,2}))/")
NEWER: Final = 3  # How many versions above are looked for.


def newer_versions(path: str) -> list[tuple[str, list[str]]]:
    """For each folder of a path that is called like a version: its name, and the folders of newer ones beside it."""
    return [
        (match[1], [f"{path[: match.start(1)]}v{int(match[2]) + more}/" for more in range(1, NEWER + 1)])
        for match in _VERSION.finditer(path)
    ]
