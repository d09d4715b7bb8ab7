"""What `git merge-tree` says, parsed strictly; every form that git 2.39 has is made by real repositories."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aura_git.merging.sides import kind_of
from aura_git.merging.trees import MergedTrees, merge_trees, parse_merged, part
from aura_shared.errors import GateClosed, GitError, UnknownRef
from git_lab import GitLab, make_lab

BASE = "one\ntwo\nthree\nfour\nfive\nsix\n"
Files = dict[str, str | bytes | None]


@pytest.fixture
def merged(lab: GitLab) -> Callable[[Files, Files, Files], MergedTrees]:
    """Merges two changes of the same files."""

    def merge(base: Files, ours: Files, theirs: Files) -> MergedTrees:
        lab.commit("base", base)
        lab.branch("other")
        lab.commit("theirs", theirs)
        lab.switch("main")
        lab.commit("ours", ours)
        parting = part(lab.repository().git, "other")
        return merge_trees(lab.repository().git, parting.ours, parting.theirs)

    return merge


def kinds(merged: MergedTrees) -> dict[str, str]:
    return {path: kind_of(merged.versions(path), merged.words(path)) for path in merged.paths}


@pytest.mark.requirement("G3")
def test_a_clean_merge_is_a_tree_and_nothing_else(
    merged: Callable[[Files, Files, Files], MergedTrees], lab: GitLab
) -> None:
    found = merged({"a": BASE}, {"a": BASE.replace("one", "ONE")}, {"a": BASE.replace("six", "SIX")})
    assert found.clean
    assert (found.stages, found.paths) == ((), ())
    assert lab.git("show", f"{found.tree}:a") == BASE.replace("one", "ONE").replace("six", "SIX")


@pytest.mark.requirement("G3")
def test_text_that_both_changed_has_three_versions(
    merged: Callable[[Files, Files, Files], MergedTrees], lab: GitLab
) -> None:
    found = merged({"a b": BASE}, {"a b": BASE.replace("two", "ours")}, {"a b": BASE.replace("two", "theirs")})
    assert not found.clean
    assert kinds(found) == {"a b": "content"}
    texts = {number: lab.git("cat-file", "-p", one.blob) for number, one in found.versions("a b").items()}
    assert texts == {1: BASE, 2: BASE.replace("two", "ours"), 3: BASE.replace("two", "theirs")}
    assert [said.kind for said in found.words("a b")] == ["CONFLICT (contents)"]


@pytest.mark.requirement("G3")
@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ({"k": "k\n"}, {"n": "1\n"}, {"n": "2\n"}, {"n": "both-added"}),
        ({"d": BASE}, {"d": None}, {"d": BASE + "seven\n"}, {"d": "deleted"}),
        ({"d": BASE}, {"d": BASE + "seven\n"}, {"d": None}, {"d": "deleted"}),
        ({"b": b"\0\1"}, {"b": b"\0\2"}, {"b": b"\0\3"}, {"b": "binary"}),
        (
            {"r": BASE},
            {"r": None, "r1": BASE},
            {"r": None, "r2": BASE},
            {"r": "renamed", "r1": "renamed", "r2": "renamed"},
        ),
        ({"r": BASE}, {"r": None, "r1": BASE}, {"r": None, "k": "k\n"}, {"r1": "deleted"}),
        ({"k": "k\n"}, {"x": "file\n"}, {"x/y": "folder\n"}, {"x~": "directory"}),
        (
            {"old/a": BASE, "old/b": BASE + "b\n"},
            {"old/a": None, "old/b": None, "new/a": BASE, "new/b": BASE + "b\n"},
            {"old/c": "c\n"},
            {"new/c": "renamed"},
        ),
    ],
    ids=[
        "both-added",
        "deleted-here",
        "deleted-there",
        "binary",
        "two-names",
        "renamed-deleted",
        "folder",
        "moved-folder",
    ],
)
def test_every_kind_of_conflict_is_told_apart(
    merged: Callable[[Files, Files, Files], MergedTrees],
    base: Files,
    ours: Files,
    theirs: Files,
    expected: dict[str, str],
) -> None:
    found = kinds(merged(base, ours, theirs))
    named = {path if "~" not in path else "x~": kind for path, kind in found.items()}
    assert named == expected


@pytest.mark.requirement("G3")
def test_a_link_and_a_file_of_the_same_name_are_a_conflict_of_types(lab: GitLab) -> None:
    lab.commit("base", {"k": "k\n"})
    lab.branch("other")
    (lab.root / "n").symlink_to("k")
    lab.commit("theirs")
    lab.switch("main")
    lab.commit("ours", {"n": "text\n"})
    parting = part(lab.repository().git, "other")
    found = merge_trees(lab.repository().git, parting.ours, parting.theirs)
    assert not found.clean
    assert {"link"} <= set(kinds(found).values())


@pytest.mark.requirement("G3")
def test_a_sub_module_that_both_moved_is_told_with_its_message(lab: GitLab, git_settings: object) -> None:
    inner = make_lab(lab.root.parent / "inner")
    hashes = [inner.commit(name) for name in ("one", "two")]
    inner.git("checkout", "--quiet", "--detach", hashes[0])
    hashes.append(inner.commit("three"))
    lab.commit("base", {"k": "k\n"})
    lab.git("submodule", "add", "--quiet", str(inner.root), "sub")
    lab.git("-C", "sub", "fetch", "--quiet", "origin", *hashes)
    for branch, at in (("main", hashes[0]), ("other", hashes[1]), ("main", hashes[2])):
        if branch == "other":
            lab.branch("other")
        else:
            lab.switch("main")
        lab.git("-C", "sub", "checkout", "--quiet", at)
        lab.commit(f"sub at {at[:7]}")
    parting = part(lab.repository().git, "other")
    found = merge_trees(lab.repository().git, parting.ours, parting.theirs)
    assert kinds(found) == {"sub": "submodule"}
    assert any("submodule" in said.text for said in found.said)


@pytest.mark.requirement("G3")
def test_names_with_line_ends_and_odd_bytes_keep_them(
    merged: Callable[[Files, Files, Files], MergedTrees],
) -> None:
    name = "odd\nname\t\udcff"
    found = merged({name: BASE}, {name: BASE.replace("two", "a")}, {name: BASE.replace("two", "b")})
    assert found.paths == (name,)


@pytest.mark.requirement("G3")
def test_where_two_commits_part_is_found_in_one_call(lab: GitLab) -> None:
    base = lab.commit("base", {"a": BASE})
    lab.branch("other")
    theirs = lab.commit("theirs")
    lab.git("tag", "--annotate", "--file", "-", "v1", stdin="one\n")
    lab.switch("main")
    ours = lab.commit("ours")
    git = lab.repository().git
    for name in ("other", "refs/heads/other", theirs, theirs[:9], "v1"):
        found = part(git, name)
        assert (found.ours, found.theirs, found.bases) == (ours, theirs, (base,))
    for name in ("nowhere", "--all", "a..b", "-x", "", "^main"):
        with pytest.raises(UnknownRef):
            part(git, name)


@pytest.mark.requirement("G3")
def test_histories_without_a_common_commit_are_refused(lab: GitLab) -> None:
    ours = lab.commit("base", {"a": BASE})
    lab.git("checkout", "--quiet", "--orphan", "island")
    theirs = lab.commit("alone", {"b": BASE})
    with pytest.raises(GateClosed, match="no commit in common"):
        merge_trees(lab.repository().git, ours, theirs)


@pytest.mark.parametrize(
    "out",
    [
        b"",
        b"abc\0",
        b"a" * 40,
        b"a" * 40 + b"\x00100644 hash 4\tpath\0",
        b"a" * 40 + b"\x00100644 hash\tpath\0",
        b"a" * 40 + b"\0path-alone\0",
        b"a" * 40 + b"\0\0x\0path\0kind\0text\0",
        b"a" * 40 + b"\0\x003\0path\0kind\0text\0",
    ],
)
def test_an_unknown_form_is_never_guessed_at(out: bytes) -> None:
    with pytest.raises(GitError, match="unknown form"):
        parse_merged(out, clean=False)


def test_what_is_no_merge_ends_as_an_error_of_git(lab: GitLab) -> None:
    lab.commit("base", {"a": BASE})
    tree = lab.head("HEAD^{tree}")
    with pytest.raises(GitError):
        merge_trees(lab.repository().git, tree, "0" * 40)
