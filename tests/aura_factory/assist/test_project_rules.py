"""Rules that a project has written down for its files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aura_factory.assist.project_rules import first_match, read_mdc, rules_for


def write(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def test_notes_of_the_project_and_of_the_folders_around_apply_the_general_first(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "AGENTS.md": "all",
            "CLAUDE.md": "claude",
            "web/AGENTS.md": "web",
            "api/AGENTS.md": "api",
            "web/x/CLAUDE.md": " ",
        },
    )
    found = rules_for(root, "web/x/a.ts")
    assert [(rule.path, rule.text, rule.why) for rule in found] == [
        ("AGENTS.md", "all", "always"), ("CLAUDE.md", "claude", "always"), ("web/AGENTS.md", "web", "folder web"),
    ]  # fmt: skip


@pytest.mark.requirement("C7")
def test_cursor_rules_apply_by_their_globs_or_always(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            ".cursor/rules/a.mdc": "---\ndescription: x\nglobs: *.py,*.pyi\nalwaysApply: false\n---\nPython rules\n",
            ".cursor/rules/b.mdc": "---\nalwaysApply: true\n---\nAll rules\n",
            ".cursor/rules/deep/c.mdc": "---\nglobs: web/**/*.{ts,tsx}\n---\nWeb rules\n",
            ".cursor/rules/d.mdc": "---\ndescription: when asked for\n---\nNever by itself\n",
            ".cursor/rules/e.mdc": "---\nglobs: *.py\n---\n",
            "web/.cursor/rules/f.mdc": "---\nglobs: x/*.ts\n---\nOnly x\n",
        },
    )
    assert [(rule.text, rule.why) for rule in rules_for(root, "shop/cart.py")] == [
        ("Python rules", "matches *.py"), ("All rules", "always"),
    ]  # fmt: skip
    assert [rule.text for rule in rules_for(root, "web/x/a.tsx")] == ["All rules", "Web rules"]
    assert [rule.text for rule in rules_for(root, "web/x/a.ts")] == ["All rules", "Web rules", "Only x"]


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        ("globs: *.py", ("*.py",)),
        ("globs: *.py, src/**/*.ts", ("*.py", "src/**/*.ts")),
        ("globs: [\"*.py\", '*.ts']", ("*.py", "*.ts")),
        ("globs:\n  - *.py\n  - 'a/**'", ("*.py", "a/**")),
        ("globs: **/*.{ts,tsx},*.md", ("**/*.ts", "**/*.tsx", "*.md")),
        ("globs:", ()),
        ("description: a: b\nglobs: *.go", ("*.go",)),
    ],
)
def test_globs_are_read_as_people_write_them(globs: str, expected: tuple[str, ...]) -> None:
    assert read_mdc(f"---\n{globs}\n---\ntext").globs == expected


def test_a_file_without_a_head_is_all_text() -> None:
    assert read_mdc("no head").text == "no head"
    assert read_mdc("---\nglobs: *.py\nnever closed").globs == ()
    assert read_mdc("").text == ""
    windows = read_mdc('---\r\ndescription: "it"\r\nalwaysApply: True\r\n---\r\na\r\nb\r\n')
    assert (windows.text, windows.always, windows.description) == ("a\nb", True, "it")


def test_braces_do_not_explode() -> None:
    glob = "{a,b}" * 20
    assert len(read_mdc(f"---\nglobs: {glob}\n---\nx").globs) <= 64


def test_a_glob_that_makes_no_sense_matches_nothing() -> None:
    assert first_match(["!", "*.ts"], "a.ts") == "*.ts"
    assert first_match([], "a.ts") == ""


def test_hidden_characters_are_shown_and_long_files_are_cut(tmp_path: Path) -> None:
    write(tmp_path, {"AGENTS.md": "a\u202eb\n" + "x" * 40_000})
    (rule,) = rules_for(tmp_path, "a.py")
    assert rule.text.startswith("a\\u202eb\n")
    assert len(rule.text) < 33_000


def test_links_out_of_the_project_and_folders_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "secret"
    outside.write_text("secret", encoding="utf-8")
    root = write(tmp_path / "project", {".cursor/rules/x.txt": "no rule", "CLAUDE.md/inside": "a folder"})
    (root / "AGENTS.md").symlink_to(outside)
    (root / ".cursor" / "rules" / "y.mdc").symlink_to(outside)
    os.mkfifo(root / ".cursor" / "rules" / "z.mdc")
    assert rules_for(root, "a.py") == []
