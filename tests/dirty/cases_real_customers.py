"""Who is the customer? Words for nobody, counter sales, names that were encoded twice; and accounts that have left."""

from __future__ import annotations

from collections.abc import Sequence

from case import Case, Doubted, Gives, Met, Refused, Row, Used, text_case, written
from tongues import DE, EN, ES, FR, IT, JA, KO, PT, TONGUES, ZH, Tongue, rows

NOBODY = {  # what programs write where there is no customer
    "en": ("nan", "nan", "nan"),
    "zh": ("(空白)", "空", "NULL"),
    "de": ("(Leer)", "NULL", "(leer)"),
    "fr": ("(vide)", "None", "N/A"),
    "es": ("(en blanco)", "null", "\\N"),
    "pt": ("(vazio)", "NaN", "<NA>"),
    "it": ("(vuoto)", "N/A", "(null)"),
    "ja": ("(空白)", "NaN", "None"),
    "ko": ("(비어 있음)", "NULL", "nan"),
}
MUCH = {
    "en": "2950.00",
    "zh": "41200.00",
    "de": "3340.00",
    "fr": "2875.00",
    "es": "3105.00",
    "pt": "2990.00",
    "it": "2760.00",
    "ja": "480000",
    "ko": "3900000",
}
DAYS = ("2025-01-27", "2025-03-07", "2025-06-25")
WALK_IN = {  # what a till or a shop books counter sales under
    "en": "99999",
    "zh": "散客",
    "de": "Laufkundschaft",
    "fr": "Client comptoir",
    "es": "Público en general",
    "pt": "Consumidor final",
    "it": "Cliente occasionale",
    "ja": "一般客",
    "ko": "현금고객",
}
CASH = {"en": "Cash Sale", "zh": "零售客户", "de": "Barverkauf", "fr": "Client de passage"}
COUNTER = ("212.40", "198.75", "305.10", "241.95", "287.30", "226.85", "264.20", "310.45", "233.70", "259.60")
COUNTER_NET = "2540.30"


def _nobody(tongue: Tongue) -> Case:
    """Three rows have no customer, and say so in words."""
    lines = [Row(word, f"ZZ-{at}", DAYS[at], MUCH[tongue.code]) for at, word in enumerate(NOBODY[tongue.code])]
    return text_case(
        f"nobody-{tongue.code}",
        tongue.spell([*tongue.log, *lines]),
        Used(tongue.log, 3, net=tongue.net, orders=10, met=[Met("customer_blank_word", 3, 14, "customer_id")]),
        **tongue.job(),
    )


WORDS = ("nan", "NaN", "NULL", "null", "None", "\\N", "<NA>", "N/A", "(blank)", "(null)", "(空白)", "空")
SOUND = rows("""
Nan Hai Foods | 71 | 2025-01-15 | 402.00
Null & Sons | 72 | 2025-01-23 | 96.30
None Such Ltd | 73 | 2025-02-20 | 118.45
空港サービス | 74 | 2025-03-19 | 233.00
Blank Canvas | 75 | 2025-04-16 | 64.10
Nan Hai Foods | 76 | 2025-05-14 | 388.00
NA Outdoor | 77 | 2025-06-18 | 71.95
""")


def _counter(tongue: Tongue) -> list[Row]:
    """Return ten sales over the counter; yen and won have no cents."""
    times = {"zh": 10, "ja": 100, "ko": 1000}.get(tongue.code, 1)
    amounts = [amount if times == 1 else f"{float(amount) * times:.0f}" for amount in COUNTER]
    days = (
        "2025-01-11",
        "2025-01-25",
        "2025-02-08",
        "2025-02-22",
        "2025-03-08",
        "2025-03-22",
        "2025-04-12",
        "2025-04-26",
        "2025-05-10",
        "2025-06-14",
    )
    return [
        Row(WALK_IN[tongue.code], f"TK-{at}", day, amount)
        for at, (day, amount) in enumerate(zip(days, amounts, strict=True))
    ]


