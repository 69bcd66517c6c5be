"""How are customers scored, and which segments are made of the scores?"""

from __future__ import annotations

from kalib.settings.base import Strict


class RfmSettings(Strict):
    """How are customers scored, and which segments are made of the scores?"""
