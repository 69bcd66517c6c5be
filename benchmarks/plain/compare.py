"""Do two folders of tables hold the same figures? Each column of the plain script's beside kalib's: keys and codes exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

KEYS = {
    "months": ["customer_id", "month"],
    "mix": ["customer_id", "category"],
    "order_days": ["customer_id", "order_date"],
    "quality": ["rule"],
    "set_aside": ["line"],
    "cohorts": ["cohort_start", "period"],
    "scorecard_measures": ["customer_id", "measure"],
    "contacts": None,
}
"""What tells the rows; of all others it is the customer."""


def compare(plain: Path, ours: Path) -> pd.DataFrame:
    """Return a row for each column of each table of ours: how many rows differ, and by how much at most.

    A figure may differ by a millionth and a millionth of itself; one that we write in whole hundredths also by half
    of one. ``compared`` is False where the plain script does not make the column.
    """
    rows = []
    for file in sorted(ours.glob("*.parquet")):
        right, name = pd.read_parquet(file), file.stem
        left = pd.read_parquet(plain / file.name) if (plain / file.name).exists() else pd.DataFrame()
        key = KEYS.get(name, ["customer_id"])
        there = key is not None and set(key) <= set(left.columns)
        if there:
            left, right = (_keyed(table, key) for table in (left, right))
            lonely = len(left.index.symmetric_difference(right.index))
            rows.append((name, ", ".join(key), True, lonely, 0.0))
            both = left.index.intersection(right.index)
        for column in right.columns:
            if not there or column not in left.columns:
                rows.append((name, column, False, 0, np.nan))
            else:
                rows.append((name, column, True, *_difference(left.loc[both, column], right.loc[both, column])))
    return pd.DataFrame(rows, columns=["table", "column", "compared", "rows_off", "largest_difference"])


def _keyed(table: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    for name in key:
        if name.endswith(("date", "month", "start")):
            table[name] = pd.to_datetime(table[name]).astype("datetime64[s]")
    return table.set_index(key).sort_index()


def _difference(left: pd.Series, right: pd.Series) -> tuple[int, float]:
    if pd.api.types.is_numeric_dtype(right) and not pd.api.types.is_bool_dtype(right):
        one, other = (side.astype("float64").to_numpy() for side in (left, right))
        gap = np.where(np.isnan(one) & np.isnan(other), 0.0, np.abs(one - other))
        gap[np.isnan(one) != np.isnan(other)] = np.inf
        known = other[~np.isnan(other)]
        in_cents = bool((np.abs(known * 100 - np.round(known * 100)) < 1e-6 * np.maximum(1, np.abs(known))).all())
        least = 0.005 if in_cents else 1e-6
        return int((gap > least + 1e-6 * np.abs(np.nan_to_num(other))).sum()), float(gap.max(initial=0.0))
    if isinstance(next(iter(right.dropna()), None), np.ndarray):
        off = sum(not _same_list(one, other) for one, other in zip(left, right, strict=True))
        return off, np.inf if off else 0.0
    if column_is_date(right):
        left, right = (pd.to_datetime(side).astype("datetime64[s]") for side in (left, right))
    pairs = zip(left.astype(object), right.astype(object), strict=True)
    off = sum(pd.isna(one) != pd.isna(other) or (pd.notna(other) and one != other) for one, other in pairs)
    return off, np.inf if off else 0.0


def column_is_date(column: pd.Series) -> bool:
    """Return whether a column holds dates, however Parquet and pandas keep them."""
    first = next(iter(column.dropna()), None)
    return pd.api.types.is_datetime64_any_dtype(column) or type(first).__name__ in ("date", "Timestamp")


def _same_list(one: object, other: object) -> bool:
    if one is None or other is None or len(one) != len(other):
        return one is other
    return all(_same(left[name], right[name]) for left, right in zip(one, other, strict=True) for name in right)


def _same(one: object, other: object) -> bool:
    if one is None or other is None or isinstance(other, str):
        return one == other
    return bool(np.isclose(one, other, 1e-6, 1e-6, equal_nan=True))
