"""Does the Excel file hold the tables, in words, with nothing in it that runs?"""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from kalib.publish import excel
from kalib.publish.excel import join_customers, write_workbook
from kalib.settings import Job
from kalib.words import Words

HOSTILE = ['=cmd|"/C calc"!A0', "+1+1", "@SUM(A1)", "http://example.com", "00123", "_x0041_ \x07<b>&北"]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(
        job="tiny",
        source="orders.csv",
        columns={"customer_id": "c", "order_date": "d", "amount": "a"},
        file=tmp_path / "j",
    )


@pytest.fixture
def run(tmp_path: Path) -> Path:
    tables = tmp_path / "tables"
    tables.mkdir()
    n = len(HOSTILE)
    customers = pd.DataFrame(
        {
            "customer_id": HOSTILE,
            "first_order_date": [pd.Timestamp("2026-01-05")] * (n - 1) + [pd.NaT],
            "orders": range(1, n + 1),
            "net_sales": [1234.567] * n,
            "net_sales_365_days": [float(i) for i in range(n)],
            "returns_share": [0.125] * n,
            "gap_days": [30.5] * (n - 1) + [None],
        }
    )
    customers.to_parquet(tables / "customers.parquet")
    pd.DataFrame({"customer_id": HOSTILE[:2], "tier": ["key", "tail"], "tier_rank": [1, 2]}).to_parquet(
        tables / "tiers.parquet"
    )
    reasons = [[{"code": "silence", "value": 90.0, "typical": 30.0, "effect": 0.4}], []]
    reasons[0] += [{"code": "season", "value": 4.0, "typical": 1.0, "effect": -0.9}]
    churn = pd.DataFrame({"customer_id": HOSTILE[:2], "churn_probability": [0.5, 0.25], "reasons": reasons})
    churn.assign(horizon_days=90).to_parquet(tables / "churn.parquet")
    pd.DataFrame({"customer_id": HOSTILE, "name": HOSTILE, "region": [None] * n}).to_parquet(
        tables / "accounts.parquet"
    )
    (tmp_path / "run.json").write_text(json.dumps({"as_of": "2026-06-30"}), encoding="utf-8")
    return tmp_path


def _read(file: Path) -> dict[str, list[list[object]]]:
    book = CalamineWorkbook.from_path(str(file))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_customers_come_first_in_words(run: Path, job: Job) -> None:
    file = write_workbook(run, job, Words("en", currency="GBP"))
    assert file.name == "tiny-2026-06-30.xlsx"
    sheets = _read(file)
    assert list(sheets) == ["Customers"]
    rows = {row[0]: dict(zip(sheets["Customers"][0], row, strict=True)) for row in sheets["Customers"][1:]}
    first = rows[HOSTILE[0]]
    assert first["Account"] == HOSTILE[0]
    assert first["Tier"] == "Core"
    assert first["No order within 90 days"] == 0.5
    assert first["What raises the risk"] == "silent for 90 days, usually orders every 30 days"
    assert first["What lowers it"] == "4 orders last year in the 90 days now coming; 1 is typical"
    assert first["First order"] == dt.date(2026, 1, 5)
    assert first["Net sales"] == 1234.57
    assert "Region" not in first  # an empty column of the accounts
    assert rows["00123"]["Tier"] == ""


def test_the_workbook_speaks_chinese(run: Path, job: Job) -> None:
    sheets = _read(write_workbook(run, job, Words("zh", currency="CNY")))
    assert list(sheets) == ["客户总表"]
    assert "核心客户" in {cell for row in sheets["客户总表"] for cell in row}


def test_nothing_becomes_a_formula_a_link_or_a_number(run: Path, job: Job) -> None:
    file = write_workbook(run, job, Words("en"))
    shown = {row[0] for row in _read(file)["Customers"][1:]}
    assert shown >= set(HOSTILE[:5])
    with zipfile.ZipFile(file) as parts:
        for name in parts.namelist():
            root = ElementTree.fromstring(parts.read(name))
            assert not [e for e in root.iter() if e.tag.rpartition("}")[2] in ("f", "hyperlink")], name
        texts = parts.read("xl/sharedStrings.xml").decode()
    assert "_x005F_x0041_ _x0007_&lt;b&gt;&amp;北" in texts  # Excel would read _x0041_ as A


