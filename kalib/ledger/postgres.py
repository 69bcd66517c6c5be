"""What does PostgreSQL need to give the same tables as the others, and to be read without being written to?"""

from __future__ import annotations

from pathlib import Path

import ibis.expr.datatypes as dtypes
import ibis.expr.operations as ops
import psycopg
import sqlglot.expressions as sge
from ibis.backends.postgres import Backend as IbisBackend
from ibis.backends.sql.compilers.postgres import PostgresCompiler
from ibis.expr.types import Table

from kalib.errors import DataError, SettingsError
from kalib.ledger.address import PATIENCE_SECONDS, Address, knock
from kalib.ledger.arithmetic import OneArithmetic
from kalib.words.told import told

SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",  # a float is written with all its digits
    "client_encoding": "UTF8",
    "standard_conforming_strings": "on",
    "default_transaction_read_only": "on",  # temporary tables of our own aside, nothing is written
    "application_name": "kalib",
}
"""What makes PostgreSQL agree with the others, whatever the server's own settings are."""


class _Compiler(OneArithmetic, PostgresCompiler):
    """Ibis's, with the arithmetic of the house."""

    def visit_Cast(self, op: ops.Cast, *, arg: sge.Expression, to: dtypes.DataType) -> sge.Expression:
        if op.arg.dtype.is_boolean() and to.is_integer():  # PostgreSQL knows the way to one width only
            arg = self.cast(arg, dtypes.int32)
        return super().visit_Cast(op, arg=arg, to=to)


class Backend(IbisBackend):
    """A session that may write nothing but temporary tables of its own."""

    compiler = _Compiler()

    def _register_in_memory_table(self, op: ops.InMemoryTable) -> None:
        with self.con.transaction(), self.con.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ WRITE")
            super()._register_in_memory_table(op)


def connect(address: Address) -> Backend:
    """Connect to a PostgreSQL database.

    Raises
    ------
    SettingsError
        An option of the URL that PostgreSQL does not know.
    DataError
        A host that does not answer, or does not let us in.
    """
    if not address.host.startswith("/"):  # a socket
        knock(address)
    backend = Backend()
    try:
        backend.do_connect(
            host=address.host,
            port=address.port or 5432,
            user=address.user,
            password=address.password,
            database=address.database,
            **{"connect_timeout": str(PATIENCE_SECONDS), **address.options},
        )
        with backend.con.cursor() as cursor:
            for name, value in SETTINGS.items():
                cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
    except psycopg.ProgrammingError:
        raise SettingsError(
            told(
                "{address}: an option of the URL is unknown to PostgreSQL. It has {options}; usual ones are sslmode, "
                "sslrootcert, options, target_session_attrs.",
                address=address.shown,
                options=", ".join(address.options) or told("none"),
            )
        ) from None
    except psycopg.Error as error:
        raise DataError(
            told(
                "{address}: the server did not let us in ({said}). Check user, password and database in the URL, and "
                "that the user may connect.",
                address=address.shown,
                said=_said(error, address),
            ),
            rule="engine_refused",
            file=address.shown,
        ) from None
    return backend


def _said(error: psycopg.Error, address: Address) -> str:
    """Return the first line that the server said, without secrets."""
    lines = str(error).splitlines()
    said = next((line for line in lines if "FATAL" in line), lines[0] if lines else told("no reason given"))
    said = said.rpartition("FATAL:")[2].strip()
    for secret in (address.password, *address.options.values()):
        if secret:
            said = said.replace(secret, "***")
    return said.rstrip(".")


def quoted(name: str) -> str:
    """Return a name as an SQL identifier, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def keep(backend: Backend, expression: Table, name: str) -> Table:
    """Compute a table once into a temporary table; the transaction that fills it can write nowhere else."""
    columns = ", ".join(
        f"{quoted(column)} {backend.compiler.type_mapper.to_string(kind)}"
        + (' COLLATE "C"' if kind.is_string() else "")
        for column, kind in expression.schema().items()
    )
    with backend.con.transaction(), backend.con.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ WRITE")
        cursor.execute(f"CREATE TEMPORARY TABLE {quoted(name)} ({columns})")
    backend._run_pre_execute_hooks(expression)
    with backend.con.cursor() as cursor:
        cursor.execute(f"INSERT INTO {quoted(name)} {backend.compile(expression)}")
        cursor.execute(f"ANALYZE {quoted(name)}")
    return backend.table(name)


def copy_out(backend: Backend, expression: Table, file: Path) -> None:
    """Write a result as CSV without a header: empty text in quotes, missing values without."""
    backend._run_pre_execute_hooks(expression)
    query = backend.compile(expression)
    with (
        file.open("wb") as stream,
        backend.con.cursor() as cursor,
        cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv)") as copy,
    ):
        for block in copy:
            stream.write(block)
