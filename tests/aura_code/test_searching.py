"""Searching a project: exact strings, expressions, paths, filters, budgets, and files that changed meanwhile."""

import time
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from aura_code.answers import TOKEN_BYTES
from aura_code.index import CodeIndex
from aura_code.scanning import required_words
from aura_code_files import Project, facts, skipped
from aura_shared.errors import EmptyQuery, TooLarge, UsageProblem
from aura_shared.messages.code import SearchCode

FILES = {
    "src/app/session.py": (
        'class Session\n    def close(self)\n        log("closing the session")\n        x = getUserName()\n'
    ),
    "src/app/store.ts": "class Store\n    def open_store\n    value = getUserName + 1\n",
    "src/lib/util.c": "def pack\nint total = a[i] * 2;\n/* naïve */\n",
    "tests/test_session.py": 'def test_close\n    log("closing the session")\n',
    "docs/guide.md": "How to close a session.\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project of five files in four languages."""
    return Project(tmp_path, FILES)


@pytest.mark.requirement("P7")
@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ('"closing the session"', ["src/app/session.py", "tests/test_session.py"]),
        ('"serNam"', ["src/app/session.py", "src/app/store.ts"]),
        ('"a[i] * 2;"', ["src/lib/util.c"]),
        ('"naïve */"', ["src/lib/util.c"]),
        ('"ïve"', ["src/lib/util.c"]),
        ('"close(self)\n        log"', ["src/app/session.py"]),
        ('"Closing the session"', []),
        (r"/get\w+Name/", ["src/app/session.py", "src/app/store.ts"]),
        (r"/^class St/", ["src/app/store.ts"]),
        (r"/CLASS ST/i", ["src/app/store.ts"]),
        (r"/clos(e|ing)\b.session/", []),
        (r"/(close|pack)/", ["src/app/session.py", "src/lib/util.c", "docs/guide.md", "tests/test_session.py"]),
        (r"/x*/", ["src/app/session.py"]),
        (r"/total.*?2/s", ["src/lib/util.c"]),
        (r"/ getUser \w+ \(  # comment words/x", ["src/app/session.py"]),
    ],
)
def test_exact_strings_and_expressions_find_the_files_that_hold_them(
    project: Project, query: str, paths: list[str]
) -> None:
    assert sorted(project.paths(query, limit=20)) == sorted(paths)


def test_a_very_long_word_is_found_although_the_index_does_not_know_it(tmp_path: Path) -> None:
    blob = "QUJD" * 60
    project = Project(tmp_path, {"key.py": f'k = "{blob}"\n', "b.py": "other\n"})
    assert project.paths(f'"{blob[2:30]}"') == ["key.py"]


@given(text=st.text(alphabet="ab_ .(*+?{|[]\\^$1é", min_size=1, max_size=12))
@settings(max_examples=300, deadline=None)
def test_words_required_by_an_expression_are_in_every_match(text: str) -> None:
    import re
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            pattern = re.compile(text)
        except (re.error, OverflowError):
            return
    for sample in ["ab", "a_b (ab) a.b", "aab abb a1b", "é ab", "b", "a b a b", "ab|b", "_a_", "1a ab1"]:
        for match in pattern.finditer(sample):
            for word in required_words(text):
                assert word.text in match.group()


@pytest.mark.requirement("Q4")
@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){25}b", "((a*)*)*b", r"(\w+\s?)*$x"])
def test_a_catastrophic_expression_is_interrupted(tmp_path: Path, pattern: str) -> None:
    project = Project(tmp_path, {f"{letter}.py": "a" * 4000 + "!\n" for letter in "abcdefgh"})
    started = time.monotonic()
    answer = project.index.search(SearchCode(project="", query=f"/{pattern}/"), project.root, deadline_s=0.4)
    assert time.monotonic() - started < 5
    if not answer.hits:
        assert answer.reason


