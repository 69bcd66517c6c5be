"""What only the owner of a source can know: doubts about what its rows mean, each with what every answer would give."""

from __future__ import annotations

from kalib.ledger.doubts.doubt import Doubt, Reading
from kalib.ledger.doubts.watch import Watched

__all__ = ["Doubt", "Reading", "Watched"]
