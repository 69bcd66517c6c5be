"""Who is the customer? Doubts about walk-in customers, totals under a customer's name, and the column itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
from ibis import _
from ibis.expr.types import Table

from kalib.ledger.doubts.doubt import Doubt, Reading, as_is, in_yaml
from kalib.ledger.doubts.orders import LEAST_ROWS
from kalib.ledger.doubts.scene import Scene
from kalib.ledger.doubts.vocabulary import BLANK_WORDS, REPEATED_DIGITS, TOTAL_OF, fold, header_is, is_nobody
from kalib.words.told import Told, told

NOBODY_ORDERS = 0.02
"""A number such as 99999 is only doubted where it has such a share of the rows."""
MOST_NAMED = 0.9
"""Another column must name the customers of such a share of the money."""
CENT = 0.011
LEAST_ALONE = 50
"""From so many customers on, each with one order, the column is doubted though no other looks better."""


@dataclass(frozen=True)
class Names:
    """The customers of a source by name: customer_id, rows, money, and how many of the rows lack an order number."""

    table: pd.DataFrame

    def blank_words(self) -> tuple[str, ...]:
        """Return the names that stand for no customer."""
        short = self.table[self.table["customer_id"].str.len() <= 14]["customer_id"]
        return tuple(name for name in short if name.strip().casefold() in BLANK_WORDS)

    def totals(self) -> pd.DataFrame:
        """Return the names that say total of something: customer_id, of, rows, money, lacking, known, base_money."""
        lower = self.table["customer_id"].str.lower()
        looks = lower.str.contains(_ANY_TOTAL, regex=True)
        found = self.table[looks].copy()
        found["of"] = [_total_of(name) for name in found["customer_id"]]
        found = found[found["of"].notna()]
        money = dict(zip(lower.str.strip(), self.table["money"], strict=True))
        found["base_money"] = [money.get(name) for name in found["of"]]
        return found


_ANY_TOTAL = r"total|sum[me]|subtot|gesamt|ergebnis|计|計|计|계|soma|suma|somme|result"


def _total_of(name: str) -> str | None:
    match = re.match(TOTAL_OF, name.strip().lower())
    return next((group.strip() for group in match.groups() if group), None) if match else None


def read_names(parsed: Table) -> Names:
    """Return the customers of parsed rows, each once."""
    rows = parsed.filter(parsed.rule.isnull() & parsed.customer_id.notnull())
    lacks = rows.order_id.isnull() if "order_id" in rows.columns else None
    if "product" in rows.columns:
        lacks = lacks | rows["product"].isnull() if lacks is not None else rows["product"].isnull()
    table = rows.group_by("customer_id").agg(
        rows=_.count(), money=_.amount.sum().cast("float64"), **({"lacking": lacks.sum()} if lacks is not None else {})
    )
    frame = table.to_pandas()
    return Names(frame.assign(lacking=frame.get("lacking", 0)))


def find_subtotals(names: Names) -> tuple[tuple[str, ...], pd.DataFrame]:
    """Return the totals that add up to what they say they are of, which are none of the customers; and those that may be."""
    found = names.totals()
    if found.empty:
        return (), found
    proven = (found["base_money"] - found["money"]).abs() <= CENT
    rest = found[~proven]
    others = names.table[~names.table["customer_id"].isin(found["customer_id"])]
    sums = abs(rest["money"].sum() - others["money"].sum()) <= CENT and len(rest) > 1
    if sums:  # by month or by region: together they are all there is
        return tuple(found["customer_id"]), rest.head(0)
    lacking = (rest["lacking"] == rest["rows"]) & (others["lacking"].sum() < 0.05 * max(others["rows"].sum(), 1))
    doubtful = rest[lacking] if len(rest) < 2 else rest
    return tuple(found.loc[proven, "customer_id"]), doubtful


def doubt_subtotals(scene: Scene, names: Names) -> Iterator[Doubt]:
    """Doubt customers that are called total of something."""
    _, rest = find_subtotals(names)
    yield from _ask_to_leave_out(
        scene,
        "subtotal_rows",
        rest["customer_id"].tolist(),
        told("{values}: {count:,} rows look like totals of other rows, under a customer's name."),
        left_out=told("totals: they are left out"),
        kept=told("customers like any other"),
    )


def doubt_nobody(scene: Scene, names: Names) -> Iterator[Doubt]:
    """Doubt customers that stand for all whom nobody knows, such as 99999, Walk-in or 散客."""
    table = names.table
    rows = max(int(table["rows"].sum()), 1)
    alike = table["customer_id"].str.fullmatch(r"[A-Za-z]{0,4}[-_]?\d{1,12}")
    numbers = [
        row.customer_id
        for row in table[alike].itertuples()
        if REPEATED_DIGITS.fullmatch(fold(row.customer_id))
        and row.rows >= max(NOBODY_ORDERS * rows, 3)
        and len(table) > 2
    ]
    if numbers:
        usual = table.loc[~table["customer_id"].isin(numbers), "rows"].median()
        numbers = [name for name in numbers if int(table.set_index("customer_id").loc[name, "rows"]) > 2 * usual]
    words = [name for name in table.loc[~alike, "customer_id"] if len(name) <= 40 and is_nobody(name)]
    yield from _ask_to_leave_out(
        scene,
        "walk_in",
        [*words, *numbers],
        told(
            "{values} may stand for customers whom nobody knows (walk-in, cash sales): {count:,} rows, {share:.1%} of the money, as one account."
        ),
        left_out=told("no account: left out of customers, and told with its money"),
        kept=told("an account like any other"),
        others=_by_other_column(scene),
    )


def _by_other_column(scene: Scene) -> list[Reading]:
    """Return the readings by which another column names the customers, such as the e-mail of guests."""
    used, customers = scene.used, int(scene.facts["customers"])
    found = []
    for one in scene.columns("customer"):
        theirs = used.mutate(customer_id=used[one.name]).filter(used[one.name].notnull())
        figures = scene.measure(theirs)
        if figures["customers"] > customers and figures["net_sales"] >= MOST_NAMED * scene.base["net_sales"]:
            says = told("column {header} is the customer", header=one.header)
            found.append(Reading("column", says, (f"columns.customer_id: {in_yaml(one.header)}",), **figures))
    return found


def _ask_to_leave_out(
    scene: Scene,
    name: str,
    customers: Iterable[str],
    says: Told,
    *,
    left_out: Told,
    kept: Told,
    others: Sequence[Reading] = (),
) -> Iterator[Doubt]:
    """Doubt customers that the job may list under ``leave_out.customers``, those that it lists already aside.

    ``says`` has places for values, count and share, as far as it names them.
    """
    listed = scene.job.leave_out.customers
    values = [customer for customer in customers if customer not in listed]
    if not values:
        return
    hit = scene.used.customer_id.isin(values)
    count, money, share = scene.share(hit)
    if not count:
        return
    facts = {"values": ", ".join(values[:5]), "count": count, "share": share}
    yield Doubt(
        name,
        Told(says.text, {place: fact for place, fact in facts.items() if f"{{{place}" in says.text}),
        (
            Reading(
                "left_out",
                left_out,
                (f"leave_out.customers: {in_yaml([*listed, *values])}",),
                **scene.figures(without=hit),
            ),
            *others,
            as_is(name, kept, **scene.base),
        ),
        count=count,
        money=money,
        share=share,
        column=scene.job.columns.customer_id,
        first=scene.first(hit, scene.used.customer_id),
        values=tuple(values),
        stands=not scene.matters(hit),
    )


def doubt_column(scene: Scene) -> Iterator[Doubt]:
    """Doubt a customer column that is no customer: one value, one with each order, a cashier, an account of the ledger."""
    used, facts = scene.used, scene.facts
    header = scene.job.columns.customer_id
    candidates = scene.columns("customer")
    counts = (
        used.aggregate(**{one.name: used[one.name].nunique() for one in candidates}).to_pyarrow().to_pylist()[0]
        if candidates
        else {}
    )
    customers, orders = int(facts["customers"]), int(facts["orders"])
    one_to_one = (
        bool(scene.job.columns.order_id)
        and customers == orders == int(facts["numbers"])
        and customers >= LEAST_ROWS
        and facts["lines"] >= customers
    )
    better = [
        one
        for one in candidates
        if (one_to_one and 1 < counts[one.name] < 0.8 * customers)
        or (customers == 1 and counts[one.name] > 1)
        or (header_is("not_customer", header) and counts[one.name] > customers)
    ]
    if not better and not one_to_one:
        return
    readings = [
        Reading(
            "column",
            told("column {header} is the customer", header=one.header),
            (f"columns.customer_id: {in_yaml(one.header)}",),
            **scene.measure(used.mutate(customer_id=used[one.name]).filter(used[one.name].notnull())),
        )
        for one in better
    ]
    if not better and orders < LEAST_ALONE:
        return
    said = (
        told("each of the {customers:,} customers has exactly one order", customers=customers)
        if one_to_one
        else told("it has {customers:,} values", customers=customers)
    )
    others = ", ".join(f"{one.header} ({counts[one.name]:,})" for one in better)
    yield Doubt(
        "customer_unclear",
        told("Column {header} may not be the customer: {said}. {others}", header=header, said=said, others=others),
        (*readings, as_is("customer_unclear", told("column {header} is the customer", header=header), **scene.base)),
        count=int(facts["lines"]),
        share=1.0,
        column=header,
        first=scene.first(used.amount > 0, used.customer_id),
        stands=not better and not one_to_one,
    )
