"""Every format: read into items, written into what is there, written anew, and read again."""

from __future__ import annotations

import json

import pytest

from aura_planning.exchanging.contract import FORMATS, FormatName, link_name
from aura_planning.exchanging.exporting import chosen
from aura_planning.exchanging.files import digests, links_of, packed, with_links
from aura_planning.exchanging.formats import reader_of
from aura_planning.exchanging.stages import TABLES, foreign_status, status_from
from aura_planning.exchanging.tree import Given
from aura_planning.items.model import Kind
from aura_planning.items.statuses import STATUSES
from plan_exchange_lab import PlanLab, given, shape
from plan_exchange_samples import BACKLOG, BMAD, CSV, GH, LIST, OPENSPEC, SAMPLES, SPECKIT, TASKMASTER
from plan_items_rig import item_text

OWN = {
    ".ai/prd.md": item_text("p1aaaa", "prd", "Shop", body="## Goals\n\nSell.\n"),
    ".ai/epics/e1aaaa-x.md": item_text(
        "e1aaaa", "epic", "Shop", status="current", alias="epic-1", body="## Goal\n\nSell.\n"
    ),
    ".ai/epics/e2aaaa-x.md": item_text("e2aaaa", "epic", "Later"),
    ".ai/stories/s1aaaa-x.md": item_text(
        "s1aaaa", "story", "Pay", status="in-progress", epic="e1aaaa", alias="US-001", priority="must", value=8,
        estimate=3, body="As a user\n\n## Acceptance criteria\n\n- [ ] it pays\n",
    ),
    ".ai/stories/s2aaaa-x.md": item_text("s2aaaa", "story", "Send", epic="e1aaaa", depends_on="[s1aaaa]"),
    ".ai/tasks/t1aaaa-x.md": item_text("t1aaaa", "task", "Form", status="done", parent="s1aaaa", labels="[ui, web]"),
    ".ai/tasks/t2aaaa-x.md": item_text(
        "t2aaaa", "task", "Field: with #12 and [x]", parent="t1aaaa", depends_on="[t1aaaa]", body="Words.\n"
    ),
    ".ai/tasks/t3aaaa-x.md": item_text("t3aaaa", "task", "Loose", status="cancelled", estimate=0.5),
    ".ai/tasks/t4aaaa-x.md": item_text("t4aaaa", "task", "In the epic", parent="e1aaaa", status="in-progress"),
}  # fmt: skip
TARGETS: dict[FormatName, str] = {
    "taskmaster": "tasks.json", "speckit": "specs", "openspec": "openspec", "bmad": "s.yaml", "backlog": "backlog",
    "csv": "p.csv", "gh-json": "i.json", "task-list": "l.md",
}  # fmt: skip


def own() -> PlanLab:
    return PlanLab({path: text.encode() for path, text in OWN.items()})


