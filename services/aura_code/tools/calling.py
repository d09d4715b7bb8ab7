"""Calls the tools that a project has, and turns what they print into findings.

A tool of a project is code that runs with the rights of the person. So a tool that is installed for the person may read
the project with the project's configuration, where that is data; what lies inside the project (`node_modules/.bin`,
`.venv/bin`) or runs code of the project (a configuration that is a program, plugins, build scripts) is called only for
projects that the person has named in the own settings. No file of a project can change that.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path, PurePosixPath
from typing import Final, Literal, NamedTuple

from aura_code.findings.enclosing import symbol_at
from aura_code.findings.fingerprints import Ordinals
from aura_code.findings.model import Finding, Rule
from aura_code.findings.suppressions import Suppression, read_suppressions
from aura_code.tools.adapters import Call, Tool, has_sign, tools_named
from aura_code.tools.outputs import OutputError, Said
from aura_code.tools.running import Ran, run_bounded
from aura_code.tools.same import without_consequences, without_repeats
from aura_code.tools.texts import ToolText

Trust = Literal["never", "installed", "project"]
"""`never`: no tool runs. `installed`: tools outside the project that only read it. `project`: also those inside it, and
those that run its code."""

MOST_FINDINGS: Final = 5_000
"""Of one run; a project with more of them does not use the tool."""
_MOST_PATHS: Final = 1_000  # Of one command line; beyond that the whole project is looked at.
_AT_ONCE: Final = 2
_MOST_FOLDERS: Final = 6  # In which a tool runs, in a repository of several packages.
_INSIDE: Final = ("node_modules/.bin", ".venv/bin", "venv/bin", "env/bin", ".venv/Scripts", "venv/Scripts")
_NOT_ENTERED: Final = frozenset(
    ["node_modules", "vendor", "third_party", "target", "build", "dist", "venv", "env", "__pycache__", "fixtures"]
)


class ToolRun(NamedTuple):
    """A tool that ran."""

    tool: str
    program: str
    """Its path."""
    folder: str
    """Where, relative to the project; empty for its root."""
    findings: int
    seconds: float


class NotRun(NamedTuple):
    """A tool that the project has and that did not run to its end, or whose findings could not all be used."""

    tool: str
    reason: str
    """Why, and what to do about it."""


@dataclass(frozen=True, slots=True)
class ToolsOutcome:
    """What the tools of a project found."""

    findings: tuple[Finding, ...] = ()
    """By path and place, without repeats among the tools."""
    ran: tuple[ToolRun, ...] = ()
    not_run: tuple[NotRun, ...] = ()
    seconds: float = 0.0
    more: bool = False
    """Whether findings were left out because of the bound."""


def trust_for(root: Path, tools: str, trusted: Iterable[str]) -> Trust:
    """What may run in a project, out of the person's own settings.

    Args:
        root: Folder of the project.
        tools: Setting `findings.tools`: `never`, or `installed`.
        trusted: Setting `findings.run_project_tools`: folders of projects whose own tools may run.
    """
    if tools == "never":
        return "never"
    here = Path(os.path.realpath(root))
    named = (Path(os.path.realpath(Path(folder).expanduser())) for folder in trusted if folder)
    return "project" if any(here == folder for folder in named) else "installed"


def run_tools(
    root: Path,
    paths: Sequence[str] | None = None,
    *,
    trust: Trust = "installed",
    names: Sequence[str] = (),
    off: Collection[str] = (),
    rules: Iterable[Rule] = (),
    timeout_s: float = 300.0,
    scratch: Path | None = None,
    limit: int = MOST_FINDINGS,
) -> ToolsOutcome:
    """Run what a project has configured.

    Args:
        root: Folder of the project.
        paths: Only findings in these files; tools that can look at single files look at no others.
        trust: What may run; see `trust_for`.
        names: Only these tools; all without a name.
        off: Tools that are not called, as `findings.tools_off` says.
        rules: Rules of Aura, whose `replaced_by` says what is the same in several tools.
        timeout_s: Bound for each tool, besides its own.
        scratch: Folder of Aura's own for what tools must keep; without it a temporary one.
        limit: Most findings.
    """
    begin = time.monotonic()
    if trust == "never":
        return ToolsOutcome(not_run=(NotRun("", "`findings.tools` is `never` in your settings"),))
    if paths is not None and not paths:
        return ToolsOutcome()
    wanted = None if paths is None else frozenset(paths)
    with _folder_for(scratch) as outside:
        jobs, not_run = _plan(root, wanted, tools_named(names), frozenset(off), trust, outside)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            results = list(pool.map(_run, jobs, repeat(timeout_s)))
    texts: dict[str, ToolText] = {}
    ran: list[ToolRun] = []
    found: list[Finding] = []
    for job, result in zip(jobs, results, strict=True):
        if isinstance(result, NotRun):
            not_run.append(result)
            continue
        here, note = without_consequences(job.tool.name, _findings(root, job, result.said, wanted, texts))
        not_run += [NotRun(job.tool.name, note)] if note else []
        ran.append(ToolRun(job.tool.name, job.program, job.inside, len(here), result.seconds))
        found += here
    found = without_repeats(found, rules)
    found.sort(key=lambda finding: (finding.path, finding.span, finding.rule))
    spent = round(time.monotonic() - begin, 3)
    return ToolsOutcome(tuple(found[:limit]), tuple(ran), tuple(not_run), spent, len(found) > limit)


class _Job(NamedTuple):
    tool: Tool
    program: str
    call: Call
    inside: str
    path: str


class _Result(NamedTuple):
    said: list[Said]
    seconds: float


@contextmanager
def _folder_for(scratch: Path | None) -> Generator[Path]:
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
        yield scratch
        return
    with tempfile.TemporaryDirectory(prefix="aura-tools-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _plan(
    root: Path,
    wanted: frozenset[str] | None,
    tools: Sequence[Tool],
    off: frozenset[str],
    trust: Trust,
    scratch: Path,
) -> tuple[list[_Job], list[NotRun]]:
    folders = _folders(root)
    search = _search_path(root)
    jobs: list[_Job] = []
    not_run: list[NotRun] = []
    planned: set[str] = set()
    for tool in tools:
        for call, inside in _calls(root, folders, tool, wanted, scratch):
            if planned.intersection(tool.unless):
                continue
            if tool.name in off:
                made = NotRun(tool.name, "`findings.tools_off` names it")
            else:
                made = _job(root, tool, call, inside, trust, search)
            if isinstance(made, NotRun):
                not_run.append(made)
                break  # The other folders would say the same.
            planned.add(tool.name)
            jobs.append(made)
    return jobs, not_run


def _folders(root: Path) -> list[Path]:
    """The root, and folders two levels below it where a package of its own may lie."""
    found = [root]
    level = [root]
    for _ in range(2):
        level = [child for folder in level for child in _children(folder)]
        found += level
    return found[:400]


def _children(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []
    return [folder / name for name in names if not name.startswith(".") and name not in _NOT_ENTERED]


def _calls(
    root: Path, folders: Sequence[Path], tool: Tool, wanted: frozenset[str] | None, scratch: Path
) -> Iterator[tuple[Call, str]]:
    """Where a tool runs: at the root when its configuration is there, else in the packages that have one."""
    count = 0
    for folder in folders:
        config = next((path for sign in tool.signs if (path := has_sign(folder, sign))), None)
        if config is None:
            continue
        inside = "" if folder == root else folder.relative_to(root).as_posix()
        files = _files(folder, inside, tool, wanted)
        if files is not None:
            yield Call(folder, files, config, scratch), inside
        count += 1
        if folder == root or count >= _MOST_FOLDERS:
            return


def _files(folder: Path, inside: str, tool: Tool, wanted: frozenset[str] | None) -> tuple[str, ...] | None:
    """Files for the command line, empty for all; None when nothing that was asked for is this tool's."""
    if wanted is None:
        return ()
    prefix = f"{inside}/" if inside else ""
    own = sorted(
        path.removeprefix(prefix)
        for path in wanted
        if path.startswith(prefix) and PurePosixPath(path).suffix.lower() in tool.endings
    )
    own = [path for path in own if (folder / path).is_file()]
    if not own:
        return None
    return tuple(f"./{path}" for path in own) if tool.takes_files and len(own) <= _MOST_PATHS else ()


