"""A review as SARIF 2.1.0, which code hosts show beside the changed lines. Nothing in it comes from a model.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", 2020.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import version
from typing import Final, TypeAlias
from urllib.parse import quote

from aura_factory.assist.review_texts import Review
from aura_shared.messages.review import ApiChange, ReviewFinding, UntestedChange

__all__ = ["as_sarif"]

Json: TypeAlias = "dict[str, object]"
SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
BREAKING: Final = "breaking-api-change"
UNTESTED: Final = "untested-change"
_FINGERPRINT: Final = "aura/v1"
_ROOT: Final = "SRCROOT"
_LEVELS: Final = {"error": "error", "warning": "warning", "hint": "note"}
_OWN_RULES: Final = {
    BREAKING: "Code that uses it stops working.",
    UNTESTED: "A changed definition is reached by no test, or its tests were not changed with it.",
}


def as_sarif(review: Review) -> str:
    """The findings, breaking changes and untested changes of a review as a SARIF log."""
    facts = review.facts
    results = [
        *(_finding(one) for one in facts.findings),
        *(_breaking(one) for one in facts.api if one.breaking),
        *(_untested(one) for one in facts.untested),
    ]
    rules = list(_rules(review))
    number = {str(rule["id"]): place for place, rule in enumerate(rules)}
    for result in results:
        result["ruleIndex"] = number[str(result["ruleId"])]
    driver: Json = {"name": "aura review", "version": version("aura-dev"), "rules": rules}
    run: Json = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the project."}}},
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rules(review: Review) -> Iterator[Json]:
    said: dict[str, str] = {}
    for one in review.facts.findings:
        said.setdefault(one.rule, one.why or one.message)
    if any(one.breaking for one in review.facts.api):
        said[BREAKING] = _OWN_RULES[BREAKING]
    if review.facts.untested:
        said[UNTESTED] = _OWN_RULES[UNTESTED]
    for name, text in said.items():
        yield {"id": name, "shortDescription": {"text": text}}


def _finding(one: ReviewFinding) -> Json:
    result = _result(one.rule, _LEVELS[one.level], one.message, one.path, one.line, max(one.line, one.end_line))
    if one.fingerprint:
        result["partialFingerprints"] = {_FINGERPRINT: one.fingerprint}
    return result


def _breaking(one: ApiChange) -> Json:
    left = f" Not changed with it: {', '.join(one.users_left)}." if one.users_left else ""
    return _result(BREAKING, "warning", f"{one.kind} {one.symbol}: {one.detail}.{left}", one.path, one.line, one.line)


def _untested(one: UntestedChange) -> Json:
    text = f"{one.symbol}: {one.reason} {one.suggestion}".rstrip()
    return _result(UNTESTED, "note", text, one.path, one.line, one.line)


def _result(rule: str, level: str, text: str, path: str, first: int, last: int) -> Json:
    location: Json = {
        "artifactLocation": {"uri": quote(path), "uriBaseId": _ROOT},
        "region": {"startLine": first, "endLine": last},
    }
    return {
        "ruleId": rule, "level": level, "message": {"text": text}, "locations": [{"physicalLocation": location}],
    }  # fmt: skip
