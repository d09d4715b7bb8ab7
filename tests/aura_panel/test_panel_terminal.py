"""The panel in a real terminal: from its start to what it leaves behind."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from aura_panel.themes import THEMES
from aura_shared import control
from aura_shared.errors import AuraError
from aura_shared.paths import AuraPaths, find_paths
from panel_terminal import PANEL, TmuxTerminal, needs_tmux, raw_terminal, wait_for

DOWN = "Aura is not running."
BAR = re.compile(r"\A *1 ?Home")
CLEAN = {"alternate": "0", "cursor": "1", "mouse": "0", "mouse_buttons": "0"}
"""A terminal whose full-screen program was left."""


@pytest.fixture
def paths(aura_home: Path) -> Iterator[AuraPaths]:
    """An installation whose daemon is stopped at the end, whoever started it."""
    del aura_home
    found = find_paths().prepare()
    found.user_settings.parent.mkdir(parents=True, exist_ok=True)
    found.user_settings.write_text("[models]\ndiscover = false\n", encoding="utf-8")
    yield found
    try:
        control.call(found, {"do": "down"}, timeout_s=60)
    except AuraError:
        return


@needs_tmux
@pytest.mark.requirement("U1")
def test_it_starts_without_a_daemon_and_every_key_of_the_bars_works(paths: AuraPaths) -> None:
    with TmuxTerminal(size=(80, 24)) as terminal:
        lines = terminal.wait(DOWN, BAR, "Ctrl-S starts it").splitlines()
        assert lines[1].lstrip().startswith(DOWN)
        assert "? Help" in lines[23]

        terminal.press("2")
        terminal.wait("following")
        terminal.press("1")
        terminal.wait("What happened")
        terminal.press("?")
        terminal.wait("Help: Home", "Esc closes")
        terminal.press("Escape")
        terminal.wait("What happened", gone=["Esc closes"])
        terminal.press("C-p")
        terminal.wait("Go to Findings", "Analyse project")
        terminal.press("Escape")
        terminal.wait("What happened", gone=["Analyse project"])

        terminal.resize(200, 50)
        wide = terminal.wait(re.compile(r"gateway +○"), re.compile(r"^.{180,200}$", re.MULTILINE))
        assert "? Help" in wide.splitlines()[49]
        terminal.resize(80, 24)
        terminal.wait(re.compile(r"\A[^\n]*1 ?Home[^\n]*\n(?:[^\n]*\n){22}[^\n]*\? Help"))

        terminal.press("q")
        code, left = terminal.wait_left()
        assert code == 0
        assert "echo icanon isig" in left
        assert "Traceback" not in left
        assert terminal.facts() == CLEAN


@needs_tmux
@pytest.mark.requirement("U1")
def test_what_is_typed_in_one_go_is_the_answer_to_what_its_first_key_asks(paths: AuraPaths) -> None:
    with TmuxTerminal(size=(100, 30)) as terminal:
        terminal.wait(DOWN, BAR)
        terminal.write("2t2h\r")
        terminal.wait(re.compile(r"◀ past \S+ \d\d:\d\d:\d\d.*all levels +all services"), gone=["Go to a time"])
        terminal.write("t1 year")
        terminal.wait("Go to a time", "1 year")


@needs_tmux
@pytest.mark.requirement("U1")
@pytest.mark.parametrize("theme", list(THEMES))
def test_without_colours_nothing_is_coloured(paths: AuraPaths, theme: str) -> None:
    with TmuxTerminal("--theme", theme, environ={"NO_COLOR": "1"}) as terminal:
        terminal.wait(DOWN, BAR)
        shades = re.findall(r"[34]8[;:]2[;:](\d+)[;:](\d+)[;:](\d+)", terminal.screen(colours=True))
        assert [shade for shade in shades if len(set(shade)) > 1] == []


@needs_tmux
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["term", "hup"])
def test_a_signal_ends_it_and_gives_the_terminal_back(paths: AuraPaths, sent: signal.Signals, code: int) -> None:
    with TmuxTerminal(size=(80, 24)) as terminal:
        terminal.wait(DOWN, BAR)
        os.kill(terminal.pid, sent)
        found, left = terminal.wait_left()
        assert found == code
        assert "echo icanon isig" in left
        assert "Traceback" not in left
        assert terminal.facts() == CLEAN


@needs_tmux
def test_a_closed_terminal_ends_it(paths: AuraPaths) -> None:
    with TmuxTerminal(size=(80, 24)) as terminal:
        terminal.wait(DOWN, BAR)
        terminal.close()
        terminal.wait_gone()


def test_a_terminal_that_goes_away_while_it_paints_ends_it(paths: AuraPaths) -> None:
    with raw_terminal(size=(100, 30)) as terminal:
        terminal.wait(re.compile(rb"not running"))
        terminal.press(b"2")
        terminal.close()
        assert terminal.wait_ended() in {0, 129, -signal.SIGHUP}


def test_no_terminal_is_said_in_words(paths: AuraPaths) -> None:
    with raw_terminal(command=("/bin/sh", "-c", f"{' '.join(PANEL)} < /dev/null")) as terminal:
        terminal.wait(re.compile(rb"the panel needs a terminal\r?\nhint: `aura panel --plain`"))
        assert terminal.wait_ended() == 2


@needs_tmux
@pytest.mark.requirement("U1", "P4")
@pytest.mark.timeout(300)
def test_it_starts_the_daemon_and_follows_its_death_and_return(paths: AuraPaths) -> None:
    with TmuxTerminal(size=(140, 42)) as terminal:
        terminal.wait(DOWN, BAR)
        terminal.press("C-s")
        terminal.wait("running", re.compile(r"gateway +● ready"), gone=[DOWN, "Not ready", "is starting"])

        terminal.press("2")
        terminal.wait("following")
        terminal.press("/")
        terminal.write("service_ready")
        terminal.press("Enter")
        terminal.wait("“service_ready”", re.compile(r"of [\d,]+ lines"))
        _kill(paths)
        terminal.wait(DOWN, "“service_ready”")

        terminal.press("C-s")
        terminal.wait("“service_ready”", "running", gone=[DOWN, "Not ready", "is starting"])
        terminal.press("1")
        terminal.wait("What happened", re.compile(r"gateway +● ready"))
        terminal.press("q")
        assert terminal.wait_left()[0] == 0
        assert control.call(paths, {"do": "hello"})["ready"] is True, "the daemon goes on without the panel"


def _kill(paths: AuraPaths) -> None:
    """Kill the daemon, and wait until nothing of it is left."""
    found = control.call(paths, {"do": "status"})
    os.kill(int(str(found["pid"])), signal.SIGKILL)

    def gone() -> bool:
        try:
            control.call(paths, {"do": "hello"})
        except AuraError:
            return True
        return False

    wait_for(gone, "the daemon is gone")
