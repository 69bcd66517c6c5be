"""What is a job called after its file? So that two files do not share a folder of reports."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_MOST = 60
"""Letters of a name, its mark aside."""


def name_job(stem: str) -> str:
    """Return a job name made from the name of a file, without its ending.

    Where letters are lost, as all Chinese ones are, a mark made from the whole name keeps files apart.

    Examples
    --------
    >>> name_job("Orders 2025 (final)"), name_job("Aufträge")
    ('orders-2025-final', 'auftrage')
    >>> name_job("订单"), name_job("销售"), name_job("订单 2025")
    ('orders-3d54', 'orders-f04b', '2025-0032')
    """
    whole = unicodedata.normalize("NFKC", stem).casefold()
    folded = "".join(letter for letter in unicodedata.normalize("NFKD", whole) if not unicodedata.combining(letter))
    name = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")
    lost = any(letter.isalnum() and not letter.isascii() for letter in folded) or len(name) > _MOST or not name
    name = name[:_MOST].strip("-") or "orders"
    return f"{name}-{hashlib.sha256(whole.encode()).hexdigest()[:4]}" if lost else name
