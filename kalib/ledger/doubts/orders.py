"""What is an order, and does money stand there more than once? Doubts about numbers, repeats, totals and joins."""

from __future__ import annotations

from collections.abc import Iterator

import ibis
from ibis import _

from kalib.ledger.doubts.doubt import Doubt, Reading, as_is, in_yaml
from kalib.ledger.doubts.scene import Scene
from kalib.ledger.doubts.vocabulary import header_is
from kalib.ledger.orders import is_sale
from kalib.words.told import told

LEAST_ROWS = 12
"""Fewer rows show no pattern."""
LINES_A_DAY, LINES_A_DAY_ALONE, LEAST_ROWS_ALONE = 1.2, 3, 60
"""So many rows a customer and day, each under a number of its own, and the number is doubted: fewer where its header or a common
beginning speaks for it."""
LEAST_DAYS = 5
MOST = 0.95
REPEATED = 0.3
"""Such a share of the rows stands there already: honest order lines repeat far less."""
JOINED = 0.2
MANY_CUSTOMERS = 5
_LINE_PART = r"^(.+?)[-_/.# ][A-Za-z]{0,2}0*[0-9]{1,4}$"


def find_lines(scene: Scene) -> Iterator[Doubt]:
    """Doubt an order number that is the number of a line: nearly every row has its own."""
    if not scene.job.columns.order_id or scene.job.read.order_pattern:
        return
    facts, used = scene.facts, scene.used
    if facts["sales"] < LEAST_ROWS or facts["numbers"] < 0.98 * facts["sales"]:
        return
    sold = used.filter(is_sale(used))
    days = int(sold.group_by("customer_id", "order_date").agg(n=_.count()).count().execute())
    prefixes = sold.mutate(prefix=sold.order_id.re_extract(_LINE_PART, 1).nullif(""))
    found = (
        prefixes.aggregate(numbers=prefixes.prefix.nunique(), filled=prefixes.prefix.count())
        .to_pyarrow()
        .to_pylist()[0]
    )
    has_prefix = (found["filled"] or 0) >= MOST * facts["sales"] and (found["numbers"] or 0) * LINES_A_DAY <= facts[
        "sales"
    ]
    is_line = header_is("line", scene.job.columns.order_id)
    if days < LEAST_DAYS:
        return
    several = LINES_A_DAY if has_prefix or is_line else LINES_A_DAY_ALONE
    if facts["sales"] < several * days or (facts["sales"] < LEAST_ROWS_ALONE and not (has_prefix or is_line)):
        return
    readings = []
    if has_prefix:
        per = used.mutate(order_id=ibis.coalesce(used.order_id.re_extract(_LINE_PART, 1).nullif(""), used.order_id))
        readings.append(
            Reading(
                "prefix",
                told("what stands before the last sign is the order, the rest is the line"),
                (f"read.order_pattern: '{_LINE_PART}'",),
                **scene.measure(per),
            )
        )
    by_day = used.mutate(order_id=used.order_date.cast("string"))
    readings.append(
        Reading("day", told("one order per customer and day"), ("settled.order_is_line: day",), **scene.measure(by_day))
    )
    yield Doubt(
        "order_is_line",
        told(
            "Column {header}: {numbers:,} numbers in {rows:,} rows, while customers have only {days:,} days with a row: it may number lines, not orders.",
            header=scene.job.columns.order_id,
            numbers=int(facts["numbers"]),
            rows=int(facts["sales"]),
            days=days,
        ),
        (*readings, as_is("order_is_line", told("each row is an order"), **scene.base)),
        count=int(facts["sales"]),
        share=1.0,
        column=scene.job.columns.order_id,
        first=scene.first(is_sale(used), used.order_id),
        stands=not (
            has_prefix or is_line
        ),  # a busy customer may order often: told, where nothing else speaks for lines
    )


