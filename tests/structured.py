"""Projects whose structure is read, stored and linked for a test."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

from aura_code.structure.facts import FileStructure
from aura_code.structure.readers import reader_of
from aura_code.structure.store import StructureStore
from aura_code.syntax import parse_source


def read(path: str, text: str) -> tuple[bytes, FileStructure]:
    """Digest and structure of a file."""
    data = text.encode()
    file = parse_source(path, data)
    assert file is not None
    reader = reader_of(file.language)
    assert reader is not None
    return blake2b(data, digest_size=16).digest(), reader(file)


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def linked(root: Path, files: Mapping[str, str], database: Path | None = None) -> StructureStore:
    """The store of a project with these files; those without a reader are only written."""
    write(root, files)
    store = StructureStore.open(database or root.parent / f"{root.name}.db", root)
    sources = [
        (path, text) for path, text in files.items() if path.endswith((".py", ".js", ".ts", ".go", ".rs", ".java"))
    ]
    store.put_many([read(path, text) for path, text in sources])
    store.link()
    return store


def links(store: StructureStore) -> set[tuple[str, int, str, str, int]]:
    """Path, line, name, what is meant (path and qualified name, or nothing) and confidence of every use."""
    rows = store.rows(
        "SELECT f.path, u.line, u.name, coalesce(t.path || ':' || s.qualified, ''), u.confidence FROM uses u "
        "JOIN files f ON f.id = u.file LEFT JOIN symbols s ON s.id = u.target LEFT JOIN files t ON t.id = s.file"
    )
    return {(str(row[0]), int(str(row[1])), str(row[2]), str(row[3]), int(str(row[4]))) for row in rows}


def meaning(store: StructureStore, path: str, name: str) -> set[tuple[str, int]]:
    """What a name means in a file, with confidence."""
    return {(meant, confidence) for where, _, what, meant, confidence in links(store) if (where, what) == (path, name)}
