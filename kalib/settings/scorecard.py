"""What makes a key account, and how much does each criterion count?"""

from __future__ import annotations

from kalib.settings.base import Strict


class ScorecardSettings(Strict):
    """What makes a key account, and how much does each criterion count?"""
