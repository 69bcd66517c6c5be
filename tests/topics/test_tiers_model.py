"""Does the tier model take what it is given: any clusterer, any figures, any order of rows, and kept in a file?"""

from __future__ import annotations

import datetime as dt
import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.cluster import DBSCAN, Birch, BisectingKMeans, KMeans, MiniBatchKMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from kalib.errors import MissingColumnsError, NotEnoughDataError, SettingsError
from kalib.publish.models import read_model, write_model
from kalib.settings import read_job
from kalib.topics import tiers as topic
from kalib.topics import tiers_facts
from kalib.topics.tiers import TierModel, assign_tiers
from kalib.topics.tiers_choice import fit_tiers, measure_agreement
from kalib.topics.tiers_points import FEATURES, find_nearest, pick_rows
from kalib.words import Words
from tests.depth import examples
from tests.topics.test_tiers import CLOUD, GROUPS

CLUSTERERS = [
    *("kmeans", "mini_batch_kmeans", "gaussian_mixture"),
    *(KMeans(), MiniBatchKMeans(), GaussianMixture(n_init=3), BisectingKMeans(), Birch(threshold=0.1)),
]


@pytest.mark.parametrize("clusterer", CLUSTERERS, ids=str)
def test_any_clusterer_that_predicts_can_be_handed_in(clusterer: object) -> None:
    model = TierModel(count=3, clusterer=clusterer, resamples=3, seeds=1).fit(GROUPS)
    tiers = model.assess(GROUPS)
    means = tiers[tiers["orders_365_days"] > 0].groupby("tier_rank")["net_sales_365_days"].mean()
    assert means.is_monotonic_decreasing
    assert tiers["tier"].value_counts().to_dict() == {"tail": 350, "standard": 80, "strategic": 20}
    mixed = GROUPS.sample(frac=1, random_state=3)
    again = TierModel(count=3, clusterer=clusterer, resamples=3, seeds=1).fit(mixed).assess(mixed)
    pd.testing.assert_frame_equal(tiers, again)


def test_a_clusterer_that_cannot_serve_is_refused() -> None:
    with pytest.raises(ValueError, match="needs `n_clusters` or `n_components`, and `predict`; DBSCAN lacks them"):
        TierModel(clusterer=DBSCAN()).fit(CLOUD)
    with pytest.raises(ValueError, match=r"`clusterer` is one of kmeans, .*; it was 'birch'"):
        TierModel(clusterer="birch").fit(CLOUD)


def test_features_that_cannot_be_used_are_left_out_and_named() -> None:
    table = CLOUD.assign(
        margin=CLOUD["net_sales_365_days"] / 3,
        flat=7.0,
        rare=np.where(np.arange(len(CLOUD)) < 100, 1.0 * np.arange(len(CLOUD)), np.nan),
        empty=np.nan,
        region="north",
        endless=np.where(np.arange(len(CLOUD)) < 200, np.inf, 1.0),
    )
    asked = {
        column: {"weight": 1, "scale": "none"}
        for column in ("margin", "flat", "rare", "empty", "region", "endless", "nothing")
    }
    model = TierModel(count=3, features=asked, resamples=2).fit(table)
    assert model.left_out_ == {
        "flat": "constant", "rare": "sparse", "empty": "sparse", "region": "text", "endless": "sparse", "nothing": "absent",
    }  # fmt: skip
    only = TierModel(count=3, features={"margin": {"weight": 1, "scale": "none"}}, resamples=2).fit(table)
    assert model.predict(table).equals(only.predict(table))
    assert "margin" in model.predict(table)
    with pytest.raises(NotEnoughDataError, match="tiers_no_features"):
        TierModel(count=3, features={"flat": {"weight": 1, "scale": "log"}}).fit(table)


