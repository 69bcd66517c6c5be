"""Does any table know of a row after its snapshot date, of the order of the rows, or of the files they came in?"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, Phase, event, example, given
from hypothesis import strategies as st

from kalib import ledger, years
from kalib.errors import NotEnoughDataError
from kalib.settings import Job
from kalib.topics import (
    churn,
    churn_evidence,
    churn_windows,
    migration_series,
    pace,
    pareto,
    pareto_demand,
    quality,
    rfm,
    sales,
    scorecard,
    scorecard_stability,
    tiers,
)
from kalib.topics.churn_model import ChurnModel
from tests.depth import examples

AS_OF = dt.date(2025, 6, 30)
START = dt.date(2023, 1, 1)
HEADER = ["customer", "order", "date", "amount", "cost", "category"]
COLUMNS = {
    "customer_id": "customer",
    "order_id": "order",
    "order_date": "date",
    "amount": "amount",
    "cost": "cost",
    "category": "category",
}
TABLES = ("customers", "months", "mix", "order_days")
PAST = [AS_OF - dt.timedelta(days=days) for days in (90, 200, 455)]

AT_ONCE = {"suppress_health_check": list(HealthCheck), "phases": [Phase.explicit, Phase.reuse, Phase.generate]}
"""A log is drawn by its seed, so that shrinking would take minutes and show no simpler one."""


def log(seed: int, customers: int, lines: int) -> pd.DataFrame:
    """A small log as text: rhythms, returns, refund-only customers, repeats, order numbers over several days, bad rows."""
    rng = np.random.default_rng(seed)
    days = (AS_OF - START).days + 200  # the last half year is the future
    who = rng.choice(customers, lines, p=rng.dirichlet(np.full(customers, 3.0)))
    day = rng.integers(0, days, lines)
    amount = np.round(rng.lognormal(4, 1.5, lines), 2) * rng.choice([1, 1, 1, 1, 1, 1, -1, 0], lines)
    amount[who % 9 == 8] = -np.abs(amount[who % 9 == 8])  # money back and no order
    own_number = rng.random(lines) < 0.7
    rows = pd.DataFrame({
        "customer": [f"{'C0' if c % 2 else ''}{c}{'.0' if c % 6 == 4 and r < 0.5 else ''}" for c, r in zip(who, rng.random(lines), strict=True)],
        "order": np.where(own_number, [f"o{c}-{d // 3}" for c, d in zip(who, day, strict=True)], [f"n{i}" for i in range(lines)]),
        "date": [(START + dt.timedelta(days=int(d))).isoformat() for d in day],
        "amount": [f"{a:.2f}" for a in amount],
        "cost": [f"{a * 0.7:.2f}" for a in amount],
        "category": rng.choice(["glass", "linen", ""], lines),
    })  # fmt: skip
    bad = rng.random(lines)
    rows.loc[bad < 0.01, "amount"] = "n/a"
    rows.loc[(bad > 0.01) & (bad < 0.02), "customer"] = ""
    repeated = rows.sample(lines // 20, random_state=seed)
    return pd.concat([rows, repeated], ignore_index=True)


logs = st.builds(log, st.integers(0, 2**32 - 1), st.sampled_from([10, 25, 45, 50, 55, 60]), st.integers(250, 400))


def write(folder: Path, parts: Sequence[pd.DataFrame]) -> Job:
    folder.mkdir(parents=True)
    for number, part in enumerate(parts):
        part.to_csv(folder / f"orders-{number}.csv", index=False)
    source = [f"orders-{number}.csv" for number in range(len(parts))]
    settled = {"walk_in": "as_is"}  # customer 0 is one like any other here
    settings = {"job": "small", "source": source, "columns": COLUMNS, "as_of": AS_OF, "settled": settled}
    return Job.model_validate({**settings, "file": folder / "job.yaml"})


def build(folder: Path, parts: Sequence[pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Build the ledger and return everything that is made of it."""
    ledger.build(write(folder, parts), folder / "out")
    made = {name: pd.read_parquet(folder / "out" / "tables" / f"{name}.parquet") for name in TABLES}
    made["snapshots"] = ledger.snapshots(folder / "out", PAST)
    made["outcomes"] = ledger.outcomes(folder / "out", PAST, horizon_days=90)
    return made | topics(made)


