"""Proposals tried on a copy of a real project, in the real sandbox."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aura_factory.checks.checking import SandboxChecker, judge_tests
from aura_factory.checks.suites import Suite
from aura_factory.sandbox.contract import Outcome, Policy, Probe
from aura_factory.sandbox.running import make_runner
from aura_shared.bus import Context
from aura_shared.bus.memory import MemoryBus, MemoryHub
from aura_shared.errors import FileMovedOn, NotFound, UnsafePath
from aura_shared.messages import structure
from aura_shared.messages.changes import CheckResult, ProposedFile
from aura_shared.messages.code import ProjectInfo
from aura_shared.messages.structure import FindTests
from aura_shared.settings import SandboxSettings

SHOP = {
    "pyproject.toml": '[project]\nname = "shop"\n[tool.ruff.lint]\nselect = ["F"]\n[tool.pytest.ini_options]\n',
    "shop.py": "def price(amount):\n    return amount * 2\n",
    "tests/test_shop.py": "from shop import price\n\ndef test_price():\n    assert price(2) == 4\n",
    "tests/test_broken.py": "def test_always_fails():\n    assert False\n",
    "conftest.py": "import sys, pathlib\nsys.path.insert(0, str(pathlib.Path(__file__).parent))\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A small project whose environment is the one that runs these tests."""
    root = tmp_path / "shop"
    for path, text in SHOP.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (root / ".aura").mkdir()
    (root / ".aura" / "config.toml").write_text(f'[checks]\npython = "{sys.executable}"\n', encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull})
    return root


class Asked:
    """A code service that knows which tests reach what."""

    def __init__(self, hub: MemoryHub, tests: list[str]) -> None:
        self.asked: list[FindTests] = []
        self._tests = tests
        hub.connect("code").serve(FindTests, self._answer)

    async def _answer(self, request: FindTests, _context: Context) -> structure.TestsAnswer:
        self.asked.append(request)
        if request.symbol == "unknown":
            raise NotFound("no such symbol")
        return structure.TestsAnswer(files=self._tests)


async def check(
    root: Path, files: list[ProposedFile], reaching: list[str], *, symbols: list[str] | None = None, tests: bool = True
) -> tuple[list[CheckResult], list[str], Asked]:
    """What the checks say, what was told meanwhile, and what the code service was asked."""
    hub = MemoryHub()
    asked = Asked(hub, reaching)
    told: list[str] = []

    async def tell(line: str) -> None:
        told.append(line)

    settings = SandboxSettings()
    checker = SandboxChecker(MemoryBus("factory", hub=hub), make_runner(settings), settings, root.parent / "scratch")
    project = ProjectInfo(id="shop-1", name="shop", root=str(root), phase="ready")
    results = await checker.check(project, files, symbols=symbols or [], tests=tests, progress=tell)
    assert not list((root.parent / "scratch").glob("*")), "nothing is left"
    return results, told, asked


def changed(root: Path, path: str, text: str) -> ProposedFile:
    return ProposedFile(path=path, base=hashlib.sha256((root / path).read_bytes()).hexdigest(), content=text)


def outcomes(results: list[CheckResult]) -> list[tuple[str, str]]:
    return [(result.name, result.outcome) for result in results]


@pytest.mark.requirement("C5", "F7", "T1")
async def test_a_good_change_parses_has_nothing_new_and_passes_its_tests(shop: Path) -> None:
    file = changed(shop, "shop.py", "def price(amount):\n    return amount + amount\n")
    results, told, asked = await check(shop, [file], ["tests/test_shop.py"])
    assert outcomes(results) == [("parse", "passed"), ("ruff", "passed"), ("tests", "passed")], results
    assert "1 passed" in results[2].detail
    assert results[2].sandbox in {"bwrap", "landlock"}
    assert [question.path for question in asked.asked] == ["shop.py"]
    assert told[0] == "copying the project"
    assert (shop / "shop.py").read_text(encoding="utf-8") == SHOP["shop.py"]


async def test_a_test_that_the_change_breaks_is_named(shop: Path) -> None:
    file = changed(shop, "shop.py", "def price(amount):\n    return amount * 3\n")
    results, _, asked = await check(shop, [file], ["tests/test_shop.py"], symbols=["price", "unknown"])
    assert outcomes(results)[-1] == ("tests", "failed")
    assert "test_price" in results[-1].detail
    assert [question.symbol for question in asked.asked] == ["price", "unknown"]


