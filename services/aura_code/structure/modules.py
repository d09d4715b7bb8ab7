"""Which files a module means that a file imports, by the rules of each language.

Manifests of the project (`go.mod`, `Cargo.toml`, `package.json`, `tsconfig.json`) are read from disk when they are
first asked for.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from posixpath import normpath
from typing import Any, Final, NamedTuple, cast

from aura_code.sources import Sources

_PYTHON: Final = (".py", ".pyi")
_SCRIPT: Final = (".ts", ".tsx", ".d.ts", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")
_COMPILED: Final = {".js": (".ts", ".tsx", ".d.ts"), ".jsx": (".tsx",), ".mjs": (".mts",), ".cjs": (".cts",)}
_GO_MODULE: Final = re.compile(r"^\s*module\s+\"?([^\s\"]+)", re.MULTILINE)
_MOST_BYTES: Final = 1_000_000
_RUST_PROGRAM: Final = re.compile(r"((?:.*/)?(?:tests|benches|examples)/)(?!src/)([^/]+)(?:/.*)?$")


class Module(NamedTuple):
    """What a module is."""

    files: tuple[str, ...]
    """The files that it consists of; empty for a folder that is only a part of names."""
    folder: str
    """Where modules below it lie; empty for the root, and for what has none below it."""
    rest: tuple[str, ...] = ()
    """Names inside of its files that still have to be followed: modules within a file, or an item."""


class Modules:
    """The modules of a project."""

    def __init__(self, root: Path, paths: Iterable[str]) -> None:
        self._sources = Sources(root)
        self._paths = frozenset(paths)
        self._known: dict[tuple[str, str], Module | None] = {}

    def of(self, path: str, language: str, module: str) -> Module | None:
        """What `module` means in a file; None when it lies outside the project."""
        key = (path if language in {"rust", "java"} or module.startswith(".") else path.rpartition("/")[0], module)
        if key not in self._known:
            self._known[key] = self._find(path, language, module)
        return self._known[key]

    def _find(self, path: str, language: str, module: str) -> Module | None:
        match language:
            case "python":
                return self._python(path, module)
            case "go":
                return self._go(path, module)
            case "rust":
                return self._rust(path, module)
            case "java":
                return self._java(module)
            case _:
                return self._script(path, module)

    @cached_property
    def _folders(self) -> frozenset[str]:
        """Every folder that holds a file, itself or below."""
        found: set[str] = {""}
        for path in self._paths:
            folder = path.rpartition("/")[0]
            while folder and folder not in found:
                found.add(folder)
                folder = folder.rpartition("/")[0]
        return frozenset(found)

    @cached_property
    def _by_folder(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self._paths):
            found[path.rpartition("/")[0]].append(path)
        return found

    def _text(self, path: str) -> str | None:
        content = self._sources.read(path)
        return content.text if content is not None and len(content.text) <= _MOST_BYTES else None

    # -- Python -------------------------------------------------------------------------------------------------

    def _python(self, path: str, module: str) -> Module | None:
        name = module.lstrip(".")
        dots = len(module) - len(name)
        parts = name.split(".") if name else []
        if dots:
            folder = path.rpartition("/")[0]
            for _ in range(dots - 1):
                folder = folder.rpartition("/")[0]
            return self._python_at(folder, parts)
        for top in self._python_tops(path, parts[0] if parts else ""):
            found = self._python_at(top, parts)
            if found is not None:
                return found
        return None

    def _python_tops(self, path: str, first: str) -> list[str]:
        """Folders from which a name may be imported, the nearest to the file first."""
        tops = self._python_roots.get(first, set[str]())
        here = path.split("/")

        def shared(top: str) -> int:
            return sum(1 for a, b in zip(top.split("/"), here, strict=False) if a == b) if top else 0

        return sorted(tops, key=lambda top: (-shared(top), top.count("/"), top))

    @cached_property
    def _python_roots(self) -> dict[str, set[str]]:
        """For the first part of a dotted name the folders that hold it; those inside packages do not count."""
        found: dict[str, set[str]] = defaultdict(set)
        for path in self._paths:
            if not path.endswith(_PYTHON):
                continue
            folder, _, name = path.rpartition("/")
            stem = name.rpartition(".")[0]
            if stem != "__init__" and not self._is_package(folder):
                found[stem].add(folder)
            while folder:
                above, _, last = folder.rpartition("/")
                if not self._is_package(above):
                    found[last].add(above)
                folder = above
        return found

    def _is_package(self, folder: str) -> bool:
        return any(f"{folder}/__init__{end}" in self._paths for end in _PYTHON) if folder else False

    def _python_at(self, top: str, parts: list[str]) -> Module | None:
        base = "/".join([part for part in (top, *parts) if part])
        if parts:
            for end in _PYTHON:
                if base + end in self._paths and not self._is_package(base):
                    return Module((base + end,), base)
        for end in _PYTHON:
            if f"{base}/__init__{end}".lstrip("/") in self._paths:
                return Module((f"{base}/__init__{end}".lstrip("/"),), base)
        return Module((), base) if base in self._folders and self._has_python(base) else None

    def _has_python(self, folder: str) -> bool:
        prefix = f"{folder}/" if folder else ""
        return any(path.startswith(prefix) and path.endswith(_PYTHON) for path in self._paths)

    # -- JavaScript and TypeScript ------------------------------------------------------------------------------

    def _script(self, path: str, module: str) -> Module | None:
        folder = path.rpartition("/")[0]
        if module.startswith((".", "/")):
            return self._script_at(normpath(f"{folder}/{module}").lstrip("/"))
        for candidate in (*self._mapped(folder, module), *self._workspace(module)):
            found = self._script_at(candidate)
            if found is not None:
                return found
        return None

    def _script_at(self, base: str) -> Module | None:
        base = "" if base == "." else base
        if base.startswith(".."):
            return None
        candidates = [base, *(base + end for end in _SCRIPT)]
        stem, dot, end = base.rpartition(".")
        candidates += [stem + other for other in _COMPILED.get(dot + end, ())]
        candidates += [f"{base}/index{end}".lstrip("/") for end in _SCRIPT]
        found = next((one for one in candidates if one in self._paths), None)
        return Module((found,), "") if found else None

    def _mapped(self, folder: str, module: str) -> Iterator[str]:
        """Where `paths` and `baseUrl` of the nearest configurations lead."""
        for around in _upwards(folder):
            config = self._config(around)
            if config is None:
                continue
            base, paths = config
            for pattern, targets in paths.items():
                head, star, tail = pattern.partition("*")
                if (star and module.startswith(head) and module.endswith(tail)) or module == pattern:
                    middle = module[len(head) : len(module) - len(tail)] if star else ""
                    for target in targets:
                        yield normpath(f"{base}/{target.replace('*', middle)}").lstrip("/")
            yield normpath(f"{base}/{module}").lstrip("/")

    def _config(self, folder: str) -> tuple[str, dict[str, list[str]]] | None:
        if folder not in self._configs:
            self._configs[folder] = self._read_config(folder)
        return self._configs[folder]

    @cached_property
    def _configs(self) -> dict[str, tuple[str, dict[str, list[str]]] | None]:
        return {}

    def _read_config(self, folder: str) -> tuple[str, dict[str, list[str]]] | None:
        for name in ("tsconfig.json", "jsconfig.json", "tsconfig.base.json"):
            options = _object(_json(self._text(f"{folder}/{name}".lstrip("/"))), "compilerOptions")
            base, paths = options.get("baseUrl"), _object(options, "paths")
            if isinstance(base, str) or paths:
                where = normpath(f"{folder}/{base if isinstance(base, str) else '.'}").lstrip("/")
                mapped = {key: [one for one in _list(value) if isinstance(one, str)] for key, value in paths.items()}
                return ("" if where == "." else where), mapped
        return None

    def _workspace(self, module: str) -> Iterator[str]:
        """Where a package of the project itself lies."""
        parts = module.split("/")
        size = 2 if module.startswith("@") else 1
        folder = self._packages.get("/".join(parts[:size]))
        if folder is None:
            return
        below = "/".join(parts[size:])
        manifest = _json(self._text(f"{folder}/package.json".lstrip("/")))
        if not below:
            yield from (normpath(f"{folder}/{entry}").lstrip("/") for entry in _entries(manifest))
        for place in (f"{folder}/src/{below}", f"{folder}/{below}", f"{folder}/lib/{below}"):
            yield place.strip("/")

    @cached_property
    def _packages(self) -> dict[str, str]:
        found: dict[str, str] = {}
        scripts = {path.rpartition("/")[0] for path in self._paths if path.endswith(_SCRIPT)}
        for folder in sorted({around for one in scripts for around in _upwards(one)}):
            name = _json(self._text(f"{folder}/package.json".lstrip("/"))).get("name")
            if isinstance(name, str):
                found.setdefault(name, folder)
        return found

    # -- Go -----------------------------------------------------------------------------------------------------

    def _go(self, path: str, module: str) -> Module | None:
        for folder in _upwards(path.rpartition("/")[0]):
            name = self._go_name(folder)
            if name and (module == name or module.startswith(f"{name}/")):
                return self.go_package(f"{folder}/{module[len(name) + 1 :]}".strip("/"))
        return None

    def _go_name(self, folder: str) -> str:
        if folder not in self._go_names:
            found = _GO_MODULE.search(self._text(f"{folder}/go.mod".lstrip("/")) or "")
            self._go_names[folder] = found[1] if found else ""
        return self._go_names[folder]

    @cached_property
    def _go_names(self) -> dict[str, str]:
        return {}

    def go_package(self, folder: str) -> Module | None:
        """The package in a folder."""
        files = tuple(path for path in self._by_folder.get(folder, ()) if path.endswith(".go"))
        return Module(files, "") if files else None

    # -- Rust ---------------------------------------------------------------------------------------------------

    def _rust(self, path: str, module: str) -> Module | None:
        first, *rest = module.split("::")
        here = self._rust_place(path)
        if first == "self":
            return self._rust_at(path, here, rest)
        if first == "super":
            above, steps = here, ["super", *rest]
            while steps and steps[0] == "super":
                above, steps = above.rpartition("/")[0], steps[1:]
            file = self._rust_file(above)
            return self._rust_at(file, above, steps) if file else None
        if first == "crate":
            crate = self._rust_root(path)
            return self._rust_at(crate, crate.rpartition("/")[0], rest) if crate else None
        if self._rust_child(here, first):
            return self._rust_at(path, here, [first, *rest])
        crate = self._crates.get(first.replace("-", "_"))
        return self._rust_at(crate, crate.rpartition("/")[0], rest) if crate else None

    def _rust_place(self, path: str) -> str:
        """The folder where the child modules of a file lie."""
        folder, _, name = path.rpartition("/")
        return folder if name in {"lib.rs", "main.rs", "mod.rs"} else path.removesuffix(".rs")

    def _rust_file(self, place: str) -> str:
        """The file whose children lie in a folder."""
        names = (f"{place}.rs", f"{place}/mod.rs", f"{place}/lib.rs", f"{place}/main.rs")
        return next((name.lstrip("/") for name in names if name.lstrip("/") in self._paths), "")

    def _rust_child(self, place: str, name: str) -> str:
        names = (f"{place}/{name}.rs", f"{place}/{name}/mod.rs")
        return next((one.lstrip("/") for one in names if one.lstrip("/") in self._paths), "")

    def _rust_at(self, file: str, place: str, steps: list[str]) -> Module:
        while steps and (child := self._rust_child(place, steps[0])):
            file, place, steps = child, self._rust_place(child), steps[1:]
        return Module((file,), "", tuple(steps))

    def _rust_root(self, path: str) -> str:
        outside = _RUST_PROGRAM.match(path)
        if outside and "src" not in outside[1].split(
            "/"
        ):  # Each file right below tests, benches and examples is a crate, and each folder with a main file.
            names = (f"{outside[1]}{outside[2]}/main.rs", f"{outside[1]}tests.rs", f"{outside[1]}main.rs")
            return next((name for name in names if name in self._paths), path)
        for folder in _upwards(path.rpartition("/")[0]):
            for name in ("lib.rs", "main.rs"):
                inside = f"{folder}/{name}".lstrip("/")
                if inside in self._paths and (folder.endswith("src") or not self._in_src(folder)):
                    return inside
        return ""

    @staticmethod
    def _in_src(folder: str) -> bool:
        return "src" in folder.split("/")[:-1]

    @cached_property
    def _crates(self) -> dict[str, str]:
        """The main file of each crate of the project by its name."""
        found: dict[str, str] = {}
        folders = {
            around for path in self._paths if path.endswith(".rs") for around in _upwards(path.rpartition("/")[0])
        }
        for folder in sorted(folders):
            text = self._text(f"{folder}/Cargo.toml".lstrip("/"))
            if text is None:
                continue
            name, file = _crate(text, folder)
            if name and file in self._paths:
                found.setdefault(name, file)
        return found

    # -- Java ---------------------------------------------------------------------------------------------------

    def _java(self, module: str) -> Module | None:
        place = module.replace(".", "/")
        file = self._java_files.get(place)
        if file:
            return Module((file,), "", (module.rpartition(".")[2],))
        files = self._java_packages.get(place)
        if files:
            return Module(tuple(files), "")
        above, _, last = module.rpartition(".")
        inner = self._java(above) if above and last[:1].isupper() else None
        return inner._replace(rest=(*inner.rest, last)) if inner is not None else None

    @cached_property
    def _java_files(self) -> dict[str, str]:
        """Files by the ends of their paths: `com/example/Thing` for `src/main/java/com/example/Thing.java`."""
        found: dict[str, str] = {}
        for path in sorted(self._paths):
            if path.endswith(".java"):
                for tail in _tails(path.removesuffix(".java")):
                    found.setdefault(tail, path)
        return found

    @cached_property
    def _java_packages(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self._paths):
            if path.endswith(".java"):
                for tail in _tails(path.rpartition("/")[0]):
                    found[tail].append(path)
        return found


def _upwards(folder: str) -> Iterator[str]:
    """A folder and all around it, the root last."""
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""


def _tails(path: str) -> Iterator[str]:
    parts = path.split("/")
    for begin in range(len(parts)):
        yield "/".join(parts[begin:])


_COMMENT: Final = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING: Final = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', re.DOTALL)


def _json(text: str | None) -> dict[str, Any]:
    """An object of JSON with comments and trailing commas; empty when it is none."""
    if not text:
        return {}
    plain = _TRAILING.sub(lambda found: found[1] or "", _COMMENT.sub(lambda found: found[1] or "", text))
    try:
        value: object = json.loads(plain)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _object(source: dict[str, Any], key: str) -> dict[str, Any]:
    value = source.get(key)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _entries(manifest: dict[str, Any]) -> Iterator[str]:
    """The files that a package of JavaScript may begin with; built ones lead to their sources where these are alike."""
    for key in ("source", "types", "module", "main"):
        value = manifest.get(key)
        if isinstance(value, str):
            yield value
            yield re.sub(r"^(\./)?(dist|lib|build|out)/", "src/", value)
    yield "src/index"
    yield "index"


def _crate(text: str, folder: str) -> tuple[str, str]:
    """Name and main file of a crate."""
    try:
        manifest = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return "", ""
    library = _object(manifest, "lib")
    name = library.get("name") or _object(manifest, "package").get("name")
    path = library.get("path")
    file = path if isinstance(path, str) else "src/lib.rs"
    return (name.replace("-", "_") if isinstance(name, str) else ""), f"{folder}/{file}".lstrip("/")
