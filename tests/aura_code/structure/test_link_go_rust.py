from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from aura_code.structure.store import BY_NAME
from bench.references_samples import SAMPLES, Fact, Use, linked, own_facts, uses_of

pytestmark = pytest.mark.requirement("C3")


def wrong_links(root: Path, facts: list[Fact]) -> list[str]:
    found: dict[tuple[str, int, str], list[Use]] = defaultdict(list)
    with linked(root) as store:
        for use in uses_of(store):
            found[use.path, use.line, use.name].append(use)
    wrong: list[str] = []
    for fact in facts:
        use = found[fact.path, fact.line, fact.name][0]
        if use.target != fact.target and use.confidence != BY_NAME:
            wrong.append(f"{fact.path}:{fact.line} {fact.name} -> {use.target}, is {fact.target}")
    return wrong


@pytest.mark.parametrize("language", ["go", "rust"])
def test_names_of_a_small_project_mean_what_its_comments_say(language: str) -> None:
    facts = own_facts(SAMPLES / language)
    assert len(facts) > 30
    assert wrong_links(SAMPLES / language, facts) == []


def test_an_alias_called_like_what_it_stands_for_ends(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "a"\n', encoding="utf-8")
    source = tmp_path / "src"
    source.mkdir()
    (source / "lib.rs").write_text(
        "pub type Result<T> = Result<T, Error>;\nfn f() -> Result<u32> { g().missing() }\nfn g() -> Result<u32> {}\n",
        encoding="utf-8",
    )
    assert wrong_links(tmp_path, [Fact("src/lib.rs", 2, -1, "g", "src/lib.rs:3")]) == []


def test_items_in_macros_around_them_are_exported(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "a"\n', encoding="utf-8")
    source = tmp_path / "src"
    source.mkdir()
    (source / "lib.rs").write_text(
        "cfg_net! {\n  pub mod net;\n  cfg_more! { pub use net::open; }\n}\nfn f() { crate::open(); net::open(); }\n",
        encoding="utf-8",
    )
    (source / "net.rs").write_text(
        "cfg_unix! { pub fn open() {} }\nlazy! { static ref X: u8 = 1; }\n", encoding="utf-8"
    )
    facts = [Fact("src/lib.rs", 5, 18, "open", "src/net.rs:1"), Fact("src/lib.rs", 5, 31, "open", "src/net.rs:1")]
    assert wrong_links(tmp_path, facts) == []


def test_a_module_hands_on_the_function_that_is_called_like_it(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "a"\n', encoding="utf-8")
    time = tmp_path / "src" / "time"
    time.mkdir(parents=True)
    (tmp_path / "src" / "lib.rs").write_text("mod time;\nfn f() { time::sleep(); }\n", encoding="utf-8")
    (time / "mod.rs").write_text("mod sleep;\npub use sleep::sleep;\n", encoding="utf-8")
    (time / "sleep.rs").write_text("pub fn sleep() {}\n", encoding="utf-8")
    assert wrong_links(tmp_path, [Fact("src/lib.rs", 2, -1, "sleep", "src/time/sleep.rs:1")]) == []


def test_rows_of_a_named_slice_have_its_element_type(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module x\n", encoding="utf-8")
    (tmp_path / "a.go").write_text(
        "package a\n\ntype tree struct{ method string }\n\ntype trees []tree\n\nfunc f(all trees) {\n"
        "\tfor _, tree := range all {\n\t\t_ = tree.method\n\t}\n}\n",
        encoding="utf-8",
    )
    assert wrong_links(tmp_path, [Fact("a.go", 9, -1, "method", "a.go:3")]) == []
