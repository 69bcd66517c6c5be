"""Where do the classes A, B and C end?"""

from __future__ import annotations

from kalib.settings.base import Strict


class ParetoSettings(Strict):
    """Where do the classes A, B and C end?"""
