"""Does plain SQL over the raw orders, which knows nothing of kalib, come to the same tables and figures?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from kalib import ledger, years
from kalib.topics import churn as churn_topic
from kalib.topics import (
    churn_evidence,
    churn_windows,
    quality,
    rfm,
    sales,
    tiers,
    tiers_choice,
    tiers_compare,
    tiers_facts,
    tiers_rules,
)
from kalib.topics.churn_model import ChurnModel
from tests.standing import add_standing

ROOT = Path(__file__).resolve().parents[1]
LINES = {
    "wholesale": f"""SELECT customer_id AS c, order_id AS o, order_date AS d, product AS p, quantity AS q,
        CAST(amount * 100 AS BIGINT) AS m, quantity < 0 OR amount < 0 AS is_return FROM '{ROOT}/data/wholesale/orders.parquet'""",
    "cdnow": f"""SELECT customer_id AS c, order_date AS o, CAST(order_date AS DATE) AS d, '' AS p,
        CAST(quantity AS BIGINT) AS q, CAST(replace(amount, '.', '') AS BIGINT) AS m, false AS is_return
        FROM read_csv('{ROOT}/data/cdnow/orders.csv', all_varchar = true)""",
}
"""The raw rows: customer, order, day, product, quantity, money in cents (exact), and whether it is a return."""

KNOWN = """
CREATE MACRO known(day) AS TABLE
WITH bought AS (SELECT c, count(*) AS orders, min(d) AS first_day, day - max(d) AS silence, day - min(d) AS tenure,
    count(*) FILTER (d > day - 365) AS year_orders, count(*) FILTER (d > day - 730 AND d <= day - 365) AS before_orders
    FROM placed(day) GROUP BY c),
paid AS (SELECT c, sum(m) AS money, coalesce(sum(m) FILTER (d > day - 365), 0) AS year_money,
    coalesce(sum(m) FILTER (d > day - 730 AND d <= day - 365), 0) AS before_money FROM l WHERE d <= day GROUP BY c)
SELECT c, money::BIGINT AS money, year_money::BIGINT AS year_money, before_money::BIGINT AS before_money,
    coalesce(orders, 0) AS orders, coalesce(year_orders, 0) AS year_orders, coalesce(before_orders, 0) AS before_orders,
    silence, tenure, first_day
FROM paid LEFT JOIN bought USING (c)
"""
"""What is known of each customer on a day, refunds without an order included; an order is dated by its first line, and one
that was cancelled by then is none."""

AHEAD = """
CREATE MACRO ahead(day, horizon) AS TABLE
SELECT c, (SELECT count(*) FROM placed((day + horizon)::DATE) AS o WHERE o.c = k.c AND d > day) AS orders,
    (SELECT coalesce(sum(m), 0) FROM l WHERE l.c = k.c AND d > day AND d <= day + horizon) AS money
