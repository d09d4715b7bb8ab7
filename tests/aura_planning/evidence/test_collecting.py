"""What belongs to an item: names in texts, commits, tests, symbols, and what a test run said."""

from __future__ import annotations

import os
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from aura_planning.evidence.collecting import Wanted, collect
from aura_planning.evidence.history import read_repository
from aura_planning.evidence.names import Names
from aura_planning.evidence.results import read_results, report_places
from aura_planning.evidence.symbols import mentions_of
from aura_planning.evidence.tests import read_cases, read_tests
from aura_planning.evidence.wording import Wording
from plan_forecast_rig import commit, git
from plan_progress_rig import DAY, source

pytestmark = pytest.mark.requirement("A4")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    source(root, "a.py", "A = 1\n")
    commit(root, DAY, "chore: begin")
    return root


def work(root: Path, day: int, message: str, path: str = "a.py") -> str:
    """A commit that changes a file; its hash."""
    source(root, path, f"A = {day}\n")
    commit(root, DAY + timedelta(day), message)
    return git(root, "rev-parse", "HEAD")


def hows(root: Path, names: dict[str, list[str]], **more: object) -> dict[str, list[tuple[str, str]]]:
    found = collect(root, names, **more).found  # pyright: ignore[reportArgumentType] - as the test says
    return {key: [(link.how, link.commit.subject) for link in one.commits] for key, one in found.items()}


NAMES = Names({
    "a": ["BACK-222"], "b": ["BACK-222.1"], "c": ["1.2"], "d": ["k3x9ab", "T1"], "e": ["epic-1"], "f": ["FR 1 (a)"],
    "g": ["US-004"], "h": ["twice-1"], "i": ["twice-1"], "j": [""],
})  # fmt: skip


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("BACK-222.1 - polish", ["b"]),
        ("feat(BACK-222): y", ["a"]),
        ("back-222-polish", ["a"]),
        ("BACK-222.", ["a"]),
        ("BACK-2222, xBACK-222, BACK-222.7, BACK-222-3", []),
        ("task 1.2 is done, Story 1.2.3 is not", ["c"]),
        ("1.2 of them", []),
        ("see k3x9ab and T1 but not t1", ["d"]),
        ("Epic 1: all", ["e"]),
        ("for FR 1 (a) only", ["f"]),
        ("us_004", ["g"]),
        ("twice-1", []),
    ],
)
def test_names_are_found_at_the_borders_of_words(text: str, keys: list[str]) -> None:
    assert NAMES.find(text) == keys


@pytest.mark.parametrize(
    ("name", "keys"),
    [("feature/back-222.1-polish", ["b"]), ("fix-us-004-login", ["g"]), ("test_k3x9ab_x", ["d"]), ("main", [])],
)
def test_names_may_be_joined_to_words_in_branches_and_tests(name: str, keys: list[str]) -> None:
    assert NAMES.find(name, loose=True) == keys


def test_commits_name_items_in_trailers_subjects_bodies_and_with_closing_words(root: Path) -> None:
    work(root, 1, "feat: one\n\nTask: t1aaaa, SHOP-2\nRefs: #SHOP-3.")
    work(root, 2, "SHOP-1 two")
    work(root, 3, "three\n\nIt helps SHOP-1 a little. Closes SHOP-4 and SHOP-5; what fixes SHOP-6 comes later")
    work(root, 4, "many\n\n" + " ".join(f"SHOP-{number}" for number in range(1, 12)))
    names = {f"SHOP-{number}": [f"SHOP-{number}"] for number in range(1, 12)} | {"t": ["t1aaaa"]}
    found = hows(root, names)
    assert found["t"] == [("trailer", "feat: one")]
    assert found["SHOP-2"] == [("trailer", "feat: one")]
    assert found["SHOP-3"] == [("trailer", "feat: one")]
    assert found["SHOP-1"] == [("body", "three"), ("subject", "SHOP-1 two")]
    assert found["SHOP-4"] == [("closes", "three")]
    assert found["SHOP-5"] == [("closes", "three")]
    assert found["SHOP-6"] == [("body", "three")]
    assert found["SHOP-9"] == []  # a list of everything is about nothing


