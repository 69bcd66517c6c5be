"""What is in this orders file? Looks at it, guesses its columns, and writes a job file that says how sure each guess is."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import duckdb
import yaml

from kalib.errors import DataError, SettingsError
from kalib.ledger.guess import MONEY, Guess, Numbers, Seen, Sure, guess_columns
from kalib.ledger.quality import EXCEL, PRICE, QUANTITY, number_expression
from kalib.ledger.read import DELIMITERS, PARQUET_ENDINGS, Source, open_source, quote, text
from kalib.settings import Columns, Read

SAMPLE_ROWS = 20_000
KEYS = ("customer_id", "order_id", "product", "category")
HEAD_BYTES = 1 << 16
ENCODINGS = ("utf-8", "gb18030", "windows-1252")
_TIMES = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S", " %H:%M:%S.%f", "T%H:%M:%S.%f")
_YEAR_FIRST = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d")
_OTHER_DAYS = (
    *(f"{a}{sign}{b}{sign}{year}" for year in ("%Y", "%y") for sign in "/.-" for a, b in (("%d", "%m"), ("%m", "%d"))),
    *("%y/%m/%d", "%y-%m-%d", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y"),
)
ITSELF = ""
"""Stands for the dates that the ledger reads without being told: the year comes first."""
_FORMATS = {
    ITSELF: [day + time for day in _YEAR_FIRST for time in _TIMES],
    **{f"{day}{time}": [day + time] for day in _OTHER_DAYS for time in (*_TIMES[:3], " %I:%M %p", " %I:%M:%S %p")},
}


@dataclass(frozen=True)
class Totals:
    """What the guessed columns come to over the whole file, before any row is judged."""

    distinct: dict[str, int]  # by our name, for what identifies something
    without_customer: int
    amount: str | None
    quantity_times_price: str | None
    amount_is: Literal["the same", "less a share", "less money", "another"]  # beside quantity times price


def write_job_file(file: Path, out: Path | None) -> str:
    """Look at an orders file and write a commented job file for it.

    Parameters
    ----------
    file : CSV or Parquet with a header and one row per order line
    out : where the job file goes; None: ``<stem>.yaml`` in the working directory. It is never overwritten.

    Returns
    -------
    str
        What was seen, what the user must check, and the next command; to be shown as it is, without markup.

    Raises
    ------
    DataError
        A file that is missing, empty, not text or not readable.
    SettingsError
        The job file is already there, or its folder is not.
    """
    out = Path.cwd() / f"{file.stem}.yaml" if out is None else out
    if out.exists():
        raise SettingsError(
            f"{out}: this file is already there and is not overwritten. Remove it, or name another with `--out`."
        )
    if not out.parent.is_dir():
        raise SettingsError(f"{out}: there is no folder {out.parent}. Create it, or name another with `--out`.")
    if not file.is_file():
        raise DataError(f"{file}: there is no such file.", rule="file_missing", file=file.name)
    try:
        with tempfile.TemporaryDirectory() as scratch, duckdb.connect(Path(scratch) / "source.duckdb") as con:
            draft, summary = _inspect(con, file, out, Path(scratch))
    except duckdb.Error as error:
        raise DataError(
            f"{file}: the file cannot be read to its end ({str(error).strip().splitlines()[0]}). Look for a quote that is not "
            "closed, or a row with more or fewer fields than the header.",
            rule="file_unreadable",
            file=file.name,
        ) from None
    try:
        with out.open("x", encoding="utf-8") as stream:
            stream.write(draft)
    except OSError as error:
        raise SettingsError(
            f"{out}: the job file cannot be written ({error.strerror}). Name another place with `--out`."
        ) from None
    return summary


def _inspect(con: duckdb.DuckDBPyConnection, file: Path, out: Path, scratch: Path) -> tuple[str, str]:
    read = Read() if _is_parquet(file) else _find_reading(file)
    source = open_source(con, file, read, scratch=scratch)
    names = {header: f"c{number}" for number, header in enumerate(source.columns)}  # no header ever stands in SQL below
    picked = ", ".join(f"{quote(header)} AS {name}" for header, name in names.items())
    keep = "VIEW" if source.kind == "parquet" else "TABLE"  # text is parsed once
    con.execute(f"CREATE {keep} source AS SELECT {picked} FROM ({source.scan})")
    con.execute(f"CREATE TABLE sample AS FROM source LIMIT {SAMPLE_ROWS}")
    seen = _see(con, source, names)
    if seen[0].rows == 0:
        raise DataError(f"{file}: there is a header and no order line below it.", rule="file_empty", file=file.name)
    guesses = guess_columns(seen)
    if not any(guess.sure == "certain" for guess in guesses.values()):
        _refuse_headless(file, seen)
    by_header = {column.header: column for column in seen}
    decimal, decimal_lines = _choose_decimal(
        [by_header[g.header] for role, g in guesses.items() if role in MONEY and g.header]
    )
    date_format, date_lines = _choose_dates(con, guesses, by_header, names)
    guesses = _hold_to_format(guesses, by_header, date_format)
    totals = _total(con, guesses, by_header, names, decimal)
    guesses = _settle_money(guesses, totals)
    currency = _find_currency(con, guesses, names)
    draft = Draft(file, out, read, guesses, by_header, totals.distinct, decimal_lines, date_lines, currency)
    return draft.write(), _summarise(draft, totals, _span(con, guesses, by_header, names, date_format))


# ---------------------------------------------------------------------------------------------------- how to read it


def _is_parquet(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(4) == b"PAR1" or file.suffix.lower() in PARQUET_ENDINGS


def _find_reading(file: Path) -> Read:
    """Find the encoding and the delimiter of a text file."""
    with file.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\0" in head:
        kind = "an Excel workbook or another zip; save its sheet as CSV" if head.startswith(b"PK") else "a binary file"
        raise DataError(
            f"{file}: this is not a text file but {kind}. Order lines are read from CSV or Parquet.",
            rule="file_kind",
            file=file.name,
        )
    else:
        fitting = (name for name in ENCODINGS if _decodes(file, name))
        encoding = next(fitting, "")
    if not encoding:
        raise DataError(
            f"{file}: the encoding is none of {', '.join(ENCODINGS)}, utf-16. Save the file as UTF-8.",
            rule="encoding",
            file=file.name,
        )
    start = codecs.getincrementaldecoder(encoding)().decode(head).lstrip("\ufeff")
    return Read(encoding=encoding, delimiter=_find_delimiter(start, whole=len(head) < HEAD_BYTES))


def _decodes(file: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    foreign = ""
    with file.open("rb") as stream:
        try:
            while chunk := stream.read(1 << 20):
                decoded = decoder.decode(chunk)
                if len(foreign) < 10_000 and not decoded.isascii():
                    foreign += "".join(sign for sign in decoded if not sign.isascii())
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    if encoding != "gb18030":
        return True
    common = sum(len(sign.encode("gb2312", "ignore")) == 2 for sign in foreign)
    return common >= 0.9 * len(foreign)  # western letters read as GB18030 come out as rare characters


def _find_delimiter(start: str, *, whole: bool) -> str:
    best, best_score = ",", (0.0, 1)
    for delimiter in DELIMITERS:
        try:
            rows = list(itertools.islice(csv.reader(io.StringIO(start, newline=""), delimiter=delimiter), 100))
        except csv.Error:
            continue
        rows = [row for row in (rows if whole or len(rows) < 2 else rows[:-1]) if row]
        width = len(rows[0]) if rows else 1
        score = (sum(len(row) == width for row in rows) / max(len(rows), 1), width)
        if width > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


# ------------------------------------------------------------------------------------------------------ what is in it


def _see(con: duckdb.DuckDBPyConnection, source: Source, names: dict[str, str]) -> list[Seen]:
    """Count every column over the whole file; the sample only says what is worth counting where."""
    filled = ", ".join(f"count(*) FILTER (trim({name}::VARCHAR) <> '')" for name in names.values())
    distinct = ", ".join(f"approx_count_distinct({name}::VARCHAR)" for name in names.values())
    rows, *counts = con.execute(f"SELECT count(*), {filled}, {distinct} FROM source").fetchone()
    seen = []
    for number, (header, name) in enumerate(names.items()):
        kind = source.columns[header]
        dates, mixed = _count_dates(con, name) if kind in ("VARCHAR", "BIGINT", "INTEGER") else ((), False)
        seen.append(
            Seen(
                header=header,
                kind="date"
                if kind == "DATE" or kind.startswith("TIMESTAMP")
                else "text"
                if kind == "VARCHAR"
                else "number",
                rows=rows,
                filled=counts[number],
                distinct=min(counts[number], counts[number + len(names)]),
                examples=_examples(con, name),
                numbers=_count_numbers(con, name) if kind == "VARCHAR" else Numbers(),
                dates=dates,
                mixed=mixed,
            )
        )
    return seen


def _count_numbers(con: duckdb.DuckDBPyConnection, name: str) -> Numbers:
    point, comma = (f"({number_expression(name, 'VARCHAR', QUANTITY, sign)[0]})" for sign in ".,")
    sampled, filled = con.execute(
        f"SELECT count(coalesce({point}, {comma})), count(*) FROM (SELECT {name} FROM sample WHERE trim({name}) <> '' LIMIT 2000)"
    ).fetchone()
    if 2 * sampled < filled or not filled:
        return Numbers()
    counts = con.execute(
        f"SELECT count(p), count(c), count(*) FILTER (v LIKE '%.%' AND p IS NOT NULL AND coalesce(c = p, true)), "
        f"count(*) FILTER (c IS NOT NULL AND p IS NULL), count(*) FILTER (p <> c) FROM (SELECT {name} AS v, {point} AS p, {comma} AS c FROM source)"
    ).fetchone()
    return Numbers(*counts)


def _count_dates(con: duckdb.DuckDBPyConnection, name: str) -> tuple[tuple[tuple[str, int], ...], bool]:
    """Count how many values each date format reads, and say whether the two best read different ones."""
    formats = _formats_in_sample(con, name)
    if not formats:
        return (), False
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE days AS SELECT {name}, count(*) AS n FROM source WHERE trim({name}::VARCHAR) <> '' GROUP BY 1"
    )
    sums = ", ".join(f"coalesce(sum(n) FILTER ({_date_sql(name, form)} IS NOT NULL), 0)::BIGINT" for form in formats)
    counts = con.execute(f"SELECT {sums} FROM days").fetchone()
    dates = sorted(zip(formats, counts, strict=True), key=lambda item: -item[1])
    if len(dates) == 1:
        return tuple(dates), False
    best, second = (_date_sql(name, form) for form, _ in dates[:2])
    only_best, only_second = con.execute(
        f"SELECT count(*) FILTER ({second} IS NULL AND {best} IS NOT NULL), count(*) FILTER ({best} IS NULL AND {second} IS NOT NULL) FROM days"
    ).fetchone()
    return tuple(dates), only_best > 0 and only_second > 0


def _examples(con: duckdb.DuckDBPyConnection, name: str) -> tuple[str, ...]:
    found = con.execute(
        f"SELECT trim({name}::VARCHAR) AS v FROM sample WHERE trim({name}::VARCHAR) <> '' GROUP BY v ORDER BY count(*) DESC, v LIMIT 3"
    )
    return tuple(_shown(row[0], 24) for row in found.fetchall())


def _date_sql(name: str, form: str) -> str:
    value = f"trim({name}::VARCHAR)"
    if form == EXCEL:
        return f"CASE WHEN TRY_CAST({value} AS DOUBLE) BETWEEN 20000 AND 65000 THEN DATE '1899-12-30' + CAST(floor(TRY_CAST({value} AS DOUBLE)) AS INTEGER) END"
    parsed = f"try_strptime({value}, [{', '.join(text(one) for one in _FORMATS[form])}])"
    day = f"CASE WHEN year({parsed}) BETWEEN 1950 AND 2199 THEN {parsed}::DATE END"
    if form != ITSELF:
        return day
    has_zone = rf"regexp_full_match({value}, '\d{{4}}-\d\d-\d\d[ T]\d\d:\d\d.*(Z|[+-]\d\d(:?\d\d)?)')"
    return f"CASE WHEN {has_zone} THEN TRY_CAST(left({value}, 10) AS DATE) ELSE {day} END"


def _formats_in_sample(con: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """Return the date formats that read a fair part of the sample, the one that reads most first."""
    value = f"trim({name}::VARCHAR)"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE few AS SELECT DISTINCT {name} FROM (SELECT {name} FROM sample WHERE {value} <> '') ORDER BY ALL LIMIT 500"
    )
    values = [row[0] for row in con.execute(f"SELECT {value} FROM few").fetchall()]
    if 2 * sum(5 <= len(value) <= 32 and any(sign.isdigit() for sign in value) for value in values) < max(
        len(values), 1
    ):
        return []
    signs = set("".join(values))
    forms = [ITSELF, EXCEL, *(form for form in _FORMATS if form and _could_fit(form, signs))]
    counts = con.execute(f"SELECT {', '.join(f'count({_date_sql(name, form)})' for form in forms)} FROM few").fetchone()
    found = sorted(zip(counts, forms, strict=True), key=lambda item: -item[0])
    return [form for read, form in found if 5 * read >= len(values) and read][:4]


def _could_fit(form: str, signs: set[str]) -> bool:
    """Say whether the signs between the parts of a date, and letters for its month or half of the day, are there."""
    letters = "%b" in form or "%B" in form or "%p" in form
    return set(re.sub(r"%\w", "", form)) <= signs and (not letters or any(sign.isalpha() for sign in signs))


def _refuse_headless(file: Path, seen: Sequence[Seen]) -> None:
    """Refuse a file whose first line is data: a date or a number where a header should stand."""
    number = next(
        (c.header for c in seen if re.fullmatch(r"[-+]?\d+([.,/:-]\d+)*( \d+:\d+.*)?", c.header.strip())), None
    )
    if number is not None:
        raise DataError(
            f"{file}, line 1: {_shown(number)} stands where a header should. The first line must name the columns; add one.",
            rule="header",
            file=file.name,
            line=1,
            value=number,
        )


# ----------------------------------------------------------------------------------------------- what only a user knows


def _choose_decimal(columns: Sequence[Seen]) -> tuple[str, list[str]]:
    """Return the decimal sign to add up with, and the lines of the job file; evidence only, never a preference."""
    point = sum(column.numbers.only_point for column in columns)
    comma = sum(column.numbers.only_comma for column in columns)
    either = sum(column.numbers.either for column in columns)
    worst = max(columns, key=lambda column: column.numbers.either, default=None)
    if comma and comma > 20 * point:
        most = max(columns, key=lambda column: column.numbers.only_comma)
        sure = "certain" if not point else "likely"
        return ",", [f'decimal: ","  # {sure}: {comma:,} numbers can only be read so, such as {_such(most)}']
    if (comma and point <= 20 * comma) or (either and not point and worst):
        why = (
            f"{comma:,} numbers have a decimal comma, {point:,} a decimal point"
            if comma
            else f"{either:,} numbers can be read both ways, such as {_such(worst)}"
        )
        return ".", [
            f"# please check: {why}; take one of these two lines",
            '# decimal: ","  # 1,234 is a little more than one; 1.234 is a thousand and more',
            '# decimal: "."  # 1.234 is a little more than one; 1,234 is a thousand and more',
        ]
    return ".", []


def _choose_dates(
    con: duckdb.DuckDBPyConnection, guesses: dict[str, Guess], by_header: dict[str, Seen], names: dict[str, str]
) -> tuple[str | None, list[str]]:
    """Return the date format (None where only the user knows it, or none is needed) and the lines of the job file."""
    guess = guesses.get("order_date")
    if guess is None or guess.header is None or by_header[guess.header].kind == "date":
        return ITSELF, []
    column = by_header[guess.header]
    formats = column.formats
    if len(formats) > 1:
        why = (
            "some dates fit only the one, some only the other"
            if column.mixed
            else "every date can be read in more than one way"
        )
        lines = [f"# please check: {why}, such as {_such(column)}; take one of these lines"]
        for form in formats:
            first, last = _first_last(con, names[guess.header], form)
            lines.append(f"# {_format_line(form)}  # {_day_order(form)}: {first} to {last}")
        return None, lines
    form, count = column.dates[0]
    if form == ITSELF:
        return ITSELF, []
    unread = f"; {column.filled - count:,} values cannot be read so" if count < column.filled else ""
    sure: Sure = "please check" if unread or form == EXCEL else "certain"
    return form, [
        f"{_format_line(form)}  # {sure}: {_day_order(form)}; {count:,} values can only be read so, such as {_such(column)}{unread}"
    ]


def _format_line(form: str) -> str:
    return f"date_format: {_scalar(form)}" if form else "date_format: null"


def _day_order(form: str) -> str:
    if form == EXCEL:
        return "days since 1900, as Excel counts"
    return {"%d": "day first", "%m": "month first", "%b": "month first", "%B": "month first"}.get(
        form[:2], "year first"
    )


def _hold_to_format(guesses: dict[str, Guess], by_header: dict[str, Seen], date_format: str | None) -> dict[str, Guess]:
    """Leave out the other date columns where they are not written as the order date is: a job has one format."""
    held = dict(guesses)
    for role in ("due_date", "paid_date"):
        guess = guesses.get(role)
        column = by_header[guess.header] if guess and guess.header else None
        if (
            column
            and column.kind != "date"
            and date_format is not None
            and dict(column.dates).get(date_format, 0) < column.dates[0][1]
        ):
            held[role] = replace(
                guess,
                header=None,
                sure="please check",
                why="its dates are not written as the order dates are",
                rivals=(guess.header,),
            )
    return held


def _find_currency(con: duckdb.DuckDBPyConnection, guesses: dict[str, Guess], names: dict[str, str]) -> str | None:
    """Return the currency where the source names exactly one."""
    guess = guesses.get("currency")
    if guess is None or guess.header is None:
        return None
    name = names[guess.header]
    found = con.execute(
        f"SELECT DISTINCT trim({name}::VARCHAR) AS v FROM source WHERE trim({name}::VARCHAR) <> '' ORDER BY v LIMIT 2"
    ).fetchall()
    return found[0][0] if len(found) == 1 and re.fullmatch("[A-Z]{3}", found[0][0]) else None


# ------------------------------------------------------------------------------------------------- what it comes to


def _total(
    con: duckdb.DuckDBPyConnection,
    guesses: dict[str, Guess],
    by_header: dict[str, Seen],
    names: dict[str, str],
    decimal: str,
) -> Totals:
    def sql(role: str) -> str:
        guess = guesses.get(role)
        if guess is None or guess.header is None:
            return f"NULL::{QUANTITY}"
        kind = "VARCHAR" if by_header[guess.header].kind == "text" else by_header[guess.header].kind
        target = PRICE if role == "unit_price" else QUANTITY
        return f"({number_expression(names[guess.header], kind, target, decimal)[0]})"

    def key(role: str) -> str:
        guess = guesses.get(role)
        return f"nullif(trim({names[guess.header]}::VARCHAR), '')" if guess and guess.header else "NULL::VARCHAR"

    keys = ", ".join(f"count(DISTINCT {key(role)})" for role in KEYS)
    product = f"({sql('quantity')} * {sql('unit_price')})"
    full, discount = f"{product}::DOUBLE", f"coalesce({sql('discount')}, 0)::DOUBLE"
    expected = {"the same": full, "less a share": f"{full} * (1 - {discount})", "less money": f"{full} - {discount}"}
    near = ", ".join(
        f"count(*) FILTER (abs({money} - {sql('amount')}::DOUBLE) <= 0.011)" for money in expected.values()
    )
    nameless, amount, money, both, *counts = con.execute(
        f"SELECT count(*) FILTER ({key('customer_id')} IS NULL), sum({sql('amount')})::DECIMAL(38, 2)::VARCHAR, "
        f"sum({product})::DECIMAL(38, 2)::VARCHAR, count({product} - {sql('amount')}), {near}, {keys} FROM source"
    ).fetchone()
    agreeing = zip(expected, counts[: len(expected)], strict=True)
    amount_is = next((what for what, count in agreeing if count >= 0.99 * both), "another")
    distinct = zip(KEYS, counts[len(expected) :], strict=True)
    return Totals(
        {role: count for role, count in distinct if role in guesses and guesses[role].header},
        nameless,
        amount,
        money,
        amount_is,
    )


def _settle_money(guesses: dict[str, Guess], totals: Totals) -> dict[str, Guess]:
    """Take the amount where it is quantity times price, or that less the discount; else the choice is the user's."""
    settled = dict(guesses)
    if totals.amount_is == "another":
        why = f"quantity × unit_price is {totals.quantity_times_price} in all, the amount {totals.amount}: map one of the two"
        for role in ("amount", "unit_price"):
            settled[role] = replace(
                guesses[role], header=None, sure="please check", why=why, rivals=(guesses[role].header,)
            )
    elif totals.amount_is != "the same":
        unit = "a share of the price" if totals.amount_is == "less a share" else "money of the line"
        price = guesses["unit_price"]
        settled["discount"] = replace(
            guesses["discount"], sure="certain", why=f"{unit}: quantity × unit_price less it is the amount"
        )
        settled["unit_price"] = replace(
            price,
            header=None,
            sure="certain",
            why="the amount is net of the discount and is used",
            rivals=(price.header,),
        )
    return settled


