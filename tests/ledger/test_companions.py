"""The tables beside the orders: by the same doors, every value judged, and refused by file, line, column and value."""

from __future__ import annotations

import gzip
import io
import re
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from kalib.errors import DataError, KalibError
from kalib.ledger.companions import KINDS, Companions, count_strangers, read_companions
from kalib.settings import Job, read_job

ACCOUNTS = "customer_id,name,parent_id,satisfaction\nann,Ann Ltd,,8\nbob,Bob & Söhne,ann,x\n"
ROOT = Path(__file__).parents[2]


def read(folder: Path, **tables: object) -> Companions:
    settings = {"job": "desk", "source": "none.csv", "columns": {"customer_id": "c", "order_date": "d", "amount": "a"}}
    job = Job.model_validate({**settings, "file": folder / "job.yaml", **tables})
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    with duckdb.connect() as con:
        found = read_companions(con, job, scratch)
        assert con.execute("SELECT current_database()").fetchone() == ("memory",)
        assert con.execute("SHOW ALL TABLES").fetchall() == []  # nothing is left behind
    return found


def put(folder: Path, name: str, content: str | bytes) -> str:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def read_one(folder: Path, table: str, content: str | bytes, **settings: object) -> Companions:
    source = put(folder, f"{table}.csv", content)
    return read(folder, **{table: {"source": source, **settings} if settings else source})


def found(companions: Companions) -> dict[str, tuple]:
    """Return what each rule met: how often, on which line, in which column, which value."""
    return {
        str(issue["rule"]): (issue["action"], issue["count"], issue["line"], issue["column"], issue["value"])
        for issue in companions.issues
    }


def rows(table: pd.DataFrame, *columns: str) -> list[tuple]:
    text = table[list(columns)].astype(object).where(table[list(columns)].notna(), None)
    return [
        tuple(str(v.date()) if isinstance(v, pd.Timestamp) else v for v in row) for row in text.itertuples(index=False)
    ]


def test_accounts_are_read_and_what_cannot_be_read_counts_as_missing(tmp_path):
    companions = read_one(tmp_path, "accounts", ACCOUNTS)
    table = companions.tables["accounts"]
    assert rows(table, "customer_id", "name", "parent_id", "satisfaction") == [
        ("ann", "Ann Ltd", None, 8.0),
        ("bob", "Bob & Söhne", "ann", None),
    ]
    assert found(companions) == {"value_unreadable": ("accepted", 1, 3, "satisfaction", "x")}
    assert list(companions.inputs) == ["accounts/accounts.csv"]


def test_ids_and_parents_are_repaired_as_those_of_the_orders_are(tmp_path):
    content = "customer_id,parent_id\n12340.0,\n00123,12340.0\n１２３,00123\n"
    companions = read_one(tmp_path, "accounts", content)
    assert rows(companions.tables["accounts"], "customer_id", "parent_id") == [
        ("00123", "12340"),
        ("123", "00123"),
        ("12340", None),
    ]
    assert found(companions)["customer_repaired"] == ("repaired", 3, 2, "customer_id", "12340.0")


def test_numbers_and_dates_of_accounts(tmp_path):
    content = (
        'customer_id,since,wallet,complaints,influence\na,2019年5月27日,"8,136,000",0,n/a\nb,soon,¥ 5,#REF!,3\nc,,,,\n'
    )
    companions = read_one(tmp_path, "accounts", content)
    assert rows(companions.tables["accounts"], "customer_id", "since", "wallet", "complaints", "influence") == [
        ("a", "2019-05-27", 8136000.0, 0.0, None),
        ("b", None, 5.0, None, 3.0),
        ("c", None, None, None, None),
    ]
    assert found(companions)["value_unreadable"] == ("accepted", 3, 2, "influence", "n/a")
    assert found(companions)["currency_sign"][:3] == ("repaired", 1, 3)


