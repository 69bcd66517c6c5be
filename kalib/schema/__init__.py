"""The dictionary of the house: every column has one meaning and one unit, every table one row per something."""

from __future__ import annotations

from kalib.schema import (
    campaign,
    churn,
    grades,
    leaving,
    ledger,
    migration,
    pace,
    pareto,
    quality,
    retention,
    rfm,
    scorecard,
    silence,
    tiers,
    value,
    years,
)
from kalib.schema.dictionary import Column, Table, check_columns, check_key

__all__ = ["COLUMNS", "TABLES", "Column", "Table", "check_columns", "check_key"]

_FILES = (
    *(ledger, quality, grades, rfm, pareto, tiers, value),
    *(retention, churn, leaving, campaign, silence, scorecard, migration, pace, years),
)

COLUMNS: dict[str, Column] = {name: column for file in _FILES for name, column in file.COLUMNS.items()}
"""Every column of every published table; docs/glossary.md is made from it."""

TABLES: dict[str, Table] = {name: table for file in _FILES for name, table in getattr(file, "TABLES", {}).items()}
"""The published tables with their keys and least columns. A user's own notebook may write others."""

assert len(COLUMNS) == sum(len(file.COLUMNS) for file in _FILES), "a column stands in two files"
