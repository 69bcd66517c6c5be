"""Which rows count? Judges every parsed row once: used, used after a repair, or set aside under one named rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import ibis
from ibis import _
from ibis.expr.types import BooleanValue, Table, Value

from kalib.ledger.rules import ROWS, Action
from kalib.settings import Job

LEAST_LINES_OF_A_DAY = 20
"""A day on which everything stands twice is only believed to be read twice from so many distinct lines on."""
CENT = "0.011"
"""An amount may differ from quantity times price by rounding."""
REPAIRS = (
    *("customer_repaired", "order_repaired", "number_repaired", "number_rounded"),
    *("negative_written", "currency_sign", "optional_unreadable"),
)
"""What parsing found in the single values of a row that stays."""
OPTIONAL = ("quantity", "product", "category", "cost", "discount", "due_date", "paid_date", "paid_amount")
"""What a line has beside customer, order, day and amount, where the source has it."""


@dataclass(frozen=True)
class Known:
    """What was found of the source before its rows are judged: values that mean nothing, and totals under a customer's name."""

    blank_customers: tuple[str, ...] = ()
    blank_orders: tuple[str, ...] = ()
    subtotals: tuple[str, ...] = ()
    returned_orders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judged:
    """The parsed rows with what was found of each: the boolean columns ``met_<rule>``, and ``rule`` where set aside."""

    rows: Table
    met: tuple[str, ...]
    headers: Mapping[str, str]  # ours: theirs
    odd: Table | None = None  # of ``with_odd``

    @property
    def lines(self) -> Table:
        """Return the rows that are used, as the features read them."""
        rows = self.rows.filter(_.rule.isnull())
        kept = [name for name in OPTIONAL if name in rows.columns]
        return rows.select("file", "line", "customer_id", "order_id", "order_date", "amount", "is_return", *kept)

    @property
    def set_aside(self) -> Table:
        """Return the rows that are left out, each under the first rule that fits, with the value that the rule met."""
        rows = self.rows.filter(_.rule.notnull())
        shown = {name: rule.shows for name, rule in ROWS.items() if rule.shows in self.headers}
        found = _choose(rows.rule, {name: _write(rows[ours]) for name, ours in shown.items()}, "string")
        columns = _choose(rows.rule, {name: ibis.literal(self.headers[ours]) for name, ours in shown.items()}, "string")
        told = _choose(rows.bad_column, {ours: ibis.literal(theirs) for ours, theirs in self.headers.items()}, "string")
        texts = [name for name in ("customer_id", "order_id", "order_date", "product") if name in rows.columns]
        return rows.select(
            "file",
            "line",
            "rule",
            column=ibis.ifelse(rows.bad_of == rows.rule, told, columns),
            value=ibis.ifelse(rows.bad_of == rows.rule, rows.bad_value, found),
            amount=rows.amount,
            **{name: rows[name].cast("string") for name in texts},
        )

    def with_odd(self, keep: Callable[[Table, str], Table]) -> Judged:
        """Return the same with the rows that met any rule kept apart: few as a rule, and asked once for each rule."""
        shown = [rule.shows for name, rule in ROWS.items() if name in self.met and rule.shows in self.rows.columns]
        met = (f"met_{rule}" for rule in self.met)
        kept = dict.fromkeys(["file", "line", "rule", "amount", "bad_of", "bad_column", "bad_value", *shown, *met])
        return replace(self, odd=keep(self._odd.select(*kept), "odd_rows"))

    @property
    def _odd(self) -> Table:
        if self.odd is not None:
            return self.odd
        return self.rows.filter(
            _may_meet(self.rows, self.met)
        )  # most rows meet no rule, and are passed over in one step

    def count(self) -> Table:
        """Return one row: rows read and set aside, and per rule that can be met its rows (``n_``) and money (``money_``)."""
        read = self.rows.aggregate(rows_read=self.rows.count())
        rows = self._odd
        counts = {"rows_set_aside": rows.rule.count()}
        for rule in self.met:
            fits = _fits(rows, rule)
            counts[f"n_{rule}"] = rows.count(where=fits).fill_null(0)  # Spark counts none of nothing as missing
            counts[f"money_{rule}"] = rows.amount.sum(where=fits)
        return read.cross_join(rows.aggregate(**counts))

    def first(self, rule: str) -> Table:
        """Return the first row that a rule met: file, line, column, value (both ours and as the source has it)."""
        rows = self._odd
        rows = rows.filter(_fits(rows, rule))
        ours = ROWS[rule].shows
        value = _write(rows[ours]) if ours in rows.columns else ibis.null("string")
        kept = ibis.literal(ours if ours in rows.columns else None, "string")
        told = rows.bad_of == rule
        return (
            rows.select(
                "file",
                "line",
                column=ibis.ifelse(told, rows.bad_column, kept),
                value=ibis.ifelse(told, rows.bad_value, value),
            )
            .order_by("file", "line", "value")
            .limit(1)
        )


