"""A reader that falls is a message, and what the other process refuses is refused here in the same words."""

from __future__ import annotations

import dataclasses
from functools import partial

import pytest

from kalib import ledger
from kalib.errors import DataError, KalibError, SettingsError, ShortageError
from kalib.ledger.apart import build_apart, judge_apart, write_job_file_apart

from .conftest import HEADER, LINE

SMALL_DISK = """\
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))
"""
NO_MEMORY = """\
import duckdb
def connect(*given, **more):
    raise {}
duckdb.connect = connect
"""
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


def test_judging_alone_reports_as_building_does(desk):
    desk.put(HEADER + LINE + "bob,2,2024-01-06,\n" + "cem,3,2024-02-06,-7.00\n")
    judged = judge_apart(desk.job(), desk.folder / "judged")
    built = ledger.build(desk.job(), desk.out)
    kept = {name: rows for name, rows in built.tables.items() if name in ("customers", "set_aside")}
    assert dataclasses.replace(built, returns={}, tables=judged.tables) == judged
    assert {name: judged.tables[name] for name in kept} == kept
    assert (desk.folder / "judged/ledger/days.parquet").read_bytes() == (desk.out / "ledger/days.parquet").read_bytes()
    assert not (desk.folder / "judged/tables/months.parquet").exists()


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


def make(desk, monkeypatch, fault: str, what: str) -> KalibError:
    """Return the refusal of a ledger, or of a job file, that is made in a process with a fault; nothing may be left of it."""
    (desk.folder / "sitecustomize.py").write_text(fault, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(desk.folder))
    out = desk.folder / "new.yaml"
    do = partial(build_apart, desk.job(), desk.out)
    if what == "job file":
        do = partial(write_job_file_apart, desk.folder / "orders.csv", out)
    with pytest.raises(KalibError) as caught:
        do()
    assert not desk.out.exists()
    assert not out.exists()
    return caught.value


@pytest.mark.parametrize("what", ["ledger", "job file"])
def test_a_full_disk_is_a_message(desk, monkeypatch, what):
    desk.put((HEADER + LINE).encode("utf-16"))  # read through a copy
    refused = make(desk, monkeypatch, SMALL_DISK.format(100), what)
    assert isinstance(refused, ShortageError)
    assert str(refused).startswith("there is no room left on a disk (")
    assert "Nothing was written. Make room" in str(refused)


@pytest.mark.parametrize("what", ["ledger", "job file"])
@pytest.mark.parametrize("error", ["MemoryError", "duckdb.OutOfMemoryException('Out of Memory Error: 1.0 GiB used')"])
def test_too_little_memory_is_a_message(desk, monkeypatch, what, error):
    desk.put(HEADER + LINE)
    refused = make(desk, monkeypatch, NO_MEMORY.format(error), what)
    assert isinstance(refused, ShortageError)
    assert str(refused).startswith("the memory did not suffice (")


def test_a_guess_that_is_killed_is_a_message(desk, monkeypatch):
    desk.put(HEADER + LINE)
    refused = make(desk, monkeypatch, FALLS.format("SIGKILL"), "job file")
    assert "orders.csv: the reader crashed (SIGKILL). Nothing was written. Perhaps the memory" in str(refused)
