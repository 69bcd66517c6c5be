"""Which sheets, files and rows are orders at all? Returns and plans beside the sales, hidden rows, cells written once, subtotals, footers."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence

from case import COLUMNS, Case, Doubted, Gives, Met, Row, Used, text_case, written
from cases_sheets import Cells, edited, sheets
from tongues import DE, EN, ES, FR, IT, JA, PT, ZH, Tongue, opposite, rows

# What came back, on paper of its own: another number, no minus; customers of the log.
BACK = {"en": "118.35", "zh": "3110.00", "de": "96.25", "fr": "141.50", "es": "87.40", "ja": "16800"}
LESS = {"en": "3889.55", "zh": "95465.50", "de": "4372.65", "fr": "4184.30", "es": "4126.85", "ja": "701730.00"}
MORE = {"en": "4599.65", "zh": "114125.50", "de": "4950.15", "fr": "5033.30", "es": "4651.25", "ja": "802530.00"}
RETURNS = {"en": "Returns", "zh": "退货", "de": "Retouren", "fr": "Retours", "es": "Devoluciones", "ja": "返品"}
SALES = {
    "en": "Sales",
    "zh": "销售",
    "de": "Verkäufe",
    "fr": "Ventes",
    "es": "Ventas",
    "ja": "売上",
    "pt": "Vendas",
    "it": "Vendite",
}
PLANS = {
    "en": "Plan 2025",
    "zh": "2025计划",
    "de": "Planung 2025",
    "fr": "Budget 2025",
    "es": "Presupuesto",
    "pt": "Orçamento",
    "it": "Previsione",
}


def _cells(tongue: Tongue, lines: Sequence[Row]) -> Cells:
    """Return rows as a sheet, with a header, days and numbers."""
    header = [tongue.headers[ours] for ours in ("customer_id", "order_id", "order_date", "amount")]
    return [
        header,
        *((row.customer, row.order or None, dt.date.fromisoformat(row.day), float(row.amount)) for row in lines),
    ]


def _book(tongue: Tongue, content: Mapping[str, Sequence[Row]]) -> Callable[[], bytes]:
    return lambda: sheets({name: _cells(tongue, lines) for name, lines in content.items()})


def _case(name: str, content: bytes | Callable[[], bytes], *verdicts: Used | Doubted, **job: object) -> Case:
    columns = job.pop("columns", None)
    return Case(name, {"orders.xlsx": content}, verdicts, job=job, columns=columns)


def _came_back(tongue: Tongue) -> list[Row]:
    """Return three rows of what was sent back, of three customers."""
    amount, buyers = BACK[tongue.code], list(dict.fromkeys(row.customer for row in tongue.log))
    days = ("2025-02-20", "2025-04-24", "2025-05-28")
    return [Row(customer, f"8{at}01", days[at], amount) for at, customer in enumerate(buyers[:3])]


def _planned(tongue: Tongue) -> list[Row]:
    """Return a plan of a round sum for each customer and quarter; it has no order numbers."""
    buyers = list(dict.fromkeys(row.customer for row in tongue.log))
    return [Row(customer, "", day, "9000.00") for day in ("2025-01-01", "2025-04-01") for customer in buyers]


def _returns(tongue: Tongue, *, apart: bool = False) -> Case:
    """A sheet, or a file, of returns with the headers of the sales and no minus."""
    back = _came_back(tongue)
    taken_off = [*tongue.log, *(row._replace(amount=opposite(row.amount)) for row in back)]
    more, less = MORE[tongue.code], LESS[tongue.code]
    verdict = Doubted("source_unclear", [Gives(more, 13), Gives(less, 10)], taken_off, net=less, orders=10)
    if apart:
        files = {"orders.csv": tongue.spell(), f"{RETURNS[tongue.code]}.csv": tongue.spell(back)}
        return Case(
            f"source-returns-file-{tongue.code}",
            files,
            [verdict],
            source=list(files),
            columns=tongue.columns(),
            job=tongue.dates,
        )
    book = _book(tongue, {SALES[tongue.code]: tongue.log, RETURNS[tongue.code]: back})
    return _case(f"source-returns-sheet-{tongue.code}", book, verdict, columns=tongue.columns())


def _plan(tongue: Tongue, *, apart: bool = False) -> Case:
    """A sheet, or a file, of a plan with the headers of the sales."""
    plan = _planned(tongue)
    verdict = Doubted(
        "source_unclear",
        [Gives(f"{float(tongue.net) + 72000:.2f}"), Gives(tongue.net, 10)],
        tongue.log,
        net=tongue.net,
        orders=10,
    )
    if apart:
        files = {"orders.csv": tongue.spell(), f"{PLANS[tongue.code]}.csv": tongue.spell(plan)}
        return Case(
            f"source-plan-file-{tongue.code}",
            files,
            [verdict],
            source=list(files),
            columns=tongue.columns(),
            job=tongue.dates,
        )
    book = _book(tongue, {SALES[tongue.code]: tongue.log, PLANS[tongue.code]: plan})
    return _case(f"source-plan-sheet-{tongue.code}", book, verdict, columns=tongue.columns())


def _like(tongue: Tongue, first: str, second: str) -> Case:
    """Two sheets that are both sales, whatever the second one's name begins with."""
    book = _book(tongue, {first: tongue.log[:7], second: tongue.log[7:]})
    name = re.sub(r"\W+", "-", second).lower() if second.isascii() else f"months-{tongue.code}"
    verdict = Used(tongue.log, net=tongue.net, orders=10, untold=["source_unclear"])
    return _case(f"source-more-of-the-same-{name}", book, verdict, columns=tongue.columns())


