"""How code is written in a project, as instructions that somebody who writes more of it can follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from aura_code.answers import visible
from aura_code.conventions import compiled_habits, python_habits, script_habits
from aura_code.conventions.configured import settings_for
from aura_code.conventions.sampling import Sampled, main_language, sample
from aura_code.conventions.shapes import header, indentation, names
from aura_code.conventions.tallies import Place, Tally, habits
from aura_code.conventions.test_runs import test_run
from aura_code.facts import Stamp
from aura_code.filters import language_ids
from aura_code.sources import Sources
from aura_languages import language_of, languages
from aura_shared.errors import UsageProblem
from aura_shared.messages.refactoring import ConventionsAnswer, Habit, MeasureConventions

_TOPICS: Final = (
    "naming", "typing", "errors", "docstrings", "comments", "imports", "exports", "tests", "quotes", "semicolons",
    "indent", "line-length", "async", "logging", "header",
)  # fmt: skip
_WIDTHS: Final = (72, 79, 80, 88, 90, 99, 100, 110, 120, 140)
_WITHIN: Final = 0.98
"""Share of lines from which a width counts as kept; a few long addresses and strings stand in any code."""
_OBSERVERS: Final[Mapping[str, Callable[[Sampled], Iterator[Place]]]] = {
    "python": python_habits.observe,
    "javascript": script_habits.observe,
    "typescript": script_habits.observe,
    "tsx": script_habits.observe,
    "go": compiled_habits.observe_go,
    "rust": compiled_habits.observe_rust,
}


@dataclass(frozen=True)
class ConventionSources:
    """What habits are measured from."""

    root: Path
    """Folder of the project."""
    stamps: Mapping[str, Stamp]
    """Its files."""


def measure_conventions(sources: ConventionSources, request: MeasureConventions) -> ConventionsAnswer:
    """The habits of a language in a project; those of the folder of `path` where it has enough to tell.

    Raises:
        UsageProblem: The language is not known.
    """
    language = _language(sources, request)
    if not language:
        return ConventionsAnswer(reason="The project has no code in a language that is read with its syntax.")
    near, every = Tally(), Tally()
    lengths: list[int] = []
    count = 0
    longest = ("", 0, 0)
    for file in sample(sources.root, sources.stamps, language, request.path.removeprefix("./")):
        count += 1
        places = list(_observed(file))
        every.take(file.path, places)
        if file.near:
            near.take(file.path, places)
        for number, line in enumerate(file.source.text.split(b"\n"), 1):
            if line.strip():
                width = len(line.decode("utf-8", "replace").expandtabs(4))
                lengths.append(width)
                longest = max(longest, (file.path, number, width), key=lambda one: one[2])
    read = _reader(sources.root)
    run = test_run(language, sources.stamps.keys(), read)
    if not count:
        name = languages()[language].name
        return ConventionsAnswer(
            language=language,
            test_command=list(run.command),
            test_framework=run.framework,
            reason=f"The project has no {name} files to measure.",
        )
    example = request.path or next(path for path in sources.stamps if language_of(path) == language)
    settings = settings_for(language, example, read)
    set_topics = {setting.topic for setting in settings}
    found = [setting.habit(max(count, 1)) for setting in settings]
    found += [habit for habit in habits(near, every) if habit.topic not in set_topics]
    if "line-length" not in set_topics:
        found += _width(lengths, longest)
    found.sort(key=lambda habit: (_TOPICS.index(habit.topic), -habit.share, -habit.seen))
    return ConventionsAnswer(
        language=language,
        habits=[habit.model_copy(update={"example": visible(habit.example)}) for habit in found],
        test_command=list(run.command),
        test_framework=run.framework,
        files=count,
        reason="" if found else "The code is written in different ways; no habit holds for most of it.",
    )


def _language(sources: ConventionSources, request: MeasureConventions) -> str:
    if request.language:
        wanted = next(iter(language_ids([request.language])))
        spec = languages().get(wanted)
        if spec is None or spec.grammar is None:
            known = ", ".join(sorted(name for name, one in languages().items() if one.grammar is not None))
            raise UsageProblem(
                f"The language {request.language[:40]!r} is not read with its syntax.", hint=f"Try {known}."
            )
        return wanted
    of_path = language_of(request.path) if request.path else ""
    spec = languages().get(of_path) if of_path else None
    return of_path if of_path and spec is not None and spec.grammar is not None else main_language(sources.stamps)


def _observed(file: Sampled) -> Iterator[Place]:
    yield from names(file)
    yield from indentation(file)
    if not file.is_test:
        yield from header(file)
    observe = _OBSERVERS.get(file.source.language)
    if observe is not None:
        yield from observe(file)


def _width(lengths: list[int], longest: tuple[str, int, int]) -> list[Habit]:
    """The smallest usual width that nearly all lines keep within."""
    if len(lengths) < 100:
        return []
    ordered = sorted(lengths)
    p95 = ordered[int(len(ordered) * 0.95)]
    for width in _WIDTHS:
        within = sum(1 for length in ordered if length <= width) / len(ordered)
        if within >= _WITHIN:
            rule = f"Keep lines within {width} characters; 95 of 100 have at most {p95}."
            place = f"{longest[0]}:{longest[1]}"
            return [Habit(topic="line-length", rule=rule, share=round(within, 3), seen=len(ordered), example=place)]
    return []


def _reader(root: Path) -> Callable[[str], str]:
    files = Sources(root)

    @lru_cache(maxsize=256)
    def read(path: str) -> str:
        content = files.read(path)
        return content.text if content is not None else ""

    return read