def test_who_lacks_a_figure_counts_as_the_median() -> None:
    table = CLOUD.assign(margin=CLOUD["net_sales_365_days"] / 3)
    asked = {**FEATURES, "margin": {"weight": 1.0, "scale": "root4"}}
    lacking = table.copy()
    lacking.loc[::5, "margin"] = np.nan
    filled = lacking.fillna({"margin": float(np.median(lacking["margin"].dropna()))})
    model = TierModel(count=3, features=asked, resamples=2).fit(lacking)
    assert model.missing_["margin"] == lacking["margin"].isna().sum()
    columns = ["customer_id", "tier"]
    pd.testing.assert_frame_equal(
        model.predict(lacking)[columns],
        TierModel(count=3, features=asked, resamples=2).fit(filled).predict(filled)[columns],
    )
    listed = tiers_facts.list_features(model)
    assert listed["feature_weight"].sum() == pytest.approx(1)
    assert listed["feature_missing"].tolist() == [0, 0, 0, 60]
    with pytest.raises(MissingColumnsError, match="lacks \\['margin'\\]"):
        model.predict(CLOUD)


def test_scales_by_hand() -> None:
    table = CLOUD.head(40).assign(x=np.arange(40.0) - 3)
    placed = {}
    for scale in ("none", "sqrt", "root4", "log", "log1p", "rank"):
        points = topic.Points.prepare(table, {"x": {"weight": 4, "scale": scale}}, count=2)
        placed[scale] = points.placed[:, 0] / 2 * points.scaling.scale + points.scaling.mean
    clipped = np.maximum(table["x"], 0)
    np.testing.assert_allclose(placed["none"], table["x"])
    np.testing.assert_allclose(placed["sqrt"], clipped**0.5, atol=1e-12)
    np.testing.assert_allclose(placed["root4"], clipped**0.25, atol=1e-12)
    np.testing.assert_allclose(placed["log"], np.log(np.maximum(table["x"], 1)), atol=1e-12)
    np.testing.assert_allclose(placed["log1p"], np.log(clipped + 1), atol=1e-12)
    np.testing.assert_allclose(placed["rank"], (np.arange(40) + 0.5) / 40, atol=0.02)


def test_distances_tell_the_tier_and_say_nothing_of_the_silent() -> None:
    model = TierModel(count=3, resamples=2).fit(GROUPS)
    far = model.distances(GROUPS.sample(frac=1, random_state=1))
    tiers = model.predict(GROUPS)
    active = (tiers["orders_365_days"] > 0).to_numpy()
    assert far["customer_id"].tolist() == tiers["customer_id"].tolist()
    assert far.columns.tolist() == ["customer_id", "strategic", "standard", "tail"]
    assert far.loc[active, model.tiers_].idxmin(axis=1).tolist() == tiers.loc[active, "tier"].tolist()
    assert far.loc[~active, model.tiers_].isna().all(axis=None)


def test_how_surely_is_counted_out_draw_by_draw() -> None:
    """Only those near a border are measured again; here everyone is."""
    model = TierModel(count=4, resamples=9, seeds=4).fit(CLOUD)
    tiers = model.assess(CLOUD)
    points = model.scaling_.place(CLOUD.set_index("customer_id").loc[tiers["customer_id"]])
    fallen = np.array([1 + find_nearest(points, groups["centres"]) for groups in model.drawn_])
    rank = tiers["tier_rank"].to_numpy()
    np.testing.assert_allclose(tiers["tier_stability"], (fallen == rank).mean(axis=0))
    seeded = np.array([1 + find_nearest(points, groups["centres"]) for groups in model.seeded_])
    np.testing.assert_allclose(tiers["tier_seed_stability"], (seeded == rank).mean(axis=0))
    for column, row in enumerate(tiers.itertuples()):
        others = [tier for tier in fallen[:, column] if tier != row.tier_rank]
        if not others:
            assert pd.isna(row.next_tier)
            assert row.next_tier_share == 0
            continue
        best = max(others.count(tier) for tier in others)
        assert others.count(1 + model.tiers_.index(row.next_tier)) == best
        assert row.next_tier_share == pytest.approx(best / 9)
    assert (tiers["tier_stability"] < 1).any()
    near = tiers_facts.list_borderline(tiers)
    assert set(near["customer_id"]) == set(tiers.loc[tiers["tier_stability"] < 0.8, "customer_id"])
    assert near["net_sales_365_days"].is_monotonic_decreasing


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=2, max_size=40))
def test_agreement_is_the_adjusted_rand_index(parts: list) -> None:
    one, other = (np.array(side, dtype=np.int8) for side in zip(*parts, strict=True))
    assert measure_agreement(one, other) == pytest.approx(adjusted_rand_score(one, other), abs=1e-12)