FROM known(day) AS k WHERE orders > 0
"""
"""What came in the days after one: the orders that still stood at their end."""

SEGMENT = """CASE WHEN r = 5 AND fm >= 4 THEN 'champions' WHEN r >= 3 AND fm >= 4 THEN 'loyal'
    WHEN r >= 4 AND fm >= 2 THEN 'potential_loyalist' WHEN r = 5 THEN 'new_customers' WHEN r = 4 THEN 'promising'
    WHEN r = 3 AND fm = 3 THEN 'need_attention' WHEN r = 3 THEN 'about_to_sleep'
    WHEN fm = 5 THEN 'cant_lose_them' WHEN fm >= 3 THEN 'at_risk' WHEN r = 2 THEN 'hibernating' ELSE 'lost' END"""


@dataclass(frozen=True)
class Case:
    """A built log, and its raw rows as table ``l`` of a connection in which nothing of kalib is known."""

    folder: Path
    report: ledger.LedgerReport
    con: duckdb.DuckDBPyConnection

    @property
    def day(self) -> str:
        return f"DATE '{self.report.as_of}'"

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "tables" / f"{name}.parquet")

    def rows(self, sql: str) -> list[tuple]:
        return self.con.execute(sql).fetchall()

    def one(self, sql: str) -> tuple:
        return self.con.execute(sql).fetchone()

    def row(self, sql: str) -> dict[str, object]:
        found = self.con.execute(sql)
        return dict(zip([column[0] for column in found.description], found.fetchone(), strict=True))


def cents(money: pd.Series | float) -> list[int] | int:
    """Return money as whole cents; it must not hold a part of one."""
    exact = np.asarray(money, float) * 100
    whole = np.rint(exact)
    np.testing.assert_allclose(exact, whole, rtol=1e-13, atol=1e-6)
    return whole.astype("int64").tolist()


def agree(found: pd.DataFrame, wanted: list[tuple], columns: dict[str, str]) -> None:
    """Compare rows in their order: text and counts as they are, money to the cent, shares to twelve digits."""
    assert len(found) == len(wanted) > 0
    for place, (name, kind) in enumerate(columns.items()):
        one, other = found[name], [row[place] for row in wanted]
        if kind == "money":
            assert cents(one) == other, name
        elif kind == "share":
            other = [np.nan if value is None else value for value in other]
            np.testing.assert_allclose(one.astype(float), other, rtol=1e-12, atol=1e-12, err_msg=name)
        else:
            assert one.tolist() == other, name


def open_case(name: str, folder: Path) -> Case:
    report = ledger.read_report(folder)
    con = duckdb.connect()
    con.execute(f"CREATE TABLE l AS FROM ({LINES[name]}) WHERE c IS NOT NULL AND d <= DATE '{report.as_of}'")
    add_standing(con)
    con.execute(KNOWN)
    con.execute(AHEAD)
    return Case(folder, report, con)


@pytest.fixture(scope="module")
def wholesale(shipped: Callable[[str], Path]) -> Case:
    return open_case("wholesale", shipped("wholesale"))


@pytest.fixture(scope="module")
def cdnow(shipped: Callable[[str], Path]) -> Case:
    return open_case("cdnow", shipped("cdnow"))


@pytest.fixture(params=["wholesale", "cdnow"])
def case(request: pytest.FixtureRequest) -> Case:
    return request.getfixturevalue(request.param)


# --- RFM ------------------------------------------------------------------------------------------------------------


def scored(case: Case) -> None:
    """Make the table ``scored``: quintiles by quantile_cont (type 7), one more than the edges strictly below."""
    case.con.execute(f"""CREATE OR REPLACE TABLE scored AS
        WITH k AS (FROM known({case.day}) WHERE orders > 0),
        e AS (SELECT quantile_cont(silence::DOUBLE, [0.2, 0.4, 0.6, 0.8]) AS er, quantile_cont(orders::DOUBLE, [0.2, 0.4, 0.6, 0.8]) AS ef,
            quantile_cont(money::DOUBLE, [0.2, 0.4, 0.6, 0.8]) AS em FROM k),
        s AS (SELECT k.*, 5 - len(list_filter(er, e -> e < silence)) AS r, 1 + len(list_filter(ef, e -> e < orders)) AS f,
            1 + len(list_filter(em, e -> e < money)) AS m FROM k, e)
        SELECT *, (f + m + 1) // 2 AS fm, {SEGMENT} AS segment,
            CASE WHEN m * count(*) OVER () > sum(m) OVER () THEN 'important' ELSE 'general' END || '_' ||
            CASE concat(r * count(*) OVER () > sum(r) OVER (), f * count(*) OVER () > sum(f) OVER ())
            WHEN 'truetrue' THEN 'value' WHEN 'truefalse' THEN 'develop' WHEN 'falsetrue' THEN 'keep' ELSE 'winback' END AS segment_8
        FROM s""")


def test_rfm_scores_and_segments(case):
    scored(case)
    found = rfm.score_rfm(case.table("customers"))
    wanted = case.rows("SELECT c, silence, orders, money, r, f, m, segment, segment_8 FROM scored ORDER BY c")
    columns = ["customer_id", "days_since_last_order", "orders", "net_sales", "r_score", "f_score", "m_score"]
    agree(found, wanted, dict.fromkeys([*columns, "segment", "segment_8"], "") | {"net_sales": "money"})


def test_every_triple_of_scores_has_the_documented_segment():
    triples = "SELECT r, f, m, (f + m + 1) // 2 AS fm FROM range(1, 6) a(r), range(1, 6) b(f), range(1, 6) c(m)"
    wanted = duckdb.sql(f"SELECT r, f, m, {SEGMENT} FROM ({triples})").fetchall()
    assert len(wanted) == 125
    assert all(rfm.find_segment(r, f, m) == segment for r, f, m, segment in wanted)


@pytest.mark.parametrize("by", ["segment", "segment_8"])
def test_rfm_segments_add_up(case, by):
    scored(case)
    found = rfm.summarise_segments(rfm.score_rfm(case.table("customers")), by=by)
    wanted = case.rows(f"""SELECT {by}, count(*), count(*) / sum(count(*)) OVER (), sum(money), sum(money) / sum(sum(money)) OVER (),
        median(silence), median(orders) FROM scored GROUP BY 1 ORDER BY {by}""")
    kinds = {by: "", "customers": "", "customers_share": "share", "net_sales": "money", "net_sales_share": "share"}
    kinds |= {"median_days_since_last_order": "", "median_orders": ""}
    agree(found.sort_values(by), wanted, kinds)
    assert set(found[by]) <= set(rfm.SEGMENTS if by == "segment" else rfm.SEGMENTS_8.values())


def test_rfm_cells_scores_and_quiet_customers(case):
    scored(case)
    found = rfm.score_rfm(case.table("customers"))
    wanted = case.rows("""SELECT a.r, b.f, count(c), coalesce(sum(money), 0), coalesce(sum(money), 0) / (SELECT sum(money) FROM scored)
        FROM range(1, 6) a(r) CROSS JOIN range(1, 6) b(f) LEFT JOIN scored s ON s.r = a.r AND s.f = b.f GROUP BY 1, 2 ORDER BY 1 DESC, 2""")
    kinds = {"r_score": "", "f_score": "", "customers": "", "net_sales": "money", "net_sales_share": "share"}
    agree(rfm.summarise_cells(found), wanted, kinds)
    scores = rfm.summarise_scores(found)
    for name, column, score in (("days", "silence", "r"), ("orders", "orders", "f"), ("money", "money / 100", "m")):
        wanted = case.rows(f"""SELECT a.s, min({column}), max({column}) FROM range(1, 6) a(s) LEFT JOIN scored ON {score} = a.s
            GROUP BY 1 ORDER BY 1 DESC""")
        agree(scores, wanted, {"score": "", f"{name}_from": "share", f"{name}_to": "share"})
    wanted = case.rows(
        "SELECT c FROM scored WHERE f + m >= 5 ORDER BY c"
    )  # the mean of both, a half up, is three or more
    assert found.loc[found["is_worth_much"], "customer_id"].tolist() == [row[0] for row in wanted]


def test_rfm_facts(case):
    scored(case)
    facts = rfm.describe_rfm(rfm.score_rfm(case.table("customers")))
    groups = {
        "best": "segment IN ('champions', 'loyal')",
        "champions": "segment = 'champions'",
        "new": "segment = 'new_customers'",
        "keep": "segment_8 = 'important_keep'",
        "corner": "r = 5 AND f = 5",
        "one_order": "orders = 1",
    }
    for name, test in groups.items():
        customers, share, money, money_share = (
            case.one(f"""SELECT count(*) FILTER ({test}), count(*) FILTER ({test}) / count(*),
            coalesce(sum(money) FILTER ({test}), 0), coalesce(sum(money) FILTER ({test}), 0) / sum(money) FROM scored""")
        )
        assert (facts[f"{name}_customers"], cents(facts[f"{name}_net_sales"])) == (customers, money), name
        assert (facts[f"{name}_share"], facts[f"{name}_net_sales_share"]) == pytest.approx(
            (share, money_share), rel=1e-12
        )
    largest, empty = case.one("""SELECT (SELECT segment FROM scored GROUP BY 1 ORDER BY count(*) DESC LIMIT 1),
        15 - count(DISTINCT r) - count(DISTINCT f) - count(DISTINCT m) FROM scored""")
    assert (facts["largest_segment"], facts["empty_scores"]) == (largest, empty)


# --- tiers ----------------------------------------------------------------------------------------------------------


def nearest(case: Case, model: tiers.TierModel, day: str, name: str) -> None:
    """Make a table: each customer's nearest centre, given the centres and the scaling that the model publishes."""
    scaling = ", ".join(
        f"({raw} - {mean!r}) / {scale!r} * sqrt({weight!r}) AS x{i}"
        for i, (raw, mean, scale, weight) in enumerate(
            zip(
                ["sqrt(sqrt(greatest(year_money, 0) / 100))", "ln(year_orders)", "ln(1 + silence)"],
                model.mean_.tolist(), model.scale_.tolist(), [1.0, 0.5, 0.1], strict=True,
            )
        )
    )  # fmt: skip
    centres = ", ".join(str((rank, *centre)) for rank, centre in enumerate(model.centres_.tolist(), 1))
    case.con.execute(f"""CREATE OR REPLACE TABLE {name} AS
        WITH k AS (FROM known({day}) WHERE orders > 0), p AS (SELECT c, {scaling} FROM k WHERE year_orders > 0),
        centres(t, y0, y1, y2) AS (VALUES {centres}),
        best AS (SELECT c, arg_min(t, ((x0 - y0) ** 2 + (x1 - y1) ** 2 + (x2 - y2) ** 2, t)) AS t FROM p CROSS JOIN centres GROUP BY c)
        SELECT k.*, coalesce(t, {model.count}) AS t FROM k LEFT JOIN best USING (c)""")


