"""`aura mcp install` and `uninstall` against the real shapes of client files."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from aura_cli.clients import changes, known
from aura_cli.clients.changes import carry_out, plan_install
from aura_cli.clients.known import CLIENTS
from aura_cli_running import Aura
from aura_shared.errors import Conflict
from aura_shared.paths import find_paths

GOLDEN = Path(__file__).parent / "golden"
FILES = {file.name.split(".")[0]: file for file in GOLDEN.glob("*.before")}
LAUNCHER = "/opt/aura/bin/aura"


@pytest.fixture(autouse=True)
def fixed_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "launcher", lambda: [LAUNCHER, "mcp"])
    monkeypatch.delenv("CODEX_HOME", raising=False)


@pytest.fixture
def no_home_in_entry(aura_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation in the user's own folders, as most people have it: nothing of AURA_HOME goes into entries."""
    monkeypatch.delenv("AURA_HOME")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(aura_home / "r"))
    return aura_home


def client_file(client: str, root: Path) -> tuple[str, Path]:
    scope = "project" if CLIENTS[client].project_file else "user"
    file = CLIENTS[client].file(scope, root)
    assert file is not None
    return scope, file


@pytest.mark.requirement("U4")
@pytest.mark.parametrize("client", list(CLIENTS))
def test_a_client_is_set_up_as_the_golden_file_says_and_reset_byte_for_byte(
    client: str, aura: Aura, folder: Path, no_home_in_entry: Path
) -> None:
    scope, file = client_file(client, folder)
    before = FILES[client].read_bytes()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(before)
    file.chmod(0o640)

    ran = aura("mcp", "install", "--client", client, "--scope", scope, "--yes")
    assert ran.code == 0, ran.err
    golden = FILES[client].with_suffix(".after")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_bytes(file.read_bytes())
    assert file.read_bytes() == golden.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert f"+++ {file}" in ran.out

    again = aura("mcp", "install", "--client", client, "--scope", scope, "--yes")
    assert "is set up already" in again.out
    assert file.read_bytes() == golden.read_bytes()

    ran = aura("mcp", "uninstall", "--client", client, "--scope", scope, "--yes")
    assert ran.code == 0, ran.err
    assert file.read_bytes() == before
    assert "is not set up" in aura("mcp", "uninstall", "--client", client, "--scope", scope, "--yes").out
    assert sorted(path.name for path in file.parent.iterdir() if path != folder / "src" and path.name != ".git") == [
        file.name
    ]