@examples(4, 30)
@given(
    st.lists(st.tuples(st.integers(-20, 500), st.integers(0, 6), st.integers(0, 400)), min_size=25, max_size=60),
    st.randoms(use_true_random=False),
    st.sampled_from([10, 10_000]),
)
def test_the_same_customers_get_the_same_tiers_whatever_the_rows(rows: list, random: object, most: int) -> None:
    """Also where customers are alike in one figure or all, and where centres come from a few of them."""
    table = pd.DataFrame(rows, columns=["net_sales_365_days", "orders_365_days", "days_since_last_order"])
    table = table.assign(customer_id=[f"c{i:02}" for i in range(len(rows))], orders=table["orders_365_days"] + 1)
    order = list(range(len(rows)))
    random.shuffle(order)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(topic, "ROWS", most)
        patch.setattr(topic, "REDRAWN_ROWS", most)
        try:
            first = assign_tiers(table, count=2, resamples=2)
        except NotEnoughDataError as error:
            with pytest.raises(NotEnoughDataError, match=error.reason):
                assign_tiers(table.iloc[order], count=2, resamples=2)
            return
        pd.testing.assert_frame_equal(first, assign_tiers(table.iloc[order], count=2, resamples=2))
    means = first[first["orders_365_days"] > 0].groupby("tier_rank")["net_sales_365_days"].mean()
    assert most < 100 or means.is_monotonic_decreasing


@examples(4, 30)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 20_000)), min_size=25, max_size=60),
    st.randoms(use_true_random=False),
)
def test_one_figure_that_many_share_gives_the_same_tiers_whatever_the_rows(rows: list, random: object) -> None:
    """Customers alike in the figure differ in sales, by which groups are ordered: who is drawn has to be the same."""
    table = pd.DataFrame(rows, columns=["orders_365_days", "net_sales_365_days"])
    table["net_sales_365_days"] = table["net_sales_365_days"] ** 2 / 100
    table = table.assign(
        customer_id=[f"c{i:02}" for i in range(len(rows))], orders=table["orders_365_days"], days_since_last_order=9
    )
    order = list(range(len(rows)))
    random.shuffle(order)

    def grade(customers: pd.DataFrame) -> pd.DataFrame:
        asked = {"orders_365_days": {"weight": 1, "scale": "none"}}
        return TierModel(count=2, features=asked, resamples=8, seeds=1).fit(customers).assess(customers)

    try:
        first = grade(table)
    except NotEnoughDataError as error:
        with pytest.raises(NotEnoughDataError, match=error.reason):
            grade(table.iloc[order])
        return
    pd.testing.assert_frame_equal(first, grade(table.iloc[order]))


def test_skewed_sales_behind_one_shared_figure_by_example() -> None:
    random = np.random.default_rng(11)
    table = pd.DataFrame(
        {"orders_365_days": np.repeat([1, 2, 3], 20), "net_sales_365_days": random.lognormal(5, 2, 60)}
    )
    table = table.assign(
        customer_id=[f"c{i:02}" for i in range(60)], orders=table["orders_365_days"], days_since_last_order=9
    )
    model = TierModel(count=3, features={"orders_365_days": {"weight": 1, "scale": "none"}}, resamples=20)
    first = clone(model).fit(table).assess(table)
    assert (first["tier_stability"] < 1).any()
    for seed in range(4):
        mixed = table.sample(frac=1, random_state=seed)
        pd.testing.assert_frame_equal(first, clone(model).fit(mixed).assess(mixed))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=40), st.integers(1, 50))
