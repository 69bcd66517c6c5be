"""What do spreadsheets hold? Sheets, titles, formulas, serials, errors and merged cells; .xlsx, .xlsm, .xls and .ods."""

from __future__ import annotations

import base64
import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from xml.sax.saxutils import escape

import xlsxwriter
from case import HEADER, LOG, Case, Content, Met, Refused, Row, Used, written

OLD_EXCEL = (  # made once with xlwt: the log from row 3 under a title, a bad row 11, and a sheet of notes
    "c-rllTSyd97=ZsXmz`NtcQuVPkVVMKl)Mo1qT9vtNi!wNC~9?=5_31k^+8{<Y#$<mpr^_g#fo~c%Y$7kskhR=sD~g3)E<K%D(FF-{`1ewwyP"
    "7kP=Yf5a{f90Ip;gK|6FG0?PS)}z=Qm0SRmCP!o2PVS3(-Y;I<4eV7{*NsP$Aa=#H!?ajWP^mkgsBZxrrB?(b<3;J)+{HNXspqi_c5BjJ#58"
    "D%&1A;5Sas+fdpPk??5nUF{Q$|l`PdM)XDRQ4I^os@E!bQPAJVn<-oUthe#T*rrnLdwfT&EOF+A1S3Aa^V$U$7ioFqpS?Ow6?(M6_!yTrNa="
    "QOKU^nkj8Bf+=MiMW|Y#py3(4ODab*055Z5}2k^t%*Drid`tqhT!1Q0q>B?WyRdnLQ^s9md&<pwr#usx87j?5_Y~}r0Fr;<HAOpVB=9Y0AM?"
    ";;na11<X;%dN#*x;puO+KiAG7Q`KA>P{68I5#=G#MbmYY+i~fo?n*0v(aAa1_lwW#yzRNLQi`Zwp`(;YjpUTlgfe*f?0cNe4>?ZMSsPLF@pJ"
    "XVIqfVym-vzP+n!Y49JXlwP__j4Nj&A0Oy&juQxHQqCIEJg1n5t)$OWts5wwPdW!jjnATnTr;w-kIG!2+#+nJlH|RAQ$l<*#$#U&JT8cR_HV"
    ")XaP4$Y&hQ8S02JaC7(|}``k;iBu<O^jJn>skW*$zTNarm&s8qpgj!if3RS(ROGXUoU%n|~PF1dt2CHR~emNkEdC7>n7EfFortV^`1OQgEc#"
    "qb=~qs8mG<>3eG%xhj#G3JOwOE$EWL`#e48>&UiHndE%%cNzZ?-Ko$=-d4k?Xsa=No~7`9ws_}oYRf*o+~!ALbPJi3egXV9wfRTPOCPwn$&Z"
    "Z=n<lOCTRXIDkkl=q1{PsyNP~E^cc}iL96XF8#*mv+}UVxdW`7t3GRKP4EH<lWwnqEBYbh-W%x&yV`s9sUR^uWZOtm!&8j1gIO2#Sj;tWz*R"
    "(*dJjTnkY`zdE=69Vr4D-%sl2t2>5W!y*|5EOSFg`WtPHFwD1DRQMu_ZFr_d+g*uyqaEp@sU<p7Q#|7dn<Wo+X3cf47BFZGS$Me*Wk7e*>Zw"
    "Jmd"
)
Cells = Sequence[Sequence[object]]
DAYS = [dt.date.fromisoformat(row.day) for row in LOG]
TYPED: Cells = [(row.customer, int(row.order), day, float(row.amount)) for row, day in zip(LOG, DAYS, strict=True)]
TABLE: Cells = [HEADER, *TYPED]


class Formula(str):
    """A formula; its stored value stands behind a bar."""


