"""Questions about structure: references, calls, hierarchy, imports, cycles, impact, tests, dead code, entry points."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aura_code.structure.dead import dead_code
from aura_code.structure.entries import entry_points
from aura_code.structure.hierarchy import hierarchy
from aura_code.structure.impact import impact
from aura_code.structure.impact import tests_for as reached_by
from aura_code.structure.imports import cycles, imports, strongly_connected
from aura_code.structure.ranking import definition_graph, personal_rank
from aura_code.structure.references import calls, references
from aura_code.structure.store import StructureStore
from aura_shared.errors import EmptyQuery, UnknownFile
from aura_shared.messages.structure import (
    AskImpact,
    FindCalls,
    FindCycles,
    FindDeadCode,
    FindEntryPoints,
    FindHierarchy,
    FindImports,
    FindReferences,
    FindTests,
)
from structured import linked

pytestmark = pytest.mark.requirement("C2", "C3")

FILES = {
    "pyproject.toml": '[project]\nname = "shop"\n\n[project.scripts]\nshop = "shop.cli:main"\n',
    "README.md": "Write a plugin with `_named_in_docs`.\n",
    "shop/__init__.py": "",
    "shop/base.py": (
        "class Store:\n"
        "    def save(self) -> None:\n"
        "        raise NotImplementedError\n"
        "\n"
        "    def load(self) -> str:\n"
        "        return ''\n"
    ),
    "shop/disk.py": (
        "from shop.base import Store\n"
        "\n"
        "\n"
        "class Disk(Store):\n"
        "    def save(self) -> None:\n"
        "        _write('x')\n"
        "\n"
        "\n"
        "def _write(text: str) -> None:\n"
        "    print(text)\n"
        "\n"
        "\n"
        "def _forgotten(text: str) -> None:\n"
        "    _helper_of_forgotten(text)\n"
        "\n"
        "\n"
        "def _helper_of_forgotten(text: str) -> None:\n"
        "    print(text)\n"
        "\n"
        "\n"
        "def _named_in_docs() -> None: ...\n"
        "\n"
        "\n"
        "def _named_in_a_string() -> None: ...\n"
        "\n"
        "\n"
        "HOOKS = ['_named_in_a_string']\n"
    ),
    "shop/cli.py": (
        "from shop.disk import Disk\n"
        "\n"
        "\n"
        "def main() -> None:\n"
        "    run(Disk())\n"
        "\n"
        "\n"
        "def run(disk: Disk) -> None:\n"
        "    disk.save()\n"
        "    disk.load()\n"
        "\n"
        "\n"
        "def guess(thing):\n"
        "    thing.save()\n"
    ),
    "tests/test_disk.py": (
        "from shop.cli import run\n"
        "from shop.disk import Disk\n"
        "\n"
        "\n"
        "def make() -> Disk:\n"
        "    return Disk()\n"
        "\n"
        "\n"
        "def test_save() -> None:\n"
        "    run(make())\n"
    ),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "shop"


@pytest.fixture
def store(root: Path) -> Iterator[StructureStore]:
    made = linked(root, FILES)
    yield made
    made.close()


def test_references_are_sorted_by_confidence_and_show_the_line(store: StructureStore, root: Path) -> None:
    answer = references(store, root, FindReferences(project="p", symbol="Disk.save"))
    assert [(one.path, one.line, one.enclosing, one.confidence, one.text) for one in answer.references] == [
        ("shop/cli.py", 9, "run", "exact", "disk.save()"),
        ("shop/cli.py", 14, "guess", "by name", "thing.save()"),
    ]
    assert [one.path for one in answer.definitions] == ["shop/disk.py"]


@pytest.mark.parametrize(
    "question",
    [
        {"symbol": "shop/disk.py:9"},
        {"symbol": "shop/disk.py::_write"},
        {"path": "shop/disk.py", "line": 10},
        {"symbol": "_write", "path": "shop/disk.py"},
        {"symbol": "shop.disk._write()"},
    ],
    ids=["path and line", "path and name", "a line inside", "name in a file", "dotted"],
)
def test_a_symbol_may_be_named_in_many_ways(store: StructureStore, root: Path, question: dict[str, object]) -> None:
    answer = references(store, root, FindReferences.model_validate({"project": "p", **question}))
    assert [one.name for one in answer.definitions] == ["_write"]
    assert [(one.line, one.enclosing) for one in answer.references] == [(6, "Disk.save")]


def test_references_can_be_narrowed_and_say_when_nothing_is_left(store: StructureStore, root: Path) -> None:
    sure = references(store, root, FindReferences(project="p", symbol="Disk.save", confidence="likely"))
    assert sure.total == 1
    first = references(store, root, FindReferences(project="p", symbol="Disk", limit=1))
    assert first.more
    assert len(first.references) == 1
    none = references(store, root, FindReferences(project="p", symbol="Disk.save", kinds=["write"]))
    assert "filters" in none.reason
    elsewhere = references(store, root, FindReferences(project="p", symbol="Disk", paths=["tests/"]))
    assert {one.path for one in elsewhere.references} == {"tests/test_disk.py"}


def test_what_is_not_there_is_said_with_similar_names(store: StructureStore, root: Path) -> None:
    near = references(store, root, FindReferences(project="p", symbol="_writ")).reason
    assert "_write" in near
    assert "shop/disk.py" in references(store, root, FindReferences(project="p", path="disk.py", line=1)).reason
    assert "Disk.save" in references(store, root, FindReferences(project="p", symbol="Nobody.save")).reason
    assert "line 200" in references(store, root, FindReferences(project="p", symbol="shop/disk.py:200")).reason
    assert "name a symbol" in references(store, root, FindReferences(project="p", path="shop/disk.py")).reason
    with pytest.raises(EmptyQuery):
        references(store, root, FindReferences(project="p"))


def test_a_member_that_is_inherited_is_found_through_the_class(store: StructureStore, root: Path) -> None:
    answer = references(store, root, FindReferences(project="p", symbol="Disk.load"))
    assert [one.name for one in answer.definitions] == ["Store.load"]
    assert [one.line for one in answer.references] == [10]


def test_callers_and_callees_go_several_steps(store: StructureStore) -> None:
    answer = calls(store, FindCalls(project="p", symbol="_write", depth=4))
    assert [(one.depth, one.caller.name, one.callee.name) for one in answer.calls] == [
        (1, "Disk.save", "_write"),
        (2, "run", "Disk.save"),
        (3, "main", "run"),
        (3, "test_save", "run"),
    ]
    down = calls(store, FindCalls(project="p", symbol="run", direction="callees", depth=2))
    assert {(one.caller.name, one.callee.name) for one in down.calls} >= {("run", "Disk.save"), ("Disk.save", "_write")}
    guessed = calls(store, FindCalls(project="p", symbol="guess", direction="callees"))
    assert {one.callee.name for one in guessed.calls} == {"Disk.save", "Store.save"}
    assert {one.confidence for one in guessed.calls} == {"by name"}
    assert calls(store, FindCalls(project="p", symbol="main")).reason
    assert calls(store, FindCalls(project="p", symbol="nothing")).reason


def test_hierarchy_knows_bases_subtypes_and_overrides(store: StructureStore) -> None:
    def relatives(symbol: str) -> list[tuple[str, str]]:
        answer = hierarchy(store, FindHierarchy(project="p", symbol=symbol))
        return [(one.relation, one.name) for one in answer.relatives]

    assert relatives("Disk") == [("supertype", "Store")]
    assert relatives("Store") == [("subtype", "Disk")]
    assert relatives("Disk.save") == [("overrides", "Store.save")]
    assert relatives("Store.save") == [("overridden by", "Disk.save")]
    assert hierarchy(store, FindHierarchy(project="p", symbol="run")).reason
    assert hierarchy(store, FindHierarchy(project="p", symbol="nothing")).reason


def test_types_of_other_projects_and_interfaces_of_go_belong_to_the_hierarchy(tmp_path: Path) -> None:
    files = {
        "a.py": "import enum\nfrom lib import thing\n\n\nclass A(enum.Enum): ...\n\n\nclass B(thing.Base): ...\n",
        "go.mod": "module x\n",
        "shape.go": (
            "package x\n\ntype Shape interface {\n\tArea() int\n\tName() string\n}\n\ntype Box struct{}\n\n"
            'func (b Box) Area() int { return 1 }\n\nfunc (b Box) Name() string { return "" }\n\ntype Dot struct{}\n\n'
            "func (d Dot) Area() int { return 0 }\n"
        ),
    }
    store = linked(tmp_path / "mixed", files)

    def relatives(symbol: str) -> list[tuple[str, str, str]]:
        answer = hierarchy(store, FindHierarchy(project="p", symbol=symbol))
        return [(one.relation, one.name, one.confidence) for one in answer.relatives]

    assert relatives("A") == [("supertype", "enum.Enum", "likely")]
    assert relatives("B") == [("supertype", "lib.thing.Base", "likely")]
    assert relatives("Shape") == [("implementation", "Box", "likely")]
    assert relatives("Box") == [("supertype", "Shape", "likely")]
    assert relatives("Dot") == []


def test_imports_go_both_ways(store: StructureStore) -> None:
    answer = imports(store, FindImports(project="p", path="shop/disk.py"))
    assert [(one.module, one.name, one.target) for one in answer.imports] == [("shop.base", "Store", "shop/base.py")]
    assert [one.path for one in answer.imported_by] == ["shop/cli.py", "tests/test_disk.py"]
    assert imports(store, FindImports(project="p", path="shop/__init__.py")).reason
    with pytest.raises(UnknownFile):
        imports(store, FindImports(project="p", path="none.py"))


CIRCLES = {
    "a.py": "import b\n",
    "b.py": "import c\n",
    "c.py": "import a\nimport d\n",
    "d.py": "def f():\n    import e\n",
    "e.py": "import d\nimport json\n",
    "t.py": "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import u\n",
    "u.py": "import t\n",
    "alone.py": "import a\n",
}


def test_cycles_tell_imports_at_load_from_deferred_ones_and_types(tmp_path: Path) -> None:
    store = linked(tmp_path / "circles", CIRCLES)
    every = cycles(store, FindCycles(project="p", severity="types only"))
    assert [(one.severity, one.files, [i.line for i in one.imports]) for one in every.cycles] == [
        ("at import", ["a.py", "b.py", "c.py"], [1, 1, 1]),
        ("deferred", ["d.py", "e.py"], [2, 1]),
        ("types only", ["t.py", "u.py"], [4, 1]),
    ]
    strict = cycles(store, FindCycles(project="p", severity="at import"))
    assert strict.total == 1
    assert cycles(store, FindCycles(project="p", paths=["alone.py"])).reason


def test_strongly_connected_groups_need_no_recursion() -> None:
    chain = {number: [number + 1] for number in range(5_000)} | {5_000: [4_000], 6_000: [0]}
    assert strongly_connected(chain) == [list(range(4_000, 5_001))]


def test_impact_finds_users_tests_and_public_api(store: StructureStore) -> None:
    answer = impact(store, AskImpact(project="p", symbol="_write"))
    assert [(one.symbol.name, one.distance, one.via) for one in answer.affected[:2]] == [
        ("Disk.save", 1, "_write"),
        ("run", 2, "Disk.save"),
    ]
    assert [(one.symbol.name, one.distance) for one in answer.tests] == [("test_save", 3)]
    assert {one.name for one in answer.public_api} == {"Disk.save", "run", "main"}
    assert answer.files[0] == "shop/cli.py"
    assert answer.files[-1] == "tests/test_disk.py"
    assert answer.summary == "3 places in 2 files use _write, 1 of them directly; 1 test reaches it."


def test_a_change_of_a_base_method_reaches_overrides_and_calls_through_subtypes(store: StructureStore) -> None:
    answer = impact(store, AskImpact(project="p", symbol="Store.save"))
    found = {one.symbol.name: one.confidence for one in answer.affected}
    assert found["Disk.save"] == "likely"
    assert found["guess"] == "by name"
    sure = impact(store, AskImpact(project="p", symbol="Store.save", confidence="exact"))
    assert "guess" not in {one.symbol.name for one in sure.affected}


def test_impact_of_a_file_and_of_nothing(store: StructureStore) -> None:
    answer = impact(store, AskImpact(project="p", symbol="shop/disk.py"))
    assert {one.symbol.path for one in answer.affected} == {"shop/cli.py"}
    assert "shop/disk.py" in answer.summary
    assert impact(store, AskImpact(project="p", symbol="guess")).summary == "Nothing in the project uses guess."
    assert impact(store, AskImpact(project="p", path="shop/__init__.py")).reason
    assert impact(store, AskImpact(project="p", symbol="nothing")).reason


def test_tests_are_found_for_what_they_reach_through_helpers(store: StructureStore) -> None:
    answer = reached_by(store, FindTests(project="p", symbol="_write"))
    assert ([one.symbol.name for one in answer.tests], answer.files) == (["test_save"], ["tests/test_disk.py"])
    assert reached_by(store, FindTests(project="p", symbol="guess")).reason


def test_a_decorated_test_is_a_test_and_a_hook_is_none(tmp_path: Path) -> None:
    files = {
        "a.py": "def f(): ...\n",
        "tests/test_a.py": (
            "from a import f\nimport unittest as u\n\n\nclass Test(u.TestCase):\n    def setUp(self):\n        f()\n\n"
            "    @u.skipIf(False, '')\n    def test_it(self):\n        f()\n"
        ),
    }
    answer = reached_by(linked(tmp_path / "p", files), FindTests(project="p", symbol="f"))
    assert [one.symbol.name for one in answer.tests] == ["Test.test_it"]


def test_no_test_reaches_what_is_not_there(store: StructureStore) -> None:
    assert reached_by(store, FindTests(project="p", symbol="nothing")).reason


def test_dead_code_respects_texts_overrides_and_programs(store: StructureStore, root: Path) -> None:
    answer = dead_code(store, root, FindDeadCode(project="p"))
    assert [(one.symbol.name, one.confidence) for one in answer.dead] == [
        ("_forgotten", "high"),
        ("_helper_of_forgotten", "medium"),
    ]
    public = dead_code(store, root, FindDeadCode(project="p", public=True, paths=["shop/cli.py"]))
    assert [(one.symbol.name, one.confidence) for one in public.dead] == [("guess", "medium")]
    assert dead_code(store, root, FindDeadCode(project="p", paths=["shop/base.py"])).reason


def test_dead_code_respects_interfaces_build_tags_macros_and_foreign_bases(tmp_path: Path) -> None:
    files = {
        "go.mod": "module x\n",
        "a_linux.go": "package x\n\nfunc open() {}\n\nfunc Use() { open() }\n",
        "a_windows.go": "package x\n\nfunc open() {}\n\nfunc lost() {}\n",
        "Cargo.toml": '[package]\nname = "m"\n',
        "src/lib.rs": "macro_rules! say { () => { shout() } }\n\nfn shout() {}\n\nfn unheard() {}\n",
        "handler.py": (
            "from lib import Handler\nfrom typing import Protocol\n\n\n"
            "class _Mine(Handler):\n    def _called_there(self): ...\n\n\n"
            "class _Shape(Protocol):\n    def _area(self): ...\n\n\nclass _Box:\n    def _area(self): ...\n\n"
            "    def _own(self): ...\n\n\nprint(_Mine, _Shape, _Box)\n"
        ),
    }
    store = linked(tmp_path / "mixed", files)
    answer = dead_code(store, tmp_path / "mixed", FindDeadCode(project="p"))
    assert sorted(one.symbol.name for one in answer.dead) == ["_Box._own", "lost", "unheard"]


def test_entry_points_are_programs_handlers_and_on_request_tests(tmp_path: Path) -> None:
    files = FILES | {
        "shop/web.py": "from lib import app\n\n\n@app.route('/')\ndef index():\n    page()\n\n\ndef page(): ...\n",
        "tool.py": "def main(): ...\n\n\nif __name__ == '__main__':\n    main()\n",
    }
    store = linked(tmp_path / "shop", files)
    answer = entry_points(store, tmp_path / "shop", FindEntryPoints(project="p"))
    assert [(one.symbol.path, one.reason, one.reaches) for one in answer.entries] == [
        ("shop/cli.py", "program shop", 2),
        ("tool.py", "main", 0),
        ("shop/web.py", "decorated by app.route", 1),
    ]
    tests = entry_points(store, tmp_path / "shop", FindEntryPoints(project="p", tests=True, paths=["tests/"]))
    assert [one.symbol.name for one in tests.entries] == ["test_save"]
    assert entry_points(store, tmp_path / "shop", FindEntryPoints(project="p", paths=["docs/"])).reason


def test_what_many_use_ranks_high_and_focus_moves_it(store: StructureStore) -> None:
    graph = definition_graph(store)
    names = {int(str(number)): str(name) for number, name in store.rows("SELECT id, qualified FROM symbols")}
    plain = personal_rank(graph)
    assert plain.sum() == pytest.approx(1.0)
    order = [names[int(number)] for number in graph.symbols[plain[: len(graph.symbols)].argsort()[::-1]]]
    assert order.index("Disk") < order.index("guess")
    base = [number for number, path in store.rows("SELECT id, path FROM files") if path == "shop/cli.py"]
    focus = {int(node): 1.0 for node in graph.nodes_in({int(str(base[0]))})}
    focused = personal_rank(graph, focus)
    helper = next(place for place, number in enumerate(graph.symbols) if names[int(number)] == "_helper_of_forgotten")
    assert focused[helper] == 0.0 < plain[helper]


def test_an_empty_store_has_an_empty_graph(tmp_path: Path) -> None:
    store = StructureStore.open(tmp_path / "s.db", tmp_path)
    graph = definition_graph(store)
    assert (graph.nodes, len(personal_rank(graph))) == (0, 0)
    assert dead_code(store, tmp_path, FindDeadCode(project="p")).reason
    assert cycles(store, FindCycles(project="p")).reason