def test_headers_stay_and_filter(run: Path, job: Job) -> None:
    file = write_workbook(run, job, Words("en"))
    last = "ABCDEFGHIJKLMNOP"[len(_read(file)["Customers"][0]) - 1]
    with zipfile.ZipFile(file) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        styles = parts.read("xl/styles.xml").decode()
    assert 'state="frozen"' in sheet
    assert f'<autoFilter ref="A1:{last}{len(HOSTILE) + 1}"' in sheet
    assert f'<dimension ref="A1:{last}{len(HOSTILE) + 1}"' in sheet
    assert "0.0%" in styles
    assert "yyyy\\-mm\\-dd" in styles or "yyyy-mm-dd" in styles


def test_a_run_without_topics(run: Path, job: Job) -> None:
    for name in ("tiers", "churn", "accounts"):
        (run / "tables" / f"{name}.parquet").unlink()
    rows = _read(write_workbook(run, job, Words("en")))["Customers"]
    assert len(rows) == 1 + len(HOSTILE)


def test_the_same_tables_give_the_same_file(run: Path, job: Job) -> None:
    first = write_workbook(run, job, Words("en")).read_bytes()
    assert write_workbook(run, job, Words("en")).read_bytes() == first


def test_the_joined_sheet_has_every_customer_once(run: Path) -> None:
    tables = {p.stem: pd.read_parquet(p) for p in (run / "tables").glob("*.parquet")}
    joined = join_customers(tables)
    assert sorted(joined["customer_id"]) == sorted(HOSTILE)
    assert joined["net_sales_365_days"].is_monotonic_decreasing


@pytest.fixture
def graded(run: Path) -> Path:
    """Give a run with a scorecard and with accounts that moved."""
    pd.DataFrame(
        {
            "customer_id": HOSTILE[:3],
            "key_account_score": [0.9, 0.8, 0.4],
            "key_account_rank": [1, 2, 3],
            "is_key_account": [True, False, False],
            "profit_score": [0.7, None, 0.2],
            "influence_score": [None, None, None],
            "override_by": [None, "=Ann", None],
            "override_reason": [None, "+merged", None],
        }
    ).to_parquet(run / "tables" / "scorecard.parquet")
    pd.DataFrame(
        {
            "customer_id": HOSTILE[:4],
            "move": ["promoted", "stayed", "lost", "silent"],
            "tier_before": ["standard", "key", "key", "tail"],
            "tier_now": ["key", "key", "tail", "tail"],
            "reason": ["monetary", "none", "no_order", "none"],
            "net_sales_moved": [10.0, 1.0, -500.0, 0.0],
        }
    ).to_parquet(run / "tables" / "migration.parquet")
    return run


def test_key_accounts_come_first_with_whom_a_person_took_off(graded: Path, job: Job) -> None:
    sheets = _read(write_workbook(graded, job, Words("en", currency="GBP")))
    assert list(sheets) == ["Key accounts", "Customers", "Moves"]
    head, *rows = sheets["Key accounts"]
    first, second = (dict(zip(head, row, strict=True)) for row in rows)
    assert (first["Customer"], first["Account"]) == (HOSTILE[0], HOSTILE[0])
    assert second["Customer"] == HOSTILE[1]
    assert {"=Ann", "+merged"} <= set(second.values())
    assert not any("nfluence" in str(name) for name in head)  # known of nobody
    joined = {row[0]: row for row in sheets["Customers"][1:]}
    assert "yes" in joined[HOSTILE[0]]
    assert "no" in joined[HOSTILE[1]]


def test_moves_are_listed_by_the_money_that_moved(graded: Path, job: Job) -> None:
    sheets = _read(write_workbook(graded, job, Words("zh", currency="CNY")))
    assert list(sheets) == ["大客户名单", "客户总表", "等级迁移"]
    assert [row[0] for row in sheets["等级迁移"][1:]] == [HOSTILE[2], HOSTILE[0]]


