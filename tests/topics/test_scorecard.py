"""Are criteria made of what is known, is missing never zero, and does the score add up?"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.errors import MissingColumnsError, NotEnoughDataError
from kalib.topics import scorecard as topic
from kalib.topics import scorecard_answer as answer
from kalib.topics.scorecard import (
    CRITERIA,
    Use,
    build_sheet,
    choose_measures,
    gather_measures,
    list_measures,
    rank_accounts,
    roll_up_accounts,
    score_accounts,
    score_measure,
)
from kalib.topics.scorecard_rule import RULE, list_accounts
from tests.depth import examples

AS_OF = dt.date(2026, 6, 30)
SIZE, LOYAL = Use("net_sales_365_days", "purchasing_power", True), Use("orders_365_days", "loyalty", True)
TARDY = Use("overdue_share", "risk", False)


def make_customers(rows: int = 8, **columns: object) -> pd.DataFrame:
    """Make customers c0, c1, ... with sales that rise by 100, an order for each hundred."""
    table = pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(rows)],
            "orders": [i + 1 for i in range(rows)],
            "orders_365_days": [i + 1 for i in range(rows)],
            "net_sales_365_days": [100.0 * (i + 1) for i in range(rows)],
            "net_sales_365_days_last_year": [100.0 * rows] * rows,
            "tenure_days": [10 * i for i in range(rows)],
        }
    )
    return table.assign(**columns)


def test_each_derived_figure_by_hand() -> None:
    customers = make_customers(
        3,
        margin_365_days=[40.0, 90.0, 50.0],
        cost_to_serve_365_days=[10.0, 100.0, 0.5],
        returns_365_days=[0.0, 50.0, 100.0],
        overdue_amount=[0.0, 50.0, 100.0],
        orders_365_days=[1, 0, 4],
    )
    accounts = pd.DataFrame(
        {"customer_id": ["c0", "c1", "c9"], "wallet": [400.0, 150.0, 10.0], "since": [None, "2026-06-20", None]}
    )
    mix = pd.DataFrame(
        {
            "customer_id": ["c0", "c0", "c1", "c2", "c2"],
            "category": ["x", "y", "x", "x", "y"],
            "net_sales": [50.0, 25.0, 25.0, 0.0, 0.0],
        }
    )
    made = gather_measures(customers, as_of=AS_OF, accounts=accounts, mix=mix).set_index("customer_id")
    assert made["profit_365_days"].tolist() == [30.0, -10.0, 49.5]
    assert made["net_sales_per_order_365_days"].fillna(-1).tolist() == [100.0, -1.0, 75.0]
    assert made["relationship_days"].tolist() == [0.0, 10.0, 20.0]  # c1: tenure 10, opened 10 days ago
    assert made["wallet_share"].fillna(-1).tolist() == [0.25, 200 / 150, -1.0]
    assert made["unspent_wallet"].fillna(-1).tolist() == [300.0, 0.0, -1.0]
    assert made["returns_share_365_days"].tolist() == [0.0, 50 / 250, 100 / 400]
    assert made["overdue_share"].tolist() == [0.0, 50 / 250, 100 / 400]
    # x is three quarters of the house, y one: c1 never bought y, so a third of its sales would come on top; c2 bought nothing
    assert made["unbought_sales"].fillna(-1).tolist() == [0.0, pytest.approx(200 / 3), -1.0]


def test_an_account_opened_before_its_first_order_is_older() -> None:
    accounts = pd.DataFrame({"customer_id": ["c0", "c1"], "since": pd.to_datetime(["2026-06-01", None])})
    made = gather_measures(make_customers(2), as_of=AS_OF, accounts=accounts)
    assert made["relationship_days"].tolist() == [29.0, 10.0]


def test_a_weak_forecast_is_not_a_figure() -> None:
    churn = pd.DataFrame({"customer_id": ["c0", "c1"], "churn_probability": [0.1, 0.2], "forecast_is_weak": False})
    assert gather_measures(make_customers(2), as_of=AS_OF, churn=churn)["churn_probability"].tolist() == [0.1, 0.2]
    made = gather_measures(make_customers(2), as_of=AS_OF, churn=churn.assign(forecast_is_weak=True))
    assert made["churn_probability"].isna().all()


def test_customers_without_an_order_are_not_scored() -> None:
    customers = make_customers(4, orders=[0, 1, 2, 3])
    accounts = pd.DataFrame({"customer_id": ["c1", "c2", "p1"]})
    sheet = build_sheet(gather_measures(customers, as_of=AS_OF, accounts=accounts), uses=(SIZE,))
    scores = score_accounts(sheet.criterion_scores, np.ones(1))
    listed = list_accounts(sheet, scores, RULE, known_accounts=accounts, customers=customers).set_index("customer_id")
    assert listed.index.tolist() == ["c0", "c1", "c2", "c3", "p1"]
    assert listed.loc[["c0", "p1"], "account_class"].tolist() == ["no_order", "prospect"]
    assert listed.loc[["c0", "p1"], ["key_account_score", "key_account_rank"]].isna().all(axis=None)
    assert not listed.loc[["c0", "p1"], "is_key_account"].any()


def test_scores_with_missing_figures_by_hand() -> None:
    measures = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c"],
            "net_sales_365_days": [10.0, 20.0, 30.0],  # ranks 0, 1/2, 1
            "orders_365_days": [1.0, np.nan, 3.0],  # 0, -, 1
            "regularity": [0.5, 0.1, np.nan],  # 1, 0, -
            "overdue_share": [np.nan, np.nan, np.nan],  # nobody has it: the criterion goes
        }
    )
    uses = (SIZE, LOYAL, Use("regularity", "loyalty", True), TARDY)
    sheet = build_sheet(measures, uses=uses)
    assert sheet.criteria == ("purchasing_power", "loyalty")
    np.testing.assert_allclose(sheet.criterion_scores, [[0, 0.5], [0.5, 0], [1, 1]])
    scores = score_accounts(sheet.criterion_scores, np.array([0.6, 0.4]))
    assert scores.score.tolist() == [0.2, 0.3, 1.0]
    assert list_measures(measures, uses)["measure_state"].tolist() == ["used", "used", "used", "unknown"]


def test_a_criterion_that_is_missing_is_neither_zero_nor_the_mean() -> None:
    table = np.array([[0.8, np.nan, 0.2], [0.8, 0.0, 0.2], [0.8, 0.5, 0.2], [np.nan] * 3])
    scores = score_accounts(table, np.array([0.5, 0.25, 0.25]))
    assert scores.score[:3].tolist() == [0.6, 0.45, 0.575]  # (0.4 + 0.05) / 0.75
    assert np.isnan(scores.score[3])
    assert scores.known.tolist() == [0.75, 1.0, 1.0, 0.0]


def test_little_known_accounts_are_not_ranked() -> None:
    table = np.array([[1.0, np.nan, np.nan], [0.5, 0.5, np.nan], [0.4, 0.4, 0.4]])
    scores = score_accounts(table, np.full(3, 1 / 3))
    assert np.nan_to_num(rank_accounts(scores, least_known=0.5), nan=-1).tolist() == [-1.0, 1.0, 2.0]
    assert rank_accounts(scores, least_known=0.3).tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ({}, [0.0, 1 / 6, 0.5, 0.5, 0.5, 5 / 6, 1.0]),
        ({"higher": False}, [1.0, 5 / 6, 0.5, 0.5, 0.5, 1 / 6, 0.0]),
        ({"normalise": "range"}, [0.0, 0.1, 0.2, 0.2, 0.2, 0.3, 1.0]),
        ({"threshold": 4.0}, [0.0, 0.25, 0.5, 0.5, 0.5, 0.75, 1.0]),
        ({"threshold": 2.0, "higher": False}, [1.0, 1.0, 1.0, 1.0, 1.0, 2 / 3, 0.2]),
    ],
)
def test_each_scale_by_hand(how: dict, wanted: list[float]) -> None:
    values = np.array([0.0, 1, 2, 2, 2, 3, 10])
    np.testing.assert_allclose(score_measure(values, **how), wanted)


def test_a_z_score_is_cut_off_at_three() -> None:
    values = np.array([0.0] * 99 + [1000.0])  # mean 10, standard deviation 99.5: z -0.1005 and 9.95
    scored = score_measure(values, normalise="zscore")
    assert scored[-1] == 1.0
    assert scored[0] == pytest.approx((3 - 10 / np.sqrt(9900)) / 6)


def test_measures_that_say_nothing_are_named() -> None:
    measures = pd.DataFrame({"customer_id": ["a", "b"], "net_sales_365_days": [1.0, 2.0], "complaints": 0.0})
    uses = (SIZE, Use("complaints", "satisfaction", False), TARDY, Use("nonsense", "risk", True))
    assert list_measures(measures, uses)["measure_state"].tolist() == ["used", "constant", "absent", "no_such_name"]


def test_the_job_chooses_measures() -> None:
    uses = choose_measures(
        {
            "influence": False,
            "profit": {"measures": [{"measure": "margin_365_days"}]},
            "risk": {
                "measures": [
                    {"measure": "days_late", "direction": "lower"},
                    {"measure": "overdue_share", "threshold": 0.1},
                ]
            },
        }
    )
    assert "influence" not in {use.criterion for use in uses}
    assert [use for use in uses if use.criterion in ("profit", "risk")] == [
        Use("margin_365_days", "profit", True),
        Use("days_late", "risk", False),
        Use("overdue_share", "risk", False, 0.1),
    ]
    names = [use.name for use in choose_measures()]
    assert len(names) == len(set(names))  # each measure in one criterion only


def test_groups_add_up_only_what_is_whole() -> None:
    accounts = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c", "d", "e"],
            "top_parent_id": ["a", "a", "a", "d", "h"],
            "name": list("ABCDE"),
            "wallet": [10.0, 5.0, 1.0, None, 7.0],
            "complaints": [1.0, None, 0.0, 2.0, 3.0],
            "satisfaction": [4.0, None, 8.0, None, 9.0],
            "influence": [1.0, 3.0, None, None, None],
            "since": pd.to_datetime(["2020-01-01", "2019-01-01", None, None, "2021-01-01"]),
        }
    )
    heads = roll_up_accounts(accounts).set_index("customer_id")
    assert heads.index.tolist() == ["a", "d", "h"]
    assert heads["wallet"].fillna(-1).tolist() == [16.0, -1.0, 7.0]
    assert heads["complaints"].fillna(-1).tolist() == [-1.0, 2.0, 3.0]
    assert heads["satisfaction"].fillna(-1).tolist() == [6.0, -1.0, 9.0]
    assert heads.loc["a", "influence"] == 3.0
    assert heads.loc["a", "since"] == pd.Timestamp("2019-01-01")
    assert heads["name"].fillna("-").tolist() == ["A", "D", "-"]


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_accounts_are_refused(rows: int) -> None:
    with pytest.raises(NotEnoughDataError) as refusal:
        build_sheet(gather_measures(make_customers(rows), as_of=AS_OF))
    assert (refusal.value.reason, refusal.value.facts) == ("scorecard_few_accounts", {"accounts": rows})


def test_accounts_that_are_all_alike_are_refused() -> None:
    alike = make_customers(5, net_sales_365_days=7.0, orders_365_days=1, orders=1, tenure_days=3)
    with pytest.raises(NotEnoughDataError) as refusal:
        build_sheet(gather_measures(alike, as_of=AS_OF))
    assert refusal.value.reason == "scorecard_no_criteria"


def test_negative_totals_are_scored_and_nobody_is_large() -> None:
    table = make_customers(5, net_sales_365_days=[-5.0, -4, -3, -2, -1])
    sheet = build_sheet(gather_measures(table, as_of=AS_OF))
    scores = score_accounts(sheet.criterion_scores, np.full(len(sheet.criteria), 1 / len(sheet.criteria)))
    listed = list_accounts(sheet, scores, RULE)
    assert listed["key_account_score"].notna().all()
    assert not listed["is_key_account"].any()


def test_missing_columns_and_doubled_customers_are_refused() -> None:
    with pytest.raises(MissingColumnsError, match="net_sales_365_days"):
        gather_measures(make_customers().drop(columns="net_sales_365_days"), as_of=AS_OF)
    with pytest.raises(ValueError, match="one row per"):
        gather_measures(pd.concat([make_customers(2), make_customers(1)]), as_of=AS_OF)
    with pytest.raises(ValueError, match="rank, range or zscore"):
        score_measure(np.array([1.0, 2.0]), normalise="log")


figures = st.one_of(st.none(), st.integers(-5, 20).map(float))
tables = st.lists(st.tuples(st.integers(0, 30), figures, figures, figures), min_size=3, max_size=12)
METHODS = st.sampled_from(["rank", "range", "zscore"])
WEIGHTS = np.array([0.5, 0.3, 0.2])


def sheet_of(rows: list[tuple], method: str, order: list[int] | None = None) -> topic.Sheet | None:
    table = pd.DataFrame(rows, columns=["net_sales_365_days", "orders_365_days", "regularity", "overdue_share"])
    table = table.astype(float).assign(customer_id=[f"a{i:02}" for i in range(len(rows))])
    if order is not None:
        table = table.iloc[order]
    before = table.copy(deep=True)
    try:
        sheet = build_sheet(table, uses=(SIZE, LOYAL, Use("regularity", "loyalty", True), TARDY), normalise=method)
    except NotEnoughDataError:
        return None
    pd.testing.assert_frame_equal(table, before)
    return sheet


@examples(20, 160)
@given(rows=tables, method=METHODS, data=st.data())
def test_row_order_does_not_matter_and_contributions_add_up(
    rows: list[tuple], method: str, data: st.DataObject
) -> None:
    sheet = sheet_of(rows, method)
    other = sheet_of(rows, method, data.draw(st.permutations(range(len(rows)))))
    if sheet is None:
        assert other is None
        return
    weights = WEIGHTS[: len(sheet.criteria)] / WEIGHTS[: len(sheet.criteria)].sum()
    one, two = (score_accounts(s.criterion_scores, weights) for s in (sheet, other))
    np.testing.assert_array_equal(one.score, two.score)
    known = ~np.isnan(one.score)
    np.testing.assert_allclose(np.nansum(one.contributions[known], axis=1), one.score[known], rtol=0, atol=1e-12)
    assert ((one.score[known] >= 0) & (one.score[known] <= 1)).all()


@examples(30, 240)
@given(rows=tables, method=METHODS, data=st.data())
def test_a_better_figure_never_lowers_the_score(rows: list[tuple], method: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    which = data.draw(st.integers(0, 3))
    if rows[at][which] is None:
        return
    gain = data.draw(st.integers(1, 10))
    better = list(rows[at])
    better[which] += -gain if which == 3 else gain
    moved = [tuple(better) if i == at else row for i, row in enumerate(rows)]
    one, two = sheet_of(rows, method), sheet_of(moved, method)
    if one is None or two is None or one.uses != two.uses:
        return
    weights = WEIGHTS[: len(one.criteria)] / WEIGHTS[: len(one.criteria)].sum()
    before, after = (score_accounts(s.criterion_scores, weights).score[at] for s in (one, two))
    assert after >= before - 1e-8


def test_figures_are_listed_behind_the_score() -> None:
    sheet = build_sheet(gather_measures(make_customers(3), as_of=AS_OF), uses=(SIZE, LOYAL))
    table = answer.list_measure_values(sheet, customer_ids=["c2"])
    assert table.to_dict("list") == {
        "customer_id": ["c2", "c2"],
        "measure": ["net_sales_365_days", "orders_365_days"],
        "criterion": ["purchasing_power", "loyalty"],
        "measure_value": [300.0, 3.0],
        "measure_score": [1.0, 1.0],
    }
    assert set(CRITERIA) >= set(table["criterion"])


def make_book(returns: float, *, accounts: int = 40) -> pd.DataFrame:
    """Make accounts of falling size; the first returned so much of its 1,000, every fifth of the others a tenth of its sales."""
    sales = np.linspace(1_000.0, 100.0, accounts)
    sent_back = np.where(np.arange(accounts) % 5 == 4, sales / 10, 0.0)
    sent_back[0] = returns
    return pd.DataFrame(
        {
            "customer_id": [f"c{i:02}" for i in range(accounts)],
            "orders": 12,
            "orders_365_days": 12,
            "net_sales_365_days": sales - sent_back,
            "returns_365_days": sent_back,
            "tenure_days": 1_000 + np.arange(accounts) % 7,
        }
    )


def test_a_bottle_sent_back_costs_nothing_and_a_tenth_costs_what_it_is() -> None:
    satisfied = {}
    for returns in (0.0, 10.0, 50.0, 100.0):
        sheet = build_sheet(gather_measures(make_book(returns), as_of=AS_OF))
        satisfied[returns] = sheet.criterion_scores[0, sheet.criteria.index("satisfaction")]
    assert satisfied[10.0] == satisfied[0.0]  # one percent is below the floor
    # 31 or 32 of 40 sent nothing back and keep their place, about 0.6; half of what the others send back is half the way down
    assert satisfied[0.0] - satisfied[50.0] == pytest.approx(0.30, abs=0.01)
    assert satisfied[100.0] == 0.0


def test_by_ranks_that_bottle_would_cost_a_fifth() -> None:
    returned = np.where(np.arange(40) % 5 == 4, 0.1, 0.0)
    returned[0] = 0.001
    scale = score_measure(returned, higher=False)
    by_rank = 1 - (pd.Series(returned).rank().to_numpy() - 1) / 39
    assert by_rank[1] - by_rank[0] > 0.4
    assert scale[1] - scale[0] == pytest.approx(0.01 * scale[1])


def test_money_counts_as_size_alone() -> None:
    """Twice the size at the same rates is more purchasing power and the same of all else."""
    book = make_book(0.0)
    book["margin_365_days"] = book["net_sales_365_days"] * np.linspace(0.1, 0.4, 40)[::-1]
    book["net_sales_trend"] = np.sin(np.arange(40))
    twice = book.copy()
    for column in ("net_sales_365_days", "returns_365_days", "margin_365_days"):
        twice.loc[20, column] *= 2
    sheets = [build_sheet(gather_measures(table, as_of=AS_OF)) for table in (book, twice)]
    differ = ~np.isclose(*(sheet.criterion_scores[20] for sheet in sheets))
    assert [name for name, changed in zip(sheets[0].criteria, differ, strict=True) if changed] == ["purchasing_power"]


def test_dependence_on_one_product_needs_a_year_of_orders() -> None:
    book = make_book(0.0).assign(largest_product_share_365_days=0.5)
    book.loc[0, "orders_365_days"] = 11
    measures = gather_measures(book, as_of=AS_OF)
    assert measures["largest_product_share_365_days"].isna().tolist() == [True] + [False] * 39


@pytest.mark.parametrize(("known", "state"), [(9, "few"), (10, "used")])
def test_a_figure_of_hardly_anybody_is_left_out(known: int, state: str) -> None:
    book = make_book(0.0, accounts=120)
    book["overdue_share"] = np.where(np.arange(120) < known, np.arange(120) / 100, np.nan)
    assert list_measures(book, [TARDY])["measure_state"].tolist() == [state]
    assert ("risk" in build_sheet(book, uses=[SIZE, TARDY]).criteria) == (state == "used")