WITH_COUNTER = {
    "en": "6784.90",
    "zh": "130198.50",
    "de": "7201.70",
    "fr": "7149.10",
    "es": "6929.35",
    "pt": "7596.20",
    "it": "6833.80",
    "ja": "1006160.00",
    "ko": "10062100.00",
}


def _walk_in(tongue: Tongue) -> Case:
    """All sales over the counter stand under one name, which is the largest account but one, or the largest."""
    return text_case(
        f"walk-in-{tongue.code}",
        tongue.spell([*tongue.log, *_counter(tongue)]),
        Doubted(
            "walk_in",
            [Gives(WITH_COUNTER[tongue.code], 20, 5), Gives(tongue.net, 10, 4)],
            tongue.log,
            net=tongue.net,
            orders=10,
            answered={"leave_out.customers": [WALK_IN[tongue.code]]},
        ),
        **tongue.job(),
    )


def _cash(tongue: Tongue) -> Case:
    """The same under another name, and pasted as offered."""
    counter = [row._replace(customer=CASH[tongue.code]) for row in _counter(tongue)]
    return text_case(
        f"walk-in-cash-{tongue.code}",
        tongue.spell([*tongue.log, *counter]),
        Doubted(
            "walk_in",
            [Gives(WITH_COUNTER[tongue.code], 20, 5), Gives(tongue.net, 10, 4)],
            tongue.log,
            net=tongue.net,
            orders=10,
        ),
        **tongue.job(),
    )


LIKE_CASH = rows("""
Cash & Carry Metro GmbH | 901 | 2025-01-14 | 1840.00
Cashmere House | 902 | 2025-01-22 | 655.00
Cash & Carry Metro GmbH | 903 | 2025-02-11 | 1795.20
Walkin Wardrobes Ltd | 904 | 2025-02-25 | 310.00
Cash & Carry Metro GmbH | 905 | 2025-03-18 | 1902.35
Barbara Laufkötter | 906 | 2025-04-08 | 88.40
Cashmere House | 907 | 2025-05-13 | 640.75
Cash & Carry Metro GmbH | 908 | 2025-06-17 | 1866.00
""")
NUMBERED = [
    row._replace(customer=str(10001 + list(dict.fromkeys(other.customer for other in EN.log)).index(row.customer)))
    for row in EN.log
]


def _garbled(name: str) -> str:
    """Return a name as it looks once its UTF-8 was read as Windows' Latin and written as UTF-8 again."""
    return "".join(
        chr(byte) if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes([byte]).decode("cp1252")
        for byte in name.encode()
    )


GARBLED = {  # a customer that stands there in both ways
    "de": ("Kunde", "Müller Söhne", "Bäckerei Groß"),
    "fr": ("Client", "Hôtel Élysée", "Pâtisserie Noé"),
    "es": ("Cliente", "Peña e Hijos", "Café Ibáñez"),
    "pt": ("Cliente", "Irmãos Simões", "Açougue Leão"),
    "zh": ("客户", "上海茶庄", "成都书店"),
}


def _twice_encoded(code: str) -> Case:
    header, one, two = GARBLED[code]
    names = (one, two, one, two, one, "K3 Ltd")
    lines = [
        Row(customer, f"{80 + at}", f"2025-0{at + 1}-15", f"{120 + 7 * at}.50") for at, customer in enumerate(names)
    ]
    told = [(*((_garbled(row.customer) if at in (0, 3) else row.customer), *row[1:]),) for at, row in enumerate(lines)]
    return text_case(
        f"encoded-twice-{code}",
        written(told, header=(header, "order", "day", "amount")),
        Used(lines, net="828.00", orders=6),
        Doubted("text_garbled", [Gives("828.00", 6, 3), Gives("828.00", 6, 5)], lines, net="828.00", orders=6),
        columns={"customer_id": header, "order_id": "order", "order_date": "day", "amount": "amount"},
    )


