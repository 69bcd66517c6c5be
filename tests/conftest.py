"""What tests share: a workshop to try a job in, the real log where it is at hand, and no skip in CI."""

from __future__ import annotations

import fcntl
import gc
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from kalib import ledger
from kalib.settings import Job, read_job
from kalib.words.told import speaking
from tests import depth, sql_once  # noqa: F401  (both set the whole suite up, once)

ROOT = Path(__file__).parents[1]
os.environ["LC_ALL"] = (
    "C.UTF-8"  # refusals speak the machine's language where no job says another; tests hold the English
)
gc.set_threshold(
    100_000, 50, 50
)  # expressions are many small objects: a fifth of the time went into looking for cycles among them

JOB = """\
job: tiny
source: data/orders.csv
columns: {customer_id: customer, order_date: day, order_id: order, amount: amount}
currency: GBP
notebooks: notebooks
"""
ORDERS = """\
customer,day,order,amount
ann,2025-01-05,1,10.00
ann,2025-02-05,2,30.00
bob,2025-02-20,3,5.50
cho,2025-03-01,4,100.00
ann,2025-03-31,5,20.00
"""
PARAMETERS = 'job = "jobs/tiny.yaml"\nrun = ""\nlanguage = "en"\n'
OPEN = "from kalib.publish.workbook import open_run\nbook = open_run(run, job=job, language=language)"


@dataclass(frozen=True)
class Workshop:
    """A folder with a job, its data and its notebooks."""

    root: Path

    @property
    def file(self) -> Path:
        return self.root / "jobs" / "tiny.yaml"

    @property
    def reports(self) -> Path:
        return self.root / "reports" / "tiny"

    def job(self, **overrides: str) -> Job:
        return read_job(self.file, overrides)

    def add(
        self,
        name: str,
        cells: Sequence[str],
        *,
        reads: Sequence[str] = (),
        writes: Sequence[str] = (),
        parameters: str = "",
        tags: Sequence[str] = ("parameters",),
        declared: str = PARAMETERS,
    ) -> Path:
        """Write a notebook: a heading, its parameters, the cells."""
        code = nbformat.v4.new_code_cell(declared + parameters, metadata={"tags": list(tags)})
        content = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_markdown_cell(f"# {name}"), code, *map(nbformat.v4.new_code_cell, cells)],
            metadata={
                "kalib": {"reads": list(reads), "writes": list(writes)},
                "kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"},
            },
        )
        file = self.root / "notebooks" / f"{name}.ipynb"
        nbformat.write(content, file)
        return file

    def add_maker(self, name: str, *, writes: str, reads: str = "customers", then: Sequence[str] = ()) -> Path:
        """Write a notebook that makes a table out of another."""
        cells = [OPEN, f'table = book.read("{reads}")[["customer_id"]]', f'book.write("{writes}", table)', *then]
        return self.add(name, [*cells, "book.close()"], reads=[reads], writes=[writes])


def texts(content: Mapping) -> str:
    """Return all the code of a notebook."""
    return "\n".join("".join(cell["source"]) for cell in content["cells"])


@pytest.fixture(autouse=True)
def _language() -> Generator[None]:
    """Let no test speak the language of the job that another one read."""
    with speaking(None):
        yield


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """Give a workshop in which nothing ships with kalib: only its own notebooks run."""
    for name in ("jobs", "data", "notebooks", "shipped"):
        (tmp_path / name).mkdir()
    (tmp_path / "jobs" / "tiny.yaml").write_text(JOB, encoding="utf-8")
    (tmp_path / "data" / "orders.csv").write_text(ORDERS, encoding="utf-8")
    monkeypatch.setattr("kalib.publish.plan.shipped_folder", lambda: tmp_path / "shipped")
    monkeypatch.delenv("KALIB_JOB", raising=False)
    monkeypatch.delenv("KALIB_NOTEBOOK", raising=False)
    monkeypatch.chdir(tmp_path)
    return Workshop(tmp_path)


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give the ledger of a shipped job by its name: built once for the whole suite, whatever the number of workers; to be read only."""
    base = tmp_path_factory.getbasetemp()
    place = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def build(name: str) -> Path:
        folder = place / f"shipped-{name}"
        with (place / f"shipped-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                ledger.build(read_job(ROOT / "jobs" / f"{name}.yaml"), folder.with_suffix(".part"))
                folder.with_suffix(".part").rename(folder)
        return folder

    return build


@pytest.fixture
def ledger_within(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs build their ledger in this process: what the process of its own is for has tests of its own."""
    monkeypatch.setattr("kalib.publish.run.build_apart", ledger.build)


@pytest.fixture(scope="session")
def retail() -> Path:
    """Give the UCI Online Retail II log, which does not ship: where KALIB_RETAIL says, or as `kalib get` leaves it."""
    fetched = ROOT / "data" / "online-retail-ii" / "orders.parquet"
    place = Path(os.environ.get("KALIB_RETAIL") or fetched)
    if not place.is_file():
        pytest.skip(
            "needs UCI Online Retail II: run `kalib get online-retail-ii`, or set KALIB_RETAIL to its Parquet file"
        )
    return place.resolve()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let no test skip where CI is set: there, every part that a test wants is installed."""
    report = yield
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report
