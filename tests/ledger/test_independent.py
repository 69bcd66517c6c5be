"""The tables of the real logs, counted again in plain SQL straight from the raw file by another way."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from kalib import ledger
from kalib.ledger import LedgerReport
from tests.standing import add_standing

from .conftest import Desk

ROOT = Path(__file__).resolve().parents[2]
WHOLESALE = ROOT / "data" / "wholesale" / "orders.parquet"
WINDOWS = (30, 90, 180, 365)


@dataclass(frozen=True)
class Log:
    """A built log beside its raw rows as table ``l`` of a connection, kept rows only, and the orders that stand as ``standing``.

    Columns of ``l``: c, o, d, p, q, m, k, g, is_return, as ``tests.standing`` names them; k is the cost, g the category.
    """

    desk: Desk
    report: LedgerReport
    con: duckdb.DuckDBPyConnection
    as_of: dt.date

    def compare(self, name: str, sql: str, key: list[str]) -> None:
        """Compare a table, column by column, with what the SQL gives; money may differ by half a cent of rounding."""
        wanted = self.con.execute(sql).df().sort_values(key, ignore_index=True)
        found = self.desk.table(name).sort_values(key, ignore_index=True)
        assert len(found) == len(wanted) > 0
        assert set(wanted.columns) <= set(found.columns)
        for column in wanted:
            one, other = found[column], wanted[column]
            if column.endswith("_date") or column == "month":
                one, other = (pd.to_datetime(x).astype("datetime64[s]") for x in (one, other))
            elif pd.api.types.is_numeric_dtype(other):
                one, other = one.astype(float), other.astype(float)
            pd.testing.assert_series_equal(
                one, other, rtol=0, atol=0.00501 if column in self.money(found) else 1e-5, check_dtype=False
            )
            if column in self.money(found):
                assert one.sum() == pytest.approx(other.sum(), abs=0.01 * len(one) ** 0.5)

    @staticmethod
    def money(table: pd.DataFrame) -> list[str]:
        return [name for name in table if name.startswith(("net_sales", "gross_sales", "margin")) or name == "returns"]


def open_log(folder: Path, raw: str, **settings: object) -> Log:
    desk = Desk(folder)
    report = desk.build(**settings)
    con = duckdb.connect()
    con.execute(f"CREATE TABLE l AS {raw}")
    add_standing(con)
    return Log(desk, report, con, report.as_of)


@pytest.fixture(scope="module")
def online_retail(retail: Path, tmp_path_factory: pytest.TempPathFactory) -> Log:
    # Read twice: 1 to 9 December 2010 stand in both sheets. A line of those days that stands there n times is one of n / 2.
    raw = f"""
        WITH r AS (SELECT *, CAST(InvoiceDate AS DATE) AS d FROM '{retail}'),
        g AS (SELECT Invoice, StockCode, Description, Quantity, InvoiceDate, Price, "Customer ID" AS c, Country, d, count(*) AS n FROM r GROUP BY ALL),
        kept AS (SELECT *, unnest(range(CASE WHEN d BETWEEN '2010-12-01' AND '2010-12-09' THEN n // 2 ELSE n END)) AS i FROM g)
        SELECT CAST(c AS VARCHAR) AS c, Invoice AS o, d, '' AS p, Quantity AS q, CAST(round(Quantity * CAST(round(Price * 10000) AS HUGEINT)) AS HUGEINT) AS m,
        0 AS k, 'all' AS g, (Quantity < 0 OR Price * Quantity < 0) AS is_return FROM kept WHERE c IS NOT NULL"""
    columns = {
        "customer_id": "Customer ID",
        "order_id": "Invoice",
        "order_date": "InvoiceDate",
        "quantity": "Quantity",
        "unit_price": "Price",
    }
    return open_log(tmp_path_factory.mktemp("retail"), raw, source=str(retail), columns=columns)


@pytest.fixture(scope="module")
def cdnow(tmp_path_factory: pytest.TempPathFactory) -> Log:
    file = ROOT / "data" / "cdnow" / "orders.csv"
    raw = f"""
        SELECT customer_id AS c, order_date AS o, CAST(order_date AS DATE) AS d, '' AS p, CAST(quantity AS BIGINT) AS q,
        CAST(replace(amount, '.', '') AS BIGINT) * 100 AS m,
        0 AS k, 'all' AS g, false AS is_return
        FROM read_csv('{file}', all_varchar = true)"""
    columns = {"customer_id": "customer_id", "order_date": "order_date", "quantity": "quantity", "amount": "amount"}
    return open_log(
        tmp_path_factory.mktemp("cdnow"), raw,
        source=str(file), columns=columns, read={"duplicates": "keep"}, as_of=dt.date(1998, 6, 30),
    )  # fmt: skip


@pytest.fixture(scope="module")
def wholesale(tmp_path_factory: pytest.TempPathFactory) -> Log:
    raw = f"""
        SELECT customer_id AS c, order_id AS o, order_date AS d, product AS p, quantity AS q,
        CAST(amount * 10000 AS HUGEINT) AS m, CAST(cost * 10000 AS HUGEINT) AS k,
        category AS g, (quantity < 0 OR amount < 0) AS is_return FROM '{WHOLESALE}' WHERE customer_id IS NOT NULL"""
    names = ("customer_id", "order_id", "order_date", "quantity", "amount", "cost", "category", "product")
    return open_log(
        tmp_path_factory.mktemp("wholesale"), raw,
        source=str(WHOLESALE), columns={name: name for name in names}, as_of=dt.date(2026, 6, 30),
    )  # fmt: skip


LOGS = ["cdnow", "wholesale", pytest.param("online_retail", marks=pytest.mark.run)]


@pytest.fixture(params=LOGS)
def log(request: pytest.FixtureRequest) -> Log:
    return request.getfixturevalue(request.param)


def windows(last: dt.date, what: str, value: str) -> str:
    """Return SQL for the windows: from the first day of each, by date, not by age."""
    parts = []
    for days in WINDOWS:
        first = last - dt.timedelta(days=days - 1)
        parts.append(f"coalesce(sum(CASE WHEN d >= DATE '{first}' THEN {value} END), 0) AS {what}_{days}_days")
    for days in (90, 365):
        end = last - dt.timedelta(days=365)
        first = end - dt.timedelta(days=days - 1)
        parts.append(
            f"coalesce(sum(CASE WHEN d BETWEEN DATE '{first}' AND DATE '{end}' THEN {value} END), 0) AS {what}_{days}_days_last_year"
        )
    if what == "orders":
        first, end = last - dt.timedelta(days=364), last - dt.timedelta(days=275)
        parts.append(
            f"sum(CASE WHEN d BETWEEN DATE '{first}' AND DATE '{end}' THEN 1 END) AS orders_next_90_days_last_year"
        )
    return ", ".join(parts)


def test_customers(log):
    log.compare(
        "customers",
        f"""WITH o AS (FROM placed(DATE '{log.as_of}')), days AS (SELECT DISTINCT c, d FROM o),
        gaps AS (SELECT a.c, min(b.d) - a.d AS gap FROM days a JOIN days b ON a.c = b.c AND b.d > a.d GROUP BY a.c, a.d),
        gap AS (SELECT c, avg(gap) AS gap_days, stddev_samp(gap) AS gap_days_spread FROM gaps GROUP BY c),
        orders AS (SELECT c, min(d) AS first_order_date, max(d) AS last_order_date, count(*) AS orders, count(DISTINCT d) AS order_days,
        {windows(log.as_of, "orders", "1")} FROM o GROUP BY c),
        money AS (SELECT c, sum(m) / 10000 AS net_sales, coalesce(sum(m) FILTER (m > 0), 0) / 10000 AS gross_sales,
        -coalesce(sum(m) FILTER (m < 0), 0) / 10000 AS returns, {windows(log.as_of, "net_sales", "m / 10000")} FROM l GROUP BY c)
        SELECT c AS customer_id, first_order_date, last_order_date,
        {", ".join(f"coalesce({name}, 0) AS {name}" for name in ("orders", "order_days", *(f"orders_{days}_days" for days in WINDOWS), "orders_90_days_last_year", "orders_365_days_last_year", "orders_next_90_days_last_year"))},
        net_sales, gross_sales, returns,
        {", ".join(f"net_sales_{days}" for days in ("30_days", "90_days", "180_days", "365_days", "90_days_last_year", "365_days_last_year"))},
        DATE '{log.as_of}' - last_order_date AS days_since_last_order, DATE '{log.as_of}' - first_order_date AS tenure_days, gap_days, gap_days_spread,
        (DATE '{log.as_of}' - last_order_date) / gap_days AS silence_ratio
        FROM money LEFT JOIN orders USING (c) LEFT JOIN gap USING (c)""",
        ["customer_id"],
    )


def test_months(log):
    log.compare(
        "months",
        f"""WITH o AS (SELECT c, year(d) AS y, month(d) AS n, count(*) AS orders FROM placed(DATE '{log.as_of}') GROUP BY ALL)
        SELECT c AS customer_id, make_date(y, n, 1) AS month, coalesce(max(orders), 0) AS orders, sum(m) / 10000 AS net_sales,
        -coalesce(sum(m) FILTER (m < 0), 0) / 10000 AS returns
        FROM (SELECT *, year(d) AS y, month(d) AS n FROM l) LEFT JOIN o USING (c, y, n) GROUP BY c, y, n""",
        ["customer_id", "month"],
    )


def test_mix(wholesale):
    """An order counts in each category of which it has a line with money that is no return, as long as it stands."""
    wholesale.compare(
        "mix",
        f"""SELECT c AS customer_id, g AS category, count(DISTINCT CASE WHEN NOT is_return AND m > 0 THEN placed.o END) AS orders, sum(m) / 10000 AS net_sales
        FROM l LEFT JOIN placed(DATE '{wholesale.as_of}') AS placed USING (c, o) GROUP BY c, g""",
        ["customer_id", "category"],
    )


def test_without_categories_there_is_no_mix(cdnow):
    assert cdnow.report.missing["mix"] == "no_categories"
    assert not (cdnow.desk.out / "tables" / "mix.parquet").exists()


def test_order_days(log):
    log.compare(
        "order_days",
        f"""SELECT c AS customer_id, d AS order_date, o.n AS orders, sum(m) / 10000 AS net_sales, coalesce(sum(m) FILTER (m > 0), 0) / 10000 AS gross_sales
        FROM l JOIN (SELECT c, d, count(*) AS n FROM placed(DATE '{log.as_of}') GROUP BY c, d) AS o USING (c, d) GROUP BY c, d, o.n""",
        ["customer_id", "order_date"],
    )


def test_margins(wholesale):
    wholesale.compare(
        "customers",
        """SELECT c AS customer_id, sum(m - k) / 10000 AS margin, coalesce(sum(m - k) FILTER (d > DATE '2025-06-30'), 0) / 10000 AS margin_365_days
        FROM l GROUP BY c""",
        ["customer_id"],
    )
    wholesale.compare(
        "mix",
        "SELECT c AS customer_id, g AS category, sum(m - k) / 10000 AS margin FROM l GROUP BY c, g",
        ["customer_id", "category"],
    )


def test_past_snapshots_and_outcomes(log):
    day = log.as_of - dt.timedelta(days=100)
    seen = ledger.snapshots(log.desk.out, [day])
    wanted = log.con.execute(
        f"""SELECT c, coalesce(any_value(n), 0), sum(m) / 10000 FROM l LEFT JOIN
        (SELECT c, count(*) AS n FROM placed(DATE '{day}') GROUP BY c) USING (c) WHERE d <= DATE '{day}' GROUP BY c ORDER BY c"""
    ).fetchall()
    assert list(zip(seen.customer_id, seen.orders, strict=True)) == [(name, orders) for name, orders, _ in wanted]
    assert seen.net_sales.tolist() == pytest.approx([money for *_, money in wanted], abs=0.00501)
    ahead = ledger.outcomes(log.desk.out, [day], horizon_days=90)
    end = day + dt.timedelta(days=90)
    wanted = log.con.execute(
        f"""WITH known AS (SELECT DISTINCT c FROM placed(DATE '{day}')), later AS (FROM placed(DATE '{end}') WHERE d > DATE '{day}')
        SELECT c, (SELECT count(*) FROM later WHERE later.c = known.c) FROM known ORDER BY c"""
    ).fetchall()
    assert list(zip(ahead.customer_id, ahead.orders_ahead, strict=True)) == wanted


@pytest.mark.run
def test_online_retail_is_judged_as_known(online_retail, retail):
    report = online_retail.report
    assert (report.rows_read, report.as_of, report.first_order_date) == (
        1_067_371,
        dt.date(2011, 12, 9),
        dt.date(2009, 12, 1),
    )
    found = {issue["rule"]: (issue["count"], issue["amount"]) for issue in report.issues}
    assert found["read_twice"][0] == 22_523
    # 243,007 rows have no customer; those that are second copies are counted there and not twice
    con = duckdb.connect()
    second = con.execute(
        f"""SELECT sum(n // 2) FROM (SELECT count(*) AS n FROM '{retail}' WHERE "Customer ID" IS NULL AND InvoiceDate >= '2010-12-01'
        AND InvoiceDate < '2010-12-10' GROUP BY Invoice, StockCode, Description, Quantity, InvoiceDate, Price, Country)"""
    ).fetchone()[0]
    assert found["customer_missing"][0] == 243_007 - second
    assert report.rows_set_aside == 22_523 + 243_007 - second
    assert online_retail.desk.table("set_aside").groupby("rule").size().to_dict() == {
        "customer_missing": 243_007 - second,
        "read_twice": 22_523,
    }
    returns = online_retail.con.execute("SELECT count(*), sum(m) / 10000 FROM l WHERE is_return").fetchone()
    assert found["return"] == (returns[0], pytest.approx(returns[1], abs=0.0051))
    total = online_retail.con.execute("SELECT count(*), sum(m) / 10000 FROM l").fetchone()
    assert (report.rows_used, report.sales_used) == (total[0], pytest.approx(total[1], abs=0.0051))
    assert found["amount_zero"][0] == online_retail.con.execute("SELECT count(*) FROM l WHERE m = 0").fetchone()[0]
    exact = con.execute(
        f"SELECT count(*) - (SELECT count(*) FROM (SELECT DISTINCT * FROM '{retail}')) FROM '{retail}'"
    ).fetchone()[0]
    assert exact == 34_335
    # of these, what was not read twice and has a customer is kept, and said
    kept = online_retail.con.execute("SELECT count(*) FROM l").fetchone()[0]
    distinct = con.execute(
        f"""SELECT count(*) FROM (SELECT DISTINCT * FROM '{retail}' WHERE "Customer ID" IS NOT NULL)"""
    ).fetchone()[0]
    assert found["duplicate_kept"][0] == kept - distinct
    customers = online_retail.desk.table("customers").sort_values("net_sales", ascending=False).net_sales
    assert len(customers) == 5_942
    assert customers.head(len(customers) // 5).sum() / customers.sum() == pytest.approx(0.77, abs=0.005)


def test_wholesale_is_judged_as_its_readme_says(wholesale):
    report = wholesale.report
    repeated = duckdb.execute(
        f"SELECT round(sum(amount * (n - 1)), 2)::DOUBLE FROM (SELECT *, count(*) AS n FROM '{WHOLESALE}' GROUP BY ALL)"
    ).fetchone()[0]
    assert [(issue["rule"], issue["count"], issue["amount"]) for issue in report.issues] == [
        ("customer_missing", 60, 30_715.10),
        ("return", 10_817, -10_116_825.24),
        ("duplicate_kept", 40, repeated),
        ("amount_zero", 24, 0.0),
    ]
    assert (report.rows_read, report.rows_used) == (306_565, 306_505)
    assert report.sales_used == 330_122_808.13 - 30_715.10
    assert len(wholesale.desk.table("customers")) == 1_352


def test_cdnow_has_the_published_totals(cdnow):
    report, customers = cdnow.report, cdnow.desk.table("customers")
    assert (report.rows_read, report.rows_used, len(customers)) == (69_659, 69_659, 23_570)
    found = {issue["rule"]: issue["count"] for issue in report.issues}
    assert found == {"duplicate_kept": 255, "amount_zero": 80}
    # Purchases of one day count once; 80 were of no money, each alone on its day, and are none.
    assert customers.order_days.sum() == 69_659 - 2_068 - 80
    assert report.sales_used == pytest.approx(
        cdnow.con.execute("SELECT sum(m) / 10000 FROM l").fetchone()[0], abs=0.001
    )