async def test_what_failed_before_is_no_fault_of_the_change(shop: Path) -> None:
    file = changed(shop, "shop.py", "def price(amount):\n    return amount + amount\n")
    results, _, _ = await check(shop, [file], ["tests/test_broken.py", "tests/test_shop.py"])
    assert outcomes(results)[-1] == ("tests", "skipped")
    assert "fails without the change as well" in results[-1].detail

    file = changed(shop, "shop.py", "def price(amount):\n    return amount * 3\n")
    results, _, _ = await check(shop, [file], ["tests/test_broken.py", "tests/test_shop.py"])
    assert outcomes(results)[-1] == ("tests", "failed")
    assert "fail only with the change: tests/test_shop.py::test_price" in results[-1].detail


async def test_something_new_for_the_linter_is_named_and_what_was_there_is_not(shop: Path) -> None:
    (shop / "shop.py").write_text("import os\n" + SHOP["shop.py"], encoding="utf-8")
    file = changed(shop, "shop.py", "import os\nimport re\n" + SHOP["shop.py"])
    results, _, _ = await check(shop, [file], [], tests=False)
    assert outcomes(results) == [("parse", "passed"), ("ruff", "failed")]
    assert "re" in results[1].detail
    assert "1 new" in results[1].detail


async def test_what_does_not_parse_is_not_run(shop: Path) -> None:
    file = changed(shop, "shop.py", "def price(amount:\n    return amount\n")
    results, told, _ = await check(shop, [file], ["tests/test_shop.py"])
    assert outcomes(results) == [("parse", "failed")]
    assert told == []


@pytest.mark.requirement("T1", "F7")
async def test_a_new_test_of_the_proposal_runs_confined(shop: Path) -> None:
    outside = shop.parent / "outside.txt"
    text = (
        "import socket, pathlib, pytest\n"
        "def test_no_way_out():\n"
        f"    with pytest.raises(OSError): pathlib.Path({str(outside)!r}).write_text('x')\n"
        "    with pytest.raises(OSError): socket.create_connection(('192.0.2.1', 80), timeout=1)\n"
        "    assert not pathlib.Path('.git').exists()\n"
        "    pathlib.Path('written-here.txt').write_text('x')\n"
    )
    results, _, _ = await check(shop, [ProposedFile(path="tests/test_new.py", content=text)], [])
    assert outcomes(results)[-1] == ("tests", "passed"), results[-1].detail
    assert not outside.exists()
    assert not (shop / "written-here.txt").exists()


HOSTILE = {
    "the file is a link": ("os.unlink('lib/shop.py'); os.symlink(victim, 'lib/shop.py')", "failed"),
    "its folder is a link": ("os.rename('lib', 'gone'); os.symlink(os.path.dirname(victim), 'lib')", "unsafe"),
    "the file is a folder": ("os.unlink('lib/shop.py'); os.mkdir('lib/shop.py')", "unsafe"),
    "its folder is gone": ("os.rename('lib', 'gone')", "failed"),
}


@pytest.mark.requirement("F7")
@pytest.mark.parametrize("case", list(HOSTILE))
async def test_a_test_that_puts_a_link_in_the_place_of_a_file_reaches_nothing_outside(shop: Path, case: str) -> None:
    victims = shop.parent / "victims"
    victims.mkdir()
    (victims / "shop.py").write_text("mine", encoding="utf-8")
    act, then = HOSTILE[case]
    (shop / "lib").mkdir()
    (shop / "lib" / "shop.py").write_text("PAYLOAD = 1\n", encoding="utf-8")
    test = f"import os\ndef test_hostile():\n    victim = {str(victims / 'shop.py')!r}\n    {act}\n    assert False\n"
    files = [changed(shop, "lib/shop.py", "PAYLOAD = 2\n"), ProposedFile(path="tests/test_hostile.py", content=test)]
    if then == "unsafe":
        with pytest.raises(UnsafePath, match=r"lib/shop\.py cannot be written into the copy"):
            await check(shop, files, [])
    else:
        results, _, _ = await check(shop, files, [])
        assert outcomes(results)[-1] == ("tests", then)
    assert not list((shop.parent / "scratch").glob("*"))
    assert {file.name: file.read_text(encoding="utf-8") for file in victims.iterdir()} == {"shop.py": "mine"}
    assert (shop / "lib" / "shop.py").read_text(encoding="utf-8") == "PAYLOAD = 1\n"


