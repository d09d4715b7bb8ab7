"""Many files are read by worker processes; one that dies costs its file and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from aura_code import reading
from aura_code.facts import FileFacts
from aura_code.reading import ReadOptions, read_files

FILES = 260


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A folder of more files than are read in this process."""
    for number in range(FILES):
        (tmp_path / f"f{number}.py").write_text(f"def function_{number}(): pass\n", encoding="utf-8")
    return tmp_path


def paths_of(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def flat(batches: Iterator[list[FileFacts]]) -> dict[str, FileFacts]:
    return {one.path: one for batch in batches for one in batch}


def children() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if "aura_code.reading_worker" in one.cmdline()]


@pytest.mark.requirement("C1")
def test_workers_read_the_same_as_this_process(many: Path) -> None:
    paths = paths_of(many)
    assert flat(read_files(many, paths, ReadOptions(), 2)) == flat(read_files(many, paths, ReadOptions(), 0))
    assert children() == []


def test_few_files_are_read_without_workers(many: Path) -> None:
    batches = read_files(many, [*paths_of(many)[:60], "gone.py"], ReadOptions(), 2)
    assert len(next(batches)) == 50
    assert children() == []
    assert len(list(batches)) == 1


def test_files_that_vanish_are_left_out(many: Path) -> None:
    found = flat(read_files(many, [*paths_of(many), "gone.py", "also/gone.py"], ReadOptions(), 2))
    assert len(found) == FILES


def test_closing_the_generator_stops_the_workers(many: Path) -> None:
    batches = read_files(many, paths_of(many), ReadOptions(), 2)
    next(batches)
    assert children()
    batches.close()
    assert children() == []


@pytest.mark.requirement("P8")
def test_a_killed_worker_loses_nothing(many: Path) -> None:
    batches = read_files(many, paths_of(many), ReadOptions(), 2)
    found = {one.path: one for one in next(batches)}
    children()[0].send_signal(signal.SIGKILL)
    found |= flat(batches)
    assert len(found) == FILES
    assert [one.path for one in found.values() if one.skipped] == []


@pytest.mark.requirement("P8")
def test_a_worker_that_hangs_is_ended_and_loses_nothing(many: Path) -> None:
    batches = read_files(many, paths_of(many), ReadOptions(parse_cpu_s=1.0, answer_s=1.0), 2)
    found = {one.path: one for one in next(batches)}
    hung = children()[0]
    hung.send_signal(signal.SIGSTOP)
    found |= flat(batches)
    assert len(found) == FILES
    assert [one.path for one in found.values() if one.skipped] == []
    assert not hung.is_running()
    assert children() == []


@pytest.mark.requirement("P8")
def test_a_file_that_kills_every_worker_is_skipped_alone(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A language whose grammar ends the process, as a crash in C or the kernel's out-of-memory killer would.
    plugin = many.parent / f"{many.name}-plugin"
    package = plugin / "deadly"
    info = plugin / "deadly-1.0.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    (package / "__init__.py").write_text(
        "import os, signal\n"
        "from importlib.resources import files\n"
        "from aura_languages import LanguageSpec\n"
        "LANGUAGE = LanguageSpec(id='deadly', name='Deadly', suffixes=('.deadly',),\n"
        "    grammar=lambda: os.kill(os.getpid(), signal.SIGKILL), queries=(files(__name__) / 'none.scm',))\n"
    )
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: deadly\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[aura.languages]\ndeadly = deadly:LANGUAGE\n")
    monkeypatch.setenv("PYTHONPATH", str(plugin))
    (many / "f100.deadly").write_text("x\n")
    found = flat(read_files(many, paths_of(many), ReadOptions(), 2))
    assert len(found) == FILES + 1
    assert {one.path: one.skipped for one in found.values() if one.skipped} == {"f100.deadly": "unreadable"}
    assert children() == []


def test_when_no_worker_can_start_the_files_are_read_here(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert len(flat(read_files(many, paths_of(many), ReadOptions(), 2))) == FILES
    monkeypatch.setattr(reading.sys, "executable", str(many / "missing"))
    assert len(flat(read_files(many, paths_of(many), ReadOptions(), 2))) == FILES


def test_a_worker_ends_with_its_input_and_inherits_no_service_descriptor(many: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "aura_code.reading_worker"],
        input=b"",
        env=os.environ,
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert done.stdout == b""


def test_a_worker_loads_nothing_heavy() -> None:
    program = (
        "import aura_code.reading_worker, sys; print([m for m in ('pydantic', 'numpy', 'zmq') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "[]\n"
