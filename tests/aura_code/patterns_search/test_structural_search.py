"""Patterns and rules over syntax: what they find, how it is shown, and what is said of those that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_code.index import CodeIndex
from aura_code.patterns_search.pattern import read_request
from aura_code.patterns_search.searching import Candidate, structural_candidates, structural_search
from aura_code.reading import read_packed
from aura_shared.errors import Cancelled, UsageProblem
from aura_shared.messages.similar import SearchStructure, StructuralAnswer

pytestmark = pytest.mark.requirement("C3")

FILES = {
    "app/client.py": (
        "import requests\n\n\nclass Client:\n    def fetch(self, url):\n        return requests.get(url)\n\n\n"
        'def slow(url):\n    """requests.get(url)"""\n    return requests.get(url, timeout=5)\n'
    ),
    "app/é.py": "def f(x):\n    é = g(x, 1 + x, *more)\n    return é\n",
    "web/app.ts": "class A { run(x: string) { if (x == null) { stop(); go(); } fetch(x); } }\n",
    "web/view.tsx": "const View = () => <div>{fetch(url)}</div>;\n",
    "pool.go": (
        'package pool\n\nfunc (p *Pool) Take(k string) error {\n\tfmt.Println(k)\n\treturn fmt.Errorf("no %s", k)\n}\n'
    ),
    "pool.rs": "impl Pool {\n    fn take(&self) -> u8 {\n        self.items.get(0).unwrap()\n    }\n}\n",
    "Pool.java": "class Pool {\n  int take(Item a) {\n    if (a == null) { throw new Gone(); }\n    return 1; } }\n",
    "pool.c": "static int take(struct pool *p)\n{\n    free(p->items);\n    return 0;\n}\n",
    "notes.md": "requests.get(url)\n",
}
LANGUAGES = {
    "py": "python",
    "ts": "typescript",
    "tsx": "tsx",
    "go": "go",
    "rs": "rust",
    "java": "java",
    "c": "c",
    "md": "markdown",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, text in FILES.items():
        file = tmp_path / "project" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path / "project"


def every_file() -> list[Candidate]:
    return [Candidate(path, LANGUAGES[path.rpartition(".")[2]]) for path in FILES]


def search(root: Path, pattern: str = "", **more: object) -> StructuralAnswer:
    request = SearchStructure.model_validate({"project": "p", "pattern": pattern, **more})
    return structural_search(root, every_file(), request)


def places(answer: StructuralAnswer) -> list[tuple[str, int, str]]:
    return [(hit.path, hit.start_line, hit.symbol) for hit in answer.hits]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("requests.get($URL)", [("app/client.py", 6, "Client.fetch")]),
        ("requests.get($$$)", [("app/client.py", 6, "Client.fetch"), ("app/client.py", 11, "slow")]),
        ("if ($A == null) { $$$ }", [("Pool.java", 3, "Pool.take"), ("web/app.ts", 1, "A.run")]),
        ("fetch($X)", [("web/app.ts", 1, "A.run"), ("web/view.tsx", 1, "")]),
        ("fmt.Println($A)", [("pool.go", 4, "Take")]),
        ("return fmt.Errorf($$$)", [("pool.go", 5, "Take")]),
        ("$A.unwrap()", [("pool.rs", 3, "Pool.take")]),
        ("free($A)", [("pool.c", 3, "take")]),
        ("class $NAME: $$$BODY", [("app/client.py", 4, "Client")]),
    ],
)
def test_a_pattern_finds_the_code_that_it_looks_like(
    root: Path, pattern: str, expected: list[tuple[str, int, str]]
) -> None:
    assert places(search(root, pattern)) == expected


def test_metavariables_tell_what_they_stand_for(root: Path) -> None:
    (hit,) = search(root, "g($FIRST, $$$REST)").hits
    assert [(captured.name, captured.text) for captured in hit.captures] == [("FIRST", "x"), ("REST", "1 + x, *more")]
    assert (hit.text, hit.language, hit.kind) == ("g(x, 1 + x, *more)", "python", "function")


def test_a_rewrite_is_shown_and_not_written(root: Path) -> None:
    (hit,) = search(root, "g($A, $$$REST)", rewrite="h([$$$REST], $A)").hits
    assert hit.rewritten == "h([1 + x, *more], x)"
    assert (root / "app/é.py").read_text(encoding="utf-8") == FILES["app/é.py"]


def test_a_rewrite_with_an_unknown_metavariable_is_refused(root: Path) -> None:
    with pytest.raises(UsageProblem, match=r"uses \$B, which the pattern does not capture") as refused:
        search(root, "g($A)", rewrite="h($B)")
    assert refused.value.hint == "It captures $A."


@pytest.mark.parametrize(
    "rule",
    [
        "kind: call\nhas: {field: arguments, has: {kind: keyword_argument}}\n"
        "inside: {kind: function_definition, stopBy: end}",
        '{"rule": {"pattern": "requests.get($$$A)", "not": {"pattern": "requests.get($B)"}}}',
        "id: mine\nlanguage: python\nmessage: slow\nrule:\n  pattern: requests.get($$$A)\n  regex: timeout",
    ],
    ids=["yaml", "json", "whole rule file"],
)
def test_a_rule_finds_what_it_describes(root: Path, rule: str) -> None:
    assert places(search(root, rule=rule)) == [("app/client.py", 11, "slow")]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "either a pattern or a rule; found neither"),
        ({"pattern": "a", "rule": "kind: call"}, "found both"),
        ({"pattern": "if ("}, "cannot be read.*it is no code of this language"),
        ({"pattern": "f($A)", "languages": ["cobol"]}, "does not know cobol"),
        ({"pattern": "f($A); g($B)", "languages": ["python"]}, "cannot be read. python: .*[Mm]ultiple"),
        ({"rule": "kind: nonsense"}, "Kind `nonsense` is invalid"),
        ({"rule": "regex: '('"}, "regex parse error.*unclosed group"),
        ({"rule": "pattern: f($A)\ncolour: red"}, "unknown field `colour`"),
        ({"rule": "a: ["}, "neither YAML nor JSON"),
        ({"rule": "just words"}, "Expected a rule object; found str"),
        ({"rule": "rule: {}"}, "found an empty rule"),
        ({"rule": "rule: {kind: call}\nfixes: x"}, "found fixes"),
        ({"rule": "any: &a [*a]"}, "has a reference"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(root: Path, request_: dict[str, object], message: str) -> None:
    with pytest.raises(UsageProblem, match=message) as refused:
        search(root, **request_)  # pyright: ignore[reportArgumentType] - a table of keywords
    assert "Stack backtrace" not in refused.value.message


def test_filters_narrow_the_hits(root: Path) -> None:
    pattern = "if ($A == null) { $$$ }"
    assert [hit.path for hit in search(root, pattern, languages=["java"]).hits] == ["Pool.java"]
    assert [hit.path for hit in search(root, pattern, paths=["web/"]).hits] == ["web/app.ts"]
    assert [hit.path for hit in search(root, "fetch($X)", kinds=["method"]).hits] == ["web/app.ts"]
    assert search(root, pattern, kinds=["enum"]).hits == []


def test_the_limit_and_the_budget_cut_and_say_so(root: Path) -> None:
    few = search(root, "requests.get($$$)", limit=1)
    assert (len(few.hits), few.more) == (1, True)
    short = search(root, "if ($A == null) { $$$ }", budget=4)
    assert [(hit.text, hit.truncated) for hit in short.hits] == [("if (a ==", True), ("if (x ==", True)]
    assert (short.more, short.tokens) == (True, 4)
    none = search(root, "fetch($X)", budget=0)
    assert [hit.text for hit in none.hits] == ["", ""]
    assert not none.more


def test_the_answer_says_which_languages_were_tried(root: Path) -> None:
    assert search(root, "class $NAME: $$$BODY").tried == ["python"]
    assert "typescript" in search(root, "fetch($X)").tried


def test_nothing_found_has_a_reason(root: Path) -> None:
    assert search(root, "nowhere($A)").reason.startswith("Nothing in 8 files fits")
    assert search(root, "nowhere($A)", paths=["gone/"]).reason.startswith("No indexed file of python")


def test_a_search_ends_when_its_time_is_over(root: Path) -> None:
    request = SearchStructure(project="p", pattern="fetch($X)")
    answer = structural_search(root, every_file(), request, deadline_s=-1)
    assert answer.more
    assert answer.reason.startswith("Only 0 files were parsed")


def test_a_search_can_be_taken_back(root: Path) -> None:
    with pytest.raises(Cancelled):
        structural_search(root, every_file(), SearchStructure(project="p", pattern="f($X)"), cancelled=lambda: True)


def test_files_that_are_gone_or_too_large_are_passed_over(root: Path) -> None:
    (root / "web/app.ts").unlink()
    (root / "web/view.tsx").write_text("fetch(a);\n" * 200_000, encoding="utf-8")
    assert search(root, "fetch($X)").hits == []


def test_the_index_narrows_the_files_by_words_languages_and_paths(root: Path, tmp_path: Path) -> None:
    index = CodeIndex.create(tmp_path / "index")
    index.build(read_packed(root, list(FILES), workers=0))

    def candidates(pattern: str, **more: object) -> list[str]:
        request = SearchStructure.model_validate({"project": "p", "pattern": pattern, **more})
        found = structural_candidates(index.view, index.terms_of, request)
        assert {hit.path for hit in structural_search(root, found, request).hits} == {
            hit.path for hit in search(root, pattern, **more).hits
        }
        return sorted(path for path, _ in found)

    assert candidates("requests.get($URL)") == ["app/client.py"]
    assert candidates("if ($A == null) { $$$ }") == ["Pool.java", "web/app.ts"]
    assert candidates("$A($B)", languages=["go"]) == ["pool.go"]
    assert candidates("fetch($X)", paths=["web/*.tsx"]) == ["web/view.tsx"]
    assert candidates("nowhere($X)") == []


def test_words_in_quotes_and_comments_are_not_asked_for() -> None:
    (wanted, *_) = read_request('open($PATH, "rb mode")', "", ["python"])
    assert wanted.words == ("open",)
