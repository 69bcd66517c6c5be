"""What can a Parquet file hold? Every type that a warehouse writes, folders of partitions, and files that broke."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
from case import LOG, Case, Content, Met, Refused, Row, Used

DAYS = [dt.date.fromisoformat(row.day) for row in LOG]
AMOUNTS = [Decimal(row.amount) for row in LOG]
CUSTOMERS = [row.customer for row in LOG]
ORDERS = [row.order for row in LOG]


def _table(**changes: pa.Array | None) -> pa.Table:
    """Return the log as a typed table, some of its columns in another type."""
    columns: dict[str, pa.Array | None] = {
        "customer": pa.array(CUSTOMERS),
        "order": pa.array(ORDERS),
        "day": pa.array(DAYS, pa.date32()),
        "amount": pa.array(AMOUNTS, pa.decimal128(12, 2)),
        **changes,
    }
    return pa.table({name: column for name, column in columns.items() if column is not None})


def stored(table: pa.Table, **options: object) -> bytes:
    """Return a table as the bytes of a Parquet file."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def _lazy(**changes: pa.Array | None) -> Callable[[], bytes]:
    return lambda: stored(_table(**changes))


def _parquet(
    name: str, content: Content, *verdicts: Used | Refused, file: str = "orders.parquet", **job: object
) -> Case:
    columns = job.pop("columns", None)
    return Case(name, {file: content}, verdicts, job=job, columns=columns)


def _stamps(texts: list[str], unit: str, zone: str | None) -> pa.Array:
    return pa.array([dt.datetime.fromisoformat(text) for text in texts], pa.timestamp(unit, zone))


def _folder(
    name: str, key: str, *verdicts: Used | Refused, keep: bool = False, values: dict[str, str] | None = None
) -> Case:
    """Return a case whose rows are spread over folders ``key=value``, with the column in the path only."""
    files: dict[str, Content] = {}
    texts = [(values or {}).get(text, text) for text in (getattr(row, key) for row in LOG)]
    for text in dict.fromkeys(texts):
        part = _table().filter(pa.array([other == text for other in texts]))
        files[f"orders/{key}={text}/part-0.parquet"] = stored(part if keep else part.drop_columns([key]))
    return Case(name, files, verdicts, source="orders")


def _by_month() -> Case:
    files: dict[str, Content] = {}
    for month in range(1, 7):
        part = _table().filter(pa.array([day.month == month for day in DAYS]))
        if part.num_rows:
            files[f"orders/year=2025/month={month}/part-0.parquet"] = stored(part)
    return Case("parquet-folder-by-month", files, [Used()], source="orders")


GOOD = stored(_table())
MANY = stored(pa.concat_tables([_table()] * 3000), compression="none")
BY_PRICE = {
    "customer_id": "customer",
    "order_id": "order",
    "order_date": "day",
    "quantity": "quantity",
    "unit_price": "price",
}
TINY = [row._replace(amount="30000") for row in LOG]
UTC_EVENING = [f"{day - dt.timedelta(days=1)}T16:30:00+00:00" for day in DAYS]  # half past midnight in Shanghai
BEFORE_DST = [
    "2025-03-29T23:30:00+00:00",
    "2025-03-30T22:59:59+00:00",
    "2025-03-30T23:00:00+00:00",
    "2025-06-15T22:30:00+00:00",
    "2025-06-15T23:30:00+00:00",
    "2025-01-15T23:59:59+00:00",
    "2025-01-16T00:00:00+00:00",
]
LONDON_DAYS = ["2025-03-29", "2025-03-30", "2025-03-31", "2025-06-15", "2025-06-16", "2025-01-15", "2025-01-16"]
DICTIONARY = pa.array(CUSTOMERS).dictionary_encode()
NUMBERED = {"C01": "10001", "C02": "10002", "C03": "10003"}
NUMBERED_LOG = [row._replace(customer=NUMBERED[row.customer]) for row in LOG]
LONG_IDS = {"C01": "9007199254740993", "C02": "9007199254740992", "C03": "9223372036854775807"}
ZEROS = {"C01": "007", "C02": "07", "C03": "7"}


