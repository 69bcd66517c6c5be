"""Is JupyterLab started with the options that it was given, and by root?"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kalib import cli
from kalib.publish.lab import lab_command

OPTIONS = ["--port", "9999", "--ip", "0.0.0.0"]


@pytest.mark.parametrize(
    ("user", "options", "added"),
    [
        (1000, [], []),
        (1000, OPTIONS, OPTIONS),
        (0, [], ["--allow-root"]),
        (0, OPTIONS, [*OPTIONS, "--allow-root"]),
        (0, ["--allow-root", "--no-browser"], ["--allow-root", "--no-browser"]),
        (0, ["--ServerApp.allow_root=True"], ["--ServerApp.allow_root=True"]),
    ],
)
def test_the_command(monkeypatch: pytest.MonkeyPatch, user: int, options: list[str], added: list[str]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert lab_command(Path("notebooks"), options) == [sys.executable, "-m", "jupyterlab", "notebooks", *added]


def test_what_follows_two_dashes_is_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started: list = []
    job = tmp_path / "desk.yaml"
    job.write_text("job: desk\nsource: a.csv\ncolumns: {customer_id: a, order_date: b, amount: c}\n", encoding="utf-8")
    monkeypatch.setattr("kalib.publish.run.refresh_draft", lambda job, draft: False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "execve", lambda *given: started.append(given))
    result = CliRunner().invoke(cli.app, ["lab", str(job), "--", *OPTIONS])
    assert result.exit_code == 0, result.output
    assert started[0][1][1:3] == ["-m", "jupyterlab"]
    assert started[0][1][4:] == OPTIONS
    result = CliRunner().invoke(cli.app, ["lab", str(job), "--port", "9999"])
    assert result.exit_code == 2
