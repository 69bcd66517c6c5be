"""Are the right dates compared, are tiers held back as asked, and is nothing of a later date known to an earlier one?"""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from kalib.errors import NotEnoughDataError
from kalib.publish.models import read_model, write_model
from kalib.settings.migration import MigrationSettings
from kalib.topics import migration as topic
from kalib.topics import migration_series as series
from kalib.topics.tiers import TierModel
from kalib.words import Words
from tests.topics.migration_cases import Cuts, make_customers

FEATURES = ["net_sales_365_days", "orders_365_days", "days_since_last_order"]
DAYS = [dt.date(2025, 6, 30), dt.date(2025, 12, 31), dt.date(2026, 6, 30)]
SOLD = {
    "flap": [120, 90, 120],
    "rise": [50, 150, 200],
    "top": [5000, 5000, 5000],
    "late": [None, 300, 20],
    "quiet": [2000, 0, 0],
}
SNAPSHOTS = pd.concat(
    [
        make_customers(
            {name: (sold[i], 5 if sold[i] else 0, 20) for name, sold in SOLD.items() if sold[i] is not None}
        ).assign(as_of=pd.Timestamp(day))
        for i, day in enumerate(DAYS)
    ],
    ignore_index=True,
)
YARDSTICK = Cuts([1000, 100]).fit(SNAPSHOTS)
DATES = series.Dates(DAYS[0], DAYS[2], tuple(DAYS), 400)


@pytest.mark.parametrize(
    ("first", "asked", "before", "note"),
    [
        (dt.date(2022, 1, 1), {}, dt.date(2025, 6, 30), "full"),
        (dt.date(2024, 7, 1), {}, dt.date(2025, 6, 30), "full"),  # two years to the day
        (dt.date(2025, 1, 1), {"before": 365}, dt.date(2025, 6, 30), "thin"),  # asked for, so it is taken
        (dt.date(2025, 1, 1), {"before": dt.date(2026, 3, 1)}, dt.date(2026, 3, 1), "overlap"),
        (dt.date(2022, 1, 1), {"before": 90}, dt.date(2026, 4, 1), "overlap"),
    ],
)
def test_the_earlier_date(first: dt.date, asked: dict, before: dt.date, note: str) -> None:
    dates = series.choose_dates(first, dt.date(2026, 6, 30), **asked)
    assert (dates.before, dates.note) == (before, note)
    assert dates.history_days == (before - first).days + 1
    assert dates.all == sorted({dates.before, dates.as_of, *dates.series})


def test_the_dates_of_the_series() -> None:
    dates = series.choose_dates(dt.date(2022, 1, 1), dt.date(2026, 6, 30))
    # Four times 91 days are a year less a day; two dates a day apart would be no period.
    assert [day.isoformat() for day in dates.series] == [
        *("2025-06-30", "2025-09-30", "2025-12-30"),
        *("2026-03-31", "2026-06-30"),
    ]
    assert dates.all == list(dates.series)
    short = series.choose_dates(dt.date(2025, 1, 1), dt.date(2026, 6, 30), before=120)
    assert [day.isoformat() for day in short.series] == ["2026-03-31", "2026-06-30"]
    assert short.all[0] == dt.date(2026, 3, 2)
    assert series.choose_dates(dt.date(2022, 1, 1), dt.date(2026, 6, 30), periods=0).series == (dt.date(2026, 6, 30),)


@pytest.mark.parametrize(
    ("first", "before", "reason"),
    [
        (None, None, "migration_no_order"),
        (dt.date(2024, 7, 2), None, "migration_short_history"),  # a day less than two years: they would overlap
        (dt.date(2026, 6, 30), None, "migration_short_history"),
        (dt.date(2022, 1, 1), dt.date(2026, 6, 30), "migration_before_late"),
        (dt.date(2022, 1, 1), dt.date(2021, 12, 31), "migration_before_early"),
    ],
)
def test_dates_that_cannot_be_compared(first: dt.date | None, before: dt.date | None, reason: str) -> None:
    with pytest.raises(NotEnoughDataError) as refused:
        series.choose_dates(first, dt.date(2026, 6, 30), before=before)
    assert refused.value.reason == reason


