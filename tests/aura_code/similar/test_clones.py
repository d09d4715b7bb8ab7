"""Copies of functions: found when they are, left alone when they only look like it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from aura_code.similar.clones import Fingerprints, fingerprints_of, unpack
from aura_code.similar.finding import find_clones, similar_to
from aura_code.similar.store import SimilarReader, SimilarStore
from aura_code.similar.tokens import LITERAL, NAME, read_tokens
from aura_code.syntax import parse_source
from aura_shared.errors import NotFound, NotReady, UsageProblem
from aura_shared.messages.similar import FindClones, FindSimilar

pytestmark = pytest.mark.requirement("C3")

SUM = '''
def total_of_open_orders(orders, rates, currency):
    """What is to be paid."""
    total = 0
    for order in orders:
        if order.closed or order.amount <= 0:
            continue
        rate = rates.get(order.currency)
        if rate is None:
            raise LookupError("no rate for " + order.currency)
        total += order.amount * rate
    return round(total / rates[currency], 2)
'''
RENAMED = SUM.replace("total_of_open_orders", "sum_of_orders").replace("total", "summed")
CHANGED = SUM.replace("        rate = rates", "        audit(order)\n        rate = rates")
OTHER = """
def write_report(folder, people, template):
    lines = []
    for number, person in enumerate(sorted(people)):
        with open(folder / f"{number}.txt") as file:
            text = file.read().strip()
        if text:
            lines.append(template.format(name=person, text=text))
        else:
            lines.append(f"{person}: nothing to say")
    (folder / "report.txt").write_text("\\n".join(lines))
"""
SCRIPT = """
class Pool {
  async take(key, timeout) {
    const waiting = this.waiting.get(key) || [];
    while (this.busy.has(key)) {
      if (Date.now() > timeout) {
        throw new Error(`no connection for ${key}`);
      }
      await new Promise((done) => waiting.push(done));
    }
    this.busy.add(key);
    return this.connections.get(key);
  }
}
"""
GO = """
package pool

