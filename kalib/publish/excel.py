"""What does a run look like in Excel? Key accounts, all customers and who moved, in the reader's words; the tables lie beside it."""

from __future__ import annotations

import datetime as dt
import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format

from kalib.figures.style import INK, WASH
from kalib.publish.record import read_horizon
from kalib.schema import COLUMNS
from kalib.settings import Job
from kalib.topics.sales import name_others
from kalib.words import Words
from kalib.years import YEAR, find_kinds, is_whole

TABLES = ("customers", "accounts", "rfm", "pareto", "tiers", "value", "churn", "campaign", "scorecard", "migration")
"""The tables that the sheets are made of, as far as the run has them."""

_JOINED = {
    "accounts": ("name", "parent_id", "industry", "region", "kind", "manager"),
    "scorecard": ("is_key_account", "key_account_score", "key_account_rank"),
    "tiers": ("tier", "tier_stability", "next_tier"),
    "migration": ("move",),
    "pareto": ("abc_class", "margin_abc_class", "profit_abc_class", "xyz_class", "is_seasonal", "loss_kind"),
    "rfm": ("segment",),
    "churn": (
        "churn_probability",
        "partial_churn_probability",
        "sales_at_risk",
        "known_as",
        "reasons",
        "reasons_against",
    ),
    "campaign": ("campaign_rank", "value_at_stake", "expected_loss", "break_even_rate", "expected_gain", "act"),
    "value": ("clv", "clv_low", "clv_high", "p_alive", "expected_orders", "expected_sales", "pause_is_usual"),
}
_ABOUT = (
    "net_sales_365_days",
    "net_sales_365_days_last_year",
    "year_kind",
    "margin_365_days",
    "orders_365_days",
    "days_since_last_order",
    "last_order_date",
    "first_order_date",
    "net_sales",
    "orders",
    "margin",
)
_FIRST = (
    *("customer_id", "name", "is_key_account", "key_account_score", "key_account_rank"),
    *(
        "tier",
        "move",
        "abc_class",
        "margin_abc_class",
        "profit_abc_class",
        "xyz_class",
        "segment",
        "net_sales_365_days",
        "churn_probability",
        "sales_at_risk",
        "clv",
    ),
)
_LAST = ("parent_id", "industry", "region", "kind", "manager", "reasons", "reasons_against")
_KEY_ACCOUNTS = (
    *("key_account_score", "rule_result", "known_weight_share", "selection_frequency", "selection_class"),
    *("lifted_by", "held_back_by", "override_by", "override_date", "override_reason"),
)
_OTHERS = ("taken_up_by", "takes_up")
"""Columns that name another account: by its name, where that is known."""
_MOVES = (
    *("move", "tier_before", "tier_now", "reason"),
    *("net_sales_365_days_before", "net_sales_365_days", "net_sales_moved", "year_kind", "has_stopped"),
    *_OTHERS,
)
_BASES = ("net_sales_365_days_last_year", "net_sales_365_days_before")
"""Figures of a year before; empty where the account had a part of it only, which ``year_kind`` says."""
_STAYED = ("stayed", "silent")
_KINDS = {
    **dict.fromkeys(("margin_abc_class", "profit_abc_class"), "abc_class"),
    **dict.fromkeys(("tier_before", "tier_now", "next_tier"), "tier"),
    "lifted_by": "criterion",
    "held_back_by": "held_back",
    "reason": "migration_reason",
    **dict.fromkeys(("is_key_account", "act", "pause_is_usual", "has_stopped", "is_seasonal"), "yes_or_no"),
}
"""Columns whose codes have their words under another name."""

_SIGNS = {"reasons": 1, "reasons_against": -1}
"""What raises the risk of a customer, and what lowers it."""

_NUMBER_FORMATS = {
    "currency": "#,##0",
    "share": "0.0%",
    "days": "#,##0",
    "count": "#,##0",
    "ratio": "0.00",
    "score": "0",
    "0 to 1": "0.00",
    "date": "yyyy-mm-dd",
}
MOST_ROWS = 50_000
"""Rows of a sheet at most, so that the file opens on every desk: the largest come first, and all are in the run's tables."""
_SAMPLE = 300
"""Rows that a column's width is taken from."""


