"""Is a record of a run that is damaged passed over by all who ask for the runs, and named once?"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from kalib.errors import SettingsError
from kalib.publish.record import earlier_runs, kept_decisions, read_settings, sound_runs

AS_OF = dt.date(2025, 3, 31)
FACTS = {
    "job": "tiny",
    "as_of": "2025-01-31",
    "made_at": "2025-02-01T06:00:00+00:00",
    "settings": {},
    "decisions": {"horizon_days": {"value": 45, "why": "test", "notebook": ""}},
    "missing": {},
}
DAMAGED = {
    "empty": b"",
    "cut": b'{"job": "tiny", "as_of": "2025-0',
    "a list": b"[]",
    "without keys": b'{"job": "tiny"}',
    "not text": b"\xff\xfe\x00",
    "of other kinds": b'{"job": 1, "as_of": [], "made_at": 2, "settings": 3, "decisions": 4, "missing": 5}',
    "deep": b"[" * 100_000,
}


def put(folder: Path, name: str, content: bytes) -> Path:
    run = folder / name
    run.mkdir()
    (run / "run.json").write_bytes(content)
    return run


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_record_is_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture, content: bytes) -> None:
    sound = put(tmp_path, "2025-01-31-1", json.dumps(FACTS).encode())
    damaged = put(tmp_path, "2025-02-28-1", content)
    again = put(tmp_path, "2025-01-31-2", content)
    assert sound_runs(tmp_path) == [(sound, FACTS)]
    assert earlier_runs(tmp_path, AS_OF, level="customer") == [sound]
    assert kept_decisions(tmp_path, AS_OF) == {"horizon_days": 45}
    said = capsys.readouterr().err.splitlines()
    assert [line.split(" is damaged (")[0] for line in said] == [
        f"kalib: {run / 'run.json'}" for run in (again, damaged)
    ]
    assert all("this run is passed over" in line for line in said)


def test_a_damaged_run_is_not_opened(tmp_path: Path) -> None:
    run = put(tmp_path, "2025-01-31-1", b'{"job": "tiny"}')
    with pytest.raises(SettingsError, match=r"run\.json: the record of this run is damaged \(as_of: Field required\)"):
        read_settings(run)