@pytest.mark.parametrize("query", ["/(/", "/[/", "/*a/", "/" + "a" * 2000 + "/", "/(?P<x/"])
def test_an_invalid_expression_is_refused(project: Project, query: str) -> None:
    with pytest.raises(UsageProblem):
        project.ask(query)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("src/app/session.py", "src/app/session.py"),
        ("session.py", "src/app/session.py"),
        ("app/store", "src/app/store.ts"),
        ("APP/STORE.TS", "src/app/store.ts"),
        ("lib/", "src/lib/util.c"),
        ("./src/lib/util.c", "src/lib/util.c"),
        ("no/such/session", "src/app/session.py"),
    ],
)
def test_a_path_leads_to_its_file(project: Project, query: str, first: str) -> None:
    assert project.paths(query)[0] == first


def test_a_dotted_name_is_a_path_only_when_a_file_is_called_exactly_so(tmp_path: Path) -> None:
    files = {"lib/app.py": "class app\n    def engine\n", "test/app.engine.js": "x\n", "store.ts": "app\n"}
    project = Project(tmp_path, files)
    assert project.paths("app.engine")[0] == "lib/app.py"
    assert project.ask("app.engine.js").mode == "path"
    assert project.paths("store.ts") == ["store.ts"]


def test_a_path_asked_for_as_a_path_finds_nothing_else(project: Project) -> None:
    answer = project.ask("no/such/session", mode="path")
    assert (answer.hits, answer.mode) == ([], "path")
    assert answer.reason


@pytest.mark.requirement("P7")
@pytest.mark.parametrize(
    ("filters", "paths"),
    [
        ({"languages": ["python"]}, ["src/app/session.py", "tests/test_session.py"]),
        ({"languages": ["Markdown"]}, ["docs/guide.md"]),
        ({"paths": ["src/**"]}, ["src/app/session.py"]),
        ({"paths": ["*.py", "!tests/"]}, ["src/app/session.py"]),
        ({"paths": ["!docs", "!tests"]}, ["src/app/session.py"]),
        ({"kinds": ["class"]}, ["src/app/session.py"]),
        ({"kinds": ["function"], "paths": ["tests"]}, ["tests/test_session.py"]),
        ({"kinds": ["enum"]}, []),
        ({"languages": ["cobol"]}, []),
        ({"paths": ["nowhere/**"]}, []),
    ],
)
def test_filters_leave_only_what_was_asked_for(
    project: Project, filters: dict[str, list[str]], paths: list[str]
) -> None:
    answer = project.ask("close session", **filters)
    assert sorted(hit.path for hit in answer.hits) == sorted(paths)
    if not paths:
        assert "filter" in answer.reason


def test_filters_hold_for_exact_strings_and_paths_too(project: Project) -> None:
    assert project.paths('"closing the session"', paths=["tests"]) == ["tests/test_session.py"]
    assert project.paths("session.py", mode="path", languages=["markdown"]) == []
    with pytest.raises(UsageProblem):
        project.ask("close", paths=["a/[z-a]/**" + "\\"])


