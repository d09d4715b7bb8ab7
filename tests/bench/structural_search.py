"""Prints how long structural search takes over folders with source code, without the help of the index.

usage: python tests/bench/structural_search.py FOLDER...
"""

from __future__ import annotations

import sys
from pathlib import Path

from aura_code.patterns_search.searching import Candidate, structural_search
from aura_languages import languages
from aura_shared.messages.similar import SearchStructure

QUERIES: tuple[dict[str, str], ...] = (
    {"pattern": "requests.get($$$)"},
    {"pattern": "if ($A == null) { $$$ }"},
    {"pattern": "if err != nil { return $$$ }"},
    {"pattern": "$X.unwrap()"},
    {"pattern": "isinstance($A, str)"},
    {"pattern": "$A == $A"},
    {"rule": "kind: call\nhas: {field: function, regex: '^eval$'}"},
)


def main() -> None:
    """Run it."""
    for folder in map(Path, sys.argv[1:]):
        files: list[Candidate] = []
        lines = 0
        for path in sorted(folder.rglob("*")):
            spec = languages().of(path.name, b"") if path.is_file() and not path.is_symlink() else None
            if spec is not None and spec.grammar is not None:
                files.append(Candidate(path.relative_to(folder).as_posix(), spec.id))
                lines += path.read_bytes().count(b"\n")
        print(f"{folder.name}: {len(files):,} files, {lines:,} lines")
        for query in QUERIES:
            request = SearchStructure.model_validate({"project": folder.name, "limit": 500, "budget": 0, **query})
            answer = structural_search(folder, files, request, deadline_s=300)
            more = "+" if answer.more else ""
            print(f"  {answer.seconds:6.2f} s  {answer.files:6,} parsed  {len(answer.hits):4}{more} hits  {query}")


if __name__ == "__main__":
    main()