def sheets(content: Mapping[str, Cells], *, hidden: Sequence[str] = (), **options: object) -> bytes:
    """Return an Excel file of sheets, each a list of rows."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, **options}
    ) as book:
        day, moment = (book.add_format({"num_format": text}) for text in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm"))
        for name, rows in content.items():
            sheet = book.add_worksheet(name)
            if name in hidden:
                sheet.hide()
            for at, cells in enumerate(rows):
                for across, cell in enumerate(cells):
                    match cell:
                        case None:
                            pass
                        case Formula():
                            text, value = cell.split("|")
                            sheet.write_formula(
                                at, across, text, None, float(value) if re.fullmatch(r"-?[\d.]+", value) else value
                            )
                        case bool():
                            sheet.write_boolean(at, across, cell)
                        case dt.datetime():
                            sheet.write_datetime(at, across, cell, moment)
                        case dt.date():
                            sheet.write_datetime(at, across, cell, day)
                        case int() | float():
                            sheet.write_number(at, across, cell)
                        case _:
                            sheet.write_string(at, across, str(cell))
    return buffer.getvalue()


def edited(book: bytes, edit: Callable[[str], str], *, part: str = "xl/worksheets/sheet1.xml") -> bytes:
    """Return an Excel file with the XML of one part changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(
                zipfile.ZipInfo(name), edit(content.decode()) if name == part else content, zipfile.ZIP_DEFLATED
            )
    return buffer.getvalue()


