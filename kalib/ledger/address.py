"""Which engine does a URL name? Takes it apart so that no secret of it can stand in a message."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from kalib.errors import DataError, SettingsError
from kalib.words.told import told

NAMES = {"postgresql": "postgres", "postgres": "postgres", "spark": "pyspark", "duckdb": "duckdb"}
"""The schemes of URLs that are known, and how Ibis calls their engines."""
PATIENCE_SECONDS = 10
"""How long a host may take to answer."""


@dataclass(frozen=True)
class Address:
    """A database URL taken apart. Only ``shown`` may stand in a message; the secrets are in no ``repr``."""

    engine: str
    shown: str
    host: str
    port: int | None
    database: str
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    options: dict[str, str] = field(default_factory=dict, repr=False)


def is_url(source: str) -> bool:
    """Return whether a job's source is the URL of a database, perhaps one that the environment holds.

    >>> is_url("postgres://ann@host/shop"), is_url("${SHOP_URL}"), is_url("data/orders.csv")
    (True, True, False)
    """
    return "://" in source or re.fullmatch(r"\$\{\w+\}", source) is not None


def fill_in(url: str) -> str:
    """Return a URL with the variables of the environment that it names, as in ``postgres://ann:${SHOP_PASSWORD}@host/shop``.

    A value in a URL may hold any sign; where the variable is the whole URL, it is taken as it stands.

    Raises
    ------
    SettingsError
        A variable that is not set.
    """

    def value_of(found: re.Match[str]) -> str:
        name = found[1]
        if name not in os.environ:
            raise SettingsError(
                told(
                    "the environment has no variable {name}, which a database URL of the job names as ${{{name}}}. Set it "
                    "before kalib starts, as in `export {name}=...`.",
                    name=name,
                )
            )
        value = os.environ[name]
        return value if found[0] == url else quote(value, safe="")

    return re.sub(r"\$\{(\w+)\}", value_of, url)


def read_address(url: str) -> Address:
    """Take a database URL apart.

    Raises
    ------
    SettingsError
        A URL that cannot be read; the message shows no user, password or option.

    Examples
    --------
    >>> read_address("postgres://ann:s3cret@db.example.com/shop").shown
    'postgres://db.example.com:5432/shop'
    """
    filled = fill_in(url)
    local = re.fullmatch(r"(spark://)(local(?:\[[\w*,]+\])?)(\?.*)?", filled)  # brackets are no part of a host
    if local:
        filled = local[1] + "local" + (local[3] or "")
    try:
        parts = urlsplit(filled)
        host, port = parts.hostname or "", parts.port
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:  # its message may hold the password
        scheme = re.match(r"\w+", filled)
        raise SettingsError(
            told(
                "the URL `{scheme}://...` cannot be read. It is written `postgres://user:password@host:5432/database`; "
                "signs such as / : @ # % in a password are written %2F %3A %40 %23 %25, or the password is left to the "
                "environment: `postgres://user:${{SHOP_PASSWORD}}@host:5432/database`.",
                scheme=scheme[0] if scheme else "",
            )
        ) from None
    engine = NAMES.get(parts.scheme, parts.scheme)
    database = unquote(parts.path.lstrip("/"))
    if engine == "postgres":
        host, port, database = host or "localhost", port or 5432, database or parts.username or "postgres"
        shown = f"{parts.scheme}://{host}:{port}/{database}"
    elif engine == "pyspark":
        if not local and port is None:
            raise SettingsError(
                told(
                    "`{scheme}://{host}`: a Spark cluster is named by host and port, as in `spark://host:7077`; "
                    "`spark://local[2]` is Spark on this machine, on two cores.",
                    scheme=parts.scheme,
                    host=host,
                )
            )
        host, port = (local[2], None) if local else (host, port)
        shown = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    elif engine == "duckdb":
        database = unquote(parts.netloc + parts.path)
        shown = f"duckdb://{database}"
    else:
        shown = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    return Address(
        engine,
        shown,
        host,
        port,
        database,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        options,
    )


def knock(address: Address) -> None:
    """Check that something listens at the address, before a driver waits for it for minutes.

    Raises
    ------
    DataError
        No such host, or nothing that listens.
    """
    try:
        with socket.create_connection((address.host, address.port), timeout=PATIENCE_SECONDS):
            return
    except socket.gaierror:
        what = told("there is no host {host} to be found from here", host=address.host)
    except TimeoutError:
        what = told(
            "{host} gave no answer in {seconds} seconds; a firewall may be in between",
            host=address.host,
            seconds=PATIENCE_SECONDS,
        )
    except OSError as error:
        what = told("nothing listens there ({strerror})", strerror=error.strerror)
    raise DataError(
        told("{address}: {what}. Check host and port, and that the server runs.", address=address.shown, what=what),
        rule="engine_unreachable",
        file=address.shown,
    )