@pytest.mark.requirement("P7")
@pytest.mark.parametrize("budget", [0, 1, 7, 40, 200, 4000])
def test_the_budget_is_never_exceeded(tmp_path: Path, budget: int) -> None:
    project = Project(tmp_path, {f"{n}.py": f"def name{n} söme wörds\n" * 9 for n in range(9)})
    answer = project.ask("some words wörds", budget=budget)
    assert sum(-(-len(hit.text.encode()) // TOKEN_BYTES) for hit in answer.hits) <= budget
    assert answer.tokens <= budget
    assert len(answer.hits) == 9
    assert all(hit.truncated for hit in answer.hits if not hit.text)


def test_the_passages_are_the_lines_they_claim_to_be(project: Project) -> None:
    for query in ["close session", '"closing the session"', "Session", "util.c"]:
        for hit in project.ask(query).hits:
            lines = FILES[hit.path].splitlines()
            assert hit.text == "\n".join(lines[hit.start_line - 1 : hit.end_line])


def test_neighbouring_passages_become_one(tmp_path: Path) -> None:
    project = Project(tmp_path, {"a.py": "token bucket\n" * 15, "b.py": "bucket\n"})
    hits = [(hit.path, hit.start_line, hit.end_line) for hit in project.ask("token bucket").hits]
    assert hits == [("a.py", 1, 15), ("b.py", 1, 1)]


def test_a_hit_names_the_definition_that_it_belongs_to(project: Project) -> None:
    hit = project.ask("Session.close").hits[0]
    assert (hit.path, hit.symbol, hit.kind) == ("src/app/session.py", "Session.close", "method")
    assert project.ask("How to", mode="words").hits[0].symbol == ""


def test_more_says_that_hits_were_left_out(project: Project) -> None:
    assert project.ask("session", limit=1).more
    assert not project.ask("naïve").more


@pytest.mark.requirement("P7")
def test_a_file_that_changed_on_disk_shows_its_lines_of_now_and_says_so(project: Project) -> None:
    (project.root / "src/app/session.py").write_text("class Session\nnew line\n", encoding="utf-8")
    answer = project.ask("Session")
    hit = next(hit for hit in answer.hits if hit.path == "src/app/session.py")
    assert (hit.text, hit.end_line) == ("class Session\nnew line", 2)
    assert answer.freshness.pending == 1


def test_a_file_touched_without_a_change_is_not_pending(project: Project) -> None:
    import os

    os.utime(project.root / "src/app/session.py", (1, 1))
    assert project.ask("Session").freshness.pending == 0


@pytest.mark.parametrize("fate", ["gone", "link", "folder"])
def test_a_file_that_is_gone_or_was_replaced_is_left_out(project: Project, fate: str, tmp_path: Path) -> None:
    path = project.root / "src/app/session.py"
    path.unlink()
    if fate == "link":
        (tmp_path / "secret").write_text("class Session\nsecret\n", encoding="utf-8")
        path.symlink_to(tmp_path / "secret")
    elif fate == "folder":
        path.mkdir()
    answer = project.ask("Session")
    assert "src/app/session.py" not in [hit.path for hit in answer.hits]
    assert answer.freshness.pending == 1
    assert project.paths('"class Session"') == []


def test_a_folder_swapped_for_a_link_to_the_outside_is_not_followed(project: Project, tmp_path: Path) -> None:
    (project.root / "src").rename(tmp_path / "outside")
    (project.root / "src").symlink_to(tmp_path / "outside")
    assert all(not path.startswith("src/") for path in project.paths("Session"))


def test_hidden_characters_are_shown(tmp_path: Path) -> None:
    project = Project(tmp_path, {"a.py": "access = 'user\u202e \u2066// admin\u2069'\x1b[2J\n"})
    text = project.ask("access").hits[0].text
    assert not {"\u202e", "\u2066", "\x1b"} & set(text)
    assert "\\u202e" in text


def test_skipped_files_are_summed_up(tmp_path: Path) -> None:
    index = CodeIndex.create(tmp_path / "index")
    index.build([[skipped(f"{n}.png", "binary") for n in range(5)] + [skipped("big\udce9.js", "too-large")]])
    answer = index.search(SearchCode(project="", query="anything here"), tmp_path)
    assert [(item.reason, item.files, len(item.examples)) for item in answer.skipped] == [
        ("binary", 5, 3), ("too-large", 1, 1),
    ]  # fmt: skip
    assert "empty" in answer.reason
    answer.model_dump_json()


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("Sesion", "Session"),
        ("zzqqyy nothing", "Try other words"),
        ('"zzqqyy"', "exact string"),
        ("/zzqqyy/", "expression"),
    ],
)
def test_nothing_found_has_a_reason(project: Project, query: str, reason: str) -> None:
    answer = project.ask(query)
    assert not answer.hits
    assert reason in answer.reason


@pytest.mark.requirement("Q4")
def test_queries_that_make_no_sense_are_refused(project: Project) -> None:
    with pytest.raises(EmptyQuery):
        project.ask("  ")
    with pytest.raises(TooLarge):
        project.ask("x " * 60_000)


@given(query=st.text(min_size=1, max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_text_gets_an_answer_or_a_refusal(query: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    index = CodeIndex.create(tmp_path_factory.mktemp("any"))
    index.build([[facts(path, text) for path, text in FILES.items()]])
    try:
        answer = index.search(SearchCode(project="", query=query), Path("/nonexistent"), deadline_s=0.2)
    except UsageProblem:
        return
    assert answer.hits == []
    answer.model_dump_json()
