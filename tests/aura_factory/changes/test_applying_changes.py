"""Changes from proposal to undo, on real files."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aura_shared.errors import AuraError, Conflict, FileMovedOn, NotFound, StorageError, UnknownChange, UsageProblem
from aura_shared.messages.changes import (
    ApplyChange,
    ChangeAnswer,
    DecideHunks,
    EditProposal,
    ListChanges,
    ProposedFile,
    ShowChange,
    TextEdit,
)
from changes_lab import PROJECT, Lab, git, snapshot, write

TWO_PLACES = "ONE\ntwo\nthree\nfour\nfive\nsix\nseven\nEIGHT\n"


@pytest.fixture
def counted(lab: Lab) -> Lab:
    """A file of eight lines, so that a change can have two hunks."""
    write(lab.root, {"count.txt": "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n"})
    return lab


@pytest.mark.requirement("C5")
def test_a_change_goes_from_proposal_to_files_and_back(lab: Lab) -> None:
    before = snapshot(lab.root)
    change = lab.propose(
        lab.whole("notes.txt", "one\nzwei\nthree\n"),
        ProposedFile(path="docs/new/page.md", content="# New\n"),
        lab.delete("README.md"),
        lab.move("src/cart.py", "shop/cart.py"),
        title="Tidy up",
    )
    assert snapshot(lab.root) == before, "a proposal writes nothing"
    assert change.state == "proposed"
    assert [(file.path, file.kind, file.standing) for file in change.files] == [
        ("notes.txt", "modified", "current"),
        ("docs/new/page.md", "added", "current"),
        ("README.md", "deleted", "current"),
        ("shop/cart.py", "moved", "current"),
    ]
    assert (change.file_count, change.added, change.removed) == (4, 2, 4)
    answer = lab.apply(change, everything=True)
    assert answer.change.state == "applied"
    assert answer.change.can_undo
    assert sorted(answer.written) == ["README.md", "docs/new/page.md", "notes.txt", "shop/cart.py", "src/cart.py"]
    now = snapshot(lab.root)
    assert sorted(now) == ["docs/new/page.md", "notes.txt", "shop/cart.py"]
    assert now["shop/cart.py"] == before["src/cart.py"]
    assert now["notes.txt"][0] == b"one\nzwei\nthree\n"
    undone = lab.undo(change).change
    assert (undone.state, undone.can_undo) == ("undone", False)
    assert snapshot(lab.root) == before
    assert not (lab.root / "docs").exists(), "folders that were made go with the file"
    assert lab.apply(change).change.state == "applied", "what was undone can be applied again"
    assert snapshot(lab.root) == now


def test_only_accepted_hunks_are_written(counted: Lab) -> None:
    change = counted.propose(counted.whole("count.txt", TWO_PLACES))
    first, second = change.files[0].hunks
    assert (first.old_start, first.old_lines, first.new_start, first.new_lines) == (1, 1, 1, 1)
    assert second.diff == "@@ -5,4 +5,4 @@\n five\n six\n seven\n-eight\n+EIGHT\n"
    counted.accept(change, second.id)
    answer = counted.apply(change)
    assert answer.change.state == "partly-applied"
    assert counted.read("count.txt") == b"one\ntwo\nthree\nfour\nfive\nsix\nseven\nEIGHT\n"
    assert [hunk.applied for hunk in answer.change.files[0].hunks] == [False, True]


def test_hunks_can_be_applied_one_after_the_other_and_undone_together(counted: Lab) -> None:
    before = counted.read("count.txt")
    change = counted.propose(counted.whole("count.txt", TWO_PLACES))
    first, second = change.files[0].hunks
    counted.accept(change, second.id[:5])
    counted.apply(change)
    counted.accept(change, first.id)
    assert counted.apply(change).change.state == "applied"
    assert counted.read("count.txt").decode() == TWO_PLACES
    assert counted.undo(change).written == ["count.txt"]
    assert counted.read("count.txt") == before


def test_steps_with_edits_in_between_are_undone_by_merging(counted: Lab) -> None:
    change = counted.propose(counted.whole("count.txt", TWO_PLACES))
    first, second = change.files[0].hunks
    counted.accept(change, second.id)
    counted.apply(change)
    write(counted.root, {"count.txt": counted.read("count.txt").replace(b"four", b"vier")})
    counted.accept(change, first.id)
    shown = counted.apply(change)
    assert "-one\n+ONE\n" in shown.merge
    assert counted.apply(change, merge=True).change.state == "applied"
    shown = counted.undo(change)
    assert shown.merge
    assert shown.change.state == "applied"
    assert counted.undo(change, merge=True).change.state == "undone"
    assert counted.read("count.txt") == b"one\ntwo\nthree\nvier\nfive\nsix\nseven\neight\n"


@pytest.mark.requirement("C5")
def test_a_file_that_moved_on_is_merged_only_after_the_merge_was_shown(counted: Lab) -> None:
    change = counted.propose(counted.whole("count.txt", TWO_PLACES))
    write(counted.root, {"count.txt": counted.read("count.txt").replace(b"four\n", b"four\nfour and a half\n")})
    assert counted.show(change).files[0].standing == "moved-on"
    before = snapshot(counted.root)
    shown = counted.apply(change, everything=True)
    assert snapshot(counted.root) == before
    assert shown.written == []
    assert "count.txt" in shown.notice
    assert "+EIGHT" in shown.merge
    assert shown.change.files[0].hunks[0].decision == "open", "nothing is decided by looking"
    counted.apply(change, everything=True, merge=True)
    assert counted.read("count.txt").decode() == TWO_PLACES.replace("four\n", "four\nfour and a half\n")
    counted.undo(change)
    assert snapshot(counted.root) == before, "the file is as it was applied, so the undo is exact"


def test_edits_in_the_same_place_are_refused_with_both_sides(counted: Lab) -> None:
    change = counted.propose(counted.whole("count.txt", TWO_PLACES), counted.whole("notes.txt", "1\n2\n3\n"))
    write(counted.root, {"count.txt": counted.read("count.txt").replace(b"eight", b"acht")})
    before = snapshot(counted.root)
    with pytest.raises(FileMovedOn, match="1 of 2 files") as refused:
        counted.apply(change, everything=True, merge=True)
    assert "line 8, now:    acht" in refused.value.message
    assert "the change: EIGHT" in refused.value.message
    assert snapshot(counted.root) == before
    shown = counted.show(change).files[0]
    assert (shown.standing, shown.problem) == ("conflict", "count.txt changed since in the same places (line 8)")


def test_an_undo_keeps_what_was_edited_since(counted: Lab) -> None:
    change = counted.propose(counted.whole("count.txt", TWO_PLACES))
    counted.apply(change, everything=True)
    write(counted.root, {"count.txt": TWO_PLACES.replace("four", "vier")})
    before = snapshot(counted.root)
    shown = counted.undo(change)
    assert "-EIGHT\n+eight" in shown.merge
    assert snapshot(counted.root) == before
    counted.undo(change, merge=True)
    assert counted.read("count.txt") == b"one\ntwo\nthree\nvier\nfive\nsix\nseven\neight\n"


def test_an_undo_over_edits_in_the_same_place_is_refused(counted: Lab) -> None:
    change = counted.propose(counted.whole("count.txt", TWO_PLACES), counted.whole("notes.txt", "1\n2\n3\n"))
    counted.apply(change, everything=True)
    write(counted.root, {"count.txt": TWO_PLACES.replace("EIGHT", "ACHT")})
    before = snapshot(counted.root)
    with pytest.raises(FileMovedOn, match=r"line 8, now: {4}ACHT"):
        counted.undo(change, merge=True)
    assert snapshot(counted.root) == before
    assert counted.show(change).can_undo


def test_files_that_went_or_came_since_are_not_written_over(lab: Lab) -> None:
    change = lab.propose(
        lab.whole("notes.txt", "1\n"), ProposedFile(path="new.txt", content="new\n"), lab.delete("README.md")
    )
    (lab.root / "notes.txt").unlink()
    write(lab.root, {"new.txt": "mine\n", "README.md": "# Shop\n\nA better shop.\n"})
    before = snapshot(lab.root)
    with pytest.raises(FileMovedOn, match="3 of 3") as refused:
        lab.apply(change, everything=True, merge=True)
    for problem in ("notes.txt is gone", "new.txt now that this change would make", "deleting it would lose that"):
        assert problem in refused.value.message
    assert snapshot(lab.root) == before
    assert [file.standing for file in lab.show(change).files] == ["gone", "conflict", "conflict"]


def test_what_somebody_did_by_hand_already_is_left_as_it_is(lab: Lab) -> None:
    change = lab.propose(lab.whole("notes.txt", "1\n"), ProposedFile(path="new.txt", content="new\n"))
    write(lab.root, {"notes.txt": "1\n", "new.txt": "new\n"})
    answer = lab.apply(change, everything=True)
    assert (answer.change.state, answer.written) == ("applied", [])
    lab.undo(change)
    assert lab.read("new.txt") == b"new\n", "the change did not make it, so its undo does not remove it"
    assert lab.read("notes.txt") == b"1\n"


def test_a_moved_file_takes_edits_of_the_old_place_along(lab: Lab) -> None:
    text = lab.read("src/cart.py").decode()
    change = lab.propose(lab.move("src/cart.py", "src/basket.py", text.replace("class Cart", "class Basket")))
    move, *lines = change.files[0].hunks
    assert move.diff == "@@ moved @@\nrename from src/cart.py\nrename to src/basket.py\n"
    assert len(lines) == 1
    write(lab.root, {"src/cart.py": text.replace("return Cart()", "return Cart()  # empty")})
    lab.apply(change, everything=True, merge=True)
    moved = lab.read("src/basket.py").decode()
    assert not (lab.root / "src/cart.py").exists()
    assert moved == text.replace("class Cart", "class Basket").replace("return Cart()", "return Cart()  # empty")
    lab.undo(change)
    assert lab.read("src/cart.py").decode() == text.replace("return Cart()", "return Cart()  # empty")


def test_lines_of_a_moved_file_can_be_had_without_the_move_and_the_move_afterwards(lab: Lab) -> None:
    before = snapshot(lab.root)
    text = lab.read("src/cart.py").decode()
    change = lab.propose(lab.move("src/cart.py", "src/basket.py", text.replace("class Cart", "class Basket")))
    move, lines = change.files[0].hunks
    lab.accept(change, lines.id)
    lab.apply(change)
    assert lab.read("src/cart.py").startswith(b"class Basket")
    lab.accept(change, move.id)
    lab.apply(change)
    assert lab.read("src/basket.py").startswith(b"class Basket")
    assert not (lab.root / "src/cart.py").exists()
    lab.undo(change)
    assert snapshot(lab.root) == before


def test_modes_are_kept(lab: Lab) -> None:
    (lab.root / "notes.txt").chmod(0o751)
    (lab.root / "src").chmod(0o750)
    change = lab.propose(lab.whole("notes.txt", "1\n"), ProposedFile(path="src/deep/new.py", content="x = 1\n"))
    lab.apply(change, everything=True)
    now = snapshot(lab.root)
    assert now["notes.txt"][1] == 0o751
    assert now["src/deep/new.py"][1] == 0o640, "readable for whom the folder is"
    assert (lab.root / "src/deep").stat().st_mode & 0o777 == 0o750
    again = lab.propose(lab.delete("notes.txt"))
    lab.apply(again, everything=True)
    lab.undo(again)
    assert snapshot(lab.root) == now


def test_decisions_and_comments_are_kept_with_their_hunks(counted: Lab) -> None:
    change = counted.propose(counted.whole("count.txt", TWO_PLACES))
    first, second = change.files[0].hunks
    request = DecideHunks(change=change.id, hunks=[first.id], decision="rejected", comment="Why so loud?")
    counted.desk.decide(PROJECT, request)
    counted.accept(change, second.id)
    text = TWO_PLACES.replace("four", "FOUR")
    edited = counted.desk.edit("", EditProposal(change=change.id, path="count.txt", content=text)).change
    assert [(hunk.decision, hunk.comment) for hunk in edited.files[0].hunks] == [
        ("rejected", "Why so loud?"),
        ("open", ""),
        ("accepted", ""),
    ]
    assert counted.reject(change, "count.txt").state == "rejected"
    assert counted.accept(change).state == "proposed"
    counted.apply(change)
    with pytest.raises(Conflict, match="in the file already"):
        counted.desk.edit("", EditProposal(change=change.id, path="count.txt", content="x\n"))
    with pytest.raises(Conflict, match="in the files already"):
        counted.reject(change)
    with pytest.raises(Conflict, match="all accepted hunks"):
        counted.apply(change)


def test_edits_of_proposals_that_make_no_sense_are_refused(lab: Lab) -> None:
    change = lab.propose(
        lab.whole("notes.txt", "1\n"), lab.delete("README.md"), ProposedFile(path="new.txt", content="new\n")
    )

    def edit(path: str, content: str) -> ChangeAnswer:
        return lab.desk.edit("", EditProposal(change=change.id, path=path, content=content))

    with pytest.raises(UsageProblem, match="already"):
        edit("notes.txt", lab.read("notes.txt").decode())
    with pytest.raises(UsageProblem, match="deleted"):
        edit("README.md", "x\n")
    edited = edit("new.txt", "newer\n").change
    assert edited.files[2].hunks[0].diff == "@@ -0,0 +1,1 @@\n+newer\n"
    lab.apply(change, everything=True)
    assert lab.read("new.txt") == b"newer\n"


def test_a_choice_of_hunks_that_does_not_parse_is_told(lab: Lab) -> None:
    lines = [f"call{number}();" for number in range(9)]
    write(lab.root, {"a.js": "\n".join([*lines, ""])})
    change = lab.propose(lab.whole("a.js", "\n".join(["if (on) {", *lines, "}", ""])))
    first, second = change.files[0].hunks
    lab.accept(change, first.id)
    answer = lab.apply(change)
    assert answer.notice == "With only these hunks, a.js would not parse any more: line 10 (} is missing)."
    lab.accept(change, second.id)
    assert lab.apply(change).notice == ""


def test_changes_are_found_by_the_start_of_their_identifier(lab: Lab) -> None:
    change = lab.propose(lab.whole("notes.txt", "1\n"))
    assert lab.show(change.id[:7].upper()).id == change.id
    assert lab.desk.place_of(change.id) == (PROJECT, lab.root)
    with pytest.raises(UnknownChange, match="no change 'zz'"):
        lab.show("zz")
    with pytest.raises(UnknownChange, match="it is one of shop-123456"):
        lab.desk.show("other-000000", ShowChange(change=change.id))
    for number in range(40):
        lab.propose(lab.whole("notes.txt", f"{number}\n"))
    starts = [one.id[0] for one in lab.desk.list("", ListChanges(project="", limit=200)).changes]
    twice = next(start for start in starts if starts.count(start) > 1)
    with pytest.raises(UsageProblem, match=f"start with '{twice}'"):
        lab.show(twice)


def test_changes_are_listed_newest_first_by_state_and_project(lab: Lab) -> None:
    assert lab.desk.list("", ListChanges(project="")).reason == "Nothing was proposed yet."
    first = lab.propose(lab.whole("notes.txt", "1\n"))
    second = lab.propose(lab.whole("notes.txt", "2\n"), replaces=first.id[:6])
    assert second.replaces == first.id
    lab.reject(first)
    listed = lab.desk.list(PROJECT, ListChanges(project=PROJECT, limit=1))
    assert [change.id for change in listed.changes] == [second.id]
    assert listed.more
    assert listed.changes[0].files == []
    assert listed.stored_bytes > 0
    rejected = lab.desk.list("", ListChanges(project="", states=["rejected"]))
    assert [change.id for change in rejected.changes] == [first.id]
    assert lab.desk.list("other", ListChanges(project="other", states=["applied"])).reason == "There is no such change."


def test_nothing_accepted_and_nothing_applied_are_said(lab: Lab) -> None:
    change = lab.propose(lab.whole("notes.txt", "1\n"))
    with pytest.raises(Conflict, match="no hunk of change"):
        lab.apply(change)
    with pytest.raises(Conflict, match="not applied"):
        lab.undo(change)
    with pytest.raises(UsageProblem, match="nothing is decided"):
        lab.desk.decide("", DecideHunks(change=change.id))


def test_a_merge_under_way_blocks_its_files_only(lab: Lab) -> None:
    git(lab.root, "init", "-q", "-b", "main")
    git(lab.root, "add", ".")
    git(lab.root, "commit", "-qm", "one")
    git(lab.root, "switch", "-qc", "side")
    write(lab.root, {"notes.txt": "one\nside\nthree\n"})
    git(lab.root, "commit", "-qam", "side")
    git(lab.root, "switch", "-q", "main")
    write(lab.root, {"notes.txt": "one\nmain\nthree\n"})
    git(lab.root, "commit", "-qam", "main")
    change = lab.propose(lab.edit("notes.txt", (0, 3, "ONE")))
    other = lab.propose(lab.whole("README.md", "# Shop\n"))
    with pytest.raises(Exception, match="merge"):
        git(lab.root, "merge", "side")
    before = snapshot(lab.root)
    with pytest.raises(Conflict, match="waits for its merge conflict"):
        lab.apply(change, everything=True)
    assert snapshot(lab.root) == before
    status = git(lab.root, "status", "--porcelain")
    lab.apply(other, everything=True)
    assert git(lab.root, "status", "--porcelain").splitlines() == [" M README.md", *status.splitlines()]
    assert (lab.root / ".git/MERGE_HEAD").exists()


@pytest.mark.requirement("C5")
def test_the_index_of_git_is_left_alone(lab: Lab) -> None:
    git(lab.root, "init", "-q", "-b", "main")
    git(lab.root, "add", ".")
    git(lab.root, "commit", "-qm", "one")
    write(lab.root, {"notes.txt": "one\nstaged\nthree\n"})
    git(lab.root, "add", "notes.txt")
    index = (lab.root / ".git/index").read_bytes()
    change = lab.propose(lab.whole("notes.txt", "one\nstaged\nTHREE\n"), ProposedFile(path="a.txt", content="a\n"))
    lab.apply(change, everything=True)
    lab.undo(change)
    assert (lab.root / ".git/index").read_bytes() == index
    assert git(lab.root, "stash", "list") == ""


def in_threads(work: Callable[[], str]) -> list[str]:
    """What four threads that do the same thing at once came to: what it gives, or the code of its error."""

    def run(_number: int) -> str:
        try:
            return work()
        except AuraError as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        return sorted(pool.map(run, range(4)))


def test_decisions_made_at_once_are_all_kept(counted: Lab) -> None:
    changes = [counted.propose(counted.whole("count.txt", TWO_PLACES)) for _ in range(4)]
    names = [(change, hunk.id) for change in changes for hunk in change.files[0].hunks]

    def decide_all() -> str:
        for change, name in names:
            counted.accept(change, name)
        return "decided"

    assert in_threads(decide_all) == ["decided"] * 4
    assert all(hunk.decision == "accepted" for change in changes for hunk in counted.show(change).files[0].hunks)


def test_a_change_that_is_applied_twice_at_once_is_written_once(counted: Lab) -> None:
    change = counted.propose(counted.whole("count.txt", TWO_PLACES))
    counted.accept(change)
    assert in_threads(lambda: counted.apply(change).change.state) == ["applied", "conflict", "conflict", "conflict"]
    assert counted.read("count.txt").decode() == TWO_PLACES


def test_a_project_that_is_gone_is_an_error_and_not_a_crash(lab: Lab, tmp_path: Path) -> None:
    change = lab.propose(lab.whole("notes.txt", "1\n"))
    lab.root.rename(tmp_path / "elsewhere")
    assert lab.show(change).files[0].standing == "conflict"
    with pytest.raises((FileMovedOn, StorageError)):
        lab.desk.apply("", ApplyChange(change=change.id, accept_open=True))


def test_the_encoding_line_ends_and_mark_of_a_file_stay(lab: Lab) -> None:
    files: dict[str, bytes] = {
        "windows.txt": b"one\r\ntwo\r\nthree\r\n",
        "mixed.txt": b"one\r\ntwo\nthree\r\nfour\r\n",
        "mac.txt": b"one\rtwo\rthree\r",
        "mark.txt": b"\xef\xbb\xbfone\ntwo\nthree",
        "wide.txt": "one\r\ntwo\r\nthree\r\n".encode("utf-16"),
        "latin.txt": "one\ntwo\ndreißig\n".encode("latin-1"),
    }
    write(lab.root, files)
    wholes = [lab.whole(path, "one\n2\nthree\n" if path != "latin.txt" else "one\n2\ndreißig\n") for path in files]
    wholes[1] = lab.whole("mixed.txt", "one\n2\nthree\nfour\nfive\n")
    change = lab.propose(*wholes)
    lab.apply(change, everything=True)
    assert {path: lab.read(path) for path in files} == {
        "windows.txt": b"one\r\n2\r\nthree\r\n",
        "mixed.txt": b"one\r\n2\r\nthree\r\nfour\r\nfive\r\n",
        "mac.txt": b"one\r2\rthree\r",
        "mark.txt": b"\xef\xbb\xbfone\n2\nthree",
        "wide.txt": b"\xff\xfe" + "one\r\n2\r\nthree\r\n".encode("utf-16-le"),
        "latin.txt": "one\n2\ndreißig\n".encode("latin-1"),
    }
    lab.undo(change)
    assert {path: lab.read(path) for path in files} == files


def test_a_merge_follows_line_ends_that_were_changed_since(counted: Lab) -> None:
    change = counted.propose(counted.whole("count.txt", TWO_PLACES))
    write(counted.root, {"count.txt": counted.read("count.txt").replace(b"\n", b"\r\n")})
    counted.apply(change, everything=True, merge=True)
    assert counted.read("count.txt").decode() == TWO_PLACES.replace("\n", "\r\n")


def test_edits_are_offsets_in_the_text_as_utf8(lab: Lab) -> None:
    write(lab.root, {"wide.txt": "über\r\nzwei\r\n".encode("utf-16")})
    change = lab.propose(lab.edit("wide.txt", (0, 5, "unter\nallem")))
    lab.apply(change, everything=True)
    assert lab.read("wide.txt").decode("utf-16") == "unter\r\nallem\r\nzwei\r\n"


def test_links_that_appear_after_the_proposal_are_not_followed(lab: Lab, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    write(outside, {"cart.py": lab.read("src/cart.py"), "notes.txt": "one\ntwo\nthree\n"})
    text = lab.read("src/cart.py").decode()
    change = lab.propose(lab.whole("src/cart.py", text.replace("Cart", "Basket")), lab.whole("notes.txt", "1\n"))
    (lab.root / "src").rename(lab.root / "old")
    (lab.root / "src").symlink_to(outside, target_is_directory=True)
    (lab.root / "notes.txt").unlink()
    (lab.root / "notes.txt").symlink_to(outside / "notes.txt")
    before = snapshot(outside)
    with pytest.raises(FileMovedOn, match="2 of 2") as refused:
        lab.apply(change, everything=True, merge=True)
    assert "src/cart.py lies behind the link 'src'" in refused.value.message
    assert "notes.txt is a link" in refused.value.message
    assert snapshot(outside) == before
    assert (lab.root / "notes.txt").readlink() == outside / "notes.txt"


def test_an_edit_that_only_mends_the_last_line_end_is_kept(lab: Lab) -> None:
    write(lab.root, {"end.txt": "one\ntwo"})
    change = lab.propose(
        ProposedFile(path="end.txt", base=lab.base("end.txt"), edits=[TextEdit(start=7, end=7, text="\n")])
    )
    lab.apply(change, everything=True)
    assert lab.read("end.txt") == b"one\ntwo\n"


def test_a_folder_that_became_a_file_means_that_its_files_are_gone(lab: Lab, tmp_path: Path) -> None:
    change = lab.propose(lab.edit("src/cart.py", (0, 0, "# Carts\n")))
    (lab.root / "src").rename(tmp_path / "src")
    write(lab.root, {"src": "a file\n"})
    assert lab.show(change).files[0].standing == "gone"
    with pytest.raises(FileMovedOn, match=r"src/cart\.py is gone"):
        lab.apply(change, everything=True)
    assert lab.read("src") == b"a file\n"


@pytest.mark.parametrize(
    ("now", "problem"),
    [
        (b"\0\1\2", "it is not text that can be merged"),
        ("größe\ntwo\nthree\n".encode("latin-1"), "its encoding, now latin-1, lacks a character of the change"),
    ],
    ids=["binary", "other-encoding"],
)
def test_files_that_cannot_be_merged_say_why(lab: Lab, now: bytes, problem: str) -> None:
    change = lab.propose(lab.whole("notes.txt", "one\ntwo\n3 €\n"))
    write(lab.root, {"notes.txt": now})
    assert lab.show(change).files[0].problem == f"notes.txt changed since, and {problem}"
    with pytest.raises(FileMovedOn, match="changed since"):
        lab.apply(change, everything=True, merge=True)
    assert lab.read("notes.txt") == now


def test_marks_of_a_conflict_that_came_since_are_refused(lab: Lab) -> None:
    change = lab.propose(lab.edit("notes.txt", (0, 3, "ONE")))
    write(lab.root, {"notes.txt": "one\ntwo\n<<<<<<< ours\n3\n=======\ndrei\n>>>>>>> theirs\n"})
    with pytest.raises(FileMovedOn, match="the marks of an unresolved conflict"):
        lab.apply(change, everything=True, merge=True)


def test_hunks_are_commented_without_deciding_and_named_without_doubt(counted: Lab) -> None:
    lines = [f"line {number}" for number in range(200)]
    write(counted.root, {"count.txt": "\n".join([*lines, ""])})
    changed = [line.upper() if number % 4 == 0 else line for number, line in enumerate(lines)]
    change = counted.propose(counted.whole("count.txt", "\n".join([*changed, ""])))
    hunks = change.files[0].hunks
    commented = counted.desk.decide("", DecideHunks(change=change.id, hunks=[hunks[3].id], comment="Really?")).change
    assert [hunk.comment for hunk in commented.files[0].hunks if hunk.comment] == ["Really?"]
    assert all(hunk.decision == "open" for hunk in commented.files[0].hunks)
    starts = [hunk.id[0] for hunk in hunks]
    twice = next(start for start in starts if starts.count(start) > 1)
    with pytest.raises(UsageProblem, match=f"hunks start with '{twice}'"):
        counted.accept(change, twice)
    with pytest.raises(NotFound, match=r"no hunk or file 'other\.txt'"):
        counted.accept(change, "other.txt")
    with pytest.raises(NotFound, match=r"no file 'other\.txt'"):
        counted.desk.edit("", EditProposal(change=change.id, path="other.txt", content="x\n"))