def test_reverts_take_evidence_back_and_reverts_of_reverts_give_it_again(root: Path) -> None:
    first = work(root, 1, "SHOP-1 one")
    second = work(root, 2, f'Revert "SHOP-1 one"\n\nThis reverts commit {first}.')
    link = collect(root, {"x": ["SHOP-1"]}).found["x"].commits
    assert [(one.commit.hash, one.reverted) for one in link] == [(first, True)]
    work(root, 3, f'Reapply "SHOP-1 one"\n\nThis reverts commit {second[:9]}.')
    (link,) = collect(root, {"x": ["SHOP-1"]}).found["x"].commits
    assert not link.reverted


def test_a_branch_that_names_an_item_gives_its_commits_to_it(root: Path) -> None:
    git(root, "checkout", "-q", "-b", "feature/shop-1-cart")
    work(root, 1, "first step", "b.py")
    work(root, 2, "SHOP-2 on the way", "c.py")
    (open_one, other) = (collect(root, {"x": ["SHOP-1"], "y": ["SHOP-2"]}).found[key] for key in "xy")
    assert open_one.branches == ["feature/shop-1-cart"]
    assert [(one.how, one.merged) for one in open_one.commits] == [("branch", False)]
    assert [one.how for one in other.commits] == ["subject"]
    git(root, "checkout", "-q", "main")
    work(root, 3, "elsewhere", "d.py")
    git(root, "merge", "-q", "--no-ff", "-m", "Merge branch 'feature/shop-1-cart'", "feature/shop-1-cart")
    git(root, "branch", "-q", "-D", "feature/shop-1-cart")
    merged = collect(root, {"x": ["SHOP-1"]}).found["x"]
    assert merged.branches == []
    assert {(one.how, one.commit.subject, one.merged) for one in merged.commits} == {
        ("branch", "Merge branch 'feature/shop-1-cart'", True), ("branch", "first step", True),
        ("branch", "SHOP-2 on the way", True),
    }  # fmt: skip


def test_commits_that_touch_what_an_item_names_are_near_it_once_it_is_there(root: Path) -> None:
    work(root, 1, "before", "pay/card.py")
    item = ".ai/tasks/t1aaaa-x.md"
    source(root, item, "x")
    commit(root, DAY + timedelta(2), "docs: plan")
    work(root, 3, "after", "pay/card.py")
    work(root, 4, "SHOP-2 other", "pay/card.py")
    wanted = {"x": Wanted("Change `pay/card.py`.", file=item)}
    found = collect(root, {"x": ["t1aaaa"], "y": ["SHOP-2"]}, wanted=wanted).found["x"]
    assert [(one.how, one.commit.subject, one.code) for one in found.commits] == [("file", "after", True)]
    assert [(one.name, one.path, one.new) for one in found.symbols] == [("pay/card.py", "pay/card.py", False)]


def test_symbols_are_new_old_or_missing(root: Path, tmp_path: Path) -> None:
    source(root, "b.py", "def was_there():\n    pass\n")
    commit(root, DAY + timedelta(1), "chore: more")
    source(root, "b.py", "def was_there():\n    pass\n\n\nclass CartTotal:\n    pass\n")
    source(root, "web/app.ts", "export async function loadCart(id: string) {\n  return id;\n}\n")
    commit(root, DAY + timedelta(2), "SHOP-1 work")
    text = "`was_there`, `CartTotal`, `loadCart(id)`, `Shop.later_on()`, `true`, `b.py:3`, `web/`"
    cache = tmp_path / "evidence.sqlite"
    for _ in range(2):  # read, and as kept
        found = collect(root, {"x": ["SHOP-1"]}, wanted={"x": Wanted(text)}, cache=cache).found["x"].symbols
        assert [(one.name, one.path, one.line, one.new) for one in found] == [
            ("was_there", "b.py", 1, False), ("CartTotal", "b.py", 5, True), ("loadCart", "web/app.ts", 1, True),
            ("later_on", "", 0, None), ("b.py", "b.py", 1, False), ("web", "web", 1, True),
        ]  # fmt: skip
    asked: list[list[str]] = []
    collect(root, {"x": ["SHOP-1"]}, wanted={"x": Wanted(text)}, defined=lambda names: asked.append(list(names)))
    assert asked == [["CartTotal", "later_on", "loadCart", "was_there"]]
    assert [one.text for one in mentions_of("`git push --force` `None` `a`")] == []