def exported(lab: PlanLab, form: FormatName, path: str) -> Given:
    """An export into nothing, with the ids noted in the plan as the service does."""
    written = lab.write(form, given({}), path)
    tree = Given(written.files)
    bundle = reader_of(form)(tree, path)
    entries = {one.key: one for one in bundle.entries}
    for identifier, key in written.keys.items():
        if key in entries and not (form == "csv" and key == identifier):
            file = lab.ledger.find(identifier).path
            link = link_name(form, bundle.source, key)
            links = {**links_of(lab.files[file]), link: packed(digests(entries[key]))}
            lab.files[file] = with_links(lab.files[file], links)
    return tree


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("form", FORMATS)
def test_importing_twice_doubles_nothing_and_an_export_changes_nothing(form: FormatName) -> None:
    files, path = SAMPLES[form]
    lab, tree = PlanLab(), given(files)
    first = lab.bring(form, tree, path)
    assert not first.refused
    assert {row.what for row in first.rows} == {"new"}
    assert [one.rule for one in lab.findings() if one.rule not in {"unknown-status", "status-differs"}] == []
    again = lab.bring(form, tree, path)
    assert again.changes == []
    assert {row.what for row in again.rows} == {"same"}
    assert lab.write(form, tree, path).files == {}


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("form", FORMATS)
def test_import_export_import_gives_the_same_items(form: FormatName) -> None:
    files, path = SAMPLES[form]
    lab = PlanLab()
    lab.bring(form, given(files), path)
    bundle = reader_of(form)(given(files), path)
    written = lab.write(form, given({}), path)
    # A new sprint-status.yaml has no place for dependencies, and says so.
    if form == "bmad":
        assert written.lost == {"dependencies": 1}
        for one in bundle.entries:
            one.depends_on = []
    assert shape(reader_of(form)(Given(written.files), path)) == shape(bundle)
    assert lab.write(form, given({}), path).files == written.files, "the same input gives the same bytes"


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("form", FORMATS)
def test_an_own_plan_that_is_exported_is_merged_and_read_back_without_a_change(form: FormatName) -> None:
    lab = own()
    tree = exported(lab, form, TARGETS[form])
    assert lab.write(form, tree, TARGETS[form]).files == {}
    back = lab.bring(form, tree, TARGETS[form])
    assert [(row.what, row.fields) for row in back.rows if row.what != "same"] == []
    assert {item.id for item in lab.ledger.items} == {item.id for item in own().ledger.items}


@pytest.mark.requirement("A2")
@pytest.mark.parametrize(
    ("form", "lost"),
    [
        ("taskmaster", {"documents (prd)"}),
        ("csv", set[str]()),
        ("backlog", {"documents (prd)", "values", "estimates"}),
        ("bmad", {"documents (prd)", "tasks", "value", "estimate", "priority", "aliases", "dependencies"}),
        (
            "task-list",
            {"documents (prd)", "the status current", "aliases", "texts that do not fit under a box", "value",
             "estimate", "priority", "the status in-progress", "dependencies, unless the words say them"},
        ),
    ],
)  # fmt: skip
def test_what_a_format_has_no_place_for_is_said(form: FormatName, lost: set[str]) -> None:
    assert set(own().write(form, given({}), TARGETS[form]).lost) == lost


@pytest.mark.requirement("A2")
def test_an_export_of_a_format_that_has_all_fields_loses_none() -> None:
    for form in ("taskmaster", "csv"):
        written = own().write(form, given({}), TARGETS[form])
        fresh = PlanLab()
        assert not fresh.bring(form, Given(written.files), TARGETS[form]).refused
        for item in own().ledger.items:
            if item.kind == "prd":
                continue
            found = next(one for one in fresh.ledger.items if (one.title, one.kind) == (item.title, item.kind))
            fields = ("kind", "status", "priority", "value", "estimate")
            assert [getattr(found, name) for name in fields] == [getattr(item, name) for name in fields]
            assert len(found.depends_on) == len(item.depends_on)


@pytest.mark.requirement("A2")
def test_one_item_and_what_belongs_to_it_is_chosen() -> None:
    assert [item.id for item in chosen(own().ledger, "US-001")] == ["s1aaaa", "t1aaaa", "t2aaaa"]


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("form", sorted(TABLES))
def test_statuses_go_both_ways(form: str) -> None:
    kinds: tuple[Kind, ...] = ("epic", "story", "task")
    for kind in kinds:
        for word, _ in TABLES[form]:
            status = status_from(form, kind, word)
            assert status in STATUSES[kind]
            assert foreign_status(form, kind, status, word) == word
        for status in STATUSES[kind]:
            written = foreign_status(form, kind, status)
            assert not written or status_from(form, kind, written) == status
        assert status_from(form, kind, "deployed") == ""


# -- Task Master -----------------------------------------------------------------------------------