def _hidden(tongue: Tongue, *lines: int, filtered: bool = True) -> bytes:
    """Return the log as a sheet in which some lines are hidden by a filter."""

    def hide(xml: str) -> str:
        for line in lines:
            xml = re.sub(rf'(<row r="{line}"[^>]*?)(/?>)', r'\1 hidden="1"\2', xml, count=1)
        return xml.replace("</sheetData>", '</sheetData><autoFilter ref="A1:D13"/>') if filtered else xml

    return edited(sheets({SALES[tongue.code]: _cells(tongue, tongue.log)}), hide)


def _hidden_rows(tongue: Tongue, *, filtered: bool = True) -> Case:
    """Three rows out of sight: they are used, and told."""
    return _case(
        f"hidden-rows-{tongue.code}" + ("" if filtered else "-by-hand"),
        lambda: _hidden(tongue, 4, 5, 8, filtered=filtered),
        Used(tongue.log, net=tongue.net, orders=10, told=["rows_hidden"]),
        columns=tongue.columns(),
    )


# A customer above its orders, in a merged cell of two or three rows: customer, and per order number, day and amount.
BLOCKS = (
    ("A", (("501", "2025-01-09", "84.00"), ("502", "2025-02-13", "91.50"))),
    ("B", (("503", "2025-01-21", "240.00"), ("504", "2025-03-18", "255.00"), ("505", "2025-05-20", "262.40"))),
    ("C", (("506", "2025-02-06", "43.10"), ("507", "2025-04-10", "39.95"))),
    ("D", (("508", "2025-01-30", "128.75"), ("509", "2025-06-19", "131.25"))),
)
BLOCKS_NET, BLOCKS_HEADS = "1275.95", "495.85"  # all rows; those beside whose order the customer stands
BLOCKS_OF = {
    "en": ("Ashford Grange", "Bell Tower Inn", "Cove Bakery", "Dune Cafe"),
    "zh": ("安吉茶社", "白塔宾馆", "川香饭庄", "东湖花店"),
    "de": ("Adler Apotheke", "Bergbahn AG", "Café Rosa", "Dachdecker Ott"),
    "fr": ("Atelier Vert", "Bistrot Paul", "Cave Martin", "Droguerie Lys"),
    "ja": ("赤坂亭", "文月書店", "竹林荘", "大黒屋"),
}


def _blocks(tongue: Tongue, *, once: bool = False) -> list[Row]:
    names = dict(zip("ABCD", BLOCKS_OF[tongue.code], strict=True))
    return [
        Row("" if once and at else names[customer], order, day, amount)
        for customer, orders in BLOCKS
        for at, (order, day, amount) in enumerate(orders)
    ]


def _merged(tongue: Tongue) -> Case:
    """Customers in merged cells: the sheet itself says for which rows they stand."""

    def made() -> bytes:
        cells = [list(line) for line in _cells(tongue, _blocks(tongue, once=True))]
        for line in cells[1:]:
            line[0] = line[0] or None
        spans, at = [], 2
        for _, orders in BLOCKS:
            spans.append(f'<mergeCell ref="A{at}:A{at + len(orders) - 1}"/>')
            at += len(orders)
        merged = f'</sheetData><mergeCells count="{len(spans)}">{"".join(spans)}</mergeCells>'
        return edited(sheets({"Sheet": cells}), lambda xml: xml.replace("</sheetData>", merged))

    every = _blocks(tongue)
    return _case(
        f"merged-customers-{tongue.code}",
        made,
        Used(every, net=BLOCKS_NET, orders=9),
        Doubted("header_once", [Gives(BLOCKS_NET, 9), Gives(BLOCKS_HEADS, 4)], every, net=BLOCKS_NET, orders=9),
        columns=tongue.columns(),
    )


