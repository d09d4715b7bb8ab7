"""New dependencies and lock files that do not follow."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_code.reviewing.manifests import added_dependencies, stray_locks, unlocked
from aura_code.reviewing.reading import read_change
from reviewed import asked, commit
from structured import write

pytestmark = pytest.mark.requirement("C8")


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        ("package.json", '{"dependencies": {"a": "1"}}', '{"dependencies": {"a": "2", "b": "1"}}', ["b"]),
        ("Cargo.toml", '[dependencies]\na = "1"\n', '[dependencies]\na = "2"\nb = "1"\n', ["b"]),
        ("pyproject.toml", '[project]\ndependencies = ["a"]\n', '[project]\ndependencies = ["a>2", "b[x]>1"]\n', ["b"]),
        (
            "pyproject.toml",
            "[tool.poetry.dependencies]\n",
            '[tool.poetry.dependencies]\npython = "3"\nb = "1"\n',
            ["b"],
        ),
        ("pyproject.toml", "[dependency-groups]\n", '[dependency-groups]\ndev = ["b"]\n', ["b"]),
        ("go.mod", "module x\n", "module x\nrequire (\n\ta.b/c v1\n\td.e/f v1 // indirect\n)\n", ["a.b/c"]),
        ("requirements/dev-requirements.txt", "a\n", "a\n# c\n-r other.txt\nB_x==1\n", ["b-x"]),
        ("package.json", "{", "[]", []),
        ("Cargo.toml", "[", "=", []),
    ],
)
def test_new_dependencies_are_found(tmp_path: Path, path: str, old: str, new: str, expected: list[str]) -> None:
    commit(tmp_path, {path: old})
    write(tmp_path, {path: new})
    assert [one.name for one in added_dependencies(read_change(tmp_path, asked()))] == expected


def test_a_lock_that_does_not_follow_is_found(tmp_path: Path) -> None:
    commit(tmp_path, {"web/package.json": '{"dependencies": {}}', "web/yarn.lock": "x\n", "Cargo.lock": "x\n"})
    write(tmp_path, {"web/package.json": '{"dependencies": {"a": "1"}}', "Cargo.lock": "y\n"})
    change = read_change(tmp_path, asked())
    assert unlocked(change) == [("web/package.json", "web/yarn.lock")]
    assert stray_locks(change) == ["Cargo.lock"]
