"""Filters, pages, rows of findings and comments that silence them, without a screen."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from aura_panel.findings_desk import changed_lines
from aura_panel.findings_pages import MOST_GATHERED, Filter, Found, Page, Wanted, ask_page, parse_filter, why_nothing
from aura_panel.findings_rows import (
    about_finding,
    analysis_words,
    code_of,
    count_words,
    empty_words,
    finding_rows,
    state_of_findings,
    why_of,
)
from aura_panel.link import Link
from aura_panel.silencing import MOST_BYTES, comment_mark, read_file, silencing
from aura_panel.world import World
from aura_shared.errors import Conflict, UnknownFile, UsageProblem
from aura_shared.messages.code import Freshness
from aura_shared.messages.findings import (
    AnalysisAnswer,
    DayTotal,
    ExplainFinding,
    FileFix,
    FindingInfo,
    FindingsAnswer,
    FindingsSummary,
    ListFindings,
    ToolRun,
)
from panel_lab import ATLAS, SHOP, PanelLab
from panel_lab_findings import FINDINGS, LONG, NONE, NOW, OTHER_NONE, SILENT, SQL, UNUSED, explained, finding, listed

NAMES: list[str] = ["muted", "error", "warning", "success", "accent", "primary", "secondary", "foreground"]
COLOURS = dict.fromkeys(NAMES, "#000000")


class ListingLink:
    """A link that lists findings."""

    def __init__(self, answer: object = None) -> None:
        self.asked: list[ListFindings] = []
        self.answer = answer

    async def ask(self, request: ListFindings) -> FindingsAnswer:
        self.asked.append(request)
        return cast("FindingsAnswer", self.answer) if self.answer is not None else listed(request)


def page_of(link: ListingLink) -> Link:
    return cast("Link", link)


@pytest.mark.parametrize(
    ("written", "narrowed"),
    [
        ("", Filter()),
        ("None [x]", Filter(words=("none", "[x]"))),
        ("rule:a rule:b path:src/** a", Filter(words=("a",), rules=("a", "b"), paths=("src/**",))),
        ("source:ruff category:style fixable", Filter(sources=("ruff",), categories=("style",), fixable=True)),
        ("level:error", Filter(words=("level:error",))),
    ],
)
def test_filters(written: str, narrowed: Filter) -> None:
    assert parse_filter(written) == narrowed


async def test_a_level_is_asked_for_and_the_others_are_counted() -> None:
    link = ListingLink()
    page = await ask_page(page_of(link), Wanted(projects=("p",), level="warning"))
    assert [found.finding for found in page.found] == [UNUSED, NONE, OTHER_NONE]
    assert page.levels == {"error": 1, "warning": 3, "hint": 1}
    assert (page.total, page.more) == (3, False)


@pytest.mark.parametrize(
    ("wanted", "order"),
    [
        (Wanted(projects=("p",), order="file"), [UNUSED, NONE, OTHER_NONE, LONG, SQL]),
        (Wanted(projects=("p",), order="rule"), [SQL, NONE, OTHER_NONE, UNUSED, LONG]),
        (Wanted(projects=("p",), order="source"), [SQL, NONE, OTHER_NONE, LONG, UNUSED]),
        (Wanted(projects=("p", "q"), level="error"), [SQL, SQL]),
        (Wanted(projects=("p",), filter=parse_filter("none cart")), [OTHER_NONE]),
    ],
    ids=["file", "rule", "source", "two projects", "words"],
)
async def test_what_the_service_cannot_do_is_done_here(wanted: Wanted, order: list[FindingInfo]) -> None:
    page = await ask_page(page_of(ListingLink()), wanted)
    assert [found.finding for found in page.found] == order


async def test_too_many_are_said_to_be_too_many() -> None:
    many = FindingsAnswer(findings=[SQL] * 1000, total=9_000, more=True, freshness=NOW)
    link = ListingLink(many)
    page = await ask_page(page_of(link), Wanted(projects=("p",), order="file"))
    assert page.cut
    assert len(link.asked) == MOST_GATHERED // 1000
    assert "too many" in state_of_findings(page, [], COLOURS).plain


async def test_a_page_that_is_gone_gives_the_last_one() -> None:
    page = await ask_page(page_of(ListingLink()), Wanted(projects=("p",), offset=400))
    assert page.offset == 0
    assert len(page.found) == len(FINDINGS)


def test_rows_name_a_file_or_rule_once_and_have_keys_of_their_own() -> None:
    found = [Found("p", one) for one in (NONE, NONE, OTHER_NONE, SILENT)]
    rows = finding_rows(found, "file", {"p": "shop"}, COLOURS)
    assert list(rows) == [f"p:{NONE.fingerprint}", f"p:{NONE.fingerprint}#2", *(found.key for found in found[2:])]
    assert [row[4].plain for row in rows.values()] == ["shop/[red]/prices.py:12", ":12", "shop/cart.py:7", ":33"]
    assert [row[3].plain for row in finding_rows(found, "rule", {}, COLOURS).values()][1] == "″"
    assert next(iter(rows.values()))[5].plain == "shop"


def test_an_explanation_tells_everything_as_text() -> None:
    told = explained(ExplainFinding(project="p", id=NONE.id)).model_copy(
        update={"fix": FileFix(path="a", refused="two edits overlap")}
    )
    text = why_of(told, COLOURS).plain
    assert "No fix: two edits overlap." in text
    assert "and 6 more; t shows them" in text
    assert code_of(told.model_copy(update={"code": ""})).plain == ""
    assert "silenced by inline: the loop must go on" in about_finding(SILENT, "shop", COLOURS).plain
    assert "by ruff" in about_finding(UNUSED, "", COLOURS).plain


def test_why_a_list_is_empty() -> None:
    page = Page(levels={"error": 0, "hint": 3}, reason="")
    assert empty_words(page, Wanted(projects=("p",), level="error")).startswith("There is no error")
    assert "2 are silenced" in empty_words(Page(silenced=2), Wanted(projects=("p",)))


def test_the_trend_joins_projects_by_day() -> None:
    one = FindingsSummary(trend=[DayTotal(day="2026-11-01", levels={"hint": 2}), DayTotal(day="2026-11-02")])
    other = FindingsSummary(trend=[DayTotal(day="2026-11-02", levels={"hint": 5})])
    page = Page(found=[Found("p", SQL)], total=300, freshness=Freshness(generation=4, verified=False))
    words = state_of_findings(page, [one, other], COLOURS).plain
    assert "↑3 in 2 days" in words
    assert "1-1 of 300" in words
    assert "still being compared with the disk" in words
    assert "days" not in state_of_findings(page, [], COLOURS).plain
    assert count_words({}) == ""


def test_an_analysis_names_the_tools_that_did_not_run() -> None:
    tools = [ToolRun(name=f"t{number}", ran=False, reason="gone") for number in range(5)]
    assert analysis_words("shop", AnalysisAnswer(tools=tools)).endswith("t2 did not run: gone\n… and 2 more tools")


def test_why_nothing_can_be_listed(lab: PanelLab) -> None:
    link = lab.link()
    world = World(link)
    assert why_nothing(None, "", everywhere=False) == "Connecting …"
    link.presence = "down"
    assert not why_nothing(world, "", everywhere=False)
    link.presence = "up"
    assert "No project" in why_nothing(world, "", everywhere=False)
    world.projects = {SHOP.id: SHOP, ATLAS.id: ATLAS}
    assert "being built" in why_nothing(world, ATLAS.id, everywhere=False)
    assert not why_nothing(world, ATLAS.id, everywhere=True)


def test_only_what_a_diff_changes_is_compared() -> None:
    assert changed_lines("--- a/x\n+++ b/x\n@@ -1 +1 @@\n a\r\n-b\r\n+c\n") == ["-b", "+c"]


SOURCE = b"def f(x):\n\tif x == None:\n\t\treturn 1\n"
AT_TWO = finding("none-comparison", "a.py", 2, "m")


@pytest.mark.requirement("U1")
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (SOURCE, b"def f(x):\n\t# aura: ignore[none-comparison] it is fine\n\tif x == None:\n\t\treturn 1\n"),
        (b"a = 1 + \\\n  None\nb\n", b"a = 1 + \\\n  None  # aura: ignore[none-comparison] it is fine\nb\n"),
        ("é = 1\nü = 2".encode(), "é = 1\n# aura: ignore[none-comparison] it is fine\nü = 2".encode()),
    ],
    ids=["indented", "after a continued line", "not ascii"],
)
def test_a_comment_silences_one_finding(data: bytes, expected: bytes) -> None:
    made = silencing(data, AT_TWO, "#", " it is\n fine ")
    assert made.file.edits is not None
    (edit,) = made.file.edits
    assert data[: edit.start] + edit.text.encode() + data[edit.end :] == expected
    assert changed_lines(made.diff)[-1].strip("+\t ").endswith("aura: ignore[none-comparison] it is fine")


def test_what_cannot_be_edited_is_told() -> None:
    with pytest.raises(Conflict, match="has no line 2 any more"):
        silencing(b"one line", AT_TWO, "#", "x")
    with pytest.raises(UsageProblem, match="cannot be edited as text"):
        silencing(b"\0\0", AT_TWO, "#", "x")


def test_files_are_read_inside_the_project_only(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"x\n")
    (tmp_path / "large.py").write_bytes(b"x" * (MOST_BYTES + 1))
    assert read_file(tmp_path, "a.py") == b"x\n"
    with pytest.raises(UnknownFile):
        read_file(tmp_path, "b.py")
    with pytest.raises(UsageProblem, match="is larger than"):
        read_file(tmp_path, "large.py")


def test_which_mark_a_comment_has() -> None:
    assert comment_mark(["On its line: // aura: ignore[x] the reason", "else"]) == "//"
    assert not comment_mark(["With the means of ruff."])
