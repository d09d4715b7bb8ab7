"""The commands that a model helps with, against a gateway that streams over HTTP."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aura_cli import gateway as gateway_module
from aura_cli_running import Aura, JsonObject, Ran, StandIn
from aura_shared.paths import find_paths
from aura_shared.projects import Project, ProjectRegistry

USE: JsonObject = {
    "model": "ollama/m", "calls": 1, "tokens_in": 1200, "tokens_out": 80, "seconds": 2.5, "notes": ["a note\x1b[31m"],
}  # fmt: skip
NO_USE: JsonObject = {"model": "", "why_not": "no model server answers", "would_add": "A model would say more."}
CHANGE: JsonObject = {
    "id": "a1b2c3d4", "title": "Accept a comma", "added": 1, "removed": 1,
    "files": [
        {"path": "src/cart.py", "kind": "modified", "hunks": [{"diff": "@@ -1 +1 @@\n-a\n+b\n"}]},
        {"path": "src/new.py", "kind": "moved", "moved_from": "src/old.py", "hunks": []},
    ],
}  # fmt: skip
CHECKS: list[JsonObject] = [
    {"name": "parse", "outcome": "passed", "detail": "", "seconds": 0, "sandbox": ""},
    {"name": "tests", "outcome": "failed", "detail": "1 failed\nE assert", "seconds": 1.5, "sandbox": "bwrap"},
]


@pytest.fixture
def project(folder: Path, aura_home: Path) -> Project:
    return ProjectRegistry(find_paths().prepare().projects).add(folder)[0]


def streamed(*lines: JsonObject) -> JsonObject:
    """An answer in several lines."""
    return {"raw": "".join(json.dumps(line) + "\n" for line in lines)}


def told(note: str = "", text: str = "") -> JsonObject:
    return {"progress": {"done": 0, "note": note, "text": text}}


def last(gateway: StandIn) -> JsonObject:
    return gateway.asked[-1][1]


@pytest.mark.parametrize(
    ("what", "fields"),
    [
        ("src/cart.py:1", {"path": "src/cart.py", "line": 1}),
        ("src/cart.py", {"path": "src/cart.py"}),
        ("Cart.total", {"symbol": "Cart.total"}),
        ("3f9a1c07", {"finding": "3f9a1c07"}),
        ("face", {"symbol": "face"}),
    ],
)
def test_explain_takes_a_place_a_file_a_symbol_or_a_finding(
    aura: Aura, project: Project, gateway: StandIn, what: str, fields: JsonObject
) -> None:
    gateway.reply("POST /v1/assist/explain", streamed({"answer": {"text": "It is.\x1b[2J", "use": NO_USE}}))
    ran = aura("explain", what, "--question", "why?", "--no-model")
    assert ran.code == 0
    assert last(gateway) == {"project": project.id, **fields, "question": "why?", "model": "never"}
    assert ran.out == "It is.\\x1b[2J\n"
    assert ran.err.splitlines() == ["no model: no model server answers", "A model would say more."]


@pytest.mark.requirement("C4")
def test_an_answer_shows_what_it_rests_on_and_what_it_cost(aura: Aura, project: Project, gateway: StandIn) -> None:
    citation = {"path": "src/cart.py", "start_line": 1, "end_line": 2, "symbol": "Cart", "used": True}
    answer = {
        "text": "It is a cart [1].", "citations": [citation, {**citation, "used": False}], "unsupported": ["Basket"],
        "use": USE,
    }  # fmt: skip
    gateway.reply("POST /v1/assist/ask", streamed(told("Searching …"), told(text="It is"), {"answer": answer}))
    ran = aura("ask", "what is a cart?", "--budget", "500")
    assert ran.out.splitlines() == ["It is a cart [1].", "", "[1] src/cart.py:1  Cart"]
    assert last(gateway) == {"project": project.id, "question": "what is a cart?", "budget": 500, "model": "auto"}
    assert ran.err.splitlines() == [
        "Searching …",
        "nowhere in these places, so perhaps made up: Basket",
        "a note\\x1b[31m",
        "ollama/m · 1 call · 1,200 + 80 tokens · 2.5 s",
    ]


def test_without_a_model_the_places_are_printed_once(aura: Aura, project: Project, gateway: StandIn) -> None:
    citation = {"path": "src/cart.py", "start_line": 1, "end_line": 2, "symbol": "Cart", "used": True}
    answer = {"text": "[1] src/cart.py:1-2", "citations": [citation], "use": NO_USE}
    gateway.reply("POST /v1/assist/ask", streamed({"answer": answer}))
    assert aura("ask", "a cart?").out == "[1] src/cart.py:1-2\n"


def test_an_empty_question_is_refused_before_anything_is_asked(aura: Aura, project: Project, gateway: StandIn) -> None:
    ran = aura("ask", "  ")
    assert ran.code == 2
    assert "the question is empty" in ran.err
    assert gateway.asked == []


@pytest.fixture
def at_terminal(aura: Aura, monkeypatch: pytest.MonkeyPatch) -> Aura:
    """Runs `aura` with a terminal as its standard output."""

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        return aura(*arguments)

    return run


@pytest.mark.parametrize(
    ("pieces", "final", "shown"),
    [
        (["It is", " a cart."], "It is a cart.\n\n---\n\n**Class Cart**", "It is a cart.\n\n---\n\n**Class Cart**\n"),
        (["It is [9]."], "It is.", "It is [9].\nIt is.\n"),
        ([], "**Class Cart**", "**Class Cart**\n"),
        (["bad\x1b[2J"], "**Class Cart**", "bad\\x1b[2J\n**Class Cart**\n"),
    ],
    ids=["and more", "taken back", "nothing streamed", "unsafe"],
)
def test_on_a_terminal_text_is_shown_as_it_arrives_and_never_twice(
    at_terminal: Aura, project: Project, gateway: StandIn, pieces: list[str], final: str, shown: str
) -> None:
    lines = [told(text=piece) for piece in pieces]
    gateway.reply("POST /v1/assist/explain", streamed(*lines, {"answer": {"text": final, "use": USE}}))
    ran = at_terminal("explain", "Cart")
    assert ran.out == shown
    assert ("this is what is left of it" in ran.err) == (shown.startswith(("It is [9]", "bad")))


def test_json_is_the_answer_and_nothing_else(at_terminal: Aura, project: Project, gateway: StandIn) -> None:
    answer: JsonObject = {"text": "It is.", "use": USE, "citations": []}
    gateway.reply("POST /v1/assist/explain", streamed(told(text="It"), {"answer": answer}))
    assert at_terminal("explain", "Cart", "--json").json() == answer


@pytest.mark.requirement("C7")
def test_generate_shows_the_change_its_checks_and_what_to_do_next(
    aura: Aura, project: Project, gateway: StandIn
) -> None:
    answer = {"text": "src/cart.py was chosen", "change": CHANGE, "checks": CHECKS, "rounds": 1, "use": USE}
    gateway.reply("POST /v1/assist/generate", streamed(told("Finding the place …"), {"answer": answer}))
    ran = aura("generate", "accept a comma", "--file", "src/cart.py", "--no-tests", "--format", "symbol")
    assert last(gateway) == {
        "project": project.id, "instruction": "accept a comma", "path": "src/cart.py", "symbol": "", "tests": False,
        "edit_format": "symbol", "compare": [], "model": "auto",
    }  # fmt: skip
    assert ran.out.splitlines() == [
        "src/cart.py was chosen",
        "a1b2c3d4  Accept a comma  +1 -1",
        "  modified  src/cart.py  1 hunk",
        "  moved  src/new.py (was src/old.py)  0 hunks",
        "",
        "@@ -1 +1 @@",
        "-a",
        "+b",
        "",
        "OUTCOME  CHECK  TIME   SANDBOX  DETAIL",
        "passed   parse",
        "failed   tests  1.5 s  bwrap    1 failed E assert",
    ]
    assert ran.err.splitlines()[-1] == (
        "next:  aura changes show a1b2c3d4  ·  aura changes accept a1b2c3d4  ·  aura changes apply a1b2c3d4"
    )


def test_a_long_change_is_shown_in_part(aura: Aura, project: Project, gateway: StandIn) -> None:
    diff = "\n".join(["@@ -1 +1,99 @@", *(f"+{number}" for number in range(99))])
    change = {**CHANGE, "files": [{"path": "a.py", "kind": "added", "hunks": [{"diff": diff}]}]}
    gateway.reply("POST /v1/assist/generate", streamed({"answer": {"change": change, "use": USE}}))
    ran = aura("generate", "x", "--symbol", "Cart")
    assert "… 40 more lines" in ran.out
    assert "+58" in ran.out
    assert "+59" not in ran.out


def test_nothing_proposed_says_why_and_no_next_step(aura: Aura, project: Project, gateway: StandIn) -> None:
    gateway.reply("POST /v1/assist/generate", streamed({"answer": {"text": "No change.", "use": NO_USE}}))
    ran = aura("generate", "x")
    assert (ran.code, ran.out) == (0, "No change.\n")
    assert "next:" not in ran.err


def test_models_are_compared_in_pairs(aura: Aura, project: Project, gateway: StandIn) -> None:
    gateway.reply("POST /v1/assist/generate", streamed({"answer": {"change": CHANGE, "use": USE}}))
    aura("generate", "x", "--symbol", "Cart", "--compare", "a/x", "--compare", "b/y")
    assert last(gateway)["compare"] == ["a/x", "b/y"]
    assert aura("generate", "x", "--compare", "a/x").code == 2
    assert aura("generate", "x", "--compare", "a/x", "--compare", "b/y", "--no-model").code == 2


@pytest.mark.requirement("C5")
@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        (["Cart", "--rename", "Basket"], {"symbol": "Cart", "kind": "rename", "new_name": "Basket"}),
        (["Cart", "--goal", "no loop"], {"symbol": "Cart", "goal": "no loop"}),
        (["--kind", "clean-imports", "--path", "src/**"], {"kind": "clean-imports", "paths": ["src/**"]}),
        (["--kind", "fix-findings", "--rule", "r", "--finding", "3f9a"],
         {"kind": "fix-findings", "rules": ["r"], "findings": ["3f9a"]}),
        (["src/cart.py:1:3-2:9", "--kind", "extract-variable", "--name", "n"],
         {"path": "src/cart.py", "line": 1, "column": 2, "end_line": 2, "end_column": 8, "kind": "extract-variable",
          "new_name": "n"}),
        (["src/cart.py:1-2", "--kind", "inline-variable"],
         {"path": "src/cart.py", "line": 1, "end_line": 2, "kind": "inline-variable"}),
        (["src/cart.py:2", "--goal", "g", "--no-tests"],
         {"path": "src/cart.py", "line": 2, "goal": "g", "tests": False}),
    ],
)  # fmt: skip
def test_refactorings_are_asked_for_by_name_place_or_goal(
    aura: Aura, project: Project, gateway: StandIn, arguments: list[str], fields: JsonObject
) -> None:
    gateway.reply("POST /v1/assist/refactor", streamed({"answer": {"change": CHANGE, "checks": CHECKS, "use": USE}}))
    ran = aura("refactor", *arguments)
    nothing: JsonObject = {
        "project": project.id, "kind": None, "goal": "", "new_name": "", "paths": [], "rules": [], "findings": [],
        "tests": True, "model": "auto",
    }  # fmt: skip
    assert last(gateway) == {**nothing, **fields}
    assert "a1b2c3d4  Accept a comma" in ran.out


@pytest.mark.requirement("C5")
def test_without_anything_to_do_refactor_lists_what_would_pay(aura: Aura, project: Project, gateway: StandIn) -> None:
    one = {
        "kind": "remove-dead", "title": "Remove _never", "why": "Nothing calls it.", "path": "src/cart.py", "line": 1,
        "symbol": "_never", "weight": 0.4, "deterministic": True,
        "request": {"symbol": "_never", "paths": ["src/**"], "kind": "remove-dead"},
    }  # fmt: skip
    other = {**one, "kind": "split-function", "title": "Split place", "deterministic": False, "request": {}}
    by_path = {**one, "kind": "clean-imports", "request": {"path": "src/cart.py", "rules": ["r"], "findings": ["3f9a"]}}
    answer = {"opportunities": [one, other, by_path], "text": "3 things would pay", "use": NO_USE}
    gateway.reply("POST /v1/assist/refactor", streamed({"answer": answer}))
    ran = aura("refactor")
    assert ran.out.splitlines() == [
        " 40%  Remove _never  src/cart.py:1",
        "      Nothing calls it.",
        "      aura refactor _never --kind remove-dead --path 'src/**'",
        " 40%  Split place  src/cart.py:1  needs a model or a person",
        "      Nothing calls it.",
        " 40%  Remove _never  src/cart.py:1",
        "      Nothing calls it.",
        "      aura refactor src/cart.py --kind clean-imports --rule 'r' --finding '3f9a'",
    ]
    assert ran.err.strip() == "3 things would pay"
    assert aura("refactor", "--json").json() == answer


def test_two_refactorings_at_once_are_refused(aura: Aura, project: Project, gateway: StandIn) -> None:
    ran = aura("refactor", "Cart", "--rename", "Basket", "--kind", "modernise")
    assert ran.code == 2
    assert "two refactorings" in ran.err


@pytest.mark.requirement("C8")
@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        ([], {"what": "work-tree"}),
        (["main..feature"], {"what": "range", "revision": "main..feature"}),
        (["--staged", "--format", "sarif"], {"what": "staged", "format": "sarif"}),
        (["--patch", "change.diff", "--path", "src/**"],
         {"what": "patch", "patch": "--- a\n+++ b\n", "paths": ["src/**"]}),
    ],
)  # fmt: skip
def test_changes_are_reviewed_by_what_names_them(
    aura: Aura, project: Project, gateway: StandIn, arguments: list[str], fields: JsonObject
) -> None:
    Path("change.diff").write_text("--- a\n+++ b\n", encoding="utf-8")
    gateway.reply(
        "POST /v1/assist/review", streamed({"answer": {"content": "# Review\n\nIt is\x07.\n", "use": NO_USE}})
    )
    ran = aura("review", *arguments)
    nothing: JsonObject = {
        "project": project.id, "what": "", "revision": "", "patch": "", "paths": [], "format": "markdown",
        "model": "auto",
    }  # fmt: skip
    assert last(gateway) == {**nothing, **fields}
    assert ran.out == "# Review\n\nIt is\\x07.\n"
    assert bool(ran.err) == ("sarif" not in arguments)


def test_a_patch_comes_from_standard_input(
    aura: Aura, project: Project, gateway: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"--- a\n+++ b\n\xff\n")))
    gateway.reply("POST /v1/assist/review", streamed({"answer": {"content": "ok", "use": NO_USE}}))
    aura("review", "--patch", "-", "--no-model")
    assert last(gateway)["patch"] == "--- a\n+++ b\n\ufffd\n"
    assert last(gateway)["model"] == "never"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--patch", "gone.diff"], "cannot read gone.diff"),
        (["--patch", "empty.diff"], "the patch is empty"),
        (["--patch", "huge.diff"], "more than 4,000,000 bytes"),
        (["a..b", "--staged"], "several changes are named"),
    ],
)
def test_a_patch_that_cannot_be_used_is_refused(
    aura: Aura, project: Project, gateway: StandIn, arguments: list[str], text: str
) -> None:
    Path("empty.diff").write_text("\n", encoding="utf-8")
    with Path("huge.diff").open("wb") as huge:
        huge.truncate(4_000_001)
    ran = aura("review", *arguments)
    assert ran.code == 2
    assert text in ran.err


def test_prompts_are_listed_and_shown(aura: Aura, project: Project, gateway: StandIn) -> None:
    one = {"name": "ask", "version": 2, "task": "ask", "role": "code", "inputs": ["question: text"], "text": "hello\n"}
    gateway.reply("POST /v1/prompts", {"prompts": [one]})
    assert aura("prompts").out.splitlines() == [
        "PROMPT  VERSION  ROLE  INPUTS",
        "ask     2        code  question: text",
    ]
    assert aura("prompts", "ask").out == "hello\n"
    assert last(gateway) == {"name": "ask"}
    assert aura("prompts", "--json").json() == {"prompts": [one]}


@pytest.mark.parametrize(
    ("reply", "code", "text"),
    [
        (streamed(told("x"), {"error": {"code": "no_model", "message": "no model answers", "hint": "Start one."}}), 11,
         "no model answers"),
        (streamed(told("x")), 3, "ended the answer early"),
        ({"raw": "<html>502</html>\n"}, 3, "in the middle of the answer"),
        ({"raw": ""}, 3, "ended the answer early"),
    ],
    ids=["an error", "no answer", "html", "nothing"],
)  # fmt: skip
def test_a_stream_that_goes_wrong_is_a_clear_error(
    aura: Aura, project: Project, gateway: StandIn, reply: JsonObject, code: int, text: str
) -> None:
    gateway.reply("POST /v1/assist/ask", reply)
    ran = aura("ask", "what?")
    assert (ran.code, ran.out) == (code, "")
    assert text in ran.err


def test_while_the_index_is_built_the_question_waits(aura: Aura, project: Project, gateway: StandIn) -> None:
    building: JsonObject = {"error": {"code": "index_building", "message": "the index is being built", "hint": ""}}
    gateway.reply(
        "POST /v1/assist/ask", (503, building), streamed(building), streamed({"answer": {"text": "It.", "use": USE}})
    )
    gateway.reply("GET /v1/projects", {"projects": [{"id": project.id, "phase": "ready"}]})
    assert aura("ask", "what?").out.splitlines()[0] == "It."
    gateway.reply("POST /v1/assist/ask", (503, building))
    assert aura("ask", "what?", "--no-wait").code == 6


def test_ctrl_c_closes_the_stream_and_ends_with_130(
    aura: Aura, project: Project, gateway: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []

    def stream(_self: object, path: str, _body: object) -> Iterator[JsonObject]:
        try:
            yield told("Asking the model …")
            raise KeyboardInterrupt
        finally:
            closed.append(path)

    monkeypatch.setattr(gateway_module.Gateway, "stream", stream)
    ran = aura("ask", "what?")
    assert (ran.code, ran.out, closed) == (130, "", ["/v1/assist/ask"])
