"""What one sentence asks for: demands in testable form, figures, words that nobody can test. Nothing is added to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aura_planning.documents.vocabulary import language_of, lexicon_of

__all__ = ["Demand", "Idea", "read_idea"]

_PROVIDE: Final = "add|build|create|make|implement|introduce|provide|develop|write|design|offer|ship|deliver"
_VERBS: Final = (
    "accept|alert|archive|assign|authenticate|back up|block|book|cache|calculate|cancel|categori[sz]e|"
    "change|check|collect|compare|"
    "compress|compute|configure|confirm|convert|copy|count|delete|deploy|detect|disable|display|download|edit|enable|encrypt|enforce|export|"
    "extract|fetch|filter|find|format|generate|group|hide|highlight|import|index|inform|keep|limit|link|list|load|lock|log|manage|mark|measure|"
    "merge|migrate|monitor|move|notify|open|parse|pause|pay|play|preview|print|process|protect|publish|read|record|redirect|refund|register|"
    "reject|remember|remind|remove|rename|render|replace|report|reserve|reset|restore|resume|retry|return|run|save|scan|schedule|search|send|"
    "set|share|show|sign|sort|split|start|stop|store|stream|suggest|support|switch|sync|synchroni[sz]e|tag|test|track|transfer|translate|"
    "trigger|undo|update|upload|use|validate|verify|view|warn|watch|work"
)
_CLAUSES: Final = re.compile(
    rf"\s*;\s*|\.\s+(?=[A-Z])|,?\s+(?:and|then)\s+(?=(?:{_PROVIDE}|{_VERBS})\b)|,\s+(?=(?:{_PROVIDE}|{_VERBS})\b)",
    re.IGNORECASE,
)
_STORY: Final = re.compile(
    r"as an? (?P<actor>[^,]{2,60}),?\s+i (?:want|need|would like)(?P<to> to)?\s+(?P<what>.+)\Z", re.IGNORECASE
)
_LET: Final = re.compile(r"(?:allow|let|enable|permit)\s+(?P<what>.+)\Z", re.IGNORECASE)
_CAN: Final = re.compile(
    r"(?P<actor>(?:[\w-]+\s){0,3}[\w-]+)\s+"
    r"(?:can|could|should be able to|must be able to|shall be able to|may)\s+(?P<what>.+)\Z",
    re.IGNORECASE,
)
_PEOPLE: Final = re.compile(
    r"(?P<actor>(?:[\w-]+\s){0,2}(?:\w+(?:ers|ors|ees|ists|ians)|admins|agents|children|clients|guests|parents|patients|"
    rf"people|staff|students|teams|tenants))\s+(?P<what>(?:{_VERBS}|buy|get|order|see)\s.+)\Z",
    re.IGNORECASE,
)
"""`Shoppers pay by card`: who does it is said, and what."""
_WISH: Final = re.compile(
    r"(?:please\s+|i|we)\s*(?:want|need|would like|'d like)?\s*(?P<to>to\s+(?:have |get )?)?(?P<what>.+)\Z",
    re.IGNORECASE,
)
_SYSTEM: Final = re.compile(
    r"(?:the|our) [\w-]+ (?:must|shall|should|needs? to|has to|will) (?P<what>.+)\Z", re.IGNORECASE
)
_SO_THAT: Final = re.compile(r",?\s+so that\s+(?P<goal>.+)\Z|,?\s+in order to\s+(?P<order>.+)\Z", re.IGNORECASE)
_FIGURE: Final = re.compile(
    r"(?:\b(?:within|in|under|below|at most|up to|at least|no more than|"
    r"less than|more than|over|every|after|for)\s+(?:under\s+)?)?"
    r"[<>\u2264\u2265]?\s*\d+(?:[.,]\d+)*\s*(?:%|ms|milliseconds?|s\b|sec\w*|min\w*|hours?|days?|weeks?|months?|years?|[KMGT]i?B\b|[a-z]+)",
    re.IGNORECASE,
)
_WHO_TO: Final = re.compile(r"^((?:[\w-]+ ){1,4}?)to ")
_WHO: Final = r"\1"
_MOST: Final = 12
_MOST_TITLE: Final = 72


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing that the sentence asks for."""

    text: str
    """As a requirement: `The system shall …`."""
    words: str
    """The words of the sentence that it was made from."""


