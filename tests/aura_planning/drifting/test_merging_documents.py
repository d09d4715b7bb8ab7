"""A document becomes items, and what changes in it later comes over without touching what people did."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_planning.drifting.merging import Merge, documents_in, merge
from aura_planning.items.model import Item
from aura_planning.items.store import PlanStore
from aura_planning.parsing.parsing import parse_document
from aura_shared.errors import FileMovedOn, UsageProblem
from aura_shared.messages.plan_drift import MergeDocument, MergeRow

pytestmark = pytest.mark.requirement("A2")

PLAN = """# Boats
## Epic 1: Boats
### Story 1.1: Hull
As a sailor, I want a hull, so that I float.
**Priority:** High
**Acceptance Criteria:**
- It floats
- It is red (FR-1)
**Tasks:**
- [ ] T001 Cut a tree
- [x] T002 Trim it (depends on T001)
### Story 1.2: Mast
**Prerequisites:** Story 1.1
## Requirements
- FR-1: Red
"""


class Plan:
    """A plan that documents are merged into."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = PlanStore(root, root / "data")

    def merge(self, text: str, *, claims: bool = True, path: str = "docs/prd.md", **asked: object) -> Merge:
        """Merge and write."""
        self.store.look()
        request = MergeDocument.model_validate({"project": "p", "path": path, **asked})
        document = parse_document(text.encode(), path)
        done = merge(document, self.store.ledger, self.store.read, request, claims=claims)
        if done.changes and not request.dry_run:
            self.store.commit(done.changes, command="merge", title="merge", items=done.items)
        return done

    def item(self, title: str) -> Item:
        """The item that is called so."""
        self.store.look()
        return next(one for one in self.store.ledger.items if one.title == title)

    def text(self, title: str) -> str:
        """Its file."""
        return (self.root / self.item(title).path).read_text()

    def edit(self, title: str, old: str, new: str) -> None:
        """Edit its file, as a person does."""
        place = self.root / self.item(title).path
        assert old in place.read_text()
        place.write_text(place.read_text().replace(old, new))


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """An empty plan."""
    return Plan(tmp_path)


def told(done: Merge) -> list[tuple[str, str, list[str]]]:
    """What happens, without what stays."""
    return [(row.what, row.title, row.fields) for row in done.rows if row.what != "same"]


def row(done: Merge, title: str) -> MergeRow:
    """The row of a title."""
    return next(one for one in done.rows if one.title == title)


def test_a_document_becomes_items_with_parents_needs_criteria_and_claims(plan: Plan) -> None:
    done = plan.merge(PLAN)
    assert (done.counts, done.requirements) == ({"added": 5}, 1)
    hull, mast = plan.item("Hull"), plan.item("Mast")
    assert (hull.kind, hull.alias, hull.priority, hull.status) == ("story", "Story 1.1", "High", "draft")
    assert hull.parent == plan.item("Boats").id
    assert mast.depends_on == (hull.id,)
    assert plan.item("Trim it (depends on T001)").status == "done"
    assert plan.item("Trim it (depends on T001)").depends_on == (plan.item("Cut a tree").id,)
    assert "## Acceptance criteria\n\n- It floats\n- It is red (FR-1)\n" in plan.text("Hull")
    assert "covers: [FR-1]" in plan.text("Hull")
    assert [one.rule for one in plan.store.findings()] == []
    assert plan.merge(PLAN).counts == {"same": 5}
    assert list(documents_in(plan.store.ledger, plan.store.read)) == ["docs/prd.md"]


def test_two_clones_make_the_same_items_of_the_same_document(tmp_path: Path) -> None:
    one, other = Plan(tmp_path / "one"), Plan(tmp_path / "other")
    for plan in (one, other):
        plan.root.mkdir()
        plan.merge(PLAN)
    assert one.text("Hull") == other.text("Hull")


