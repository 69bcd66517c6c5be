"""Does a report begin by grading the one before it, and take the company's own word? Whole runs of the churn page."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kalib.publish.run import run_job
from kalib.settings import read_job
from kalib.topics.churn_contracts import CAUSES

pytestmark = pytest.mark.run

ROOT = Path(__file__).parents[1]
JOB = """
job: desk
source: {orders}
columns: {{customer_id: CustomerID, order_id: OrderNo, order_date: OrderDate, amount: Amount}}
accounts: accounts.csv
currency: CNY
language: {language}
"""


def list_days(seed: int = 4) -> pd.DataFrame:
    """Three years of orders of customers who order at a rate each and leave at random."""
    rng, rows = np.random.default_rng(seed), []
    for number in range(260):
        day, rate = rng.integers(0, 500), rng.gamma(2, 14) + 5
        death = day + rng.exponential(900)
        while day < min(death, 1090):
            rows.append(
                (f"C{number:03d}", pd.Timestamp("2023-07-01") + pd.Timedelta(days=int(day)), round(rng.gamma(3, 40), 2))
            )
            day += max(1, rng.exponential(rate))
    table = pd.DataFrame(rows, columns=["CustomerID", "OrderDate", "Amount"])
    return table.assign(OrderNo=[f"N{at}" for at in range(len(table))])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give the runs of one job at three dates, the last of them in two languages, and what the accounts say."""
    folder = tmp_path_factory.mktemp("desk")
    days = list_days()
    days.to_csv(folder / "orders.csv", index=False)
    last = days.groupby("CustomerID")["OrderDate"].max()
    gone = last[last.between("2026-03-01", "2026-05-20")].index[:8]
    stays = last[last > "2026-06-15"].index[:3]
    accounts = pd.DataFrame({"customer_id": last.index}).set_index("customer_id")
    accounts["left_on"] = (last[gone] + pd.Timedelta(days=5)).dt.date.astype(str)
    accounts.loc[gone, "leaving_cause"] = ["price", "竞争", "involuntary", "a feud", "price", None, "Competition", None]
    accounts.loc[stays, "contract_end"] = ["2026-07-31", "2026-06-30", "2027-12-31"]
    accounts.loc[stays[2], "left_on"] = "2026-08-01"  # later than the report: not known
    accounts.to_csv(folder / "accounts.csv")
    (folder / "desk.yaml").write_text(JOB.format(orders="orders.csv", language="[en, zh]"), encoding="utf-8")
    runs = {}
    for date, language in (("2026-02-01", "en"), ("2026-05-15", "en"), ("2026-06-24", "[en, zh]")):
        job = read_job(folder / "desk.yaml", {"as_of": date, "language": language})
        runs[date] = run_job(job, only=["churn"], out=folder / "reports")
    (folder / "gone.json").write_text(json.dumps([list(gone), list(stays)]))
    return runs


def page(run: Path, language: str = "") -> str:
    text = (run / language / "50_churn.html").read_text(encoding="utf-8")
    text = re.sub(r"<(style|script|svg)\b.*?</\1>", "", text, flags=re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)))


def churn(run: Path) -> pd.DataFrame:
    return pd.read_parquet(run / "tables" / "churn.parquet").set_index("customer_id")


def test_the_first_report_has_nothing_to_grade(desk: dict[str, Path]) -> None:
    said = page(desk["2026-02-01"])
    assert "there is no earlier forecast to grade yet" in said
    assert "Last time, on" not in said


def test_the_next_reports_begin_by_grading_it(desk: dict[str, Path]) -> None:
    """The grade is made anew here from the tables of the runs and the orders, without any code of the topic."""
    first, last = churn(desk["2026-02-01"]), page(desk["2026-06-24"])
    horizon = int(first["horizon_days"].iloc[0])
    days = list_days()
    ahead = days[days["OrderDate"].between("2026-02-02", pd.Timestamp("2026-02-01") + pd.Timedelta(days=horizon))]
    forecast = first[first["known_as"].isna()]
    left = ~forecast.index.isin(ahead["CustomerID"])
    expected, observed = round(forecast["churn_probability"].sum()), int(left.sum())
    assert f"Last time, on 1 February 2026: {expected} were expected to place no order, {observed} placed none" in last
    brier = ((forecast["churn_probability"] - left) ** 2).mean()
    assert f"Its squared error is {brier:.3f}" in last
    assert "The forecast of 15 May 2026 still runs until" in last
    assert last.index("Last time, on") < last.index("Most at stake")
    assert "上次（2026年2月1日）" in page(desk["2026-06-24"], "zh")


def test_the_companys_word_is_taken(desk: dict[str, Path]) -> None:
    gone, stays = json.loads((desk["2026-06-24"].parents[2] / "gone.json").read_text())
    table = churn(desk["2026-06-24"])
    listed = [customer for customer in gone if customer in table.index]
    assert listed
    assert table.loc[listed, "known_as"].tolist() == ["said_left"] * len(listed)
    assert (table.loc[listed, "churn_probability"] == 1).all()
    assert table["known_as"].notna().sum() == len(listed)
    assert {reason["code"] for reason in table.loc[listed[0], "reasons"]} == {"said_left"}
    soon = [table.loc[customer, "reasons"][0]["code"] for customer in stays[:2]]
    assert soon == ["contract_ends", "contract_ends"]
    assert all(reason["code"] != "contract_ends" for reason in table.loc[stays[2], "reasons"])
    said = page(desk["2026-06-24"])
    assert "its contract ends on 31 July 2026" in said
    assert "Competition" in said
    assert "a feud" in said
    assert "No cause recorded" in said
    assert set(CAUSES) >= {"price", "competition", "involuntary"}


def test_partial_churn_is_never_less_likely_than_churn(desk: dict[str, Path]) -> None:
    table = churn(desk["2026-06-24"])
    assert (table["partial_churn_probability"] >= table["churn_probability"]).all()


def test_a_repeated_run_has_the_same_tables_whatever_ran_before(desk: dict[str, Path]) -> None:
    """The grade is on the page and in no table: with the windows kept, a run elsewhere without earlier ones is the same."""
    folder = desk["2026-06-24"].parents[2]
    kept = json.loads((desk["2026-02-01"] / "run.json").read_text())["decisions"]
    fixed = {name: str(kept[name]["value"]) for name in ("horizon_days", "active_days")}
    job = read_job(folder / "desk.yaml", {"as_of": "2026-06-24", **fixed})
    again = run_job(job, only=["churn"], out=folder / "elsewhere")
    for name in ("churn", "customers"):
        one, other = (run / "tables" / f"{name}.parquet" for run in (desk["2026-06-24"], again))
        assert one.read_bytes() == other.read_bytes(), name
