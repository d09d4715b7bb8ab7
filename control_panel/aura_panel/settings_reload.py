"""Has the services take in settings that were saved, and says what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from aura_cli.answers import JsonObject, objects_of, text_of, texts_of
from aura_shared.errors import AuraError

if TYPE_CHECKING:
    from aura_panel.world import World
    from aura_shared.settings_editing import Edit

__all__ = ["Outcome", "reload_sentence", "reload_services"]

_AT_ONCE: Final = frozenset({"panel.theme"})
"""Settings that this panel takes in itself as soon as they are saved."""


class Outcome(NamedTuple):
    """What became of it."""

    text: str
    """For a person: the rest of a sentence."""
    done: bool = True
    """Whether the services took it in, or will."""


async def reload_services(world: World | None, edit: Edit) -> Outcome:
    """Ask the supervisor to read the settings again after an edit."""
    if world is None or world.presence in {"down", "unknown"}:
        return Outcome("Aura is not running; it reads its settings when it starts")
    request: dict[str, object] = {"do": "reload"}
    if edit.layer == "project":
        request["project_keys"] = list(edit.keys)
    try:
        return Outcome(reload_sentence(await world.link.control(request)))
    except AuraError as error:
        return Outcome(
            f"services did not take it in: {error.message}. It holds after `aura down` and `aura up`", done=False
        )


def reload_sentence(answer: JsonObject) -> str:
    """What the supervisor made of changed settings."""
    restarted = texts_of(answer, "restarted")
    parts = [f"restarted: {', '.join(restarted)}" if restarted else "no service had to be restarted"]
    later = [item for item in objects_of(answer, "later") if text_of(item, "key") not in _AT_ONCE]
    parts += [f"later: {text_of(item, 'key')} ({text_of(item, 'why')})" for item in later]
    return "; ".join(parts)
