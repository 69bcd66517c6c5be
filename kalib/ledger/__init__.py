"""Orders in, bounded tables out: the only part of the house that sees an order line."""

from kalib.ledger.build import build
from kalib.ledger.past import outcomes, snapshots
from kalib.ledger.report import LedgerReport, read_report

__all__ = ["LedgerReport", "build", "outcomes", "read_report", "snapshots"]
