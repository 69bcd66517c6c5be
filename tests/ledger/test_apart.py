"""A reader that falls is a message, and what the other process refuses is refused here in the same words."""

from __future__ import annotations

import dataclasses

import pytest

from kalib import ledger
from kalib.errors import DataError, SettingsError
from kalib.ledger.apart import build_apart

from .conftest import HEADER, LINE

FALLS = """\
import os, signal
import duckdb
def connect(*given, **more):
    os.kill(os.getpid(), signal.{})
duckdb.connect = connect
"""


def test_the_ledger_is_the_same_as_within(desk):
    desk.put(HEADER + LINE + "bob,2,2024-01-06,\n")
    steps = []
    apart = build_apart(desk.job(), desk.folder / "apart", say=steps.append)
    assert dataclasses.asdict(apart) == dataclasses.asdict(ledger.build(desk.job(), desk.out))
    assert steps[0] == "reading orders.csv"
    for name in apart.tables:
        path = f"tables/{name}.parquet"
        assert (desk.folder / "apart" / path).read_bytes() == (desk.out / path).read_bytes(), name


def test_a_refusal_keeps_its_place_and_words(desk):
    desk.put(HEADER + "ann,1,03/04/2024,1.00\n")
    with pytest.raises(DataError) as here:
        ledger.build(desk.job(), desk.out)
    with pytest.raises(DataError) as there:
        build_apart(desk.job(), desk.out)
    assert str(there.value) == str(here.value)
    for name in ("rule", "file", "line", "column", "value"):
        assert getattr(there.value, name) == getattr(here.value, name)
    assert not desk.out.exists()


def test_settings_are_refused_as_settings(desk):
    desk.put(HEADER + LINE)
    with pytest.raises(SettingsError, match=r"rules\.no_such"):
        build_apart(desk.job(rules={"no_such": "accepted"}), desk.out)


@pytest.mark.parametrize(
    ("name", "remedy"), [("SIGSEGV", "made to do harm"), ("SIGKILL", "the memory did not suffice")]
)
def test_a_crash_is_a_message(desk, monkeypatch, name, remedy):
    desk.put(HEADER + LINE)
    (desk.folder / "sitecustomize.py").write_text(FALLS.format(name), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(desk.folder))
    with pytest.raises(
        DataError, match=rf"orders\.csv: the reader crashed \({name}\)\. Nothing was written\..*{remedy}"
    ) as caught:
        build_apart(desk.job(), desk.out)
    assert caught.value.rule == "reader_crashed"
    assert not (desk.out / "ledger.json").exists()


def test_an_error_of_our_own_is_not_taken_for_the_users(desk, monkeypatch):
    desk.put(HEADER + LINE)
    (desk.folder / "sitecustomize.py").write_text("import duckdb\ndel duckdb.connect\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(desk.folder))
    with pytest.raises(RuntimeError, match="AttributeError"):
        build_apart(desk.job(), desk.out)
