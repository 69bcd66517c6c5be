"""What is the money worth, and what is the text? Currencies nobody mapped, units in the header, other encodings and delimiters."""

from __future__ import annotations

from case import Case, Doubted, Gives, Refused, Row, Used, text_case, written
from tongues import DE, EN, ES, FR, IT, JA, KO, PT, TONGUES, ZH, Tongue

# The third and sixth order are in another money; with a rate of a fifth, or of 100, all is exact.
CURRENCIES = {  # header, that of most rows, that of two orders, its rate in the first
    "en-sap": ("en", "Document Currency", "USD", "JPY", "0.2"),
    "en-salesforce": ("en", "Net Amount Currency", "USD", "EUR", "2"),
    "zh": ("zh", "结算币种", "CNY", "USD", "7"),
    "de": ("de", "Belegwährung", "EUR", "CHF", "2"),
    "fr": ("fr", "Devise", "EUR", "GBP", "2"),
    "es": ("es", "Moneda", "EUR", "MXN", "0.2"),
    "ja": ("ja", "通貨", "JPY", "USD", "150"),
    "it": ("it", "Valuta", "EUR", "USD", "0.2"),
}
CONVERTED = {
    "en-sap": "3988.80",
    "en-salesforce": "4564.35",
    "zh": "147368.50",
    "de": "5147.00",
    "fr": "5038.40",
    "es": "4052.65",
    "ja": "9043980.00",
    "it": "3977.42",
}


def _converted(tongue: Tongue, rate: str) -> list[Row]:
    odd = (tongue.orders[2], tongue.orders[5])
    return [
        row._replace(amount=f"{float(row.amount) * float(rate):.2f}") if row.order in odd else row for row in tongue.log
    ]


def _currency(name: str) -> Case:
    """Two currencies in a column that the job does not map."""
    code, header, most, other, rate = CURRENCIES[name]
    tongue = TONGUES[code]
    cells = dict.fromkeys(tongue.orders, most) | {tongue.orders[2]: other, tongue.orders[5]: other}
    return text_case(
        f"currency-unmapped-{name}",
        tongue.spell(**{header: cells}),
        Doubted(
            "currency_unmapped",
            [Gives(tongue.net, 10)],
            _converted(tongue, rate),
            net=CONVERTED[name],
            orders=10,
            answered={"columns.currency": header, "rates": {other: float(rate)}},
        ),
        **tongue.job(),
        currency=most,
    )


def _one_currency(name: str, tongue: Tongue, header: str, currency: str) -> Case:
    return text_case(
        f"currency-of-all-{name}",
        tongue.spell(**{header: dict.fromkeys(tongue.orders, currency)}),
        Used(tongue.log, net=tongue.net, orders=10, untold=["currency_unmapped"]),
        **tongue.job(),
        currency=currency,
    )


SMALL = [
    Row("K1", "1", "2025-01-15", "12.5"),
    Row("K2", "2", "2025-02-18", "3.2"),
    Row("K1", "3", "2025-04-22", "11.75"),
    Row("K3", "4", "2025-06-17", "0.85"),
]  # 28.3 together
UNITS = {  # a header with a unit, how much one is, and what the log comes to
    "zh-wan": (ZH, "销售金额(万元)", 10000, "283000.00"),
    "zh-qian": (ZH, "金额（千元）", 1000, "28300.00"),
    "en-keur": (EN, "Amount (kEUR)", 1000, "28300.00"),
    "en-thousands": (EN, "Net sales (in thousands)", 1000, "28300.00"),
    "de-teur": (DE, "Umsatz (TEUR)", 1000, "28300.00"),
    "fr-keur": (FR, "CA (k€)", 1000, "28300.00"),
    "es-miles": (ES, "Importe (miles de €)", 1000, "28300.00"),
    "pt-mil": (PT, "Valor (R$ mil)", 1000, "28300.00"),
    "ja-sen": (JA, "売上金額（千円）", 1000, "28300.00"),
    "ko-cheon": (KO, "매출액(천원)", 1000, "28300.00"),
    "it-migliaia": (IT, "Importo (migliaia di €)", 1000, "28300.00"),
}
PLAIN_UNITS = {
    "en": (EN, "Amount (EUR)"),
    "zh": (ZH, "金额(元)"),
    "de": (DE, "Betrag in €"),
    "ja": (JA, "金額（円）"),
    "kg": (EN, "Amount (incl. 2 kg box)"),
}


