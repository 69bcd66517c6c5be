"""Does nobody rise by having begun, nobody fall who is gone, and does every cent stand in one part of the bridge?"""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.topics import migration as topic
from kalib.topics import migration_base as base
from tests.depth import examples
from tests.topics.migration_cases import Cuts, make_customers

YARDSTICK = Cuts([1000, 100]).fit(make_customers(dict.fromkeys("abc", (1.0, 1, 1))))
BEFORE = {
    "up": (90, 2, 30),
    "young": (50, 1, 3),  # its first order came three days before the earlier date
    "edge": (60, 2, 30),  # on the first day of the earlier year
    "down": (4000, 40, 3),
    "quiet": (4000, 40, 3),  # ordered in the year, and counts as a customer no more
    "stay": (500, 9, 20),
    "slid": (8000, 9, 20),
    "fell": (300, 6, 60),
    "back": (0, 0, 500),
    "void": (200, 1, 9),
}
NOW = {
    "up": (400, 8, 10),
    "young": (900, 20, 2),
    "edge": (900, 20, 2),
    "down": (250, 5, 70),
    "quiet": (250, 5, 250),
    "stay": (650, 10, 15),
    "slid": (2000, 10, 15),
    "fell": (0, 0, 425),
    "back": (120, 2, 40),
    "new": (80, 1, 12),
}
TENURE = {"young": 368.0, "edge": 729.0, "new": 12.0}


def build(before: dict = BEFORE, now: dict = NOW, tenure: dict = TENURE, still: set[str] | None = None) -> pd.DataFrame:
    """Measure the moves; who is not named has ordered for 1000 days."""
    tables = [make_customers(rows) for rows in (before, now)]
    ages = [
        table.assign(tenure_days=[tenure.get(name, 1000.0) - less for name in table["customer_id"]])
        for table, less in zip(tables, (365, 0), strict=True)
    ]
    moves = topic.compare_grades(*(topic.grade_customers(YARDSTICK, table) for table in tables))
    return base.add_base(moves, *ages, apart_days=365, still=still)


def test_who_can_be_compared_by_hand() -> None:
    kinds = build().set_index("customer_id")["year_kind"]
    assert kinds.to_dict() == {
        **dict.fromkeys(("up", "down", "quiet", "stay", "slid"), "two_years"),
        **{"young": "second_year", "edge": "second_year", "new": "first_year", "back": "came_back"},
        **{"fell": "stopped", "void": "stopped"},
    }
    edge = build(tenure=TENURE | {"edge": 730.0}).set_index("customer_id")
    assert edge.loc["edge", ["year_kind", "base_is_whole"]].tolist() == ["two_years", True]


def test_lists_by_hand() -> None:
    moves = build(still=set(NOW) - {"quiet", "fell"})
    assert base.list_between(moves, "promoted", whole=True)["customer_id"].tolist() == ["up"]
    assert base.list_between(moves, "promoted", whole=False)["customer_id"].tolist() == ["edge", "young"]
    assert base.list_between(moves, "demoted")["customer_id"].tolist() == ["down"]
    stopped = base.list_stopped(moves)
    assert stopped[["customer_id", "net_sales_365_days_before"]].values.tolist() == [
        ["quiet", 4000], ["fell", 300], ["void", 200],
    ]  # fmt: skip
    rising = base.list_rising(moves)
    assert rising[["customer_id", "change_share"]].values.tolist() == [["up", pytest.approx(310 / 90)], ["stay", 0.3]]
    assert base.list_sliding(moves)["customer_id"].tolist() == ["slid"]
    assert base.list_sliding(build(still={"up"})).empty
    assert base.list_between(build(), "demoted")["customer_id"].tolist() == ["down", "quiet"]


def test_the_bridge_and_the_facts_by_hand() -> None:
    moves = build(still=set(NOW) - {"quiet", "fell"})
    parts = base.summarise_parts(moves).set_index("move")
    assert parts.index.tolist() == list(base.PARTS)
    assert parts["customers"].tolist() == [1, 2, 2, 2, 1, 1, 2, 0]
    assert parts["net_sales_moved"].tolist() == [310, -7500, -5850, 1690, 80, 120, -500, 0]
    assert parts["net_sales_moved"].sum() == moves["net_sales_moved"].sum()
    facts = base.describe_base(moves)
    assert (facts["promoted_newer"], facts["promoted_newer_share"], facts["promoted_newer_money"]) == (2, 2 / 3, 0.845)
    assert (facts["promoted_whole"], facts["promoted_part"], facts["promoted_stopped"]) == (1, 2, 0)
    assert (facts["demoted_listed"], facts["demoted_stopped"]) == (1, 1)
    assert (facts["stopped"], facts["stopped_lately"], facts["stopped_net_sales_before"]) == (3, 1, 4500)
    assert (facts["like_customers"], facts["like_change"]) == (7, pytest.approx(3550 / 17090 - 1))


@examples(10, 100)
@given(
    st.lists(st.tuples(*[st.integers(-9_999, 99_999)] * 2, *[st.integers(0, 3)] * 2, st.integers(0, 1500)), min_size=1)
)
def test_no_cent_is_lost_and_nobody_rises_by_beginning(rows: list[tuple]) -> None:
    names = [f"c{i}" for i in range(len(rows))]
    before = {name: (row[0] / 100, row[2], 5) for name, row in zip(names, rows, strict=True)}
    now = {name: (row[1] / 100, row[3], 5) for name, row in zip(names, rows, strict=True)}
    moves = build(before, now, {name: float(row[4]) for name, row in zip(names, rows, strict=True)})
    parts = base.summarise_parts(moves)
    assert parts["customers"].sum() == len(moves)
    assert parts["net_sales_moved"].sum() == pytest.approx(moves["net_sales_moved"].sum(), abs=1e-6)
    for listed in (base.list_between(moves, "promoted", whole=True), base.list_rising(moves)):
        assert listed["base_is_whole"].all()
        assert not listed["has_stopped"].any()
    assert not set(base.list_stopped(moves)["customer_id"]) & set(base.list_between(moves, "demoted")["customer_id"])


def test_who_rises_or_slides_does_so_by_more_than_chance() -> None:
    moves = build(still=set(NOW) - {"quiet", "fell"})
    value = pd.DataFrame({"customer_id": ["up", "stay", "slid"], "pace": ["steady", "rising", "steady"]})
    known = base.take_pace(moves, value, apart_days=365)
    assert base.list_rising(known)["customer_id"].tolist() == ["stay"]  # up more than quadrupled, on few orders
    assert base.list_sliding(known).empty
    falling = base.take_pace(moves, value.assign(pace="falling"), apart_days=365)
    assert base.list_rising(falling).empty
    assert base.list_sliding(falling)["customer_id"].tolist() == ["slid"]


@pytest.mark.parametrize(
    ("value", "apart"), [(None, 365), (pd.DataFrame({"customer_id": ["up"], "pace": ["steady"]}), 180)]
)
def test_without_a_pace_of_the_same_years_growth_is_what_is_known(value: pd.DataFrame | None, apart: int) -> None:
    moves = build(still=set(NOW) - {"quiet", "fell"})
    known = base.take_pace(moves, value, apart_days=apart)
    assert not base.knows_pace(known)
    assert base.list_rising(known)["customer_id"].tolist() == ["up", "stay"]
