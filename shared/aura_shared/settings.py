"""Everything a person can set, with its default, its bounds and its meaning.

Read once at the start of a process and passed down as values. `docs/settings.md` and `configs/aura.toml` are generated
from this file.
"""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar, Final, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from aura_shared.errors import SettingsError
from aura_shared.layers import Layer, LayerName, Table, flatten, merge, read_layers

__all__ = [
    "BusSettings",
    "ChangesSettings",
    "ChecksSettings",
    "CodeSettings",
    "Explained",
    "FindingsOverride",
    "FindingsSettings",
    "GatewaySettings",
    "GitSettings",
    "LogSettings",
    "ModelServerSettings",
    "ModelsSettings",
    "NetworkSettings",
    "PanelSettings",
    "PlanSettings",
    "SandboxSettings",
    "Settings",
    "SupervisorSettings",
    "explain",
    "load_settings",
    "settings_of_this_process",
    "validate",
]

SETTINGS_FILE_VARIABLE: Final = "AURA_SETTINGS_FILE"


class Section(BaseModel):
    """One table of the settings file."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _list_from_text(cls, value: object, info: object) -> object:
        """A list may come from the environment as `a,b` or as JSON."""
        name = cast("str | None", getattr(info, "field_name", None))
        field = cls.model_fields.get(name or "")
        if not isinstance(value, str) or field is None or "tuple" not in str(field.annotation):
            return value
        if value.lstrip().startswith("["):
            try:
                return json.loads(value)
            except ValueError as error:
                raise ValueError(f"not a JSON list: {error}") from error
        return [part.strip() for part in value.split(",") if part.strip()]


class LogSettings(Section):
    """What is logged, and how much of it is kept."""

    level: Literal["debug", "info", "warning", "error", "critical"] = "info"
    """Lines below this level are not written."""
    max_bytes: int = Field(default=5_000_000, ge=10_000, le=1_000_000_000)
    """Size at which a log file is set aside and a new one begun."""
    backups: int = Field(default=3, ge=0, le=100)
    """How many files that were set aside are kept per service."""


class SupervisorSettings(Section):
    """When processes are restarted, and when Aura gives up."""

    backoff_first_s: float = Field(default=0.25, gt=0, le=60)
    """Upper bound of the pause before the first restart; it doubles with each further one. The pause is random."""
    backoff_max_s: float = Field(default=30.0, gt=0, le=3600)
    """Upper bound of every pause."""
    reset_after_s: float = Field(default=30.0, gt=0, le=86_400)
    """A service that was up this long starts with the first pause again."""
    crash_loop_exits: int = Field(default=5, ge=1, le=1000)
    """This many exits within the window stop the restarts."""
    crash_loop_window_s: float = Field(default=60.0, gt=0, le=86_400)
    """The window of `crash_loop_exits`."""
    heartbeat_timeout_s: float = Field(default=10.0, ge=2, le=600)
    """A service that gives no sign of life for this long is killed and started again."""
    kept_lines: int = Field(default=50, ge=1, le=10_000)
    """How many of the last lines that a service printed are kept and shown."""


class BusSettings(Section):
    """Events and requests between the processes."""

    request_timeout_s: float = Field(default=30.0, gt=0, le=3600)
    """How long a request waits for its answer."""
    ack_timeout_s: float = Field(default=5.0, gt=0, le=600)
    """How long a durable event waits for the broker's acknowledgement before that is an error."""
    out_hwm: int = Field(default=10_000, ge=100, le=10_000_000)
    """Events that wait for one slow reader before it has to catch up from the journal."""
    retention_events: int = Field(default=200_000, ge=1000, le=100_000_000)
    """How many of the newest events the journal keeps."""


class CodeSettings(Section):
    """Watching and indexing of projects."""

    debounce_ms: int = Field(default=100, ge=0, le=60_000)
    """Quiet time after a change before a file is read."""
    max_file_bytes: int = Field(default=1_000_000, ge=1000, le=100_000_000)
    """Larger files are not indexed."""
    workers: int = Field(default=2, ge=1, le=64)
    """Processes that read files during a first index."""
    exclude: tuple[str, ...] = ()
    """Further patterns to leave out, written as in `.gitignore`."""
    background_compaction: float = Field(default=0.05, gt=0, le=1)
    """Share of changed chunks at which the index is compacted in the background."""
    analysis: bool = True
    """Whether changed files are analysed in the background, at low priority."""
    semantic_model: str = Field(default="", max_length=4096)
    """Absolute path of a folder with a sentence-transformers model, for neighbours in meaning; nothing is downloaded.
    Empty: latent semantic analysis, which needs no model. Either needs the extra `semantic`."""


