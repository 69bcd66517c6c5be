"""Orders in, bounded tables out: the only part of the house that sees an order line."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from kalib.ledger.report import LedgerReport, read_report

if TYPE_CHECKING:
    from kalib.ledger.building import build
    from kalib.ledger.past import outcomes, snapshots

__all__ = ["LedgerReport", "build", "outcomes", "read_report", "snapshots"]

_WHERE = {"build": "building", "outcomes": "past", "snapshots": "past"}


def __getattr__(name: str) -> object:
    """Import on first use: who reads what a ledger says of itself need not wait for the engine that makes one."""
    if name not in _WHERE:
        raise AttributeError(f"module 'kalib.ledger' has no attribute {name!r}")
    return getattr(import_module(f"kalib.ledger.{_WHERE[name]}"), name)
