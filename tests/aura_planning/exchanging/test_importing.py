"""What importing again takes over, what it leaves, and what it refuses, by file and line."""

from __future__ import annotations

import json

import pytest

from aura_planning.exchanging.contract import FormatName
from aura_planning.exchanging.recognising import recognise
from aura_shared.errors import EditRefused
from plan_exchange_lab import PlanLab, given
from plan_exchange_samples import BACKLOG, BMAD, OPENSPEC, SAMPLES, SPECKIT, TASKMASTER
from plan_items_rig import item_text

PATH = "tasks.json"
TASK = "backlog/tasks/a - b.md"


REST: dict[str, object] = {"status": "pending", "dependencies": []}


def tasks(*rows: dict[str, object]) -> dict[str, str]:
    return {
        PATH: json.dumps(
            {"tasks": [{**row, **{k: v for k, v in REST.items() if k not in row}} for row in rows]}, indent=2
        )
    }


A: dict[str, object] = {"id": 1, "title": "A", "priority": "high", "description": "Words."}
B: dict[str, object] = {"id": 2, "title": "B", "dependencies": [1], "extra": 5}


@pytest.mark.requirement("A2")
def test_what_the_source_changed_is_taken_and_what_was_edited_here_stays() -> None:
    lab = PlanLab()
    lab.bring("taskmaster", given(tasks(A, B)), PATH)
    lab.set("1", "priority: high", "priority: must")
    lab.set("2", "# B", "# B, as we call it")
    changed = tasks({**A, "status": "done"}, {**B, "dependencies": [], "extra": 6, "description": "More."})
    found = lab.bring("taskmaster", given(changed), PATH)
    assert [(row.what, row.fields) for row in found.rows] == [
        ("changed", ("status",)), ("changed", ("depends_on", "text", "extra")),
    ]  # fmt: skip
    text = lab.text("2")
    assert "priority: must" in lab.text("1")
    assert "status: done" in lab.text("1")
    assert "# B, as we call it\n\nMore.\n" in text
    assert "depends_on" not in text
    assert 'taskmaster.extra: "6"' in text
    assert lab.bring("taskmaster", given(changed), PATH).changes == []


@pytest.mark.requirement("A2")
def test_where_both_changed_the_plan_stays_until_the_source_is_preferred() -> None:
    lab = PlanLab()
    lab.bring("taskmaster", given(tasks(A)), PATH)
    lab.set("1", "status: todo", "status: cancelled")
    lab.set("1", "Words.", "Our words.")
    changed = given(tasks({**A, "status": "done", "description": "Their words.", "title": "A2"}))
    for _ in range(2):
        found = lab.bring("taskmaster", changed, PATH)
        assert [one.rule for one in found.findings] == ["both-changed", "both-changed"]
        assert "status is 'done' in the source and 'cancelled' in" in found.findings[0].message
        assert "Our words." in lab.text("1")
    assert "# A2" in lab.text("1")
    lab.bring("taskmaster", changed, PATH, prefer="source")
    assert "Their words." in lab.text("1")
    assert "status: done" in lab.text("1")


@pytest.mark.requirement("A2")
def test_what_is_gone_from_the_source_is_said_and_stays() -> None:
    lab = PlanLab()
    lab.bring("taskmaster", given(tasks(A, B)), PATH)
    found = lab.bring("taskmaster", given(tasks(A)), PATH)
    assert [(one.rule, one.severity) for one in found.findings] == [("gone", "warning")]
    assert len(lab.ledger.items) == 2


@pytest.mark.requirement("A2")
def test_an_alias_that_is_taken_gets_the_name_of_its_source() -> None:
    lab = PlanLab({".ai/tasks/t9aaaa-x.md": item_text("t9aaaa", "task", "Ours", alias="1").encode()})
    found = lab.bring("taskmaster", given(tasks(A)), PATH)
    assert [(one.rule, one.severity) for one in found.findings] == [("alias-taken", "info")]
    assert lab.ledger.find("tasks-1").title == "A"
    assert lab.bring("taskmaster", given(tasks(A)), PATH).changes == []


@pytest.mark.requirement("A2")
def test_identifiers_come_from_the_source_so_that_branches_agree() -> None:
    one, other = PlanLab(), PlanLab()
    one.bring("taskmaster", given(tasks(A, B)), PATH)
    other.bring("taskmaster", given(tasks(B, A)), PATH)
    assert one.files == other.files