@pytest.mark.requirement("A2")
def test_tasks_of_task_master_keep_every_field() -> None:
    lab = PlanLab()
    path = ".taskmaster/tasks/tasks.json"
    lab.bring("taskmaster", given(TASKMASTER), path)
    text = lab.text("2")
    assert 'taskmaster.complexity: "7"' in text
    assert 'taskmaster.weird: "\\"7\\""' in text, "a string that looks like a number stays one"
    assert "## taskmaster.expansionPrompt\n\nSplit it.\nIn two." in text
    assert "\\## Test strategy\n\nNot the field." in text, "a heading inside of a text is not one of the file"
    lab.set("1", "status: done", "status: todo")
    lab.set("1.2", "status: in-progress", "status: done")
    written = json.loads(lab.write("taskmaster", given(TASKMASTER), path).files[path])
    before = json.loads(TASKMASTER[path])
    before["master"]["tasks"][0]["status"] = "pending"
    before["master"]["tasks"][0]["subtasks"][1]["status"] = "done"
    assert written == before, "other tags, unknown keys and all other fields are as they were"


@pytest.mark.requirement("A2")
def test_an_exported_tasks_json_has_the_shape_that_the_tool_reads() -> None:
    lab = own()
    value = json.loads(lab.write("taskmaster", given({}), "tasks.json").files["tasks.json"])
    tasks = value["master"]["tasks"]
    words = {"pending", "in-progress", "done", "cancelled", "deferred", "blocked", "review"}
    for task in tasks:
        assert isinstance(task["id"], int)
        assert {
            "title",
            "description",
            "status",
            "priority",
            "dependencies",
            "details",
            "testStrategy",
            "subtasks",
        } <= set(task)
        assert task["status"] in words
        assert task["priority"] in {"low", "medium", "high", "critical", None}
        for sub in task["subtasks"]:
            assert isinstance(sub["id"], int)
            assert {"title", "description", "status", "dependencies", "details", "testStrategy"} <= set(sub)
    kinds = [task.get("metadata", {}).get("aura", {}).get("kind") for task in tasks]
    assert kinds == ["epic", "epic", "story", "story", None, None, None]


@pytest.mark.requirement("A2")
def test_the_old_form_of_one_list_is_read_and_kept() -> None:
    text = json.dumps({"meta": {"projectName": "x"}, "tasks": [{"id": 1, "title": "A", "status": "pending"}]}, indent=2)
    lab = PlanLab()
    lab.bring("taskmaster", given({"tasks.json": text}), "tasks.json")
    lab.set("1", "status: todo", "status: done")
    written = json.loads(lab.write("taskmaster", given({"tasks.json": text}), "tasks.json").files["tasks.json"])
    assert written["meta"] == {"projectName": "x"}
    assert [task["status"] for task in written["tasks"]] == ["done"]
    plain = PlanLab()
    plain.bring("taskmaster", given({"tasks.json": '[{"id": 1, "title": "A"}]'}), "tasks.json")
    assert [(item.alias, item.status) for item in plain.ledger.items] == [("1", "todo")]


@pytest.mark.requirement("A2")
@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"tasks": [{"id": 1, "title": "Caf\u00e9", "status": "pending"}]}, indent="\t"),
        json.dumps({"tasks": [{"id": 1, "title": "Caf\u00e9", "status": "pending"}]}, ensure_ascii=False) + "\n",
        json.dumps([{"id": 1, "title": "A", "status": "pending"}], separators=(",", ":")),
    ],
    ids=["tabs and escapes", "one line", "no spaces"],
)
def test_json_is_written_in_the_manner_of_the_file(text: str) -> None:
    lab = PlanLab()
    lab.bring("taskmaster", given({"tasks.json": text}), "tasks.json")
    lab.set("1", "status: todo", "status: done")
    written = lab.write("taskmaster", given({"tasks.json": text}), "tasks.json").files["tasks.json"]
    assert written.decode() == text.replace("pending", "done").replace("}]", "}]")


