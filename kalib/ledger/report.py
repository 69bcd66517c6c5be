"""What came in, and what was done with it? The account that every ledger leaves of itself."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class LedgerReport:
    """What came in and what was done with it. ``rows_read == rows_used + rows_set_aside``, always.

    ``issues`` has an entry per rule that met a row of the orders or the source as a whole, ``companions`` one per rule that
    met the tables beside it; ``doubts`` are those that stand or were settled; ``returns`` says which returns were matched to a sale. ``missing`` has a reason (code) per table
    that the data cannot support.
    """

    as_of: dt.date
    rows_read: int
    rows_used: int
    rows_set_aside: int
    first_order_date: dt.date
    sales_used: float
    issues: list[dict[str, object]]
    inputs: dict[str, str]
    tables: dict[str, int]
    engine: str = "duckdb"
    newest: dict[str, object] = field(default_factory=dict)
    returns: dict[str, float] = field(default_factory=dict)
    companions: list[dict[str, object]] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    doubts: list[dict[str, object]] = field(default_factory=list)
    not_used: list[str] = field(default_factory=list)


def write_report(report: LedgerReport, folder: Path) -> None:
    """Write the report as ``ledger.json``."""
    content = json.dumps(dataclasses.asdict(report), ensure_ascii=False, indent=1, default=str)
    (folder / "ledger.json").write_text(content, encoding="utf-8")


def read_report(folder: Path) -> LedgerReport:
    """Read the report that ``build`` left in ``folder``."""
    stored = json.loads((folder / "ledger.json").read_text(encoding="utf-8"))
    for name in ("as_of", "first_order_date"):
        stored[name] = dt.date.fromisoformat(stored[name])
    return LedgerReport(**stored)
