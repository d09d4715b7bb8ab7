"""Which strategy counts in a repository: its own file, a configuration of git-flow, or what its branches look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from aura_git.branching.names import is_branch_name
from aura_git.branching.next_config import from_git_flow_next
from aura_git.branching.refs import current_branch
from aura_git.branching.strategy import Branching, preset
from aura_git.branching.strategy_file import FILE, parse_strategy
from aura_git.repository import Repository
from aura_shared.errors import SettingsError

__all__ = ["detect", "read_branching"]

_MAINS: Final = ("main", "master", "trunk", "production")
_DEVELOPS: Final = ("develop", "development", "dev", "next")
_PREFIXES: Final = ("feature", "bugfix", "release", "hotfix", "support")


def read_branching(repository: Repository) -> Branching:
    """The strategy that counts; what it says of itself tells where each fact comes from.

    Raises:
        SettingsError: `.aura/branching.toml`, or a configuration of git-flow, is wrong; with the place.
    """
    text = _file_text(repository)
    if text is not None:
        return parse_strategy(text)
    config = _config(repository)
    committed = repository.root / ".gitflow"
    if not repository.bare and committed.is_file() and not committed.is_symlink():
        shared = _config(repository, "--file", str(committed))
        if any(key.endswith(".type") for key in shared):
            return from_git_flow_next({**shared, **config}, ".gitflow")
        config = {**shared, **config}
    if any(key.startswith("gitflow.branch.") and key.endswith(".type") for key in config):
        return from_git_flow_next(config, "the configuration of git")
    if config.get("gitflow.branch.master"):
        return _from_avh(config)
    return detect(repository)


def _file_text(repository: Repository) -> str | None:
    """The file in the work tree; in a bare repository the one of HEAD."""
    if repository.bare:
        found = repository.git.read("cat-file", "blob", f"HEAD:{FILE}", ok=(0, 128))
        return found.text if found.code == 0 else None
    path = repository.root / FILE
    if not path.exists():
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{FILE} cannot be read: {error}") from error


def _config(repository: Repository, *where: str) -> dict[str, str]:
    """Settings of git-flow by key; the last value counts, and what lies in an included file does too."""
    ran = repository.git.read("config", *where, "-z", "--get-regexp", r"^gitflow\.", ok=(0, 1, 128))
    if ran.code != 0:
        return {}
    return {key: value for key, _, value in (item.partition("\n") for item in ran.items)}


def _from_avh(config: Mapping[str, str]) -> Branching:
    """Configuration as `git flow init` of git-flow-avh writes it; what it does is what is done here."""
    for key in ("master", "develop"):
        value = config.get(f"gitflow.branch.{key}", "")
        if not is_branch_name(value):
            raise SettingsError(
                f"gitflow.branch.{key}: expected the name of a branch, found {value!r}",
                hint="Run `git flow init` again.",
            )
    prefixes = {kind: config.get(f"gitflow.prefix.{kind}", "") for kind in _PREFIXES}
    for kind, prefix in prefixes.items():
        if prefix and not is_branch_name(f"{prefix}x"):
            raise SettingsError(f"gitflow.prefix.{kind}: expected what names begin with, found {prefix!r}")
    main, develop = config["gitflow.branch.master"], config["gitflow.branch.develop"]
    base = preset("gitflow", main=main, develop=develop, prefixes=prefixes)
    multiple = config.get("gitflow.multi-hotfix", "").lower() in ("true", "yes", "on", "1")
    kinds = tuple(
        replace(kind, back="develop", single=not multiple) if kind.name == "hotfix" else kind for kind in base.kinds
    )
    names = (("main", "master"), ("develop", "develop"))
    told = [f"{name}: gitflow.branch.{key} in the configuration of git" for name, key in names]
    for kind, prefix in prefixes.items():
        why = f"gitflow.prefix.{kind} in the configuration of git" if prefix else "not set, as by default"
        told.append(f"prefix {kind}: {why}")
    tag_prefix = config.get("gitflow.prefix.versiontag", "")
    told.append("tags: gitflow.prefix.versiontag in the configuration of git" if tag_prefix else "tags: no prefix")
    return replace(base, kinds=kinds, tag_prefix=tag_prefix, source="git-flow", explanation=tuple(told))


def detect(repository: Repository) -> Branching:
    """The strategy that the branches of a repository look like; it says by what."""
    git = repository.git
    local = set(git.read("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").lines) - {""}
    remote = set(git.read("for-each-ref", "--format=%(refname:lstrip=3)", "refs/remotes").lines) - {"", "HEAD"}
    main, why = _find_main(repository, local, remote)
    develop = next((name for name in _DEVELOPS if name in local or name in remote), "")
    told = [f"main {main}: {why}"]
    tag_prefix = _tag_prefix(repository)
    told.append(f"tags begin with {tag_prefix!r}: {'newest tag' if tag_prefix is not None else 'no tag yet'}")
    if develop and develop != main:
        told.append(f"gitflow: there is a branch {develop}")
        made = preset("gitflow", main=main, develop=develop)
    else:
        told.append("github-flow: there is no branch for the next release")
        made = preset("github-flow", main=main)
        if not remote:
            made = replace(made, kinds=tuple(replace(kind, way="merge") for kind in made.kinds))
            told.append("finished by a merge: there is no remote for a pull request")
    told.append("`aura branch init STRATEGY` writes it down for everybody")
    prefix = made.tag_prefix if tag_prefix is None else tag_prefix
    return replace(made, tag_prefix=prefix, source="detected" if local | remote else "default", explanation=tuple(told))


def _find_main(repository: Repository, local: set[str], remote: set[str]) -> tuple[str, str]:
    head = repository.git.read("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD", ok=(0, 1, 128)).text
    name = head.removeprefix("refs/remotes/origin/")
    if head and name in local | remote:
        return name, "what origin/HEAD names"
    for name in _MAINS:
        if name in local | remote:
            return name, "there is a branch of this name"
    current = current_branch(repository)
    return (current or "main"), "the branch that is checked out" if current else "by default"


def _tag_prefix(repository: Repository) -> str | None:
    """What the newest tag has before its version; None when no tag looks like a version."""
    how = ("--sort=-creatordate", "--count=50", "--format=%(refname:lstrip=2)")
    for name in repository.git.read("for-each-ref", *how, "refs/tags").lines:
        if name[:1].isdigit():
            return ""
        if name[:1] == "v" and name[1:2].isdigit():
            return "v"
    return None