def test_accounts_may_say_who_has_left(tmp_path):
    content = (
        "customer_id,contract_end,left,left_on,leaving_cause\n"
        "a,2026年12月31日,Yes,2026-01-05, price \nb,9999-12-31,否,,竞争\nc,soon,maybe,2026-13-31,\nd,,１,,\ne,,FALSE,,\n"
    )
    companions = read_one(tmp_path, "accounts", content)
    table = companions.tables["accounts"]
    assert rows(table, "customer_id", "contract_end", "left", "left_on", "leaving_cause") == [
        ("a", "2026-12-31", True, "2026-01-05", "price"),
        ("b", None, False, None, "竞争"),  # 9999 is no end, and nothing that could not be read
        ("c", None, None, None, None),
        ("d", None, True, None, None),
        ("e", None, False, None, None),
    ]
    assert found(companions)["value_unreadable"][:3] == ("accepted", 3, 4)
    assert str(table["left"].dtype) == "boolean"
    mapped = read_one(
        tmp_path, "accounts", "Kunde;Gekündigt\nx;bald\ny;ja\n", columns={"customer_id": "Kunde", "left": "Gekündigt"}
    )
    assert rows(mapped.tables["accounts"], "customer_id", "left") == [("x", None), ("y", True)]
    assert found(mapped)["value_unreadable"] == ("accepted", 1, 2, "Gekündigt", "bald")


def test_a_column_of_true_and_false_need_not_be_text(tmp_path):
    table = pa.table({"customer_id": ["a", "b", "c"], "left": pa.array([True, False, None])})
    pq.write_table(table, tmp_path / "accounts.parquet")
    companions = read(tmp_path, accounts="accounts.parquet")
    assert rows(companions.tables["accounts"], "customer_id", "left") == [("a", True), ("b", False), ("c", None)]
    assert companions.issues == []


def test_columns_that_are_not_ours_are_left_unread_and_told(tmp_path):
    companions = read_one(
        tmp_path, "accounts", "Customer_ID,Name,Religion\na,Ada,x\n", columns={"customer_id": "Customer_ID"}
    )
    assert list(companions.tables["accounts"]) == ["customer_id", "name"]
    assert found(companions) == {"column_not_used": ("accepted", 1, None, "Religion", "Religion")}


def test_headers_are_mapped_and_not_guessed(tmp_path):
    content = "Kundennummer;Konzern;Kundenname;Umsatzpotenzial\nS1;K;Süd;1.000,50\nK;;Konzern;2.500.000,00\n".encode(
        "cp1252"
    )
    mapped = {"customer_id": "Kundennummer", "parent_id": "Konzern", "name": "Kundenname", "wallet": "Umsatzpotenzial"}
    companions = read_one(tmp_path, "accounts", content, columns=mapped)
    assert rows(companions.tables["accounts"], "customer_id", "parent_id", "name", "wallet") == [
        ("K", None, "Konzern", 2500000.0),
        ("S1", "K", "Süd", 1000.5),
    ]
    assert [(note.rule, note.value) for note in companions.notes] == [("encoding_found", "windows-1252")]


def test_a_total_below_the_accounts_is_no_account(tmp_path):
    companions = read_one(tmp_path, "accounts", "customer_id,name,wallet\na,Ada,5\nTotal,Total SA,7\n合计,,12\n")
    assert companions.tables["accounts"]["customer_id"].tolist() == ["Total", "a"]
    assert found(companions) == {"total_row": ("set_aside", 1, 4, "customer_id", "合计")}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("customer_id,name\nann,A\nbob,B\nann ,C\n", "accounts.csv, line 4, column customer_id, value 'ann': the account stands in the table twice, first on line 2. Keep one row per account."),
        ("customer_id,name\n12,A\n\n12.0,B\n", "accounts.csv, line 4, column customer_id, value '12': the account stands in the table twice, first on line 2."),
        ("customer_id,name\nann,A\n,B\n", "accounts.csv, line 3, column customer_id, value '': an account without a customer_id. Give it one, or leave the row out."),
        ("customer_id,parent_id\na,b\nb,c\nc,a\nd,a\n", "accounts.csv, line 2, column parent_id, value 'b': these accounts are each other's parents: a (line 2), b (line 3), c (line 4). Leave the parent of the topmost blank."),
        ("customer_id,name\n", "there is a header and no account below it"),
        ("customer,name\nann,Ann\n", "lacks ['customer_id']; it has ['customer', 'name']"),
        ("customer_id,parent_id\n1.23457E+11,\n", "line 2, column `customer_id`|value '1.23457E+11'|a power of ten"),
        ("customer_id,since\na,03/04/2024\n", "line 2|'03/04/2024'|Settings of this file stand below `accounts:`"),
        ("customer_id,wallet\na,\"1,234\"\nb,\"5,678\"\n", "line 2|'1,234'|Settings of this file stand below `accounts:`"),
        ("", "the file is empty"),
    ],
)  # fmt: skip
def test_accounts_that_cannot_be_used_are_refused(tmp_path, content, said):
    with pytest.raises(DataError) as refused:
        read_one(tmp_path, "accounts", content)
    for part in [str(tmp_path / "accounts.csv"), *said.split("|")]:
        assert part in str(refused.value)


