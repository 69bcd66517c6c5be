"""What is a doubt? A question about the source that only its owner can answer, with what each answer would give."""

from __future__ import annotations

import json
from dataclasses import dataclass

from kalib.words.told import Told, told

AS_IS = "as_is"
"""The reading under which nothing is done: every doubt may be settled by it."""


@dataclass(frozen=True)
class Reading:
    """One answer to a doubt: its code, what it means, the lines of YAML that choose it, and what it would give.

    ``lines`` are top-level lines, each complete in itself (``read.left_out_types: [Storno]``), so that they can be pasted
    at the end of any job file. ``as_of`` is given where the reading moves the last day.
    """

    code: str
    says: Told
    lines: tuple[str, ...]
    net_sales: float | None = None
    orders: int | None = None
    customers: int | None = None
    as_of: str | None = None

    @property
    def said(self) -> str:
        """Return what the reading means and what it gives, in the language that is spoken."""
        return f"{self.says}: {self.figures}" if self.figures else str(self.says)

    @property
    def figures(self) -> str:
        """Return what the reading gives, in the language that is spoken."""
        figures = [
            told("net sales {x:,.2f}", x=self.net_sales) if self.net_sales is not None else None,
            told("orders {n:,}", n=self.orders) if self.orders is not None else None,
            told("customers {n:,}", n=self.customers) if self.customers is not None else None,
            told("last day {day}", day=self.as_of) if self.as_of else None,
        ]
        return ", ".join(str(one) for one in figures if one)


@dataclass(frozen=True)
class Doubt:
    """A question about the source as a whole.

    ``first`` are the first places (file, line, value). ``values`` are the values that are in doubt, if it is about
    values: what was settled for some of them is not settled for another. ``stands`` says that it moves so little, or was
    settled, that the figures may stand; ``settled`` is the reading that the job chose.
    """

    name: str
    says: Told
    readings: tuple[Reading, ...]
    count: int = 0
    money: float = 0.0
    share: float = 0.0  # of the money, both without sign
    column: str | None = None
    first: tuple[tuple[str, int | None, str | None], ...] = ()
    values: tuple[str, ...] = ()
    stands: bool = False
    settled: str | None = None

    @property
    def likely(self) -> Reading:
        """Return the reading that the evidence speaks for."""
        return self.readings[0]


def in_yaml(value: str | list[str]) -> str:
    """Return a text or a list of texts as YAML on one line: JSON is YAML, quotes and all.

    >>> print(in_yaml(["Storno", 'a "b"']))
    ["Storno", "a \\"b\\""]
    """
    return json.dumps(value, ensure_ascii=False)


def as_is(name: str, says: Told, **facts: object) -> Reading:
    """Return the reading of a doubt under which nothing is done."""
    return Reading(AS_IS, says, (f"settled.{name}: {AS_IS}",), **facts)
