"""What a new item looks like: Aura's templates, or those that a team keeps in `.ai/templates/`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from aura_planning.items.frontmatter import Value, set_key
from aura_planning.items.layout import TEMPLATES
from aura_planning.items.model import FIELDS, Kind
from aura_planning.items.reading import MOST_BYTES, is_text
from aura_planning.items.text import read_text
from aura_shared.errors import UsageProblem

__all__ = ["DEFAULTS", "new_item", "template_of", "template_path"]

_PRD: Final = """\
# {{title}}

## Intro

## Goals

### Key figures

## Features and requirements

## Epic list

## Technology stack

| Technology | What for |
|---|---|

## Reference

## Data models

## Project structure

## Open questions

## Change log

| Change | Story | Description |
|---|---|---|
"""
_ARCHITECTURE: Final = """\
# {{title}}

## Technical summary

## Technology

| Technology | What for |
|---|---|

## Diagrams

## Data models

## Project structure

## Infrastructure

## Deployment

## Decisions

## Open questions

## Change log

| Change | Story | Description |
|---|---|---|
"""
_EPIC: Final = """\
# {{title}}

## Goal

## Scope

## Out of scope

## Open questions
"""
_STORY: Final = """\
# {{title}}

**As a** …
**I want** …
**so that** …

## Context

## Acceptance criteria

## Estimation

## Tasks

## Constraints

## Data models

## Structure

## Diagrams

## Dev notes

## Open questions

## Log
"""
_TASK: Final = """\
# {{title}}

## Description

## Acceptance criteria
"""
DEFAULTS: Final[Mapping[Kind, str]] = {
    "prd": _PRD, "architecture": _ARCHITECTURE, "epic": _EPIC, "story": _STORY, "task": _TASK,
}  # fmt: skip
_NAMES: Final[Mapping[Kind, str]] = {
    "prd": "prd", "architecture": "arch", "epic": "epic", "story": "story", "task": "task",
}  # fmt: skip
_PLACE: Final = re.compile(r"\{\{\s*(title|date|id|parent)\s*\}\}")


def template_path(kind: Kind) -> str:
    """Where a team keeps its template of a kind."""
    return f"{TEMPLATES}/{_NAMES[kind]}.md"


def template_of(root: Path, kind: Kind) -> str:
    """The team's template, else Aura's.

    Raises:
        UsageProblem: The team's template is no text.
    """
    place = root / template_path(kind)
    try:
        if place.is_symlink():
            raise UsageProblem(f"{template_path(kind)} is a link")
        data = place.read_bytes()[:MOST_BYTES]
    except (FileNotFoundError, NotADirectoryError):
        return DEFAULTS[kind]
    except OSError as error:
        raise UsageProblem(f"{template_path(kind)} cannot be read: {error.strerror or error}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageProblem(f"{template_path(kind)} is no text in UTF-8") from error
    if not is_text(data):
        raise UsageProblem(f"{template_path(kind)} is no text")
    return text


def new_item(template: str, fields: Mapping[str, Value], title: str) -> bytes:
    """The file of a new item: a template with its places filled, and its front matter."""
    values = {"title": title, "date": datetime.now(UTC).date().isoformat(), "id": str(fields["id"])}
    values["parent"] = str(fields.get("epic") or fields.get("parent") or "")
    text = read_text(_PLACE.sub(lambda found: values[found.group(1)], template).encode())
    if not text.lines:
        text = read_text(f"# {title}\n".encode())
    for key in FIELDS:
        if key in fields:
            text = set_key(text, key, fields[key], FIELDS)
    return text.data()
