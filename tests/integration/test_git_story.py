"""Two mixed changes become two commits and a merged feature, and everything can be taken back to the byte.

The sources are those of a public package that the tests install anyway, in a repository made here. With
AURA_TEST_REPOSITORY (a clone with a branch main) and AURA_TEST_FILES (two Python files of it in different folders, with
a colon between) the story is told on that.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from git_lab import CONFIG, GitLab

JOB = Path(__file__).parent / "git_job.py"
BOUND_S = 300
PACKAGE = "uvicorn"
FILES = f"src/{PACKAGE}/config.py:src/{PACKAGE}/protocols/utils.py"


@pytest.fixture
def public(tmp_path: Path, aura_home: Path, monkeypatch: pytest.MonkeyPatch) -> GitLab:
    """A public repository on its branch develop."""
    settings = aura_home / "gitconfig"
    settings.write_text(CONFIG, encoding="utf-8")
    given = os.environ.get("AURA_TEST_REPOSITORY")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    lab = GitLab(tmp_path / "public")
    if given:
        subprocess.run(["git", "clone", "--quiet", given, str(lab.root)], check=True, capture_output=True)
    else:
        found = importlib.util.find_spec(PACKAGE)
        assert found is not None
        assert found.origin is not None
        source = Path(found.origin).parent
        shutil.copytree(source, lab.root / "src" / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
        lab.git("init", "--quiet")
        lab.commit(
            "feat: what the package is", {"tests/test_version.py": f"import {PACKAGE}\n", ".gitignore": "*.pyc\n"}
        )
    lab.git("checkout", "--quiet", "-b", "develop")
    return lab


@pytest.mark.requirement("G1", "G2", "G3", "G4", "P2", "P9")
@pytest.mark.timeout(BOUND_S)
def test_two_mixed_changes_come_home_and_are_taken_back_to_the_byte(public: GitLab) -> None:
    fixed, extended = os.environ.get("AURA_TEST_FILES", FILES).split(":")
    command = [sys.executable, str(JOB), str(public.root), fixed, extended]
    done = subprocess.run(command, capture_output=True, text=True, timeout=BOUND_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert len(seen["split"]["commits"]) == 2
    assert [sorted(files) for files in seen["log"]] == [[fixed], sorted([extended, "tests/test_shout_it.py"])]
    assert (seen["finish"]["state"], seen["finish"]["conflicts"], seen["marked"]) == ("waiting", [fixed], 1)
    assert (seen["continued"]["standing"], seen["unmerged"]) == ("done", "")
    body = seen["pull"]["body"]
    assert all(told in body for told in ("shout_it", "## Why", "## Risk", "tests/test_shout_it.py", "not run"))
    assert seen["pull"]["files"] == 3
    assert [left for _, left in seen["undone"]] == [[]] * 6
    assert seen["restored"]
    assert seen["fsck"] == ""
