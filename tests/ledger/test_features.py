"""Tables worked out by hand, and what must hold for every log."""

from __future__ import annotations

import datetime as dt
import tempfile
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from kalib import ledger
from kalib.ledger import features, returns
from tests.depth import examples

from . import desk_of_lines
from .conftest import COLUMNS, HEADER, Desk

AS_OF = dt.date(2024, 6, 30)
WITH_COST = {**COLUMNS, "category": "category", "cost": "cost"}
TABLES = ("customers", "months", "mix", "order_days")

# Ann orders on 31 March (91 days before the snapshot date), 1 April (90), 2 April (89) and 30 June (0 days).
# Order 4 has a line on each of two days: it is one order, of 2 April; its money stays on its own days.
# Order 5 starts with a credit: it is an order of 30 June, where its first line that is no return stands.
# Bob has an order and, on another day, nothing but a refund. Cho has nothing but a refund.
# Dee ordered a year before: 365 days (last year's day 0), 454 (day 89) and 455 (day 90) before the snapshot date.
LOG = """\
customer,order,date,amount,category,cost
ann,1,2024-03-31,10.00,pots,6.00
ann,2,2024-04-01,20.00,pots,12.00
ann,3,2024-04-02,40.00,pans,30.00
ann,4,2024-04-02,5.00,pans,4.00
ann,4,2024-04-04,7.00,pots,4.00
ann,5,2024-06-29,-1.50,pots,-1.00
ann,5,2024-06-30,80.25,,50.00
bob,6,2024-01-31,100.10,pots,60.00
bob,7,2024-02-10,-30.05,pots,-20.00
cho,8,2024-05-05,-9.99,pans,-5.00
dee,9,2023-07-01,1.00,pots,0.50
dee,10,2023-04-03,2.00,pots,0.50
dee,11,2023-04-02,4.00,pots,0.50
dee,12,2023-07-02,8.00,pots,
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("log"))
    report = desk.build(LOG, columns=WITH_COST, as_of=AS_OF)
    assert [(issue["rule"], issue["count"], issue["amount"]) for issue in report.issues] == [
        ("return", 3, -41.54),
        ("cost_missing", 1, 8.0),
    ]
    return desk


def test_customers_by_hand(built):
    customers = built.table("customers").set_index("customer_id")
    assert list(customers.index) == ["ann", "bob", "cho", "dee"]
    ann = customers.loc["ann"]
    assert (ann.first_order_date, ann.last_order_date) == (dt.date(2024, 3, 31), AS_OF)
    assert (ann.orders, ann.order_days) == (5, 4)  # order 4 once, on 2 April with order 3
    assert ann.net_sales == 160.75  # 10 + 20 + 40 + 5 + 7 - 1.50 + 80.25
    assert (ann.gross_sales, ann.returns) == (162.25, 1.50)
    assert ann.returns_share == pytest.approx(1.50 / 162.25, abs=1e-6)
    assert (ann.days_since_last_order, ann.tenure_days) == (0, 91)
    assert ann.margin == 55.75  # 160.75 - (6 + 12 + 30 + 4 + 4 - 1 + 50)


def test_counts_are_integers_and_days_are_dates(built):
    types = {name: pq.read_schema(built.out / "tables" / f"{name}.parquet") for name in TABLES}
    for name, schema in types.items():
        assert {str(schema.field(column).type) for column in schema.names if column.startswith("orders")} == {
            "int64"
        }, name
    assert str(types["customers"].field("order_days").type) == "int64"
    assert types["months"].field("month").type == types["order_days"].field("order_date").type == pa.date32()


def test_windows_end_after_the_89th_day(built):
    customers = built.table("customers").set_index("customer_id")
    ann, dee = customers.loc["ann"], customers.loc["dee"]
    assert (ann.orders_30_days, ann.net_sales_30_days) == (1, 78.75)  # -1.50 + 80.25
    assert (ann.orders_90_days, ann.net_sales_90_days) == (3, 130.75)  # from 2 April: 40 + 5 + 7 + 78.75
    assert (ann.orders_180_days, ann.net_sales_365_days) == (5, 160.75)
    # dee: 2023-07-01 is 365 days before (out of the year, in last year's windows), 2023-04-03 is 454, 2023-04-02 is 455
    assert (dee.orders_365_days, dee.net_sales_365_days) == (1, 8.00)
    assert (dee.orders_90_days_last_year, dee.net_sales_90_days_last_year) == (2, 3.00)
    assert (dee.orders_365_days_last_year, dee.net_sales_365_days_last_year) == (3, 7.00)
    assert (dee.margin, dee.margin_365_days) == (13.50, 8.00)  # a missing cost counts as none, and the report says so
    assert (ann.orders_90_days_last_year, ann.net_sales_90_days_last_year) == (0, 0.0)


def test_gaps_and_silence_by_hand(built):
    customers = built.table("customers").set_index("customer_id")
    ann, bob, dee = (customers.loc[name] for name in ("ann", "bob", "dee"))
    # order days 31 March, 1 April, 2 April, 30 June: gaps 1, 1, 89; mean 91/3, variance (2 * 29.333² + 58.667²) / 2
    assert ann.gap_days == pytest.approx(91 / 3, abs=1e-6)
    assert ann.gap_days_spread == pytest.approx(50.806824, abs=1e-5)
    assert ann.silence_ratio == 0
    # bob has one order day: no gap; 31 January is 151 days before
    assert bob.days_since_last_order == 151
    assert bob[["gap_days", "gap_days_spread", "silence_ratio"]].isna().all()
    # dee: 2 April, 3 April, 1 July, 2 July 2023: gaps 1, 89, 1; 364 days of silence
    assert dee.silence_ratio == pytest.approx(364 / (91 / 3), abs=1e-5)


def test_gap_of_two_order_days_has_no_spread(desk):
    desk.build(HEADER + "ann,1,2024-01-01,1\nann,2,2024-01-11,1\n", as_of=dt.date(2024, 1, 16))
    ann = desk.table("customers").iloc[0]
    assert (ann.gap_days, ann.silence_ratio) == (10, 0.5)
    assert pd.isna(ann.gap_days_spread)


def test_a_customer_with_nothing_but_refunds_has_no_order(built):
    cho = built.table("customers").set_index("customer_id").loc["cho"]
    assert (cho.orders, cho.order_days, cho.net_sales, cho.gross_sales, cho.returns) == (0, 0, -9.99, 0.0, 9.99)
    nothing = [
        "first_order_date",
        "last_order_date",
        "days_since_last_order",
        "tenure_days",
        "gap_days",
        "returns_share",
    ]
    assert cho[nothing].isna().all()
    assert (cho.net_sales_90_days, cho.margin) == (-9.99, -4.99)


def test_order_days_by_hand(built):
    days = built.table("order_days")
    days["order_date"] = pd.to_datetime(days.order_date).dt.strftime("%m-%d")
    found = days[days.customer_id.isin(["ann", "bob"])].values.tolist()
    assert list(days.columns) == ["customer_id", "order_date", "orders", "net_sales", "gross_sales", "margin"]
    assert found == [
        ["ann", "03-31", 1, 10.0, 10.0, 4.0],
        ["ann", "04-01", 1, 20.0, 20.0, 8.0],
        ["ann", "04-02", 2, 45.0, 45.0, 11.0],  # the second line of order 4 is of 4 April, a day without an order
        ["ann", "06-30", 1, 80.25, 80.25, 30.25],
        ["bob", "01-31", 1, 100.1, 100.1, 40.1],  # the day of the refund is no order day
    ]


def test_months_by_hand(built):
    months = built.table("months")
    months["month"] = pd.to_datetime(months.month).dt.strftime("%Y-%m-%d")
    found = months[months.customer_id != "dee"][["customer_id", "month", "orders", "net_sales", "returns", "margin"]]
    assert found.values.tolist() == [
        ["ann", "2024-03-01", 1, 10.0, 0.0, 4.0],
        ["ann", "2024-04-01", 3, 72.0, 0.0, 22.0],
        ["ann", "2024-06-01", 1, 78.75, 1.5, 29.75],
        ["bob", "2024-01-01", 1, 100.1, 0.0, 40.1],
        ["bob", "2024-02-01", 0, -30.05, 30.05, -10.05],
        ["cho", "2024-05-01", 0, -9.99, 9.99, -4.99],
    ]


def test_mix_by_hand(built):
    mix = built.table("mix")
    assert mix[mix.customer_id != "dee"].values.tolist() == [
        ["ann", "", 1, 80.25, 30.25],  # no category
        ["ann", "pans", 2, 45.0, 11.0],  # orders 3 and 4
        ["ann", "pots", 3, 35.5, 14.5],  # orders 1, 2 and 4; order 5 has only a credit there
        ["bob", "pots", 1, 70.05, 30.05],
        ["cho", "pans", 0, -9.99, -4.99],
    ]


def test_without_categories_there_is_no_mix(desk):
    desk.build(HEADER + "ann,1,2024-01-01,1\nann,2,2024-01-11,2\n")
    assert not (desk.out / "tables" / "mix.parquet").exists()


def test_the_mix_leaves_cancelled_orders_out(desk):
    rows = "ann,1,2024-01-01,1,pots\nann,2,2024-01-02,2,pots\nann,3,2024-01-03,-2,pots\n"
    desk.build("customer,order,date,amount,category\n" + rows, columns={**COLUMNS, "category": "category"})
    assert desk.table("customers").orders.tolist() == [1]
    lines = desk_of_lines.put(
        [
            desk_of_lines.sale("ann", str(n), f"2024-01-0{n}", amount, category="pots")
            for n, amount in ((1, 1), (2, 2), (3, -2))
        ]
    )
    assert features.mix(lines, returns.void(lines)).to_pandas()[["orders", "net_sales"]].values.tolist() == [[1, 1.0]]
    assert features.mix(lines).to_pandas().orders.tolist() == [2]


def test_without_order_number_a_customer_has_one_order_a_day(desk):
    columns = {name: theirs for name, theirs in COLUMNS.items() if name != "order_id"}
    desk.build(
        HEADER + "ann,1,2024-01-01,1\nann,2,2024-01-01,2\nann,3,2024-01-02,4\nbob,1,2024-01-01,8\n", columns=columns
    )
    customers = desk.table("customers")
    assert customers[["customer_id", "orders", "net_sales"]].values.tolist() == [["ann", 2, 7.0], ["bob", 1, 8.0]]


def test_an_order_number_used_by_two_customers_is_two_orders(desk):
    desk.build(HEADER + "ann,1,2024-01-01,1\nbob,1,2024-01-01,2\n")
    assert desk.table("customers").orders.tolist() == [1, 1]


def test_blank_order_numbers_are_one_order_a_day(desk):
    desk.build(HEADER + "ann,,2024-01-01,1\nann,,2024-01-01,2\nann,7,2024-01-01,2\n")
    assert desk.table("customers").orders.tolist() == [2]


def test_snapshots_by_hand(built):
    past = ledger.snapshots(built.out, [dt.date(2024, 4, 1), dt.date(2024, 4, 3), dt.date(2024, 4, 1)])
    assert past.groupby("as_of").size().tolist() == [3, 3]  # cho is not known yet
    ann = past[past.customer_id == "ann"].set_index(pd.to_datetime(past[past.customer_id == "ann"].as_of))
    before, after = ann.loc["2024-04-01"], ann.loc["2024-04-03"]
    assert (before.orders, before.net_sales, before.days_since_last_order, before.gap_days) == (2, 30.0, 0, 1.0)
    assert pd.isna(before.gap_days_spread)
    assert (after.orders, after.net_sales, after.days_since_last_order) == (
        4,
        75.0,
        1,
    )  # order 4 without its later line


def test_snapshot_at_as_of_is_the_customers_table(built):
    known = ledger.snapshots(built.out, [AS_OF])
    assert_frame_equal(typed(known), typed(built.table("customers")[list(known.columns)]))


def test_outcomes_by_hand(built):
    ahead = ledger.outcomes(built.out, [dt.date(2024, 4, 1)], horizon_days=90)
    # up to and with 30 June, without 1 April itself; cho has no order, so no row
    assert ahead[["customer_id", "orders_ahead", "net_sales_ahead"]].values.tolist() == [
        ["ann", 3, 130.75],
        ["bob", 0, 0.0],
        ["dee", 0, 0.0],
    ]
    shorter = ledger.outcomes(built.out, [dt.date(2024, 4, 1)], horizon_days=1).set_index("customer_id")
    assert shorter.loc["ann", ["orders_ahead", "net_sales_ahead"]].tolist() == [2, 45.0]


def test_nothing_after_as_of_is_asked_for(built):
    with pytest.raises(ValueError, match="2024-07-01 lies after the snapshot date 2024-06-30"):
        ledger.snapshots(built.out, [dt.date(2024, 7, 1)])
    with pytest.raises(ValueError, match="lies after the snapshot date"):
        ledger.outcomes(built.out, [dt.date(2024, 4, 2)], horizon_days=90)


def test_money_is_rounded_once_and_half_up(desk):
    # 1.005 is 1.00499… in binary; the exact sum 1.005 is rounded to 1.01, and 3 times 0.335 to 1.01
    columns = {"customer_id": "customer", "order_date": "date", "quantity": "quantity", "unit_price": "price"}
    desk.build("customer,date,quantity,price\nann,2024-01-01,1,1.005\nbob,2024-01-01,3,0.335\n", columns=columns)
    assert desk.table("customers").net_sales.tolist() == [1.01, 1.01]


def test_cents_beside_a_million_millions_do_not_vanish(desk):
    rows = "".join(f"ann,{n},2024-01-05,0.01\n" for n in range(2, 102))
    desk.build(HEADER + "ann,1,2024-01-05,1000000000000.00\n" + rows)
    assert desk.table("customers").net_sales.tolist() == [1000000000001.00]
    desk.build(HEADER + "ann,1,2024-01-05,1000000000000.00\n" + rows + "ann,1,2024-01-05,-1000000000000.00\n")
    assert desk.table("customers").net_sales.tolist() == [1.00]


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table in which a day is a timestamp and days are floats, whether read from Parquet or asked of the ledger."""
    days = [name for name in table if name == "as_of" or name.endswith("_date")]
    spans = ["days_since_last_order", "tenure_days"]
    return table.assign(
        **{name: pd.to_datetime(table[name]).astype("datetime64[s]") for name in days}, **table[spans].astype(float)
    )