def test_a_file_that_is_not_there_is_refused_by_its_setting(tmp_path):
    with pytest.raises(DataError, match=r"nosuch\.csv: there is no such file\. `contacts` in .*job\.yaml names it"):
        read(tmp_path, contacts="nosuch.csv")


def test_a_mapped_column_must_be_there(tmp_path):
    with pytest.raises(DataError, match=re.escape("lacks ['Konzern']")):
        read_one(tmp_path, "accounts", "customer_id,parent_id\na,\n", columns={"parent_id": "Konzern"})


def test_an_account_that_is_its_own_parent_stands_at_the_top(tmp_path):
    companions = read_one(tmp_path, "accounts", "customer_id,parent_id\na,a\nb,a\nc,b\nd,gone\n")
    assert rows(companions.tables["accounts"], "customer_id", "parent_id", "top_parent_id") == [
        ("a", None, "a"),
        ("b", "a", "a"),
        ("c", "b", "a"),
        ("d", "gone", "gone"),
    ]
    assert found(companions) == {"parent_itself": ("repaired", 1, 2, "parent_id", "a")}


def test_the_parent_level_needs_parents(tmp_path):
    put(tmp_path, "accounts.csv", "customer_id,name\na,Ada\n")
    with pytest.raises(DataError, match=re.escape("lacks ['parent_id']")):
        read(tmp_path, accounts="accounts.csv", level="parent")


CONTACTS = "customer_id,date,kind,hours,cost\na,2024-01-05,visit,1.5,100\na,2024-01-04,call,,x\n,2024-01-06,call,1,1\nb,,call,1,1\nb,2024-13-01,call,1,1\nb,2031-01-01,email,0,0\n"


def test_contacts_without_customer_or_date_are_set_aside(tmp_path):
    companions = read_one(tmp_path, "contacts", CONTACTS)
    assert rows(companions.tables["contacts"], "customer_id", "contact_date", "kind", "hours", "cost") == [
        ("a", "2024-01-04", "call", None, None),
        ("a", "2024-01-05", "visit", 1.5, 100.0),
        ("b", "2031-01-01", "email", 0.0, 0.0),  # after any as_of: left out by who reads it as of a date
    ]
    assert found(companions) == {
        "customer_missing": ("set_aside", 1, 4, "customer_id", None),
        "date_missing": ("set_aside", 1, 5, "date", None),
        "date_unreadable": ("set_aside", 1, 6, "date", "2024-13-01"),
        "value_unreadable": ("accepted", 1, 3, "cost", "x"),
    }


def test_contacts_may_use_our_own_name_for_the_date(tmp_path):
    companions = read_one(tmp_path, "contacts", "customer_id,contact_date\na,2024-01-05\n")
    assert rows(companions.tables["contacts"], "customer_id", "contact_date") == [("a", "2024-01-05")]


def test_contacts_of_which_most_dates_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(DataError, match="2 of 3 rows cannot be read as dates") as refused:
        read_one(tmp_path, "contacts", "customer_id,date\na,x\na,y\na,2024-01-05\n")
    assert (refused.value.rule, refused.value.line, refused.value.value) == ("column_unreadable", 2, "x")


