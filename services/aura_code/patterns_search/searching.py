"""Files searched for a pattern over syntax, within a bound on time; places shown as other hits are."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from ast_grep_py import SgNode, SgRoot

from aura_code.answers import TOKEN_BYTES, tokens_of, visible
from aura_code.filters import PathFilter, file_mask, language_ids
from aura_code.patterns_search.pattern import METAVARIABLE, Wanted, names_of, read_request, searchable, why
from aura_code.ranking import TermsOf
from aura_code.sources import Sources
from aura_code.terms import MAX_WORD
from aura_code.views import View
from aura_shared.errors import Cancelled, UsageProblem
from aura_shared.messages.code import SymbolKind
from aura_shared.messages.similar import Captured, SearchStructure, StructuralAnswer, StructuralHit

DEADLINE_S: Final = 10.0
MOST_CAPTURED: Final = 500
"""Characters of what a metavariable stands for."""
MOST_BYTES: Final = 1_000_000
_KINDS: Final[dict[str, SymbolKind]] = {
    "function_definition": "function",
    "function_declaration": "function",
    "generator_function_declaration": "function",
    "function_item": "function",
    "method_definition": "method",
    "method_declaration": "method",
    "constructor_declaration": "constructor",
    "class_definition": "class",
    "class_declaration": "class",
    "abstract_class_declaration": "class",
    "class_specifier": "class",
    "interface_declaration": "interface",
    "enum_declaration": "enum",
    "enum_item": "enum",
    "struct_item": "struct",
    "struct_specifier": "struct",
    "trait_item": "trait",
    "impl_item": "struct",
    "mod_item": "module",
}
_TYPES: Final = frozenset({"class", "interface", "trait", "struct", "enum"})
_NAME: Final = re.compile(r"[^\W\d]\w*")


class Candidate(NamedTuple):
    """A file that may hold a match."""

    path: str
    language: str


class _Around(NamedTuple):
    """The definition around a match."""

    symbol: str
    kind: SymbolKind | None


def structural_candidates(view: View, terms_of: TermsOf, request: SearchStructure) -> list[Candidate]:
    """The files of an index that may hold a match: of the right language and path, with every word of the pattern.

    Raises:
        UsageProblem: The pattern or the rule cannot be read.
    """
    wanted = read_request(request.pattern, request.rule, _asked(request))
    mask = np.concatenate([part.alive for part in view.parts])
    narrowed = file_mask(view, [one.language for one in wanted], request.paths)
    if narrowed is not None:
        mask = mask & narrowed
    for word in wanted[0].words:
        if not 1 < len(word) <= MAX_WORD:
            continue  # The index does not have those.
        for term in terms_of([word])[0]:
            has = np.zeros(view.file_bases[-1], dtype=np.bool_)
            has[view.chunk_file[view.postings("body", term).chunks]] = True
            mask &= has
    found: list[Candidate] = []
    for number in np.flatnonzero(mask).tolist():
        place, file = view.locate_file(number)
        found.append(Candidate(view.path(number), view.parts[place].segment.language(file)))
    return found


def structural_search(
    root: Path,
    candidates: Iterable[Candidate | tuple[str, str]],
    request: SearchStructure,
    *,
    deadline_s: float = DEADLINE_S,
    cancelled: Callable[[], bool] = lambda: False,
) -> StructuralAnswer:
    """The places that a pattern or a rule fits, by path and line.

    Args:
        root: The project's folder.
        candidates: Files with the identifiers of their languages; see `structural_candidates`.
        request: What to look for.
        deadline_s: When to stop; the answer says so.
        cancelled: Asked before each file.

    Raises:
        UsageProblem: The pattern or the rule cannot be read.
        Cancelled: The caller took the request back.
    """
    search = _Search(root, request, time.monotonic() + deadline_s, cancelled)
    return search.answer(candidates)


def _asked(request: SearchStructure) -> list[str]:
    return sorted(language_ids(request.languages))


@dataclass(slots=True)
class _Search:
    root: Path
    request: SearchStructure
    end: float
    cancelled: Callable[[], bool]
    hits: list[StructuralHit] = field(default_factory=list[StructuralHit])
    parsed: int = 0
    more: bool = False
    late: bool = False
    problem: str = ""

    def answer(self, candidates: Iterable[Candidate | tuple[str, str]]) -> StructuralAnswer:
        started = time.perf_counter()
        request = self.request
        wanted = {one.language: one for one in read_request(request.pattern, request.rule, _asked(request))}
        names = names_of(request.pattern, request.rule)
        _check_rewrite(request.rewrite, names)
        paths = PathFilter(request.paths)
        files = sorted(
            (Candidate(*one) for one in candidates if one[1] in wanted and paths.passes(one[0])),
            key=lambda file: (file.path.count("/"), file.path),
        )
        for file in files:
            if not self._goes_on():
                break
            self._search(file, wanted[file.language], names)
        present = {file.language for file in files}
        return StructuralAnswer(
            hits=self.hits,
            tried=[language for language in wanted if language in present] or list(wanted),
            files=self.parsed,
            tokens=self._cut_to_budget(),
            more=self.more,
            reason=self._reason(len(files), list(wanted)),
            seconds=time.perf_counter() - started,
        )

    def _goes_on(self) -> bool:
        if self.cancelled():
            raise Cancelled("The search was taken back.")
        if self.more:
            return False
        if time.monotonic() > self.end:
            self.late = self.more = True
        return not self.late

    def _search(self, file: Candidate, wanted: Wanted, names: Sequence[str]) -> None:
        content = Sources(self.root).read(file.path)
        if content is None or len(content.text) > MOST_BYTES or not searchable(file.language):
            return
        if any(word not in content.text for word in wanted.words):
            return
        self.parsed += 1
        try:
            matches = SgRoot(content.text, file.language).root().find_all(wanted.config)
        except Exception as error:  # noqa: BLE001 - it raises RuntimeError, TypeError, ValueError and plain Exception
            self.problem = why(error)
            return
        for match in matches:
            around = _around(match)
            if self.request.kinds and around.kind not in self.request.kinds:
                continue
            if len(self.hits) >= self.request.limit:
                self.more = True
                return
            self.hits.append(self._hit(file, content.text, match, around, names))

    def _hit(self, file: Candidate, text: str, match: SgNode, around: _Around, names: Sequence[str]) -> StructuralHit:
        captured = dict(_captures(text, match, names))
        place = match.range()
        rewrite = self.request.rewrite
        return StructuralHit(
            path=visible(file.path),
            start_line=place.start.line + 1,
            end_line=place.end.line + 1,
            language=file.language,
            symbol=around.symbol,
            kind=around.kind,
            score=1.0,
            text=visible(match.text()),
            captures=[Captured(name=name, text=visible(value[:MOST_CAPTURED])) for name, value in captured.items()],
            rewritten=None if rewrite is None else visible(_rewritten(rewrite, captured)),
        )

    def _cut_to_budget(self) -> int:
        """Shorten the texts so that all fit; returns what they take."""
        left = self.request.budget
        for number, hit in enumerate(self.hits):
            most = left // (len(self.hits) - number) * TOKEN_BYTES
            data = hit.text.encode()
            if len(data) > most:
                text = data[:most].decode("utf-8", "ignore")
                self.hits[number] = hit.model_copy(update={"text": text, "truncated": True})
                self.more |= self.request.budget > 0
            left -= tokens_of(self.hits[number].text)
        return self.request.budget - left

    def _reason(self, files: int, tried: Sequence[str]) -> str:
        if self.late:
            return (
                f"Only {self.parsed} files were parsed before the time was over; narrow it down by paths or languages."
            )
        if self.hits:
            return ""
        if self.problem:
            return f"The search stopped: {self.problem}."
        if not files:
            return f"No indexed file of {', '.join(tried)} passes the filters; loosen languages or paths."
        return (
            f"Nothing in {files} files fits, read as {', '.join(tried)}. Patterns match whole nodes: "
            "leave out what may differ with $$$, or try a rule with kind and has."
        )


def _check_rewrite(rewrite: str | None, names: Sequence[str]) -> None:
    unknown = [one or other for one, other in METAVARIABLE.findall(rewrite or "") if (one or other) not in names]
    if unknown:
        raise UsageProblem(
            f"The rewrite uses ${unknown[0]}, which the pattern does not capture.",
            hint=f"It captures {', '.join('$' + name for name in names) or 'nothing'}.",
        )


def _captures(text: str, match: SgNode, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What the metavariables stand for; several nodes as the text from the first to the last."""
    for name in names:
        single = match.get_match(name)
        if single is not None:
            yield name, single.text()
            continue
        several = match.get_multiple_matches(name)
        if several:
            yield name, text[several[0].range().start.index : several[-1].range().end.index]
        else:
            yield name, ""


def _rewritten(template: str, captured: dict[str, str]) -> str:
    return METAVARIABLE.sub(lambda found: captured.get(found[1] or found[2], ""), template)


def _around(match: SgNode) -> _Around:
    """The qualified name and kind of the definition that a match lies in, or is."""
    names: list[str] = []
    innermost: SymbolKind | None = None
    inner_is_function = False
    for node in [match, *match.ancestors()]:
        kind = _KINDS.get(node.kind())
        named = _name(node) if kind else ""
        if kind is None or not named:
            continue
        if innermost is None:
            innermost, inner_is_function = kind, kind == "function"
        elif inner_is_function and len(names) == 1 and kind in _TYPES:
            innermost = "method"
        names.append(named)
    return _Around(".".join(reversed(names)), innermost)


def _name(node: SgNode) -> str:
    for name in ("name", "declarator", "type"):
        found = node.field(name)
        if found is not None:
            words = _NAME.findall(found.text().partition("(")[0].partition("<")[0])
            return words[-1] if words else ""
    return ""
