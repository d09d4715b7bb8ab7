"""What the hook `prepare-commit-msg` does: it writes a draft into an empty message."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aura_cli.answers import object_of, text_of
from aura_cli.commit_flow import git_says
from aura_cli.commit_view import strip_comments
from aura_cli.gateway import Gateway
from aura_cli.targets import open_registry
from aura_shared.errors import AuraError
from aura_shared.paths import find_paths

_HOOK_S: Final = 5.0  # Somebody waits for the editor.


def write_draft(arguments: tuple[str, ...]) -> int:
    """What the hook does: write a draft into an empty message. It never fails and never asks; returns 0."""
    source = arguments[1] if len(arguments) > 1 else ""
    if not arguments or source not in {"", "template"}:
        return 0
    try:
        _fill(Path(arguments[0]), with_template=source == "template")
    except (AuraError, OSError, UnicodeDecodeError):
        return 0
    return 0


def _fill(file: Path, *, with_template: bool) -> None:
    project = open_registry(find_paths()).containing(Path.cwd())
    text = file.read_text(encoding="utf-8")
    sign = git_says("config", "--get", "core.commentChar") or "#"
    sign = "#" if sign == "auto" else sign
    if project is None or (strip_comments(text, sign).strip() and not with_template):
        return
    tree = git_says("write-tree")
    if not tree:
        return
    body = {"project": project.id, "tree": tree, "model": False}
    draft = Gateway(find_paths(), recovery_s=0).post("/v1/git/commit/draft", body, timeout_s=_HOOK_S)
    message = text_of(object_of(draft, "message"), "text")
    if message and file.read_text(encoding="utf-8") == text:
        file.write_text(f"{message}\n{text if text.startswith(chr(10)) else chr(10) + text}", encoding="utf-8")