@dataclass(frozen=True)
class Graded:
    """The tiers of a log, and beside them in SQL the table ``graded``."""

    case: Case
    count: int
    choice: pd.DataFrame
    model: tiers.TierModel
    table: pd.DataFrame


@pytest.fixture(scope="module")
def graded(wholesale: Case) -> Graded:
    customers = wholesale.table("customers")
    choice = tiers_choice.fit_tiers(customers, resamples=3, seeds=0)[1]
    model = tiers.TierModel(count=4).fit(customers)
    nearest(wholesale, model, wholesale.day, "graded")
    return Graded(wholesale, 4, choice, model, tiers.assign_tiers(customers, count=4, resamples=3))


def test_tiers_are_the_nearest_centres(graded):
    wanted = graded.case.rows("""SELECT c, t, ['strategic', 'key', 'standard', 'tail'][t], year_money, year_orders, silence, before_money
        FROM graded ORDER BY c""")
    kinds = {"customer_id": "", "tier_rank": "", "tier": "", "net_sales_365_days": "money", "orders_365_days": ""}
    agree(graded.table, wanted, kinds | {"days_since_last_order": "", "net_sales_365_days_last_year": "money"})


def test_the_scaling_is_that_of_the_active_customers(graded):
    wanted = graded.case.one("""SELECT avg(x), stddev_pop(x), avg(y), stddev_pop(y), avg(z), stddev_pop(z) FROM (SELECT
        (greatest(year_money, 0) / 100) ** 0.25 AS x, ln(year_orders) AS y, ln(1 + silence) AS z FROM graded WHERE year_orders > 0)""")
    np.testing.assert_allclose(np.ravel([graded.model.mean_, graded.model.scale_], order="F"), wanted, rtol=1e-12)


def test_tiers_stand_in_the_order_of_mean_sales_and_the_silent_in_the_last(graded):
    means = graded.case.rows("SELECT t, avg(year_money) FROM graded WHERE year_orders > 0 GROUP BY t ORDER BY t")
    assert [t for t, _ in means] == [1, 2, 3, 4]
    assert [mean for _, mean in means] == sorted([mean for _, mean in means], reverse=True)
    silent = {c for (c,) in graded.case.rows("SELECT c FROM graded WHERE year_orders = 0")}
    last = graded.table[graded.table["customer_id"].isin(silent)]
    assert len(last) == len(silent) > 0
    assert (last["tier_rank"] == 4).all()
    assert (last["tier_stability"] == 1).all()


def test_no_customer_is_nearer_to_the_centre_of_others(graded):
    """The centres are means of those nearest to them, as k-means ends."""
    sums = graded.case.rows("""SELECT t, avg((greatest(year_money, 0) / 100) ** 0.25), avg(ln(year_orders)), avg(ln(1 + silence))
        FROM graded WHERE year_orders > 0 GROUP BY t ORDER BY t""")
    means = (np.array([row[1:] for row in sums]) - graded.model.mean_) / graded.model.scale_ * np.sqrt([1.0, 0.5, 0.1])
    np.testing.assert_allclose(means, graded.model.centres_, atol=0.01)


def test_tiers_add_up(graded):
    found = tiers.summarise_tiers(graded.table)
    wanted = graded.case.rows("""SELECT t, count(*), count(*) / sum(count(*)) OVER (), sum(year_money), sum(year_money) / sum(sum(year_money)) OVER (),
        median(year_money / 100), median(year_orders), median(silence), count(*) FILTER (year_orders = 0)
        FROM graded GROUP BY t ORDER BY t""")
    kinds = {"tier_rank": "", "customers": "", "customers_share": "share", "net_sales_365_days": "money"}
    kinds |= {"net_sales_365_days_share": "share", "median_net_sales_365_days": "share", "median_orders_365_days": ""}
    agree(found, wanted, kinds | {"median_days_since_last_order": "", "silent_customers": ""})


def test_tier_choice_and_facts(graded):
    row = graded.choice.set_index("tier_count").loc[4]
    top, share, least, active = (
        graded.case.one("""SELECT count(*) FILTER (t = 1), sum(year_money) FILTER (t = 1) / sum(year_money),
        (SELECT min(n) FROM (SELECT count(*) AS n FROM graded WHERE year_orders > 0 GROUP BY t)), count(*) FROM graded WHERE year_orders > 0""")
    )
    assert (row["top_customers"], row["smallest_tier"]) == (top, least)
    assert (row["top_net_sales_share"], row["smallest_tier_share"]) == pytest.approx((share, least / active), rel=1e-12)
    facts = tiers_facts.describe_tiers(graded.table, choice=graded.choice)
    wanted = graded.case.row("""SELECT count(*) AS customers, count(*) FILTER (year_orders > 0) AS active_customers,
        count(*) FILTER (year_orders = 0) AS silent_customers, count(*) FILTER (t = 1) AS top_customers, count(*) FILTER (t = 4) AS last_customers,
        median(year_orders) FILTER (t = 1) AS top_median_orders FROM graded""")
    assert {name: facts[name] for name in wanted} == wanted
    assert cents(facts["net_sales"]) == graded.case.one("SELECT sum(year_money) FROM graded")[0]