def test_costs_have_a_period_and_money_that_is_never_guessed(tmp_path):
    content = "customer_id,period,rebates,other\na,2022-07,1,2\na,2022Q3,-3.50,\nb,2022,4,x\nb,soon,1,1\nb,,1,1\nb,2023,,\n合计,,99,99\n"
    companions = read_one(tmp_path, "costs", content)
    assert rows(companions.tables["costs"], "customer_id", "period_start", "period_end", "rebates", "other") == [
        ("a", "2022-07-01", "2022-07-31", 1.0, 2.0),
        ("a", "2022-07-01", "2022-09-30", -3.5, None),
    ]
    assert found(companions) == {
        "total_row": ("set_aside", 1, 8, "customer_id", "合计"),
        "period_missing": ("set_aside", 1, 6, "period", None),
        "period_unreadable": ("set_aside", 1, 5, "period", "soon"),
        "number_missing": ("set_aside", 1, 7, "rebates", None),
        "number_unreadable": ("set_aside", 1, 4, "other", "x"),
    }


@pytest.mark.parametrize(
    ("days", "periods"),
    [
        (["2022-07-01", "2022-08-01"], [("2022-07-01", "2022-07-31"), ("2022-08-01", "2022-08-31")]),
        (["2022-07-31", "2022-08-31"], [("2022-07-01", "2022-07-31"), ("2022-08-01", "2022-08-31")]),
        (["2022-07-01", "2022-08-02"], [("2022-07-01", "2022-07-01"), ("2022-08-02", "2022-08-02")]),
        (["2022-01-01", "2023-01-01"], [("2022-01-01", "2022-01-01"), ("2023-01-01", "2023-01-01")]),
    ],
)
def test_days_are_months_only_where_months_follow_each_other(tmp_path, days, periods):
    content = "customer_id,period,other\n" + "".join(f"a,{day},1\n" for day in days)
    table = read_one(tmp_path, "costs", content).tables["costs"]
    assert rows(table, "period_start", "period_end") == periods


def test_a_target_for_a_single_day_is_a_doubt(tmp_path):
    with pytest.raises(
        DataError, match=r"targets\.csv, line 2, column period, value '2022-01-01': a target for a single day"
    ):
        read_one(tmp_path, "targets", "customer_id,period,sales_target\na,2022-01-01,5\na,2023-01-01,6\n")


def test_targets_stand_once(tmp_path):
    table = read_one(tmp_path, "targets", "customer_id,period,sales_target\na,2022,5\na,2022Q1,1\nb,2022,6\n").tables[
        "targets"
    ]
    assert table["sales_target"].tolist() == [1.0, 5.0, 6.0]
    with pytest.raises(
        DataError, match=r"line 3, column period, value '2022年': a has a target for this period already, on line 2"
    ):
        read_one(tmp_path, "targets", "customer_id,period,sales_target\na,2022,5\na,2022年,6\n")


def test_rows_that_cannot_be_split_are_set_aside(tmp_path):
    companions = read_one(tmp_path, "contacts", "customer_id,date,hours\na,2024-01-05,1\nb\nc,2024-01-05,1,9,9\n")
    assert companions.tables["contacts"]["customer_id"].tolist() == ["a"]
    assert found(companions) == {
        "row_short": ("set_aside", 1, 3, None, "b"),
        "row_long": ("set_aside", 1, 4, None, "c,2024-01-05,1,9,9"),
    }


def test_an_account_that_stands_in_two_files_is_told_with_both(tmp_path):
    put(tmp_path, "east.csv", "customer_id\na\nb\n")
    put(tmp_path, "west.csv", "customer_id\nc\nb\n")
    with pytest.raises(
        DataError, match=r"west\.csv, line 3, column customer_id, value 'b'.* first on line 3 of east\.csv"
    ):
        read(tmp_path, accounts=["east.csv", "west.csv"])


def as_gzip(folder: Path, text: str) -> str:
    return put(folder, "contacts.csv.gz", gzip.compress(text.encode()))


def as_parquet(folder: Path, text: str) -> str:
    frame = pd.read_csv(io.StringIO(text), parse_dates=["date"])
    pq.write_table(pa.Table.from_pandas(frame), folder / "contacts.parquet")
    return "contacts.parquet"


def as_sheet(folder: Path, text: str) -> str:
    with xlsxwriter.Workbook(folder / "contacts.xlsx") as book:
        sheet = book.add_worksheet()
        for number, line in enumerate(text.splitlines()):
            for place, cell in enumerate(line.split(",")):
                sheet.write(number, place, cell)
    return "contacts.xlsx"


