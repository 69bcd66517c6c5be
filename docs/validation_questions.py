"""What does each list of each page promise, what is measured of it, and which naive list is it compared with?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from validation_outcomes import (
    SEASON,
    YEAR,
    Measure,
    Past,
    list_grown,
    list_largest,
    list_least_profit,
    list_overdue,
    list_overdue_within,
    list_shrunk,
    list_silent,
    list_silent_by_money,
)

WHOLE = 10**6
"""So many accounts: the list as long as it is."""

OF_SIZE = "accounts of the size"


@dataclass(frozen=True)
class Listed:
    """A list of a page: the notebook, and the findings that it may stand under."""

    code: str
    notebook: str
    findings: tuple[str, ...]

    def choose(self, past: Past) -> list[str]:
        """Return the accounts of the list at a date, in its order; none where the page shows no list."""
        return list(past.lists.get((self.notebook, self.findings), ()))


@dataclass(frozen=True)
class Question:
    """What lists of a kind promise, what is measured, and what they are compared with.

    Attributes
    ----------
    asks : what a list of the kind promises, for the reader
    naive : what it is called to how it is made; the functions' first lines say it to the reader
    of_size : compared with all accounts of the same size as well
    """

    code: str
    title: str
    asks: str
    lists: tuple[Listed, ...]
    measures: tuple[Measure, ...]
    naive: dict[str, Callable[[Past], pd.Index]]
    sizes: tuple[int, ...]
    horizons: tuple[int, ...] = (YEAR,)
    of_size: bool = False


AT_RISK = Question(
    code="at_risk",
    title="At risk",
    asks="Whoever stands on the list is about to stop, and brings much.",
    lists=(
        Listed("50_churn: most at stake", "50_churn", ("churn.accounts", "churn.ranked")),
        Listed("55_campaign: act on first", "55_campaign", ("campaign.list",)),
        Listed("90_summary: at risk", "90_summary", ("summary.risk",)),
        Listed("10_rfm: gone quiet", "10_rfm", ("rfm.quiet",)),
    ),
    measures=(
        Measure("gone_money", "sales of the year before of those without an order, a date", "", more=True),
        Measure("left", "share without an order", "list", more=True),
        Measure("truly_gone", "share that has left for good, by the truth", "list", more=True),
    ),
    naive={"overdue": list_overdue, "overdue, in the window": list_overdue_within},
    sizes=(20, 50, 100),
    horizons=(SEASON, YEAR),
)

WIN_BACK = Question(
    code="win_back",
    title="Win-back",
    asks="Whoever stands on the list has gone and may be had back, for money worth the call.",
    lists=(
        Listed("55_campaign: to win back", "55_campaign", ("campaign.winback",)),
        Listed("65_migration: stopped ordering", "65_migration", ("migration.lost",)),
    ),
    measures=(
        Measure("bought", "net sales that came, a date", "", more=True),
        Measure("came", "share that came back", "list", more=True),
        Measure("truly_alive", "share that had not left for good, by the truth", "list", more=True),
    ),
    naive={
        "recently silent": list_silent,
        "silent, by money": list_silent_by_money,
    },
    sizes=(20, 50, 100),
)

UP = Question(
    code="up",
    title="Rising, and moved up",
    asks="Whoever stands on the list is growing, and goes on.",
    lists=(
        Listed("90_summary: rising", "90_summary", ("summary.rising",)),
        Listed("65_migration: smaller accounts on the rise", "65_migration", ("migration.rising",)),
        Listed("65_migration: moved up", "65_migration", ("migration.promoted",)),
        Listed("40_value: on the rise", "40_value", ("pace.rising",)),
    ),
    measures=(
        Measure("ratio", "next year's sales over this year's", "list", more=True),
        Measure("grew", "share that grew on", "list", more=True),
        Measure("truly_growing", "share that grows, by the truth", "list", more=True),
    ),
    naive={"largest gain": list_grown},
    sizes=(20, 50),
    of_size=True,
)

DOWN = Question(
    code="down",
    title="Falling, and moved down",
    asks="Whoever stands on the list still buys, buys less, and goes on falling unless somebody calls.",
    lists=(
        Listed("90_summary: falling", "90_summary", ("summary.falling",)),
        Listed("65_migration: sliding", "65_migration", ("migration.sliding",)),
        Listed("65_migration: moved down", "65_migration", ("migration.demoted",)),
        Listed("40_value: on the decline", "40_value", ("pace.falling",)),
        Listed("50_churn: left in part", "50_churn", ("leaving.partial",)),
    ),
    measures=(
        Measure("ratio_active", "next year's sales over this year's, of those who still bought", "list", more=False),
        Measure("fell", "share that fell on, of those", "list", more=True),
        Measure("stopped", "share that had stopped already", "list", more=False),
        Measure("truly_declining", "share that declines and is there, by the truth", "list", more=True),
    ),
    naive={"largest fall": list_shrunk},
    sizes=(20, 50),
    of_size=True,
)

KEY = Question(
    code="key",
    title="Key accounts",
    asks="Whoever stands on the list carries the business next year.",
    lists=(
        Listed("60_scorecard: key accounts", "60_scorecard", ("scorecard.list",)),
        Listed("90_summary: key accounts", "90_summary", ("summary.key",)),
        Listed("30_tiers: the best tier", "30_tiers", ("tiers.top",)),
    ),
    measures=(
        Measure("held", "share of next year's sales of all", "all", more=True),
        Measure("ratio", "next year's sales over this year's", "list", more=True),
        Measure("left", "share without an order in the year", "list", more=False),
    ),
    naive={"largest": list_largest},
    sizes=(20, 50, 100, WHOLE),
)

LOSS = Question(
    code="loss",
    title="Loss-makers",
    asks="Whoever stands on the list costs more than it brings, and will next year unless terms change.",
    lists=(
        Listed("20_pareto: costs more than it brings", "20_pareto", ("pareto.unprofitable",)),
        Listed("20_pareto: large, without profit", "20_pareto", ("pareto.costly",)),
    ),
    measures=(
        Measure("again", "share with a loss again", "list", more=True),
        Measure("loss", "loss of the next year, a date", "", more=True),
        Measure("truly_unprofitable", "share made to cost more than it brings, by the truth", "list", more=True),
    ),
    naive={"least profit": list_least_profit},
    sizes=(20, 50, WHOLE),
    of_size=True,
)

QUESTIONS = (AT_RISK, WIN_BACK, UP, DOWN, KEY, LOSS)
