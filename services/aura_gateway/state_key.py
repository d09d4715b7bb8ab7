"""The key that seals what MCP clients hand back to us: one per installation, made at the first start."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from aura_shared.errors import StorageError
from aura_shared.storage import atomic_write

__all__ = ["state_key"]

KEY_BYTES: Final = 32  # The least that the SDK takes.


def state_key(path: Path) -> bytes:
    """The key in `path`; made when it is missing or too short.

    Raises:
        StorageError: It can neither be read nor written.
    """
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        found = b""
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error
    if len(found) >= KEY_BYTES:
        return found
    made = secrets.token_bytes(KEY_BYTES)
    atomic_write(path, made)
    return made
