"""Which header holds what? Guesses by name, and holds every guess to the contents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from kalib.ledger.headers import (
    NAMES,
    PARTS,
    WEAK,
    WORDS,
    fits_in_part,
    fits_whole,
    fold_name,
    says_line,
    says_order_line,
    says_other_day,
)
from kalib.words.told import Told, told

Sure = Literal["certain", "likely", "please check"]

REQUIRED = ("customer_id", "order_date")
MONEY = ("amount", "unit_price", "quantity", "cost", "discount", "paid_amount")
DATES = ("order_date", "due_date", "paid_date")
STRICT = ("order_date", "amount", "unit_price", "quantity", "cost", "paid_amount")  # two candidates: the user chooses
LISTED = ("order_status", "refund")
"""Columns that a job file only lists: whether they are mapped, its doubts decide."""
FEW = 50
"""A status has no more different values."""
ORDER_LIKE = r'"[#A-Za-z]{0,6}[-#]?\d{3,}[-\dA-Za-z]*"'


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
    why: Told
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
    bare = [column for column in named if fold_name(column.header) == "name"]
    fits = {
        role: [
            [column for column in named if column not in bare and fits_whole(role, tier, column.header)]
            for tier in range(len(tiers))
        ]
        for role, tiers in NAMES.items()
    }
    _mend_amazon(fits)
    taken = {column.header for tiers in fits.values() for tier in tiers for column in tier}
    rest = [column for column in named if column.header not in taken and column not in bare]
    for role in PARTS:
        parts = [column for column in rest if fits_in_part(role, column.header)]
        fits[role].append(parts)
        taken |= {column.header for column in parts if not _contradiction(role, column)}
        rest = [column for column in rest if column.header not in taken]
    guesses = {role: _choose(role, fits[role]) for role in NAMES}
    for column in bare:
        _place_name(column, guesses)
    lines = [column for column in named if says_order_line(column.header)]
    if guesses["order_id"] is None and len(lines) == 1 and not _contradiction("order_id", lines[0]):
        why = told("it numbers lines: the order may be a part of it")
        guesses["order_id"] = Guess(lines[0].header, "please check", why)
        if (product := guesses["product"]) and product.header == lines[0].header:
            guesses["product"] = None
    if guesses["order_date"] is None:
        guesses["order_date"] = _only_date(named, taken, fits["paid_date"][0])
    if (day := guesses["order_date"]) and (paid := guesses["paid_date"]) and day.header == paid.header:
        guesses["paid_date"] = None
    return {role: guess for role, guess in guesses.items() if guess is not None}


def _is_made_up(header: str, headers: set[str]) -> bool:
    """Say whether the reader gave a column its name, because it had none or one that stood there already."""
    again = re.fullmatch(r"(.+) \(\d+\)", header, re.DOTALL)
    return bool(re.fullmatch(r"column \d+", header) or (again and again[1] in headers))


def _mend_amazon(fits: dict[str, list[list[Seen]]]) -> None:
    """Take the price of an item for the money of the line in Amazon's reports, where it is that."""
    if not any(fold_name(column.header) == "amazonorderid" for column in fits["order_id"][0]):
        return
    prices = [column for column in fits["unit_price"][0] if fold_name(column.header) == "itemprice"]
    fits["unit_price"][0] = [column for column in fits["unit_price"][0] if column not in prices]
    fits["amount"][0] += prices


def _place_name(column: Seen, guesses: dict[str, Guess | None]) -> None:
    """Take a header that says no more than "name" for what is lacking: the order where it has numbers of orders
    (Shopify), else the customer (QuickBooks, NetSuite), else the product."""
    if column.filled == 0:
        return
    numbered = bool(column.examples) and all(re.fullmatch(ORDER_LIKE, value) for value in column.examples)
    role = next((one for one in ("customer_id", "product") if guesses[one] is None), None)
    if numbered and (guesses["order_id"] is None or guesses["order_id"].header is None):
        guesses["order_id"] = Guess(
            column.header, "likely", told("the header says only that it is a name, its values are numbers of orders")
        )
    elif role:
        guesses[role] = Guess(column.header, "please check", told("the header does not say whose name it is"))


def _choose(role: str, tiers: list[list[Seen]]) -> Guess | None:
    """Choose among the columns whose header fits, by how well it does: ``tiers`` are as in ``NAMES``, then ``PARTS``."""
    fitting = [[column for column in tier if not _contradiction(role, column)] for tier in tiers]
    if role in STRICT and role != "order_date":  # for money, a name that fits in part is a rival all the same
        fitting = [[*fitting[0], *(fitting[-1] if role in PARTS else [])], *fitting[1:]]
    if role == "customer_id":
        fitting = _demote_weak(fitting)
    chosen = next((tier for tier in fitting if tier), [])
    if not chosen:
        doubtful = [column for tier in tiers for column in tier]
        if not doubtful or role in LISTED:
            return None
        why = told("the header fits, but {what}", what=_contradiction(role, doubtful[0]))
        return Guess(None, "please check", why, tuple(column.header for column in doubtful))
    if role == "amount" and len(lines := [column for column in chosen if says_line(column.header)]) == 1:
        chosen = lines  # beside it stands the total of the order
    headers = tuple(column.header for column in chosen)
    if len(chosen) > 1 and role in STRICT:
        return Guess(None, "please check", told("several headers fit: choose the right one"), headers)
    first = chosen[0]
    others = tuple(dict.fromkeys(column.header for tier in fitting for column in tier if column is not first))
    return _weigh(role, first, tiers, others, several=len(chosen) > 1)