@pytest.mark.parametrize("client", list(CLIENTS))
def test_a_file_that_changed_since_loses_only_the_entry(client: str, aura: Aura, folder: Path) -> None:
    scope, file = client_file(client, folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(FILES[client].read_bytes())
    assert aura("mcp", "install", "--client", client, "--scope", scope, "--yes").code == 0
    comment = b"\n# later\n" if file.suffix == ".toml" else b"\n"
    file.write_bytes(file.read_bytes() + comment)
    assert aura("mcp", "uninstall", "--client", client, "--scope", scope, "--yes").code == 0
    assert file.read_bytes() == FILES[client].read_bytes() + comment


@pytest.mark.parametrize("client", list(CLIENTS))
@pytest.mark.parametrize("scope", ["project", "user"])
def test_a_file_that_was_not_there_is_made_and_goes_again(client: str, scope: str, aura: Aura, folder: Path) -> None:
    if scope == "project" and CLIENTS[client].project_file is None:
        ran = aura("mcp", "install", "--client", client, "--scope", scope, "--yes")
        assert ran.code == 2
        assert "--scope user" in ran.err
        return
    file = CLIENTS[client].file(scope, folder)  # pyright: ignore[reportArgumentType] - parametrized
    assert file is not None
    assert aura("mcp", "install", "--client", client, "--scope", scope, "--yes").code == 0
    text = file.read_text()
    assert LAUNCHER in text
    assert "token" not in text.lower()
    assert str(os.environ["AURA_HOME"]) in text
    assert stat.S_IMODE(file.stat().st_mode) == (0o644 if scope == "project" else 0o600)
    assert aura("mcp", "uninstall", "--client", client, "--scope", scope, "--yes").code == 0
    assert not file.exists()


def test_the_difference_is_shown_and_nobody_to_ask_means_no(aura: Aura, folder: Path) -> None:
    ran = aura("mcp", "install", "--client", "cursor")
    assert ran.code == 2
    assert '+      "args": ["mcp"]' in ran.out
    assert "--yes" in ran.err
    assert not (folder / ".cursor").exists()


def test_a_dry_run_writes_nothing(aura: Aura, folder: Path, aura_home: Path) -> None:
    ran = aura("mcp", "install", "--client", "zed", "--client", "vscode", "--dry-run")
    assert ran.code == 0
    assert "context_servers" in ran.out
    assert '"type": "stdio"' in ran.out
    assert not (folder / ".zed").exists()
    assert not (aura_home / "data" / "clients").exists()


def test_a_person_is_asked(aura: Aura, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aura_cli.commands import mcp

    answers = iter([False, True])
    monkeypatch.setattr(mcp, "asks", lambda: True)

    def answer(_question: str) -> bool:
        return next(answers)

    monkeypatch.setattr(mcp, "ask", answer)
    assert "Nothing was written" in aura("mcp", "install", "--client", "cursor").err
    assert not (folder / ".cursor" / "mcp.json").exists()
    assert aura("mcp", "install", "--client", "cursor").code == 0
    assert (folder / ".cursor" / "mcp.json").exists()


def test_secrets_of_other_servers_are_not_shown(aura: Aura, folder: Path) -> None:
    (folder / ".mcp.json").write_text(
        '{\n  "mcpServers": {\n    "x": {\n      "headers": {"Authorization": "Bearer s3cret"},\n'
        '      "env": {"API_KEY": "s3cret"}\n    }\n  }\n}\n'
    )
    ran = aura("mcp", "install", "--client", "claude-code", "--yes")
    assert ran.code == 0
    assert "s3cret" not in ran.out
    assert "s3cret" in (folder / ".mcp.json").read_text()


@pytest.mark.parametrize(
    ("name", "client", "content", "place"),
    [
        (".cursor/mcp.json", "cursor", b'{\n  "mcpServers": {\n    "x" {}\n  }\n}', "line 3, column 9"),
        (".cursor/mcp.json", "cursor", b'{"mcpServers": []}', "line 1, column 16"),
        (".cursor/mcp.json", "cursor", b'{\n "a": "\xff"}', "line 2, column 8"),
        (".codex/config.toml", "codex", b"a = 1\n[mcp_servers\n", "line 2"),
        (".codex/config.toml", "codex", b"mcp_servers = 3\n", "line 1, column 1"),
    ],
)
def test_a_malformed_file_is_refused_with_its_place_and_left_alone(
    name: str, client: str, content: bytes, place: str, aura: Aura, folder: Path
) -> None:
    file = folder / name
    file.parent.mkdir()
    file.write_bytes(content)
    for command in ("install", "uninstall"):
        ran = aura("mcp", command, "--client", client, "--yes")
        if command == "install" or ('mcpServers": []' not in content.decode("latin-1") and b"= 3" not in content):
            assert ran.code == 7
            assert place in ran.err
            assert "Nothing was written" in ran.err
        assert file.read_bytes() == content


def test_another_server_called_aura_is_left_alone(aura: Aura, folder: Path) -> None:
    (folder / ".mcp.json").write_text('{"mcpServers": {"aura": {"url": "http://127.0.0.1:1/mcp"}}}')
    assert aura("mcp", "install", "--client", "claude-code", "--yes").code == 5
    assert aura("mcp", "uninstall", "--client", "claude-code", "--yes").code == 5
    assert "other" in aura("mcp", "clients").out


def test_an_entry_with_an_old_launcher_is_brought_up_to_date(aura: Aura, folder: Path) -> None:
    text = '{"mcpServers": {"aura": {"command": "/old/bin/aura", "args": ["mcp"], "disabled": false}}}'
    (folder / ".mcp.json").write_text(text)
    assert "outdated" in aura("mcp", "clients").out
    assert aura("mcp", "install", "--client", "claude-code", "--yes").code == 0
    entry = json.loads((folder / ".mcp.json").read_text())["mcpServers"]["aura"]
    assert (entry["command"], entry["disabled"], entry["type"]) == (LAUNCHER, False, "stdio")


def test_a_repository_cannot_lead_the_writer_out_of_it(aura: Aura, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "settings.json"
    outside.write_text("{}")
    (folder / ".mcp.json").symlink_to(outside)
    ran = aura("mcp", "install", "--client", "claude-code", "--yes")
    assert ran.code == 8
    assert outside.read_text() == "{}"
    assert "malformed" in aura("mcp", "clients").out


def test_a_link_of_the_user_is_followed_and_stays_a_link(aura: Aura, folder: Path, aura_home: Path) -> None:
    dotfiles = aura_home / "dotfiles.json"
    dotfiles.write_text('{"a": 1}')
    link = Path(os.environ["HOME"]) / ".claude.json"
    link.symlink_to(dotfiles)
    assert aura("mcp", "install", "--client", "claude-code", "--scope", "user", "--yes").code == 0
    assert link.is_symlink()
    assert "aura" in json.loads(dotfiles.read_text())["mcpServers"]
    assert aura("mcp", "uninstall", "--client", "claude-code", "--scope", "user", "--yes").code == 0
    assert dotfiles.read_text() == '{"a": 1}'


def test_what_is_no_plain_file_is_refused(aura: Aura, folder: Path) -> None:
    (folder / ".mcp.json").mkdir()
    assert aura("mcp", "install", "--client", "claude-code", "--yes").code == 7


def test_a_file_that_changes_while_the_person_thinks_is_not_overwritten(folder: Path, aura_home: Path) -> None:
    client, file = CLIENTS["claude-code"], folder / ".mcp.json"
    change = plan_install(client, "project", file, folder)
    file.write_text('{"new": 1}')
    with pytest.raises(Conflict):
        carry_out(change, find_paths().prepare())
    assert file.read_text() == '{"new": 1}'


def test_a_backup_is_kept_beside_auras_data(aura: Aura, folder: Path, aura_home: Path) -> None:
    (folder / ".mcp.json").write_text('{"a": 1}')
    ran = aura("mcp", "install", "--client", "claude-code", "--yes")
    (backup,) = (aura_home / "data" / "clients" / "backups").iterdir()
    assert str(backup) in ran.out
    assert backup.read_text() == '{"a": 1}'
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600


def test_a_lost_backup_is_told(aura: Aura, folder: Path, aura_home: Path) -> None:
    (folder / ".mcp.json").write_text('{"a": 1}')
    aura("mcp", "install", "--client", "claude-code", "--yes")
    for backup in (aura_home / "data" / "clients" / "backups").iterdir():
        backup.unlink()
    assert aura("mcp", "uninstall", "--client", "claude-code", "--yes").code == 10


def test_an_edit_that_would_change_more_is_refused(aura: Aura, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".mcp.json").write_text('{"a": 1}')

    def lose_everything(text: str, path: tuple[str, ...], new: object) -> str:
        return json.dumps({path[0]: {path[1]: new}})

    monkeypatch.setattr(changes.jsontext, "set_path", lose_everything)
    ran = aura("mcp", "install", "--client", "claude-code", "--yes")
    assert ran.code == 7
    assert "cannot be edited safely" in ran.err
    assert (folder / ".mcp.json").read_text() == '{"a": 1}'


def test_clients_are_listed_with_their_state(aura: Aura, folder: Path) -> None:
    aura("mcp", "install", "--client", "cursor", "--yes")
    (folder / ".vscode").mkdir()
    (folder / ".vscode" / "mcp.json").write_text("{")
    found = aura("mcp", "clients", "--json").json()["clients"]
    assert isinstance(found, list)
    states = {(entry["client"], entry["scope"]): entry["state"] for entry in found}
    assert len(states) == 15
    assert states["cursor", "project"] == "outdated"  # /opt/aura/bin/aura does not exist here
    assert states["vscode", "project"] == "malformed"
    assert states["zed", "user"] == "no"


def test_the_launcher_is_absolute_and_can_be_started() -> None:
    from importlib import reload

    command, *arguments = reload(known).launcher()
    assert Path(command).is_absolute()
    assert os.access(command, os.X_OK)
    assert arguments[-1] == "mcp"