def test_ranks_held_back_by_hand() -> None:
    n = math.nan
    ranks = np.array(
        [[2.0, 1, 2, 1, 2], [3, 1, 1, 1, 1], [1, 1, 3, 3, 3], [3, 2, 1, 1, 3], [n, n, 2, 1, 1], [2, n, 1, 1, 1]]
    )
    assert series.steady(ranks).tolist()[:4] == ranks.tolist()[:4]
    two = series.steady(ranks, keep=2)
    assert two[:4].tolist() == [[2, 2, 2, 2, 2], [3, 3, 1, 1, 1], [1, 1, 1, 3, 3], [3, 3, 2, 1, 1]]
    np.testing.assert_array_equal(two[4], [n, n, 2, 2, 1])
    np.testing.assert_array_equal(two[5], [2, n, 1, 1, 1])
    assert series.steady(ranks[:1], keep=3).tolist() == [[2, 2, 2, 2, 2]]
    assert series.steady(ranks[1:2], keep=3).tolist() == [[3, 3, 3, 1, 1]]


def test_a_margin_holds_ranks_back_until_it_is_passed() -> None:
    ranks, best, worst = (np.array([row]) for row in ([2.0, 1, 1, 2, 2], [2.0, 1, 1, 1, 2], [2.0, 2, 1, 2, 2]))
    assert series.steady(ranks, best=best, worst=worst).tolist() == [[2, 2, 1, 1, 2]]


def test_a_rank_by_rule_is_not_held_back() -> None:
    ranks, rule = np.array([[1.0, 3, 2, 2]]), np.array([[False, True, False, False]])
    assert series.steady(ranks, at_once=rule, keep=2).tolist() == [[1, 3, 2, 2]]
    assert series.steady(ranks, keep=2).tolist() == [[1, 1, 2, 2]]


def test_turns_are_counted() -> None:
    ranks = np.array([[2.0, 1, 1, 2], [1, 2, 3, 3], [1, 2, 1, 2], [1, 1, 1, 1]])
    assert series.count_returns(ranks).tolist() == [1, 0, 2, 0]


def test_a_series_by_hand() -> None:
    graded = series.grade_series(YARDSTICK, SNAPSHOTS, features=FEATURES)
    wide = graded.pivot(index="customer_id", columns="as_of", values="tier_rank")
    assert wide.loc["flap"].tolist() == [2, 3, 2]
    assert wide.loc["rise"].tolist() == [3, 2, 2]
    assert wide.loc["quiet"].tolist() == [1, 3, 3]
    assert graded["tier"].tolist() == graded["tier_raw"].tolist()
    held = series.grade_series(YARDSTICK, SNAPSHOTS, features=FEATURES, keep=2)
    wide = held.pivot(index="customer_id", columns="as_of", values="tier")
    assert wide.loc["flap"].tolist() == ["standard"] * 3
    assert wide.loc["rise"].tolist() == ["tail", "tail", "standard"]
    assert wide.loc["quiet"].tolist() == ["strategic", "tail", "tail"]
    assert wide.loc["late"].tolist()[1:] == ["standard", "standard"]
    assert held["tier_rank_raw"].tolist() == graded["tier_rank"].tolist()
    assert series.compare_holding(held) == {
        **{"turns_raw": 1, "turns_held": 0, "turns_kept": 0, "turning_accounts": 1, "keep": 2},
    }
    wide = series.grade_series(YARDSTICK, SNAPSHOTS, features=FEATURES, margin=0.2).pivot(
        index="customer_id", columns="as_of", values="tier"
    )
    assert wide.loc["flap"].tolist() == ["standard"] * 3
    assert wide.loc["rise"].tolist() == ["tail", "standard", "standard"]


def test_periods_by_hand() -> None:
    graded = series.grade_series(YARDSTICK, SNAPSHOTS, features=FEATURES)
    periods = series.summarise_periods(graded, DAYS)
    assert periods[["customers", "promoted", "demoted", "new", "lost"]].values.tolist() == [
        [3, 1, 1, 1, 1],
        [4, 1, 1, 0, 0],
    ]
    assert periods["promoted_share"].tolist() == [1 / 3, 1 / 4]
    assert periods["promoted_net_sales_share"].tolist() == [50 / 5170, 90 / 5540]
    assert periods["demoted_net_sales_share"].tolist() == [120 / 5170, 300 / 5540]
    assert periods["net_sales_moved"].tolist() == [5540 - 7170, 5340 - 5540]
    facts = series.describe_series(graded, DATES)
    assert (facts["periods"], facts["up_share"]) == (2, pytest.approx((1 / 3 + 1 / 4) / 2))
    assert series.describe_series(graded, series.Dates(DAYS[0], DAYS[2], (DAYS[2],), 400))["periods"] == 0


