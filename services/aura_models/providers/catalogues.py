"""What servers with the OpenAI interface say of their models; each kind has a page of its own that knows more."""

from __future__ import annotations

from typing import cast

from aura_shared.messages.models import ModelInfo

__all__ = ["llamacpp_model", "lmstudio_model", "number_in", "objects_in", "plain_model"]


def objects_in(answer: object, field: str = "") -> list[dict[str, object]]:
    """The objects in a field of an answer, or the answer itself where no field is named; none if there are none."""
    found: object = cast("dict[str, object]", answer).get(field) if field and isinstance(answer, dict) else answer
    entries = cast("list[object]", found) if isinstance(found, list) else [found]
    return [cast("dict[str, object]", entry) for entry in entries if isinstance(entry, dict)]


def number_in(facts: dict[str, object], *names: str) -> int:
    """The first of these fields that is a whole number above 0; 0 if none is."""
    for name in names:
        found = facts.get(name)
        if isinstance(found, int) and not isinstance(found, bool) and found > 0:
            return found
    return 0


def plain_model(server: str, entry: dict[str, object]) -> ModelInfo:
    """A model of a server of which only the interface is known; vLLM and others add the length of the context."""
    context = number_in(entry, "max_model_len", "context_length", "max_context_length")
    return ModelInfo(name=f"{server}/{entry['id']}", context_max=context)


def lmstudio_model(server: str, entry: dict[str, object], facts: dict[str, object]) -> ModelInfo:
    """A model of LM Studio; `facts` is its entry of `/api/v0/models`, empty where there is none.

    The context of a loaded model is what it was loaded with; a longer one is refused.
    """
    return ModelInfo(
        name=f"{server}/{entry['id']}",
        quantization=str(facts.get("quantization") or ""),
        context_max=number_in(facts, "loaded_context_length", "max_context_length"),
        loaded=facts.get("state") == "loaded",
        embeds=facts.get("type") == "embeddings" or "embed" in str(entry["id"]).casefold(),
    )


def llamacpp_model(server: str, entry: dict[str, object], slot_context: int) -> ModelInfo:
    """A model of llama.cpp's server.

    Slots share the context that the server was started with, so what one call gets is what it says of a slot.
    """
    about = (objects_in(entry.get("meta")) or [{}])[0]
    return ModelInfo(
        name=f"{server}/{entry['id']}",
        parameters=_size(number_in(about, "n_params")),
        context_max=slot_context or number_in(about, "n_ctx", "n_ctx_train"),
        loaded=True,
    )


def _size(parameters: int) -> str:
    """As people write it: `7.6B`, `494M`."""
    for unit, size in (("B", 1_000_000_000), ("M", 1_000_000), ("K", 1_000)):
        if parameters >= size:
            return f"{parameters / size:.1f}".removesuffix(".0") + unit
    return str(parameters) if parameters else ""
