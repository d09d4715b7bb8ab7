"""Which forge a remote leads to, and where its pages and its interface are."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from aura_git.repository import Repository
from aura_shared.errors import HostNotAllowed
from aura_shared.messages.pulls import ForgeKind

__all__ = ["Forge", "find_forge", "is_loopback", "need_allowed", "read_address"]

_SCP: Final = re.compile(r"^(?:[^@/:\s]+@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/\s\[\]]{2,}):(?!//)(?P<path>[^\s]+)$")
_SAFE_PART: Final = re.compile(r"[\w.~-]+")
_KNOWN: Final[dict[str, ForgeKind]] = {
    "github.com": "github",
    "gitlab.com": "gitlab",
    "codeberg.org": "gitea",
    "gitea.com": "gitea",
}
_OTHER_NAMES: Final = {
    "ssh.github.com": "github.com",
    "www.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "www.gitlab.com": "gitlab.com",
}
"""Hosts that only serve ssh on the port of HTTPS, and the like."""
_LABELS: Final[dict[str, ForgeKind]] = {
    "github": "github",
    "ghe": "github",
    "gitlab": "gitlab",
    "gitea": "gitea",
    "forgejo": "gitea",
    "codeberg": "gitea",
}
_FILES: Final[tuple[tuple[str, ForgeKind], ...]] = (
    (".gitlab-ci.yml", "gitlab"),
    (".gitea", "gitea"),
    (".forgejo", "gitea"),
)
_KINDS: Final[tuple[ForgeKind, ...]] = ("github", "gitlab", "gitea", "none")


@dataclass(frozen=True, slots=True)
class Forge:
    """A repository at a forge."""

    kind: ForgeKind = "none"
    host: str = ""
    """With the port of its web pages, where that is not the usual one."""
    path: str = ""
    """`owner/name`; at GitLab with all groups."""
    scheme: str = "https"
    """`http` only for this machine."""
    source: str = ""
    """Where the kind comes from."""

    @property
    def owner(self) -> str:
        """All before the last part of the path."""
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def web(self) -> str:
        """Address of its page."""
        return f"{self.scheme}://{self.host}/{quote(self.path)}"

    @property
    def api(self) -> str:
        """Address that the paths of its interface follow; empty without a forge."""
        if self.kind == "github":
            return (
                f"{self.scheme}://api.{self.host}"
                if self.host == "github.com"
                else f"{self.scheme}://{self.host}/api/v3"
            )
        version = {"gitlab": "v4", "gitea": "v1"}.get(self.kind)
        return f"{self.scheme}://{self.host}/api/{version}" if version else ""

    def compare_url(self, base: str, branch: str) -> str:
        """Page on which a person can open the pull request; empty without a forge."""
        if self.kind == "gitlab":
            field = "merge_request%5B{}%5D={}"
            query = "&".join(
                [field.format("source_branch", quote(branch, "")), field.format("target_branch", quote(base, ""))]
            )
            return f"{self.web}/-/merge_requests/new?{query}"
        if self.kind in {"github", "gitea"}:
            more = "?expand=1" if self.kind == "github" else ""
            return f"{self.web}/compare/{quote(base)}...{quote(branch)}{more}"
        return ""


def read_address(address: str) -> Forge | None:
    """Host and path of a remote's address, the kind not yet known; None for a folder or what is no address.

    Forms: `https://{host}:{port}/{path}`, `ssh://user@host:port/path`, `git://…`, and `user@host:path`. The port of
    ssh says nothing of the web pages and is left out; so are user and password.
    """
    address = address.strip()
    scheme, port = "https", ""
    if "://" in address:
        try:
            parts = urlsplit(address)
            host, number = parts.hostname or "", parts.port
        except ValueError:
            return None
        if parts.scheme not in {"https", "http", "ssh", "git", "git+ssh", "ssh+git"} or not host:
            return None
        path = unquote(parts.path)
        if parts.scheme in {"https", "http"}:
            scheme = "http" if parts.scheme == "http" and is_loopback(host) else "https"
            usual = 443 if scheme == "https" else 80
            port = f":{number}" if number and number not in {usual, 80 if parts.scheme == "http" else usual} else ""
        host = f"[{host}]" if ":" in host else host
    else:
        found = _SCP.match(address)
        if found is None:
            return None
        host, path = found["host"].lower(), found["path"]
    path = path.strip("/").removesuffix(".git").strip("/")
    if not all(_SAFE_PART.fullmatch(part) and part not in {".", ".."} for part in path.split("/")):
        return None
    host = _OTHER_NAMES.get(host, host)
    return Forge(host=f"{host}{port}", path=path, scheme=scheme)


def find_forge(repository: Repository, remote: str) -> Forge:
    """The forge of a remote; its kind is `none` where nothing says which it is.

    The kind comes from git's setting `aura.HOST.forge` (github, gitlab, gitea, none), else from the name of the host,
    else from files that only one kind of forge reads.
    """
    found = read_address(repository.git.read("remote", "get-url", "--", remote, ok=(0, 2, 128)).text.split("\n")[0])
    if found is None or "/" not in found.path:
        return Forge(source="the remote is a folder or no address of a forge" if remote else "there is no remote")
    said = repository.git.config(f"aura.{found.host}.forge").strip().lower()
    for kind in _KINDS:
        if said == kind:
            return _bounded(replace(found, kind=kind, source=f"git's setting aura.{found.host}.forge"))
    name = found.host.partition(":")[0].lower()
    kind = _KNOWN.get(name) or next((_LABELS[part] for part in name.split(".") if part in _LABELS), None)
    if kind is not None:
        return _bounded(replace(found, kind=kind, source=f"the name of the host {found.host}"))
    for path, kind in _FILES:
        if repository.git.read("ls-tree", "--name-only", "HEAD", "--", path, ok=(0, 128)).text == path:
            return _bounded(replace(found, kind=kind, source=f"{path} in the repository"))
    return replace(
        found, source=f"nothing says which forge {found.host} is; say so: git config aura.{found.host}.forge gitlab"
    )


def _bounded(forge: Forge) -> Forge:
    """Only GitLab has groups within groups; a Gitea below a path of its host is none that can be reached."""
    if forge.kind in {"github", "gitea"} and forge.path.count("/") != 1:
        return replace(forge, kind="none", source=f"{forge.path!r} is not owner/name, as {forge.kind} has it")
    return forge


def is_loopback(host: str) -> bool:
    """Whether a host, with or without a port, is this machine by its name or number; nothing is looked up."""
    name = host.rpartition("]")[0].strip("[") or host.partition(":")[0]
    if name.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def need_allowed(forge: Forge, allow: Collection[str]) -> None:
    """Refuse a forge that the owner has not named.

    Args:
        forge: Whose host is about to be asked.
        allow: The setting `network.allow`: `host`, or `host:port`.

    Raises:
        HostNotAllowed: It is neither this machine nor named; the hint has the line to add.
    """
    names = {name.strip().casefold().rstrip(".") for name in allow}
    host = forge.host.casefold()
    if is_loopback(host) or host in names or host.partition(":")[0] in names:
        return
    if f"{host}:443" in names:
        return
    line = ", ".join(f'"{name}"' for name in [*allow, forge.host])
    raise HostNotAllowed(
        f"{forge.host} is not this machine, and network.allow does not name it: nothing was sent",
        hint=f"To allow it, put into your own settings (aura.toml):\n[network]\nallow = [{line}]",
    )