def test_the_whole_comparison() -> None:
    model = Cuts([1000, 100]).fit(SNAPSHOTS)
    found = series.build_migration(model, SNAPSHOTS, DATES, features=FEATURES)
    table = found.table.set_index("customer_id")
    assert table["move"].to_dict() == {
        **{"flap": "stayed", "rise": "promoted", "top": "stayed", "late": "new", "quiet": "lost"},
    }
    assert table.loc["rise", "reason"] == "monetary"
    assert "tier_raw_now" not in table
    held = series.build_migration(model, SNAPSHOTS, DATES, features=FEATURES, keep=3)
    assert held.table.set_index("customer_id").loc["rise", ["move", "tier_raw_now"]].tolist() == ["stayed", "standard"]
    again = series.build_migration(model, SNAPSHOTS.sample(frac=1, random_state=2), DATES, features=FEATURES)
    pd.testing.assert_frame_equal(found.table, again.table)


def test_the_yardstick_of_the_earlier_date_knows_nothing_later() -> None:
    model = Cuts().fit(SNAPSHOTS[SNAPSHOTS["as_of"] == pd.Timestamp(DAYS[2])])
    first = series.build_migration(model, SNAPSHOTS, DATES, features=FEATURES, yardstick="before")
    later = SNAPSHOTS["as_of"] > pd.Timestamp(DAYS[0])
    changed = SNAPSHOTS.assign(net_sales_365_days=SNAPSHOTS["net_sales_365_days"].where(~later, 7.0))
    other = series.build_migration(model, changed, DATES, features=FEATURES, yardstick="before")
    columns = ["customer_id", "tier_before", "tier_rank_before", "tier_before_own", "net_sales_365_days_before"]
    known = first.table["tier_before"].notna()
    pd.testing.assert_frame_equal(first.table.loc[known, columns], other.table.loc[known, columns])
    assert first.table["tier_before"].equals(first.table["tier_before_own"])
    now = series.build_migration(model, SNAPSHOTS, DATES, features=FEATURES).table
    assert now["tier_now"].equals(now["tier_now_own"])


def test_a_thin_past_has_no_yardstick_of_its_own() -> None:
    few = SNAPSHOTS[(SNAPSHOTS["as_of"] > pd.Timestamp(DAYS[0])) | SNAPSHOTS["customer_id"].isin(["top", "rise"])]
    model = Cuts().fit(few)
    found = series.build_migration(model, few, DATES, features=FEATURES)
    assert "own_steps" not in found.table
    assert found.drift == "few"
    with pytest.raises(NotEnoughDataError, match="migration_no_yardstick"):
        series.build_migration(model, few, DATES, features=FEATURES, yardstick="before")
    nobody = few[few["as_of"] > pd.Timestamp(DAYS[0])]
    with pytest.raises(NotEnoughDataError, match="migration_nobody_before"):
        series.build_migration(model, nobody, DATES, features=FEATURES)
    with pytest.raises(NotEnoughDataError, match="migration_features"):
        series.build_migration(model, SNAPSHOTS, DATES, features=[*FEATURES, "categories"])


def test_all_returns_and_all_equal() -> None:
    returned = SNAPSHOTS.assign(net_sales_365_days=-5.0)
    equal = SNAPSHOTS.assign(net_sales_365_days=100.0)
    for snapshots in (returned, equal):
        found = series.build_migration(Cuts([1000, 100]).fit(snapshots), snapshots, DATES, features=FEATURES)
        assert not found.table["move"].isin(["promoted", "demoted"]).any()
        places = topic.count_places(found.table)
        assert places["customers"].sum() == len(found.table)