def _may_meet(rows: Table, rules: Iterable[str]) -> BooleanValue:
    """Return whether a row may meet any of some rules: whether parsing found anything says it of most of them at once."""
    rules = list(rules)
    tests = [rows[f"met_{rule}"] for rule in rules if rule not in _FOUND and rule not in REPAIRS]
    tests += [rows.parse_rule.notnull()] if _FOUND & set(rules) else []
    tests += [rows.repairs.notnull()] if set(REPAIRS) & set(rules) else []
    return ibis.or_(*tests) if tests else ibis.literal(False)


def _fits(rows: Table, rule: str) -> BooleanValue:
    """Return whether a rule meets a row: as the one that sets it aside, or as one of those of a used row."""
    return (rows.rule == rule) | (rows.rule.isnull() & rows[f"met_{rule}"])


def judge(
    parsed: Table,
    job: Job,
    actions: Mapping[str, Action],
    *,
    keep: Callable[[Table, str], Table],
    files: int = 1,
    known: Known | None = None,
) -> Judged:
    """Judge parsed rows as sets, on whatever engine holds them.

    Parameters
    ----------
    parsed : one row per source row, typed: file, line, whole, customer_id, order_id, order_date, amount, ``rule``,
        ``repairs`` (comma-joined rules), ``bad_of``, ``bad_column``, ``bad_value`` (a rule that one of its values met, our
        name of the column, the value as the source has it), and the optional columns that are mapped
    job : settings
    actions : what is done under each rule
    keep : computes a table once and keeps it on the engine under a name: the few rows that stand there more than once
    files : of how many files the rows are
    known : what was found of the source as a whole

    Returns
    -------
    Judged
        Every row once. What a rule that is not ``set_aside`` meets stays in use; refusing is the caller's.
    """
    known = known or Known()
    rows = _number_repeats(_settle_orders(parsed, job, known), keep, has_files=files > 1)
    rows = _settle_money(rows, job)
    rows = _sign_returns(rows, job)
    rows = _settle_repeats(rows, job)
    tests = _tests(rows, job, has_files=files > 1) | _tests_of_choices(rows, job, known)
    met = {name: test.fill_null(False) for name, test in tests.items()}
    rows = rows.mutate(**{f"met_{name}": test for name, test in met.items()})
    aside = [(rows[f"met_{name}"], name) for name in ROWS if name in met and actions[name] in ("set_aside", "refused")]
    rule = ibis.cases(*aside, else_=ibis.null("string")) if aside else ibis.null("string")
    if aside:
        rule = ibis.ifelse(_may_meet(rows, [name for _, name in aside]), rule, ibis.null("string"))
    day = ibis.literal("day ") + rows.order_date.cast("string")
    rows = rows.mutate(rule=rule, order_id=rows.order_id.fill_null(day), is_return=met["return"])
    return Judged(
        rows.drop("nth", "copy_of_day", "copy_of_file", *_SETTLED),
        tuple(name for name in ROWS if name in met),
        job.columns.mapped,
    )


