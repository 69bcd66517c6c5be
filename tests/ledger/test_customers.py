"""Every column of the customers table: by hand, once more in plain Python, and without a look ahead in a thousand logs."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import statistics
from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from kalib.ledger import customers, features, returns
from kalib.schema import COLUMNS
from tests.depth import seeds
from tests.standing import Line, find_standing, pair_lines

from .desk_of_lines import Row, draw, put, sale

AS_OF = dt.date(2024, 6, 30)
YEAR = 365


@dataclass(frozen=True)
class Log:
    """Order lines with the contacts and costs beside them."""

    lines: list[Row]
    contacts: list[Row]
    costs: list[Row]


CONTACTS = {
    "customer_id": pa.string(),
    "contact_date": pa.date32(),
    "hours": pa.decimal128(30, 10),
    "cost": pa.decimal128(30, 10),
}
COSTS = {"customer_id": pa.string(), "period_start": pa.date32(), "period_end": pa.date32(), **dict.fromkeys(("rebates", "logistics"), pa.decimal128(30, 10))}  # fmt: skip


def build(log: Log, dates: list[dt.date], *, without: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return the customers table of a log, as the ledger makes it."""
    con = ibis.duckdb.connect()
    lines = put(log.lines, without=without, con=con)
    beside = {
        name: con.create_table(name, pa.table({k: pa.array([row.get(k) for row in rows], t) for k, t in types.items()}))
        for name, rows, types in (("contacts", log.contacts, CONTACTS), ("costs", log.costs, COSTS))
    }
    pairs = con.create_table("pairs", returns.pair(lines))
    cancelled = con.create_table("cancelled", returns.match(lines, returns.void(lines, pairs)))
    days = con.create_table("days", features.days(lines))
    table = customers.customers(days, dates, cancelled=cancelled, lines=lines, pairs=pairs, **beside)
    customers.check_one_row(table)
    return table.to_pandas()


def of_lines(*lines: Row, as_of: dt.date = AS_OF, **beside: list[Row]) -> pd.DataFrame:
    log = Log(list(lines), beside.get("contacts", []), beside.get("costs", []))
    return build(log, [as_of]).set_index("customer_id")


def test_every_column_stands_in_the_glossary():
    table = build(Log(draw(1), [], []), [AS_OF])
    assert set(table.columns) <= set(COLUMNS)
    assert {"as_of", "customer_id", "gap_days", "silence_ratio", "orders_next_90_days_last_year"} <= set(table.columns)
    for name, kind in table.dtypes.items():
        whole = name.startswith("orders") or name in (
            "order_days",
            "order_months",
            "products_365_days",
            "contacts_365_days",
        )
        assert not whole or kind == "int64", name


def test_what_the_source_lacks_is_absent():
    lacks = ("cost", "quantity", "product", "category", "discount", "due_date")
    table = build(Log([sale("ann", "1", "2024-01-01", 5)], [], []), [AS_OF], without=lacks)
    assert not [
        name
        for name in table
        if any(word in name for word in ("margin", "units", "product", "categor", "discount", "price", "overdue"))
    ]


def test_a_cancelled_order_is_none_from_then_on():
    lines = [sale("ann", "1", "2024-01-01", 10), sale("ann", "2", "2024-01-11", 20), sale("ann", "3", "2024-01-31", 30)]
    table = build(
        Log([*lines, sale("ann", "r", "2024-03-01", -20)], [], []), [dt.date(2024, 2, 29), dt.date(2024, 3, 1)]
    )
    assert table[["orders", "order_days", "gap_days", "net_sales"]].values.tolist() == [[3, 3, 15, 60], [2, 2, 30, 40]]
    last = build(Log([*lines, sale("ann", "r", "2024-03-01", -30)], [], []), [dt.date(2024, 3, 1)]).iloc[0]
    assert (str(last.last_order_date.date()), last.days_since_last_order, last.lines_per_order) == ("2024-01-11", 50, 1)


