from __future__ import annotations

from pathlib import Path

import pytest

from aura_code.structure.javascript import read_javascript
from aura_code.structure.store import StructureStore
from aura_code.syntax import parse_source

pytestmark = pytest.mark.requirement("C3")


def targets(folder: Path, files: dict[str, str], name: str) -> list[tuple[object, ...]]:
    """Path, line and confidence of what a name means where it is used."""
    store = StructureStore.open(folder / "structure.db", folder)
    for path, text in files.items():
        file = parse_source(path, text.encode())
        assert file is not None
        store.put(b"", read_javascript(file))
    store.link()
    query = (
        "SELECT f.path, s.line, u.confidence FROM uses u JOIN symbols s ON s.id = u.target "
        "JOIN files f ON f.id = s.file WHERE u.name = ?"
    )
    found = store.rows(query, (name,))
    store.close()
    return found


def test_names_declared_for_all_files_are_found_from_each(tmp_path: Path) -> None:
    files = {
        "global.d.ts": "declare module '*.vue' {\n  export default x;\n}\ndeclare var __DEV__: boolean;\n",
        "a.ts": "if (__DEV__) run();\n",
    }
    assert targets(tmp_path, files, "__DEV__") == [("global.d.ts", 4, 3)]


def test_names_of_modules_are_not_known_everywhere(tmp_path: Path) -> None:
    files = {"m.ts": "export declare const inner: number;\ndeclare const other: number;\n", "a.ts": "inner + other;\n"}
    assert targets(tmp_path, files, "inner") == []
    assert targets(tmp_path, files, "other") == []


@pytest.mark.parametrize(
    ("text", "within"),
    [("declare const x1: number;\nexport = x1;\n", 1), ("declare module 'm' { const x1: 1; }\n", 0)],
)
def test_what_a_module_gives_as_a_whole_is_not_known_everywhere(tmp_path: Path, text: str, within: int) -> None:
    assert len(targets(tmp_path, {"m.d.ts": text, "a.ts": "run(x1);\n"}, "x1")) == within