class FindingsOverride(Section):
    """Other standards for some files."""

    paths: tuple[str, ...] = Field(min_length=1)
    """Globs as in `.gitignore`."""
    on: tuple[str, ...] = ()
    """Rules that are on here."""
    off: tuple[str, ...] = ()
    """Rules that are off here."""
    levels: dict[str, Literal["error", "warning", "hint"]] = {}
    """Levels of rules here."""


class FindingsSettings(Section):
    """Which rules hold: a team's standards, kept in `.aura/config.toml` of its project."""

    on: tuple[str, ...] = ()
    """Rules that are switched on, also where a tool of the project says the same: identifiers, categories, tags such as
    `cwe-89`, or `*` for all. An identifier wins over a group, and `off` over `on`."""
    off: tuple[str, ...] = ()
    """Rules that are switched off."""
    levels: dict[str, Literal["error", "warning", "hint"]] = {}
    """Other levels by rule, as in `levels = { broad-except = "error" }`."""
    options: dict[str, dict[str, int]] = {}
    """Limits by rule, as in `options = { long-function = { lines = 60 } }`."""
    overrides: tuple[FindingsOverride, ...] = ()
    """Other standards for some files: tables `[[findings.overrides]]` with `paths`, `on`, `off` and `levels`; a later
    one wins."""
    tools_off: tuple[str, ...] = ()
    """Tools of the project, such as `eslint`, that Aura does not call."""
    tools: Literal["never", "installed"] = "installed"
    """Whether linters and type checkers that you installed run on projects that have a configuration for them. Counts
    in the user's settings only."""
    run_project_tools: tuple[str, ...] = ()
    """Folders of projects that you trust: tools and plugins that lie inside these projects may run. Counts in the
    user's settings only."""
    advisories: str = ""
    """A folder or archive of advisories in OSV form, to compare dependencies with while the network is off. Counts in
    the user's settings only."""


class ModelServerSettings(Section):
    """One model server: a table `[models.servers.NAME]`."""

    kind: Literal["ollama", "lmstudio", "llamacpp", "openai"]
    """Which interface it speaks; `openai` for any server that is compatible with it."""
    url: str = Field(min_length=1, max_length=2048)
    """Its address, such as `http://127.0.0.1:11434`. Hosts other than this machine have to stand in network.allow."""
    secret: str = Field(default="", max_length=128)
    """Name of its credential, as `aura secrets set NAME` keeps it; empty for none."""


class ModelsSettings(Section):
    """Language models. Counts in the user's settings only."""

    discover: bool = True
    """Whether the usual loopback ports are looked at for Ollama, LM Studio and llama.cpp."""
    servers: dict[str, ModelServerSettings] = {}
    """Servers by name."""
    roles: dict[Literal["plan", "code", "edit", "review", "small"], tuple[str, ...]] = {}
    """Which models play which role, in the order in which they are tried, as in
    `roles = { code = ["ollama/qwen2.5-coder:7b"] }`; a role without any takes what is there."""
    embedding: str = ""
    """Model for vectors, as `server/model`; empty for none."""
    sampling: bool = False
    """Whether the model of an MCP client may answer when no local one does; its client may send prompts elsewhere."""
    max_context: int = Field(default=16_384, ge=1024, le=1_000_000)
    """Longest context in tokens that is asked for; longer ones need more memory."""
    first_token_s: float = Field(default=120.0, gt=0, le=3600)
    """Seconds until the first token; a cold model loads from disk first."""
    idle_s: float = Field(default=30.0, gt=0, le=3600)
    """Seconds between two pieces of an answer."""
    total_s: float = Field(default=600.0, gt=0, le=86_400)
    """Seconds for a whole answer."""
    retries: int = Field(default=1, ge=0, le=10)
    """How often the same model is asked again after a failure that may pass."""
    cooldown_s: float = Field(default=60.0, ge=0, le=86_400)
    """A model that failed is left alone for this long; it doubles with each further failure, up to 16 times."""
    at_once: int = Field(default=1, ge=1, le=64)
    """Calls that a server works on at once."""
    calls_per_minute: int = Field(default=0, ge=0, le=100_000)
    """Most calls to one server in a minute; 0 for no bound."""
    cache_bytes: int = Field(default=50_000_000, ge=0, le=10_000_000_000)
    """Room for kept answers; 0 keeps none."""


