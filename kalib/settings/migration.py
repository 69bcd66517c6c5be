"""Which dates are compared, and how readily does an account change its tier?"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field, field_validator

from kalib.settings.base import Strict
from kalib.words.told import told

LEAST_DAYS, MOST_DAYS = 28, 3650


class Hysteresis(Strict):
    """How firmly must another tier be reached before an account changes into it? Off by default."""

    snapshots: int = Field(
        default=1,
        ge=1,
        le=6,
        description="another tier counts once so many snapshots of the series in a row agree on it; default 1: at once",
    )
    margin: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        description="another tier counts if the account would still be in it with every figure worse (on the way up) or "
        "better (on the way down) by this share; default 0: no margin",
    )


class MigrationSettings(Strict):
    """Which dates are compared, and how readily does an account change its tier?"""

    before: dt.date | int | None = Field(
        default=None,
        description="the earlier date, or how many days before as_of it lies; default: 365 days, or fewer where the log "
        "has no full year of orders before that",
    )
    yardstick: Literal["now", "before"] = Field(
        default="now",
        description="the snapshot whose tiers measure both dates; default now: the tiers of the page on tiers",
    )
    periods: int = Field(
        default=4,
        ge=0,
        le=12,
        description="how many periods up to as_of are followed one by one; default 4, a year of quarters; fewer where "
        "the log has no full year of orders before the first",
    )
    period_days: int = Field(
        default=91, ge=7, le=366, description="length of a period in days; default 91, a quarter of a year"
    )
    hysteresis: Hysteresis = Field(
        default_factory=Hysteresis,
        description="what keeps accounts near a border from changing to and fro; default off",
    )

    @field_validator("before")
    @classmethod
    def _apart(cls, value: dt.date | int | None) -> dt.date | int | None:
        if isinstance(value, int) and not LEAST_DAYS <= value <= MOST_DAYS:
            raise ValueError(
                told(
                    "give a date such as 2025-06-30, or {least} to {most} days before as_of",
                    least=LEAST_DAYS,
                    most=MOST_DAYS,
                )
            )
        return value