BAD: list[tuple[str, FormatName, dict[str, str | bytes], str, str, int]] = [
    ("empty", "taskmaster", {PATH: b""}, "empty", PATH, 1),
    ("half", "taskmaster", {PATH: '{\n "tasks": [\n  {"id": 1,'}, "broken-json", PATH, 3),
    ("binary", "taskmaster", {PATH: b"\x00\x01\x02"}, "binary", PATH, 1),
    ("huge", "taskmaster", {PATH: b"[" + b" " * 2_000_001}, "too-large", PATH, 1),
    ("deep", "taskmaster", {PATH: "[" * 100_000}, "broken-json", PATH, 1),
    ("other JSON", "taskmaster", {PATH: '{"a": 1}'}, "unknown-json", PATH, 1),
    ("no id", "taskmaster", {PATH: '{"tasks": [{"title": "A"}]}'}, "no-id", PATH, 1),
    ("ids twice", "taskmaster", tasks(A, A), "id-twice", PATH, 12),  # pyright: ignore[reportAssignmentType]
    ("cycle", "taskmaster", tasks({**A, "dependencies": [2]}, B), "dependency-cycle", PATH, 4),  # pyright: ignore[reportAssignmentType]
    ("itself", "taskmaster", tasks({**A, "dependencies": [1]}), "depends-on-itself", PATH, 4),  # pyright: ignore[reportAssignmentType]
    ("merge", "taskmaster", {PATH: '{\n<<<<<<< a\n"tasks": []\n=======\n>>>>>>> b\n}'}, "merge-conflict", PATH, 2),
    ("key twice", "taskmaster", {PATH: '{"tasks": [{"id": 1, "id": 2, "title": "A"}]}'}, "key-twice", PATH, 1),
    ("nothing", "speckit", {"specs/x.md": ""}, "nothing-found", "specs", 1),
    ("bad YAML", "bmad", {"s.yaml": "a: [1\nb: 2\n"}, "broken-yaml", "s.yaml", 2),
    ("other YAML", "bmad", {"s.yaml": "sprint:\n  id: 1\n"}, "no-development-status", "s.yaml", 1),
    ("no end", "backlog", {TASK: "---\nid: A-1\n"}, "front-matter-open", TASK, 1),
    ("no key", "backlog", {TASK: "---\ntitle: x\n---\n"}, "no-id", TASK, 1),
    ("key again", "backlog", {TASK: "---\nid: A-1\nid: A-2\n---\n"}, "key-twice", TASK, 3),
    ("open quote", "csv", {"x.csv": 'title\nA\n"B\n'}, "broken-csv", "x.csv", 3),
    ("no title", "csv", {"x.csv": "a,b\n1,2\n"}, "no-title-column", "x.csv", 1),
    ("long row", "csv", {"x.csv": "title\nA\nB,C\n"}, "row-too-long", "x.csv", 3),
    ("no issues", "gh-json", {"i.json": "[1]"}, "unknown-json", "i.json", 1),
    ("half issues", "gh-json", {"i.json": "[{"}, "broken-json", "i.json", 1),
    ("no number", "gh-json", {"i.json": '[{"title": "A", "url": "x"}]'}, "no-id", "i.json", 1),
    ("not there", "csv", {}, "not-there", "x.csv", 1),
    ("no list", "task-list", {}, "not-there", "x.md", 1),
    ("no boxes", "task-list", {"x.md": "# Words\n"}, "nothing-found", "x.md", 1),
]  # fmt: skip


@pytest.mark.requirement("A2")
@pytest.mark.parametrize(
    ("form", "files", "rule", "path", "line"), [row[1:] for row in BAD], ids=[row[0] for row in BAD]
)
def test_bad_input_is_refused_with_file_and_line(
    form: FormatName, files: dict[str, str | bytes], rule: str, path: str, line: int
) -> None:
    lab = PlanLab()
    source = next((one for one in files if not one.startswith(("specs", "backlog"))), path)
    source = {"speckit": "specs", "backlog": "backlog"}.get(form, source)
    found = lab.bring(form, given(files), source)
    assert found.refused
    assert lab.files == {}
    assert (rule, path, line) in [(one.rule, one.path, one.line) for one in found.findings if one.severity == "error"]


