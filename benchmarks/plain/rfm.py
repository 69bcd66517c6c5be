"""Who buys often, recently and for much? Scores by quintiles, and segments."""

from __future__ import annotations

import numpy as np
import pandas as pd

GRID = {
    5: ("new_customers", "potential_loyalist", "potential_loyalist", "champions", "champions"),
    4: ("promising", "potential_loyalist", "potential_loyalist", "loyal", "loyal"),
    3: ("about_to_sleep", "about_to_sleep", "need_attention", "loyal", "loyal"),
    2: ("hibernating", "hibernating", "at_risk", "at_risk", "cant_lose_them"),
    1: ("lost", "lost", "at_risk", "at_risk", "cant_lose_them"),
}
MEASURES = {"r_score": "days_since_last_order", "f_score": "orders", "m_score": "net_sales"}
EIGHT = {"111": "value", "110": "develop", "101": "keep", "100": "winback"}
"""By money, recency and frequency above their means: important ones; the same with money below: general ones."""


def score(customers: pd.DataFrame, silence: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """Score recency, frequency and money, and name the segments."""
    edges = learn_edges(customers)
    table = name_segments(customers, silence, horizon, edges)
    high = {name: (table[f"{name}_score"] > table[f"{name}_score"].mean()).astype(int).astype(str) for name in "mrf"}
    table["segment_8"] = np.where(high["m"] == "1", "important_", "general_") + ("1" + high["r"] + high["f"]).map(EIGHT)
    return table.assign(is_quiet=table.is_worth_much & (table.silence == "quiet"))


def learn_edges(customers: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the quintiles of recency, orders and money."""
    bought = customers[customers.orders > 0]
    return {name: np.quantile(bought[column], [0.2, 0.4, 0.6, 0.8]) for name, column in MEASURES.items()}


def name_segments(
    customers: pd.DataFrame, silence: pd.DataFrame, horizon: int, edges: dict[str, np.ndarray]
) -> pd.DataFrame:
    """Return scores by given edges and the segments they make; who is within its rhythm is not called lost."""
    bought = customers[customers.orders > 0]
    table = bought[["customer_id", "days_since_last_order", "orders", "net_sales", "margin"]].reset_index(drop=True)
    for name, column in MEASURES.items():
        above = np.searchsorted(edges[name], table[column])
        table[name] = 5 - above if name == "r_score" else 1 + above
    both = (table.f_score + table.m_score + 1) // 2
    known = ["customer_id", "silence", "usual_gap_days", "longest_gap_days", "net_sales_before"]
    table = table.merge(silence[known], on="customer_id", how="left")
    recency = np.where(table.silence == "buying", np.maximum(table.r_score, 3), table.r_score)
    segment = pd.Series([GRID[r][b - 1] for r, b in zip(recency, both, strict=True)])
    segment[(segment == "new_customers") & (bought.tenure_days.to_numpy() >= horizon)] = "promising"
    segment[(segment == "lost") & ~table.silence.isin(["quiet", "lapsed", "lost"])] = "hibernating"
    return table.assign(segment=segment, is_worth_much=both >= 3)
