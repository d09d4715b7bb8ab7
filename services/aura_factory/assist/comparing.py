"""The same task on several models, scored by the gates; the better answer is the one that is offered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aura_factory.assist.code_desk import CodeDesk
from aura_factory.assist.talking import Talk
from aura_factory.assist.writing import Job, Tools, Written, write
from aura_shared.messages.core import new_id

__all__ = ["compare"]


async def compare(desk: CodeDesk, talk: Talk, tools: Tools, job: Job, models: Sequence[str]) -> tuple[Written, str]:
    """Have each model write the change, one after the other. Returns the best result, and how they did, as Markdown.

    The best has the most checks passed, then the fewest answers, then the shortest time. The calls carry the same
    trial, so that the figures of the models process know who won.

    Raises:
        AuraError: A model failed, and models were insisted on.
    """
    trial = new_id().replace("-", "")
    results: list[tuple[str, Written, float]] = []
    for model in dict.fromkeys(models):
        own = replace(talk, wanted=model, trial=trial, model="", notes=[], seconds=0.0)
        await talk.tell(f"{model} …")
        written = await write(desk, own, tools, job)
        results.append((model, written, own.seconds))
        _add(talk, own)
    best = max(results, key=lambda one: (one[1].good, one[1].score, -one[1].rounds, -one[2]))
    talk.model = best[1].model
    lines = ["| Model | Offered | Score | Answers | Seconds |", "|---|---|---|---|---|"]
    lines += [
        f"| {model} | {'yes' if written.good else 'no'} | {written.score:.2f} | {written.rounds} | {seconds:.1f} |"
        for model, written, seconds in results
    ]
    return best[1], "\n".join(lines)


def _add(talk: Talk, own: Talk) -> None:
    """Count what one model cost."""
    talk.calls = own.calls
    talk.tokens_in = own.tokens_in
    talk.tokens_out = own.tokens_out
    talk.seconds += own.seconds
    talk.why_not = own.why_not
    talk.notes += [f"{own.wanted}: {note}" for note in own.notes]
