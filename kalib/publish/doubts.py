"""How do doubts read on a page? What is in doubt, what each reading would give, and which one the figures stand on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from kalib.ledger.doubts.kinds import KINDS
from kalib.words.told import Told

Doubts = Sequence[Mapping[str, object]]
FIGURES = {"net_sales": "money", "orders": "count", "customers": "count", "as_of": "date"}
"""What a reading would give, and how it is shown."""


def say_doubts(doubts: Doubts, language: str) -> list[dict[str, object]]:
    """Return the facts of each doubt in a language: doubt, says, rows, share, chosen (the reading the job chose, or None),
    says_share (the sentence says already how much of the money it is), is_told_only.

    Parameters
    ----------
    doubts : as a LedgerReport has them
    """
    said = []
    for doubt in doubts:
        readings = {reading["reading"]: reading for reading in doubt["readings"]}
        chosen = readings.get(doubt.get("settled"))
        said.append(
            {
                "doubt": doubt["doubt"],
                "says": _say(doubt, language).rstrip(".。") + ("。" if language == "zh" else "."),
                "rows": doubt.get("count") or 0,
                "share": abs(doubt.get("share_of_money") or 0.0),
                "says_share": "share" in doubt["says"]["facts"],
                "is_told_only": doubt["doubt"] in KINDS and KINDS[doubt["doubt"]].is_told_only,
                "settled": doubt.get("settled"),
                "chosen": _say(chosen, language).rstrip(".。") if chosen else doubt.get("settled"),
            }
        )
    return said


def list_readings(doubts: Doubts, language: str) -> pd.DataFrame:
    """Return a row per reading of each doubt that has several: doubt, reading (a sentence), chosen (a mark), and figures.

    Figures are those that any has; the last day only where readings differ in it.
    """
    several = [doubt for doubt in doubts if len(doubt["readings"]) > 1]
    rows = [
        {
            "doubt": doubt["doubt"],
            "reading": _say(reading, language),
            "chosen": "✓" if reading["reading"] == doubt.get("settled") else "",
            **{name: reading.get(name) for name in FIGURES},
        }
        for doubt in several
        for reading in doubt["readings"]
    ]
    table = pd.DataFrame(rows, columns=["doubt", "reading", "chosen", *FIGURES])
    without = [name for name in FIGURES if not table[name].notna().any()]
    if all(len({reading.get("as_of") for reading in doubt["readings"]}) == 1 for doubt in several):
        without.append("as_of")
    return table.drop(columns=sorted(set(without)))


def count_doubts(doubts: Doubts) -> dict[str, int]:
    """Count the doubts, those that the job settled, and those that are only told.

    Examples
    --------
    >>> count_doubts([{"doubt": "rows_twice", "settled": "once"}, {"doubt": "rows_hidden", "settled": None}])
    {'doubts': 2, 'settled': 1, 'told': 1}
    """
    settled = sum(1 for doubt in doubts if doubt.get("settled"))
    return {"doubts": len(doubts), "settled": settled, "told": len(doubts) - settled}


def _say(part: Mapping[str, object], language: str) -> str:
    return Told.restored(part["says"]).to(language)