@st.composite
def logs(draw: st.DrawFn, last: dt.date = AS_OF) -> list[tuple]:
    """Orders of a few customers, with refunds, repeats and gaps."""
    row = st.tuples(
        st.sampled_from(["ann", "bob", "cho", "李"]),
        st.integers(1, 6).map(str),
        st.dates(last - dt.timedelta(days=800), last),
        st.integers(-50_000, 200_000).map(lambda cents: Decimal(cents) / 100),
        st.sampled_from(["pots", "pans", None]),
    )
    rows = draw(st.lists(row, max_size=24))
    return [("ann", "1", last - dt.timedelta(days=400), Decimal("12.34"), "pots"), *rows]


def read_rows(rows: list[tuple], *, kind: str = "csv", as_of: dt.date | None = AS_OF) -> dict[str, object]:
    """Return every table that comes of a log, with two past snapshots and their outcomes."""
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        names = ["customer", "order", "date", "amount", "category"]
        if kind == "csv":
            path = desk.folder / "orders.csv"
            pd.DataFrame(rows, columns=names).to_csv(path, index=False)
        else:
            path = desk.folder / "orders.parquet"
            columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
            schema = pa.schema(
                [
                    ("customer", pa.string()),
                    ("order", pa.string()),
                    ("date", pa.date32()),
                    ("amount", pa.decimal128(14, 2)),
                    ("category", pa.string()),
                ]
            )
            pq.write_table(pa.table(columns, schema=schema), path)
        before = path.read_bytes()
        report = ledger.build(
            desk.job(source=path.name, columns={**COLUMNS, "category": "category"}, as_of=as_of), desk.out
        )
        assert path.read_bytes() == before
        assert report.rows_read == len(rows) == report.rows_used + report.rows_set_aside
        dates = [report.as_of - dt.timedelta(days=days) for days in (90, 400)]
        return {
            **{name: desk.table(name) for name in TABLES},
            "snapshots": ledger.snapshots(desk.out, dates),
            "outcomes": ledger.outcomes(desk.out, dates, horizon_days=90),
            "quality": desk.table("quality"),
        }