def test_what_is_put_between_and_numbered_anew_keeps_its_item_its_state_and_its_edits(plan: Plan) -> None:
    plan.merge(PLAN)
    hull, mast = plan.item("Hull"), plan.item("Mast")
    plan.edit("Hull", "status: draft", "status: in-progress")
    plan.edit("Hull", "- It is red (FR-1)\n", "- It is red (FR-1)\n\n## Log\n\n- sawed\n")
    changed = (
        PLAN.replace("### Story 1.1: Hull", "### Story 1.1: Anchor\nAs a sailor I want to stop.\n### Story 1.2: Hull")
        .replace(
            "### Story 1.2: Mast\n**Prerequisites:** Story 1.1", "### Story 1.3: Mast\n**Prerequisites:** Story 1.2"
        )
        .replace("It is red", "It is blue")
        .replace("Cut a tree", "Fell a tree")
    )
    done = plan.merge(changed)
    assert told(done) == [
        ("added", "Anchor", []),
        ("changed", "Hull", ["alias", "text"]),
        ("renamed", "Fell a tree", ["title"]),
        ("changed", "Mast", ["alias"]),
    ]
    assert row(done, "Fell a tree").note == "was 'Cut a tree'"
    assert (plan.item("Hull").id, plan.item("Hull").alias) == (hull.id, "Story 1.2")
    assert (plan.item("Mast").id, plan.item("Mast").alias) == (mast.id, "Story 1.3")
    assert plan.item("Hull").status == "in-progress"
    assert "- It is blue (FR-1)\n\n## Log\n\n- sawed\n" in plan.text("Hull")
    assert plan.merge(changed).counts == {"same": 6}


def test_what_both_changed_is_told_until_somebody_says_whose_word_counts(plan: Plan) -> None:
    plan.merge(PLAN)
    plan.edit("Hull", "priority: High", "priority: Low")
    changed = PLAN.replace("**Priority:** High", "**Priority:** Urgent")
    for _ in range(2):
        done = plan.merge(changed)
        assert told(done) == [("conflict", "Hull", ["priority"])]
        assert "'Urgent' in the source and 'Low'" in row(done, "Hull").note
        assert plan.item("Hull").priority == "Low"
    plan.merge(changed, prefer="plan")
    assert plan.item("Hull").priority == "Low"
    assert plan.merge(changed).counts == {"same": 5}
    plan.merge(PLAN.replace("**Priority:** High", "**Priority:** Critical"), prefer="document")
    assert plan.item("Hull").priority == "Critical"


def test_an_edit_of_the_plan_alone_is_no_drift(plan: Plan) -> None:
    plan.merge(PLAN)
    plan.edit("Mast", "# Mast", "# Tall mast")
    plan.edit("Hull", "- It floats\n", "- It floats well\n")
    assert plan.merge(PLAN).counts == {"same": 5}
    assert plan.item("Tall mast").alias == "Story 1.2"


def test_what_is_gone_stays_until_it_is_cancelled_and_comes_back_as_the_same(plan: Plan) -> None:
    plan.merge(PLAN)
    gone = PLAN.replace("- [ ] T001 Cut a tree\n", "")
    done = plan.merge(gone)
    assert ("removed", "Cut a tree", []) in told(done)
    assert plan.item("Cut a tree").status == "todo"
    plan.merge(gone, cancel=True)
    assert plan.item("Cut a tree").status == "cancelled"
    identifier = plan.item("Cut a tree").id
    assert "removed" not in plan.merge(gone).counts
    plan.merge(PLAN)
    assert plan.item("Cut a tree").id == identifier


def test_what_moves_to_another_epic_is_moved(plan: Plan) -> None:
    two = "# P\n## Epic 1: Boats\n### Story 1.1: Hull\n### Story 1.2: Oar\n## Epic 2: Quays\n### Story 2.1: Crane\n"
    plan.merge(two)
    moved = "# P\n## Epic 1: Boats\n### Story 1.1: Hull\n## Epic 2: Quays\n### Story 2.1: Crane\n### Story 2.2: Oar\n"
    done = plan.merge(moved)
    assert told(done) == [("moved", "Oar", ["alias", "parent"])]
    assert plan.item("Oar").parent == plan.item("Quays").id


