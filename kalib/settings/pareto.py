"""Where do the classes A, B and C end, and what counts as steady demand?"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from kalib.settings.base import Strict
from kalib.words.told import told


class ParetoSettings(Strict):
    """Where do the classes A, B and C end, and what counts as steady demand?"""

    limits: tuple[float, float] = Field(
        default=(0.80, 0.95),
        description="shares of net sales (or margin, or profit) at which class A and class B end; the account that crosses "
        "a limit still belongs to the better class; the common ones of ABC analysis",
    )
    window: Literal["365_days", "all"] = Field(
        default="365_days",
        description="value that counts: of the 365 days up to `as_of`, so that every season counts once, or of `all` the history",
    )
    demand: Literal["net_sales", "orders"] = Field(
        default="net_sales", description="what is looked at month by month for the classes X, Y and Z"
    )
    demand_limits: tuple[float, float] = Field(
        default=(0.5, 1.0),
        description="coefficients of variation of the monthly demand up to which an account is X (steady) and Y (uneven); "
        "above the second it is Z (erratic)",
    )
    demand_months: int = Field(
        default=6,
        ge=2,
        le=60,
        description="whole months since the first order that an account needs before it is called X, Y or Z; half a year, "
        "since fewer months say little of how demand varies",
    )
    top_accounts: int = Field(
        default=10, ge=1, le=100, description="how many of the largest accounts are looked at as if they were lost"
    )

    @field_validator("limits")
    @classmethod
    def _limits(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not 0 < value[0] < value[1] < 1:
            raise ValueError(
                told(
                    "two shares between 0 and 1, the smaller first, are wanted, as in `[0.80, 0.95]`; found {found}",
                    found=list(value),
                )
            )
        return value

    @field_validator("demand_limits")
    @classmethod
    def _demand_limits(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not 0 < value[0] < value[1]:
            raise ValueError(
                told(
                    "two figures above 0, the smaller first, are wanted, as in `[0.5, 1.0]`; found {found}",
                    found=list(value),
                )
            )
        return value