def write_workbook(run_folder: Path, job: Job, words: Words) -> Path:
    """Write ``<job>-<as_of>.xlsx`` from the tables of a run.

    Sheets: the key accounts, all customers, and who moved, as far as the run has their tables; codes as words. Every text
    is written as text: nothing that came from the data becomes a formula or a link.

    Parameters
    ----------
    run_folder : holds ``run.json`` and ``tables/*.parquet``

    Returns
    -------
    the file written
    """
    as_of = json.loads((run_folder / "run.json").read_text(encoding="utf-8"))["as_of"]
    file = run_folder / f"{job.job}-{as_of}.xlsx"
    paths = {name: run_folder / "tables" / f"{name}.parquet" for name in TABLES}
    tables = {name: pd.read_parquet(path) for name, path in paths.items() if path.is_file()}
    title = job.text("title", words.language) or job.job
    about = " · ".join(filter(None, [title, words("page.as_of", as_of=as_of), job.text("note", words.language)]))
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    if "churn" in tables:
        tables["churn"] = tables["churn"].assign(reasons_against=tables["churn"].get("reasons"))
    with xlsxwriter.Workbook(file, options) as book:
        made = dt.datetime.fromisoformat(as_of)  # not the clock: the same tables give the same file
        book.set_properties({"title": about, "author": "kalib", "created": made})
        pen = _Pen(book, words, about, heads=read_horizon(paths["churn"]))
        for name, make, needed in _SHEETS:
            if needed in tables:
                pen.add_sheet(words(f"page.{name}"), make(tables), days=_count_days(tables["customers"]))
    return file


