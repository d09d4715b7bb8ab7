"""The parser over the bus."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from aura_shared.errors import UnknownFile, UnsafePath, UsageProblem
from aura_shared.messages.planning import ParseDocument
from plan_rig import ParseRig

pytestmark = pytest.mark.requirement("A2")

PLAN = """# Plan
## Epic 1: Boats
### Story 1.1: Hull
As a sailor, I want a hull.
**Priority:** High
**Acceptance Criteria:**
- [x] It floats
- [ ] It turns
### Story 1.2: Mast
**Prerequisites:** Story 1.1
#### Tasks
- [ ] Cut a tree (FR-9)
- [ ] Cut a tree (extends T001)
## Out of scope
- Sails
"""


@pytest.fixture
def rig(tmp_path: Path, aura_home: Path) -> ParseRig:
    """A project with a plan."""
    root = tmp_path / "harbour"
    (root / "docs").mkdir(parents=True)
    (root / "docs/plan.md").write_text(PLAN)
    return ParseRig(root)


async def test_a_file_of_a_project_is_read_with_everything_that_is_known(rig: ParseRig) -> None:
    answer = await rig.ask(ParseDocument(project=rig.project.id, path="docs/plan.md", gaps=True))
    assert answer.counts == {"epic": 1, "story": 2, "task": 2}
    assert [item.index for item in answer.items] == list(range(5))
    hull = answer.items[1]
    assert (hull.kind, hull.alias, hull.title, hull.parent, hull.priority) == ("story", "Story 1.1", "Hull", 0, "High")
    assert (hull.source.first, hull.source.last, hull.source.quote) == (3, 8, "### Story 1.1: Hull")
    assert [(one.text, one.ticked, one.source.first) for one in hull.criteria] == [
        ("It floats", True, 7), ("It turns", False, 8),
    ]  # fmt: skip
    assert [(one.item, one.source.first) for one in answer.items[2].depends_on] == [(1, 10)]
    assert [(one.written, one.item, one.line) for one in answer.items[3].requirements] == [("FR-9", None, 12)]
    assert [(one.text, one.why, one.source.first) for one in answer.out_of_scope] == [("Sails", "out of scope", 15)]
    assert [(gap.kind, gap.title, gap.item) for gap in answer.gaps] == [("story", "Hull", 1)]
    assert answer.text == ""


async def test_content_comes_along_in_base64_for_files_outside_of_projects(rig: ParseRig) -> None:
    content = base64.b64encode(b"- [ ] 1.1 A\n- [ ] 1.1 B\n").decode()
    answer = await rig.ask(ParseDocument(path="elsewhere/tasks.md", content=content))
    assert [item.title for item in answer.items] == ["A", "B"]
    assert [(one.path, one.line, one.code) for one in answer.findings] == [("elsewhere/tasks.md", 2, "duplicate-id")]


async def test_an_agent_gets_lines_of_text_a_page_at_a_time(rig: ParseRig) -> None:
    answer = await rig.ask(ParseDocument(project=rig.project.id, path="docs/plan.md", outline=True, gaps=True))
    assert answer.items == []
    assert answer.text.splitlines() == [
        "docs/plan.md: Plan (bmad; 1 epic, 2 story, 2 task)",
        "gap line 3 story: Hull (no task names it or speaks of it)",
        "epic Epic 1 Boats [line 2]",
        "  story Story 1.1 Hull [line 3; High; 2 criteria]",
        "  story Story 1.2 Mast [line 9; needs Story 1.1]",
        "    task Cut a tree (FR-9) [line 12; todo]",
        "    task Cut a tree (extends T001) [line 13; todo]",
    ]
    assert not answer.more
    many = base64.b64encode("".join(f"- [ ] T{n:03d} Task\n" for n in range(1, 301)).encode()).decode()
    first = await rig.ask(ParseDocument(path="tasks.md", content=many, outline=True))
    assert first.more
    assert first.text.splitlines()[-1] == "... 181 more lines: ask again with offset 120"
    last = await rig.ask(ParseDocument(path="tasks.md", content=many, outline=True, offset=240))
    assert not last.more
    assert last.text.splitlines()[-1].startswith("task T300 Task")


async def test_files_outside_of_the_project_are_not_read(rig: ParseRig) -> None:
    with pytest.raises(UnsafePath):
        await rig.ask(ParseDocument(project=rig.project.id, path="../secret.md"))
    with pytest.raises(UnknownFile):
        await rig.ask(ParseDocument(project=rig.project.id, path="docs/none.md"))
    with pytest.raises(UsageProblem, match="a document needs a project, or its content"):
        await rig.ask(ParseDocument(path="docs/plan.md"))
    with pytest.raises(UsageProblem, match="the content is not Base64"):
        await rig.ask(ParseDocument(path="docs/plan.md", content="QUJ"))


async def test_a_file_that_is_too_large_is_not_read_whole(rig: ParseRig) -> None:
    root = Path(rig.project.root)
    (root / "huge.md").write_bytes(b"- [ ] x\n" * 400_000)
    answer = await rig.ask(ParseDocument(project=rig.project.id, path="huge.md"))
    assert [one.code for one in answer.findings] == ["too-large"]
