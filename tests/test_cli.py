"""Does the command line keep its contract: exit codes, stdout for results, stderr for the rest?"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from kalib import cli
from kalib.errors import BusyError, NotebookError
from tests.conftest import Workshop

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def kalib(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> Iterator[Call]:
    """Give the command: arguments in, exit code, stdout and stderr out."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["kalib", *map(str, words)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capfd.readouterr()
        return left.value.code or 0, said.out, said.err

    yield call
    for number, handler in before.items():
        signal.signal(number, handler)


def test_help_comes_without_the_heavy_imports() -> None:
    code = (
        "import sys, kalib.cli; print([m for m in ('pandas', 'matplotlib', 'duckdb', 'papermill') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_check_prints_one_object(workshop: Workshop, kalib: Call) -> None:
    code, out, _ = kalib("check", workshop.file, "--json", "--tables", workshop.root / "there")
    said = json.loads(out)
    assert code == 0
    assert (said["rows_read"], said["rows_used"], said["rows_set_aside"], said["issues"]) == (5, 5, 0, [])
    assert sorted(path.name for path in (workshop.root / "there").iterdir()) == [
        "customers.parquet",
        "set_aside.parquet",
    ]
    code, out, _ = kalib("check", workshop.file)
    assert code == 0
    assert out.startswith("5 rows read, 5 used, 0 set aside; as of 2025-03-31")


def test_check_tells_first_what_was_settled_and_what_may_stand(workshop: Workshop, kalib: Call) -> None:
    rows = [f"c{n % 3},2025-03-{n + 1:02},o{n},{'Cancelled' if n == 4 else 'Paid'},10" for n in range(10)]
    rows[9] = "c0,2025-03-10,o1,Paid,10"
    text = "\n".join(["customer,day,order,status [shop],amount", *rows])
    (workshop.root / "data" / "orders.csv").write_text(text + "\n", encoding="utf-8")
    assert kalib("check", workshop.file)[0] == 2
    job = workshop.file.read_text(encoding="utf-8")
    workshop.file.write_text(f"{job}\nsettled.status_unclear: as_is\n", encoding="utf-8")
    code, out, _ = kalib("check", workshop.file)
    assert code == 0
    assert out.splitlines()[1:3] == [
        "status_unclear, settled (all of them are sales): Column status [shop]: Cancelled (1; 10.00) sound like no plain sale, "
        "and their rows have money (rows; money in brackets). That is 10.0% of the money, in 1 rows.",
        "order_shared, may stand: Column order: 10 orders of customers have 9 numbers: a number of several customers counts "
        "once for each.",
    ]
    workshop.file.write_text(f"{job}\nsettled.status_unclear: as_is\nlanguage: zh\n", encoding="utf-8")
    assert kalib("check", workshop.file)[1].splitlines()[1].startswith("status_unclear，任务已决定（全部都是销售）：")


def test_refused_data_and_settings_end_with_2(workshop: Workshop, kalib: Call) -> None:
    (workshop.root / "data" / "orders.csv").write_text("customer,day,order\nann,2025-01-01,1\n", encoding="utf-8")
    code, out, err = kalib("check", workshop.file, "--json")
    assert code == 2
    assert json.loads(out)["issues"][0] | {"message": ""} == {
        "rule": "column_missing", "action": "refused", "count": 1, "file": json.loads(out)["issues"][0]["file"],
        "line": None, "column": "amount", "value": None, "message": "",
    }  # fmt: skip
    assert err.splitlines()[-1].startswith("kalib: ")
    assert "Traceback" not in err
    code, out, err = kalib("run", workshop.file, "-p", "horizn_days=3")
    assert (code, out) == (2, "")
    assert "did you mean `horizon_days`" in err
    code, out, err = kalib("run", workshop.file, "-p", "horizon_days")
    assert (code, out) == (2, "")
    assert "must be `key=value`" in err
    assert kalib("run", workshop.root / "nosuch.yaml")[0] == 2
    assert kalib("nosuch")[0] == 2


def test_each_job_runs_and_the_worst_end_counts(
    workshop: Workshop, kalib: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = []
    for name in ("good", "broken", "busy", "fine"):
        files.append(workshop.root / "jobs" / f"{name}.yaml")
        files[-1].write_text(workshop.file.read_text(encoding="utf-8").replace("tiny", name), encoding="utf-8")

    def run_job(job: object, **given: object) -> Path:
        if job.job == "broken":
            raise NotebookError("10_rfm, cell 3: no")
        if job.job == "busy":
            raise BusyError("another run is under way")
        return workshop.root / "reports" / job.job / "2025-03-31-1"

    monkeypatch.setattr("kalib.publish.run.run_job", run_job)
    code, out, err = kalib("run", *files)
    assert code == 4
    reports = workshop.root / "reports"
    assert out.splitlines() == [
        str(reports / "index.html"),
        str(reports / "good" / "2025-03-31-1"),
        str(reports / "fine" / "2025-03-31-1"),
    ]
    assert err.splitlines() == ["kalib: 10_rfm, cell 3: no", "kalib: another run is under way"]
    assert kalib("run", files[1])[0] == 3


def test_a_folder_that_cannot_be_written_is_named(workshop: Workshop, kalib: Call) -> None:
    workshop.add("10_a", ["1"])
    (workshop.root / "reports").write_text("a file", encoding="utf-8")
    code, out, err = kalib("run", workshop.file)
    assert (code, out) == (2, "")
    assert err.startswith("kalib: ")
    assert str(workshop.reports) in err
    assert "name another place with `--out`" in err
    assert "Traceback" not in err


def test_published_runs_are_listed(workshop: Workshop, kalib: Call) -> None:
    assert kalib("list")[:2] == (0, "")
    run = workshop.reports / "2025-03-31-1"
    run.mkdir(parents=True)
    facts = {"job": "tiny", "as_of": "2025-03-31", "made_at": "2025-04-01T06:00:00+00:00"}
    facts |= {"settings": {}, "decisions": {}, "missing": {}}
    (run / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    out = kalib("list")[1]
    assert out.splitlines()[1].split() == ["tiny", "2025-03-31", "2025-04-01", "06:00", str(run)]


def test_lab_opens_with_the_tables_ready(workshop: Workshop, kalib: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list = []
    monkeypatch.setattr(os, "execve", lambda *given: started.append(given) or sys.exit(0))
    assert kalib("lab", workshop.file)[0] == 0
    assert (workshop.reports / "draft" / "tables" / "customers.parquet").is_file()
    _, words, environment = started[0]
    assert words[1:3] == ["-m", "jupyterlab"]
    assert environment["KALIB_JOB"] == str(workshop.file)


@pytest.mark.parametrize(("number", "code", "others"), [(signal.SIGTERM, 143, "b,c"), (signal.SIGINT, 130, "")])
def test_an_interrupted_run_leaves_nothing_behind(workshop: Workshop, number: int, code: int, others: str) -> None:
    mark = workshop.root / "started"
    wait = f"import os, time\nopen({str(mark)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    for name in ("10_a", "20_b", "30_c"):
        workshop.add(
            name, [wait if name == "10_a" else "time.sleep(60)"], reads=[] if name == "10_a" else ["a"], writes=name[3:]
        )
    command = [sys.executable, "-m", "kalib", "run", str(workshop.file), "--only", f"a,{others}".strip(",")]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
    deadline = time.monotonic() + 120
    while not (mark.is_file() and mark.read_text()) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    assert "Traceback" not in err
    assert {path.name for path in workshop.reports.iterdir()} <= {".kept", ".lock"}
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "no room left on a disk .* Nothing was published. Make room"),
        (MemoryError(), "the memory did not suffice .* Nothing was published. Close"),
        (PermissionError(13, "Permission denied"), "Permission denied. Nothing was published; name another place"),
    ],
)
def test_a_run_without_room_is_a_message(
    workshop: Workshop, kalib: Call, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def fail(*given: object, **more: object) -> None:
        raise error

    monkeypatch.setattr("kalib.publish.run.run_job", fail)
    code, out, err = kalib("run", workshop.file)
    assert (code, out) == (2, "")
    assert re.search(said, err)
    assert len(err.splitlines()) == 1


def test_a_signal_ends_with_its_number_whatever_it_becomes_on_the_way(
    workshop: Workshop, kalib: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module in compiled code that is being imported makes an ImportError of it."""

    def falls(*_: object, **__: object) -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except SystemExit:
            raise ImportError("initialization failed") from None

    monkeypatch.setattr("kalib.ledger.apart.write_job_file_apart", falls)
    code, out, err = kalib("init", workshop.root / "data" / "orders.csv")
    assert (code, out) == (143, "")
    assert err == "kalib: interrupted (SIGTERM); what was under way is not published.\n"
    assert kalib("list")[0] == 0  # and the next one knows nothing of it


def test_too_few_open_files_are_a_message_and_more_are_taken_where_there_are(workshop: Workshop) -> None:
    for soft, hard, code in ((16, 16, 2), (64, 4096, 0)):
        done = subprocess.run(
            [sys.executable, "-m", "kalib", "list"],
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=partial(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard)),
        )
        assert done.returncode == code
        said = "kalib: this process may have 16 files open at once, and kalib needs 256." if code else "kalib: No run"
        assert done.stderr.startswith(said.removeprefix("" if code else "kalib: "))


def test_notebooks_beside_the_data_run_only_where_the_job_asks(workshop: Workshop, kalib: Call) -> None:
    mark = workshop.root / "ran"
    ours = workshop.add_maker("20_ours", writes="ours")
    (workshop.root / "shipped" / "notebooks").mkdir()
    ours.rename(workshop.root / "shipped" / "notebooks" / ours.name)
    workshop.add("10_theirs", [f"open({str(mark)!r}, 'w')"])
    asked = workshop.file.read_text(encoding="utf-8")
    workshop.file.write_text(asked.replace("notebooks: notebooks\n", ""), encoding="utf-8")
    code, _, err = kalib("run", workshop.file)
    assert code == 0, err
    assert "/notebooks are not run. If they are yours, say `notebooks: notebooks` in" in err
    assert not mark.exists()