def test_the_rule_of_thumb_parts_most_customers(graded):
    """By trying every amount between two neighbours; shortened to two digits; then counted again."""
    found = tiers_rules.explain_tiers(graded.table)
    cuts = []
    for rank in (1, 2, 3):
        cut = graded.case.one(f"""WITH s AS (SELECT year_money AS x, sum(CASE WHEN t <= {rank} THEN 1 ELSE -1 END) AS g FROM graded
            WHERE year_orders > 0 GROUP BY 1), r AS (SELECT x, sum(g) OVER (ORDER BY x DESC) AS gain, lead(x) OVER (ORDER BY x DESC) AS next FROM s)
            SELECT (x + next) / 200 FROM r ORDER BY gain DESC, x DESC LIMIT 1""")[0]
        cuts.append(float(f"{cut:.1e}"))
    assert found["from_net_sales_365_days"].tolist()[:3] == cuts == sorted(cuts, reverse=True)
    wanted = graded.case.rows(f"""SELECT t, avg(CASE WHEN t = 1 + (year_money < {cuts[0]} * 100)::INT + (year_money < {cuts[1]} * 100)::INT
        + (year_money < {cuts[2]} * 100)::INT THEN 1 ELSE 0 END) FROM graded WHERE year_orders > 0 GROUP BY t ORDER BY t""")
    agree(found, wanted, {"tier_rank": "", "rule_share": "share"})


def test_tier_profiles(graded):
    found = pd.DataFrame(tiers_rules.profile_tiers(graded.table))
    wanted = graded.case.rows("""SELECT count(*), median(year_money / 100) FILTER (a), median(year_orders) FILTER (a), median(silence) FILTER (a),
        quantile_cont(year_money / 100, 0.1) FILTER (a), quantile_cont(year_money / 100, 0.9) FILTER (a), count(*) FILTER (NOT a), sum(year_money)
        FROM (SELECT *, year_orders > 0 AS a FROM graded) GROUP BY t ORDER BY t""")
    kinds = {"customers": "", "net_sales": "share", "orders": "", "days": "", "low": "share", "high": "share"}
    agree(found, wanted, kinds | {"silent_customers": "", "total": "money"})


def test_clusters_against_a_ranking_on_later_sales(graded):
    case, ago = graded.case, graded.case.report.as_of - dt.timedelta(days=365)
    before = ledger.snapshots(case.folder, [ago])
    later = ledger.outcomes(case.folder, [ago], horizon_days=365)
    found = tiers_compare.compare_tiers(
        before, model=tiers.TierModel(count=4, resamples=1), past=(before, later)
    ).set_index("method")
    found = found.loc[["clusters", "sales_rank"]]
    nearest(case, tiers.TierModel(count=4).fit(before), f"DATE '{ago}'", "graded_before")
    wanted = case.rows(f"""WITH b AS (SELECT *, rank() OVER (ORDER BY year_money DESC) AS place FROM graded_before WHERE year_orders > 0),
        top AS (SELECT count(*) AS n FROM b WHERE t = 1), later AS (FROM ahead(DATE '{ago}', 365))
        SELECT method, count(*), sum(year_money) / (SELECT sum(year_money) FROM b), sum(later.money) / (SELECT sum(money) FROM later) FROM (
        SELECT 'clusters' AS method, c, year_money FROM b WHERE t = 1 UNION ALL SELECT 'sales_rank', c, year_money FROM b, top WHERE place <= n)
        JOIN later USING (c) GROUP BY method ORDER BY method""")
    kinds = {"method": "", "top_customers": "", "top_net_sales_share": "share", "top_net_sales_ahead_share": "share"}
    agree(found.reset_index(), wanted, kinds)


# --- churn ----------------------------------------------------------------------------------------------------------

HORIZON, ACTIVE = 90, 180


@dataclass(frozen=True)
class Forecast:
    """The churn model of the sample with all that is made of it."""

    case: Case
    plan: pd.DataFrame
    labelled: pd.DataFrame
    model: ChurnModel
    evaluation: pd.DataFrame
    table: pd.DataFrame


@pytest.fixture(scope="module")
def forecast(wholesale: Case) -> Forecast:
    report = wholesale.report
    plan = churn_windows.plan_snapshots(
        as_of=report.as_of, first_order_date=report.first_order_date, horizon_days=HORIZON, active_days=ACTIVE
    )
    dates = plan.loc[plan["role"] != "score", "as_of"].dt.date.tolist()
    outcomes = ledger.outcomes(wholesale.folder, dates, horizon_days=HORIZON)
    snapshots = ledger.snapshots(wholesale.folder, dates)
    labelled = churn_windows.label(snapshots, outcomes, active_days=ACTIVE, horizon_days=HORIZON)
    model = ChurnModel().fit(labelled, plan)
    evaluation = churn_evidence.evaluate_churn(model, labelled, plan, resamples=20)
    table = churn_topic.build_churn(model, wholesale.table("customers"), active_days=ACTIVE)
    told = [
        (c, place, r["code"], r["effect"])
        for c, own in zip(table["customer_id"], table["reasons"], strict=True)
        for place, r in enumerate(own)
    ]
    wholesale.con.register("reasons", pd.DataFrame(told, columns=["c", "place", "code", "effect"]))
    wholesale.con.register("told", table[["customer_id", "churn_probability"]])
    wholesale.con.execute(
        "CREATE TABLE millionths AS SELECT customer_id AS c, round(churn_probability * 1000000)::BIGINT AS p FROM told"
    )
    return Forecast(wholesale, plan, labelled, model, evaluation, table)


