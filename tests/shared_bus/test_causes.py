"""What led to a message: carried on from request to request and from event to event, with sockets or without."""

from __future__ import annotations

import asyncio

import pytest

from aura_shared.bus import Bus, Context
from aura_shared.causes import Cause, because, begun_by, cause_now, nothing_led_here, wrap_with_cause
from aura_shared.messages.core import Envelope, Reply, new_id, now_iso
from shared_bus.things import Answer, Ask, Happened, Ticked, next_of


def envelope(**parts: str) -> Envelope:
    """A message of somebody called `x`."""
    return Envelope(type="t", id="m", ts=now_iso(), src="x", **parts)  # pyright: ignore[reportArgumentType]


def test_nothing_is_known_at_first_nor_behind_a_block() -> None:
    assert cause_now() is None
    with because(envelope()):
        assert cause_now() == Cause("m", "m", "x")
        with nothing_led_here():
            assert cause_now() is None
        assert cause_now() == Cause("m", "m", "x")
    assert cause_now() is None


@pytest.mark.parametrize(
    ("parts", "cause"),
    [
        ({}, Cause("m", "m", "x")),
        ({"cause": "c"}, Cause("m", "c", "x")),
        ({"cause": "c", "corr": "r", "origin": "cli", "project": "p"}, Cause("m", "r", "cli", "p")),
    ],
    ids=["a beginning", "with a cause", "in the middle"],
)
def test_the_beginning_of_it_all_is_kept(parts: dict[str, str], cause: Cause) -> None:
    with because(envelope(**parts)):
        assert cause_now() == cause


@pytest.mark.parametrize(("given", "project"), [("shop", "shop"), (7, ""), ("x" * 201, "")])
def test_the_project_may_be_a_field_of_the_message(given: str | int, project: str) -> None:
    with because(Envelope(type="t", id="m", ts="", src="x", data={"project": given})):
        assert cause_now() == Cause("m", "m", "x", project)


def test_what_is_told_counts_more_than_what_is_known() -> None:
    with because(Cause("known", "root", "cli", "p")):
        told = wrap_with_cause(Happened(number=1), src="s", project="q", cause="told")
        known = wrap_with_cause(Happened(number=1), src="s", project=None, cause=None)
    assert (told.cause, told.corr, told.origin, told.project) == ("told", "root", "cli", "q")
    assert (known.cause, known.corr, known.origin, known.project) == ("known", "root", "cli", None)
    bare = wrap_with_cause(Happened(number=1), src="s", project=None, cause="")
    assert (bare.cause, bare.corr, bare.origin) == (None, None, "")


def test_a_watch_is_the_beginning_only_where_no_message_is() -> None:
    with begun_by("git-watch"):
        assert cause_now() == Cause(origin="git-watch")
    with because(envelope()), begun_by("git-watch"):
        assert cause_now() == Cause("m", "m", "x")


@pytest.mark.requirement("U1")
async def test_events_of_a_handler_name_its_request_and_who_began_it(pair: tuple[Bus, Bus]) -> None:
    asks, answers = pair
    asked: list[Envelope] = []

    async def answer(request: Ask, context: Context) -> Reply:
        asked.append(context.envelope)
        if request.text == "first":
            await answers.publish(Happened(number=1))
            await asks.request(Ask(text="second"))
        elif request.text == "second":
            await answers.publish(Happened(number=2))
        else:
            await asyncio.gather(answers.publish(Ticked(number=3)), answers.publish(Happened(number=3), cause="other"))
        return Answer(text="")

    events = asks.listen(Happened)
    answers.serve(Ask, answer)
    with because(Cause(id="call", origin="cli")):
        await asks.request(Ask(text="first"))
    first, second = asked
    one, two = [delivery.envelope for delivery in await next_of(events, 2)]
    assert (first.cause, first.corr, first.origin) == ("call", None, "cli")
    assert (one.cause, one.corr, one.origin) == (first.id, "call", "cli")
    assert (second.cause, second.corr, second.origin) == (first.id, "call", "cli")
    assert (two.cause, two.corr, two.origin) == (second.id, "call", "cli")
    await asks.request(Ask(text="third"))
    (three,) = await next_of(events, 1)
    assert (three.envelope.cause, three.envelope.corr, three.envelope.origin) == ("other", asked[2].id, "asks")


async def test_a_task_that_a_handler_begins_inherits_the_cause_unless_it_goes_on_for_its_own_sake(
    pair: tuple[Bus, Bus],
) -> None:
    asks, answers = pair
    tasks: list[asyncio.Task[int]] = []
    go = asyncio.Event()

    async def later(number: int) -> int:
        await go.wait()
        return await answers.publish(Happened(number=number))

    async def answer(_: Ask, context: Context) -> Reply:
        tasks.append(asyncio.create_task(later(1)))
        with nothing_led_here():
            tasks.append(asyncio.create_task(later(2)))
        return Answer(text=context.envelope.id)

    events = asks.listen(Happened)
    answers.serve(Ask, answer)
    asked = (await asks.request(Ask())).text
    go.set()
    await asyncio.gather(*tasks)
    causes = {
        delivery.event.number: delivery.envelope.cause
        for delivery in await next_of(events, 2)
        if isinstance(delivery.event, Happened)
    }
    assert causes == {1: asked, 2: None}


async def test_what_comes_of_an_event_names_it(pair: tuple[Bus, Bus]) -> None:
    asks, answers = pair
    events = asks.listen(Happened)
    began = new_id()
    with because(Cause(began, began, "cli")):
        await answers.publish(Happened(number=1))
    (first,) = await next_of(events, 1)
    with because(first.envelope):
        await asks.publish(Happened(number=2))
    (second,) = await next_of(events, 1)
    assert (second.envelope.cause, second.envelope.corr, second.envelope.origin) == (first.envelope.id, began, "cli")
