"""A change is read from commits, the index, the work tree or a patch, and never runs anything of the repository."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from aura_code.reviewing.patches import apply_hunks, hunks_between, parse_patch, written
from aura_code.reviewing.reading import read_change
from aura_shared.errors import UnsafePath, UsageProblem
from reviewed import asked, commit, git, review
from structured import write

pytestmark = pytest.mark.requirement("C8")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    commit(
        root, {"a.py": "def one():\n    return 1\n", "b.py": "x = 1\n", "old name.txt": "a\nb\nc\nd\n"}, "feat: first"
    )
    return root


def test_a_range_has_both_sides_and_its_messages(shop: Path) -> None:
    base = git(shop, "rev-parse", "HEAD").strip()
    git(shop, "mv", "old name.txt", "new näme.txt")
    head = commit(shop, {"a.py": "def one():\n    return 2\n"}, "fix: two")
    change = read_change(shop, asked("range", revision=f"{base}..{head}"))
    assert (change.base, change.head, change.title, change.commits) == (base, head, "fix: two", ["fix: two"])
    assert {(file.path, file.kind, file.old_path) for file in change.files} == {
        ("a.py", "modified", ""),
        ("new näme.txt", "renamed", "old name.txt"),
    }
    file = change.by_path["a.py"]
    assert (file.new_lines, file.old_lines, file.symbols) == ({2}, {2}, ["one"])
    assert (file.old.text, file.new.text) == (b"def one():\n    return 1\n", b"def one():\n    return 2\n")


def test_a_branch_alone_means_what_the_current_one_adds_to_it(shop: Path) -> None:
    git(shop, "switch", "-qc", "topic")
    commit(shop, {"c.py": "y = 2\n"})
    git(shop, "switch", "-q", "main")
    commit(shop, {"d.py": "z = 3\n"})
    git(shop, "switch", "-q", "topic")
    for revision in ("main", "main...topic"):
        assert [file.path for file in read_change(shop, asked("range", revision=revision)).files] == ["c.py"]
    both = read_change(shop, asked("range", revision="main..topic")).files
    assert {(file.path, file.kind) for file in both} == {("c.py", "added"), ("d.py", "deleted")}


def test_index_and_work_tree_differ(shop: Path) -> None:
    write(shop, {"a.py": "def one():\n    return 3\n"})
    git(shop, "add", "a.py")
    write(shop, {"b.py": "x = 2\n", "new.py": "n = 1\n", ".gitignore": "hidden.py\n", "hidden.py": "h = 1\n"})
    assert [file.path for file in read_change(shop, asked("staged")).files] == ["a.py"]
    found = read_change(shop, asked("work-tree"))
    assert {file.path for file in found.files} == {"a.py", "b.py", "new.py", ".gitignore"}
    assert (found.head, found.by_path["new.py"].kind, found.by_path["new.py"].added) == ("work tree", "added", 1)
    assert [file.path for file in read_change(shop, asked(paths=["b.*"])).files] == ["b.py"]


@pytest.mark.parametrize("what", ["staged", "work-tree"])
def test_before_the_first_commit_everything_is_new(tmp_path: Path, what: str) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path, {"a.py": "x = 1\n"})
    git(tmp_path, "add", "a.py")
    change = read_change(tmp_path, asked(what))
    assert (change.base, [(file.path, file.kind) for file in change.files]) == ("", [("a.py", "added")])
    with pytest.raises(UsageProblem, match="no commit yet"):
        read_change(tmp_path, asked("range", revision="main"))


@pytest.mark.parametrize("revision", ["--output=x", "HEAD..--exec=x", "nothing..HEAD", "HEAD..no\nway", ""])
def test_a_revision_is_a_revision_and_nothing_else(shop: Path, revision: str) -> None:
    with pytest.raises(UsageProblem):
        read_change(shop, asked("range", revision=revision))
    assert not (shop / "x").exists()


def test_a_folder_without_a_repository_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="not in a git repository"):
        read_change(tmp_path, asked())


def test_a_shallow_clone_says_why_the_common_commit_is_missing(shop: Path, tmp_path: Path) -> None:
    git(shop, "switch", "-qc", "topic")
    commit(shop, {"c.py": "y = 2\n"})
    git(shop, "switch", "-q", "main")
    commit(shop, {"d.py": "z = 3\n"})
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", f"file://{shop}", "clone")
    with pytest.raises(UsageProblem, match="only the newest commits"):
        read_change(tmp_path / "clone", asked("range", revision="origin/main...origin/topic"))


def test_a_conflict_is_named(shop: Path) -> None:
    git(shop, "switch", "-qc", "topic")
    commit(shop, {"b.py": "x = 2\n"})
    git(shop, "switch", "-q", "main")
    commit(shop, {"b.py": "x = 3\n"})
    with pytest.raises(subprocess.CalledProcessError):
        git(shop, "merge", "topic")
    found = review(shop, asked())
    assert found.risk is not None
    assert "1 file with conflicts that are not resolved" in found.risk.factors
    assert found.questions[:2] == [
        "A merge is in progress: is the change complete?",
        "b.py has a conflict that is not resolved: is the change complete?",
    ]


def test_nothing_of_the_repository_is_run(shop: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    script = f"sh -c 'touch {mark}'"
    for key in ("core.fsmonitor", "diff.external", "filter.evil.clean", "filter.evil.smudge", "diff.evil.textconv"):
        git(shop, "config", key, script)
    git(shop, "config", "core.hooksPath", str(tmp_path))
    write(shop, {".gitattributes": "*.py filter=evil diff=evil\n", "a.py": "def one():\n    return 9\n"})
    assert {file.path for file in read_change(shop, asked()).files} == {".gitattributes", "a.py"}
    assert not mark.exists()


def test_links_binaries_and_pointers_are_named_and_not_read(shop: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden\n")
    (shop / "link").symlink_to(secret)
    (shop / "image.bin").write_bytes(b"\0\1\2" * 100)
    write(shop, {"big.dat": "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"})
    found = {file.path: file for file in read_change(shop, asked()).files}
    assert (found["link"].note, found["link"].new.text) == ("a symbolic link", None)
    assert found["image.bin"].kind == "binary"
    assert found["big.dat"].note.startswith("a pointer of Git LFS")


def test_a_submodule_is_named(shop: Path, tmp_path: Path) -> None:
    commit(tmp_path / "inner", {"i.py": "i = 1\n"})
    git(shop, "submodule", "--quiet", "add", f"file://{tmp_path / 'inner'}", "inner")
    found = {file.path: file.note for file in read_change(shop, asked("staged")).files}
    assert found == {".gitmodules": "", "inner": "a submodule"}


PATCH = """\
diff --git a/a.py b/a.py
--- a/a.py
+++ b/a.py
@@ -1,2 +1,2 @@
 def one():