class ChecksSettings(Section):
    """How a proposed change is tried before it is offered; everything runs in the sandbox."""

    python: str = Field(default="", max_length=4096)
    """Interpreter for the tests; empty for that of the project's `.venv`, `venv` or `env`, else `python3` on PATH."""
    test_command: tuple[str, ...] = ()
    """Command that runs tests, to which test files are added; empty for the runner that the project is set up for."""


class SandboxSettings(Section):
    """Bounds of code that is run on your behalf: tests, linters of a change. Counts in the user's settings only."""

    wall_s: float = Field(default=120.0, gt=0, le=86_400)
    """Seconds for one run."""
    cpu_s: float = Field(default=120.0, gt=0, le=86_400)
    """Seconds of processor time for each process."""
    memory_bytes: int = Field(default=2_147_483_648, ge=67_108_864, le=1_099_511_627_776)
    """Memory of each process."""
    processes: int = Field(default=64, ge=1, le=4096)
    """Processes and threads."""
    disk_bytes: int = Field(default=536_870_912, ge=1_048_576, le=1_099_511_627_776)
    """Largest file that may be written."""
    output_bytes: int = Field(default=1_048_576, ge=1024, le=1_073_741_824)
    """Output that is kept; what comes after is thrown away."""
    tier: Literal["auto", "bwrap", "landlock"] = "auto"
    """How code is confined; `auto` takes the strongest that works here."""


class ChangesSettings(Section):
    """Proposed changes, and their undo. Counts in the user's settings only."""

    protected: tuple[str, ...] = ()
    """Further files that no change may touch, written as in `.gitignore`; `.git`, keys and `.env` files always are."""
    keep_days: int = Field(default=90, ge=1, le=3650)
    """How long applied changes can be undone."""
    store_bytes: int = Field(default=500_000_000, ge=1_000_000, le=1_000_000_000_000)
    """Room for changes; the oldest that are done with go first."""


class GatewaySettings(Section):
    """The HTTP and MCP endpoint for editors and other clients."""

    host: str = "127.0.0.1"
    """Address to listen on; only loopback addresses are accepted."""
    port: int = Field(default=0, ge=0, le=65_535)
    """Port to listen on; 0 takes any free one, which clients find through the discovery file."""
    max_body_bytes: int = Field(default=4_194_304, ge=1024, le=1_073_741_824)
    """Larger request bodies are refused."""
    request_timeout_s: float = Field(default=30.0, gt=0, le=3600)
    """Bound of one call."""
    rate_per_second: float = Field(default=200.0, gt=0, le=1_000_000)
    """Calls per second and client before it is told to wait."""
    allowed_origins: tuple[str, ...] = ()
    """Web origins whose pages may call the gateway."""

    @field_validator("host")
    @classmethod
    def _only_loopback(cls, value: str) -> str:
        try:
            local = ipaddress.ip_address(value).is_loopback
        except ValueError:
            local = value == "localhost"
        if not local:
            raise ValueError("must be a loopback address such as 127.0.0.1")
        return value


class GitSettings(Section):
    """Work on git repositories. What this may write, run or send counts in the user's settings only."""

    protected: tuple[str, ...] = ("main", "master", "develop", "trunk", "release/*")
    """Branches that are never rewritten, force-pushed or deleted, as patterns with `*`; `aura commit` asks first."""
    history_commits: int = Field(default=400, ge=10, le=5000)
    """Newest commits that habits are learned from; with more, accuracy did not rise."""
    keep_operations: int = Field(default=200, ge=10, le=100_000)
    """Operations that can be undone, for each repository."""
    keep_days: int = Field(default=30, ge=1, le=3650)
    """How long operations can be undone; the newest ten always."""
    command_s: float = Field(default=120.0, gt=0, le=86_400)
    """Seconds for one call of git, with its hooks and its way to a remote."""
    lock_wait_s: float = Field(default=10.0, ge=0, le=3600)
    """Seconds to wait while another program holds git's locks."""
    largest_file_bytes: int = Field(default=5_000_000, ge=1000, le=10_000_000_000)
    """A commit with a larger file is held back once."""
    co_author: str = Field(default="", max_length=200)
    """`Name <address>` for a `Co-authored-by` line in messages that a model wrote; empty for none."""
    link_items: bool = True
    """Whether drafts of commits get `Task: ID` or `Story: ID` for what the branch or files of the plan name."""


