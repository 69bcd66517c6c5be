"""In which bytes do offices write? UTF-8, UTF-16, GB18030, Windows-1252, and what was cut or glued together."""

from __future__ import annotations

from case import HEADER, LOG, Met, Refused, Row, Used, left_out, plus, text_case, with_row, written

CHINESE_HEADER = ("客户", "订单号", "日期", "金额")
CHINESE = {"customer_id": "客户", "order_id": "订单号", "order_date": "日期", "amount": "金额"}
SHOPS = {"C01": "北京华联", "C02": "沃尔玛（中国）", "C03": "永辉超市"}
GERMAN = {"C01": "Müller", "C02": "Größe & Söhne", "C03": "Café Ångström"}
SHORT = {"C01": "Jürgen", "C02": "Bäcker", "C03": "Röhl"}


def _named(names: dict[str, str]) -> list[Row]:
    return [row._replace(customer=names[row.customer]) for row in LOG]


CHINESE_LOG, GERMAN_LOG, SHORT_LOG = _named(SHOPS), _named(GERMAN), _named(SHORT)
CHINESE_TEXT = written(CHINESE_LOG, header=CHINESE_HEADER)
RARE = [row._replace(customer=row.customer.replace("永辉", "𠮷㐂")) for row in CHINESE_LOG]  # four bytes in GB18030
UMLAUT_HEADER = ("Käufer", "Aufträge", "Tag", "Beträge")
UMLAUT = {"customer_id": "Käufer", "order_id": "Aufträge", "order_date": "Tag", "amount": "Beträge"}
CUT = "客户,订单号,日期,金额\n北京华联,1001,2025-01-31,10.00\n".encode()
EUROS = [row._replace(customer=GERMAN[row.customer], amount=f"{row.amount} €") for row in LOG]

