"""What is typed fast goes where it belongs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

import pytest
from textual import events, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.keys import _character_to_key
from textual.widgets import Input, OptionList

from aura_panel import key_order
from aura_panel.key_order import KeyOrder
from aura_panel.themes import theme_named
from aura_panel.views.plan import PlanView
from aura_panel.widgets.dialogs import Choose, Prompt
from aura_shared.messages.plan_items import ChangePlan
from panel_lab import ATLAS, BOUND_S, SHOP, PanelLab, app_of, panel_of, until
from panel_lab_plan import with_plan


class Typing(App[None]):
    """An input that a key opens, and keys that do something else."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "open"),
        Binding("e", "note('e')"),
        Binding("r", "note('r')"),
        Binding("a", "ask"),
        Binding("d", "read"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(theme_named("dark"))
        self.theme = "dark"
        self.done: list[str] = []
        self.slow = asyncio.Event()
        self.answers: list[str | None] = []
        self._keys = KeyOrder(self, super().on_event, lambda: self.focused or self.screen)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, (events.Key, events.Paste)) and not event.is_forwarded:
            await self._keys.take(event)
        else:
            await super().on_event(event)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Stuck("one", "two")
            yield Input()

    def action_open(self) -> None:
        self.query_one(Input).focus()

    def on_input_submitted(self) -> None:
        self.query_one(Stuck).focus()

    @work
    async def action_ask(self) -> None:
        await asyncio.wait_for(self.slow.wait(), BOUND_S)
        self.answers.append(await self.push_screen_wait(Prompt("First")))
        await asyncio.sleep(0)
        self.answers.append(await self.push_screen_wait(Prompt("Second")))

    @work(name="reading")
    async def action_read(self) -> None:
        await asyncio.wait_for(self.slow.wait(), BOUND_S)

    def action_note(self, key: str) -> None:
        self.done.append(key)


class Stuck(OptionList):
    """Takes as long as one likes for one key."""

    async def key_w(self) -> None:
        app = self.app
        assert isinstance(app, Typing)
        app.done.append("w")
        await app.slow.wait()


def typed(app: App[None], text: str) -> None:
    """Type faster than anything can react."""
    for character in text:
        app.post_message(events.Key(_character_to_key(character), character))


async def test_letters_after_the_key_that_opens_an_input_go_into_it() -> None:
    app = Typing()
    async with app.run_test() as pilot:
        typed(app, "e/error")
        app.post_message(events.Paste(" here"))
        await until(pilot, lambda: app.query_one(Input).value == "error here")
        assert app.done == ["e"]


async def test_letters_after_enter_are_commands_again() -> None:
    app = Typing()
    async with app.run_test() as pilot:
        typed(app, "/ee")
        app.post_message(events.Key("enter", "\r"))
        typed(app, "re")
        await until(pilot, lambda: app.done == ["r", "e"])
        assert app.query_one(Input).value == "ee"


async def test_letters_after_a_key_that_asks_are_the_answers_to_its_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_order, "PATIENCE_S", BOUND_S)
    app = Typing()
    async with app.run_test() as pilot:
        typed(app, "are")
        app.post_message(events.Key("enter", "\r"))
        typed(app, "ea")
        app.post_message(events.Key("enter", "\r"))
        typed(app, "r")
        await holds(lambda: len(app.workers) > 0)
        assert not app.done
        app.slow.set()
        await until(pilot, lambda: app.done[:1] == ["r"])
        assert app.done == ["r"]
        assert app.answers == ["re", "ea"]


async def test_work_that_asks_nothing_in_time_does_not_hold_up_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Typing()
    async with app.run_test() as pilot:
        typed(app, "dre")
        await until(pilot, lambda: app.done == ["r", "e"])
        monkeypatch.setattr(key_order, "PATIENCE_S", 0.01)
        typed(app, "are")
        await until(pilot, lambda: app.done == ["r", "e", "r", "e"])
        app.slow.set()
        await until(pilot, lambda: isinstance(app.screen, Prompt))