UPRIGHT = rows("""
PÃO DE AÇÚCAR | 1 | 2025-01-15 | 812.00
IRMÃOS SIMÕES | 2 | 2025-02-19 | 140.50
PÃO DE AÇÚCAR | 3 | 2025-04-16 | 790.00
Ãgora Edições | 4 | 2025-05-21 | 66.25
Â. Costa & Filhos | 5 | 2025-06-18 | 93.10
""")
LEFT = {  # words of a list of accounts that say who has left, to its owner
    "en": ("status", ("A", "I")),
    "zh": ("状态", ("在营", "流失")),
    "de": ("Status", ("aktiv", "gesperrt")),
    "fr": ("Statut", ("actif", "parti")),
    "ja": ("状態", ("取引中", "解約")),
}
YES = {
    "en": ("left", ("no", "yes")),
    "zh": ("已流失", ("否", "是")),
    "de": ("verloren", ("nein", "ja")),
    "fr": ("parti", ("non", "oui")),
}


def _left(tongue: Tongue, header: str, words: Sequence[str], *verdicts: Used | Refused, name: str) -> Case:
    """A list of accounts with a column that says who has left."""
    buyers = list(dict.fromkeys(row.customer for row in tongue.log))
    accounts = written([(buyer, words[at == 2]) for at, buyer in enumerate(buyers)], header=("id", header))
    return Case(
        f"{name}-{tongue.code}",
        {"orders.csv": tongue.spell(), "accounts.csv": accounts},
        verdicts,
        job={"accounts": {"source": "accounts.csv", "columns": {"customer_id": "id", "left": header}}, **tongue.dates},
        columns=tongue.columns(),
        source="orders.csv" if any(isinstance(verdict, Refused) for verdict in verdicts) else None,
    )


CASES = [
    *(_nobody(tongue) for tongue in (EN, ZH, DE, FR, ES, PT, IT, JA, KO)),
    text_case(
        "nobody-in-many-words",
        written([*EN.log, *(Row(word, f"W-{at}", "2025-06-25", "21.00") for at, word in enumerate(WORDS))]),
        Used(EN.log, 12, net=EN.net, orders=10, met=[Met("customer_blank_word", 12, 14, "customer_id", "nan")]),
    ),
    text_case(
        "nobody-but-somebody",
        written(SOUND),
        Used(SOUND, net="1373.80", orders=7, unmet=["customer_blank_word"], untold=["walk_in"]),
    ),
    *(_walk_in(tongue) for tongue in TONGUES.values()),
    *(_cash(tongue) for tongue in (EN, ZH, DE, FR)),
    text_case(
        "walk-in-left-out",
        EN.spell([*EN.log, *_counter(EN)]),
        Used(EN.log, None, net=EN.net, orders=10, untold=["walk_in"]),
        **EN.job(),
        leave_out={"customers": ["99999"]},
    ),
    text_case("walk-in-but-a-firm", written(LIKE_CASH), Used(LIKE_CASH, net="9097.70", orders=8, untold=["walk_in"])),
    text_case(
        "walk-in-but-numbered",
        EN.spell(NUMBERED),
        Used(NUMBERED, net=EN.net, orders=10, untold=["walk_in"]),
        **EN.job(),
    ),
    *(_twice_encoded(code) for code in GARBLED),
    text_case(
        "encoded-once-with-tildes", written(UPRIGHT), Used(UPRIGHT, net="1901.85", orders=5, untold=["text_garbled"])
    ),
    *(
        _left(TONGUES[code], header, words, Refused([header, words[0], words[1]]), name="left-in-words-of-its-own")
        for code, (header, words) in LEFT.items()
    ),
    *(
        _left(
            TONGUES[code],
            header,
            words,
            Used(TONGUES[code].log, net=TONGUES[code].net, orders=10),
            name="left-in-plain-words",
        )
        for code, (header, words) in YES.items()
    ),
]
