"""What the store keeps, for how long, and what it says when it has to forget."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from aura_factory.changes.desk import ChangeDesk
from aura_shared.errors import Conflict, Corrupt, StorageError, TooLarge, UnknownChange
from aura_shared.messages.changes import ListChanges, ProposedFile, ShowChange
from aura_shared.settings import ChangesSettings
from changes_lab import Lab, write

SMALL = ChangesSettings(store_bytes=1_000_000)


def noise(lines: int) -> str:
    """Text that does not compress much: 20 random bytes a line."""
    return "".join(f"{os.urandom(20).hex()}\n" for _ in range(lines))


@pytest.fixture
def small(lab: Lab, tmp_path: Path) -> Lab:
    """A desk with room for a megabyte."""
    lab.desk.close()
    lab.desk = ChangeDesk(tmp_path / "changes", SMALL)
    return lab


def test_bytes_are_kept_once_and_private(lab: Lab, tmp_path: Path) -> None:
    write(lab.root, {"a.txt": noise(2000)})
    lab.propose(lab.edit("a.txt", (0, 0, "first\n")))
    first = lab.desk.list("", ListChanges(project="")).stored_bytes
    lab.propose(lab.edit("a.txt", (0, 0, "second\n")))
    second = lab.desk.list("", ListChanges(project="")).stored_bytes
    assert second < first * 1.6, "the file as it is was kept already"
    assert (tmp_path / "changes").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "changes" / "changes.db").stat().st_mode & 0o777 == 0o600


def test_room_is_made_from_what_is_done_with_first(small: Lab) -> None:
    def propose(number: int) -> str:
        return small.propose(ProposedFile(path=f"new{number}.txt", content=noise(13_000))).id

    rejected, applied, waiting = propose(1), propose(2), propose(3)
    small.reject(small.show(rejected))
    small.apply(small.show(applied), everything=True)
    answer = small.propose_whole(ProposedFile(path="new4.txt", content=noise(13_000)))
    assert answer.notice == "1 older changes were forgotten to stay below changes.store_bytes."
    with pytest.raises(UnknownChange):
        small.show(rejected)
    small.apply(answer.change, everything=True)
    answer = small.propose_whole(ProposedFile(path="new5.txt", content=noise(13_000)))
    assert answer.notice == "1 older changes were forgotten to stay below changes.store_bytes."
    with pytest.raises(UnknownChange):
        small.show(waiting)
    assert small.show(applied).can_undo, "what can be undone goes last"
    second = small.apply(answer.change, everything=True).change
    answer = small.propose_whole(ProposedFile(path="new6.txt", content=noise(12_000)))
    assert answer.notice.endswith(f"these can no longer be undone: {applied}.")
    assert small.show(second).can_undo


def test_a_change_that_does_not_fit_at_all_is_refused_and_nothing_is_forgotten(small: Lab) -> None:
    kept = small.propose(small.whole("notes.txt", "1\n"))
    with pytest.raises(TooLarge, match=r"changes\.store_bytes allows 1,000,000"):
        small.propose(ProposedFile(path="big.txt", content=noise(60_000)))
    assert small.show(kept).state == "proposed"
    assert len(small.desk.list("", ListChanges(project="")).changes) == 1


def test_what_nobody_touched_for_long_is_forgotten(lab: Lab, tmp_path: Path) -> None:
    old, fresh = lab.propose(lab.whole("notes.txt", "1\n")), lab.propose(lab.whole("notes.txt", "2\n"))
    lab.apply(old, everything=True)
    lab.desk.close()
    with closing(sqlite3.connect(tmp_path / "changes" / "changes.db")) as connection, connection:
        connection.execute("UPDATE changes SET changed_at = '2020-01-01T00:00:00+00:00' WHERE id = ?", (old.id,))
    with ChangeDesk(tmp_path / "changes", ChangesSettings(keep_days=1)) as desk:
        lab.desk = desk
        with pytest.raises(UnknownChange):
            lab.show(old)
        assert lab.show(fresh).state == "proposed"
        with closing(sqlite3.connect(tmp_path / "changes" / "changes.db")) as connection:
            assert connection.execute("SELECT count(*) FROM steps").fetchone() == (0,)
            assert connection.execute("SELECT count(*) FROM blobs").fetchone() == (2,)


def test_a_desk_finds_everything_again(lab: Lab, tmp_path: Path) -> None:
    change = lab.accept(lab.propose(lab.whole("notes.txt", "1\ntwo\n3\n")))
    lab.desk.close()
    with ChangeDesk(tmp_path / "changes", ChangesSettings()) as desk:
        assert desk.show("", ShowChange(change=change.id)).change == change


def test_bytes_that_were_damaged_are_not_written(lab: Lab, tmp_path: Path) -> None:
    change = lab.propose(lab.whole("notes.txt", "1\n"))
    gone = lab.propose(lab.whole("notes.txt", "2\n"))
    with closing(sqlite3.connect(tmp_path / "changes" / "changes.db")) as connection, connection:
        after = "SELECT after FROM files WHERE change = ?"
        connection.execute(f"DELETE FROM blobs WHERE sha = ({after})", (gone.id,))
        connection.execute(f"UPDATE blobs SET data = x'00' WHERE sha = ({after})", (change.id,))
    with pytest.raises(Corrupt, match="cannot be read"):
        lab.apply(change, everything=True)
    with pytest.raises(Corrupt, match="are gone"):
        lab.apply(gone, everything=True)
    assert lab.read("notes.txt") == b"one\ntwo\nthree\n"


def test_only_one_process_has_the_store(lab: Lab, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from aura_factory.changes import ChangeDesk;"
        "from aura_shared.settings import ChangesSettings; ChangeDesk(Path(sys.argv[1]), ChangesSettings())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "changes")], capture_output=True, text=True, check=False
    )
    assert "Conflict: another process of Aura uses" in done.stderr
    with pytest.raises(Conflict, match="another process"):
        ChangeDesk(tmp_path / "changes", ChangesSettings())


def test_a_store_of_a_newer_aura_is_left_alone(lab: Lab, tmp_path: Path) -> None:
    lab.desk.close()
    with closing(sqlite3.connect(tmp_path / "changes" / "changes.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StorageError, match="newer"):
        ChangeDesk(tmp_path / "changes", ChangesSettings())
    with pytest.raises(StorageError, match="newer"):  # The lock was given back.
        ChangeDesk(tmp_path / "changes", ChangesSettings())
