"""Applies a model's answer to files: all of it, or nothing and the reasons."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from aura_factory.editing.answers import Code, Replacement, read_code, read_replacements
from aura_factory.editing.finding import Hint
from aura_factory.editing.gate import fault_of
from aura_factory.editing.merge3 import merge_lines
from aura_factory.editing.outcomes import Applied, EditFormat, Refusal, Refused, RefusedError
from aura_factory.editing.paths import Allowed, Paths
from aura_factory.editing.replacing import edits_of_block
from aura_factory.editing.symbols import definition_of, replace_symbol
from aura_factory.editing.texts import Edit, FileLines, split_lines
from aura_factory.editing.whole import Rewritten, new_file, rewrite_file
from aura_languages.definitions import outline_of

__all__ = ["apply_answer"]


@dataclass(frozen=True, slots=True)
class _Request:
    """What was asked for."""

    files: Mapping[str, str]
    paths: Paths
    path: str
    symbol: str
    named: Collection[str]
    keep_comments: bool


@dataclass(slots=True)
class _Result:
    files: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    notes: list[str] = field(default_factory=list[str])
    reasons: list[Refusal] = field(default_factory=list[Refusal])


def apply_answer(
    answer: str,
    *,
    format: EditFormat,  # noqa: A002 - what it is called everywhere else
    files: Mapping[str, str],
    path: str = "",
    symbol: str = "",
    allowed: Allowed | None = None,
    finish: str = "stop",
    named: Collection[str] = (),
    keep_comments: bool = True,
    seen: Mapping[str, str] | None = None,
) -> Applied | Refused:
    """What a model's answer makes of the files, or why nothing is changed.

    Args:
        answer: What the model wrote.
        format: The edit format that it was asked for.
        files: Text of each file as it is now, with line feeds between lines, by its path.
        path: The file that the request is about; needed for `whole` and `symbol` unless there is only one.
        symbol: The definition that the request is about; needed for `symbol`, and settles the place of a block that
            fits twice for the others.
        allowed: Paths that may be written, of new files too; by default those of `files`.
        finish: Why the model stopped; whatever is cut by `length` is refused.
        named: Further definitions that the request is about; only these may be gone from a file.
        keep_comments: Whether comments and blank lines that the model left out between unchanged lines come back.
            False for a request that is about comments.
        seen: The texts that the model was shown, where they may be older than `files`: the answer is applied to them,
            and what changed since is merged in.

    Raises:
        ValueError: `symbol` or `path` is needed and empty.
        GrammarError: The grammar of a file's language cannot be loaded.
    """
    if finish == "length":
        return Refused((Refusal("truncated", detail="the answer was cut by its length, so its end is missing"),))
    if format == "symbol" and not symbol:
        raise ValueError("the format `symbol` needs a symbol")
    if not path and len(files) == 1:
        path = next(iter(files))
    if not path and format == "symbol":
        raise ValueError("the format `symbol` needs a path")
    base = files if seen is None else {**files, **seen}
    paths = Paths(base, files.keys() if allowed is None else allowed)
    request = _Request(base, paths, path, symbol, {*named, *([symbol] if symbol else [])}, keep_comments)
    result = _Result()
    try:
        _APPLY[format](answer, request, result)
        _check_syntax(request, result)
        if seen is not None and not result.reasons:
            _bring_up_to_date(files, base, result)
    except RefusedError as error:
        result.reasons.append(error.refusal)
    if result.reasons:
        return Refused(tuple(result.reasons))
    changed = {name: text for name, text in result.files.items() if text is None or text != files.get(name)}
    if not changed:
        result.notes.append("nothing changes: all of it is there already")
    return Applied(changed, tuple(dict.fromkeys(result.notes)))


def _apply_replacements(answer: str, request: _Request, result: _Result) -> None:
    replacements = read_replacements(answer, request.files, request.paths.is_known)
    by_path: dict[str, list[Replacement]] = {}
    for one in dict.fromkeys(replacements):
        try:
            by_path.setdefault(_path_of(one, request), []).append(one)
        except RefusedError as error:
            result.reasons.append(error.refusal)
    for path, blocks in by_path.items():
        if path not in request.files:
            _create(path, blocks, result)
        else:
            _replace(FileLines(path, request.files[path]), blocks, request, result)


def _path_of(one: Replacement, request: _Request) -> str:
    written = one.path or request.path
    if not written:
        raise RefusedError(Refusal("path", "", "a block names no file, and the request is about several"))
    return request.paths.resolve(written, new=not any(line.strip() for line in one.block.sought))


def _create(path: str, blocks: Sequence[Replacement], result: _Result) -> None:
    if len(blocks) > 1:
        result.reasons.append(Refusal("several", path, "a new file needs one block"))
        return
    code = Code(path, blocks[0].block.wanted, closed=True, language="")
    result.files[path] = _joined(new_file(path, code).lines, "\n")


def _replace(file: FileLines, blocks: Sequence[Replacement], request: _Request, result: _Result) -> None:
    """Apply the blocks of one file, each at its place in the file as it is."""
    edits: list[Edit] = []
    symbol = _span_of_symbol(file, request)
    for one in blocks:
        try:
            found = edits_of_block(file, one.block, Hint(one.block.line, *symbol))
        except RefusedError as error:
            result.reasons.append(error.refusal)
            continue
        edits.extend(found.edits)
        result.notes.extend(f"{file.path}: {note}" for note in found.notes)
    try:
        lines = _edited(file, edits)
    except RefusedError as error:
        result.reasons.append(error.refusal)
        return
    if not lines and file.lines:
        result.files[file.path] = None
        result.notes.append(f"{file.path}: nothing is left of it, so it is deleted")
        return
    result.files[file.path] = _joined(lines, file.text)


def _span_of_symbol(file: FileLines, request: _Request) -> tuple[int, int]:
    """First line of the request's symbol and first line after it; zeros when it is about none in this file."""
    if not request.symbol or file.path != request.path:
        return 0, 0
    outline = outline_of(file.path, file.text)
    if outline is None:
        return 0, 0
    try:
        found = definition_of(file, outline, request.symbol)
    except RefusedError:
        return 0, 0
    return outline.text.count(b"\n", 0, found.start), outline.text.count(b"\n", 0, found.end) + 1