def _weigh(role: str, first: Seen, tiers: list[list[Seen]], others: tuple[str, ...], *, several: bool) -> Guess:
    """Say how sure it is that a chosen header holds one of our columns."""
    if role in LISTED:
        return Guess(first.header, "likely", told("header and contents fit"), others)
    if role in ("cost", "discount"):
        why = {
            "cost": told("the header fits; it must be of the whole line, not of one piece"),
            "discount": told("the header fits; it must be a share of the price or money, as your data has it"),
        }
        return Guess(first.header, "please check", why[role], others)
    if several:
        return Guess(first.header, "please check", told("several headers fit; this is the first"), others)
    if role in PARTS and first in tiers[-1]:
        return Guess(first.header, "likely", told("part of header and contents fit"), others)
    if any(first in tiers[tier] for tier in WORDS.get(role, ())):
        why = told("a name, not a number: two may share it, one may be spelt twice")
        return Guess(first.header, "please check", why, others)
    if role == "customer_id" and first.distinct <= 1 < first.rows:
        return Guess(first.header, "please check", told("the header fits, but it holds one value only"), others)
    if first.filled < 0.5 * first.rows and role in REQUIRED:
        return Guess(first.header, "please check", told("the header fits, but most rows are empty"), others)
    return Guess(first.header, "certain", told("header and contents fit"), others)


def _demote_weak(fitting: list[list[Seen]]) -> list[list[Seen]]:
    """Put what may be no customer, such as the account of a ledger, behind names with many more values."""
    weak, names = fitting[WEAK], fitting[WORDS["customer_id"][0]]
    most = max((column.distinct for column in names), default=0)
    few = [column for column in weak if 2 * column.distinct <= most]
    kept = [column for column in weak if column not in few]
    return [*fitting[:WEAK], kept, *fitting[WEAK + 1 :], few]


@dataclass(frozen=True)
class Repeats:
    """How often the values of a candidate for the customer stand there, counted exactly."""

    filled: int
    distinct: int
    orders: int  # different order numbers beside a value
    pairs: int  # different pairs of value and order number

    @property
    def is_one_to_one(self) -> bool:
        """Say whether every value has an order of its own, and every order a value of its own."""
        return self.orders >= LEAST_ORDERS and self.distinct == self.orders == self.pairs


LEAST_ORDERS = 5
"""From so many orders on, a customer that is one to one with them is doubted."""


def choose_customer(guess: Guess, repeats: dict[str, Repeats]) -> Guess:
    """Take another header for the customer where the contents speak against the first one that fits.

    A customer column that has a single value, or one value for each order, loses to the next header that fits and
    whose values come back.

    Parameters
    ----------
    guess : what the names said
    repeats : counts by header, of the guess and its rivals

    Examples
    --------
    >>> guess = Guess("PO", "certain", told("header and contents fit"), ("Reseller",))
    >>> choose_customer(guess, {"PO": Repeats(9, 9, 9, 9), "Reseller": Repeats(9, 3, 9, 9)}).header
    'Reseller'
    """
    first = repeats[guess.header]
    if first.distinct > 1 and not first.is_one_to_one:
        return guess
    why = (
        told("{header} has another value for each order", header=f'"{guess.header}"')
        if first.is_one_to_one
        else told("{header} holds one value only", header=f'"{guess.header}"')
    )
    for header in guess.rivals:
        other = repeats[header]
        if 1 < other.distinct and not other.is_one_to_one and 2 * other.filled >= first.filled:
            others = (guess.header, *(rival for rival in guess.rivals if rival != header))
            return Guess(header, "please check", told("its values come back, and {why}", why=why), others)
    if first.is_one_to_one:
        return replace(
            guess, sure="please check", why=told("it has another value for each order: is it who buys, or a number?")
        )
    return guess


def _contradiction(role: str, column: Seen) -> Told | None:
    """Return why the contents speak against the name, or nothing."""
    such = ", ".join(column.examples[:2])
    if column.filled == 0:
        return told("the column is empty")
    if role in DATES and not column.is_date:
        return told("not all values are dates in one format, such as {such}", such=such)
    if role == "discount" and 0 < 0.9 * column.filled <= column.numbers.percent:
        return None
    if (role in MONEY or role == "refund") and not column.is_number:
        return told("not all values are numbers, such as {such}", such=such)
    if role in ("customer_id", "order_id", "product") and column.kind == "date":
        return told("the values are dates, such as {such}", such=such)
    broken = column.numbers.only_point + column.numbers.only_comma
    if (
        role == "customer_id" and column.is_number and 2 * broken > column.filled
    ):  # money, such as what Shopify calls Shipping
        return told("the values are numbers, such as {such}", such=such)
    if role == "currency" and column.is_number:
        return told("the values are numbers, such as {such}", such=such)
    if role == "order_status" and (column.is_date or column.distinct > FEW):
        return told("it has too many different values, such as {such}", such=such)
    return None


def _only_date(seen: Sequence[Seen], taken: set[str], paid: Sequence[Seen]) -> Guess | None:
    """Take the only column of dates, whatever it is called; failing others, the day of the payment."""
    dates = [column for column in seen if column.is_date and not column.is_number and column.header not in taken]
    plain = [column.header for column in dates if not says_other_day(column.header)]
    if len(plain) == 1 or (not plain and not paid and len(dates) == 1):
        header = plain[0] if plain else dates[0].header
        return Guess(header, "likely", told("no header fits, but this is the only column of dates"))
    days = [column.header for column in paid if column.is_date]
    if len(days) == 1 and not plain:
        why = told("it is the day of the payment, and no other column says when the order was made")
        return Guess(days[0], "likely", why, tuple(column.header for column in dates))
    if dates:
        rivals = tuple(column.header for column in dates)
        return Guess(None, "please check", told("no header fits; these columns hold dates"), rivals)
    return None