class PlanSettings(Section):
    """Plans: documents, epics, stories and tasks below `.ai/`."""

    epics_at_once: int = Field(default=1, ge=0, le=1000)
    """Most epics that may be in progress; 0 for no bound."""
    stories_at_once: int = Field(default=1, ge=0, le=1000)
    """Most stories that may be in progress; 0 for no bound."""
    gates: Literal["enforce", "report"] = "enforce"
    """Whether a step that a gate forbids is refused, or done and reported."""
    story_order: bool = True
    """Whether the stories of an epic begin in the order of their numbers; where several may be in progress, those
    before have to be begun."""
    tests: Literal["claimed", "ran"] = "claimed"
    """What completes a story: a green run that is told, or one that Aura ran itself (`aura plan test ITEM --run`)."""
    red_first: bool = False
    """Whether a story is completed only when a red run was recorded before the green one; else that is a notice."""
    commit_gate: bool = False
    """Whether the commit hook refuses work on a story that is not approved, and before the documents are approved."""
    log_most: int = Field(default=60, ge=0, le=100_000)
    """Entries of an item's log after which older ones are moved to `.ai/log/`; 0 for never."""
    log_kept: int = Field(default=20, ge=1, le=100_000)
    """How many entries stay in the log then."""
    debounce_ms: int = Field(default=50, ge=0, le=60_000)
    """Quiet time after a change of a file below `.ai/` before it is read."""
    keep_days: int = Field(default=180, ge=1, le=3650)
    """How long a change of the plan can be undone; the newest 200 always."""
    order_by: Literal["wsjf", "rice", "moscow", "value-effort", "document"] = "wsjf"
    """How `aura plan next` and `aura plan order` weigh work; dependencies come first with each."""
    order_share: float = Field(default=0.7, ge=0, le=1)
    """With `wsjf` and `moscow`: how much of its value an item hands to what it waits for."""
    order_slack: float = Field(default=0.5, ge=0, le=1)
    """With `wsjf`: what an item on the critical path gains; 1 doubles its score."""
    order_due: float = Field(default=2.0, ge=0, le=100)
    """With `wsjf`: what an item gains whose due date is near or past; 2 makes its score three times as high."""
    order_risk: float = Field(default=1.0, ge=0, le=100)
    """With `wsjf`: what the `risk` of an item counts beside its value."""
    workers: int = Field(default=1, ge=1, le=1000)
    """How many work on the plan at the same time."""
    hours_a_point: float = Field(default=8.0, gt=0, le=1000)
    """Hours in a point, for estimates that are written in hours; a point is a day of one person."""
    points_a_day: float = Field(default=1.0, gt=0, le=1000)
    """Points that one person finishes on a working day, for due dates."""
    prd_off: tuple[str, ...] = ()
    """Rules of `aura prd check` that are switched off, as in `prd_off = ["passive-without-actor"]`."""
    prd_agree_tokens: int = Field(default=30_000, ge=0, le=10_000_000)
    """A PRD that a model writes is begun only after a yes when it may take more tokens than this."""


class NetworkSettings(Section):
    """What may leave this machine: nothing, unless a host is named here."""

    allow: tuple[str, ...] = ()
    """Hosts that Aura may talk to besides this machine."""


class PanelSettings(Section):
    """The control panel: `aura panel`."""

    theme: Literal["dark", "light", "contrast-dark", "contrast-light"] = "dark"
    """Its colours; `aura panel --theme` wins for one run."""
    log_lines: int = Field(default=100_000, ge=1000, le=1_000_000)
    """How many of the newest lines its log keeps in memory."""


