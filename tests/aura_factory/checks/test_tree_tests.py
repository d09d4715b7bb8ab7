"""Tests of trees of git that are not checked out, in the real sandbox."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from aura_factory.checks.checking import SandboxChecker
from aura_factory.checks.git_trees import list_tree, unpack_tree
from aura_factory.checks.tree_tests import TreeTester
from aura_factory.sandbox.contract import Probe
from aura_factory.sandbox.running import ConfinedRunner, make_runner
from aura_shared.bus import Context
from aura_shared.bus.memory import MemoryHub
from aura_shared.errors import GitError, NotFound, UnknownRef
from aura_shared.messages import structure, testing
from aura_shared.messages.structure import FindTests
from aura_shared.projects import Project
from aura_shared.settings import SandboxSettings

pytestmark = pytest.mark.requirement("G1", "F7")

SHOP = {
    "pyproject.toml": "[tool.pytest.ini_options]\n",
    "conftest.py": "import sys, pathlib\nsys.path.insert(0, str(pathlib.Path(__file__).parent))\n",
    "shop.py": "def price(amount):\n    return amount * 2\n",
    "tests/test_shop.py": "from shop import price\n\ndef test_price():\n    assert price(2) == 4\n",
    "tests/test_broken.py": "def test_always_fails():\n    assert False\n",
    ".aura/config.toml": f'[checks]\npython = "{sys.executable}"\n',
}


class Shop:
    """A repository, and what tests its trees."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "shop"
        self.root.mkdir()
        self.scratch = folder / "scratch"
        self.stores = folder / "trees"
        self.git("init", "-q")
        self.base = self.tree(SHOP)
        self.told: list[str] = []
        self.runs = asyncio.Event()
        self.asked: list[str] = []
        self.reaching = ["tests/test_shop.py"]
        hub = MemoryHub()
        hub.connect("code").serve(FindTests, self._find)
        settings = SandboxSettings()
        self.checker = SandboxChecker(hub.connect("factory"), make_runner(settings), settings, self.scratch)
        self.tester = TreeTester(self.checker, self.stores)

    async def _find(self, request: FindTests, _context: Context) -> structure.TestsAnswer:
        self.asked.append(request.path)
        return structure.TestsAnswer(files=self.reaching)

    def git(self, *arguments: str, stdin: bytes = b"", **environment: str) -> str:
        env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, **environment}
        done = subprocess.run(["git", *arguments], cwd=self.root, env=env, input=stdin, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def tree(self, files: Mapping[str, str | None]) -> str:
        """The tree of the index with these files written; the work tree is emptied again, so that nothing is there."""
        for path, text in files.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if text is not None:
                file.write_text(text, encoding="utf-8")
            elif file.exists():
                file.unlink()
            self.git("add", "--force", "--all", "--", path)
        return self.git("write-tree")

    async def run(self, tree: str, *paths: str, **fields: object) -> testing.RanTests:
        async def tell(line: str) -> None:
            self.told.append(line)
            if line.startswith("running"):
                self.runs.set()

        request = testing.RunTests.model_validate(
            {"project": "shop-1", "tree": tree, "base": self.base, "paths": paths, **fields}
        )
        project = Project(id="shop-1", name="shop", root=str(self.root), added_at="2026-01-01T00:00:00Z")
        try:
            return await self.tester.run(project, request, tell)
        finally:
            assert not list(self.scratch.glob("*")), "nothing is left"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A repository without a commit; its trees are known to git alone."""
    return Shop(tmp_path)


async def test_a_tree_is_tested_and_not_what_is_checked_out(shop: Shop) -> None:
    good = shop.tree({"shop.py": "def price(amount):\n    return amount + amount\n"})
    shop.tree({"shop.py": "def price(amount):\n    return amount * 3\n"})
    ran = await shop.run(good, "shop.py")
    assert ran.outcome == "passed", ran.detail
    assert "1 passed" in ran.detail
    assert ran.detail.startswith("pytest tests/test_shop.py")
    assert ran.tests == ["tests/test_shop.py"]
    assert ran.sandbox in {"bwrap", "landlock"}
    assert ran.seconds > 0
    assert shop.asked == ["shop.py"]
    assert shop.told == ["copying the tree", "running pytest on 1 test file"]
    assert "amount * 3" in (shop.root / "shop.py").read_text(encoding="utf-8")


async def test_what_a_tree_breaks_is_named_and_what_failed_before_is_not_held_against_it(shop: Shop) -> None:
    bad = shop.tree({"shop.py": "def price(amount):\n    return amount * 3\n"})
    ran = await shop.run(bad, "shop.py")
    assert ran.outcome == "failed"
    assert "test_price" in ran.detail

    shop.reaching = ["tests/test_broken.py", "tests/test_shop.py"]
    ran = await shop.run(bad, "shop.py")
    assert ran.outcome == "failed"
    assert "fail only with the change: tests/test_shop.py::test_price" in ran.detail
    ran = await shop.run(shop.base, "shop.py")
    assert ran.outcome == "skipped"
    assert "fails without the change as well" in ran.detail
    assert (await shop.run(shop.base, "shop.py", base="")).outcome == "failed"


async def test_a_new_test_that_fails_is_held_against_its_tree(shop: Shop) -> None:
    shop.reaching = []
    tree = shop.tree({"tests/test_new.py": "def test_new():\n    assert 1 == 2\n"})
    ran = await shop.run(tree, "tests/test_new.py")
    assert (ran.outcome, ran.tests) == ("failed", ["tests/test_new.py"])


async def test_a_test_that_the_tree_does_not_hold_is_not_run(shop: Shop) -> None:
    shop.reaching = ["tests/test_later.py"]
    ran = await shop.run(shop.base, "shop.py")
    assert (ran.outcome, ran.tests) == ("skipped", [])
    assert "no test reaches" in ran.detail
    gone = shop.tree({"tests/test_shop.py": None})
    shop.reaching = ["tests/test_shop.py"]
    assert (await shop.run(gone, "tests/test_shop.py")).outcome == "skipped"


async def test_objects_that_are_in_no_repository_come_from_a_store(shop: Shop) -> None:
    store = shop.stores / "aura-index-1" / "objects"
    (store / "info").mkdir(parents=True)
    (store / "info" / "alternates").write_text(f"{shop.root}/.git/objects\n", encoding="utf-8")
    text = b"def price(amount):\n    return 2 * amount\n"
    blob = shop.git("hash-object", "-w", "--stdin", stdin=text, GIT_OBJECT_DIRECTORY=str(store))
    index = str(shop.root.parent / "index")
    shop.git("read-tree", shop.base, GIT_INDEX_FILE=index)
    shop.git("update-index", "--cacheinfo", f"100644,{blob},shop.py", GIT_INDEX_FILE=index,
             GIT_OBJECT_DIRECTORY=str(store))  # fmt: skip
    tree = shop.git("write-tree", GIT_INDEX_FILE=index, GIT_OBJECT_DIRECTORY=str(store))
    with pytest.raises(UnknownRef, match="no tree"):
        await shop.run(tree, "shop.py")
    assert (await shop.run(tree, "shop.py", objects="aura-index-1")).outcome == "passed"
    with pytest.raises(NotFound, match="no store"):
        await shop.run(tree, "shop.py", objects="aura-index-2")
    (shop.stores / "elsewhere").symlink_to(shop.stores / "aura-index-1")
    with pytest.raises(NotFound, match="no store"):
        await shop.run(tree, "shop.py", objects="elsewhere")


async def test_neither_filters_nor_hooks_nor_attributes_act_on_a_copy(shop: Shop) -> None:
    mark = shop.root.parent / "ran"
    shop.git("config", "filter.evil.smudge", f"touch {mark}; cat")
    hook = shop.root / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {mark}\n", encoding="utf-8")
    hook.chmod(0o755)
    attributes = "*.txt filter=evil\n*.md export-ignore\n*.crlf text eol=crlf\n"
    files = {"a.txt": "plain\n", "b.md": "kept\n", "c.crlf": "one\n", ".gitattributes": attributes}
    tree = shop.tree(files)
    into = shop.root.parent / "into"
    await unpack_tree(shop.root, list_tree(shop.root, tree), into)
    assert not mark.exists()
    assert {name: (into / name).read_bytes() for name in files} == {name: text.encode() for name, text in files.items()}
    shop.git("checkout-index", "--all", f"--prefix={shop.root.parent}/by-git/")
    assert mark.exists(), "a checkout would have run it"


async def test_links_that_lead_out_are_not_in_the_copy(shop: Shop) -> None:
    secret = shop.root.parent / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    (shop.root / "inside.py").symlink_to("shop.py")
    (shop.root / "out.txt").symlink_to(secret)
    (shop.root / "up.txt").symlink_to("../secret.txt")
    (shop.root / "run.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    (shop.root / "run.sh").chmod(0o755)
    test = (
        "import os, pathlib\n"
        "def test_links():\n"
        "    assert pathlib.Path('inside.py').is_symlink() and 'price' in pathlib.Path('inside.py').read_text()\n"
        "    assert not os.path.lexists('out.txt') and not os.path.lexists('up.txt')\n"
        "    assert os.access('run.sh', os.X_OK) and not os.path.exists('.git')\n"
    )
    shop.git("add", "inside.py", "out.txt", "up.txt", "run.sh")
    tree = shop.tree({"tests/test_links.py": test})
    ran = await shop.run(tree, "tests/test_links.py")
    assert ran.outcome == "passed", ran.detail


def evil_tree(shop: Shop, *entries: tuple[bytes, bytes, str]) -> str:
    """A tree that git itself would not make."""
    data = b"".join(mode + b" " + name + b"\0" + bytes.fromhex(hash_) for mode, name, hash_ in entries)
    return shop.git("hash-object", "-w", "-t", "tree", "--stdin", "--literally", stdin=data)


async def test_a_tree_that_was_made_to_get_out_stays_in(shop: Shop) -> None:
    blob = shop.git("hash-object", "-w", "--stdin", stdin=b"bad\n")
    link = shop.git("hash-object", "-w", "--stdin", stdin=str(shop.root.parent).encode())
    below = evil_tree(shop, (b"100644", b"escaped.txt", blob))
    up = evil_tree(shop, (b"40000", b"..", below), (b"40000", b".git", below), (b"100644", b"good.txt", blob))
    assert [file.path for file in list_tree(shop.root, up)] == ["good.txt"]
    both = evil_tree(shop, (b"120000", b"d", link), (b"40000", b"d", below))
    await unpack_tree(shop.root, list_tree(shop.root, both), shop.root.parent / "both")
    assert not (shop.root.parent / "escaped.txt").exists()


async def test_content_that_is_missing_is_an_error(shop: Shop) -> None:
    blob = shop.git("rev-parse", f"{shop.base}:shop.py")
    listed = list_tree(shop.root, shop.base)
    (shop.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(GitError, match=r"shop\.py: the repository lacks its content"):
        await unpack_tree(shop.root, listed, shop.root.parent / "into")
    with pytest.raises(GitError, match=r"shop\.py: the repository lacks its content"):
        await shop.run(shop.base, "shop.py")


async def test_a_project_below_the_top_of_its_repository_is_tested_alone(shop: Shop) -> None:
    inner = {f"inner/{path}": text for path, text in SHOP.items()}
    tree = shop.tree(dict(inner))
    listed = list_tree(shop.root / "inner", tree)
    assert {file.path for file in listed} == set(SHOP)


async def test_one_run_at_a_time_that_cancelling_ends(shop: Shop) -> None:
    slow = "import time, pathlib\ndef test_slow():\n    time.sleep(60)\n"
    shop.reaching = []
    tree = shop.tree({"tests/test_slow.py": slow})
    running = asyncio.ensure_future(shop.run(tree, "tests/test_slow.py"))
    async with asyncio.timeout(30):
        waiting = asyncio.ensure_future(shop.runs.wait())
        await asyncio.wait({waiting, running}, return_when=asyncio.FIRST_COMPLETED)
    assert shop.checker.turn.locked()
    running.cancel()
    async with asyncio.timeout(30):
        with pytest.raises(asyncio.CancelledError):
            await running
    assert not shop.checker.turn.locked()
    assert not list(shop.scratch.glob("*"))


async def test_a_bound_of_the_request_ends_a_run(shop: Shop) -> None:
    shop.reaching = []
    tree = shop.tree({"tests/test_slow.py": "import time\ndef test_slow():\n    time.sleep(60)\n"})
    ran = await shop.run(tree, "tests/test_slow.py", seconds=2)
    assert ran.outcome == "failed"
    assert "2" in ran.detail
    assert ran.seconds < 30


async def test_without_a_sandbox_nothing_is_run(shop: Shop) -> None:
    shop.checker.runner = ConfinedRunner(Probe("none", reasons=("bubblewrap is not installed",)))
    ran = await shop.run(shop.base, "shop.py")
    assert (ran.outcome, ran.detail) == ("skipped", "nothing was run: bubblewrap is not installed")


async def test_a_test_without_a_known_runner_is_told(shop: Shop) -> None:
    shop.reaching = []
    tree = shop.tree({"test_it.rb": "puts 1\n"})
    ran = await shop.run(tree, "test_it.rb")
    assert (ran.outcome, ran.detail) == ("skipped", "no runner is known for these tests")
