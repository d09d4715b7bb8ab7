"""What happens to an index on disk: damage, a full disk, crashes, and changes while others search."""

import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from aura_code.index import CodeIndex
from aura_code.storing import Journal, read_pointer
from aura_code_files import Project, facts
from aura_shared.errors import Corrupt, StorageError
from aura_shared.messages.code import SearchCode

FILES = {f"src/part{n}.py": f"class Part{n}\n    def run{n}\nvalue = {n}\n" * 5 for n in range(12)}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project of twelve files with one edit in the journal."""
    made = Project(tmp_path, FILES)
    made.index.apply([facts("src/part0.py", "class Changed\n")], ["src/part1.py"])
    made.index.save()
    return made


def stored(project: Project) -> list[Path]:
    """The files of its index."""
    folder = project.directory / read_pointer(project.directory).folder
    return [project.directory / "INDEX", folder / "segment", folder / "journal"]


def test_an_index_comes_back_from_disk_with_its_edits(project: Project) -> None:
    before = (project.index.generation, project.index.stamps(), project.index.stats())
    project.index.close()
    again = CodeIndex.open(project.directory)
    assert (again.generation, again.stamps()) == before[:2]
    assert again.stats() == before[2]
    assert not again.needs_compaction


@pytest.mark.requirement("P7")
@pytest.mark.parametrize("which", [0, 1, 2], ids=["pointer", "segment", "journal"])
@pytest.mark.parametrize("damage", ["empty", "foreign", "gone", "folder", "newer"])
def test_a_damaged_file_is_never_served(project: Project, which: int, damage: str) -> None:
    path = stored(project)[which]
    data = path.read_bytes()
    path.unlink()
    if damage == "empty":
        path.write_bytes(b"")
    elif damage == "foreign":
        path.write_bytes(b"SQLite format 3\0" + bytes(4000))
    elif damage == "folder":
        path.mkdir()
    elif damage == "newer":
        path.write_bytes(data[:8] + b"\x63\0\0\0" + data[12:])
    with pytest.raises(Corrupt):
        CodeIndex.open(project.directory)


@pytest.mark.parametrize("which", [0, 1, 2], ids=["pointer", "segment", "journal"])
def test_any_flipped_byte_is_noticed_or_harmless(project: Project, which: int) -> None:
    path = stored(project)[which]
    data = path.read_bytes()
    before = project.index.stats()
    places = random.Random(7).sample(range(len(data)), min(len(data), 150))
    noticed = 0
    for place in places:
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x41]) + data[place + 1 :])
        try:
            opened = CodeIndex.open(project.directory)
        except Corrupt:
            noticed += 1
        else:  # Bytes between the arrays mean nothing.
            assert opened.stats().symbols == before.symbols
    assert noticed > len(places) / 2


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_cut_off_segment_is_corrupt(project: Project, share: float) -> None:
    path = stored(project)[1]
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share) - 64])
    with pytest.raises(Corrupt):
        CodeIndex.open(project.directory)


def test_a_journal_record_that_a_crash_cut_off_is_taken_away(project: Project) -> None:
    path = stored(project)[2]
    whole = path.stat().st_size
    project.index.apply([facts("src/late.py", "class Late\n")], [])
    data = path.read_bytes()
    path.write_bytes(data[: whole + (len(data) - whole) // 2])
    opened = CodeIndex.open(project.directory)
    assert opened.generation == 2
    assert "src/late.py" not in opened.stamps()
    assert path.stat().st_size == whole
    opened.apply([facts("src/late.py", "class Late\n")], [])
    assert "src/late.py" in CodeIndex.open(project.directory).stamps()


def test_a_pointer_that_leads_outside_is_refused(project: Project) -> None:
    import json
    import zlib

    text = json.dumps({"format": 1, "folder": "../elsewhere", "generation": 1}, sort_keys=True)
    (project.directory / "INDEX").write_text(f"{text}\n{zlib.crc32(text.encode())}\n", encoding="utf-8")
    with pytest.raises(Corrupt, match="outside"):
        CodeIndex.open(project.directory)


def test_creating_replaces_whatever_is_there(project: Project) -> None:
    stored(project)[1].write_bytes(b"garbage")
    index = CodeIndex.create(project.directory)
    assert index.stats().files == 0
    index.build([[facts("a.py", "class A")]])
    assert list(CodeIndex.open(project.directory).stamps()) == ["a.py"]


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(StorageError):
        CodeIndex.create(tmp_path / "file" / "index")


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from aura_code_files import facts
from aura_code.index import CodeIndex
from aura_shared.errors import DiskFull

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
index = CodeIndex.open(Path(sys.argv[1]))
before = (index.generation, sorted(index.stamps()), index.stats())
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
many = [facts(f"new/{n}.py", f"class New{n}\\n" * 200) for n in range(40)]
for action in (lambda: index.apply(many, ["src/part2.py"]), lambda: index.build([many]), index.compact):
    try:
        action()
    except DiskFull as error:
        print(type(error).__name__, (index.generation, sorted(index.stamps()), index.stats()) == before)
    else:
        print("no error")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
again = CodeIndex.open(Path(sys.argv[1]))
print("reopened", (again.generation, sorted(again.stamps())) == before[:2])
index.apply(many, [])
print("works again", CodeIndex.open(Path(sys.argv[1])).stats().files)
"""