def _tests(rows: Table, job: Job, *, has_files: bool) -> dict[str, BooleanValue]:
    """Return for each rule that this source can meet whether a row meets it."""
    has = rows.columns.__contains__
    tests: dict[str, BooleanValue] = {name: rows.parse_rule == name for name in ROWS if name in _FOUND}
    tests["read_twice"] = rows.copy_of_day if job.read.duplicates == "judge" else ibis.literal(False)
    tests["duplicate"] = (rows.nth > 1) if job.read.duplicates == "drop" else ibis.literal(False)
    repeated = (rows.nth > 1) & ~tests["read_twice"] & ~tests["duplicate"]
    if has_files and job.read.duplicates != "keep":
        tests["order_in_two_files"] = rows.copy_of_file & rows.order_id.notnull()
        repeated &= ~tests["order_in_two_files"]
    tests["duplicate_kept"] = repeated
    if job.as_of:
        tests["after_as_of"] = rows.order_date > job.as_of
    if has("quantity"):
        tests["sign_conflict"] = (rows.quantity < 0) & (rows.amount > 0)
    if job.read.left_out_types:
        tests["left_out_type"] = rows.order_type.isin(job.read.left_out_types)
    if job.read.service_products and has("product"):
        tests["service_product"] = rows["product"].isin(job.read.service_products)
    tests |= {name: rows.repairs.contains(name) for name in REPAIRS}
    tests["return_signed"] = rows.turned
    if job.rates:
        tests["currency_converted"] = (rows.currency != job.currency) & rows.currency.notnull()
    negative = rows.amount < 0
    tests["return"] = (negative | (rows.quantity < 0)) if has("quantity") else negative
    tests["amount_zero"] = rows.amount == 0
    if has("amount_expected"):
        tests["amount_disagrees"] = (rows.amount - rows.amount_expected).abs() > ibis.literal(CENT).cast(
            "decimal(10, 4)"
        )
    if has("cost"):
        tests["cost_missing"] = rows.cost_missing
    return tests


_BY_SET = (
    *("customer_blank_word", "customer_left_out", "subtotal", "left_out_status", "left_out_source", "order_returned"),
    *("order_header", "line_repeated"),
    "read_twice",
    "order_in_two_files",
    "duplicate",
    "after_as_of",
    "sign_conflict",
    "left_out_type",
    "service_product",
)
"""Rules about rows that parsing, which looks at one row at a time, cannot know."""
_FOUND = {name for name, rule in ROWS.items() if rule.action == "set_aside" and name not in _BY_SET}
"""Rules for which parsing sets a row aside."""


_SETTLED = ("turned", "no_number", "is_header", "is_again", "is_total_again")


def _settle_orders(parsed: Table, job: Job, known: Known) -> Table:
    """Read order numbers as the job says: without placeholders, only the part that is the order's, or not at all."""
    parsed = parsed.mutate(no_number=ibis.literal(False))
    if job.columns.order_id is None:
        return parsed
    number = parsed.order_id
    if job.settled.get("order_is_line") == "day":
        return parsed.mutate(order_id=ibis.null("string"))
    nothing = [*known.blank_orders, *job.read.order_placeholders]
    if nothing:
        parsed = parsed.mutate(no_number=number.isin(nothing).fill_null(False))
        number = ibis.ifelse(parsed.no_number, None, parsed.order_id)
    if job.read.order_pattern:
        number = ibis.coalesce(number.re_extract(job.read.order_pattern, 1).nullif(""), number)
    return parsed if number is parsed.order_id else parsed.mutate(order_id=number)


def _settle_money(rows: Table, job: Job) -> Table:
    """Bring money to its unit and its sign, and take refunds off, as the job says."""
    money = [name for name in _MONEY if name in rows.columns]
    if job.read.unit:
        unit = ibis.literal(job.read.unit, "decimal(16, 8)")
        rows = rows.mutate(
            **{name: (rows[name].cast("decimal(22, 8)") * unit).cast("decimal(30, 10)") for name in money}
        )
    if job.settled.get("sign_turned") == "turned":
        signed = [name for name in ("amount", "amount_expected", "quantity") if name in rows.columns]
        rows = rows.mutate(**{name: -rows[name] for name in signed})
    if "refund" in rows.columns:
        off = rows.refund.abs().fill_null(0)
        rows = rows.mutate(
            **{
                name: rows[name] - off.cast(rows[name].type())
                for name in ("amount", "amount_expected")
                if name in rows.columns
            }
        )
    return rows


_MONEY = ("amount", "amount_expected", "cost", "discount", "paid_amount", "refund")