func (p *Pool) Take(key string, until time.Time) (*Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.busy[key] {
		if time.Now().After(until) {
			return nil, fmt.Errorf("no connection for %s", key)
		}
		p.cond.Wait()
	}
	p.busy[key] = true
	return p.conns[key], nil
}
"""
RUST = """
mod pool {
    impl Pool<Conn> {
        pub fn take(&mut self, key: &str, until: Instant) -> Result<&Conn, Error> {
            while self.busy.contains(key) {
                if Instant::now() > until {
                    return Err(Error::new(format!("no connection for {}", key)));
                }
                self.cond.wait();
            }
            self.busy.insert(key.to_string());
            self.conns.get(key).ok_or_else(|| Error::new("gone"))
        }
    }
}
"""
JAVA = """
class Pool {
    Conn take(String key, Instant until) throws PoolException {
        while (busy.contains(key)) {
            if (Instant.now().isAfter(until)) {
                throw new PoolException("no connection for " + key);
            }
            condition.awaitUninterruptibly();
        }
        busy.add(key);
        Conn found = connections.get(key);
        return found == null ? open(key) : found;
    }
}
"""
C = """
static struct conn *take(struct pool *pool, const char *key, time_t until)
{
    while (is_busy(pool, key)) {
        if (time(NULL) > until) {
            fprintf(stderr, "no connection for %s", key);
            return NULL;
        }
        pthread_cond_wait(&pool->cond, &pool->lock);
    }
    set_busy(pool, key, 1);
    return lookup(pool->conns, key);
}
"""


def read(path: str, text: str) -> Fingerprints:
    file = parse_source(path, text.encode())
    assert file is not None
    return fingerprints_of(file)


@pytest.fixture
def store(tmp_path: Path) -> SimilarStore:
    return SimilarStore.open(tmp_path / "similar.db")


def fill(store: SimilarStore, **files: str) -> None:
    paths = {name: name.replace("__", "/") + ".py" for name in files}
    store.put_many([(paths[name], paths[name].encode(), read(paths[name], text)) for name, text in files.items()])


def clones(store: SimilarReader, **more: object) -> list[tuple[str, list[str]]]:
    answer = find_clones(store, FindClones.model_validate({"project": "p", **more}))
    return [(group.kind, [f"{place.path}:{place.start_line}" for place in group.places]) for group in answer.groups]


@pytest.mark.parametrize(
    ("copy", "kind"), [(SUM, "exact"), (RENAMED, "renamed"), (CHANGED, "changed")], ids=["exact", "renamed", "changed"]
)
def test_a_copy_is_found_and_its_kind_is_told(store: SimilarStore, copy: str, kind: str) -> None:
    fill(store, a=SUM + OTHER, b="\n\n" + copy)
    assert [(found, sorted(places)) for found, places in clones(store)] == [(kind, ["a.py:2", "b.py:4"])]


def test_a_group_says_what_differs_and_whether_sharing_pays(store: SimilarStore) -> None:
    fill(store, a=SUM, b=RENAMED)
    (group,) = find_clones(store, FindClones(project="p")).groups
    assert (group.names, group.literals, group.changed_lines, group.extract) == (2, 0, 0, True)
    assert group.lines == 11
    assert group.saves_lines == 5
    assert group.advice == "2 names differ: a shared function could take that as parameters."
    assert group.places[1].symbol == "sum_of_orders"


def test_code_that_only_has_something_in_common_is_no_copy(store: SimilarStore) -> None:
    fill(store, a=SUM, b=OTHER)
    answer = find_clones(store, FindClones(project="p"))
    assert answer.groups == []
    assert answer.functions == 2
    assert answer.reason.startswith("None of 2 functions is a copy")


def test_the_same_shape_with_other_names_is_no_copy(store: SimilarStore) -> None:
    def keeps(names: str) -> str:
        body = "".join(f"    self.{name} = check_{name}({name}, {name}_limit)\n" for name in names.split())
        first, second = names.split()[:2]
        return f"def set_{first}(self, context):\n{body}    if context:\n        return start_{second}()\n"

    fill(store, a=keeps("host port user scheme query"), b=keeps("width height depth colour border"))
    assert clones(store) == []


def test_short_functions_that_differ_in_many_things_are_no_copies(store: SimilarStore) -> None:
    text = (
        "def write(out, value):\n    out.begin_object(strict=True)\n    out.name('date')\n"
        "    adapter.write(out, value.to_date())\n    out.name('time')\n    adapter.write(out, value.to_time())\n"
        "    out.flush(out.size(), strict=True)\n    return out.end_object(strict=True)\n"
    )
    other = text
    for old, new in (("date'", "zone'"), ("time'", "offset'"), ("to_date", "zone"), ("to_time", "offset")):
        other = other.replace(old, new)
    fill(store, a=text, b=other)
    assert len(clones(store)) == 1
    fill(store, b=other.replace("flush", "close").replace("size", "used"))
    assert clones(store) == []


def test_tables_of_texts_in_several_languages_are_no_copies(store: SimilarStore) -> None:
    def texts(mark: str) -> str:
        cases = "".join(
            f"    if code == Code.{name} and not (strict or quiet[level - {at}]):\n"
            f"        return found.get('{mark} {name}', say)\n"
            for at, name in enumerate(["missing", "twice", "late", "early", "broken", "wrong", "other", "gone"])
        )
        return f"def text(code, strict, quiet, level, found, say):\n{cases}"

    literals = [texts("de"), texts("fr").replace("level - ", "level - 9")]
    fill(store, a=literals[0], b=literals[1])
    assert clones(store) == []


@pytest.mark.parametrize(
    "text",
    [
        "def short(a, b):\n    return a.value + b.value\n",
        "# Code generated by a tool. DO NOT EDIT.\n" + SUM,
        "def table():\n    return {\n" + "".join(f"        'name{n}': {n},\n" for n in range(40)) + "    }\n",
        "class A:\n    def f(\n        self,\n"
        + "".join(f"        name{n}: Kind{n} | None = None,\n" for n in range(12))
        + "    ) -> Result: ...\n",
        "def many():\n" + "    call(value)\n" * 40,
    ],
    ids=["too short", "generated", "data", "only a head", "one statement over and over"],
)
def test_what_is_not_worth_comparing_has_no_fingerprint(text: str) -> None:
    assert read("a.py", text).units == ()


def test_tests_count_on_request_only(store: SimilarStore) -> None:
    fill(store, tests__test_a=SUM, tests__test_b=SUM)
    assert clones(store) == []
    assert len(clones(store, tests=True)) == 1


def test_filters_narrow_the_groups(store: SimilarStore) -> None:
    fill(store, src__a=SUM, src__b=SUM, lib__c=RENAMED + OTHER, lib__d=OTHER)
    assert len(clones(store)) == 2
    assert len(clones(store, kinds=["renamed"])) == 1
    assert len(clones(store, paths=["src/"])) == 1
    assert clones(store, languages=["go"]) == []
    assert clones(store, min_lines=40) == []
    answer = find_clones(store, FindClones(project="p", limit=1))
    assert (len(answer.groups), answer.total, answer.more) == (1, 2, True)


def test_a_copy_within_a_copied_function_is_not_told_twice(store: SimilarStore) -> None:
    outer = "def outer(items):\n    prepare(items)\n    check(items, strict=True)\n" + "".join(
        f"    {line}\n" for line in SUM.strip().splitlines()
    )
    fill(store, a=outer, b=outer)
    assert clones(store) == [("exact", ["a.py:1", "b.py:1"])]


def test_many_copies_are_one_group(store: SimilarStore) -> None:
    fill(store, **{f"m{number}": SUM for number in range(60)})
    ((kind, places),) = clones(store)
    assert (kind, len(places)) == ("exact", 60)


def test_a_changed_file_replaces_what_was_known_of_it(store: SimilarStore, tmp_path: Path) -> None:
    fill(store, a=SUM, b=SUM)
    store.put("b.py", b"new", read("b.py", OTHER))
    assert clones(store) == []
    store.put("b.py", b"newer", read("b.py", SUM))
    with SimilarReader.opened(tmp_path / "similar.db") as reader:
        assert len(clones(reader)) == 1
        assert reader.digests() == {"a.py": b"a.py", "b.py": b"newer"}
        store.forget(["b.py"])
        store.put("c.py", b"c", None)
        assert reader.digests() == {"a.py": b"a.py"}
    store.close()


def test_nothing_analysed_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="not analysed yet"), SimilarReader.opened(tmp_path / "similar.db"):
        pass


def test_fingerprints_of_another_version_are_not_read(tmp_path: Path, store: SimilarStore) -> None:
    store.close()
    connection = sqlite3.connect(tmp_path / "similar.db")
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(NotReady, match="made anew"), SimilarReader.opened(tmp_path / "similar.db"):
        pass


def test_an_empty_store_says_why_there_is_nothing(store: SimilarStore) -> None:
    assert find_clones(store, FindClones(project="p")).reason.startswith("No function of at least 6 lines")


def test_what_is_like_a_function_is_found_by_its_place(store: SimilarStore) -> None:
    fill(store, a=OTHER + SUM, b=CHANGED, c=RENAMED)
    answer = similar_to(store, FindSimilar(project="p", path="a.py", line=20))
    assert [(place.path, place.kind) for place in answer.places] == [("c.py", "renamed"), ("b.py", "changed")]
    assert similar_to(store, FindSimilar(project="p", path="a.py", line=3)).reason.startswith("Nothing among 4")
    few = similar_to(store, FindSimilar(project="p", path="a.py", line=20, limit=1))
    assert (len(few.places), few.more) == (1, True)


def test_what_is_like_a_piece_of_code_is_found(store: SimilarStore) -> None:
    fill(store, a=SUM, b=OTHER)
    for language in ("", "python"):
        answer = similar_to(store, FindSimilar(project="p", code=RENAMED, language=language))
        assert [place.path for place in answer.places] == ["a.py"]
    assert similar_to(store, FindSimilar(project="p", code=RENAMED, language="go")).places == []


def test_a_question_without_a_place_or_enough_code_is_refused(store: SimilarStore) -> None:
    fill(store, a=SUM)
    with pytest.raises(UsageProblem, match="found neither"):
        similar_to(store, FindSimilar(project="p", path="a.py"))
    with pytest.raises(UsageProblem, match="too short"):
        similar_to(store, FindSimilar(project="p", code="x = 1"))
    with pytest.raises(NotFound, match=r"a\.py:900"):
        similar_to(store, FindSimilar(project="p", path="a.py", line=900))


@pytest.mark.parametrize(
    ("path", "text", "symbol"),
    [
        ("a.js", SCRIPT, "Pool.take"),
        ("a.ts", SCRIPT, "Pool.take"),
        ("a.tsx", SCRIPT, "Pool.take"),
        ("a.go", GO, "Take"),
        ("a.rs", RUST, "pool.Pool.take"),
        ("a.java", JAVA, "Pool.take"),
        ("a.c", C, "take"),
        ("a.cpp", C, "take"),
    ],
)
def test_copies_are_found_in_every_language(store: SimilarStore, path: str, text: str, symbol: str) -> None:
    store.put_many([(name + path, b"", read(name + path, text)) for name in ("x/", "y/")])
    (group,) = find_clones(store, FindClones(project="p")).groups
    assert [(place.symbol, place.path) for place in group.places] == [(symbol, "x/" + path), (symbol, "y/" + path)]


def test_tests_within_a_rust_file_are_left_out() -> None:
    assert read("a.rs", RUST.replace("mod pool", "mod tests")).units == ()


def test_a_function_kept_in_a_variable_has_its_name() -> None:
    function = SCRIPT.replace("class Pool {", "").replace(
        "async take(key, timeout)", "const take = async (key, timeout) =>"
    )
    assert [unit.symbol for unit in read("a.js", function.rpartition("}")[0]).units] == ["take"]


def test_tokens_know_their_lines_and_kinds() -> None:
    tokens = read_tokens(b'x = """a\nb"""  # why\n\nif y: z(1.5)\n', "python")
    assert tokens.lines.tolist() == [1, 1, 1, 4, 4, 4, 4, 4, 4, 4]
    assert [tokens.kinds.tolist().count(kind) for kind in (NAME, LITERAL)] == [3, 2]


def test_a_kept_function_gives_back_its_tokens() -> None:
    (unit,) = read("a.py", SUM).units
    tokens = read_tokens(SUM.encode(), "python")
    kept = unpack(unit.body, unit.start_line)
    assert kept.hashes.tolist() == tokens.hashes.tolist()
    assert kept.lines.tolist() == tokens.lines.tolist()
