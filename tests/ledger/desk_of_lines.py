"""Order lines as features read them, drawn or given, as a table of an engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr.types import Table

TYPES = {
    "customer_id": pa.string(),
    "order_id": pa.string(),
    "order_date": pa.date32(),
    "amount": pa.decimal128(30, 10),
    "is_return": pa.bool_(),
    "quantity": pa.decimal128(19, 4),
    "product": pa.string(),
    "category": pa.string(),
    "cost": pa.decimal128(30, 10),
    "discount": pa.decimal128(30, 10),
    "due_date": pa.date32(),
    "paid_date": pa.date32(),
    "paid_amount": pa.decimal128(30, 10),
}
Row = dict[str, object]


def put(rows: Iterable[Row], *, without: Iterable[str] = (), con: ibis.BaseBackend | None = None) -> Table:
    """Return the lines as a table of an engine, the embedded one if none is given; what a row lacks is null."""
    rows = list(rows)
    types = {name: kind for name, kind in TYPES.items() if name not in set(without)}
    columns = {name: pa.array([row.get(name) for row in rows], kind) for name, kind in types.items()}
    con = con or ibis.duckdb.connect()
    return con.create_table("lines", pa.table(columns), overwrite=True)


def sale(customer: str, order: str, day: str | dt.date, amount: str | int, **more: object) -> Row:
    """Return a line; it is a return where its amount is below zero."""
    date = dt.date.fromisoformat(day) if isinstance(day, str) else day
    money = {
        name: Decimal(str(more.pop(name)))
        for name in tuple(more)
        if name in ("quantity", "cost", "discount", "paid_amount")
    }
    dates = {name: dt.date.fromisoformat(more.pop(name)) for name in tuple(more) if name in ("due_date", "paid_date")}
    amount = Decimal(str(amount))
    row = {"customer_id": customer, "order_id": order, "order_date": date, "amount": amount, "is_return": amount < 0}
    return row | money | dates | more


def draw(
    seed: int, *, customers: int = 4, lines: int = 40, start: dt.date = dt.date(2022, 1, 1), days: int = 1100
) -> list[Row]:
    """Draw a log in which orders last several days, returns cancel and do not, and little else is regular."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for number in range(lines):
        customer = f"c{rng.integers(customers)}"
        if rows and rng.random() < 0.35:  # money back, for a line of the past more often than not
            past = rows[rng.integers(len(rows))]
            if rng.random() < 0.8 and not past["is_return"]:
                late = int(rng.choice([0, 0, 1, 3, 40, 400]))
                rows.append(
                    past | {
                        "order_id": str(rng.choice([past["order_id"], f"r{number}"])),
                        "order_date": past["order_date"] + dt.timedelta(days=late),
                        "amount": -past["amount"], "cost": -past["cost"], "quantity": -past["quantity"],
                        "is_return": True, "discount": None,
                        "due_date": None if rng.random() < 0.5 else past["due_date"], "paid_date": None, "paid_amount": None,
                    }
                )  # fmt: skip
                continue
        date = start + dt.timedelta(days=int(rng.integers(days)))
        back = rng.random() < 0.1
        sign = -1 if back else 1
        quantity = int(rng.choice([1, 1, 2, 5]))
        amount = Decimal(quantity) * Decimal(int(rng.choice([0, 100, 100, 250, 999, 12345]))) / 100
        due = date + dt.timedelta(days=30)
        paid = date + dt.timedelta(days=int(rng.integers(0, 120)))
        rows.append({
            "customer_id": customer, "order_id": f"o{rng.integers(lines // 2)}", "order_date": date, "amount": sign * amount,
            "is_return": back, "quantity": Decimal(sign * quantity), "product": rng.choice(["p", "q", "s", None], p=[0.4, 0.3, 0.2, 0.1]),
            "category": rng.choice(["a", "b", None]), "cost": sign * amount * Decimal("0.75"),
            "discount": None if rng.random() < 0.5 else Decimal(int(rng.integers(500))) / 100,
            "due_date": None if rng.random() < 0.2 else due, "paid_date": None if rng.random() < 0.3 else paid,
            "paid_amount": None if rng.random() < 0.5 else amount / 2,
        })  # fmt: skip
    return rows
