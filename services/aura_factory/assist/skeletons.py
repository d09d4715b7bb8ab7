"""A skeleton from a signature that an instruction names, for when no model writes the body.

Only what the instruction says is written: the name, the parameters and the types that stand in it, its first sentence
as documentation, and a body that says that it is missing. Where no signature is named there is no skeleton.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from aura_languages.errors import count_syntax_errors
from aura_shared.messages.refactoring import Habit
from aura_shared.security import make_visible

__all__ = ["Named", "Skeleton", "named_signature", "write_skeleton"]

Kind = Literal["function", "class", "test"]
_NAME: Final = r"(?P<name>[A-Za-z_]\w*)"
_TAIL: Final = r"\s*(?P<parameters>\([^()]*(?:\([^()]*\)[^()]*)*\))?(?:\s*(?:->|:)\s*(?P<result>[\w.\[\]<>|,&*? ]+?))?"
_KEYWORDS: Final[Mapping[str, Kind]] = {
    "function": "function", "def": "function", "method": "function", "func": "function", "fn": "function",
    "helper": "function", "class": "class", "struct": "class", "interface": "class", "test": "test",
}  # fmt: skip
_WORD: Final = "|".join(_KEYWORDS)
_CODE: Final = re.compile(rf"^(?:(?:export|async|pub|public)\s+)*(?:(?P<word>{_WORD})\s+)?{_NAME}{_TAIL}\s*:?$")
_TICKED: Final = re.compile(r"`([^`\n]+)`")
_BEFORE: Final = re.compile(rf"\b({_WORD})\s+(?:called|named)?\s*$", re.IGNORECASE)
_SPOKEN: Final = re.compile(
    rf"\b(?P<word>{_WORD})\s+(?:(?:called|named)\s+)?{_NAME}{_TAIL}(?=$|[\s.,;:!?])", re.IGNORECASE
)
_PLAIN_WORDS: Final = frozenset(
    ["that", "which", "for", "to", "in", "the", "a", "an", "of", "with", "and", "from", "is", "as", "on", "it", "by",
     "this", "called", "named", "body", "call", "calls", "name", "names", "definition", "file", "signature"]
)  # fmt: skip
_LONGEST_DOC: Final = 160


@dataclass(frozen=True, slots=True)
class Named:
    """A signature as an instruction names it."""

    kind: Kind
    name: str
    parameters: str = ""
    """With its parentheses; empty when none are named."""
    result: str = ""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A file with the skeleton in it."""

    text: str
    symbol: str
    """Name of what was added."""


def named_signature(instruction: str) -> Named | None:
    """The one signature that an instruction names; None when it names none, or several different ones."""
    found: list[Named] = []
    for ticked in _TICKED.finditer(instruction):
        match = _CODE.match(ticked[1].strip())
        before = _BEFORE.search(instruction[: ticked.start()])
        if match is None or not (match["parameters"] or match["word"] or before):
            continue
        word = match["word"] or (before[1] if before else "function")
        found.append(_named(match, word))
    if not found:
        found = [
            _named(match, match["word"])
            for match in _SPOKEN.finditer(_TICKED.sub("", instruction))
            if match["name"].lower() not in _PLAIN_WORDS and (match["parameters"] or _codelike(match["name"]))
        ]
    return found[0] if len({one.name for one in found}) == 1 else None


def _named(match: re.Match[str], word: str) -> Named:
    kind = _KEYWORDS[word.lower()]
    name = match["name"]
    if kind == "function" and name.startswith("test_"):
        kind = "test"
    return Named(kind, name, (match["parameters"] or "").strip(), (match["result"] or "").strip())


def _codelike(name: str) -> bool:
    return "_" in name or any(character.isupper() for character in name[1:])


def write_skeleton(
    named: Named, instruction: str, *, path: str, language: str, before: str | None, habits: Sequence[Habit]
) -> Skeleton | str:
    """A file with the skeleton at its end, or why there can be none.

    Args:
        named: What to write.
        instruction: What it is for; its first sentence becomes the documentation.
        path: The file.
        language: Identifier of its language.
        before: Its text as it is now; None for a new file.
        habits: How code is written here: quotes, semicolons, indentation, exports.
    """
    writer = _WRITERS.get(language)
    if writer is None:
        return f"no skeleton is known for {language or 'a file of this kind'}"
    if before and re.search(rf"\b(?:def|class|function|func|fn|struct|const|interface)\s+{named.name}\b", before):
        return f"{path} already defines {named.name}"
    style = _Style.of(habits, before or "")
    stub = writer(named, _doc(instruction), style)
    if stub is None:
        return f"a {named.kind} cannot be sketched in {language} without knowing more"
    text = _placed(stub, before, language, _doc(instruction))
    old = count_syntax_errors(path, before.encode()) if before else 0
    new = count_syntax_errors(path, text.encode())
    if new is None or new > (old or 0):
        return f"the signature {named.name}{named.parameters} does not read as {language}"
    return Skeleton(text, named.name)


