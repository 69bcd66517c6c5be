"""How is a job file for a new source written? With every guess, how sure it is and why, and every doubt left open."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import yaml

from kalib.ledger.doubts import Doubt
from kalib.ledger.guess import LISTED, Guess, Seen
from kalib.ledger.headers import are_chinese
from kalib.ledger.job_name import name_job
from kalib.ledger.source import shown
from kalib.settings import Columns
from kalib.words.told import Told, told

READ = ("date_format", "decimal", "delimiter", "discount")
"""Topics that stand below ``read:`` in a job file."""


_SURE = {"certain": told("certain"), "likely": told("likely"), "please check": told("please check")}


@dataclass(frozen=True)
class Totals:
    """What the guessed columns come to over the whole file.

    ``amount_is`` says what the amount is beside quantity times price: "most" where it is the same on most lines, and on the
    others always more, or always less. ``repeated_totals`` is the number of orders of several lines, if the amount is the
    same on all lines of each. ``judged`` says that only rows count that are used.
    """

    distinct: dict[str, int]  # by our name, for what identifies something
    without_customer: int
    amount: str | None
    quantity_times_price: str | None
    amount_is: Literal["the same", "less a share", "less money", "most", "another", "unknown"]
    repeated_totals: int = 0
    agreeing: int = 0  # lines of which quantity times price is the amount
    comparable: int = 0  # lines that have both
    judged: bool = False


@dataclass(frozen=True)
class Open:
    """Something beside the columns that a job file says: ``value`` where it was found, ``why`` where only the user knows.

    ``refusals`` are the rules under which the ledger refuses the source as long as it is open.
    """

    topic: str
    lines: list[str]
    value: str | None = None
    why: Told | None = None
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """A job file to be: what was found, and how it is written down.

    ``doubts`` are what the ledger asks of the source; they stand at the end of the file, with the lines that settle them.
    """

    file: Path
    out: Path
    guesses: dict[str, Guess]
    by_header: dict[str, Seen]
    totals: Totals
    open: list[Open]
    currency: str | None
    span: tuple[str, str] | None
    notes: list[Told]
    doubts: list[Doubt] = field(default_factory=list)

    @property
    def job(self) -> str:
        """Return a job name made from the file's name."""
        return name_job(self.file.stem)

    @property
    def language(self) -> str:
        """Return the language of the pages: that of the headers, where these are Chinese."""
        return "zh" if are_chinese(self.by_header) else "en"

    @property
    def questions(self) -> list[Doubt]:
        """Return the doubts that only the user can settle, and until then `kalib check` refuses."""
        return [doubt for doubt in self.doubts if not doubt.stands]

    @property
    def open_columns(self) -> list[str]:
        """Return our columns that the user must fill in before the job file is complete."""
        found = {role for role, guess in self.guesses.items() if guess.header}
        missing = [role for role in ("customer_id", "order_date") if role not in found]
        return missing + ([] if "amount" in found or {"quantity", "unit_price"} <= found else ["amount"])

    @property
    def to_check(self) -> list[Told]:
        """Return what the user should look at, a line each."""
        lines = [
            told("{column}: {why}", column=role, why=guess.why)
            for role, guess in self.guesses.items()
            if guess.sure == "please check"
        ]
        lines += [told("{column}: not found", column=role) for role in self.open_columns if role not in self.guesses]
        return lines + [one.why for one in self.open if one.why]

    def write(self) -> str:
        """Return the text of the job file."""
        heading = told(
            "Job file for {file}, written by `kalib init`. Each guess says how sure it is and why:\n"
            "certain, likely, or please check. Correct what is wrong; a line that starts with # does not count.",
            file=_quoted(self.file.name, 100),
        )
        lines = [
            *(f"# {line}" for line in str(heading).splitlines()),
            *(f"# {shown(str(note), 300)}" for note in self.notes),
            f"job: {write_scalar(self.job)}  # {told('names the report folder')}",
            f"source: {write_scalar(self._source())}",
            f"columns:  # {told('ours: theirs')}",
            *(f"  {line}" for role in Columns.model_fields for line in self._column(role)),
            *self._read(),
            f"# as_of: 2026-01-31       # {told('snapshot date; without it, the day of the last order')}",
            *self._currency(),
            f"language: {self.language}  # {told('en, zh, or [en, zh]')}",
            f"# timezone: Europe/London # {told('of the business: where a day ends; without it, UTC')}",
            *self._questions(),
        ]
        return "\n".join(lines) + "\n"

    def summarise(self) -> str:
        """Return what was seen, what is to be checked, and what to do next."""
        rows = next(iter(self.by_header.values())).rows
        seen = [
            told(
                "{file}: {rows:,} rows, {columns} columns", file=self.file.name, rows=rows, columns=len(self.by_header)
            ),
            *(shown(str(note), 300) for note in self.notes),
            told("dates: {first} to {last}", first=self.span[0], last=self.span[1])
            if self.span
            else told("dates: not known yet"),
            *self._money(),
        ]
        if to_check := self.to_check:
            seen += [told("please check:"), *(f"  - {line}" for line in to_check)]
        if self.questions:
            seen.append(told("to be answered, at the end of the file, before kalib check accepts it:"))
            seen += [f"  - {doubt.name}: {doubt.says}" for doubt in self.questions]
        seen.append(told("written: {out}", out=self.out))
        first = ", ".join(self.open_columns)
        seen.append(
            told("next: fill in {columns} in the file first, then kalib check {out}", columns=first, out=self.out)
            if first
            else told("next: kalib check {out}", out=self.out)
        )
        return "\n".join(map(str, seen))

    def _money(self) -> list[Told]:
        """Return how many customers there are, and what the money comes to."""
        said = []
        if "customer_id" in self.totals.distinct:
            count, without = self.totals.distinct["customer_id"], self.totals.without_customer
            said.append(
                told("customers: {count:,}; {without:,} rows have none", count=count, without=without)
                if without
                else told("customers: {count:,}", count=count)
            )
        found = {role: guess.header for role, guess in self.guesses.items() if guess.header}
        if "amount" in found:
            total, what = self.totals.amount, told("sum of {header}", header=_quoted(found["amount"]))
        elif {"quantity", "unit_price"} <= found.keys():
            total, what = self.totals.quantity_times_price, told("quantity × unit_price")
        else:
            return said
        when = told("of the rows that are used") if self.totals.judged else told("before any row is judged")
        return [*said, told("net total: {total} ({what}, {when})", total=total or 0, what=what, when=when)]

    def _questions(self) -> list[str]:
        """Return the doubts and the lines that settle them, which count as soon as their sign of a comment is taken away."""
        if not self.questions:
            return []
        lines = [
            "",
            f"## {told('Questions: kalib check and kalib run refuse until each is answered.')}",
            f"## {told('Take the # away from the lines of the answer that is right.')}",
        ]
        for doubt in self.questions:
            lines += ["##", *(f"## {line}" for line in f"{doubt.name}: {doubt.says}".splitlines())]
            for reading in doubt.readings:
                lines.append(f"##   {reading.said}")
                lines += [f"# {line}" for line in reading.lines]
        return lines

    def _source(self) -> str:
        folder = self.out.resolve().parent
        root = folder.parent if folder.name == "jobs" else folder
        path = self.file.resolve()
        near = path.is_relative_to(root) or (root.parent != root.parent.parent and path.is_relative_to(root.parent))
        return Path(os.path.relpath(path, root)).as_posix() if near else str(path)

    def _column(self, role: str) -> list[str]:
        guess = self.guesses.get(role)
        if guess is None:
            if role != "order_id" and role not in self.open_columns:
                return []
            why = {
                "order_id": told("not found; without it, one order per customer and day"),
                "amount": told("not found, nor a quantity with its unit_price"),
            }.get(role, told("not found"))
            choice = told("{why}; headers to choose from: {headers}", why=why, headers=_listed(tuple(self.by_header)))
            return [f"# {role}: ???  # {choice}"]
        if guess.header is None:
            return [f"# {role}: {write_scalar(header)}  # {_SURE[guess.sure]}: {guess.why}" for header in guess.rivals]
        said = told("{why}, such as {such}", why=guess.why, such=", ".join(self.by_header[guess.header].examples[:2]))
        if role in self.totals.distinct:
            said = told("{said}; {count:,} different values", said=said, count=self.totals.distinct[role])
        if guess.rivals:
            said = told("{said}; also possible: {headers}", said=said, headers=_listed(guess.rivals))
        mark = "# " if role in LISTED else ""
        return [f"{mark}{role}: {write_scalar(guess.header)}  # {_SURE[guess.sure]}: {said}"]

    def _read(self) -> list[str]:
        lines = [line for one in self.open if one.topic in READ for line in one.lines]
        live = any(not line.startswith("#") for line in lines)
        if not lines:
            return []
        return [
            "read:" if live else "# read:",
            *(f"  {line}" if live else f"#   {line.removeprefix('# ')}" for line in lines),
        ]

    def _currency(self) -> list[str]:
        if lines := [line for one in self.open if one.topic == "rates" for line in one.lines]:
            return lines
        if self.currency:
            return [f"currency: {self.currency}  # {_SURE['certain']}: {told('the only one in the source')}"]
        return [f"# currency: EUR          # {told('of all money in the source')}"]


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