def test_every_nth_row_in_order(rows: list, most: int) -> None:
    columns = [np.array(column, dtype=float) for column in zip(*rows, strict=True)]
    picked = pick_rows(columns, most)
    ordered = sorted(rows)
    wanted = [ordered[at] for at in np.linspace(0, len(rows) - 1, min(len(rows), most)).astype(int)]
    assert [rows[at] for at in picked] == wanted
    assert len(set(picked.tolist())) == len(picked)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (CLOUD.head(0), "tiers_few_customers"),
        (CLOUD.head(1), "tiers_few_customers"),
        (CLOUD.head(1).assign(orders=1, orders_365_days=1), "tiers_few_customers"),
        (CLOUD.assign(net_sales_365_days=50.0), "tiers_no_spread"),
        (CLOUD.assign(net_sales_365_days=-CLOUD["net_sales_365_days"]), "tiers_no_spread"),
        (CLOUD.assign(orders=0), "tiers_few_customers"),
        (CLOUD.assign(net_sales_365_days=9.0, orders_365_days=1, days_since_last_order=5), "tiers_no_features"),
    ],
    ids=["nobody", "one customer", "one order", "all amounts equal", "all returns", "prospects alone", "all the same"],
)
def test_what_cannot_be_parted_is_refused_with_a_reason(table: pd.DataFrame, reason: str) -> None:
    with pytest.raises(NotEnoughDataError) as refused:
        fit_tiers(table)
    assert refused.value.reason == reason


def test_a_negative_total_and_fewer_customers_than_wished() -> None:
    table = CLOUD.head(45).copy()
    table.loc[:4, "net_sales_365_days"] = -10.0
    model, choice = fit_tiers(table)
    assert choice["tier_count"].tolist() == [3, 4]
    assert model.assess(table)["tier"].notna().all()
    with pytest.raises(NotEnoughDataError) as refused:
        fit_tiers(table, count=5)
    assert refused.value.facts["least"] == 50
    summary = topic.summarise_tiers(model.assess(table.assign(net_sales_365_days=table["net_sales_365_days"] - 1e6)))
    assert summary["net_sales_365_days_share"].isna().all()
    facts = tiers_facts.describe_tiers(model.assess(table.assign(net_sales_365_days=table["net_sales_365_days"] - 1e6)))
    assert facts["shares"] == "no_shares"
    for language in ("en", "zh"):
        words = Words(language)
        keys = ["tiers.answer.no_shares", "tiers.shares.finding.no_shares", "tiers.shares.alt.no_shares"]
        keys += [f"{key}.note" for key in tiers_facts.choose_kpis(facts)]
        assert not [key for key in keys if "–" in words(key, **facts)]
    assert tiers_facts.choose_kpis(tiers_facts.describe_tiers(model.assess(table)))[0] == "tiers.kpis.top"


def test_a_kept_model_has_no_choice_of_today() -> None:
    model = TierModel(count=3, resamples=2).fit(GROUPS)
    facts = tiers_facts.describe_tiers(model.assess(GROUPS.head(12)))
    assert tiers_facts.choose_sentences(facts) == ["tiers.choice.kept"]
    nobody = model.assess(GROUPS[GROUPS["orders_365_days"] == 0])
    assert np.isnan(tiers_facts.describe_tiers(nobody)["rule_share"])


def test_the_number_asked_for_is_judged_like_the_others() -> None:
    model, choice = fit_tiers(GROUPS, count=2, resamples=3, seeds=1)
    assert (model.count, choice["tier_count"].tolist()) == (2, [2, 3, 4, 5])
    assert choice["least_customers"].tolist() == [10] * 4
    assert (len(model.drawn_), len(model.seeded_)) == (3, 1)
    tiers = model.assess(GROUPS)
    assert set(tiers["tier"]) == {"key", "standard"}
    facts = tiers_facts.describe_tiers(tiers, choice=choice)
    said = tiers_facts.choose_sentences(facts)
    assert ("tiers.choice.other" in said) == (facts["chosen_count"] != 2)