def test_a_part_of_a_year_is_not_shown_as_a_year(graded: Path, job: Job) -> None:
    """The first had all of the year before, the second a part of it, the third none: only the first has a figure to compare with."""
    file = graded / "tables" / "customers.parquet"
    customers = pd.read_parquet(file)
    tenure = [730.0, 729.0, 100.0, *[800.0] * (len(customers) - 3)]
    customers = (
        customers.set_index("customer_id").loc[HOSTILE].reset_index().assign(tenure_days=tenure, orders_365_days=1)
    )
    customers.assign(orders_365_days_last_year=1, net_sales_365_days_last_year=7.0).to_parquet(file)
    file = graded / "tables" / "migration.parquet"
    whole = [True, False, True, True]
    moves = pd.read_parquet(file).assign(base_is_whole=whole, move=["promoted", "promoted", "stayed", "stayed"])
    moves.assign(has_stopped=[False, False, True, False], net_sales_365_days_before=5.0).to_parquet(file)
    sheets = _read(write_workbook(graded, job, Words("en", currency="GBP")))
    head, *rows = sheets["Customers"]
    rows = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    before, kind = "Net sales, the 365 days before", "Time as a customer"
    found = [(rows[name][before], rows[name][kind]) for name in HOSTILE[:3]]
    assert [one for one, _ in found] == [7.0, "", ""]
    assert [one for _, one in found] == ["All of both years", "Second year", "First year"]
    head, *rows = sheets["Moves"]
    rows = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    assert set(rows) == set(HOSTILE[:3])  # who stayed and has stopped since is told
    moved = [(row["Net sales, year to the earlier date"], row["Net sales moved"]) for row in map(rows.get, HOSTILE[:2])]
    assert moved == [(5.0, 10.0), ("", "")]
    file = graded / "tables" / "customers.parquet"
    pd.read_parquet(file).assign(tenure_days=180.0).to_parquet(file)  # a record of half a year has no year before
    head = _read(write_workbook(graded, job, Words("en", currency="GBP")))["Customers"][0]
    assert not {before, kind} & set(head)


def test_a_list_of_nobody_is_an_empty_sheet(graded: Path, job: Job) -> None:
    file = graded / "tables" / "scorecard.parquet"
    pd.read_parquet(file).assign(is_key_account=False, override_by=None).to_parquet(file)
    moves = graded / "tables" / "migration.parquet"
    pd.read_parquet(moves).assign(move="stayed").to_parquet(moves)
    sheets = _read(write_workbook(graded, job, Words("en")))
    assert len(sheets["Key accounts"]) == len(sheets["Moves"]) == 1
    assert sheets["Key accounts"][0][0] == "Customer"


def test_of_very_many_customers_the_largest_stand_on_a_sheet_that_says_so(
    run: Path, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _read(write_workbook(run, job, Words("en", currency="GBP")))["Customers"]
    monkeypatch.setattr("kalib.publish.excel.MOST_ROWS", 4)
    sheets = _read(write_workbook(run, job, Words("en", currency="GBP")))
    assert len(whole) > 5
    assert sheets == {"Customers, first 4": whole[:5]}
    assert list(_read(write_workbook(run, job, Words("zh")))) == ["客户总表（前4家）"]


def test_every_head_is_said_in_words(run: Path, job: Job) -> None:
    """Of each column that a sheet may have; what a user's own criterion is called has no words and begins with a capital."""
    joined = [column for columns in excel._JOINED.values() for column in columns]
    for column in {*joined, *excel._ABOUT, *excel._FIRST, *excel._KEY_ACCOUNTS, *excel._MOVES}:
        for language in ("en", "zh"):
            assert f"columns.{column}" in Words(language), column
    assert excel._say_criterion("purchasing power score", Words("en")) == "Score, Purchasing power"
    assert excel._say_criterion("own thing score", Words("en")) == "Own thing score"
    for name in ("is_seasonal", "has_stopped", "is_key_account", "act", "pause_is_usual"):
        assert Words("en").code(excel._KINDS[name], True) == "yes"


@pytest.mark.parametrize(("language", "head"), [("en", "Net sales, 181 days"), ("zh", "181天")])
def test_a_record_below_a_year_speaks_of_the_days_that_it_holds(run: Path, job: Job, language: str, head: str) -> None:
    file = run / "tables" / "customers.parquet"
    pd.read_parquet(file).assign(tenure_days=180.0).to_parquet(file)
    heads = next(iter(_read(write_workbook(run, job, Words(language))).values()))[0]
    assert any(head in one for one in heads)
    assert not any("365" in one for one in heads)


def test_who_takes_up_an_account_is_said_by_name(graded: Path, job: Job) -> None:
    file = graded / "tables" / "migration.parquet"
    migration = pd.read_parquet(file)
    accounts = pd.read_parquet(graded / "tables" / "accounts.parquet")
    accounts.assign(name="Acorn Hotel").to_parquet(graded / "tables" / "accounts.parquet")
    migration.assign(taken_up_by=accounts["customer_id"].iloc[0]).to_parquet(file)
    rows = _read(write_workbook(graded, job, Words("en")))["Moves"]
    assert {row[rows[0].index("Perhaps taken up by")] for row in rows[1:]} == {"Acorn Hotel"}