def test_a_customer_whose_only_order_was_cancelled_has_none():
    ann = of_lines(sale("ann", "1", "2024-01-01", 10), sale("ann", "2", "2024-01-01", -10)).loc["ann"]
    assert (ann.orders, ann.net_sales, ann.gross_sales, ann.returns) == (0, 0, 10, 10)
    assert pd.isna(ann.last_order_date)
    assert pd.isna(ann.net_sales_per_order)


def test_gaps_by_hand():
    days = ("2024-01-01", "2024-01-11", "2024-01-31", "2024-02-10", "2024-04-10")
    ann = of_lines(*(sale("ann", day, day, 1) for day in days)).loc["ann"]  # gaps 10, 20, 10, 60
    assert (ann.gap_days, ann.median_gap_days, ann.order_months) == (25, 15, 3)
    spread = statistics.stdev([10, 20, 10, 60])
    assert ann.regularity == pytest.approx((25 - spread) / (25 + spread), abs=1e-6)
    even = of_lines(*(sale("ann", day, day, 1) for day in days[:2]), sale("ann", "9", "2024-01-21", 1)).loc["ann"]
    assert even.regularity == 1


def test_trend_by_hand():
    # the last 180 days begin on 3 January 2024, the 180 before on 7 July 2023
    lines = [
        sale("ann", "1", "2023-07-07", 30),
        sale("ann", "2", "2024-01-02", 20),
        sale("ann", "3", "2024-01-03", 150),
        sale("ann", "4", "2023-07-01", 40),
    ]
    ann = of_lines(*lines).loc["ann"]
    assert ann.net_sales_trend == pytest.approx((150 - 50) / 200)
    assert math.isnan(
        ann.net_sales_change
    )  # its first order lies within the year before: a part of that year is no measure
    old = of_lines(*lines, sale("ann", "0", "2022-07-01", 1)).loc["ann"]  # 730 days back
    assert old.net_sales_change == pytest.approx(200 / 40 - 1)
    assert math.isnan(of_lines(*lines, sale("ann", "0", "2022-07-02", 1)).loc["ann"].net_sales_change)


def test_goods_by_hand():
    ann = [
        sale("ann", "1", "2024-01-01", 30, product="pot", category="a", quantity=3),
        sale("ann", "1", "2024-01-01", 10, product="pan", category="a", quantity=1),
    ]
    bob = [
        sale("bob", "2", "2024-01-02", 16, product="pot", category="a", quantity=2),
        sale("bob", "2", "2024-01-02", 4, product="lid", category="b", quantity=1),
    ]
    cho = [
        sale("cho", "3", "2024-01-03", 12, product="pot", category="a", quantity=1),
        sale("cho", "4", "2022-01-01", 5, product="lid", category="b", quantity=1),
    ]
    table = of_lines(*ann, *bob, *cho)
    assert table.products_365_days.to_dict() == {"ann": 2, "bob": 2, "cho": 1}
    assert table.categories_365_days.to_dict() == {"ann": 1, "bob": 2, "cho": 1}
    assert table.largest_product_share_365_days.to_dict() == {"ann": 0.75, "bob": 0.8, "cho": 1}
    assert table.loc["ann", "product_concentration_365_days"] == 0.625
    # ann paid 10 a pot; the others 28 for 3. Nobody else bought a pan or, within the year, a lid.
    assert table.loc["ann", "price_against_peers_365_days"] == pytest.approx(30 / (3 * 28 / 3))
    assert table.loc["bob", "price_against_peers_365_days"] == pytest.approx(16 / (2 * 42 / 4))
    # the log reaches back to 2022: pots and pans are new, lids are not
    assert table.new_products_share_365_days.to_dict() == {"ann": 1, "bob": 0.8, "cho": 1}


def test_a_log_too_young_knows_no_new_products():
    # the year begins on 2 July 2023; the log must reach back to 2 July 2022
    old = sale("bob", "1", "2022-07-03", 5, product="pan")
    assert of_lines(old, sale("ann", "2", "2024-01-01", 5, product="pot")).new_products_share_365_days.isna().all()
    older = old | {"order_date": dt.date(2022, 7, 2)}
    assert (
        of_lines(older, sale("ann", "2", "2024-01-01", 5, product="pot")).loc["ann", "new_products_share_365_days"] == 1
    )