def _span(
    con: duckdb.DuckDBPyConnection,
    guesses: dict[str, Guess],
    by_header: dict[str, Seen],
    names: dict[str, str],
    date_format: str | None,
) -> tuple[str, str] | None:
    guess = guesses["order_date"] if "order_date" in guesses else None
    if guess is None or guess.header is None or date_format is None:
        return None
    if by_header[guess.header].kind == "date":
        name = names[guess.header]
        return con.execute(f"SELECT min({name})::DATE::VARCHAR, max({name})::DATE::VARCHAR FROM source").fetchone()
    return _first_last(con, names[guess.header], date_format)


def _first_last(con: duckdb.DuckDBPyConnection, name: str, form: str) -> tuple[str, str]:
    day = _date_sql(name, form)
    return con.execute(f"SELECT min({day})::VARCHAR, max({day})::VARCHAR FROM source").fetchone()


# ------------------------------------------------------------------------------------------------------ what is said


def _scalar(value: str) -> str:
    """Return ``value`` as a YAML scalar on one line, whatever it holds."""
    plain = value.isprintable() and value == value.strip()
    shown = yaml.safe_dump(
        [value], default_flow_style=True, allow_unicode=plain, width=1 << 30, default_style=None if plain else '"'
    )
    return shown.strip()[1:-1]


