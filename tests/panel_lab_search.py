"""What code intelligence says of searches in tests of the panel: definitions, passages, uses, callers, an impact."""

from __future__ import annotations

from aura_shared.messages.code import (
    FindSymbols,
    Freshness,
    ReadSpan,
    ScorePart,
    SearchAnswer,
    SearchCode,
    SearchHit,
    Skipped,
    SpanAnswer,
    Symbol,
    SymbolAnswer,
)
from aura_shared.messages.structure import (
    Affected,
    AskImpact,
    Call,
    CallsAnswer,
    Defined,
    FindCalls,
    FindReferences,
    ImpactAnswer,
    Reference,
    ReferencesAnswer,
)
from panel_lab import PanelLab

NOW = Freshness(generation=48)
STORE = '''\
"""Sessions of customers."""

from __future__ import annotations

from shop.clock import Clock
from shop.tokens import new_token


class SessionStore:
    """Sessions of the shop, by token."""

    def __init__(self, clock: Clock, limit: int = 500) -> None:
        self._clock = clock
        self._limit = limit
        self._kept: dict[str, Session] = {}

    def create(self, user: str) -> Session:
        """A new session of a user; the oldest one goes when there are too many."""
        session = Session(new_token(), user, self._clock.now())
        if len(self._kept) >= self._limit:
            self._kept.pop(next(iter(self._kept)))
        self._kept[session.token] = session  # [red]no markup[/red]
        return session

    def find(self, token: str) -> Session | None:
        """The session of a token."""
        return self._kept.get(token)
'''
TEST = """\
from shop.sessions import SessionStore


def test_a_session_is_created(clock: Clock) -> None:
    store = SessionStore(clock)
    assert store.create("ada").user == "ada"
"""
TEXTS = {
    "shop/sessions.py": STORE,
    "tests/[red]/test_sessions.py": TEST,
    "services/checkout/very/deep/folders/with/long/names/session_handling.py": STORE,
    "docs/sessions.md": "# Sessions\n\nA session is created when somebody signs in.\n",
}
SYMBOLS = [
    Symbol(
        name="SessionStore", kind="class", path="shop/sessions.py", start_line=9, end_line=27, language="python",
        signature="class SessionStore", doc="Sessions of the shop, by token.",
    ),
    Symbol(
        name="create", container="SessionStore", kind="method", path="shop/sessions.py", start_line=17, end_line=23,
        language="python", signature="def create(self, user: str) -> Session",
    ),
]  # fmt: skip
PARTS = [ScorePart(name="words", value=3.1), ScorePart(name="definition", value=1.4, factor=True)]


def passage(path: str, first: int, last: int, *, symbol: str = "", language: str = "python") -> SearchHit:
    """A hit with the text of its file."""
    lines = TEXTS[path].split("\n")[first - 1 : last]
    kind = "method" if "." in symbol else "function" if symbol else None
    return SearchHit(
        path=path, start_line=first, end_line=last, language=language, symbol=symbol, kind=kind, score=4.34,
        text="\n".join(lines),
    )  # fmt: skip


HITS = [
    passage("shop/sessions.py", 17, 23, symbol="SessionStore.create"),
    passage("tests/[red]/test_sessions.py", 4, 6, symbol="test_a_session_is_created"),
    passage("services/checkout/very/deep/folders/with/long/names/session_handling.py", 9, 15, symbol="SessionStore"),
    passage("docs/sessions.md", 1, 3, language="markdown"),
]


def found(asked: SearchCode) -> SearchAnswer:
    """The hits; none for a query with `nothing` in it."""
    if "nothing" in asked.query:
        return SearchAnswer(
            freshness=NOW, mode="words", reason="No passage has these words. Similar names: [b]SessionStore[/b].",
            skipped=[Skipped(reason="too-large", files=3), Skipped(reason="binary", files=40)],
        )  # fmt: skip
    hits = [hit.model_copy(update={"parts": PARTS if asked.explain else []}) for hit in HITS]
    return SearchAnswer(hits=hits, mode="words", freshness=NOW, seconds=0.012, more=asked.limit < 50)


def symbols(asked: FindSymbols) -> SymbolAnswer:
    """The definitions; none for a name with `nothing` in it."""
    kept = [] if "nothing" in asked.name else SYMBOLS
    return SymbolAnswer(symbols=kept, freshness=NOW)


def span(asked: ReadSpan) -> SpanAnswer:
    """Lines of a file."""
    lines = TEXTS[asked.path].rstrip("\n").split("\n")
    last = min(asked.end_line or len(lines), len(lines))
    return SpanAnswer(
        path=asked.path, start_line=asked.start_line, end_line=last, lines=len(lines),
        text="\n".join(lines[asked.start_line - 1 : last]),
    )  # fmt: skip


def defined(name: str, path: str, line: int, *, test: bool = False) -> Defined:
    """A definition."""
    return Defined(name=name, kind="method" if "." in name else "function", path=path, line=line, end_line=line + 5,
                   test=test)  # fmt: skip


CREATE = defined("SessionStore.create", "shop/sessions.py", 17)
A_TEST = defined("test_a_session_is_created", "tests/[red]/test_sessions.py", 4, test=True)
USES = ReferencesAnswer(
    definitions=[CREATE],
    references=[
        Reference(
            path="tests/[red]/test_sessions.py", line=6, column=11, kind="call", enclosing=A_TEST.name,
            confidence="likely", text='assert store.create("ada").user == "ada"',
        )
    ],
    total=1,
    freshness=NOW,
)  # fmt: skip
CALLERS = CallsAnswer(
    definitions=[CREATE],
    calls=[Call(caller=A_TEST, callee=CREATE, depth=1, line=6, calls=2, confidence="likely")],
    freshness=NOW,
)
IMPACT = ImpactAnswer(
    definitions=[CREATE],
    affected=[Affected(symbol=defined("sign_in", "shop/sessions.py", 5), distance=3, confidence="exact")],
    tests=[Affected(symbol=A_TEST, distance=1, confidence="likely")],
    affected_total=1,
    tests_total=1,
    files_total=2,
    summary="1 definition in 2 files may break; 1 test reaches it.",
    more=True,
    freshness=Freshness(generation=48, pending=2),
)


def with_search(lab: PanelLab) -> None:
    """Answer searches from now on."""
    lab.answer(SearchCode, found)
    lab.answer(FindSymbols, symbols)
    lab.answer(ReadSpan, span)
    lab.answer(FindReferences, USES)
    lab.answer(FindCalls, CALLERS)
    lab.answer(AskImpact, IMPACT)
