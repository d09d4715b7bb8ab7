"""What is interrupted leaves all files old or all new: kills at every step, errors at every step, edits in between."""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from aura_factory.changes.desk import ChangeDesk
from aura_shared.errors import AuraError, DiskFull, FileMovedOn, StorageError
from aura_shared.messages.changes import ApplyChange, ProposedFile, ShowChange, UndoChange
from aura_shared.settings import ChangesSettings
from changes_lab import Lab, snapshot, write
from printed_tables import PRINTED, RecordProperty

_WORDS = re.compile(r"(?:journal|done|replace|(?:make|write|sync|unlink) \w+)")
Files = dict[str, tuple[bytes, int]]


@dataclass
class Killed:
    """How a child ended."""

    killed: bool
    code: int | None
    step: str


class Crashes:
    """Runs requests in children that kill themselves."""

    def __init__(self) -> None:
        script = Path(__file__).parents[2] / "changes_crash.py"
        self._process = subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, folder: Path, change: str, what: str, kill_at: int) -> Killed:
        assert self._process.stdin
        assert self._process.stdout
        request = {"folder": str(folder), "change": change, "what": what, "kill_at": kill_at}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Killed(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        assert self._process.wait(10) == 0
        self._process.stdout.close()


@pytest.fixture(scope="module")
def crashes() -> Iterator[Crashes]:
    found = Crashes()
    yield found
    found.close()


@dataclass
class Scene:
    """A project and a store that can be put back to how they were."""

    tmp: Path
    change: str
    old: Files
    new: Files

    @property
    def root(self) -> Path:
        return self.tmp / "shop"

    @property
    def folder(self) -> Path:
        return self.tmp / "changes"

    def keep(self) -> None:
        for name in ("shop", "changes"):
            shutil.copytree(self.tmp / name, self.tmp / "kept" / name)

    def put_back(self) -> None:
        for name in ("shop", "changes"):
            shutil.rmtree(self.tmp / name)
            shutil.copytree(self.tmp / "kept" / name, self.tmp / name)

    def desk(self) -> ChangeDesk:
        return ChangeDesk(self.folder, ChangesSettings())


def everything_at_once(lab: Lab, count: int) -> tuple[str, Files]:
    """A change of every kind of file, and what the project is afterwards."""
    names = [f"src/part{number % 3}/file{number}.txt" for number in range(count)]
    write(lab.root, {name: f"{name}\nsecond line\nthird line\n" for name in names})
    for number, name in enumerate(names):
        (lab.root / name).chmod(0o755 if number % 2 else 0o604)
    change = lab.propose(
        *(lab.whole(name, f"{name}\nanother line\nthird line\n") for name in names),
        ProposedFile(path="docs/deep/new.md", content="# New\n"),
        ProposedFile(path="docs/other.md", content="# Other\n"),
        lab.delete("README.md"),
        lab.move("src/cart.py", "shop/cart.py"),
    )
    old = snapshot(lab.root)
    lab.apply(change, everything=True)
    new = snapshot(lab.root)
    lab.undo(change)
    assert snapshot(lab.root) == old
    return change.id, new


@pytest.fixture
def scene(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """A change of as many files as the parameter says, ready to be applied; in memory, because only kills are tried."""
    tmp = Path(tempfile.mkdtemp(prefix="aura-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    shutil.copytree(lab.root, tmp / "shop")
    with ChangeDesk(tmp / "changes", ChangesSettings()) as desk:
        there = Lab(tmp / "shop", desk)
        change, new = everything_at_once(there, request.param)
        old = snapshot(there.root)
    yield Scene(tmp, change, old, new)
    shutil.rmtree(tmp)


def killed_everywhere(crashes: Crashes, scene: Scene, what: str) -> dict[str, Counter[str]]:
    """Kill a child before each of its steps; returns by kind of step what recovery made of it."""
    outcomes: dict[str, Counter[str]] = {}
    for number in range(1, 10_000):
        scene.put_back()
        ended = crashes.run(scene.folder, scene.change, what, number)
        if not ended.killed:
            assert ended.code == 0
            return outcomes
        with scene.desk() as desk:
            now = snapshot(scene.root)
            applied = desk.show("", ShowChange(change=scene.change)).change.state == "applied"
            assert now == (scene.new if applied else scene.old), f"{what} killed before step {number}, {ended.step}"
            kind = _WORDS.match(ended.step)
            kind = kind[0].strip() if kind else ended.step
            outcomes.setdefault(kind, Counter())["all new" if (what == "apply") == applied else "all old"] += 1
            if applied:
                desk.undo("", UndoChange(change=scene.change))
            else:
                desk.apply("", ApplyChange(change=scene.change, accept_open=True))
            assert snapshot(scene.root) == (scene.old if applied else scene.new)
            assert (scene.root / "docs").exists() != applied
    raise AssertionError("it never ends")


@pytest.mark.requirement("C5")
@pytest.mark.parametrize("scene", [20], indirect=True, ids=["24-files"])
@pytest.mark.parametrize("what", ["apply", "undo"])
def test_a_kill_at_any_step_leaves_all_files_old_or_all_new(
    crashes: Crashes, scene: Scene, what: str, record_property: RecordProperty
) -> None:
    if what == "undo":
        with scene.desk() as desk:
            desk.apply("", ApplyChange(change=scene.change, accept_open=True))
    scene.keep()
    outcomes = killed_everywhere(crashes, scene, what)
    total = sum((counts for counts in outcomes.values()), Counter[str]())
    rows = [
        f"{kind:16} {counts['all old']:4} times all old, {counts['all new']:3} times all new"
        for kind, counts in {**outcomes, "total": total}.items()
    ]
    record_property(f"{PRINTED}{what} of 24 files, killed before each step", "\n".join(rows))
    assert total["all old"] > 50
    assert total["all new"] > 0


@pytest.mark.parametrize("scene", [2], indirect=True, ids=["6-files"])
@pytest.mark.parametrize("at", [8, 16, 19, 22])
def test_a_kill_at_any_step_of_the_recovery_leaves_all_files_old_or_all_new(
    crashes: Crashes, scene: Scene, at: int, record_property: RecordProperty
) -> None:
    scene.keep()
    kills = 0
    for number in range(1, 1000):
        scene.put_back()
        assert crashes.run(scene.folder, scene.change, "apply", at).killed
        ended = crashes.run(scene.folder, scene.change, "recover", number)
        if not ended.killed:
            assert ended.code == 0
            break
        kills += 1
        with scene.desk() as desk:
            assert snapshot(scene.root) == scene.old, f"recovery killed before step {number}, {ended.step}"
            assert desk.show("", ShowChange(change=scene.change)).change.state == "undone"
            desk.apply("", ApplyChange(change=scene.change))
            assert snapshot(scene.root) == scene.new
    record_property(f"{PRINTED}recovery after a kill at step {at}", f"{kills} kills of its own, all old each time")
    assert kills > 5


def with_hook(lab: Lab, folder: Path, at: Callable[[str], None]) -> ChangeDesk:
    lab.desk.close()
    lab.desk = ChangeDesk(folder, ChangesSettings(), at=at)
    return lab.desk


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES], ids=["disk-full", "not-permitted"])
def test_an_error_at_any_step_takes_everything_back(lab: Lab, tmp_path: Path, number: int) -> None:
    change, new = everything_at_once(lab, 3)
    old = snapshot(lab.root)
    fail_at = steps = 0

    def at(name: str) -> None:
        nonlocal steps
        steps += 1
        if steps == fail_at and name not in {"journal", "done"}:
            raise OSError(number, os.strerror(number), name)

    with_hook(lab, tmp_path / "changes", at)
    lab.apply(lab.show(change), everything=True)
    lab.undo(lab.show(change))
    last = steps // 2
    for place in range(2, 35):
        fail_at, steps = place, 0
        with pytest.raises(DiskFull if number == errno.ENOSPC else StorageError, match="no file was changed"):
            lab.apply(lab.show(change), everything=True)
        assert snapshot(lab.root) == old
        assert not (lab.root / "docs").exists()
        assert lab.show(change).state == "undone"
    fail_at = 0
    lab.apply(lab.show(change), everything=True)
    assert snapshot(lab.root) == new
    assert last > 30


@pytest.mark.parametrize("when", ["journal", "make temporary for b.txt", "write temporary for b.txt"])
def test_a_disk_that_is_full_changes_nothing(lab: Lab, tmp_path: Path, when: str) -> None:
    write(lab.root, {"a.txt": "a\n", "b.txt": "b\n" * 40_000})
    big = "".join(f"{os.urandom(20).hex()}\n" for _ in range(20_000))
    change = lab.propose(lab.whole("a.txt", "A\n"), lab.whole("b.txt", big))
    old = snapshot(lab.root)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    full = True

    def at(name: str) -> None:
        if full and name == when:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        elif name.startswith("clear"):
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    desk = with_hook(lab, tmp_path / "changes", at)
    try:
        with pytest.raises(DiskFull):
            desk.apply("", ApplyChange(change=change.id, accept_open=True))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        full = False
    assert snapshot(lab.root) == old
    lab.apply(change, everything=True)
    assert lab.read("b.txt").decode() == big


def test_an_edit_between_the_check_and_the_write_is_kept(lab: Lab, tmp_path: Path) -> None:
    change, _ = everything_at_once(lab, 3)
    old = snapshot(lab.root)
    edited: list[str] = []
    waiting: list[str] = [path for path in [*old, "docs/deep/new.md", "docs/other.md"] if path != "notes.txt"]
    target = ""

    def at(name: str) -> None:
        if name == f"replace {target}" and target not in edited:
            edited.append(target)
            write(lab.root, {target: "what I just typed\n"})

    with_hook(lab, tmp_path / "changes", at)
    for target in waiting:
        with pytest.raises(AuraError, match="no file was changed"):
            lab.apply(lab.show(change), everything=True)
        now = snapshot(lab.root)
        assert now.pop(target)[0] == b"what I just typed\n"
        assert now == {path: found for path, found in old.items() if path != target}
        if target in old:
            write(lab.root, {target: old[target][0]})
        else:
            (lab.root / target).unlink()
    assert sorted(edited) == sorted(waiting)


def test_an_edit_of_a_file_that_was_written_already_outlives_the_way_back(lab: Lab, tmp_path: Path) -> None:
    write(lab.root, {"a.txt": "one\ntwo\nthree\nfour\nfive\n", "b.txt": "b\n", "c.txt": "c\n"})
    change = lab.propose(
        lab.whole("a.txt", "ONE\ntwo\nthree\nfour\nfive\n"), lab.whole("b.txt", "B\n"), lab.whole("c.txt", "C\n")
    )

    def at(name: str) -> None:
        if name == "replace c.txt":
            write(lab.root, {"a.txt": lab.read("a.txt").replace(b"five", b"cinq"), "c.txt": "mine\n"})

    with_hook(lab, tmp_path / "changes", at)
    with pytest.raises(FileMovedOn, match=r"c\.txt changed while"):
        lab.apply(change, everything=True)
    assert lab.read("a.txt") == b"one\ntwo\nthree\nfour\ncinq\n"
    assert (lab.read("b.txt"), lab.read("c.txt")) == (b"b\n", b"mine\n")


def test_what_cannot_be_taken_back_without_loss_is_named(lab: Lab, tmp_path: Path) -> None:
    write(lab.root, {"a.txt": "one\n", "c.txt": "c\n"})
    change = lab.propose(lab.whole("a.txt", "ONE\n"), lab.whole("c.txt", "C\n"))

    def at(name: str) -> None:
        if name == "replace c.txt":
            write(lab.root, {"a.txt": "Uno\n", "c.txt": "mine\n"})

    with_hook(lab, tmp_path / "changes", at)
    with pytest.raises(FileMovedOn, match=r"files that are not as before: a\.txt was edited"):
        lab.apply(change, everything=True)
    assert (lab.read("a.txt"), lab.read("c.txt")) == (b"Uno\n", b"mine\n")
    assert lab.show(change).state == "proposed"


def test_a_folder_that_becomes_a_link_while_writing_is_not_followed(lab: Lab, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    write(outside, {"cart.py": "secret = 1\n"})
    change = lab.propose(lab.whole("src/cart.py", "x = 1\n"), lab.whole("notes.txt", "1\n"))
    old = snapshot(lab.root)

    def at(name: str) -> None:
        if name == "replace src/cart.py":
            (lab.root / "src").rename(tmp_path / "moved")
            (lab.root / "src").symlink_to(outside, target_is_directory=True)

    with_hook(lab, tmp_path / "changes", at)
    with pytest.raises(StorageError, match="behind the link"):
        lab.apply(change, everything=True)
    assert snapshot(outside) == {"cart.py": (b"secret = 1\n", 0o644)}
    assert lab.read("notes.txt") == old["notes.txt"][0]


@pytest.mark.parametrize("scene", [2], indirect=True, ids=["6-files"])
@pytest.mark.parametrize("line", [b"third line", b"src/part0/file0.txt"], ids=["below", "above"])
def test_edits_made_between_a_kill_and_the_recovery_are_kept(crashes: Crashes, scene: Scene, line: bytes) -> None:
    """The edit touches the line that the change is about, so it fits the new file only, or the old one only."""
    scene.keep()
    name = "src/part0/file0.txt"
    states: list[str] = []
    for number in range(18, 60):
        scene.put_back()
        if not crashes.run(scene.folder, scene.change, "apply", number).killed:
            break
        write(scene.root, {name: (scene.root / name).read_bytes().replace(line, b"my own line")})
        with scene.desk() as desk:
            states.append(desk.show("", ShowChange(change=scene.change)).change.state)
            wanted = dict(scene.new if states[-1] == "applied" else scene.old)
            wanted[name] = (wanted[name][0].replace(line, b"my own line"), wanted[name][1])
            assert snapshot(scene.root) == wanted, f"killed before step {number}"
    assert sorted(set(states)) == ["applied", "undone"]
    assert states == sorted(states, reverse=True), "old as long as the file was not written, then new"


@pytest.mark.parametrize("scene", [2], indirect=True, ids=["6-files"])
def test_an_interrupted_change_says_so_once(crashes: Crashes, scene: Scene) -> None:
    scene.keep()
    assert crashes.run(scene.folder, scene.change, "apply", 20).killed
    with scene.desk() as desk:
        assert desk.recovered == [
            f"Change {scene.change}: its apply was interrupted, and was taken back: every file is as it was before."
        ]
        assert desk.show("", ShowChange(change=scene.change)).notice == desk.recovered[0]
        desk.apply("", ApplyChange(change=scene.change))
        assert desk.show("", ShowChange(change=scene.change)).notice == ""
    with scene.desk() as desk:
        assert desk.recovered == []


@pytest.mark.parametrize("scene", [2], indirect=True, ids=["6-files"])
def test_recovery_waits_for_a_project_that_is_not_there(crashes: Crashes, scene: Scene) -> None:
    scene.keep()
    assert crashes.run(scene.folder, scene.change, "apply", 25).killed
    scene.root.rename(scene.tmp / "unmounted")
    with scene.desk() as desk:
        assert desk.recovered == []
        (scene.tmp / "unmounted").rename(scene.root)
        desk.apply("", ApplyChange(change=scene.change))
        assert snapshot(scene.root) == scene.new


def test_what_cannot_be_put_right_at_once_is_put_right_before_the_next_request(lab: Lab, tmp_path: Path) -> None:
    write(lab.root, {"a.txt": "a\n", "b.txt": "b\n"})
    change = lab.propose(lab.whole("a.txt", "A\n"), lab.whole("b.txt", "B\n"))
    old = snapshot(lab.root)
    failing = {"replace b.txt", "put back a.txt"}

    def at(name: str) -> None:
        if name in failing:
            raise OSError(errno.EIO, "the disk is pulled out", name)

    with_hook(lab, tmp_path / "changes", at)
    with pytest.raises(StorageError, match=r"files that are not as before: a\.txt could not be put right"):
        lab.apply(change, everything=True)
    assert lab.read("a.txt") == b"A\n"
    failing.clear()
    lab.accept(change)
    assert snapshot(lab.root)["a.txt"] == old["a.txt"]
    assert "was taken back: every file is as it was before" in lab.desk.show("", ShowChange(change=change.id)).notice
    lab.apply(change)
    lab.undo(change)
    assert snapshot(lab.root) == old