def _search_path(root: Path) -> list[str]:
    """Folders of `PATH` that lie outside the project; relative ones are left out."""
    here = Path(os.path.realpath(root))
    folders = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(folder).is_absolute()]
    return [folder for folder in folders if not Path(os.path.realpath(folder)).is_relative_to(here)]


def _job(root: Path, tool: Tool, call: Call, inside: str, trust: Trust, search: Sequence[str]) -> _Job | NotRun:
    if problem := tool.cannot(call):
        return NotRun(tool.name, problem)
    own = _own_folders(root, call.folder)
    code = tool.runs_code(call)
    if code and trust != "project":
        return NotRun(tool.name, f"it would run code of the project ({code}); {_HOW}")
    path = os.pathsep.join([*own, *search] if trust == "project" else search)
    program = _program(tool, path)
    if program:
        return _Job(tool, program, call, inside, path)
    if _program(tool, os.pathsep.join(own)):
        return NotRun(tool.name, f"it is installed inside the project only; {_HOW}")
    looked = "on PATH and in the project" if trust == "project" else "on PATH"
    return NotRun(tool.name, f"{call.config.name} asks for it, and it is not installed {looked}")


_HOW: Final = "name the project in `findings.run_project_tools` of your own settings to allow that"


def _own_folders(root: Path, folder: Path) -> list[str]:
    places = [folder, *([] if folder == root else [root])]
    return [str(place / inside) for place in places for inside in _INSIDE if (place / inside).is_dir()]