# -- spec-kit and OpenSpec -------------------------------------------------------------------------


@pytest.mark.requirement("A2")
def test_a_feature_is_an_epic_with_stories_and_tasks() -> None:
    lab = PlanLab()
    found = lab.bring("speckit", given(SPECKIT), "specs/001-login/tasks.md")
    ledger = lab.ledger
    assert [(i.alias, i.kind, i.status, i.priority) for i in ledger.items] == [
        ("001-login", "epic", "future", ""), ("001-US1", "story", "draft", "P1"), ("001-US2", "story", "draft", "P2"),
        ("001-T001", "task", "done", ""), ("001-T002", "task", "todo", ""), ("001-T003", "task", "done", ""),
        ("001-T004", "task", "todo", ""), ("001-T005", "task", "todo", ""),
    ]  # fmt: skip
    task = ledger.find("001-T004")
    assert [one.alias for one in ledger.dependencies(task)] == ["001-T003"]
    assert ledger.parent(task) == ledger.find("001-US1")
    assert "- **FR-001**: System MUST hash passwords" in lab.text("001-login")
    assert "# Implementation Plan: Log in" in lab.text("001-login")
    assert not found.findings


@pytest.mark.requirement("A2")
def test_only_the_boxes_and_words_that_changed_are_written_to_a_feature() -> None:
    lab = PlanLab()
    lab.bring("speckit", given(SPECKIT), "specs")
    lab.set("001-T002", "status: todo", "status: done")
    lab.set("001-T005", "# Sign out", "# Sign out of all")
    lab.set("001-US2", "A user signs out.", "A user signs out everywhere.")
    lab.files[".ai/tasks/t9aaaa-x.md"] = item_text(
        "t9aaaa", "task", "New one", parent=lab.ledger.find("001-US1").id,
        depends_on=f"[{lab.ledger.find('001-T001').id}]",
    ).encode()  # fmt: skip
    files = lab.write("speckit", given(SPECKIT), "specs").files
    tasks = SPECKIT["specs/001-login/tasks.md"]
    tasks = tasks.replace("- [ ] T002", "- [x] T002").replace("T005 [US2] Sign out", "T005 [US2] Sign out of all")
    assert files["specs/001-login/tasks.md"].decode() == f"{tasks}\n- [ ] T006 [US1] New one (depends on T001)\n"
    spec = SPECKIT["specs/001-login/spec.md"].replace("A user signs out.", "A user signs out everywhere.")
    assert files["specs/001-login/spec.md"].decode() == spec


@pytest.mark.requirement("A2")
def test_changes_of_openspec_are_epics_and_archived_ones_are_complete() -> None:
    lab = PlanLab()
    lab.bring("openspec", given(OPENSPEC), "openspec")
    assert [(i.alias, i.kind, i.status) for i in lab.ledger.of_kind("epic")] == [
        ("add-login", "epic", "future"), ("old-thing", "epic", "complete"),
    ]  # fmt: skip
    assert "### Requirement: Login" in lab.text("add-login")
    assert "schema: spec-driven" in lab.text("add-login")
    lab.set("add-login/1.2", "status: todo", "status: done")
    files = lab.write("openspec", given(OPENSPEC), "openspec").files
    path = "openspec/changes/add-login/tasks.md"
    assert files == {path: OPENSPEC[path].replace("- [ ] 1.2", "- [x] 1.2").encode()}
    moved = {
        path.replace("changes/add-login", "changes/archive/2026-05-05-add-login"): text
        for path, text in OPENSPEC.items()
    }
    again = lab.bring("openspec", given(moved), "openspec")
    assert {row.what for row in again.rows} <= {"same", "changed", "kept"}, "an archived change is the same one"


# -- BMAD ------------------------------------------------------------------------------------------