def _customer_once(tongue: Tongue) -> Case:
    """The same in a text file, which does not say what a blank cell stands for."""
    every = _blocks(tongue)
    return text_case(
        f"header-once-customer-{tongue.code}",
        tongue.spell(_blocks(tongue, once=True)),
        Doubted("header_once", [Gives(BLOCKS_NET, 9), Gives(BLOCKS_HEADS, 4)], every, net=BLOCKS_NET, orders=9),
        **tongue.job(),
    )


def _order_once(tongue: Tongue) -> Case:
    """Odoo: number, customer and day stand on an order's first line only."""
    once = [
        Row("", "", "", row.amount) if at and row.order == tongue.log[at - 1].order else row
        for at, row in enumerate(tongue.log)
    ]
    seconds = {"en": "4144.20", "zh": "102690.50", "de": "4550.35", "es": "4304.75"}[tongue.code]
    return text_case(
        f"header-once-order-{tongue.code}",
        tongue.spell(once, **{tongue.headers["product"]: tongue.products()}),
        Doubted("header_once", [Gives(tongue.net, 10), Gives(seconds, 10)], tongue.log, net=tongue.net, orders=10),
        **tongue.job(product=tongue.headers["product"]),
    )


MISSING = [Row("", "SO-20173", "2025-06-25", "15.20"), Row("", "SO-20174", "2025-06-26", "17.45")]
SUBTOTALS = {  # how the total of a customer, and that of all, is called
    "en": ("{} Total", "Grand Total"),
    "de": ("Summe {}", "Gesamtsumme"),
    "zh": ("{} 小计", "总计"),
    "fr": ("Total {}", "Total général"),
    "es": ("Subtotal {}", "Total general"),
    "it": ("Totale {}", "Totale generale"),
}


def _subtotals(tongue: Tongue) -> Case:
    """A row with a date below each customer's rows, with the sum of them, and one below all."""
    one, all_of_them = SUBTOTALS[tongue.code]
    lines: list[Row] = []
    every: list[Row] = []
    for customer in dict.fromkeys(row.customer for row in tongue.log):
        own = [row for row in tongue.log if row.customer == customer]
        every += own
        total = sum(round(float(row.amount) * 100) for row in own)
        lines += [*own, Row(one.format(customer), "", "2025-06-30", f"{total / 100:.2f}")]
    lines.append(Row(all_of_them, "", "2025-06-30", tongue.net))
    return text_case(
        f"subtotals-dated-{tongue.code}",
        tongue.spell(lines),
        Used(every, 5, net=tongue.net, orders=10),
        Doubted("subtotal_rows", [Gives(tongue.net, 10, 4)], every, net=tongue.net, orders=10),
        **tongue.job(),
    )


SOUNDS = {
    "total": rows("""
Total SA | T-1 | 2025-01-15 | 812.00
Relais Sud | T-2 | 2025-02-12 | 140.30
Total SA | T-3 | 2025-03-19 | 795.50
Relais Sud | T-4 | 2025-04-23 | 138.90
Total SA | T-5 | 2025-06-18 | 820.10
"""),
    "summe": rows("""
Summe & Partner | S-1 | 2025-01-16 | 233.10
Optik Klar | S-2 | 2025-02-13 | 71.00
Summe & Partner | S-3 | 2025-04-10 | 241.75
Optik Klar | S-4 | 2025-06-12 | 69.40
"""),
    "heji": rows("""
合计百货 | H-1 | 2025-01-17 | 1520.00
小计数码 | H-2 | 2025-02-14 | 388.00
合计百货 | H-3 | 2025-04-11 | 1495.00
小计数码 | H-4 | 2025-06-13 | 402.50
"""),
}
SOUND_NETS = {"total": "2706.80", "summe": "615.25", "heji": "3805.50"}
FOOTER = """
"Grand Totals (10 Records)","","","{net}"
"Orders of the half year"
"Copyright (c) 2000-2025 Example CRM, Inc. All rights reserved."
"Confidential Information - Do Not Distribute"
"Generated By: {by}  30/06/2025"
"""
FOOTERS = {
    "en": FOOTER,
    "de": '\n"Gesamtsummen (10 Datensätze)";"";"";"{net}"\n"Aufträge des Halbjahrs"\n"Vertraulich - nicht weitergeben"\n"Erstellt von: {by} 30.06.2025"\n',
    "zh": "\n总计 (10 条记录),,,{net}\n上半年订单\n机密 - 请勿外传\n导出人: {by} 2025-06-30\n",
    "fr": '\n"Totaux généraux (10 enregistrements)";"";"";"{net}"\n"Commandes du semestre"\n"Confidentiel"\n"Généré par : {by} 30/06/2025"\n',
}


