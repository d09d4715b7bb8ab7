"""What is drawn from a whole project: tree, map, context, hotspots, report; on a small repository with a history."""

from __future__ import annotations

import html.parser
import os
import re
import subprocess
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from aura_code.analysis.demand import analysis_answer, only_files, tools_of
from aura_code.analysis.reading import Job, reader_for
from aura_code.analysis.rounds import Stores, carry_out, what_to_do
from aura_code.content import ReadOptions
from aura_code.insight.desk import FROM_ANALYSIS, FROM_INDEX, Desk
from aura_code.insight.facts import FileSize, FolderLink
from aura_code.insight.page import layered, squarified
from aura_code.library import CodeLibrary
from aura_shared.errors import EmptyQuery, NotReady, UsageProblem
from aura_shared.messages import findings, gaps, insight, structure
from aura_shared.messages.core import Reply, Request
from aura_shared.settings import FindingsSettings, Settings

FILES = {
    "src/shop/__init__.py": "",
    "src/shop/models.py": (
        'class Order:\n    """An order."""\n\n    def total(self, tax: float) -> float:\n        """The sum."""\n'
        "        if tax > 1:\n            return 0\n        return tax\n\n\nclass Parcel(Order):\n"
        "    def weigh(self) -> int:\n        return 3\n"
    ),
    "src/shop/api.py": (
        "import os\n\nfrom shop.models import Order, Parcel\n\n\ndef place(items=[]):\n    items.append(1)\n"
        "    order = Order()\n    os.system('mail ' + items[0])\n    return order.total(0.2)\n\n\n"
        "def _never(parcel: Parcel):\n    return parcel.weigh()\n\n\nif __name__ == '__main__':\n    place()\n"
    ),
    "tests/test_api.py": "from shop.api import place\n\n\ndef test_place():\n    assert place(['x'])\n",
    "web/app.js": "export function greet(name) {\n  if (name === name) { return 1; }\n  return name;\n}\n",
    "pyproject.toml": '[project]\nname = "shop"\ndependencies = ["requests>=2"]\n',
    "README.md": "# Shop <b>\n",
}


