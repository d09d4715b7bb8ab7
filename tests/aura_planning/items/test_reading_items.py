"""From files to items: canonical ones, every other layout, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

from aura_planning.items.ids import ID, id_from, new_id, new_operation
from aura_planning.items.layout import canonical_path, place_of, slug
from aura_planning.items.ledger import Ledger
from aura_planning.items.markdown import boxes, headings
from aura_planning.items.model import Item, Kind
from aura_planning.items.reading import MOST_BYTES, read_item
from aura_planning.items.statuses import STATUSES, status_of
from aura_shared.errors import UnknownItem, UsageProblem
from plan_items_rig import item_text


def read(path: str, text: str | bytes) -> tuple[Item | None, list[tuple[str, int]]]:
    parsed = read_item(f".ai/{path}", text if isinstance(text, bytes) else text.encode())
    return parsed.item, [(one.rule, one.line) for one in parsed.findings]


def good(path: str, text: str | bytes) -> Item:
    item, findings = read(path, text)
    assert item is not None
    assert findings == []
    return item


BOXES = "## Tasks\n\n- [x] one\n- [ ] two\n- [ ] ~~three~~\n\n## Acceptance criteria\n- [ ] c\n"


@pytest.mark.requirement("A2", "A5")
def test_every_field_of_a_canonical_item_is_read() -> None:
    text = item_text(
        "k3f9zq", "story", "Pay by card", alias="US-004", status="In Progress", epic="m2x8b1", depends_on="[a1b2c3]",
        priority="must", value=8, estimate="2.5", approved_by="Ada", approved_at="x", approved_hash="y", tests="green",
        test_names="[test_pay]", body=BOXES,
    )  # fmt: skip
    item = good("stories/k3f9zq-pay-by-card.md", text)
    assert (item.id, item.kind, item.title, item.status, item.status_text) == (
        "k3f9zq", "story", "Pay by card", "in-progress", "In Progress",
    )  # fmt: skip
    assert (item.alias, item.parent, item.depends_on, item.priority) == ("US-004", "m2x8b1", ("a1b2c3",), "must")
    assert (item.value, item.estimate, item.tests, item.test_names) == (8, 2.5, "green", ("test_pay",))
    assert (item.approved_by, item.approved_hash, item.boxes_done, item.boxes) == ("Ada", "y", 1, 2)
    assert item.where["epic"] == 6
    assert item.canonical
    assert not item.broken


def other(id: str, path: str, text: str, *wanted: str) -> object:  # noqa: A002 - as pytest calls it
    """A row: the file, then kind, alias, parent, title, status."""
    return pytest.param(path, text, wanted, id=id)


OTHERS = [
    other(
        "heading", "prd.md", "# 1. Title: PRD for Shop\n\n## Status: Draft\n", "prd", "", "", "PRD for Shop", "draft"
    ),
    other(
        "tag",
        "arch.md",
        "# Architecture\n\n<status>Approved</status>\n",
        "architecture",
        "",
        "",
        "Architecture",
        "approved",
    ),
    other(
        "plain line",
        "arch.md",
        "# Architecture\n\nStatus: approved\n",
        "architecture",
        "",
        "",
        "Architecture",
        "approved",
    ),
    other(
        "story",
        "story-1.story.md",
        "# Story 1: Setup\n\n## Status\n\nComplete ✅\n",
        "story",
        "story-1",
        "",
        "Setup",
        "complete",
    ),
    other(
        "task as story", "task-3.story.md", "# Task 3: Mail\n\n**Status:** Done\n", "task", "task-3", "", "Mail", "done"
    ),
    other("task by word", "task-mail.task.md", "# Mail\n\nStatus: todo\n", "task", "task-mail", "", "Mail", "todo"),
    other(
        "bold, title below",
        "epic-1/story-2.story.md",
        "# Epic-1 - Story-2\n\nPay by card\n\n**Status**: InProgress\n",
        "story",
        "epic-1-story-2",
        "epic-1",
        "Pay by card",
        "in-progress",
    ),
    other(
        "two titles",
        "epic-1/story-2.story.md",
        "# Epic-1: Core\n\n# Story-2: Pay\n\n## Status\n\nIN PROGRESS\n",
        "story",
        "epic-1-story-2",
        "epic-1",
        "Pay",
        "in-progress",
    ),
    other(
        "line names the story",
        "epic-5.1/1-result.story.md",
        "# Epic-5.1: Architecture\n\nStory-1: Results\n\n## Statut\n\nDraft\n",
        "story",
        "epic-5.1-story-1-result",
        "epic-5.1",
        "Results",
        "draft",
    ),
    other(
        "epic file", "epic-3/epic.md", "# Epic-3: Mail\n\n## Status: Current\n", "epic", "epic-3", "", "Mail", "current"
    ),
    other(
        "epic readme",
        "epic-3/README.md",
        "# Epic 3\n\nStatus: Future\n\nMail\n",
        "epic",
        "epic-3",
        "",
        "Status: Future",
        "future",
    ),
    other(
        "front matter",
        "epic-4.md",
        "---\nstatus: COMPLETED\n---\n# Epic-4 - Shop\n",
        "epic",
        "epic-4",
        "",
        "Shop",
        "complete",
    ),
    other(
        "story folder",
        "stories/story-1/story-1d.md",
        "# Story 1d: More\n\n## Status: Draft\n",
        "story",
        "story-1d",
        "",
        "More",
        "draft",
    ),
    other(
        "nested folders",
        "epics/epic-2/stories/story-1/story-1a.md",
        "# Story 1a: More\n\n## Status: Cancelled\n",
        "story",
        "epic-2-story-1a",
        "epic-2",
        "More",
        "cancelled",
    ),
    other(
        "will not do",
        "story-9.story.md",
        "# Story 9: No\n\n## Status\n\nClosed - Will Not Do\n",
        "story",
        "story-9",
        "",
        "No",
        "cancelled",
    ),
]


@pytest.mark.requirement("A5")
@pytest.mark.parametrize(("path", "text", "wanted"), OTHERS)
def test_other_layouts_and_spellings_are_read(path: str, text: str, wanted: tuple[str, ...]) -> None:
    item = good(path, text)
    assert (item.kind, item.alias, item.parent, item.title, item.status) == wanted
    assert not item.canonical
    assert item.id == ""


@pytest.mark.requirement("A2", "A5")
@pytest.mark.parametrize(
    ("path", "text", "wanted"),
    [
        ("prd.md", "# P\n\n## Status: Implemented - Updating\n", [("unknown-status", 3)]),
        ("prd.md", "# P\n\n## Story 1\n\n**Status:** Done\n", [("no-status", 1)]),
        ("story-1.story.md", "# S\n\nStatus: Draft\n\n## Status: Done\n", [("status-twice", 3)]),
        ("epic-1/story-1.story.md", "# Epic-2 - Story-1: S\n\nStatus: Draft\n", [("epic-differs", 1)]),
        ("stories/k3f9zq-a.md", "", [("empty", 1)]),
        ("stories/k3f9zq-a.md", b"\x00\x01", [("not-text", 1)]),
        ("stories/k3f9zq-a.md", "# A\n".encode("utf-16"), [("not-text", 1)]),
        ("stories/k3f9zq-a.md", "---\nid: k3f9zq\nstatus: dr", [("front-matter-open", 1)]),
        ("stories/k3f9zq-a.md", "# A\n", [("missing-id", 1), ("no-status", 1)]),
        ("stories/k3f9zq-a.md", "---\nid: m2x8b1\nstatus: draft\n---\n# A\n", [("id-of-name", 2)]),
        ("stories/k3f9zq-a.md", "---\nid: 7\nstatus: draft\n---\n# A\n", [("bad-id", 2)]),
        ("stories/k3f9zq-a.md", "---\nid: k3f9zq\nkind: saga\nstatus: draft\n---\n# A\n", [("unknown-kind", 3)]),
        ("stories/k3f9zq-a.md", "---\nid: k3f9zq\nstatus: draft\nstatus: complete\n---\n# A\n", [("key-twice", 4)]),
        ("stories/k3f9zq-a.md", "---\nid: k3f9zq\nstatus: draft\nwords\n---\n# A\n", [("strange-line", 4)]),
        ("stories/k3f9zq-a.md", "---\nid: k3f9zq\nstatus: draft\ntitle: {a: 1}\n---\n# A\n", [("strange-value", 4)]),
        ("stories/k3f9zq-a.md", "---\nid: k3f9zq\nstatus: draft\nvalue: plenty\n---\n# A\n", [("bad-number", 4)]),
        ("stories/k3f9zq-a.md", "---\nid: k3f9zq\nstatus: draft\ntests: maybe\n---\n# A\n", [("bad-tests", 4)]),
        ("stories/k3f9zq-a.md", "---\nid: k3f9zq\nstatus: draft\nepic: a\nparent: b\n---\n# A\n", [("two-parents", 5)]),
        ("stories/k3f9zq-a.md", "---\nid: k3f9zq\nstatus: draft\n---\n\n## Status: Done\n", [("status-differs", 6)]),
        ("stories/k3f9zq-a.md", "---\nid: k3f9zq\nstatus: draft\n---\nwords\n", [("no-title", 5)]),
        ("stories/k3f9zq-a.md", b"---\nid: k3f9zq\nstatus: draft\n---\n# A\n\n\xe9\n", [("not-utf8", 7)]),
        (
            "stories/k3f9zq-a.md",
            "---\nid: k3f9zq\n<<<<<<< ours\nstatus: draft\n=======\nstatus: complete\n>>>>>>> theirs\n---\n# A\n",
            [("merge-conflict", 3)],
        ),
        ("stories/k3f9zq-a.md", b"x" * (MOST_BYTES + 1), [("too-large", 1)]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_by_line_and_nothing_is_guessed(
    path: str, text: str | bytes, wanted: list[tuple[str, int]]
) -> None:
    item, findings = read(path, text)
    assert findings == wanted
    assert item is not None
    if wanted[0][0] in {"unknown-status", "status-twice", "key-twice", "missing-id", "no-status"}:
        assert item.status == ""
    if wanted[0][0] in {"empty", "not-text", "front-matter-open", "merge-conflict", "too-large"}:
        assert item.broken
        assert item.id == "k3f9zq"


@pytest.mark.parametrize(
    "path",
    [
        "templates/story.md",
        "notes.md",
        "epic-1/audit.md",
        "story-1.txt",
        ".hidden/story-1.story.md",
        "epic-1/README.md",
    ],
)
def test_other_files_are_no_items(path: str) -> None:
    assert read(path, "# Words\n") == (None, [])
    assert place_of("docs/prd.md") is None


@pytest.mark.requirement("A5")
def test_an_approval_is_about_the_words_and_not_about_ticks_status_and_logs() -> None:
    body = "## Tasks\n\n- [ ] one\n\n## Log\n\n- now\n\n### more\n\n## Notes\n\nwords\n"
    first = good("stories/k3f9zq-a.md", item_text("k3f9zq", "story", "A", body=body))
    same = body.replace("[ ]", "[X]").replace("- now", "- later\n- again").replace("words", "words  \n\n")
    ticked = item_text("k3f9zq", "story", "A", status="complete", priority="must", body=same)
    assert good("stories/k3f9zq-a.md", ticked.replace("\n", "\r\n")).content == first.content
    for old, new in (("one", "two"), ("words", "other words"), ("# A", "# B")):
        changed = item_text("k3f9zq", "story", "A", body=body).replace(old, new, 1)
        assert good("stories/k3f9zq-a.md", changed).content != first.content


def test_headings_and_boxes_in_code_are_passed_over() -> None:
    text = "# A #\n\n```md\n# no\n- [ ] no\n```\n~~~\n## no\n~~~~\nUnder\n=====\n\n###### deep ##\n"
    text += "#no\n## C#\n- [x] yes\n1. [ ] yes\n* [-] out\n"
    lines = text.splitlines(keepends=True)
    assert [(one.level, one.title) for one in headings(lines)] == [(1, "A"), (1, "Under"), (6, "deep"), (2, "C#")]
    assert [(one.text, one.done, one.skipped) for one in boxes(lines)] == [
        ("yes", True, False), ("yes", False, False), ("out", False, True),
    ]  # fmt: skip


@pytest.mark.requirement("A2")
def test_identifiers_are_random_unlike_words_and_longer_after_a_hit() -> None:
    found = {new_id(()) for _ in range(3000)}
    assert len(found) == 3000
    assert all(ID.match(one) and len(one) == 6 for one in found)
    first = id_from(".ai/story-1.story.md", ())
    assert id_from(".ai/story-1.story.md", ()) == first
    assert id_from(".ai/story-1.story.md", {first}).startswith(first)
    assert not ID.match("backend")
    assert new_operation(10) < new_operation(10**6)


def test_names_of_files_are_plain_and_short() -> None:
    assert slug("Éditer: le CV / PDF!") == "editer-le-cv-pdf"
    assert slug("漢字") == ""
    assert len(slug("word " * 40)) <= 48
    assert slug("x" * 100) == "x" * 48
    assert canonical_path("story", "k3f9zq", "漢字") == ".ai/stories/k3f9zq-story.md"
    assert canonical_path("prd", "k3f9zq", "Shop", first=True) == ".ai/prd.md"
    assert place_of(".ai/documents/k3f9zq-shop.md") is not None


@pytest.mark.parametrize(
    ("kind", "written", "wanted"),
    [
        ("story", "**In_Progress** 🚧", "in-progress"),
        ("epic", "COMPLETED", "complete"),
        ("task", "Canceled", "cancelled"),
        ("prd", "APPROVED ✅", "approved"),
        ("story", "almost done", ""),
        ("story", "Draft | Complete", ""),
        ("epic", "", ""),
    ],
)
def test_spellings_of_a_status(kind: Kind, written: str, wanted: str) -> None:
    assert status_of(kind, written) == wanted
    assert all(status_of(one, name) == name for one, names in STATUSES.items() for name in names)


def ledger(*items: Item) -> Ledger:
    return Ledger(items)


def item(id: str, kind: Kind = "story", **fields: Any) -> Item:  # noqa: A002, ANN401 - as the fields are
    return Item(id, kind, f".ai/x/{id}.md", **fields)


@pytest.mark.requirement("A2")
def test_items_are_found_as_a_person_names_them() -> None:
    found = ledger(
        item("k3f9zq", alias="US 004"), item("k3f8aa", alias="epic-1-story-2"), item("m2x8b1", alias="US_004")
    )
    assert found.find("k3f9zq").id == "k3f9zq"
    assert found.find("k3f9").id == "k3f9zq"
    assert found.find("Epic-1-Story-2").id == "k3f8aa"
    assert found.find(".ai/x/m2x8b1.md").id == "m2x8b1"
    assert found.find("m2x8b1.md").id == "m2x8b1"
    with pytest.raises(UnknownItem):
        found.find("zz")
    for several in ("us-004", "k3f"):
        with pytest.raises(UsageProblem, match="one of 2"):
            found.find(several)


@pytest.mark.requirement("A2", "A3")
def test_what_is_wrong_between_files_is_found() -> None:
    found = ledger(
        item("e1aaaa", "epic", parent="s1aaaa"),
        item("s1aaaa", parent="gone", depends_on=("s2aaaa", "s1aaaa", "nobody"), where={"depends_on": 4}),
        item("s2aaaa", depends_on=("s3aaaa",), alias="US"),
        item("s3aaaa", depends_on=("s1aaaa",), alias="us"),
        Item("s3aaaa", "story", ".ai/y.md"),
    )
    rules = sorted((one.rule, one.path, one.line) for one in found.findings())
    assert ("dangling-dependency", ".ai/x/s1aaaa.md", 4) in rules
    assert ("depends-on-itself", ".ai/x/s1aaaa.md", 4) in rules
    assert [rule for rule, _, _ in rules] == [
        "alias-twice", "dangling-dependency", "dangling-dependency", "dangling-parent", "depends-on-itself", "id-twice",
        "wrong-parent",
    ]  # fmt: skip
    ring = ledger(*(item(f"s{n}aaaa", depends_on=(f"s{(n + 1) % 3}aaaa",)) for n in range(3)))
    (one,) = ring.findings()
    assert one.rule == "dependency-cycle"
    assert one.message == "these wait for one another: s0aaaa -> s1aaaa -> s2aaaa -> s0aaaa"
    nest = ledger(item("t1aaaa", "task", parent="t2aaaa"), item("t2aaaa", "task", parent="t1aaaa"))
    assert [one.rule for one in nest.findings()] == ["parent-cycle"]
    assert [one.id for one in nest.children(nest.find("t1aaaa"))] == ["t2aaaa"]
    assert [one.id for one in nest.referring(nest.find("t1aaaa"))] == ["t2aaaa"]


def test_items_are_sorted_as_a_person_counts() -> None:
    found = ledger(
        item("a1aaaa", alias="story-10"), item("b1aaaa", alias="story-2"), item("c1aaaa", "prd"), item("d1aaaa")
    )
    assert [one.id for one in found.items] == ["c1aaaa", "b1aaaa", "a1aaaa", "d1aaaa"]
