"""What a commit would hold, read from real repositories: unborn, renamed, binary, linked, cut, with odd names."""

from __future__ import annotations

import pytest

from aura_git.commits.changes import read_blob, read_commit, read_staged
from aura_git.commits.contract import ChangedPath
from aura_git.commits.patches import read_patch
from git_lab import GitLab, make_lab

pytestmark = pytest.mark.requirement("G1")


def test_before_the_first_commit_everything_staged_is_new(lab: GitLab) -> None:
    lab.write({"a.py": "x = 1\n"})
    lab.git("add", "a.py")
    found = read_staged(lab.repository())
    assert found.paths == (ChangedPath("a.py", "A", added=1, mode="100644"),)
    assert found.tree == lab.git("write-tree").strip()
    assert "+x = 1" in found.diff


def test_nothing_is_written_to_find_the_tree(lab: GitLab) -> None:
    lab.commit("feat: a", {"a/b.py": "x = 1\n"})
    lab.write({"a/b.py": "x = 2\n", "c.py": "y = 1\n"})
    lab.git("add", "--all")
    objects = {path for path in (lab.root / ".git/objects").rglob("*") if path.is_file()}
    index = (lab.root / ".git/index").read_bytes()
    found = read_staged(lab.repository())
    assert {path for path in (lab.root / ".git/objects").rglob("*") if path.is_file()} == objects
    assert (lab.root / ".git/index").read_bytes() == index
    assert found.tree == lab.git("write-tree").strip()


def test_every_kind_of_change_is_told(lab: GitLab) -> None:
    body = "".join(f"line {number}\n" for number in range(20))
    lab.commit("feat: a", {"old.txt": body, "gone.txt": "x\n", "edit.txt": "1\n2\n", "tool.sh": "#!/bin/sh\n"})
    lab.git("mv", "old.txt", "new name.txt")
    lab.write({"gone.txt": None, "edit.txt": "1\n3\n4\n", "picture.png": b"\x89PNG\0\0"})
    (lab.root / "link").symlink_to("edit.txt")
    (lab.root / "tool.sh").chmod(0o755)
    lab.git("add", "--all")
    found = {one.path: one for one in read_staged(lab.repository()).paths}
    assert found == {
        "new name.txt": ChangedPath("new name.txt", "R", "old.txt", mode="100644"),
        "gone.txt": ChangedPath("gone.txt", "D", removed=1, mode="000000"),
        "edit.txt": ChangedPath("edit.txt", "M", added=2, removed=1, mode="100644"),
        "picture.png": ChangedPath("picture.png", "A", binary=True, mode="100644"),
        "link": ChangedPath("link", "A", added=1, mode="120000"),
        "tool.sh": ChangedPath("tool.sh", "M", mode="100755"),
    }


def test_a_sub_module_is_a_path_with_its_mode(lab: GitLab) -> None:
    inner = make_lab(lab.root.parent / "inner")
    first = inner.commit("feat: a", {"a": "1\n"})
    lab.commit("feat: a", {"b": "1\n"})
    lab.git("update-index", "--add", "--cacheinfo", f"160000,{first},lib")
    [one] = read_staged(lab.repository()).paths
    assert (one.path, one.status, one.mode) == ("lib", "A", "160000")


@pytest.mark.parametrize("name", ['quo"te.py', "t\tab.py", "ä ö.py", "-option.py", "back\\slash.py", ":(top)x.py"])
def test_odd_names_are_the_same_in_list_and_diff(lab: GitLab, name: str) -> None:
    lab.commit("feat: a", {"plain.py": "x = 1\n"})
    lab.write({name: "x = 1\n"})
    lab.git("--literal-pathspecs", "add", "--", name)
    for paths in ((), (name,)):
        found = read_staged(lab.repository(), paths=paths)
        assert [one.path for one in found.paths] == [name]
        assert [one.path for one in read_patch(found.diff)] == [name]


def test_a_name_that_is_no_text_keeps_its_bytes(lab: GitLab) -> None:
    name = b"caf\xe9.txt".decode(errors="surrogateescape")
    lab.write({name: "x\n"})
    lab.git("add", "--all")
    [one] = read_staged(lab.repository()).paths
    assert one.path == name