def test_the_tiers_of_an_earlier_run_grade_a_later_one(tmp_path: Path) -> None:
    random = np.random.default_rng(1)

    def snapshot(factor: float) -> pd.DataFrame:
        sales = random.lognormal(7, 1.5, 200) * factor
        orders = np.maximum(1, sales // 400).astype(int)
        rows = {
            f"c{i:03}": (round(float(s), 2), int(n), int(d))
            for i, (s, n, d) in enumerate(zip(sales, orders, random.integers(0, 300, 200), strict=True))
        }
        return make_customers(rows)

    old, before, now = snapshot(0.5), snapshot(1), snapshot(3)
    model = TierModel(count=3, resamples=2, seeds=1).fit(old)
    file = tmp_path / "tiers.skops"
    data = old[["customer_id", *model.columns_]]
    write_model(model, file, name="tiers", as_of="2025-06-30", data=data, kalib="0.1.0")
    snapshots = pd.concat(
        [before.assign(as_of=pd.Timestamp(DAYS[0])), now.assign(as_of=pd.Timestamp(DAYS[2]))], ignore_index=True
    )
    kept, card = read_model(file, name="tiers", data=now)
    assert (card.as_of, card.rows) == ("2025-06-30", 200)
    features = series.list_features(kept, card.features)
    assert features == FEATURES
    dates = series.Dates(DAYS[0], DAYS[2], (DAYS[2],), 400)
    table = series.build_migration(kept, snapshots, dates, features=features).table.set_index("customer_id")
    for column, customers in (("tier_before", before), ("tier_now", now)):
        wanted = model.predict(customers).set_index("customer_id")["tier"]
        assert table[column].to_dict() == wanted.to_dict()
    assert (table["move"] == "promoted").sum() > (table["move"] == "demoted").sum()  # three times the sales
    assert (table["own_steps"].abs() > 0).any()


@pytest.mark.parametrize("yardstick", ["now", "before"])
def test_tiers_that_the_job_fixes_do_not_drift(yardstick: str) -> None:
    model = Cuts().fit(SNAPSHOTS[SNAPSHOTS["as_of"] == pd.Timestamp(DAYS[2])])
    told = series.build_migration(model, SNAPSHOTS, DATES, features=FEATURES, yardstick=yardstick)
    fixed = series.build_migration(model, SNAPSHOTS, DATES, features=FEATURES, yardstick=yardstick, fixed=True)
    assert (told.drift, fixed.drift) == ("told", "fixed")
    own = ["tier_before_own", "tier_now_own", "own_steps", "drift_steps"]
    pd.testing.assert_frame_equal(told.table.drop(columns=own), fixed.table)
    facts = topic.describe_migration(fixed.table, before=DAYS[0], as_of=DAYS[2])
    assert facts["has_own"] is False
    for language, said in (("en", "both reports use the same tiers; there is no drift"), ("zh", "标尺没有变动")):
        assert said in Words(language)(f"migration.drift.{fixed.drift}", **facts)
    few = SNAPSHOTS[(SNAPSHOTS["as_of"] > pd.Timestamp(DAYS[0])) | SNAPSHOTS["customer_id"].isin(["top", "rise"])]
    assert series.build_migration(model, few, DATES, features=FEATURES, fixed=True).drift == "fixed"


def test_how_the_page_on_tiers_differs_is_said_once() -> None:
    assert series.name_holding() == []
    assert series.name_holding(keep=2) == ["keep", "page"]
    assert series.name_holding(margin=0.1) == ["margin", "page"]
    both = {"keep": 2, "margin": 0.1}
    for language, page in (("en", "The page on tiers"), ("zh", "客户等级页")):
        words = Words(language)
        said = "".join(words(f"migration.hysteresis_{name}", **both) for name in series.name_holding(**both))
        assert said.count(page) == 1


def test_first_order_and_features() -> None:
    assert series.find_first_order(
        pd.DataFrame({"first_order_date": [None, dt.date(2024, 5, 1), dt.date(2024, 1, 9)]})
    ) == dt.date(2024, 1, 9)
    assert series.find_first_order(pd.DataFrame({"first_order_date": pd.Series([None], dtype=object)})) is None
    assert series.list_features(Cuts(), ["a", "b"]) == ["a", "b"]


def test_settings() -> None:
    assert MigrationSettings().model_dump() == {
        **{"before": None, "yardstick": "now", "periods": 4, "period_days": 91},
        "hysteresis": {"snapshots": 1, "margin": 0.0},
    }
    assert MigrationSettings(before="2025-06-30").before == dt.date(2025, 6, 30)
    assert MigrationSettings(before=180).before == 180
    with pytest.raises(ValidationError, match=r"give a date such as 2025-06-30, or 28 to 3650 days before as_of"):
        MigrationSettings(before=3)
    with pytest.raises(ValidationError):
        MigrationSettings(hysteresis={"weeks": 2})