def find_placeholders(scene: Scene) -> Iterator[Doubt]:
    """Doubt order numbers that many customers have on many days, such as 0 or PHONE."""
    if not scene.job.columns.order_id:
        return
    orders = scene.orders
    shared = orders.group_by("order_id").agg(
        customers=_.customer_id.nunique(), lines=_.lines.sum(), days=_["first"].nunique()
    )
    many = shared.filter((shared.customers >= MANY_CUSTOMERS) & (shared.days >= MANY_CUSTOMERS))
    rows = many.order_by(ibis.desc("customers"), "order_id").limit(50).to_pyarrow().to_pylist()
    usual = _usual_customers(scene) if rows else 0
    found = [row for row in rows if row["customers"] >= MANY_CUSTOMERS * max(usual, 1)]
    if not found:
        return
    values = [row["order_id"] for row in found]
    used = scene.used
    hit = used.order_id.isin(values)
    count, money, share = scene.share(hit)
    per_day = used.mutate(order_id=ibis.ifelse(hit, used.order_date.cast("string"), used.order_id))
    yield Doubt(
        "order_placeholder",
        told(
            "Column {header}: {values} stand with up to {customers:,} customers each, where a number has {usual:.1f} on average: they may be no numbers.",
            header=scene.job.columns.order_id,
            values=", ".join(values[:5]),
            customers=found[0]["customers"],
            usual=usual,
        ),
        (
            Reading(
                "placeholder",
                told("no number: one order per customer and day"),
                (f"read.order_placeholders: {in_yaml(values)}",),
                **scene.measure(per_day),
            ),
            as_is("order_placeholder", told("numbers like any other"), **scene.base),
        ),
        count=count,
        money=money,
        share=share,
        column=scene.job.columns.order_id,
        first=scene.first(hit, used.order_id),
        values=tuple(values),
        stands=not scene.matters(hit),
    )


def _usual_customers(scene: Scene) -> float:
    return scene.facts["numbered"] / max(scene.facts["numbers"], 1)


def find_shared(scene: Scene) -> Iterator[Doubt]:
    """Tell that order numbers belong to several customers: each of them counts the number as an order of its own."""
    facts = scene.facts
    if not scene.job.columns.order_id or facts["numbered"] <= 1.01 * facts["numbers"]:
        return
    if facts["numbers"] <= 1:
        return
    yield Doubt(
        "order_shared",
        told(
            "Column {header}: {orders:,} orders of customers have {numbers:,} numbers: a number of several customers counts once for each.",
            header=scene.job.columns.order_id,
            orders=int(facts["numbered"]),
            numbers=int(facts["numbers"]),
        ),
        (as_is("order_shared", told("each customer has an order of its own"), **scene.base),),
        count=int(facts["numbered"] - facts["numbers"]),
        column=scene.job.columns.order_id,
        stands=True,
    )


def find_totals_on_lines(scene: Scene) -> Iterator[Doubt]:
    """Doubt an amount that is the same on all lines of each order: the order's total, written on every line."""
    facts, mapped = scene.facts, scene.job.columns.mapped
    if not {"order_id", "amount"} <= set(mapped):
        return
    several, same = facts["several"], facts["same"]
    if several < 2 or same < MOST * several or facts["amounts"] < min(2, same):
        return
    sounds = header_is("gross", mapped["amount"])
    if several < 5 and not sounds:
        return
    used = scene.used
    sold = is_sale(used)
    nth = ibis.row_number().over(
        group_by=[used.customer_id, used.order_id, sold], order_by=[used.file, used.line, used.whole]
    )
    once = used.mutate(nth=nth, sold=sold).filter(lambda t: ~t.sold | (t.nth == 0))
    figures = scene.measure(once)
    yield Doubt(
        "order_total_on_lines",
        told(
            "Column {header} is the same on all lines of {same:,} of {several:,} orders of several lines. If it is the order's total, it counts once for each line.",
            header=mapped["amount"],
            same=int(same),
            several=int(several),
        ),
        (
            Reading(
                "once",
                told("it is the order's total, and counts once"),
                ("settled.order_total_on_lines: once",),
                **figures,
            ),
            as_is("order_total_on_lines", told("each line has that money"), **scene.base),
        ),
        count=int(facts["lines_of_same"]),
        money=round(scene.base["net_sales"] - figures["net_sales"], 2),
        share=abs(scene.base["net_sales"] - figures["net_sales"]) / scene.money,
        column=mapped["amount"],
        first=scene.first(sold, used.amount),
    )


