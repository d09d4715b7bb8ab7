"""Which tools are known: how one sees that a project has them, how they are called, and what they would run."""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from aura_code.tools import outputs

_MOST_CONFIG_BYTES: Final = 1_000_000


class Sign(NamedTuple):
    """A file that says that a project has a tool."""

    glob: str
    """File name pattern within the folder."""
    mark: str = ""
    """Regular expression that must match a line of it; empty when the file alone says it."""


class Call(NamedTuple):
    """What a command line is made of."""

    folder: Path
    """Where the tool's configuration lies, and where it runs."""
    files: tuple[str, ...]
    """Files to look at, relative to the folder and beginning with `./`; empty for all."""
    config: Path
    """The file that says that the project has it."""
    scratch: Path
    """A folder outside the project for what the tool must write."""


Arguments = Callable[[Call], list[str]]


def _no_reason(_: Call) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool."""

    name: str
    """As it stands before the colon of its rules."""
    signs: tuple[Sign, ...]
    binaries: tuple[str, ...]
    """Names of its program, best first."""
    endings: frozenset[str]
    """Of the files that it looks at."""
    arguments: Arguments
    read: outputs.Reader
    takes_files: bool
    """Whether it can look at single files; else it looks at everything and what was not asked for is dropped."""
    runs_code: Callable[[Call], str] = _no_reason
    """Why it would run code of the project, by its kind or by the project's configuration; empty when it only reads."""
    cannot: Callable[[Call], str] = _no_reason
    """Why it cannot be run without writing into the project or using the network; empty when it can."""
    fine: frozenset[int] = frozenset({0, 1})
    """Exit codes of a run that came to its end."""
    complains: bool = False
    """Whether what counts comes on the standard error."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    timeout_s: float = 60.0
    unless: tuple[str, ...] = ()
    """Tools that say the same; when one of them ran, this one is left out."""


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_CONFIG_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def has_sign(folder: Path, sign: Sign) -> Path | None:
    """The file that carries a sign in a folder; None when there is none."""
    for path in sorted(folder.glob(sign.glob)):
        there = path.is_file() or path.name == ".semgrep"
        if there and (not sign.mark or re.search(sign.mark, _text(path), re.MULTILINE)):
            return path
    return None


def _table(name: str) -> str:
    return rf"^\s*\[+{re.escape(name)}[\].]"


def _hook(name: str) -> Sign:
    return Sign(".pre-commit-config.yaml", rf"^\s*-\s*id:\s*['\"]?{re.escape(name)}(?:-check)?['\"]?\s*$")


def _or_all(call: Call) -> list[str]:
    return ["--", *call.files] if call.files else ["."]


def _mypy_arguments(call: Call) -> list[str]:
    named = re.search(r"^\s*(?:files|packages|modules)\s*=", _text(call.config), re.MULTILINE)
    return [
        "--output=json",
        "--show-error-end",
        "--no-error-summary",
        "--cache-dir=/dev/null" if sys.platform != "win32" else "--cache-dir=nul",
        *([] if named else _packages(call.folder)),
    ]


def _packages(folder: Path) -> list[str]:
    """What a project would hand to a checker: its packages, and not every script of its folders."""
    if (folder / "src").is_dir():
        return ["src"]
    found = sorted(path.parent.name for path in folder.glob("*/__init__.py"))
    return [name for name in found if name not in {"tests", "test", "docs"}] or ["."]


def _tsc_arguments(call: Call) -> list[str]:
    """With a build file of our own, since one in the project is written even without output."""
    own = call.scratch / f"{zlib.crc32(str(call.folder).encode()):08x}.tsbuildinfo"
    return ["--noEmit", "--pretty", "false", "--incremental", "--tsBuildInfoFile", str(own), "-p", "."]


def _tsc_cannot(call: Call) -> str:
    asks = re.search(r"\"(?:devD|d)ependencies\"\s*:\s*\{\s*\"", _text(call.folder / "package.json"))
    if asks and not any((folder / "node_modules").is_dir() for folder in (call.folder, *call.folder.parents[:2])):
        return "the dependencies are not installed (there is no node_modules), so that every import would be an error"
    return ""


def _mypy_code(call: Call) -> str:
    if re.search(r"^\s*(?:plugins|python_executable)\s*=", _text(call.config), re.MULTILINE):
        return f"{call.config.name} names plugins or an interpreter"
    return ""


def _own_interpreter(call: Call) -> str:
    """Pyright asks the interpreter of the environment for its folders."""
    for name in (".venv", "venv", "env"):
        if (call.folder / name / "pyvenv.cfg").is_file():
            return f"it starts the interpreter of {name}"
    if re.search(r"\"?(?:venv|venvPath|pythonPath)\"?\s*[:=]", _text(call.config)):
        return f"{call.config.name} names an interpreter"
    return ""


def _bandit_arguments(call: Call) -> list[str]:
    own = ["-c", call.config.name] if call.config.name in {"pyproject.toml", "bandit.yaml", "bandit.yml"} else []
    ini = (
        ["--ini", ".bandit"] if (call.folder / ".bandit").is_file() else ["-x", "./.venv,./venv,./node_modules,./.git"]
    )
    return ["-q", "-f", "json", *own, *ini, *(call.files or ("-r", "."))]


def _golangci_arguments(call: Call) -> list[str]:
    second = re.search(r"^\s*\"?version\"?\s*[:=]\s*\"?2", _text(call.config), re.MULTILINE)
    form = ["--output.json.path=stdout", "--show-stats=false"] if second else ["--out-format=json"]
    return ["run", *form, "--issues-exit-code=0", "--modules-download-mode=readonly", "--allow-parallel-runners"]


def _clippy_arguments(call: Call) -> list[str]:
    target = str(call.scratch / "cargo")
    return ["clippy", "--frozen", "--quiet", "--workspace", "--message-format=json", "--target-dir", target]


def _clippy_cannot(call: Call) -> str:
    return "" if (call.folder / "Cargo.lock").is_file() else "there is no Cargo.lock, and cargo would write one"


def _semgrep_arguments(call: Call) -> list[str]:
    own = ["--config", call.config.name, "--json", "--quiet", "--metrics=off", "--disable-version-check"]
    return ["scan", *own, *(call.files or (".",))]


def _always(reason: str) -> Callable[[Call], str]:
    def say(_: Call) -> str:
        return reason

    return say


_PYTHON: Final = frozenset({".py", ".pyi"})
_SCRIPT: Final = frozenset({".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"})
_GO_ALONE: Final = {
    "GOFLAGS": "-mod=readonly",
    "GOPROXY": "off",
    "GOTOOLCHAIN": "local",
    "GOTELEMETRY": "off",
    "CGO_ENABLED": "0",
}

TOOLS: Final[tuple[Tool, ...]] = (
    Tool(
        name="ruff",
        signs=(Sign("ruff.toml"), Sign(".ruff.toml"), Sign("pyproject.toml", _table("tool.ruff")), _hook("ruff")),
        binaries=("ruff",),
        endings=_PYTHON,
        arguments=lambda call: [
            *("check", "--output-format=json", "--no-cache", "--no-fix", "--force-exclude", "--quiet"),
            *_or_all(call),
        ],
        read=outputs.read_ruff,
        takes_files=True,
    ),
    Tool(
        name="basedpyright",
        signs=(Sign("pyproject.toml", _table("tool.basedpyright")), _hook("basedpyright")),
        binaries=("basedpyright",),
        endings=_PYTHON,
        arguments=lambda _: ["--outputjson"],
        read=outputs.read_pyright,
        takes_files=False,
        runs_code=_own_interpreter,
        timeout_s=300.0,
    ),
    Tool(
        name="pyright",
        signs=(Sign("pyrightconfig.json"), Sign("pyproject.toml", _table("tool.pyright")), _hook("pyright")),
        binaries=("pyright", "basedpyright"),
        endings=_PYTHON,
        arguments=lambda _: ["--outputjson"],
        read=outputs.read_pyright,
        takes_files=False,
        runs_code=_own_interpreter,
        timeout_s=300.0,
        unless=("basedpyright",),
        environment={"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
    ),
    Tool(
        name="ty",
        signs=(Sign("ty.toml"), Sign("pyproject.toml", _table("tool.ty"))),
        binaries=("ty",),
        endings=_PYTHON,
        arguments=lambda call: ["check", "--output-format=gitlab", "--no-progress", *_or_all(call)],
        read=outputs.read_ty,
        takes_files=True,
        timeout_s=120.0,
    ),
    Tool(
        name="mypy",
        signs=(
            Sign("mypy.ini"),
            Sign(".mypy.ini"),
            Sign("setup.cfg", _table("mypy")),
            Sign("pyproject.toml", _table("tool.mypy")),
            _hook("mypy"),
        ),
        binaries=("mypy",),
        endings=_PYTHON,
        arguments=_mypy_arguments,
        read=outputs.read_mypy,
        takes_files=False,
        runs_code=_mypy_code,
        timeout_s=300.0,
    ),
    Tool(
        name="bandit",
        signs=(
            Sign(".bandit"),
            Sign("bandit.yaml"),
            Sign("bandit.yml"),
            Sign("pyproject.toml", _table("tool.bandit")),
            _hook("bandit"),
        ),
        binaries=("bandit",),
        endings=_PYTHON,
        arguments=_bandit_arguments,
        read=outputs.read_bandit,
        takes_files=True,
        timeout_s=120.0,
    ),
    Tool(
        name="eslint",
        signs=(Sign("eslint.config.*"), Sign(".eslintrc*"), Sign("package.json", r"\"eslintConfig\"\s*:")),
        binaries=("eslint",),
        endings=_SCRIPT,
        arguments=lambda call: ["--format=json", "--no-color", "--no-error-on-unmatched-pattern", *_or_all(call)],
        read=outputs.read_eslint,
        takes_files=True,
        runs_code=_always("its configuration and plugins are code"),
        timeout_s=120.0,
    ),
    Tool(
        name="biome",
        signs=(Sign("biome.json"), Sign("biome.jsonc")),
        binaries=("biome",),
        endings=_SCRIPT | {".json", ".css", ".vue", ".svelte"},
        arguments=lambda call: [
            *("lint", "--reporter=json", "--colors=off", "--max-diagnostics=none", "--no-errors-on-unmatched"),
            *(call.files or (".",)),
        ],
        read=outputs.read_biome,
        takes_files=True,
    ),
    Tool(
        name="tsc",
        signs=(Sign("tsconfig.json"),),
        binaries=("tsc",),
        endings=_SCRIPT,
        arguments=_tsc_arguments,
        cannot=_tsc_cannot,
        read=outputs.read_tsc,
        takes_files=False,
        fine=frozenset({0, 1, 2}),
        timeout_s=300.0,
    ),
    Tool(
        name="golangci-lint",
        signs=(Sign(".golangci.y*ml"), Sign(".golangci.toml"), Sign(".golangci.json")),
        binaries=("golangci-lint",),
        endings=frozenset({".go"}),
        arguments=_golangci_arguments,
        read=outputs.read_golangci,
        takes_files=False,
        runs_code=_always("its configuration may load plugins"),
        environment=_GO_ALONE,
        timeout_s=300.0,
    ),
    Tool(
        name="govet",
        signs=(Sign("go.mod"),),
        binaries=("go",),
        endings=frozenset({".go"}),
        arguments=lambda _: ["vet", "-json", "./..."],
        read=outputs.read_go_vet,
        takes_files=False,
        complains=True,
        environment=_GO_ALONE,
        timeout_s=180.0,
        unless=("golangci-lint",),
    ),
    Tool(
        name="clippy",
        signs=(Sign("Cargo.toml"),),
        binaries=("cargo",),
        endings=frozenset({".rs"}),
        arguments=_clippy_arguments,
        read=outputs.read_clippy,
        takes_files=False,
        runs_code=_always("cargo runs build scripts and macros of the project and of its dependencies"),
        cannot=_clippy_cannot,
        fine=frozenset({0, 101}),
        environment={"CARGO_NET_OFFLINE": "true"},
        timeout_s=300.0,
    ),
    Tool(
        name="semgrep",
        signs=(Sign(".semgrep.y*ml"), Sign("semgrep.y*ml"), Sign(".semgrep")),
        binaries=("semgrep",),
        endings=_PYTHON | _SCRIPT | {".go", ".rs", ".java", ".c", ".cpp", ".rb", ".php", ".kt"},
        arguments=_semgrep_arguments,
        read=outputs.read_semgrep,
        takes_files=True,
        environment={"SEMGREP_SEND_METRICS": "off", "SEMGREP_ENABLE_VERSION_CHECK": "0"},
        timeout_s=180.0,
    ),
)
"""In the order in which they are preferred where two say the same."""


def tools_named(names: Sequence[str]) -> tuple[Tool, ...]:
    """The tools with these names; all without a name."""
    return tuple(tool for tool in TOOLS if not names or tool.name in names)
