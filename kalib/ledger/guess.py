"""Which header holds what? Guesses by name, and holds every guess to the contents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kalib.ledger.headers import NAMES, PARTS, fits_in_part, fits_whole

Sure = Literal["certain", "likely", "please check"]

REQUIRED = ("customer_id", "order_date")
MONEY = ("amount", "unit_price", "quantity", "cost", "discount", "paid_amount")
DATES = ("order_date", "due_date", "paid_date")
STRICT = ("order_date", "amount", "unit_price", "quantity", "cost", "paid_amount")  # two candidates: the user chooses


@dataclass(frozen=True)
class Numbers:
    """How many values of a text column are numbers, by what could be their decimal sign.

    ``point`` and ``comma`` count what reads as a number with that sign; ``only_point`` and ``only_comma`` what shows
    which it is, such as 2.95 or 2,95; ``either`` what reads as two different numbers, such as 1,234. ``percent`` counts
    values such as 15%, which are no numbers of goods or money but may be a discount.
    """

    point: int = 0
    comma: int = 0
    only_point: int = 0
    only_comma: int = 0
    either: int = 0
    percent: int = 0


@dataclass(frozen=True)
class Seen:
    """What was seen in one column of the source: its header, its contents in counts, and a few values."""

    header: str
    kind: Literal["text", "number", "date"]  # as the file types it; a CSV has text only
    rows: int
    filled: int
    distinct: int  # approximate
    examples: tuple[str, ...] = ()
    numbers: Numbers = Numbers()
    dates: tuple[tuple[str, int], ...] = ()  # format and how many values read that way, most first
    mixed: bool = False  # some values read only as the best format, others only as the second

    @property
    def is_number(self) -> bool:
        """Say whether nearly all values are numbers."""
        return self.kind == "number" or 0 < 0.9 * self.filled <= max(self.numbers.point, self.numbers.comma)

    @property
    def is_date(self) -> bool:
        """Say whether nearly all values are dates in one format."""
        return self.kind == "date" or bool(self.dates and 0 < 0.9 * self.filled <= self.dates[0][1])

    @property
    def formats(self) -> tuple[str, ...]:
        """Return the date formats that read the values equally well; more than one, and only the user knows."""
        if self.kind == "date" or not self.is_date:
            return ()
        best = self.dates[0][1]
        return tuple(name for name, count in self.dates[: 2 if self.mixed else None] if self.mixed or count == best)


@dataclass(frozen=True)
class Guess:
    """What one of our columns is taken to be: a header, or none and the headers that the user may choose from."""

    header: str | None
    sure: Sure
    why: str
    rivals: tuple[str, ...] = ()


def guess_columns(seen: Sequence[Seen]) -> dict[str, Guess]:
    """Guess which header holds which of our columns.

    A header must fit by name, and its contents must not contradict it; the only exception is a file with a single
    column of dates. Where two headers fit and money or dates depend on the choice, none is taken.

    Parameters
    ----------
    seen : the columns of the source, each header once

    Returns
    -------
    dict
        By our name: a guess for every column that is required or that something fits.

    Examples
    --------
    >>> seen = [Seen("客户编号", "text", 9, 9, 4), Seen("金额", "number", 9, 9, 8), Seen("Date", "date", 9, 9, 5)]
    >>> {ours: (guess.header, guess.sure) for ours, guess in guess_columns(seen).items()}
    {'customer_id': ('客户编号', 'certain'), 'order_date': ('Date', 'certain'), 'amount': ('金额', 'certain')}
    """
    headers = {column.header.lower() for column in seen}
    named = [column for column in seen if column.header.strip() and not _is_made_up(column.header.lower(), headers)]
    fits = {
        role: [[column for column in named if fits_whole(role, tier, column.header)] for tier in range(len(tiers))]
        for role, tiers in NAMES.items()
    }
    taken = {column.header for tiers in fits.values() for tier in tiers for column in tier}
    rest = [column for column in named if column.header not in taken]
    for role in PARTS:
        parts = [column for column in rest if fits_in_part(role, column.header)]
        taken |= {column.header for column in parts}
        rest = [column for column in rest if column.header not in taken]
        fits[role].append(parts)
    guesses = {role: _choose(role, fits[role]) for role in NAMES}
    if guesses["order_date"] is None:
        guesses["order_date"] = _only_date(named, taken)
    return {role: guess for role, guess in guesses.items() if guess is not None}


def _is_made_up(header: str, headers: set[str]) -> bool:
    """Say whether the reader gave a column its name, because it had none or one that stood there already."""
    again = re.fullmatch(r"(.+) \(\d+\)", header, re.DOTALL)
    return bool(re.fullmatch(r"column \d+", header) or (again and again[1] in headers))


def _choose(role: str, tiers: list[list[Seen]]) -> Guess | None:
    fitting = [[column for column in tier if not _contradiction(role, column)] for tier in tiers]
    strict = role in STRICT and role != "order_date"
    if strict:  # for money, a name that fits less well is a rival all the same
        fitting = [[column for tier in fitting for column in tier]]
    chosen = next((tier for tier in fitting if tier), [])
    if not chosen:
        doubtful = [column for tier in tiers for column in tier]
        if not doubtful:
            return None
        why = f"the header fits, but {_contradiction(role, doubtful[0])}"
        return Guess(None, "please check", why, tuple(column.header for column in doubtful))
    headers = tuple(column.header for column in chosen)
    if len(chosen) > 1 and role in STRICT:
        return Guess(None, "please check", "several headers fit: choose the right one", headers)
    first = chosen[0]
    others = tuple(column.header for tier in fitting for column in tier if column is not first)
    if role in ("cost", "discount"):
        unit = (
            "of the whole line, not of one piece"
            if role == "cost"
            else "a share of the price or money, as your data has it"
        )
        return Guess(first.header, "please check", f"the header fits; it must be {unit}", others)
    if len(chosen) > 1:
        return Guess(first.header, "please check", "several headers fit; this is the first", others)
    if first in tiers[-1] and role in PARTS:
        return Guess(first.header, "likely", "part of header and contents fit", others)
    if role in ("customer_id", "product") and first in tiers[1]:
        return Guess(
            first.header, "please check", "a name, not a number: two may share it, one may be spelt twice", others
        )
    if role == "customer_id" and first.distinct <= 1 < first.rows:
        return Guess(first.header, "please check", "the header fits, but it holds one value only", others)
    if first.filled < 0.5 * first.rows and role in REQUIRED:
        return Guess(first.header, "please check", "the header fits, but most rows are empty", others)
    return Guess(first.header, "certain", "header and contents fit", others)


def _contradiction(role: str, column: Seen) -> str:
    """Return why the contents speak against the name, or nothing."""
    such = f", such as {', '.join(column.examples[:2])}" if column.examples else ""
    if column.filled == 0:
        return "the column is empty"
    if role in DATES and not column.is_date:
        return f"not all values are dates in one format{such}"
    if role == "discount" and 0 < 0.9 * column.filled <= column.numbers.percent:
        return ""
    if role in MONEY and not column.is_number:
        return f"not all values are numbers{such}"
    if role in ("customer_id", "order_id", "product") and column.kind == "date":
        return f"the values are dates{such}"
    return ""


def _only_date(seen: Sequence[Seen], taken: set[str]) -> Guess | None:
    dates = [column.header for column in seen if column.is_date and not column.is_number and column.header not in taken]
    if len(dates) == 1:
        return Guess(dates[0], "likely", "no header fits, but this is the only column of dates")
    if dates:
        return Guess(None, "please check", "no header fits; these columns hold dates", tuple(dates))
    return None
