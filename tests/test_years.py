"""Are accounts compared only where both spans were whole, and does every cent of the change stand in one part?"""

from __future__ import annotations

import datetime as dt
import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib import years
from kalib.errors import NotEnoughDataError
from tests.depth import examples

AS_OF = dt.date(2026, 6, 30)
COLUMNS = ["tenure_days", "orders_365_days_last_year", "orders_365_days", "then", "now", "days_since_last_order"]
ACCOUNTS = {
    "steady": (1400, 4, 4, 100.0, 90.0, 10),
    "edge": (730, 2, 2, 50.0, 60.0, 20),  # its first order is of the day before the two years begin
    "second": (729, 2, 9, 20.0, 80.0, 5),  # its first order is of their first day
    "new": (364, 0, 3, 0.0, 30.0, 5),
    "year": (365, 1, 2, 5.0, 8.0, 40),  # its first order is of the last day of the year before
    "back": (1200, 0, 1, 0.0, 7.0, 90),
    "left": (1300, 3, 0, 40.0, 0.0, 400),
    "tried": (500, 1, 0, 6.0, 0.0, 500),
    "pausing": (900, 2, 1, 10.0, 9.0, 300),  # ordered in the year, and counts as a customer no more
    "asleep": (1350, 0, 0, 0.0, -1.0, 1000),
}


def customers(rows: dict[str, tuple] = ACCOUNTS) -> pd.DataFrame:
    table = pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS).rename_axis("customer_id").reset_index()
    names = {"then": "net_sales_365_days_last_year", "now": "net_sales_365_days"}
    return table.rename(columns=names).astype({"tenure_days": float})


def line_up(still: set[str] | None = None) -> pd.DataFrame:
    return years.line_up(customers(), years.choose_span(customers(), AS_OF), still=still).set_index("customer_id")


def test_every_kind_by_hand() -> None:
    lined = line_up()
    assert lined["year_kind"].to_dict() == {
        **{"steady": "two_years", "edge": "two_years", "pausing": "two_years", "second": "second_year"},
        **{"year": "second_year", "new": "first_year", "back": "came_back", "left": "stopped"},
        **{"tried": "stopped", "asleep": "silent"},
    }
    assert lined.loc[["edge", "second", "left", "tried"], "base_is_whole"].tolist() == [True, False, True, False]
    assert lined["change_share"].dropna().round(6).to_dict() == {
        "edge": 0.2, "left": -1.0, "pausing": -0.1, "steady": -0.1,
    }  # fmt: skip
    assert lined["has_stopped"].sum() == 2
    still = set(ACCOUNTS) - {"left", "tried", "pausing", "asleep"}
    stopped = line_up(still)["has_stopped"]
    assert set(stopped.index[stopped]) == {"left", "tried", "pausing"}


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (dt.date(2022, 3, 1), "two_years"),  # 730 days back
        (dt.date(2022, 3, 2), "second_year"),
        (dt.date(2023, 3, 1), "second_year"),
        (dt.date(2023, 3, 2), "first_year"),
    ],
)
def test_a_leap_day_moves_no_border(first: dt.date, kind: str) -> None:
    """The two years up to 29 February 2024 begin on 1 March 2022: spans are of 365 days, whatever the calendar."""
    tenure = (dt.date(2024, 2, 29) - first).days
    assert years.find_kinds(pd.Series([tenure]), pd.Series([1]), pd.Series([1])).tolist() == [kind]


def test_spans_apart_have_borders_of_their_own() -> None:
    tenure, one = pd.Series([765, 764, 400, 399]), pd.Series([1] * 4)
    found = years.find_kinds(tenure, one, one, apart=400)
    assert found.tolist() == ["two_years", "second_year", "second_year", "first_year"]


def test_what_is_compared_by_the_length_of_the_log() -> None:
    spans = {
        days: years.choose_span(pd.DataFrame({"tenure_days": [days - 1.0, 3]}), AS_OF)
        for days in (731, 730, 729, 365, 364, 181)
    }
    assert [span.name for span in spans.values()] == ["year", "year", "half", "half", "none", "none"]
    assert [span.days for span in spans.values()] == [365, 365, 180, 180, 364, 181]
    assert spans[729].before == dt.date(2026, 1, 1)
    assert years.choose_span(pd.DataFrame({"tenure_days": [math.nan]}), AS_OF).days == 0
    with pytest.raises(NotEnoughDataError, match="years_no_span"):
        years.line_up(customers(), spans[181])


