"""The supervisor as a service of the operating system: the text of a systemd user unit and of a launchd agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

__all__ = ["launchd_agent", "systemd_unit"]

LABEL = "dev.aura.supervisor"


def systemd_unit(python: str, environment: Mapping[str, str], *, stop_timeout_s: int = 30) -> str:
    """A systemd user unit.

    Args:
        python: Absolute path of the interpreter.
        environment: What to set, for example `AURA_HOME`.
        stop_timeout_s: How long an ordered stop may take before systemd kills everything.
    """
    command = " ".join(_systemd_quoted(word) for word in _command(python))
    variables = "".join(f"Environment={_systemd_quoted(f'{key}={value}')}\n" for key, value in environment.items())
    return (
        "[Unit]\nDescription=Aura, a local coding assistant\n\n"
        f"[Service]\nType=exec\nExecStart={command}\n{variables}"
        f"Restart=on-failure\nKillMode=mixed\nTimeoutStopSec={stop_timeout_s}\nUMask=0022\n\n"
        "[Install]\nWantedBy=default.target\n"
    )


def launchd_agent(python: str, environment: Mapping[str, str], *, stop_timeout_s: int = 30) -> str:
    """A launchd agent as a property list. The arguments are those of `systemd_unit`."""
    words = "".join(f"    <string>{escape(word)}</string>\n" for word in _command(python))
    variables = "".join(
        f"    <key>{escape(key)}</key>\n    <string>{escape(value)}</string>\n" for key, value in environment.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n'
        '<plist version="1.0">\n<dict>\n'
        f"  <key>Label</key>\n  <string>{LABEL}</string>\n"
        f"  <key>ProgramArguments</key>\n  <array>\n{words}  </array>\n"
        f"  <key>EnvironmentVariables</key>\n  <dict>\n{variables}  </dict>\n"
        "  <key>RunAtLoad</key>\n  <true/>\n"
        "  <key>KeepAlive</key>\n  <dict>\n    <key>SuccessfulExit</key>\n    <false/>\n  </dict>\n"
        f"  <key>ExitTimeOut</key>\n  <integer>{stop_timeout_s}</integer>\n"
        "</dict>\n</plist>\n"
    )


def _command(python: str) -> Sequence[str]:
    return (python, "-P", "-m", "aura_supervisor")


def _systemd_quoted(word: str) -> str:
    """A word of a unit file: `%` and `$` mean something there, and so do quotes."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"'
