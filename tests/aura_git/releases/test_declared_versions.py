"""What people wrote of the next release: it decides where the messages of commits do not say."""

from __future__ import annotations

import pytest

from aura_git.releases.changelog import read_layout, release_pending, write_section
from aura_git.releases.declared import calendar_choices
from aura_git.releases.effects import read_change
from aura_git.releases.planning import Planned, plan_release
from aura_git.releases.versions import Version, parse_version
from git_lab import GitLab

DAY = "2026-11-25"
PENDING = """\
Version 1.3.0
-------------

Unreleased

-   Drop Python 3.9. :pr:`5730`

Version 1.2.0
-------------

Released 2026-01-01

-   First
"""


def plan(lab: GitLab, **more: str) -> Planned:
    return plan_release(lab.repository(), day=DAY, **more)


def released(lab: GitLab, version: str, files: dict[str, str]) -> None:
    lab.commit(f"Release {version}", {"state": version, **files})
    lab.git("tag", "-a", version, "-m", version)


@pytest.mark.requirement("G5")
def test_a_section_that_waits_names_the_version_and_is_dated_as_those_before(lab: GitLab) -> None:
    project = '[project]\nname = "Shop"\nversion = "1.2.0"\n'
    lock = '[[package]]\nname = "other"\nversion = "1.3.0.dev0"\n\n[[package]]\nname = "shop"\nversion = "1.3.0.dev0"\n'
    released(lab, "1.2.0", {"pyproject.toml": project, "CHANGES.rst": PENDING[PENDING.index("Version 1.2.0") :]})
    lab.commit(
        "start version 1.3.0",
        {"CHANGES.rst": PENDING, "pyproject.toml": project.replace("1.2.0", "1.3.0.dev"), "uv.lock": lock},
    )
    planned = plan(lab)
    assert (planned.plan.version, planned.plan.tag, planned.plan.bump) == ("1.3.0", "1.3.0", "minor")
    assert planned.plan.reason.startswith("the changelog has an unreleased section of 1.3.0")
    assert planned.plan.notes == []
    edits = {edit.path: edit.after.decode() for edit in planned.edits}
    assert edits == {
        "CHANGES.rst": PENDING.replace("Unreleased", f"Released {DAY}"),
        "pyproject.toml": project.replace("1.2.0", "1.3.0"),
        "uv.lock": lock.replace('"shop"\nversion = "1.3.0.dev0"', '"shop"\nversion = "1.3.0"'),
    }
    assert planned.plan.changelog.startswith(f"Version 1.3.0\n-------------\n\nReleased {DAY}\n")
    assert planned.plan.changelog.endswith(":pr:`5730`\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [("## [1.3.0] - Unreleased\n\n- x\n", f"## [1.3.0] - {DAY}\n\n- x\n"),
     ("## 1.3.0 (unreleased)\n\n- x\n\n## 1.2.0 (2026-01-01)\n", f"## 1.3.0 ({DAY})\n\n- x\n\n## 1.2.0 (2026-01-01)\n"),
     ("1.3.0 (TBD)\n===========\n\n- x\n", f"1.3.0 ({DAY})\n===========\n\n- x\n")],
    ids=["bracket", "parentheses", "underlined"],
)  # fmt: skip
def test_a_heading_that_says_unreleased_gets_the_day(before: str, after: str) -> None:
    found = release_pending(before, Version(1, 3, 0), DAY)
    assert found is not None
    assert found[0] == after
    assert release_pending(before, Version(1, 4, 0), DAY) is None
    assert release_pending(after, Version(1, 3, 0), DAY) is None


def test_a_version_under_development_is_the_next_one(lab: GitLab) -> None:
    released(lab, "v2.0.0", {"shop/__init__.py": '__version__ = "2.0.0"\n'})
    lab.commit("Back to development", {"shop/__init__.py": '__version__ = "2.1.0.dev0"\n'})
    found = plan(lab).plan
    assert (found.version, found.bump) == ("2.1.0", "minor")
    assert "2.1.0 is under way" in found.reason
    assert plan(lab, pre="rc").plan.version == "2.1.0-rc.1"