def check_invariants(rows: list[tuple], shuffled: list[tuple], future: list[tuple]) -> None:
    """Check what must hold for every log: of 12 tables each, made of the log in four guises."""
    tables = read_rows(rows)
    for other, besides in (
        (read_rows(shuffled), set()),  # row order changes no table
        (read_rows(rows, kind="parquet"), set()),  # nor does the kind of the file
        (read_rows(rows + future), {"quality"}),  # nor do rows after the snapshot date
    ):
        for name in tables.keys() - besides:
            assert_frame_equal(tables[name], other[name])
    exact = pd.DataFrame(rows).groupby(0)[3].sum().astype(float)
    for name in ("customers", "months", "mix"):
        assert tables[name].groupby("customer_id").net_sales.sum().round(2).to_dict() == exact.to_dict()
    orders = tables["customers"].set_index("customer_id").orders
    assert tables["months"].groupby("customer_id").orders.sum().to_dict() == orders.to_dict()
    assert tables["order_days"].orders.sum() == orders.sum()
    day = AS_OF - dt.timedelta(days=400)
    then, past = (
        read_rows(rows, as_of=day)["customers"],
        tables["snapshots"],
    )  # a ledger of that day says what a snapshot says
    now = past[pd.to_datetime(past.as_of).dt.date == day].reset_index(drop=True)
    assert_frame_equal(typed(now), typed(then[list(now.columns)]))