def _edited(file: FileLines, edits: Sequence[Edit]) -> list[str]:
    """The lines of a file after its edits.

    Raises:
        RefusedError: Two of them change the same lines, or insert at the same place.
    """
    ordered = sorted(set(edits), key=lambda edit: (edit.start, edit.end))
    lines: list[str] = []
    at = 0
    last: Edit | None = None
    for edit in ordered:
        same_place = (
            last is not None
            and edit.start <= last.end
            and (edit.start < last.end or edit.start == edit.end or last.start == last.end)
        )
        if same_place:
            raise RefusedError(Refusal("overlap", file.path, f"two edits change the same place: line {edit.start + 1}"))
        lines.extend(file.lines[at : edit.start])
        lines.extend(edit.lines)
        at = edit.end
        last = edit
    lines.extend(file.lines[at:])
    return lines


def _joined(lines: Sequence[str], old: str) -> str:
    """A text of lines, with a line feed at its end where the old one had it."""
    text = "\n".join(lines)
    return text + "\n" if lines and (old.endswith("\n") or not old) else text


def _apply_whole(answer: str, request: _Request, result: _Result) -> None:
    codes = read_code(answer, request.files, request.paths.is_known)
    by_path: dict[str, list[Code]] = {}
    for code in codes:
        by_path.setdefault(_target(code, request), []).append(code)
    if "" in by_path:
        loose = by_path.pop("")
        if not by_path:
            raise RefusedError(
                Refusal("path", "", f"{len(loose)} texts name no file, and the request is about several")
            )
    for path, several in by_path.items():
        rewritten = _one_of(path, several, request)
        result.files[path] = _joined(rewritten.lines, request.files.get(path, ""))
        result.notes.extend(f"{path}: {note}" for note in rewritten.notes)