def _unit(name: str) -> Case:
    tongue, header, one, net = UNITS[name]
    whole = [row._replace(amount=f"{float(row.amount) * one:.2f}") for row in SMALL]
    return text_case(
        f"unit-in-header-{name}",
        tongue.spell(SMALL, amount=header),
        Doubted("unit_in_header", [Gives("28.30", 4), Gives(net, 4)], whole, net=net, orders=4),
        **tongue.job(amount=header),
    )


def _plain_unit(name: str) -> Case:
    tongue, header = PLAIN_UNITS[name]
    return text_case(
        f"unit-in-header-none-{name}",
        tongue.spell(amount=header),
        Used(tongue.log, net=tongue.net, orders=10, untold=["unit_in_header"]),
        **tongue.job(amount=header),
    )


def _hive(tongue: Tongue) -> Case:
    """What Hive writes unless told otherwise: values apart by the sign of number one."""
    header = [tongue.headers[ours] for ours in ("customer_id", "order_id", "order_date", "amount")]
    return text_case(
        f"delimiter-of-hive-{tongue.code}",
        written(tongue.log, header=header, delimiter="\x01"),
        Used(tongue.log, net=tongue.net, orders=10),
        Refused(["delimiter", "x01|u0001"]),
        **tongue.job(),
    )


def _latin(tongue: Tongue, encoding: str, product: str) -> Case:
    """A clean log in an old encoding: it is read, said, and nothing of it moves money."""
    goods = [f"{product} {at % 4}" for at, _ in enumerate(tongue.log)]
    return text_case(
        f"clean-in-{encoding}",
        tongue.spell(**{tongue.headers["product"]: goods}).encode(encoding),
        Used(tongue.log, net=tongue.net, orders=10),
        **tongue.job(product=tongue.headers["product"]),
        read={"encoding": encoding},
    )


CASES = [
    *(_currency(name) for name in CURRENCIES),
    text_case(
        "currency-unmapped-and-none-in-the-job",
        EN.spell(Currency=dict.fromkeys(EN.orders, "USD") | {EN.orders[3]: "JPY"}),
        Doubted(
            "currency_unmapped",
            [Gives(EN.net, 10)],
            [row._replace(amount="80.52") if row.order == EN.orders[3] else row for row in EN.log],
            net="3922.52",
            orders=10,
            answered={"columns.currency": "Currency", "currency": "USD", "rates": {"JPY": 0.2}},
        ),
        **EN.job(),
        currency=None,
    ),
    _one_currency("en", EN, "Document Currency", "USD"),
    _one_currency("zh", ZH, "币别", "CNY"),
    _one_currency("de", DE, "Währung", "EUR"),
    *(_unit(name) for name in UNITS),
    *(_plain_unit(name) for name in PLAIN_UNITS),
    text_case(
        "unit-in-header-settled",
        ZH.spell(SMALL, amount="销售金额(万元)"),
        Used(
            [row._replace(amount=f"{float(row.amount) * 10000:.2f}") for row in SMALL],
            net="283000.00",
            orders=4,
            untold=["unit_in_header"],
        ),
        **ZH.job(amount="销售金额(万元)"),
        **{"read.unit": 10000},
    ),
    *(_hive(tongue) for tongue in (EN, ZH, DE)),
    _latin(FR, "cp1252", "Café"),
    _latin(DE, "iso-8859-15", "Gewürz"),
    _latin(ZH, "gb18030", "茶叶"),
    _latin(JA, "shift_jis", "湯呑"),
]