def test_half_years_are_compared_with_the_half_before() -> None:
    now = pd.DataFrame(
        {"customer_id": list("abc"), "tenure_days": [500.0, 359, 90], "days_since_last_order": [3.0, 3, 3],
         "net_sales_180_days": [80.0, 70, 30], "orders_180_days": [2, 2, 1]}
    )  # fmt: skip
    earlier = pd.DataFrame({"customer_id": ["a", "b"], "net_sales_180_days": [100.0, 5], "orders_180_days": [3, 1]})
    span = years.choose_span(now, AS_OF)
    lined = years.line_up(now, span, earlier=earlier)
    assert lined["year_kind"].tolist() == ["two_years", "second_year", "first_year"]
    assert lined["net_sales_moved"].tolist() == [-20, 65, 30]
    assert lined["change_share"].tolist() == [
        -0.2,
        pytest.approx(math.nan, nan_ok=True),
        pytest.approx(math.nan, nan_ok=True),
    ]
    with pytest.raises(ValueError, match="2026-01-01"):
        years.line_up(now, span)


def test_the_change_by_hand() -> None:
    lined = line_up().reset_index()
    kept = years.measure_retention(lined).set_index("retention_base")
    assert kept["customers_before"].tolist() == [4, 3, 7]
    assert kept["customers_kept"].tolist() == [3, 2, 5]
    assert kept.loc["whole", ["net_sales_then", "net_sales_now", "lost_sales"]].tolist() == [200, 159, 40]
    assert kept.loc["whole", "retention_share"] == pytest.approx(0.795)
    assert kept["retention_share"].isna().tolist() == [False, True, True]
    kinds = years.summarise_kinds(lined).set_index("year_kind")
    assert kinds.loc["two_years"].tolist() == [3, 160, 159, -1, pytest.approx(-1 / 160)]
    assert kinds["change_share"].notna().sum() == 1


def test_all_grew_and_those_who_can_be_compared_shrank() -> None:
    """Twenty old accounts buy a tenth less, ten came late in the year before: the whole grows, like for like it falls."""
    rows = {f"old{i}": (1000, 9, 9, 100.0, 90.0, 5) for i in range(20)}
    rows |= {f"young{i}": (400, 1, 9, 10.0, 90.0, 5) for i in range(10)}
    facts = years.describe_change(years.line_up(customers(rows), years.choose_span(customers(rows), AS_OF)))
    assert facts["net_sales_change"] == pytest.approx(2700 / 2100 - 1)
    assert (facts["like"], facts["like_customers"], facts["like_change"]) == ("known", 20, pytest.approx(-0.1))
    assert (facts["newer_customers"], facts["newer_moved"], facts["like_share"]) == (10, 800, pytest.approx(20 / 21))
    few = dict(list(rows.items())[11:])
    facts = years.describe_change(years.line_up(customers(few), years.choose_span(customers(few), AS_OF)))
    assert (facts["like"], math.isnan(facts["like_change"])) == ("few", True)


@examples(20, 300)
@given(st.lists(st.tuples(st.integers(0, 1500), *[st.integers(0, 2)] * 2, *[st.integers(-999, 9999)] * 2), min_size=1))
def test_no_cent_is_lost(accounts: list[tuple[int, int, int, int, int]]) -> None:
    rows = {str(i): (t, b, n, m / 100, k / 100, 1) for i, (t, b, n, m, k) in enumerate(accounts)}
    table = customers(rows)
    copy = table.copy(deep=True)
    lined = years.line_up(table, years.Span("year", 365, AS_OF, AS_OF - dt.timedelta(days=365), 1500))
    pd.testing.assert_frame_equal(table, copy)
    kinds, facts = years.summarise_kinds(lined), years.describe_change(lined)
    assert kinds["customers"].sum() == len(table)
    moved = round(sum(k - m for *_, m, k in accounts) / 100, 2)
    assert kinds["net_sales_moved"].sum() == pytest.approx(moved, abs=1e-6)
    whole = years.measure_retention(lined).set_index("retention_base").loc["whole"]
    parts = whole["net_sales_now"] - whole["net_sales_then"] + facts["newer_moved"] + facts["other_moved"]
    assert parts == pytest.approx(moved, abs=1e-6)
    again = years.line_up(table.sample(frac=1, random_state=1), years.Span("year", 365, AS_OF, AS_OF, 1500))
    pd.testing.assert_frame_equal(lined, again)