def _doc(instruction: str) -> str:
    """The first sentence of an instruction, fit to stand in a comment."""
    line = make_visible(" ".join(instruction.split())).replace("`", "").replace('"""', "'''").replace("*/", "* /")
    sentence = re.split(r"(?<=[.!?])\s", line, maxsplit=1)[0].replace("\\", "/")
    if len(sentence) > _LONGEST_DOC:
        sentence = sentence[:_LONGEST_DOC].rsplit(" ", 1)[0] + " …"
    return sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."


def _placed(stub: str, before: str | None, language: str, doc: str) -> str:
    if not before or not before.strip():
        head = f'"""{doc}"""\n\n\n' if language == "python" else "package main\n\n" if language == "go" else ""
        return f"{head}{stub}\n"
    gap = "\n\n\n" if language == "python" else "\n\n"
    return f"{before.rstrip()}{gap}{stub}\n"


@dataclass(frozen=True, slots=True)
class _Style:
    indent: str
    quote: str
    end: str
    export: bool

    @classmethod
    def of(cls, habits: Sequence[Habit], before: str) -> _Style:
        """The style that the habits, or else the file, show."""
        said = {habit.topic: habit.rule.lower() for habit in habits}
        indent = said.get("indent", "")
        width = re.search(r"\d+", indent)
        tabs = "tab" in indent or (not indent and "\n\t" in before)
        bare = any(word in said.get("semicolons", "") for word in ("without", "no ", "leave", "omit"))
        plain = before.replace('"""', "").replace("'''", "")
        single = "single" in said.get("quotes", "") or ("quotes" not in said and plain.count("'") > plain.count('"'))
        return cls(
            indent="\t" if tabs else " " * int(width[0]) if width and 1 <= int(width[0]) <= 8 else "",
            quote="'" if single else '"',
            end="" if bare else ";",
            export="module.exports" not in before and "commonjs" not in said.get("exports", ""),
        )


def _python(named: Named, doc: str, style: _Style) -> str | None:
    pad = style.indent or "    "
    if named.kind == "class":
        bases = named.parameters if named.parameters != "()" else ""
        return f'class {named.name}{bases}:\n{pad}"""{doc}"""'
    name = named.name if named.kind != "test" or named.name.startswith("test_") else f"test_{named.name}"
    result = f" -> {named.result}" if named.result else ""
    missing = f"raise NotImplementedError({style.quote}{name}{style.quote})"
    return f'def {name}{named.parameters or "()"}{result}:\n{pad}"""{doc}"""\n{pad}{missing}'


def _script(named: Named, doc: str, style: _Style, *, typed: bool) -> str | None:
    pad = style.indent or "  "
    q, end = style.quote, style.end
    if named.kind == "test":
        return f"test({q}{named.name}{q}, () => {{\n{pad}throw new Error({q}not implemented{q}){end}\n}}){end}"
    export = "export " if style.export else ""
    if named.kind == "class":
        return f"/** {doc} */\n{export}class {named.name} {{\n}}"
    result = f": {named.result}" if typed and named.result else ""
    body = f"{pad}throw new Error({q}{named.name} is not implemented{q}){end}"
    return f"/** {doc} */\n{export}function {named.name}{named.parameters or '()'}{result} {{\n{body}\n}}"


def _go(named: Named, doc: str) -> str | None:
    text = f"{doc[:1].lower()}{doc[1:]}"
    if named.kind == "class":
        return f"// {named.name}: {text}\ntype {named.name} struct {{\n}}"
    if named.kind == "test":
        return f'func {named.name}(t *testing.T) {{\n\tt.Fatal("not implemented")\n}}'
    result = f" {named.result}" if named.result else ""
    body = f'\tpanic("{named.name} is not implemented")'
    return f"// {named.name}: {text}\nfunc {named.name}{named.parameters or '()'}{result} {{\n{body}\n}}"


def _rust(named: Named, doc: str, style: _Style) -> str | None:
    pad = style.indent or "    "
    if named.kind == "class":
        return f"/// {doc}\npub struct {named.name} {{\n}}"
    if named.kind == "test":
        return f'#[test]\nfn {named.name}() {{\n{pad}todo!("{named.name}")\n}}'
    result = f" -> {named.result}" if named.result else ""
    return f'/// {doc}\npub fn {named.name}{named.parameters or "()"}{result} {{\n{pad}todo!("{named.name}")\n}}'


_Writer = Callable[[Named, str, _Style], str | None]
_WRITERS: Final[Mapping[str, _Writer]] = {
    "python": _python,
    "javascript": lambda named, doc, style: _script(named, doc, style, typed=False),
    "typescript": lambda named, doc, style: _script(named, doc, style, typed=True),
    "tsx": lambda named, doc, style: _script(named, doc, style, typed=True),
    "go": lambda named, doc, _style: _go(named, doc),
    "rust": _rust,
}
