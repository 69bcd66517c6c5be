"""Is the wheel enough? Built from the checkout, installed alone, and used from an empty folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.run

ROOT = Path(__file__).parents[1]
STAND_IN = """\
import os, sys
print(os.environ["KALIB_JOB"], *sys.argv[1:])
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    call([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the Python of an environment with the wheel alone; its dependencies are those of the running environment.

    They come in by a path of their own, behind the wheel: paths named there, as an editable kalib is, are not followed.
    """
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    call([sys.executable, "-m", "venv", str(folder)], ROOT)
    python = folder / "bin" / "python"
    call([str(python), "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", str(wheel)], ROOT)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the empty folder that a new user works in."""
    return tmp_path_factory.mktemp("empty")


def call(command: list[str], folder: Path) -> subprocess.CompletedProcess:
    """Run a command that must succeed, in a folder, with nothing of this checkout in its environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("KALIB_", "PYTHON"))}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done


def call_kalib(python: Path, folder: Path, *words: str) -> subprocess.CompletedProcess:
    return call([str(python.with_name("kalib")), *words], folder)


def test_the_wheel_carries_all_that_a_run_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    wanted = {f"kalib/shipped/{file.relative_to(ROOT)}": file for file in ROOT.glob("notebooks/*.ipynb")}
    wanted |= {f"kalib/shipped/{file.relative_to(ROOT)}": file for file in ROOT.glob("jobs/*.yaml")}
    for name in ("wholesale/*.*", "cdnow/orders.csv"):
        wanted |= {f"kalib/shipped/{file.relative_to(ROOT)}": file for file in ROOT.glob(f"data/{name}")}
    for name in ("words/**/*.yaml", "words/*.po", "publish/templates/**/*.*", "figures/fonts/*.*", "**/*.py"):
        wanted |= {str(file.relative_to(ROOT)): file for file in (ROOT / "kalib").glob(name) if file.is_file()}
    assert len(wanted) > 60
    assert [name for name, file in wanted.items() if packed.get(name) != file.read_bytes()] == []
    foreign = [
        name for name in packed if re.search(r"(^|/)(tests|reports|__pycache__|\.ipynb_checkpoints)/|\.pyc$", name)
    ]
    assert foreign == []
    (licence,) = [name for name in packed if name.endswith("licenses/LICENSE")]
    assert packed[licence] == (ROOT / "LICENSE").read_bytes()


def test_nothing_of_the_checkout_is_in_reach(python: Path, folder: Path) -> None:
    code = "import json, sys, kalib; print(json.dumps([kalib.__file__, sys.path]))"
    place, paths = json.loads(call([str(python), "-c", code], folder).stdout)
    assert Path(place).is_relative_to(python.parents[1])
    assert str(ROOT) not in paths


def test_a_sample_is_fetched_checked_run_and_listed(python: Path, folder: Path) -> None:
    got = call_kalib(python, folder, "get", "cdnow")
    assert got.stdout == "jobs/cdnow.yaml\n"
    checked = json.loads(call_kalib(python, folder, "check", "jobs/cdnow.yaml", "--json").stdout)
    assert (checked["rows_read"], checked["rows_used"], checked["rows_set_aside"]) == (69_659, 69_659, 0)
    ran = call_kalib(python, folder, "run", "jobs/cdnow.yaml", "-p", "language=en", "--only", "quality,rfm")
    run = folder / "reports" / "cdnow" / "1998-06-30-1"
    assert ran.stdout.splitlines() == [str(folder / "reports" / "index.html"), str(run)]
    assert (folder / "reports" / "index.html").is_file()
    assert sorted(path.name for path in run.glob("*.html")) == ["00_quality.html", "10_rfm.html", "index.html"]
    assert "Every one of 69,659 rows can be used" in (run / "00_quality.html").read_text(encoding="utf-8")
    assert not (run / "zh").exists()
    facts = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert (facts["only"], facts["parameters"]) == (["quality", "rfm"], {"language": "en"})
    rows = {"read": 69_659, "used": 69_659, "set_aside": 0, "customers": 23_570}
    assert {name: facts["rows"][name] for name in rows} == rows
    listed = call_kalib(python, folder, "list").stdout.splitlines()
    assert [line.split()[:2] for line in listed[1:]] == [["cdnow", "1998-06-30"]]
    assert listed[1].endswith(str(run))


def test_a_job_inside_the_package_reports_where_the_user_is(python: Path, tmp_path: Path) -> None:
    code = (
        "import kalib; from kalib.publish.places import shipped_folder; print(shipped_folder() / 'jobs' / 'cdnow.yaml')"
    )
    job = call([str(python), "-c", code], tmp_path).stdout.strip()
    before = sorted(Path(job).parents[1].rglob("*"))
    ran = call_kalib(python, tmp_path, "run", job, "-p", "language=zh", "--only", "rfm")
    assert ran.stdout.splitlines()[-1] == str(tmp_path / "reports" / "cdnow" / "1998-06-30-1")
    assert sorted(Path(job).parents[1].rglob("*")) == before


def test_lab_opens_copies_and_leaves_them_as_they_are_edited(python: Path, folder: Path) -> None:
    (site,) = python.parents[1].glob("lib/python*/site-packages")  # in the folder of a user nothing is imported from
    (site / "jupyterlab.py").write_text(STAND_IN, encoding="utf-8")  # stands in for the real one, which would stay
    call_kalib(python, folder, "get", "cdnow")
    opened = call_kalib(python, folder, "lab", "jobs/cdnow.yaml")
    notebooks = folder / "reports" / "cdnow" / "draft" / "notebooks"
    as_root = " --allow-root" if os.geteuid() == 0 else ""
    assert opened.stdout == f"{folder / 'jobs' / 'cdnow.yaml'} {notebooks}{as_root}\n"
    names = sorted(file.name for file in notebooks.iterdir())
    assert names == sorted(file.name for file in ROOT.glob("notebooks/*.ipynb"))
    (notebooks / names[0]).write_text("edited", encoding="utf-8")
    (notebooks / names[1]).unlink()
    call_kalib(python, folder, "lab", "jobs/cdnow.yaml")
    assert (notebooks / names[0]).read_text(encoding="utf-8") == "edited"
    assert (notebooks / names[1]).is_file()