CASES = [
    text_case("utf-8-chinese", CHINESE_TEXT, Used(CHINESE_LOG), columns=CHINESE),
    text_case("utf-8-bom", CHINESE_TEXT.encode("utf-8-sig"), Used(CHINESE_LOG), columns=CHINESE),
    text_case(
        "utf-8-bom-quoted-header",
        b"\xef\xbb\xbf"
        + b'"customer","order","day","amount"\n'
        + written(LOG, header=HEADER).encode().split(b"\n", 1)[1],
        Used(),
    ),
    text_case("utf-16-le-bom", b"\xff\xfe" + CHINESE_TEXT.encode("utf-16-le"), Used(CHINESE_LOG), columns=CHINESE),
    text_case("utf-16-be-bom", b"\xfe\xff" + CHINESE_TEXT.encode("utf-16-be"), Used(CHINESE_LOG), columns=CHINESE),
    text_case(
        "utf-16-le-no-bom",
        written().encode("utf-16-le"),
        Used(met=[Met("encoding_found", None)]),
        Refused(["encoding|UTF-16"]),
    ),
    text_case(
        "utf-16-be-no-bom",
        written().encode("utf-16-be"),
        Used(met=[Met("encoding_found", None)]),
        Refused(["encoding|UTF-16"]),
    ),
    text_case(
        "utf-16-tabs-as-excel-writes",
        b"\xff\xfe" + written(delimiter="\t", end="\r\n").encode("utf-16-le"),
        Used(),
        file="orders.txt",
    ),
    text_case("utf-16-declared", written().encode("utf-16-le"), Used(), read={"encoding": "utf-16-le"}),
    text_case(
        "utf-16-cut-in-a-character",
        (b"\xff\xfe" + written().encode("utf-16-le"))[:-1],
        Refused(["encoding|UTF-16|utf-16|cut"]),
        Used(LOG[:-1], aside=1),
        Used(),
    ),
    text_case(
        "utf-16-half-a-pair",
        b"\xff\xfe" + written(LOG[:3]).encode("utf-16-le") + b"C\x00\x00\xd8,\x001\x00,\x002\x00,\x003\x00\n\x00",
        Refused(["encoding|UTF-16|utf-16"]),
        Used(LOG[:3], aside=1),
    ),
    text_case("utf-32-bom", written().encode("utf-32"), Used(), Refused(["encoding|UTF"])),
    text_case(
        "gb18030-chinese",
        CHINESE_TEXT.encode("gb18030"),
        Used(CHINESE_LOG, met=[Met("encoding_found", None)]),
        columns=CHINESE,
    ),
    text_case(
        "gb18030-four-bytes",
        written(RARE, header=CHINESE_HEADER).encode("gb18030"),
        Used(RARE),
        columns=CHINESE,
    ),
    text_case(
        "gb18030-declared",
        CHINESE_TEXT.encode("gb18030"),
        Used(CHINESE_LOG),
        columns=CHINESE,
        read={"encoding": "gb18030"},
    ),
    text_case("gbk-declared", CHINESE_TEXT.encode("gbk"), Used(CHINESE_LOG), columns=CHINESE, read={"encoding": "gbk"}),
    text_case(
        "gb18030-only-names",
        written(CHINESE_LOG).encode("gb18030"),
        Used(CHINESE_LOG, met=[Met("encoding_found", None)]),
        Refused(["encoding"]),
    ),
    text_case(  # the trail byte of 乗 is a backslash, that of 亅 a pipe
        "gb18030-bytes-that-look-ascii",
        written([row._replace(customer="乗亅" + row.customer) for row in LOG], header=CHINESE_HEADER).encode("gb18030"),
        Used([row._replace(customer="乗亅" + row.customer) for row in LOG]),
        Refused(["encoding"]),
        columns=CHINESE,
    ),
    text_case(
        "gb18030-declared-utf-8",
        CHINESE_TEXT.encode("gb18030"),
        Refused(["encoding"], rule="encoding"),
        columns=CHINESE,
        read={"encoding": "utf-8"},
    ),
    text_case(
        "utf-8-declared-gb18030",
        CHINESE_TEXT,
        Refused(["encoding|客户"]),
        columns=CHINESE,
        read={"encoding": "gb18030"},
    ),
    text_case(
        "gb18030-with-one-broken-byte",
        CHINESE_TEXT.encode("gb18030") + "永辉".encode("gb18030") + b"\xff\xff,1009,2025-06-01,1.00\n",
        Refused(["encoding", "9"]),
        Used(CHINESE_LOG, aside=1),
        columns=CHINESE,
    ),
    text_case(
        "big5-not-declared",
        CHINESE_TEXT.replace("华联", "紅")
        .replace("尔玛（中国）", "爾")
        .replace("辉", "輝")
        .replace("户", "戶")
        .replace("订单号", "號")
        .replace("额", "額")
        .encode("big5"),
        Used(
            [
                row._replace(
                    customer=row.customer.replace("华联", "紅").replace("尔玛（中国）", "爾").replace("辉", "輝")
                )
                for row in CHINESE_LOG
            ]
        ),
        Refused(["encoding|客戶"]),
        columns={"customer_id": "客戶", "order_id": "號", "order_date": "日期", "amount": "金額"},
    ),
    text_case(
        "big5-declared",
        CHINESE_TEXT.replace("华联", "紅")
        .replace("尔玛（中国）", "爾")
        .replace("辉", "輝")
        .replace("户", "戶")
        .replace("订单号", "號")
        .replace("额", "額")
        .encode("big5"),
        Used(
            [
                row._replace(
                    customer=row.customer.replace("华联", "紅").replace("尔玛（中国）", "爾").replace("辉", "輝")
                )
                for row in CHINESE_LOG
            ]
        ),
        columns={"customer_id": "客戶", "order_id": "號", "order_date": "日期", "amount": "金額"},
        read={"encoding": "big5"},
    ),
    text_case(
        "windows-1252",
        written(GERMAN_LOG, delimiter=";").encode("cp1252"),
        Used(GERMAN_LOG, met=[Met("encoding_found", None)]),
    ),
    text_case(  # ü and the letter after it are also one Chinese character
        "windows-1252-that-could-be-gb",
        written(SHORT_LOG).encode("cp1252"),
        Used(SHORT_LOG, met=[Met("encoding_found", None)]),
        Refused(["encoding"]),
    ),
    text_case(
        "windows-1252-header",
        written(SHORT_LOG, header=UMLAUT_HEADER, delimiter=";").encode("cp1252"),
        Used(SHORT_LOG),
        columns=UMLAUT,
    ),
    text_case(
        "windows-1252-euro-sign",
        written(EUROS, delimiter=";").encode("cp1252"),
        Used(GERMAN_LOG, met=[Met("currency_sign", 7)]),
    ),
    text_case(
        "windows-1252-declared", written(SHORT_LOG).encode("cp1252"), Used(SHORT_LOG), read={"encoding": "windows-1252"}
    ),
    text_case(
        "latin-9-declared",
        written(EUROS, delimiter=";").encode("iso-8859-15"),
        Used(GERMAN_LOG),
        read={"encoding": "iso-8859-15"},
    ),
    text_case(  # a UTF-8 file that broke in one place must not turn Müller into MÃ¼ller
        "utf-8-with-one-broken-byte",
        written(GERMAN_LOG).encode() + b"Sch\xfctz,1009,2025-06-01,1.00\n",
        Refused(["encoding", "9"]),
        Used(GERMAN_LOG, aside=1, met=[Met("row_broken|customer_missing|row_unreadable", 1, 9)]),
    ),
    text_case(
        "utf-8-cut-in-a-character",
        CUT + "沃尔玛".encode()[:-1] + b",1002,2025-02-03,5.00\n",
        Refused(["encoding", "3"]),
        Used([Row("北京华联", "1001", "2025-01-31", "10.00")], aside=1),
        columns=CHINESE,
    ),
    text_case(
        "utf-8-glued-with-windows-1252",
        written(GERMAN_LOG).encode() + "".join(",".join(row) + "\n" for row in GERMAN_LOG).encode("cp1252"),
        Refused(["encoding", "9"]),
    ),
    text_case(  # two exports joined, each with a byte-order mark and a header
        "bom-in-the-middle",
        written(LOG[:4]).encode("utf-8-sig") + written(LOG[4:]).encode("utf-8-sig"),
        Used(aside=1, met=[Met("header_repeated", 1, 6)]),
    ),
    text_case("encoding-unknown", written(), Refused(["klingon"]), read={"encoding": "klingon"}),
    text_case("ebcdic", written().encode("cp500"), Refused(["customer|encoding"])),
    text_case(
        "nul-in-a-cell",
        written(LOG[:3]).encode() + b"C0\x003,1004,2025-03-20,7.00\n" + written(LOG[4:]).encode().split(b"\n", 1)[1],
        Refused(["NUL", "5"], rule="file_damaged"),
        Used([*LOG[:3], *LOG[4:]], aside=1, met=[Met("row_broken", 1, 5)]),
    ),
    text_case("nul-block-at-the-end", written().encode() + b"\x00" * 4096, Refused(["NUL|damaged"])),
    text_case(
        "nul-block-in-the-middle",
        written(LOG[:3]).encode() + b"\x00" * 512 + b"\n" + written(LOG[3:]).encode().split(b"\n", 1)[1],
        Refused(["NUL|damaged"]),
        Used(aside=1),
    ),
    text_case("control-z-at-the-end", written().encode() + b"\x1a", Used(), left_out("row_short"), Refused(["line"])),
    text_case("random-bytes", bytes((value * 167 + 13) % 251 + 3 for value in range(3000)), Refused(["orders.csv"])),
    text_case(
        "composed-and-decomposed",
        with_row("Mu\u0308ller", "1007", "2025-06-02", "12.50", rows=GERMAN_LOG),
        Used([*GERMAN_LOG, Row("Müller", "1007", "2025-06-02", "12.50")], met=[Met("customer_repaired", 1)]),
        Used([*GERMAN_LOG, Row("Mu\u0308ller", "1007", "2025-06-02", "12.50")], met=[Met("id_case|id_zeros", None)]),
    ),
    text_case("plain-ascii-control", with_row("C01", "1007", "2025-06-02", "12.50"), Used(plus())),
]
