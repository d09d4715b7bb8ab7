"""Messages of the models process: what a model is asked, what it answered, and what is known about models."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, JsonValue

from aura_shared.messages.core import Done, Durability, Event, Message, Reply, Request

ModelRole = Literal["plan", "code", "edit", "review", "small"]
"""What a model is wanted for; the settings say which models play which role."""
Priority = Literal["interactive", "background"]
ServerKind = Literal["ollama", "lmstudio", "llamacpp", "openai", "sampling", "scripted"]
FinishReason = Literal["stop", "length"]
"""`length`: the answer was cut by the bound on its tokens."""


class ChatTurn(Message):
    """One turn of a conversation."""

    type: ClassVar[str] = "models.turn"

    role: Literal["system", "user", "assistant"]
    """Who speaks."""
    content: str
    """What is said."""


class PromptPart(Message):
    """A part of a prompt that could be left out, so that a refusal can say what to drop."""

    type: ClassVar[str] = "models.part"

    name: str
    """What it is, for a person: `context: src/app.py:10-40`."""
    tokens: int = Field(ge=0)
    """Its estimated size."""


class Attempt(Message):
    """One model that was tried for a call."""

    type: ClassVar[str] = "models.attempt"

    model: str
    """`server/model`."""
    outcome: str
    """`ok`, or the code of the error that it ended with."""
    seconds: float = Field(ge=0)
    """How long it took."""
    detail: str = ""
    """What went wrong, in one line."""


class Completion(Reply):
    """What a model answered."""

    call: str
    """Identifier of the call; `ReportOutcome` names it."""
    text: str
    """The answer, without what the model thought."""
    data: JsonValue = None
    """The answer as JSON that satisfies the schema; null when none was asked for."""
    model: str = ""
    """`server/model` that answered."""
    finish: FinishReason = "stop"
    """Why it ended."""
    tokens_in: int = Field(default=0, ge=0)
    """Tokens of the prompt, as the server counted them."""
    tokens_out: int = Field(default=0, ge=0)
    """Tokens of the answer."""
    thinking_chars: int = Field(default=0, ge=0)
    """Characters of thought that were taken away."""
    queue_s: float = Field(default=0.0, ge=0)
    """Time that the call waited for its turn."""
    first_token_s: float = Field(default=0.0, ge=0)
    """Time from the request to the server until the first token."""
    total_s: float = Field(default=0.0, ge=0)
    """Time from the request to the server until the end."""
    cached: bool = False
    """Whether it came from the cache of answers."""
    attempts: list[Attempt] = Field(default_factory=list[Attempt])
    """What was tried, in order."""


class Complete(Request[Completion]):
    """Ask a model. With `stream`, text travels in `Progress.text` as it arrives."""

    type: ClassVar[str] = "models.complete"
    service: ClassVar[str] = "models"

    task: str = Field(min_length=1, max_length=64)
    """What for, such as `explain`; figures are kept per role and task."""
    role: ModelRole
    """Which kind of model is wanted."""
    turns: list[ChatTurn] = Field(min_length=1)
    """The conversation; the last turn is the user's."""
    answer_schema: dict[str, JsonValue] | None = None
    """JSON Schema that the answer has to satisfy; it is always checked here."""
    max_tokens: int = Field(default=1024, ge=1, le=65_536)
    """Bound of the answer."""
    temperature: float = Field(default=0.2, ge=0, le=2)
    """How far the answer may stray."""
    seed: int | None = None
    """For answers that can be repeated."""
    priority: Priority = "interactive"
    """Background calls wait while interactive ones do."""
    stream: bool = False
    """Whether text is sent on as it arrives."""
    cache: bool = True
    """Whether an earlier answer to the very same question will do, and this one may be kept."""
    gated: bool = False
    """Whether the caller will report what its gate said: the answer is kept only once it passed."""
    model: str = ""
    """`server/model` instead of the role's; no other is tried then."""
    prompt: str = Field(default="", max_length=128)
    """Name and version of the prompt, for the figures."""
    parts: list[PromptPart] = Field(default_factory=list[PromptPart])
    """What could be left out if the prompt does not fit."""
    trial: str = Field(default="", max_length=64)
    """The trial that the call belongs to."""
    origin: str = Field(default="", max_length=128)
    """Request id of the call at the gateway that led to this; the model of its client can be asked then."""


class ReportOutcome(Request[Done]):
    """Say what the gate of the caller made of an answer: it parsed, its tests passed, a person took it."""

    type: ClassVar[str] = "models.outcome"
    service: ClassVar[str] = "models"

    call: str
    """Of the `Completion`."""
    passed: bool
    """Whether the answer was good."""
    gate: str = Field(default="", max_length=64)
    """What judged: `schema`, `parse`, `tests`, `person`."""
    score: float | None = Field(default=None, ge=0, le=1)
    """How good, where that can be said; trials are compared by it."""


