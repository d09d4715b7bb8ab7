"""Which proposals are refused, and with what words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aura_factory.changes.content import line_end_for
from aura_factory.changes.desk import ChangeDesk
from aura_factory.changes.places import digest_of
from aura_shared.errors import (
    AuraError,
    Conflict,
    EditRefused,
    FileMovedOn,
    NotAllowed,
    TooLarge,
    UnknownFile,
    UnsafePath,
    UsageProblem,
)
from aura_shared.messages.changes import CheckResult, ProposeChange, ProposedFile, TextEdit
from aura_shared.settings import ChangesSettings
from changes_lab import PROJECT, Lab, git, snapshot, write


def new(path: str, content: str = "x = 1\n") -> ProposedFile:
    return ProposedFile(path=path, content=content)


@pytest.mark.requirement("C5", "P9")
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/etc/passwd", "must be relative"),
        ("../outside.py", "must not contain '..'"),
        ("src/../../outside.py", "must not contain '..'"),
        ("~/x.py", "must be relative"),
        ("C:/x.py", "must be relative"),
        ("", "must not be empty"),
        ("a\0b", "must not be empty or contain NUL"),
        ("./a.py", "written plainly"),
        ("src//a.py", "written plainly"),
        ("src/", "written plainly"),
        ("a\nb.py", "control characters"),
        ("a\u202eb.py", "control characters"),
        ("src\\a.py", "backslashes"),
        ("src", "is a folder"),
        ("notes.txt/a.py", "lies below notes.txt, which is no folder"),
        ("link/a.py", "leads outside"),
        ("inner/a.py", "behind one: inner"),
        ("link.txt", "is a link"),
        ("pipe", "not a regular file"),
    ],
)
def test_paths_that_lead_elsewhere_are_refused(lab: Lab, tmp_path: Path, path: str, words: str) -> None:
    (lab.root / "link").symlink_to(tmp_path, target_is_directory=True)
    (lab.root / "inner").symlink_to(lab.root / "src", target_is_directory=True)
    (lab.root / "link.txt").symlink_to(lab.root / "notes.txt")
    os.mkfifo(lab.root / "pipe")
    with pytest.raises(UnsafePath) as refused:
        lab.propose(new(path))
    assert words in refused.value.message


@pytest.mark.requirement("P9")
@pytest.mark.parametrize(
    "path",
    [
        ".git/config", "sub/.git/hooks/post-commit", ".GIT/config", ".env", ".env.local", "deploy/.envrc", "id_rsa",
        "keys/id_ed25519.bak", "tls/server.pem", "tls/server.KEY", ".aura/secrets.json", ".ssh/config", ".npmrc",
        "secret/plan.md", "generated/api.py",
    ],
)  # fmt: skip
def test_protected_files_are_refused(lab: Lab, path: str, tmp_path: Path) -> None:
    settings = ChangesSettings(protected=("secret/", "/generated/*.py"))
    with ChangeDesk(tmp_path / "other", settings) as desk, pytest.raises(NotAllowed, match="is protected"):
        Lab(lab.root, desk).propose(new(path))


def test_protection_that_was_set_later_counts_when_applying(lab: Lab, tmp_path: Path) -> None:
    change = lab.propose(lab.whole("notes.txt", "1\n"))
    lab.desk.close()
    with ChangeDesk(tmp_path / "changes", ChangesSettings(protected=("*.txt",))) as desk:
        lab.desk = desk
        with pytest.raises(NotAllowed, match=r"changes\.protected"):
            lab.apply(change, everything=True)
    assert lab.read("notes.txt") == b"one\ntwo\nthree\n"


def test_files_with_private_keys_are_refused_whatever_their_name(lab: Lab) -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n"
    write(lab.root, {"deploy.txt": key})
    with pytest.raises(NotAllowed, match="private key"):
        lab.propose(lab.edit("deploy.txt", (0, 0, "x")))
    with pytest.raises(NotAllowed, match="private key"):
        lab.propose(new("other.txt", key))


@pytest.mark.parametrize("kind", ["repository", "plain-folder", "git-is-missing"])
def test_ignored_files_are_refused(lab: Lab, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write(lab.root, {".gitignore": "*.log\nbuild/\n", "src/.gitignore": "!keep.log\nlocal.py\n", "src/local.py": "x\n"})
    if kind != "plain-folder":
        git(lab.root, "init", "-q")
    if kind == "git-is-missing":
        monkeypatch.setenv("PATH", str(lab.root))
    for path in ("a.log", "build/deep/a.py", "src/local.py"):
        proposal = lab.whole(path, "y\n") if (lab.root / path).exists() else new(path)
        with pytest.raises(NotAllowed, match=f"git ignores {path}"):
            lab.propose(lab.whole("notes.txt", "1\n"), proposal)
    lab.propose(new("src/keep.log"))


def test_a_tracked_file_is_not_ignored_whatever_the_patterns_say(lab: Lab) -> None:
    git(lab.root, "init", "-q")
    git(lab.root, "add", ".")
    write(lab.root, {".gitignore": "*.txt\n"})
    lab.propose(lab.whole("notes.txt", "1\n"))
    with pytest.raises(NotAllowed, match="git ignores"):
        lab.propose(new("other.txt"))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([new("a.py"), new("a.py", "y = 1\n")], "a.py is named twice"),
        ([new("a.py"), new("A.py")], "differ only by case"),
        ([new("a"), new("a/b.py")], "a/b.py would lie below the file a"),
        ([ProposedFile(path="a.py")], "without `base`"),
        ([ProposedFile(path="a.py", edits=[TextEdit(start=0, end=0, text="x")])], "without `base`"),
        ([ProposedFile(path="a.py", base="00", content="x", edits=[])], "not both"),
        ([ProposedFile(path="a.py", base="00", moved_from="a.py")], "cannot be moved to where it is"),
    ],
)
def test_entries_that_make_no_sense_are_refused(lab: Lab, files: list[ProposedFile], words: str) -> None:
    with pytest.raises(UsageProblem) as refused:
        lab.propose(*files)
    assert words in refused.value.message


def test_a_move_and_a_change_of_its_source_are_two_entries_for_one_file(lab: Lab) -> None:
    with pytest.raises(UsageProblem, match=r"notes\.txt is named twice"):
        lab.propose(lab.whole("notes.txt", "1\n"), lab.move("notes.txt", "other.txt"))


def test_what_is_there_and_what_is_not_is_told(lab: Lab) -> None:
    with pytest.raises(Conflict, match=r"there is a file notes\.txt already"):
        lab.propose(new("notes.txt"))
    with pytest.raises(Conflict, match=r"there is a file README\.md already"):
        lab.propose(lab.move("notes.txt", "README.md"))
    with pytest.raises(Conflict, match=r"differs only by case from notes\.txt"):
        lab.propose(new("Notes.txt"))
    with pytest.raises(Conflict, match=r"SRC/a\.py differs only by case from src"):
        lab.propose(new("SRC/a.py"))
    with pytest.raises(UnknownFile, match=r"no file gone\.txt"):
        lab.propose(ProposedFile(path="gone.txt", base="00", content="x\n"))
    with pytest.raises(UsageProblem, match="differ only by case"):
        lab.propose(lab.move("notes.txt", "Notes.txt"))


def test_a_change_that_changes_nothing_is_refused(lab: Lab) -> None:
    for same in (
        lab.whole("notes.txt", "one\ntwo\nthree\n"),
        lab.edit("notes.txt", (0, 3, "one")),
        lab.edit("notes.txt"),
    ):
        with pytest.raises(UsageProblem, match="changes nothing"):
            lab.propose(same)


def test_binary_large_and_undecodable_files_are_refused(lab: Lab) -> None:
    write(lab.root, {"a.bin": b"\0\1\2", "big.txt": b"line\n" * 4_000_001, "odd.txt": b"\xff\xfea"})
    with pytest.raises(EditRefused, match="it is binary"):
        lab.propose(lab.whole("a.bin", "x\n"))
    with pytest.raises(EditRefused, match="it is binary"):
        lab.propose(lab.delete("a.bin"))
    with pytest.raises(TooLarge, match="over 20 MB"):
        lab.propose(lab.whole("big.txt", "x\n"))
    with pytest.raises(EditRefused, match="written back exactly"):
        lab.propose(lab.whole("odd.txt", "x\n"))
    with pytest.raises(EditRefused, match="not text"):
        lab.propose(new("b.bin", "a\0b"))
    with pytest.raises(TooLarge, match="over 20 MB"):
        lab.propose(new("c.txt", "line\n" * 4_000_001))


def test_characters_that_a_file_cannot_hold_are_named(lab: Lab) -> None:
    write(lab.root, {"latin.txt": "größe\n".encode("latin-1"), "utf8.txt": "größe\n"})
    with pytest.raises(EditRefused, match=r"written in latin-1, which lacks '\\u20ac'"):
        lab.propose(lab.whole("latin.txt", "größe €\n"))
    with pytest.raises(EditRefused, match="cuts a character in two"):
        lab.propose(lab.edit("utf8.txt", (3, 4, "")))
    with pytest.raises(EditRefused, match="half a character"):
        lab.propose(new("a.txt", "a\ud800b"))


@pytest.mark.parametrize(
    "edits", [[(0, 2, "x"), (1, 3, "y")], [(0, 99, "x")], [(3, 1, "x")]], ids=["overlap", "beyond", "backwards"]
)
def test_edits_that_do_not_fit_are_refused(lab: Lab, edits: list[tuple[int, int, str]]) -> None:
    with pytest.raises(UsageProblem, match="overlap or lie outside"):
        lab.propose(lab.edit("notes.txt", *edits))


@pytest.mark.requirement("C5")
def test_a_file_that_parsed_must_parse_afterwards(lab: Lab) -> None:
    text = lab.read("src/cart.py").decode()
    with pytest.raises(EditRefused, match=r"src/cart\.py would not parse any more: line 5"):
        lab.propose(lab.whole("src/cart.py", text.replace("def add(self, item):", "def add(self, item:")))
    write(lab.root, {"src/broken.py": "def a(:\n    pass\nx = 1\n"})
    change = lab.propose(lab.whole("src/broken.py", "def a(:\n    pass\nx = 2\n"))
    assert [(check.name, check.outcome) for check in change.checks] == [("parse", "failed")]
    with pytest.raises(EditRefused, match="syntax errors instead of"):
        lab.propose(lab.whole("src/broken.py", "def a(:\n    pass\nx = = 2\ny = )\n"))


def test_checks_of_the_caller_are_kept_and_parsing_is_checked_here(lab: Lab) -> None:
    given = [CheckResult(name="ruff", outcome="passed"), CheckResult(name="parse", outcome="passed", detail="a lie")]
    request = ProposeChange(project=PROJECT, title="x", files=[new("bad.py", "def (\n"), new("ok.txt")], checks=given)
    change = lab.desk.propose(lab.root, PROJECT, request).change
    assert [(check.name, check.outcome) for check in change.checks] == [("ruff", "passed"), ("parse", "failed")]
    assert "bad.py" in change.checks[1].detail
    assert lab.propose(lab.whole("notes.txt", "1\n")).checks[0].outcome == "skipped"
    assert lab.propose(new("good.py")).checks[0].detail == "1 of 1 files parse"


def test_a_proposal_from_an_unknown_version_is_refused(lab: Lab) -> None:
    with pytest.raises(FileMovedOn, match="expected SHA-256 000000000000, found"):
        lab.propose(ProposedFile(path="notes.txt", base="0" * 64, content="x\n"))
    base = lab.base("notes.txt")
    write(lab.root, {"notes.txt": "other\n"})
    with pytest.raises(FileMovedOn):
        lab.propose(ProposedFile(path="notes.txt", base=base))


def test_a_proposal_from_a_version_that_is_known_is_merged(lab: Lab) -> None:
    text = "one\ntwo\nthree\nfour\nfive\n"
    write(lab.root, {"notes.txt": text})
    base = digest_of(text.encode())
    lab.propose(lab.whole("notes.txt", text.replace("one", "1")))
    write(lab.root, {"notes.txt": text.replace("five", "fünf")})
    answer = lab.propose_whole(ProposedFile(path="notes.txt", base=base, content=text.replace("one", "eins")))
    assert answer.notice == "Merged with what changed since the proposal was made: notes.txt."
    lab.apply(answer.change, everything=True)
    assert lab.read("notes.txt").decode() == text.replace("one", "eins").replace("five", "fünf")
    with pytest.raises(FileMovedOn, match=r"in the same places in line 1"):
        lab.propose(ProposedFile(path="notes.txt", base=base, content=text.replace("one", "un")))
    with pytest.raises(UsageProblem, match="is there already"):
        lab.propose(ProposedFile(path="notes.txt", base=base, content=text.replace("one", "eins")))


def test_a_refused_proposal_leaves_nothing_in_the_store(lab: Lab) -> None:
    before = snapshot(lab.root)
    with pytest.raises(AuraError):
        lab.propose(lab.whole("notes.txt", "1\n"), lab.whole("src/cart.py", "def (\n"))
    assert snapshot(lab.root) == before
    lab.desk.close()
    with ChangeDesk(lab.root.parent / "changes", ChangesSettings()) as desk:
        lab.desk = desk
        assert lab.propose(lab.whole("notes.txt", "1\n")).state == "proposed"


@pytest.mark.parametrize(
    ("files", "path", "expected"),
    [
        ({}, "a.txt", "\n"),
        ({".gitattributes": "*.bat text eol=crlf\n"}, "run.bat", "\r\n"),
        (
            {".editorconfig": "root = true\n[*]\nend_of_line = lf\n[*.{cmd,bat}]\nend_of_line = crlf\n"},
            "run.bat",
            "\r\n",
        ),
        ({".editorconfig": "[*.bat]\nend_of_line = crlf\n"}, "run.txt", "\n"),
        (
            {".editorconfig": "[*]\nend_of_line = lf\n", "in/.editorconfig": "[*]\nend_of_line = crlf\n"},
            "in/a.c",
            "\r\n",
        ),
        ({".editorconfig": "[in/**.c]\nend_of_line = crlf\n"}, "in/a.c", "\r\n"),
        ({"in/a.cs": b"a\r\nb\r\n", "in/b.cs": b"a\r\n", "in/c.cs": b"a\n"}, "in/new.cs", "\r\n"),
        ({"in/a.cs": b"a\r\n"}, "in/new.txt", "\n"),
    ],
    ids=["default", "attributes", "editorconfig", "other-section", "inner-folder", "by-path", "siblings", "other-kind"],
)
def test_new_files_have_the_line_ends_of_the_project(
    lab: Lab, files: dict[str, str | bytes], path: str, expected: str
) -> None:
    git(lab.root, "init", "-q")
    write(lab.root, files)
    assert line_end_for(lab.root, path) == expected
    lab.apply(lab.propose(new(path, "one\ntwo\n")), everything=True)
    assert lab.read(path).decode() == f"one{expected}two{expected}"