@pytest.fixture(scope="module")
def past(forecast: Forecast) -> str:
    """Make the table ``past``: on the report date, who counted, whether they left by the raw orders, and each model's score."""
    date = forecast.plan.loc[forecast.plan["role"] == "report", "as_of"].iloc[0]
    rows = forecast.labelled[forecast.labelled["as_of"] == date]
    scores = pd.DataFrame({"c": rows["customer_id"]})
    for name in forecast.model.candidates:
        scores[f"by_{name}"] = forecast.model.predict_proba(rows, model=name)[:, 1]
    forecast.case.con.register("scores", scores)
    forecast.case.con.execute(f"""CREATE TABLE past AS SELECT k.*, scores.* EXCLUDE c, -year_orders AS by_few_orders, -year_money AS by_small_sales,
        (a.orders = 0)::INT AS y FROM known(DATE '{date:%Y-%m-%d}') AS k JOIN ahead(DATE '{date:%Y-%m-%d}', {HORIZON}) AS a USING (c)
        JOIN scores USING (c) WHERE k.silence <= {ACTIVE}""")
    return "past"


def test_the_horizon_holds_the_share_of_repeat_orders(case):
    gaps = f"SELECT c, d - lag(d) OVER (PARTITION BY c ORDER BY d) AS gap FROM (SELECT DISTINCT c, d FROM placed({case.day}))"
    curve = f"""WITH g AS (SELECT * FROM ({gaps}) WHERE gap IS NOT NULL), own AS (SELECT c, h, avg((gap <= h)::INT) AS s
        FROM g CROSS JOIN (SELECT unnest([30, 60, 90, 180, 365]) AS h) GROUP BY c, h) SELECT h, avg(s) FROM own GROUP BY h ORDER BY h"""
    found = churn_windows.choose_horizon(case.table("order_days"), as_of=case.report.as_of)
    wanted = case.rows(curve)
    assert found["horizon_days"].tolist() == [h for h, _ in wanted]
    assert found["repeat_share"].tolist() == pytest.approx([share for _, share in wanted], abs=1e-6)
    repeats = churn_windows.summarise_repeats(case.table("order_days"), as_of=case.report.as_of).set_index("gap_days")
    assert repeats.loc[found["horizon_days"], "repeat_share"].tolist() == found["repeat_share"].tolist()


def test_who_is_silent_for_longer_seldom_returns(wholesale):
    found = churn_windows.choose_active_days(
        wholesale.table("order_days"), as_of=wholesale.report.as_of, horizon_days=HORIZON
    )
    wanted = wholesale.rows(f"""WITH RECURSIVE o AS (FROM placed({wholesale.day})),
        days AS (SELECT CAST({wholesale.day} - {HORIZON} AS DATE) AS day UNION ALL SELECT CAST(day - {HORIZON} AS DATE) FROM days WHERE day > DATE '2000-01-01'),
        a AS (SELECT unnest([90, 180, 365, 540, 730, 1095]) AS active),
        s AS (SELECT day, c, day - max(o.d) FILTER (o.d <= day) AS silence, count(*) FILTER (o.d > day AND o.d <= day + {HORIZON}) AS n
        FROM days JOIN o ON true GROUP BY day, c)
        SELECT active, count(*) FILTER (silence > active), count(*) FILTER (silence > active AND n > 0) FROM a JOIN s ON day - (SELECT min(d) FROM o) >= active
        GROUP BY active ORDER BY active""")
    agree(found, wanted, {"active_days": "", "silent": "", "returned": ""})


def test_who_counted_on_each_date_and_who_left(forecast):
    """The plan table of the page: customers and the share who left, by date; and partial churn by the same orders."""
    found = forecast.labelled.groupby("as_of")[["churned", "partly_churned"]].agg(["size", "sum"])
    for date, row in found.iterrows():
        day = f"DATE '{date:%Y-%m-%d}'"
        customers, left, partly = forecast.case.one(f"""SELECT count(*), sum((a.orders = 0)::INT),
            sum((a.orders = 0 OR a.money * 730 < k.year_money * {HORIZON})::INT)
            FROM known({day}) AS k JOIN ahead({day}, {HORIZON}) AS a USING (c) WHERE silence <= {ACTIVE}""")
        assert row.tolist() == [customers, left, customers, partly], date
    assert len(found) == (forecast.plan["role"] != "score").sum()


def test_no_training_date_knows_of_the_report(forecast):
    plan = forecast.plan.set_index("role")
    report = plan.loc["report", "as_of"]
    assert (plan.loc["train", "as_of"] + pd.Timedelta(days=HORIZON) <= report).all()
    assert (plan.loc["train", "label_end"] == plan.loc["train", "as_of"] + pd.Timedelta(days=HORIZON)).all()
    assert plan.loc["report", "label_end"] == plan.loc["score", "as_of"] == pd.Timestamp(forecast.case.report.as_of)


def test_the_churn_table_holds_the_active_customers(forecast):
    wanted = forecast.case.rows(
        f"SELECT c, silence, year_money FROM known({forecast.case.day}) WHERE silence <= {ACTIVE} ORDER BY c"
    )
    agree(forecast.table, wanted, {"customer_id": "", "days_since_last_order": "", "net_sales_365_days": "money"})
    # half a cent: the product is exact here and a float there
    wanted = forecast.case.rows(f"""SELECT p::DECIMAL(18, 0) * greatest(year_money, 0)::DECIMAL(18, 0) / 1e8 FROM millionths
        JOIN known({forecast.case.day}) USING (c) ORDER BY c""")
    cents(forecast.table["sales_at_risk"])
    np.testing.assert_allclose(forecast.table["sales_at_risk"], [float(x) for (x,) in wanted], rtol=0, atol=0.005001)