def _program(tool: Tool, path: str) -> str:
    found = (shutil.which(name, path=path) for name in tool.binaries) if path else iter(())
    return next((program for program in found if program), "")


def _run(job: _Job, timeout_s: float) -> _Result | NotRun:
    tool = job.tool
    ran = run_bounded(
        [job.program, *tool.arguments(job.call)],
        job.call.folder,
        path=job.path,
        extra=tool.environment,
        timeout_s=min(timeout_s, tool.timeout_s),
    )
    if ran.problem:
        return NotRun(tool.name, ran.problem)
    output = ran.complaint if tool.complains else ran.output
    try:
        said = list(tool.read(output))
    except (OutputError, ValueError) as error:
        return NotRun(tool.name, f"exit code {ran.code}, and its output is not understood ({error}): {_last(ran)}")
    if ran.code not in tool.fine or (ran.code != 0 and not said and not output.strip()):
        return NotRun(tool.name, f"exit code {ran.code}: {_last(ran)}")
    return _Result(said, ran.seconds)


def _last(ran: Ran) -> str:
    """What of its complaint tells most, in one short line."""
    lines = (ran.complaint or ran.output).decode("utf-8", "replace").strip().splitlines()
    telling = [line.strip() for line in lines if "rror" in line] or [line.strip() for line in lines]
    if not telling:
        return "it said nothing"
    message = re.search(r"\"message\": ?\"((?:[^\"\\]|\\.)*)\"", telling[0])
    return (message[1].replace('\\"', '"') if message else telling[0])[:300]


def _findings(
    root: Path, job: _Job, said: Iterable[Said], wanted: frozenset[str] | None, texts: dict[str, ToolText]
) -> list[Finding]:
    by_path: dict[str, list[Said]] = {}
    for item in said:
        path = _inside(root, job.call.folder, item.path)
        if path and (wanted is None or path in wanted):
            by_path.setdefault(path, []).append(item)
    found: list[Finding] = []
    for path, items in sorted(by_path.items())[:MOST_FINDINGS]:
        text = texts.get(path) or texts.setdefault(path, ToolText(root, path))
        found += _of_file(job.tool.name, text, sorted(items[:MOST_FINDINGS], key=lambda item: (item.start, item.code)))
    return found


def _inside(root: Path, folder: Path, name: str) -> str:
    """A path of a tool, relative to the project; empty when it leads outside."""
    if not name:
        return ""
    path = Path(os.path.normpath(folder / name))
    for base in (root, Path(os.path.realpath(root))):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return ""


def _of_file(tool: str, text: ToolText, said: Iterable[Said]) -> list[Finding]:
    silencing = read_suppressions(text.source) if text.source else []
    ordinals = Ordinals()
    return [_finding(tool, text, item, silencing, ordinals) for item in said]


def _finding(tool: str, text: ToolText, said: Said, silencing: Sequence[Suppression], ordinals: Ordinals) -> Finding:
    rule = f"{tool}:{said.code}"
    span = text.span(said)
    symbol = ""
    if text.source is not None:
        start = text.offset(said.start, said.unit)
        symbol = symbol_at(text.source, start, max(start, text.offset(said.end, said.unit)))
    silenced = _silenced(rule, said, span.start_line, silencing)
    return Finding(
        rule=rule,
        level=said.level,
        category=said.category,
        path=text.path,
        span=span,
        message=said.message,
        symbol=symbol,
        fingerprint=ordinals.fingerprint(rule, text.line(span.start_line), symbol),
        edits=text.edits(said),
        source=tool,
        suppressed="inline" if silenced else "",
        reason=silenced.reason if silenced else "",
    )


def _silenced(rule: str, said: Said, line: int, silencing: Sequence[Suppression]) -> Suppression | None:
    """Aura's own comments silence findings of tools too; those of the tools the tools honour themselves."""
    own = [comment for comment in silencing if comment.how == "aura"]
    if not own:
        return None
    known = Rule(rule, "", "", said.level, said.category, default=True, what="", why="", how="", parts=())
    return next((comment for comment in own if comment.covers(known, line, line)), None)
