"""Writes the OpenAPI document of the gateway: `docs/schemas/openapi.json`.

usage: python scripts/export_openapi.py [--check]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from aura_gateway.app import Parts, create_app
from aura_gateway.guard import GuardRules
from aura_gateway.openapi import document
from aura_shared.bus.memory import MemoryHub
from aura_shared.paths import find_paths
from aura_shared.settings import GatewaySettings

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "schemas" / "openapi.json"


def rendered() -> str:
    """The document's text."""
    parts = Parts(
        bus=MemoryHub().connect("gateway"),
        paths=find_paths(),
        settings=GatewaySettings(),
        rules=GuardRules.on_port(1, token=None, origins=(), max_body_bytes=1024, body_timeout_s=1),
        instance="export",
        state_key=bytes(32),
        note=lambda _: None,
        exposition=str,
    )
    return json.dumps(document(create_app(parts).inner), indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write the file, or check that it is current; returns the exit code."""
    text = rendered()
    if "--check" not in arguments:
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
        return 0
    print(f"{TARGET.relative_to(ROOT)} is out of date: run `make docs`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
