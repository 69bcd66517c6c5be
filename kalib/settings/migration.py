"""Which dates are compared, and how readily does an account change its tier?"""

from __future__ import annotations

from kalib.settings.base import Strict


class MigrationSettings(Strict):
    """Which dates are compared, and how readily does an account change its tier?"""
