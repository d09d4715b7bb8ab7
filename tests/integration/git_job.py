"""Two changes mixed in one work tree, as a person brings them home: begin a branch, split the change into commits,
finish the branch against a rival, write the pull request, and take everything back. Prints what it saw as JSON.

usage: python git_job.py REPOSITORY FIXED EXTENDED      (with AURA_HOME set; develop is checked out and clean)
"""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from main_job import BOUND_S, aura

CONFLICT = 5
ADDED = '''

def shout_it(text: str) -> str:
    """Say it so that everybody hears it."""
    return text.upper() + "!"
'''
TESTED = '''"""Tests of shouting."""

from {module} import shout_it


def test_it_is_loud() -> None:
    assert shout_it("ada") == "ADA!"
'''


def git(root: Path, *arguments: str) -> str:
    """What git prints."""
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout


def state(root: Path) -> dict[str, Any]:
    """HEAD, every ref but Aura's own, every entry of the index, and every file with its mode."""
    listed = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    files = sorted({name for name in listed if name and (root / name).is_file()})
    texts = [
        (name, (root / name).stat().st_mode, hashlib.sha256((root / name).read_bytes()).digest()) for name in files
    ]
    refs = git(root, "for-each-ref", "--format=%(refname) %(objectname) %(symref)").splitlines()
    return {
        "head": git(root, "symbolic-ref", "HEAD").strip(),
        "refs": [line for line in refs if not line.startswith("refs/aura/")],
        "index": git(root, "ls-files", "--stage", "-v"),
        "files": hashlib.sha256(repr(texts).encode()).hexdigest(),
    }


class Story:
    """Does things with Aura, and remembers how the repository stood before each."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._steps: list[dict[str, bytes | None] | tuple[str, dict[str, Any]]] = []

    def ask(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
        """The answer of a command that may end with one of the codes."""
        command = [sys.executable, "-P", "-m", "aura_cli", *arguments, "--json"]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, timeout=BOUND_S, check=False)
        if done.returncode not in codes:
            raise SystemExit(f"{' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def do(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
        """Do one operation, to be taken back later."""
        before, known = state(self.root), self._newest()
        answer = self.ask(*arguments, codes=codes)
        newest = self._newest()
        if newest == known:
            raise SystemExit(f"{' '.join(arguments)}: no operation was recorded")
        self._steps.append((newest, before))
        return answer

    def edit(self, texts: Mapping[str, str]) -> None:
        """Type into files, as a person does."""
        self._steps.append({path: self._bytes(path) for path in texts})
        for path, text in texts.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text, encoding="utf-8", newline="")

    def take_back(self) -> list[tuple[str, list[str]]]:
        """Take every step back, newest first; for each operation, what does not stand as it stood before it."""
        undone: list[tuple[str, list[str]]] = []
        while self._steps:
            step = self._steps.pop()
            if isinstance(step, tuple):
                title = self.ask("git", "undo", step[0], "--yes")["operation"]["title"]
                now = state(self.root)
                undone.append((title, [what for what in now if now[what] != step[1][what]]))
                continue
            for path, content in step.items():
                if content is None:
                    (self.root / path).unlink()
                else:
                    (self.root / path).write_bytes(content)
        return undone

    def text(self, path: str) -> str:
        """Of a file."""
        return (self.root / path).read_bytes().decode()

    def _bytes(self, path: str) -> bytes | None:
        return (self.root / path).read_bytes() if (self.root / path).exists() else None

    def _newest(self) -> str:
        operations = self.ask("git", "ops")["operations"]
        return operations[0]["id"] if operations else ""


def with_name(text: str, name: str) -> str:
    """The text with a name for what its first function with a one-line `return` returns."""
    lines = text.splitlines(keepends=True)
    returns = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Return) and node.value]
    place = min(node.lineno for node in returns if node.lineno == node.end_lineno) - 1
    space, _, value = lines[place].partition("return ")
    lines[place] = f"{space}{name} = {value}{space}return {name}\n"
    return "".join(lines)


def main(repository: Path, fixed: str, extended: str) -> dict[str, Any]:
    """Do it; returns what was seen."""
    story = Story(repository)
    aura("up", "--detach", "--yes", cwd=repository)
    try:
        at_first = state(repository)
        story.do("branch", "start", "feature", "rival")
        story.edit({fixed: with_name(story.text(fixed), "outcome")})
        story.do("commit", "--all", "--yes", "--no-model")
        story.do("branch", "start", "feature", "shout it")
        tested = "tests/test_shout_it.py"
        story.edit(
            {
                fixed: with_name(story.text(fixed), "answer"),
                extended: story.text(extended).rstrip("\n") + "\n" + ADDED,
                tested: TESTED.format(module=".".join(Path(extended).with_suffix("").parts).removeprefix("src.")),
            }
        )
        seen: dict[str, Any] = {"split": story.do("commit", "--all", "--split", "--yes", "--no-model")}
        commits = git(repository, "rev-list", "--reverse", "develop..HEAD").split()
        seen["log"] = [git(repository, "diff-tree", "-r", "--name-only", f"{one}^!").split() for one in commits]
        story.do("branch", "finish", "feature/rival")
        seen["finish"] = story.do("branch", "finish", "feature/shout-it", codes=(CONFLICT,))
        seen["marked"] = story.text(fixed).count("<<<<<<<")
        (repository / fixed).write_text(resolved(story.text(fixed)), encoding="utf-8", newline="")
        seen["continued"] = story.ask("continue")
        seen["unmerged"] = git(repository, "ls-files", "--unmerged")
        seen["pull"] = story.ask("pr", "draft", "--base", "main", "--no-model")["text"]
        seen["undone"] = story.take_back()
        seen["restored"] = state(repository) == at_first
        seen["fsck"] = git(repository, "fsck", "--no-dangling")
    finally:
        aura("down", cwd=repository)
    return seen


def resolved(text: str) -> str:
    """The conflict as a person settles it here: ours."""
    kept: list[str] = []
    side = "ours"
    for line in text.splitlines(keepends=True):
        side = {"<<<<<<<": "ours", "|||||||": "base", "=======": "theirs", ">>>>>>>": "ours"}.get(line[:7], side)
        if side == "ours" and line[:7] not in {"<<<<<<<", ">>>>>>>"}:
            kept.append(line)
    return "".join(kept)


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])))