@pytest.mark.requirement("A2")
def test_ids_that_stand_twice_and_cycles_are_taken_when_that_is_asked_for() -> None:
    source = given(tasks({**A, "dependencies": [2]}, B, B))
    lab = PlanLab()
    found = lab.bring("taskmaster", source, PATH, lenient=True)
    assert {one.rule for one in found.findings if one.severity == "warning"} == {"id-twice", "dependency-cycle"}
    assert [one.rule for one in lab.ledger.findings()] == ["dependency-cycle"]
    assert sorted(item.alias for item in lab.ledger.items) == ["", "1", "2"]
    with pytest.raises(EditRefused) as caught:
        lab.write("taskmaster", source, PATH)
    assert "is the id of something" in caught.value.message


@pytest.mark.requirement("A2")
@pytest.mark.parametrize(
    ("form", "files", "path", "line", "was"),
    [
        ("taskmaster", tasks(A, {**B, "status": "someday"}), PATH, 12, "someday"),
        ("bmad", BMAD, "docs/sprint-status.yaml", 18, "deployed"),
        ("csv", {"x.csv": "title,status\nA,Ready for QA\n"}, "x.csv", 2, "Ready for QA"),
        ("task-list", {"x.md": "- [?] A\n- [ ] B\n- [x] C\n"}, "x.md", 1, "?"),
    ],
    ids=["taskmaster", "bmad", "csv", "task-list"],
)
def test_an_unknown_status_is_a_finding_and_kept_as_it_is_written(
    form: FormatName, files: dict[str, str], path: str, line: int, was: str
) -> None:
    lab = PlanLab()
    found = lab.bring(form, given(files), path)
    unknown = [one for one in found.findings if one.rule == "unknown-status"]
    if form == "task-list" and not unknown:
        pytest.skip("the parser takes such a box for none")
    assert [(one.path, one.line, one.severity) for one in unknown] == [(path, line, "warning")]
    assert [one.status_text for one in lab.ledger.items if not one.status] == [was]
    assert lab.write(form, given(files), path).files == {}, "and it goes back as it came"


@pytest.mark.requirement("A2")
def test_what_is_named_and_not_there_is_kept_and_said() -> None:
    lab = PlanLab()
    found = lab.bring("taskmaster", given(tasks({**A, "dependencies": [9, "3.1"]})), PATH)
    assert [one.rule for one in found.findings] == ["dangling-dependency", "dangling-dependency"]
    assert 'depends_on: ["9", "3.1"]' in lab.text("1")


@pytest.mark.requirement("A2")
def test_words_of_a_source_are_never_taken_for_places_of_a_template() -> None:
    lab = PlanLab()
    lab.bring("taskmaster", given(tasks({**A, "title": "C #", "description": "{{title}} {{id}}"})), PATH)
    assert "{{title}} {{id}}" in lab.text("1")
    assert lab.ledger.find("1").title == "C #"


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("form", sorted(SAMPLES))
def test_a_format_is_recognised_by_itself(form: FormatName) -> None:
    files, path = SAMPLES[form]
    assert recognise(given(files), path) == [(form, path)]


@pytest.mark.requirement("A2")
def test_plans_of_other_tools_are_found_in_a_project() -> None:
    everything = {**TASKMASTER, **SPECKIT, **OPENSPEC, **BMAD, **BACKLOG, "notes.md": "- [ ] x\n", "a.csv": "title\n"}
    assert sorted(recognise(given(everything), "")) == [
        ("backlog", "backlog"), ("bmad", "docs/sprint-status.yaml"), ("openspec", "openspec"), ("speckit", "specs"),
        ("taskmaster", ".taskmaster/tasks/tasks.json"),
    ]  # fmt: skip
    assert recognise(given(everything), "specs/001-login") == [("speckit", "specs/001-login")]
    assert recognise(given(everything), "backlog/tasks/back-1 - Set-up.md") == [("backlog", "backlog")]
    assert recognise(given(everything), "openspec/changes/add-login/tasks.md") == [
        ("openspec", "openspec/changes/add-login")
    ]
    assert recognise(given({"a.txt": "words"}), "a.txt") == []
    assert recognise(given({"tasks.json": "{"}), "tasks.json") == [("taskmaster", "tasks.json")]
    assert recognise(given({"x.json": "{"}), "x.json") == []
    assert recognise(given({"x.yaml": "a: 1"}), "x.yaml") == []


