"""How often references of JavaScript and TypeScript names are right, and how many are found, by TypeScript itself.

    python tests/bench/references_typescript.py REPOSITORY... --typescript FOLDER [--sample 1500] [--show 10]

FOLDER holds `node_modules/typescript`, of a version whose language service can be called (`npm install typescript@5`).
Names that are used are drawn at random from all files of a repository; the language service says where each is
defined. Left out are names that it places in a local variable, a parameter, or a type without a name, since those are
no references between definitions. Then for each of the rest:

- precision of a confidence: of the uses that were linked with it, those whose definition is among TypeScript's. A use
  that TypeScript places outside the repository and we inside is wrong. What only the name speaks for is right when the
  definition is among those with that name;
- recall: of the uses that TypeScript places in the repository, those whose definition is among ours, with any
  confidence. Keys of object literals are counted apart, since what they are for is known from types of parameters.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ENDINGS = {".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts"}
CONFIDENCES = ((3, "exact"), (2, "likely"), (1, "by name"))
BY_NAME = 1


class Place(NamedTuple):
    """A name in a repository: path, line from 1, column from 0."""

    path: str
    line: int
    column: int


def script_files(root: Path, largest: int = 300_000) -> list[str]:
    """The files of a repository, as it holds them, that are read."""
    done = subprocess.run(["git", "-C", str(root), "ls-files"], capture_output=True, text=True, check=True)
    return [
        path
        for path in sorted(done.stdout.splitlines())
        if Path(path).suffix in ENDINGS
        and "dist" not in Path(path).parts
        and ".min." not in path
        and (root / path).is_file()
        and (root / path).stat().st_size <= largest
    ]


def ask_peer(typescript: Path, root: Path, files: list[str], sample: int, seed: int) -> list[dict[str, Any]]:
    """What the language service says of names that it draws."""
    script = Path(__file__).with_suffix(".js")
    question = json.dumps({"root": str(root), "files": files, "sample": sample, "seed": seed})
    command = ["node", "--max-old-space-size=4000", str(script), str(typescript.resolve())]
    done = subprocess.run(command, input=question, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


class Ours:
    """What we say of each name."""

    def __init__(self, root: Path, files: list[str], folder: Path) -> None:
        from aura_code.structure.javascript import read_javascript
        from aura_code.structure.store import StructureStore
        from aura_code.syntax import parse_source

        store = StructureStore.open(folder / "structure.db", root)
        structures = []
        begun = time.process_time()
        for path in files:
            file = parse_source(path, (root / path).read_bytes())
            if file is not None:
                structures.append((b"", read_javascript(file)))
        self.read_s = time.process_time() - begun
        begun = time.process_time()
        store.put_many(structures)
        store.link()
        self.link_s = time.process_time() - begun
        symbols: list[Any] = store.rows(
            "SELECT f.path, s.line, s.column, s.id, s.name, s.parent, s.kind "
            "FROM symbols s JOIN files f ON f.id = s.file"
        )
        uses: list[Any] = store.rows(
            "SELECT f.path, u.line, u.column, u.target, u.confidence FROM uses u JOIN files f ON f.id = u.file"
        )
        store.close()
        self.place_of = {row[3]: Place(*row[:3]) for row in symbols}
        self.at: dict[Place, set[int]] = defaultdict(set)
        self.on_line: dict[tuple[str, int], set[int]] = defaultdict(set)
        self.by_name: dict[str, set[int]] = defaultdict(set)
        self.nameless: dict[tuple[str, str], set[int]] = defaultdict(set)
        for path, line, column, number, name, parent, kind in symbols:
            self.at[Place(path, line, column)].add(number)
            self.by_name[name].add(number)
            if parent is None:
                self.on_line[path, line].add(number)
            if kind == "constructor" and parent is not None:
                self.at[Place(path, line, column)].add(parent)
            if name in {"default", "exports"} and parent is None:
                self.nameless[path, name].add(number)
        self.uses: dict[Place, list[tuple[int | None, int]]] = defaultdict(list)
        for path, line, column, target, confidence in uses:
            self.uses[Place(path, line, column)].append((target, confidence))


class Score:
    """Counts of one repository."""

    def __init__(self) -> None:
        self.right: Counter[int] = Counter()
        self.wrong: Counter[int] = Counter()
        self.found: Counter[str] = Counter()
        self.expected: Counter[str] = Counter()
        self.unknown = 0
        self.notes: list[str] = []

    def take(self, ours: Ours, answer: dict[str, Any]) -> None:
        """Count one name."""
        place = Place(answer["path"], answer["line"], answer["column"])
        definitions = answer["definitions"]
        if not definitions or any(one.get("module") for one in definitions):
            self.unknown += 1
            return
        theirs = [Place(one["path"], one["line"], one["column"]) for one in definitions if one["path"]]
        meant = {number for one in theirs for number in ours.at.get(one, ())}
        for one in definitions:
            if one.get("assigned"):  # `var x = module.exports = …` is where `module.exports` stands for TypeScript.
                meant |= ours.on_line[one["path"], one["line"]]
        for one in theirs:
            if answer["shape"] in {"import", "name"} and not ours.at.get(one):
                meant |= ours.nameless[one.path, "default"] | ours.nameless[one.path, "exports"]
        said = ours.uses.get(place, [])
        linked = [(target, confidence) for target, confidence in said if target is not None]
        counts = bool(theirs) and not all(one["local"] for one in definitions if one["path"])
        self._linked(ours, answer, linked, meant, theirs, counts=counts)
        if not counts:
            return
        by_name = any(confidence == BY_NAME for _, confidence in said)
        found = any(target in meant for target, _ in linked)
        if not found and not linked and by_name:
            found = bool(ours.by_name[answer["name"]] & meant)
            (self.right if found else self.wrong)[BY_NAME] += 1
        shape = "key" if answer["shape"] == "key" else "other"
        self.expected[shape] += 1
        self.found[shape] += found
        if not found and not linked and shape != "key":
            self.notes.append(
                f"missed  {shown(place)} {answer['name']}: it is {', '.join(map(shown, theirs))}; we say {said}"
            )

    def _linked(
        self,
        ours: Ours,
        answer: dict[str, Any],
        linked: list[tuple[Any, int]],
        meant: set[int],
        theirs: list[Place],
        *,
        counts: bool,
    ) -> None:
        if not linked or (not counts and theirs and not meant):
            return
        place = Place(answer["path"], answer["line"], answer["column"])
        confidence = max(confidence for _, confidence in linked)
        if any(target in meant for target, _ in linked):
            self.right[confidence] += 1
            return
        self.wrong[confidence] += 1
        we = shown(ours.place_of.get(linked[0][0]))
        they = ", ".join(map(shown, theirs)) or "outside"
        self.notes.append(f"wrong {confidence} {shown(place)} {answer['name']}: we say {we}, it is {they}")


def shown(place: Place | None) -> str:
    """A place as a person writes it."""
    return f"{place.path}:{place.line}:{place.column}" if place is not None else "?"


def lines(score: Score) -> Iterator[str]:
    """The figures of one repository."""
    for number, word in CONFIDENCES:
        right, wrong = score.right[number], score.wrong[number]
        share = f"{right / (right + wrong):.3f}" if right + wrong else "  -  "
        yield f"  {word:8} precision {share} ({right} of {right + wrong})"
    found, expected = score.found, score.expected
    for word, number, of in (
        ("recall", found["other"], expected["other"]),
        ("recall with keys of object literals", found.total(), expected.total()),
    ):
        yield f"  {word} {number / of if of else 0:.3f} ({number} of {of})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--typescript", type=Path, required=True)
    parser.add_argument("--sample", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[], help="folders of the repository to read")
    parser.add_argument("--answers", type=Path, help="folder that keeps what TypeScript said")
    options = parser.parse_args()
    total = Score()
    for repository in options.repositories:
        root = repository.resolve()
        files = [path for path in script_files(root) if not options.only or path.startswith(tuple(options.only))]
        kept = options.answers / f"{root.name}-{options.sample}-{options.seed}.json" if options.answers else None
        if kept is not None and kept.exists():
            answers = json.loads(kept.read_text())
        else:
            answers = ask_peer(options.typescript, root, files, options.sample, options.seed)
            if kept is not None:
                kept.write_text(json.dumps(answers))
        with tempfile.TemporaryDirectory() as folder:
            ours = Ours(root, files, Path(folder))
        score = Score()
        for answer in answers:
            score.take(ours, answer)
        spent = f"read {ours.read_s:.1f} s, linked {ours.link_s:.1f} s"
        print(f"{root.name}: {len(files)} files, {len(answers)} names; {spent}")
        print(*lines(score), sep="\n")
        print(*score.notes[: options.show], sep="\n")
        for name in ("right", "wrong", "found", "expected"):
            getattr(total, name).update(getattr(score, name))
    print("all")
    print(*lines(total), sep="\n")


if __name__ == "__main__":
    main()
