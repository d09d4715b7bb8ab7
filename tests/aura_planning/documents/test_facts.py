"""Facts of a repository by file and line, and what one sentence asks for."""

# ruff: noqa: E501 - one sentence a line reads best

from __future__ import annotations

from pathlib import Path

import pytest

from aura_planning.documents.demands import read_idea
from aura_planning.documents.drafting import assemble, outline_of, plan_parts
from aura_planning.documents.facts import collect_facts, line_text, list_files, one_line
from aura_planning.documents.manifests import MANIFESTS, read_manifest

pytestmark = pytest.mark.requirement("A1")

POM = """<project>
  <parent><artifactId>parent</artifactId></parent>
  <artifactId>shop</artifactId>
  <description>Sells books.</description>
  <dependencies>
    <dependency><groupId>g</groupId><artifactId>spring-boot-starter-web</artifactId></dependency>
  </dependencies>
</project>
"""
FILES: list[tuple[str, str, list[tuple[str, str, int]]]] = [
    ("pyproject.toml", '[tool.poetry]\nname = "shop"\n[tool.poetry.dependencies]\npython = "^3.11"\ndjango = "*"\n[tool.poetry.scripts]\nshop = "shop:main"\n',
     [("name", "shop", 2), ("framework", "Django", 5), ("dependency", "django", 5), ("entry", "shop", 7)]),
    ("package.json", '{\n  "name": "shop",\n  "main": "index.js",\n  "bin": {\n    "sell": "cli.js"\n  },\n  "scripts": {\n    "test": "jest"\n  },\n  "dependencies": {\n    "react": "18"\n  }\n}\n',
     [("name", "shop", 2), ("framework", "React", 11), ("dependency", "react", 11), ("entry", "sell", 5), ("entry", "index.js", 3), ("run-tests", "npm test", 8)]),
    ("Cargo.toml", '[package]\nname = "shop"\ndescription = "Sells."\n[dependencies]\ntokio = "1"\n',
     [("name", "shop", 2), ("description", "Sells.", 3), ("framework", "Tokio", 5), ("dependency", "tokio", 5), ("run-tests", "cargo test", 1)]),
    ("go.mod", "module example/shop\n\nrequire (\n\tgithub.com/gin-gonic/gin v1.9.0\n\tgolang.org/x/net v0.1.0 // indirect\n)\n",
     [("name", "example/shop", 1), ("run-tests", "go test ./...", 1), ("framework", "Gin", 4), ("dependency", "github.com/gin-gonic/gin", 4)]),
    ("requirements.txt", "# web\nflask==3\n-r dev.txt\nrequests\n", [("framework", "Flask", 2), ("dependency", "flask", 2), ("dependency", "requests", 4)]),
    ("composer.json", '{\n "name": "a/shop",\n "require": {\n  "php": "8",\n  "laravel/framework": "10"\n }\n}\n',
     [("name", "a/shop", 2), ("framework", "Laravel", 5), ("dependency", "laravel/framework", 5)]),
    ("pom.xml", POM, [("name", "shop", 3), ("description", "Sells books.", 4), ("framework", "Spring Boot", 6), ("dependency", "spring-boot-starter-web", 6), ("run-tests", "mvn test", 1)]),
    ("build.gradle", "dependencies {\n  testImplementation 'junit:junit:4'\n}\n", [("framework", "JUnit", 2), ("dependency", "junit", 2)]),
    ("Gemfile", "gem 'rails', '7'\n", [("framework", "Ruby on Rails", 1), ("dependency", "rails", 1)]),
    ("Shop.csproj", '<Project>\n<PackageReference Include="Dapper" Version="2" />\n', [("dependency", "Dapper", 2)]),
    ("package.json", "{", []),
    ("pyproject.toml", "[project\n", []),
    ("package.json", '["a", "list"]', []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "expected"), FILES, ids=[f"{n}-{one[0]}" for n, one in enumerate(FILES)])
def test_a_manifest_says_what_it_says_and_in_which_line(
    name: str, text: str, expected: list[tuple[str, str, int]]
) -> None:
    assert [(topic, words, line) for topic, words, line, _ in read_manifest(name, text)] == expected
    assert name.endswith(".csproj") or name in MANIFESTS


