"""How is money added and shared out? Exactly, and divided once."""

from __future__ import annotations

import math
from collections.abc import Iterable


def add(money: Iterable[float]) -> float:
    """Add money in currency units exactly, whatever the order of the rows, and round the sum to two decimals.

    Examples
    --------
    >>> add([1e14, 0.1, 0.2, -1e14])
    0.3
    """
    return round(math.fsum(money), 2)


def share(part: float, whole: float) -> float:
    """Return a part over its whole; of nought, or of less than nought, there are no shares: NaN.

    Examples
    --------
    >>> share(1.0, 4.0), share(1.0, 0.0)
    (0.25, nan)
    """
    return part / whole if whole > 0 else math.nan
