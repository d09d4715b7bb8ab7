"""Where a change goes: the file and the definition that a person named, or those that the search finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, cast

from aura_factory.assist.code_desk import CodeDesk, SourceText
from aura_factory.assist.grounding import words_of
from aura_factory.assist.subjects import innermost, qualified
from aura_factory.assist.talking import Talk
from aura_factory.editing.formats import WHOLE_FILE_LINES, choose_format
from aura_factory.editing.outcomes import EditFormat
from aura_factory.prompts import PromptLibrary, estimate_tokens
from aura_languages import language_of
from aura_shared.errors import NotFound, UnsafePath, UsageProblem
from aura_shared.messages.code import FindSymbols, OutlineFile, SearchCode, Symbol
from aura_shared.messages.models import ModelInfo
from aura_shared.security import confine

__all__ = ["Place", "find_place", "format_for", "narrow"]

_CANDIDATES: Final = 8
_PROMPT_TOKENS: Final = 600  # The fixed text of a prompt, and some habits and rules.


@dataclass(frozen=True, slots=True)
class Place:
    """Where a change goes."""

    path: str
    file: SourceText | None
    """None for a file that does not exist yet."""
    language: str
    symbol: Symbol | None = None
    note: str = ""
    """How it was chosen, when nobody named it."""


async def find_place(
    desk: CodeDesk, talk: Talk, prompts: PromptLibrary, *, path: str, symbol: str, instruction: str, line: int = 0
) -> Place:
    """The place that is named, or else the one that fits the instruction best.

    Raises:
        NotFound: There is no such definition, or no file fits.
        UsageProblem: Several definitions have this name, or the path names a folder.
        UnsafePath: The path leads outside the project.
    """
    if symbol:
        return await _of_symbol(desk, symbol, path)
    if path:
        place = await _of_path(desk, path)
        return await _of_line(desk, place, line) if line and place.file else place
    return await _found(desk, talk, prompts, instruction)


async def _of_path(desk: CodeDesk, path: str, note: str = "") -> Place:
    real = confine(desk.root, path)
    if real.is_dir():
        raise UsageProblem(f"{path} is a folder; a file is expected", hint="Name a file, existing or new.")
    return Place(path, await desk.read_if_there(path), language_of(path), note=note)


async def _of_line(desk: CodeDesk, place: Place, line: int) -> Place:
    outline = await desk.ask(OutlineFile(project=desk.project.id, path=place.path))
    found = innermost(outline.symbols, line)
    return Place(place.path, place.file, place.language, found, place.note)


async def _of_symbol(desk: CodeDesk, name: str, path: str) -> Place:
    paths = [f"/{path}"] if path else []
    answer = await desk.ask(FindSymbols(project=desk.project.id, name=name, exact=True, paths=paths, limit=20))
    if not answer.symbols:
        where = f" in {path}" if path else ""
        raise NotFound(f"no definition is called {name!r}{where}", hint=answer.reason or None)
    if len(answer.symbols) > 1:
        shown = ", ".join(f"{qualified(one)} ({one.path}:{one.start_line})" for one in answer.symbols[:6])
        raise UsageProblem(
            f"{len(answer.symbols)} definitions are called {name!r}: {shown}",
            hint="Say which with --file, or with the name of its class.",
        )
    found = answer.symbols[0]
    return Place(found.path, await desk.read(found.path), found.language or language_of(found.path), found)


async def _found(desk: CodeDesk, talk: Talk, prompts: PromptLibrary, instruction: str) -> Place:
    """The file that the search ranks first; a model may choose among the best, or name a new file."""
    answer = await desk.ask(SearchCode(project=desk.project.id, query=instruction[:2000], limit=20, budget=0))
    wants_test = "test" in instruction.lower()
    paths = [path for path in dict.fromkeys(hit.path for hit in answer.hits) if wants_test or not _is_test(path)]
    paths = [path for path in paths if language_of(path)][:_CANDIDATES]
    if await talk.ready("small"):
        chosen = await _chosen(desk, talk, prompts, instruction, paths)
        if chosen is not None:
            return chosen
    if not paths:
        raise NotFound(
            "no file was named, and no file of the project answers to the instruction",
            hint="Name the file to write or to change with --file.",
        )
    return await _of_path(desk, paths[0], f"{paths[0]} was chosen as what the search ranks first")


def _is_test(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return any(part in {"test", "tests", "__tests__", "spec"} for part in parts[:-1]) or "test" in parts[-1].lower()


async def _chosen(
    desk: CodeDesk, talk: Talk, prompts: PromptLibrary, instruction: str, paths: Sequence[str]
) -> Place | None:
    """What a model chooses; None when it failed, or what it says makes no sense."""
    shown = [f"{number}: {path}" for number, path in enumerate(paths, 1)] or ["(no file answers to it)"]
    await talk.tell("Choosing the file …")
    completion = await talk.ask(prompts["choose-file"].render({"instruction": instruction, "files": shown}), gated=True)
    if completion is None or not isinstance(completion.data, dict):
        return None
    data = cast("dict[str, object]", completion.data)
    number, new_path = data.get("choice"), data.get("new_path")
    path = ""
    if isinstance(number, int) and 1 <= number <= len(paths):
        path = paths[number - 1]
    elif number == 0 and isinstance(new_path, str):
        path = _sensible(desk, new_path)
    await talk.report(completion, passed=bool(path), gate="choice")
    if not path:
        talk.notes.append(f"the model chose no usable file ({number!r}, {new_path!r})")
        return None
    return await _of_path(desk, path, f"{path} was chosen by the model")


def _sensible(desk: CodeDesk, path: str) -> str:
    """A path for a new file: inside the project, in a folder that exists, of a language that is known."""
    path = path.strip().removeprefix("./")
    try:
        real = confine(desk.root, path)
    except UnsafePath:
        return ""
    return path if language_of(path) and real.parent.is_dir() and not real.exists() else ""


async def narrow(desk: CodeDesk, place: Place, instruction: str, info: ModelInfo | None, room: int) -> Place:
    """The same place; in a file that is too long to be written again, the definition that the instruction is about."""
    if place.file is None or place.symbol is not None:
        return place
    able = info.abilities.edit_formats if info is not None and info.abilities else []
    too_long = len(place.file.lines) > WHOLE_FILE_LINES or not _fits_whole(place.file, room)
    if not too_long or "search-replace" in able:
        return place
    found = await _meant(desk, place.path, instruction)
    if found is None:
        return place
    note = f"{place.path} is long, so {qualified(found)} was chosen as what the instruction is about"
    return Place(place.path, place.file, place.language, found, "; ".join(filter(None, [place.note, note])))


async def _meant(desk: CodeDesk, path: str, instruction: str) -> Symbol | None:
    """The definition of a file that an instruction names, or else the one that the search ranks first."""
    outline = await desk.ask(OutlineFile(project=desk.project.id, path=path))
    words = words_of([instruction])
    named = [one for one in outline.symbols if one.name.lower() in words and len(one.name) > 3]
    if len(named) == 1:
        return named[0]
    query = SearchCode(project=desk.project.id, query=instruction[:2000], paths=[f"/{path}"], limit=5, budget=0)
    for hit in (await desk.ask(query)).hits:
        found = next((one for one in outline.symbols if qualified(one) == hit.symbol), None)
        if found is not None:
            return found
    return None


def _fits_whole(file: SourceText, room: int) -> bool:
    """Whether a model with a context of `room` tokens can read a file and write it again, with some room to spare."""
    return estimate_tokens(file.text) * 2.4 + _PROMPT_TOKENS <= room


def format_for(place: Place, wanted: str, info: ModelInfo | None, room: int) -> EditFormat:
    """How the model is asked to write; `room` is its context in tokens.

    Raises:
        UsageProblem: A symbol is to be written, and none is named.
    """
    if place.file is None:
        return "whole"
    if wanted == "symbol" and place.symbol is None:
        raise UsageProblem("the format `symbol` needs a definition", hint="Name one with --symbol.")
    if wanted != "auto":
        return cast("EditFormat", wanted)
    able = info.abilities.edit_formats if info is not None and info.abilities else None
    chosen = choose_format(able, len(place.file.lines), has_symbol=place.symbol is not None)
    if chosen == "whole" and place.symbol is not None and not _fits_whole(place.file, room):
        return "symbol"
    return chosen