class Embedding(Reply):
    """Texts as vectors."""

    vectors: list[list[float]] = Field(default_factory=list[list[float]])
    """One a text, in their order."""
    model: str = ""
    """`server/model`."""


class EmbedTexts(Request[Embedding]):
    """Turn texts into vectors with the model of the settings (`models.embedding`)."""

    type: ClassVar[str] = "models.embed"
    service: ClassVar[str] = "models"

    texts: list[str] = Field(min_length=1, max_length=512)
    """What to turn into vectors."""


class ModelAbilities(Message):
    """What the self-test of a model showed."""

    type: ClassVar[str] = "models.abilities"

    tested_at: str
    """When: ISO 8601 in UTC."""
    digest: str = ""
    """The model's digest then; another one means that the test has to be repeated."""
    context_tokens: int = Field(default=0, ge=0)
    """Tokens of a prompt that the server really took in, as a marker at its beginning showed."""
    schema_ok: int = Field(default=0, ge=0)
    """Answers that satisfied the schema, of `schema_tried`."""
    schema_tried: int = Field(default=0, ge=0)
    """Answers with a schema that were asked for."""
    schema_dropped: list[str] = Field(default_factory=list)
    """Constraints that the server ignored in silence, such as `maximum`."""
    edit_formats: list[Literal["whole", "symbol", "search-replace"]] = Field(
        default_factory=list[Literal["whole", "symbol", "search-replace"]]
    )
    """Edit formats that it followed."""
    thinks: bool = False
    """Whether it thinks aloud even when told not to."""
    tokens_per_s: float = Field(default=0.0, ge=0)
    """Speed of answers."""
    first_token_s: float = Field(default=0.0, ge=0)
    """Time to the first token."""
    notes: list[str] = Field(default_factory=list)
    """What else was seen, for a person."""


class ModelInfo(Message):
    """A model that a server has."""

    type: ClassVar[str] = "models.model"

    name: str
    """`server/model`, as it is written in the settings."""
    digest: str = ""
    """Identifies its weights where the server says so."""
    parameters: str = ""
    """Its size, such as `7B`."""
    quantization: str = ""
    """Such as `Q4_K_M`."""
    context_max: int = Field(default=0, ge=0)
    """Longest context in tokens that it was made for; 0 when unknown."""
    loaded: bool = False
    """Whether it is in memory now."""
    embeds: bool = False
    """Whether it makes vectors rather than text."""
    roles: list[ModelRole] = Field(default_factory=list[ModelRole])
    """Roles that it plays."""
    abilities: ModelAbilities | None = None
    """What its self-test showed; absent before one."""


class ModelServer(Message):
    """A program that serves models."""

    type: ClassVar[str] = "models.server"

    name: str
    """Its name in the settings, or that of its kind when it was discovered."""
    kind: ServerKind
    """Which interface it speaks."""
    url: str
    """Where it listens."""
    up: bool
    """Whether it answered."""
    version: str = ""
    """As it says."""
    problem: str = ""
    """Why it cannot be used."""
    discovered: bool = False
    """Whether it was found rather than named in the settings."""
    models: list[ModelInfo] = Field(default_factory=list[ModelInfo])
    """What it serves."""


class RoleChoice(Message):
    """Which models play a role."""

    type: ClassVar[str] = "models.role"

    role: ModelRole
    """The role."""
    models: list[str] = Field(default_factory=list)
    """In the order in which they are tried."""
    reason: str = ""
    """Why these, or why none."""
    cooling: dict[str, float] = Field(default_factory=dict)
    """Models that failed and are left alone, with the seconds that remain."""


class ModelsAnswer(Reply):
    """Model servers, models and roles."""

    servers: list[ModelServer] = Field(default_factory=list[ModelServer])
    """Those of the settings first."""
    roles: list[RoleChoice] = Field(default_factory=list[RoleChoice])
    """Every role."""
    reason: str = ""
    """Why there is no model, and what to do."""


class ListModels(Request[ModelsAnswer]):
    """List the model servers that run on this machine, what they serve, and which model plays which role."""

    type: ClassVar[str] = "models.list"
    service: ClassVar[str] = "models"

    probe: bool = True
    """Whether servers are asked anew; otherwise what is known will do."""


class ModelTestAnswer(Reply):
    """What a self-test showed."""

    model: str
    """`server/model`."""
    abilities: ModelAbilities
    """The result, which is kept."""


class TestModel(Request[ModelTestAnswer]):
    """Test what a model can do: context that is really honoured, schemas, edit formats, speed. Takes minutes."""

    type: ClassVar[str] = "models.test"
    service: ClassVar[str] = "models"
    __test__: ClassVar[bool] = False

    model: str
    """`server/model`, or the model's name where only one server has it."""


