"""Does every account and every cent of both dates stand in the matrix once, and is drift told apart from real moves?"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.errors import MissingColumnsError, NotEnoughDataError
from kalib.topics import migration as topic
from kalib.topics import migration_base as base
from kalib.topics.rfm import RfmScorer
from kalib.words import Words
from tests.depth import examples
from tests.topics.migration_cases import Cuts, make_customers

YARDSTICK = Cuts([1000, 100]).fit(make_customers(dict.fromkeys("abc", (1.0, 1, 1))))
BEFORE = make_customers(
    {
        "up": (90, 2, 30),  # tail, then standard
        "leap": (50, 1, 90),  # tail, then strategic
        "down": (4000, 40, 3),  # strategic, then standard
        "stay": (500, 9, 20),
        "fell": (300, 6, 60),  # standard, then without an order
        "back": (0, 0, 500),  # silent, then standard
        "gone": (0, 0, 800),  # silent in both years
        "void": (200, 1, 9),  # its only order was cancelled since
    }
)
NOW = make_customers(
    {
        "up": (400, 8, 10),
        "leap": (1500, 20, 2),
        "down": (250, 5, 70),
        "stay": (650, 10, 15),
        "fell": (0, 0, 425),
        "back": (120, 2, 40),
        "gone": (0, 0, 1165),
        "new": (80, 1, 12),
    }
)
MOVES = topic.compare_grades(*(topic.grade_customers(YARDSTICK, table) for table in (BEFORE, NOW)))


def test_every_move_by_hand() -> None:
    moves = MOVES.set_index("customer_id")
    assert moves["move"].to_dict() == {
        **{"up": "promoted", "leap": "promoted", "down": "demoted", "stay": "stayed", "fell": "lost"},
        **{"back": "returned", "gone": "silent", "void": "lost", "new": "new"},
    }
    assert moves.loc["leap", ["tier_before", "tier_now", "tier_steps"]].tolist() == ["tail", "strategic", 2]
    assert moves.loc["down", ["tier_before", "tier_now", "tier_steps"]].tolist() == ["strategic", "standard", -1]
    assert pd.isna(moves.loc["new", "tier_before"])
    assert pd.isna(moves.loc["void", "tier_now"])
    assert moves["net_sales_moved"].to_dict()["down"] == -3750
    assert moves.loc["new", ["net_sales_365_days_before", "orders_365_days_before"]].tolist() == [0, 0]


def test_the_matrix_by_hand() -> None:
    places = topic.count_places(MOVES)
    wide = places.pivot(index="at_before", columns="at_now", values="customers")
    assert places["place_before"].unique().tolist() == ["strategic", "standard", "tail", "silent", "new"]
    assert places["place_now"].unique().tolist() == ["strategic", "standard", "tail", "silent"]
    assert wide.to_numpy().tolist() == [
        [0, 1, 0, 0],  # down
        [0, 1, 0, 2],  # stay; fell and void
        [1, 1, 0, 0],  # leap, up
        [0, 1, 0, 1],  # back, gone
        [0, 0, 1, 0],  # new
    ]
    cells = places.set_index(["place_before", "place_now"])
    assert cells.loc[("standard", "silent"), "net_sales_moved"] == -500
    assert cells.loc[("tail", "strategic"), ["net_sales_365_days_before", "net_sales_365_days"]].tolist() == [50, 1500]
    flows = topic.summarise_tier_flows(places).set_index("tier")
    assert flows.loc["standard"].tolist()[:8] == [3, 1, 1, 1, 0, 0, 2, 4]
    assert flows.loc["strategic", ["came_from_below", "left_downwards", "customers_now"]].tolist() == [1, 1, 1]


def test_the_bridge_by_hand() -> None:
    bridge = topic.summarise_moves(MOVES).set_index("move")
    assert bridge.index.tolist() == list(topic.MOVES)
    assert bridge["customers"].tolist() == [2, 1, 1, 1, 2, 1, 1]
    assert bridge["net_sales_moved"].tolist() == [1760, -3750, 80, 120, -500, 150, 0]
    facts = topic.describe_migration(MOVES, before=dt.date(2025, 6, 30), as_of=dt.date(2026, 6, 30))
    assert (facts["promoted"], facts["demoted"], facts["moved"], facts["compared"]) == (2, 1, 3, 4)
    assert (facts["moved_share"], facts["net_sales_moved"], facts["days"]) == (0.75, -2140, 365)
    assert (facts["top_before"], facts["top_kept"], facts["top_came"], facts["top_left"]) == (1, 0, 1, 1)
    assert facts["money_follows"] is True


def test_lists_by_hand() -> None:
    assert topic.list_moves(MOVES, "promoted")["customer_id"].tolist() == ["leap", "up"]


@st.composite
def snapshots(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    figures = st.tuples(st.integers(-5_000, 500_000), st.integers(0, 9), st.integers(0, 900))
    tables = []
    for _ in range(2):
        rows = draw(st.dictionaries(st.sampled_from("abcdefghijkl"), figures, min_size=1))
        tables.append(make_customers({key: (cents / 100, orders, days) for key, (cents, orders, days) in rows.items()}))
    return tables[0], tables[1]


@examples(5, 40)
@given(snapshots(), st.randoms(use_true_random=False))
def test_nobody_and_no_cent_is_lost(tables: tuple[pd.DataFrame, pd.DataFrame], random: object) -> None:
    copies = [table.copy(deep=True) for table in tables]
    graded = [topic.grade_customers(YARDSTICK, table) for table in tables]
    moves = topic.compare_grades(*graded)
    places = topic.count_places(moves)
    for when, side, table in (("before", "_before", graded[0]), ("now", "", graded[1])):
        sums = places.groupby(f"place_{when}")[["customers", f"net_sales_365_days{side}"]].sum()
        silent = table["orders_365_days"] == 0
        wanted = table["tier"].where(~silent, "silent")
        # An account that has no order any more, not even a cancelled one, has no row now: it is counted as silent.
        gone = len(moves) - len(table) if when == "now" else 0
        counts = wanted.value_counts().to_dict()
        counts["silent"] = counts.get("silent", 0) + gone
        for place, count in counts.items():
            assert (sums["customers"].get(place, 0)) == count
        total = round(table["net_sales_365_days"].sum(), 2)
        assert sums[f"net_sales_365_days{side}"].sum() == pytest.approx(total, abs=1e-6)
    assert places["customers"].sum() == len(moves)
    bridge = topic.summarise_moves(moves)
    assert bridge["customers"].sum() == len(moves)
    change = graded[1]["net_sales_365_days"].sum() - graded[0]["net_sales_365_days"].sum()
    assert bridge["net_sales_moved"].sum() == pytest.approx(change, abs=1e-6)
    flows = topic.summarise_tier_flows(places)
    came = flows[["came_from_below", "came_from_above", "joined"]].sum(axis=1)
    left = flows[["left_upwards", "left_downwards", "left_silent"]].sum(axis=1)
    assert (flows["customers_before"] + came - left).tolist() == flows["customers_now"].tolist()
    shuffled = [table.sample(frac=1, random_state=random.randrange(99)) for table in tables]
    again = topic.compare_grades(*(topic.grade_customers(YARDSTICK, table) for table in shuffled))
    pd.testing.assert_frame_equal(moves, again)
    for table, copy in zip(tables, copies, strict=True):
        pd.testing.assert_frame_equal(table, copy)


def many(factor: float = 1.0) -> pd.DataFrame:
    return make_customers({f"c{i:02}": (100.0 * factor * (i + 1), 5, 10) for i in range(30)})


def test_if_everybody_doubles_two_reports_show_nothing_and_one_yardstick_shows_it() -> None:
    before, now = many(), many(2)
    model = Cuts().fit(now)
    old = topic.fit_yardstick(model, before)
    moves = topic.compare_grades(
        topic.grade_customers(model, before),
        topic.grade_customers(model, now),
        own_before=old.predict(before),
        own_now=model.predict(now),
    )
    assert moves["own_steps"].eq(0).all()
    assert moves["drift_steps"].tolist() == (-moves["tier_steps"]).tolist()
    facts = topic.describe_migration(moves, before=dt.date(2025, 1, 1), as_of=dt.date(2026, 1, 1))
    assert (
        facts["promoted"] == facts["drift_hidden"] == facts["moved"] == 20
    )  # 10 by one tier, 9 more into the best, 1 by two
    assert (facts["demoted"], facts["own_moves"], facts["drift_only"]) == (0, 0, 0)


def test_if_only_the_borders_move_nobody_does() -> None:
    before = many()
    large = make_customers({f"n{i:02}": (50_000.0, 9, 3) for i in range(15)})
    now = pd.concat([before, large], ignore_index=True)
    model = Cuts().fit(now)
    own = topic.fit_yardstick(model, before).predict(before)
    graded = (topic.grade_customers(model, before), topic.grade_customers(model, now))
    moves = topic.compare_grades(*graded, own_before=own, own_now=model.predict(now))
    facts = topic.describe_migration(moves, before=dt.date(2025, 1, 1), as_of=dt.date(2026, 1, 1))
    assert (facts["promoted"], facts["demoted"], facts["new"]) == (0, 0, 15)
    assert facts["own_moves"] == facts["drift_only"] == facts["drift_down"] == 15
    known = moves[moves["move"] == "stayed"]
    assert (known["own_steps"] == known["drift_steps"] + known["tier_steps"]).all()


def test_a_past_too_thin_to_be_graded_by_itself() -> None:
    assert topic.fit_yardstick(Cuts(), many().head(2)) is None
    assert topic.fit_yardstick(Cuts(), many()).cuts_ is not None
    facts = topic.describe_migration(MOVES, before=dt.date(2025, 1, 1), as_of=dt.date(2026, 1, 1))
    assert facts["has_own"] is False


def test_tiers_held_back_keep_what_was_graded() -> None:
    pair = [
        topic.grade_customers(YARDSTICK, table).assign(
            tier_raw=lambda t: t["tier"], tier_rank_raw=lambda t: t["tier_rank"]
        )
        for table in (BEFORE, NOW)
    ]
    pair[1].loc[pair[1]["customer_id"] == "up", ["tier", "tier_rank"]] = ["tail", 3]
    owns = [
        table[["customer_id", "tier_raw", "tier_rank_raw"]].set_axis(["customer_id", "tier", "tier_rank"], axis=1)
        for table in pair
    ]
    moves = topic.compare_grades(*pair, own_before=owns[0], own_now=owns[1]).set_index("customer_id")
    assert moves.loc["up", ["move", "tier_now", "tier_raw_now", "own_steps", "drift_steps"]].tolist() == [
        *("stayed", "tail", "standard"),
        *(1, 0),
    ]


def test_segments_by_the_same_edges() -> None:
    def snapshot(days: list[int], orders: list[int]) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "customer_id": list("abcdef"),
                "orders": orders,
                "net_sales": [float(n) * 100 for n in orders],
                "days_since_last_order": days,
            }
        )

    now, before = (
        snapshot([5, 9, 200, 40, 90, 10], [9, 8, 7, 2, 1, 1]),
        snapshot([5, 9, 4, 40, 90, 10], [9, 8, 6, 2, 1, 1]),
    )
    scorer = RfmScorer().fit(now)
    moves = pd.DataFrame({"customer_id": list("abcdefz"), "net_sales_moved": 1.0})
    told = topic.add_segments(moves, scorer.predict(before), scorer.predict(now))
    assert told["segment_now"].tolist()[:6] == scorer.predict(now)["segment"].tolist()
    assert told["segment_before"].tolist()[:6] == scorer.predict(before)["segment"].tolist()
    assert told["segment_now"].isna().tolist() == [*[False] * 6, True]
    flows = topic.count_flows(told)
    changed = (told["segment_before"] != told["segment_now"])[:6]
    assert flows["customers"].sum() == changed.sum() == 1
    # Edges of orders 1, 2, 7, 8, of days 9, 10, 40, 90: `c` goes from 5, 3, 3 to 1, 3, 3.
    assert topic.describe_segments(told) == {
        **{"both": 6, "changed": 1, "changed_share": 1 / 6, "flow_customers": 1},
        **{"flow_before": "potential_loyalist", "flow_now": "at_risk"},
    }
    assert topic.describe_segments(moves) == {"changed": None}


def test_refusals() -> None:
    with pytest.raises(NotEnoughDataError, match="migration_nobody_before"):
        topic.compare_grades(topic.grade_customers(YARDSTICK, BEFORE).head(0), topic.grade_customers(YARDSTICK, NOW))
    with pytest.raises(NotEnoughDataError, match="migration_no_tiers") as none:
        topic.check_tiers(None, why="too few")
    assert none.value.facts == {"why": "too few"}
    with pytest.raises(NotEnoughDataError, match="migration_features") as lacking:
        topic.check_features(NOW, ["net_sales_365_days", "categories", "overdue_share"])
    assert lacking.value.facts == {"columns": "categories, overdue_share"}
    with pytest.raises(ValueError, match="must have one row per"):
        topic.grade_customers(YARDSTICK, pd.concat([NOW, NOW]))
    with pytest.raises(MissingColumnsError, match="lacks"):
        topic.compare_grades(NOW, NOW)


def test_nobody_moves_and_one_customer_is_enough() -> None:
    one = topic.grade_customers(YARDSTICK, BEFORE.head(1))
    moves = topic.compare_grades(one, one)
    facts = topic.describe_migration(moves, before=dt.date(2025, 1, 1), as_of=dt.date(2026, 1, 1))
    assert (facts["moved"], facts["moved_share"], facts["new"], facts["lost"]) == (0, 0, 0, 0)
    assert np.isnan(facts["top_kept_share"])
    assert topic.count_places(moves)["customers"].tolist() == [1]


def describe(before: dict[str, tuple], now: dict[str, tuple], *, first: str = "") -> dict[str, object]:
    """Describe the moves of accounts that have ordered for long, all but ``first``."""
    tables = [make_customers(rows) for rows in (before, now)]
    ages = [
        table.assign(tenure_days=[400.0 if name == first else 999.0 for name in table["customer_id"]])
        for table in tables
    ]
    moves = topic.compare_grades(*(topic.grade_customers(YARDSTICK, table) for table in tables))
    facts = topic.describe_migration(moves, before=dt.date(2025, 6, 30), as_of=dt.date(2026, 6, 30))
    return facts | base.describe_base(base.add_base(moves, *ages, apart_days=365))


@pytest.mark.parametrize(
    ("before", "now", "note", "tone"),
    [
        ((500, 9, 20), (0, 0, 385), "▼ £500 a year", "bad"),
        ((-500, 9, 20), (0, 0, 385), "▲ £500 a year", "good"),
        ((500, 9, 20), (-40, 0, 385), "▼ £540 a year", "bad"),  # returns of the year are gone as well
    ],
)
def test_the_sign_beside_a_figure_is_that_of_the_money(before: tuple, now: tuple, note: str, tone: str) -> None:
    facts, words = describe({"a": before}, {"a": now}), Words("en", currency="GBP")
    assert facts["lost"] == 1
    assert words("migration.kpis.lost.note", **facts) == note
    assert words("migration.kpis.lost.tone", **facts) == tone
    chinese = Words("zh", currency="GBP")("migration.kpis.lost.note", **facts)
    assert chinese == f"一年{note.removesuffix(' a year')}"
    assert words("migration.kpis.top.note", **facts | {"top_kept": 1, "top_before": 1}) == "1 of 1 account"


def test_a_promotion_with_falling_sales_is_no_gain() -> None:
    facts = describe({"a": (400, 8, 10)}, {"a": (350, 8, 10)})
    assert base.list_answers(facts) == ["nobody", "like", "money_no_new"]
    assert base.list_answers(describe({"a": (4000, 40, 3)}, {"a": (250, 5, 70)}) | {"parts_follow": False}) == [
        *("answer", "like", "money_against"),
    ]


def test_who_began_within_the_year_before_is_told_apart() -> None:
    rows = {"a": (90, 2, 30), "b": (90, 2, 30)}, {"a": (400, 8, 10), "b": (200, 8, 10)}
    facts, words = describe(*rows, first="a"), Words("en", currency="GBP")
    assert base.list_answers(facts) == ["answer", "base", "like", "money_no_new", "second"]
    assert words("migration.base", **facts).startswith("1 of those that moved up (50%) had their first order too late")
    assert "with 74% of the money on the way up" in words("migration.base", **facts)
    assert words("migration.kpis.promoted.note", **facts) == "1 of them in their second year"
    assert words("migration.second", **facts) == "1 account in the second year changed it by £310."
    assert words("migration.like", **facts) == (
        "**Of the 1 account that bought in the year before and had all of it, net sales are 122.2% more.**"
    )


def test_one_account_is_said_in_the_singular() -> None:
    up, down = ((90, 2, 30), (400, 8, 10)), ((400, 8, 10), (90, 2, 30))
    sold = {"up": up, "down": down, "lost": ((500, 9, 20), (0, 0, 385))}
    before, now = ({name: pair[i] for name, pair in sold.items()} for i in (0, 1))
    words = Words("en", currency="GBP")
    facts = describe(before, now | {"new": (20, 1, 9)})
    assert facts["money_follows"] is True
    assert words("migration.money", **facts) == (
        "Those of them on the way up buy £310 a year more, those on the way down £310 less; 1 new account brings £20, and £500 went with "
        "1 without an order in the year."
    )
    assert "£500 went with 1 account without an order in the year" in words("migration.money_no_new", **facts)
    chinese = Words("zh", currency="GBP")("migration.money", **facts)
    assert chinese.endswith("1家新客户带来£20，1家一年无订单的客户带走£500。")
    back = describe(before, now | {"new": (-20, 1, 9)})
    assert back["money_follows"] is False
    assert words("migration.money_against", **back).endswith(
        "of 1 new account by −£20, of 1 without an order in the year by −£500."
    )
    owed = describe(before | {"lost": (-500, 9, 20)}, now)
    assert owed["money_follows"] is False
    assert owed["lost_moved"] == 500


def test_both_languages_say_the_same_of_a_slight_move() -> None:
    assert "解读" not in Words("zh")("migration.slight", slight=3)
    assert Words("zh")("migration.slight", slight=3).endswith("就会落入另一等级。")
