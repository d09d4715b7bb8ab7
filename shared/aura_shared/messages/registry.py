"""The register of messages: which class a name on the wire stands for.

For readers that take whatever comes: the gateway's event stream, the exported schemas, the panel. Whoever wants certain
messages names their classes instead.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Any, Final

from pydantic import ValidationError

from aura_shared.errors import BusError
from aura_shared.messages import (
    approvals,
    assist,
    branches,
    bus,
    changes,
    code,
    commits,
    core,
    findings,
    gaps,
    git,
    git_health,
    insight,
    merges,
    models,
    plan_documents,
    plan_drift,
    plan_exchange,
    plan_forecast,
    plan_items,
    plan_order,
    plan_progress,
    plan_proposals,
    plan_tracing,
    planning,
    pulls,
    refactoring,
    releases,
    review,
    services,
    similar,
    structure,
    testing,
    wording,
)
from aura_shared.messages.core import Envelope, Event, Message, Reply, Request

MODULES: Final[tuple[ModuleType, ...]] = (
    core,
    services,
    bus,
    code,
    structure,
    insight,
    findings,
    gaps,
    similar,
    changes,
    refactoring,
    review,
    models,
    assist,
    approvals,
    wording,
    testing,
    git,
    commits,
    branches,
    merges,
    pulls,
    releases,
    git_health,
    planning,
    plan_proposals,
    plan_exchange,
    plan_forecast,
    plan_items,
    plan_drift,
    plan_tracing,
    plan_order,
    plan_progress,
    plan_documents,
)
"""Where messages are declared."""
_ABSTRACT: Final = frozenset({Message, Event, Reply, Request})


@cache
def messages() -> tuple[type[Message], ...]:
    """Every class of the contract, in the order of their declaration."""
    return tuple(
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Message)
        and value not in _ABSTRACT
        and "[" not in value.__name__  # pydantic notes Request[SomeReply] in the module that names it
        and value.__module__ == module.__name__
    )


@cache
def event_kinds() -> dict[str, type[Event]]:
    """Events by their name on the wire."""
    return {kind.type: kind for kind in messages() if issubclass(kind, Event)}


@cache
def request_kinds() -> dict[str, type[Request[Any]]]:
    """Requests by their name on the wire."""
    return {kind.type: kind for kind in messages() if issubclass(kind, Request)}


def read_event(envelope: Envelope) -> Event:
    """The event in an envelope.

    Raises:
        BusError: The contract has no such event, or it does not have its form.
    """
    kind = event_kinds().get(envelope.type)
    if kind is None:
        raise BusError(f"the contract has no event {envelope.type}")
    try:
        return kind.model_validate(envelope.data)
    except ValidationError as error:
        raise BusError(f"the event {envelope.type} ({envelope.id}) is malformed") from error