async def holds(condition: Callable[[], bool]) -> None:
    """Wait for a condition, also while a widget does not answer, for which a pilot would wait."""
    async with asyncio.timeout(BOUND_S):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)


async def test_a_key_that_takes_long_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_order, "PATIENCE_S", 0.01)
    app = Typing()
    async with app.run_test():
        app.set_focus(app.query_one(Stuck))
        typed(app, "w")
        await holds(lambda: app.done == ["w"])
        app.set_focus(None)
        typed(app, "re")
        await holds(lambda: app.done == ["w", "r", "e"])
        app.slow.set()
        typed(app, "e")
        await holds(lambda: app.done == ["w", "r", "e", "e"])


async def test_a_focus_that_goes_away_does_not_stop_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_order, "PATIENCE_S", 0.01)
    app = Typing()
    async with app.run_test():
        app.set_focus(app.query_one(Stuck))
        typed(app, "e")
        gone = app.query_one(Stuck).remove()
        typed(app, "re")
        await holds(lambda: ("".join(app.done) + app.query_one(Input).value).endswith("re"))
        await gone


@pytest.mark.requirement("U1")
async def test_a_key_that_comes_while_the_application_ends_goes_nowhere() -> None:
    app = Typing()
    async with app.run_test():
        pass
    await app._keys.take(events.Key("e", "e"))
    assert app.done == []


@pytest.mark.requirement("U1")
async def test_a_filter_typed_at_once_is_a_filter(lab: PanelLab) -> None:
    async with panel_of(lab, view="log") as pilot:
        app = app_of(pilot)
        await until(pilot, lambda: app.focused is not None)
        typed(app, "/service")
        await until(pilot, lambda: app.screen.query_one("#filter", Input).value == "service")
        assert len(app.screen_stack) == 1, "no letter was a command"


@pytest.mark.requirement("U1")
@pytest.mark.parametrize(
    ("view", "keys", "answer"),
    [("log", "t2h ago", "2h ago"), ("log", "e.txt", ".txt"), ("home", "+/src", "/src"), ("home", "2t2h ago", "2h ago")],
)
async def test_what_is_typed_at_once_with_the_key_of_a_dialog_is_its_answer(
    lab: PanelLab, view: str, keys: str, answer: str
) -> None:
    async with panel_of(lab, view=view) as pilot:
        app = app_of(pilot)
        await until(pilot, lambda: app.focused is not None)
        typed(app, keys)
        await until(pilot, lambda: isinstance(app.screen, Prompt) and entered(app).endswith(answer))
        assert len(app.screen_stack) == 2, "no letter was a command"


def entered(app: App[None]) -> str:
    """What stands in the input of a dialog."""
    return "".join(field.value for field in app.screen.query(Input))


async def test_a_choice_is_made_by_keys_that_were_typed_at_once(lab: PanelLab) -> None:
    async with panel_of(lab, view="log") as pilot:
        app = app_of(pilot)
        await until(pilot, lambda: app.focused is not None and app.project == SHOP.id)
        for key in ("p", "up", "enter", "2"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: app.project == ATLAS.id and not isinstance(app.screen, Choose))


@pytest.mark.requirement("U1")
async def test_an_item_of_the_plan_is_added_by_keys_that_were_typed_at_once(lab: PanelLab) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan") as pilot:
        app = app_of(pilot)
        await until(pilot, lambda: bool(app.focused) and isinstance(app.screen, PlanView) and bool(app.screen.item))
        for key in ("+", "\r", *"exact sums", "\r"):
            app.post_message(events.Key({"+": "plus", "\r": "enter"}.get(key, key), key))
        await until(pilot, lambda: bool(lab.asked_for(ChangePlan)))
        assert [asked.title for asked in lab.asked_for(ChangePlan)] == ["exact sums"]
