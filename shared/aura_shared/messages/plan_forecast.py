"""Messages of a plan's forecast: when work is likely to be done, how far that can be trusted, and the burn-up.

Days are dates in UTC. P50 is the day that is as likely to be kept as not, P85 the one that should be kept in 85 of 100
cases; an empty day means that it is not within about three years.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.core import Durability, Event, Message, Reply, Request

ForecastBy = Literal["pace", "age"]


class ForecastRow(Message):
    """When an item is likely to be done."""

    type: ClassVar[str] = "plan.forecast.row"

    id: str = ""
    """Identifier; empty for the whole plan, and for a file of another layout."""
    kind: str = ""
    """What it is; empty for the whole plan."""
    alias: str = ""
    """What the document calls it."""
    title: str = ""
    """What it is called."""
    status: str = ""
    """Its status."""
    path: str = ""
    """Its file."""
    open: int = Field(default=1, ge=0)
    """How much of it is open: leaves."""
    p50: str = ""
    """Day that is as likely to be kept as not."""
    p85: str = ""
    """Day that should be kept in 85 of 100 cases."""
    by: ForecastBy = "pace"
    """`age`: from how long it has been worked on; else from its place in the plan and the pace."""


class ForecastScore(Message):
    """How often reality fell within forecasts of the past."""

    type: ClassVar[str] = "plan.forecast.score"

    what: str
    """`next 5`, `next 10`, `next 20`: until so many more items were finished; `begun`: an item that was worked on."""
    counted50: int = Field(ge=0)
    """Moments at which P50 was tried and it is known how it ended."""
    within50: int = Field(ge=0)
    """How often it was kept."""
    counted85: int = Field(ge=0)
    """Moments at which P85 was tried and it is known how it ended."""
    within85: int = Field(ge=0)
    """How often it was kept."""


class ForecastTrial(Message):
    """A forecast as it would have been made on a day of the past."""

    type: ClassVar[str] = "plan.forecast.trial"

    day: str
    """The day."""
    what: str
    """As in a score."""
    p50: str
    """What it would have said."""
    p85: str
    """What it would have said."""
    actual: str = ""
    """The day on which it came true; empty when that is not known yet."""


class ForecastDriver(Message):
    """An item that decides when the rest is done."""

    type: ClassVar[str] = "plan.forecast.driver"

    id: str = ""
    """Identifier."""
    alias: str = ""
    """What the document calls it."""
    title: str = ""
    """What it is called."""
    path: str = ""
    """Its file."""
    share: float = Field(ge=0, le=1)
    """In which share of the runs it was on the longest chain of work that waits for one another."""


class PlanForecast(Reply):
    """When a plan, its epics and its items are likely to be done."""

    project: str
    """Identifier of the project."""
    today: str
    """The day from which it was made."""
    reason: str = ""
    """Why nothing is said about the future; empty when something is."""
    finished: int = Field(default=0, ge=0)
    """Finished items of which the day is known."""
    days: int = Field(default=0, ge=0)
    """Different days on which they were finished."""
    since: str = ""
    """The first day that is known."""
    per_week: float = Field(default=0, ge=0)
    """Items that were finished in a week, over the last eight weeks."""
    added_per_week: float = Field(default=0, ge=0)
    """Items that came into the plan in a week, over the last eight weeks."""
    cycle50: int | None = None
    """Days within which half of the finished items were done, from when they were begun; null when it is not known."""
    cycle85: int | None = None
    """Days within which 85 of 100 were."""
    unit: Literal["items", "points"] = "items"
    """What the pace counts."""
    workers: int = Field(default=1, ge=1)
    """How many work at the same time from now on."""
    runs: int = Field(default=0, ge=0)
    """How often the plan was done; 0 when nothing is said."""
    whole: ForecastRow | None = None
    """Everything that is in the plan now."""
    growing: ForecastRow | None = None
    """Everything, when the plan grows as it did."""
    rows: list[ForecastRow] = Field(default_factory=list[ForecastRow])
    """The item that was asked for and what belongs to it; else epics, and leaves by their P85."""
    total: int = Field(default=0, ge=0)
    """How many rows there are on all pages."""
    next: int = Field(default=0, ge=0)
    """Where the next page starts; 0 at the end."""
    drivers: list[ForecastDriver] = Field(default_factory=list[ForecastDriver])
    """What decides, most often first; empty when nothing waits for anything else."""
    scores: list[ForecastScore] = Field(default_factory=list[ForecastScore])
    """The same forecasts made in the past, and how often they were kept."""
    trust: str = ""
    """What the scores mean, in a sentence."""
    trials: list[ForecastTrial] = Field(default_factory=list[ForecastTrial])
    """The newest forecasts of the past; only when they were asked for."""
    assumptions: list[str] = Field(default_factory=list)
    """What is taken for granted."""


class AskForecast(Request[PlanForecast]):
    """When a plan or an item of it is likely to be done, from the plan's own past."""

    type: ClassVar[str] = "plan.forecast.ask"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    item: str = Field(default="", max_length=1000)
    """Identifier, alias or path; empty for everything."""
    workers: int = Field(default=0, ge=0, le=1000)
    """How many work at the same time from now on; 0 for `plan.workers`."""
    runs: int = Field(default=2000, ge=100, le=20_000)
    """How often the plan is done."""
    backtest: bool = False
    """Whether to answer with forecasts of the past one by one."""
    today: str = Field(default="", max_length=10)
    """Day from which it is made, such as 2027-03-31; empty for today."""
    start: int = Field(default=0, ge=0)
    """Number of the first row."""
    limit: int = Field(default=20, ge=1, le=500)
    """Most rows."""
    budget: int = Field(default=1200, ge=200, le=50_000)
    """Most tokens of the rows, estimated."""


