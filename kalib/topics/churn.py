"""Who is leaving, what is at stake, and why do we think so?"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd

from kalib.schema import check_columns, check_key

REASONS: dict[str, tuple[tuple[str, ...], str]] = {
    "silence": (("days_since_last_order", "silence_ratio"), "days_since_last_order"),
    "lately": (("orders_90_days", "orders_180_days", "net_sales_90_days", "net_sales_180_days"), "orders_90_days"),
    "frequency": (("orders_365_days",), "orders_365_days"),
    "spend": (("net_sales_365_days",), "net_sales_365_days"),
    "trend": (("orders_90_days", "net_sales_90_days"), "net_sales_90_days"),
    "season": (("orders_next_90_days_last_year",), "orders_next_90_days_last_year"),
    "rhythm": (("gap_days", "gap_days_spread"), "gap_days"),
    "tenure": (("tenure_days",), "tenure_days"),
    "returns": (("returns_share",), "returns_share"),
    "margin": (("margin_365_days",), "margin_365_days"),
}
"""Reason to the features that are set to typical values together, and the one that is shown."""

EXPECTED = {
    "silence": 1,
    "rhythm": 1,
    "lately": -1,
    "frequency": -1,
    "spend": -1,
    "trend": -1,
    "season": -1,
    "tenure": -1,
    "returns": 1,
    "margin": -1,
}
"""Does more of it raise (1) or lower (-1) the risk? A reason that goes against this would only puzzle, and is not told."""

WEAK = 0.6
"""A ranking that may be no better than this (lower end of the interval of its AUC) is not to be leaned on."""

LEAST_EFFECT = 0.05
"""Smaller changes of the log-odds are no reason."""


class _Model(Protocol):
    chosen_: str
    columns_: dict[str, list[str]]
    typical_: pd.Series
    start_: pd.Timestamp

    def decision_function(self, features: pd.DataFrame, *, model: str | None = None) -> np.ndarray: ...
    def predict_proba(self, features: pd.DataFrame, *, model: str | None = None) -> np.ndarray: ...
    def calibrated_on(self, date: pd.Timestamp) -> list[pd.Timestamp]: ...


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


def explain_churn(model: _Model, features: pd.DataFrame, *, top: int = 3) -> pd.Series:
    """Explain each probability by what would change it most, whatever the kind of model.

    For each group of features the model is asked again with the group set to what is typical; the effect is how much
    the log-odds of churn are above that answer (0.7 doubles the odds, -0.7 halves them). Typical are the medians of
    the snapshots that the model learnt from; for silence it is the median ratio to the customer's own gap, so that a
    weekly buyer is held to a week, and for the trend it is the customer's own last year, where it is known and not
    empty. Effects are what moves the model, not causes, and do not add up.

    Returns
    -------
    Series of lists, by the index of ``features``
        At most ``top`` reasons each, largest effect first; left out are effects below 0.05, and those whose direction a
        reader could not follow (more sales than is typical, raising the risk): ``code``, ``value`` (the customer's figure), ``typical`` (what
        it is held against), ``effect`` (above 0 raises the risk). ``silence`` holds days against the customer's own gap,
        ``recency`` (after a single order, or where the model knows no gap) days against all customers, ``trend`` net
        sales of 90 days against the same days a year before; the others hold a figure against its median: ``lately``
        orders of 90 days, ``frequency`` orders of 365 days, ``spend`` net sales of 365 days, ``season`` orders of the coming 90 days a year before, ``rhythm`` the gap between
        orders (``one_order``: orders on a single day so far, there is none), ``tenure`` days, ``returns`` share, ``margin`` of 365 days.
    """
    columns, typical = model.columns_[model.chosen_], model.typical_
    used = {"silence_ratio" if column == "silence" else column for column in columns}
    now, effects = model.decision_function(features), {}
    for code, (group, _) in REASONS.items():
        if not used.isdisjoint(group):
            other = _what_if(code, [c for c in group if c in features and c in typical], model, features, used)
            effects[code] = np.round(now - model.decision_function(other), 3)
    reasons: list[list[dict[str, object]]] = [[] for _ in range(len(features))]
    for code, effect in effects.items():
        codes, value, against = _shown(code, features, typical, used)
        told = np.abs(effect) >= LEAST_EFFECT
        if code in EXPECTED:
            sense = np.sign(value - against) * EXPECTED[code] == np.sign(effect)
            told &= sense | (np.array(codes) == "one_order") & (effect > 0)
        if code not in ("returns", "spend", "trend", "margin"):  # days and orders are told as whole numbers
            told &= (np.round(value) != np.round(against)) | (np.array(codes) == "one_order")
        if code == "rhythm":  # the silence is told against it
            told &= [all(one["code"] != "silence" for one in own) for own in reasons]
        for row in np.flatnonzero(told):
            figures = {"value": _figure(value[row]), "typical": _figure(against[row]), "effect": float(effect[row])}
            reasons[row].append({"code": codes[row], **figures})
    first = [sorted(found, key=lambda reason: -abs(reason["effect"]))[:top] for found in reasons]
    return pd.Series(first, index=features.index, dtype=object)


def _shown(
    code: str, features: pd.DataFrame, typical: pd.Series, used: set[str]
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return what is told of a reason, by row: its code, the customer's figure and the one it is held against."""
    value = features[REASONS[code][1]].to_numpy(float)
    codes, against = [code] * len(features), np.full(len(features), float(typical[REASONS[code][1]]))
    if code == "silence":
        own = features["gap_days"].notna().to_numpy() & ("silence_ratio" in used)
        against = np.where(own, features["gap_days"].to_numpy(float), against)
        codes = ["silence" if by_own_gap else "recency" for by_own_gap in own]
    if code == "rhythm":
        once = features["gap_days"].isna().to_numpy()
        value = np.where(once, features["orders"].to_numpy(float), value)
        codes, against = ["one_order" if single else code for single in once], np.where(once, np.nan, against)
    if code == "trend":
        against = features["net_sales_90_days_last_year"].to_numpy(float)
    return codes, value, against


