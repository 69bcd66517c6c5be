"""How is a job file for a new source written? With every guess, how sure it is and why, and every doubt left open."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from kalib.ledger.guess import Guess, Seen
from kalib.ledger.headers import are_chinese
from kalib.ledger.source import shown
from kalib.settings import Columns

READ = ("date_format", "decimal", "delimiter", "discount")
"""Topics that stand below ``read:`` in a job file."""


@dataclass(frozen=True)
class Totals:
    """What the guessed columns come to over the whole file, before any row is judged.

    ``amount_is`` says what the amount is beside quantity times price. ``repeated_totals`` is the number of orders of several
    lines, if the amount is the same on all lines of each.
    """

    distinct: dict[str, int]  # by our name, for what identifies something
    without_customer: int
    amount: str | None
    quantity_times_price: str | None
    amount_is: Literal["the same", "less a share", "less money", "another", "unknown"]
    repeated_totals: int = 0


@dataclass(frozen=True)
class Doubt:
    """Something beside the columns that a job file says: ``value`` where it was found, ``why`` where it is in doubt.

    ``refusals`` are the rules under which the ledger refuses the source as long as the doubt stays.
    """

    topic: str
    lines: list[str]
    value: str | None = None
    why: str | None = None
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """A job file to be: what was found, and how it is written down."""

    file: Path
    out: Path
    guesses: dict[str, Guess]
    by_header: dict[str, Seen]
    totals: Totals
    doubts: list[Doubt]
    currency: str | None
    span: tuple[str, str] | None
    notes: list[str]

    @property
    def job(self) -> str:
        """Return a job name made from the file's name."""
        return re.sub(r"[^A-Za-z0-9]+", "-", self.file.stem).strip("-").lower()[:60].strip("-") or "orders"

    @property
    def open_columns(self) -> list[str]:
        """Return our columns that the user must fill in before the job file is complete."""
        found = {role for role, guess in self.guesses.items() if guess.header}
        missing = [role for role in ("customer_id", "order_date") if role not in found]
        return missing + ([] if "amount" in found or {"quantity", "unit_price"} <= found else ["amount"])

    @property
    def to_check(self) -> list[str]:
        """Return what the user should look at, a line each."""
        lines = [f"{role}: {guess.why}" for role, guess in self.guesses.items() if guess.sure == "please check"]
        lines += [f"{role}: not found" for role in self.open_columns if role not in self.guesses]
        return lines + [doubt.why for doubt in self.doubts if doubt.why]

    def write(self) -> str:
        """Return the text of the job file."""
        lines = [
            f"# Job file for {_quoted(self.file.name, 100)}, written by `kalib init`. Each guess says how sure it is and why:",
            "# certain, likely, or please check. Correct what is wrong; a line that starts with # does not count.",
            *(f"# {shown(note, 300)}" for note in self.notes),
            f"job: {write_scalar(self.job)}  # names the report folder",
            f"source: {write_scalar(self._source())}",
            "columns:  # ours: theirs",
            *(f"  {line}" for role in Columns.model_fields for line in self._column(role)),
            *self._read(),
            "# as_of: 2026-01-31       # snapshot date; without it, the day of the last order",
            *self._currency(),
            f"language: {'zh' if are_chinese(self.by_header) else 'en'}  # en, zh, or [en, zh]",
            "# timezone: Europe/London # of the business: where a day ends; without it, UTC",
        ]
        return "\n".join(lines) + "\n"

    def summarise(self) -> str:
        """Return what was seen, what is to be checked, and what to do next."""
        rows = next(iter(self.by_header.values())).rows
        seen = [f"{self.file.name}: {rows:,} rows, {len(self.by_header)} columns"]
        seen += [shown(note, 300) for note in self.notes]
        seen.append(f"dates: {self.span[0]} to {self.span[1]}" if self.span else "dates: not known yet")
        if "customer_id" in self.totals.distinct:
            without = self.totals.without_customer
            seen.append(
                f"customers: {self.totals.distinct['customer_id']:,}"
                + (f"; {without:,} rows have none" if without else "")
            )
        found = {role: guess.header for role, guess in self.guesses.items() if guess.header}
        if "amount" in found:
            seen.append(
                f"net total: {self.totals.amount or 0} (sum of {_quoted(found['amount'])}, before any row is judged)"
            )
        elif {"quantity", "unit_price"} <= found.keys():
            seen.append(
                f"net total: {self.totals.quantity_times_price or 0} (quantity × unit_price, before any row is judged)"
            )
        if self.to_check:
            seen += ["please check:", *(f"  - {line}" for line in self.to_check)]
        first = f"fill in {', '.join(self.open_columns)} in the file first, then " if self.open_columns else ""
        return "\n".join([*seen, f"written: {self.out}", f"next: {first}kalib check {self.out}"])

    def _source(self) -> str:
        folder = self.out.resolve().parent
        root = folder.parent if folder.name == "jobs" else folder
        path = self.file.resolve()
        near = path.is_relative_to(root) or (root.parent != root.parent.parent and path.is_relative_to(root.parent))
        return Path(os.path.relpath(path, root)).as_posix() if near else str(path)

    def _column(self, role: str) -> list[str]:
        guess = self.guesses.get(role)
        if guess is None:
            wanted = {
                "order_id": "not found; without it, one order per customer and day",
                "amount": "not found, nor a quantity with its unit_price",
            }
            why = wanted.get(role, "not found")
            if role != "order_id" and role not in self.open_columns:
                return []
            return [f"# {role}: ???  # {why}; headers to choose from: {_listed(tuple(self.by_header))}"]
        if guess.header is None:
            return [f"# {role}: {write_scalar(header)}  # {guess.sure}: {guess.why}" for header in guess.rivals]
        distinct = self.totals.distinct
        count = f"; {distinct[role]:,} different values" if role in distinct else ""
        seen = f"such as {', '.join(self.by_header[guess.header].examples[:2])}{count}"
        also = f"; also possible: {_listed(guess.rivals)}" if guess.rivals else ""
        return [f"{role}: {write_scalar(guess.header)}  # {guess.sure}: {guess.why}, {seen}{also}"]

    def _read(self) -> list[str]:
        lines = [line for doubt in self.doubts if doubt.topic in READ for line in doubt.lines]
        live = any(not line.startswith("#") for line in lines)
        if not lines:
            return []
        return [
            "read:" if live else "# read:",
            *(f"  {line}" if live else f"#   {line.removeprefix('# ')}" for line in lines),
        ]

    def _currency(self) -> list[str]:
        if lines := [line for doubt in self.doubts if doubt.topic == "rates" for line in doubt.lines]:
            return lines
        if self.currency:
            return [f"currency: {self.currency}  # certain: the only one in the source"]
        return ["# currency: EUR          # of all money in the source"]


def write_scalar(value: str) -> str:
    """Return ``value`` as a YAML scalar on one line, whatever it holds.

    >>> print(write_scalar("Customer: #1"))
    'Customer: #1'
    """
    plain = value.isprintable() and value == value.strip()
    written = yaml.safe_dump(
        [value], default_flow_style=True, allow_unicode=plain, width=1 << 30, default_style=None if plain else '"'
    )
    return written.strip()[1:-1]


def _quoted(value: str, length: int = 40) -> str:
    return f'"{shown(value, length)}"'


def _listed(headers: tuple[str, ...]) -> str:
    return ", ".join(_quoted(header) for header in headers[:20]) + (", …" if len(headers) > 20 else "")
