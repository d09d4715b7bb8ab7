"""The register of messages, and the pages that are generated from it."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import aura_shared.messages
from aura_shared.errors import BusError
from aura_shared.messages.bus import JournalReplaced
from aura_shared.messages.core import Envelope, Event, Reply, Request, reply_type, wrap
from aura_shared.messages.registry import MODULES, event_kinds, messages, read_event, request_kinds
from shared_bus.things import Happened

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "export_contracts.py"


def export(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the export."""
    return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False)


@pytest.mark.requirement("P2", "P3")
def test_the_exported_schemas_and_the_reference_are_current() -> None:
    done = export("--check")
    assert done.returncode == 0, done.stderr


def test_the_check_notices_a_page_that_is_out_of_date(tmp_path: Path) -> None:
    assert export("--folder", str(tmp_path)).returncode == 0
    assert export("--check", "--folder", str(tmp_path)).returncode == 0
    (tmp_path / "messages.md").write_text("old", encoding="utf-8")
    done = export("--check", "--folder", str(tmp_path))
    assert (done.returncode, done.stderr) == (1, "messages.md is out of date: python scripts/export_contracts.py\n")


def test_every_module_of_messages_is_registered() -> None:
    found = {module.name for module in pkgutil.iter_modules(aura_shared.messages.__path__)} - {"registry"}
    assert found == {module.__name__.rpartition(".")[2] for module in MODULES}


def test_every_name_on_the_wire_stands_for_one_message() -> None:
    names = Counter(kind.type for kind in messages() if not issubclass(kind, Reply))
    assert [name for name, count in names.items() if count > 1] == []
    assert len({kind.__name__ for kind in messages()}) == len(messages())


def test_every_request_names_its_service_and_its_reply() -> None:
    for kind in request_kinds().values():
        assert kind.service
        assert issubclass(reply_type(kind), Reply)


def test_every_message_and_every_field_is_documented() -> None:
    document = json.loads((ROOT / "docs" / "schemas" / "messages.json").read_text(encoding="utf-8"))
    bare = [
        f"{name}.{field}"
        for name in [facts["class"] for facts in document["messages"].values()]
        for field, schema in document["$defs"][name].get("properties", {}).items()
        if not schema.get("description")
    ]
    assert bare == []
    assert [kind.__name__ for kind in messages() if not kind.__doc__] == []


def test_an_event_is_read_by_the_name_in_its_envelope() -> None:
    event = JournalReplaced(aside="journal.db.corrupt-1")
    assert read_event(wrap(event, src="bus")) == event
    assert all(issubclass(kind, Event) for kind in event_kinds().values())
    assert all(issubclass(kind, Request) for kind in request_kinds().values())


@pytest.mark.parametrize(
    "envelope",
    [
        pytest.param(wrap(Happened(number=1), src="x"), id="a name that the contract does not have"),
        pytest.param(Envelope(type="bus.journal.replaced", id="1", ts="", src="x"), id="fields that are missing"),
    ],
)
def test_an_event_that_is_not_of_the_contract_is_an_error(envelope: Envelope) -> None:
    with pytest.raises(BusError):
        read_event(envelope)