def test_a_mistaken_price_that_was_cancelled_is_nobodys_price():
    lines = [
        sale("ann", "1", "2024-01-01", 10, product="pot", quantity=1),
        sale("bob", "2", "2024-01-01", 10, product="pot", quantity=1),
    ]
    wrong = [
        sale("bob", "3", "2024-01-02", 9999, product="pot", quantity=1),
        sale("bob", "3", "2024-01-05", -9999, product="pot", quantity=-1),
    ]
    assert of_lines(*lines, *wrong).loc["ann", "price_against_peers_365_days"] == 1
    before = of_lines(*lines, *wrong, as_of=dt.date(2024, 1, 4)).loc["ann", "price_against_peers_365_days"]
    assert before == pytest.approx(2 * 10 / 10009, abs=1e-6)


def test_discounts_by_hand():
    ann = of_lines(
        sale("ann", "1", "2024-01-01", 90, discount=10), sale("ann", "2", "2022-01-01", 60, discount=40)
    ).loc["ann"]
    assert (ann.discounts, ann.discount_share, ann.discount_share_365_days) == (50, 0.25, 0.1)


def test_payments_by_hand():
    lines = [
        sale("ann", "1", "2024-01-01", 100, due_date="2024-02-01", paid_date="2024-02-11"),  # ten days late
        sale("ann", "2", "2024-03-01", 300, due_date="2024-04-01", paid_date="2024-03-31", paid_amount=150),  # a day early, half
        sale("ann", "3", "2024-03-01", 50, due_date="2024-04-01", paid_date="2024-07-01"),  # later than anyone knows
        sale("ann", "4", "2024-06-01", 70, due_date="2024-06-30"),  # due today: not overdue
        sale("ann", "5", "2024-06-01", 900, due_date="2024-07-01"),  # not due
        sale("ann", "6", "2024-05-01", -20),  # a credit, due at once
        sale("ann", "7", "2024-05-01", 5),  # cash, perhaps
    ]  # fmt: skip
    ann = of_lines(*lines).loc["ann"]
    assert ann.collection_rate == pytest.approx(250 / (100 + 300 + 50 + 70 - 20))
    assert ann.days_late == pytest.approx((100 * 10 - 150) / 250)
    assert ann.overdue_amount == 150 + 50 - 20


def test_contacts_and_costs_by_hand():
    def visit(day: str, hours: str, cost: str) -> Row:
        return {
            "customer_id": "ann",
            "contact_date": dt.date.fromisoformat(day),
            "hours": Decimal(hours),
            "cost": Decimal(cost),
        }

    def period(start: str, end: str, rebates: str) -> Row:
        return {
            "customer_id": "ann",
            "period_start": dt.date.fromisoformat(start),
            "period_end": dt.date.fromisoformat(end),
            "rebates": Decimal(rebates),
        }

    visits = [
        visit("2023-07-01", "8", "80"),
        visit("2023-07-02", "1.5", "10.50"),
        visit("2024-06-01", "1", "10"),
        visit("2024-07-01", "9", "90"),
    ]
    periods = [
        period("2023-06-01", "2023-06-30", "64"),
        period("2023-07-01", "2023-07-31", "1"),
        period("2024-06-01", "2024-06-30", "2"),
        period("2024-06-15", "2024-07-14", "4"),
    ]
    table = of_lines(
        sale("ann", "1", "2024-01-01", 5), sale("bob", "2", "2024-01-01", 5), contacts=visits, costs=periods
    )
    ann, bob = table.loc["ann"], table.loc["bob"]
    assert (ann.contacts_365_days, ann.contact_hours_365_days, ann.contact_cost_365_days) == (2, 2.5, 20.5)
    assert (ann.days_since_last_contact, ann.costs_365_days, ann.cost_to_serve_365_days) == (29, 3, 23.5)
    assert (bob.contacts_365_days, bob.cost_to_serve_365_days) == (0, 0)
    assert pd.isna(bob.days_since_last_contact)


