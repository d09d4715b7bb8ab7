"""The code service over a bus: projects, searches, changes, and what goes wrong."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest

from aura_code_served import BOUND_S, Served
from aura_shared.errors import (
    EmptyQuery,
    IndexBuilding,
    NotFound,
    NotReady,
    UnknownFile,
    UnknownProject,
    UnsafePath,
    UsageProblem,
)
from aura_shared.messages.code import (
    AddProject,
    FindSymbols,
    IndexUpdated,
    ListProjects,
    MapProject,
    OutlineFile,
    ProjectRemoved,
    ReadSpan,
    ReindexProject,
    RemoveProject,
)
from aura_shared.settings import CodeSettings, Settings


def many_files(root: Path, count: int, word: str) -> None:
    """Write `count` small Python files that all define `word`_N."""
    for number in range(count):
        file = root / f"pack{number % 10}" / f"mod{number}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"def {word}_{number}():\n    return {number}\n", encoding="utf-8")


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=T", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


@pytest.mark.requirement("C1", "C3")
async def test_a_registered_repository_is_indexed_and_searched(served: Served, repository: Path) -> None:
    (repository / "invoices.py").write_text("def settle_invoice(total):\n    return total\n", encoding="utf-8")
    info = await served.add(repository)
    answer = await served.search(info.id, "settle_invoice")
    assert answer.hits[0].path == "invoices.py"
    assert answer.hits[0].symbol == "settle_invoice"
    assert (answer.freshness.pending, answer.freshness.verified) == (0, True)
    assert info.files > 1
    assert info.languages["python"] >= 1


async def test_one_service_serves_several_projects(served: Served, tmp_path: Path) -> None:
    for name in ("left", "right"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.py").write_text(f"def only_{name}():\n    pass\n", encoding="utf-8")
    left, right = await served.add(tmp_path / "left"), await served.add(tmp_path / "right")
    assert await served.found(left.id, "only_left") == ["main.py"]
    assert await served.found("right", "only_left") == []
    assert await served.found(str(tmp_path / "right" / "main.py"), "only_right") == ["main.py"]
    assert [info.id for info in (await served.client.request(ListProjects())).projects] == [left.id, right.id]


@pytest.mark.requirement("C1")
async def test_an_edit_is_found_and_the_old_text_is_not(served: Served, repository: Path) -> None:
    file = repository / "moving.py"
    file.write_text("def before_the_edit():\n    pass\n", encoding="utf-8")
    info = await served.add(repository)
    update = await served.after(lambda: file.write_text("def after_the_edit():\n    pass\n", encoding="utf-8"))
    assert update.changed == ["moving.py"]
    assert update.generation > info.freshness.generation
    symbols = await served.client.request(FindSymbols(project=info.id, name="after_the_edit", exact=True))
    assert [symbol.path for symbol in symbols.symbols] == ["moving.py"]
    gone = await served.client.request(FindSymbols(project=info.id, name="before_the_edit", exact=True))
    assert gone.symbols == []
    assert gone.freshness.generation >= update.generation


@pytest.mark.requirement("C1")
async def test_a_deleted_and_a_moved_file_are_followed(served: Served, repository: Path) -> None:
    file = repository / "wanderer.py"
    file.write_text("def wandering_function():\n    pass\n", encoding="utf-8")
    info = await served.add(repository)
    await served.after(lambda: file.rename(repository / "settled.py"))
    async with asyncio.timeout(BOUND_S):
        while await served.found(info.id, "wandering_function") != ["settled.py"]:
            await served.until(info.id, lambda now: now.freshness.generation > 0)
    update = await served.after((repository / "settled.py").unlink)
    assert update.removed == ["settled.py"]
    assert await served.found(info.id, "wandering_function") == []


@pytest.mark.requirement("C1")
async def test_a_branch_switch_of_many_files_ends_in_the_new_state(served: Served, repository: Path) -> None:
    git(repository, "checkout", "-qb", "wide")
    many_files(repository, 400, "wide")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "feat: wide")
    info = await served.add(repository)
    wide = info.files
    await asyncio.to_thread(git, repository, "checkout", "-q", "main")
    narrow = await served.until(info.id, lambda now: now.files == wide - 400 and now.freshness.pending == 0)
    assert await served.found(info.id, "wide_17") == []
    await asyncio.to_thread(git, repository, "checkout", "-q", "wide")
    await served.until(info.id, lambda now: now.files == wide and now.freshness.pending == 0)
    assert (await served.found(info.id, "wide_17"))[0] == "pack7/mod17.py"
    assert narrow.freshness.generation < (await served.info(info.id)).freshness.generation


async def test_a_touched_file_with_the_same_content_changes_nothing(served: Served, repository: Path) -> None:
    touched, edited = repository / "same.py", repository / "other.py"
    touched.write_text("same = 1\n", encoding="utf-8")
    edited.write_text("other = 1\n", encoding="utf-8")
    await served.add(repository)

    def touch_then_edit() -> None:
        touched.write_text("same = 1\n", encoding="utf-8")
        edited.write_text("other = 2\n", encoding="utf-8")

    update = await served.after(touch_then_edit)
    assert "other.py" in update.changed
    assert update.changed_total == len(update.changed)


async def test_a_folder_that_goes_away_is_missing_until_it_is_back(served: Served, tmp_path: Path) -> None:
    root, aside = tmp_path / "here", tmp_path / "aside"
    root.mkdir()
    (root / "a.py").write_text("def steady():\n    pass\n", encoding="utf-8")
    info = await served.add(root)
    await asyncio.to_thread(root.rename, aside)
    gone = await served.until(info.id, lambda now: now.phase == "missing")
    assert "aura projects remove" in gone.problem
    with pytest.raises(NotReady, match="here cannot be searched"):
        await served.search(info.id, "steady")
    (aside / "b.py").write_text("def came_back_with():\n    pass\n", encoding="utf-8")
    await asyncio.to_thread(aside.rename, root)
    await served.until(info.id, lambda now: now.phase == "ready" and now.freshness.verified)
    assert await served.found(info.id, "came_back_with") == ["b.py"]


async def test_a_repository_deleted_while_it_is_indexed_does_not_stop_the_service(
    served: Served, tmp_path: Path, repository: Path
) -> None:
    root = tmp_path / "doomed"
    many_files(root, 600, "doomed")
    added = await served.client.request(AddProject(path=str(root)))
    await asyncio.to_thread(shutil.rmtree, root)
    await served.until(added.project.id, lambda now: now.phase == "missing")
    info = await served.add(repository)
    assert (await served.search(info.id, "def")).freshness.generation > 0
    assert served.service.health().ok


@pytest.mark.requirement("P8", "C3")
async def test_a_restarted_service_answers_from_disk_and_finds_what_changed_meanwhile(
    aura_home: Path, repository: Path
) -> None:
    first = Served(Settings(code=CodeSettings(analysis=False)))
    await first.start()
    info = await first.add(repository)
    await first.stop()
    (repository / "meanwhile.py").write_text("def written_while_down():\n    pass\n", encoding="utf-8")
    second = Served(Settings(code=CodeSettings(analysis=False)))
    await second.start()
    await second.until(info.id, lambda now: now.phase == "ready" and now.freshness.verified)
    assert await second.found(info.id, "written_while_down") == ["meanwhile.py"]
    await second.stop()


@pytest.mark.requirement("P11")
async def test_a_corrupt_index_is_built_again_and_never_served(aura_home: Path, repository: Path) -> None:
    first = Served(Settings(code=CodeSettings(analysis=False)))
    await first.start()
    info = await first.add(repository)
    await first.stop()
    for file in (first.paths.index(info.id)).rglob("*"):
        if file.is_file():
            content = bytearray(file.read_bytes())
            content[: len(content) // 2] = bytes(len(content) // 2)
            file.write_bytes(content)
    second = Served(Settings(code=CodeSettings(analysis=False)))
    await second.start()
    again = await second.until(info.id, lambda now: now.phase == "ready" and now.freshness.verified)
    assert again.files == info.files
    await second.stop()


async def test_reindexing_throws_the_index_away_and_builds_it_again(served: Served, repository: Path) -> None:
    info = await served.add(repository)
    updates = served.client.listen(IndexUpdated, since=served.hub.head)
    await served.client.request(ReindexProject(project=info.id))
    update = (await anext(updates)).event
    assert isinstance(update, IndexUpdated)
    assert (update.changed_total, update.generation) == (info.files, info.freshness.generation + 1)
    assert (
        await served.until(info.id, lambda now: now.phase == "ready" and now.freshness.verified)
    ).files == info.files


async def test_adding_twice_gives_the_same_project(served: Served, repository: Path) -> None:
    info = await served.add(repository)
    again = await served.client.request(AddProject(path=str(repository)))
    assert (again.project.id, again.added) == (info.id, False)


async def test_a_removed_project_is_unknown_and_its_index_is_gone(served: Served, repository: Path) -> None:
    info = await served.add(repository)
    removals = served.client.listen(ProjectRemoved)
    await served.client.request(RemoveProject(project=info.id))
    assert (await anext(removals)).event == ProjectRemoved(project=info.id)
    with pytest.raises(UnknownProject):
        await served.search(info.id, "anything")
    assert not served.paths.index(info.id).exists()
    assert (repository / ".git").exists()


@pytest.mark.requirement("P11")
@pytest.mark.parametrize(
    ("path", "error"),
    [("relative/folder", UsageProblem), ("/nowhere/at/all", NotFound), (__file__, UsageProblem)],
    ids=["relative", "missing", "a-file"],
)
async def test_a_folder_that_cannot_be_a_project_is_refused(served: Served, path: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await served.client.request(AddProject(path=path))


@pytest.mark.requirement("P11")
async def test_unknown_projects_and_empty_queries_are_refused(served: Served, repository: Path) -> None:
    info = await served.add(repository)
    with pytest.raises(UnknownProject, match="no registered project"):
        await served.search("nowhere", "x")
    with pytest.raises(EmptyQuery):
        await served.search(info.id, "   ")


async def test_a_query_of_100_kilobytes_is_answered_or_refused_in_words(served: Served, repository: Path) -> None:
    info = await served.add(repository)
    answer = await served.search(info.id, "word " * 19_000)
    assert answer.reason or answer.hits


async def test_questions_during_the_first_index_say_how_far_it_is(served: Served, tmp_path: Path) -> None:
    many_files(tmp_path / "large", 500, "large")
    added = await served.client.request(AddProject(path=str(tmp_path / "large")))
    with pytest.raises(IndexBuilding, match="is being built"):
        await served.search(added.project.id, "large_3")
    await served.until(added.project.id, lambda now: now.phase == "ready")


async def test_a_repository_without_commits_and_a_plain_folder_are_projects(served: Served, tmp_path: Path) -> None:
    for name in ("unborn", "plain"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.go").write_text("package a\n\nfunc Only() {}\n", encoding="utf-8")
    git(tmp_path / "unborn", "init", "-q")
    for name in ("unborn", "plain"):
        info = await served.add(tmp_path / name)
        assert (await served.found(info.id, "Only"))[0] == "a.go"


async def test_a_projects_own_settings_leave_folders_out(served: Served, repository: Path) -> None:
    (repository / ".aura").mkdir()
    (repository / ".aura" / "config.toml").write_text('[code]\nexclude = ["secret/"]\n', encoding="utf-8")
    (repository / "secret").mkdir()
    (repository / "secret" / "hidden.py").write_text("def hidden_function():\n    pass\n", encoding="utf-8")
    info = await served.add(repository)
    assert await served.found(info.id, "hidden_function") == []


async def test_broken_project_settings_are_ignored_with_a_warning(served: Served, repository: Path) -> None:
    (repository / ".aura").mkdir()
    (repository / ".aura" / "config.toml").write_text("[code\n", encoding="utf-8")
    assert (await served.add(repository)).phase == "ready"


async def test_outline_map_and_span_answer_from_the_project(served: Served, repository: Path) -> None:
    (repository / "shapes.py").write_text(
        "import math\n\n\nclass Circle:\n    def area(self):\n        return math.pi\n", encoding="utf-8"
    )
    info = await served.add(repository)
    outline = await served.client.request(OutlineFile(project=info.id, path=str(repository / "shapes.py")))
    assert [(symbol.container, symbol.name) for symbol in outline.symbols] == [("", "Circle"), ("Circle", "area")]
    assert [item.module for item in outline.imports] == ["math"]
    span = await served.client.request(ReadSpan(project=info.id, path="./shapes.py", start_line=4, end_line=5))
    assert (span.text, span.start_line, span.end_line, span.lines) == ("class Circle:\n    def area(self):", 4, 5, 6)
    found = await served.client.request(MapProject(project=info.id))
    assert found.files == info.files


@pytest.mark.requirement("P9", "P11")
@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("../outside.txt", UnsafePath),
        ("/etc/passwd", UnsafePath),
        ("link.txt", UnsafePath),
        ("nothing.py", UnknownFile),
        ("", UnsafePath),
    ],
    ids=["dots", "absolute", "link", "missing", "empty"],
)
async def test_spans_stay_inside_the_project(
    served: Served, repository: Path, path: str, error: type[Exception]
) -> None:
    (repository.parent / "outside.txt").write_text("outside", encoding="utf-8")
    (repository / "link.txt").symlink_to(repository.parent / "outside.txt")
    info = await served.add(repository)
    with pytest.raises(error):
        await served.client.request(ReadSpan(project=info.id, path=path))


async def test_a_span_keeps_to_its_budget_and_its_file(served: Served, repository: Path) -> None:
    (repository / "long.txt").write_text("\n".join(f"line {number}" for number in range(1, 1001)), encoding="utf-8")
    (repository / "empty.txt").write_text("", encoding="utf-8")
    (repository / "data.bin").write_bytes(bytes(range(256)) * 8)
    info = await served.add(repository)
    ask = served.client.request
    short = await ask(ReadSpan(project=info.id, path="long.txt", budget=10))
    assert (short.truncated, len(short.text) <= 40, short.lines) == (True, True, 1000)
    empty = await ask(ReadSpan(project=info.id, path="empty.txt"))
    assert (empty.start_line, empty.end_line, empty.text) == (0, 0, "")
    for request in (
        ReadSpan(project=info.id, path="long.txt", start_line=9, end_line=3),
        ReadSpan(project=info.id, path="long.txt", start_line=5000),
        ReadSpan(project=info.id, path="data.bin"),
    ):
        with pytest.raises(UsageProblem):
            await ask(request)
