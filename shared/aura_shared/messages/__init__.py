"""The contract between Aura's processes: every message, documented field by field.

`docs/messages.md` and the JSON Schemas in `docs/schemas/messages.json` are generated from these classes.
"""

from __future__ import annotations

from aura_shared.messages.core import (
    CONTRACT_VERSION,
    Done,
    Durability,
    Envelope,
    Event,
    Failure,
    Message,
    Progress,
    Reply,
    ReplyT,
    Request,
    new_id,
    now_iso,
    reply_type,
    strictly,
    wrap,
)

__all__ = [
    "CONTRACT_VERSION",
    "Done",
    "Durability",
    "Envelope",
    "Event",
    "Failure",
    "Message",
    "Progress",
    "Reply",
    "ReplyT",
    "Request",
    "new_id",
    "now_iso",
    "reply_type",
    "strictly",
    "wrap",
]