def _merged() -> bytes:
    """A customer written once beside its two lines, in a merged cell."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet, day = book.add_worksheet("Orders"), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.merge_range("A1:D1", "Orders of 2025", book.add_format({"align": "center"}))
        sheet.write_row(2, 0, HEADER)
        for at, (customer, order, date, amount) in enumerate(TYPED, 3):
            if at != 4:
                sheet.write_string(at, 0, customer)
            sheet.write_number(at, 1, order)
            sheet.write_datetime(at, 2, date, day)
            sheet.write_number(at, 3, amount)
        sheet.merge_range("A4:A5", "C01")
    return buffer.getvalue()


def ods(rows: Cells, *, blanks: int = 0) -> bytes:
    """Return an OpenDocument file of one sheet; ``blanks`` repeated empty rows stand above the last row."""
    lines = []
    for at, cells in enumerate(rows):
        if blanks and at == len(rows) - 1:
            lines.append(
                f'<table:table-row table:number-rows-repeated="{blanks}"><table:table-cell table:number-columns-repeated="1024"/></table:table-row>'
            )
        lines.append("<table:table-row>" + "".join(map(_ods_cell, cells)) + "</table:table-row>")
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces} office:version="1.2"><office:body><office:spreadsheet>'
        f'<table:table table:name="Orders">{"".join(lines)}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in (("mimetype", kind), ("content.xml", content), ("META-INF/manifest.xml", manifest)):
            archive.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()


def _ods_cell(cell: object) -> str:
    match cell:
        case None:
            return "<table:table-cell/>"
        case dt.date():
            return f'<table:table-cell office:value-type="date" office:date-value="{cell.isoformat()}"><text:p>{cell:%d.%m.%y}</text:p></table:table-cell>'
        case int() | float():
            return f'<table:table-cell office:value-type="float" office:value="{cell!r}"><text:p>{cell:.0f}</text:p></table:table-cell>'
        case _:
            return (
                f'<table:table-cell office:value-type="string"><text:p>{escape(str(cell))}</text:p></table:table-cell>'
            )


def _sheet(
    name: str, content: Content | Cells, *verdicts: Used | Refused, file: str = "orders.xlsx", **job: object
) -> Case:
    """Return a case of one file; a list of rows is the sheet ``Orders``."""
    columns = job.pop("columns", None)
    if not isinstance(content, bytes | str) and not callable(content):
        rows = content
        return Case(name, {file: lambda: sheets({"Orders": rows})}, verdicts, job=job, columns=columns)
    return Case(name, {file: content}, verdicts, job=job, columns=columns)


def _book(content: Mapping[str, Cells], **options: object) -> Callable[[], bytes]:
    return lambda: sheets(content, **options)


def _row(*cells: object) -> Cells:
    """Return the table with one more row, which is row 9 of the sheet."""
    return [*TABLE, cells]


DAY = dt.date(2025, 6, 2)
MORE = (*LOG, Row("C01", "1007", "2025-06-02", "12.50"))
FORMULAS: Cells = [(*HEADER, "quantity", "price")] + [
    (customer, order, day, Formula(f"=E{at}*F{at}|{amount}"), 1, amount)
    for at, (customer, order, day, amount) in enumerate(TYPED, 2)
]
NUMBERED = {"C01": 10001, "C02": 10002, "C03": 10003}
NUMBERED_TABLE: Cells = [HEADER, *((NUMBERED[customer], *rest) for customer, *rest in TYPED)]
NUMBERED_LOG = [row._replace(customer=str(NUMBERED[row.customer])) for row in LOG]
NOTES: Cells = [("These are the orders of 2025.",), ("Ask Ann for the rest.",)]
SERIALS: Cells = [
    HEADER,
    *((customer, order, (day - dt.date(1899, 12, 30)).days, amount) for customer, order, day, amount in TYPED),
]
LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    + "".join(f'<!ENTITY {chr(99 + step)} "{f"&{chr(98 + step)};" * 8}">' for step in range(10))
    + "]>"
)

CASES = [
    _sheet("xlsx", TABLE, Used()),
    _sheet("xlsx-with-title-and-blank-rows", [("Orders of 2025",), (), ("made", DAY), (), *TABLE], Used()),
    _sheet(
        "xlsx-title-and-bad-row",
        [("Orders of 2025",), (), *TABLE, ("C01", 1007, DAY, "n/a")],
        Used(aside=1, met=[Met("number_unreadable", 1, 11, "amount", "n/a", "orders.xlsx")]),
    ),
    _sheet("xlsx-table-away-from-the-corner", [(), (), *((None, None, *cells) for cells in TABLE)], Used()),
    _sheet(
        "xlsx-blank-rows-between",
        [*TABLE[:4], (), (), *TABLE[4:], ("C01", 1007, DAY, "n/a")],
        Used(aside=1, met=[Met("number_unreadable", 1, 11)]),
    ),
    _sheet(
        "xlsx-many-blank-cells-below",
        lambda: edited(
            sheets({"Orders": TABLE}),
            lambda xml: xml.replace(
                "</sheetData>",
                "".join(f'<row r="{at}"><c r="A{at}"/><c r="D{at}"/></row>' for at in range(9, 2000)) + "</sheetData>",
            ),
        ),
        Used(),
    ),
    _sheet(
        "xlsx-notes-sheet",
        _book({"Notes": NOTES, "Orders": TABLE}),
        Used(met=[Met("sheet_left_out", 1, file="Notes")]),
        Used(met=[Met("sheet_left_out", 1)]),
    ),
    _sheet("xlsx-sheet-per-month", _book({"Feb": TABLE[:5], "Jun": [HEADER, *TABLE[5:]]}), Used()),
    _sheet(
        "xlsx-sheet-per-month-overlapping",
        _book({"Feb": TABLE[:6], "Jun": [HEADER, *TYPED[3:]]}),
        Used(aside=2, met=[Met("order_in_two_files", 2)]),
        Used(aside=2, met=[Met("read_twice|duplicate", 2)]),
    ),
    _sheet(
        "xlsx-sheet-per-month-bad-row",
        _book({"Feb": TABLE[:5], "Jun": [HEADER, *TYPED[4:], ("C01", 1007, "soon", 1)]}),
        Used(aside=1, met=[Met("date_unreadable", 1, 5, "order_date", "soon", "Jun")]),
    ),
    _sheet(
        "xlsx-hidden-sheet",
        _book({"Orders": TABLE, "Old": [HEADER, ("C09", 900, DAY, 5.0)]}, hidden=["Old"]),
        Used((*LOG, Row("C09", "900", "2025-06-02", "5.00"))),
        Used(met=[Met("sheet_left_out", 1)]),
        Refused(["Old"]),
    ),
    _sheet(
        "xlsx-sheets-that-differ",
        _book({"Orders": TABLE, "Web": [(*HEADER, "channel"), ("C09", 900, DAY, 5.0, "web")]}),
        Used((*LOG, Row("C09", "900", "2025-06-02", "5.00"))),
        Refused(["Orders", "Web", "read.sheet"]),
    ),
    _sheet(
        "xlsx-sheet-chosen",
        _book({"Orders": TABLE, "Old": [HEADER, ("C09", 900, DAY, 5.0)]}),
        Used(),
        read={"sheet": "Orders"},
    ),
    _sheet(
        "xlsx-sheets-chosen",
        _book({"A": TABLE[:5], "B": [HEADER, *TYPED[4:]], "Old": [HEADER, ("C09", 900, DAY, 5.0)]}),
        Used(),
        read={"sheet": ["A", "B"]},
    ),
    _sheet("xlsx-sheets-all", _book({"A": TABLE[:5], "B": [HEADER, *TYPED[4:]]}), Used(), read={"sheet": "*"}),
    _sheet(
        "xlsx-sheet-not-there",
        _book({"A": TABLE, "B": NOTES}),
        Refused(["Orders", "A", "B", "sheet"]),
        read={"sheet": "Orders"},
    ),
    _sheet("xlsx-no-sheet-fits", _book({"A": NOTES, "B": [("x", "y"), (1, 2)]}), Refused(["customer"])),
    _sheet("xlsx-empty", _book({"Orders": []}), Refused(["orders.xlsx"])),
    _sheet("xlsx-header-only", [HEADER], Refused(["no row|no order|without a row|only|nothing"])),
    _sheet("xlsx-1904", _book({"Orders": TABLE}, default_date_format="yyyy-mm-dd", date_1904=True), Used()),
    _sheet("xlsx-formulas-with-values", FORMULAS, Used()),
    _sheet(
        "xlsx-formulas-without-values",
        lambda: edited(sheets({"Orders": FORMULAS}), lambda xml: re.sub(r"(<f>[^<]*</f>)<v>[^<]*</v>", r"\1", xml)),
        Refused(["formula"]),
        Refused(["amount"]),
    ),
    _sheet(
        "xlsx-one-formula-without-value",
        lambda: edited(sheets({"Orders": FORMULAS}), lambda xml: re.sub(r"(<f>E8[^<]*</f>)<v>[^<]*</v>", r"\1", xml)),
        Used(LOG[:-1], aside=1, met=[Met("number_missing", 1, 8, "amount"), Met("formula_without_value", 1)]),
    ),
    _sheet(
        "xlsx-formula-that-failed",
        [*FORMULAS, ("C01", 1007, DAY, Formula("=E9/0|#DIV/0!"), 1, 1)],
        Used(aside=1, met=[Met("number_unreadable", 1, 9, "amount", "#DIV/0!")]),
    ),
    _sheet(
        "xlsx-error-cells",
        lambda: edited(
            sheets({"Orders": [*_row("C01", 1007, DAY, 987654321), (123454321, 1008, DAY, 5)]}),
            lambda xml: re.sub(r'<c r="([A-Z]\d+)"><v>(987654321|123454321)</v>', r'<c r="\1" t="e"><v>#REF!</v>', xml),
        ),
        Used(aside=2, met=[Met("number_unreadable", 1, 9, "amount", "#REF!"), Met("customer_missing", 1, 10)]),
        Used(
            (*LOG, Row("#REF!", "1008", "2025-06-02", "5")),
            aside=1,
            met=[Met("number_unreadable", 1, 9, "amount", "#REF!"), Met("customer_repaired", 1, 10)],
        ),
    ),
    _sheet(
        "xlsx-merged-cells",
        _merged,
        Used(met=[Met("merged_filled", 1, 5)]),
    ),
    _sheet(
        "xlsx-text-numbers",
        [HEADER, *((customer, str(order), day, f"{amount:.2f}") for customer, order, day, amount in TYPED)],
        Used(),
    ),
    _sheet(
        "xlsx-text-numbers-decimal-comma",
        [
            HEADER,
            *((customer, order, day, f"{amount:.2f}".replace(".", ",")) for customer, order, day, amount in TYPED),
        ],
        Used(met=[Met("decimal_comma", None)]),
    ),
    _sheet("xlsx-numbers-where-comma-is-declared", TABLE, Used(), read={"decimal": ","}),
    _sheet(
        "xlsx-numbers-and-comma-texts",
        _row("C01", 1007, DAY, "12,50"),
        Used(MORE),
        Refused(["12,50"]),
        Used(aside=1, met=[Met("number_unreadable", 1, 9, "amount", "12,50")]),
    ),
    _sheet(
        "xlsx-thousands-where-comma-is-declared",
        _row("C01", 1007, DAY, 1234.5),
        Used((*LOG, Row("C01", "1007", "2025-06-02", "1234.5"))),
        read={"decimal": ","},
    ),
    _sheet(
        "xlsx-three-decimals",
        [HEADER, *((customer, order, day, 1.125) for customer, order, day, _ in TYPED)],
        Used([row._replace(amount="1.125") for row in LOG]),
    ),
    _sheet(
        "xlsx-float-dust", _row("C01", 1007, DAY, 0.1 + 0.2), Used((*LOG, Row("C01", "1007", "2025-06-02", "0.30")))
    ),
    _sheet(
        "xlsx-tiny-number",
        _row("C01", 1007, DAY, 1.5e-07),
        Used((*LOG, Row("C01", "1007", "2025-06-02", "0.00000015"))),
    ),
    _sheet(
        "xlsx-huge-number",
        _row("C01", 1007, DAY, 1.5e22),
        Used((*LOG, Row("C01", "1007", "2025-06-02", "15000000000000000000000"))),
        Used(aside=1, met=[Met("number_unreadable", 1, 9)]),
    ),
    _sheet("xlsx-int-ids", NUMBERED_TABLE, Used(NUMBERED_LOG)),
    _sheet(
        "xlsx-ids-of-numbers-and-text",
        [*NUMBERED_TABLE, ("10001", "1007", DAY, 12.5), ("010001", "1008", DAY, 1)],
        Used(
            (*NUMBERED_LOG, Row("10001", "1007", "2025-06-02", "12.50"), Row("010001", "1008", "2025-06-02", "1")),
            met=[Met("id_zeros", None)],
        ),
    ),
    _sheet(
        "xlsx-ids-cut-by-the-spreadsheet",
        _row(12345678901234567890, 1007, DAY, 12.5),
        Refused(["customer", "9"], rule="customer_mangled"),
        Refused(["customer"]),
    ),
    _sheet(
        "xlsx-ids-of-fifteen-digits",
        _row(123456789012345, 1007, DAY, 12.5),
        Used((*LOG, Row("123456789012345", "1007", "2025-06-02", "12.50"))),
    ),
    _sheet(
        "xlsx-ids-as-text-of-twenty-digits",
        _row("12345678901234567890", 1007, DAY, 12.5),
        Used((*LOG, Row("12345678901234567890", "1007", "2025-06-02", "12.50"))),
    ),
    _sheet("xlsx-boolean-cells", _row(True, 1007, DAY, 12.5), Used((*LOG, Row("TRUE", "1007", "2025-06-02", "12.50")))),
    _sheet(
        "xlsx-boolean-money",
        _row("C01", 1007, DAY, True),
        Used(aside=1, met=[Met("number_unreadable", 1, 9, "amount", "TRUE")]),
    ),
    _sheet(
        "xlsx-date-in-money",
        _row("C01", 1007, DAY, dt.date(2025, 12, 5)),
        Used(aside=1, met=[Met("number_unreadable", 1, 9, "amount", "2025-12-05")]),
    ),
    _sheet(
        "xlsx-dates-as-iso-text",
        [HEADER, *((customer, order, day.isoformat(), amount) for customer, order, day, amount in TYPED)],
        Used(),
    ),
    _sheet("xlsx-real-and-text-dates", _row("C01", 1007, "2025-06-02", 12.5), Used(MORE)),
    _sheet(
        "xlsx-real-and-german-dates",
        _row("C01", 1007, "02.06.2025", 12.5),
        Refused(["02.06.2025", "date_format"]),
        Used(aside=1, met=[Met("date_unreadable", 1, 9, "order_date", "02.06.2025")]),
    ),
    _sheet(
        "xlsx-real-and-declared-dates",
        _row("C01", 1007, "02.06.2025", 12.5),
        Used(MORE),
        read={"date_format": "%d.%m.%Y"},
    ),
    _sheet(
        "xlsx-dates-with-time",
        [
            HEADER,
            *(
                (customer, order, dt.datetime.combine(day, dt.time(23, 59)), amount)
                for customer, order, day, amount in TYPED
            ),
        ],
        Used(),
    ),
    _sheet(
        "xlsx-serials-without-format", SERIALS, Refused(["day|order_date", "date_format", "45688"], rule="date_serial")
    ),
    _sheet("xlsx-serials-declared", SERIALS, Used(), read={"date_format": "excel"}),
    _sheet("xlsx-real-dates-declared-excel", TABLE, Used(), read={"date_format": "excel"}),
    _sheet(
        "xlsx-one-serial-among-dates",
        _row("C01", 1007, 45810, 12.5),
        Refused(["45810"]),
        Used(aside=1, met=[Met("date_unreadable", 1, 9, "order_date", "45810")]),
    ),
    _sheet("xlsx-total-row", _row("合计", None, None, 1441.51), Used(aside=1, met=[Met("total_row", 1, 9)])),
    _sheet(
        "xlsx-total-formula",
        _row("Total", None, None, Formula("=SUM(D2:D8)|1441.51")),
        Used(aside=1, met=[Met("total_row", 1, 9)]),
    ),
    _sheet(
        "xlsx-chinese-header",
        [("客户", "订单号", "日期", "金额"), *TYPED],
        Used(),
        columns={"customer_id": "客户", "order_id": "订单号", "order_date": "日期", "amount": "金额"},
    ),
    _sheet(
        "xlsx-chinese-dates",
        [
            HEADER,
            *(
                (customer, order, f"{day.year}年{day.month}月{day.day}日", amount)
                for customer, order, day, amount in TYPED
            ),
        ],
        Used(),
    ),
    _sheet(
        "xlsx-number-as-header",
        [("customer", "order", "day", 2025), *TYPED],
        Used(),
        columns={"customer_id": "customer", "order_id": "order", "order_date": "day", "amount": "2025"},
    ),
    _sheet(
        "xlsx-header-twice",
        [(*HEADER, "amount"), *((*cells, 1) for cells in TYPED)],
        Refused(["amount"], rule="header_twice"),
    ),
    _sheet("xlsx-column-missing", [("customer", "order", "day", "Betrag"), *TYPED], Refused(["amount", "Betrag"])),
    _sheet(
        "xlsx-injected-formula-text",
        _row('=cmd|"/C calc"!A0', 1007, DAY, 12.5),
        Used((*LOG, Row('=cmd|"/C calc"!A0', "1007", "2025-06-02", "12.50"))),
    ),
    _sheet(
        "xlsx-long-texts",
        _row("C01", 1007, DAY, "9" * 32_000),
        Used(aside=1, met=[Met("number_unreadable", 1, 9, "amount")]),
    ),
    _sheet("xlsm", TABLE, Used(), file="orders.xlsm"),
    _sheet("xlsx-in-capitals", TABLE, Used(), file="ORDERS.XLSX"),
    _sheet("xlsx-called-xls", TABLE, Used(), Refused(["xls"]), file="orders.xls"),
    _sheet(
        "xlsx-called-csv",
        lambda: sheets({"Orders": TABLE}),
        Used(),
        Refused(["xcel|xlsx|spreadsheet|zip|archive"]),
        file="orders.csv",
    ),
    _sheet("csv-called-xlsx", written(), Used(), Refused(["xlsx|xcel|spreadsheet"])),
    _sheet("text-called-xls", written(delimiter="\t"), Used(), Refused(["xls|xcel|spreadsheet"]), file="orders.xls"),
    _sheet(
        "web-page-called-xls",
        "<html><table><tr><th>customer</th><th>order</th><th>day</th><th>amount</th></tr>"
        + "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in LOG)
        + "</table></html>",
        Used(),
        Refused(["HTML|web page|kind|xls"]),
        file="orders.xls",
    ),
    _sheet("xlsx-cut", lambda: sheets({"Orders": TABLE})[:-200], Refused(["damaged|cut|read|open"])),
    _sheet("xlsx-garbage", b"PK\x03\x04" + bytes(range(256)) * 8, Refused(["damaged|read|open"])),
    _sheet(
        "xlsx-locked",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(2000),
        Refused(["orders.xlsx"]),
    ),
    _sheet(
        "xlsx-broken-xml",
        lambda: edited(sheets({"Orders": TABLE}), lambda xml: xml[: len(xml) // 2]),
        Refused(["damaged|read|open"]),
    ),
    _sheet(
        "xlsx-without-its-sheet",
        lambda: edited(
            sheets({"Orders": TABLE}),
            lambda xml: xml.replace("sheet1.xml", "sheet9.xml"),
            part="xl/_rels/workbook.xml.rels",
        ),
        Refused(["orders.xlsx"]),
    ),
    _sheet(
        "xlsx-billion-laughs",
        lambda: edited(
            sheets({"Orders": _row("C01&l;", 1007, DAY, 5)}),
            lambda xml: xml.replace("<sst", LAUGHS + "<sst").replace("&amp;l;", "&l;"),
            part="xl/sharedStrings.xml",
        ),
        Refused(["orders.xlsx"]),
        Used((*LOG, Row("C01", "1007", "2025-06-02", "5"))),
        Used((*LOG, Row("C01&l;", "1007", "2025-06-02", "5"))),
        Used(aside=1),
    ),
    _sheet(
        "xlsx-reads-no-other-file",
        lambda: edited(
            sheets({"Orders": _row("C01&l;", 1007, DAY, 5)}),
            lambda xml: xml.replace("<sst", '<!DOCTYPE x [<!ENTITY l SYSTEM "file:///etc/hostname">]><sst').replace(
                "&amp;l;", "&l;"
            ),
            part="xl/sharedStrings.xml",
        ),
        Refused(["orders.xlsx"]),
        Used((*LOG, Row("C01", "1007", "2025-06-02", "5"))),
        Used((*LOG, Row("C01&l;", "1007", "2025-06-02", "5"))),
        Used(aside=1),
    ),
    _sheet(
        "xlsx-claims-a-million-rows",
        lambda: edited(
            sheets({"Orders": TABLE}),
            lambda xml: re.sub(r'<dimension ref="[^"]*"/>', '<dimension ref="A1:XFD1048576"/>', xml),
        ),
        Used(),
    ),
    _sheet(
        "xlsx-a-cell-in-the-last-corner",
        lambda: edited(
            sheets({"Orders": TABLE}),
            lambda xml: xml.replace(
                "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
            ),
        ),
        Refused(["orders.xlsx"]),
        Used(),
        Used(aside=1),
    ),
    _sheet("ods", ods(TABLE), Used(), file="orders.ods"),
    _sheet(
        "ods-with-title-and-bad-row",
        ods([("Orders",), (None,), *TABLE, ("C01", 1007, DAY, "n/a")]),
        Used(aside=1, met=[Met("number_unreadable", 1, 11, "amount", "n/a")]),
        file="orders.ods",
    ),
    _sheet(
        "ods-repeated-blank-rows", ods([*TABLE, ("C01", 1007, DAY, 12.5)], blanks=500), Used(MORE), file="orders.ods"
    ),
    _sheet(
        "ods-a-billion-blank-rows",
        ods(_row("C01", 1007, DAY, 12.5), blanks=1_000_000_000),
        Used(MORE),
        Refused(["orders.ods"]),
        file="orders.ods",
    ),
    _sheet("ods-cut", ods(TABLE)[:-30], Refused(["damaged|cut|read|open"]), file="orders.ods"),
    _sheet(
        "xls-old-excel",
        zlib.decompress(base64.b85decode(OLD_EXCEL)),
        Used(aside=1, met=[Met("number_unreadable", 1, 11, "amount", "n/a"), Met("sheet_left_out", 1)]),
        file="orders.xls",
    ),
    _sheet(
        "xls-cut",
        zlib.decompress(base64.b85decode(OLD_EXCEL))[:2000],
        Refused(["damaged|cut|read|open"]),
        file="orders.xls",
    ),
    Case(
        "xlsx-and-csv-together",
        {"a.xlsx": _book({"Orders": TABLE[:5]}), "b.csv": written(LOG[4:])},
        [Used()],
        source=["a.xlsx", "b.csv"],
    ),
]