def join_customers(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Join what is known of each customer: who it is, tier, segment, risk and sales.

    Parameters
    ----------
    tables : ``customers``, and as far as there are any ``accounts``, ``rfm``, ``tiers``, ``churn``

    Returns
    -------
    one row per customer of ``customers``, largest net sales of the year first
    """
    customers = _say_years(tables["customers"])
    joined = customers[["customer_id", *(column for column in _ABOUT if column in customers)]]
    for name, columns in _JOINED.items():
        if name in tables:
            table = tables[name]
            columns = [column for column in columns if column in table and not table[column].isna().all()]
            joined = joined.merge(table[["customer_id", *columns]], on="customer_id", how="left", validate="one_to_one")
    middle = [column for column in joined if column not in (*_FIRST, *_LAST)]
    ordered = [*(c for c in _FIRST if c in joined), *middle, *(c for c in _LAST if c in joined)]
    by = [column for column in ("net_sales_365_days", "net_sales") if column in joined]
    return joined[ordered].sort_values([*by, "customer_id"], ascending=[*[False] * len(by), True], ignore_index=True)


def list_key_accounts(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """List the key accounts and those whom a named person took off the list, best rank first, with what decided it."""
    scorecard = tables["scorecard"]
    spoken_of = scorecard["override_by"].notna() if "override_by" in scorecard else False
    criteria = [column for column in scorecard if column.endswith("_score") and column != "key_account_score"]
    columns = ["key_account_rank", "is_key_account", *_KEY_ACCOUNTS, *criteria]
    listed = scorecard.loc[
        scorecard["is_key_account"] | spoken_of, ["customer_id", *(c for c in columns if c in scorecard)]
    ]
    sales = tables["customers"][["customer_id", "net_sales_365_days"]]
    listed = listed.merge(sales, on="customer_id", how="left", validate="one_to_one")
    listed = _name(listed, tables)
    listed = listed.dropna(axis="columns", how="all") if len(listed) else listed
    return listed.sort_values(["key_account_rank", "customer_id"], ignore_index=True)


def list_moves(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """List the accounts that are in another tier than before, or are new, lost, back or silent for long, most money moved first.

    Without figures of the year before, and of the change on it, where an account had a part of that year only; ``year_kind`` says so.
    """
    migration = tables["migration"]
    listed = ~migration["move"].isin(_STAYED)
    if "has_stopped" in migration:
        listed |= migration["has_stopped"]
    moved = migration.loc[listed, ["customer_id", *(c for c in _MOVES if c in migration)]]
    moved = moved.assign(size=moved["net_sales_moved"].abs())
    if "base_is_whole" in migration:
        known = migration.loc[listed, "base_is_whole"] | (moved["move"] == "new")
        masked = [column for column in (*_BASES, "net_sales_moved") if column in moved]
        moved = moved.assign(**{column: moved[column].where(known) for column in masked})
    if "net_sales_365_days" not in moved:
        sales = tables["customers"][["customer_id", "net_sales_365_days"]]
        moved = moved.merge(sales, on="customer_id", how="left", validate="one_to_one")
    hints = [column for column in _OTHERS if column in moved and moved[column].isna().all()]
    moved = _name(moved.drop(columns=hints), tables)
    moved = name_others(moved, tables.get("accounts"), [column for column in _OTHERS if column in moved])
    return moved.sort_values(["size", "customer_id"], ascending=[False, True], ignore_index=True).drop(columns="size")


def _say_years(customers: pd.DataFrame) -> pd.DataFrame:
    """Return customers with year_kind, and no figure of a year before where they had a part of it only.

    Where nobody had all of it, because the record is shorter, there is no column for it.
    """
    needed = ["tenure_days", "orders_365_days", "orders_365_days_last_year"]
    if not set(needed) <= set(customers):
        return customers
    kinds = find_kinds(*(customers[column] for column in needed))
    whole = is_whole(customers["tenure_days"]) | (kinds == "silent")
    if not is_whole(customers["tenure_days"]).any():
        return customers.drop(columns=[column for column in _BASES if column in customers])
    known = {column: customers[column].where(whole) for column in _BASES if column in customers}
    return customers.assign(year_kind=kinds, **known)


def _name(table: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Put name and manager beside the id, where they are known."""
    if "accounts" not in tables:
        return table
    known = [column for column in ("name", "manager") if column in tables["accounts"]]
    named = table.merge(
        tables["accounts"][["customer_id", *known]], on="customer_id", how="left", validate="one_to_one"
    )
    return named[["customer_id", *known, *(column for column in table if column != "customer_id")]]


_SHEETS = (
    ("sheet_key_accounts", list_key_accounts, "scorecard"),
    ("sheet_joined", join_customers, "customers"),
    ("sheet_moves", list_moves, "migration"),
)
"""Name, how it is made, and the table without which there is none."""


@dataclass(frozen=True)
class _Column:
    """A column as Excel takes it: texts without a format, or numbers with theirs."""

    values: list[float] | list[str]
    shown: Format | None = None


class _Pen:
    """Writes sheets of one workbook, in one language."""

    def __init__(self, book: xlsxwriter.Workbook, words: Words, about: str, *, heads: Mapping[str, object]) -> None:
        self.book, self.words, self.about, self.heads = book, words, about, heads
        self.said: dict[tuple[str, object, object], str] = {}
        self.head = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "bottom", "bottom": 1, "font_color": INK, "bg_color": WASH}
        )
        self.formats = {unit: book.add_format({"num_format": how}) for unit, how in _NUMBER_FORMATS.items()}

    def add_sheet(self, name: str, table: pd.DataFrame, *, days: int) -> None:
        """Write a table on a sheet, or its first rows on one that says so; ``days`` are those of the record."""
        if len(table) > MOST_ROWS:
            name, table = self.words("page.sheet_first", sheet=name, n=MOST_ROWS), table.head(MOST_ROWS)
        sheet = self.book.add_worksheet(name)
        headers = _name_headers(table.columns, self.words, self.heads)
        columns = [self._column(table[column]) for column in table]
        sheet.set_row(0, 45)
        headers = [_say_period(_say_criterion(header, self.words), self.words, days=days) for header in headers]
        for at, (column, header) in enumerate(zip(columns, headers, strict=True)):
            sheet.set_column(at, at, _width(header, column), column.shown)
            sheet.write_string(0, at, header, self.head)
        for n, row in enumerate(zip(*(column.values for column in columns), strict=True), start=1):
            for at, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(n, at, value)
                elif value == value:
                    sheet.write_number(n, at, value, columns[at].shown)
        sheet.freeze_panes(1, 2 if "name" in table else 1)
        sheet.autofilter(0, 0, len(table), len(headers) - 1)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.set_header("&L" + self.about.replace("&", "&&"))

    def _column(self, values: pd.Series) -> _Column:
        name = str(values.name)
        unit = COLUMNS[name].unit if name in COLUMNS else ""
        if name in _SIGNS:
            return _Column([self._say_reasons(found, sign=_SIGNS[name]) for found in values])
        if unit in ("code", "yes or no"):
            known = {code: self.words.code(_KINDS.get(name, name), code) for code in values.dropna().unique()}
            return _Column([known.get(code, "") for code in values])
        if pd.api.types.is_datetime64_any_dtype(values) or unit == "date":
            days = pd.to_datetime(values).to_numpy().astype("datetime64[D]")
            serial = (days - np.datetime64("1899-12-30", "D")).astype("float64")  # Excel counts days from there
            return _Column(np.where(np.isnat(days), np.nan, serial).tolist(), self.formats["date"])
        if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
            return _Column(["" if _is_missing(value) else str(value) for value in values.tolist()])
        numbers = values.to_numpy(dtype="float64", na_value=np.nan)
        numbers = np.where(np.isfinite(numbers), numbers, np.nan).round(2 if unit == "currency" else 4)
        kind = unit if unit in self.formats else "count" if pd.api.types.is_integer_dtype(values) else "ratio"
        return _Column(numbers.tolist(), self.formats[kind])

    def _say_reasons(self, found: Iterable[Mapping[str, object]] | None, *, sign: int) -> str:
        if _is_missing(found):
            return ""
        told = sorted((r for r in found if sign * r["effect"] > 0), key=lambda r: -abs(r["effect"]))
        return self.words.join(self._say_reason(str(r["code"]), r.get("value"), r.get("typical")) for r in told)

    def _say_reason(self, code: str, value: object, typical: object) -> str:
        said = self.said.get((code, value, typical))
        if said is None:
            key = f"codes.reason.{code}"
            said = self.words(key, value=value, typical=typical) if key in self.words else code
            self.said[code, value, typical] = said
        return said


