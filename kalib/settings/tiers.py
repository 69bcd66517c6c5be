"""What are tiers made of, and how many are there?"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from kalib.settings.base import Strict
from kalib.words.told import told

Scale = Literal["none", "sqrt", "root4", "log", "log1p", "rank"]
Count = Annotated[int, Field(ge=2, le=5)]


class TierFeature(Strict):
    """One figure that accounts are grouped by."""

    weight: float = Field(
        default=1.0,
        gt=0,
        le=100,
        description="How much of the squared distance between two accounts the figure may make up, against the others; no unit.",
    )
    scale: Scale = Field(
        default="none",
        description=(
            "What is done to the figure before it is centred and divided by its spread: none; sqrt; root4 (the fourth "
            "root: for money); log (below 1 counts as 1: for counts); log1p (logarithm of the figure and 1: for days); "
            "rank (its place among all accounts, from 0 to 1). Below nought counts as nought, but for none and rank."
        ),
    )


class TierSettings(Strict):
    """What are tiers made of, and how many are there?"""

    features: dict[str, TierFeature] = Field(
        default={
            "net_sales_365_days": {"weight": 1.0, "scale": "root4"},
            "orders_365_days": {"weight": 0.5, "scale": "log"},
            "days_since_last_order": {"weight": 0.1, "scale": "log1p"},
        },
        validate_default=True,
        min_length=1,
        max_length=12,
        description=(
            "Columns of `customers` that accounts are grouped by, each with its weight and scale; any column of figures, such "
            "as margin_365_days. Few are better than many: each one more blurs what a tier means. A column that the source "
            "lacks, that fewer than half of the accounts have, or that is the same for all, is left out, and the page says so. "
            "What is given here replaces the default whole."
        ),
    )
    clusterer: Literal["kmeans", "mini_batch_kmeans", "gaussian_mixture"] = Field(
        default="kmeans",
        description=(
            "How groups are found. kmeans, because its tiers can be told by their centres; the others are for comparison. "
            "Only clusterers that can be kept in a run, and read again without running code, can be named here."
        ),
    )
    count: Count | None = Field(
        default=None, description="How many tiers, 2 to 5. Absent: chosen among `counts` from the accounts."
    )
    counts: tuple[Count, ...] = Field(
        default=(3, 4, 5),
        min_length=1,
        description="Numbers of tiers, 2 to 5, to choose from. There are no more than five words for tiers that people keep apart.",
    )
    min_customers: int = Field(
        default=10,
        ge=1,
        description="Least accounts with an order in the year that the smallest tier must have to be worth a name.",
    )
    min_share: float = Field(
        default=0.01,
        ge=0,
        le=0.5,
        description="Least share, 0 to 1, of the accounts with an order in the year that the smallest tier must have.",
    )
    min_agreement: float = Field(
        default=0.6,
        ge=0,
        le=1,
        description=(
            "Least agreement (adjusted Rand index, 1 is the same) between the tiers and those of resamples of the accounts; with "
            "less, the tiers are an accident of who happens to be in the data."
        ),
    )
    learn_as_of: dt.date | None = Field(
        default=None,
        description=(
            "Learn the tiers on the accounts as they stood at this date, and grade today's with them, so that an account "
            "moves because it changed and not because the others did. Absent: learnt on today's."
        ),
    )
    model: str | None = Field(
        default=None,
        description="Grade with the tiers that another run kept: path of its models/tiers.skops. Absent: tiers are learnt anew.",
    )

    @field_validator("counts")
    @classmethod
    def _sorted(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(set(value)))

    @model_validator(mode="after")
    def _once(self) -> TierSettings:
        if self.model is not None:
            also = sorted({"learn_as_of", "count", "features", "clusterer"} & self.model_fields_set)
            if also:
                raise ValueError(
                    told(
                        "`model` brings its own tiers; leave out {names}",
                        names=", ".join(f"`{name}`" for name in also),
                    )
                )
        return self