def test_every_rank_figure_of_the_report_date(forecast, past):
    """The area under the curve by the sum of ranks, average precision by each leaver's, lift by the first tenth."""
    for row in forecast.evaluation.itertuples():
        auc, lift, base, customers = (
            forecast.case.one(f"""WITH r AS (SELECT y, rank() OVER (ORDER BY s) + (count(*) OVER (PARTITION BY s) - 1) / 2 AS place,
            rank() OVER (ORDER BY s DESC) AS first, count(*) OVER (PARTITION BY s) AS ties, avg(y) OVER (PARTITION BY s) AS rate
            FROM (SELECT y, by_{row.model} AS s FROM {past})), n AS (SELECT sum(y) AS n1, count(*) - sum(y) AS n0, count(*) AS n FROM {past})
            SELECT (sum(place) FILTER (y = 1) - max(n1) * (max(n1) + 1) / 2) / (max(n1) * max(n0)),
            sum(rate * greatest(0, least(1, (n / 10 - first + 1) / ties))) / (max(n) / 10) / (max(n1) / max(n)), max(n1) / max(n), count(*) FROM r, n""")
        )
        assert (row.auc, row.lift, row.observed_share) == pytest.approx((auc, lift, base), abs=1e-6), row.model
        precision = forecast.case.one(f"""SELECT avg((SELECT avg(b.y) FROM {past} AS b WHERE b.by_{row.model} >= a.by_{row.model}))
            FROM {past} AS a WHERE y = 1""")[0]
        assert (row.average_precision, row.customers) == (pytest.approx(precision, abs=1e-6), customers), row.model
    table = forecast.evaluation.set_index("model")
    assert table["auc_gain"].to_numpy() == pytest.approx(
        (table["auc"] - table.loc[table["is_rule"], "auc"].max()).to_numpy(), abs=2e-6
    )


def test_every_probability_of_the_report_date(forecast, past):
    for row in forecast.evaluation[~forecast.evaluation["model"].isin(churn_evidence.RULES)].itertuples():
        brier, mean, off = forecast.case.one(f"""WITH g AS (SELECT y, s, floor((rank() OVER (ORDER BY s) - 1
            + count(*) OVER (PARTITION BY s) / 2) * 10 / count(*) OVER ()) AS g FROM (SELECT y, by_{row.model} AS s FROM {past})), gaps AS (SELECT abs(sum(y - s)) AS off FROM g GROUP BY g)
            SELECT avg((y - s) ** 2), avg(s), (SELECT sum(off) FROM gaps) / count(*) FROM g""")
        assert (row.brier, row.predicted_share, row.calibration_error) == pytest.approx((brier, mean, off), abs=1e-6), (
            row.model
        )
    chosen = forecast.model.chosen_
    found = churn_evidence.summarise_calibration(forecast.model, forecast.labelled, forecast.plan)
    wanted = forecast.case.rows(f"""WITH g AS (SELECT y, s, 1 + floor((rank() OVER (ORDER BY s) - 1
        + count(*) OVER (PARTITION BY s) / 2) * 10 / count(*) OVER ()) AS g FROM (SELECT y, by_{chosen} AS s FROM {past})) SELECT g, count(*), avg(s), avg(y) FROM g GROUP BY g ORDER BY g""")
    assert found["customers"].tolist() == [n for _, n, _, _ in wanted]
    np.testing.assert_allclose(
        found[["group", "predicted_share", "observed_share"]], [(g, p, y) for g, _, p, y in wanted], atol=1e-6
    )


def test_risk_and_reasons_add_up(forecast):
    case, risk = forecast.case, forecast.table.copy()
    risk["c"], risk["at_risk"] = risk["customer_id"], cents(risk["sales_at_risk"])
    case.con.register("risk", risk[["c", "at_risk"]])
    wanted = case.rows(f"""SELECT t, count(c), coalesce(sum(year_money), 0), coalesce(sum(at_risk), 0) FROM range(10) a(t) LEFT JOIN
        (SELECT *, least(p // 100000, 9) AS t FROM millionths JOIN known({case.day}) USING (c) JOIN risk USING (c)) USING (t) GROUP BY t ORDER BY t""")
    found = churn_topic.summarise_risk(forecast.table)
    assert found["probability_from"].tolist() == [t / 10 for t, *_ in wanted]
    agree(
        found, [row[1:] for row in wanted], {"customers": "", "net_sales_365_days": "money", "sales_at_risk": "money"}
    )
    wanted = case.rows("""SELECT coalesce(code, 'none') AS code, count(*) AS n, sum(at_risk) FROM risk LEFT JOIN (SELECT c, arg_min(code, place) AS code
        FROM reasons WHERE effect > 0 GROUP BY c) USING (c) GROUP BY 1 ORDER BY n DESC, code""")
    agree(
        churn_topic.summarise_reasons(forecast.table), wanted, {"reason": "", "customers": "", "sales_at_risk": "money"}
    )
    facts = churn_topic.describe_churn(forecast.model, forecast.table, forecast.evaluation, forecast.plan)
    customers, leaving, net, top = (
        case.one(f"""SELECT count(*), sum(p) / 1e6, sum(greatest(year_money, 0)), arg_max(c, at_risk)
        FROM millionths JOIN known({case.day}) USING (c) JOIN risk USING (c)""")
    )
    assert (facts["customers"], facts["leaving"], facts["top_customer"]) == (customers, round(leaving), top)
    assert facts["leaving_share"] == pytest.approx(leaving / customers, rel=1e-12)
    assert (cents(facts["net_sales"]), cents(facts["sales_at_risk"])) == (net, sum(risk["at_risk"]))


# --- quality and sales ----------------------------------------------------------------------------------------------


def test_net_sales_had_each_rule_not_been_applied(wholesale):
    file = f"'{ROOT}/data/wholesale/orders.parquet'"
    used, missing, returned, repeated = wholesale.one(f"""SELECT (SELECT sum(m) FROM l),
        (SELECT sum(amount * 100)::BIGINT FROM {file} WHERE customer_id IS NULL), (SELECT sum(m) FROM l WHERE is_return),
        (SELECT sum(amount * 100 * (n - 1))::BIGINT FROM (SELECT *, count(*) AS n FROM {file} GROUP BY ALL))""")
    found = quality.compare_treatments(wholesale.table("quality"), sales_used=wholesale.report.sales_used)
    wanted = [("return", -returned), ("customer_missing", missing), ("duplicate_kept", -repeated)]
    wanted = sorted(((rule, used + off, off, off / used) for rule, off in wanted), key=lambda row: -abs(row[2]))
    agree(
        found, wanted, {"rule": "", "net_sales_otherwise": "money", "difference": "money", "difference_share": "share"}
    )
    facts = quality.describe_quality(
        wholesale.table("quality"), quality.summarise_history(wholesale.table("months"), as_of=pd.Timestamp(wholesale.report.as_of)),
        rows_read=wholesale.report.rows_read, rows_used=wholesale.report.rows_used, sales_used=wholesale.report.sales_used,
        customers=len(wholesale.table("customers")),
    )  # fmt: skip
    read, kept, aside = wholesale.one(f"SELECT count(*), count(customer_id), count(*) - count(customer_id) FROM {file}")
    assert (facts["rows_read"], facts["rows_used"], facts["rows_set_aside"]) == (read, kept, aside)
    assert (cents(facts["money_set_aside"]), cents(facts["returned"])) == (missing, -returned)
    assert facts["returned_share"] == pytest.approx(-returned / (used - returned), rel=1e-12)


