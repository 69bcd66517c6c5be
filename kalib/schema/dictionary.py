"""What is a column and what is a table of the house, and has a table what it should?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from kalib.errors import MissingColumnsError


@dataclass(frozen=True)
class Column:
    """A column name of the house: what it means, in which unit."""

    unit: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """A table of the house: what one row of it stands for, and the columns it has at least."""

    one_row_per: str
    key: tuple[str, ...]
    columns: tuple[str, ...]


def check_columns(table: pd.DataFrame, columns: Iterable[str], *, name: str, remedy: str = "") -> None:
    """Check that ``table`` has ``columns``.

    Raises
    ------
    MissingColumnsError
        Names the table, what it lacks and what it has.
    """
    missing = set(columns) - set(table.columns)
    if missing:
        raise MissingColumnsError(name, missing, table.columns, remedy)


def check_key(table: pd.DataFrame, key: Iterable[str], *, name: str) -> None:
    """Check that ``table`` has one row per ``key``.

    Raises
    ------
    ValueError
        Names the table and a key that stands in it twice.
    """
    key = list(key)
    check_columns(table, key, name=name)
    twice = table.duplicated(key)
    if twice.any():
        raise ValueError(
            f"`{name}` must have one row per {key}; {table.loc[twice, key].iloc[0].to_dict()} stands in it twice."
        )
