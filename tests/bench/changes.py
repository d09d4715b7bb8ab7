"""How long it takes to propose, show, apply and undo a change.

usage: python tests/bench/changes.py [--files 50] [--rounds 10]

Each file is Python source of about 200 lines, with three hunks. The store is made durable as in the service; the
temporary folder should lie on a disk and not in memory.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from aura_factory.changes.desk import ChangeDesk
from aura_factory.changes.lines import changed_blocks
from aura_factory.changes.merging import merge_texts
from aura_factory.changes.places import digest_of
from aura_shared.messages.changes import ApplyChange, ProposeChange, ProposedFile, ShowChange, UndoChange
from aura_shared.settings import ChangesSettings

T = TypeVar("T")


def source(number: int) -> str:
    """About 200 lines of Python."""
    return "".join(
        f"def step_{number}_{i}(value: int) -> int:\n    doubled = value * 2\n    return doubled + {i}\n\n\n"
        for i in range(40)
    )


def timed(times: list[float], work: Callable[[], T]) -> T:
    """What a call gives; its wall time goes to `times`, in seconds."""
    started = time.perf_counter()
    result = work()
    times.append(time.perf_counter() - started)
    return result


def show(what: str, times: list[float], target: str = "") -> None:
    """Print median and worst in milliseconds."""
    print(f"{what:34} median {statistics.median(times) * 1000:7.1f} ms, worst {max(times) * 1000:7.1f} ms  {target}")


def changes(folder: Path, files: int, rounds: int) -> None:
    """Propose, show, apply and undo a change of so many files, again and again."""
    root = folder / "project"
    names = [f"package{number % 5}/module{number}.py" for number in range(files)]
    for number, name in enumerate(names):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source(number), encoding="utf-8")
    spent: dict[str, list[float]] = {name: [] for name in ("propose", "show", "apply", "undo")}
    with ChangeDesk(folder / "changes", ChangesSettings()) as desk:
        for turn in range(rounds):
            proposed = [
                ProposedFile(
                    path=name,
                    base=digest_of((root / name).read_bytes()),
                    content=source(number).replace(" + 3\n", f" + {turn}00\n").replace(" + 20\n", " - 20\n")
                    + "\nEND = 1\n",
                )
                for number, name in enumerate(names)
            ]
            request = ProposeChange(project="bench", title="Change everything", files=proposed)
            change = timed(spent["propose"], lambda request=request: desk.propose(root, "bench", request)).change.id
            timed(spent["show"], lambda change=change: desk.show("", ShowChange(change=change)))
            apply = ApplyChange(change=change, accept_open=True)
            written = timed(spent["apply"], lambda apply=apply: desk.apply("", apply)).written
            assert len(written) == files
            timed(spent["undo"], lambda change=change: desk.undo("", UndoChange(change=change)))
        for name, times in spent.items():
            show(f"{name} {files} files", times, "(to reach: 200 ms)" if name in {"apply", "undo"} else "")


def texts(rounds: int) -> None:
    """Compare and merge files of 10,000 lines."""
    base = [f"line {number}\n".encode() for number in range(10_000)]
    ours = [b"ours\n" if number % 100 == 3 else line for number, line in enumerate(base)]
    theirs = [b"theirs\n" if number % 100 == 50 else line for number, line in enumerate(base)]
    compared: list[float] = []
    merged: list[float] = []
    for _ in range(rounds):
        timed(compared, lambda: changed_blocks(base, ours))
        result = timed(merged, lambda: merge_texts(b"".join(base), b"".join(ours), b"".join(theirs)))
        assert result.clean
    show("compare 10,000 lines", compared)
    show("merge 10,000 lines three ways", merged)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=10)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aura-bench-") as folder:
        changes(Path(folder), chosen.files, chosen.rounds)
    texts(chosen.rounds)


if __name__ == "__main__":
    main()
