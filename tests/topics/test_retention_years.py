"""Is yearly retention that of whole years, and does no year reach before the record?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from kalib import ledger
from kalib.topics import retention_years as topic
from kalib.years import Span, choose_span
from tests.test_second_way import Case, cents, open_case

AS_OF = dt.date(2026, 6, 30)
BEFORE = AS_OF - dt.timedelta(days=365)


def span(days: int) -> Span:
    return choose_span(pd.DataFrame({"tenure_days": [days - 1.0]}), AS_OF)


def snapshot(date: dt.date, rows: dict[str, tuple]) -> pd.DataFrame:
    names = ["tenure_days", "orders_365_days_last_year", "orders_365_days", "then", "now"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=names).rename_axis("customer_id").reset_index()
    table = table.rename(columns={"then": "net_sales_365_days_last_year", "now": "net_sales_365_days"})
    return table.assign(as_of=pd.Timestamp(date), days_since_last_order=1.0)


@pytest.mark.parametrize(("days", "count"), [(2921, 5), (1460, 3), (1459, 2), (730, 1), (729, 1), (365, 1), (364, 0)])
def test_only_whole_years_are_told(days: int, count: int) -> None:
    dates = topic.list_dates(span(days))
    assert len(dates) == count
    assert dates == [AS_OF - dt.timedelta(days=365 * back) for back in range(count)]
    if days >= 730:  # the oldest year, and the one before it, lie within the record
        assert (AS_OF - dates[-1]).days + 730 <= days


def test_years_by_hand() -> None:
    """Twelve of old stand, ten of them order again for nine tenths; of three who had a part of the year before, two do."""
    rows = {f"kept{i}": (900, 3, 3, 100.0, 90.0) for i in range(10)}
    rows |= {f"lost{i}": (900, 3, 0, 50.0, 0.0) for i in range(2)}
    rows |= {"young1": (500, 1, 9, 1.0, 99.0), "young2": (500, 1, 9, 1.0, 99.0), "tried": (500, 1, 0, 1.0, 0.0)}
    rows |= {"new": (100, 0, 5, 0.0, 70.0)}
    table = topic.measure_years(snapshot(AS_OF, rows), span(1000))
    assert table.iloc[0].tolist()[:5] == [AS_OF, 15, 12, pytest.approx(0.8), 101.0]
    assert table.iloc[0].tolist()[5:] == [12, pytest.approx(10 / 12), pytest.approx(900 / 1100)]
    facts = topic.describe_years(table, span(1000))
    assert (facts["stay"], facts["stay_lost"], facts["money"], facts["before"]) == ("year", 3, "known", BEFORE)
    few = topic.measure_years(snapshot(AS_OF, dict(list(rows.items())[5:])), span(1000))
    assert topic.describe_years(few, span(1000))["money"] == "few"


def test_nothing_is_said_of_a_short_record() -> None:
    facts = topic.describe_years(None, span(181))
    assert (facts["stay"], facts["money"], facts["history_days"]) == ("none", "few", 181)
    nobody = topic.measure_years(snapshot(AS_OF, {"new": (10, 0, 1, 0.0, 5.0)}), span(800))
    assert topic.describe_years(nobody, span(800))["stay"] == "nobody"


@pytest.fixture(scope="module")
def case(shipped: Callable[[str], Path]) -> Case:
    return open_case("wholesale", shipped("wholesale"))


def test_three_years_of_the_sample_a_second_way(case: Case) -> None:
    found = choose_span(case.table("customers"), case.report.as_of)
    dates = topic.list_dates(found)
    table = topic.measure_years(ledger.snapshots(case.folder, dates), found)
    assert len(table) == len(dates) == 3
    for row in table.itertuples():
        wanted = case.row(f"""SELECT count(*) AS customers_before, count(*) FILTER (year_orders > 0) AS customers_kept,
            sum(before_money) FILTER (year_orders = 0) AS lost, count(*) FILTER (tenure >= 730) AS like_customers,
            sum(year_money) FILTER (tenure >= 730) / sum(before_money) FILTER (tenure >= 730) AS money
            FROM known(DATE '{row.year_to}') WHERE before_orders > 0""")
        assert (row.customers_before, row.customers_kept) == (wanted["customers_before"], wanted["customers_kept"])
        assert (row.like_customers, cents(row.stay_lost_sales)) == (wanted["like_customers"], wanted["lost"])
        assert row.retention_share == pytest.approx(wanted["money"], rel=1e-12)
    assert round(1 - table["stay_share"].iloc[0], 3) == 0.164  # what the issue found
