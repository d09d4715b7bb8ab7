"""What a model is asked in its self-test, and how its answers are judged."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

__all__ = ["EDITS", "PROBES", "SCHEMAS", "Edit", "EditFormat", "Probe", "SchemaTask", "long_prompt", "with_schema"]

EditFormat = Literal["whole", "symbol", "search-replace"]


@dataclass(frozen=True, slots=True)
class SchemaTask:
    """A question whose answer has a schema that every server can hold a model to."""

    ask: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Probe:
    """A constraint that servers drop, and a question that tempts a model to break it."""

    constraint: str
    ask: str
    value: Mapping[str, Any]
    """Schema of the field `value`."""

    @property
    def schema(self) -> dict[str, Any]:
        """The schema as it is sent: not reduced, since it is the server that is looked at."""
        return {
            "type": "object",
            "properties": {"value": dict(self.value)},
            "required": ["value"],
            "additionalProperties": False,
        }


@dataclass(frozen=True, slots=True)
class Edit:
    """A change to a small file, to be answered in some format."""

    format: EditFormat
    ask: str
    before: str
    expected: str
    apply: Callable[[str, str], str | None]
    """The file after an answer to it; None where the answer is not in the format."""

    def followed(self, answer: str) -> bool:
        """Whether the file is exactly as it should be, up to line ends at its end."""
        after = self.apply(self.before, answer)
        return after is not None and after.rstrip("\n") == self.expected.rstrip("\n")


def long_prompt(marker: str, characters: int) -> str:
    """A prompt of about that length that tells a marker at its beginning and asks for it at its end."""
    head = f"The code word is {marker}. Remember it: you will be asked for it at the end.\n\n"
    tail = "\n\nWhat is the code word that stands at the very beginning of this text? Answer with the code word only."
    lines: list[str] = []
    size = len(head) + len(tail)
    while size < characters:
        number = len(lines) + 1
        line = f"Line {number}: on day {number * 7 % 365} the keeper of the lighthouse wrote down wind and weather.\n"
        lines.append(line)
        size += len(line)
    return head + "".join(lines) + tail


def _named(**properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT: Final = {"type": "string", "maxLength": 80}
SCHEMAS: Final = (
    SchemaTask(
        "Give the title and the year of a famous novel.",
        _named(title=_TEXT, year={"type": "integer", "minimum": 1000, "maximum": 2100}),
    ),
    SchemaTask(
        "Judge this finding of a linter: an unused import in a test file.",
        _named(level={"enum": ["low", "medium", "high"]}, reason=_TEXT, fix={"type": "boolean"}),
    ),
    SchemaTask(
        "Plan how a login page is added to a web application, in two or three steps.",
        _named(
            steps={
                "type": "array",
                "minItems": 2,
                "maxItems": 3,
                "items": _named(title=_TEXT, files={"type": "array", "items": _TEXT, "maxItems": 3}),
            }
        ),
    ),
    SchemaTask(
        "Name a colour, and a shade of it if there is a common one.",
        _named(colour=_TEXT, shade={"anyOf": [{"type": "null"}, _TEXT]}),
    ),
)

PROBES: Final = (
    Probe("maximum", "Answer with the value 150.5.", {"type": "number", "minimum": 0, "maximum": 100}),
    Probe("pattern", "Answer with the value hello-world.", {"type": "string", "pattern": "[0-9]{3}", "maxLength": 20}),
    Probe(
        "uniqueItems",
        "Answer with a list of the value 7 three times.",
        {"type": "array", "items": {"enum": [7, 8, 9]}, "minItems": 3, "maxItems": 3, "uniqueItems": True},
    ),
    Probe(
        "maxItems", "Answer with the numbers from 1 to 9.", {"type": "array", "items": {"enum": [1, 2]}, "maxItems": 2}
    ),
    Probe("maxLength", "Answer with the word extraordinary.", {"type": "string", "maxLength": 5}),
    Probe("enum", "Answer with the value blue.", {"enum": ["red", "green"]}),
    Probe(
        "not",
        "Answer with the value no.",
        {"allOf": [{"enum": ["no", "yes"]}, {"not": {"const": "no"}}], "enum": ["no", "yes"]},
    ),
)

_FILE: Final = """def area(width, height):
    return width * height


def greet(name):
    return "Hello " + name


def shout(text):
    return text.upper()
"""
_GREETED: Final = _FILE.replace('"Hello "', '"Good morning, "')
_SQUARED: Final = _FILE.replace(
    "def area(width, height):\n    return width * height", "def area(side):\n    return side * side"
)
_FENCE: Final = re.compile(r"^(`{3,}|~{3,})[^\n]*\n(.*?)^\1[ \t]*$", re.DOTALL | re.MULTILINE)
_BLOCK: Final = re.compile(
    r"^<{5,9} SEARCH[^\n]*\n(.*?)^={5,9}[ \t]*\n(.*?)^>{5,9} REPLACE[^\n]*$", re.DOTALL | re.MULTILINE
)


def _fenced(answer: str) -> str | None:
    """What stands in the only fence, or the whole answer where there is none."""
    found = _FENCE.findall(answer)
    if not found:
        return None if "```" in answer else answer
    return found[0][1] if len(found) == 1 else None


def _whole(_before: str, answer: str) -> str | None:
    return _fenced(answer)


def _symbol(name: str) -> Callable[[str, str], str | None]:
    def apply(before: str, answer: str) -> str | None:
        body = _fenced(answer)
        old = re.search(rf"^def {name}\(.*?(?=\n+def |\Z)", before, re.DOTALL | re.MULTILINE)
        if body is None or old is None or not body.lstrip().startswith(f"def {name}("):
            return None
        return before[: old.start()] + body.strip("\n") + before[old.end() :]

    return apply


def _search_replace(before: str, answer: str) -> str | None:
    blocks = _BLOCK.findall(answer)
    if not blocks:
        return None
    after = before
    for old, new in blocks:
        if not old or after.count(old) != 1:
            return None
        after = after.replace(old, new)
    return after


def _asked(task: str, how: str) -> str:
    return f"{task} Change nothing else.\n\nThe file `small.py`:\n\n```python\n{_FILE}```\n\n{how}"


_TASKS: Final = (
    ('Change `greet` so that it says "Good morning, " instead of "Hello ". Change nothing else.', "greet", _GREETED),
    (
        "Change `area` so that it takes one argument `side` and returns `side * side`. Change nothing else.",
        "area",
        _SQUARED,
    ),
)
_WHOLE_HOW: Final = "Answer with the whole changed file in one fenced code block and nothing else."
_SYMBOL_HOW: Final = "Answer with the whole changed function `{name}` in one fenced code block and nothing else."
_SEARCH_HOW: Final = (
    "Answer with one block of this form and nothing else. SEARCH holds lines exactly as they are in the file:\n\n"
    "<<<<<<< SEARCH\nold lines\n=======\nnew lines\n>>>>>>> REPLACE"
)
EDITS: Final = tuple(
    edit
    for task, name, expected in _TASKS
    for edit in (
        Edit("whole", _asked(task, _WHOLE_HOW), _FILE, expected, _whole),
        Edit("symbol", _asked(task, _SYMBOL_HOW.format(name=name)), _FILE, expected, _symbol(name)),
        Edit("search-replace", _asked(task, _SEARCH_HOW), _FILE, expected, _search_replace),
    )
)


def with_schema(ask: str, schema: Mapping[str, Any]) -> str:
    """The question with its schema in words: a model does not see what binds it."""
    return f"{ask}\n\nAnswer with JSON only, following this JSON Schema:\n{json.dumps(schema)}"