-    return 1
+    return 4
diff --git a/b.py b/c.py
similarity index 100%
rename from b.py
rename to c.py
diff --git a/gone.py b/gone.py
deleted file mode 100644
--- a/gone.py
+++ /dev/null
@@ -1 +0,0 @@
-g = 1
\\ No newline at end of file
diff --git "a/n\\303\\244u.py" "b/n\\303\\244u.py"
new file mode 100755
--- /dev/null
+++ "b/n\\303\\244u.py"
@@ -0,0 +1 @@
+n = 1
"""


def test_a_patch_is_applied_in_memory(shop: Path) -> None:
    (shop / "gone.py").write_text("g = 1")
    before = {path: path.read_bytes() for path in shop.glob("*.py")}
    change = read_change(shop, asked("patch", patch=PATCH))
    assert {(file.path, file.kind) for file in change.files} == {
        ("a.py", "modified"),
        ("c.py", "renamed"),
        ("gone.py", "deleted"),
        ("näu.py", "added"),
    }
    assert change.by_path["a.py"].new.text == b"def one():\n    return 4\n"
    assert change.by_path["näu.py"].new_mode == "100755"
    assert {path: path.read_bytes() for path in shop.glob("*.py")} == before


def test_two_patches_of_one_file_count_together(shop: Path) -> None:
    first = "--- a.py\n+++ a.py\n@@ -1,2 +1,2 @@\n def one():\n-    return 1\n+    return 5\n"
    second = first.replace("return 5", "return 6").replace("return 1", "return 5")
    change = read_change(shop, asked("patch", patch=first + second))
    assert [(file.path, file.new.text, file.added) for file in change.files] == [
        ("a.py", b"def one():\n    return 6\n", 1)
    ]


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        (
            "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n def two():\n-    return 1\n+    return 4\n",
            r"a\.py: hunk 1 expects",
        ),
        ("--- a/none.py\n+++ b/none.py\n@@ -1 +1 @@\n-a\n+b\n", "no such text file"),
        (
            "diff --git a/a.py b/a.py\nnew file mode 100644\n--- /dev/null\n+++ b/a.py\n@@ -0,0 +1 @@\n+a\n",
            "there already",
        ),
        ("--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n def one():\n", "cut or malformed in hunk 1"),
        ("nothing here", "a unified diff"),
        ("  ", "empty"),
    ],
)
def test_a_patch_that_does_not_fit_says_where(shop: Path, patch: str, said: str) -> None:
    with pytest.raises(UsageProblem, match=said):
        read_change(shop, asked("patch", patch=patch))


@pytest.mark.parametrize("path", ["../out.py", ".git/config"])
def test_a_patch_stays_in_the_project(shop: Path, path: str) -> None:
    patch = f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+a\n"
    with pytest.raises(UnsafePath):
        read_change(shop, asked("patch", patch=patch))


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_patch_fits_whatever_ends_the_lines(shop: Path, ending: str) -> None:
    (shop / "a.py").write_bytes(f"def one():{ending}    return 1{ending}".encode())
    patch = "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n def one():\n-    return 1\n+    return 7\n"
    for sent in (patch, patch.replace("\n", "\r\n")):
        change = read_change(shop, asked("patch", patch=sent))
        assert change.files[0].new.text == f"def one():{ending}    return 7{ending}".encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [("a\nb\nc\n", "a\nx\nc\n"), ("", "a\n"), ("a\n", ""), ("a", "a\n"), ("a\n" * 20, "b\n" + "a\n" * 20 + "c")],
)
def test_hunks_lead_from_one_text_to_the_other(old: str, new: str) -> None:
    hunks = hunks_between(old.encode(), new.encode())
    assert apply_hunks(old.encode(), hunks, "x")[0] == new.encode()
    again = parse_patch(written("x", hunks, created=False))
    assert apply_hunks(old.encode(), again[0].hunks, "x")[0] == new.encode()


@pytest.mark.skipif(shutil.which("diff") is None, reason="diff is not installed")
def test_what_diff_writes_is_read(shop: Path, tmp_path: Path) -> None:
    shutil.copytree(shop, tmp_path / "new", ignore=shutil.ignore_patterns(".git"))
    (tmp_path / "new/a.py").write_text("def one():\n    return 8\n")
    (tmp_path / "new/extra.py").write_text("e = 1\n")
    (tmp_path / "new/b.py").unlink()
    command = ["diff", "-urN", "-x", ".git", "shop", "new"]
    patch = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    change = read_change(shop, asked("patch", patch=patch))
    assert {(file.path, file.kind) for file in change.files} == {
        ("a.py", "modified"),
        ("b.py", "deleted"),
        ("extra.py", "added"),
    }
