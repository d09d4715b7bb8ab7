"""Commands on one item: what they write, and what they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aura_planning.items.changing import Planned, plan_change
from aura_planning.items.editing import add_to_section, set_section, set_title, write_section
from aura_planning.items.reading import file_hash
from aura_planning.items.store import PlanStore
from aura_planning.items.templates import DEFAULTS, template_path
from aura_shared.errors import Conflict, EditRefused, FileMovedOn, UnknownItem, UsageProblem
from aura_shared.messages.plan_items import ChangePlan
from aura_shared.settings import PlanSettings
from plan_items_rig import item_text, put


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PlanStore]:
    root = tmp_path / "shop"
    put(root, "epics/e1aaaa-shop.md", item_text("e1aaaa", "epic", "Shop", alias="epic-1"))
    put(root, "epics/e2aaaa-mail.md", item_text("e2aaaa", "epic", "Mail", alias="epic-2"))
    put(root, "stories/s1aaaa-pay.md", item_text("s1aaaa", "story", "Pay", epic="epic-1 # by alias"))
    put(root, "stories/s2aaaa-send.md", item_text("s2aaaa", "story", "Send", epic="e1aaaa", depends_on="[s1aaaa]"))
    put(root, "story-1.story.md", "# Story 1: Old\n\nStatus: Draft\n")
    found = PlanStore(root, tmp_path / "home")
    found.look()
    yield found
    found.close()


def planned(store: PlanStore, action: str, **fields: object) -> Planned:
    return plan_change(store, ChangePlan.model_validate({"project": "x", "action": action, **fields}), PlanSettings())


def done(store: PlanStore, action: str, **fields: object) -> str:
    found = planned(store, action, **fields)
    store.commit(found.changes, command=action, title=found.title, items=found.items)
    return store.read(found.path).decode() if found.path else ""


@pytest.mark.requirement("A2", "A5")
def test_a_new_item_has_its_template_and_its_place(store: PlanStore) -> None:
    text = done(
        store, "add", kind="story", title=" Ship  it ", parent="epic-2", alias="US-4", depends_on=["s2aaaa"],
        priority="must", value=8, estimate=0.5,
    )  # fmt: skip
    (item,) = [one for one in store.ledger.items if one.alias == "US-4"]
    assert item.path == f".ai/stories/{item.id}-ship-it.md"
    assert text.startswith(
        f"---\nid: {item.id}\nkind: story\nalias: US-4\nstatus: draft\nepic: e2aaaa\ndepends_on: [s2aaaa]\n"
        "priority: must\nvalue: 8\nestimate: 0.5\n---\n# Ship it\n\n**As a** …\n"
    )
    assert done(store, "add", kind="task", title="A: b", text="words\n", parent="s1aaaa").endswith(
        "---\n# A: b\n\nwords\n"
    )
    assert store.ledger.find("A: b" and "e1aaaa").id == "e1aaaa"
    assert planned(store, "add", kind="prd", title="Shop").path == ".ai/prd.md"
    done(store, "add", kind="prd", title="Shop")
    assert planned(store, "add", kind="prd", title="Mail").path.startswith(".ai/documents/")


@pytest.mark.requirement("A5")
def test_a_team_changes_its_templates(store: PlanStore) -> None:
    found = planned(store, "templates")
    assert [change.path for change in found.changes] == [template_path(kind) for kind in DEFAULTS]
    store.commit(found.changes, command="templates", title="x")
    assert len(planned(store, "templates").notices) == 5
    put(store.root, "templates/task.md", "---\nteam: red\n---\n# {{title}}\n\nfor {{ parent }}, {{id}}\n")
    text = done(store, "add", kind="task", title="Do", parent="s1aaaa")
    assert "team: red" in text
    assert text.endswith("# Do\n\nfor s1aaaa, " + text.split("id: ")[1][:6] + "\n")
    put(store.root, "templates/task.md", b"\xff\xfe")
    with pytest.raises(UsageProblem, match="no text"):
        planned(store, "add", kind="task", title="Do")
    put(store.root, "templates/task.md", "")
    assert done(store, "add", kind="task", title="Do").endswith("# Do\n")


@pytest.mark.requirement("A2", "A5")
def test_fields_are_set_where_they_stand(store: PlanStore) -> None:
    text = done(
        store, "set", item="s1aaaa", title="Pay now", priority="could", value=3, section="Notes", text="one\ntwo"
    )
    assert text == (
        "---\nid: s1aaaa\nkind: story\nstatus: draft\nepic: epic-1 # by alias\npriority: could\nvalue: 3\n---\n"
        "# Pay now\n\n## Notes\n\none\ntwo\n"
    )
    text = done(store, "move", item="s1aaaa", parent="epic-2")
    assert "epic: e2aaaa # by alias\n" in text
    text = done(store, "set", item="s1aaaa", priority="", parent="", alias="US-1")
    assert "priority" not in text
    assert "epic" not in text
    assert planned(store, "set", item="s1aaaa", alias="US-1").changes == []
    assert planned(store, "set", item="us-1", depends_on=[]).changes == []


@pytest.mark.requirement("A2", "A5")
def test_a_log_is_appended_and_a_test_run_recorded(store: PlanStore) -> None:
    done(store, "note", item="s1aaaa", text=" first \n second ")
    text = done(store, "test", item="s1aaaa", outcome="red", tests=["test_pay"])
    assert text.count("## Log") == 1
    lines = text.splitlines()
    assert [line[19:] for line in lines[-2:]] == ["first second", "tests red: test_pay"]
    assert {"tests: red", "test_names: [test_pay]"} <= set(lines)
    with pytest.raises(UsageProblem, match="red or green"):
        planned(store, "test", item="s1aaaa")
    with pytest.raises(UsageProblem, match="names the tests"):
        planned(store, "test", item="s2aaaa", outcome="green")
    assert "tests: green" in done(store, "test", item="s1aaaa", outcome="green")


@pytest.mark.requirement("A2")
def test_an_item_that_others_name_is_removed_only_with_a_word(store: PlanStore) -> None:
    with pytest.raises(Conflict, match="these name it: s2aaaa"):
        planned(store, "remove", item="s1aaaa")
    done(store, "remove", item="s1aaaa", detach=True)
    assert "depends_on" not in store.read(".ai/stories/s2aaaa-send.md").decode()
    done(store, "remove", item="e1aaaa", detach=True)
    assert "epic" not in store.read(".ai/stories/s2aaaa-send.md").decode()
    assert [item.id for item in store.ledger.items if item.canonical] == ["e2aaaa", "s2aaaa"]


@pytest.mark.requirement("A2")
@pytest.mark.parametrize(
    ("action", "fields", "kind", "match"),
    [
        ("add", {"title": "x"}, UsageProblem, "a kind and a title"),
        ("add", {"kind": "task", "title": " "}, UsageProblem, "a kind and a title"),
        ("add", {"kind": "task", "title": "x", "status": "done"}, UsageProblem, "a new task is todo"),
        ("add", {"kind": "story", "title": "x", "parent": "s1aaaa"}, UsageProblem, "belongs to epic"),
        ("add", {"kind": "story", "title": "x", "alias": "EPIC 1"}, Conflict, "is what"),
        ("add", {"kind": "task", "title": "x", "depends_on": ["nobody"]}, UnknownItem, "no item"),
        ("set", {}, UsageProblem, "needs an item"),
        ("set", {"item": "nobody"}, UnknownItem, "no item"),
        ("set", {"item": "story-1", "priority": "x"}, EditRefused, "another layout"),
        ("set", {"item": "s1aaaa", "depends_on": ["story-1"]}, EditRefused, "another layout"),
        ("set", {"item": "s1aaaa", "status": "nearly"}, UsageProblem, "is one of draft"),
        ("set", {"item": "s1aaaa", "section": "x"}, UsageProblem, "belong together"),
        ("set", {"item": "s1aaaa", "text": "x"}, UsageProblem, "belong together"),
        ("set", {"item": "s1aaaa", "title": " "}, EditRefused, "one line"),
        ("set", {"item": "s1aaaa", "depends_on": ["s2aaaa"]}, Conflict, "wait for one another: s1aaaa -> s2aaaa"),
        ("set", {"item": "s1aaaa", "depends_on": ["s1aaaa"]}, Conflict, "itself"),
        ("set", {"item": "s1aaaa", "hash": "0"}, FileMovedOn, "another than"),
        ("move", {"item": "s1aaaa"}, UsageProblem, "needs the item"),
        ("move", {"item": "e1aaaa", "parent": "e1aaaa"}, UsageProblem, "belong to itself"),
        ("note", {"item": "s1aaaa"}, UsageProblem, "needs words"),
    ],
)
def test_what_makes_no_sense_is_refused(
    store: PlanStore, action: str, fields: dict[str, object], kind: type[Exception], match: str
) -> None:
    with pytest.raises(kind, match=match):
        planned(store, action, **fields)


@pytest.mark.requirement("A2")
def test_a_change_of_what_was_shown_goes_through(store: PlanStore) -> None:
    digest = file_hash(store.read(".ai/stories/s1aaaa-pay.md"))
    assert "value: 2" in done(store, "set", item="s1aaaa", value=2, hash=digest)


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_sections_and_titles_are_edited_in_place(end: str) -> None:
    text = end.join(
        ["# A #", "", "## One", "", "old", "", "### Deep", "", "## Log", "", "- x", "", "## Two", "", "last"]
    )
    data = text.encode()
    assert write_section(data, "one").splitlines() == ["", "old", "", "### Deep", ""][1:-1]
    changed = set_section(data, "ONE", "new\nwords").decode()
    assert changed == text.replace(end.join(["old", "", "### Deep"]), end.join(["new", "words"]))
    assert set_section(data, "Two", "new").decode() == text.replace("last", "new") + end
    assert set_section(data, "Three", "new").decode() == text + end.join(["", "", "## Three", "", "new", ""])
    assert add_to_section(data, "log", "- y").decode() == text.replace("- x", f"- x{end}- y")
    assert add_to_section(data, "Two", "- y").decode() == f"{text}{end}- y{end}"
    assert set_title(data, "B").decode() == text.replace("# A #", "# B #")
    assert set_title(b"---\ntitle: 'A'\n---\n# x\n", "B: c") == b"---\ntitle: 'B: c'\n---\n# x\n"
    assert set_title(b"words\n", "B") == b"---\ntitle: B\n---\nwords\n"
    assert set_title(b"#\n", "B") == b"# B\n"
    assert write_section(data, "none") == ""
    with pytest.raises(EditRefused, match="several sections"):
        set_section(b"# A\n## B\n## b\n", "B", "x")