def _shown(value: str, length: int = 40) -> str:
    """Return ``value`` for a comment or a message: quoted, on one line, cut."""
    cut = value if len(value) <= length else value[:length] + "…"
    return '"' + cut.encode("unicode_escape").decode() + '"' if not cut.isprintable() else f'"{cut}"'


def _such(column: Seen) -> str:
    return ", ".join(column.examples[:2])


@dataclass(frozen=True)
class Draft:
    """A job file to be: what was found, and how it is written down."""

    file: Path
    out: Path
    read: Read
    guesses: dict[str, Guess]
    by_header: dict[str, Seen]
    distinct: dict[str, int]
    decimal_lines: list[str]
    date_lines: list[str]
    currency: str | None

    @property
    def job(self) -> str:
        """Return a job name made from the file's name."""
        return re.sub(r"[^A-Za-z0-9]+", "-", self.file.stem).strip("-").lower()[:60].strip("-") or "orders"

    @property
    def open_columns(self) -> list[str]:
        """Return our columns that the user must fill in before the job file is complete."""
        found = {role for role, guess in self.guesses.items() if guess.header}
        missing = [role for role in ("customer_id", "order_date") if role not in found]
        return missing + ([] if "amount" in found or {"quantity", "unit_price"} <= found else ["amount"])

    @property
    def doubts(self) -> list[str]:
        """Return what the user should look at, a line each."""
        doubts = [f"{role}: {guess.why}" for role, guess in self.guesses.items() if guess.sure == "please check"]
        doubts += [f"{role}: not found" for role in self.open_columns if role not in self.guesses]
        lines = [line for line in self.date_lines + self.decimal_lines if "please check" in line]
        return doubts + [line.split("please check: ")[1] for line in lines]

    def write(self) -> str:
        """Return the text of the job file."""
        lines = [
            f"# Job file for {_shown(self.file.name, 100)}, written by `kalib init`. Each guess says how sure it is and why:",
            "# certain, likely, or please check. Correct what is wrong; a line that starts with # does not count.",
            f"job: {_scalar(self.job)}  # names the report folder",
            f"source: {_scalar(self._source())}",
            "columns:  # ours: theirs",
            *(f"  {line}" for role in Columns.model_fields for line in self._column(role)),
            *self._read(),
            "# as_of: 2026-01-31       # snapshot date; without it, the day of the last order",
            f"currency: {self.currency}  # certain: the only one in the source"
            if self.currency
            else "# currency: EUR          # of all money in the source",
            f"language: {'zh' if self._is_chinese() else 'en'}  # en, zh, or [en, zh]",
            "# timezone: Europe/London # of the business: where a day ends; without it, UTC",
        ]
        return "\n".join(lines) + "\n"

    def _source(self) -> str:
        folder = self.out.resolve().parent
        root = folder.parent if folder.name == "jobs" else folder
        path = self.file.resolve()
        near = path.is_relative_to(root) or (root.parent != root.parent.parent and path.is_relative_to(root.parent))
        return Path(os.path.relpath(path, root)).as_posix() if near else str(path)

    def _column(self, role: str) -> list[str]:
        guess = self.guesses.get(role)
        if guess is None:
            wanted = {
                "order_id": "not found; without it, one order per customer and day",
                "amount": "not found, nor a quantity with its unit_price",
            }
            why = wanted.get(role, "not found")
            if role != "order_id" and role not in self.open_columns:
                return []
            return [f"# {role}: ???  # {why}; headers to choose from: {self._headers(tuple(self.by_header))}"]
        if guess.header is None:
            return [f"# {role}: {_scalar(header)}  # {guess.sure}: {guess.why}" for header in guess.rivals]
        count = f"; {self.distinct[role]:,} different values" if role in self.distinct else ""
        seen = f"such as {_such(self.by_header[guess.header])}{count}"
        also = f"; also possible: {self._headers(guess.rivals)}" if guess.rivals else ""
        return [f"{role}: {_scalar(guess.header)}  # {guess.sure}: {guess.why}, {seen}{also}"]

    def _headers(self, headers: tuple[str, ...]) -> str:
        return ", ".join(_shown(header) for header in headers[:20]) + (", …" if len(headers) > 20 else "")

    def _read(self) -> list[str]:
        lines = list(self.date_lines) + list(self.decimal_lines)
        if self.read.encoding != "utf-8":
            sure = (
                "likely"
                if self.read.encoding == "gb18030"
                else "please check"
                if self.read.encoding == "windows-1252"
                else "certain"
            )
            lines.append(f"encoding: {self.read.encoding}  # {sure}: the file is not UTF-8, and reads well so")
        if self.read.delimiter not in (None, ","):
            lines.append(
                f"delimiter: {_scalar(self.read.delimiter)}  # certain: every row has as many fields as the header"
            )
        live = any(not line.startswith("#") for line in lines)
        if not lines:
            return []
        return [
            "read:" if live else "# read:",
            *(f"  {line}" if live else f"#   {line.removeprefix('# ')}" for line in lines),
        ]

    def _is_chinese(self) -> bool:
        return any("\u4e00" <= sign <= "\u9fff" for header in self.by_header for sign in header)


