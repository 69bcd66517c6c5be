"""Does plain SQL over the raw rows come to the same classes, shares, losses, profits and steadiness?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from kalib import ledger
from kalib.ledger import snapshots
from kalib.topics import pareto as topic
from kalib.topics import pareto_concentration, pareto_demand, pareto_groups, pareto_profit

ROOT = Path(__file__).resolve().parents[2]
RAW = {
    "wholesale": f"""SELECT customer_id AS c, order_date AS d, CAST(amount * 100 AS BIGINT) AS m, CAST(cost * 100 AS BIGINT) AS k
        FROM '{ROOT}/data/wholesale/orders.parquet' WHERE customer_id IS NOT NULL""",
    "cdnow": f"""SELECT customer_id AS c, CAST(order_date AS DATE) AS d, CAST(replace(amount, '.', '') AS BIGINT) AS m, 0::BIGINT AS k
        FROM read_csv('{ROOT}/data/cdnow/orders.csv', all_varchar = true)""",
}
"""Customer, day, money and cost of the goods in cents."""

CLASSES = """
CREATE MACRO classes(measure) AS TABLE
WITH v AS (SELECT c, CASE measure WHEN 'm' THEN m WHEN 'g' THEN g ELSE p END AS v FROM year),
s AS (SELECT c, v, coalesce((SELECT sum(v) FROM v AS o WHERE o.v > v.v AND o.v > 0), 0) AS larger,
    (SELECT sum(v) FROM v WHERE v > 0) AS whole FROM v)
SELECT c, v, CASE WHEN v <= 0 OR larger * 100 >= 95 * whole THEN 'C' WHEN larger * 100 >= 80 * whole THEN 'B' ELSE 'A' END AS class,
    CASE WHEN v <= 0 THEN 1 ELSE (larger + v * (SELECT count(*) FROM v AS o WHERE o.v = s.v)) / whole END AS so_far FROM s