def _ids(names: dict[str, str], kind: pa.DataType) -> pa.Array:
    return pa.array([int(names[customer]) for customer in CUSTOMERS], kind)


CASES = [
    _parquet("parquet-typed", GOOD, Used()),
    _parquet(
        "parquet-all-text",
        _lazy(day=pa.array([row.day for row in LOG]), amount=pa.array([row.amount for row in LOG])),
        Used(),
    ),
    _parquet(
        "parquet-text-with-dirt",
        lambda: stored(
            pa.table(
                {
                    name: [*(getattr(row, name) for row in LOG), bad]
                    for name, bad in (("customer", "C01"), ("order", "1007"), ("day", "2025-06-02"), ("amount", "n/a"))
                }
            )
        ),
        Used(aside=1, met=[Met("number_unreadable", 1, 8, "amount", "n/a")]),
    ),
    _parquet("parquet-large-text", _lazy(customer=pa.array(CUSTOMERS, pa.large_string())), Used()),
    _parquet("parquet-dictionary-ids", _lazy(customer=DICTIONARY), Used()),
    _parquet(
        "parquet-int-ids",
        _lazy(customer=_ids(NUMBERED, pa.int64()), order=pa.array([int(order) for order in ORDERS], pa.int32())),
        Used(NUMBERED_LOG),
    ),
    _parquet(  # what pandas makes of whole numbers as soon as one is missing
        "parquet-float-ids",
        lambda: stored(
            pa.concat_tables(
                [
                    _table(customer=_ids(NUMBERED, pa.int64()).cast(pa.float64())),
                    _table(customer=pa.nulls(7, pa.float64())).slice(0, 1),
                ]
            )
        ),
        Used(NUMBERED_LOG, aside=1, met=[Met("customer_missing", 1, 8)]),
    ),
    _parquet(
        "parquet-ids-beyond-floats",
        _lazy(customer=_ids(LONG_IDS, pa.int64())),
        Used([row._replace(customer=LONG_IDS[row.customer]) for row in LOG]),
    ),
    _parquet(
        "parquet-float-ids-too-long",
        _lazy(customer=pa.array([1.2345678901234567e19] * 7)),
        Refused(["customer", "e+19|E+19|12345678901234567"], rule="customer_mangled"),
        Refused(["customer"]),
    ),
    _parquet(
        "parquet-decimal-ids",
        _lazy(customer=pa.array([Decimal(NUMBERED[customer]) for customer in CUSTOMERS], pa.decimal128(20, 0))),
        Used(NUMBERED_LOG),
    ),
    _parquet("parquet-float-money", _lazy(amount=pa.array([float(amount) for amount in AMOUNTS])), Used()),
    _parquet(
        "parquet-float32-money",
        _lazy(amount=pa.array([float(amount) for amount in AMOUNTS], pa.float32())),
        Used(),
        Refused(["amount"]),
    ),
    _parquet(  # a tenth, three hundred times
        "parquet-float-tenths",
        lambda: stored(
            pa.table(
                {
                    "customer": ["C01"] * 300,
                    "order": [str(n) for n in range(300)],
                    "day": [DAYS[0]] * 300,
                    "amount": [0.1] * 300,
                }
            )
        ),
        Used([Row("C01", str(number), "2025-01-31", "0.1") for number in range(300)]),
    ),
    _parquet(
        "parquet-float-nan-and-infinity",
        lambda: stored(
            pa.concat_tables(
                [
                    _table(amount=pa.array([float(amount) for amount in AMOUNTS])),
                    _table(amount=pa.array([float("nan"), float("inf"), float("-inf"), 1e300, 0, 0, 0])).slice(0, 4),
                ]
            )
        ),
        Used(aside=4, met=[Met("number_missing|number_unreadable", None)]),
    ),
    _parquet(
        "parquet-int-money",
        _lazy(amount=pa.array([1, 2, 3, 4, 5, 6, 7], pa.uint8())),
        Used([row._replace(amount=str(number)) for number, row in enumerate(LOG, 1)]),
    ),
    _parquet(
        "parquet-int8-quantity",
        _lazy(amount=None, quantity=pa.array([100] * 7, pa.int8()), price=pa.array([300] * 7, pa.int16())),
        Used(TINY),
        columns=BY_PRICE,
    ),
    _parquet(
        "parquet-uint-quantity-negative-price",
        _lazy(
            amount=None,
            quantity=pa.array([3] * 7, pa.uint64()),
            price=pa.array([Decimal("-0.10")] * 7, pa.decimal128(4, 2)),
        ),
        Used([row._replace(amount="-0.30") for row in LOG]),
        Used(aside=7),
        Refused(["price"]),
        Refused(["quantity"]),
        Refused(["no row|none|nothing"]),
        columns=BY_PRICE,
    ),
    _parquet(
        "parquet-wide-decimals",
        _lazy(amount=pa.array([amount.scaleb(-4) for amount in AMOUNTS], pa.decimal128(38, 12))),
        Used([row._replace(amount=str(Decimal(row.amount).scaleb(-4))) for row in LOG]),
    ),
    _parquet("parquet-decimal-256", _lazy(amount=pa.array(AMOUNTS, pa.decimal256(60, 2))), Used(), Refused(["amount"])),
    _parquet(
        "parquet-cents-beside-1e14",
        _lazy(
            amount=pa.array(
                [
                    Decimal("100000000000000.00"),
                    Decimal("0.01"),
                    Decimal("1"),
                    Decimal("-100000000000000.00"),
                    *AMOUNTS[4:],
                ],
                pa.decimal128(20, 2),
            )
        ),
        Used(
            [
                LOG[0]._replace(amount="100000000000000.00"),
                LOG[1]._replace(amount="0.01"),
                LOG[2]._replace(amount="1"),
                LOG[3]._replace(amount="-100000000000000.00"),
                *LOG[4:],
            ],
            unsettled=["C01"],
        ),
    ),
    _parquet(
        "parquet-timestamps-nanoseconds",
        _lazy(day=_stamps([f"{day}T23:59:59.999999" for day in DAYS], "ns", None)),
        Used(),
    ),
    _parquet(
        "parquet-timestamps-utc-in-shanghai",
        _lazy(day=_stamps(UTC_EVENING, "us", "UTC")),
        Used(),
        timezone="Asia/Shanghai",
    ),
    _parquet(
        "parquet-timestamps-zone-of-its-own",
        _lazy(day=_stamps(UTC_EVENING, "ms", "Asia/Shanghai")),
        Used(),
        timezone="Asia/Shanghai",
    ),
    _parquet(
        "parquet-timestamps-summer-time",
        _lazy(day=_stamps(BEFORE_DST, "us", "UTC")),
        Used([row._replace(day=day) for row, day in zip(LOG, LONDON_DAYS, strict=True)]),
        timezone="Europe/London",
    ),
    _parquet(
        "parquet-naive-timestamps-stay",
        _lazy(day=_stamps([f"{day}T23:30:00" for day in DAYS], "us", None)),
        Used(),
        timezone="Asia/Shanghai",
    ),
    _parquet("parquet-date64", _lazy(day=pa.array(DAYS, pa.date64())), Used()),
    _parquet(
        "parquet-serial-days",
        _lazy(day=pa.array([(day - dt.date(1899, 12, 30)).days for day in DAYS], pa.int32())),
        Refused(["day|order_date", "date_format", "45688"]),
    ),
    _parquet(
        "parquet-serial-days-declared",
        _lazy(day=pa.array([(day - dt.date(1899, 12, 30)).days for day in DAYS], pa.int32())),
        Used(),
        read={"date_format": "excel"},
    ),
    _parquet(
        "parquet-days-as-whole-numbers",
        _lazy(day=pa.array([int(row.day.replace("-", "")) for row in LOG], pa.int32())),
        Used(),
        Refused(["day|order_date"]),
    ),
    _parquet(
        "parquet-epoch-seconds",
        _lazy(day=pa.array([1738281600 + number for number in range(7)], pa.int64())),
        Refused(["day|order_date"]),
    ),
    _parquet(
        "parquet-time-of-day",
        _lazy(day=pa.array([dt.time(10, number) for number in range(7)], pa.time64("us"))),
        Refused(["day|order_date"], rule="column_kind"),
        Refused(["day|order_date"]),
    ),
    _parquet("parquet-boolean-money", _lazy(amount=pa.array([True] * 7)), Refused(["amount"])),
    _parquet("parquet-list-mapped", _lazy(amount=pa.array([[1.0]] * 7)), Refused(["amount"], rule="column_kind")),
    _parquet(
        "parquet-struct-mapped",
        _lazy(customer=pa.array([{"id": customer} for customer in CUSTOMERS])),
        Refused(["customer"], rule="column_kind"),
    ),
    _parquet(
        "parquet-nested-not-mapped",
        _lazy(
            items=pa.array([[{"sku": "a", "n": 1}]] * 7),
            tags=pa.array([[("k", "v")]] * 7, pa.map_(pa.string(), pa.string())),
        ),
        Used(),
    ),
    _parquet(
        "parquet-binary-ids",
        _lazy(customer=pa.array([customer.encode() for customer in CUSTOMERS], pa.binary())),
        Used(),
        Refused(["customer"]),
    ),
    _parquet(
        "parquet-binary-not-text",
        _lazy(customer=pa.array([b"\xff\xfe\x00" + customer.encode() for customer in CUSTOMERS], pa.binary())),
        Refused(["customer"]),
    ),
    _parquet("parquet-null-column", _lazy(amount=pa.nulls(7)), Refused(["amount"])),
    _parquet(
        "parquet-nulls-in-rows",
        lambda: stored(
            pa.concat_tables(
                [
                    _table(),
                    _table(amount=pa.array([None] * 7, pa.decimal128(12, 2))).slice(0, 1),
                    _table(day=pa.array([None] * 7, pa.date32())).slice(0, 1),
                ]
            )
        ),
        Used(aside=2, met=[Met("number_missing", 1, 8, "amount"), Met("date_missing", 1, 9, "order_date")]),
    ),
    _parquet(
        "parquet-dates-far-off",
        lambda: stored(
            pa.concat_tables(
                [
                    _table(),
                    _table(
                        day=pa.array(
                            [dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(1900, 1, 1), *DAYS[3:]], pa.date32()
                        )
                    ).slice(0, 3),
                ]
            )
        ),
        Used(aside=3, met=[Met("date_sentinel|date_impossible", None)]),
    ),
    _parquet(
        "parquet-no-rows",
        lambda: stored(_table().slice(0, 0)),
        Refused(["no row|no order|without a row|nothing|empty"]),
    ),
    _parquet("parquet-no-columns", lambda: stored(pa.table({})), Refused(["customer|column|empty|no row"])),
    _parquet(
        "parquet-column-missing", _lazy(amount=None, betrag=pa.array(AMOUNTS)), Refused(["amount", "betrag", "columns"])
    ),
    _parquet(
        "parquet-columns-differ-in-capitals", _lazy(Amount=pa.array([Decimal("1.00")] * 7)), Used(), Refused(["mount"])
    ),
    _parquet(
        "parquet-capitals-first",
        lambda: stored(
            pa.table({"AMOUNT": [Decimal("1.00")] * 7})
            .append_column("customer", pa.array(CUSTOMERS))
            .append_column("order", pa.array(ORDERS))
            .append_column("day", pa.array(DAYS))
            .append_column("amount", pa.array(AMOUNTS))
        ),
        Used(),
        Refused(["mount"]),
    ),
    _parquet(
        "parquet-column-twice",
        lambda: stored(
            pa.table(
                [
                    pa.array(CUSTOMERS),
                    pa.array(ORDERS),
                    pa.array(DAYS),
                    pa.array(AMOUNTS),
                    pa.array([Decimal("1.00")] * 7),
                ],
                names=["customer", "order", "day", "amount", "amount"],
            )
        ),
        Refused(["amount"]),
    ),
    _parquet("parquet-cut", GOOD[:-20], Refused(["damaged|cut|Parquet|parquet"])),
    _parquet("parquet-cut-in-the-middle", MANY[: len(MANY) // 2], Refused(["damaged|cut|Parquet|parquet"])),
    _parquet("parquet-garbage", b"PAR1" + bytes(range(256)) * 4 + b"PAR1", Refused(["damaged|Parquet|parquet"])),
    _parquet("parquet-magic-only", b"PAR1PAR1", Refused(["damaged|Parquet|parquet"])),
    _parquet("parquet-huge-footer-length", GOOD[:-8] + b"\xff\xff\xff\x7fPAR1", Refused(["damaged|Parquet|parquet"])),
    _parquet(
        "parquet-overwritten-pages",
        MANY[:2000] + b"\xff" * 3000 + MANY[5000:],
        Refused(["damaged|Parquet|parquet|read"]),
    ),
    _parquet(
        "parquet-overwritten-footer",
        GOOD[:-120] + b"\xfe" * 60 + GOOD[-60:],
        Refused(["damaged|Parquet|parquet|read"]),
        Used(),
    ),
    _parquet("parquet-empty-file", b"", Refused(["empty|no byte|nothing"])),
    _parquet(
        "csv-called-parquet",
        "customer,order,day,amount\nC01,1001,2025-01-31,10.00\n",
        Used(LOG[:1]),
        Refused(["arquet"]),
    ),
    _parquet("parquet-called-csv", GOOD, Used(), Refused(["arquet"]), file="orders.csv"),
    _parquet("parquet-several-groups", lambda: stored(_table(), row_group_size=2), Used()),
    _by_month(),
    _folder("parquet-folder-by-customer", "customer", Used(), Refused(["customer"])),
    _folder(
        "parquet-folder-leading-zeros",
        "customer",
        Used([row._replace(customer=ZEROS[row.customer]) for row in LOG], met=[Met("id_zeros", None)]),
        Refused(["customer"]),
        values=ZEROS,
    ),
    _folder("parquet-folder-key-in-both", "customer", Used(), Refused(["customer"]), keep=True),
    Case(
        "parquet-folder-of-other-types",
        {
            "orders/a.parquet": stored(_table().slice(0, 4)),
            "orders/b.parquet": stored(
                _table(
                    amount=pa.array([float(amount) for amount in AMOUNTS]),
                    customer=DICTIONARY,
                    day=_stamps([f"{day}T10:00:00" for day in DAYS], "ms", None),
                ).slice(4)
            ),
        },
        [Used(), Refused(["orders"])],
        source="orders",
    ),
    Case(
        "parquet-folder-of-other-order",
        {
            "orders/a.parquet": stored(_table().slice(0, 4)),
            "orders/b.parquet": stored(_table().select(["amount", "day", "customer", "order"]).slice(4)),
        },
        [Used()],
        source="orders",
    ),
    Case(
        "parquet-folder-lacking-a-column",
        {"orders/a.parquet": stored(_table().slice(0, 4)), "orders/b.parquet": stored(_table(amount=None).slice(4))},
        [Refused(["b.parquet", "amount"])],
        source="orders",
    ),
    Case(
        "parquet-folder-with-litter",
        {
            "orders/a.parquet": GOOD,
            "orders/_SUCCESS": b"",
            "orders/.a.parquet.crc": b"crc",
            "orders/_metadata.txt": "x",
        },
        [Used(), Refused(["_metadata.txt"])],
        source="orders",
    ),
    Case(
        "parquet-folder-with-one-cut",
        {"orders/a.parquet": stored(_table().slice(0, 4)), "orders/b.parquet": GOOD[:-30]},
        [Refused(["b.parquet"])],
        source="orders",
    ),
    Case("parquet-folder-empty", {"orders/_SUCCESS": b""}, [Refused(["orders"])], source="orders"),
    Case(
        "parquet-pattern",
        {"in/a.parquet": stored(_table().slice(0, 4)), "in/b.parquet": stored(_table().slice(4))},
        [Used()],
        source="in/*.parquet",
    ),
    Case(
        "parquet-and-csv",
        {
            "a.parquet": stored(_table().slice(0, 4)),
            "b.csv": "customer,order,day,amount\n" + "".join(",".join(row) + "\n" for row in LOG[4:]),
        },
        [Used(), Refused(["b.csv|a.parquet"])],
        source=["a.parquet", "b.csv"],
    ),
]
