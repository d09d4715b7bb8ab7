"""Search latency through the gateway of a running Aura: every query of a file, several times, over one connection.

usage: python tests/bench/gateway_search.py QUERIES [--project NAME] [--rounds 3] [--json OUT]

Aura has to run (`aura up --detach`) with the project indexed. QUERIES is a text file with one query a line, a JSON list
of texts or of objects with a `query`, or a folder of such files. Target: p95 <= 60 ms at a million lines.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

from aura_shared.discovery import Discovery, read_discovery
from aura_shared.paths import find_paths


def queries_in(path: Path) -> list[str]:
    """The queries of a file, or of all files in a folder."""
    if path.is_dir():
        return [query for file in sorted(path.iterdir()) if file.is_file() for query in queries_in(file)]
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        found: Any = json.loads(text)
        entries: list[Any] = found.get("queries", []) if isinstance(found, dict) else found
        return [entry if isinstance(entry, str) else entry["query"] for entry in entries]
    if path.suffix == ".jsonl":
        return [json.loads(line)["query"] for line in text.splitlines() if line.strip()]
    return [line.strip() for line in text.splitlines() if line.strip()]


def search(connection: http.client.HTTPConnection, found: Discovery, project: str, query: str) -> tuple[float, float]:
    """Milliseconds of one search as the client sees it, and as the code service measured it."""
    headers = {"Authorization": f"Bearer {found.token}", "Content-Type": "application/json"}
    began = time.perf_counter()
    connection.request("POST", "/v1/search", json.dumps({"project": project, "query": query}), headers)
    response = connection.getresponse()
    content = response.read()
    taken_ms = (time.perf_counter() - began) * 1000
    if response.status != 200:
        raise SystemExit(f"{query!r}: {response.status} {content.decode(errors='replace')[:300]}")
    return taken_ms, float(json.loads(content)["seconds"]) * 1000


def summary(name: str, values_ms: list[float]) -> dict[str, float | str]:
    """The figures of one column."""
    cuts = statistics.quantiles(values_ms, n=100)
    figures = {"p50_ms": cuts[49], "p95_ms": cuts[94], "p99_ms": cuts[98], "max_ms": max(values_ms)}
    return {"what": name, **{key: round(value, 2) for key, value in figures.items()}}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("queries", type=Path)
    parser.add_argument("--project", default=str(Path.cwd()), help="name, identifier or path; default: this folder")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    queries = queries_in(options.queries)
    found = read_discovery(find_paths())
    connection = http.client.HTTPConnection(found.host, found.port, timeout=60)
    for query in queries[:20]:
        search(connection, found, options.project, query)  # Warm up.
    pairs = [search(connection, found, options.project, query) for _ in range(options.rounds) for query in queries]
    results = [
        summary("through the gateway", [pair[0] for pair in pairs]),
        summary("in the code service", [pair[1] for pair in pairs]),
    ]
    print(f"{len(pairs)} searches of {len(queries)} queries in {options.project}, load {os.getloadavg()[0]:.1f}")
    for result in results:
        print("  " + ", ".join(f"{name} {value}" for name, value in result.items()))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
