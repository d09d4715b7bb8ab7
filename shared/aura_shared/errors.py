"""Errors that Aura raises on purpose.

Every error has a stable `code` (sent over the bus, HTTP and MCP), an `exit_code` for the command line and a `hint`
that says what to try next.

AuraError                     the one name a caller needs to catch            internal          1
├── UsageProblem              the request itself makes no sense               invalid_request   2
│   ├── EmptyQuery            a search without anything to search for         empty_query       2
│   └── TooLarge              a body, query or file is over its limit         too_large         2
├── NotFound                  the thing asked for does not exist              not_found         4
│   ├── UnknownProject        no registered project has this name or path     unknown_project   4
│   ├── UnknownFile           the project has no such file                    unknown_file      4
│   ├── UnknownChange         there is no such change                         unknown_change    4
│   ├── UnknownItem           the plan has no such item                       unknown_item      4
│   ├── UnknownModel          no server has such a model                      unknown_model     4
│   ├── NoRepository          the project is not in a git repository          no_repository     4
│   ├── UnknownRef            there is no such branch, tag or commit          unknown_ref       4
│   └── UnknownOperation      the journal has no such operation               unknown_operation 4
├── Conflict                  it exists already, or another one is at work    conflict          5
│   ├── FileMovedOn           a file changed since the change was made        file_moved_on     5
│   ├── EditRefused           an edit does not fit the file without guessing  edit_refused      5
│   ├── GateClosed            the repository is not in a state to do this     gate_closed       5
│   ├── ConflictsLeft         a person has to resolve conflicts first         conflicts_left    5
│   ├── DraftOutdated         what is staged changed since the draft          draft_outdated    5
│   ├── UndoRefused           something moved since the operation             undo_refused      5
│   └── RepositoryBusy        another writer holds the repository             repository_busy   5
├── NotReady                  it will work later; the hint says when          not_ready         6
│   └── IndexBuilding         the first index of the project is being built   index_building    6
├── Unavailable               something needed does not answer                unavailable       3
│   ├── DaemonDown            Aura is not running                             daemon_down       3
│   ├── ServiceDown           one of Aura's services does not answer          service_down      3
│   ├── RequestTimeout        no answer within the bound                      timeout           3
│   ├── SemanticExtraMissing  the extra `semantic` is not installed           extra_missing     3
│   ├── ModelUnreachable      no model server answers at the address          model_unreachable 3
│   ├── ModelTimeout          no token, or no end, within the bound           model_timeout     3
│   ├── ModelDropped          the connection ended in the middle of an answer model_dropped     3
│   ├── SandboxUnavailable    code of others cannot be confined here          no_sandbox        3
│   └── ForgeUnreachable      the forge or the remote does not answer         forge_unreachable 3
├── Cancelled                 the caller took the request back                cancelled         130
├── SettingsError             a setting is missing or does not parse          bad_settings      7
├── NotAllowed                the caller may not do this                      not_allowed       8
│   ├── UnsafePath            a path leads outside the project                unsafe_path       8
│   ├── RateLimited           too many calls in a short time                  rate_limited      8
│   ├── HostNotAllowed        an address is not on this machine               host_not_allowed  8
│   ├── ApprovalNeeded        a person has to approve first                   approval_needed   8
│   ├── ProtectedBranch       a protected branch would be written             protected_branch  8
│   └── CommitBlocked         a commit holds a secret, or what nobody commits commit_blocked    8
├── ModelError                a model failed                                  model_failed      11
│   ├── NoModel               no model is there for a role                    no_model          11
│   ├── BadAnswer             what came is not what the protocol says         bad_model_answer  11
│   ├── ContextOverflow       prompt and answer do not fit the context        context_overflow  11
│   ├── ContextCut            a server cut the prompt without saying so       context_cut       11
│   ├── AnswerCut             an answer was cut by the bound on its tokens    answer_cut        11
│   └── SchemaMismatch        an answer does not satisfy its schema           schema_mismatch   11
├── GitError                  git failed                                      git_failed        12
│   ├── HookRefused           a hook of the repository said no                hook_refused      12
│   └── ForgeRefused          the forge or the remote said no                 forge_refused     12
├── BusError                  a message could not be sent, read or answered   bus_error         9
├── StorageError              a file of Aura's own cannot be written or read  storage_error     10
│   ├── DiskFull              no room left on the device                      disk_full         10
│   └── Corrupt               a file of Aura's own cannot be trusted          corrupt           10
"""

from __future__ import annotations

from typing import ClassVar