def _summarise(draft: Draft, totals: Totals, span: tuple[str, str] | None) -> str:
    rows = next(iter(draft.by_header.values())).rows
    seen = [f"{draft.file.name}: {rows:,} rows, {len(draft.by_header)} columns"]
    seen.append(f"dates: {span[0]} to {span[1]}" if span else "dates: not known yet")
    if "customer_id" in totals.distinct:
        seen.append(
            f"customers: {totals.distinct['customer_id']:,}"
            + (f"; {totals.without_customer:,} rows have none" if totals.without_customer else "")
        )
    found = {role: guess.header for role, guess in draft.guesses.items() if guess.header}
    if "amount" in found:
        seen.append(f"net total: {totals.amount or 0} (sum of {_shown(found['amount'])}, before any row is judged)")
    elif {"quantity", "unit_price"} <= found.keys():
        seen.append(f"net total: {totals.quantity_times_price or 0} (quantity × unit_price, before any row is judged)")
    doubts = [f"  - {doubt}" for doubt in draft.doubts]
    if doubts:
        seen += ["please check:", *doubts]
    first = f"fill in {', '.join(draft.open_columns)} in the file first, then " if draft.open_columns else ""
    return "\n".join([*seen, f"written: {draft.out}", f"next: {first}kalib check {draft.out}"])