def test_only_the_paths_that_were_asked_for(lab: GitLab) -> None:
    lab.commit("feat: a", {"a.py": "1\n", "b.py": "1\n"})
    lab.write({"a.py": "2\n", "b.py": "2\n"})
    lab.git("add", "--all")
    found = read_staged(lab.repository(), paths=["b.py"])
    assert [one.path for one in found.paths] == ["b.py"]
    assert "a.py" not in found.diff


def test_with_conflicts_there_is_no_tree(lab: GitLab) -> None:
    lab.commit("feat: a", {"a.py": "1\n"})
    lab.branch("side")
    lab.commit("feat: b", {"a.py": "2\n"})
    lab.switch("main")
    lab.commit("feat: c", {"a.py": "3\n"})
    lab.git("merge", "side", ok=1)
    assert read_staged(lab.repository()).tree == ""


def test_settings_of_the_user_do_not_change_the_diff(lab: GitLab) -> None:
    lab.commit("feat: a", {"a.py": "x = 1\n"})
    lab.write({"a.py": "x = 2\n"})
    lab.git("add", "--all")
    plain = read_staged(lab.repository())
    for key, value in (("diff.noprefix", "true"), ("diff.mnemonicPrefix", "true"), ("color.ui", "always"),
                       ("diff.external", "false"), ("diff.context", "0")):  # fmt: skip
        lab.git("config", key, value)
    assert read_staged(lab.repository()) == plain
    assert plain.diff.startswith("diff --git a/a.py b/a.py\n")


def test_a_commit_is_compared_with_its_first_parent(lab: GitLab) -> None:
    first = lab.commit("feat: a", {"a.py": "1\n"})
    lab.branch("side")
    lab.commit("feat: b", {"b.py": "1\n"})
    lab.switch("main")
    lab.commit("feat: c", {"c.py": "1\n"})
    lab.git("merge", "--no-ff", "-m", "merge", "side")
    assert [one.path for one in read_commit(lab.repository(), "HEAD").paths] == ["b.py"]
    start = read_commit(lab.repository(), first)
    assert [(one.path, one.status) for one in start.paths] == [("a.py", "A")]
    assert start.tree == lab.head(f"{first}^{{tree}}")


def test_long_changes_are_counted_and_cut_between_files(lab: GitLab) -> None:
    lab.write({"long.txt": "".join(f"{number}\n" for number in range(20_000)), "short.py": "x = 1\n"})
    lab.git("add", "--all")
    found = read_staged(lab.repository())
    assert found.cut
    assert [(one.path, one.added) for one in found.paths] == [("long.txt", 20_000), ("short.py", 1)]
    assert [one.path for one in read_patch(found.diff)] == ["short.py"]
    lab.git("rm", "--cached", "--quiet", "short.py")
    assert read_staged(lab.repository()).diff == ""


def test_texts_are_read_from_commits_and_the_index(lab: GitLab) -> None:
    lab.commit("feat: a", {"a.py": "x = 1\n", "b.bin": b"a\0b"})
    lab.write({"a.py": "x = 2\n"})
    lab.git("add", "a.py")
    repository = lab.repository()
    assert read_blob(repository, "HEAD", "a.py") == "x = 1\n"
    assert read_blob(repository, "", "a.py") == "x = 2\n"
    assert read_blob(repository, "HEAD", "b.bin") is None
    assert read_blob(repository, "HEAD", "none.py") is None
    assert read_blob(repository, "HEAD", "a.py", most_bytes=3) is None


def test_who_commits_is_told(lab: GitLab) -> None:
    first = lab.commit("feat: a", {"a.py": "x = 1\n"})
    written = lab.git("log", "-1", "--format=%ae", first).strip().lower()
    assert read_commit(lab.repository(), first).author == written
    lab.git("config", "user.email", "Ann@Example.org")
    lab.write({"a.py": "x = 2\n"})
    lab.git("add", "a.py")
    assert read_staged(lab.repository()).author == "ann@example.org"
