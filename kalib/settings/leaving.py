"""What counts as having left, beside no order within the horizon?"""

from __future__ import annotations

from pydantic import Field

from kalib.settings.base import Share, Strict


class LeavingSettings(Strict):
    """What counts as having left, beside no order within the horizon?"""

    silence_factor: float = Field(
        default=3.0,
        ge=1,
        le=20,
        description="an account is silent beyond its own rhythm after so many times its mean gap; default 3: of accounts "
        "that order at random at their own pace, one in twenty is silent for as long by chance (exp(-3) = .05)",
    )
    spend_fall: Share = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="share by which spend must fall, against the same days of the year before, to be partial churn; "
        "default .5: half of the business went elsewhere",
    )