def git(root: Path, *arguments: str) -> None:
    environment = {
        **os.environ, "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_GLOBAL": os.devnull,
    }  # fmt: skip
    subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True, env=environment)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A project with an index, an analysis and two commits."""
    root = tmp_path_factory.mktemp("insight") / "shop"
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    (root / "src/shop/models.py").write_text(FILES["src/shop/models.py"] + "\n\nLIMIT = 3\n")
    git(root, "commit", "-q", "-am", "second")
    library = CodeLibrary.build(root, root.parent / "index")
    work = Job(root, ReadOptions(), FindingsSettings(), ())
    stores = Stores.open(root.parent / "analysis", root)
    digests = {path: blake2b((root / path).read_bytes(), digest_size=16).digest() for path in library.index.stamps()}
    key = reader_for(work).standards.key

    def nothing(_done: int, _total: int) -> None:
        """Progress is of no interest here."""

    carry_out(
        stores, work, what_to_do(stores, key, [], [], digests), project="shop", key=key, workers=0, progress=nothing
    )
    stores.close()
    return Desk(root, library.index, root.parent / "analysis", Settings())


def ask(desk: Desk, question: Request[Any]) -> Any:  # noqa: ANN401 - each question has an answer of its own
    answers = {**FROM_INDEX, **FROM_ANALYSIS}
    answer = answers[type(question)](desk, question)
    assert isinstance(answer, Reply)
    return answer


@pytest.mark.requirement("C9")
def test_the_tree_shows_folders_with_sizes_and_keeps_to_depth_and_budget(desk: Desk) -> None:
    whole = ask(desk, insight.ShowTree(project="shop"))
    assert "  src/  3 files, 34 lines  python" in whole.text.split("\n")
    assert "    test_api.py  5" in whole.text.split("\n")
    assert whole.files == len(FILES)
    below = ask(desk, insight.ShowTree(project="shop", path="src/", depth=1, files=False))
    assert below.text == "src/  3 files, 34 lines  python\n  shop/  3 files, 34 lines  python"
    small = ask(desk, insight.ShowTree(project="shop", budget=50))
    assert len(small.text.encode()) <= 200
    assert small.more
    assert "no file below 'nowhere'" in ask(desk, insight.ShowTree(project="shop", path="nowhere")).reason


@pytest.mark.requirement("C3")
@pytest.mark.parametrize("budget", [50, 60, 80, 120, 400])
def test_the_map_never_passes_its_budget_and_is_the_same_each_time(desk: Desk, budget: int) -> None:
    first = ask(desk, insight.MapSymbols(project="shop", budget=budget))
    assert len(first.text.encode()) <= budget * 4
    assert first.tokens <= budget
    assert first == ask(desk, insight.MapSymbols(project="shop", budget=budget))


@pytest.mark.requirement("C3")
def test_the_map_ranks_what_is_referred_to_and_follows_the_focus(desk: Desk) -> None:
    whole = ask(desk, insight.MapSymbols(project="shop"))
    assert whole.entries[0].path == "src/shop/models.py"
    assert "class Order  # 1" in whole.text
    assert "def total(self, tax: float) -> float" in whole.text
    focused = ask(desk, insight.MapSymbols(project="shop", focus=["web"]))
    assert focused.entries[0].path == "web/app.js"
    asked = ask(desk, insight.MapSymbols(project="shop", query="greet somebody by name", budget=60))
    assert "greet" in asked.text


@pytest.mark.requirement("C9")
@pytest.mark.parametrize(
    ("about", "expected"),
    [
        (
            "Order.total",
            ["src/shop/models.py:4-8  Order.total  (asked for)", "place  (calls it)", "test_place  (tests it)"],
        ),
        ("src/shop/api.py", ["src/shop/api.py:1-18  (asked for)", "(called by it)"]),
        ("src/shop/api.py:7", ["place  (asked for)", "Order.total  (called by it)"]),
        ("where is an order placed", ["(answers the query)"]),
    ],
)
def test_context_packs_the_code_and_what_is_around_it(desk: Desk, about: str, expected: list[str]) -> None:
    answer = ask(desk, insight.PackContext(project="shop", about=about))
    for text in expected:
        assert text in answer.text
    for budget in (100, 130):
        small = ask(desk, insight.PackContext(project="shop", about=about, budget=budget))
        assert len(small.text.encode()) <= budget * 4
        assert small.tokens <= budget


@pytest.mark.requirement("C9")
def test_context_about_nothing_is_refused_and_about_something_unknown_says_so(desk: Desk) -> None:
    with pytest.raises(EmptyQuery):
        ask(desk, insight.PackContext(project="shop", about="  "))
    assert ask(desk, insight.PackContext(project="shop", about="Qqqqxyz")).reason


@pytest.mark.requirement("C9")
def test_hotspots_are_files_that_are_complex_and_changed(desk: Desk) -> None:
    answer = ask(desk, insight.FindHotspots(project="shop"))
    assert answer.hotspots[0].path == "src/shop/models.py"
    assert answer.hotspots[0].commits == 2
    assert ask(desk, insight.FindHotspots(project="shop", limit=1)).more


@pytest.mark.requirement("C9")
def test_the_report_tells_everything_in_markdown(desk: Desk) -> None:
    text = ask(desk, insight.MakeReport(project="shop")).content
    for title in ("Languages", "Architecture", "Entry points", "Dependencies", "Hotspots", "Risks", "Gaps"):
        assert f"\n## {title}\n" in text
    assert "- PyPI: requests" in text
    assert "**error** `src/shop/api.py:9`" in text
    assert "| `src/shop/models.py` | 2 |" in text
    assert "Conventions found" in text


class _Links(html.parser.HTMLParser):
    """Everything that a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in {"src", "href", "data", "action", "xlink:href"}]
        self.loads += [tag] if tag in {"script", "link", "iframe", "img", "object", "form"} else []
        if tag not in {"meta", "rect", "path"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"rect", "path"}:
            assert self.open.pop() == tag


@pytest.mark.requirement("C9", "P9")
def test_the_page_has_its_pictures_and_loads_nothing(desk: Desk) -> None:
    page = ask(desk, insight.MakeReport(project="shop", format="html")).content
    links = _Links()
    links.feed(page)
    assert links.loads == []
    assert links.open == []
    assert page.count("<svg") == 2 + ("Imports between folders" in page)
    assert "src/shop/api.py: 18 lines, complexity" in page
    assert not re.search(r"(?:https?:)?//\w", page)


def test_a_treemap_fills_its_area_without_overlap() -> None:
    files = [FileSize(f"f{number}", lines, 1) for number, lines in enumerate([500, 200, 200, 90, 33, 7, 1])]
    tiles = squarified(files, 100.0, 60.0)
    assert sum(tile.wide * tile.high for tile in tiles) == pytest.approx(6000)
    for tile in tiles:
        assert tile.wide * tile.high == pytest.approx(6000 * tile.file.lines / 1031)
        assert tile.x >= -1e-6
        assert tile.x + tile.wide <= 100 + 1e-6
        assert tile.y + tile.high <= 60 + 1e-6