def test_commits_are_read_once_and_again_when_history_or_cache_is_another(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "evidence.sqlite"
    work(root, 1, "SHOP-1 one")
    assert len(read_repository(root, cache).commits) == 2
    work(root, 2, "two")
    found = read_repository(root, cache)
    assert [one.subject for one in found.commits] == ["two", "SHOP-1 one", "chore: begin"]
    git(root, "reset", "-q", "--hard", "HEAD~2")
    work(root, 3, "another")
    assert [one.subject for one in read_repository(root, cache).commits] == ["another", "chore: begin"]
    cache.write_bytes(b"no database " * 400)
    assert len(read_repository(root, cache).commits) == 2
    with sqlite3.connect(cache) as base:
        base.execute("update commits set data = '{'")
    assert len(read_repository(root, cache).commits) == 2
    cut = read_repository(root, most=1)
    assert (cut.cut, len(cut.commits), len(cut.notices)) == (True, 1, 1)


def test_nothing_is_concluded_without_history_or_from_a_part_of_it(root: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    source(bare, "tests/test_x.py", "def test_shop_1():\n    pass\n")
    found = collect(bare, {"x": ["SHOP-1"]})
    assert not found.repository.present
    assert "nothing can be concluded" in found.notices[0]
    assert [one.how for one in found.found["x"].tests] == ["name"]
    assert not read_repository(tmp_path / "nowhere").present
    work(root, 1, "one")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{root}", "shallow")
    shallow = read_repository(tmp_path / "shallow")
    assert (shallow.shallow, len(shallow.commits)) == (True, 1)
    assert "shallow" in shallow.notices[0]


def test_options_in_names_of_branches_and_texts_stay_data(root: Path) -> None:
    git(root, "update-ref", "refs/heads/--output=x", "HEAD")
    wanted = {"x": Wanted("`--output=/x` `-x.py` `../../etc/passwd` `$HOME/x.py`")}
    found = collect(root, {"x": ["--exec=true"]}, wanted=wanted)
    assert found.repository.present
    assert [one.path for one in found.found["x"].symbols if one.path] == []
    assert not (root / "x").exists()


# -- tests and their results -------------------------------------------------------------------------------------


def test_tests_are_read_in_many_languages() -> None:
    python = '"""FR-001."""\n@mark("A4")\nasync def test_a():\n    """Doc\n    more."""\n\n\n'
    python += "class TestB:\n    def test_c(self):  # SHOP-1\n        pass\n"
    cases = list(read_cases("tests/test_x.py", python))
    assert [(one.line, one.group, one.name) for one in cases] == [
        (1, "", ""), (3, "", "test_a"), (8, "", "TestB"), (9, "TestB", "test_c"),
    ]  # fmt: skip
    assert "A4" in cases[1].notes
    assert "more." in cases[1].notes
    assert "SHOP-1" in cases[3].notes
    script = "describe('Cart', () => {\n  // SHOP-2\n  it.each([1])(\"adds\", () => {});\n});\n"
    assert [(one.group, one.name) for one in read_cases("cart.test.ts", script)][-1] == ("Cart", "adds")
    for path, text, name in (
        ("x_test.go", "func TestCart(t *testing.T) {", "TestCart"),
        ("XTest.java", "  @Test\n  public void addsUp() {", "addsUp"),
        ("tests/x.rs", "#[test]\nfn adds_up() {", "adds_up"),
        ("XTest.kt", "fun `adds up`() {", "adds up"),
        ("XTest.php", "public function testCart() {", "testCart"),
        ("spec/x.rb", "it 'adds up' do", "adds up"),
    ):
        assert [one.name for one in read_cases(path, text) if one.name] == [name]


def test_tests_belong_to_what_their_name_notes_head_or_words_say(root: Path, tmp_path: Path) -> None:
    text = '"""About SHOP-9."""\n\n\ndef test_shop_1_adds():\n    """For US-004."""\n\n\n'
    text += "def test_a_voucher_lowers_the_basket_price():\n    pass\n"
    source(root, "tests/test_cart.py", text)
    source(root, "tests/test_shop_7.py", "# one\n\ndef test_x():\n    pass\n")
    names = {"a": ["SHOP-1"], "b": ["US-004"], "c": ["SHOP-9"], "d": ["SHOP-7"], "e": ["SHOP-5"]}
    wanted = {"e": Wanted(criteria=("it is fast", "A voucher lowers the price of the whole basket"))}
    cache = tmp_path / "evidence.sqlite"
    for _ in range(2):
        found = collect(root, names, wanted=wanted, cache=cache).found
        rows = {key: [(one.how, one.case.line, one.criterion) for one in found[key].tests] for key in names}
        assert rows == {
            "a": [("name", 4, 0)], "b": [("note", 4, 0)], "c": [("head", 1, 0)], "d": [("name", 1, 0)],
            "e": [("words", 8, 2)],
        }  # fmt: skip
    (root / "tests/test_cart.py").unlink()
    assert collect(root, names, cache=cache).found["a"].tests == []


def test_words_match_only_where_most_of_a_criterion_is_there() -> None:
    wording = Wording({"a": ["an order is refused when the card expired", "short one"], "b": ["an order is shown"]})
    assert wording.about("test_refuses_an_order_when_the_card_is_expired") == [("a", 1)]
    assert wording.about("test_order_is_listed") == []


def test_results_come_from_the_newest_report(root: Path) -> None:
    source(
        root, "tests/test_x.py", "def test_a():\n    pass\n\n\ndef test_b():\n    pass\n\n\ndef test_c():\n    pass\n"
    )
    nodes = '["tests/test_x.py::test_a[1]", "tests/test_x.py::test_b"]'
    source(root, ".pytest_cache/v/cache/nodeids", nodes)
    source(root, ".pytest_cache/v/cache/lastfailed", '{"tests/test_x.py::test_b": true}')
    cases = {one.name: one for one in read_tests(root, ["tests/test_x.py"])}
    results = read_results(root)
    said = {name: (found.outcome if (found := results.of(case)) else "") for name, case in cases.items()}
    assert said == {"test_a": "passed", "test_b": "failed", "test_c": ""}
    junit = (
        '<testsuites><testsuite><testcase classname="tests.test_x" name="test_b[1]"/>'
        '<testcase classname="tests.test_x" name="test_c"><skipped/></testcase>'
        '<testcase classname="tests.test_other" name="test_a"><failure/></testcase></testsuite></testsuites>'
    )
    report = source(root, "reports/junit.xml", junit)
    os.utime(report, (4_000_000_000, 4_000_000_000))
    source(root, "reports/report-bad.xml", "<oops")
    source(root, "reports/report-dtd.xml", '<!DOCTYPE x [<!ENTITY a "b">]><testcase name="test_a"/>')
    results = read_results(root)
    said = {name: (found.outcome if (found := results.of(case)) else "") for name, case in cases.items()}
    assert said == {"test_a": "passed", "test_b": "passed", "test_c": "skipped"}
    assert len(report_places(root)) == 5
    source(root, ".pytest_cache/v/cache/nodeids", "{")
    assert read_results(root).of(cases["test_a"]) is None
