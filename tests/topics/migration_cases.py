"""A yardstick whose grades can be worked out by hand, and tables to measure with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from kalib.errors import NotEnoughDataError

NAMES = ("strategic", "standard", "tail")


class Cuts(BaseEstimator):
    """Three tiers by net sales of the year alone: by the cuts given, else by thirds of those who ordered."""

    def __init__(self, cuts: Sequence[float] | None = None) -> None:
        self.cuts = cuts

    def fit(self, customers: pd.DataFrame) -> Cuts:
        sales = customers.loc[customers["orders_365_days"] > 0, "net_sales_365_days"]
        if len(sales) < 3:
            raise NotEnoughDataError("tiers_few_customers", customers=len(sales), least=3, tiers=3)
        self.cuts_ = self.cuts or [float(sales.quantile(2 / 3)), float(sales.quantile(1 / 3))]
        return self

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        known = customers[customers["orders"] > 0]
        rank = 1 + sum((known["net_sales_365_days"] < cut).astype(int) for cut in self.cuts_)
        rank = rank.where(known["orders_365_days"] > 0, 3)
        tier = rank.map(dict(enumerate(NAMES, 1))).astype("str")
        return pd.DataFrame({"customer_id": known["customer_id"], "tier": tier, "tier_rank": rank.astype("int64")})


class Rule(BaseEstimator):
    """Two tiers by a rule of the figures: Python on columns, kept as a name so that a test can say it."""

    def __init__(self, rule: str) -> None:
        self.rule = rule

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        rank = np.where(customers.eval(self.rule), 1, 2)
        tier = np.where(rank == 1, "strategic", "tail")
        return pd.DataFrame({"customer_id": customers["customer_id"], "tier": tier, "tier_rank": rank})


def make_customers(rows: Mapping[str, tuple[float, int, float]]) -> pd.DataFrame:
    """Make a snapshot: customer to net sales and orders of the year and days since the last order."""
    table = pd.DataFrame.from_dict(
        dict(rows), orient="index", columns=["net_sales_365_days", "orders_365_days", "days_since_last_order"]
    )
    table = table.rename_axis("customer_id").reset_index()
    return table.assign(orders=table["orders_365_days"].clip(lower=1)).astype({"net_sales_365_days": "float64"})