class BurnPoint(Message):
    """A day of the past."""

    type: ClassVar[str] = "plan.forecast.burn_point"

    day: str
    """The day."""
    done: int = Field(ge=0)
    """Items that were finished by its end."""
    scope: int = Field(ge=0)
    """Items that were in the plan, finished ones among them."""


class BurnMark(Message):
    """A part of what is open, and when it is likely to be done."""

    type: ClassVar[str] = "plan.forecast.burn_mark"

    done: int = Field(ge=0)
    """Items that are finished then."""
    p50: str = ""
    """Day."""
    p85: str = ""
    """Day."""


class PlanBurnup(Reply):
    """What was done and what there was to do, over time, and how it may go on."""

    project: str
    """Identifier of the project."""
    today: str
    """The day from which it was made."""
    points: list[BurnPoint] = Field(default_factory=list[BurnPoint])
    """Days of the past, at most 120 of them, the first and the last among them."""
    marks: list[BurnMark] = Field(default_factory=list[BurnMark])
    """How it may go on; empty when nothing is said."""
    reason: str = ""
    """Why nothing is said about the future."""
    picture: str = ""
    """SVG or HTML without scripts and foreign addresses; only when it was asked for."""


class AskBurnup(Request[PlanBurnup]):
    """Done and scope of a plan over time, with the forecast, as figures or as a picture."""

    type: ClassVar[str] = "plan.forecast.burnup"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    form: Literal["data", "svg", "html"] = "data"
    """Whether to draw a picture as well."""
    workers: int = Field(default=0, ge=0, le=1000)
    """How many work at the same time from now on; 0 for `plan.workers`."""
    today: str = Field(default="", max_length=10)
    """Day from which it is made, such as 2027-03-31; empty for today."""


class PlanForecastChanged(Event):
    """The forecast of a whole plan moved by more than a day after items changed. Topic: `plan.forecast.changed`."""

    type: ClassVar[str] = "plan.forecast.changed"
    durability: ClassVar[Durability] = "durable"

    project: str
    """Identifier of the project."""
    p50: str = ""
    """New day; empty when it is not within about three years, or nothing is said."""
    p85: str = ""
    """New day."""
    old_p50: str = ""
    """Day before."""
    old_p85: str = ""
    """Day before."""
    open: int = Field(default=0, ge=0)
    """Items that are open."""
    reason: str = ""
    """Why nothing is said any more."""
