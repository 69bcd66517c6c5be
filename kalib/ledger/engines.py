"""Where is the work done? In the embedded DuckDB, a PostgreSQL database or a Spark cluster, with the same result."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import duckdb
import ibis
import ibis.expr.datatypes as dtypes
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.sql import SQLBackend
from ibis.common.exceptions import IbisError, TableNotFound
from ibis.expr.types import Table

from kalib.errors import DataError, SettingsError
from kalib.ledger.address import NAMES, Address, fill_in, read_address
from kalib.ledger.read import quote, text
from kalib.ledger.room import find_shortage
from kalib.words.told import Told, told

Backend: TypeAlias = SQLBackend
TESTED = ("duckdb", "postgres", "pyspark")
"""The engines that the tests compare, row by row. Others may work; a report says that they are untested."""
DATABASES = ("duckdb", "postgres")
"""Engines whose URL may stand as `source:`, with a table or a query; Spark is named under `engine:`."""
_NEEDED = {"postgres": ("psycopg", "kalib[postgres]"), "pyspark": ("pyspark", "kalib[spark]")}
"""What an engine needs beside kalib: the module, and what installs it."""


def connect(url: str | None = None) -> Backend:
    """Connect to the engine that a URL names, set so that all engines give the same tables.

    Parameters
    ----------
    url : nothing for the embedded DuckDB; ``postgres://user:password@host:port/database``; ``spark://host:port`` or
        ``spark://local[2]``, with settings of Spark's own as options (``?spark.executor.memory=4g``); ``duckdb://file``,
        opened to be read only and locked in: no view of it reads another file or loads an extension; or what else Ibis connects to, which is untested. ``${NAME}`` stands for a variable of
        the environment

    Returns
    -------
    Backend
        To be closed with ``disconnect()``.

    Raises
    ------
    SettingsError
        A URL that cannot be read, or a driver that is not installed.
    DataError
        A host that does not answer, or does not let us in.

    Examples
    --------
    >>> connect().name
    'duckdb'
    """
    if url is None:
        return _settled(ibis.duckdb.connect())
    address = read_address(url)
    module, extra = _NEEDED.get(address.engine, ("", ""))
    if module and find_spec(module) is None:
        raise SettingsError(
            told(
                "{address} needs {module}, which is not installed: pip install '{extra}'",
                address=address.shown,
                module=module,
                extra=extra,
            )
        )
    if address.engine == "duckdb":
        return _open_duckdb(address)
    if address.engine == "postgres":
        from kalib.ledger import postgres

        return postgres.connect(address)
    if address.engine == "pyspark":
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        from kalib.ledger import spark

        return spark.connect(address)
    return _open_other(address, fill_in(url))


def _settled(backend: Backend) -> Backend:
    backend.raw_sql("SET TimeZone = 'UTC'")
    return without_bar(backend)


def without_bar(backend: Backend) -> Backend:
    """Return a DuckDB that draws no bar of a long query: a notebook would keep it in its page."""
    with suppress(duckdb.InvalidInputException):  # in Jupyter without ipywidgets there is no bar, and no setting of it
        backend.raw_sql("SET enable_progress_bar = false")
    return backend


LOCKED_IN = (
    "autoinstall_known_extensions = false",
    "autoload_known_extensions = false",
    "allow_community_extensions = false",
    "allow_persistent_secrets = false",
    "python_enable_replacements = false",
    "enable_external_access = false",
    "lock_configuration = true",
)
"""What keeps a foreign database within its own file: its views run here, and may name any file, address or extension."""


def _locked_in(backend: Backend) -> Backend:
    for setting in LOCKED_IN:
        backend.raw_sql(f"SET {setting}")
    return backend


def _is_locked_in(backend: Backend) -> bool:
    return backend.raw_sql("SELECT current_setting('lock_configuration')").fetchone()[0]


def _open_duckdb(address: Address) -> Backend:
    if not Path(address.database).is_file():
        raise DataError(
            told(
                "{address}: there is no such file. A DuckDB database is named by its path, as in "
                "`duckdb:///data/shop.duckdb`.",
                address=address.shown,
            ),
            rule="file_missing",
            file=address.shown,
        )
    try:
        return _locked_in(_settled(ibis.duckdb.connect(address.database, read_only=True)))
    except duckdb.Error as error:
        raise DataError(
            told(
                "{address}: the file cannot be opened ({why}).", address=address.shown, why=str(error).splitlines()[0]
            ),
            rule="file_unreadable",
            file=address.shown,
        ) from None


def _open_other(address: Address, url: str) -> Backend:
    """Connect to an engine that the tests do not know."""
    try:
        return ibis.connect(url)
    except ImportError as error:
        raise SettingsError(
            told(
                "{address}: the driver is not installed ({driver}): pip install 'ibis-framework[{engine}]'",
                address=address.shown,
                driver=error.name,
                engine=address.engine,
            )
        ) from None
    except (IbisError, ValueError, TypeError, OSError):  # their messages may hold the URL
        raise SettingsError(
            told(
                "`{address}`: kalib reads files, and databases by {names}://. Ibis, which may know others, cannot "
                "connect to this one.",
                address=address.shown,
                names="://, ".join(sorted(NAMES)),
            )
        ) from None


@contextmanager
def explained(backend: Backend, what: Told) -> Iterator[None]:
    """Turn what an engine complains of while it works into a refusal of one line.

    Parameters
    ----------
    backend : the engine
    what : what was being done, as the beginning of a sentence

    Raises
    ------
    DataError
        engine_failed, with the first line of what the engine said; engine_reaches_out where a view of a foreign DuckDB
        file, or a query on it, names a file, an address or an extension.
    ShortageError
        Disk or memory ran out.
    """
    complaints: tuple[type[Exception], ...] = (duckdb.Error, IbisError, TableNotFound)
    if backend.name == "postgres":
        import psycopg

        complaints += (psycopg.Error,)
    elif backend.name == "pyspark":
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        complaints += (PySparkException, Py4JError)
    try:
        yield
    except complaints as error:
        if short := find_shortage(error):
            raise short from None
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        if isinstance(error, duckdb.PermissionException):
            raise DataError(
                told(
                    "{what}: it reaches outside its own database, and that is refused ({said}). Read what it reaches for "
                    "into a table there, and name the table.",
                    what=what,
                    said=said[:300],
                ),
                rule="engine_reaches_out",
            ) from None
        raise DataError(
            told("{what}: {engine} says: {said}", what=what, engine=backend.name, said=said[:300]), rule="engine_failed"
        ) from None


def keep(backend: Backend, expression: Table, name: str) -> Table:
    """Compute a table once and keep it in the engine, for all that is read from it; it ends with the connection.

    Parameters
    ----------
    backend : the engine that holds what the expression reads
    expression : an Ibis table
    name : what the kept table is called; nothing else of the connection may have the name

    Returns
    -------
    Table
        The same rows. In PostgreSQL a temporary table; in Spark kept in the workers' memory and on their disks.
    """
    if backend.name == "postgres":
        from kalib.ledger import postgres

        return postgres.keep(backend, expression, name)
    if backend.name == "pyspark":
        from kalib.ledger import spark

        return spark.keep(backend, expression, name)
    return backend.create_table(name, expression, temp=True)


def write(expression: Table, path: Path, *, by: Sequence[str]) -> int:
    """Write a bounded result of any engine to one local Parquet file, sorted, with the same types on every engine.

    Rows of other engines pass through an embedded DuckDB, which sorts what does not fit into memory on the disk beside
    ``path``.

    Parameters
    ----------
    expression : an Ibis table
    path : the file
    by : the key of the table, by which the rows are sorted: text by its bytes, missing values last

    Returns
    -------
    int
        How many rows it has.
    """
    backend = ibis.get_backend(expression)
    kinds = {name: _name_type(kind) for name, kind in expression.schema().items()}
    casts = ", ".join(f"CAST({quote(name)} AS {kind}) AS {quote(name)}" for name, kind in kinds.items())
    order = ", ".join(f"{quote(name)} ASC NULLS LAST" for name in by)
    order_by = f"ORDER BY {order}" if by else ""
    if backend.name == "duckdb" and not _is_locked_in(backend):
        backend._run_pre_execute_hooks(expression)
        rows = f"({backend.compile(expression)})"
        backend.raw_sql(f"COPY (SELECT {casts} FROM {rows} {order_by}) TO {text(str(path))} (FORMAT parquet)")
        return pq.read_metadata(path).num_rows
    with tempfile.TemporaryDirectory(prefix=".write-", dir=path.parent) as scratch, duckdb.connect() as local:
        local.execute("SET TimeZone = 'UTC'")
        local.execute(f"SET temp_directory = {text(str(Path(scratch) / 'spill'))}")
        if backend.name == "postgres":
            from kalib.ledger import postgres

            file = Path(scratch) / "rows.csv"
            postgres.copy_out(backend, expression, file)
            rows = _scan_csv(file, kinds)
        else:
            local.register("piece", expression.schema().to_pyarrow().empty_table())
            local.execute(f"CREATE TABLE rows AS SELECT {casts} FROM piece")
            for piece in _fetch(backend, expression, by):
                local.register("piece", piece)
                local.execute(f"INSERT INTO rows SELECT {casts} FROM piece")
            rows = "rows"
        local.execute(f"COPY (SELECT {casts} FROM {rows} {order_by}) TO {text(str(path))} (FORMAT parquet)")
    return pq.read_metadata(path).num_rows


def _name_type(kind: dtypes.DataType) -> str:
    """Return DuckDB's name for the type of a result's column; counts of every width are 64 bits wide."""
    if kind.is_string():
        return "VARCHAR"
    if kind.is_decimal():
        return f"DECIMAL({kind.precision or 38}, {10 if kind.scale is None else kind.scale})"
    if kind.is_integer():
        return "BIGINT" if kind.is_signed_integer() else "UBIGINT"
    names = {"float64": "DOUBLE", "float32": "DOUBLE", "date": "DATE", "boolean": "BOOLEAN", "timestamp": "TIMESTAMP"}
    names |= {"null": "INTEGER"}
    return names[str(kind(nullable=True)).partition("(")[0]]


def _scan_csv(file: Path, kinds: dict[str, str]) -> str:
    columns = ", ".join(f"{text(name)}: {text(kind)}" for name, kind in kinds.items())
    return (
        f"read_csv({text(str(file))}, header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "
        f"nullstr = '', allow_quoted_nulls = false, columns = {{{columns}}})"
    )


def _fetch(backend: Backend, expression: Table, by: Sequence[str]) -> Iterator[pa.Table]:
    if backend.name == "pyspark":
        from kalib.ledger import spark

        yield from spark.fetch(backend, expression, by)
        return
    for batch in backend.to_pyarrow_batches(expression):
        yield pa.Table.from_batches([batch])
