"""Is an account compared with itself a year ago, is chance taken off, and does the list hold who truly rises and declines?"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from kalib.ledger import read_report
from kalib.topics import pace, pace_review, silence

AS_OF = dt.date(2026, 6, 30)
BEFORE = dt.date(2025, 6, 30)


def orders(customer: str, days: list[dt.date], money: list[float] | float) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": customer, "order_date": days, "orders": 1, "net_sales": money})


def monthly(
    customer: str, then: list[float], now: list[float], *, first: dt.date | None = dt.date(2024, 6, 1)
) -> pd.DataFrame:
    """One order on the 10th of each month with money, July to June of both years; the first order lies before them."""
    days = [dt.date(2024 + (m + 6) // 12, (m + 6) % 12 + 1, 10) for m in range(24)]
    rows = [(day, value) for day, value in zip(days, [*then, *now], strict=True) if value]
    rows = ([(first, 1.0)] if first else []) + rows
    return orders(customer, [day for day, _ in rows], [value for _, value in rows])


def book(count: int = 20) -> list[pd.DataFrame]:
    """Accounts that differ by a little noise of their own, up and down in turn."""
    rng = np.random.default_rng(7)
    return [monthly(f"b{n:02}", *(100 + rng.normal(0, 10, (2, 12))).round(2).tolist()) for n in range(count)]


def known(rows: pd.DataFrame, as_of: dt.date = AS_OF) -> pd.DataFrame:
    """Return customers as of a day, counted row by row."""
    table = []
    for customer, own in rows[rows["order_date"] <= as_of].groupby("customer_id"):
        back = [(as_of - day).days for day in own["order_date"]]
        row = {"customer_id": customer, "tenure_days": float(max(back)), "days_since_last_order": min(back)}
        for name, low in (("", 0), ("_last_year", 365)):
            inside = [low <= days < low + 365 for days in back]
            row |= {
                f"net_sales_365_days{name}": own.loc[inside, "net_sales"].sum(),
                f"orders_365_days{name}": sum(inside),
            }
        table.append(row)
    columns = ["customer_id", "tenure_days", "days_since_last_order"]
    columns += [f"{one}_365_days{name}" for one in ("net_sales", "orders") for name in ("", "_last_year")]
    return pd.DataFrame(table, columns=columns)


def run(rows: pd.DataFrame, **options: object) -> pd.DataFrame:
    return pace.measure_pace(known(rows), rows, as_of=AS_OF, **options)


def measure(*accounts: pd.DataFrame, **options: object) -> pd.DataFrame:
    return run(pd.concat([*book(), *accounts]), **options).set_index("customer_id")


def test_the_book_by_hand() -> None:
    # weights 10 and 10: mean .5, spread 10 * .25 * 2 = 5; (5 - 1) / (20 - 200 / 20) = .4
    assert pace.find_book(pd.Series([0.0, 1.0]), pd.Series([0.1, 0.1])) == (0.5, 0.4)
    # nothing beyond noise: the weighted mean, (1 / .1 * .1 + 1 / .4 * .2) / 12.5
    assert pace.find_book(pd.Series([0.1, 0.2]), pd.Series([0.1, 0.4])) == (0.12, 0.0)


def test_a_season_is_no_change_and_a_low_margin_none_either() -> None:
    autumn = [0.0] * 2 + [900, 1000, 950] + [0.0] * 7
    table = measure(monthly("autumn", autumn, autumn))
    assert table.loc["autumn", ["change_share", "pace"]].tolist() == [0, "steady"]


def test_a_fall_beyond_its_noise_is_told_and_one_within_is_not() -> None:
    table = measure(
        monthly("halved", [100.0] * 12, [50.0] * 12),
        monthly("doubled", [100.0] * 12, [200.0] * 12),
        monthly("lucky", [0.0] * 11 + [400.0], [800.0] + [0.0] * 11),  # one order each, of twice the size
    )
    assert table.loc[["halved", "doubled", "lucky"], "pace"].tolist() == ["falling", "rising", "steady"]
    assert table.loc["halved", "change_share"] == -0.5
    assert -0.5 < table.loc["halved", "pace_change"] < -0.4
    assert table.loc["lucky", "change_share"] == 1
    assert table.loc["lucky", "pace_change"] < 0.2
    # What the change accounts for of what is bought now.
    change = table.loc["halved", "pace_change"]
    assert table.loc["halved", "pace_moved"] == pytest.approx(600 - 600 / (1 + change), abs=0.01)


def test_noise_and_shrinkage_a_second_way() -> None:
    """Each figure from its formula, account by account, and the interval by adding up likelihoods on a grid."""
    accounts = [
        *book(),
        monthly("halved", [100.0] * 12, [50.0] * 12),
        monthly("uneven", [300.0, 10] * 6, [10.0, 200] * 6),
    ]
    told, noise = {}, {}
    for account in accounts:
        months = account["net_sales"].tolist()[1:]
        then, now = months[:12], months[12:]
        ratio = sum(now) / sum(then)
        own = sum((n - ratio * t) ** 2 for n, t in zip(now, then, strict=True)) / sum(now) ** 2 * 12 / 11
        name = account["customer_id"].iloc[0]
        told[name], noise[name] = math.log(ratio), own
    usual = float(np.median([own * 6 for own in noise.values()])) / 6  # 12 orders in each year: 1 / 12 + 1 / 12
    variance = {name: (own + usual) / 2 for name, own in noise.items()}
    mean, true = pace.find_book(pd.Series(told), pd.Series(variance))
    table = run(pd.concat(accounts)).set_index("customer_id")
    grid = np.linspace(-3, 3, 200_001)
    for name in ("halved", "uneven", "b03"):
        density = norm.pdf(told[name], grid, math.sqrt(variance[name])) * norm.pdf(grid, mean, math.sqrt(true))
        below = np.cumsum(density) / density.sum()
        middle, low, high = (float(np.interp(edge, below, grid)) for edge in (0.5, 0.1, 0.9))
        found = table.loc[name, ["pace_change", "pace_low", "pace_high"]].tolist()
        assert found == pytest.approx([math.expm1(middle), math.expm1(low), math.expm1(high)], abs=2e-4)


def test_only_accounts_with_two_whole_years_that_still_order() -> None:
    twelve = [100.0] * 12
    table = measure(
        monthly("edge", twelve, twelve, first=dt.date(2024, 6, 30)),  # 730 days back: before both years
        monthly("second", twelve, twelve, first=dt.date(2024, 7, 1)),  # 729 days back: it began in them
        monthly("back", [0.0] * 12, twelve),
        monthly("left", twelve, [0.0] * 12),
        monthly("gone", twelve, [50.0] * 12),
        orders("refunded", [dt.date(2024, 1, 5), dt.date(2025, 1, 5), dt.date(2026, 1, 5)], [50.0, 50.0, -20.0]),
        stopped=["gone"],
    )
    assert "edge" in table.index
    assert not {"second", "back", "left", "gone", "refunded"} & set(table.index)


def test_too_few_to_compare_say_nothing() -> None:
    for accounts in (book(9), [book(1)[0].head(0)], [monthly("new", [0.0] * 12, [5.0] * 12, first=None)]):
        table = run(pd.concat(accounts))
        assert table.empty
        assert pace.describe_pace(table)["rising"] == 0
        followed = pace_review.follow_pace(table, known(pd.concat(accounts)))
        assert (
            pace_review.describe_became(pace_review.summarise_became(followed), before=BEFORE)["rising_proof"] == "none"
        )


def test_all_alike_and_nothing_beyond_noise() -> None:
    table = run(pd.concat([monthly(f"c{n:02}", [100.0] * 12, [100.0] * 12) for n in range(12)]))
    assert table["pace"].tolist() == ["steady"] * 12
    assert table["pace_change"].tolist() == [0] * 12


def test_neither_row_order_nor_later_rows_change_anything() -> None:
    rows = pd.concat([*book(), monthly("halved", [100.0] * 12, [50.0] * 12)])
    later = orders("halved", [AS_OF + dt.timedelta(days=1)], 9_999.0)
    one = run(rows)
    other = pace.measure_pace(known(rows)[::-1], pd.concat([later, rows]).sample(frac=1, random_state=3), as_of=AS_OF)
    pd.testing.assert_frame_equal(one, other)


def test_what_became_of_a_list_by_hand() -> None:
    """Twenty accounts, two to a tenth by sales: of the ten of the upper tenths one each is listed as rising."""
    ids = [f"c{n:02}" for n in range(20)]
    then = pd.DataFrame({"customer_id": ids, "net_sales_now": [100.0 + n for n in range(20)], "pace": "steady"})
    then.loc[10::2, "pace"] = "rising"  # c10, c12 ... c18
    after = {
        "c10": 1.2,
        "c12": 1.2,
        "c14": 1.2,
        "c16": 1.0,
        "c11": 1.2,
        "c13": 1.05,
        "c15": 0.5,
        "c17": 0.5,
        "c19": 0.5,
    }
    money = then.set_index("customer_id")["net_sales_now"]
    bought = pd.DataFrame(
        {"customer_id": list(after), "net_sales_365_days": [money[name] * times for name, times in after.items()]}
    )
    followed = pace_review.follow_pace(then, bought)
    table = pace_review.summarise_became(followed)
    assert table[["pace", "who", "customers"]].values.tolist() == [["rising", "listed", 5], ["rising", "like_size", 5]]
    assert table.loc[0, ["grew_share", "held_share", "fell_share"]].tolist() == [0.6, 0.2, 0.2]
    assert table.loc[1, ["grew_share", "held_share", "fell_share"]].tolist() == pytest.approx([0.2, 0.2, 0.6])
    facts = pace_review.describe_became(table, before=BEFORE)
    assert (facts["rising_then"], facts["rising_proof"], facts["falling_proof"]) == (5, "few", "none")


def test_a_list_that_was_no_guide_says_so() -> None:
    rows = {"pace": "rising", "who": ["listed", "like_size"], "customers": [40, 200], "held_share": 0.0}
    level = pd.DataFrame({**rows, "grew_share": [0.38, 0.35], "fell_share": [0.62, 0.65]})
    assert pace_review.describe_became(level, before=BEFORE)["rising_proof"] == "level"
    better = pd.DataFrame({**rows, "grew_share": [0.66, 0.35], "fell_share": [0.34, 0.65]})
    assert pace_review.describe_became(better, before=BEFORE)["rising_proof"] == "better"


def test_on_the_sample_the_lists_hold_who_truly_rises_and_declines(shipped: Callable[[str], Path]) -> None:
    """Against the truth, beside as many of the obvious list: the largest change of sales, last twelve months against twelve before."""
    folder = shipped("wholesale")
    days, as_of = pd.read_parquet(folder / "tables" / "order_days.parquet"), read_report(folder).as_of
    found = silence.measure_silence(days, as_of=as_of, active_days=180)
    stopped = found.loc[found["silence"].isin(["quiet", *silence.GONE]), "customer_id"]
    customers = pd.read_parquet(folder / "tables" / "customers.parquet")
    table = pace.measure_pace(customers, days, as_of=as_of, stopped=stopped)
    truth = pd.read_parquet(Path(__file__).parents[1] / "reference" / "wholesale_truth.parquet").set_index(
        "customer_id"
    )
    alive = truth["alive_at_end"].fillna(False).astype(bool)
    back = (pd.Timestamp(as_of) - pd.to_datetime(days["order_date"])).dt.days
    years = days.assign(year=back // 365).groupby(["customer_id", "year"])["net_sales"].sum().unstack(fill_value=0)
    change = (years[0] - years[1])[years[1] > 0].sort_values()
    sides = (("falling", "decline", change.index, 0.25), ("rising", "growth", change.index[::-1], 0.0))
    for kind, trend, naive, ahead in sides:
        listed = pace.list_pace(table, kind)["customer_id"]
        assert len(listed) >= 50
        true = alive & (truth["trend"] == trend)
        assert true[listed].mean() >= true[naive[: len(listed)]].mean() + ahead
    large = truth.index[truth["latent_class"].isin(["strategic", "key"]) & (truth["trend"] == "decline") & alive]
    declining = set(pace.list_pace(table, "falling")["customer_id"])
    assert len(declining & set(large)) >= 10  # of 15 with two whole years; the ranks by margin ahead listed none
