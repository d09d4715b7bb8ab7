"""Small projects and facts for the tests of the index, made without a parser."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

from aura_code.facts import ChunkFact, FileFacts, ImportFact, ReferenceFact, SkipReason, Stamp, SymbolFact
from aura_code.index import CodeIndex
from aura_shared.messages.code import SearchAnswer, SearchCode, SymbolKind

WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_]{1,79}")
DEFINITIONS = re.compile(r"^(?P<indent> *)(?P<kind>class|def|enum|const) (?P<name>\w+)")
KINDS: Mapping[str, SymbolKind] = {"class": "class", "def": "function", "enum": "enum", "const": "constant"}
LANGUAGES = {"py": "python", "ts": "typescript", "c": "c", "h": "c", "go": "go", "md": "markdown", "json": "json"}


def facts(path: str, text: str, *, chunk_lines: int = 5, language: str | None = None) -> FileFacts:
    """The facts of a file: a definition on every line that begins with `class`, `def`, `enum` or `const`."""
    lines = text.splitlines()
    data = text.encode("utf-8", "surrogatepass")
    return FileFacts(
        path=path,
        stamp=Stamp(len(data), len(data), blake2b(data, digest_size=16).digest()),
        language=LANGUAGES.get(path.rpartition(".")[2], "") if language is None else language,
        lines=len(lines),
        symbols=tuple(_symbols(lines)),
        references=tuple(
            ReferenceFact(match[1], "call", number)
            for number, line in enumerate(lines, 1)
            for match in re.finditer(r"(\w+)\(", line)
        ),
        imports=tuple(
            ImportFact(line.split()[1], tuple(line.split()[2:]), number)
            for number, line in enumerate(lines, 1)
            if line.startswith("import ") and len(line.split()) > 1
        ),
        chunks=tuple(
            ChunkFact(
                first + 1,
                min(first + chunk_lines, len(lines)),
                tuple(Counter(WORDS.findall("\n".join(lines[first : first + chunk_lines]))).items()),
            )
            for first in range(0, len(lines), chunk_lines)
        ),
        broken=False,
        skipped=None,
    )


def _symbols(lines: Sequence[str]) -> list[SymbolFact]:
    found: list[SymbolFact] = []
    container = ""
    for number, line in enumerate(lines, 1):
        match = DEFINITIONS.match(line)
        if match is None:
            continue
        inside = container if match["indent"] else ""
        if not match["indent"]:
            container = match["name"]
        end = number + 1 if number < len(lines) and not line.endswith(";") else number
        kind = "method" if inside and match["kind"] == "def" else KINDS[match["kind"]]
        found.append(SymbolFact(match["name"], kind, inside, number, end, line.strip(), f"About {match['name']}."))
    return found


def skipped(path: str, reason: SkipReason) -> FileFacts:
    """The facts of a file that was not read."""
    return FileFacts(path, Stamp(1, 2, bytes(16)), "", 0, (), (), (), (), broken=False, skipped=reason)


def write_project(root: Path, files: Mapping[str, str]) -> list[FileFacts]:
    """Write files, and give their facts."""
    made: list[FileFacts] = []
    for path, text in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        status = place.stat()
        made.append(facts(path, text))
        made[-1] = made[-1]._replace(stamp=made[-1].stamp._replace(mtime_ns=status.st_mtime_ns, size=status.st_size))
    return made


class Project:
    """A folder with files and its index."""

    def __init__(self, folder: Path, files: Mapping[str, str]) -> None:
        self.root = folder / "project"
        self.root.mkdir()
        self.directory = folder / "index"
        self.index = CodeIndex.create(self.directory)
        self.index.build([write_project(self.root, files)])

    def ask(self, query: str, **more: object) -> SearchAnswer:
        """The answer to a query."""
        return self.index.search(SearchCode.model_validate({"project": "", "query": query, **more}), self.root)

    def paths(self, query: str, *, without: Sequence[str] = (), **more: object) -> list[str]:
        """The paths of the hits of a query."""
        request = SearchCode.model_validate({"project": "", "query": query, **more})
        return [hit.path for hit in self.index.search(request, self.root, without=frozenset(without)).hits]