"""


@dataclass(frozen=True)
class Case:
    """A built log, its classes, and its raw rows in a connection in which nothing of kalib is known."""

    folder: Path
    pareto: pd.DataFrame
    con: duckdb.DuckDBPyConnection
    customers: pd.DataFrame
    as_of: str

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "tables" / f"{name}.parquet")

    def one(self, sql: str) -> tuple:
        return self.con.execute(sql).fetchone()

    def by_customer(self, sql: str) -> dict:
        return dict(self.con.execute(sql).fetchall())


def open_case(name: str, folder: Path) -> Case:
    report = ledger.read_report(folder)
    day = f"DATE '{report.as_of}'"
    con = duckdb.connect()
    con.execute(f"CREATE TABLE l AS FROM ({RAW[name]}) WHERE d <= {day}")
    served = "SELECT NULL::VARCHAR AS c, 0 AS cost WHERE false"
    if name == "wholesale":
        paid = "CAST(round((rebates + promotion + logistics + other) * 100) AS BIGINT)"
        served = f"""SELECT customer_id AS c, {paid} AS cost FROM read_csv('{ROOT}/data/wholesale/costs.csv')
            WHERE last_day((period || '-01')::DATE) > {day} - 365 AND last_day((period || '-01')::DATE) <= {day}
            UNION ALL SELECT customer_id, CAST(round(cost * 100) AS BIGINT) FROM read_csv('{ROOT}/data/wholesale/contacts.csv')
            WHERE date > {day} - 365 AND date <= {day}"""
    con.execute(f"""CREATE TABLE year AS
        WITH known AS (SELECT c, coalesce(sum(m) FILTER (d > {day} - 365), 0) AS m,
            coalesce(sum(m - k) FILTER (d > {day} - 365), 0) AS g FROM l GROUP BY c HAVING max(m) > 0),
        spent AS (SELECT c, sum(cost) AS cost FROM ({served}) GROUP BY c)
        SELECT known.*, coalesce(cost, 0) AS cost, g - coalesce(cost, 0) AS p FROM known LEFT JOIN spent USING (c)""")
    con.execute(CLASSES)
    customers = pd.read_parquet(folder / "tables" / "customers.parquet")
    months = pd.read_parquet(folder / "tables" / "months.parquet")
    demand = pareto_demand.measure_demand(customers, months, as_of=report.as_of)
    pareto = pareto_demand.add_demand(topic.assign_classes(customers), demand)
    beside = {table: folder / "tables" / f"{table}.parquet" for table in ("costs", "contacts")}
    served = {table: pd.read_parquet(file) for table, file in beside.items() if file.is_file()}
    pareto = pareto_profit.add_losses(pareto, months, as_of=report.as_of, **served)
    assert len(pareto) == con.execute("SELECT count(*) FROM year").fetchone()[0]  # those with an order
    return Case(folder, pareto, con, customers, day)


@pytest.fixture(scope="module")
def wholesale(shipped: Callable[[str], Path]) -> Case:
    return open_case("wholesale", shipped("wholesale"))


@pytest.fixture(scope="module")
def cdnow(shipped: Callable[[str], Path]) -> Case:
    return open_case("cdnow", shipped("cdnow"))


@pytest.fixture(params=["wholesale", "cdnow"])
def case(request: pytest.FixtureRequest) -> Case:
    return request.getfixturevalue(request.param)


def test_classes_by_sales_margin_and_profit(case: Case) -> None:
    found = case.pareto.set_index("customer_id")
    for measure, column, kind in (
        ("m", "window_net_sales", "abc_class"),
        ("g", "window_margin", "margin_abc_class"),
        ("p", "profit_365_days", "profit_abc_class"),
    ):
        if kind not in found:
            continue
        assert case.by_customer(f"SELECT c, class FROM classes('{measure}')") == found[kind].to_dict()
        cents = (found[column] * 100).round().astype(int).to_dict()
        assert case.by_customer(f"SELECT c, v::BIGINT FROM classes('{measure}')") == cents
    shares = case.by_customer("SELECT c, so_far FROM classes('m')")
    assert found["cumulative_share"].to_dict() == pytest.approx(shares, abs=1e-12)
    assert ("margin_abc_class" in found) == ("cost" in case.customers.columns or "margin_365_days" in case.customers)


def test_concentration_and_the_year_before(case: Case) -> None:
    # Gini by counting pairs through the running sums; the fewest for 80 % by a window.
    con = case.con
    day = case.as_of
    for since in (0, 365):
        con.execute(f"""CREATE OR REPLACE TABLE v AS SELECT c, sum(m)::BIGINT AS m FROM l
            WHERE d <= {day} - {since} AND d > {day} - {since + 365} GROUP BY c HAVING sum(m) > 0""")
        if since:
            past = snapshots(case.folder, [pd.Timestamp(day[6:-1]).date() - pd.Timedelta(days=since).to_pytimedelta()])
            values = pareto_concentration.find_before(past)
            if values is None:
                assert case.one(f"SELECT min(d) > {day} - 365 - 364 FROM l")[0]
                continue
        else:
            values = case.pareto["window_net_sales"]
        found = pareto_concentration.measure_concentration(values)
        count, total, squares, largest = case.one("SELECT count(*), sum(m), sum(m::DOUBLE * m), max(m) FROM v")
        assert found["accounts"] == count
        assert found["equal_accounts"] == pytest.approx(float(total) ** 2 / squares)
        assert found["largest_share"] == pytest.approx(largest / total)
        needed = case.one(f"""SELECT count(*) + 1 FROM (SELECT sum(m) OVER (ORDER BY m DESC ROWS UNBOUNDED PRECEDING) AS so_far FROM v)
            WHERE so_far::HUGEINT * 100 < {80 * total}""")[0]
        assert found["accounts_for_80"] == needed
        ten = case.one("SELECT sum(m) FROM (FROM v ORDER BY m DESC LIMIT 10)")[0]
        assert (found["top_accounts"], found["top_share"]) == (10, pytest.approx(ten / total))
        lorenz = case.one("""WITH r AS (SELECT sum(m) OVER (ORDER BY m ROWS UNBOUNDED PRECEDING)::DOUBLE AS so_far, m FROM v)
            SELECT sum(2 * so_far - m) / (count(*) * max(so_far)) FROM r""")[0]
        assert found["gini"] == pytest.approx(1 - lorenz, abs=1e-9)  # twice the area above the Lorenz curve's trapezia


def test_losing_each_of_the_largest(case: Case) -> None:
    losses = pareto_concentration.list_losses(case.pareto, rows=5)
    for row in losses.itertuples():
        case.con.execute(f"CREATE OR REPLACE TABLE v AS SELECT m FROM year WHERE m > 0 AND c <> '{row.customer_id}'")
        total = case.one("SELECT sum(m) FROM v")[0]
        needed = case.one(f"""SELECT count(*) + 1 FROM (SELECT sum(m) OVER (ORDER BY m DESC ROWS UNBOUNDED PRECEDING) AS so_far FROM v)
            WHERE so_far::HUGEINT * 100 < {80 * total}""")[0]
        lost = round(row.window_net_sales * 100)
        as_small = case.one(f"""SELECT count(*) FROM (SELECT sum(m) OVER (ORDER BY m ROWS UNBOUNDED PRECEDING) AS so_far FROM v)
            WHERE so_far <= {lost}""")[0]
        ten = case.one("SELECT sum(m) FROM (FROM v ORDER BY m DESC LIMIT 10)")[0]
        assert (row.accounts_for_80_after, row.as_smallest_accounts) == (needed, as_small)
        assert row.top_share_after == pytest.approx(ten / total)


def test_steadiness_by_month(case: Case) -> None:
    """The season is taken off year by year, customer by customer; the months of the SQL are those of the raw rows."""
    # Whole months of four years; both logs end on the last day of a month. The first order is one that was not cancelled.
    rows = case.con.execute(f"""
        WITH months AS (SELECT unnest(generate_series(date_trunc('month', {case.as_of}) - INTERVAL 47 MONTH, {case.as_of}, INTERVAL 1 MONTH))::DATE AS month),
        first AS (SELECT customer_id AS c, date_trunc('month', first_order_date)::DATE AS start FROM '{case.folder}/tables/customers.parquet' WHERE orders > 0),
        sold AS (SELECT c, date_trunc('month', d)::DATE AS month, sum(m) AS m FROM l GROUP BY ALL)
        SELECT c, min(date_diff('month', start, {case.as_of})), list(coalesce(m, 0)::DOUBLE ORDER BY month)
            FROM first CROSS JOIN months LEFT JOIN sold USING (c, month) GROUP BY c""").fetchall()
    first = case.one("SELECT date_diff('month', min(d), max(d)) FROM l")[0]
    years = {c: np.array(money).reshape(4, 12) for c, _, money in rows}  # the last year last
    whole = {c: [back >= 47, back >= 35, back >= 23, back >= 11] for c, back, _ in rows}
    book = [sum(years[c][y] for c in years if whole[c][y]) for y in range(4)]
    book = [year / np.mean(year) if np.sum(year) > 0 else None for year in book]
    found = case.pareto.set_index("customer_id")
    for customer, back, _ in rows:
        count = min(back + 1, 12)
        now = years[customer][3][12 - count :]
        assert found.at[customer, "demand_months"] == max(count, 0)
        if count < 6 or now.sum() <= 0:
            assert found.at[customer, "xyz_class"] == "unknown"
            continue
        own = [
            years[customer][y] / years[customer][y].mean()
            for y in range(3)
            if whole[customer][y] and years[customer][y].mean() > 0
        ]
        shared = np.mean([year for year in book[:3] if year is not None], axis=0) if first >= 23 else np.ones(12)
        profile = (np.mean([*own, shared], axis=0) if first >= 23 else shared)[12 - count :]
        apart, season = now / now.mean() - 1, profile - profile.mean()
        slope = max(np.polyfit(season, apart, 1)[0], 0) if np.ptp(season) > 1e-9 else 0
        wanted = np.std(apart - slope * season)
        assert found.at[customer, "demand_variability"] == pytest.approx(wanted, abs=1e-6)
        if min(abs(wanted - limit) for limit in (0.5, 1)) > 1e-6:
            assert found.at[customer, "xyz_class"] == ("X" if wanted <= 0.5 else "Y" if wanted <= 1 else "Z")
    assert len(rows) >= (found["demand_months"] > 0).sum()


def test_profit_after_cost_to_serve(wholesale: Case) -> None:
    facts = pareto_profit.describe_profit(wholesale.pareto)
    whole, peak, earning, losing, loss = (
        wholesale.one("""SELECT sum(p) / 100, sum(p) FILTER (p > 0) / 100, count(*) FILTER (p > 0),
        count(*) FILTER (p < 0), -sum(p) FILTER (p < 0) / 100 FROM year""")
    )
    assert (facts["profit"], facts["profit_peak"], facts["loss"]) == (
        pytest.approx(whole),
        pytest.approx(peak),
        pytest.approx(loss),
    )
    assert (facts["peak_accounts"], facts["losing_accounts"]) == (earning, losing)
    costly = wholesale.con.execute("""SELECT c FROM classes('m') AS s JOIN classes('p') AS p USING (c) WHERE s.class = 'A' AND p.class = 'C'
        ORDER BY p.v, c""").fetchall()
    assert pareto_profit.list_costly(wholesale.pareto)["customer_id"].tolist() == [row[0] for row in costly]
    truth = pd.read_parquet(ROOT / "tests" / "reference" / "wholesale_truth.parquet").set_index("customer_id")
    made_so = truth.loc[[row[0] for row in costly], "unprofitable"]
    assert made_so.mean() > 0.8  # the sample was made with large accounts that cost more than they bring


def test_monthly_profit_below_nought_by_more_than_chance(wholesale: Case) -> None:
    """The mean of 24 months and its error, by SQL over the raw rows and files."""
    wholesale.con.execute(f"""CREATE OR REPLACE TABLE booked AS
        SELECT c, date_trunc('month', d)::DATE AS month, (m - k) / 100 AS p FROM l
        UNION ALL SELECT customer_id, (period || '-01')::DATE, -(rebates + promotion + logistics + other) FROM read_csv('{ROOT}/data/wholesale/costs.csv')
        UNION ALL SELECT customer_id, date_trunc('month', date)::DATE, -cost FROM read_csv('{ROOT}/data/wholesale/contacts.csv')""")
    rows = wholesale.con.execute(f"""
        WITH recent AS (SELECT c, month, sum(p) AS p FROM booked WHERE month > {wholesale.as_of} - INTERVAL 24 MONTH AND month <= {wholesale.as_of} GROUP BY ALL),
        since AS (SELECT c, min(month) AS start FROM recent GROUP BY c),
        months AS (SELECT DISTINCT month FROM recent),
        grid AS (SELECT since.c, coalesce(p, 0) AS p FROM since JOIN months ON month >= start LEFT JOIN recent ON recent.c = since.c AND recent.month = months.month)
        SELECT c FROM grid GROUP BY c HAVING count(*) >= 12 AND avg(p) < -1.645 * stddev_samp(p) / sqrt(count(*))""").fetchall()
    pareto = wholesale.pareto.set_index("customer_id")
    losing, sure = pareto[pareto["profit_365_days"] < 0], {customer for (customer,) in rows}
    assert len(sure & set(losing.index)) >= 5
    for customer, row in losing.iterrows():
        assert row["loss_kind"] == ("clear" if row["abc_class"] == "A" or customer in sure else "unclear")
    assert (pareto.loc[pareto["profit_365_days"] >= 0, "loss_kind"] == "none").all()


def test_groups_and_chains(wholesale: Case) -> None:
    con = wholesale.con
    con.execute(f"CREATE OR REPLACE TABLE a AS FROM read_csv('{ROOT}/data/wholesale/accounts.csv')")
    groups = pareto_groups.summarise_groups(wholesale.pareto, wholesale.table("accounts"))
    for dimension in ("industry", "region", "kind"):
        wanted = con.execute(f"""SELECT coalesce({dimension}, 'unknown'), count(*), sum(y.m) / 100, count(*) FILTER (class = 'A'), max(y.m) / sum(y.m)
            FROM year AS y JOIN a ON a.customer_id = y.c JOIN classes('m') AS k USING (c) WHERE y.m > 0 GROUP BY 1""").fetchall()
        found = groups[groups["dimension"] == dimension].set_index("group")
        assert len(found) == len(wanted)
        for group, accounts, money, best, largest in wanted:
            row = found.loc[group]
            assert (row["accounts"], row["class_a_accounts"]) == (accounts, best)
            assert row["net_sales"] == pytest.approx(money, abs=0.001)
            assert row["largest_share"] == pytest.approx(largest)
    wanted = con.execute("""SELECT coalesce(parent_id, customer_id), count(*), sum(m) / 100 FROM year JOIN a ON a.customer_id = c WHERE m > 0
        GROUP BY 1 HAVING count(*) > 1 ORDER BY 3 DESC, 1""").fetchall()
    chains = pareto_groups.summarise_chains(wholesale.pareto, wholesale.table("accounts"))
    assert chains[["customer_id", "accounts"]].values.tolist() == [[c, n] for c, n, _ in wanted]
    assert chains["net_sales"].tolist() == pytest.approx([money for *_, money in wanted])