def test_what_is_written_in_another_order_is_the_same(plan: Plan) -> None:
    lines = [f"- [ ] Task about {word}" for word in ("ropes", "sails", "paint", "nails")]
    plan.merge("# Tasks\n" + "\n".join(lines) + "\n")
    assert plan.merge("# Tasks\n" + "\n".join(reversed(lines)) + "\n").counts == {"same": 4}


def test_what_could_be_several_things_is_asked(plan: Plan) -> None:
    plan.merge("# Tasks\n- [ ] Paint the left side\n- [ ] Paint the right side\n")
    changed = "# Tasks\n- [ ] Paint the lower side\n"
    done = plan.merge(changed)
    assert done.counts == {"unclear": 1}
    assert "say which with --same ITEM=2" in row(done, "Paint the lower side").note
    left = plan.item("Paint the left side")
    answered = plan.merge(changed, pairs=[f"{left.id}=2"])
    assert answered.counts == {"renamed": 1, "removed": 1}
    assert plan.item("Paint the lower side").id == left.id
    for wrong in (f"{left.id}=7", f"{left.id}", "x=y"):
        with pytest.raises(UsageProblem, match="nothing that begins on that line"):
            plan.merge(changed, pairs=[wrong])


def test_an_item_that_is_called_the_same_is_taken_for_the_one_that_is_meant(plan: Plan) -> None:
    place = plan.root / ".ai" / "stories" / "s1aaaa-hull.md"
    place.parent.mkdir(parents=True)
    place.write_text("---\nid: s1aaaa\nkind: story\nalias: Story 1.1\nstatus: draft\n---\n# Hull\n\nMine.\n")
    assert plan.merge(PLAN).counts == {"added": 4, "same": 1}
    assert "Mine." in plan.text("Hull")
    assert "source: document:docs/prd.md#story:1.1" in plan.text("Hull")
    done = plan.merge(PLAN.replace("**Priority:** High", "**Priority:** Low"))
    assert told(done) == [("conflict", "Hull", ["priority"])]  # the plan never had what the document said


def test_claims_of_what_a_gate_holds_are_told_and_not_taken(plan: Plan) -> None:
    done = plan.merge(PLAN, claims=False)
    assert plan.item("Trim it (depends on T001)").status == "todo"
    assert "1 things are said to be begun, finished or cancelled" in done.notices[0]
    plan.merge("# Tasks\n- [x] Sweep\n", claims=False, path="tasks.md")
    assert plan.item("Sweep").status == "done"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x00\x01\x02",
        "# Nothing\n\nWords.\n",
        "# Tasks\n- [ ] T001 A (depends on T002)\n- [ ] T002 B (depends on T001)\n",
    ],
)
def test_bad_documents_give_findings_and_lose_nothing(plan: Plan, text: str) -> None:
    plan.merge(PLAN)
    before = plan.text("Hull")
    done = plan.merge(text)
    assert done.findings
    assert plan.text("Hull") == before
    assert plan.item("Hull").status == "draft"


def test_a_title_with_line_ends_of_another_system_and_headings_in_texts_stay_one_item(plan: Plan) -> None:
    text = "# P\r\n## Epic 1: A\r\n### Story 1.1: B\r\nWords.\r\n"
    plan.merge(text)
    assert plan.merge(text).counts == {"same": 2}
    plan.edit("B", "Words.", "Other words.")
    assert plan.merge(text).counts == {"same": 2}


def test_an_edit_while_it_is_merged_is_not_written_over(plan: Plan) -> None:
    plan.merge(PLAN)
    hull = plan.item("Hull").path

    def read(path: str) -> bytes:
        data = plan.store.read(path)
        if path == hull and b"by hand" not in data:
            (plan.root / path).write_bytes(data + b"\n## Log\n\n- by hand\n")
        return data

    document = parse_document(PLAN.replace("It floats", "It swims").encode(), "docs/prd.md")
    asked = MergeDocument(project="p", path="docs/prd.md")
    done = merge(document, plan.store.ledger, read, asked, claims=True)
    assert hull in {change.path for change in done.changes}
    with pytest.raises(FileMovedOn):
        plan.store.commit(done.changes, command="merge", title="merge", items=done.items)
    assert "- by hand" in plan.text("Hull")
    assert "It floats" in plan.text("Hull")
