"""Who is about to leave? Past dates labelled with what came, candidates from simple to boosted trees, and what is at stake."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import purchase
from churn_model import Churn, choose_best
from ledger import snapshot, stand_at
from reasons import explain
from silence import DAY, away_shares, kinds, states
from sklearn.metrics import roc_auc_score


def plan(as_of: pd.Timestamp, first: pd.Timestamp, horizon: int) -> pd.DataFrame:
    """Return the past dates to learn from, those held out in turn, and the report date, oldest first."""
    report, step, h = as_of - horizon * DAY, max(horizon, 90), horizon * DAY

    def between(newest: pd.Timestamp, oldest: pd.Timestamp, step: int, taken: set) -> set:
        dates = pd.date_range(newest, oldest, freq=f"-{step}D")
        return {d for d in dates if (d - first).days >= 180 and all(abs((d - o).days) * 2 >= step for o in taken)}

    years = {day - n * 365 * DAY for day in (as_of, report) for n in (1, 2)}
    years = {d for d in years if d <= report - h and (d - first).days >= 180}
    held_out = years | between(report - h, report - 730 * DAY, step, years)
    dates = sorted(held_out | between(report - h, min(held_out), max(horizon // 3, 30), held_out))
    table = pd.DataFrame({"as_of": [*dates, report], "role": ["train"] * len(dates) + ["report"]})
    return table.assign(held_out=table.as_of.isin(held_out), label_end=table.as_of + h)


def ahead(con, date: pd.Timestamp, horizon: int) -> pd.DataFrame:
    """Return orders and net sales of the horizon after a date, of each customer known at it."""
    stand_at(con, date.date())
    known = con.execute("SELECT DISTINCT customer_id FROM known WHERE orders > 0").df()
    stand_at(con, date.date(), seen=date.date() + dt.timedelta(days=horizon))
    came = con.execute(
        "SELECT customer_id, sum(orders)::INT AS orders_ahead, sum(net_sales)::DOUBLE AS net_sales_ahead FROM known WHERE age < 0 GROUP BY ALL"
    ).df()
    return known.merge(came, how="left").fillna({"orders_ahead": 0, "net_sales_ahead": 0.0})


def reference(rows: pd.DataFrame, before: pd.DataFrame, horizon: int) -> pd.Series:
    """Return what sales of the horizon are compared with: the same days a year before, else the own pace; missing if not above 0."""
    season = rows.customer_id.map(before.set_index("customer_id").net_sales_ahead)
    found = season.fillna(rows.net_sales_365_days * horizon / 365).round(2)
    return found.where(found > 0)


def label(con, dates: pd.DataFrame, horizon: int, active: int, code: str) -> pd.DataFrame:
    """Return the active customers of each date with their figures and what they did in the horizon after it."""
    parts, near = [], None
    for date in dates.as_of:
        rows = snapshot(con, date.date())
        rows, near = add_purchase(rows, horizon, code, near)
        rows = rows[rows.days_since_last_order <= active].merge(ahead(con, date, horizon), on="customer_id")
        held_against = reference(rows, ahead(con, date - 365 * DAY, horizon), horizon)
        fell = (rows.net_sales_ahead < 0.5 * held_against).where(held_against.notna()).astype(float)
        rows["churned"] = (rows.orders_ahead == 0).astype(int)
        parts.append(
            rows.assign(as_of=date, is_defined=held_against.notna(), partly_churned=fell.mask(rows.churned == 1, 1.0))
        )
    return pd.concat(parts, ignore_index=True)


def add_purchase(
    rows: pd.DataFrame, horizon: int, code: str, near: purchase.Model | None = None
) -> tuple[pd.DataFrame, purchase.Model]:
    """Add the chance to be alive and expected orders, by the purchase model in use, fitted to what was known at the date."""
    rows = rows[rows.orders > 0].reset_index(drop=True)
    known = pd.DataFrame(
        {"x": rows.order_days - 1, "t": rows.tenure_days - rows.days_since_last_order, "T": rows.tenure_days},
        dtype=float,
    )
    model = purchase.MODELS[code](known, near=near)
    return rows.assign(p_alive=model.alive(known), expected_orders=model.expect(known, horizon)), model


def analyse(
    con,
    customers: pd.DataFrame,
    days: pd.DataFrame,
    silence: pd.DataFrame,
    as_of: pd.Timestamp,
    horizon: int,
    active: int,
    code: str,
) -> dict[str, pd.DataFrame]:
    """Return the tables churn and churn_check."""
    dates = plan(as_of, days.order_date.min(), horizon)
    rows = label(con, dates, horizon, active, code)
    model = choose_best(rows, dates, "churned")
    report = rows[rows.as_of == dates.as_of.iloc[-1]].sort_values("customer_id", ignore_index=True)
    now, _ = add_purchase(customers, horizon, code)
    now = now[now.days_since_last_order <= active].assign(as_of=as_of).sort_values("customer_id", ignore_index=True)
    churn = now[["customer_id", "days_since_last_order", "net_sales_365_days"]].assign(
        churn_probability=model.predict(now)
    )
    away = away_shares(days, as_of, horizon, active)
    churn["kind_of_silence"] = churn.customer_id.map(kinds(days, as_of, horizon))
    churn["away_share"] = churn.kind_of_silence.map(away)
    churn["silence"] = churn.customer_id.map(silence.set_index("customer_id").silence)
    weak = is_weak(report, model)
    naive = weak or naive_wins(rows, dates, model, days, horizon, active)
    leaves = churn.silence.isin(["pausing", "quiet"]) if naive else churn.churn_probability * churn.away_share
    churn["sales_at_risk"] = leaves * churn.net_sales_365_days.clip(lower=0)
    churn = churn.assign(stake_basis="overdue" if naive else "away", forecast_is_weak=weak, horizon_days=horizon)
    churn["reasons"] = explain(model, now, silence.set_index("customer_id").loc[now.customer_id])
    defined = rows[rows.is_defined]
    partly = choose_best(defined, dates, "partly_churned").predict(now)
    can_fall = reference(now, ahead(con, as_of - 365 * DAY, horizon), horizon).notna()
    churn["partial_churn_probability"] = np.where(
        can_fall, np.maximum(partly, churn.churn_probability), churn.churn_probability
    )
    return {"churn": churn.assign(known_as=None), "churn_check": check(report, model)}


def check(report: pd.DataFrame, model: Churn) -> pd.DataFrame:
    """Return what was forecast at the report date, what the best simple rule would have said, and what came."""
    rules = {"few_orders": -report.orders_365_days.astype(float), "small_sales": -report.net_sales_365_days}
    rules |= {name: pd.Series(model.predict(report, name)) for name in ("recency", "silence")}
    best = max(rules, key=lambda name: roc_auc_score(report.churned, rules[name]))
    kept = report[["customer_id", "as_of", "churned", "net_sales_365_days"]]
    return kept.assign(churn_probability=model.predict(report), best_rule=best, rule_score=rules[best])


def is_weak(report: pd.DataFrame, model: Churn) -> bool:
    """Say whether the ranking may be hardly better than chance: the lower end of the interval of its AUC."""
    p, count = model.predict(report), len(report)
    drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), size=500)
    left, stayed = (drawn[:, report.churned == outcome] for outcome in (1, 0))
    higher = np.sign(p[report.churned == 1][:, None] - p[report.churned == 0][None]) / 2 + 0.5
    return np.quantile((left @ higher * stayed).sum(axis=1) / (left.sum(axis=1) * stayed.sum(axis=1)), 0.1) < 0.6


def naive_wins(
    rows: pd.DataFrame, dates: pd.DataFrame, model: Churn, days: pd.DataFrame, horizon: int, active: int
) -> bool:
    """Say whether the list of the silent found clearly more of the sales that left than the forecast's, at six past dates."""
    parts = []
    for date in sorted(dates.as_of[dates.held_out | (dates.role == "report")], reverse=True)[:6]:
        known = dates[dates.label_end <= date].assign(role="train")
        if not known.held_out.any():
            break
        then = rows[rows.as_of == date].copy()
        own = choose_best(rows, known, "churned", candidates=(model.chosen,))
        then["silence"] = then.customer_id.map(states(days, date, active).set_index("customer_id").silence)
        shares = kinds(days, date, horizon).map(away_shares(days, date, horizon, active))
        away = then.customer_id.map(shares).astype(float)
        sales = then.net_sales_365_days.clip(lower=0)
        then["forecast"] = own.predict(then) * (away if away.notna().any() else 1.0) * sales
        then["overdue"] = sales.where(then.silence.isin(["pausing", "quiet"]), 0.0)
        parts.append(then[then.silence != "one_order"].assign(lost=sales.where(then.churned == 1, 0.0)))
    past = pd.concat(parts).sort_values(["as_of", "customer_id"])
    ranks = {}
    for name in ("forecast", "overdue"):
        ranks[name] = (
            past[name].round(2).where(past[name] > 0).groupby(past.as_of).rank(ascending=False, method="first")
        )
    both = pd.DataFrame({name: rank.notna() for name, rank in ranks.items()}).groupby(past.as_of).sum().min(axis=1)
    code, who = pd.factorize(past.customer_id)
    drawn = np.random.default_rng(0).multinomial(len(who), np.full(len(who), 1 / len(who)), size=500)
    better, worse = [], []
    for calls in (20, 50, 100):
        first = past.as_of.map(both.clip(upper=calls))
        gain = sum(
            sign * past.lost.where(ranks[name] <= first, 0.0) for sign, name in ((1, "forecast"), (-1, "overdue"))
        )
        low, high = np.quantile(drawn @ np.bincount(code, weights=gain, minlength=len(who)), [0.025, 0.975]).round(2)
        better.append(low > 0)
        worse.append(high < 0)
    return any(worse) and not any(better)