def as_given(data: st.DataObject) -> None:
    rows = data.draw(logs())
    future = [row for row in data.draw(logs(last=AS_OF + dt.timedelta(days=300))) if row[2] > AS_OF]
    check_invariants(rows, data.draw(st.permutations(rows)), future)


NO_SHRINKING = {
    "derandomize": True,
    "phases": [Phase.generate],
    "suppress_health_check": list(HealthCheck),
}


@examples(1, 30, **NO_SHRINKING)
@given(st.data())
def test_invariants(data):
    as_given(data)


def test_the_thorny_log_keeps_the_invariants():
    cells = [line.split(",") for line in LOG.splitlines()[1:]]
    rows = [
        (who, order, dt.date.fromisoformat(day), Decimal(money), what or None)
        for who, order, day, money, what, _cost in cells
    ]
    future = [
        ("ann", "4", AS_OF + dt.timedelta(days=1), Decimal(9), "pots"),
        ("zoe", "99", AS_OF + dt.timedelta(days=9), Decimal(-9), None),
    ]
    check_invariants(rows, rows[::-1], future)


def test_the_coming_season_is_that_of_last_year(desk):
    """As of 2024-12-31, a year before is 2024-01-01: the 90 days after it run from 2 January to 31 March 2024."""
    days = {"before": "2024-01-01", "first": "2024-01-02", "last": "2024-03-31", "after": "2024-04-01"}
    lines = "".join(f"{name},{name},{day},1.00\n" for name, day in days.items())
    desk.build("customer,order,date,amount\n" + lines, as_of=dt.date(2024, 12, 31))
    customers = desk.table("customers").set_index("customer_id")
    found = customers["orders_next_90_days_last_year"].to_dict()
    assert found == {"after": 0, "before": 0, "first": 1, "last": 1}