def test_cents_survive_beside_a_hundred_million_millions():
    many = [sale("ann", str(n), "2024-01-05", "0.01", cost="0.01") for n in range(100)]
    big = sale("ann", "x", "2024-01-05", 10**14), sale("ann", "y", "2024-01-05", -(10**14), product="other")
    for lines in ([*many, *big], [*big, *many], [big[0], *many, big[1]]):
        ann = of_lines(*lines).loc["ann"]
        assert (ann.net_sales, ann.net_sales_365_days, ann.margin) == (1.0, 1.0, 0.0)
        assert ann.gross_sales == 100_000_000_000_001.0


# --- a second way -------------------------------------------------------------------------------------------------


def cents(value: Decimal) -> float:
    return float(Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP))


def standing_orders(known: list[Row]) -> tuple[dict[str, dict[str, dt.date]], list[Row]]:
    """Return the orders that stand, by customer and number, with their days; and the sales that no return has taken."""
    names = ("customer_id", "order_id", "order_date", "product", "quantity", "amount", "is_return")
    lines = [Line(*(row[name] for name in names)) for row in known]
    numbers = [line.o for line in lines]
    taken = pair_lines(lines, numbers)
    firsts: dict[str, dict[str, dt.date]] = defaultdict(dict)
    for one in find_standing(lines, numbers):
        if one.until is None:
            firsts[one.c][one.o] = one.d
    return firsts, [row for place, row in enumerate(known) if not row["is_return"] and place not in taken]


