"""One prompt: its file, its inputs, and the conversation that is made of it."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, cast, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aura_factory.prompts.template import Template, TemplateError, parse_template
from aura_factory.prompts.values import InputType, Value, estimate_tokens, is_empty, write_value
from aura_shared.messages.assist import PromptInfo
from aura_shared.messages.models import ChatTurn, Complete, ModelRole, PromptPart

__all__ = ["Prompt", "PromptProblem", "Rendered", "parse_prompt"]

_FRONT: Final = re.compile(r"\A\+\+\+\n(.*?)\n\+\+\+\n(.*)\Z", re.DOTALL)
_TURN: Final = re.compile(r"^\[(system|user|assistant)\]\n", re.MULTILINE)
_NAME: Final = re.compile(r"[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9+#-]*)?")
_VERSION: Final = re.compile(r"^version = \d+$", re.MULTILINE)
_TURN_TOKENS: Final = 8  # What a chat template adds to a turn.


class PromptProblem(ValueError):
    """A prompt's file, or what is put into it, is not as it has to be. Says file or prompt, what and where."""


class _Front(BaseModel):
    """The head of a prompt's file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: int = Field(ge=1)
    task: str = Field(min_length=1, max_length=64)
    role: ModelRole
    max_tokens: int = Field(ge=1, le=65_536)
    temperature: float = Field(default=0.2, ge=0, le=2)
    output: Literal["text", "json"] = "text"
    output_schema: str = Field(default="", alias="schema")
    inputs: dict[str, str]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt with everything put in: what is sent."""

    prompt: str
    """Name and version: `explain@2`."""
    task: str
    role: ModelRole
    turns: tuple[ChatTurn, ...]
    max_tokens: int
    temperature: float
    schema: dict[str, Any] | None = None
    parts: tuple[PromptPart, ...] = ()

    @property
    def tokens(self) -> int:
        """Estimated size of the conversation."""
        return sum(estimate_tokens(turn.content) + _TURN_TOKENS for turn in self.turns)

    def further(self, *turns: ChatTurn) -> Rendered:
        """The same conversation with more turns at its end."""
        return replace(self, turns=(*self.turns, *turns))

    def ask(self, *, task: str = "", model: str = "", trial: str = "", stream: bool = False, gated: bool = False,
            seed: int | None = None) -> Complete:  # fmt: skip
        """The question to the models process."""
        return Complete(
            task=task or self.task,
            role=self.role,
            turns=list(self.turns),
            answer_schema=self.schema,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            seed=seed,
            stream=stream,
            gated=gated,
            model=model,
            prompt=self.prompt,
            parts=list(self.parts),
            trial=trial,
        )


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as its file has it."""

    name: str
    """`task` or `task.language`."""
    version: int
    task: str
    role: ModelRole
    max_tokens: int
    """Bound of the answer."""
    temperature: float
    inputs: Mapping[str, InputType]
    optional: frozenset[str]
    """Inputs that may be missing."""
    turns: tuple[tuple[Literal["system", "user", "assistant"], Template], ...]
    text: str
    """The whole file."""
    schema: dict[str, Any] | None = field(default=None, hash=False)

    @property
    def digest(self) -> str:
        """Tells whether the text, or the schema, changed."""
        import json  # noqa: PLC0415 - seldom needed

        schema = json.dumps(self.schema, sort_keys=True) if self.schema is not None else ""
        body = _VERSION.sub("", self.text, count=1)
        return hashlib.sha256(f"{body}\0{schema}".encode()).hexdigest()

    @property
    def label(self) -> str:
        """Name and version, for the figures."""
        return f"{self.name}@{self.version}"

    def info(self, *, with_text: bool = False) -> PromptInfo:
        """What a person is told of it."""
        inputs = [f"{name}: {kind}{'?' if name in self.optional else ''}" for name, kind in self.inputs.items()]
        return PromptInfo(
            name=self.name, version=self.version, task=self.task, role=self.role, inputs=inputs,
            text=self.text if with_text else "",
        )  # fmt: skip

    def fixed_tokens(self) -> int:
        """Estimated size of what is always there: the text without anything put in, and the schema."""
        texts = [template.fill(lambda _name: "-") for _, template in self.turns]
        return sum(estimate_tokens(text) + _TURN_TOKENS for text in texts)

    def render(self, values: Mapping[str, Value], *, parts: Sequence[PromptPart] = ()) -> Rendered:
        """Put values in.

        Args:
            values: By input. Optional ones may be missing or empty.
            parts: What could be left out, for a refusal.

        Raises:
            PromptProblem: A value is missing, of the wrong kind, or for an input that is not declared.
        """
        written = self._written(values)
        turns = tuple(
            ChatTurn(role=role, content=template.fill(lambda name: written[name])) for role, template in self.turns
        )
        return Rendered(
            prompt=self.label, task=self.task, role=self.role, turns=turns, max_tokens=self.max_tokens,
            temperature=self.temperature, schema=self.schema, parts=tuple(parts),
        )  # fmt: skip

    def _written(self, values: Mapping[str, Value]) -> dict[str, str]:
        unknown = sorted(set(values) - set(self.inputs))
        if unknown:
            raise PromptProblem(f"the prompt {self.name} has no input {unknown[0]!r}; it has {', '.join(self.inputs)}")
        written: dict[str, str] = {}
        for name, kind in self.inputs.items():
            value = values.get(name)
            if value is None or is_empty(value):
                if name not in self.optional:
                    raise PromptProblem(f"the prompt {self.name} needs a value for its input {name!r}")
                written[name] = ""
                continue
            try:
                written[name] = write_value(kind, value)
            except TypeError as error:
                raise PromptProblem(f"the input {name!r} of the prompt {self.name} is a {kind}: {error}") from error
        return written


def parse_prompt(text: str, *, file: str, schema: dict[str, Any] | None = None) -> Prompt:
    """Read a prompt's file.

    Args:
        text: The whole file.
        file: Its name, for errors; without its suffix it has to be the prompt's name.
        schema: The content of the file that `schema` names.

    Raises:
        PromptProblem: It is malformed.
    """
    found = _FRONT.match(text.replace("\r\n", "\n"))
    if found is None:
        raise PromptProblem(f"{file}: expected a head in TOML between two lines +++, then the turns")
    front = _read_front(found[1], file)
    turns = _read_turns(found[2], file)
    inputs, optional = _read_inputs(front, file)
    _check_names(turns, inputs, optional, file)
    if front.output == "json" and schema is None:
        raise PromptProblem(f"{file}: output is json, but there is no schema {front.output_schema!r}")
    return Prompt(
        name=front.name, version=front.version, task=front.task, role=front.role, max_tokens=front.max_tokens,
        temperature=front.temperature, inputs=inputs, optional=optional, turns=turns, text=text,
        schema=schema if front.output == "json" else None,
    )  # fmt: skip


def schema_name(text: str) -> str:
    """The file that a prompt names as its schema; empty without one or when the head cannot be read."""
    found = re.search(r'^schema = "([a-z0-9.-]+)"$', text.partition("\n+++\n")[0], re.MULTILINE)
    return found[1] if found else ""


def _read_front(text: str, file: str) -> _Front:
    try:
        front = _Front.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise PromptProblem(f"{file}: the head is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise PromptProblem(f"{file}: {place}: {first['msg']}") from error
    if not _NAME.fullmatch(front.name) or front.name != file.rpartition(".")[0]:
        raise PromptProblem(f"{file}: the name {front.name!r} has to be that of the file")
    return front


def _read_turns(body: str, file: str) -> tuple[tuple[Literal["system", "user", "assistant"], Template], ...]:
    pieces = _TURN.split(body)
    if pieces[0].strip() or len(pieces) < 3:
        raise PromptProblem(f"{file}: expected the first turn, [system] or [user], right after the head")
    turns: list[tuple[Literal["system", "user", "assistant"], Template]] = []
    for role, text in zip(pieces[1::2], pieces[2::2], strict=True):
        try:
            turns.append((cast("Literal['system', 'user', 'assistant']", role), parse_template(text)))
        except TemplateError as error:
            raise PromptProblem(f"{file}: [{role}]: {error}") from error
    if turns[-1][0] != "user":
        raise PromptProblem(f"{file}: the last turn has to be the user's")
    return tuple(turns)


def _read_inputs(front: _Front, file: str) -> tuple[dict[str, InputType], frozenset[str]]:
    inputs: dict[str, InputType] = {}
    for name, kind in front.inputs.items():
        plain = kind.removesuffix("?")
        if plain not in get_args(InputType):
            raise PromptProblem(
                f"{file}: inputs.{name}: expected one of {', '.join(get_args(InputType))}, found {kind!r}"
            )
        inputs[name] = cast("InputType", plain)
    return inputs, frozenset(name for name, kind in front.inputs.items() if kind.endswith("?"))


def _check_names(
    turns: tuple[tuple[str, Template], ...], inputs: Mapping[str, InputType], optional: frozenset[str], file: str
) -> None:
    used = frozenset[str]().union(*(template.names for _, template in turns))
    if undeclared := sorted(used - set(inputs)):
        raise PromptProblem(f"{file}: {{{{{undeclared[0]}}}}} is no declared input")
    if unused := sorted(set(inputs) - used):
        raise PromptProblem(f"{file}: the input {unused[0]!r} is declared and never used")
    for _, template in turns:
        if bare := sorted((optional & template.names) - template.guarded):
            raise PromptProblem(f"{file}: {bare[0]!r} may be missing, so it needs a section {{{{#{bare[0]}}}}}")
    if "code" in inputs.values():
        system = [template for role, template in turns if role == "system"]
        said = "".join(part for template in system for part in template.parts if isinstance(part, str))
        if "not instructions" not in " ".join(said.split()):
            raise PromptProblem(f"{file}: it takes code, so [system] has to say that code is data, not instructions")
