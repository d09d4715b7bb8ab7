"""`aura` itself: finding commands, errors and exit codes, imports, completion, settings, the reference page."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from aura_cli import main as command_line
from aura_cli import reference, screen
from aura_cli.commands import completion, version
from aura_cli.examples import WithExamples
from aura_cli.main import SECTIONS, main
from aura_cli.main import aura as group
from aura_cli.passages import pick_lines, query_pattern
from aura_cli_running import Aura, Ran
from aura_shared.errors import DiskFull, error_kinds

OURS = {code: kind for code, kind in error_kinds().items() if kind.__module__.startswith("aura_shared.")}
"""Errors of the shared tree; other packages, imported by other tests, may have some of their own."""
ALL = {name: place for section in SECTIONS.values() for name, place in section.items()}
ROOT = Path(__file__).parents[2]


def commands() -> list[tuple[str, click.Command]]:
    """Every command with its whole name."""
    found: list[tuple[str, click.Command]] = []

    def below(prefix: str, command: click.Command) -> None:
        found.append((prefix, command))
        if isinstance(command, click.Group):
            for name in command.list_commands(click.Context(command)):
                inner = command.get_command(click.Context(command), name)
                assert inner is not None
                below(f"{prefix} {name}", inner)

    for name in ALL:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        below(name, command)
    return found


@pytest.mark.parametrize(("name", "command"), commands(), ids=[name for name, _ in commands()])
def test_every_command_explains_itself_with_examples(name: str, command: click.Command, aura: Aura) -> None:
    ran = aura(*name.split(), "--help")
    assert ran.code == 0
    assert command.help
    assert isinstance(command, WithExamples)
    assert command.examples
    assert all(example in ran.out for example in command.examples)
    assert all("aura " in example for example in command.examples)
    assert all(parameter.help for parameter in command.params if isinstance(parameter, click.Option))


def test_the_overview_lists_every_command_once(aura: Aura) -> None:
    ran = aura("--help")
    assert ran.code == 0
    assert [line.split()[0] for line in ran.out.splitlines() if re.match(r"  [a-z][a-z-]* +[A-Z]", line)] == list(ALL)
    assert aura().err or aura().out


def test_an_unknown_command_is_answered_with_the_nearest(aura: Aura) -> None:
    ran = aura("serch", "x")
    assert ran.code == 2
    assert "Did you mean `aura search`?" in ran.err
    assert aura("qqqqqq").code == 2
    assert aura("search", "--nonsense", "x").code == 2


@pytest.mark.parametrize("arguments", [["--version"], ["version"]])
def test_the_version_is_shown(arguments: list[str], aura: Aura) -> None:
    ran = aura(*arguments)
    assert ran.code == 0
    assert ran.out.startswith(f"aura {version.installed_version()}")
    assert aura("version", "--json").json()["executable"] == sys.executable


def test_a_version_without_metadata_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    def gone(_name: str) -> str:
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "version", gone)
    assert version.installed_version() == "0+unknown"


@pytest.mark.requirement("P11")
@pytest.mark.parametrize("kind", OURS.values(), ids=OURS)
def test_every_error_becomes_a_sentence_a_hint_and_an_exit_code(
    kind: type[Exception], aura: Aura, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = kind("it\x1b[31m went wrong")

    def fail(_arguments: list[str]) -> int:
        raise error

    monkeypatch.setattr(command_line, "_run", fail)
    ran = aura("status")
    assert ran.code == error_kinds()[getattr(error, "code")].exit_code  # noqa: B009 - the attribute is of AuraError
    assert "error: it\\x1b[31m went wrong" in ran.err
    assert "Traceback" not in ran.err
    assert aura("status", "--json").json()["error"] == {
        "code": getattr(error, "code"),  # noqa: B009 - the attribute is of AuraError
        "message": "it\x1b[31m went wrong",
        "hint": getattr(error, "hint"),  # noqa: B009 - the attribute is of AuraError
    }


def test_an_unexpected_error_is_kept_under_a_number(
    aura: Aura, aura_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_arguments: list[str]) -> int:
        raise ZeroDivisionError("by accident")

    monkeypatch.setattr(command_line, "_run", fail)
    ran = aura("status")
    assert ran.code == 1
    assert "ZeroDivisionError: by accident" in ran.err
    assert "Traceback" not in ran.err
    found = re.search(r"in (\S+) under (\w{8});", ran.err)
    assert found is not None
    kept = Path(found.group(1)).read_text()
    assert found.group(2) in kept
    assert "Traceback" in kept
    assert Path(found.group(1)).stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("AURA_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["status"])
    monkeypatch.delenv("AURA_DEBUG")
    (aura_home / "logs" / "aura-command.log").unlink()
    (aura_home / "logs" / "aura-command.log").mkdir()
    assert "no file" in aura("status").err


def test_debug_shows_the_traceback_of_an_expected_error(monkeypatch: pytest.MonkeyPatch, aura_home: Path) -> None:
    def fail(_arguments: list[str]) -> int:
        raise DiskFull("no room")

    monkeypatch.setattr(command_line, "_run", fail)
    monkeypatch.setenv("AURA_DEBUG", "1")
    with pytest.raises(DiskFull):
        main(["status"])


def test_an_interrupt_ends_quietly(aura: Aura, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_arguments: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "_run", interrupt)
    assert aura("status").code == 130


def test_a_reader_that_leaves_ends_quietly(aura_home: Path) -> None:
    command = [sys.executable, "-P", "-m", "aura_cli", "config", "explain"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() in {b"", f"The user's file is {aura_home}/config/config.toml\n".encode()}
        assert process.wait(30) in {1, 141}  # click notices it first, or the last flush does.


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["search", "--help"], ["search", "x"], ["projects"], ["status"], ["logs"], ["mcp", "clients"]],
)
def test_nothing_heavy_is_imported(arguments: list[str], aura_home: Path, tmp_path: Path) -> None:
    code = (
        "import sys, runpy\n"
        f"sys.argv = ['aura', *{arguments!r}]\n"
        "from aura_cli.main import main\n"
        "main()\n"
        "print(sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=30, check=True, cwd=tmp_path
    )
    loaded = set(re.findall(r"'(\w+)'", done.stderr.splitlines()[-1]))
    assert "click" in loaded
    heavy = {"pydantic", "zmq", "numpy", "structlog", "rich", "tomlkit", "fastapi", "mcp", "asyncio", "psutil"}
    assert not loaded & heavy


def test_the_launcher_and_the_module_are_the_same(aura_process: Callable[..., Ran]) -> None:
    by_module = aura_process("--version")
    launcher = Path(sys.executable).with_name("aura")
    done = subprocess.run([launcher, "--version"], capture_output=True, text=True, timeout=30, check=False)
    assert (by_module.code, by_module.out) == (done.returncode, done.stdout) == (0, by_module.out)


def test_a_working_directory_full_of_traps_is_harmless(aura_process: Callable[..., Ran], tmp_path: Path) -> None:
    for name in ("logging.py", "click.py", "json.py", "socket.py"):
        (tmp_path / name).write_text("raise SystemExit('trapped')\n")
    assert aura_process("status", cwd=tmp_path).code == 3


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_and_installed(shell: str, aura: Aura, aura_home: Path) -> None:
    ran = aura("completion", shell)
    assert ran.code == 0
    assert "_AURA_COMPLETE" in ran.out
    ran = aura("completion", shell, "--install")
    assert ran.code == 0
    file = completion.script_file(shell)
    assert file.is_relative_to(aura_home / "user")
    assert "_AURA_COMPLETE" in file.read_text()
    assert str(file) in ran.out


def test_completion_that_cannot_be_written_is_told(aura: Aura, aura_home: Path) -> None:
    (aura_home / "user" / ".config").write_text("a file")
    assert aura("completion", "fish", "--install").code == 10


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("aura sta", "status"),
        ("aura search --mo", "--mode"),
        ("aura mcp install --client cu", "cursor"),
        ("aura search --mode id", "identifier"),
    ],
)
def test_the_shell_completes_commands_options_and_values(
    words: str, expected: str, aura_process: Callable[..., Ran]
) -> None:
    count = str(len(words.split()) - 1)
    ran = aura_process(_AURA_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=count)
    assert expected in {line.split(",")[-1] for line in ran.out.splitlines()}


@pytest.mark.requirement("P7")
def test_settings_are_explained(aura: Aura, aura_home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (aura_home / "config").mkdir(mode=0o700)
    (aura_home / "config" / "config.toml").write_text("[code]\nworkers = 1\n")
    (folder / ".aura").mkdir()
    (folder / ".aura" / "config.toml").write_text("[code]\ndebounce_ms = 250\n")
    monkeypatch.setenv("AURA_LOG__LEVEL", "debug")
    answer = aura("config", "explain", "code", "--json").json()["settings"]
    assert isinstance(answer, list)
    found = {entry["key"]: (entry["value"], entry["layer"]) for entry in answer}
    assert found["code.workers"] == (1, "user")
    assert found["code.debounce_ms"] == (250, "project")
    assert found["code.max_file_bytes"][1] == "default"
    ran = aura("config", "explain", "log.level")
    assert ran.out.splitlines()[1].split()[:3] == ["log.level", '"debug"', "environment"]
    assert "config.toml" in ran.err
    ran = aura("config", "explain", "log.leve")
    assert ran.code == 4
    assert "Did you mean log.level" in ran.err
    (aura_home / "config" / "config.toml").write_text("[code]\nworkerz = 1\n")
    ran = aura("config", "explain")
    assert ran.code == 7
    assert "workers" in ran.err


def test_the_reference_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert page == reference.updated(page), "run: python -m aura_cli.reference docs/cli.md"


def test_the_reference_is_appended_to_a_page_without_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "cli.md"
    page.write_text("# Title\n\n\n")
    monkeypatch.setattr(sys, "argv", ["reference", str(page)])
    assert reference.main() == 0
    text = page.read_text()
    assert text.startswith(f"# Title\n\n{reference.MARKER}\n\n## Search\n")
    assert reference.updated(text) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.004, "4 ms"), (2.34, "2.3 s"), (12, "12 s"), (125, "2 min"), (7200, "2 h"), (7500, "2 h 5 min"),
     (86400, "1 d"), (100_000, "1 d 3 h")],
)  # fmt: skip
def test_durations_are_told_as_a_person_would(value: float, text: str) -> None:
    assert screen.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (40_000_000, "40 MB"), (5e9, "5.0 GB"), (5e12, "5000 GB")],
)
def test_sizes_are_told_as_a_person_would(value: float, text: str) -> None:
    assert screen.size(value) == text


def test_texts_are_measured_and_cut_by_columns() -> None:
    assert screen.cells("日本") == 4
    assert screen.cells("e\u0301") == 1
    assert screen.cells("\x1b[31mab\x1b[0m") == 2
    assert screen.cut("日本語", 5) == "日本…"
    assert screen.cut("abc", 3) == "abc"
    assert screen.cut_coloured("\x1b[31mabcdef\x1b[0m", 4) == "abc…"
    assert screen.shorten_path("/a/very/long/path/to/file.py", 16) == "/a/ve…to/file.py"
    assert screen.plural(1, "entry", "entries") == "1 entry"
    assert screen.plural(2, "entry", "entries") == "2 entries"


def test_progress_on_a_terminal_changes_in_place(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with screen.ProgressLine() as progress:
        progress.show("half", 1, 2, milestone="never printed")
        progress.show("half", 1, 2)
    shown = capsys.readouterr().err
    assert "50% half" in shown
    assert "never printed" not in shown
    assert shown.count("half") == 1
    with screen.ProgressLine(quiet=True) as progress:
        progress.show("x", milestone="y")
    assert capsys.readouterr().err == ""


def test_the_words_of_a_query_are_marked() -> None:
    def marked(query: str, text: str) -> list[str]:
        pattern = query_pattern(query)
        return pattern.findall(text) if pattern else []

    assert marked("where is the session", "The Session is where") == ["Session"]
    assert marked("parseConfigFile", "parse_config(file)") == ["parse", "config", "file"]
    assert marked('"a b" x', "a b a") == ["a b"]
    assert marked("/ab+/", "xabbb") == ["abbb"]
    assert marked("/(/", "(") == []
    assert marked("the", "the") == []
    assert marked("", "x") == []


def test_the_lines_that_say_most_are_picked() -> None:
    lines = ["", "def f():", "  a", "  b", "  needle", "  c", "  needle hay"]
    pattern = query_pattern("needle hay")
    assert pick_lines(lines, pattern, 3) == [1, 4, 6]
    assert pick_lines(lines, None, 3) == [1, 2, 3]
    assert pick_lines(lines, pattern, 99) == list(range(7))
    assert pick_lines(["", "", "", ""], None, 2) == [0, 1]


def test_a_command_table_entry_must_be_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(command_line._TABLE, "odd", ("search", "x"))
    monkeypatch.setattr("aura_cli.commands.search.odd", 3, raising=False)
    with pytest.raises(TypeError, match="must be a click command"):
        group.get_command(click.Context(group), "odd")


def test_json_is_printed_for_people_too(aura: Aura) -> None:
    ran = aura("version", "--json")
    assert json.loads(ran.out)["version"]
    assert ran.out.startswith('{\n  "version"')
    assert os.linesep in ran.out
