"""Which day is meant? Months of more languages, day and month exchanged by a spreadsheet, local midnight written as another day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from case import Case, Doubted, Gives, Row, Used, text_case, written
from cases_sheets import sheets

# A year of one order a month, from 2024: how the months are written, after which header.
MONTHS: dict[str, tuple[str, str]] = {
    "danish": ("{day}. {month} {year}", "jan feb mar apr maj jun jul aug sep okt nov dec"),
    "norwegian": ("{day}. {month} {year}", "jan feb mar apr mai jun jul aug sep okt nov des"),
    "swedish": ("{day} {month} {year}", "jan feb mars apr maj juni juli aug sep okt nov dec"),
    "portuguese": ("{day:02d}/{month}/{year}", "jan fev mar abr mai jun jul ago set out nov dez"),
    "portuguese-in-full": (
        "{day} de {month} de {year}",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    ),
    "spanish": ("{day:02d}-{month}-{year}", "ene feb mar abr may jun jul ago sep oct nov dic"),
    "italian": ("{day} {month} {year}", "gen feb mar apr mag giu lug ago set ott nov dic"),
    "italian-in-full": (
        "{day} {month} {year}",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    ),
    "dutch": ("{day} {month} {year}", "jan feb mrt apr mei jun jul aug sep okt nov dec"),
    "polish": ("{day} {month} {year}", "sty lut mar kwi maj cze lip sie wrz paź lis gru"),
    "turkish": ("{day:02d} {month} {year}", "Oca Şub Mar Nis May Haz Tem Ağu Eyl Eki Kas Ara"),
    "german": ("{day}. {month} {year}", "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez"),
}
HEADERS = {
    "danish": ("kunde", "ordre", "dato", "beløb"),
    "norwegian": ("kunde", "ordre", "dato", "beløp"),
    "swedish": ("kund", "order", "datum", "belopp"),
    "portuguese": ("cliente", "pedido", "data", "valor"),
    "portuguese-in-full": ("cliente", "pedido", "data", "valor"),
    "spanish": ("cliente", "pedido", "fecha", "importe"),
    "italian": ("cliente", "ordine", "data", "importo"),
    "italian-in-full": ("cliente", "ordine", "data", "importo"),
    "dutch": ("klant", "order", "datum", "bedrag"),
    "polish": ("klient", "zamówienie", "data", "kwota"),
    "turkish": ("müşteri", "sipariş", "tarih", "tutar"),
    "german": ("Kunde", "Auftrag", "Datum", "Betrag"),
}
YEAR = [
    Row(f"K{at % 4}", f"{310 + at}", f"2024-{at:02d}-{(5 * at) % 27 + 1:02d}", f"{80 + at}.40") for at in range(1, 13)
]
YEAR_NET = "1042.80"


def _months(name: str) -> Case:
    form, words = MONTHS[name]
    names = words.split()
    days = [dt.date.fromisoformat(row.day) for row in YEAR]
    told = [
        (
            row.customer,
            row.order,
            form.format(day=day.day, month=names[day.month - 1], year=day.year),
            row.amount.replace(".", ","),
        )
        for row, day in zip(YEAR, days, strict=True)
    ]
    header = HEADERS[name]
    return text_case(
        f"months-{name}",
        written(told, header=header, delimiter=";"),
        Used(YEAR, net=YEAR_NET, orders=12),
        columns=dict(zip(("customer_id", "order_id", "order_date", "amount"), header, strict=True)),
        as_of=None,
    )


# Days of the first four months of 2025 in a file written day first, opened by a program that reads month first.
SPOILT = [
    Row(f"C{at % 4}", f"{2200 + at}", str(dt.date(2025, 1, 3) + dt.timedelta(4 * at)), f"{60 + 3 * at}.20")
    for at in range(24)
]
SPOILT_NET = "2272.80"


def _exchanged(name: str, header: Sequence[str], form: str) -> Case:
    """Where the day is no month, the cell stays text; all others are real dates with day and month exchanged."""

    def cell(row: Row) -> object:
        day = dt.date.fromisoformat(row.day)
        return dt.date(day.year, day.day, day.month) if day.day <= 12 else day.strftime(form)

    return Case(
        f"day-and-month-exchanged-{name}",
        {
            "orders.xlsx": lambda: sheets(
                {"Sheet": [header, *((row.customer, int(row.order), cell(row), float(row.amount)) for row in SPOILT)]}
            )
        },
        [
            Doubted(
                "day_month_exchanged", [Gives(SPOILT_NET, 24), Gives(SPOILT_NET, 24)], SPOILT, net=SPOILT_NET, orders=24
            )
        ],
        columns=dict(zip(("customer_id", "order_id", "order_date", "amount"), header, strict=True)),
        job={"as_of": None},
    )


def _not_exchanged(name: str, *, text: bool) -> Case:
    """Real dates over all days of the month; or some of them, whatever the day, as text."""

    def cell(at: int, row: Row) -> object:
        day = dt.date.fromisoformat(row.day)
        return day.strftime("%d/%m/%Y") if text and at % 3 == 0 else day

    header = ("Customer", "Order", "Date", "Amount")
    return Case(
        f"day-and-month-{name}",
        {
            "orders.xlsx": lambda: sheets(
                {
                    "Sheet": [
                        header,
                        *(
                            (row.customer, int(row.order), cell(at, row), float(row.amount))
                            for at, row in enumerate(SPOILT)
                        ),
                    ]
                }
            )
        },
        [Used(SPOILT, net=SPOILT_NET, orders=24, untold=["day_month_exchanged"])],
        columns={"customer_id": "Customer", "order_id": "Order", "order_date": "Date", "amount": "Amount"},
        job={"as_of": None} | ({"read.date_format": "%d/%m/%Y"} if text else {}),
    )


# A form wrote local midnight as a moment of Greenwich: what is meant is the day that began then.
MIDNIGHT = [
    Row(f"M{at % 5}", f"{5100 + at}", str(dt.date(2025, 1, 6) + dt.timedelta(6 * at)), f"{35 + at}.60")
    for at in range(20)
]
MIDNIGHT_NET = "902.00"
ZONES = {  # how many hours before Greenwich's midnight the day began, in winter and in summer
    "zh": ("Asia/Shanghai", "8", "8", ("客户", "订单号", "下单时间", "金额")),
    "ja": ("Asia/Tokyo", "9", "9", ("得意先", "受注番号", "受注日時", "金額")),
    "de": ("Europe/Berlin", "1", "2", ("Kunde", "Auftrag", "Bestellt am", "Betrag")),
    "en": ("Australia/Brisbane", "10", "10", ("Customer", "Order", "Ordered at", "Amount")),
}


def _midnight(name: str) -> Case:
    zone, winter, summer, header = ZONES[name]

    def moment(row: Row) -> str:
        day = dt.datetime.fromisoformat(row.day)
        hours = int(summer if dt.datetime(2025, 3, 31) <= day else winter)
        return (day - dt.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    return text_case(
        f"midnight-as-greenwich-{name}",
        written([(row.customer, row.order, moment(row), row.amount) for row in MIDNIGHT], header=header),
        Doubted(
            "time_zone", [Gives(MIDNIGHT_NET, 20)], MIDNIGHT, net=MIDNIGHT_NET, orders=20, answered={"timezone": zone}
        ),
        columns=dict(zip(("customer_id", "order_id", "order_date", "amount"), header, strict=True)),
        as_of=None,
    )


def _moments(name: str, clock: Sequence[str], **job: object) -> Case:
    """Moments of Greenwich that are no midnight of anybody, or that the job places."""
    told = [
        (row.customer, row.order, f"{row.day}T{clock[at % len(clock)]}Z", row.amount) for at, row in enumerate(MIDNIGHT)
    ]
    return text_case(
        f"moments-{name}",
        written(told),
        Used(MIDNIGHT, net=MIDNIGHT_NET, orders=20, untold=["time_zone"]),
        as_of=None,
        **job,
    )


CASES = [
    *(_months(name) for name in MONTHS),
    _exchanged("en", ("Customer", "Order", "Date", "Amount"), "%d/%m/%Y"),
    _exchanged("de", ("Kunde", "Auftrag", "Datum", "Betrag"), "%d.%m.%Y"),
    _exchanged("fr", ("Client", "Commande", "Date", "Montant"), "%d/%m/%Y"),
    _exchanged("es", ("Cliente", "Pedido", "Fecha", "Importe"), "%d-%m-%Y"),
    _not_exchanged("of-real-dates", text=False),
    _not_exchanged("of-dates-and-text", text=True),
    *(_midnight(name) for name in ZONES),
    _moments("over-the-day", ("08:15:00", "11:42:10", "16:00:00", "19:27:33", "13:05:51")),
    _moments("at-greenwich-midnight", ("00:00:00",)),
    _moments("at-noon", ("12:00:00",)),
]