def topics(made: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return what the topics make; a refusal is a row that names its reason. No table may be changed by it."""
    before = {name: table.copy(deep=True) for name, table in made.items()}
    customers, order_days = made["customers"], made["order_days"]
    calls = {
        "rfm": lambda: rfm.score_rfm(customers),
        "tiers": lambda: tiers.assign_tiers(customers, count=3, resamples=2),
        "pareto": lambda: pareto.assign_classes(customers),
        "demand": lambda: pareto_demand.measure_demand(customers, made["months"], as_of=AS_OF),
        "pace": lambda: pace.measure_pace(customers, order_days, as_of=AS_OF),
        "scores": lambda: score(made),
        "horizon": lambda: churn_windows.choose_horizon(order_days, as_of=AS_OF),
        "repeats": lambda: churn_windows.summarise_repeats(order_days, as_of=AS_OF),
        "active": lambda: churn_windows.choose_active_days(order_days, as_of=AS_OF, horizon_days=60),
        "history": lambda: quality.summarise_history(made["months"], as_of=pd.Timestamp(AS_OF)),
        "sales": lambda: pd.DataFrame([sales.describe_sales(customers, years.choose_span(customers, AS_OF))]),
        "movers": lambda: pd.concat(sales.list_movers(_line_up(customers)), names=["list"]).reset_index(level=0),
    }
    if "snapshots" in made:
        calls["migration"] = lambda: move(made)
    results = {name: _or_reason(call) for name, call in calls.items()}
    for name, table in made.items():
        pd.testing.assert_frame_equal(table, before[name], check_exact=True)
    return results


def _line_up(customers: pd.DataFrame) -> pd.DataFrame:
    return years.line_up(customers, years.choose_span(customers, AS_OF))


def score(made: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the key-account score, and how often each account is among the five best when its orders are drawn anew."""
    sheet = scorecard.build_sheet(scorecard.gather_measures(made["customers"], as_of=AS_OF, mix=made["mix"]))
    weights = np.full(len(sheet.criteria), 1 / len(sheet.criteria))
    scores = scorecard.score_accounts(sheet.criterion_scores, weights)
    redrawn, _ = scorecard_stability.resample_list(
        sheet, made["order_days"], weights, {"top": 5}, as_of=AS_OF, resamples=20
    )
    return redrawn.merge(pd.DataFrame({"customer_id": sheet.accounts, "score": scores.score}), on="customer_id")


def move(made: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return who moved between two dates, graded by the tiers of the second."""
    model = tiers.TierModel(count=3, resamples=2, seeds=0).fit(made["customers"])
    day = pd.to_datetime(made["snapshots"]["as_of"])
    earlier = made["snapshots"][day == day.min()]
    dates = migration_series.choose_dates(START, AS_OF, before=day.min().date(), periods=0)
    now = made["customers"].assign(as_of=pd.Series(AS_OF, index=made["customers"].index).astype(earlier["as_of"].dtype))
    both = pd.concat([earlier, now[earlier.columns]], ignore_index=True)
    features = migration_series.list_features(model, list(both.columns))
    return migration_series.build_migration(model, both, dates, features=features).table


def _or_reason(call: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    try:
        return call()
    except NotEnoughDataError as refusal:
        return pd.DataFrame({"reason": [refusal.reason], "facts": [str(refusal.facts)]})


def same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame], *names: str) -> None:
    for name in names or one:
        pd.testing.assert_frame_equal(one[name], other[name], check_exact=True, obj=name)


def disturb(rows: pd.DataFrame, after: dt.date, how: set[str], seed: int) -> list[pd.DataFrame]:
    """Return the rows with what lies after a day added to, changed or removed, shuffled, and in two files."""
    rng = np.random.default_rng(seed)
    late = (rows["date"] > after.isoformat()).to_numpy()
    known, future = rows[~late], rows[late].copy()
    if "removed" in how:
        future = future.sample(frac=0.4, random_state=seed)
    if "changed" in how and len(future):
        future["amount"] = [f"{x:.2f}" for x in rng.normal(0, 10**6, len(future))]
        future["customer"] = rng.permutation(future["customer"])
        future["order"] = rng.choice(rows["order"], len(future))
        future["category"] = rng.choice(["glass", "new"], len(future))
    if "added" in how:
        more = known.sample(len(known) // 3, random_state=seed)  # the same orders go on
        later = [(after + dt.timedelta(days=int(d))).isoformat() for d in (1, *rng.integers(1, 400, len(more) - 1))]
        stranger = pd.DataFrame([["stranger", "o1", later[0], "1000000000.00", "1", "new"]], columns=HEADER)
        future = pd.concat([future, more.assign(date=later), stranger])
    both = pd.concat([known, future], ignore_index=True)
    if "shuffled" in how:
        both = both.sample(frac=1, random_state=seed)
    if "two_files" in how:
        # An order stands in one of them, whole: lines that stand in both would count once.
        orders = list(dict.fromkeys(both["order"]))
        named = {order for order, here in zip(orders, rng.random(len(orders)) < 0.5, strict=True) if here}
        named = (named | {orders[0]}) - ({orders[-1]} if len(orders) > 1 else set())
        first = both["order"].isin(named).to_numpy()
        return [part for part in (both[first], both[~first]) if len(part)]
    return [both]


WAYS = ["added", "changed", "removed", "shuffled", "two_files"]
ways = st.sets(st.sampled_from(WAYS), min_size=1)
in_every_way = example(log(3, 50, 300), set(WAYS), 3)


class Bench:
    """A folder that is empty again for each example."""

    def __enter__(self) -> Path:
        self.path = Path(tempfile.mkdtemp())
        return self.path

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path)


def check_as_of(rows: pd.DataFrame, how: set[str], seed: int) -> None:
    with Bench() as folder:
        one = build(folder / "one", [rows])
        other = build(folder / "other", disturb(rows, AS_OF, how, seed))
    for name in ("rfm", "tiers", "horizon", "active"):
        event(f"{name} {'refused' if 'reason' in one[name] and 'facts' in one[name] else 'made'}")
    assert one["customers"]["last_order_date"].dropna().max() <= AS_OF
    assert "stranger" not in set(other["customers"]["customer_id"])
    same(one, other)
    mixed = {name: one[name].sample(frac=1, random_state=seed % 2**32) for name in TABLES}
    later = one["order_days"].head(5).assign(order_date=AS_OF + dt.timedelta(days=1))
    mixed["order_days"] = pd.concat([later, mixed["order_days"]])
    same(made := topics(mixed), {name: one[name] for name in made})


def check_past_dates(rows: pd.DataFrame, how: set[str], seed: int) -> None:
    """A run that knows what came later says of a past day what a run of that day says, whatever came later there."""
    day, horizon = PAST[1], 60
    start = day - dt.timedelta(days=horizon)
    with Bench() as folder:
        ledger.build(write(folder / "now", disturb(rows, day, how, seed)), folder / "now" / "out")
        then = write(folder / "then", [rows]).model_copy(update={"as_of": day})
        ledger.build(then, folder / "then" / "out")
        seen, known = (ledger.snapshots(folder / name / "out", [day]) for name in ("now", "then"))
        ahead = [ledger.outcomes(folder / name / "out", [start], horizon_days=horizon) for name in ("now", "then")]
        customers = pd.read_parquet(folder / "then" / "out" / "tables" / "customers.parquet")
    pd.testing.assert_frame_equal(seen, known, check_exact=True)
    pd.testing.assert_frame_equal(seen, customers[seen.columns].astype(seen.dtypes), check_exact=True)
    pd.testing.assert_frame_equal(*ahead, check_exact=True)


@examples(1, 60, **AT_ONCE)
@in_every_way
@given(logs, ways, st.integers(0, 2**32 - 1))
def test_nothing_after_the_snapshot_date_is_known(rows, how, seed):
    check_as_of(rows, how, seed)


@examples(1, 60, **AT_ONCE)
@in_every_way
@given(logs, ways, st.integers(0, 2**32 - 1))
def test_a_past_date_knows_nothing_later_either(rows, how, seed):
    check_past_dates(rows, how, seed)


def test_the_future_does_change_a_later_snapshot(tmp_path):
    """The comparison can fail: one row on the day itself, and the tables are others."""
    rows = log(1, 50, 400)
    one = build(tmp_path / "one", [rows])
    more = pd.DataFrame([["C01", "last", AS_OF.isoformat(), "5.00", "1.00", "glass"]], columns=HEADER)
    other = build(tmp_path / "other", [pd.concat([rows, more])])
    for name in (*TABLES, "rfm", "tiers", "history", "sales"):
        assert not one[name].equals(other[name]), name


def shop(seed: int) -> pd.DataFrame:
    """Customers enough to learn churn from: most come back every few weeks, a few leave each quarter."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(260):
        begins, every = rng.integers(0, 500), rng.integers(10, 40)
        ends = begins + rng.exponential(500)
        day = float(begins)
        while day < min(ends, (AS_OF - START).days + 120):
            amount = rng.lognormal(4, 1)
            rows.append([f"K{customer:03}", f"{customer}-{len(rows)}", START + dt.timedelta(days=int(day)), amount])
            day += rng.gamma(2, every / 2)
    table = pd.DataFrame(rows, columns=HEADER[:4])
    return table.assign(
        date=table["date"].astype(str), amount=table["amount"].map("{:.2f}".format), cost="1.00", category="all"
    )


def forecast(folder: Path, parts: Sequence[pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return all that the churn notebook makes, with every input held to be as it was."""
    report = ledger.build(write(folder, parts), folder / "out")
    customers = pd.read_parquet(folder / "out" / "tables" / "customers.parquet")
    plan = churn_windows.plan_snapshots(
        as_of=AS_OF, first_order_date=report.first_order_date, horizon_days=60, active_days=180
    )
    past = plan.loc[plan["role"] != "score", "as_of"].dt.date.tolist()
    snapshots, outcomes = ledger.snapshots(folder / "out", past), ledger.outcomes(folder / "out", past, horizon_days=60)
    inputs = {"customers": customers, "plan": plan, "snapshots": snapshots, "outcomes": outcomes}
    before = {name: table.copy(deep=True) for name, table in inputs.items()}
    labelled = churn_windows.label(snapshots, outcomes, active_days=180, horizon_days=60)
    inputs["labelled"], before["labelled"] = labelled, labelled.copy(deep=True)
    model = ChurnModel().fit(labelled, plan)
    table = churn.build_churn(model, customers, active_days=180)
    inputs["table"], before["table"] = table, table.copy(deep=True)
    made = {
        "labelled": labelled,
        "choice": model.choice_,
        "evaluation": churn_evidence.evaluate_churn(model, labelled, plan, resamples=20),
        "calibration": churn_evidence.summarise_calibration(model, labelled, plan),
        "churn": table,
        "risk": churn.summarise_risk(table),
        "reasons": churn.summarise_reasons(table),
        "list": sales.list_at_risk(table, customers),
    }
    made["facts"] = pd.DataFrame([churn.describe_churn(model, table, made["evaluation"], plan)])
    same(before, inputs)
    return made


def test_churn_knows_nothing_after_the_snapshot_date(tmp_path):
    rows = shop(7)
    one = forecast(tmp_path / "one", [rows])
    everything = {"added", "changed", "removed", "shuffled", "two_files"}
    same(one, forecast(tmp_path / "other", disturb(rows, AS_OF, everything, 5)))


def test_churn_learns_nothing_from_the_horizon_of_the_report(tmp_path):
    """Whatever happens after the report date, the model is the same and so is what it says of that date."""
    rows = shop(8)
    report = AS_OF - dt.timedelta(days=60)
    made = [
        forecast(tmp_path / name, parts)
        for name, parts in (("one", [rows]), ("other", disturb(rows, report, {"removed", "changed"}, 3)))
    ]
    same(*made, "choice")
    one, other = (frames["calibration"] for frames in made)
    assert one["predicted_share"].tolist() == other["predicted_share"].tolist()
    assert one["observed_share"].tolist() != other["observed_share"].tolist()
