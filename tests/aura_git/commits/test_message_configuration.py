"""What commitlint, commitizen, cocogitto and templates say, read without running anything."""

from __future__ import annotations

import json

import pytest

from aura_git.commits.configuration import read_configuration
from aura_git.commits.contract import LintRule
from aura_git.commits.literals import UNKNOWN, find_literal
from git_lab import GitLab

pytestmark = pytest.mark.requirement("G1")

SCRIPT = """
// eslint-disable-next-line
/** @type {import('x').UserConfig} rules: { 'type-enum': [2] } */
import { RuleConfigSeverity } from '@commitlint/types';
const scopes = ['cart', "api", ...more(), `web`];
const most: number = 60;
export default {
  extends: ['@commitlint/config-conventional'],
  ignores: [(message) => message.includes('WIP, }')],
  rules: {
    'type-enum': [RuleConfigSeverity.Error, 'always', ['feat', 'fix', 'ui',]],
    "scope-enum": [2, "always", scopes],
    'header-max-length': [2, 'always', most],
    'body-max-line-length': [0],
    'footer-max-line-length': [1, 'always', Infinity],
    'subject-case': [2, 'never', compute({ a: [1, 2] }, () => { return '}'; })],
    'jira-key': async (parsed) => [true, `x ${parsed}`],
    'scope-empty': [2, 'never'],
  } as const,
  prompt: { rules: {} },
} satisfies Config;
"""


def test_a_script_is_read_as_far_as_it_is_literal(lab: GitLab) -> None:
    lab.write({"commitlint.config.ts": SCRIPT})
    found = read_configuration(lab.repository())
    assert found.types == ("feat", "fix", "ui")
    assert found.scopes == ("cart", "api", "web")
    assert (found.max_header, found.conventional) == (60, True)
    assert found.rules["body-max-line-length"] == LintRule("off")
    assert found.rules["footer-max-line-length"] == LintRule("warning", value=float("inf"))
    assert found.rules["scope-empty"] == LintRule("error", always=False)
    assert "jira-key" not in found.rules
    assert "subject-case" not in found.rules
    assert found.sources == ("types, scopes, header length, rules from commitlint.config.ts",)


def test_a_script_is_never_run(lab: GitLab) -> None:
    mark = lab.root / "ran"
    lab.write(
        {"commitlint.config.js": f"require('fs').writeFileSync({str(mark)!r}, ''); module.exports = {{rules: {{}}}}"}
    )
    read_configuration(lab.repository())
    assert not mark.exists()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = { a: { b: [1, -2, 1.5, true, null, 'it\\'s'] } }", {"b": [1, -2, 1.5, True, None, "it's"]}),
        ("x = { 'a': [1, // one\n 2 /* two */, ] }", [1, 2]),
        ("x = { a: 'http://localhost/x' }", "http://localhost/x"),
        ("x = { a: [...base, 1], b: 2 }\nconst base = [0]", [0, 1]),
        ("x = { a: { ...base, c: 2 } }\nlet base = {b: 1}", {"b": 1, "c": 2}),
        ("x = { a: 1 + 2 }", UNKNOWN),
        ("x = { a: [f(1, [2]), 3] }", [UNKNOWN, 3]),
        ("x = { a: [`${b}`] }", [UNKNOWN]),
        ("x = { b: 1 }", UNKNOWN),
        ("x = { a: [1, [2, {", [1, [2, {}]]),
        ("const a1 = a1; x = { a: a1 }", UNKNOWN),
        ("const l = [l]; x = { a: l }", None),
        ("x = { a: ", UNKNOWN),
        ("x = { a: {get b() { return 1 }, [c]: 2, d} }", {}),
    ],
)
def test_literals(source: str, expected: object) -> None:
    found = find_literal(source, "a")
    assert found == expected or (expected is None and isinstance(found, list))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".commitlintrc", '{"extends": ["x"], "rules": {"type-enum": [2, "always", ["a", "b"]]}}'),
        (".commitlintrc.json", '{"extends": "x", "rules": {"type-enum": [2, "always", ["a", "b"]]}}'),
        (".commitlintrc.yml", "extends: [x]\nrules:\n  type-enum: [2, always, [a, b]]\n"),
        (".commitlintrc", "extends:\n  - x\nrules:\n  type-enum:\n    - 2\n    - always\n    - - a\n      - b\n"),
        ("package.json", '{"commitlint": {"extends": ["x"], "rules": {"type-enum": [2, "always", ["a", "b"]]}}}'),
        ("cog.toml", "[commit_types]\na = {changelog_title = 'A'}\nb = {}\n"),
        (
            ".cz.toml",
            '[tool.commitizen]\nname = "cz_customize"\n[tool.commitizen.customize]\nschema_pattern = "(a|b): .*"\n',
        ),
        (
            "pyproject.toml",
            '[tool.commitizen]\nname = "cz_customize"\n[[tool.commitizen.customize.questions]]\n'
            'type = "list"\nchoices = [{value = "a", name = "A"}, "b"]\n',
        ),
        (".cz.json", json.dumps({"commitizen": {"name": "x", "customize": {"schema_pattern": "(?:a|b)!?: "}}})),
        (".czrc", '{"path": "cz-conventional-changelog", "types": {"a": {}, "b": {}}}'),
        ("package.json", '{"config": {"commitizen": {"path": "x", "types": {"a": {}, "b": {}}}}}'),
    ],
)
def test_types_are_found_wherever_they_stand(lab: GitLab, path: str, text: str) -> None:
    lab.write({path: text})
    found = read_configuration(lab.repository())
    types = set(found.types)
    assert ("a" in types, "b" in types) == (True, path != "cog.toml")
    assert found.conventional
    assert found.sources[0].endswith(f"from {path}")