@pytest.mark.requirement("G5")
@pytest.mark.parametrize(
    ("unreleased", "version"),
    [("### Fixed\n\n- a\n", "1.2.1"), ("### Added\n\n- a\n\n### Fixed\n\n- b\n", "1.3.0"),
     ("### Removed\n\n- a\n\n### Added\n\n- b\n", "2.0.0"), ("### Deprecated\n\n- a\n", "1.3.0"),
     ("**Bugfixes**\n\n- a\n", "1.2.1"), ("- a\n", ""), ("### Added\n\n### Fixed\n\n- only this\n", "1.2.1")],
)  # fmt: skip
def test_the_groups_of_the_unreleased_part_decide(lab: GitLab, unreleased: str, version: str) -> None:
    old = "## [1.2.0] - 2026-01-01\n\n- First\n"
    released(lab, "v1.2.0", {"CHANGELOG.md": f"# Log\n\n{old}"})
    lab.commit("Work on things", {"CHANGELOG.md": f"# Log\n\n## [Unreleased]\n\n{unreleased}\n{old}"})
    found = plan(lab).plan
    assert found.version == version
    assert bool(found.choices) == (not version)


def test_an_unreleased_part_of_another_level_ends_at_the_next_section(lab: GitLab) -> None:
    text = "# unreleased\n\n## Features\n\n- a\n\n## Bugfixes\n\n# v0.2.0\n\n## Features\n\n- old\n"
    released(lab, "v0.2.0", {"CHANGELOG.md": text[text.index("# v0.2.0") :]})
    lab.commit("Work on things", {"CHANGELOG.md": text})
    planned = plan(lab)
    assert planned.plan.version == "0.3.0"
    assert planned.edits[0].after.decode() == (
        "# unreleased\n\n# v0.3.0\n\n## Features\n\n- a\n\n# v0.2.0\n\n## Features\n\n- old\n"
    )


@pytest.mark.parametrize(
    ("fragments", "types", "version"),
    [(["1.bugfix.rst", "2.misc.rst"], "", "1.2.1"), (["1.bugfix.rst", "+x.feature.md"], "", "1.3.0"),
     (["1.removal"], "", "2.0.0"), (["web/1.added.md", "web/2.md"], "", "1.3.0"), ([".gitignore", "README.md"], "", ""),
     (["1.2.md"], '[[tool.towncrier.type]]\ndirectory = "2"\nname = "New features"\n', "1.3.0")],
    ids=["fix", "feature", "removal", "sections", "none", "numbered"],
)  # fmt: skip
def test_the_kinds_of_fragments_decide(lab: GitLab, fragments: list[str], types: str, version: str) -> None:
    files = {f"news/{name}": "x\n" for name in fragments}
    table = f'[tool.towncrier]\ndirectory = "news"\n{types}'
    released(lab, "v1.2.0", {"pyproject.toml": f'[project]\nname = "s"\nversion = "1.2.0"\n{table}'})
    lab.commit("Work on things", files)
    assert plan(lab).plan.version == version


def test_changesets_say_what_they_raise(lab: GitLab) -> None:
    files = {"package.json": '{"name": "s", "version": "1.2.0"}', ".changeset/config.json": "{}"}
    released(lab, "v1.2.0", files)
    lab.commit("Work on things", {".changeset/a.md": '---\n"s": minor\n---\n\nmajor: is only a word here\n'})
    assert plan(lab).plan.version == "1.3.0"


def test_versions_by_the_calendar_are_offered() -> None:
    finals = [("25.1.0", Version(25, 1, 0)), ("25.2.0", Version(25, 2, 0)), ("25.3.0", Version(25, 3, 0))]
    assert [str(one) for one in calendar_choices(finals, [2025] * 3, "2025-12-01")] == ["25.3.1", "25.4.0"]
    assert [str(one) for one in calendar_choices(finals, [2025] * 3, DAY)] == ["26.1.0"]
    assert calendar_choices(finals, [2019] * 3, DAY) == []
    assert calendar_choices(finals[:2], [2025] * 2, DAY) == []


