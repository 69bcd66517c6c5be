"""Which doubts does a source raise, and which of them did the job settle?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from kalib.errors import DoubtError
from kalib.ledger.doubts import beside, customers, money, orders, rows, sales, sources
from kalib.ledger.doubts.doubt import AS_IS, Doubt
from kalib.ledger.doubts.kinds import KINDS
from kalib.ledger.doubts.scene import Scene
from kalib.settings import Job
from kalib.words.told import Told, told

FINDERS: tuple[Callable[[Scene], Iterator[Doubt]], ...] = (
    sales.find_sign,
    sales.find_no_sales,
    sales.find_codes,
    sales.find_sides,
    sales.find_refunds,
    sources.find_sources,
    orders.find_repeats,
    orders.find_joins,
    orders.find_totals_on_lines,
    orders.find_headers,
    orders.find_lines,
    orders.find_placeholders,
    orders.find_shared,
    rows.find_heads,
    money.find_currencies,
    money.find_units,
    customers.doubt_column,
)
LONGEST = 1900
"""A refusal is read in one go: what does not fit is told by the next check."""


def find_doubts(
    scene: Scene, names: customers.Names, found: Iterable[Doubt] = (), listed: beside.Listed | None = None
) -> list[Doubt]:
    """Return the doubts that a source raises, those that the job settled marked so.

    Parameters
    ----------
    scene : the source, its rows judged without the answers of ``settled``
    names : its customers
    found : doubts that were found while it was read
    listed : orders that a sheet beside lists as returned
    """
    doubts = [_with_money(doubt, scene) for doubt in found]
    for find in FINDERS:
        doubts += find(scene)
    doubts += beside.doubt_listed(scene, listed)
    doubts += customers.doubt_subtotals(scene, names)
    doubts += customers.doubt_nobody(scene, names)
    return [_settle(_without_nothing(doubt), scene.job) for doubt in doubts]


def _without_nothing(doubt: Doubt) -> Doubt:
    """Return a doubt without readings by which there would be no order at all: nobody exports those."""
    left = tuple(reading for reading in doubt.readings if reading.orders != 0)
    return replace(doubt, readings=left) if left else doubt


def _with_money(doubt: Doubt, scene: Scene) -> Doubt:
    """Return a doubt about days or names with the money of the source: none of its readings moves that."""
    if doubt.name in ("unit_in_header", "currency_unmapped"):  # of a table beside the orders
        return doubt
    readings = [
        replace(reading, **{name: value for name, value in scene.base.items() if getattr(reading, name) is None})
        for reading in doubt.readings
    ]
    return replace(doubt, readings=tuple(readings))


def _settle(doubt: Doubt, job: Job) -> Doubt:
    settled = job.settled.get(doubt.name)
    if settled is None and job.rules.get(doubt.name) == "accepted":
        settled = AS_IS
    if settled is not None:
        return replace(doubt, stands=True, settled=settled)
    return replace(doubt, stands=True) if KINDS[doubt.name].is_told_only else doubt


def refuse_doubts(doubts: Iterable[Doubt], job: Job, names: Mapping[str, str]) -> None:
    """Refuse a source whose doubts matter and are not settled.

    Parameters
    ----------
    doubts : of ``find_doubts``
    job : to name its file
    names : of each file as tables have it, how messages call it

    Raises
    ------
    DoubtError
        Says each doubt, what its readings give, and the lines that settle it.
    """
    doubts = list(doubts)
    openly = [doubt for doubt in doubts if not doubt.stands]
    if not openly:
        return
    file, line, value = openly[0].first[0] if openly[0].first else (next(iter(names), ""), None, None)
    head = told(
        "{file}: these figures cannot be trusted yet. Questions to answer: {count:,}. Paste the lines that are right at the end of {job}.",
        file=names.get(str(file), str(file)),
        count=len(openly),
        job=str(job.file),
    )
    parts = [str(head)]
    for doubt in openly:
        part = say(doubt)
        if len(parts) > 1 and len("\n".join([*parts, part])) > LONGEST:
            parts.append(str(told("More: {names}.", names=", ".join(one.name for one in openly[len(parts) - 1 :]))))
            break
        parts.append(part)
    raise DoubtError(
        "\n".join(parts)[: LONGEST + 90],
        rule=openly[0].name,
        file=file,
        line=line,
        column=openly[0].column,
        value=value,
        doubts=[describe(doubt) for doubt in doubts],
    )


def say(doubt: Doubt) -> str:
    """Return a doubt as the lines of a refusal, in the language that is spoken."""
    lines = [f"- {doubt.name}: {doubt.says}"]
    several = len({file for file, *_ in doubt.first}) > 1
    places = [
        (f"{file}, " if several else "") + str(told("line {line}", line=line)) + (f" ({value})" if value else "")
        for file, line, value in doubt.first
        if line is not None
    ]
    if places:
        lines[0] += f" {told('First:')} {', '.join(places)}."
    for reading in doubt.readings:
        lines.append(f"    {reading.said}")
        lines += [f"      {line}" for line in reading.lines]
    return "\n".join(lines)


def describe(doubt: Doubt) -> dict[str, object]:
    """Return a doubt as ledger.json and run.json keep it."""
    return {
        "doubt": doubt.name,
        "says": doubt.says.stored(),
        "count": doubt.count,
        "money": doubt.money,
        "share_of_money": round(doubt.share, 6),
        "column": doubt.column,
        "first": [{"file": file, "line": line, "value": value} for file, line, value in doubt.first],
        "values": list(doubt.values),
        "readings": [
            {
                "reading": reading.code,
                "says": reading.says.stored(),
                "lines": list(reading.lines),
                "net_sales": reading.net_sales,
                "orders": reading.orders,
                "customers": reading.customers,
                "as_of": reading.as_of,
            }
            for reading in doubt.readings
        ],
        "stands": doubt.stands,
        "settled": doubt.settled,
    }


def show(stored: Mapping[str, object]) -> dict[str, object]:
    """Return a stored doubt as ``check --json`` prints it: sentences as text, ``settle`` the lines of the likely reading."""
    readings = [
        {
            "reading": one["reading"],
            "text": str(Told.restored(one["says"])),
            **{name: one[name] for name in ("net_sales", "orders", "customers", "as_of")},
            "settle": "\n".join(one["lines"]),
        }
        for one in stored["readings"]
    ]
    return {
        "doubt": stored["doubt"],
        "text": str(Told.restored(stored["says"])),
        "count": stored["count"],
        "money": stored["money"],
        "share_of_money": stored["share_of_money"],
        "column": stored["column"],
        "first": stored["first"],
        "values": stored["values"],
        "readings": readings,
        "settle": readings[0]["settle"] if readings else "",
        "stands": stored["stands"],
        "settled": stored["settled"],
    }