def test_history_month_by_month(case):
    found = quality.summarise_history(case.table("months"), as_of=pd.Timestamp(case.report.as_of))
    wanted = case.rows(f"""WITH f AS (FROM placed({case.day})),
        every AS (SELECT unnest(generate_series((SELECT date_trunc('month', min(d)) FROM l), {case.day}, INTERVAL 1 MONTH))::DATE AS m)
        SELECT strftime(m, '%Y-%m-%d'), (SELECT count(DISTINCT c) FROM f WHERE date_trunc('month', d) = every.m),
        (SELECT count(*) FROM f WHERE date_trunc('month', d) = every.m), (SELECT coalesce(sum(l.m), 0) FROM l WHERE date_trunc('month', d) = every.m),
        last_day(m) <= {case.day}, m > last_day({case.day} + 1) - INTERVAL 13 MONTH AND last_day(m) <= {case.day} FROM every ORDER BY m""")
    found["month"] = found["month"].dt.strftime("%Y-%m-%d")
    agree(
        found,
        wanted,
        {"month": "", "customers": "", "orders": "", "net_sales": "money", "complete": "", "last_year": ""},
    )
    assert found["last_year"].sum() == 12


def test_sales_of_the_year(case):
    customers = case.table("customers")
    facts = sales.describe_sales(customers, years.choose_span(customers, case.report.as_of))
    wanted = case.row(f"""SELECT sum(year_money) AS net_sales, count(*) FILTER (year_orders > 0) AS active,
        count(*) FILTER (tenure < 365) AS new, count(*) FILTER (before_orders > 0 AND year_orders = 0) AS silent,
        coalesce(sum(before_money) FILTER (before_orders > 0 AND year_orders = 0), 0) AS silent_sales FROM known({case.day})""")
    assert {name: cents(facts[name]) if "sales" in name else facts[name] for name in wanted} == wanted
    top = case.one(f"SELECT sum(year_money) FROM (FROM known({case.day}) ORDER BY year_money DESC LIMIT 10)")[0]
    assert facts["top_ten_share"] == pytest.approx(top / wanted["net_sales"], rel=1e-12)


SPANS = """CREATE OR REPLACE TABLE spans AS WITH earlier AS (SELECT c, count(*) FILTER (d > DATE '{before}' - {days}) AS orders FROM placed(DATE '{before}')
    WHERE d <= DATE '{before}' GROUP BY c), orders AS (SELECT c, min(d) AS first_day, count(*) FILTER (d > DATE '{as_of}' - {days}) AS orders_now FROM placed(DATE '{as_of}') GROUP BY c),
    money AS (SELECT c, coalesce(sum(m) FILTER (d > DATE '{as_of}' - {days}), 0) AS now,
    coalesce(sum(m) FILTER (d > DATE '{as_of}' - 2 * {days} AND d <= DATE '{as_of}' - {days}), 0) AS was FROM l WHERE d <= DATE '{as_of}' GROUP BY c)
    SELECT c, now::BIGINT AS now, money.was::BIGINT AS before, coalesce(orders_now, 0) AS orders_now, coalesce(earlier.orders, 0) AS orders_then, first_day,
    coalesce(first_day <= DATE '{as_of}' - 2 * {days}, false) AS whole FROM money LEFT JOIN orders USING (c) LEFT JOIN earlier USING (c)"""
"""Two spans of days that follow each other, worked out from the raw rows."""


def test_the_change_split_by_what_can_be_compared(case):
    """Of years on the wholesaler, of half-years on CDNOW, whose log of 545 days has no second year."""
    customers, as_of = case.table("customers"), case.report.as_of
    span = years.choose_span(customers, as_of)
    assert span.name == ("year" if case.report.as_of.year > 2000 else "half")
    earlier = None if span.name == "year" else ledger.snapshots(case.folder, [span.before])
    lined = years.line_up(customers, span, earlier=earlier)
    case.con.execute(SPANS.format(as_of=as_of, before=span.before, days=span.days))
    if span.name == "year":  # counted as the orders stand today
        case.con.execute(f"""UPDATE spans SET orders_then = (SELECT count(*) FROM placed({case.day}) AS o
            WHERE o.c = spans.c AND d > {case.day} - 730 AND d <= {case.day} - 365)""")
    wanted = case.rows("""SELECT CASE WHEN orders_now = 0 THEN CASE WHEN orders_then = 0 THEN 'silent' ELSE 'stopped' END
        WHEN whole THEN CASE WHEN orders_then > 0 THEN 'two_years' ELSE 'came_back' END
        WHEN orders_then > 0 THEN 'second_year' ELSE 'first_year' END AS kind, count(*), sum(before), sum(now), sum(now) - sum(before) FROM spans GROUP BY 1 ORDER BY 1""")
    found = years.summarise_kinds(lined).sort_values("year_kind")
    kinds = {"year_kind": "", "customers": "", "net_sales_then": "money", "net_sales_now": "money"}
    agree(found[found["customers"] > 0], wanted, kinds | {"net_sales_moved": "money"})
    facts = years.describe_change(lined)
    row = case.row("""SELECT count(*) AS like_customers, count(*) FILTER (orders_now > 0) AS like_kept, sum(now) / sum(before) - 1 AS like_change,
        coalesce(sum(before) FILTER (orders_now = 0), 0) AS lost FROM spans WHERE whole AND orders_then > 0""")
    assert (facts["like_customers"], facts["like_kept"]) == (row["like_customers"], row["like_kept"])
    assert facts["like_change"] == pytest.approx(row["like_change"], rel=1e-12)
    assert cents(facts["like_lost_sales"]) == row["lost"]
    change = case.one("SELECT sum(now) / sum(before) - 1 FROM spans")[0]
    assert facts["net_sales_change"] == pytest.approx(change, rel=1e-12)


