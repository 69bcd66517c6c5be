"""Does plain SQL over the raw orders come to the same moves, and to the same money that went with them?"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kalib import ledger
from kalib.topics import migration as topic
from kalib.topics import migration_base as base
from kalib.topics import migration_series as series
from kalib.topics.tiers import TierModel
from tests.test_second_way import Case, cents, open_case

DAYS = (dt.date(2025, 6, 30), dt.date(2026, 6, 30))

SQL = """SELECT c, year_money / 100.0 AS sales, year_orders, silence FROM known(DATE '{day}') WHERE orders > 0 ORDER BY c"""


@pytest.fixture(scope="module")
def case(shipped: Callable[[str], Path]) -> Case:
    return open_case("wholesale", shipped("wholesale"))


def grade(model: TierModel, rows: list[tuple]) -> dict[str, int]:
    """Grade by the distance to each centre, account by account, with nothing of the model but what it learnt."""
    ranks = {}
    for customer, sales, orders, silence in rows:
        if orders == 0:
            ranks[customer] = 0
            continue
        raw = (max(float(sales), 0) ** 0.25, math.log(orders), math.log1p(silence))
        weights = [one["weight"] for one in model.features_.values()]
        point = (np.array(raw) - model.mean_) / model.scale_ * np.sqrt(weights)
        ranks[customer] = 1 + int(np.argmin([np.sum((point - centre) ** 2) for centre in model.centres_]))
    return ranks


def test_the_matrix_a_second_way(case: Case) -> None:
    customers = case.table("customers")
    model = TierModel(count=4, resamples=1, seeds=1).fit(customers)
    dates = series.choose_dates(series.find_first_order(customers), DAYS[1])
    assert (dates.before, dates.as_of) == DAYS
    snapshots = ledger.snapshots(case.folder, dates.all)
    table = series.build_migration(model, snapshots, dates, features=list(model.features_)).table
    places = topic.count_places(table)

    before, now = (case.rows(SQL.format(day=day)) for day in DAYS)
    ranks = [grade(model, rows) for rows in (before, now)]
    money = [{row[0]: round(float(row[1]) * 100) for row in rows} for rows in (before, now)]
    counts: dict[tuple[int, int], list[int]] = {}
    for customer in sorted(set(ranks[0]) | set(ranks[1])):
        # 1 to 4 are tiers, 5 no order in the year, 6 not there yet
        place = (ranks[0].get(customer, 6) or 5, ranks[1].get(customer, 5) or 5)
        cell = counts.setdefault(place, [0, 0, 0])
        cell[0] += 1
        cell[1] += money[0].get(customer, 0)
        cell[2] += money[1].get(customer, 0)
    for row in places.itertuples():
        wanted = counts.pop((row.at_before + 1, row.at_now + 1), [0, 0, 0])
        assert row.customers == wanted[0]
        assert cents(row.net_sales_365_days_before) == wanted[1]
        assert cents(row.net_sales_365_days) == wanted[2]
        assert cents(row.net_sales_moved) == wanted[2] - wanted[1]
    assert not counts
    promoted = [c for c in ranks[0] if ranks[0][c] and ranks[1].get(c) and ranks[1][c] < ranks[0][c]]
    assert sorted(promoted) == sorted(table.loc[table["move"] == "promoted", "customer_id"])
    # who began within the year before: half of those on the way up, with most of the money
    based = base.add_base(
        table, *(snapshots[pd.to_datetime(snapshots["as_of"]).dt.date == day] for day in DAYS), apart_days=365
    )
    whole = {row[0] for row in case.rows(f"SELECT c FROM known({case.day}) WHERE tenure >= 730")}
    assert set(based.loc[based["base_is_whole"], "customer_id"]) == whole
    facts = base.describe_base(based)
    assert facts["promoted_newer"] == len(set(promoted) - whole)
    assert 0.4 < facts["promoted_newer_share"] < 0.54
    assert 0.49 < facts["promoted_newer_money"] < 0.68
    like = case.one(
        f"SELECT sum(year_money) / sum(before_money) - 1 FROM known({case.day}) WHERE tenure >= 730 AND before_orders > 0"
    )
    assert facts["like_change"] == pytest.approx(like[0], rel=1e-12)
    same = model.predict(customers).set_index("customer_id")["tier"]
    assert table.set_index("customer_id")["tier_now"].dropna().to_dict() == same.to_dict()
    tiers = pd.crosstab(table["tier_rank_before"], table["tier_rank_now"])
    assert tiers.to_numpy().sum() == len(set(ranks[0]) & set(ranks[1]))
