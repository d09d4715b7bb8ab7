"""Which models play a role: those that the settings name, else what is there, the likeliest first.

Without settings the order is: models whose self-test did not fail for the role, models in whose name the role shows,
the size that suits the role, models that are in memory already. The reason is told with the choice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, get_args

from aura_shared.errors import UnknownModel
from aura_shared.messages.models import ModelInfo, ModelRole, RoleChoice

__all__ = ["ROLES", "choose", "find_model", "roles_of", "size_b"]

ROLES: Final[tuple[ModelRole, ...]] = get_args(ModelRole)
_MOST: Final = 3  # A fourth model is hardly better luck, and each try may take minutes.
_SMALLEST_B: Final = 0.5  # Smaller ones seldom give a usable sentence.
_USUAL_B: Final = 7.0  # Assumed where neither the server nor the name says.
_SLOW_PER_S: Final = 2.0  # Tokens a second under which an answer takes longer than the usual bounds.
_SIZE: Final = re.compile(r"(?:^|[^a-z0-9.])(?:(\d+)x)?(\d+(?:\.\d+)?)([bm])(?:$|[^a-z])")
_CODE_NAME: Final = re.compile(r"cod(?:e|er|ing|estral)|starcoder|devstral")
_NEEDS_CODE: Final[frozenset[ModelRole]] = frozenset({"code", "edit"})


def choose(
    role: ModelRole, configured: Sequence[str], models: Sequence[ModelInfo], cooling: Mapping[str, float]
) -> RoleChoice:
    """The models for a role in the order in which they are tried, and why.

    Args:
        role: The role.
        configured: What the settings name for it.
        models: What the servers have; those that make vectors are left out.
        cooling: Models that rest, with the seconds that are left.
    """
    if configured:
        names = [_configured(name, models) for name in configured]
        unknown = [name for name in names if all(model.name != name for model in models)]
        reason = f"models.roles.{role} names them" + (f"; not served now: {', '.join(unknown)}" if unknown else "")
    else:
        able = [model for model in models if not model.embeds]
        names = [model.name for model in sorted(able, key=lambda model: _rank(role, model))][:_MOST]
        reason = _reason(role, models, able)
    resting = {name: round(cooling[name], 1) for name in names if cooling.get(name)}
    return RoleChoice(role=role, models=names, reason=reason, cooling=resting)


def roles_of(model: str, choices: Sequence[RoleChoice]) -> list[ModelRole]:
    """The roles in which a model is tried first."""
    return [choice.role for choice in choices if choice.models[:1] == [model]]


def find_model(name: str, models: Sequence[ModelInfo]) -> ModelInfo:
    """The model called `server/model`, or `model` where only one server has it.

    Raises:
        UnknownModel: There is none, or several.
    """
    exact = [model for model in models if model.name == name]
    found = exact or [model for model in models if model.name.partition("/")[2] == name]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(model.name for model in found)
        raise UnknownModel(f"several servers have the model {name!r}: {names}", hint="Name its server as well.")
    known = ", ".join(model.name for model in models[:8])
    raise UnknownModel(f"no server has the model {name!r}" + (f"; there are: {known}" if known else ""))


def size_b(model: ModelInfo) -> float | None:
    """Billions of parameters, from what the server says or from the name."""
    for text in (model.parameters, model.name.partition("/")[2]):
        if found := _SIZE.search(text.lower()):
            many, number, unit = found.groups()
            return float(number) * int(many or 1) / (1 if unit == "b" else 1000)
    return None


def _configured(name: str, models: Sequence[ModelInfo]) -> str:
    """`name` with its server, where one has it."""
    try:
        return find_model(name, models).name
    except UnknownModel:
        return name


def _rank(role: ModelRole, model: ModelInfo) -> tuple[object, ...]:
    """Lower ones are tried first."""
    size = size_b(model) or _USUAL_B
    codes = bool(_CODE_NAME.search(model.name.lower()))
    wanted = codes if role in _NEEDS_CODE else False
    fits = size if role == "small" else -size
    return (_failed_test(role, model), size < _SMALLEST_B, not wanted, fits, not model.loaded, model.name)


def _failed_test(role: ModelRole, model: ModelInfo) -> int:
    """0 for one that passed its self-test, 1 for one without, 2 for one that failed what the role needs."""
    seen = model.abilities
    if seen is None:
        return 1
    follows = seen.schema_tried == 0 or seen.schema_ok * 2 >= seen.schema_tried
    edits = bool(seen.edit_formats) or role not in _NEEDS_CODE
    fast = seen.tokens_per_s == 0 or seen.tokens_per_s >= _SLOW_PER_S
    return 0 if follows and edits and fast else 2


def _reason(role: ModelRole, models: Sequence[ModelInfo], able: Sequence[ModelInfo]) -> str:
    if not models:
        return "no server with a model was found"
    if not able:
        return "the models that are there make vectors, not text"
    prefers = {"small": "small", "code": "code-writing, then large", "edit": "code-writing, then large"}
    tested = sum(model.abilities is not None for model in able)
    return (
        f"models.roles.{role} names none: of {len(able)} found, those that passed their self-test ({tested} tested) "
        f"first, then {prefers.get(role, 'large')} ones"
    )