def test_what_one_tool_leaves_open_another_fills(lab: GitLab) -> None:
    lab.write(
        {
            "commitlint.config.mjs": "export default { extends: ['@commitlint/config-angular'] }",
            "cog.toml": "scopes = ['cart']\n",
            ".cz.toml": "[tool.commitizen]\nmessage_length_limit = 60\nallowed_prefixes = ['WIP']\n",
        }
    )
    found = read_configuration(lab.repository())
    assert "chore" not in found.types
    assert (found.scopes, found.max_header, found.ignores) == (("cart",), 60, ("^WIP",))
    assert [source.rsplit(" ", 1)[1] for source in found.sources] == ["commitlint.config.mjs", ".cz.toml", "cog.toml"]


def test_without_extends_only_the_rules_that_are_named_hold(lab: GitLab) -> None:
    lab.write({".commitlintrc.json": '{"rules": {"subject-empty": [2, "never"]}}'})
    found = read_configuration(lab.repository())
    assert found.rules["subject-empty"] == LintRule("error", always=False)
    assert found.rules["type-enum"] == LintRule("off")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".commitlintrc.json", "{"),
        (".commitlintrc.yaml", "a: [b"),
        (".commitlintrc", "just text"),
        ("commitlint.config.js", "module.exports = require('./shared')"),
        ("package.json", "[]"),
        ("cog.toml", "= ="),
        ("pyproject.toml", "[project]\nname = 'x'\n"),
        (".commitlintrc.json", '{"rules": {"type-enum": [9], "a": "b", "c": []}, "extends": 3}'),
    ],
)
def test_a_file_that_says_nothing_is_passed_over(lab: GitLab, path: str, text: str) -> None:
    lab.write({path: text})
    found = read_configuration(lab.repository())
    assert (found.types, found.scopes, found.max_header, dict(found.rules)) == ((), (), 0, {})


def test_a_commit_or_a_bare_repository_is_read_without_a_work_tree(lab: GitLab) -> None:
    first = lab.commit("feat: a", {"cog.toml": "scopes = ['old']\n"})
    lab.commit("feat: b", {"cog.toml": "scopes = ['new']\n"})
    assert read_configuration(lab.repository(), first).scopes == ("old",)
    lab.git("config", "core.bare", "true")
    assert read_configuration(lab.repository()).scopes == ("new",)


def test_the_template_is_the_one_git_uses(lab: GitLab) -> None:
    lab.write({".gitmessage": "repo\n", "mine.txt": "mine\n"})
    assert read_configuration(lab.repository()).template == "repo\n"
    lab.git("config", "commit.template", "mine.txt")
    found = read_configuration(lab.repository())
    assert (found.template, found.sources) == ("mine\n", ("template from mine.txt",))