def _target(code: Code, request: _Request) -> str:
    if request.path and request.path in request.files:
        return request.paths.resolve(code.path, new=True) if _names_another(code, request) else request.path
    return request.paths.resolve(code.path) if code.path else request.path


def _names_another(code: Code, request: _Request) -> bool:
    return bool(code.path) and code.path.replace("\\", "/").rpartition("/")[2] != request.path.rpartition("/")[2]


def _one_of(path: str, codes: Sequence[Code], request: _Request) -> Rewritten:
    """The new lines of a file from the one text among several that can be it.

    Raises:
        RefusedError: None can, or several, or the file may not be written.
    """
    if not request.paths.may_write(path):
        raise RefusedError(Refusal("path", path, "this path may not be written"))
    if path not in request.files:
        if len(codes) > 1:
            raise RefusedError(Refusal("several", path, "a new file needs one text"))
        return new_file(path, codes[0])
    file = FileLines(path, request.files[path])
    if len(codes) == 1:
        return rewrite_file(file, codes[0], named=request.named, keep_comments=request.keep_comments)
    found: list[Rewritten] = []
    refused: list[RefusedError] = []
    for code in codes:
        try:
            one = rewrite_file(file, code, named=request.named, keep_comments=request.keep_comments)
        except RefusedError as error:
            refused.append(error)
            continue
        if one.lines != file.lines and not fault_of(path, file.text, _joined(one.lines, file.text)):
            found.append(one)
    if len({tuple(one.lines) for one in found}) > 1:
        raise RefusedError(Refusal("several", path, f"{len(codes)} texts could be the new file"))
    if not found:
        raise refused[0] if refused else RefusedError(Refusal("no-edit", path, "no text of the answer is the new file"))
    return found[0]


def _apply_symbol(answer: str, request: _Request, result: _Result) -> None:
    path = request.paths.resolve(request.path, new=False)
    codes = read_code(answer, request.files, request.paths.is_known)
    named = [code for code in codes if code.path]
    for code in named:
        if _names_another(code, request):
            raise RefusedError(Refusal("path", code.path, f"the request is about {request.path}"))
    file = FileLines(path, request.files[path])
    edits, notes = replace_symbol(file, codes, request.symbol, named=request.named, keep_comments=request.keep_comments)
    result.files[path] = _joined(_edited(file, edits), file.text)
    result.notes.extend(f"{path}: {note}" for note in notes)


def _check_syntax(request: _Request, result: _Result) -> None:
    for path, text in result.files.items():
        fault = "" if text is None else fault_of(path, request.files.get(path), text)
        if fault:
            result.reasons.append(Refusal("syntax", path, fault))


def _bring_up_to_date(files: Mapping[str, str], seen: Mapping[str, str], result: _Result) -> None:
    """Merge what changed since the model was shown the files.

    A new file that somebody else made meanwhile is refused, like lines that both changed.
    """
    for path, text in result.files.items():
        now = files.get(path)
        if now == seen.get(path):
            continue
        merged = None
        if now is not None and text is not None and path in seen:
            merged = merge_lines(split_lines(seen[path]), split_lines(now), split_lines(text))
        if merged is None or now is None:
            result.reasons.append(Refusal("stale", path, "the file changed meanwhile, at the same lines"))
            continue
        result.files[path] = _joined(merged, now)
        fault = fault_of(path, now, _joined(merged, now))
        if fault:
            result.reasons.append(Refusal("stale", path, f"with what changed meanwhile, {fault}"))


_APPLY: dict[EditFormat, Callable[[str, _Request, _Result], None]] = {
    "whole": _apply_whole,
    "symbol": _apply_symbol,
    "search-replace": _apply_replacements,
}