def test_versions_by_the_calendar_are_chosen_by_a_person(lab: GitLab) -> None:
    for version in ("26.1.0", "26.2.0", "26.3.0"):
        released(lab, version, {})
    lab.commit("Work on things", {"a": "1"})
    planned = plan(lab).plan
    assert planned.version == ""
    assert planned.choices
    assert ("calendar" in planned.reason) == (planned.choices != ["26.3.1", "26.4.0", "27.0.0"])


@pytest.mark.requirement("G5")
def test_from_1_0_0_on_features_follow_three_releases_at_least(lab: GitLab) -> None:
    released(lab, "v1.0.0", {})
    for number in range(1, 4):
        lab.commit(f"feat: thing {number}", {"a": str(number)})
        assert plan(lab).plan.version == f"1.1.{0}"
        released(lab, f"v1.0.{number}", {})
    lab.commit("feat: more", {"a": "x"})
    found = plan(lab).plan
    assert found.version == "1.0.4"
    assert "3 of the last 3 releases with a feature raised the last number" in found.reason


@pytest.mark.requirement("G5")
def test_a_break_stays_one_whatever_was_done_before(lab: GitLab) -> None:
    released(lab, "v1.0.0", {})
    lab.commit("feat!: one", {"a": "1"})
    released(lab, "v1.1.0", {})
    lab.commit("feat!: two", {"a": "2"})
    found = plan(lab).plan
    assert found.version == "2.0.0"
    assert found.notes[0].endswith("as before would be `aura release cut 1.2.0`")


def test_tags_of_one_package_among_several_are_its_own(lab: GitLab) -> None:
    manifest = '{"name": "cart", "version": "1.2.0"}'
    files = {
        "package.json": '{"private": true}',
        "packages/cart/package.json": manifest,
        "packages/b/package.json": "{}",
    }
    lab.commit("release: v1.2.0", files)
    lab.git("tag", "v1.2.0")
    lab.commit(
        "feat: more", {"packages/cart/a.js": "1", "packages/b/package.json": '{"name": "b", "version": "0.1.0"}'}
    )
    found = plan(lab, path="packages/cart").plan
    assert (found.tag, found.version, found.message) == ("v1.3.0", "1.3.0", "release: v1.3.0")
    assert "tags such as v1.2.0 are those of packages/cart" in plan(lab).plan.obstacles[-1]
    assert plan(lab, path="packages/b").plan.tag == "b@0.1.0"


def test_a_release_that_was_cut_on_a_branch_of_its_own_counts(lab: GitLab) -> None:
    released(lab, "1.2.0", {"VERSION": "1.2.0\n"})
    lab.branch("release")
    released(lab, "1.3.0", {"VERSION": "1.3.0\n"})
    lab.switch("main")
    lab.commit("Release 1.3.0, picked over", {"VERSION": "1.3.0\n"})
    lab.commit("fix: after it", {"a": "1"})
    found = plan(lab).plan
    assert (found.since, found.current, found.version) == ("1.3.0", "1.3.0", "1.3.1")


def test_a_tag_of_development_begins_what_comes_next(lab: GitLab) -> None:
    table = '[project]\nname = "s"\ndynamic = ["version"]\n[tool.towncrier]\n'
    released(lab, "1.2.0", {"pyproject.toml": table})
    lab.commit("Begin to work on 1.3.0", {"a": "0"})
    lab.git("tag", "1.3.0.dev0")
    lab.commit("fix: a", {"a": "1"})
    found = plan(lab).plan
    assert (found.since, found.version) == ("1.3.0.dev0", "1.3.0")
    lab.commit("Work on things", {"newsfragments/1.feature": "x"})
    lab.commit("Work on more", {"newsfragments/2.bugfix": "x"})
    assert plan(lab).plan.version == "1.3.0"
    lab.commit("Work on that", {"newsfragments/3.removal": "x"})
    assert plan(lab).plan.version == "2.0.0"