@dataclass(frozen=True, slots=True)
class Idea:
    """A sentence as it was understood."""

    sentence: str
    title: str
    demands: Sequence[Demand]
    goal: str
    """What it is for, when the sentence says so."""
    actor: str
    """For whom, when the sentence says so."""
    figures: Sequence[str]
    """Numbers with what they count, as written."""
    vague: Sequence[str]
    """Words in it that no test can tell."""


def read_idea(sentence: str) -> Idea:
    """What a sentence asks for. In a language without word lists it stays one demand, as it is."""
    plain = " ".join(sentence.split()).strip()
    bare = plain.rstrip(".!? ")
    language = language_of([plain])
    lexicon = lexicon_of(language or "en")
    vague = list(dict.fromkeys(found.group().lower() for found in lexicon.vague.finditer(bare))) if lexicon else []
    figures = list(dict.fromkeys(found.group().strip() for found in _FIGURE.finditer(bare)))
    told = _STORY.match(_SO_THAT.sub("", bare))
    bare_title = told["what"] if told else bare
    title = bare_title if len(bare_title) <= _MOST_TITLE else f"{bare_title[:_MOST_TITLE].rpartition(' ')[0]} \u2026"
    title = title[:1].upper() + title[1:]
    if language not in {"en", ""} or (not bare.isascii() and language != "en"):
        whole = (Demand(f"The system shall do what the sentence asks for: \u201c{bare}\u201d.", bare),)
        return Idea(plain, title, whole, "", "", figures, vague)
    goal = _SO_THAT.search(bare)
    rest = bare[: goal.start()] if goal else bare
    story = _STORY.match(rest)
    actor = story["actor"].strip() if story else ""
    clauses = [one.strip(" ,") for one in _CLAUSES.split(story["what"] if story else rest) if one and one.strip(" ,")]
    may = bool(story and story["to"])
    demands = [Demand(_demand(one, actor, may=may), one) for one in clauses[:_MOST]]
    return Idea(
        plain, title, tuple(demands), (goal["goal"] or goal["order"] or "") if goal else "", actor, figures, vague
    )


def _demand(clause: str, actor: str, *, may: bool = False) -> str:
    text = clause[:1].lower() + clause[1:] if not clause[:2].isupper() else clause
    if actor:
        who = f"the {actor}" if not actor.lower().startswith(("the ", "every", "any")) else actor
        return f"The system shall {'let' if may or _begins(text) else 'give'} {who} {text}."
    return _of_others(text) or _of_verbs(text)


def _of_others(text: str) -> str:
    """Of a clause that says who may do what; empty for any other."""
    if found := _SYSTEM.match(text):
        return f"The system shall {found['what']}."
    if found := _LET.match(text):
        return f"The system shall let {_WHO_TO.sub(_WHO, found['what'], count=1)}."
    if found := _CAN.match(text):
        return f"The system shall let {found['actor']} {found['what']}."
    if not _begins(text) and (found := _PEOPLE.match(text)):
        return f"The system shall let {found['actor']} {found['what']}."
    return ""


def _of_verbs(text: str) -> str:
    if re.match(r"(?:please|i|we)\b", text, re.IGNORECASE) and (found := _WISH.match(text)):
        what = found["what"]
        return f"The system shall let its users {what}." if found["to"] and _begins(what) else _demand(what, "")
    if found := re.match(rf"(?:{_PROVIDE})\s+(?P<what>.+)\Z", text, re.IGNORECASE):
        return f"The system shall provide {found['what']}."
    return f"The system shall {text}." if _begins(text) else f"The system shall provide {text}."


def _begins(text: str) -> bool:
    return re.match(rf"(?:{_PROVIDE}|{_VERBS})\b", text, re.IGNORECASE) is not None
