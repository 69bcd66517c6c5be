"""What is done with a value, a row or a file that is not plainly right? Every rule, in the order in which it takes a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kalib.errors import SettingsError, nearest
from kalib.ledger.doubts.kinds import print_doubts
from kalib.words.told import either, told

Action = Literal["accepted", "repaired", "set_aside", "refused"]
FIRST_DAY, LAST_DAY = "1950-01-01", "2199-12-31"
"""Days before or after these are no order dates."""


@dataclass(frozen=True)
class Rule:
    """What is done with what a rule meets, what is said of it, and what a job may have done instead.

    ``shows`` is our column whose value is named beside file and line.
    """

    action: Action
    message: str
    may: tuple[Action, ...] = ()
    shows: str | None = None


_STRICT: tuple[Action, ...] = ("refused",)
_CHOICE: tuple[Action, ...] = ("accepted", "refused")
_DOUBT: tuple[Action, ...] = ("set_aside", "refused")

ROWS: dict[str, Rule] = {
    # set aside: the first that fits takes the row
    "row_short": Rule("set_aside", "a row with fewer fields than the header", _STRICT),
    "row_long": Rule("set_aside", "a row with more fields than the header", _STRICT),
    "row_broken": Rule("set_aside", "a row whose quotes do not fit together", _STRICT),
    "row_hidden": Rule(
        "set_aside", "a hidden row of a sheet, left out because the job says `read.hidden_rows: leave_out`", _STRICT
    ),
    "header_repeated": Rule("set_aside", "the header once more, as where exports were joined", _STRICT),
    "total_row": Rule("set_aside", "a total (合计, Total) below the rows that it adds up", _STRICT),
    "read_twice": Rule(
        "set_aside",
        "every line of the day stands there twice, as where two exports overlap; the second copy is left out",
        _CHOICE,
    ),
    "order_in_two_files": Rule(
        "set_aside", "the order stands in two files, line for line; it counts once", _CHOICE, "order_id"
    ),
    "duplicate": Rule(
        "set_aside", "an exact repeat of another row, left out because the job says `read.duplicates: drop`", _STRICT
    ),
    "date_missing": Rule("set_aside", "no order date", _STRICT, "order_date"),
    "date_unreadable": Rule("set_aside", "the order date cannot be read", _STRICT, "order_date"),
    "date_impossible": Rule(
        "set_aside", f"the order date lies before {FIRST_DAY} or after {LAST_DAY}", _STRICT, "order_date"
    ),
    "date_sentinel": Rule("set_aside", "a date that stands for none, such as 9999-12-31", _STRICT, "order_date"),
    "after_as_of": Rule("set_aside", "dated after the snapshot date", _STRICT, "order_date"),
    "customer_missing": Rule("set_aside", "no customer", _STRICT, "customer_id"),
    "customer_blank_word": Rule(
        "set_aside", "a word that stands for no customer, such as NULL, nan or (blank)", _CHOICE, "customer_id"
    ),
    "customer_left_out": Rule(
        "set_aside", "a customer that the job lists under `leave_out.customers`", (), "customer_id"
    ),
    "number_missing": Rule("set_aside", "no quantity, price or amount", _STRICT),
    "number_unreadable": Rule(
        "set_aside", "a quantity, price, amount, cost or discount that is not a number, or too large for one", _STRICT
    ),
    "currency_missing": Rule(
        "set_aside", "no currency, in a source that has several; nobody can tell what the money is worth", _STRICT
    ),
    "sign_conflict": Rule(
        "set_aside",
        "a negative quantity with a positive amount: a return or a sale, nobody can tell",
        _CHOICE,
        "quantity",
    ),
    "left_out_status": Rule(
        "set_aside", "a status of the order that the job lists under `read.left_out_statuses`", (), "order_status"
    ),
    "left_out_source": Rule("set_aside", "a sheet or file that the job lists under `read.left_out_sources`"),
    "order_returned": Rule("set_aside", "an order that stands on the sheet of `read.returned_orders`", (), "order_id"),
    "order_header": Rule(
        "set_aside", "the order's own row beside those of its goods, as `settled.header_and_items` says", (), "amount"
    ),
    "line_repeated": Rule(
        "set_aside",
        "a line that stands there again beside another value, as `settled.lines_repeated` says",
        (),
        "amount",
    ),
    "subtotal": Rule("set_aside", "a total of rows above it, under a customer's name", _CHOICE, "customer_id"),
    "left_out_type": Rule(
        "set_aside", "a type of order that the job lists under `read.left_out_types`", (), "order_type"
    ),
    "service_product": Rule(
        "set_aside", "not goods: a product code that the job lists under `read.service_products`", (), "product"
    ),
    # repaired
    "customer_repaired": Rule("repaired", "a customer number such as 12340.0 is read as 12340", _DOUBT, "customer_id"),
    "order_repaired": Rule("repaired", "an order number such as 536365.0 is read as 536365", _DOUBT, "order_id"),
    "number_repaired": Rule("repaired", "a number with thousands separators, full-width digits or blanks", _DOUBT),
    "number_rounded": Rule(
        "repaired", "a number with more decimals than are kept; the money of its line has them all", _DOUBT
    ),
    "negative_written": Rule("repaired", "a negative number written (1,234.50) or 12.50-", _DOUBT),
    "currency_sign": Rule("repaired", "a number with a currency sign", _DOUBT),
    "return_signed": Rule(
        "repaired",
        "a return by its type, as `read.return_types` says, written without a minus; its money is taken off",
        _DOUBT,
        "order_type",
    ),
    "total_repeated": Rule(
        "repaired", "the order's total on its further lines, which counts once, as `settled.order_total_on_lines` says"
    ),
    "filled_down": Rule("repaired", "customer, order or date of the row above, as `read.fill_down` says", ()),
    "currency_converted": Rule(
        "repaired", "money in another currency, converted at the rate in `rates`", _DOUBT, "currency"
    ),
    # accepted, and worth knowing
    "return": Rule("accepted", "returns, cancellations and credits: netted from sales, never counted as orders"),
    "duplicate_kept": Rule("accepted", "exact repeats of another row, kept: order lines may repeat honestly", _DOUBT),
    "order_blank_word": Rule(
        "accepted",
        "a word or a zero that stands for no order number: such rows of a customer and day are one order",
        _DOUBT,
    ),
    "amount_zero": Rule("accepted", "lines without money, such as samples; alone they are no order", _DOUBT),
    "amount_disagrees": Rule(
        "accepted", "the amount is not quantity times price, less a discount; the amount is used", _DOUBT, "amount"
    ),
    "cost_missing": Rule("accepted", "lines without a cost, which count as if they had cost nothing", _DOUBT),
    "optional_unreadable": Rule(
        "accepted", "a due date, paid date, paid amount or discount that cannot be read counts as missing", _DOUBT
    ),
    "order_split": Rule(
        "accepted", "lines of an order that stands in several files, on other days", _DOUBT, "order_id"
    ),
}
"""Rules about rows. A row that is set aside counts under the first that fits; one that is used, under all that fit."""

SOURCE: dict[str, Rule] = {
    # accepted, and said
    "encoding_found": Rule("accepted", "the encoding was found by evidence; `read.encoding` settles it"),
    "header_found": Rule("accepted", "lines above the header are no rows; `read.header_line` settles it"),
    "decimal_comma": Rule("accepted", "numbers can only be read with a decimal comma; `read.decimal` settles it"),
    "sheet_left_out": Rule("accepted", "a sheet without the mapped headers"),
    "member_left_out": Rule("accepted", "a file in an archive that holds no orders"),
    "formula_without_value": Rule("accepted", "a formula whose value was never stored counts as blank"),
    "id_case": Rule("accepted", "customers that differ only in capitals; they are kept apart"),
    "id_zeros": Rule(
        "accepted",
        "customers that differ only in leading zeros, blanks, hyphens, unseen marks or the writing of accents; they are kept apart",
    ),
    "order_comes_back": Rule(
        "accepted",
        "an order number that comes back 28 days or more after its last line, or goes on for more than 60 days: each time "
        "counts as another order",
    ),
    "merged_filled": Rule("accepted", "cells of a merged range below the first have its value"),
    "rows_hidden": Rule(
        "accepted", "hidden or filtered rows of a sheet, used; `read.hidden_rows: leave_out` leaves them out"
    ),
    "engine_untested": Rule("accepted", "an engine that was never tested"),
    # refused, unless the job knows better
    "type_unclear": Rule(
        "refused",
        "the doubt of that name: a type of order that sounds like a return or a cancellation, with money above zero",
        ("accepted",),
        "order_type",
    ),
    "order_differs": Rule(
        "refused", "an order that stands in two files on the same day, with different lines", ("accepted",), "order_id"
    ),
}
"""Things about the source as a whole that are accepted and worth knowing."""

REFUSALS: dict[str, str] = {
    "file_missing": "a path or pattern that names nothing",
    "file_empty": "a file without a byte, or a header without a row",
    "file_unreadable": "a file that cannot be opened or read to its end",
    "file_kind": "a file of another kind than can be read, or than its name says",
    "file_damaged": "NUL bytes, a cut archive",
    "reader_crashed": "a file that brought the reader down",
    "packed_too_large": "an archive that unpacks to more than could be honest",
    "packed_nested": "an archive in an archive",
    "packed_locked": "an archive with a password",
    "encoding": "bytes that are in no encoding, or not in the one that was said",
    "header": "no line that holds the mapped headers, or a first line that is data",
    "header_twice": "a mapped header that stands there twice",
    "column_missing": "a mapped header that is not there",
    "column_kind": "a column of a type that holds no such values",
    "column_unreadable": "a column of which more than half cannot be read: the wrong column or the wrong format",
    "two_tables": "a second table with other headers below the first",
    "quote_open": "a quote that is never closed and swallows rows",
    "row_unreadable": "a row at which the reader gave up",
    "sheet_unclear": "several sheets that could be meant",
    "number_too_wide": "decimals of more than 38 digits",
    "customer_mangled": "customer numbers that a spreadsheet turned into powers of ten (1.23457E+11)",
    "order_mangled": "order numbers that a spreadsheet turned into powers of ten",
    "number_ambiguous": "numbers that can be read with a decimal comma or a decimal point",
    "date_ambiguous": "dates whose day and month could be exchanged, until `read.date_format` says it",
    "date_serial": "day numbers of a spreadsheet, until `read.date_format: excel` says it",
    "date_far_ahead": "without `as_of`, a few stray rows long after all others, which would move the report",
    "date_ahead": "without `as_of`, a last order that is still to come",
    "currency_mixed": "several currencies, unless `rates` has each",
    "currency_other": "another currency than the job's",
    "discount_unclear": "a discount whose unit decides the money, until `read.discount` says it",
    "account_missing": "an account without a number",
    "account_twice": "an account that stands in the table twice",
    "table_missing": "a table that the database does not have",
    "engine_unreachable": "an engine that does not answer",
    "engine_refused": "an engine that does not let us in",
    "engine_failed": "an engine that gave up",
    "target_twice": "a target that stands in the table twice",
    "period_unclear": "a target dated a single day, so that nobody can tell for how long it holds",
    "parent_cycle": "accounts that are each other's parents",
    "nothing_left": "no row that is an order and can be used",
    "data_shrank": "far fewer rows, customers or sales than the last published run had, or far more rows set aside",
}
"""Why a source is refused: nothing is written, and the message names file, line, column and value where there is one."""

RULES: dict[str, Rule] = ROWS | SOURCE
"""Every rule that an accepted source can meet; each has a row on the quality page."""


def choose_actions(changes: Mapping[str, Action], *, job_file: object) -> dict[str, Action]:
    """Return what is done under each rule, the job's own choices applied.

    Raises
    ------
    SettingsError
        An unknown rule, or an action that the rule cannot have.

    Examples
    --------
    >>> choose_actions({"sign_conflict": "refused"}, job_file="job.yaml")["sign_conflict"]
    'refused'
    """
    actions = {name: rule.action for name, rule in RULES.items()}
    for name, action in changes.items():
        if name not in RULES:
            raise SettingsError(
                told(
                    "{job_file}: `rules.{name}`: there is no such rule; {hint}",
                    job_file=job_file,
                    name=name,
                    hint=nearest(name, RULES),
                )
            )
        allowed = (RULES[name].action, *RULES[name].may)
        if action not in allowed:
            raise SettingsError(
                told(
                    "{job_file}: `rules.{name}: {action}`: this rule can be {allowed}.",
                    job_file=job_file,
                    name=name,
                    action=action,
                    allowed=either(allowed),
                )
            )
        actions[name] = action
    return actions


_HEAD = ("| rule | done | met by | may also be |", "| --- | --- | --- | --- |")


def _row(name: str, rule: Rule) -> str:
    return f"| `{name}` | {rule.action} | {rule.message} | {', '.join(rule.may)} |"


def print_rules() -> str:
    """Return the rules as Markdown: docs/rules.md, which a test holds to it.

    Examples
    --------
    >>> print_rules().splitlines()[0]
    '# Rules'
    """
    lines = [
        "# Rules",
        "",
        "Printed from `kalib/ledger/rules.py` (`print_rules`), which the code applies. Every value that is not plainly right",
        "is accepted, repaired, set aside or a reason to refuse the source; each rule is counted on the quality page with its money,",
        "and `rows_read = rows_used + rows_set_aside` holds always. A job changes what is done with `rules: {sign_conflict: refused}`,",
        "where the last column allows it.",
        "",
        "## Rows",
        "",
        "A row that is set aside counts under the first rule that fits, in this order; one that is used, under all that fit.",
        "",
        *_HEAD,
    ]
    lines += [_row(name, rule) for name, rule in ROWS.items()]
    lines += ["", "## The source as a whole", "", *_HEAD]
    lines += [_row(name, rule) for name, rule in SOURCE.items()]
    lines += [
        "",
        "## Refusals",
        "",
        "Nothing is written, and the exit code is 2.",
        "",
        "| rule | met by |",
        "| --- | --- |",
    ]
    lines += [f"| `{name}` | {message} |" for name, message in REFUSALS.items()]
    lines += [
        "",
        "## Doubts",
        "",
        "Questions about the source as a whole that only its owner can answer (decision 20). `kalib check` says what each answer would give",
        "and the lines that choose it. A doubt refuses the source until the job settles it if its rows hold a thousandth of the money or",
        "more, a hundredth of that of any of the ten largest accounts, or the last day; what moves less, or is told only, stands. What",
        "`settled:` answered is kept in `run.json` and compared at the next run.",
        "",
        *print_doubts(),
    ]
    return "\n".join(lines)