def as_two_files(folder: Path, text: str) -> list[str]:
    header, *lines = text.splitlines(keepends=True)
    return [
        put(folder, f"contacts {n}.csv", header + part)
        for n, part in enumerate(("".join(lines[:1]), "".join(lines[1:])))
    ]


@pytest.mark.parametrize("make", [as_gzip, as_parquet, as_sheet, as_two_files], ids=lambda make: make.__name__)
def test_every_door_leads_to_the_same_table(tmp_path, make):
    text = "customer_id,date,hours\na,2024-01-05,1.5\nb,2024-02-05,2\n"
    table = read(tmp_path, contacts=make(tmp_path, text)).tables["contacts"]
    assert rows(table, "customer_id", "contact_date", "hours") == [("a", "2024-01-05", 1.5), ("b", "2024-02-05", 2.0)]


def test_the_encoding_of_the_orders_is_taken_where_the_file_is_not_utf8(tmp_path):
    text = "customer_id,name\n1,客\n"
    put(tmp_path, "accounts.csv", text.encode("big5"))
    table = read(tmp_path, accounts="accounts.csv", read={"encoding": "big5"}).tables["accounts"]
    assert table["name"].tolist() == ["客"]
    put(tmp_path, "accounts.csv", text)
    table = read(tmp_path, accounts="accounts.csv", read={"encoding": "big5"}).tables["accounts"]
    assert table["name"].tolist() == ["客"]


def test_the_decimal_sign_of_the_orders_is_not_taken(tmp_path):
    put(tmp_path, "costs.csv", "customer_id,period,other\na,2022,366.73\n")
    table = read(tmp_path, costs="costs.csv", read={"decimal": ","}).tables["costs"]
    assert table["other"].tolist() == [366.73]


def test_strangers_are_counted_but_for_prospects(tmp_path):
    put(tmp_path, "accounts.csv", "customer_id\nz\n")
    put(tmp_path, "contacts.csv", "customer_id,date\na,2024-01-05\ny,2024-01-05\ny,2024-01-06\n")
    companions = read(tmp_path, accounts="accounts.csv", contacts="contacts.csv")
    issues = count_strangers(companions, {"a"})
    assert [(i["table"], i["rule"], i["action"], i["count"], i["file"], i["value"]) for i in issues] == [
        ("contacts", "customer_unknown", "accepted", 2, "contacts.csv", "y")
    ]


def test_the_sample_is_read_whole_and_nothing_in_it_is_odd(tmp_path):
    job = read_job(ROOT / "jobs" / "wholesale.yaml")
    with duckdb.connect() as con:
        companions = read_companions(con, job, tmp_path)
    assert {name: len(table) for name, table in companions.tables.items()} == {
        "accounts": 1500,
        "contacts": 13_115,
        "costs": 23_415,
        "targets": 463,
    }
    assert companions.issues == []
    for name, table in companions.tables.items():
        theirs = pd.read_csv(ROOT / "data" / "wholesale" / f"{name}.csv", dtype={"customer_id": "str"})
        for figure in KINDS[name].numbers:
            if figure in theirs:
                assert round(float(table[figure].sum()), 2) == round(float(theirs[figure].sum()), 2)
    costs = companions.tables["costs"]
    assert costs["period_end"].dt.is_month_end.all()
    assert (costs["period_start"].dt.to_period("M") == costs["period_end"].dt.to_period("M")).all()


@pytest.mark.parametrize("table", KINDS)
def test_garbage_is_refused_without_a_stack_trace(tmp_path, table):
    for content in (
        b"\x00\x01\x02",
        b"PK\x03\x04",
        b"PAR1",
        b"a,b\n1,2\n",
        b'"',
        b"\xff\xfe",
    ):
        with pytest.raises(KalibError):
            read_one(tmp_path, table, content)


def test_the_first_line_of_a_file_that_is_no_table_is_not_repeated(tmp_path):
    with pytest.raises(DataError, match="this is no table: its lines are not divided into columns") as told:
        read_one(tmp_path, "accounts", "root:x:0:0:root:/root:/bin/sh\nann:x:1:1::/home/ann:/bin/sh\n")
    assert "`customer_id`" in str(told.value)
    assert "root" not in str(told.value).replace(str(tmp_path), "")


