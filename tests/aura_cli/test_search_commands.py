"""`aura search`, `aura symbol` and `aura outline` against a gateway that answers over HTTP."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aura_cli import gateway as gateway_client
from aura_cli import targets
from aura_cli_running import Aura, JsonObject, StandIn, StandInSupervisor
from aura_shared.paths import find_paths
from aura_shared.projects import Project, ProjectRegistry

FRESH: JsonObject = {"generation": 3, "pending": 0, "verified": True}
HIT: JsonObject = {
    "path": "src/cart.py",
    "start_line": 10,
    "end_line": 21,
    "language": "python",
    "symbol": "Cart.checkout",
    "kind": "method",
    "score": 12.5,
    "text": "    def checkout(self):\n"
    + "".join(f"        step_{n} = {n}\n" for n in range(9))
    + "        pay(self.total)\n\x1b]0;evil\x07",
    "truncated": False,
    "parts": [],
}
ANSWER: JsonObject = {
    "hits": [HIT],
    "mode": "words",
    "freshness": FRESH,
    "skipped": [],
    "tokens": 80,
    "more": True,
    "reason": "",
    "seconds": 0.004,
}


@pytest.fixture
def project(folder: Path, aura_home: Path) -> Project:
    return ProjectRegistry(find_paths().prepare().projects).add(folder)[0]


@pytest.mark.requirement("P10")
def test_a_search_shows_places_names_and_the_lines_that_matter(aura: Aura, project: Project, gateway: StandIn) -> None:
    gateway.reply("POST /v1/search", ANSWER)
    ran = aura("search", "pay", "total")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "src/cart.py:10  Cart.checkout  method · python · lines 10–21",  # noqa: RUF001
        "  10  def checkout(self):",
        "  11      step_0 = 0",
        "  12      step_1 = 1",
        "  13      step_2 = 2",
        "   ⋮",
        "  20      pay(self.total)",
        "   ⋮",
        "",
    ]
    assert ran.err == "1 hit · read as words · 4 ms · there are more: --limit 20\n"
    assert gateway.asked == [
        (
            "POST /v1/search",
            {
                "project": project.id,
                "query": "pay total",
                "mode": "auto",
                "limit": 10,
                "budget": 4000,
                "languages": [],
                "paths": [],
                "kinds": [],
                "explain": False,
            },
        )
    ]


def test_all_options_reach_the_gateway(aura: Aura, project: Project, gateway: StandIn) -> None:
    gateway.reply("POST /v1/search", ANSWER)
    ran = aura(
        "search", "x", "-p", "shop", "-n", "3", "--budget", "9", "-l", "go", "-l", "rust", "--path", "!t/**",
        "-k", "class", "--mode", "exact", "--explain",
    )  # fmt: skip
    assert ran.code == 0
    body = gateway.asked[0][1]
    assert (body["limit"], body["budget"], body["languages"], body["paths"], body["kinds"], body["mode"]) == (
        3, 9, ["go", "rust"], ["!t/**"], ["class"], "exact",
    )  # fmt: skip
    assert body["explain"] is True


def test_what_a_terminal_could_obey_is_made_visible(aura: Aura, project: Project, gateway: StandIn) -> None:
    gateway.reply("POST /v1/search", ANSWER)
    ran = aura("search", "pay", "--all-text")
    assert "\\x1b]0;evil\\x07" in ran.out
    assert "\x1b" not in ran.out
    assert "\x07" not in ran.out


def test_json_is_the_gateways_answer(aura: Aura, project: Project, gateway: StandIn) -> None:
    gateway.reply("POST /v1/search", ANSWER)
    ran = aura("search", "pay", "--json")
    assert ran.json() == ANSWER
    assert ran.err == ""


def test_scores_are_explained_on_request(aura: Aura, project: Project, gateway: StandIn) -> None:
    parts = [{"name": "words", "value": 8.1, "factor": False}, {"name": "path", "value": 1.5, "factor": True}]
    gateway.reply("POST /v1/search", {**ANSWER, "hits": [{**HIT, "parts": parts, "truncated": True}]})
    ran = aura("search", "pay", "--explain", "--all-text")
    assert "score 12.5 = 8.1 words × 1.5 path" in ran.out  # noqa: RUF001
    assert "--budget raises it" in ran.out


def test_nothing_found_says_why_and_what_was_left_out(aura: Aura, project: Project, gateway: StandIn) -> None:
    gateway.reply(
        "POST /v1/search",
        {
            "hits": [],
            "mode": "exact",
            "reason": "No file contains it.",
            "freshness": {"generation": 1, "pending": 2, "verified": False},
            "skipped": [{"reason": "binary", "files": 7}],
        },
    )
    ran = aura("search", "'x'")
    assert ran.out == "No file contains it.\n"
    assert "2 changed files not in the index yet" in ran.err
    assert "still comparing" in ran.err
    assert "7 files not searched" in ran.err


def test_places_are_as_the_working_directory_sees_them(
    aura: Aura, project: Project, gateway: StandIn, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.reply("POST /v1/search", ANSWER)
    monkeypatch.chdir(folder / "src")
    assert aura("search", "pay").out.startswith("cart.py:10  ")
    monkeypatch.chdir(tmp_path)
    assert aura("search", "pay", "--project", "shop").out.startswith(f"{folder}/src/cart.py:10  ")


def test_colours_follow_no_color_and_the_terminal(
    aura: Aura, project: Project, gateway: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.reply("POST /v1/search", ANSWER)
    assert "\x1b[" not in aura("search", "pay").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[33m\x1b[1mpay\x1b[0m" in aura("search", "pay").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in aura("search", "pay").out
    assert "\x1b[" not in aura("search", "pay", "-p", "nothing").err


def test_an_empty_query_is_refused_before_anything_is_asked(aura: Aura, project: Project, gateway: StandIn) -> None:
    assert aura("search", " ").code == 2
    assert aura("search").code == 2
    assert aura("symbol", " ").code == 2
    assert gateway.asked == []


def test_an_unknown_project_names_the_next_step(aura: Aura, folder: Path, gateway: StandIn) -> None:
    ran = aura("search", "x")
    assert ran.code == 4
    assert "aura init ." in ran.err
    assert aura("search", "x", "-p", "nothing").code == 4


def test_an_unknown_project_is_offered_to_a_person(
    aura: Aura, folder: Path, gateway: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions: list[str] = []

    def yes(question: str) -> bool:
        questions.append(question)
        return True

    monkeypatch.setattr(targets, "asks", lambda: True)
    monkeypatch.setattr(targets, "ask", yes)
    registry = ProjectRegistry(find_paths().prepare().projects)
    gateway.reply("POST /v1/search", ANSWER)
    added = registry.add(folder)[0]
    registry.remove(added.id)

    def register(_paths: object, root: Path) -> tuple[Project, bool]:
        return registry.add(root)

    monkeypatch.setattr(targets, "register", register)
    assert aura("search", "pay").code == 0
    assert questions == [f"{folder} is not registered. Register and index it now?"]


def test_a_daemon_that_is_down_names_the_next_step(aura: Aura, project: Project) -> None:
    ran = aura("search", "x")
    assert ran.code == 3
    assert ran.err == "error: Aura is not running\nnext:  Start it with `aura up --detach`.\n"
    ran = aura("search", "x", "--json")
    assert ran.json() == {
        "error": {
            "code": "daemon_down",
            "message": "Aura is not running",
            "hint": "Start it with `aura up --detach`.",
        }
    }


def test_a_daemon_that_is_down_is_offered_to_be_started(
    aura: Aura, project: Project, gateway: StandIn, supervisor: StandInSupervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.reply("POST /v1/search", ANSWER)
    discovery = find_paths().discovery
    content = discovery.read_bytes()
    discovery.unlink()
    socket = find_paths().control_socket
    socket.rename(socket.with_name("aside"))

    def start(_question: str) -> bool:
        socket.with_name("aside").rename(socket)
        discovery.write_bytes(content)
        return True

    monkeypatch.setattr(targets, "asks", lambda: True)
    monkeypatch.setattr(targets, "ask", start)
    ran = aura("search", "pay")
    assert ran.code == 0
    assert "Starting Aura" in ran.err


def test_an_index_that_is_being_built_is_waited_for(aura: Aura, project: Project, gateway: StandIn) -> None:
    building: tuple[int, JsonObject] = (
        503,
        {"error": {"code": "index_building", "message": "the index is being built", "hint": "wait"}},
    )
    gateway.reply("POST /v1/search", building, ANSWER)
    info: JsonObject = {"id": project.id, "name": "shop", "phase": "scanning", "files_done": 3, "files_total": None}
    gateway.reply(
        "GET /v1/projects",
        {"projects": [info]},
        {"projects": [{**info, "phase": "building", "files_total": 10}]},
        {"projects": [{**info, "phase": "ready"}]},
    )
    ran = aura("search", "pay")
    assert ran.code == 0
    assert "Cart.checkout" in ran.out
    assert "Indexing shop (10 files) …" in ran.err
    gateway.reply("POST /v1/search", building)
    ran = aura("search", "pay", "--no-wait")
    assert ran.code == 6
    assert "next:  wait" in ran.err


@pytest.mark.parametrize(
    ("projects", "code", "words"),
    [
        ([{"id": "ID", "phase": "failed", "problem": "the disk is full"}], 6, "the disk is full"),
        ([{"id": "ID", "phase": "missing"}], 6, "missing"),
        ([], 4, "no longer registered"),
    ],
)
def test_an_index_that_cannot_be_built_says_so(
    projects: list[JsonObject], code: int, words: str, aura: Aura, project: Project, gateway: StandIn
) -> None:
    gateway.reply("POST /v1/search", (503, {"error": {"code": "index_building", "message": "building"}}))
    shown = [{**info, "id": project.id} for info in projects]
    gateway.reply("GET /v1/projects", {"projects": shown})
    ran = aura("search", "pay")
    assert ran.code == code
    assert words in ran.err


def test_an_index_that_does_not_move_on_is_given_up(
    aura: Aura, project: Project, gateway: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "STALLED_S", 0.0)
    gateway.reply("POST /v1/search", (503, {"error": {"code": "index_building", "message": "building"}}))
    gateway.reply("GET /v1/projects", {"projects": [{"id": project.id, "phase": "waiting"}]})
    assert aura("search", "pay").code == 3


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        ((400, {"error": {"code": "too_large", "message": "too long", "hint": "shorten"}}), 2, "too long"),
        ((500, {"error": {"code": "from-the-future", "message": "hm"}}), 1, "hm"),
        ((500, {}), 1, "HTTP 500"),
        ((200, {"raw": "<html>"}), 3, "not JSON"),
        ((200, {"raw": "[]"}), 3, "not JSON"),
    ],
)
def test_every_answer_of_the_gateway_becomes_a_sentence(
    reply: tuple[int, JsonObject], code: int, words: str, aura: Aura, project: Project, gateway: StandIn
) -> None:
    gateway.reply("POST /v1/search", reply)
    ran = aura("search", "pay")
    assert ran.code == code
    assert words in ran.err
    assert "Traceback" not in ran.err


def test_a_gateway_that_was_restarted_is_found_again(
    aura: Aura,
    project: Project,
    gateway: StandIn,
    supervisor: StandInSupervisor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gateway.reply("POST /v1/search", ANSWER)
    gateway.announce(token="an-old-token")

    real = gateway_client.Gateway._wait_for_gateway

    def announce_then_wait(self: gateway_client.Gateway) -> bool:
        gateway.announce()
        return real(self)

    monkeypatch.setattr(gateway_client.Gateway, "_wait_for_gateway", announce_then_wait)
    assert aura("search", "pay").code == 0


def test_a_token_that_stays_wrong_is_told(
    aura: Aura, project: Project, gateway: StandIn, supervisor: StandInSupervisor
) -> None:
    gateway.announce(token="wrong")
    ran = aura("search", "pay")
    assert ran.code == 8
    assert "the token is wrong" in ran.err


def test_a_gateway_that_stays_away_is_told(
    aura: Aura, project: Project, supervisor: StandInSupervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_client, "RECOVERY_S", 0.1)
    ran = aura("search", "pay")
    assert ran.code == 3
    assert "the gateway does not answer, though Aura is running" in ran.err


def test_symbols_are_listed_with_their_declarations(aura: Aura, project: Project, gateway: StandIn) -> None:
    symbol: JsonObject = {
        "name": "checkout",
        "kind": "method",
        "container": "Cart",
        "path": "src/cart.py",
        "start_line": 10,
        "end_line": 20,
        "signature": "def checkout(self) ->\n   Receipt",
        "doc": "Pay for it.\nAnd more.",
    }
    gateway.reply("POST /v1/symbols", {"symbols": [symbol], "more": True, "freshness": FRESH})
    ran = aura("symbol", "checkout", "--exact", "-k", "method")
    assert ran.out.splitlines() == [
        "src/cart.py:10  Cart.checkout  method",
        "  def checkout(self) -> Receipt",
        "  Pay for it.",
    ]
    assert "1 symbol · there are more: --limit 40" in ran.err
    assert gateway.asked[0][1]["exact"] is True
    gateway.reply("POST /v1/symbols", {"symbols": [], "reason": "No such name; nearest: check.", "freshness": FRESH})
    assert aura("symbol", "checkout").out == "No such name; nearest: check.\n"
    assert aura("symbol", "checkout", "--json").json()["symbols"] == []


def test_an_outline_shows_the_structure_of_a_file(aura: Aura, project: Project, gateway: StandIn, folder: Path) -> None:
    gateway.reply(
        "POST /v1/outline",
        {
            "path": "src/cart.py",
            "language": "python",
            "lines": 120,
            "broken": True,
            "imports": [{"module": "os", "names": [], "line": 1}, {"module": "a.b", "names": ["c", "d"], "line": 2}],
            "symbols": [
                {"name": "Cart", "kind": "class", "start_line": 5, "signature": "class Cart"},
                {"name": "pay", "kind": "method", "container": "Cart", "start_line": 9, "signature": "def pay(self)"},
                {"name": "x", "kind": "constant", "start_line": 100},
            ],
        },
    )
    ran = aura("outline", "src/cart.py", "--imports")
    assert ran.out.splitlines() == [
        "src/cart.py  python · 120 lines · 3 symbols · has syntax errors; the rest was read",
        "  1  import os",
        "  2  import a.b: c, d",
        "  5  class Cart  class",
        "  9    def pay(self)  method",
        "100  x  constant",
    ]
    assert gateway.asked[0][1] == {"project": project.id, "path": "src/cart.py"}
    assert aura("outline", str(folder / "src" / "cart.py"), "--json").json()["lines"] == 120
    gateway.reply("POST /v1/outline", {"path": "a.txt", "lines": 1, "symbols": [], "reason": "Plain text."})
    assert aura("outline", "a.txt").out.splitlines() == ["a.txt  text · 1 line · 0 symbols", "Plain text."]


def test_a_file_is_found_from_a_folder_below(
    aura: Aura, project: Project, gateway: StandIn, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.reply("POST /v1/outline", {"path": "src/cart.py", "lines": 2, "symbols": []})
    monkeypatch.chdir(folder / "src")
    assert aura("outline", "cart.py").code == 0
    assert aura("outline", "src/cart.py").code == 0
    assert [body["path"] for _, body in gateway.asked] == ["src/cart.py", "src/cart.py"]
    assert aura("outline", os.devnull, "-p", "shop").code == 2
