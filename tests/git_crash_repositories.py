"""Repositories in which an operation is killed: with changes of every kind, branches that parted, and remotes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from aura_git.branching.initialising import initialise
from aura_git.branching.reading import read_branching
from aura_git.branching.starting import start
from aura_git.commits.hooks import CHAINED, HOOK, install_hook
from aura_git.repository import open_repository
from aura_git.safety.core import SafetyCore
from aura_shared.messages.branches import InitBranching, StartBranch
from aura_shared.settings import GitSettings
from git_lab import GitLab, make_lab
from merge_lab import LINES, line

__all__ = [
    "PYTHON", "Prepare", "built", "hooked", "merged_away", "mixed", "published", "releasable", "shared",
    "their_hook_runs", "unpublished", "unset", "with_flow", "with_our_hook", "with_parted", "with_their_hook",
]  # fmt: skip

PYTHON: Final = '"""Shop."""\n\nimport os\n\n\ndef total(items):\n    return sum(items)\n'
_THEIRS: Final = "#!/bin/sh\necho theirs\n"
Prepare = Callable[[Path], object]
"""Makes a repository in a folder that is not there yet."""


def mixed(root: Path) -> GitLab:
    """Changes of two things, partly staged; new, deleted and ignored files."""
    lab = make_lab(root)
    before = {
        "one.py": "def first_name(a):\n    return a\n",
        "two.py": "def second_name(b):\n    return b\n\n\ndef third_name(c):\n    return c\n",
        "gone.txt": "gone\n",
        ".gitignore": "*.log\n",
    }
    lab.commit("feat: begin", before)
    lab.branch("work")
    lab.write({"one.py": "def first_name(alpha):\n    return alpha\n"})
    lab.git("add", "one.py")
    two = "def second_name(beta):\n    return beta\n\n\ndef third_name(c):\n    return c + 1\n"
    lab.write({"two.py": two, "new.txt": "new\n", "kept.log": "ignored\n", "gone.txt": None})
    return lab


def hooked(root: Path) -> None:
    """A formatter as pre-commit hook, and one that adds a line to the message."""
    lab = mixed(root)
    hooks = {
        "pre-commit": "echo '# formatted' >> one.py && git add one.py",
        "commit-msg": 'echo >> "$1"; echo "Checked: yes" >> "$1"',
    }
    _hooks(lab, hooks)


def _hooks(lab: GitLab, scripts: Mapping[str, str]) -> None:
    for name, script in scripts.items():
        file = lab.root / ".git/hooks" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)


def with_their_hook(root: Path) -> None:
    _hooks(mixed(root), {HOOK: "echo theirs"})


def with_our_hook(root: Path) -> None:
    with_their_hook(root)
    install_hook(open_repository(root))


def their_hook_runs(root: Path) -> str:
    """The hook of the person has to run, by itself or chained, and nothing else may lie about."""
    folder = root / ".git/hooks"
    place, chained = folder / HOOK, folder / CHAINED
    runs = place.exists() and (place.read_text() == _THEIRS or (chained.exists() and chained.read_text() == _THEIRS))
    left = sorted(path.name for path in folder.iterdir() if path not in {place, chained})
    return "" if runs and not left else f"hook of the person {'runs' if runs else 'does not run'}, left: {left}"


def _flow(root: Path, kind: str = "", name: str = "", *, conflict: bool = False) -> GitLab:
    """`main` and `develop`, with a branch of a kind that has a commit."""
    lab = make_lab(root)
    lab.commit("first", {"readme": "shop\n", "a": LINES})
    lab.branch("develop")
    initialise(lab.repository(), SafetyCore(GitSettings()), InitBranching(project="p", strategy="gitflow"))
    lab.commit("chore: strategy")
    if kind:
        _begun(lab, kind, name)
        lab.commit("mine", {"a": line(3, "mine")})
        lab.commit("more", {"b": "b\n"})
        if conflict:
            lab.switch("develop")
            lab.commit("theirs", {"a": line(3, "theirs")})
            lab.switch(f"{kind}/{name}")
    return lab


def _begun(lab: GitLab, kind: str, name: str) -> None:
    request = StartBranch(project="p", kind=kind, name=name)
    start(lab.repository(), SafetyCore(GitSettings()), read_branching(lab.repository()), request)


def with_flow(kind: str = "", name: str = "", *, conflict: bool = False) -> Prepare:
    def prepare(root: Path) -> None:
        _flow(root, kind, name, conflict=conflict)

    return prepare


def published(root: Path) -> None:
    """A release branch that is at a remote too."""
    make_lab(root.parent / "origin.git", bare=True)
    lab = _flow(root, "release", "1.0")
    lab.git("remote", "add", "origin", "../origin.git")
    lab.git("push", "-q", "--set-upstream", "origin", "main", "develop", "release/1.0")


def unpublished(root: Path) -> None:
    """A branch that the remote does not know yet."""
    make_lab(root.parent / "origin.git", bare=True)
    lab = _flow(root, "feature", "cart")
    lab.git("remote", "add", "origin", "../origin.git")
    lab.git("push", "-q", "--set-upstream", "origin", "main")
    lab.write({"new.txt": "new\n"})


def built(root: Path) -> None:
    """Build output, tracked and untracked, and nothing that ignores it."""
    lab = make_lab(root)
    lab.commit("first", {"shop.py": "total = 1\n", "dist/shop.js": "built\n", "__pycache__/shop.pyc": b"\0built"})
    lab.write({"node_modules/a/index.js": "a\n", "new.txt": "new\n", "dist/shop.js": "built again\n"})


def unset(root: Path) -> None:
    lab = make_lab(root)
    lab.commit("first", {"readme": "shop\n"})
    lab.write({"new.txt": "new\n"})


def merged_away(root: Path) -> None:
    """Branches that are merged."""
    lab = _flow(root)
    for name in ("one", "two", "three"):
        lab.branch(f"feature/{name}", "develop")
        lab.commit(name, {f"{name}.txt": name})
        lab.switch("develop")
        lab.git("merge", "-q", "--no-ff", "--no-edit", f"feature/{name}")


def _parted(root: Path, *, conflict: bool = False, ahead: bool = True) -> GitLab:
    """`topic` has a commit; `mine`, which is checked out, is the top of three branches that parted from it."""
    lab = make_lab(root)
    lab.commit("base", {"a": LINES, "b": LINES, "c.py": PYTHON, ".gitignore": "*.log\n"})
    lab.branch("topic")
    theirs = {"c.py": PYTHON.replace("import os\n", "import os\nimport json\n")} if conflict else {}
    lab.commit("theirs", {"a": line(20, "theirs"), "b": line(5, "beta") if conflict else LINES, "d": "d\n", **theirs})
    lab.switch("main")
    if ahead:
        lab.branch("lowest")
        ours = {"c.py": PYTHON.replace("import os\n", "import os\nimport sys\n")} if conflict else {}
        lab.commit("ours", {"a": line(1, "ours"), "b": line(5, "alpha") if conflict else LINES, **ours})
        lab.branch("below")
        lab.commit("below", {"e": "e\n"})
        lab.branch("mine")
        lab.commit("mine", {"f": "f\n"})
    lab.write({"untracked": "left\n", "kept.log": "ignored\n"})
    return lab


def with_parted(*, conflict: bool = False, ahead: bool = True) -> Prepare:
    def prepare(root: Path) -> None:
        _parted(root, conflict=conflict, ahead=ahead)

    return prepare


def shared(root: Path) -> None:
    """Two branches that are behind what they follow, and one that has parted from it."""
    make_lab(root.parent / "origin.git", bare=True)
    lab = _parted(root)
    lab.git("remote", "add", "origin", "../origin.git")
    lab.git("config", "pull.rebase", "true")
    lab.git("push", "-q", "--set-upstream", "origin", "main", "topic", "below", "mine")
    for name in ("topic", "mine"):
        lab.git("push", "-q", "origin", f"{_elsewhere(lab, name)}:refs/heads/{name}")
    lab.commit("here", {"h": "h\n"})
    lab.git("update-ref", "refs/remotes/origin/topic", "topic")
    lab.git("update-ref", "refs/remotes/origin/mine", "mine~1")


def _elsewhere(lab: GitLab, name: str) -> str:
    """A commit that somebody else made upon a branch."""
    blob = lab.git("hash-object", "-w", "--stdin", stdin=f"{name} elsewhere\n").strip()
    listed = lab.git("ls-tree", name) + f"100644 blob {blob}\telsewhere-{name}\n"
    tree = lab.git("mktree", stdin=listed).strip()
    return lab.git("commit-tree", tree, "-p", name, "-F", "-", stdin="elsewhere\n").strip()


def releasable(root: Path) -> None:
    lab = make_lab(root)
    lab.commit("feat: begin", {"pyproject.toml": '[project]\nname = "shop"\nversion = "1.0.0"\n', "CHANGELOG.md": ""})
    lab.git("tag", "-a", "-m", "v1.0.0", "v1.0.0")
    lab.commit("feat: count prices", {"shop.py": "def total(prices):\n    return sum(prices)\n"})
