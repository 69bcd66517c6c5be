"""UTF-8 that was read as Windows-1252 is asked about where it divides customers, and repaired exactly."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.ledger.doubts.garbled import find_garbled, repair_columns
from kalib.ledger.garbled import repair


def garble(text: str) -> str:
    """Read UTF-8 as Windows-1252, with the signs of Latin-1 where that has none."""
    return "".join(
        bytes([byte]).decode("latin-1" if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else "windows-1252")
        for byte in text.encode()
    )


@pytest.mark.parametrize(
    "text", ["Müller", "Café “Zoë” – Genève", "中文有限公司", "Москва", "삼성전자", "ソニー", "Łódź", "Ωmega", "5 €"]
)
@pytest.mark.parametrize("times", [1, 2])
def test_it_is_as_it_was(text, times):
    broken = text
    for _ in range(times):
        broken = garble(broken)
    assert repair(broken) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "Müller",
        "Ã",
        "SÃO PAULO",
        "IRMÃ",
        "NESCAFÉ®",
        "L’ÉTÉ”",
        "Âge d’or",
        "Ähnlich™",
        "½ Ñandú",
        "Ðorđe",
        "客户 MÃ¼ller",
    ],
)
def test_what_is_well_is_left_alone(text):
    assert repair(text) is None


@given(st.text("äöüßéèàçñøåÄÖÜÉ -abcXYZ", max_size=12))
def test_western_words_are_never_changed(text):
    assert repair(text) is None


def rows(*customers: tuple[str, float], product: str = "A") -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE parsed (file VARCHAR, line BIGINT, customer_id VARCHAR, product VARCHAR, amount DECIMAL(30, 10), rule VARCHAR)"
    )
    values = [("o.csv", line, name, product, money, None) for line, (name, money) in enumerate(customers, 2)]
    con.executemany("INSERT INTO parsed VALUES (?, ?, ?, ?, ?, ?)", values)
    return con


def test_a_customer_that_is_written_both_ways_is_a_doubt():
    con = rows(("Müller", 50.0), ("MÃ¼ller", 100.5), ("Zoë", 49.5))
    doubt = find_garbled(con)
    assert (doubt.name, doubt.count, doubt.money, doubt.share) == ("text_garbled", 1, 100.5, 0.5025)
    assert doubt.first == (("o.csv", 3, "MÃ¼ller"),)
    assert [(reading.code, reading.customers) for reading in doubt.readings] == [("repaired", 2), ("as_is", 3)]
    assert doubt.readings[0].lines == ("settled.text_garbled: repaired",)
    assert not doubt.stands
    assert "MÃ¼ller" in str(doubt.says)
    assert repair_columns(con) == 1
    assert con.execute("SELECT customer_id, sum(amount) FROM parsed GROUP BY 1 ORDER BY 1").fetchall() == [
        ("Müller", 150.5),
        ("Zoë", 49.5),
    ]
    assert find_garbled(con) is None


def test_it_may_stand_where_nobody_is_divided():
    doubt = find_garbled(rows(("MÃ¼ller", 100.0), ("ann", 1.0)))
    assert doubt.stands
    assert [reading.customers for reading in doubt.readings] == [2, 2]


def test_products_count_too_and_clean_logs_are_not_asked():
    doubt = find_garbled(rows(("ann", 1.0), product="CrÃ¨me"))
    assert (doubt.column, doubt.values) == ("product", ("CrÃ¨me",))
    assert find_garbled(rows(("Müller", 1.0), ("客户", 2.0))) is None