class Settings(Section):
    """All settings of an installation."""

    log: LogSettings = LogSettings()
    supervisor: SupervisorSettings = SupervisorSettings()
    bus: BusSettings = BusSettings()
    code: CodeSettings = CodeSettings()
    findings: FindingsSettings = FindingsSettings()
    gateway: GatewaySettings = GatewaySettings()
    models: ModelsSettings = ModelsSettings()
    checks: ChecksSettings = ChecksSettings()
    sandbox: SandboxSettings = SandboxSettings()
    changes: ChangesSettings = ChangesSettings()
    git: GitSettings = GitSettings()
    plan: PlanSettings = PlanSettings()
    network: NetworkSettings = NetworkSettings()
    panel: PanelSettings = PanelSettings()


@dataclass(frozen=True, slots=True)
class Explained:
    """One setting: its value, and why it has that value."""

    key: str
    """Section and name, with a dot."""
    value: object
    """What holds."""
    layer: LayerName
    """The layer that won."""
    origin: str
    """Where exactly: `path:line`, a variable, a flag; empty for a default."""


def load_settings(project_root: Path | None = None, flags: Mapping[str, str] | None = None) -> Settings:
    """The settings that hold: defaults < user file < project file < environment < flags.

    Calling it again reads the files again.

    Args:
        project_root: Whose `.aura/config.toml` counts.
        flags: Dotted keys and their values.

    Raises:
        SettingsError: Names the file and line, or the variable, of the first thing that is wrong.
    """
    return validate(read_layers(project_root, flags))


def validate(layers: list[Layer]) -> Settings:
    """The settings that these layers give together.

    Raises:
        SettingsError: A key is unknown, or a value has the wrong type or is out of its range.
    """
    try:
        return Settings.model_validate(merge(layers))
    except ValidationError as error:
        raise _named(error, layers) from error


def explain(layers: list[Layer]) -> list[Explained]:
    """Every setting with the layer that it comes from, in the order of this file.

    Raises:
        SettingsError: The layers are not valid.
    """
    settings = validate(layers)
    winners = {key: layer for layer in layers for key, _ in flatten(layer.values)}
    values = flatten(cast("Table", settings.model_dump(mode="json")))
    found: list[Explained] = []
    for key, value in values:
        winner = winners.get(key)
        layer: LayerName = winner.name if winner else "default"
        found.append(Explained(key, value, layer, winner.origins.get(key, "") if winner else ""))
    return found


@cache
def settings_of_this_process() -> Settings:
    """What the supervisor handed down, or the settings that hold for a process that was started alone.

    Raises:
        SettingsError: The file cannot be read, or the settings are wrong.
    """
    handed_down = os.environ.get(SETTINGS_FILE_VARIABLE)
    if not handed_down:
        return load_settings()
    try:
        values = json.loads(Path(handed_down).read_bytes())
        return Settings.model_validate(values)
    except OSError as error:
        raise SettingsError(f"cannot read {handed_down}: {error.strerror or error}") from error
    except ValidationError as error:
        raise SettingsError(f"{handed_down}: {_sentence(error)}") from error
    except ValueError as error:
        raise SettingsError(f"{handed_down} must hold JSON: {error}") from error


def _named(error: ValidationError, layers: list[Layer]) -> SettingsError:
    """The first problem, with the place where a person can correct it."""
    place = [str(part) for part in error.errors(include_url=False)[0]["loc"]]
    for length in range(len(place), 0, -1):
        key = ".".join(place[:length])
        for layer in reversed(layers):
            origin = layer.origins.get(key)
            if origin:
                return SettingsError(f"{origin}: {_sentence(error)}")
    return SettingsError(_sentence(error))


def _sentence(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    place = [str(part) for part in problem["loc"]]
    key = ".".join(place)
    if problem["type"] == "extra_forbidden":
        return f"there is no setting {key}{_similar(place)}"
    expected = problem["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{key}: {expected}; found {problem['input']!r}"


def _similar(place: list[str]) -> str:
    import difflib  # noqa: PLC0415 - only needed for a typo

    known = list(Settings.model_fields)
    section = Settings.model_fields.get(place[0])
    if len(place) > 1 and section is not None and section.annotation is not None:
        known = list(cast("type[Section]", section.annotation).model_fields)
    close = difflib.get_close_matches(place[-1], known, n=1, cutoff=0.65)
    return f"; did you mean {'.'.join([*place[:-1], close[0]])}?" if close else ""
