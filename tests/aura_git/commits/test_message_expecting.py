"""What type is expected of a change before anything is learned, and scopes that folders remember."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Literal

import pytest

from aura_git.commits.expecting import EXPECTED_GROUPS, expected_types
from aura_git.commits.features import features_of
from aura_git.commits.patches import FilePatch
from aura_git.commits.recent import email_of, lean_on_recent
from aura_git.commits.rules import TYPES
from aura_git.commits.scopes import PastScope, ScopeVotes

pytestmark = pytest.mark.requirement("G1")


def patch(path: str, added: str = "", removed: str = "", status: Literal["A", "M", "D"] = "M") -> FilePatch:
    return FilePatch(path, status, added=added.splitlines(), removed=removed.splitlines(), runs=1)


@pytest.mark.parametrize(
    ("some", "expected"),
    [
        ([patch("docs/a.md", "x")], "docs"),
        ([patch("tests/test_a.py", "x")], "test"),
        ([patch(".github/workflows/a.yml", "x")], "ci"),
        ([patch("src/a.py", "if x is None:\n    return", "return x"), patch("tests/test_a.py", "x = 1")], "fix"),
        ([patch("src/a.py", "\n".join(f"def f{n}(): pass" for n in range(60)), status="A")], "feat"),
    ],
    ids=["documents", "tests", "pipelines", "a guard with a test", "many new definitions"],
)
def test_types_that_are_expected_without_a_history(some: list[FilePatch], expected: str) -> None:
    rates = expected_types(features_of(some))
    assert max(rates, key=lambda name: rates[name]) == expected
    assert sum(rates.values()) == pytest.approx(1)


def test_features_that_the_table_does_not_know_change_nothing() -> None:
    nothing = expected_types({})
    assert expected_types({"kind": ("no such kind",), "path": ("src",)}) == nothing
    assert set(nothing) == set(TYPES)


def test_the_table_is_small_and_holds_figures_of_common_features_only() -> None:
    text = files("aura_git.commits").joinpath("type_weights.json").read_text(encoding="utf-8")
    table = json.loads(text)
    assert len(text) < 60_000
    assert tuple(table["types"]) == TYPES
    assert set(table["weights"]) == set(EXPECTED_GROUPS)
    rows = [row for group in table["weights"].values() for row in group.values()]
    assert {len(row) for row in rows} == {len(TYPES)} == {len({*TYPES})}
    assert all(isinstance(value, int) for row in rows for value in row)


def features(*paths: str) -> dict[str, tuple[str, ...]]:
    """Only paths, with the folders above them."""
    above = {path[:at] for path in paths for at, letter in enumerate(path) if letter == "/"}
    return {"path": (*sorted(above), *paths)}


def best(votes: ScopeVotes, *paths: str) -> str:
    found = votes.guess(features(*paths), {"fix": 1.0})
    assert sum(found.values()) == pytest.approx(1)
    return max(found, key=lambda name: found[name])


def test_a_folder_with_few_changes_leans_on_the_one_above() -> None:
    past = [
        *[PastScope(features(f"pkg/core/deep/{n}.py"), "fix", "engine") for n in range(6)],
        *[PastScope(features(f"pkg/web/{n}.py"), "fix", "site") for n in range(6)],
    ]
    votes = ScopeVotes(past)
    assert best(votes, "pkg/core/other/new.py") == "engine"
    assert best(votes, "pkg/web/new/page.py") == "site"


def test_a_scope_named_as_the_folder_is_preferred_where_little_is_known() -> None:
    past = [
        *[PastScope(features(f"packages/{name}/a.ts"), "fix", name) for name in ("router", "store", "query", "form")],
        *[PastScope(features(f"packages/query/{n}.ts"), "fix", "query") for n in range(4)],
    ]
    assert best(ScopeVotes(past), "packages/router/new.ts", "packages/router/more.ts") == "router"


def test_where_scopes_are_left_out_none_is_made_up() -> None:
    past = [PastScope(features(f"src/parser/{n}.py"), "fix", "") for n in range(12)]
    past.append(PastScope(features("src/lexer/a.py"), "fix", "lexer"))
    assert best(ScopeVotes(past), "src/parser/new.py") == ""


def test_what_was_done_lately_and_by_whom_counts() -> None:
    even = {"feat": 0.5, "fix": 0.5}
    lately = [("fix", "a@x")] * 8 + [("feat", "b@x")] * 30
    assert lean_on_recent(even, lately)["fix"] > 0.5
    assert lean_on_recent(even, lately, "b@x")["feat"] > lean_on_recent(even, lately)["feat"]
    assert lean_on_recent(even, lately, "nobody@x") == lean_on_recent(even, lately)
    assert sum(lean_on_recent({**even, "perf": 0.1}, lately, "a@x").values()) == pytest.approx(1)


def test_without_a_past_rates_stay() -> None:
    assert lean_on_recent({"feat": 0.7, "fix": 0.3}, []) == {"feat": 0.7, "fix": 0.3}
    assert lean_on_recent({"feat": 0.7, "fix": 0.3}, [("", "a@x")], "a@x") == {"feat": 0.7, "fix": 0.3}


@pytest.mark.parametrize(
    ("author", "email"),
    [("A B <A@b.c>", "a@b.c"), ("a@b.c", "a@b.c"), ("A <>", "")],
    ids=["name and address", "address", "no address"],
)
def test_addresses_of_authors(author: str, email: str) -> None:
    assert email_of(author) == email
