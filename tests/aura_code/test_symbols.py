"""Definitions by name, outlines and the map."""

from pathlib import Path

import pytest

from aura_code.index import CodeIndex
from aura_code_files import Project, facts, skipped
from aura_shared.errors import EmptyQuery, UnknownFile
from aura_shared.messages.code import FindSymbols, MapProject

FILES = {
    "src/session.py": "import os path\nclass Session\n    def close\n    def open_file\nconst LIMIT\n",
    "src/store.ts": "class Store\n    def close\nclass SessionStore\nSession()\nSession()\n",
    "tests/test_session.py": "class Session\ndef test_close\n",
    "lib/deep/er/x.c": "def session_init\nenum session\nStore()\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with some names defined several times."""
    return Project(tmp_path, FILES)


def found(project: Project, name: str, **more: object) -> list[str]:
    """`path:name` of the definitions found."""
    request = FindSymbols.model_validate({"project": "", "name": name, **more})
    return [f"{symbol.path}:{symbol.name}" for symbol in project.index.symbols(request).symbols]


@pytest.mark.requirement("P7")
def test_exact_names_come_first_then_other_case_then_prefixes_then_parts(project: Project) -> None:
    assert found(project, "Session") == [
        "src/session.py:Session",
        "tests/test_session.py:Session",
        "lib/deep/er/x.c:session",
        "lib/deep/er/x.c:session_init",
        "src/store.ts:SessionStore",
    ]
    assert found(project, "ession")[0] == "lib/deep/er/x.c:session" or len(found(project, "ession")) == 5
    assert found(project, "Session", exact=True) == ["src/session.py:Session", "tests/test_session.py:Session"]
    assert found(project, "sessionInit") == ["lib/deep/er/x.c:session_init"]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Store.close", "src/store.ts"),
        ("Session::close", "src/session.py"),
        ("Session#close()", "src/session.py"),
        ("store.close", "src/store.ts"),
    ],
)
def test_a_container_narrows_a_name(project: Project, name: str, path: str) -> None:
    assert found(project, name, exact=True) == [f"{path}:close"]


def test_a_module_counts_as_container(project: Project) -> None:
    assert found(project, "session.LIMIT") == ["src/session.py:LIMIT"]
    assert found(project, "lib.session_init") == ["lib/deep/er/x.c:session_init"]


def test_filters_narrow_names(project: Project) -> None:
    assert found(project, "close", paths=["*.ts"]) == ["src/store.ts:close"]
    assert found(project, "Session", kinds=["enum"]) == ["lib/deep/er/x.c:session"]
    assert found(project, "Session", languages=["typescript"]) == ["src/store.ts:SessionStore"]


def test_the_limit_cuts_and_says_so(project: Project) -> None:
    answer = project.index.symbols(FindSymbols(project="", name="session", limit=2))
    assert (len(answer.symbols), answer.more) == (2, True)
    assert answer.freshness.generation == 1


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"name": "Sesssion"}, "Session"),
        ({"name": "zzqqyy"}, "Search by words"),
        ({"name": "Nothing.close"}, "none of them"),
        ({"name": "close", "kinds": ["enum"]}, "filters"),
    ],
)
def test_no_symbol_has_a_reason(project: Project, request_: dict[str, object], reason: str) -> None:
    answer = project.index.symbols(FindSymbols.model_validate({"project": "", **request_}))
    assert not answer.symbols
    assert reason in answer.reason


def test_an_empty_name_is_refused(project: Project) -> None:
    for name in ["", "  ", "::", "()"]:
        with pytest.raises(EmptyQuery):
            project.index.symbols(FindSymbols(project="", name=name))


def test_a_symbol_carries_what_is_known_of_it(project: Project) -> None:
    symbol = project.index.symbols(FindSymbols(project="", name="open_file")).symbols[0]
    assert symbol.model_dump() == {
        "name": "open_file", "kind": "method", "container": "Session", "path": "src/session.py", "start_line": 4,
        "end_line": 5, "signature": "def open_file", "doc": "About open_file.", "language": "python",
    }  # fmt: skip


@pytest.mark.requirement("P7")
def test_an_outline_lists_definitions_and_imports_in_order(project: Project) -> None:
    answer = project.index.outline("src/session.py")
    assert [symbol.name for symbol in answer.symbols] == ["Session", "close", "open_file", "LIMIT"]
    assert [(item.module, item.names, item.line) for item in answer.imports] == [("os", ["path"], 1)]
    assert (answer.language, answer.lines, answer.broken, answer.reason) == ("python", 5, False, "")


def test_an_outline_without_symbols_says_why(project: Project) -> None:
    project.index.apply([facts("notes.md", "words only"), skipped("logo.png", "binary")], [])
    assert "Nothing is defined" in project.index.outline("notes.md").reason
    assert "binary" in project.index.outline("logo.png").reason
    with pytest.raises(UnknownFile):
        project.index.outline("gone.py")


def test_the_map_counts_folders_and_names_what_is_used_most(project: Project) -> None:
    answer = project.index.map(MapProject(project=""))
    folders = {folder.path: folder for folder in answer.folders}
    assert list(folders) == ["", "lib", "lib/deep", "src", "tests"]
    assert (folders["src"].files, folders["src"].lines, folders["src"].languages) == (2, 10, ["python", "typescript"])
    assert folders["src"].symbols[0] == "Session"
    assert folders["tests"].symbols == []
    assert (answer.files, answer.lines, answer.more) == (4, 15, False)


def test_the_map_can_be_narrowed_and_deepened(project: Project) -> None:
    answer = project.index.map(MapProject(project="", path="lib", depth=3))
    assert [folder.path for folder in answer.folders] == ["lib", "lib/deep", "lib/deep/er"]
    assert [folder.files for folder in answer.folders] == [1, 1, 1]


@pytest.mark.parametrize("budget", [100, 200, 1000])
def test_the_map_keeps_to_its_budget(tmp_path: Path, budget: int) -> None:
    index = CodeIndex.create(tmp_path)
    index.build([[facts(f"folder{n}/sub/x{m}.py", f"class Name{n}x{m}\n") for n in range(40) for m in range(3)]])
    answer = index.map(MapProject(project="", depth=3, budget=budget))
    assert sum(len(folder.model_dump_json()) for folder in answer.folders) <= 4 * budget
    assert answer.more
    assert answer.folders[0].path == ""


def test_names_with_undecodable_bytes_are_shown_not_raised(tmp_path: Path) -> None:
    index = CodeIndex.create(tmp_path)
    index.build([[facts("b\udcff.py", "class Odd\n")]])
    answer = index.symbols(FindSymbols(project="", name="Odd"))
    assert answer.symbols[0].path.startswith("b")
    answer.model_dump_json()
    assert list(index.stamps()) == ["b\udcff.py"]