def _settle_repeats(rows: Table, job: Job) -> Table:
    """Say which rows have money that stands on another row already, as the job says; the money of the order's first line stays."""
    no = ibis.literal(False)
    marks: dict[str, BooleanValue] = {"is_header": no, "is_again": no, "is_total_again": no}
    order = ["customer_id", "order_id"]
    place = ["file", "line", "whole"]
    if job.settled.get("order_total_on_lines") == "once":
        rows = rows.mutate(sold=(rows.amount > 0).fill_null(False))
        nth = ibis.row_number().over(group_by=[*order, "sold"], order_by=place)
        rows = rows.mutate(is_total_again=rows.sold & rows.order_id.notnull() & (nth > 0)).drop("sold")
        nothing = (rows.amount * 0).cast(rows.amount.type())
        rows = rows.mutate(amount=ibis.ifelse(rows.is_total_again, nothing, rows.amount))
        del marks["is_total_again"]
    if job.settled.get("header_and_items") == "items":
        whole = {"group_by": order}
        rows = rows.mutate(is_sum=(rows.amount * 2 == rows.amount.sum().over(**whole)).fill_null(False))
        several = rows.amount.count().over(**whole) > 1
        lacks = [rows["product"].notnull()] if "product" in rows.columns else []
        nth = ibis.row_number().over(group_by=[*order, "is_sum"], order_by=[*lacks, *place])
        rows = rows.mutate(is_header=rows.is_sum & several & (nth == 0)).drop("is_sum")
        del marks["is_header"]
    if job.settled.get("lines_repeated") == "once":
        same = [name for name in (*order, "order_date", "product", "quantity", "amount") if name in rows.columns]
        nth = ibis.row_number().over(group_by=same, order_by=place)
        marks["is_again"] = (nth > 0) & rows.amount.notnull()
    return rows.mutate(**marks)


def _tests_of_choices(rows: Table, job: Job, known: Known) -> dict[str, BooleanValue]:
    """Return for each rule that follows from a choice of the job, or from what was found of the source, whether a row meets it."""
    tests: dict[str, BooleanValue] = {}
    if known.blank_customers:
        tests["customer_blank_word"] = rows.customer_id.isin(known.blank_customers)
    if job.leave_out.customers:
        tests["customer_left_out"] = rows.customer_id.isin(job.leave_out.customers)
    if known.subtotals:
        tests["subtotal"] = rows.customer_id.isin(known.subtotals)
    if job.read.left_out_statuses:
        tests["left_out_status"] = is_of_status(rows, rows.order_status, job.read.left_out_statuses)
    if job.read.left_out_sources:
        tests["left_out_source"] = is_of_source(rows, job.read.left_out_sources)
    if known.returned_orders:
        tests["order_returned"] = rows.order_id.isin(known.returned_orders)
    choices = {"header_and_items": ("order_header", "is_header"), "lines_repeated": ("line_repeated", "is_again")}
    for doubt, (rule, mark) in choices.items():
        if job.settled.get(doubt) in ("items", "once"):
            tests[rule] = rows[mark]
    if job.settled.get("order_total_on_lines") == "once":
        tests["total_repeated"] = rows.is_total_again
    if known.blank_orders or job.read.order_placeholders:
        tests["order_blank_word"] = rows.no_number
    if "filled" in rows.columns:
        tests["filled_down"] = rows.filled
    return tests


def is_of_status(rows: Table, status: Value, values: Sequence[str]) -> BooleanValue:
    """Return whether a row has one of some statuses; a blank one is that of its order, where another line of it has one.

    ``*`` stands for any status.
    """
    fits = status.notnull() if "*" in values else status.isin(values)
    fits = fits.fill_null(False)
    if "order_id" not in rows.columns:
        return fits
    of_order = fits.any().over(group_by=[rows.file, rows.order_id])
    return fits | (status.isnull() & rows.order_id.notnull() & of_order)


def is_of_source(rows: Table, names: Sequence[str]) -> BooleanValue:
    """Return whether a row is of one of some sources: a file, or a sheet by its own name or with its file."""
    fits = rows.file.isin(names)
    for name in names:
        fits |= rows.file.endswith(f"[{name}]")
    return fits


def _number_repeats(parsed: Table, keep: Callable[[Table, str], Table], *, has_files: bool) -> Table:
    """Say of rows that stand there more than once which repeat it is, and whether a day or an order was read twice.

    A day is read twice when each of its distinct lines, twenty or more, stands an even number of times: overlapping
    exports leave that trace, honest repeats of an order line do not. Of an order in two files, each line counts as
    often as in the file that has it most often.
    """
    parsed = parsed.rename(parse_rule="rule")
    more = keep(parsed.group_by("whole").agg(n=_.count()).filter(_.n > 1), "more")
    no = ibis.literal(False)
    single = {"nth": ibis.literal(1, "int64"), "copy_of_day": no, "copy_of_file": no, "in_two_files": no}
    if not more.count().execute():
        return parsed.mutate(**single)
    again = keep(parsed.join(more, "whole"), "again")  # few as a rule, and asked several times
    same = keep(_compare_repeats(parsed, again, has_files=has_files), "repeats")
    once = parsed.anti_join(more, "whole").mutate(**single)
    return once.union(same.select(*once.columns))