@pytest.mark.requirement("A2")
def test_a_sprint_status_keeps_comments_and_keys_and_no_status_goes_back() -> None:
    path = "docs/sprint-status.yaml"
    lab = PlanLab()
    lab.bring("bmad", given(BMAD), path)
    assert [one.alias for one in lab.ledger.dependencies(lab.ledger.find("1-2-log-in"))] == ["1-1-set-up"]
    assert "Status: done" in lab.text("1-1-set-up")
    lab.set("2-1-read-mail", "status: draft", "status: complete")
    lab.set("1-1-set-up", "status: complete", "status: draft")
    lab.files[".ai/stories/s9aaaa-x.md"] = item_text(
        "s9aaaa", "story", "Sign out", epic=lab.ledger.find("epic-1").id
    ).encode()
    written = lab.write("bmad", given(BMAD), path)
    text = BMAD[path].replace("2-1-read-mail: backlog", "2-1-read-mail: done")
    text = text.replace("  1-2-log-in: ready-for-dev\n", "  1-2-log-in: ready-for-dev\n  1-3-sign-out: backlog\n")
    assert written.files == {path: text.encode()}
    assert written.notices == [f"{path}:11 says done of 1-1-set-up, the plan backlog: a status does not go back"]


# -- Backlog.md ------------------------------------------------------------------------------------


@pytest.mark.requirement("A2")
def test_tasks_of_backlog_md_keep_their_file_but_for_what_changed() -> None:
    lab = PlanLab()
    lab.bring("backlog", given(BACKLOG), "backlog/tasks")
    ledger = lab.ledger
    assert [(i.alias, i.status) for i in ledger.items] == [
        ("BACK-1", "in-progress"), ("DRAFT-1", "todo"), ("BACK-1.1", "todo"), ("BACK-2", "done"),
        ("BACK-3", "cancelled"),
    ]  # fmt: skip
    child = ledger.find("BACK-1.1")
    assert child.title == "Make a lock file whose title is so long that it is folded"
    assert (ledger.parent(child), ledger.dependencies(child)) == (ledger.find("BACK-1"), [ledger.find("BACK-1")])
    lab.set("BACK-1", "status: in-progress", "status: done")
    lab.set("BACK-1", "Make the project.", "Make it.")
    files = lab.write("backlog", given(BACKLOG), "backlog").files
    path = "backlog/tasks/back-1 - Set-up.md"
    text = BACKLOG[path].replace("status: In Progress", "status: Done").replace("Make the project.", "Make it.")
    assert files == {path: text.encode()}


@pytest.mark.requirement("A2")
def test_new_tasks_of_backlog_md_get_the_next_number_and_the_heading_that_the_tool_looks_for() -> None:
    lab = PlanLab()
    lab.bring("backlog", given(BACKLOG), "backlog")
    lab.files[".ai/tasks/t9aaaa-x.md"] = item_text(
        "t9aaaa", "task", "New: a/b", parent=lab.ledger.find("BACK-1").id, body="Do it.\n", labels="[ui]"
    ).encode()
    files = lab.write("backlog", given(BACKLOG), "backlog").files
    assert files == {
        "backlog/tasks/back-4 - New-a-b.md": (
            b'---\nid: BACK-4\ntitle: "New: a/b"\nstatus: To Do\nassignee: []\nlabels: [ui]\ndependencies: []\n'
            b"parent_task_id: BACK-1\n---\n\n## Description\n\nDo it.\n"
        )
    }


# -- tables, issues, lists -------------------------------------------------------------------------