class AuraError(Exception):
    """The one name a caller needs to catch. The text says what, what was expected, and what was found."""

    code: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 1
    default_hint: ClassVar[str] = "Run `aura doctor`, and see `aura logs`."
    transient: ClassVar[bool] = False
    """Whether the same call may succeed when it is repeated."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = self.default_hint if hint is None else hint

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.hint))


def _rebuild(kind: type[AuraError], message: str, hint: str) -> AuraError:
    return kind(message, hint=hint)


class UsageProblem(AuraError):
    """The request itself makes no sense."""

    code = "invalid_request"
    exit_code = 2
    default_hint = "Correct the request; `--help` and the API document say what it takes."


class EmptyQuery(UsageProblem):
    """A search without anything to search for."""

    code = "empty_query"
    default_hint = 'Say what to look for, for example: aura search "where are sessions created".'


class TooLarge(UsageProblem):
    """A body, query or file is over its limit."""

    code = "too_large"
    default_hint = "Send less at once."


class NotFound(AuraError):
    """The thing asked for does not exist."""

    code = "not_found"
    exit_code = 4
    default_hint = "Check the name."


class UnknownProject(NotFound):
    """No registered project has this name or path."""

    code = "unknown_project"
    default_hint = "Register it with `aura init PATH`; `aura projects` lists what is registered."


class UnknownFile(NotFound):
    """The project has no such file."""

    code = "unknown_file"
    default_hint = "Paths are relative to the project's root; `aura search NAME` finds files too."


class UnknownChange(NotFound):
    """There is no such change."""

    code = "unknown_change"
    default_hint = "`aura changes` lists them."


class UnknownItem(NotFound):
    """The plan has no such item."""

    code = "unknown_item"
    default_hint = "`aura plan list` shows identifiers and aliases."


class UnknownModel(NotFound):
    """No server has such a model."""

    code = "unknown_model"
    default_hint = "`aura models` lists what is there."


class NoRepository(NotFound):
    """The project is not in a git repository."""

    code = "no_repository"
    default_hint = "Make one with `git init`, or give a project that is in one."


class UnknownRef(NotFound):
    """There is no such branch, tag or commit."""

    code = "unknown_ref"
    default_hint = "`git branch --all` and `git tag` list what there is; a new one may have to be fetched first."


class UnknownOperation(NotFound):
    """The journal has no such operation."""

    code = "unknown_operation"
    default_hint = "`aura git ops` lists them."


class Conflict(AuraError):
    """It exists already, or another one is at work."""

    code = "conflict"
    exit_code = 5
    default_hint = "Wait for the other one, or look with `aura status`."


class FileMovedOn(Conflict):
    """A file changed since the change was made."""

    code = "file_moved_on"
    default_hint = "Look at the merge with `aura changes show`, then apply with --merge."


class EditRefused(Conflict):
    """An edit does not fit the file without guessing."""

    code = "edit_refused"
    default_hint = "Nothing was changed. Ask again, or make the edit by hand."


class GateClosed(Conflict):
    """The repository is not in a state to do this; the message says what is in the way."""

    code = "gate_closed"
    default_hint = "Nothing was changed. `aura git status` shows the state of the repository."


class ConflictsLeft(Conflict):
    """A person has to resolve conflicts first."""

    code = "conflicts_left"
    default_hint = "Resolve them, then `aura continue`; `aura abort` takes everything back."


class DraftOutdated(Conflict):
    """What is staged changed since the draft was made."""

    code = "draft_outdated"
    default_hint = "Nothing was committed. Make the draft again."


class UndoRefused(Conflict):
    """Something moved since the operation, so taking it back would lose that."""

    code = "undo_refused"
    default_hint = "Nothing was changed. Undo the newer operations first; `aura git ops` lists them."


class RepositoryBusy(Conflict):
    """Another writer holds the repository."""

    code = "repository_busy"
    default_hint = "Try again once the other command has ended; a lock whose owner died says how to remove it."
    transient = True


class NotReady(AuraError):
    """It will work later; the hint says when."""

    code = "not_ready"
    exit_code = 6
    default_hint = "Try again in a moment; `aura status` shows the progress."
    transient = True


class IndexBuilding(NotReady):
    """The first index of the project is being built."""

    code = "index_building"


class Unavailable(AuraError):
    """Something needed does not answer."""

    code = "unavailable"
    exit_code = 3
    default_hint = "See `aura status`, then `aura logs`."
    transient = True


class DaemonDown(Unavailable):
    """Aura is not running."""

    code = "daemon_down"
    default_hint = "Start it with `aura up --detach`."


class ServiceDown(Unavailable):
    """One of Aura's services does not answer."""

    code = "service_down"
    default_hint = "It is restarted by itself, unless somebody stopped it: see `aura status`, `aura start SERVICE`."


class RequestTimeout(Unavailable):
    """No answer within the bound."""

    code = "timeout"
    default_hint = "The machine may be busy: try again, or give the call more time."


class SemanticExtraMissing(Unavailable):
    """The extra `semantic` is not installed."""

    code = "extra_missing"
    default_hint = "Install it beside Aura: pip install 'aura-dev[semantic]'"
    transient = False


class ModelUnreachable(Unavailable):
    """No model server answers at the address."""

    code = "model_unreachable"
    default_hint = "Start Ollama, LM Studio or another server; `aura models` shows where Aura looks."


class ModelTimeout(Unavailable):
    """No token, or no end of the answer, within the bound."""

    code = "model_timeout"
    default_hint = "A smaller model answers sooner; models.first_token_s and models.idle_s give it more time."


class ModelDropped(Unavailable):
    """The connection ended in the middle of an answer."""

    code = "model_dropped"
    default_hint = "See the log of the model server: it may have run out of memory."


