"""How much of the variation of monthly demand is the season, and how much is left?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

YEAR = 12
BATCH = 20_000
"""Customers looked at side by side, so that memory does not grow with them."""


@dataclass(frozen=True)
class Rows:
    """Demand by customer and month: the customer's number, how many months back, how much."""

    who: np.ndarray
    back: np.ndarray
    money: np.ndarray


@dataclass(frozen=True)
class Spans:
    """How many months back each customer began, the window reaches, and the record.

    The month of the last months is 0 back. A customer whose month of the first order is not over yet began less than 0 back.
    """

    starts: np.ndarray
    back: int
    known: int


def measure_variation(rows: Rows, spans: Spans) -> tuple[np.ndarray, np.ndarray]:
    """Measure the coefficient of variation of each customer's months in the window, as it is and less the season.

    Years are counted back from the last month. For each year of the window the profile is the mean of the customer's other
    whole years, each over its own mean, and of all customers' other years, which count as one more. What of the profile shows again
    in the window is taken off: the slope of the customer's months on it, where it is above 0.

    Returns
    -------
    two arrays, NaN where the demand in the window does not come to more than 0
    """
    count, years = len(spans.starts), max(spans.known, spans.back) // YEAR + 1
    order = np.argsort(rows.who, kind="stable")
    who, back, money = rows.who[order], rows.back[order], rows.money[order]
    book = _profile_book(who, back, money, spans, years=years)
    plain, left = np.full(count, np.nan), np.full(count, np.nan)
    for begin in range(0, count, BATCH):
        end = min(begin + BATCH, count)
        found = slice(*np.searchsorted(who, [begin, end]))
        grid = np.zeros((end - begin, years * YEAR))
        grid[who[found] - begin, back[found]] = money[found]
        starts = spans.starts[begin:end]
        profile = _profile(grid, starts, book, known=spans.known)
        plain[begin:end], left[begin:end] = _vary(grid, profile, starts, back=spans.back)
    return plain, left


def _profile_book(who: np.ndarray, back: np.ndarray, money: np.ndarray, spans: Spans, *, years: int) -> np.ndarray:
    """Return all customers' demand by year and month, each year over its mean; NaN for years that nobody had whole."""
    whole = spans.starts[who] >= back // YEAR * YEAR + YEAR - 1
    grid = np.bincount(back[whole], weights=money[whole], minlength=years * YEAR)[: years * YEAR].reshape(years, YEAR)
    mean = grid.mean(axis=1, keepdims=True)
    return np.where(mean > 0, grid / np.where(mean > 0, mean, 1), np.nan)


def _profile(grid: np.ndarray, starts: np.ndarray, book: np.ndarray, *, known: int) -> np.ndarray:
    """Return what the other years foretell of each month: 1 is the mean of a year; all 1 where there are no two whole years."""
    years = len(book)
    flat = np.ones((len(grid), years, YEAR))
    if known < 2 * YEAR - 1:
        return flat.reshape(len(grid), -1)
    each = grid.reshape(len(grid), years, YEAR)
    mean = each.mean(axis=2)
    whole = (starts[:, None] >= np.arange(years) * YEAR + YEAR - 1) & (mean > 0)
    own = np.where(whole[:, :, None], each / np.where(whole, mean, 1)[:, :, None], 0.0)
    others = own.sum(axis=1, keepdims=True) - own
    count = (whole.sum(axis=1, keepdims=True) - whole)[:, :, None]
    has = ~np.isnan(book[:, 0])
    book = np.nan_to_num(book)
    rest, rest_count = book.sum(axis=0) - book, has.sum() - has
    shared = np.where(rest_count[:, None] > 0, rest / np.maximum(rest_count, 1)[:, None], 1.0)
    return ((others + shared) / (count + 1)).reshape(len(grid), -1)


def _vary(grid: np.ndarray, profile: np.ndarray, starts: np.ndarray, *, back: int) -> tuple[np.ndarray, np.ndarray]:
    grid, profile = grid[:, : back + 1], profile[:, : back + 1]
    counts = (np.arange(back + 1) <= starts[:, None]).astype(float)
    number = np.maximum(counts.sum(axis=1), 1)
    mean = (grid * counts).sum(axis=1) / number
    known = mean > 0
    scale = np.where(known, mean, 1)
    apart = (grid / scale[:, None] - 1) * counts
    season = (profile - ((profile * counts).sum(axis=1) / number)[:, None]) * counts
    power = (season**2).sum(axis=1)
    slope = np.maximum((apart * season).sum(axis=1), 0) / np.where(power > 0, power, 1)
    left = apart - slope[:, None] * season
    told = [np.sqrt((part**2).sum(axis=1) / number).round(9) for part in (apart, left)]
    return np.where(known, told[0], np.nan), np.where(known, told[1], np.nan)
