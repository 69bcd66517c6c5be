"""Who is leaving, what is at stake, and why do we think so?"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd

from kalib.schema import check_columns, check_key
from kalib.topics.churn_reasons import explain_churn
from kalib.topics.churn_windows import is_same_season

WEAK = 0.6
"""A ranking that may be no better than this (lower end of the interval of its AUC) is not to be leaned on."""

OVERDUE = ("pausing", "quiet")
"""Silent beyond their rhythm, and customers still."""


class _Model(Protocol):
    chosen_: str
    choice_: pd.DataFrame
    calibration_: pd.DataFrame
    held_out_: str
    columns_: dict[str, list[str]]
    typical_: pd.Series

    def predict_proba(self, features: pd.DataFrame, *, model: str | None = None) -> np.ndarray: ...
    def read(self, features: pd.DataFrame) -> pd.DataFrame: ...
    def share_out(self, x: pd.DataFrame, baseline: pd.DataFrame, groups: dict[str, int]) -> np.ndarray: ...
    def weigh(self, date: pd.Timestamp) -> pd.Series: ...


def build_churn(
    model: _Model, customers: pd.DataFrame, *, active_days: int, partial: _Model | None = None, top: int = 3
) -> pd.DataFrame:
    """Build the churn table of the customers who ordered in the last ``active_days``.

    Parameters
    ----------
    model : a ChurnModel fitted to ``churned``
    customers : features of one snapshot
    partial : a ChurnModel fitted to ``partly_churned``; its probability is never shown below the first one's
    top : how many reasons a customer gets

    Returns
    -------
    DataFrame
        One row per customer, by customer_id: customer_id, days_since_last_order, churn_probability,
        partial_churn_probability (if asked for), net_sales_365_days, sales_at_risk (churn probability times those net
        sales, nothing where they are negative), reasons (list of code, value, typical, effect; see ``explain_churn``).
    """
    check_key(customers, ["customer_id"], name="customers")
    check_columns(customers, ["orders", "days_since_last_order", "net_sales_365_days"], name="customers")
    active = customers[(customers["orders"] > 0) & (customers["days_since_last_order"] <= active_days)]
    active = active.sort_values("customer_id", ignore_index=True)
    table = active[["customer_id", "days_since_last_order"]].astype({"days_since_last_order": "int64"})
    table["churn_probability"] = model.predict_proba(active)[:, 1]
    if partial is not None:
        both = [partial.predict_proba(active)[:, 1], table["churn_probability"].to_numpy()]
        table["partial_churn_probability"] = np.max(both, axis=0)
    table["net_sales_365_days"] = active["net_sales_365_days"]
    table["sales_at_risk"] = (table["churn_probability"] * table["net_sales_365_days"].clip(lower=0)).round(2)
    table["reasons"] = explain_churn(model, active, top=top)
    return table


def put_at_stake(churn: pd.DataFrame, silence: pd.DataFrame, *, naive_wins: bool = False) -> pd.DataFrame:
    """Put at stake what is lost for good: the probability of leaving times that of staying away then, times the year's net sales.

    No order within the horizon is not the end. How many of those who placed none stayed away for the year after it differs by
    kind of account: who pauses every winter comes back, who was never silent for so long mostly does not. Where the history does
    not tell, the forecast ranks hardly better than chance, or the naive list found clearly more of the sales that left at past
    dates, no probability is multiplied by money: at stake are the year's net sales of who is silent beyond its rhythm, and
    nothing else. The list of those at risk is by what is at stake, on every page.

    Who is silent beyond its rhythm but has paused as long before gets that among its reasons, as one that speaks against leaving;
    where the list is made by silence, that is a reason of all who are on it. Such effects are infinite: no figures of the model.

    Parameters
    ----------
    churn : customer_id, churn_probability, net_sales_365_days, forecast_is_weak, reasons
    silence : customer_id, silence, kind_of_silence, away_share, silent_days, usual_gap_days, longest_gap_days
    naive_wins : as ``churn_lists.judge_lists`` finds it (``worse``)

    Returns
    -------
    DataFrame
        The rows of ``churn`` with silence, kind_of_silence, away_share (missing where the history does not tell), stake_basis (``away`` or
        ``overdue``, the same for all) and sales_at_risk.

    Examples
    --------
    >>> churn = pd.DataFrame({"customer_id": ["a", "b"], "churn_probability": [0.5, 0.5], "net_sales_365_days": [100.0, 100.0],
    ...     "forecast_is_weak": False})
    >>> silence = pd.DataFrame({"customer_id": ["a", "b"], "silence": ["buying", "quiet"], "kind_of_silence": ["as_before", "longer_than_ever"],
    ...     "away_share": [0.3, 0.6]})
    >>> put_at_stake(churn, silence)["sales_at_risk"].tolist()
    [15.0, 30.0]
    >>> put_at_stake(churn, silence, naive_wins=True)["sales_at_risk"].tolist()
    [0.0, 100.0]
    """
    known = silence[["customer_id", "silence", "kind_of_silence", "away_share"]]
    table = churn.drop(columns="stake_basis", errors="ignore").merge(
        known, on="customer_id", how="left", validate="1:1"
    )
    table["stake_basis"] = "overdue" if naive_wins else find_basis(table)
    if find_basis(table) == "away":
        leaves = table["churn_probability"] * table["away_share"]
    else:
        leaves = table["silence"].isin(OVERDUE).astype(float)
    table["sales_at_risk"] = (leaves * table["net_sales_365_days"].clip(lower=0)).round(2)
    if "reasons" in table and "longest_gap_days" in silence:
        table["reasons"] = _add_silence(table, silence)
    return table


def _add_silence(table: pd.DataFrame, silence: pd.DataFrame) -> pd.Series:
    """Return the reasons, with the silence that the list is made by, and with pauses as long before; neither is a figure of the model."""
    own = silence.set_index("customer_id").reindex(table["customer_id"])
    by_silence = find_basis(table) == "overdue"
    told = []
    for reasons, row in zip(table["reasons"], own.itertuples(), strict=True):
        found = list(reasons)
        known = any(one["code"] == "silence" and one["effect"] > 0 for one in found)
        if by_silence and row.silence in OVERDUE and not known:
            typical = round(float(row.usual_gap_days), 4)
            found.insert(0, {"code": "overdue", "value": float(row.silent_days), "typical": typical, "effect": np.inf})
        if row.silence == "pausing":
            longest = float(row.longest_gap_days)
            found.append({"code": "paused_before", "value": longest, "typical": None, "effect": -np.inf})
        told.append(found)
    return pd.Series(told, index=table.index, dtype=object)


def find_basis(churn: pd.DataFrame) -> str:
    """Find what sales are put at stake by: ``away``, or ``overdue`` where no probability is multiplied by money.

    That is what ``put_at_stake`` wrote; before it, ``overdue`` where staying away is not known or the forecast is weak.
    """
    if "stake_basis" in churn and len(churn):
        return str(churn["stake_basis"].iloc[0])
    known = "away_share" in churn and churn["away_share"].notna().any()
    return "away" if known and not churn["forecast_is_weak"].any() else "overdue"


def find_why(churn: pd.DataFrame) -> str:
    """Find why no probability is multiplied by money; empty where it is.

    ``rule``: there is no forecast, and a rule ranks; ``weak``: it ranks hardly better than chance; ``unknown``: who stays away; ``naive``: the
    naive list found clearly more.

    Examples
    --------
    >>> find_why(pd.DataFrame({"stake_basis": ["overdue"], "forecast_is_weak": False, "away_share": 0.4}))
    'naive'
    >>> find_why(pd.DataFrame({"stake_basis": ["overdue"], "forecast_is_weak": True, "best_rule": "silence"}))
    'rule'
    """
    if find_basis(churn) == "away":
        return ""
    if churn["forecast_is_weak"].any():
        return "rule" if "best_rule" in churn else "weak"
    return "naive" if "away_share" in churn and churn["away_share"].notna().any() else "unknown"


def is_weak(evaluation: pd.DataFrame) -> bool:
    """Say whether the ranking in use may be hardly better than chance, by the evaluation of ``evaluate_churn``."""
    return bool(evaluation.loc[evaluation["chosen"], "auc_low"].iloc[0] < WEAK)


def summarise_risk(churn: pd.DataFrame) -> pd.DataFrame:
    """Summarise how many customers stand at which probability, and what sales.

    Returns
    -------
    DataFrame
        Ten rows, one per tenth of probability: probability_from, probability_to, customers, net_sales_365_days,
        sales_at_risk.

    Examples
    --------
    >>> churn = pd.DataFrame({"churn_probability": [0.05, 0.1, 1.0], "net_sales_365_days": [10.0, 20.0, 30.0],
    ...     "sales_at_risk": [0.5, 2.0, 30.0]})
    >>> summarise_risk(churn)["customers"].tolist()
    [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    """
    step = np.minimum((churn["churn_probability"] * 10 + 1e-9).astype(int), 9)
    money = churn[["net_sales_365_days", "sales_at_risk"]].groupby(step).sum()
    table = money.reindex(range(10), fill_value=0.0).round(2).reset_index(drop=True)
    table.insert(0, "customers", step.value_counts().reindex(range(10), fill_value=0).to_numpy())
    table.insert(0, "probability_to", np.arange(1, 11) / 10)
    table.insert(0, "probability_from", np.arange(10) / 10)
    return table


def summarise_reasons(churn: pd.DataFrame) -> pd.DataFrame:
    """Summarise what raises the risk: each customer by the first of the reasons that raise it.

    Returns
    -------
    DataFrame
        One row per reason, most customers first: reason (``none`` where nothing raises it), customers, sales_at_risk.
    """
    first = [next((r["code"] for r in reasons if r["effect"] > 0), "none") for reasons in churn["reasons"]]
    table = churn.assign(reason=first).groupby("reason")["sales_at_risk"].agg(customers="size", sales_at_risk="sum")
    table = table.reset_index().round(2)
    return table.sort_values(["customers", "reason"], ascending=[False, True], ignore_index=True)


def describe_churn(
    model: _Model, churn: pd.DataFrame, evaluation: pd.DataFrame, plan: pd.DataFrame
) -> dict[str, object]:
    """Describe the churn table and how far it can be trusted, as facts for the sentences.

    Returns
    -------
    dict
        customers, leaving (expected number), leaving_share, net_sales, sales_at_risk, at_risk_share, top_customer,
        top_sales, horizon_days; model, rule (best rule without a model), auc, auc_low, auc_high, rule_auc, gain, gain_low,
        gain_high, beats_rule, verdict (``beats``, ``equal`` or ``rule``: a rule is in use), average_precision,
        lift, brier, calibration_error with its parts shift_error and shape_error;
        report_date, report_end, predicted_share, observed_share and observed_left, predicted_left on the report date;
        ``weak`` (the ranking is hardly better than chance); stake_basis (see ``find_basis``), stake_why (see ``find_why``), overdue_customers; held_out (``dates`` or ``customers``: how candidates were
        compared); same_season (a held-out date is of the season of the score date), season_share (weight of such dates in
        the level), season_date (the newest of them, else the date that weighs most).
    """
    report, score = (plan.loc[plan["role"] == role].iloc[0] for role in ("report", "score"))
    used = evaluation[evaluation["chosen"]].iloc[0]
    rules = evaluation[evaluation["is_rule"]]
    rule = rules.loc[rules["auc"].idxmax()]
    beats = bool(used["auc_gain_low"] > 0)
    weights = model.weigh(score["as_of"])
    season = weights[[is_same_season(date, score["as_of"]) for date in weights.index]]
    net, at_risk = churn["net_sales_365_days"].clip(lower=0).sum(), churn["sales_at_risk"].sum()
    leaving = churn["churn_probability"].sum()
    top = churn.sort_values(["sales_at_risk", "customer_id"], ascending=[False, True]).head(1)
    return {
        "customers": len(churn),
        "leaving": round(float(leaving)),
        "leaving_share": float(leaving / len(churn)) if len(churn) else 0.0,
        "net_sales": round(float(net), 2),
        "sales_at_risk": round(float(at_risk), 2),
        "at_risk_share": float(at_risk / net) if net else 0.0,
        "top_customer": str(top["customer_id"].iloc[0]) if len(top) else "",
        "top_sales": float(top["sales_at_risk"].iloc[0]) if len(top) else 0.0,
        "horizon_days": int((report["label_end"] - report["as_of"]).days),
        "model": str(used["model"]),
        "rule": str(rule["model"]),
        "rule_auc": float(rule["auc"]),
        "gain": float(used["auc_gain"]),
        "gain_low": float(used["auc_gain_low"]),
        "gain_high": float(used["auc_gain_high"]),
        "beats_rule": beats,
        "verdict": "rule" if used["is_rule"] else "beats" if beats else "equal",
        **{name: float(used[name]) for name in ("auc", "auc_low", "auc_high", "average_precision", "lift")},
        **{name: float(used[name]) for name in ("brier", "calibration_error", "shift_error", "shape_error")},
        "report_date": report["as_of"].date().isoformat(),
        "report_end": report["label_end"].date().isoformat(),
        "report_customers": int(used["customers"]),
        "predicted_share": float(used["predicted_share"]),
        "observed_share": float(used["observed_share"]),
        "predicted_left": round(float(used["predicted_share"] * used["customers"])),
        "observed_left": round(float(used["observed_share"] * used["customers"])),
        "held_out": model.held_out_,
        "season_date": (season.index.max() if len(season) else weights.idxmax()).date().isoformat(),
        "season_share": float(np.clip(season.sum(), 0, 1)),
        "weak": is_weak(evaluation),
        "stake_basis": find_basis(churn) if "forecast_is_weak" in churn else "away",
        "stake_why": find_why(churn) if "forecast_is_weak" in churn else "",
        "overdue_customers": int(churn["silence"].isin(OVERDUE).sum()) if "silence" in churn else 0,
        "same_season": bool(len(season)),
    }


def describe_choice(model: _Model) -> dict[str, object]:
    """Describe which candidate is in use and what it had to beat, as facts for the sentences.

    Returns
    -------
    dict
        model; learnt (whether it had to beat another), against (the candidate it beat, empty for the simplest), refused
        (candidates that did not beat the one then in use by more than the noise); dates (how many were held out), held_out
        (``dates`` or ``customers``).
    """
    choice = model.choice_.set_index("model")
    against = choice.loc[model.chosen_, "against"]
    refused = choice.index[choice["against"].notna() & ~(choice["gain_low"] > 0)]
    return {
        "model": model.chosen_,
        "learnt": bool(pd.notna(against)),
        "against": str(against) if pd.notna(against) else "",
        "refused": list(refused),
        "dates": int(model.calibration_["as_of"].nunique()),
        "held_out": model.held_out_,
    }