class SandboxUnavailable(Unavailable):
    """Code of others cannot be confined here, so it is not run."""

    code = "no_sandbox"
    default_hint = "`aura doctor` says what is missing."
    transient = False


class ForgeUnreachable(Unavailable):
    """The forge or the remote does not answer."""

    code = "forge_unreachable"
    default_hint = "Nothing is lost: the branch and the text are here. Try again once the network is back."


class Cancelled(AuraError):
    """The caller took the request back."""

    code = "cancelled"
    exit_code = 130
    default_hint = ""


class SettingsError(AuraError):
    """A setting is missing or does not parse."""

    code = "bad_settings"
    exit_code = 7
    default_hint = "`aura config explain` shows every setting, its value and the layer that it comes from."


class NotAllowed(AuraError):
    """The caller may not do this."""

    code = "not_allowed"
    exit_code = 8
    default_hint = "Check the token and the address."


class UnsafePath(NotAllowed):
    """A path leads outside the project."""

    code = "unsafe_path"
    default_hint = "Give a path inside the project, relative to its root."


class RateLimited(NotAllowed):
    """Too many calls in a short time."""

    code = "rate_limited"
    default_hint = "Wait a second and try again."
    transient = True


class HostNotAllowed(NotAllowed):
    """An address is not on this machine."""

    code = "host_not_allowed"
    default_hint = "Nothing leaves this machine unless network.allow in your own settings names the host."


class ApprovalNeeded(NotAllowed):
    """A person has to approve first."""

    code = "approval_needed"
    default_hint = "Have a person run `aura approve`, then try again."


class ProtectedBranch(NotAllowed):
    """A protected branch would be written."""

    code = "protected_branch"
    default_hint = "Start a branch of your own: `aura branch start feature NAME`."


class CommitBlocked(NotAllowed):
    """A commit holds a secret, or a file that nobody commits on purpose; the message names the rule and the place."""

    code = "commit_blocked"
    default_hint = "Take it out of the commit; if it is right as it is, allow it once with --allow RULE:PATH."


class ModelError(AuraError):
    """A model failed."""

    code = "model_failed"
    exit_code = 11
    default_hint = "`aura models` shows servers and models, `aura models test MODEL` what a model can do."


class NoModel(ModelError):
    """No model is there for a role."""

    code = "no_model"
    default_hint = "Start Ollama or LM Studio, then see `aura models`; everything else works without one."


class BadAnswer(ModelError):
    """What came is not what the protocol says."""

    code = "bad_model_answer"
    default_hint = "Check that the address is that of a model server: `aura models`."


class ContextOverflow(ModelError):
    """Prompt and answer do not fit the context."""

    code = "context_overflow"
    default_hint = "Ask about less, or use a model with a longer context."


class ContextCut(ModelError):
    """A server cut the prompt without saying so."""

    code = "context_cut"
    default_hint = "Run `aura models test MODEL` to learn the context that it really honours."


class AnswerCut(ModelError):
    """An answer was cut by the bound on its tokens."""

    code = "answer_cut"
    default_hint = "Ask for less at once."


class SchemaMismatch(ModelError):
    """An answer does not satisfy its schema."""

    code = "schema_mismatch"
    default_hint = "Try another model for this role: `aura models test` shows which follow schemas."


class GitError(AuraError):
    """git failed; the message holds what it said."""

    code = "git_failed"
    exit_code = 12
    default_hint = "`aura git ops` shows what was done so far, and `aura git undo` takes it back."


class HookRefused(GitError):
    """A hook of the repository said no; the message holds what it printed."""

    code = "hook_refused"
    default_hint = "Nothing was committed. Mend what the hook complains of; hooks are never skipped."


class ForgeRefused(GitError):
    """The forge or the remote said no."""

    code = "forge_refused"
    default_hint = "Nothing is lost: the branch and the text are here."


class BusError(AuraError):
    """A message could not be sent, read or answered."""

    code = "bus_error"
    exit_code = 9


class StorageError(AuraError):
    """A file of Aura's own cannot be written or read."""

    code = "storage_error"
    exit_code = 10
    default_hint = "Check the space and the permissions of Aura's data directory: `aura doctor`."


class DiskFull(StorageError):
    """No room left on the device."""

    code = "disk_full"
    default_hint = "Free some space; Aura goes on by itself."
    transient = True


class Corrupt(StorageError):
    """A file of Aura's own cannot be trusted."""

    code = "corrupt"
    default_hint = "It is set aside and built again by itself."


def error_kinds() -> dict[str, type[AuraError]]:
    """Every kind of error by its code; of several with one code, the most general."""
    found: dict[str, type[AuraError]] = {}
    waiting: list[type[AuraError]] = [AuraError]
    while waiting:
        kind = waiting.pop()
        found.setdefault(kind.code, kind)
        waiting.extend(kind.__subclasses__())
    return found


def error_from(code: str, message: str, hint: str | None = None) -> AuraError:
    """The error that another process reported; an unknown code becomes a plain `AuraError`."""
    return error_kinds().get(code, AuraError)(message, hint=hint)