@pytest.mark.requirement("A2")
def test_parents_and_aliases_are_followed_when_the_source_moves_them() -> None:
    moved = "id,title,parent,estimate,value\n1,A,,,\n2,B,1,3,5\n"
    table = PlanLab()
    table.bring("csv", given({"x.csv": "id,title,parent,estimate,value\n1,A,,2,\n2,B,,,\n"}), "x.csv")
    found = table.bring("csv", given({"x.csv": moved}), "x.csv")
    assert [(row.entry.key, row.fields) for row in found.rows] == [
        ("1", ("estimate",)), ("2", ("parent", "value", "estimate")),
    ]  # fmt: skip
    assert table.ledger.parent(table.ledger.find("2")) == table.ledger.find("1")
    assert table.ledger.find("1").estimate is None
    named = table.bring("csv", given({"x.csv": "id,title,alias\n1,A,US-1\n2,B,2\n"}), "x.csv")
    assert ("1", ("alias",)) in [(row.entry.key, row.fields) for row in named.rows]
    assert table.ledger.find("US-1").title == "A"


@pytest.mark.requirement("A2")
def test_the_name_that_the_plans_people_gave_an_item_is_not_given_to_another() -> None:
    lab = PlanLab()
    lab.bring("csv", given({"x.csv": "id,title,alias\n1,A,one\n"}), "x.csv")
    lab.set("one", "alias: one", "alias: mine")
    found = lab.bring("csv", given({"x.csv": "id,title,alias\n1,A,one\n2,B,mine\n"}), "x.csv")
    assert [one.rule for one in found.findings] == ["alias-taken"]
    assert sorted(item.alias for item in lab.ledger.items) == ["mine", "x-mine"]


@pytest.mark.requirement("A2")
def test_two_names_that_change_places_in_the_source_change_them_here() -> None:
    lab = PlanLab()
    lab.bring("csv", given({"x.csv": "id,title,alias\n1,A,one\n2,B,two\n"}), "x.csv")
    found = lab.bring("csv", given({"x.csv": "id,title,alias\n1,A,two\n2,B,one\n"}), "x.csv")
    assert found.findings == []
    assert [(item.title, item.alias) for item in sorted(lab.ledger.items, key=lambda item: item.title)] == [
        ("A", "two"), ("B", "one"),
    ]  # fmt: skip


@pytest.mark.requirement("A2")
def test_a_parent_that_cannot_be_one_here_is_said_and_kept() -> None:
    lab = PlanLab()
    found = lab.bring("csv", given({"x.csv": "id,kind,title,parent\n1,task,A,\n2,epic,B,1\n3,task,C,9\n"}), "x.csv")
    assert [(one.rule, one.line) for one in found.findings] == [("dangling-parent", 4), ("wrong-parent", 3)]
    assert sorted(one.rule for one in lab.ledger.findings()) == ["dangling-parent", "wrong-parent"]


@pytest.mark.requirement("A2")
def test_things_that_belong_to_one_another_in_a_circle_are_refused() -> None:
    lab = PlanLab()
    found = lab.bring("csv", given({"x.csv": "id,title,parent\n1,A,2\n2,B,1\n"}), "x.csv")
    assert [(one.rule, one.severity) for one in found.findings] == [("parent-cycle", "error")]
    assert lab.bring("csv", given({"x.csv": "id,title,parent\n1,A,1\n"}), "x.csv").refused


@pytest.mark.requirement("A2")
def test_a_file_whose_front_matter_cannot_be_edited_stays_and_is_said() -> None:
    lab = PlanLab()
    lab.bring("taskmaster", given(tasks(A)), PATH)
    lab.set("1", "priority: high", "priority: {a: b}")
    before = dict(lab.files)
    found = lab.bring("taskmaster", given(tasks({**A, "priority": "low"})), PATH, prefer="source")
    assert [(one.rule, one.severity) for one in found.findings] == [("not-edited", "error")]
    assert lab.files == before
