"""Which strategy counts: the file, git-flow's configuration, git-flow-next's, or what the branches look like."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_git.branching.initialising import initialise
from aura_git.branching.listing import list_branches
from aura_git.branching.reading import read_branching
from aura_git.branching.strategy import STRATEGIES, StrategyName, preset
from aura_git.branching.strategy_file import parse_strategy, write_strategy
from aura_git.safety.core import SafetyCore
from aura_shared.errors import Conflict, GateClosed, SettingsError, UnsafePath
from aura_shared.messages.branches import InitBranching
from git_lab import GitLab, make_lab


@pytest.mark.requirement("G2")
@pytest.mark.parametrize("name", STRATEGIES)
def test_what_is_written_is_what_is_read(name: StrategyName) -> None:
    made = preset(name, main="master", prefixes={"feature": 'feat"ure/'} if name == "trunk" else {})
    read = parse_strategy(write_strategy(made))
    assert (read.kinds, read.bases, read.tag_prefix, read.pattern) == (
        made.kinds, made.bases, made.tag_prefix, made.pattern,
    )  # fmt: skip
    assert read.source == "file"


@pytest.mark.requirement("G2")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("strategy = ", ".aura/branching.toml:1: it is not TOML"),
        ('strategy = "gitlfow"', ":1: strategy: expected one of gitflow, github-flow, trunk, custom, found 'gitlfow'"),
        ("", ":1: strategy: expected one of gitflow, github-flow, trunk, custom, found nothing"),
        ('strategy = "trunk"\n\nmian = "x"', ":3: mian: expected one of strategy, main, develop"),
        ('strategy = "trunk"\nmain = "-x"', ":2: main: expected the name of a branch, found '-x'"),
        ('strategy = "trunk"\nmain = 1', ":2: main: expected the name of a branch, found 1"),
        ('strategy = "gitflow"\ndevelop = ""', ":2: develop: expected a branch besides main"),
        ('strategy = "trunk"\ntag_prefix = "a b"', ":2: tag_prefix: expected what tags begin with"),
        ('strategy = "trunk"\nname = "{user}"', ":2: name: expected a pattern of {task}, {slug} and {kind}"),
        ('strategy = "trunk"\nname = 3', ":2: name: expected a text, found 3"),
        ('strategy = "trunk"\nrelease_days = 0', ":2: release_days: expected a number of days from 1, found 0"),
        ('strategy = "trunk"\nprotected = "x"', ":2: protected: expected a list of patterns"),
        ('strategy = "trunk"\nkinds = 1', ":2: kinds: expected tables [kinds.NAME], found 1"),
        ('strategy = "trunk"\n[kinds]\nfeature = 1', ":3: kinds.feature: expected a table, found 1"),
        ('strategy = "trunk"\n[kinds.Feature]\n', ":2: kinds.Feature: expected a name in lower case"),
        ('strategy = "trunk"\n[kinds.feature]\nway = "mergee"',
         ":3: kinds.feature.way: expected one of merge, squash, rebase, pull-request, found 'mergee'"),
        ('strategy = "trunk"\n[kinds.feature]\n# note\ntagged = "yes"',
         ":4: kinds.feature.tagged: expected true or false, found 'yes'"),
        ('strategy = "trunk"\n[kinds.feature]\nback = "main"', ":3: kinds.feature.back: expected one of develop"),
        ('strategy = "trunk"\n[kinds.feature]\nprefix = ""', ":3: kinds.feature.prefix: expected what names"),
        ('strategy = "trunk"\n[kinds.feature]\nfrom = "a..b"', ":3: kinds.feature.from: expected the name of a branch"),
        ('strategy = "trunk"\n[kinds.feature]\nfrom = 1', ":3: kinds.feature.from: expected a text, found 1"),
        ('strategy = "trunk"\n[kinds.feature]\nmode = "x"', ":3: kinds.feature.mode: expected one of from, into"),
        ('strategy = "trunk"\n[kinds.spike]\nprefix = "feature/"', ":3: kinds.spike.prefix: expected a prefix of"),
        ("#" * 70_000, "expected at most 64000 characters, found 70000"),
    ],
)  # fmt: skip
def test_a_bad_file_is_told_with_line_expected_and_found(text: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_strategy(text)
    assert told in caught.value.message
    assert caught.value.message.startswith(".aura/branching.toml")


def test_a_kind_of_ones_own_and_one_left_out() -> None:
    text = 'strategy = "gitflow"\n[kinds.spike]\nprefix = "try/"\nway = "squash"\n[kinds.support]\nenabled = false\n'
    made = parse_strategy(text)
    assert [kind.name for kind in made.kinds] == ["feature", "bugfix", "release", "hotfix", "spike"]
    spike = made.kind("spike")
    assert (spike.prefix, spike.start, spike.into, spike.way) == ("try/", "develop", "develop", "squash")
    assert made.kind_of("try/it") is spike
    assert made.kind_of("try/") is None
    assert "kind spike: .aura/branching.toml" in made.explanation


@pytest.mark.requirement("G2")
def test_git_flows_configuration_is_read(flow: GitLab) -> None:
    for key, value in (("prefix.feature", "feat-"), ("prefix.versiontag", ""), ("multi-hotfix", "true")):
        flow.git("config", f"gitflow.{key}", value)
    made = read_branching(flow.repository())
    assert (made.source, made.main, made.develop, made.tag_prefix) == ("git-flow", "main", "develop", "")
    assert made.kind("feature").prefix == "feat-"
    assert (made.kind("hotfix").single, made.kind("hotfix").back) == (False, "develop")
    assert "main: gitflow.branch.master in the configuration of git" in made.explanation
    flow.git("config", "gitflow.branch.develop", "-x")
    with pytest.raises(SettingsError, match=r"gitflow\.branch\.develop: expected the name of a branch, found '-x'"):
        read_branching(flow.repository())
    flow.git("config", "gitflow.branch.develop", "develop")
    flow.git("config", "gitflow.prefix.release", "a b")
    with pytest.raises(SettingsError, match=r"gitflow\.prefix\.release"):
        read_branching(flow.repository())


NEXT = """\
[gitflow "branch.main"]
\ttype = base
[gitflow "branch.develop"]
\ttype = base
\tparent = main
[gitflow "branch.feature"]
\ttype = topic
\tparent = develop
\tprefix = feature/
\tupstreamStrategy = squash
[gitflow "branch.release"]
\ttype = topic
\tparent = main
\tstartPoint = develop
\tprefix = release/
\ttag = true
\ttagprefix = v
[gitflow "branch.support"]
\ttype = topic
\tparent = main
\tupstreamStrategy = none
"""


@pytest.mark.requirement("G2")
@pytest.mark.parametrize("committed", [True, False])
def test_git_flow_nexts_configuration_is_read(lab: GitLab, committed: bool) -> None:
    lab.commit("first", {"readme": "x\n"})
    file = lab.root / ".gitflow" if committed else lab.root / ".git" / "config"
    file.write_text((file.read_text() if file.exists() else "") + NEXT)
    made = read_branching(lab.repository())
    assert (made.source, made.main, made.develop, made.tag_prefix) == ("git-flow-next", "main", "develop", "v")
    assert [(kind.name, kind.start, kind.into, kind.way, kind.back) for kind in made.kinds] == [
        ("feature", "develop", "develop", "squash", ""),
        ("release", "develop", "main", "merge", "develop"),
        ("support", "main", "", "merge", ""),
    ]
    assert made.kind("release").tagged
    file.write_text(file.read_text().replace("upstreamStrategy = squash", "upstreamStrategy = octopus"))
    with pytest.raises(SettingsError, match="expected merge, rebase, squash or none, found 'octopus'"):
        read_branching(lab.repository())
    file.write_text(file.read_text().replace("octopus", "merge").replace("type = base", "type = root"))
    with pytest.raises(SettingsError, match="expected base or topic, found 'root'"):
        read_branching(lab.repository())


@pytest.mark.requirement("G2")
def test_without_anything_the_branches_tell(lab: GitLab) -> None:
    lab.commit("first", {"readme": "x\n"})
    made = read_branching(lab.repository())
    assert (made.source, made.strategy, made.main, made.kind("feature").way) == (
        "detected",
        "github-flow",
        "main",
        "merge",
    )
    lab.git("remote", "add", "origin", "file:///nowhere")
    lab.git("update-ref", "refs/remotes/origin/main", "HEAD")
    assert read_branching(lab.repository()).kind("feature").way == "pull-request"
    lab.git("branch", "develop")
    lab.git("tag", "1.0")
    made = read_branching(lab.repository())
    assert (made.strategy, made.develop, made.tag_prefix) == ("gitflow", "develop", "")
    assert "gitflow: there is a branch develop" in made.explanation
    lab.git("tag", "--delete", "1.0")
    lab.git("tag", "v1.0")
    lab.git("branch", "stable")
    lab.git("update-ref", "refs/remotes/origin/stable", "HEAD")
    lab.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/stable")
    made = read_branching(lab.repository())
    assert (made.main, made.tag_prefix) == ("stable", "v")
    assert made.explanation[0] == "main stable: what origin/HEAD names"


def test_a_repository_without_branches_and_a_bare_one(lab: GitLab, tmp_path: Path) -> None:
    assert read_branching(lab.repository()).source == "default"
    lab.commit("first", {".aura/branching.toml": 'strategy = "trunk"\n'})
    lab.git("clone", "--quiet", "--bare", str(lab.root), str(tmp_path / "bare.git"))
    bare = GitLab(tmp_path / "bare.git")
    assert read_branching(bare.repository()).strategy == "trunk"
    assert read_branching(make_lab(tmp_path / "empty.git", bare=True).repository()).source == "default"


def test_a_file_that_is_no_text_is_told(flow: GitLab) -> None:
    flow.write({".aura/branching.toml": b"\xff\xfe"})
    with pytest.raises(SettingsError, match="cannot be read"):
        read_branching(flow.repository())


@pytest.mark.requirement("G2")
def test_a_strategy_is_written_down_with_the_branches_that_it_needs(lab: GitLab, safety: SafetyCore) -> None:
    lab.commit("first", {"readme": "x\n"})
    repository = lab.repository()
    shown = initialise(repository, safety, InitBranching(project="p", strategy="gitflow", dry_run=True))
    assert shown.created == ["develop"]
    assert not (lab.root / ".aura").exists()
    made = initialise(repository, safety, InitBranching(project="p", strategy="gitflow"))
    assert (lab.root / made.path).read_text() == made.text == shown.text
    assert lab.head("develop") == lab.head("main")
    assert read_branching(repository).strategy == "gitflow"
    with pytest.raises(Conflict, match="there is a file"):
        initialise(repository, safety, InitBranching(project="p", strategy="trunk"))
    (lab.root / ".aura" / "branching.toml").write_text("broken")
    initialise(repository, safety, InitBranching(project="p", strategy="trunk", replace=True))
    assert read_branching(repository).strategy == "trunk"
    assert initialise(repository, safety, InitBranching(project="p", strategy="custom", replace=True)).text.startswith(
        "#"
    )
    assert read_branching(repository).kind("feature").way == "rebase"


def test_a_missing_base_is_taken_from_the_remote(shared: GitLab, safety: SafetyCore) -> None:
    shared.switch("main")
    shared.git("branch", "--quiet", "--delete", "develop")
    made = initialise(shared.repository(), safety, InitBranching(project="p"))
    assert made.created == ["develop"]
    assert shared.git("rev-parse", "--abbrev-ref", "develop@{u}").strip() == "origin/develop"


def test_a_link_in_the_way_of_the_file_is_refused(flow: GitLab, safety: SafetyCore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (flow.root / ".aura").symlink_to(outside)
    with pytest.raises(UnsafePath, match="a symbolic link is in the way"):
        initialise(flow.repository(), safety, InitBranching(project="p"))
    assert list(outside.iterdir()) == []


def test_a_strategy_needs_a_first_commit(lab: GitLab, safety: SafetyCore) -> None:
    with pytest.raises(GateClosed, match="no commit yet"):
        initialise(lab.repository(), safety, InitBranching(project="p"))


@pytest.mark.requirement("G2")
def test_the_list_tells_kind_parent_and_what_is_apart(shared: GitLab) -> None:
    shared.branch("feature/cart", "develop")
    shared.commit("a", {"a": "a\n"})
    shared.git("branch", "odd", "main")
    shared.switch("develop")
    shared.commit("b", {"b": "b\n"})
    repository = shared.repository()
    listed = list_branches(repository, read_branching(repository), protected=("odd",)).branches
    told = {one.name: (one.kind, one.parent, one.ahead, one.behind, one.unpushed, one.protected) for one in listed}
    assert told == {
        "main": ("base", "", 0, 0, 0, True),
        "develop": ("base", "main", 1, 0, 1, True),
        "feature/cart": ("feature", "develop", 1, 1, 1, False),
        "odd": ("", "develop", 0, 1, 0, True),
    }
    assert [one.name for one in listed][-1] == "odd"
    only = list_branches(repository, read_branching(repository), kind="feature").branches
    assert [(one.name, one.current, one.subject, one.author) for one in only] == [
        ("feature/cart", False, "a", "Ada Tester")
    ]