def _compare_repeats(parsed: Table, same: Table, *, has_files: bool) -> Table:
    """Return the rows that stand there more than once, numbered, and told whether they are copies."""
    within = ibis.window(group_by=same.whole, order_by=[same.file, same.line])
    same = same.mutate(nth=(ibis.row_number().over(within) + 1).cast("int64"))
    if has_files:
        in_file = ibis.window(group_by=[same.whole, same.file], order_by=same.line)
        same = same.mutate(nth_in_file=ibis.row_number().over(in_file))
        over_files = ibis.window(group_by=[same.whole, same.nth_in_file], order_by=same.file)
        both = same.file.min().over(group_by=same.whole) != same.file.max().over(group_by=same.whole)
        same = same.mutate(copy_of_file=ibis.row_number().over(over_files) > 0, in_two_files=both).drop("nth_in_file")
    else:
        same = same.mutate(copy_of_file=ibis.literal(False), in_two_files=ibis.literal(False))
    every = parsed.group_by("order_date").agg(rows=_.count())
    again = same.group_by("order_date").agg(
        rows=_.count(), different=_.count(where=_.nth == 1), odd=_.count(where=_.n % 2 == 1)
    )
    days = (
        every.join(again, ["order_date", "rows"])
        .filter((_.different >= LEAST_LINES_OF_A_DAY) & (_.odd == 0))
        .select("order_date", is_twice=ibis.literal(True))
    )
    same = same.left_join(days, "order_date").drop("order_date_right")
    return same.mutate(copy_of_day=same.is_twice.fill_null(False) & (same.nth * 2 > same.n)).drop("is_twice", "n")


def _sign_returns(rows: Table, job: Job) -> Table:
    """Take off the money of returns that are returns by their type, status or sheet and written without a minus."""
    told = ibis.literal(False)
    if job.read.return_types:
        told |= rows.order_type.isin(job.read.return_types)
    if job.read.return_statuses:
        told |= is_of_status(rows, rows.order_status, job.read.return_statuses)
    if job.read.return_sources:
        told |= is_of_source(rows, job.read.return_sources)
    if not (job.read.return_types or job.read.return_statuses or job.read.return_sources):
        return rows.mutate(turned=told)
    quantity = rows.quantity if "quantity" in rows.columns else rows.amount
    turned = (told & (rows.amount > 0) & (quantity >= 0)).fill_null(False)
    signed = [name for name in ("amount", "quantity", "cost", "paid_amount") if name in rows.columns]
    return rows.mutate(turned=turned, **{name: ibis.ifelse(turned, -rows[name], rows[name]) for name in signed})


def _write(value: Value) -> Value:
    """Return a value as text, a number without the zeros that its type adds."""
    return value.cast("string").re_replace(r"\.?0+$", "") if value.type().is_decimal() else value.cast("string")


def _choose(rule: Value, values: Mapping[str, Value], kind: str) -> Value:
    if not values:
        return ibis.null(kind)
    return ibis.cases(*[(rule == name, value) for name, value in values.items()], else_=ibis.null(kind))


def count_days_ahead(lines: Table, limit: dt.date) -> Table:
    """Return one row: how many lines lie after a day, the last day up to it, and how many lines there are."""
    late = lines.order_date > limit
    return lines.aggregate(stray=_.count(where=late), before=_.order_date.max(where=~late), rows=_.count())


def find_split_orders(rows: Table, *, per_day: bool) -> Table:
    """Return the orders that stand in more than one file, with lines that the other has not, on one day or at all.

    Parameters
    ----------
    rows : of ``Judged``
    per_day : whether the lines must be of one day

    Returns
    -------
    Table
        One row per order: customer_id, order_id, the first file and its first line, another file, rows and amount.
    """
    key = ["customer_id", "order_id"] + ["order_date"] * per_day
    own = rows.filter(rows.rule.isnull() & ~rows.in_two_files)
    return (
        own.group_by(key)
        .agg(
            files=_.file.nunique(),
            file=_.file.min(),
            other=_.file.max(),
            line=_.line.min(),
            rows=_.count(),
            amount=_.amount.sum(),
        )
        .filter(_.files > 1)
        .order_by("file", "line", "order_id")
    )
