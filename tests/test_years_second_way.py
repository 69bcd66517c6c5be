"""Is the change of Online Retail II, split by what can be compared, that of plain SQL over the days of its ledger?"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from kalib import ledger, years
from kalib.settings import read_job

ROOT = Path(__file__).resolve().parents[1]
AS_OF = dt.date(2011, 12, 9)

SQL = """WITH money AS (SELECT customer_id AS c, sum(net_sales) FILTER (order_date > DATE '{as_of}' - 365) AS now,
    sum(net_sales) FILTER (order_date > DATE '{as_of}' - 730 AND order_date <= DATE '{as_of}' - 365) AS was FROM '{folder}/ledger/days.parquet' GROUP BY 1),
placed AS (SELECT customer_id AS c, min(order_date) AS begun, count(*) FILTER (order_date > DATE '{as_of}' - 365) > 0 AS bought,
    count(*) FILTER (order_date > DATE '{as_of}' - 730 AND order_date <= DATE '{as_of}' - 365) > 0 AS bought_before
    FROM '{folder}/tables/order_days.parquet' WHERE orders > 0 GROUP BY 1)
SELECT count(*) FILTER (bought_before AND begun <= DATE '{as_of}' - 730) AS customers,
    count(*) FILTER (bought AND bought_before AND begun <= DATE '{as_of}' - 730) AS kept,
    sum(now) FILTER (bought_before AND begun <= DATE '{as_of}' - 730) / sum(was) FILTER (bought_before AND begun <= DATE '{as_of}' - 730) - 1 AS change,
    sum(now) / sum(was) - 1 AS whole, count(*) FILTER (bought AND bought_before) / count(*) FILTER (bought_before) AS kept_share
FROM money LEFT JOIN placed USING (c)"""


@pytest.mark.run
def test_online_retail_ii(retail: Path, tmp_path: Path) -> None:
    job = read_job(ROOT / "tests" / "jobs" / "online_retail_ii.yaml", {"source": str(retail)})
    ledger.build(job, tmp_path / "out")
    customers = pd.read_parquet(tmp_path / "out" / "tables" / "customers.parquet")
    lined = years.line_up(customers, years.choose_span(customers, AS_OF))
    facts, stays = years.describe_change(lined), years.measure_retention(lined).set_index("retention_base")
    found = duckdb.sql(SQL.format(as_of=AS_OF, folder=tmp_path / "out"))
    wanted = dict(zip(found.columns, found.fetchone(), strict=True))
    assert (facts["like_customers"], facts["like_kept"]) == (wanted["customers"], wanted["kept"])
    assert facts["like_change"] == pytest.approx(wanted["change"], rel=1e-6)
    assert facts["net_sales_change"] == pytest.approx(wanted["whole"], rel=1e-6)
    assert stays.loc["all", "kept_share"] == pytest.approx(wanted["kept_share"], rel=1e-12)
    # The record begins 739 days back, so that few had all of both years; the whole stood still, and they buy a fifth less.
    assert (facts["like_customers"], round(facts["like_change"], 2), round(facts["net_sales_change"], 2)) == (
        546,
        -0.22,
        -0.01,
    )