@pytest.mark.requirement("A2")
def test_an_export_of_jira_is_read_by_its_headers() -> None:
    lab = PlanLab()
    found = lab.bring("csv", given(CSV), "plan.csv")
    ledger = lab.ledger
    assert [(i.alias, i.kind, i.status, i.estimate) for i in ledger.items] == [
        ("P-1", "epic", "current", None), ("P-2", "story", "draft", 5.0), ("P-3", "task", "done", 2.0),
        ("P-4", "task", "cancelled", None),
    ]  # fmt: skip
    assert ledger.parent(ledger.find("P-3")) == ledger.find("P-2"), "by the number of the issue"
    assert [row.entry.line for row in found.rows] == [2, 3, 5, 6]
    assert "=1+1" in lab.text("P-3")
    lab.set("P-4", "status: cancelled", "status: done")
    lab.set("P-2", "I pay", "I pay at once")
    text = lab.write("csv", given(CSV), "plan.csv").files["plan.csv"].decode()
    assert text == CSV["plan.csv"].replace("Won't Do", "done").replace("I pay", "I pay at once")


@pytest.mark.requirement("A2")
@pytest.mark.parametrize(
    ("data", "titles"),
    [
        (b"\xef\xbb\xbfid;title;status\r\n1;Caf\xc3\xa9, bar;done\r\n", ["Café, bar"]),
        (b"title\tstatus\nOne\ttodo\n", ["One"]),
        (b"title,status\ncaf\xe9,todo\n", ["café"]),
        ("title,status\nüber,todo\n".encode("utf-16"), ["über"]),
    ],
    ids=["mark and semicolon", "tabs", "latin-1", "utf-16"],
)
def test_tables_of_other_programs_are_read(data: bytes, titles: list[str]) -> None:
    lab = PlanLab()
    lab.bring("csv", given({"x.csv": data}), "x.csv")
    assert [item.title for item in lab.ledger.items] == titles


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@x", "'=x", "''=x", "'quoted'", 'a, "b"\nc', "- [ ] box"])
def test_no_cell_of_an_export_is_a_formula_and_each_is_read_back(text: str) -> None:
    lab = PlanLab({".ai/tasks/t1aaaa-x.md": item_text("t1aaaa", "task", "X", body=f"{text}\n").encode()})
    written = lab.write("csv", given({}), "x.csv")
    raw = written.files["x.csv"].decode()
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in raw.split("\r\n")[1:] for cell in row.split(","))
    fresh = reader_of("csv")(Given(written.files), "x.csv")
    assert [one.text for one in fresh.entries] == [text]


@pytest.mark.requirement("A2")
def test_issues_say_what_they_wait_for_and_what_belongs_to_them() -> None:
    lab = PlanLab()
    lab.bring("gh-json", given(GH), "issues.json")
    ledger = lab.ledger
    assert [(i.alias, i.status) for i in ledger.items] == [
        ("#12", "todo"), ("#13", "todo"), ("#14", "done"), ("#15", "cancelled"),
    ]  # fmt: skip
    assert ledger.parent(ledger.find("#13")) == ledger.find("#12")
    assert [one.alias for one in ledger.dependencies(ledger.find("#13"))] == ["#14", "#15"]
    lab.set("#13", "status: todo", "status: cancelled")
    written = json.loads(lab.write("gh-json", given(GH), "issues.json").files["issues.json"])
    before = json.loads(GH["issues.json"])
    before[1] |= {"state": "CLOSED", "stateReason": "NOT_PLANNED"}
    assert written == before


@pytest.mark.requirement("A2")
def test_a_task_list_is_ticked_in_place() -> None:
    lab = PlanLab()
    lab.bring("task-list", given(LIST), "ROADMAP.md")
    assert lab.ledger.parent(lab.ledger.find("#13")) == lab.ledger.find("#12")
    lab.set("#12", "status: todo", "status: done")
    lab.set("#13", "# Form", "# Forms")
    lab.files[".ai/tasks/t9aaaa-x.md"] = item_text("t9aaaa", "task", "New").encode()
    text = lab.write("task-list", given(LIST), "ROADMAP.md").files["ROADMAP.md"].decode()
    wanted = LIST["ROADMAP.md"].replace("- [ ] #12", "- [x] #12").replace("#13 Form", "#13 Forms")
    assert text == f"{wanted}\n- [ ] New <!-- aura: t9aaaa -->\n"
