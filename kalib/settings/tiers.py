"""What are tiers made of, and how many are there?"""

from __future__ import annotations

from kalib.settings.base import Strict


class TierSettings(Strict):
    """What are tiers made of, and how many are there?"""
