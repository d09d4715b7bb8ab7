"""Answering a question about the code: the places that answer it, and a model's words that cite them."""

from __future__ import annotations

from aura_factory.assist.code_desk import CodeDesk
from aura_factory.assist.context import hit_block
from aura_factory.assist.grounding import check_citations, unsupported_names
from aura_factory.assist.packing import Piece, budget_for, pack
from aura_factory.assist.talking import Talk
from aura_factory.prompts import Block, PromptLibrary
from aura_shared.messages.assist import AskAnswer, AskCode, Citation
from aura_shared.messages.code import SearchAnswer, SearchCode, SearchHit

__all__ = ["ask", "places_text"]

WOULD_ADD = "A model would answer in words, from these places and with their numbers."
_MOST_PLACES = 12
_LONGEST_QUERY = 2000


async def ask(desk: CodeDesk, talk: Talk, prompts: PromptLibrary, request: AskCode) -> AskAnswer:
    """The answer to a question; without a model the places are the answer.

    Raises:
        UsageProblem: The question is empty.
        AuraError: The search failed.
    """
    await talk.tell("Searching …")
    found = await desk.ask(
        SearchCode(
            project=desk.project.id, query=request.question[:_LONGEST_QUERY], mode="auto", limit=_MOST_PLACES,
            budget=request.budget,
        )
    )  # fmt: skip
    hits = [hit for hit in found.hits if hit.text.strip()]
    if not hits:
        talk.why_not = "no place in the project answers the question, so there is nothing that a model could rest on"
        return AskAnswer(text=found.reason or "Nothing in the project answers to that.", use=talk.use())
    if await talk.ready("code"):
        answer = await _in_words(talk, prompts, request, hits)
        if answer is not None:
            return answer
    return AskAnswer(text=places_text(found), citations=[_citation(hit, used=True) for hit in hits], use=talk.use())


async def _in_words(talk: Talk, prompts: PromptLibrary, request: AskCode, hits: list[SearchHit]) -> AskAnswer | None:
    prompt = prompts["ask"]
    room = await talk.desk.context_tokens(prompt.role, talk.wanted)
    fixed = prompt.render({"question": request.question, "places": Block("-", "-")}).tokens
    pieces = [
        Piece("places", f"context: {hit.path}:{hit.start_line}-{hit.end_line}", hit_block(hit, number), number,
              cuttable=True)
        for number, hit in enumerate(hits, 1)
    ]  # fmt: skip
    budget = min(request.budget * 2, budget_for(room, fixed=fixed, answer=prompt.max_tokens))
    packed = pack(pieces, budget)
    if not packed.pieces:
        talk.notes.append(f"the context of {room} tokens has no room for a single place")
        packed = pack(pieces[:1], pieces[0].tokens)
    if packed.left_out:
        talk.notes.append(f"left out of the prompt for its length: {', '.join(packed.left_out)}")
    # Places that were left out keep no number: what is cited is what the model saw.
    shown = [hits[piece.worth - 1] for piece in packed.pieces]
    blocks = [
        Block(f"[{number}] {block.title.partition('] ')[2]}", block.text, block.language)
        for number, block in enumerate(packed.blocks("places"), 1)
    ]
    rendered = prompt.render({"question": request.question, "places": blocks}, parts=packed.parts())
    await talk.tell(f"Asking the model about {len(blocks)} places …")
    completion = await talk.ask(rendered, stream=True)
    if completion is None or not completion.text.strip():
        return None
    text, used = check_citations(completion.text, len(shown))
    given = "\n".join(turn.content for turn in rendered.turns)
    invented = unsupported_names(text, given)
    await talk.report(completion, passed=bool(used) and not invented, gate="citations")
    citations = [_citation(hit, used=number in used) for number, hit in enumerate(shown, 1)]
    return AskAnswer(text=text, citations=citations, unsupported=invented, use=talk.use())


def places_text(found: SearchAnswer) -> str:
    """The places that answer a question, one line each, numbered like the citations."""
    hits = [hit for hit in found.hits if hit.text.strip()]
    lines = [f"{len(hits)} {'place answers' if len(hits) == 1 else 'places answer'} this, the best first:", ""]
    for number, hit in enumerate(hits, 1):
        name = f" `{hit.symbol}`" if hit.symbol else ""
        lines.append(f"[{number}] {hit.path}:{hit.start_line}-{hit.end_line}{name}: {_first_line(hit.text)}")
    return "\n".join(lines)


def _first_line(text: str) -> str:
    """The first line that says something."""
    lines = [line.strip() for line in text.split("\n")]
    telling = [line for line in lines if len(line) > 2 and not line.startswith(("#!", "/*", "@", "//"))]
    return f"`{(telling or lines)[0][:120].replace('`', chr(39))}`"


def _citation(hit: SearchHit, *, used: bool) -> Citation:
    return Citation(path=hit.path, start_line=hit.start_line, end_line=hit.end_line, symbol=hit.symbol, used=used)
