"""What of a project others outside of it can use: where its packages begin, and what they hand on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from aura_code.places import is_vendored, read_place
from aura_code.reviewing.changes import Change
from aura_code.structure.store import StructureReader

_ASIDE: Final = frozenset({"tests", "docs"})
_PROGRAM_FOLDERS: Final = frozenset(
    [
        "scripts",
        "script",
        "tools",
        "bench",
        "benches",
        "benchmark",
        "benchmarks",
        "example",
        "examples",
        "migrations",
        "e2e",
        "play",
        "sandbox",
        "templates",
        "samples",
        "contrib",
        "extra",
        "hack",
        "fuzz",
        "ci",
        "build",
    ]
)
_PROGRAMS: Final = frozenset(
    ["setup.py", "conftest.py", "manage.py", "noxfile.py", "tasks.py", "__main__.py", "conf.py"]
)
_ALL: Final = "*"
_ENTRIES: Final = ("src/index", "index", "lib/index", "src/main", "src/mod", "mod", "main", "src/lib/index")
_ENDINGS: Final = (".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".jsx")
_STEPS: Final = 6  # Files that hand on what another one hands on.


@dataclass(eq=False)
class Outward:
    """Says whether a definition can be used from outside of its project."""

    change: Change
    store: StructureReader | None
    _reach: dict[str, Mapping[str, frozenset[str]] | None] = field(
        default_factory=dict[str, "Mapping[str, frozenset[str]] | None"]
    )

    def reaches(self, language: str, path: str, name: str) -> bool:
        """Whether others can use a definition of a file."""
        parts = path.split("/")
        folders = set(parts[:-1])
        if read_place(path).kinds & _ASIDE or is_vendored(path) or folders & _PROGRAM_FOLDERS:
            return False
        judge = {
            "python": self._python,
            "javascript": self._script,
            "typescript": self._script,
            "tsx": self._script,
            "go": self._go,
            "rust": self._rust,
            "java": _java,
        }.get(language)
        return judge is not None and judge(path, name.partition(".")[0])

    # -- Python -------------------------------------------------------------------------------------------------

    def _python(self, path: str, name: str) -> bool:
        parts = path.split("/")
        if parts[-1] in _PROGRAMS or not self._is_packaged(path):
            return False
        modules = [*parts[:-1], parts[-1].partition(".")[0]]
        if len(parts) == 1 and not self._is_listed(modules[0]):
            return False
        if not any(part.startswith("_") and not part.startswith("__") for part in modules):
            return True
        return self._handed_on(path, name)

    def _is_listed(self, module: str) -> bool:
        """Whether a module at the root of the project is installed: what builds the package names it."""
        texts = (self.change.text(name) for name in ("setup.py", "setup.cfg", "pyproject.toml"))
        return any(re.search(rf"\b{re.escape(module)}\b", text) for text in texts)

    def _is_packaged(self, path: str) -> bool:
        """Whether the project can be installed, as a file at its root or nearer says."""
        folders = path.split("/")[:-1]
        for depth in range(len(folders), -1, -1):
            folder = "".join(f"{part}/" for part in folders[:depth])
            if self.change.text(f"{folder}setup.py") or "[metadata]" in self.change.text(f"{folder}setup.cfg"):
                return True
            text = self.change.text(f"{folder}pyproject.toml")
            if re.search(r"^\[(?:project|tool\.poetry|tool\.flit\.metadata|build-system)\]", text, re.MULTILINE):
                return True
        return False

    def _handed_on(self, path: str, name: str) -> bool:
        """Whether a module that others can import takes the name out of a private one."""
        *folders, last = path.split("/")
        for depth in range(len(folders), 0, -1):
            text = self.change.text("/".join([*folders[:depth], "__init__.py"]))
            module = ".".join([*folders[depth:], last.partition(".")[0]])
            pattern = rf"^from (?:\.|[\w.]+\.){re.escape(module)} import (\([^)]*\)|[^\n]*)"
            for taken in re.findall(pattern, text, re.MULTILINE):
                if "*" in taken or re.search(rf"\b{re.escape(name)}\b", taken):
                    return not any(part.startswith("_") for part in folders[:depth])
        if self.store is None:
            return False
        rows = self.store.rows(
            "SELECT g.path, i.name FROM imports i JOIN files f ON f.id = i.target_file JOIN files g ON g.id = i.file "
            "WHERE f.path = ? AND (i.name = ? OR i.name = '*') AND i.exported AND g.path <> f.path LIMIT 50",
            (path, name),
        )
        importers = {str(row[0]) for row in rows}
        return any(
            not any(part.startswith("_") and not part.startswith("__") for part in importer.split("/"))
            and not read_place(importer).kinds & _ASIDE
            for importer in importers
        )

    # -- JavaScript and TypeScript ------------------------------------------------------------------------------

    def _script(self, path: str, name: str) -> bool:
        package = self._package_of(path)
        if package is None:
            return False
        if package not in self._reach:
            self._reach[package] = self._handed_out(package)
        reach = self._reach[package]
        if reach is None:
            return True
        names = reach.get(path, frozenset[str]())
        return _ALL in names or name in names

    def _package_of(self, path: str) -> str | None:
        """The folder of the nearest `package.json`, with a slash at its end."""
        folders = path.split("/")[:-1]
        for depth in range(len(folders), -1, -1):
            folder = "".join(f"{part}/" for part in folders[:depth])
            if self.change.text(f"{folder}package.json"):
                return folder
        return None

    def _handed_out(self, package: str) -> Mapping[str, frozenset[str]] | None:
        """By file the names that the package hands out; None when all of its files can be imported."""
        manifest = _object(self.change.text(f"{package}package.json"))
        targets = list(_targets(manifest))
        if manifest.get("private") is True and not targets:
            return {}
        if any("*" in target for target in targets):
            return None
        reached: dict[str, set[str]] = {entry: {_ALL} for entry in self._entries(package, targets)}
        frontier = dict(reached)
        for _ in range(_STEPS):
            fresh: dict[str, set[str]] = {}
            for path, names in frontier.items():
                for target, given in self._hands_on(path, names):
                    missing = {given} - reached.get(target, set())
                    if missing and _ALL not in reached.get(target, set()):
                        reached.setdefault(target, set()).update(missing)
                        fresh.setdefault(target, set()).update(missing)
            frontier = fresh
            if not frontier:
                break
        return {path: frozenset(names) for path, names in reached.items()}

    def _hands_on(self, path: str, names: set[str]) -> Iterator[tuple[str, str]]:
        if self.store is None:
            return
        rows = self.store.rows(
            "SELECT f.path, i.name, i.alias FROM imports i JOIN files f ON f.id = i.target_file "
            "JOIN files g ON g.id = i.file WHERE g.path = ? AND i.exported",
            (path,),
        )
        for target, name, alias in cast("list[tuple[str, str, str]]", rows):
            if _ALL in names or name in {_ALL, ""} or (alias or name) in names:
                whole = name in {_ALL, ""}
                if whole and _ALL not in names and not alias:
                    yield from ((target, one) for one in names)
                else:
                    yield target, _ALL if whole else name

    def _entries(self, package: str, targets: list[str]) -> Iterator[str]:
        """The sources that what `package.json` names is built from."""
        stems = [_source_stem(target) for target in targets] + list(_ENTRIES)
        for stem in dict.fromkeys(stems):
            for form in (stem, f"src/{stem}", f"lib/{stem}"):
                for ending in _ENDINGS:
                    path = f"{package}{form}{ending}"
                    if self.change.text(path):
                        yield path

    # -- Go, Rust, Java -----------------------------------------------------------------------------------------

    def _go(self, path: str, _name: str) -> bool:
        if "internal" in path.split("/") or "cmd" in path.split("/")[:-1]:
            return False
        file = self.change.by_any_path.get(path)
        for side in (file.new, file.old) if file is not None else ():
            if side.structure is not None and side.structure.package:
                return side.structure.package != "main"
        return True

    def _rust(self, path: str, name: str) -> bool:
        parts = path.split("/")
        if "src" not in parts:
            return False
        at = len(parts) - 1 - parts[::-1].index("src")
        source = "/".join(parts[: at + 1])
        lib = self._lib_of(source)
        if not lib or "bin" in parts[at + 1 : at + 2]:
            return False
        modules = [part.removesuffix(".rs") for part in parts[at + 1 :]]
        if modules and modules[-1] in {"mod", "lib"}:
            modules.pop()
        for depth, module in enumerate(modules):
            parent = lib if depth == 0 else self._module_text(source, modules[:depth])
            if not re.search(rf"^\s*pub\s+mod\s+(?:r#)?{re.escape(module)}\s*[;{{]", parent, re.MULTILINE):
                return self._used_openly(source, lib, modules[: depth + 1], name)
        return True

    def _lib_of(self, source: str) -> str:
        folder = source.rpartition("/")[0]
        manifest = self.change.text(f"{folder}/Cargo.toml" if folder else "Cargo.toml")
        return self.change.text(f"{source}/lib.rs") if manifest else ""

    def _module_text(self, source: str, modules: list[str]) -> str:
        stem = f"{source}/{'/'.join(modules)}"
        return self.change.text(f"{stem}.rs") or self.change.text(f"{stem}/mod.rs")

    def _used_openly(self, source: str, lib: str, modules: list[str], name: str) -> bool:
        """Whether the crate hands on a name out of a private module with `pub use`."""
        folder = "/".join([source, *modules[:-1]])
        texts = [
            lib,
            self._module_text(source, modules[:-1]) if modules[:-1] else "",
            self.change.text(f"{folder}/mod.rs"),
        ]
        for text in texts:
            for use in re.finditer(r"^\s*pub\s+use\s+([^;]+);", text, re.MULTILINE):
                if re.search(rf"\b{re.escape(name)}\b", use[1]):
                    return True
                if re.search(rf"\b{re.escape(modules[-1])}::\*", use[1]):
                    return True
        return False


def _java(path: str, _name: str) -> bool:
    return "/test/" not in f"/{path}"


def _object(text: str) -> dict[str, Any]:
    try:
        found: object = json.loads(text)
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _targets(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Files that a `package.json` names as what can be imported."""
    for key in ("main", "module", "types", "typings", "browser"):
        value = manifest.get(key)
        if isinstance(value, str):
            yield value
    waiting: list[object] = [manifest.get("exports")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += cast("dict[str, object]", value).values()
        elif isinstance(value, list):
            waiting += cast("list[object]", value)


_BUILT: Final = re.compile(r"^(?:\./)?(?:(?:dist|build|out|lib|esm|cjs|es|types|umd)/)*")


def _source_stem(target: str) -> str:
    """`index` for `./dist/esm/index.d.ts`."""
    return re.sub(r"(?:\.d)?\.[cm]?[jt]sx?$", "", _BUILT.sub("", target))