class ModelFigures(Message):
    """How a model did in a role and task."""

    type: ClassVar[str] = "models.figures"

    model: str
    """`server/model`."""
    role: ModelRole
    """The role."""
    task: str
    """The task."""
    calls: int = Field(default=0, ge=0)
    """Calls, those answered from the cache left out."""
    failed: dict[str, int] = Field(default_factory=dict)
    """Calls that failed, by code of the error."""
    passed: int = Field(default=0, ge=0)
    """Answers that passed their gate."""
    refused: int = Field(default=0, ge=0)
    """Answers that did not."""
    cached: int = Field(default=0, ge=0)
    """Calls that were answered from the cache."""
    first_token_p50_s: float = Field(default=0.0, ge=0)
    """Time to the first token, median."""
    p50_s: float = Field(default=0.0, ge=0)
    """Time of a call, median."""
    p95_s: float = Field(default=0.0, ge=0)
    """Time of a call, 95th percentile."""
    tokens_in: int = Field(default=0, ge=0)
    """Tokens of prompts, in all."""
    tokens_out: int = Field(default=0, ge=0)
    """Tokens of answers, in all."""


class TrialFigures(Message):
    """A comparison of two models on the same task."""

    type: ClassVar[str] = "models.trial"

    trial: str
    """Its identifier."""
    task: str
    """The task."""
    at: str
    """When: ISO 8601 in UTC."""
    scores: dict[str, float] = Field(default_factory=dict)
    """Score by model, from 0 to 1, as the gates gave it."""
    seconds: dict[str, float] = Field(default_factory=dict)
    """Time by model."""
    winner: str = ""
    """The better one; empty when they are even or one is not judged yet."""


class ModelStatsAnswer(Reply):
    """Figures of models."""

    figures: list[ModelFigures] = Field(default_factory=list[ModelFigures])
    """By role, task and model."""
    trials: list[TrialFigures] = Field(default_factory=list[TrialFigures])
    """The newest first."""
    cache_entries: int = Field(default=0, ge=0)
    """Answers in the cache."""
    cache_bytes: int = Field(default=0, ge=0)
    """Their size."""
    since: str = ""
    """Since when figures are kept: ISO 8601 in UTC."""


class AskModelStats(Request[ModelStatsAnswer]):
    """How models did: outcomes, times and tokens by role and task, and trials."""

    type: ClassVar[str] = "models.stats"
    service: ClassVar[str] = "models"

    role: ModelRole | None = None
    """Only this role."""
    days: int = Field(default=30, ge=1, le=3650)
    """How far to look back."""


class CacheCleared(Reply):
    """Answers were forgotten."""

    entries: int = Field(default=0, ge=0)
    """How many."""


class ClearModelCache(Request[CacheCleared]):
    """Forget kept answers: of one model, or all."""

    type: ClassVar[str] = "models.cache.clear"
    service: ClassVar[str] = "models"

    model: str = ""
    """Only those of this `server/model`."""


class SampledText(Reply):
    """What the model of an MCP client answered."""

    text: str
    """The answer."""
    model: str = ""
    """The client's name of its model."""
    finish: FinishReason = "stop"
    """Why it ended."""


class SampleFromClient(Request[SampledText]):
    """Ask the model of the MCP client whose call led to this; the last resort when no local model answers."""

    type: ClassVar[str] = "gateway.sample"
    service: ClassVar[str] = "gateway"

    turns: list[ChatTurn] = Field(min_length=1)
    """The conversation."""
    max_tokens: int = Field(default=1024, ge=1, le=65_536)
    """Bound of the answer."""
    call: str
    """Request id of the MCP call that led to this."""


class ModelCallFinished(Event):
    """A call to a model ended. Topic: `models.call`. Sent by the models process, one a call."""

    type: ClassVar[str] = "models.call"
    durability: ClassVar[Durability] = "ephemeral"

    call: str
    """Its identifier."""
    task: str
    """What for."""
    role: ModelRole
    """The role."""
    model: str = ""
    """`server/model`; empty when none could be asked."""
    outcome: str
    """`ok`, `cached`, or the code of the error."""
    seconds: float = Field(ge=0)
    """From the question to its answer."""
    tokens_in: int = Field(default=0, ge=0)
    """Tokens of the prompt."""
    tokens_out: int = Field(default=0, ge=0)
    """Tokens of the answer."""


class ModelServersChanged(Event):
    """The model servers that can be used changed. Topic: `models.servers`. Sent by the models process."""

    type: ClassVar[str] = "models.servers"
    durability: ClassVar[Durability] = "state"

    servers: list[ModelServer] = Field(default_factory=list[ModelServer])
    """All that are known, without their models' abilities."""
