"""How often references of Python names are right, and how many are found, by the answers of jedi.

    python tests/bench/references_python.py REPOSITORY... --peer-python PYTHON [--sample 400] [--show 10]

PYTHON is one that has jedi. Names that are read or written are drawn at random from all files of a repository, among
those that the repository itself defines somewhere; jedi says where each is defined (`goto`, imports followed). Left
out are names that jedi places outside the repository, or in a local variable or parameter, since those are no
references between definitions. Then for each of the rest:

- precision of a confidence: of the uses that were linked with it, those whose definition is among jedi's;
- recall: of the uses that jedi places in the repository, those whose definition is among ours, with any confidence.

Uses that jedi knows nothing about say nothing of our precision; how many there are is printed.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

SKIPPED = {"self", "cls", "_"}


class Place(NamedTuple):
    """A name in a repository: path, line from 1, column from 0."""

    path: str
    line: int
    column: int


def python_files(root: Path) -> list[Path]:
    """The Python files of a repository."""
    return [path for path in sorted(root.rglob("*.py")) if path.is_file() and "/." not in str(path.relative_to(root))]


def names(path: Path, shown: str) -> tuple[set[str], list[tuple[str, Place]]]:
    """The names that a file defines, and those that it uses."""
    defined: set[str] = set()
    used: list[tuple[str, Place]] = []
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return defined, used
    if not text.isascii():  # Columns of `ast` are bytes.
        return defined, used
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            defined.add(node.name)
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                defined.add(node.id)
            used.append((node.id, Place(shown, node.lineno, node.col_offset)))
        elif isinstance(node, ast.Attribute):
            if isinstance(node.ctx, ast.Store):
                defined.add(node.attr)
            assert node.end_col_offset is not None
            assert node.end_lineno is not None
            used.append((node.attr, Place(shown, node.end_lineno, node.end_col_offset - len(node.attr))))
        elif isinstance(node, ast.ImportFrom):
            used.extend((name.name, Place(shown, name.lineno, name.col_offset)) for name in node.names)
    return defined, used


def draw(root: Path, count: int, seed: int) -> list[Place]:
    """Names at random, among those that the repository defines."""
    defined: set[str] = set()
    used: list[tuple[str, Place]] = []
    for path in python_files(root):
        here, there = names(path, path.relative_to(root).as_posix())
        defined |= here
        used += there
    wanted = [place for name, place in used if name in defined and name not in SKIPPED]
    return random.Random(seed).sample(wanted, min(count, len(wanted)))


# The peer


def serve_peer() -> None:
    """Answers a list of places from the standard input with what jedi says; runs under the peer's Python."""
    import jedi  # pyright: ignore[reportMissingImports]

    asked = json.load(sys.stdin)
    root = Path(asked["root"])
    project = jedi.Project(root, added_sys_path=[str(root), str(root / "src"), str(root / "lib")])
    scripts: dict[str, Any] = {}

    def stop(_signal: int, _frame: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    for path, line, column in asked["places"]:
        if path not in scripts:
            scripts[path] = jedi.Script(path=root / path, project=project)
        try:
            signal.alarm(10)
            found = scripts[path].goto(line, column, follow_imports=True)
            answer = [described(name, root) for name in found]
        except TimeoutError:
            answer = None
        except Exception:  # noqa: BLE001 - whatever goes wrong in the peer is an answer that it does not give
            answer = None
        finally:
            signal.alarm(0)
        print(json.dumps(answer), flush=True)


def described(name: Any, root: Path) -> dict[str, object]:  # noqa: ANN401 - of the peer
    """What jedi says of one definition."""
    path = name.module_path
    inside = path is not None and root in Path(path).parents
    parent = name.parent() if inside and name.type != "module" else None
    return {
        "path": Path(path).relative_to(root).as_posix() if inside and path is not None else "",
        "line": name.line or 0,
        "column": name.column or 0,
        "type": name.type,
        "local": name.type == "param" or (parent is not None and parent.type == "function"),
    }


def ask_peer(python: str, root: Path, places: list[Place], kept: Path | None) -> list[list[dict[str, Any]] | None]:
    """What jedi says of each place; None where it fails."""
    if kept is not None and kept.exists():
        known = json.loads(kept.read_text())
        if known["places"] == [list(place) for place in places]:
            return known["answers"]
    asked = json.dumps({"root": str(root), "places": places})
    command = [python, __file__, "--serve-peer"]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if kept is not None:
        kept.write_text(json.dumps({"places": places, "answers": answers}))
    return answers


# Ours


class Ours:
    """What we say of each name."""

    def __init__(self, root: Path, folder: Path) -> None:
        from aura_code.structure.python import read_python
        from aura_code.structure.store import StructureStore
        from aura_code.syntax import parse_source

        self._root = root
        store = StructureStore.open(folder / "structure.db", root)
        structures = []
        begun = time.process_time()
        for path in python_files(root):
            file = parse_source(path.relative_to(root).as_posix(), path.read_bytes())
            if file is not None:
                structures.append((b"", read_python(file)))
        self.read_s = time.process_time() - begun
        begun = time.process_time()
        store.put_many(structures)
        store.link()
        self.link_s = time.process_time() - begun
        definitions = store.rows(
            "SELECT f.path, s.line, s.column, (SELECT min(o.id) FROM symbols o WHERE o.file = s.file AND "
            "o.qualified = s.qualified), s.id FROM symbols s JOIN files f ON f.id = s.file"
        )
        uses = store.rows(
            "SELECT f.path, u.line, u.column, u.target, u.confidence, u.kind FROM uses u JOIN files f ON f.id = u.file"
        )
        self.definitions: dict[Place, Any] = {Place(*row[:3]): row[3] for row in definitions}  # pyright: ignore[reportArgumentType]
        # Overloads, and the accessors of a property, count as one definition.
        first = {row[4]: row[3] for row in definitions}
        self.place_of = {row[3]: Place(*row[:3]) for row in reversed(definitions)}  # pyright: ignore[reportArgumentType]
        self.uses: dict[Place, Any] = {
            Place(*row[:3]): (first.get(row[3]), *row[4:])  # pyright: ignore[reportArgumentType]
            for row in uses
        }
        store.close()

    def is_shared(self, place: Place) -> bool:
        """Whether a place defines something, be it an attribute in a method, that is no local name."""
        line = (self._root / place.path).read_text(encoding="utf-8").split("\n")[place.line - 1]
        return place in self.definitions or line[: place.column].endswith(".")

    def meant(self, place: Place) -> object:
        """The definition at a place, or that is meant there; None for none."""
        found = self.definitions.get(place)
        if found is None and place in self.uses:
            found = self.uses[place][0]
        return found


class Score:
    """Counts of one repository."""

    def __init__(self) -> None:
        self.right: Counter[int] = Counter()
        self.wrong: Counter[int] = Counter()
        self.silent: Counter[int] = Counter()
        self.outside: Counter[int] = Counter()
        self.found = 0
        self.expected = 0
        self.notes: list[str] = []

    def take(self, ours: Ours, place: Place, answer: list[dict[str, Any]] | None) -> None:
        """Count one name."""
        target, confidence = (ours.uses[place][0], ours.uses[place][1]) if place in ours.uses else (None, 0)
        if not answer:
            self.silent[confidence] += 1
            return
        inside = [one for one in answer if one["path"] and one["line"] and one["type"] != "module"]
        if not inside:
            self.outside[confidence] += 1
            if target is not None:
                self._wrong(ours, place, confidence, answer)
            return
        places = [Place(one["path"], one["line"], one["column"]) for one in inside]
        if all(one["local"] for one in inside) and not any(map(ours.is_shared, places)):
            return
        meant = {ours.meant(one) for one in places} - {None}
        if place in ours.definitions:
            return
        self.expected += 1
        if target is None:
            self.notes.append(f"missed  {shown(place)}: jedi says {', '.join(map(shown, places))}")
        elif target in meant:
            self.found += 1
            self.right[confidence] += 1
        else:
            self._wrong(ours, place, confidence, answer)

    def _wrong(self, ours: Ours, place: Place, confidence: int, answer: list[dict[str, Any]]) -> None:
        self.wrong[confidence] += 1
        said = ours.place_of.get(ours.uses[place][0])
        theirs = ", ".join(f"{one['path'] or 'outside'}:{one['line']}" for one in answer)
        self.notes.append(f"wrong {confidence} {shown(place)}: we say {shown(said)}, jedi says {theirs}")


def shown(place: Place | None) -> str:
    """A place as a person writes it."""
    return f"{place.path}:{place.line}:{place.column}" if place is not None else "?"


def lines(score: Score) -> Iterator[str]:
    """The figures of one repository."""
    for number, word in ((3, "exact"), (2, "likely"), (1, "by name")):
        right, wrong, silent = score.right[number], score.wrong[number], score.silent[number]
        share = f"{right / (right + wrong):.3f}" if right + wrong else "  -  "
        yield f"  {word:8} precision {share} ({right} of {right + wrong}); {silent} that jedi does not know"
    share = f"{score.found / score.expected:.3f}" if score.expected else "-"
    yield f"  recall {share} ({score.found} of {score.expected})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="*", type=Path)
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--sample", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the answers of jedi, to use them again")
    parser.add_argument("--serve-peer", action="store_true")
    options = parser.parse_args()
    if options.serve_peer:
        serve_peer()
        return
    total = Score()
    for repository in options.repositories:
        root = repository.resolve()
        places = draw(root, options.sample, options.seed)
        begun = time.monotonic()
        answers = ask_peer(
            options.peer_python, root, places, options.keep / f"{root.name}.json" if options.keep else None
        )
        peer_s = time.monotonic() - begun
        with tempfile.TemporaryDirectory() as folder:
            ours = Ours(root, Path(folder))
        score = Score()
        for place, answer in zip(places, answers, strict=True):
            score.take(ours, place, answer)
        print(
            f"{root.name}: {len(places)} names; read {ours.read_s:.1f} s, linked {ours.link_s:.1f} s, "
            f"jedi {peer_s:.0f} s"
        )
        print(*lines(score), sep="\n")
        print(*score.notes[: options.show], sep="\n")
        for name in ("right", "wrong", "silent", "outside"):
            getattr(total, name).update(getattr(score, name))
        total.found += score.found
        total.expected += score.expected
    print("all")
    print(*lines(total), sep="\n")


if __name__ == "__main__":
    main()
