"""A CSV that is read in one pass gives the rows that the careful road gives, and leaves nothing behind where it cannot."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from kalib.ledger import parse, read, straight
from kalib.ledger.building import open_files
from kalib.ledger.doubts.watch import choose
from kalib.ledger.straight import parse_straight
from kalib.settings import Job

HEADER = "cust,ord,day,prod,qty,price,amt,disc,paid,status\n"
ROW = "C1,A{n},2024-01-{n:02},P1,2,1.25,2.50,0.10,2024-02-01,done\n"
COLUMNS = {
    "customer_id": "cust",
    "order_id": "ord",
    "order_date": "day",
    "product": "prod",
    "quantity": "qty",
    "amount": "amt",
}
WIDE = COLUMNS | {"unit_price": "price", "discount": "disc", "paid_date": "paid"}


def make_job(folder: Path, *files: str, columns: dict[str, str] = COLUMNS, **settings: object) -> Job:
    """Write the files, each with ten plain rows above its own, and return a job of them."""
    rows = "".join(ROW.format(n=n) for n in range(1, 11))
    names = [f"{number}.csv" for number in range(len(files))]
    for name, content in zip(names, files, strict=True):
        (folder / name).write_text(HEADER + rows + content, encoding="utf-8")
    told = {"job": "x", "source": names, "columns": columns, "file": folder / "x.yaml", "currency": "EUR"}
    return Job.model_validate(told | {"read": {"discount": "share"}} | settings)


def read_both(folder: Path, job: Job) -> tuple[list[tuple], list[tuple], bool]:
    """Return what the two roads make of a job, and whether the straight one could be taken; a hash as the first line that has it."""
    found = []
    for is_straight in (True, False):
        with duckdb.connect() as con:
            sources, watched = read.open_job(con, job, read.find_files(job), scratch=folder, choose=choose)
            taken = is_straight and parse_straight(con, job, sources, watched, say=str)
            if taken:
                parse.finish(con, job, sources)
            else:
                read.load_opened(con, job, sources, watched, say=str)
                parse.parse(con, job, sources, watched)
            kinds = con.execute("DESCRIBE parsed").fetchall()
            rows = con.execute(
                "SELECT * REPLACE (min(file || line) OVER (PARTITION BY whole) AS whole) FROM parsed ORDER BY file, line"
            ).fetchall()
            found.append(([(name, kind) for name, kind, *_ in kinds], rows, taken))
    (straight_kinds, quick, taken), (kinds, careful, _) = found
    assert straight_kinds == kinds
    return quick, careful, taken


@pytest.mark.parametrize(
    "row",
    [
        "",
        "C1,A1,2024-01-01,P1,2,1.25,2.50,0.10,2024-02-01,done\n",  # stands there already
        "C2,,2024-03-01,P1,-1,1.5,-1.50,,,\n",
        "C2,A9,2024-03-01 10:30:00,,1,1.125,1.125,1,2024-03-01T09:00,open\n",
        ",A9,2024-03-01,Total,1,2,2,0,,\n",  # of nobody, and a total
        "C2,A9,,P1,1,2,,1.5,,\n",
        'C2,A9,2024-03-01," ＰÉ ","7",2,14,0,,"x, y"\n',
    ],
)
@pytest.mark.parametrize("columns", [COLUMNS, WIDE, {name: WIDE[name] for name in WIDE if name != "amount"}])
def test_both_roads_give_the_same_rows(tmp_path, row, columns):
    for settings in ({}, {"as_of": "2024-02-01"}):
        rows, careful, taken = read_both(tmp_path, make_job(tmp_path, row, columns=columns, **settings))
        assert taken
        assert rows == careful


@pytest.mark.parametrize(
    "row",
    [
        " C1,A1,2024-01-01,P1,2,1.25,2.50,0.10,2024-02-01,done\n",
        "C1,1.0,2024-01-01,P1,2,1.25,2.50,0.10,2024-02-01,done\n",
        "C1,A1,2024-01-32,P1,2,1.25,2.50,0.10,2024-02-01,done\n",
        "C1,A1,05/01/2024,P1,2,1.25,2.50,0.10,2024-02-01,done\n",
        "C1,A1,2024-01-01,P1,2,1.25,1e3,0.10,2024-02-01,done\n",
        'C1,A1,2024-01-01,P1,2,1.25,"1,250.00",0.10,2024-02-01,done\n',
        "C1,A1,2024-01-01,P1,2,1.25,.5,0.10,2024-02-01,done\n",
        "C1,A1,2024-01-01,P1,2\n",
        "cust,ord,day,prod,qty,price,amt,disc,paid,status\n",
    ],
)
@pytest.mark.parametrize("sample", [2048, 5])
def test_what_is_not_plain_is_left_to_the_careful_road(tmp_path, monkeypatch, row, sample):
    monkeypatch.setattr(straight, "SAMPLE", sample)
    job = make_job(tmp_path, row)
    with duckdb.connect() as con:
        sources, watched = read.open_job(con, job, read.find_files(job), scratch=tmp_path, choose=choose)
        assert not parse_straight(con, job, sources, watched, say=str)
        assert con.execute("SHOW TABLES").fetchall() == []


@pytest.mark.parametrize("settings", [{"fill_down": True}, {"decimal": ","}, {"date_format": "%Y-%m-%d"}])
def test_what_asks_for_the_rows_as_written_is_left_to_the_careful_road(tmp_path, settings):
    job = make_job(tmp_path, "", read={"discount": "share"} | settings)
    with duckdb.connect() as con:
        sources, _ = read.open_job(con, job, read.find_files(job), scratch=tmp_path)
        assert not parse_straight(con, job, sources, say=str)


def test_lines_are_counted_in_each_file(tmp_path):
    rows, careful, taken = read_both(tmp_path, make_job(tmp_path, "", ROW.format(n=11), ROW.format(n=12)))
    assert taken
    assert rows == careful
    assert [(row[0], row[1]) for row in rows if row[1] in (2, 12)] == [
        *(("0.csv", 2), ("1.csv", 2), ("1.csv", 12), ("2.csv", 2), ("2.csv", 12))
    ]


def test_a_thousand_is_only_believed_beside_a_number_that_speaks(tmp_path):
    (tmp_path / "a.csv").write_text("c,d,a\nx,2024-01-01,1.234\ny,2024-01-02,2\n", encoding="utf-8")
    told = {"job": "x", "source": ["a.csv"], "columns": {"customer_id": "c", "order_date": "d", "amount": "a"}}
    job = Job.model_validate(told | {"file": tmp_path / "x.yaml"})
    with duckdb.connect() as con:
        sources, _ = read.open_job(con, job, read.find_files(job), scratch=tmp_path)
        assert not parse_straight(con, job, sources, say=str)


def test_each_step_is_said_once(tmp_path):
    for row in ("", "C1,A1,someday,P1,2,1.25,x,0.10,,\n"):
        said = []
        with duckdb.connect() as con:
            open_files(con, make_job(tmp_path, row), scratch=tmp_path, say=said.append)
        assert said == ["reading 0.csv", f"judging {10 + bool(row)} rows"]
