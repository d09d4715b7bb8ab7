"""What a file is for, as its path says."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

__all__ = ["LOCK_FILES", "MANIFESTS", "PathKind", "kind_of"]

PathKind = Literal[
    "source", "test", "docs", "ci", "build", "lock", "config", "locale", "style", "example", "asset", "changelog"
]

LOCK_FILES: Final = frozenset(
    {
        *("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb"),
        *("poetry.lock", "uv.lock", "pdm.lock", "pipfile.lock", "cargo.lock", "go.sum", "go.work.sum"),
        *("composer.lock", "gemfile.lock", "flake.lock", "packages.lock.json", "mix.lock", "pubspec.lock", "deno.lock"),
    }
)
MANIFESTS: Final = frozenset(
    {
        *("package.json", "pyproject.toml", "setup.py", "setup.cfg", "cargo.toml", "go.mod", "go.work", "pom.xml"),
        *("build.gradle", "build.gradle.kts", "composer.json", "gemfile", "pipfile", "environment.yml", "mix.exs"),
        *("pnpm-workspace.yaml", "libs.versions.toml"),
    }
)
_BUILD: Final = re.compile(
    r"(?:^|/)(?:makefile|gnumakefile|cmakelists\.txt|dockerfile[^/]*|[^/]*\.dockerfile|docker-compose[^/]*|justfile"
    r"|taskfile\.ya?ml|meson\.build|build\.rs|rollup[^/]*\.[cm]?[jt]s|webpack[^/]*\.[cm]?js|vite\.config[^/]*"
    r"|tsup[^/]*\.ts|esbuild[^/]*|gruntfile\.js|gulpfile\.js|manifest\.in|\.goreleaser[^/]*|babel\.config[^/]*"
    r"|requirements[^/]*\.txt|tsconfig[^/]*\.json|cliff\.toml|[^/]*\.gradle|[^/]*\.cmake|[^/]*\.nix)$"
)
_CI: Final = re.compile(
    r"(?:^|/)(?:\.github/(?:workflows|actions)/|\.circleci/|\.gitlab-ci|\.travis|azure-pipelines|appveyor|jenkinsfile"
    r"|\.buildkite/|\.woodpecker|\.drone|codecov\.ya?ml|\.codecov\.ya?ml|\.cirrus)|^ci/|^\.ci/"
)
_TEST: Final = re.compile(
    r"(?:^|/)(?:tests?|__tests__|spec|specs|e2e|testdata|testing|fixtures?|__snapshots__|cypress|playwright"
    r"|integration[-_]tests?|test[-_][^/]*|[^/]*[-_]tests?|dts-test|__mocks__)/"
    r"|(?:^|/)(?:test_[^/]+\.py|conftest\.py|tests?\.[a-z]+|[^/]+_test\.[a-z]+|[^/]+_tests?\.rs|[^/]+tests?\.(?:java|cs|kt)"
    r"|[^/]+[._-](?:test|spec|bench|cy)\.[cm]?[jt]sx?|[^/]+\.snap)$"
)
_DOCS: Final = re.compile(
    r"(?:^|/)(?:docs?|documentation|website|site|www|man|rfcs?|adr|tutorials?)/|\.(?:md|mdx|rst|adoc|qmd|txt)$"
    r"|(?:^|/)(?:readme|license|licence|copying|authors|contributors|contributing|code_of_conduct|security|maintainers|notice"
    r"|citation\.cff|mkdocs\.ya?ml|\.all-contributorsrc)[^/]*$"
)
_CHANGELOG: Final = re.compile(
    r"(?:^|/)(?:changelog|changes|history|news|releases?|release[-_]notes)(?:\.[a-z]+)?$"
    r"|(?:^|/)(?:\.changeset|changelog\.d|changes\.d|newsfragments?|news|\.changes|releasenotes|changelogs?)/"
)
_LOCALE: Final = re.compile(
    r"(?:^|/)(?:locales?|i18n|lang|langs|languages|translations?|l10n)/[^/]*(?:/[^/]*)*\.(?:json|ya?ml|po|pot|properties"
    r"|ts|js|xlf|arb|ftl|toml)$|\.(?:po|pot|mo)$"
)
_EXAMPLE: Final = re.compile(r"(?:^|/)(?:examples?|samples?|demos?|playground|sandbox|_examples)/")
_STYLE: Final = re.compile(r"\.(?:css|scss|sass|less|styl|pcss)$")
_ASSET: Final = re.compile(r"\.(?:png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|otf|eot|mp[34]|wav|pdf|wasm|zip|gz)$")
_CONFIG: Final = re.compile(
    r"(?:^|/)(?:\.[^/]+|[^/]*\.(?:config|conf|rc)\.[cm]?[jt]s|[^/]*rc\.[cm]?js|renovate\.json5?|tox\.ini|noxfile\.py|ruff\.toml"
    r"|mypy\.ini|clippy\.toml|rustfmt\.toml|deny\.toml|biome\.jsonc?|netlify\.toml|vercel\.json|nx\.json|lerna\.json|turbo\.json"
    r"|codeowners|owners)$|^\.(?:github|vscode|husky|devcontainer|idea)/"
)
_ORDER: Final[tuple[tuple[re.Pattern[str], PathKind], ...]] = (
    (_CI, "ci"),
    (_CHANGELOG, "changelog"),
    (_TEST, "test"),
    (_LOCALE, "locale"),
    (_BUILD, "build"),
    (_EXAMPLE, "example"),
    (_DOCS, "docs"),
    (_STYLE, "style"),
    (_ASSET, "asset"),
    (_CONFIG, "config"),
)
_CODE: Final = re.compile(r"\.(?:py|pyi|[cm]?[jt]sx?|go|rs|java|kt|c|cc|cpp|h|hpp|rb|php|swift|vue|svelte|cs|scala)$")


@lru_cache(maxsize=4096)
def kind_of(path: str) -> PathKind:
    """What a file is for: `source` unless its path says otherwise."""
    lower = path.lower()
    name = lower.rsplit("/", 1)[-1]
    if name in LOCK_FILES:
        return "lock"
    if name in MANIFESTS:
        return "build"
    for form, kind in _ORDER:
        if form.search(lower) and not (kind in {"docs", "changelog"} and _CODE.search(name) and "docs/" not in lower):
            return kind
    return "source"