async def test_without_tests_that_reach_it_that_is_said(shop: Path) -> None:
    file = changed(shop, "shop.py", "def price(amount):\n    return amount + amount\n")
    results, _, _ = await check(shop, [file], [])
    assert outcomes(results)[-1] == ("tests", "skipped")
    assert "no test reaches" in results[-1].detail


async def test_a_deleted_test_is_not_run_and_a_text_without_grammar_is_not_parsed(shop: Path) -> None:
    (shop / "notes.txt").write_text("x\n", encoding="utf-8")
    files = [ProposedFile(path="tests/test_shop.py"), changed(shop, "notes.txt", "y\n")]
    results, _, _ = await check(shop, files, ["tests/test_shop.py"])
    assert outcomes(results) == [("parse", "skipped"), ("tests", "skipped")]


async def test_a_project_file_with_wrong_settings_does_not_stop_the_checks(shop: Path) -> None:
    (shop / ".aura" / "config.toml").write_text("[checks]\nnonsense = 1\n", encoding="utf-8")
    file = changed(shop, "shop.py", "def price(amount):\n    return amount + amount\n")
    results, _, _ = await check(shop, [file], ["tests/test_shop.py"])
    assert outcomes(results)[0] == ("parse", "passed")


async def test_a_file_that_moved_on_is_an_error(shop: Path) -> None:
    file = changed(shop, "shop.py", "x = 1\n")
    (shop / "shop.py").write_text("y = 1\n", encoding="utf-8")
    with pytest.raises(FileMovedOn):
        await check(shop, [file], [])


class NoRunner:
    """A machine that cannot confine anything."""

    probe = Probe("none", reasons=("bubblewrap is not installed",))

    async def run(self, command: object, policy: Policy) -> Outcome:
        raise AssertionError("nothing may run")


@pytest.mark.requirement("F7")
async def test_without_a_sandbox_nothing_runs_and_the_reason_is_given(shop: Path) -> None:
    bus = MemoryBus("factory", hub=MemoryHub())
    checker = SandboxChecker(bus, NoRunner(), SandboxSettings(), shop.parent / "scratch")
    project = ProjectInfo(id="shop-1", name="shop", root=str(shop), phase="ready")

    async def tell(line: str) -> None:
        del line

    file = changed(shop, "shop.py", "def price(amount):\n    return amount + amount\n")
    results = await checker.check(project, [file], symbols=[], tests=True, progress=tell)
    assert outcomes(results) == [("parse", "passed"), ("sandbox", "skipped")]
    assert "bubblewrap is not installed" in results[1].detail


def ran(code: int, stdout: str = "", ended: str = "exit", detail: str = "") -> Outcome:
    return Outcome(ended, code, stdout.encode(), b"", False, 1.0, "bwrap", detail)  # type: ignore[arg-type]


SUITE = Suite("pytest", None, (), ("tests/test_a.py",), left_out=2)


@pytest.mark.parametrize(
    ("before", "after", "outcome", "words"),
    [
        pytest.param(None, ran(0, "== 3 passed in 1s =="), "passed", "3 passed in 1s", id="passed"),
        pytest.param(None, ran(5), "skipped", "there is no test", id="no test in the files"),
        pytest.param(ran(0), ran(1, "FAILED a::b"), "failed", "FAILED a::b", id="broken"),
        pytest.param(ran(1, "FAILED a::b"), ran(1, "FAILED a::b"), "skipped", "without the change", id="as before"),
        pytest.param(ran(0), ran(-9, ended="time", detail="120 s passed"), "failed", "120 s passed", id="hangs"),
        pytest.param(ran(-9, ended="time"), ran(-9, ended="time"), "skipped", "without the change", id="always hangs"),
        pytest.param(ran(1), ran(1), "skipped", "said nothing", id="silent"),
    ],
)
def test_a_run_is_judged_against_the_one_without_the_change(
    before: Outcome | None, after: Outcome, outcome: str, words: str
) -> None:
    judged, detail = judge_tests(SUITE, before, after)
    assert judged == outcome
    assert words in detail
    assert "2 more test files were left out" in detail
