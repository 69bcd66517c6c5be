"""What stands beside the orders? Reads the tables of accounts, contacts, costs and targets, by the same doors as the orders."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pandas as pd

from kalib.errors import DataError, MissingColumnsError, SettingsError
from kalib.ledger import dates, ids, numbers, read
from kalib.ledger.doubts import Doubt, garbled
from kalib.ledger.doubts.money import ask_currencies, ask_unit
from kalib.ledger.doubts.vocabulary import find_unit, header_is
from kalib.ledger.flags import SAID, read_flag
from kalib.ledger.parents import find_cycle, top_parents
from kalib.ledger.parse import TOTALS
from kalib.ledger.periods import PERIODS, read_period
from kalib.ledger.rules import ROWS, Rule
from kalib.ledger.source import Note, Source, quote, text
from kalib.ledger.value import MONEY, Parsed, halfwidth, trimmed, value_of
from kalib.settings import Accounts, Contacts, Costs, Job, Read, Targets
from kalib.words.told import Told, told

__all__ = ["RULES", "Companions", "count_strangers", "read_companions", "top_parents"]


@dataclass(frozen=True)
class Kind:
    """What one of the tables holds, by our names, and what one row of it is.

    A row without ``required``, or with a number of ``strict`` that cannot be read, is set aside; any other value that
    cannot be read counts as missing.
    """

    one: Told
    required: tuple[str, ...]
    texts: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    strict: bool = False
    money: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {
    "accounts": Kind(
        told("account"),
        ("customer_id",),
        ("name", "industry", "region", "kind", "manager", "leaving_cause"),
        ("since", "contract_end", "left_on"),
        ("satisfaction", "complaints", "wallet", "followers", "referrals", "influence"),
        ("left",),
        money=("wallet",),
    ),
    "contacts": Kind(
        told("visit or call"),
        ("customer_id", "contact_date"),
        ("kind",),
        ("contact_date",),
        ("hours", "cost"),
        money=("cost",),
    ),
    "costs": Kind(
        told("customer and period"),
        ("customer_id", "period"),
        numbers=("rebates", "promotion", "logistics", "other"),
        strict=True,
        money=("rebates", "promotion", "logistics", "other"),
    ),
    "targets": Kind(
        told("customer and period"),
        ("customer_id", "period"),
        numbers=("sales_target", "margin_target", "orders_target"),
        strict=True,
        money=("sales_target", "margin_target"),
    ),
}
"""The tables that may stand beside the orders."""

RULES: dict[str, Rule] = {
    "row_short": ROWS["row_short"],
    "row_long": ROWS["row_long"],
    "row_broken": ROWS["row_broken"],
    "header_repeated": ROWS["header_repeated"],
    "total_row": ROWS["total_row"],
    "customer_missing": ROWS["customer_missing"],
    "date_missing": Rule("set_aside", "no date"),
    "date_unreadable": Rule("set_aside", "a date that cannot be read"),
    "date_impossible": Rule("set_aside", "a date that no visit can have"),
    "date_sentinel": ROWS["date_sentinel"],
    "period_missing": Rule("set_aside", "no period"),
    "period_unreadable": Rule("set_aside", f"a period that is none of {PERIODS.text}"),
    "number_missing": Rule("set_aside", "no figure in any of the columns"),
    "number_unreadable": Rule("set_aside", "money that is not a number"),
    "customer_repaired": ROWS["customer_repaired"],
    "number_repaired": ROWS["number_repaired"],
    "number_rounded": Rule("repaired", "a number with more decimals than are kept, rounded"),
    "negative_written": ROWS["negative_written"],
    "currency_sign": ROWS["currency_sign"],
    "date_repaired": Rule("repaired", "a date with full-width digits or blanks"),
    "parent_itself": Rule("repaired", "an account that is its own parent stands at the top"),
    "value_unreadable": Rule("accepted", "a value that cannot be read counts as missing, never as zero"),
    "customer_unknown": Rule("accepted", "rows of customers without an order"),
    "column_not_used": Rule("accepted", "a column that no table of ours has, left unread"),
}
"""What is done with what is not plainly right in these tables; their rows never count among those of the orders."""


@dataclass(frozen=True)
class Companions:
    """The tables beside the orders, and what was found in them.

    ``tables`` has those that the job names; figures are float64 and missing where the file has none. ``issues`` has one
    entry per table and rule: table, rule, action, count, file, line, column (as the file calls it), value, message.
    ``inputs`` has the hash of each file by table and name, ``notes`` what the reader found by itself.
    """

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    issues: list[dict[str, object]] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)


def read_companions(con: duckdb.DuckDBPyConnection, job: Job, scratch: Path) -> Companions:
    """Read the tables that a job names beside its orders.

    Parameters
    ----------
    con : connection to read with; each table is read in a database of its own, which is gone afterwards
    job : settings
    scratch : folder for copies in UTF-8

    Returns
    -------
    Companions
        accounts: one row per customer_id, sorted by it, with those of parent_id, name, industry, region, kind, manager,
        since, satisfaction, complaints, wallet, followers, referrals, influence, contract_end, left (True or False),
        left_on, leaving_cause that the file has, and top_parent_id with parent_id. contacts: customer_id,
        contact_date, kind, hours, cost. costs and targets: customer_id, period_start, period_end, and the figures.
        These three have no key, but no target stands twice; all are sorted by customer and date.

    Raises
    ------
    DataError, SettingsError
        A table that cannot be used; the message names the table, the file, and line, column and value where there are.
    """
    found = Companions()
    for name in KINDS:
        settings = getattr(job, name)
        if settings is None:
            continue
        with _apart(con, name), _told_apart(name, job):
            table = _Reader(con, job, name, settings, scratch / name)
            found.tables[name] = _with_top(table.read())
        found.issues.extend(table.issues)
        found.doubts.extend(table.doubts)
        found.inputs.update(table.inputs)
        found.notes.extend(note for source in table.sources for note in source.notes)
    if job.level == "parent" and "parent_id" not in found.tables["accounts"]:
        path = next(iter(read.find_files(job.model_copy(update={"source": job.accounts.source}))))
        raise MissingColumnsError(
            str(path),
            ["parent_id"],
            found.tables["accounts"].columns,
            told("`level: parent` in {job_file} needs it.", job_file=job.file),
        )
    return found


def _with_top(table: pd.DataFrame) -> pd.DataFrame:
    """Put the account at the top of the chain beside the parent: whoever asks for chains need not follow them again."""
    if "parent_id" not in table:
        return table
    tops = top_parents(table).set_index("customer_id")["account_id"]
    top = table["customer_id"].map(tops).astype("str")
    return table.assign(top_parent_id=top)


def count_strangers(companions: Companions, customers: Collection[str]) -> list[dict[str, object]]:
    """Return an issue for each table that has rows of customers without an order: accepted, and worth knowing.

    Accounts are left out: those that have not ordered yet are prospects.

    Parameters
    ----------
    companions : tables with customer_id
    customers : every customer with a row that is used

    Examples
    --------
    >>> visits = pd.DataFrame({"customer_id": ["a", "b", "b"]})
    >>> [(issue["table"], issue["count"], issue["value"]) for issue in count_strangers(Companions({"contacts": visits}), {"a"})]
    [('contacts', 2, 'b')]
    """
    issues = []
    for name, table in companions.tables.items():
        unknown = table.loc[~table["customer_id"].isin(set(customers)), "customer_id"]
        if name != "accounts" and len(unknown):
            file = next((key.removeprefix(f"{name}/") for key in companions.inputs if key.startswith(f"{name}/")), None)
            issues.append(_issue(name, "customer_unknown", len(unknown), file, None, "customer_id", unknown.min()))
    return issues


@contextmanager
def _apart(con: duckdb.DuckDBPyConnection, name: str) -> Iterator[None]:
    """Give a database in memory of its own, so that nothing of one table meets the names of another."""
    before = con.execute("SELECT current_database()").fetchone()[0]
    con.execute(f"ATTACH ':memory:' AS {quote('beside ' + name)}; USE {quote('beside ' + name)}")
    try:
        yield
    finally:
        con.execute(f"USE {quote(before)}; DETACH {quote('beside ' + name)}")


@contextmanager
def _told_apart(name: str, job: Job) -> Iterator[None]:
    """Say in every refusal which table of the job it is about, where the settings it speaks of stand below the table."""
    try:
        yield
    except DataError as error:
        raise DataError(
            _below(str(error), name, job),
            rule=error.rule,
            file=error.file,
            line=error.line,
            column=error.column,
            value=error.value,
        ) from None
    except SettingsError as error:
        raise SettingsError(_below(str(error), name, job)) from None


def _below(message: str, name: str, job: Job) -> str:
    said = message.replace("`source`", f"`{name}`").replace("`source:", f"`{name}:")
    said = said.replace(str(told("no order line below it")), str(told("no {one} below it", one=KINDS[name].one)))
    said = said.replace(str(told("order lines")), str(told("rows")))
    if "`read" in said or "`columns" in said:
        return str(
            told(
                "{said} Settings of this file stand below `{name}:` in {job_file}, beside its `source:`.",
                said=said,
                name=name,
                job_file=job.file,
            )
        )
    return said


@dataclass
class _Reader:
    """Reads one table: what it found stays in ``issues``, ``inputs`` and ``sources``."""

    con: duckdb.DuckDBPyConnection
    job: Job
    name: str
    settings: Accounts | Contacts | Costs | Targets
    scratch: Path
    issues: list[dict[str, object]] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    tries: int = 0

    @property
    def kind(self) -> Kind:
        return KINDS[self.name]

    def read(self) -> pd.DataFrame:
        """Return the table, every value judged."""
        self.scratch.mkdir(exist_ok=True)
        mapped = self._load()
        if self.job.settled.get(garbled.NAME) == garbled.REPAIRED:  # as the orders are, or no account would be found
            garbled.repair_columns(self.con, "raw", ("customer_id", "parent_id", *self.kind.texts))
        cells = self._read_cells(mapped)
        self._judge(mapped, cells)
        self._refuse_unreadable(mapped, cells)
        self._refuse_unread_column(mapped, cells)
        if self.name == "accounts":
            self._check_accounts(mapped)
        if self.name == "targets":
            self._refuse_twice(mapped)
        self._count_issues(mapped, cells)
        return self._take(mapped)

    # ------------------------------------------------------------------------------------------------ the raw rows

    def _load(self) -> dict[str, str]:
        """Load the rows as table ``raw`` and return the columns found: ours: theirs."""
        needed = self._needed()
        files = read.find_files(self._as_job(needed))
        names = [f"{self.name}/{name}" for name in read.name_files(files)]
        with read.sealed(dict(zip(names, files, strict=True))) as self.inputs:
            self._check_encoding(files)
            return self._load_files(files, needed)

    def _load_files(self, files: list[Path], needed: dict[str, str]) -> dict[str, str]:
        try:
            self._load_raw(files, needed)
        except DataError as error:
            if (
                error.rule not in ("column_missing", "header")
                or needed.get("contact_date") != "date"
                or self._says("contact_date")
            ):
                raise
            needed["contact_date"] = "contact_date"
            self._load_raw(files, needed)
        mapped = self._find_own(needed)
        if len(mapped) > len(needed):
            self._load_raw(files, mapped)
        unused = sorted({header for source in self.sources for header in source.columns} - set(mapped.values()))
        self._look_for_currencies(unused)
        if unused:
            shown = ", ".join(unused[:12]) + (", …" if len(unused) > 12 else "")
            self.issues.append(
                _issue(self.name, "column_not_used", len(unused), self.sources[0].name, None, unused[0], shown)
            )
        return mapped

    def _look_for_currencies(self, unused: list[str]) -> None:
        """Doubt money in several currencies, which nothing converts here."""
        for source in self.sources:
            for header in unused:
                if header in source.columns and header_is("currency", header) and self.kind.money:
                    codes = self.con.execute(
                        f"SELECT DISTINCT upper(trim({quote(header)}::VARCHAR)) AS c FROM ({source.fast or source.scan}) WHERE c <> '' ORDER BY c LIMIT 9"
                    ).fetchall()
                    if len(codes) > 1:
                        self.doubts.append(ask_currencies(self.name, header, [code for (code,) in codes]))

    def _load_raw(self, files: list[Path], mapped: dict[str, str]) -> None:
        """Load the raw rows into a schema of their own; an earlier try stays where it is, unseen."""
        self.tries += 1
        self.con.execute(f"CREATE SCHEMA try_{self.tries}; USE {quote('beside ' + self.name)}.try_{self.tries}")
        self.sources = read.load_raw(self.con, self._as_job(mapped), files, scratch=self.scratch, say=lambda line: None)

    def _says(self, ours: str) -> bool:
        """Say whether the job maps the column itself."""
        return ours in self.settings.columns.model_fields_set

    def _needed(self) -> dict[str, str]:
        """Return the columns that must be there: those that the job maps, and those that the table cannot do without."""
        mapped = dict(self.settings.columns)
        return {
            ours: theirs
            for ours, theirs in mapped.items()
            if theirs and (self._says(ours) or ours in self.kind.required)
        }

    def _find_own(self, needed: dict[str, str]) -> dict[str, str]:
        """Return the needed columns and those that stand in the files under our own names, capitals aside."""
        mapped = dict(needed)
        headers = list(dict.fromkeys(header for source in self.sources for header in source.columns))
        for ours in type(self.settings.columns).model_fields:
            same = [header for header in headers if header.strip().lower() == ours and header not in mapped.values()]
            if ours not in mapped and same and not self._says(ours):
                mapped[ours] = ours if ours in same else same[0]
        return mapped

    def _as_job(self, mapped: dict[str, str]) -> Job:
        """Return a job whose orders this table would be, so that the same door reads it."""
        told = self.settings.read.model_dump(exclude_unset=True)
        return self.job.model_copy(
            update={
                "source": self.settings.source,
                "columns": _Mapped(mapped),
                "read": Read(**told),
                "table": None,
                "query": None,
            }
        )

    def _check_encoding(self, files: list[Path]) -> None:
        """Take the encoding that the job states for the orders, for a text file that names none and is not UTF-8."""
        stated = self.job.read.encoding
        if stated and not self.settings.read.encoding and not all(map(_may_be_utf8, files)):
            own = self.settings.read.model_copy(update={"encoding": stated})
            self.settings = self.settings.model_copy(update={"read": own})

    # -------------------------------------------------------------------------------------------------- the values

    def _types(self) -> dict[str, str]:
        return {row[0]: row[1] for row in self.con.execute("DESCRIBE raw").fetchall()}

    def _read_cells(self, mapped: dict[str, str]) -> dict[str, Parsed]:
        """Return how each column is read; refuse what only the user can settle."""
        job, types = self._as_job(mapped), self._types()
        dates.check_format(self.con, job)
        for ours in ("customer_id", "parent_id"):
            if ours in mapped:
                ids.refuse_mangled(self.con, ours, types[ours], self.sources, header=mapped[ours])
        days = [ours for ours in (*self.kind.days, "period") if ours in mapped]
        for ours in days:
            if types[ours] == "VARCHAR" and not job.read.date_format:
                dates.refuse_ambiguous(self.con, ours, self.sources, header=mapped[ours])
        figures = [ours for ours in self.kind.numbers if ours in mapped]
        money = [ours for ours in figures if types[ours] == "VARCHAR"]
        decimal, _ = numbers.find_decimal(self.con, money, job.read.decimal, self.sources, headers=mapped)
        cells = {
            ours: ids.read_id(ours, types[ours], "customer_id")
            for ours in ("customer_id", "parent_id")
            if ours in mapped
        }
        cells |= {ours: numbers.read_number(ours, types[ours], MONEY, decimal) for ours in figures}
        cells |= self._read_units(mapped, {ours: cells[ours] for ours in figures if ours in self.kind.money})
        cells |= {ours: read_flag(ours, types[ours]) for ours in self.kind.flags if ours in mapped}
        return cells | {ours: dates.read_days(self.con, job, ours, types[ours], self.sources) for ours in days}

    def _read_units(self, mapped: dict[str, str], cells: dict[str, Parsed]) -> dict[str, Parsed]:
        """Return money at the unit that the job says, and doubt a unit that only the header says."""
        unit = self.settings.read.unit
        if unit is not None:
            size = f"{unit:f}::DECIMAL(16, 8)"
            return {
                ours: replace(cell, value=f"CAST(CAST({cell.value} AS DECIMAL(22, 8)) * {size} AS {MONEY})")
                for ours, cell in cells.items()
            }
        for ours in cells:
            if (found := find_unit(mapped[ours])) is not None:
                self.doubts.append(ask_unit(self.name, mapped[ours], found))
                break
        return {}

    def _judge(self, mapped: dict[str, str], cells: dict[str, Parsed]) -> None:
        """Leave the table ``parsed`` behind: each row with its values, its rule, and what was found in each value."""
        columns = ["file", "line", f"{self._total(mapped)} AS total"]
        broken = {ours: cell.broken for ours, cell in cells.items()}
        rows = "raw"
        if "period" in cells:
            self._read_periods(cells["period"])
            rows = "(SELECT raw.*, periods.* EXCLUDE (written) FROM raw LEFT JOIN periods ON raw.period::VARCHAR = written)"
            columns += ["period_start", "period_end", "is_day"]
            broken["period"] = (
                f"CASE WHEN NOT {cells['period'].blank} AND period_end IS NULL THEN 'period_unreadable' END"
            )
        for ours, cell in cells.items():
            columns += [] if ours == "period" else [f"{value_of(ours)} AS {quote(ours)}"]
            columns += [f"({cell.blank}) AS {quote('blank ' + ours)}", f"({broken[ours]}) AS {quote('broken ' + ours)}"]
            columns += [
                f"({cell.repaired})::VARCHAR AS {quote('repairs ' + ours)}",
                f"{quote(ours)}::VARCHAR AS {quote('raw ' + ours)}",
            ]
        columns += [f"nullif({trimmed(ours)}, '') AS {quote(ours)}" for ours in self.kind.texts if ours in mapped]
        values = [f"({cell.value}) AS {value_of(ours)}" for ours, cell in cells.items() if ours != "period"]
        self.con.execute(
            f"CREATE TABLE judged AS SELECT {', '.join(columns)} FROM (SELECT *, {', '.join(values)} FROM {rows})"
        )
        cases = self._cases(list(cells))
        rule, bad = (" ".join(f"WHEN {case[0]} THEN {case[number]}" for case in cases) for number in (1, 2))
        self.con.execute(
            f"CREATE OR REPLACE TABLE judged AS SELECT *, CASE {rule} END AS rule, CASE {bad} END AS bad FROM judged"
        )
        if "period" in cells:
            self._settle_days(mapped)

    def _read_periods(self, day: Parsed) -> None:
        """Leave the table ``periods`` behind: each way in which a period is written, once, and what it means."""
        period = read_period("neat", value_of("period"))
        self.con.execute(
            f"CREATE TABLE periods AS SELECT period::VARCHAR AS written, {value_of('period')}, {period.start} AS period_start, "
            f"{period.end} AS period_end, {period.is_day} AS is_day FROM (SELECT *, ({day.value}) AS {value_of('period')}, "
            f"{halfwidth(trimmed('period'))} AS neat FROM (SELECT DISTINCT period FROM raw WHERE period IS NOT NULL))"
        )

    def _cases(self, cells: list[str]) -> list[tuple[str, str, str]]:
        """Return the tests that set a row aside, first come first served: SQL, rule, our column."""
        missing = {"customer_id": "customer_missing", "contact_date": "date_missing", "period": "period_missing"}
        cases = [("total", "'total_row'", "'customer_id'")]
        for ours in self.kind.required:
            broken = quote("broken " + ours)
            cases += [
                (quote("blank " + ours), f"'{missing[ours]}'", f"'{ours}'"),
                (f"{broken} IS NOT NULL", broken, f"'{ours}'"),
            ]
        cases += [('"customer_id" IS NULL', "'customer_missing'", "'customer_id'")]
        if self.kind.strict:
            figures = [ours for ours in self.kind.numbers if ours in cells]
            cases += [
                (f"{quote('broken ' + ours)} IS NOT NULL", "'number_unreadable'", f"'{ours}'") for ours in figures
            ]
            if figures:
                none = " AND ".join(f"{quote(ours)} IS NULL" for ours in figures)
                cases += [(none, "'number_missing'", f"'{figures[0]}'")]
        return cases

    def _total(self, mapped: dict[str, str]) -> str:
        """Return SQL for whether a row adds up others: it says so where the customer should be, and names nothing else."""
        words = ", ".join(text(word) for word in TOTALS)
        says = {
            name: f"coalesce(lower(rtrim({trimmed(name)}, ':： ')) IN ({words}), false)"
            for name in ("first_cell", "customer_id")
        }
        others = [
            ours
            for ours in (*self.kind.texts, *self.kind.required, "parent_id")
            if ours in mapped and ours != "customer_id"
        ]
        gaps = [f"coalesce({trimmed(ours)}, '') = ''" for ours in others]
        if self.name == "accounts":
            return f"({says['first_cell']} OR {says['customer_id']}) AND ({' AND '.join(gaps) or 'true'})"
        gaps.append(f"coalesce({trimmed('customer_id')}, '') = ''")
        return f"({says['customer_id']} OR ({says['first_cell']} AND ({' OR '.join(gaps)})))"

    def _settle_days(self, mapped: dict[str, str]) -> None:
        """Decide what a period written as a day is: its month, where all are the first or all the last of months that follow each other.

        Else a cost is of that day; a target for a single day is a doubt that only the user can settle.
        """
        days = "FROM judged WHERE rule IS NULL AND is_day"
        count, firsts, lasts = self.con.execute(
            f"SELECT count(*), count(*) FILTER (day(period_start) = 1), count(*) FILTER (period_start = last_day(period_start)) {days}"
        ).fetchone()
        if not count:
            return
        next_to = self.con.execute(
            f"WITH months AS (SELECT DISTINCT date_trunc('month', period_start)::DATE AS month {days}) "
            "SELECT count(*) FROM months SEMI JOIN (SELECT CAST(month + to_months(1) AS DATE) AS month FROM months) AS after USING (month)"
        ).fetchone()[0]
        if count in (firsts, lasts) and next_to:
            self.con.execute(
                "UPDATE judged SET period_start = date_trunc('month', period_start), period_end = last_day(period_start) WHERE is_day"
            )
        elif self.name == "targets":
            file, line, value = self.con.execute(
                f'SELECT file, line, "raw period" {days} ORDER BY ALL LIMIT 1'
            ).fetchone()
            raise self._refuse(
                "period_unclear",
                file,
                line,
                mapped["period"],
                value,
                told(
                    "a target for a single day; nobody can tell for how long it holds. Write the period as 2022, 2022H1, "
                    "2022Q3 or 2022-07."
                ),
            )

    # --------------------------------------------------------------------------------------------- what was found

    def _count_issues(self, mapped: dict[str, str], cells: dict[str, Parsed]) -> None:
        """Count what each rule met, and keep the first of it."""
        value = " ".join(f"WHEN '{ours}' THEN {quote('raw ' + ours)}" for ours in cells)
        found = [
            f"SELECT rule, file, line, bad AS ours, CASE bad {value} END AS value FROM judged WHERE rule IS NOT NULL"
        ]
        found += ["SELECT rule, file, line, NULL, value FROM unread"]
        used = "FROM judged WHERE rule IS NULL AND"
        for ours in cells:
            repairs, broken, raw = (quote(f"{what} {ours}") for what in ("repairs", "broken", "raw"))
            found += [
                f"SELECT unnest(string_split({repairs}, ',')), file, line, '{ours}', {raw} {used} {repairs} IS NOT NULL"
            ]
            unread = f"{broken} != 'date_sentinel'" if ours == "contract_end" else f"{broken} IS NOT NULL"
            found += [f"SELECT 'value_unreadable', file, line, '{ours}', {raw} {used} {unread}"]  # 9999 is no end
        rows = self.con.execute(
            "SELECT rule, count(*), arg_min(file, (file, line)), arg_min(line, (file, line)), arg_min(ours, (file, line)), "
            f"arg_min(value, (file, line)) FROM ({' UNION ALL '.join(found)}) GROUP BY rule"
        ).fetchall()
        order = list(RULES)
        for rule, count, file, line, ours, value in sorted(rows, key=lambda row: order.index(row[0])):
            self.issues.append(_issue(self.name, rule, count, file, line, mapped.get(ours), value))

    def _refuse_unreadable(self, mapped: dict[str, str], cells: dict[str, Parsed]) -> None:
        """Refuse a table of which more than half cannot be read, and one without a row."""
        rows = self.con.execute("SELECT count(*) FROM judged").fetchone()[0]
        for ours in cells:
            if ours not in self.kind.required and not self.kind.strict:
                continue
            broken = f"FROM judged WHERE {quote('broken ' + ours)} IS NOT NULL"
            count = self.con.execute(f"SELECT count(*) {broken}").fetchone()[0]
            if 2 * count > rows:
                file, line, value = self.con.execute(
                    f"SELECT file, line, {quote('raw ' + ours)} {broken} ORDER BY ALL LIMIT 1"
                ).fetchone()
                what = {"period": told("periods"), "contact_date": told("dates")}.get(ours, told("numbers"))
                remedy = {
                    "period": told("Write {periods}, or map the right column under `columns:`.", periods=PERIODS),
                    "contact_date": told(
                        'Say how dates are written, such as `read: {{date_format: "%d/%m/%Y"}}`, or map the right column.'
                    ),
                }.get(
                    ours,
                    told('Map the right column, or say `read: {{decimal: ","}}` if a comma separates the decimals.'),
                )
                raise self._refuse(
                    "column_unreadable",
                    file,
                    line,
                    mapped[ours],
                    value,
                    told(
                        "{bad:,} of {rows:,} rows cannot be read as {kind}. {remedy}",
                        bad=count,
                        rows=rows,
                        kind=what,
                        remedy=remedy,
                    ),
                )
        if not self.con.execute(
            "SELECT count(*) FROM judged WHERE rule IS NULL OR rule = 'customer_missing'"
        ).fetchone()[0]:
            source = self.sources[0]
            raise DataError(
                told(
                    "{path}: there is a header and no {one} below it that can be used.",
                    path=source.path,
                    one=self.kind.one,
                ),
                rule="file_empty",
                file=source.name,
            )

    def _refuse_unread_column(self, mapped: dict[str, str], cells: dict[str, Parsed]) -> None:
        """Refuse a column of days or of yes and no of which less than half can be read: it would say that nobody has left.

        A day that stands for none, such as 9999-12-31, is read.
        """
        for ours in (*self.kind.flags, *self.kind.days, "period"):
            if ours not in cells:
                continue
            broken = f"{quote('broken ' + ours)} IS NOT NULL AND {quote('broken ' + ours)} != 'date_sentinel'"
            count, written = self.con.execute(
                f"SELECT count(*) FILTER ({broken}), count(*) FILTER (NOT {quote('blank ' + ours)}) FROM judged WHERE rule IS DISTINCT FROM 'total_row'"
            ).fetchone()
            if not count or 2 * count <= written:
                continue
            raw = quote("raw " + ours)
            file, line, value = self.con.execute(
                f"SELECT file, line, {raw} FROM judged WHERE {broken} ORDER BY ALL LIMIT 1"
            ).fetchone()
            values = self.con.execute(
                f"SELECT {raw}, count(*) FROM judged WHERE {broken} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_MOST_VALUES + 1}"
            ).fetchall()
            shown = ", ".join(f"{text_!r} ({many:,})" for text_, many in values[:_MOST_VALUES])
            shown += ", …" if len(values) > _MOST_VALUES else ""
            what, remedy = self._say_remedy(ours)
            said = told(
                "{count:,} of the {written:,} values of `{column}` cannot be read as {what}: {shown}. {remedy}",
                count=count,
                written=written,
                column=ours,
                what=what,
                shown=shown,
                remedy=remedy,
            )
            raise self._refuse("column_unreadable", file, line, mapped[ours], value, said)

    def _say_remedy(self, ours: str) -> tuple[Told, Told]:
        """Return what a column of days or flags should hold, and what to do where it does not."""
        if ours in self.kind.flags:
            return told("yes or no"), told(
                "Read are {flags}. Write one of these, or leave the column out with `columns: {{{column}: null}}`.",
                flags=SAID,
                column=ours,
            )
        if ours == "period":
            return told("periods"), told("Write {periods}, or map the right column under `columns:`.", periods=PERIODS)
        if ours in self.kind.required:
            return told("dates"), told(
                'Say how dates are written, such as `read: {{date_format: "%d/%m/%Y"}}`, map the right column.'
            )
        return told("dates"), told(
            'Say how dates are written, such as `read: {{date_format: "%d/%m/%Y"}}`, map the right column, or leave the '
            "column out with `columns: {{{column}: null}}`.",
            column=ours,
        )

    def _check_accounts(self, mapped: dict[str, str]) -> None:
        """Refuse accounts without a number, accounts that stand there twice, and parents in a circle."""
        header = mapped["customer_id"]
        nameless = self.con.execute(
            "SELECT file, line FROM judged WHERE rule = 'customer_missing' ORDER BY ALL LIMIT 1"
        ).fetchone()
        if nameless:
            said = told("an account without a customer_id. Give it one, or leave the row out.")
            raise self._refuse("account_missing", *nameless, header, "", said)
        twice = self.con.execute(
            f"SELECT file, line, customer_id, first FROM (SELECT *, first_value({self._place}) OVER same AS first, row_number() OVER same AS nth "
            "FROM judged WHERE rule IS NULL WINDOW same AS (PARTITION BY customer_id ORDER BY file, line)) WHERE nth > 1 ORDER BY ALL LIMIT 1"
        ).fetchone()
        if twice:
            file, line, value, first = twice
            said = told(
                "the account stands in the table twice, first on {first}. Keep one row per account.", first=first
            )
            raise self._refuse("account_twice", file, line, header, value, said)
        if "parent_id" in mapped:
            self._check_parents(mapped["parent_id"])

    def _check_parents(self, header: str) -> None:
        own = "rule IS NULL AND parent_id = customer_id"
        count, file, line, value = self.con.execute(
            f"SELECT count(*), arg_min(file, (file, line)), min(line), arg_min(parent_id, (file, line)) FROM judged WHERE {own}"
        ).fetchone()
        if count:
            self.issues.append(_issue(self.name, "parent_itself", count, file, line, header, value))
            self.con.execute(f"UPDATE judged SET parent_id = NULL WHERE {own}")
        rows = self.con.execute(
            "SELECT customer_id, parent_id, file, line FROM judged WHERE rule IS NULL AND parent_id IS NOT NULL"
        ).fetchall()
        where = {account: (parent, file, line) for account, parent, file, line in rows}
        circle = find_cycle({account: parent for account, (parent, *_) in where.items()})
        if circle:
            parent, file, line = where[circle[0]]
            shown = ", ".join(
                str(told("{account} (line {line})", account=account, line=where[account][2])) for account in circle[:6]
            )
            if len(circle) > 6:
                shown = told("{shown} and {more} more", shown=shown, more=len(circle) - 6)
            said = told(
                "these accounts are each other's parents: {shown}. Leave the parent of the topmost blank.", shown=shown
            )
            raise self._refuse("parent_cycle", file, line, header, parent, said)

    @property
    def _place(self) -> str:
        """Return SQL that says where a row stands: its line, and its file where there are several."""
        line, file = "' || line || '", "' || file || '"
        where = (
            told("line {line} of {file}", line=line, file=file)
            if len(self.sources) > 1
            else told("line {line}", line=line)
        )
        return f"'{where}'"

    def _refuse_twice(self, mapped: dict[str, str]) -> None:
        found = self.con.execute(
            f'SELECT file, line, customer_id, "raw period", first FROM (SELECT *, first_value({self._place}) OVER same AS first, row_number() OVER same AS nth '
            "FROM judged WHERE rule IS NULL WINDOW same AS (PARTITION BY customer_id, period_start, period_end ORDER BY file, line)) "
            "WHERE nth > 1 ORDER BY ALL LIMIT 1"
        ).fetchone()
        if found:
            file, line, customer, period, first = found
            said = told(
                "{customer} has a target for this period already, on {first}. Keep one row per customer and period.",
                customer=customer,
                first=first,
            )
            raise self._refuse("target_twice", file, line, mapped["period"], period, said)

    def _refuse(self, rule: str, file: str, line: int, column: str, value: str | None, said: Told) -> DataError:
        path = next((source.path for source in self.sources if source.name == file), file)
        return DataError(
            told(
                "{path}, line {line}, column {column}, value {value!r}: {message}",
                path=path,
                line=line,
                column=column,
                value=value,
                message=said,
            ),
            rule=rule,
            file=file,
            line=line,
            column=column,
            value=value,
        )

    def _take(self, mapped: dict[str, str]) -> pd.DataFrame:
        """Return the rows that are used: text, dates, and figures as float64, sorted by customer and date."""
        columns = []
        for ours in type(self.settings.columns).model_fields:
            if ours == "period":
                columns += ["period_start", "period_end"]
            elif ours in mapped:
                columns.append(f"{ours}::DOUBLE AS {ours}" if ours in self.kind.numbers else ours)
        keys = [*(("customer_id", "contact_date")), "period_start", "period_end"]
        order = ", ".join([key for key in keys if key in columns] + ["file", "line"])
        columns = [quote(name) if name in self.kind.flags else name for name in columns]  # LEFT is a word of SQL
        return self.con.execute(f"SELECT {', '.join(columns)} FROM judged WHERE rule IS NULL ORDER BY {order}").df()


_MOST_VALUES = 6
"""Values that a refusal names."""


@dataclass(frozen=True)
class _Mapped:
    """The mapped columns of a table, as a job has those of its orders."""

    mapped: dict[str, str]


def _may_be_utf8(path: Path) -> bool:
    """Say whether a file is UTF-8, or is no text at all, or says by its mark what it is."""
    with path.open("rb") as stream:
        head = stream.read(4)
        if head.startswith((b"PK", b"\x1f\x8b", b"\xd0\xcf", b"PAR1", b"\xff\xfe", b"\xfe\xff")):
            return True
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(head)
            while chunk := stream.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _issue(
    table: str, rule: str, count: int, file: str | None, line: int | None, column: str | None, value: str | None
) -> dict[str, object]:
    return {
        "table": table,
        "rule": rule,
        "action": RULES[rule].action,
        "count": count,
        "file": file,
        "line": line,
        "column": column,
        "value": value,
        "message": RULES[rule].message,
    }
