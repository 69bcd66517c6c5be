"""What does Spark need to give the same tables as the others? Opens a cluster, and fetches results in pieces."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from ibis.backends.pyspark import Backend as IbisBackend
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.expr.types import Table
from py4j.protocol import Py4JError
from pyspark import SparkContext, StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession, functions

from kalib.errors import DataError, SettingsError
from kalib.ledger.address import Address, knock
from kalib.ledger.arithmetic import OneArithmetic
from kalib.words.told import told

WORKERS_SECONDS = 60
"""How long a cluster may take to give the job a worker."""
PIECE_ROWS = 1_000_000
"""Results are fetched in pieces of about so many rows, each of which must fit into memory."""

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # what overflows is an error, not a null
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",  # a sum of money keeps its decimals
    "spark.sql.caseSensitive": "true",
    "spark.sql.parquet.mergeSchema": "true",  # a column that only some files have is found, other types are refused
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",  # 007 in the name of a folder stays 007
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}
"""What makes Spark agree with the others; a job cannot change it."""


class _Compiler(OneArithmetic, PySparkCompiler):
    """Ibis's, with the arithmetic of the house."""


class Backend(IbisBackend):
    """A Spark session in which the expressions mean what they mean elsewhere."""

    compiler = _Compiler()


def connect(address: Address) -> Backend:
    """Connect to a Spark cluster, or start Spark on this machine.

    Raises
    ------
    SettingsError
        An option of the URL that cannot be set, or another Spark session in this process.
    DataError
        A host that does not answer, Java that does not start, a cluster without a free worker.
    """
    master = f"spark://{address.host}:{address.port}" if address.port else address.host
    strange = [name for name in address.options if not name.startswith("spark.")]
    if strange or set(address.options) & set(SETTINGS):
        name = strange[0] if strange else next(iter(set(address.options) & set(SETTINGS)))
        raise SettingsError(
            told(
                "{address}: the option {name} cannot be set. Options are settings of Spark, such as "
                "spark.executor.memory=4g, but for those that make its tables equal to the other engines'.",
                address=address.shown,
                name=name,
            )
        )
    running = SparkContext._active_spark_context
    if running is not None and running.master != master:
        raise SettingsError(
            told(
                "{address}: this process works on another Spark already ({master}). Stop that session first.",
                address=address.shown,
                master=running.master,
            )
        )
    if address.port:
        knock(address)
    builder = SparkSession.builder.master(master).appName("kalib")
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.driver.maxResultSize": "2g",
        **address.options,
        **SETTINGS,
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    with _overhear() as heard:
        try:
            session = builder.getOrCreate()
            _wait_for_workers(session, address)
            backend = Backend()
            backend.register_options()
            backend.do_connect(session)
            return backend
        except (PySparkException, Py4JError) as error:
            why = _last_words(heard) or str(error).splitlines()[0]
            raise DataError(
                told(
                    "{address}: Spark did not start ({why}). Java 17 or newer must be installed, or JAVA_HOME name it. The "
                    "cluster must run the same version of Spark as this machine's PySpark.",
                    address=address.shown,
                    why=why,
                )
                if "JAVA" in str(error).upper()
                else told(
                    "{address}: Spark did not start ({why}). The cluster must run the same version of Spark as this machine's "
                    "PySpark.",
                    address=address.shown,
                    why=why,
                ),
                rule="engine_refused",
                file=address.shown,
            ) from None


def _wait_for_workers(session: SparkSession, address: Address) -> None:
    """Check that the cluster gives the job a worker: without one, Spark would wait for ever, and say so in a log only."""
    if address.port is None:
        return
    status = session.sparkContext._jsc.sc()
    for _ in range(WORKERS_SECONDS * 5):
        if status.getExecutorMemoryStatus().size() > 1:  # the driver is the first
            return
        session.sparkContext._jvm.java.lang.Thread.sleep(200)
    session.stop()
    raise DataError(
        told(
            "{address}: the cluster gave the job no worker in {seconds} seconds. Its workers may be taken or down, "
            "or have less memory than is asked for; ask for less with `?spark.executor.memory=1g` behind the URL.",
            address=address.shown,
            seconds=WORKERS_SECONDS,
        ),
        rule="engine_refused",
        file=address.shown,
    )


@contextmanager
def _overhear() -> Iterator[Path]:
    """Send what Java and Spark say while starting to a file, not to the terminal."""
    with tempfile.TemporaryDirectory(prefix="kalib-spark-") as folder:
        heard = Path(folder) / "stderr"
        kept = os.dup(2)
        try:
            with heard.open("wb") as stream:
                os.dup2(stream.fileno(), 2)
            yield heard
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _last_words(heard: Path) -> str:
    said = [
        line.strip() for line in heard.read_text(errors="replace").splitlines() if "ERROR" in line or "xception" in line
    ]
    return said[-1][:300] if said else ""


def find_frame(backend: Backend, expression: Table) -> DataFrame:
    """Return an expression as a data frame of Spark's, not yet computed."""
    backend._run_pre_execute_hooks(expression)
    return backend._session.sql(backend.compile(expression))


def keep(backend: Backend, expression: Table, name: str) -> Table:
    """Compute a table now and keep it in the workers' memory and on their disks, forgetting how it was made.

    Merely cached, each table would carry the plans of all before it, several times over: Spark would think for minutes
    about what takes seconds. The price: a worker that is lost takes its part along, and the job has to be run again.
    """
    find_frame(backend, expression).localCheckpoint(eager=True).createOrReplaceTempView(name)
    return backend.table(name).cast(expression.schema())  # Spark numbers rows in 32 bits, Ibis in 64


def fetch(backend: Backend, expression: Table, by: Sequence[str]) -> Iterator[pa.Table]:
    """Yield a result in pieces that fit into memory: computed once, and fetched by a hash of its key."""
    frame = find_frame(backend, expression).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        pieces = max(1, -(-frame.count() // PIECE_ROWS))
        number = functions.pmod(functions.xxhash64(*by), functions.lit(pieces))
        for piece in range(pieces):
            yield (frame if pieces == 1 else frame.filter(number == piece)).toArrow()
    finally:
        frame.unpersist()