def _figure(number: float) -> float | None:
    return None if np.isnan(number) else round(float(number), 4)


def _what_if(code: str, group: list[str], model: _Model, features: pd.DataFrame, used: set[str]) -> pd.DataFrame:
    """Return the features as they would be were the group typical."""
    typical = model.typical_
    if code == "trend":
        covered = (pd.to_datetime(features["as_of"]) - model.start_).dt.days >= 455
        covered &= features["net_sales_90_days_last_year"] > 0
        return features.assign(**{c: features[f"{c}_last_year"].where(covered, features[c]) for c in group})
    other = features.assign(**{c: typical[c] for c in group})
    if code == "silence":
        gap = features["gap_days"].astype(float) if "silence_ratio" in used else pd.Series(np.nan, features.index)
        other["days_since_last_order"] = (typical["silence_ratio"] * gap).fillna(typical["days_since_last_order"])
        other["silence_ratio"] = features["silence_ratio"].where(features["gap_days"].isna(), typical["silence_ratio"])
    return other


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
        gain_high, beats_rule, verdict (``beats``, ``equal`` or ``rule``: a rule is in use), brier, calibration_error, lift;
        report_date, report_end, predicted_share, observed_share and observed_left, predicted_left on the report date;
        ``weak`` (the ranking is hardly better than chance); season_date (training date that the level is taken from), same_season (it is of the season of the score date).
    """
    report, score = (plan.loc[plan["role"] == role].iloc[0] for role in ("report", "score"))
    used = evaluation[evaluation["chosen"]].iloc[0]
    rules = evaluation[evaluation["is_rule"]]
    rule = rules.loc[rules["auc"].idxmax()]
    beats = bool(used["auc_gain_low"] > 0)
    season = model.calibrated_on(score["as_of"])[-1]
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
        **{name: float(used[name]) for name in ("auc", "auc_low", "auc_high", "brier", "calibration_error", "lift")},
        "report_date": report["as_of"].date().isoformat(),
        "report_end": report["label_end"].date().isoformat(),
        "report_customers": int(used["customers"]),
        "predicted_share": float(used["predicted_share"]),
        "observed_share": float(used["observed_share"]),
        "predicted_left": round(float(used["predicted_share"] * used["customers"])),
        "observed_left": round(float(used["observed_share"] * used["customers"])),
        "season_date": season.date().isoformat(),
        "weak": bool(used["auc_low"] < WEAK),
        "same_season": bool((score["as_of"] - season).days > 182),
    }
