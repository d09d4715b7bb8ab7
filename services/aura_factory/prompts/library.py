"""Finds prompts: Aura's own, and those of packages that the entry-point group `aura.prompts` names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final, cast

from aura_factory.prompts.prompt import Prompt, PromptProblem, parse_prompt, schema_name
from aura_shared.errors import NotFound
from aura_shared.messages.assist import ListPrompts, PromptList

__all__ = ["GROUP", "SUFFIX", "PromptLibrary", "load_library", "read_folder"]

GROUP: Final = "aura.prompts"
SUFFIX: Final = ".prompt"
_OWN: Final = "aura_factory.prompts"
_MOST_BYTES: Final = 100_000


class PromptLibrary:
    """Prompts by name. The first package to claim a name keeps it."""

    def __init__(self, prompts: Iterable[Prompt], problems: Iterable[str] = ()) -> None:
        by_name: dict[str, Prompt] = {}
        found = list(problems)
        for prompt in prompts:
            if prompt.name in by_name:
                found.append(f"{prompt.name}: another package has a prompt of this name; the first one counts")
            by_name.setdefault(prompt.name, prompt)
        self._prompts = dict(sorted(by_name.items()))
        for prompt in list(self._prompts.values()):
            if problem := _variant_problem(prompt, self._prompts):
                found.append(problem)
                del self._prompts[prompt.name]
        self.problems = tuple(found)
        """Prompts that were left out, and why."""

    def __iter__(self) -> Iterator[Prompt]:
        return iter(self._prompts.values())

    def __len__(self) -> int:
        return len(self._prompts)

    def __getitem__(self, name: str) -> Prompt:
        """The prompt of this name.

        Raises:
            NotFound: There is none.
        """
        found = self._prompts.get(name)
        if found is None:
            raise NotFound(f"there is no prompt {name!r}", hint="`aura prompts` lists them.")
        return found

    def pick(self, task: str, language: str = "") -> Prompt:
        """The prompt of a task for a language: its variant where there is one.

        Raises:
            NotFound: There is no such prompt.
        """
        return self._prompts.get(f"{task}.{language}") or self[task]

    def answer(self, request: ListPrompts) -> PromptList:
        """The prompts, or one with its text.

        Raises:
            NotFound: There is none of this name.
        """
        if request.name:
            return PromptList(prompts=[self[request.name].info(with_text=True)])
        return PromptList(prompts=[prompt.info() for prompt in self])


def load_library(found: Iterable[EntryPoint] | None = None) -> PromptLibrary:
    """Aura's own prompts, and those of other packages; what cannot be used is left out and named in `problems`.

    Args:
        found: Entry points whose value is a package with prompt files in it, or in its folder `texts`; by default
            those that are installed.

    Raises:
        PromptProblem: One of Aura's own prompts is malformed.
    """
    prompts = list(read_folder(files(_OWN).joinpath("texts")))
    problems: list[str] = []
    for entry in entry_points(group=GROUP) if found is None else found:
        if entry.value == _OWN:
            continue
        try:
            prompts += _of_package(entry)
        except (PromptProblem, ImportError) as error:
            problems.append(f"{entry.name}: {error}")
    return PromptLibrary(prompts, problems)


def read_folder(folder: Traversable) -> list[Prompt]:
    """The prompts of a folder, in the order of their names.

    Raises:
        PromptProblem: One of them is malformed.
    """
    named = sorted((entry.name, entry) for entry in folder.iterdir() if entry.name.endswith(SUFFIX))
    return [_read(folder, name, entry) for name, entry in named]


def _of_package(entry: EntryPoint) -> list[Prompt]:
    module = import_module(entry.module)
    folder = files(module)
    prompts = read_folder(folder.joinpath("texts") if folder.joinpath("texts").is_dir() else folder)
    if not prompts:
        raise PromptProblem(f"the package {entry.value} has no file *{SUFFIX}")
    return prompts


def _read(folder: Traversable, name: str, entry: Traversable) -> Prompt:
    text = _text_of(entry, name)
    wanted = schema_name(text)
    return parse_prompt(text, file=name, schema=_schema(folder, wanted) if wanted else None)


def _schema(folder: Traversable, name: str) -> dict[str, Any]:
    try:
        value: object = json.loads(_text_of(folder.joinpath(name), name))
    except ValueError as error:
        raise PromptProblem(f"{name}: not JSON: {error}") from error
    if not isinstance(value, dict):
        raise PromptProblem(f"{name}: a JSON Schema is an object")
    from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415 - heavy, and few prompts have a schema

    try:
        Draft202012Validator.check_schema(cast("dict[str, Any]", value))
    except SchemaError as error:
        raise PromptProblem(f"{name}: not a JSON Schema: {error.message}") from error
    return cast("dict[str, Any]", value)


def _text_of(entry: Traversable, name: str) -> str:
    try:
        data = entry.read_bytes()
        if len(data) > _MOST_BYTES:
            raise PromptProblem(f"{name}: {len(data)} bytes, at most {_MOST_BYTES} are read")
        return data.decode()
    except OSError as error:
        raise PromptProblem(f"{name}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise PromptProblem(f"{name}: not UTF-8 at byte {error.start}") from error


def _variant_problem(prompt: Prompt, known: dict[str, Prompt]) -> str:
    """Why a language's variant cannot stand in for the prompt that it varies."""
    task, dot, _language = prompt.name.partition(".")
    if not dot:
        return ""
    base = known.get(task)
    if base is None:
        return f"{prompt.name}: there is no prompt {task!r} that it could be a variant of"
    if dict(base.inputs) != dict(prompt.inputs) or base.schema != prompt.schema:
        return f"{prompt.name}: it has to take and give the same as {task!r}"
    return ""