@pytest.mark.requirement("Q4")
def test_a_full_disk_is_reported_and_leaves_the_index_as_it_was(project: Project) -> None:
    project.index.close()
    tests = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(project.directory), tests, "3000"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        "DiskFull True", "DiskFull True", "DiskFull True", "reopened True", "works again 51",
    ], done.stderr  # fmt: skip


def test_searches_see_whole_generations_while_files_change(project: Project) -> None:
    stop = threading.Event()
    problems: list[str] = []

    def look() -> None:
        request = SearchCode(project="", query="twin marker", limit=20, budget=0)
        while not stop.is_set():
            answer = project.index.search(request, project.root)
            paths = sorted(hit.path for hit in answer.hits)
            if paths not in ([], ["src/part0.py", "src/part2.py"]):
                problems.append(f"{answer.freshness.generation}: {paths}")

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(40):
            text = f"twin marker {number}\n" if number % 2 else "nothing\n"
            project.index.apply([facts("src/part0.py", text), facts("src/part2.py", text)], [])
            if number % 10 == 5:
                project.index.compact()
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    assert not problems


def test_edits_made_during_a_compaction_are_kept(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    import aura_code.index as module

    merge = module.merge
    begun, go_on = threading.Event(), threading.Event()

    def slow(parts: object) -> object:
        begun.set()
        assert go_on.wait(30)
        return merge(parts)  # pyright: ignore[reportArgumentType] - passed through

    monkeypatch.setattr(module, "merge", slow)
    worker = threading.Thread(target=project.index.compact)
    worker.start()
    assert begun.wait(30)
    assert project.index.compact() is False
    for number in range(12):
        project.index.apply([facts(f"late{number}.py", f"class Late{number}\n")], ["src/part3.py"])
    go_on.set()
    worker.join(30)
    monkeypatch.undo()
    stamps = project.index.stamps()
    assert "late11.py" in stamps
    assert "src/part3.py" not in stamps
    assert len(project.index.view.parts[0].segment.paths) == 11
    assert CodeIndex.open(project.directory).stamps() == stamps
    assert [entry.name for entry in project.directory.iterdir() if entry.is_dir()] == [
        read_pointer(project.directory).folder
    ]


def test_compaction_is_asked_for_when_much_was_edited(tmp_path: Path) -> None:
    index = CodeIndex.create(tmp_path)
    index.build([[facts(f"{n}.py", "word\n" * 50, chunk_lines=1) for n in range(60)]])
    assert not index.needs_compaction
    index.apply([facts(f"{n}.py", "other\n" * 50, chunk_lines=1) for n in range(30)], [])
    assert index.needs_compaction
    index.compact()
    assert not index.needs_compaction
    assert index.stats().chunks == 3000


def test_a_journal_without_its_file_cannot_be_synced(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        Journal(tmp_path / "none").sync()
