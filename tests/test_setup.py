"""Does a fresh machine get what the project says? The lock, the conda file and the wheel."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from kalib.schema.__main__ import print_glossary
from kalib.settings import Job
from kalib.settings.__main__ import print_settings, walk

ROOT = Path(__file__).parents[1]


def locked() -> dict[str, str]:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return dict(re.findall(r"^([A-Za-z0-9_.\-]+)==([^\s;\\]+)", text, re.M))


def test_the_lock_has_hashes_and_no_host() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[A-Za-z0-9])", text)
    assert all("--hash=sha256:" in entry for entry in entries if "==" in entry.splitlines()[0])
    assert "://" not in text
    assert "index-url" not in text


def test_the_lock_has_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.match(r"[A-Za-z0-9_.\-]+", entry)[0].lower() for entry in wanted}
    assert names <= set(locked())


def test_conda_users_get_the_same_lock() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert pip == ["--require-hashes", "-r requirements.lock"]
    (python,) = [entry for entry in environment["dependencies"] if str(entry).startswith("python=")]
    assert python.removeprefix("python=") in ("3.11", "3.12", "3.13")


def test_what_the_owner_fixed_is_there() -> None:
    for name in ("jupyterlab", "pandas", "scikit-learn", "matplotlib", "papermill", "nbval"):
        assert name in locked()
    for name in ("notebooks", "kalib", "data", "reports", "tests", "environment.yml"):
        assert (ROOT / name).exists()


def test_the_glossary_is_the_schema() -> None:
    assert (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").strip() == print_glossary().strip(), (
        "run `python -m kalib.schema > docs/glossary.md`"
    )


def test_every_setting_is_described() -> None:
    assert [name for name, field in walk(Job) if not field.description] == []
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8").strip() == print_settings().strip(), (
        "run: python -m kalib.settings > docs/settings.md"
    )


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_settings_that_the_readme_shows_are_settings(name: str) -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.S)
    columns = {"customer_id": "a", "order_date": "b", "amount": "c"}
    Job(job="x", source="a.csv", columns=columns, file=ROOT / "x.yaml", **yaml.safe_load(shown))