def test_layers_lead_from_what_imports_to_what_is_imported_also_in_a_circle() -> None:
    links = [FolderLink("app", "core", 9), FolderLink("core", "base", 5), FolderLink("base", "app", 1)]
    assert layered(links) == {"app": 0, "core": 1, "base": 2}


@pytest.mark.requirement("C2", "C3")
def test_questions_about_structure_are_answered_from_the_analysis(desk: Desk) -> None:
    found = ask(desk, structure.FindReferences(project="shop", symbol="Order.total"))
    assert [(one.path, one.line, one.confidence) for one in found.references] == [("src/shop/api.py", 10, "exact")]
    assert [one.symbol.name for one in ask(desk, structure.FindDeadCode(project="shop")).dead] == ["_never"]
    impact = ask(desk, structure.AskImpact(project="shop", symbol="Order"))
    assert "test_place" in [one.symbol.name for one in impact.tests]
    assert "Parcel" in [one.symbol.name for one in impact.affected]
    relatives = ask(desk, structure.FindHierarchy(project="shop", symbol="Order")).relatives
    assert [one.name for one in relatives] == ["Parcel"]
    assert ask(desk, structure.FindEntryPoints(project="shop")).reason
    assert ask(desk, structure.FindImports(project="shop", path="src/shop/api.py")).imports
    assert ask(desk, structure.FindCalls(project="shop", symbol="place")).calls
    assert ask(desk, structure.FindTests(project="shop", symbol="place")).total == 1
    assert ask(desk, structure.FindCycles(project="shop")).total == 0


@pytest.mark.requirement("C4", "C6", "W3")
def test_questions_about_findings_are_answered_from_the_analysis(desk: Desk) -> None:
    listed = ask(desk, findings.ListFindings(project="shop", paths=["src/**"]))
    assert {one.rule for one in listed.findings} >= {"mutable-default", "dangerous-shell"}
    explained = ask(desk, findings.ExplainFinding(project="shop", id=listed.findings[0].id))
    assert explained.why
    assert ask(desk, findings.SummariseFindings(project="shop")).total == len(
        ask(desk, findings.ListFindings(project="shop")).findings
    )
    assert '"version": "2.1.0"' in ask(desk, findings.ExportSarif(project="shop")).content
    assert ask(desk, findings.ListRules(project="shop")).rules
    assert ask(desk, gaps.FindGaps(project="shop")).gaps
    assert ask(desk, gaps.ScanDependencies(project="shop")).dependencies[0].name == "requests"


@pytest.mark.requirement("C4")
def test_an_analysis_can_be_narrowed_to_what_differs(desk: Desk) -> None:
    request = findings.AnalyzeProject(project="shop", since="HEAD~1", fail_on="error")
    only = only_files(desk.root, request)
    assert only == ("src/shop/models.py",)
    answer = analysis_answer(desk, request, only, None, 0.1)
    assert {one.path for one in answer.findings} <= {"src/shop/models.py"}
    assert not answer.failed
    whole = analysis_answer(desk, findings.AnalyzeProject(project="shop", fail_on="warning"), None, None, 0.1)
    assert whole.failed
    assert whole.files == len(FILES)
    nothing = analysis_answer(desk, request, (), None, 0.1)
    assert "No file differs" in nothing.reason
    assert only_files(desk.root, findings.AnalyzeProject(project="shop")) is None
    with pytest.raises(UsageProblem, match="cannot be told"):
        only_files(desk.root, findings.AnalyzeProject(project="shop", since="no-such-ref"))


@pytest.mark.requirement("C4")
def test_pages_of_findings_are_joined(desk: Desk) -> None:
    every = ask(desk, findings.ListFindings(project="shop")).total
    answer = analysis_answer(desk, findings.AnalyzeProject(project="shop", limit=1), None, None, 0.1)
    assert len(answer.findings) == 1
    assert answer.more is (every > 1)


@pytest.mark.requirement("C4")
def test_what_tools_find_is_kept_beside_our_own(desk: Desk) -> None:
    (desk.root / "ruff.toml").write_text("[lint]\nselect = ['F']\n")
    try:
        outcome = tools_of(desk, None, trust="installed", off=())
    finally:
        (desk.root / "ruff.toml").unlink()
    answer = analysis_answer(desk, findings.AnalyzeProject(project="shop"), None, outcome, 0.1)
    assert [tool.name for tool in answer.tools] == ["ruff"]


def test_without_an_analysis_it_says_so(desk: Desk, tmp_path: Path) -> None:
    bare = Desk(desk.root, desk.index, tmp_path / "none", Settings())
    for question in (insight.MapSymbols(project="shop"), findings.ListFindings(project="shop")):
        with pytest.raises(NotReady, match="not analysed"):
            ask(bare, question)
