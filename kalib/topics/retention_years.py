"""How many accounts, and how much of their money, stay from one year to the next?"""

from __future__ import annotations

import datetime as dt

import pandas as pd

from kalib.schema import check_key
from kalib.years import YEAR, Span, describe_change, line_up, measure_retention

MOST_YEARS = 5
"""So many years are told, the newest first."""


def list_dates(span: Span) -> list[dt.date]:
    """List the last days of the years that can be compared with the year before, the newest first; one half-year where there is none.

    Examples
    --------
    >>> day = dt.date(2026, 6, 30)
    >>> [date.isoformat() for date in list_dates(Span("year", 365, day, dt.date(2025, 6, 30), 1100))]
    ['2026-06-30', '2025-06-30']
    >>> list_dates(Span("none", 90, day, day, 90))
    []
    """
    if span.name == "none":
        return []
    if span.name == "half":
        return [span.as_of]
    years = min(span.history_days // YEAR - 1, MOST_YEARS)
    return [span.as_of - dt.timedelta(days=YEAR * back) for back in range(years)]


def measure_years(snapshots: pd.DataFrame, span: Span) -> pd.DataFrame:
    """Measure yearly retention of accounts and of money, year by year.

    Parameters
    ----------
    snapshots : customers as of every date of ``list_dates``, and of a half-year also as of the end of the half before: as_of,
        customer_id and the features
    span : as ``kalib.years.choose_span`` returns it

    Returns
    -------
    DataFrame
        One row per date, newest first: year_to (last day), customers_before (ordered in the span before), customers_kept (of them, in the
        span to that day), stay_share, stay_lost_sales (what the others had bought), like_customers (of customers_before, those that had all of
        the span before), like_kept_share, retention_share (net revenue retention of these, missing of fewer than ten).
    """
    check_key(snapshots, ["as_of", "customer_id"], name="snapshots")
    day = pd.to_datetime(snapshots["as_of"]).dt.date
    rows = []
    for date in list_dates(span):
        at = Span(span.name, span.days, date, date - dt.timedelta(days=span.days), span.history_days)
        earlier = None if span.name == "year" else snapshots[day == at.before]
        lined = line_up(snapshots[day == date], at, earlier=earlier)
        kept, change = measure_retention(lined).set_index("retention_base"), describe_change(lined)
        row = {"year_to": date, **kept.loc["all", ["customers_before", "customers_kept"]].to_dict()}
        row |= {"stay_share": kept.loc["all", "kept_share"], "stay_lost_sales": kept.loc["all", "lost_sales"]}
        row |= {name: change[name] for name in ("like_customers", "like_kept_share", "retention_share")}
        rows.append(row)
    columns = ["year_to", "customers_before", "customers_kept", "stay_share", "stay_lost_sales"]
    table = pd.DataFrame(rows, columns=[*columns, "like_customers", "like_kept_share", "retention_share"])
    return table.astype(dict.fromkeys(["customers_before", "customers_kept", "like_customers"], "int64"))


def describe_years(years: pd.DataFrame, span: Span) -> dict[str, object]:
    """Describe the newest row of ``measure_years`` in facts.

    Returns
    -------
    dict
        stay (``year``, ``half``, ``none``: nothing can be compared; ``nobody``: nobody ordered in the span before), as_of, before, span_days,
        history_days, stay_before, stay_kept, stay_lost, stay_share, stay_lost_sales, like_customers, retention_share; money (``known`` or
        ``few``).
    """
    facts: dict[str, object] = {"as_of": span.as_of, "before": span.before, "span_days": span.days}
    facts |= {"history_days": span.history_days}
    if span.name == "none":
        return facts | {"stay": "none", "money": "few"}
    row = years.iloc[0]
    lost = int(row["customers_before"] - row["customers_kept"])
    return facts | {
        "stay": span.name if row["customers_before"] else "nobody",
        "stay_before": int(row["customers_before"]),
        "stay_kept": int(row["customers_kept"]),
        "stay_lost": lost,
        "stay_share": float(row["stay_share"]),
        "stay_lost_sales": float(row["stay_lost_sales"]),
        "like_customers": int(row["like_customers"]),
        "retention_share": float(row["retention_share"]),
        "money": "known" if row["retention_share"] == row["retention_share"] else "few",
    }