def find_headers(scene: Scene) -> Iterator[Doubt]:
    """Doubt orders in which one row is the sum of the others: the order's own row beside those of its goods."""
    facts, mapped = scene.facts, scene.job.columns.mapped
    if not {"order_id", "amount"} <= set(mapped) or facts["several"] < 3:
        return
    if facts["headed"] < MOST * facts["several"] or not facts["headed_of_three"]:
        return
    used = scene.used
    order = ["customer_id", "order_id"]
    amount_of_order = used.amount.sum().over(group_by=order)
    marked = used.mutate(  # in three steps: no window may stand within another
        is_sum=(used.amount * 2 == amount_of_order).fill_null(False),
        lines_of_order=used.amount.count().over(group_by=order),
    )
    lacks = [marked["product"].notnull()] if "product" in used.columns else []
    nth = ibis.row_number().over(group_by=[*order, "is_sum"], order_by=[*lacks, "file", "line", "whole"])
    marked = marked.mutate(nth_of_kind=nth)
    marked = marked.mutate(is_head=marked.is_sum & (marked.lines_of_order > 1) & (marked.nth_of_kind == 0))
    figures = scene.measure(marked.filter(~marked.is_head))
    yield Doubt(
        "header_and_items",
        told(
            "In {headed:,} of {several:,} orders of several rows, one row has the money of all others together: the order's own row beside those of its goods.",
            headed=int(facts["headed"]),
            several=int(facts["several"]),
        ),
        (
            Reading("items", told("the order's own row is left out"), ("settled.header_and_items: items",), **figures),
            as_is("header_and_items", told("each row is a line"), **scene.base),
        ),
        count=int(facts["headed"]),
        money=round(scene.base["net_sales"] - figures["net_sales"], 2),
        share=abs(scene.base["net_sales"] - figures["net_sales"]) / scene.money,
        column=mapped["amount"],
        first=scene.first(used.amount > 0, used.amount),
    )


def find_repeats(scene: Scene) -> Iterator[Doubt]:
    """Doubt a source of which a good part stands there twice, row for row."""
    if scene.job.read.duplicates != "judge":
        return
    used = scene.used
    hit = used.met_duplicate_kept
    count, money, share = scene.share(hit)
    rows = int(scene.profile["rows"].sum())
    if rows < 2 * LEAST_ROWS or count < REPEATED * rows:
        return
    yield Doubt(
        "rows_twice",
        told("{count:,} of {rows:,} rows stand there already, the same in every column.", count=count, rows=rows),
        (
            Reading("once", told("each counts once"), ("read.duplicates: drop",), **scene.figures(without=hit)),
            Reading("as_is", told("they are lines of their own"), ("read.duplicates: keep",), **scene.base),
        ),
        count=count,
        money=money,
        share=share,
        first=scene.first(hit),
    )


def find_joins(scene: Scene) -> Iterator[Doubt]:
    """Doubt lines that stand there again beside another value: a join that gave each line once for each of something else."""
    mapped = scene.job.columns.mapped
    if not {"order_id", "product"} <= set(mapped):
        return
    used = scene.used
    same = [
        name
        for name in ("customer_id", "order_id", "order_date", "product", "quantity", "amount")
        if name in used.columns
    ]
    groups = used.filter(~used.met_duplicate_kept & is_sale(used)).group_by(*same).agg(n=_.count())
    found = groups.aggregate(rows=groups.n.sum(), more=(groups.n - 1).sum()).to_pyarrow().to_pylist()[0]
    rows, more = int(found["rows"] or 0), int(found["more"] or 0)
    if rows < LEAST_ROWS or more < JOINED * rows:
        return
    nth = ibis.row_number().over(group_by=[used[name] for name in same], order_by=[used.file, used.line, used.whole])
    marked = used.mutate(again=(nth > 0))
    figures = scene.measure(marked.filter(~marked.again))
    yield Doubt(
        "lines_repeated",
        told(
            "{more:,} of {rows:,} lines stand there already with the same order, goods and money, and differ in another column only: as where tables were joined.",
            more=more,
            rows=rows,
        ),
        (
            Reading("once", told("each line counts once"), ("settled.lines_repeated: once",), **figures),
            as_is("lines_repeated", told("they are lines of their own"), **scene.base),
        ),
        count=more,
        money=round(scene.base["net_sales"] - figures["net_sales"], 2),
        share=abs(scene.base["net_sales"] - figures["net_sales"]) / scene.money,
        column=mapped["product"],
        first=scene.first(used.amount > 0, used.order_id),
    )
