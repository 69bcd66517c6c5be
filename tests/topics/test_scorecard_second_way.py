"""Does plain SQL over the tables of the sample come to the same scores and the same list?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from kalib import ledger
from kalib.topics import scorecard as topic
from kalib.topics.scorecard_rule import RULE, list_accounts

ROOT = Path(__file__).resolve().parents[2]

FIGURES = """
CREATE TABLE figures AS
SELECT c.customer_id, net_sales_365_days AS spend,
    CASE WHEN orders_365_days > 0 THEN net_sales_365_days / orders_365_days END AS basket,
    greatest(tenure_days, date_diff('day', CAST(a.since AS DATE), DATE '2026-06-30')) AS age,
    regularity, net_sales_365_days / a.wallet AS wallet_share,
    price_against_peers_365_days AS price, new_products_share_365_days AS new,
    CASE WHEN net_sales_365_days > 0 THEN round(margin_365_days - cost_to_serve_365_days, 2) / net_sales_365_days END AS profit,
    a.satisfaction, -a.complaints AS calm,
    CASE WHEN net_sales_365_days + returns_365_days > 0 THEN CASE WHEN returns_365_days / (net_sales_365_days + returns_365_days)
        < 0.02 THEN 0 ELSE -returns_365_days / (net_sales_365_days + returns_365_days) END END AS kept,
    CASE WHEN overdue_amount > 0 THEN CASE WHEN overdue_amount / (overdue_amount + greatest(net_sales_365_days, 0)) < 0.02
        THEN 0 ELSE -overdue_amount / (overdue_amount + greatest(net_sales_365_days, 0)) END
        WHEN overdue_amount <= 0 THEN 0 END AS paid,
    net_sales_trend AS trend, CASE WHEN orders_365_days >= 12 THEN -largest_product_share_365_days END AS broad
FROM customers AS c LEFT JOIN accounts AS a USING (customer_id) WHERE orders > 0
"""
CRITERIA = {
    "purchasing_power": ["spend", "basket"],
    "loyalty": ["age", "regularity", "wallet_share", "price", "new"],
    "profit": ["profit"],
    "potential": ["trend"],
    "satisfaction": ["satisfaction", "calm", "kept"],
    "risk": ["paid", "broad"],
}


@pytest.fixture(scope="module")
def tables(shipped: Callable[[str], Path]) -> dict[str, pd.DataFrame]:
    folder = shipped("wholesale")
    assert str(ledger.read_report(folder).as_of) == "2026-06-30"
    return {name: pd.read_parquet(folder / "tables" / f"{name}.parquet") for name in ("customers", "accounts", "mix")}


def percentile(figure: str) -> str:
    """Return SQL for the share of the other accounts that are worse, equal ones counting half; by amount where a quarter are equal."""
    up_to = f"count({figure}) OVER (ORDER BY {figure} NULLS LAST RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
    rank = f"(2 * {up_to} - count(*) OVER (PARTITION BY {figure}) - 1) / 2.0 / (count({figure}) OVER () - 1)"
    usual = f"(SELECT mode({figure}) FROM figures)"
    place = f"""(SELECT (count(*) FILTER ({figure} < {usual}) + (count(*) FILTER ({figure} = {usual}) - 1) / 2.0)
        / (count({figure}) - 1) FROM figures)"""
    far = f"(SELECT quantile_cont(abs({figure} - {usual}), 0.95) FROM figures WHERE {figure} {{side}} {usual})"
    way = f"least(abs({figure} - {usual}) / {far}, 1)"
    return f"""CASE WHEN {figure} IS NULL THEN NULL
        WHEN (SELECT count(*) FILTER ({figure} = {usual}) / count({figure}) FROM figures) < 0.25 OR {figure} = {usual} THEN {rank}
        WHEN {figure} < {usual} THEN {place} * (1 - {way.format(side="<")})
        ELSE {place} + (1 - {place}) * {way.format(side=">")} END"""


def test_the_score_and_the_list_of_the_sample(tables: dict[str, pd.DataFrame]) -> None:
    con = duckdb.connect()
    for name, table in tables.items():
        con.register(name, table)
    con.execute(FIGURES)
    criteria = ", ".join(
        f"list_avg([{', '.join(percentile(figure) for figure in own)}]) AS {name}" for name, own in CRITERIA.items()
    )
    wanted = con.execute(f"""
        WITH scored AS (SELECT customer_id, spend, {criteria} FROM figures),
        summed AS (SELECT *, list_avg([{", ".join(CRITERIA)}]) AS score FROM scored),
        running AS (SELECT *, sum(CAST(round(spend * 100) AS BIGINT)) OVER (ORDER BY spend DESC RANGE BETWEEN
            UNBOUNDED PRECEDING AND CURRENT ROW) - CAST(round(spend * 100) AS BIGINT) * count(*) OVER (PARTITION BY spend)
            AS before, sum(CAST(round(spend * 100) AS BIGINT)) OVER () AS total FROM summed)
        SELECT *, before < 0.5 * total AS key FROM running ORDER BY customer_id""").df()
    measures = topic.gather_measures(
        tables["customers"], as_of=pd.Timestamp("2026-06-30").date(), accounts=tables["accounts"], mix=tables["mix"]
    )
    sheet = topic.build_sheet(measures)
    assert sheet.criteria == tuple(CRITERIA)
    scores = topic.score_accounts(sheet.criterion_scores, np.full(6, 1 / 6))
    listed = list_accounts(sheet, scores, RULE)
    assert listed["customer_id"].tolist() == wanted["customer_id"].tolist()
    for name in CRITERIA:
        np.testing.assert_allclose(listed[f"{name}_score"], wanted[name], atol=1e-6, err_msg=name)
    np.testing.assert_allclose(listed["key_account_score"], wanted["score"], atol=1e-6)
    assert RULE == {"value_share": 0.5}
    assert listed["is_key_account"].tolist() == wanted["key"].tolist()
    assert 30 < listed["is_key_account"].sum() < 100