DEMANDS = [
    ("Export invoices as CSV", ["The system shall export invoices as CSV."]),
    ("Add dark mode to the settings and remember the choice.", ["The system shall provide dark mode to the settings.", "The system shall remember the choice."]),
    ("As an admin, I want to see all orders so that I can help", ["The system shall let the admin see all orders."]),
    ("As an admin, I want a list of orders", ["The system shall give the admin a list of orders."]),
    ("Let users reset their password by mail", ["The system shall let users reset their password by mail."]),
    ("Allow readers to lend books; notify them after 7 days", ["The system shall let readers lend books.", "The system shall notify them after 7 days."]),
    ("Logged-in users can upload a picture", ["The system shall let logged-in users upload a picture."]),
    ("The shop must refuse orders below 5 EUR", ["The system shall refuse orders below 5 EUR."]),
    ("We want to track parcels", ["The system shall let its users track parcels."]),
    ("I need a search for books", ["The system shall provide a search for books."]),
    ("please build a till", ["The system shall provide a till."]),
    ("Shoppers pay by card and get a receipt by mail", ["The system shall let shoppers pay by card and get a receipt by mail."]),
    ("Add users to a list", ["The system shall provide users to a list."]),
    ("GDPR export", ["The system shall provide GDPR export."]),
    ("Bücher suchen und finden", ["The system shall do what the sentence asks for: “Bücher suchen und finden”."]),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "expected"), DEMANDS, ids=[one[:40] for one, _ in DEMANDS])
def test_a_sentence_is_taken_apart_without_adding_to_it(sentence: str, expected: list[str]) -> None:
    assert [one.text for one in read_idea(sentence).demands] == expected


def test_figures_goals_and_vague_words_of_a_sentence_are_found() -> None:
    idea = read_idea("As a reader, I want to find books quickly in under 2 seconds in order to buy them")
    assert (idea.actor, idea.goal, idea.figures, idea.vague) == (
        "reader",
        "buy them",
        ["in under 2 seconds"],
        ["quickly"],
    )
    assert read_idea(f"Sell {'very ' * 30}old books").title.endswith("\u2026")


def test_what_is_foreign_generated_or_a_link_is_no_fact(tmp_path: Path) -> None:
    for name in (
        "src/Shop.java",
        "src/test/ShopTest.java",
        "vendor/x.py",
        ".hidden/x.py",
        "venv/x.py",
        "src/__pycache__/x.py",
        ".gitlab-ci.yml",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x\n", encoding="utf-8")
    (tmp_path / "link.py").symlink_to(tmp_path / "src/Shop.java")
    files = list_files(tmp_path)
    assert files == [".gitlab-ci.yml", "src/Shop.java", "src/test/ShopTest.java"]
    facts = [(one.topic, one.text, one.source) for one in collect_facts(tmp_path, "A shop for books", files)]
    assert facts == [
        ("language", "Java", "src/Shop.java:1"),
        ("tests", "1 file of tests, most of them in src/test", "src/test/ShopTest.java:1"),
        ("ci", ".gitlab-ci.yml", ".gitlab-ci.yml:1"),
        ("folder", "src", "src/Shop.java:1"),
        ("folder", "src/test", "src/test/ShopTest.java:1"),
        ("module", "src/Shop.java", "src/Shop.java:1"),
    ]
    assert line_text(tmp_path, "src/Shop.java", 1) == "x"
    assert line_text(tmp_path, "src/Shop.java", 9) == ""
    assert line_text(tmp_path, "../etc/passwd", 1) == ""


def test_words_of_a_repository_cannot_become_markdown_of_the_document() -> None:
    assert (
        one_line("# A <!-- aura-prd: off vague-word --> title\n[x](y) | z")
        == "A  aura-prd: off vague-word  title (x)(y) / z"
    )
    assert len(one_line("x" * 500)) == 200


def test_the_same_repository_and_sentence_give_the_same_text(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module shop\n", encoding="utf-8")
    texts: set[str] = set()
    for _ in range(2):
        idea = read_idea("Sell books to readers within 3 days")
        outline = outline_of(
            "# {{title}}\n\n## Personas\n\n## Non-functional requirements\n\n## Requirements\n\n## Technology\n\n## Modules\n\n## References\n"
        )
        facts = collect_facts(tmp_path, idea.sentence, list_files(tmp_path))
        texts.add(assemble(outline, plan_parts(idea, facts, outline, [("Who?", "Readers"), ("When?", "")])))
    (text,) = texts
    assert (
        "## Non-functional requirements\n\n- **NFR-001**: The system shall keep to the figure of the sentence: within 3 days."
        in text
    )
    assert "- **A1**: “Who?” — Readers (source: the answer to A1)" in text
    assert text.index("## Scope") < text.index("## Out of scope") < text.index("## Open questions")
