"""Releases on real repositories: version, changelog, files, commit and tag."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aura_git.releases.changelog import insert_section, read_layout, unreleased_of, write_section
from aura_git.releases.effects import changes_since, effect_of, left_over, read_change
from aura_git.releases.planning import Planned, plan_release
from aura_git.releases.service import ReleaseService
from aura_git.releases.version_files import json_places
from aura_git.releases.versions import Version, parse_version, raise_version, read_tag
from aura_git.safety.service import SafetyService
from aura_shared.errors import DraftOutdated, GateClosed, HookRefused, NotFound, UsageProblem
from aura_shared.messages.git import UndoOperation
from aura_shared.messages.releases import CutRelease, PlanRelease, ReleaseCut
from git_lab import GitLab, make_lab
from git_rig import GitRig

DAY = "2026-11-25"
PYPROJECT = '# ours\n[project]\nname = "shop"  # the name\nversion = "1.2.0"  # kept\n\n[tool.x]\nversion = "1.2.0"\n'
LOG = """\
# Changelog

## [Unreleased]

## [1.2.0] - 2026-01-01

### Added

- First

[Unreleased]: https://host/shop/compare/v1.2.0...HEAD
[1.2.0]: https://host/shop/compare/v1.1.0...v1.2.0
"""


def plan(lab: GitLab, **more: str) -> Planned:
    return plan_release(lab.repository(), day=DAY, **more)


def tag(lab: GitLab, name: str) -> None:
    lab.git("tag", "-a", name, "-m", name)


@pytest.fixture
def shop(lab: GitLab) -> GitLab:
    """A project at 1.2.0 with a changelog and a feature since then."""
    lab.commit("chore(release): 1.2.0", {"pyproject.toml": PYPROJECT, "CHANGELOG.md": LOG, "src/a.py": "a = 1\n"})
    tag(lab, "v1.2.0")
    lab.commit("feat(cart): count items (#7)", {"src/a.py": "a = 2\n"})
    return lab


@pytest.mark.parametrize(
    ("older", "newer"),
    [("1.0.0-alpha", "1.0.0-alpha.1"), ("1.0.0-alpha.1", "1.0.0-alpha.beta"), ("1.0.0-beta.2", "1.0.0-beta.11"),
     ("1.0.0-rc.1", "1.0.0"), ("1.9.0", "1.10.0"), ("1.2.3rc1", "1.2.3")],
)  # fmt: skip
def test_versions_are_in_the_order_of_semver(older: str, newer: str) -> None:
    first, second = parse_version(older), parse_version(newer)
    assert first is not None
    assert second is not None
    assert first < second


def test_what_is_no_version_is_none() -> None:
    assert [parse_version(one) for one in ("1.2", "01.2.3", "1.2.3-", "v1.2.3", "1.2.3 ")] == [None] * 5
    assert str(parse_version("1.2.3-rc.1+b.5")) == "1.2.3-rc.1+b.5"
    assert parse_version("1.2.3+a") == parse_version("1.2.3+b")
    assert Version(1, 3, 0, ("beta", "2")).python == "1.3.0b2"
    assert Version(1, 3, 0, ("odd", "2")).python == "1.3.0-odd.2"


@pytest.mark.parametrize(
    ("name", "prefix", "version"),
    [("v1.2.3", "v", "1.2.3"), ("1.2.3", "", "1.2.3"), ("cart-v1.2.3", "cart-v", "1.2.3"),
     ("cart/v1.2.3", "cart/v", "1.2.3"),
     ("@shop/cart@1.2.3-rc.1", "@shop/cart@", "1.2.3-rc.1")],
)  # fmt: skip
def test_tags_are_read_in_every_form(name: str, prefix: str, version: str) -> None:
    form = read_tag(name)
    assert form is not None
    assert (form.prefix, str(form.version)) == (prefix, version)


@pytest.mark.requirement("G5")
@pytest.mark.parametrize(
    ("old", "effect", "pre", "newest", "new"),
    [("1.2.3", "patch", "", "", "1.2.4"), ("1.2.3", "minor", "", "", "1.3.0"), ("1.2.3", "major", "", "", "2.0.0"),
     ("0.2.3", "major", "", "", "0.3.0"), ("0.2.3", "minor", "", "", "0.3.0"), ("0.2.3", "patch", "", "", "0.2.4"),
     ("1.2.3", "minor", "rc", "", "1.3.0-rc.1"), ("1.2.3", "minor", "rc", "1.3.0-rc.1", "1.3.0-rc.2"),
     ("1.2.3", "patch", "", "1.3.0-rc.2", "1.3.0"), ("1.2.3", "major", "rc", "1.3.0-rc.2", "2.0.0-rc.1")],
)  # fmt: skip
def test_a_version_is_raised_by_its_effect(old: str, effect: str, pre: str, newest: str, new: str) -> None:
    final = parse_version(old)
    assert final is not None
    raised = raise_version(final, effect, pre=pre, newest=parse_version(newest))  # pyright: ignore[reportArgumentType]
    assert str(raised) == new


@pytest.mark.requirement("G5")
def test_a_squashed_commit_has_all_its_entries() -> None:
    change = read_change("a" * 40, "feat: x (#3)\n\n* fix(api): y\n* feat: x\n* tidy\n\nBREAKING CHANGE: z is gone")
    assert [(one.type, one.scope, one.text, one.breaking) for one in change.entries] == [
        ("feat", "", "x", True), ("fix", "api", "y", False),
    ]  # fmt: skip
    assert change.entries[0].references == ("#3",)
    assert change.effect == "major"


def test_reverted_commits_cancel_and_reverts_of_reverts_count_again(lab: GitLab) -> None:
    lab.commit("chore: begin", {"a": "1"})
    tag(lab, "v1.0.0")
    first = lab.commit("feat: x", {"a": "2"})
    lab.commit(f'Revert "feat: x"\n\nThis reverts commit {first}.', {"a": "1"})
    changes = changes_since(lab.repository(), "v1.0.0")
    assert left_over(changes) == []
    second = lab.head()
    lab.commit(f'Revert "Revert "feat: x""\n\nThis reverts commit {second}.', {"a": "2"})
    assert [one.hash for one in left_over(changes_since(lab.repository(), "v1.0.0"))] == [first]
    old = read_change("b" * 40, "Revert feature\n\nThis reverts commit 1234567.")
    assert effect_of(left_over([old])) == "patch"


@pytest.mark.requirement("G5")
def test_a_plan_says_version_reason_files_and_changelog_and_writes_nothing(shop: GitLab) -> None:
    before = shop.git("status", "--porcelain"), shop.refs()
    found = plan(shop).plan
    assert (found.version, found.tag, found.bump, found.since) == ("1.3.0", "v1.3.0", "minor", "v1.2.0")
    assert found.decided_by[0].subject == "feat(cart): count items (#7)"
    assert found.changelog == f"## [1.3.0] - {DAY}\n\n### Added\n\n- **cart:** Count items (#7)\n"
    assert [one.path for one in found.files] == ["pyproject.toml", "CHANGELOG.md"]
    assert '+version = "1.3.0"  # kept' in found.diff
    assert found.message == "chore(release): 1.3.0"
    assert found.obstacles == []
    assert (shop.git("status", "--porcelain"), shop.refs()) == before


@pytest.mark.requirement("G5")
async def test_a_release_is_one_operation_and_can_be_undone(shop: GitLab) -> None:
    rig = GitRig(shop.root, ReleaseService, SafetyService)
    refs, head = shop.refs(), shop.head()
    files = {one: (shop.root / one).read_bytes() for one in ("pyproject.toml", "CHANGELOG.md")}
    answer = await rig.ask(CutRelease(project=rig.project.id, head=head))
    assert shop.log("-1") == ["chore(release): 1.3.0"]
    assert (shop.root / "pyproject.toml").read_text() == PYPROJECT.replace(
        'version = "1.2.0"  #', 'version = "1.3.0"  #'
    )
    text = (shop.root / "CHANGELOG.md").read_text()
    assert text.startswith("# Changelog\n\n## [Unreleased]\n\n## [1.3.0] - ")
    assert text.endswith(
        "[Unreleased]: https://host/shop/compare/v1.3.0...HEAD\n[1.3.0]: https://host/shop/compare/v1.2.0...v1.3.0\n"
        "[1.2.0]: https://host/shop/compare/v1.1.0...v1.2.0\n"
    )
    assert "## [1.2.0] - 2026-01-01\n\n### Added\n\n- First\n" in text
    assert (
        shop.git("cat-file", "tag", "v1.3.0").split("\n\n", 1)[1]
        == "v1.3.0\n\n### Added\n\n- **cart:** Count items (#7)\n"
    )
    assert shop.git("rev-parse", "v1.3.0^{commit}").strip() == answer.commit == shop.head()
    assert [event.tag for event in rig.bus.published if isinstance(event, ReleaseCut)] == ["v1.3.0"]
    await rig.ask(UndoOperation(project=rig.project.id))
    assert (shop.refs(), shop.head()) == (refs, head)
    assert {one: (shop.root / one).read_bytes() for one in files} == files


@pytest.mark.requirement("G5")
async def test_branch_and_tag_are_pushed_together(shop: GitLab, tmp_path: Path) -> None:
    make_lab(tmp_path / "origin.git", bare=True)
    shop.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    shop.git("push", "--quiet", "-u", "origin", "main")
    rig = GitRig(shop.root, ReleaseService)
    answer = await rig.ask(CutRelease(project=rig.project.id, push=True))
    there = shop.git("ls-remote", "origin")
    assert answer.pushed == "origin"
    assert f"{answer.commit}\trefs/heads/main" in there
    assert "refs/tags/v1.3.0\n" in there


async def test_a_push_that_fails_leaves_the_release_here(shop: GitLab, tmp_path: Path) -> None:
    shop.git("remote", "add", "origin", str(tmp_path / "nowhere.git"))
    rig = GitRig(shop.root, ReleaseService)
    answer = await rig.ask(CutRelease(project=rig.project.id, push=True))
    assert answer.done
    assert answer.pushed == ""
    assert "was not pushed" in answer.notice
    assert "v1.3.0" in shop.git("tag")


@pytest.mark.requirement("G5")
async def test_a_hook_that_refuses_leaves_everything_as_it_was(shop: GitLab) -> None:
    hook = shop.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho no; exit 1\n")
    hook.chmod(0o755)
    rig = GitRig(shop.root, ReleaseService)
    refs = shop.refs()
    with pytest.raises(HookRefused):
        await rig.ask(CutRelease(project=rig.project.id))
    assert shop.refs() == refs
    assert shop.git("status", "--porcelain") == ""


@pytest.mark.requirement("G5")
async def test_what_stands_against_a_release_is_told_and_nothing_done(shop: GitLab) -> None:
    rig = GitRig(shop.root, ReleaseService)

    async def refused(**more: str) -> str:
        with pytest.raises(GateClosed) as error:
            await rig.ask(CutRelease.model_validate({"project": rig.project.id, **more}))
        return error.value.message

    assert "1.2.0 is not greater than 1.2.0" in await refused(version="1.2.0")
    assert "the tag v1.2.0 exists already" in await refused(version="v1.2.0")
    shop.write({"src/a.py": "a = 3\n"})
    assert "uncommitted changes" in await refused()
    shop.git("checkout", "--quiet", "src/a.py")
    shop.branch("feature/x")
    assert "no branch that releases are cut on" in await refused()
    shop.switch("main")
    with pytest.raises(DraftOutdated):
        await rig.ask(CutRelease(project=rig.project.id, head="a" * 40))
    with pytest.raises(UsageProblem):
        await rig.ask(PlanRelease(project=rig.project.id, version="new"))
    with pytest.raises(NotFound):
        await rig.ask(CutRelease(project=rig.project.id, push=True))


def test_gitflow_is_pointed_to_its_own_release_branches(shop: GitLab) -> None:
    for key, value in {"branch.master": "main", "branch.develop": "develop", "prefix.release": "release/"}.items():
        shop.git("config", f"gitflow.{key}", value)
    shop.branch("develop")
    assert "aura branch start release 1.3.0" in plan(shop).plan.obstacles[0]


def test_nothing_is_released_for_changes_that_users_do_not_get(lab: GitLab) -> None:
    lab.commit("feat: x", {"a": "1"})
    tag(lab, "v1.0.0")
    assert "nothing to release" in plan(lab).plan.reason
    lab.commit("docs: y", {"b": "1"})
    found = plan(lab).plan
    assert (found.version, found.bump) == ("", "none")
    assert "only docs" in found.reason


def test_a_history_without_types_asks_with_evidence(lab: GitLab) -> None:
    lab.commit("Begin", {"a": "1"})
    tag(lab, "1.0.0")
    lab.commit("Remove the old cart", {"b": "1"})
    found = plan(lab).plan
    assert found.choices == ["1.0.1", "1.1.0", "2.0.0"]
    assert any("removes something" in one for one in found.evidence)
    assert plan(lab, version="2.0.0").plan.tag == "2.0.0"


async def test_evidence_says_when_interfaces_could_not_be_compared(lab: GitLab) -> None:
    lab.commit("Begin", {"a": "1"})
    tag(lab, "1.0.0")
    lab.commit("More", {"b": "1"})
    rig = GitRig(lab.root, ReleaseService)
    answer = await rig.ask(PlanRelease(project=rig.project.id))
    assert "were not compared" in answer.evidence[-1]


@pytest.mark.requirement("G5")
def test_packages_of_one_repository_have_their_own_versions(lab: GitLab) -> None:
    lab.commit(
        "feat: begin",
        {"packages/cart/package.json":
         '{\n  "name": "@shop/cart",\n  "version": "1.0.0",\n  "x": {"version": "1.0.0"}\n}\n',
         "packages/user/package.json": '{"name": "@shop/user", "version": "2.0.0"}'},
    )  # fmt: skip
    tag(lab, "@shop/cart@1.0.0")
    tag(lab, "@shop/user@2.0.0")
    lab.commit("feat!: both", {"packages/cart/a": "1", "packages/user/a": "1"})
    lab.commit("fix: one", {"packages/user/b": "1"})
    cart, user = plan(lab, path="packages/cart"), plan(lab, path="packages/user").plan
    assert (cart.plan.tag, cart.plan.commits) == ("@shop/cart@2.0.0", 1)
    assert (user.tag, user.commits) == ("@shop/user@3.0.0", 2)
    assert cart.edits[0].after.decode() == (
        '{\n  "name": "@shop/cart",\n  "version": "2.0.0",\n  "x": {"version": "1.0.0"}\n}\n'
    )
    with pytest.raises(NotFound):
        plan(lab, path="nowhere")


def test_a_first_release_takes_the_version_of_the_files(lab: GitLab) -> None:
    lab.commit(
        "feat: x", {"Cargo.toml": '[package]\nname = "shop"\nversion = "0.3.0"\n', "Cargo.lock": "version = 3\n"}
    )
    found = plan(lab).plan
    assert (found.version, found.bump, found.tag) == ("0.3.0", "first", "v0.3.0")


def test_every_kind_of_version_file_is_raised_and_nothing_else(lab: GitLab) -> None:
    files = {
        "Cargo.toml": '[package] # x\nname = "shop"\nversion = "1.0.0" # here\n'
        '[dependencies]\nserde = { version = "1.0.0" }\n',
        "Cargo.lock": '[[package]]\nname = "other"\nversion = "1.0.0"\n\n'
        '[[package]]\nname = "shop"\nversion = "1.0.0"\n',
        "package.json": '{"version": "1.0.0"}',
        "package-lock.json": '{"version": "1.0.0", "packages": {"": {"version": "1.0.0"}, "x": {"version": "1.0.0"}}}',
        "VERSION": "1.0.0\r\n",
        "setup.cfg": "[metadata]\nversion = 1.0.0\n",
        "shop/__init__.py": '__version__ = "1.0.0"\n',
        ".bumpversion.cfg": "[bumpversion]\ncurrent_version = 1.0.0\n",
        ".release-please-manifest.json": '{".": "1.0.0", "x": "1.0.0"}',
    }
    lab.commit("feat: x", {**files})
    tag(lab, "v1.0.0")
    lab.commit("fix: y", {"a": "1"})
    edits = {one.path: one.after.decode() for one in plan(lab, pre="rc").edits if one.before is not None}
    assert edits["Cargo.toml"] == files["Cargo.toml"].replace('version = "1.0.0" #', 'version = "1.0.1-rc.1" #')
    assert edits["Cargo.lock"].endswith('name = "shop"\nversion = "1.0.1-rc.1"\n')
    assert edits["Cargo.lock"].startswith('[[package]]\nname = "other"\nversion = "1.0.0"\n')
    assert edits["package-lock.json"].count("1.0.1-rc.1") == 2
    assert edits["VERSION"] == "1.0.1-rc.1\r\n"
    assert edits["setup.cfg"] == "[metadata]\nversion = 1.0.1rc1\n"
    assert edits["shop/__init__.py"] == '__version__ = "1.0.1rc1"\n'
    assert edits[".release-please-manifest.json"] == '{".": "1.0.1-rc.1", "x": "1.0.0"}'
    assert set(edits) == set(files)


def test_a_version_that_comes_from_the_tag_writes_no_file(lab: GitLab) -> None:
    lab.commit(
        "feat: x",
        {"pyproject.toml": '[build-system]\nrequires = ["hatch-vcs"]\n[project]\nname = "s"\ndynamic = ["version"]\n'},
    )
    found = plan(lab).plan
    assert [one.path for one in found.files] == ["CHANGELOG.md"]
    assert "comes from the tag" in found.tools[0]


def test_json_places_know_their_keys() -> None:
    text = '{"a": {"b": ["x", {"version": "1"}], "version": "2"}, "version": "3\\"4"}'
    assert [(path, text[start:end]) for path, start, end in json_places(text) if path[-1] == "version"] == [
        (("a", "b", "", "version"), "1"), (("a", "version"), "2"), (("version",), '3\\"4'),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "heading"),
    [("# Log\n\n## v1.0.0 (2026-01-01)\n\n* x\n", "## v1.1.0 (2026-11-25)"),
     ("## 1.0.0\n- x\n", "## 1.1.0"),
     ("1.0.0 (2026-01-01)\n==================\n\n* x\n", "1.1.0 (2026-11-25)\n=================="),
     ("Version 1.0.0\n-------------\n\n- x\n", "Version 1.1.0\n-------------"),
     ("## 1.0.0 (6th December, 2024)\n\n* x\n", "## 1.1.0 (25th November, 2026)"),
     ("## 1.0.0 - January 3, 2024\n\n* x\n", "## 1.1.0 - November 25, 2026"),
     ("## <small>[1.0.1](https://h/o/r/compare/a...b) (2024-01-03)</small>\n### Features\n\n* x\n",
      "## [1.1.0] (2026-11-25)")],
    ids=["plain", "undated", "underlined", "words", "spoken", "american", "small"],
)  # fmt: skip
def test_an_existing_changelog_keeps_its_manner_and_its_bytes(text: str, heading: str) -> None:
    change = read_change("a" * 40, "feat: y")
    layout = replace(read_layout(text), target="")
    section = write_section([change], Version(1, 1, 0), DAY, layout)
    assert section.startswith(heading + "\n\n")
    after = insert_section(text, section, Version(1, 1, 0), "v1.1.0", "v1.0.0")
    assert after.replace(section + "\n", "", 1) == text


def test_unreleased_text_of_people_becomes_the_section_with_its_line_ends(lab: GitLab) -> None:
    text = "# Log\r\n\r\n## Unreleased\r\n\r\n### Added\r\n\r\n- Mine\r\n\r\n### Fixed\r\n\r\n## 1.0.0 - 2026-01-01\r\n"
    text += "- Old\r\n"
    mine = unreleased_of(text)
    assert mine == "### Added\n\n- Mine"
    section = write_section(
        [read_change("a" * 40, "feat: y")], Version(1, 1, 0), DAY, read_layout(text), unreleased=mine
    )
    after = insert_section(text, section, Version(1, 1, 0), "v1.1.0", "v1.0.0")
    assert after == (
        "# Log\r\n\r\n## Unreleased\r\n\r\n## 1.1.0 - 2026-11-25\r\n\r\n### Added\r\n\r\n- Mine\r\n\r\n"
        "## 1.0.0 - 2026-01-01\r\n- Old\r\n"
    )


def test_breaking_entries_come_first_and_each_is_told_once() -> None:
    messages = ["refactor!: drop z\n\nBREAKING CHANGE: use w", "perf: quick", "feat: x", "feat: x", "docs: no"]
    section = write_section(
        [read_change(f"{at:040}", text) for at, text in enumerate(messages)], Version(2, 0, 0), DAY, read_layout("")
    )
    assert section == (
        f"## [2.0.0] - {DAY}\n\n### Added\n\n- X\n\n### Changed\n\n- **Breaking:** Drop z: use w\n- Quick\n"
    )


@pytest.mark.requirement("G5")
async def test_towncrier_makes_the_changelog_with_the_projects_own_program(lab: GitLab) -> None:
    lab.commit(
        "feat: x",
        {"pyproject.toml": '[project]\nname = "s"\nversion = "1.0.0"\n[tool.towncrier]\ndirectory = "news"\n',
         "news/1.added": "Mine\n", "NEWS.md": "old\n", ".gitignore": ".venv\n"},
    )  # fmt: skip
    tag(lab, "v1.0.0")
    lab.commit("feat: y", {"a": "1"})
    assert "towncrier build --yes --version 1.1.0" in plan(lab).plan.obstacles[0]
    program = lab.root / ".venv/bin/towncrier"
    program.parent.mkdir(parents=True)
    program.write_text(
        '#!/bin/sh\ncat news/1.added NEWS.md > n && mv n NEWS.md && rm news/1.added && echo "$4" >> NEWS.md\n'
    )
    program.chmod(0o755)
    rig = GitRig(lab.root, ReleaseService)
    await rig.ask(CutRelease(project=rig.project.id))
    assert lab.git("show", "HEAD:NEWS.md") == "Mine\nold\n1.1.0\n"
    assert lab.git("show", "--name-status", "--format=", "HEAD").split("\n")[:3] == [
        "M\tNEWS.md", "D\tnews/1.added", "M\tpyproject.toml",
    ]  # fmt: skip
    lab.commit("feat: z", {"b": "1", "news/2.added": "More\n"})
    program.write_text("#!/bin/sh\necho broken >&2; exit 1\n")
    with pytest.raises(Exception, match="broken"):
        await rig.ask(CutRelease(project=rig.project.id))
    assert lab.git("status", "--porcelain") == ""


def test_changesets_are_left_to_their_tool(lab: GitLab) -> None:
    lab.commit(
        "feat: x",
        {"package.json": '{"name": "s", "version": "1.0.0"}', ".changeset/config.json": "{}", ".changeset/a.md": "x"},
    )
    assert "npx changeset version" in plan(lab).plan.obstacles[-1]


def test_a_branch_without_a_commit_has_nothing_to_release(lab: GitLab) -> None:
    assert plan(lab).plan.obstacles == ["there is no commit yet"]


@pytest.mark.requirement("G5")
def test_before_1_0_0_features_raise_the_number_that_they_raised_so_far(lab: GitLab) -> None:
    lab.commit("feat: begin", {"a": "0"})
    tag(lab, "v0.3.0")
    lab.commit("feat: one", {"a": "1"})
    assert plan(lab).plan.version == "0.4.0"
    tag(lab, "v0.3.1")
    lab.commit("feat: two", {"a": "2"})
    found = plan(lab).plan
    assert (found.version, found.bump) == ("0.3.2", "patch")
    assert "1 of the last 1 releases with a feature raised the last number" in found.reason
    lab.commit("feat!: three", {"a": "3"})
    assert plan(lab).plan.version == "0.4.0"