@pytest.mark.parametrize(
    ("header", "values", "said"),
    [
        (
            "left",
            "I A A A",
            r"4 of the 4 values of `left` cannot be read as yes or no: 'A' \(3\), 'I' \(1\)\. Read are yes and no",
        ),
        ("left", "gone active active yes", r"3 of the 4 values of `left` .*'active' \(2\), 'gone' \(1\)"),
        ("left", "已流失 在册 - -x", r"3 of the 4 values .*'-x' \(1\), '在册' \(1\), '已流失' \(1\)"),
        ("left_on", "soon later 2024-01-05 never", r"3 of the 4 values of `left_on` cannot be read as dates"),
        ("contract_end", "open open", r"2 of the 2 values of `contract_end` .*`columns: \{contract_end: null\}`"),
        ("since", "seit Mai", r"2 of the 2 values of `since`"),
    ],
)
def test_a_flag_or_day_of_which_most_cannot_be_read_is_refused(
    tmp_path: Path, header: str, values: str, said: str
) -> None:
    lines = "".join(f"c{n},{value}\n" for n, value in enumerate(values.split(" ")))
    with pytest.raises(DataError, match=said) as refusal:
        read_one(tmp_path, "accounts", f"customer_id,{header}\n{lines}\n")
    assert (refusal.value.rule, refusal.value.line, refusal.value.column) == ("column_unreadable", 2, header)


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("left", ["yes", "perhaps"]),
        ("left", ["sim", "não", "sì", "sí", "はい", "いいえ", "예", "아니요", "○", "×", "Oui", "JA", "有", "N"]),
        ("contract_end", ["9999-12-31", "9999-12-31", "2026-01-31"]),
        ("left_on", ["", "", "", "2024-01-05"]),
        ("left", ["", "", ""]),
    ],
)
def test_half_of_it_or_blanks_or_days_that_stand_for_none_are_read(
    tmp_path: Path, header: str, values: list[str]
) -> None:
    lines = "".join(f"c{n:02},{value}\n" for n, value in enumerate(values))
    read_one(tmp_path, "accounts", f"customer_id,{header}\n{lines}")


def test_a_column_that_cannot_be_read_can_be_left_out(tmp_path: Path) -> None:
    companions = read_one(tmp_path, "accounts", "customer_id,left\nann,A\n", columns={"left": None})
    assert list(companions.tables["accounts"]) == ["customer_id"]


def test_yes_and_no_are_read_in_nine_languages(tmp_path: Path) -> None:
    pairs = "yes no ja nein oui non sí no sim não sì no 是 否 はい いいえ 예 아니오".split()
    lines = "".join(f"c{n:02},{value}\n" for n, value in enumerate(pairs))
    table = read_one(tmp_path, "accounts", f"customer_id,left\n{lines}").tables["accounts"]
    assert table["left"].tolist() == [True, False] * 9


def test_days_are_read_by_the_name_of_their_month_in_any_language(tmp_path):
    content = "customer_id,date\nann,5. maj 2023\nbob,6. okt. 2023\ncho,7. marts 2023\n"
    table = read_one(tmp_path, "contacts", content).tables["contacts"]
    assert rows(table, "customer_id", "contact_date") == [
        ("ann", "2023-05-05"),
        ("bob", "2023-10-06"),
        ("cho", "2023-03-07"),
    ]


def test_garbled_customers_are_repaired_as_those_of_the_orders_are(tmp_path):
    content = "customer_id,name,parent_id\nMÃ¼ller,MÃ¼ller AG,\nKöhler,Köhler,MÃ¼ller\n"
    put(tmp_path, "accounts.csv", content)
    settled = {"settled": {"text_garbled": "repaired"}}
    table = read(tmp_path, accounts="accounts.csv", **settled).tables["accounts"]
    columns = ("customer_id", "name", "parent_id", "top_parent_id")
    assert rows(table, *columns) == [("Köhler", "Köhler", "Müller", "Müller"), ("Müller", "Müller AG", None, "Müller")]
    assert "MÃ¼ller" in read(tmp_path, accounts="accounts.csv").tables["accounts"]["customer_id"].tolist()
