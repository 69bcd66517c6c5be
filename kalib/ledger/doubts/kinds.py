"""Which doubts are there? What each asks, and how a job answers it: one table for the code and for docs/rules.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kalib.errors import SettingsError, nearest
from kalib.ledger.doubts.doubt import AS_IS
from kalib.words.told import either, told


@dataclass(frozen=True)
class Kind:
    """What a doubt asks; the readings that ``settled`` takes; the keys of the job that settle it otherwise."""

    asks: str
    readings: tuple[str, ...] = (AS_IS,)
    keys: tuple[str, ...] = ()
    is_told_only: bool = False


KINDS: dict[str, Kind] = {
    "status_unclear": Kind(
        "a status, mapped or not, that sounds like no plain sale (cancelled, refunded, unpaid, disputed), with money above zero",
        keys=("columns.order_status", "read.left_out_statuses", "read.return_statuses", "read.sale_statuses"),
    ),
    "type_unclear": Kind(
        "a type of document that sounds like a return, a cancellation, an offer or a payment, with money above zero",
        keys=("columns.order_type", "read.return_types", "read.left_out_types", "read.sale_types"),
    ),
    "debit_credit": Kind(
        "a column that says debit or credit beside amounts without a minus",
        keys=("columns.order_type", "read.return_types"),
    ),
    "refund_unmapped": Kind("a column of refunds beside the amount", keys=("columns.refund",)),
    "sign_turned": Kind(
        "three quarters of the rows below zero, as in ledgers that book sales with a minus", ("turned", AS_IS)
    ),
    "order_is_line": Kind(
        "an order number with as many values as rows, while customers have far fewer days",
        ("day", AS_IS),
        ("read.order_pattern",),
    ),
    "order_placeholder": Kind(
        "a number that many customers have on many days, such as 0 or PHONE", keys=("read.order_placeholders",)
    ),
    "order_shared": Kind("order numbers of several customers", is_told_only=True),
    "rows_twice": Kind("three tenths of the rows or more stand there twice", ("once", AS_IS), ("read.duplicates",)),
    "lines_repeated": Kind(
        "lines that stand there again beside another value, as where tables were joined", ("once", AS_IS)
    ),
    "order_total_on_lines": Kind("an amount that is the same on all lines of each order", ("once", AS_IS)),
    "header_and_items": Kind("orders in which one row is the sum of the others", ("items", AS_IS)),
    "source_unclear": Kind(
        "a sheet or file that by name or contents holds returns, a plan or offers",
        keys=("read.return_sources", "read.left_out_sources", "read.sheet"),
    ),
    "returns_beside": Kind(
        "a sheet left out that lists orders of the source as returned", keys=("read.returned_orders",)
    ),
    "day_month_exchanged": Kind("dates that a spreadsheet read with day and month exchanged", ("swapped", AS_IS)),
    "time_zone": Kind("moments that are all at an odd hour: local midnight, written as UTC", keys=("timezone",)),
    "log_ends_early": Kind("a log that ends long before the date in the file's properties or name", is_told_only=True),
    "subtotal_rows": Kind("customers that are called total of something", keys=("leave_out.customers",)),
    "header_once": Kind("rows with money below a row that has customer, order and date", keys=("read.fill_down",)),
    "walk_in": Kind(
        "customers that stand for all whom nobody knows, such as 99999 or Walk-in", keys=("leave_out.customers",)
    ),
    "customer_unclear": Kind(
        "a customer column with one value, with one order each, or of cashiers or ledger accounts",
        keys=("columns.customer_id",),
    ),
    "currency_unmapped": Kind(
        "several currencies that nothing converts", keys=("columns.currency", "rates", "currency")
    ),
    "numbers_mangled": Kind("numbers in groups of three beside shorter groups: a spreadsheet lost their decimal point"),
    "unit_in_header": Kind("a header of money that says its unit, such as 万元 or kEUR", keys=("read.unit",)),
    "text_garbled": Kind("names whose UTF-8 was read as another encoding (MÃ¼ller)", ("repaired", AS_IS)),
}


def check_settled(settled: Mapping[str, str], *, job_file: object) -> None:
    """Check that a job answers doubts that there are, with readings that they have.

    Raises
    ------
    SettingsError
        An unknown doubt or reading.

    Examples
    --------
    >>> check_settled({"rows_twice": "once"}, job_file="job.yaml")
    >>> check_settled({"rows_twice": "never"}, job_file="job.yaml")
    Traceback (most recent call last):
        ...
    kalib.errors.SettingsError: job.yaml: `settled.rows_twice: never`: this doubt is settled by once or as_is, `read.duplicates`; see docs/rules.md.
    """
    for name, reading in settled.items():
        if name not in KINDS:
            raise SettingsError(
                told(
                    "{job_file}: `settled.{name}`: there is no such doubt; {hint}",
                    job_file=job_file,
                    name=name,
                    hint=nearest(name, KINDS),
                )
            )
        if reading not in KINDS[name].readings:
            keys = "".join(f", `{key}`" for key in KINDS[name].keys)
            raise SettingsError(
                told(
                    "{job_file}: `settled.{name}: {reading}`: this doubt is settled by {readings}{keys}; see docs/rules.md.",
                    job_file=job_file,
                    name=name,
                    reading=reading,
                    readings=either(KINDS[name].readings),
                    keys=keys,
                )
            )


def print_doubts() -> list[str]:
    """Return the doubts as lines of Markdown, for docs/rules.md."""
    lines = ["| doubt | asks about | `settled:` takes | or |", "| --- | --- | --- | --- |"]
    for name, kind in KINDS.items():
        readings = "told only" if kind.is_told_only else ", ".join(f"`{reading}`" for reading in kind.readings)
        lines.append(f"| `{name}` | {kind.asks} | {readings} | {', '.join(f'`{key}`' for key in kind.keys)} |")
    return lines