@pytest.mark.parametrize("clusterer", ["kmeans", "mini_batch_kmeans", "gaussian_mixture"])
def test_a_model_is_kept_and_grades_another_snapshot_alike(clusterer: str, tmp_path: Path) -> None:
    asked = {"margin": {"weight": 0.3, "scale": "rank"}, **FEATURES}
    table = CLOUD.assign(margin=CLOUD["net_sales_365_days"] / 3)
    model = TierModel(count=4, features=asked, clusterer=clusterer, resamples=3, seeds=2).fit(table)
    data = table[["customer_id", *model.columns_]]
    write_model(model, tmp_path / "tiers.skops", name="tiers", as_of="2026-06-30", data=data, kalib="0.1.0")
    later = table.assign(
        net_sales_365_days=table["net_sales_365_days"] * 1.4, orders_365_days=table["orders_365_days"] + 2
    )
    back, card = read_model(tmp_path / "tiers.skops", name="tiers", data=later)
    pd.testing.assert_frame_equal(back.assess(later), model.assess(later))
    pd.testing.assert_frame_equal(back.distances(later), model.distances(later))
    assert card.rows == len(table)
    assert list(back.features_) == list(model.features_)


def test_medians_are_of_those_who_ordered_in_the_year() -> None:
    customers = GROUPS.assign(margin_365_days=GROUPS["net_sales_365_days"] / 4, categories_365_days=np.nan)
    tiers = assign_tiers(customers, count=3, resamples=2)
    typical = tiers_facts.tabulate_tiers(tiers, customers)
    assert typical.columns.tolist() == [
        *("tier", "net_sales_365_days", "orders_365_days", "days_since_last_order", "margin_365_days"),
    ]
    last = customers[customers["customer_id"].isin(tiers.loc[tiers["tier"] == "tail", "customer_id"])]
    wanted = last.loc[last["orders_365_days"] > 0, "margin_365_days"].median()
    assert typical["margin_365_days"].iloc[-1] == pytest.approx(wanted)


def test_tiers_are_learnt_on_a_day_that_the_report_knows() -> None:
    day = dt.date(2026, 6, 30)
    tiers_facts.check_snapshot(None, as_of=day)
    tiers_facts.check_snapshot(day, as_of=day)
    with pytest.raises(NotEnoughDataError, match="tiers_learn_ahead"):
        tiers_facts.check_snapshot(day + dt.timedelta(days=1), as_of=day)


JOB = "job: a\nsource: a.csv\ncolumns: {customer_id: a, order_date: b, amount: c}\n"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("tiers.tier_count", "7", r"unknown setting `tiers\.tier_count`; did you mean `count`"),
        ("tiers.count", "7", "should be less than or equal to 5"),
        ("tiers.clusterer", "birch", "should be 'kmeans', 'mini_batch_kmeans' or 'gaussian_mixture'"),
        ("tiers.features", "{net_sales: {wieght: 1}}", "did you mean `weight`"),
        ("tiers.features", "{}", "at least 1 item"),
        ("tiers.features", "{net_sales: {weight: 0}}", "greater than 0"),
        ("tiers", "{model: a.skops, count: 4, learn_as_of: 2020-01-01}", "leave out `count`, `learn_as_of`"),
    ],
)
def test_settings_that_make_no_sense_are_refused(key: str, value: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(JOB, encoding="utf-8")
    with pytest.raises(SettingsError, match=said):
        read_job(tmp_path / "a.yaml", {key: value})


def test_the_settings_default_to_the_features_of_the_model(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(JOB, encoding="utf-8")
    asked = read_job(tmp_path / "a.yaml", {"tiers.counts": "[4, 2, 4]"}).tiers
    assert asked.model_dump()["features"] == FEATURES
    assert asked.counts == (2, 4)
    assert set(topic.CLUSTERERS) == {"kmeans", "mini_batch_kmeans", "gaussian_mixture"}


@pytest.mark.deep
def test_the_benchmark_runs(tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    spec = importlib.util.spec_from_file_location(
        "benchmark_of_tiers", Path(__file__).parents[2] / "benchmarks" / "tiers.py"
    )
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    results = tmp_path / "results.md"
    benchmark.main([str(tmp_path), "--size", "tiny", "--repetitions", "1", "--results", str(results)])
    assert "| tiers of 2,000 customers against one k-means fit, processor time" in results.read_text(encoding="utf-8")
    assert "tiers" in capsys.readouterr().out