def _name_headers(columns: Iterable[str], words: Words, heads: Mapping[str, object]) -> list[str]:
    headers: list[str] = []
    for column in columns:
        key = f"columns.{column}"
        header = words(key, **heads) if key in words else str(column).replace("_", " ")
        n = sum(header == other.partition(" (")[0] for other in headers)
        headers.append(f"{header} ({n + 1})" if n else header)
    return headers


def _say_criterion(header: str, words: Words) -> str:
    """Name the score of a criterion by the criterion; a column that has no words begins with a capital letter."""
    code = header.removesuffix(" score").replace(" ", "_")
    if header.endswith(" score") and f"codes.criterion.{code}" in words:
        return words("columns.criterion_score", criterion=code)
    return header[:1].upper() + header[1:]


def _say_period(header: str, words: Words, *, days: int) -> str:
    """Say the days that the record holds where it holds less than the year of which the header speaks.

    Examples
    --------
    >>> _say_period("Net sales, 365 days", Words("en"), days=181), _say_period("Net sales, 365 days", Words("en"), days=900)
    ('Net sales, 181 days', 'Net sales, 365 days')
    """
    return header.replace(words("units.days", n=YEAR), words("units.days", n=days)) if days < YEAR else header


def _count_days(customers: pd.DataFrame) -> int:
    """Count the days of the record, from the first order to the snapshot date; a year where they are not known."""
    longest = customers["tenure_days"].max() if "tenure_days" in customers else None
    return YEAR if longest is None or longest != longest else int(longest) + 1


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def _width(header: str, column: _Column) -> float:
    """Return a column's width in characters: its longest value or header word, within limits."""
    words = max((_length(word) for word in header.split()), default=0)
    if column.shown is not None:
        return max(11, words + 2, min(_length(header) / 2 + 2, 22))
    longest = max((_length(value) for value in column.values[:_SAMPLE]), default=0)
    return max(9, words + 2, min(longest + 2, 60))


def _length(text: object) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in str(text))
