"""How an error looks to a client: an HTTP status, and a body with a code, a sentence, a hint and the request's id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from aura_shared.errors import AuraError, UsageProblem

__all__ = [
    "PROBLEM_RESPONSES",
    "STATUSES",
    "ProblemAnswer",
    "ProblemFields",
    "problem_of",
    "status_of",
    "told",
    "usage_problem",
]

STATUSES: Final[Mapping[str, int]] = {
    "invalid_request": 400,
    "empty_query": 400,
    "too_large": 413,
    "not_found": 404,
    "unknown_project": 404,
    "unknown_file": 404,
    "unknown_change": 404,
    "unknown_item": 404,
    "unknown_model": 404,
    "no_repository": 404,
    "unknown_ref": 404,
    "unknown_operation": 404,
    "conflict": 409,
    "file_moved_on": 409,
    "edit_refused": 409,
    "gate_closed": 409,
    "conflicts_left": 409,
    "draft_outdated": 409,
    "undo_refused": 409,
    "repository_busy": 409,
    "not_ready": 503,
    "index_building": 503,
    "unavailable": 503,
    "daemon_down": 503,
    "service_down": 503,
    "timeout": 504,
    "model_unreachable": 503,
    "model_timeout": 504,
    "model_dropped": 502,
    "no_sandbox": 503,
    "forge_unreachable": 503,
    "no_model": 503,
    "model_failed": 502,
    "bad_model_answer": 502,
    "context_overflow": 422,
    "context_cut": 502,
    "answer_cut": 502,
    "schema_mismatch": 502,
    "host_not_allowed": 403,
    "approval_needed": 403,
    "protected_branch": 403,
    "commit_blocked": 403,
    "git_failed": 409,
    "hook_refused": 409,
    "forge_refused": 502,
    "cancelled": 499,
    "extra_missing": 501,
    "not_allowed": 403,
    "unsafe_path": 403,
    "rate_limited": 429,
    "bus_error": 502,
    "disk_full": 507,
}
"""HTTP status per code of `aura_shared.errors`; every other one is a 500."""


class ProblemFields(BaseModel):
    """What went wrong."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    code: str
    """Stable code, one of those in `aura_shared.errors`."""
    message: str
    """What, what was expected, what was found."""
    hint: str
    """What to try next."""
    request_id: str
    """Under which the call is found in the logs and the audit trail."""


class ProblemAnswer(BaseModel):
    """The body of every answer with a status of 400 or above."""

    error: ProblemFields


PROBLEM_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {  # FastAPI's own type for what goes into the document.
    "4XX": {"model": ProblemAnswer, "description": "The call cannot be served; the body says why and what to try."},
    "5XX": {"model": ProblemAnswer, "description": "A service failed or does not answer."},
}
"""What every route of the OpenAPI document says about errors."""


def status_of(error: AuraError) -> int:
    """The HTTP status of an error."""
    return STATUSES.get(error.code, 500)


def problem_of(error: AuraError, request_id: str) -> bytes:
    """The body for an error, as JSON."""
    fields = ProblemFields(code=error.code, message=error.message, hint=error.hint, request_id=request_id)
    return ProblemAnswer(error=fields).model_dump_json().encode()


def usage_problem(error: ValidationError) -> UsageProblem:
    """What is wrong with a request, by field and without its contents."""
    return UsageProblem(
        "; ".join(told(dict(found)) for found in error.errors(include_url=False, include_input=False)[:5])
    )


def told(found: Mapping[str, object]) -> str:
    """One finding of pydantic in a line: where, and what."""
    place = cast("Sequence[object]", found.get("loc", ()))
    where = ".".join(str(part) for part in place if part != "body")
    message = "unknown field" if found.get("type") == "extra_forbidden" else str(found.get("msg", "not valid"))
    return f"{where}: {message}" if where else message