def _footer(tongue: Tongue) -> Case:
    """A total, and below it lines that say who made the report."""
    foot = FOOTERS[tongue.code].format(net=tongue.money(tongue.net), by="A. Person")
    return text_case(
        f"footer-of-a-report-{tongue.code}",
        tongue.spell() + "\n" + foot,
        Used(tongue.log, None, net=tongue.net, orders=10),
        **tongue.job(),
    )


PEOPLE = {"en": ("People", "Person", "Region"), "de": ("Mitarbeiter", "Name", "Gebiet"), "zh": ("人员", "姓名", "区域")}


def _named(tongue: Tongue) -> Case:
    """The job names the sheet; that there is another is nothing to report."""
    name, *header = PEOPLE[tongue.code]
    return _case(
        f"sheet-named-{tongue.code}",
        lambda: sheets({SALES[tongue.code]: _cells(tongue, tongue.log), name: [header, ("Ann", "West")]}),
        Used(
            tongue.log, net=tongue.net, orders=10, unmet=["sheet_left_out"], untold=["source_unclear", "returns_beside"]
        ),
        columns=tongue.columns(),
        read={"sheet": SALES[tongue.code]},
    )


CASES = [
    *(_returns(tongue) for tongue in (EN, ZH, DE, FR, ES, JA)),
    *(_returns(tongue, apart=True) for tongue in (EN, DE, ZH)),
    *(_plan(tongue) for tongue in (EN, ZH, DE, FR, ES, PT, IT)),
    *(_plan(tongue, apart=True) for tongue in (EN, ZH, PT)),
    _case(
        "source-plan-settled",
        _book(EN, {"Sales": EN.log, "Plan 2025": _planned(EN)}),
        Used(EN.log, None, net=EN.net, orders=10, untold=["source_unclear"]),
        columns=EN.columns(),
        read={"left_out_sources": ["Plan 2025"]},
    ),
    _like(EN, "2024", "2025"),
    _like(EN, "North", "South"),
    _like(ES, "Planta Norte", "Planta Sur"),
    _like(DE, "Januar", "Februar"),
    _like(ZH, "一月", "二月"),
    *(_hidden_rows(tongue) for tongue in (EN, ZH, DE)),
    _hidden_rows(FR, filtered=False),
    _case(
        "hidden-rows-left-out",
        lambda: _hidden(EN, 4, 5, 8),
        Used([row for at, row in enumerate(EN.log, 2) if at not in (4, 5, 8)], None, net="2797.85"),
        columns=EN.columns(),
        read={"hidden_rows": "leave_out"},
    ),
    _case(
        "hidden-rows-none-of-the-table",
        lambda: _hidden(EN, 15, 16),
        Used(EN.log, net=EN.net, orders=10, untold=["rows_hidden"]),
        columns=EN.columns(),
    ),
    *(_merged(tongue) for tongue in (EN, ZH, DE)),
    *(_customer_once(tongue) for tongue in (EN, ZH, FR, JA)),
    *(_order_once(tongue) for tongue in (EN, ZH, DE, ES)),
    text_case(
        "header-once-settled",
        FR.spell(_blocks(FR, once=True)),
        Used(_blocks(FR), net=BLOCKS_NET, orders=9, untold=["header_once"]),
        **FR.job(),
        read={"fill_down": True},
    ),
    text_case(
        "header-once-of-two-without-a-customer",
        EN.spell([*EN.log, *MISSING]),
        Used(EN.log, 2, net=EN.net, orders=10, met=[Met("customer_missing", 2, 14)], untold=["header_once"]),
        columns=EN.columns(),
    ),
    *(_subtotals(tongue) for tongue in (EN, DE, ZH, FR, ES, IT)),
    *(
        text_case(
            f"subtotals-none-{name}",
            written(lines),
            Used(lines, net=SOUND_NETS[name], orders=len(lines), untold=["subtotal_rows", "header_once"]),
            columns=COLUMNS,
        )
        for name, lines in SOUNDS.items()
    ),
    *(_footer(tongue) for tongue in (EN, DE, ZH, FR)),
    *(_named(tongue) for tongue in (EN, DE, ZH)),
]
