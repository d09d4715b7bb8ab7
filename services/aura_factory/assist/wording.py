"""Words for commits and pull requests: a model writes them, and only what the diff bears out is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar, cast

from aura_factory.assist.grounding import words_of
from aura_factory.assist.packing import Packed, Piece, budget_for, pack
from aura_factory.assist.reviewing import split_diff
from aura_factory.assist.sifting import Sieve, one_phrase, paragraph
from aura_factory.assist.talking import Talk
from aura_factory.prompts import Block, Prompt, PromptLibrary, Rendered, Value
from aura_shared.errors import AuraError, BadAnswer, Cancelled
from aura_shared.messages.models import ChatTurn, Completion
from aura_shared.messages.wording import DroppedWords, WordCommit, WordedCommit, WordedPull, WordPull

__all__ = ["WOULD_ADD", "word_commit", "word_pull"]

WOULD_ADD: Final = "A model would say why."
_FILES: Final = 60
_COMMITS: Final = 80
_TITLE: Final = 72
_LOWEST_ROOM: Final = 10
WordsT = TypeVar("WordsT", "_CommitWords", "_PullWords")


@dataclass(slots=True)
class _CommitWords:
    """What is left of an answer about a commit."""

    description: str
    body: str
    dropped: list[DroppedWords]
    faults: list[str]


@dataclass(slots=True)
class _PullWords:
    """What is left of an answer about a pull request."""

    description: str
    why: str
    summary: dict[str, list[str]]
    headings: dict[str, str]
    dropped: list[DroppedWords]
    faults: list[str]


@dataclass(slots=True)
class _Told(Generic[WordsT]):
    """An answer, and what it took."""

    words: WordsT
    notes: list[str] = field(default_factory=list[str])


async def word_commit(talk: Talk, prompts: PromptLibrary, request: WordCommit) -> WordedCommit:
    """The words of a commit message, held to its diff and to the bound on the header.

    Raises:
        NoModel: There is none.
        BadAnswer: Two answers have no description that can be used.
        AuraError: The model failed.
    """
    prefix = (request.prefix or _prefix(request)).rstrip()
    room = max(request.max_header - len(prefix) - bool(prefix), _LOWEST_ROOM)
    known = words_of([request.diff, *request.files])
    manner = f"{'beginning with a capital letter' if request.capitalised else 'in lower case'}, "
    values: dict[str, Value] = {
        "header": prefix or "(none)",
        "room": str(room),
        "manner": manner + ("with a full stop" if request.full_stop else "without a full stop"),
        "alternatives": ", ".join(request.alternatives),
        "task": request.task[:4000],
        "breaking": request.breaking[:20],
        "symbols": request.symbols[:40],
        "files": request.files[:_FILES],
        "examples": request.examples,
    }

    def read(completion: Completion, last: bool) -> _CommitWords:
        data = _data(completion)
        sieve = Sieve(known)
        text = one_phrase(_text(data.get("description")), prefix, capitalised=request.capitalised)
        stop = "." if request.full_stop else ""
        text = sieve.header(text, room - len(stop), cut=last)
        body = paragraph(sieve.sentences(_texts(data.get("body"))), width=72)
        return _CommitWords(text + stop if text else "", body, sieve.dropped, sieve.faults)

    told = await _told(talk, prompts, _Question(prompts["word-commit"], values, request.diff), read)
    words = told.words
    return WordedCommit(
        description=words.description, body=words.body, model=talk.model, seconds=round(talk.seconds, 3),
        calls=talk.calls, dropped=words.dropped, notes=told.notes + talk.notes,
    )  # fmt: skip


async def word_pull(talk: Talk, prompts: PromptLibrary, request: WordPull) -> WordedPull:
    """The words of a pull request, held to its commits, files and diff; raises like `word_commit`."""
    known = words_of([request.diff, *request.diffstat, *request.commits])
    types = list(dict.fromkeys(_type_of(commit) for commit in request.commits))
    values: dict[str, Value] = {
        "title": request.title,
        "types": ", ".join(types),
        "headings": request.headings,
        "examples": request.examples,
        "task": request.task[:4000],
        "commits": request.commits[:_COMMITS],
        "files": request.diffstat[:_FILES],
    }

    def read(completion: Completion, last: bool) -> _PullWords:
        data = _data(completion)
        sieve = Sieve(known)
        title = sieve.header(one_phrase(_text(data.get("title")), "", capitalised=None), _TITLE, cut=last)
        why = paragraph(sieve.sentences(_texts(data.get("why"))), width=0)
        summary = {
            kind: kept
            for kind, items in _pairs(data.get("summary"), "type", "items")
            if kind in types and (kept := sieve.sentences(_texts(items), whole=True))
        }
        wanted = {heading.lower(): heading for heading in request.headings}
        headings = {
            wanted[heading.lower()]: kept
            for heading, text in _pairs(data.get("headings"), "heading", "text")
            if heading.lower() in wanted and (kept := paragraph(sieve.sentences(_texts([text])), width=0))
        }
        return _PullWords(title, why, summary, headings, sieve.dropped, sieve.faults)

    told = await _told(talk, prompts, _Question(prompts["word-pull"], values, request.diff), read)
    words = told.words
    return WordedPull(
        title=words.description, why=words.why, summary=words.summary, headings=words.headings, model=talk.model,
        seconds=round(talk.seconds, 3), calls=talk.calls, dropped=words.dropped, notes=told.notes + talk.notes,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Question:
    """What is put to a model; the diff gets the room that the rest leaves."""

    prompt: Prompt
    values: dict[str, Value]
    diff: str

    def packed(self, room: int) -> Packed:
        """The parts of the diff that fit."""
        optional = "diff" in self.prompt.optional
        fixed = self.prompt.render({**self.values, **({} if optional else {"diff": Block("-", "-")})}).tokens
        pieces = [
            Piece("diff", f"diff: {path}", Block(path, text, "diff"), number, cuttable=True)
            for number, (path, text) in enumerate(split_diff(self.diff), 1)
        ]
        # Half of the room for the answer is kept for a second one.
        return pack(pieces, budget_for(room, fixed=fixed, answer=self.prompt.max_tokens * 2))

    def render(self, packed: Packed) -> Rendered:
        """The conversation."""
        return self.prompt.render(
            {**self.values, "diff": packed.blocks("diff") or _no_diff(self)}, parts=packed.parts()
        )


def _no_diff(question: _Question) -> Value:
    """What stands for a diff that has no room: files and definitions are told all the same."""
    return [] if "diff" in question.prompt.optional else Block("(the diff has no room here)", "")


async def _told(
    talk: Talk, prompts: PromptLibrary, question: _Question, read: Callable[[Completion, bool], WordsT]
) -> _Told[WordsT]:
    """An answer without faults, or the second one with its faults taken out."""
    await talk.ready(question.prompt.role)
    packed = question.packed(await talk.desk.context_tokens(question.prompt.role, talk.wanted))
    notes = [f"left out of the prompt for its length: {', '.join(packed.left_out[:10])}"] if packed.left_out else []
    rendered = question.render(packed)
    await talk.tell("Asking the model for words …")
    first = await _answer(talk, rendered)
    words = read(first, False)
    await talk.report(first, passed=not words.faults, gate="wording")
    if words.faults:
        again = prompts["retry-words"].render({"problems": words.faults})
        rendered = rendered.further(ChatTurn(role="assistant", content=first.text), *again.turns)
        second = await _better(talk, rendered, notes)
        words = read(second or first, True)
        if second is not None:
            await talk.report(second, passed=not words.faults, gate="wording")
    if not words.description:
        raise BadAnswer(
            f"the answers of {talk.model} have no first line that can be used: {'; '.join(words.faults)}",
            hint="Go on with the words that were made without a model, or try another model: `aura models`.",
        )
    return _Told(words, notes)


async def _better(talk: Talk, rendered: Rendered, notes: list[str]) -> Completion | None:
    """A second answer; None when there is none, so that the first one has to do."""
    await talk.tell("Asking the model again …")
    try:
        return await _answer(talk, rendered)
    except Cancelled:
        raise
    except AuraError as error:
        notes.append(f"the second answer failed: {error.message}")
        return None


async def _answer(talk: Talk, rendered: Rendered) -> Completion:
    completion = await talk.ask(rendered, gated=True)
    assert completion is not None  # a model is insisted on, so that a failure is raised
    return completion


def _prefix(request: WordCommit) -> str:
    if not request.kind:
        return ""
    scope = f"({request.scope})" if request.scope else ""
    return f"{request.kind}{scope}{'!' if request.breaking else ''}: "


def _type_of(commit: str) -> str:
    """The type of a conventional header; `other` without one."""
    head = commit.partition("\n")[0].partition(":")[0]
    kind = head.partition("(")[0].rstrip("!").strip().lower()
    return kind if kind.isalpha() and ":" in commit.partition("\n")[0] else "other"


def _data(completion: Completion) -> dict[str, object]:
    return cast("dict[str, object]", completion.data) if isinstance(completion.data, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [one for one in cast("list[object]", value) if isinstance(one, str)] if isinstance(value, list) else []


def _pairs(value: object, key: str, content: str) -> Iterator[tuple[str, object]]:
    for one in cast("list[object]", value) if isinstance(value, list) else []:
        if isinstance(one, dict):
            entry = cast("dict[str, object]", one)
            yield _text(entry.get(key)).strip(), entry.get(content)