def test_a_project_without_a_changelog_gets_none(lab: GitLab) -> None:
    for version in ("v1.0.0", "v1.0.1", "v1.0.2"):
        released(lab, version, {})
    lab.commit("fix: a", {"a": "1"})
    found = plan(lab).plan
    assert found.files == []
    assert "### Fixed\n\n- A\n" in found.changelog
    assert "no changelog is kept here" in found.notes[0]


def test_groups_and_links_are_called_as_in_the_changelog(lab: GitLab) -> None:
    old = (
        "## <small>[1.2.1](https://h/o/r/compare/v1.2.0...v1.2.1) (2026-01-02)</small>\n### Bug Fixes\n\n* x\n\n"
        "## [1.2.0](https://h/o/r/compare/v1.1.0...v1.2.0) (2026-01-01)\n### Features\n\n* y\n"
    )
    released(lab, "v1.2.1", {"CHANGELOG.md": old})
    lab.commit("fix(cart): a (#4)", {"a": "1"})
    planned = plan(lab)
    assert planned.edits[0].after.decode() == (
        "## <small>[1.2.2](https://h/o/r/compare/v1.2.1...v1.2.2) (2026-11-25)</small>\n\n### Bug Fixes\n\n"
        f"* **cart:** A (#4)\n\n{old}"
    )


def test_quoted_output_is_no_entry() -> None:
    text = "fix: list once (#3)\n\n```\n* feat: parser\n```\n\nand\n\n         * docs: beta\n* perf: quick\n"
    assert [one.type for one in read_change("a" * 40, text).entries] == ["fix", "perf"]


def test_a_development_version_needs_no_number() -> None:
    assert str(parse_version("3.2.0.dev")) == "3.2.0-dev"
    assert Version(3, 2, 0, ("dev",)).python == "3.2.0.dev0"
    section = write_section([], Version(1, 0, 1), DAY, read_layout(""))
    assert section == f"## [1.0.1] - {DAY}\n\n- No changes that users notice.\n"


def test_files_that_commitizen_names_have_the_version_too(lab: GitLab) -> None:
    hooks = "- repo: https://h/o/other\n  rev: v1.2.0\n- repo: https://h/o/shop\n  rev: v1.2.0 # shop\n"
    named = '["docs/index.md", ".pre-commit-config.yaml:rev:.+shop", "../outside.md", "/etc/hosts", "gone.md"]'
    files = {
        "pyproject.toml": f'[project]\nname = "s"\nversion = "1.2.0"\n[tool.commitizen]\nversion_files = {named}\n',
        "docs/index.md": "Needs 1.2.0, not 1.2.01.\n",
        ".pre-commit-config.yaml": hooks,
    }
    lab.write({"../outside.md": "1.2.0\n"})
    released(lab, "v1.2.0", files)
    lab.commit("fix: a", {"a": "1"})
    edits = {edit.path: edit.after.decode() for edit in plan(lab).edits if edit.before is not None}
    assert edits["docs/index.md"] == "Needs 1.2.1, not 1.2.01.\n"
    assert edits[".pre-commit-config.yaml"] == hooks.replace("v1.2.0 # shop", "v1.2.1 # shop")
    assert set(edits) == set(files)


def test_a_tag_that_is_elsewhere_is_told_with_the_newest(lab: GitLab) -> None:
    released(lab, "v1.2.0", {})
    lab.branch("beside")
    released(lab, "v1.2.1", {})
    released(lab, "v1.3.0", {})
    lab.switch("main")
    lab.commit("fix: a", {"a": "1"})
    told = "the tag v1.2.1 exists already; the newest is v1.3.0, which HEAD does not descend from"
    assert told in plan(lab).plan.obstacles


def test_a_message_that_names_both_versions_goes_on_from_the_last(lab: GitLab) -> None:
    released(lab, "v1.2.0", {})
    lab.commit("bump: version 1.2.0 → 1.2.1", {"a": "0"})
    lab.git("tag", "v1.2.1")
    lab.commit("fix: a", {"a": "1"})
    assert plan(lab).plan.message == "bump: version 1.2.1 → 1.2.2"