def share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def second_way(log: Log, as_of: dt.date) -> dict[str, dict[str, object]]:
    """Return the customers table of a date, from what was known then, one customer at a time."""
    known = [row for row in log.lines if row["order_date"] <= as_of]
    standing_firsts, standing = standing_orders(known)
    year_start = as_of - dt.timedelta(days=YEAR - 1)
    year = [row for row in standing if row["order_date"] >= year_start and row["product"] is not None]
    sold_before = {row["product"] for row in known if row["order_date"] < year_start and not row["is_return"]}
    long_enough = min(row["order_date"] for row in log.lines) <= year_start - dt.timedelta(days=YEAR)
    bought: dict[tuple, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    buyers: dict[str, set[str]] = defaultdict(set)
    for row in year:
        bought[row["customer_id"], row["product"]][0] += row["amount"]
        bought[row["customer_id"], row["product"]][1] += row["quantity"]
    for (customer, product), (paid, units) in bought.items():
        if paid > 0 and units > 0:
            buyers[product].add(customer)
    by_customer: dict[str, list[Row]] = defaultdict(list)
    for row in known:
        by_customer[row["customer_id"]].append(row)
    found = {}
    for customer, rows in by_customer.items():
        out: dict[str, object] = {}
        firsts = standing_firsts[customer]
        days = sorted(set(firsts.values()))
        gaps = [(b - a).days for a, b in itertools.pairwise(days)]
        age = {id(row): (as_of - row["order_date"]).days for row in rows}

        def money(what: str, low: int = 0, high: int = 10**6, rows: list[Row] = rows, age: dict = age) -> Decimal:
            kept = [row for row in rows if low <= age[id(row)] < high]
            if what == "margin":
                return sum((row["amount"] - row["cost"] for row in kept), Decimal(0))
            if what == "gross":
                return sum((row["amount"] for row in kept if row["amount"] > 0), Decimal(0))
            if what == "discount":
                return sum((row["discount"] or Decimal(0) for row in kept if not row["is_return"]), Decimal(0))
            return sum((row["amount"] for row in kept), Decimal(0))

        def orders(low: int, high: int, firsts: dict[str, dt.date] = firsts) -> int:
            return sum(low <= (as_of - day).days < high for day in firsts.values())

        out["orders"], out["order_days"] = len(firsts), len(days)
        out["order_months"] = len({(day.year, day.month) for day in days})
        out["first_order_date"], out["last_order_date"] = (days[0], days[-1]) if days else (None, None)
        out["days_since_last_order"] = (as_of - days[-1]).days if days else None
        out["tenure_days"] = (as_of - days[0]).days if days else None
        out["gap_days"] = statistics.mean(gaps) if gaps else None
        out["median_gap_days"] = statistics.median(gaps) if gaps else None
        spread = statistics.stdev(gaps) if len(gaps) > 1 else None
        out["gap_days_spread"] = spread
        out["regularity"] = (
            None if spread is None else (statistics.mean(gaps) - spread) / (statistics.mean(gaps) + spread)
        )
        out["silence_ratio"] = out["days_since_last_order"] / statistics.mean(gaps) if gaps else None
        for what in ("net_sales", "margin"):
            out[what] = cents(money(what))
            for window in (30, 90, 180, 365):
                out[f"{what}_{window}_days"] = cents(money(what, 0, window))
                out[f"{what}_{window}_days_last_year"] = cents(money(what, YEAR, YEAR + window))
        for window in (30, 90, 180, 365):
            out[f"orders_{window}_days"] = orders(0, window)
            out[f"orders_{window}_days_last_year"] = orders(YEAR, YEAR + window)
        out["orders_next_90_days_last_year"] = orders(275, 365)
        out["gross_sales"] = cents(money("gross"))
        out["returns"] = cents(money("gross") - money("net"))
        out["returns_365_days"] = cents(money("gross", 0, YEAR) - money("net", 0, YEAR))
        out["returns_365_days_last_year"] = cents(money("gross", YEAR, 2 * YEAR) - money("net", YEAR, 2 * YEAR))
        out["returns_share"] = share(out["returns"], out["gross_sales"])
        late, before = (max(float(money("net", low, low + 180)), 0) for low in (0, 180))
        out["net_sales_trend"] = share(late - before, late + before)
        year_before = out["net_sales_365_days_last_year"]
        whole = days and (as_of - days[0]).days >= 730  # a part of a year before is none
        out["net_sales_change"] = share(out["net_sales_365_days"] - year_before, year_before) if whole else None
        out["net_sales_per_order"] = share(out["net_sales"], len(firsts))
        sold = [row for row in rows if not row["is_return"]]
        void = {row["order_id"] for row in sold if row["amount"] > 0} - firsts.keys()
        out["lines_per_order"] = share(sum(row["order_id"] not in void for row in sold), len(firsts))
        units = sum(abs(row["quantity"]) * (-1 if row["is_return"] else 1) for row in rows)
        out["units_per_order"] = share(float(units), len(firsts))
        for end, high in (("", 10**6), ("_365_days", YEAR)):
            taken = money("discount", 0, high)
            out[f"discounts{end}"] = cents(taken)
            out[f"discount_share{end}"] = share(float(taken), float(taken + money("gross", 0, high)))
        for what, plural in (("product", "products"), ("category", "categories")):
            net: dict[str, Decimal] = defaultdict(Decimal)
            for row in rows:
                if age[id(row)] < YEAR and row[what] is not None:
                    net[row[what]] += row["amount"]
            kept = [float(value) for value in net.values() if value > 0]
            out[f"{plural}_365_days"] = len(kept)
            out[f"largest_{what}_share_365_days"] = max(kept) / sum(kept) if kept else None
            out[f"{what}_concentration_365_days"] = sum((value / sum(kept)) ** 2 for value in kept) if kept else None
        mine = {product: pair for (who, product), pair in bought.items() if who == customer}
        total = float(sum(paid for paid, _ in mine.values()))
        new = float(sum(paid for product, (paid, _) in mine.items() if product not in sold_before))
        out["new_products_share_365_days"] = share(new, total) if long_enough else None
        paid_for, expected = 0.0, 0.0
        for product, (paid, units) in mine.items():
            others = buyers[product] - {customer}
            if paid > 0 and units > 0 and others:
                theirs = [bought[other, product] for other in others]
                mean = float(sum(p for p, _ in theirs)) / float(sum(u for _, u in theirs))
                paid_for, expected = paid_for + float(paid), expected + float(units) * mean
        out["price_against_peers_365_days"] = share(paid_for, expected)
        invoiced = collected = overdue = weight = late_money = Decimal(0)
        terms_known = False
        for row in rows:
            due = row["due_date"] or (row["order_date"] if row["is_return"] else None)
            if due is None:
                continue
            terms_known = True
            is_paid = row["paid_date"] is not None and row["paid_date"] <= as_of
            paid = (row["amount"] if row["paid_amount"] is None else row["paid_amount"]) if is_paid else Decimal(0)
            if paid > 0 and not row["is_return"]:
                weight, late_money = weight + paid, late_money + paid * (row["paid_date"] - due).days
            invoiced, collected = (
                (invoiced + row["amount"], collected + paid) if due <= as_of else (invoiced, collected)
            )
            overdue += row["amount"] - paid if due < as_of else 0
        out["collection_rate"] = share(cents(collected), cents(invoiced))
        out["days_late"], out["overdue_amount"] = share(float(late_money), float(weight)), None
        if terms_known:
            out["overdue_amount"] = max(cents(overdue), 0.0)
        visits = [row for row in log.contacts if row["customer_id"] == customer and row["contact_date"] <= as_of]
        of_year = [row for row in visits if (as_of - row["contact_date"]).days < YEAR]
        out["contacts_365_days"] = len(of_year)
        out["contact_hours_365_days"] = cents(sum((row["hours"] for row in of_year), Decimal(0)))
        out["contact_cost_365_days"] = cents(sum((row["cost"] for row in of_year), Decimal(0)))
        out["days_since_last_contact"] = min(((as_of - row["contact_date"]).days for row in visits), default=None)
        ended = [
            row for row in log.costs if row["customer_id"] == customer and 0 <= (as_of - row["period_end"]).days < YEAR
        ]
        out["costs_365_days"] = cents(sum((row["rebates"] + row["logistics"] for row in ended), Decimal(0)))
        out["cost_to_serve_365_days"] = round(out["costs_365_days"] + out["contact_cost_365_days"], 2)
        found[customer] = out
    return found


def draw_logs(seeds: range, *, lines: int = 40) -> Log:
    """Draw many logs as one: their customers and products have nothing in common."""
    every = Log([], [], [])
    for seed in seeds:
        rng = np.random.default_rng(seed)
        for row in draw(seed, lines=lines):
            product = row["product"] and f"{seed}-{row['product']}"
            every.lines.append(row | {"customer_id": f"{seed}-{row['customer_id']}", "product": product})
        for _ in range(8):
            who = f"{seed}-c{rng.integers(4)}"
            day = dt.date(2022, 1, 1) + dt.timedelta(days=int(rng.integers(1100)))
            figures = [Decimal(int(x)) / 100 for x in rng.integers(0, 10_000, 4)]
            every.contacts.append({"customer_id": who, "contact_date": day, "hours": figures[0], "cost": figures[1]})
            end = day + dt.timedelta(days=int(rng.integers(0, 90)))
            every.costs.append(
                {
                    "customer_id": who,
                    "period_start": day,
                    "period_end": end,
                    "rebates": figures[2],
                    "logistics": figures[3],
                }
            )
    return every


def check_second_way(seeds: range, dates: list[dt.date]) -> None:
    log = draw_logs(seeds)
    table = build(log, dates)
    compared = set()
    for date in dates:
        found = table[pd.to_datetime(table.as_of).dt.date == date].set_index("customer_id")
        wanted = second_way(log, date)
        assert set(found.index) == set(wanted)
        frame = pd.DataFrame.from_dict(wanted, orient="index").loc[found.index]
        assert set(frame.columns) == set(found.columns) - {"as_of"}
        for name in frame:
            one, other = found[name], frame[name]
            if name.endswith("_date"):
                one, other = (pd.to_datetime(x).astype("datetime64[s]") for x in (one, other))
                assert one.equals(other), name
                continue
            one, other = one.astype(float), other.astype(float)
            compared |= {name} if one.notna().any() else set()
            np.testing.assert_allclose(one, other, rtol=1e-7, atol=2e-6, err_msg=name)
    assert compared == {name for name in frame if not name.endswith("_date")}


def test_every_column_a_second_way():
    check_second_way(range(60), [AS_OF, dt.date(2024, 1, 1)])


@pytest.mark.deep
def test_every_column_a_second_way_at_length():
    check_second_way(range(1000, 1600), [AS_OF, dt.date(2023, 12, 31), dt.date(2022, 3, 1)])


# --- nothing from the future --------------------------------------------------------------------------------------


def disturb(log: Log, after: dt.date, seed: int) -> Log:
    """Return the log with what lies after a day added to, changed and removed; what was known by then stays."""
    rng = np.random.default_rng(seed)

    def later() -> dt.date:
        return after + dt.timedelta(days=int(rng.integers(1, 400)))

    lines: list[Row] = []
    for row in log.lines:
        if row["order_date"] > after:
            fate = rng.random()
            if fate < 0.3:
                continue
            if fate < 0.6:
                row = row | {
                    "amount": -row["amount"] * 3,
                    "is_return": row["amount"] > 0,
                    "order_date": later(),
                    "product": "new",
                }
        elif rng.random() < 0.5 and (row["paid_date"] is None or row["paid_date"] > after):
            row = row | {"paid_date": later(), "paid_amount": row["amount"] * 5}  # paid at last, or never
        lines.append(row)
        if (
            rng.random() < 0.3
        ):  # what would cancel it, go on with its order, and sell its product for the first time or once more
            back = {"is_return": True, "discount": None, "paid_date": None, "paid_amount": None}
            if not row["is_return"]:
                lines.append(
                    row
                    | back
                    | {
                        "amount": -row["amount"],
                        "quantity": -row["quantity"],
                        "order_date": max(later(), row["order_date"]),
                    }
                )
            lines.append(
                row | {"order_date": later(), "is_return": False, "amount": abs(row["amount"]) + 1, "paid_date": None}
            )
    contacts = [row for row in log.contacts if row["contact_date"] <= after or rng.random() < 0.5]
    contacts += [row | {"contact_date": later()} for row in log.contacts if rng.random() < 0.3]
    costs = [row if row["period_end"] <= after else row | {"rebates": Decimal(77)} for row in log.costs]
    costs += [row | {"period_end": later()} for row in log.costs if rng.random() < 0.3]
    mixed = [list(rows) for rows in (lines, contacts, costs)]
    for rows in mixed:
        rng.shuffle(rows)
    return Log(*mixed)


def check_no_future(seeds: range, date: dt.date) -> None:
    log = draw_logs(seeds, lines=24)
    one, other = build(log, [date]), build(disturb(log, date, seeds.start), [date])
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert len({customer.partition("-")[0] for customer in one.customer_id}) > 0.9 * len(seeds)  # some begin later


def test_what_comes_later_enters_no_column():
    check_no_future(seeds(range(10_000, 10_200), range(10_000, 11_000)), dt.date(2024, 1, 1))


@pytest.mark.deep
@pytest.mark.parametrize("date", [dt.date(2022, 6, 30), dt.date(2023, 5, 5), AS_OF])
def test_what_comes_later_enters_no_column_at_any_date(date):
    check_no_future(range(20_000, 21_000), date)


def test_the_disturbance_is_seen_later():
    """The comparison can fail: every column that may differ at a later date does."""
    log = draw_logs(range(200), lines=24)
    after = dt.date(2024, 1, 1)
    late = [after + dt.timedelta(days=days) for days in (300, 500)]
    one, other = build(log, late), build(disturb(log, after, 1), late)
    both = one.merge(other, on=["as_of", "customer_id"], suffixes=("", "_other"))
    same = [name for name in one if name not in ("as_of", "customer_id") and both[name].equals(both[f"{name}_other"])]
    assert same == []