def test_the_whole_grew_and_like_for_like_it_shrank(wholesale):
    """What the issue found: 7.7 % more in all, and 4.8 % less of those who had all of both years."""
    customers = wholesale.table("customers")
    facts = years.describe_change(years.line_up(customers, years.choose_span(customers, wholesale.report.as_of)))
    assert (round(facts["net_sales_change"], 3), round(facts["like_change"], 3)) == (0.077, -0.048)


@pytest.mark.parametrize(
    ("which", "test", "order"),
    [
        ("rising", "tenure >= 730 AND year_orders > 0 AND before_orders > 0 AND change > 0", "change DESC"),
        ("newer", "tenure < 730 AND year_orders > 0 AND change > 0", "change DESC"),
        ("falling", "before_orders > 0 AND year_orders > 0 AND change < 0", "change"),
        ("stopped", "before_orders > 0 AND year_orders = 0", "before_money DESC"),
    ],
)
def test_movers(wholesale, which, test, order):
    customers = wholesale.table("customers")
    lined = years.line_up(customers, years.choose_span(customers, wholesale.report.as_of))
    found = sales.list_movers(lined)[which]
    wanted = wholesale.rows(f"""SELECT c, year_money, before_money, year_money - before_money AS change,
        CASE WHEN before_money > 0 AND tenure >= 730 THEN (year_money - before_money) / before_money END, silence FROM known({wholesale.day})
        WHERE {test} ORDER BY {order}, c LIMIT 10""")
    kinds = {"customer_id": "", "net_sales_now": "money", "net_sales_then": "money", "net_sales_moved": "money"}
    agree(found, wanted, kinds | {"change_share": "share", "days_since_last_order": ""})


def test_list_at_risk(forecast):
    customers = forecast.case.table("customers")
    found = sales.list_at_risk(forecast.table, customers)
    wanted = forecast.case.rows(f"""SELECT c, p / 1e6, year_money, silence, (max_day - first_day) / days FROM millionths JOIN known({forecast.case.day}) USING (c)
        JOIN (SELECT c, max(d) AS max_day, count(DISTINCT d) - 1 AS days FROM placed({forecast.case.day}) GROUP BY c) USING (c)
        ORDER BY p::HUGEINT * greatest(year_money, 0) DESC, c LIMIT 20""")
    kinds = {
        "customer_id": "",
        "churn_probability": "share",
        "net_sales_365_days": "money",
        "days_since_last_order": "",
    }
    agree(found, wanted, kinds)
    assert found["gap_days"].tolist() == pytest.approx([row[4] for row in wanted], abs=1e-6)
    facts = sales.describe_risk(forecast.table.assign(horizon_days=HORIZON, forecast_is_weak=False))
    graded, expected = forecast.case.one("SELECT count(*), sum(p) / 1e6 FROM millionths")
    assert (facts["graded"], facts["expected_leaving"]) == (graded, pytest.approx(expected, rel=1e-12))
    assert cents(facts["sales_at_risk"]) == sum(cents(forecast.table["sales_at_risk"]))
    assert cents(facts["sales_graded"]) == sum(cents(forecast.table["net_sales_365_days"]))


# --- the truth behind the sample ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    return pd.read_parquet(ROOT / "tests" / "reference" / "wholesale_truth.parquet").set_index("customer_id")


def test_clusters_agree_with_the_latent_classes_better_than_a_ranking(graded, truth):
    """Fair quantiles of net sales of the year, and a ranking with the sizes of the tiers; customers with an order in the year."""
    table = graded.table[graded.table["orders_365_days"] > 0].join(truth["latent_class"], on="customer_id")
    sales_of_year = table["net_sales_365_days"]
    sizes = table.groupby("tier_rank").size().cumsum()[:-1]
    by = {
        "clusters": table["tier_rank"],
        "quantiles": pd.qcut(sales_of_year.rank(), graded.count, labels=False),
        "ranking": np.searchsorted(sizes, sales_of_year.rank(ascending=False) - 1, side="right"),
    }
    index = {name: adjusted_rand_score(table["latent_class"], rank) for name, rank in by.items()}
    print("adjusted Rand index with the latent classes:", {name: round(value, 3) for name, value in index.items()})
    assert index["clusters"] > 0.18
    assert index["clusters"] >= max(index.values()) - 0.01
    best, strategic = table.groupby("latent_class")["tier_rank"].agg(lambda rank: (rank == 1).mean()), "strategic"
    assert best[strategic] == best.max() > 0.8
    assert best["tail"] == 0


def test_churn_probability_against_the_true_one(forecast, truth):
    """The true chance of no order in 90 days, which no log shows: how well is it ranked, and how well is it met?"""
    table = forecast.table.join(truth, on="customer_id")
    p, q = table["churn_probability"].to_numpy(), 1 - table["reorder_90_probability"].to_numpy()
    aucs = {"model": _expected_auc(p, q), "truth": _expected_auc(q, q)}
    aucs["silence"] = _expected_auc(table["days_since_last_order"].to_numpy(float), q)
    groups = pd.DataFrame({"p": p, "q": q}).groupby(pd.qcut(pd.Series(p).rank(), 10, labels=False)).mean()
    error = (groups["p"] - groups["q"]).abs().mean()
    print("expected AUC:", {name: round(value, 4) for name, value in aucs.items()})
    print(f"mean {p.mean():.4f}, true {q.mean():.4f}; calibration error {error:.4f}; by tenth:\n{groups.round(3)}")
    assert aucs["silence"] + 0.02 < aucs["model"] < aucs["truth"]
    assert aucs["model"] > 0.82
    assert abs(p.mean() - q.mean()) < 0.05
    assert error < 0.06
    assert groups["q"].diff().min() > -0.02  # who is said to be at more risk, is


def _expected_auc(score: np.ndarray, leaves: np.ndarray) -> float:
    """Return the chance that who leaves is ranked above who stays, over all that may happen."""
    pairs = np.outer(leaves, 1 - leaves)
    np.fill_diagonal(pairs, 0)
    above = (score[:, None] > score) + 0.5 * (score[:, None] == score)
    return float((pairs * above).sum() / pairs.sum())
