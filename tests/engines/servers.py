"""Real servers to test on: a PostgreSQL of this machine, and a Spark cluster of one master and two workers."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "s3cret:pa/ss@word"
"""Of the test server: with every sign that makes a URL hard to take apart."""
QUOTED = "s3cret%3Apa%2Fss%40word"
CORES, MEMORY = "1", "1200m"
WAIT_SECONDS = 90
DIES_WITH_US = ("--pdeathsig", "TERM")
"""Also where the tests are killed, no server stays behind."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(what: str, ready, processes: Sequence[subprocess.Popen], log: Path) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if ready():
            return
        if any(process.poll() is not None for process in processes):
            break
        time.sleep(0.2)
    pytest.fail(f"{what} did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _stop(processes: Sequence[subprocess.Popen], how: signal.Signals) -> None:
    """End the processes that were started here, each with the group it leads."""
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, how)
    for process in processes:
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def find_postgres() -> Path | None:
    """Return the folder of the server's programs, the newest version first."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if installed:
        return installed[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else None


@contextmanager
def run_postgres(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL server in ``folder`` and give its URL, with a password, and a database `shop`.

    The cluster sorts by a language's rules, not by bytes, as most servers in offices do.
    """
    programs = find_postgres()
    if programs is None:
        pytest.skip("needs a PostgreSQL server: apt-get install postgresql")
    as_user: list[str] = ["setpriv", *DIES_WITH_US, "--"]
    if os.geteuid() == 0:  # the server refuses to run as root
        account = "postgres"
        as_user = ["setpriv", f"--reuid={account}", f"--regid={account}", "--clear-groups", *DIES_WITH_US, "--"]
        for place in (folder, *folder.parents):  # the account must get to it
            if (
                place.owner() == "root"
                and place != Path("/")
                and place.is_relative_to("/tmp")
                and place != Path("/tmp")
            ):
                place.chmod(0o711)
        shutil.chown(folder, account, account)
    secret, port, log = folder / "secret", _free_port(), folder / "log"
    secret.write_text(PASSWORD)
    if as_user:
        shutil.chown(secret, "postgres")
    quiet = {"cwd": folder, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "America/New_York"}}
    made = subprocess.run(
        [*as_user, programs / "initdb", "-D", folder / "data", "-U", "kalib", f"--pwfile={secret}", "-A", "scram-sha-256",
         "-E", "UTF8", "--locale-provider=icu", "--icu-locale=en", "--no-sync"],
        capture_output=True, text=True, **quiet,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    with log.open("w") as stream:
        server = subprocess.Popen(
            [*as_user, programs / "postgres", "-D", folder / "data", "-p", str(port), "-k", folder,
             "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=20",
             "-c", "TimeZone=Pacific/Kiritimati", "-c", "DateStyle=German", "-c", "extra_float_digits=0"],
            stdout=stream, stderr=stream, start_new_session=True, **quiet,
        )  # fmt: skip
    try:
        _wait_for("PostgreSQL", lambda: _listens(port), [server], log)
        import psycopg

        with psycopg.connect(
            host="127.0.0.1", port=port, user="kalib", password=PASSWORD, dbname="postgres", autocommit=True
        ) as con:
            con.execute("CREATE DATABASE shop")
        yield f"postgres://kalib:{QUOTED}@127.0.0.1:{port}/shop"
    finally:
        _stop([server], signal.SIGINT)  # a fast shutdown: open sessions are ended


@contextmanager
def run_spark(folder: Path) -> Iterator[str]:
    """Run a standalone Spark cluster, a master and two workers of one core each, and give its URL."""
    pyspark = pytest.importorskip("pyspark", reason="needs PySpark: pip install 'kalib[spark]'")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("needs Java 17 or newer: apt-get install openjdk-17-jre-headless")
    home = Path(pyspark.__file__).parent
    port, page, log = _free_port(), _free_port(), folder / "log"
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "300m",
        "SPARK_NO_DAEMONIZE": "1",
        "SPARK_WORKER_DIR": str(folder / "work"),
        "PYSPARK_PYTHON": sys.executable,
    }
    processes: list[subprocess.Popen] = []

    def start(*command: str) -> None:
        with log.open("a") as stream:
            processes.append(
                subprocess.Popen(
                    ["setpriv", *DIES_WITH_US, "--", home / "bin" / "spark-class", *command],
                    stdout=stream,
                    stderr=stream,
                    env=environment,
                    cwd=folder,
                    start_new_session=True,
                )
            )

    deploy = "org.apache.spark.deploy"
    try:
        start(f"{deploy}.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(page))
        _wait_for("Spark's master", lambda: _listens(port), processes, log)
        url = f"spark://127.0.0.1:{port}"
        for _ in range(2):
            start(
                f"{deploy}.worker.Worker", "--host", "127.0.0.1", "--webui-port", "0", "-c", CORES, "-m", MEMORY, url
            )  # fmt: skip
        _wait_for("Spark's workers", lambda: log.read_text().count("Registering worker") >= 2, processes, log)
        yield url
    finally:
        _stop(processes[::-1], signal.SIGTERM)
