"""Which accounts have left, or are about to, by the company's own word? Contract data is taken as it is, never forecast."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

import numpy as np
import pandas as pd

from kalib.money import add, share
from kalib.schema import check_columns, check_key

KNOWN_AS = ("said_left", "contract_ended")
"""Why an account is known to have left: the company says so, or its contract has ended. Neither is forecast."""

ENDS = "contract_ends"
"""The reason of an account whose contract ends within the horizon; it keeps its forecast."""

CAUSES: dict[str, tuple[str, ...]] = {
    "own_choice": ("own choice", "customer's own choice", "customers own choice", "客户自身原因", "客户自愿", "自愿离开", "客户主动流失"),
    "core_failure": ("failure of the core service or product", "core service failure", "product failure", "service failure",
                     "核心服务失误", "核心产品失误", "产品质量", "服务失误"),
    "salesperson_failure": ("failure of a salesperson", "salesperson", "sales person", "销售人员失误", "业务员失误", "服务人员失误"),
    "price": ("pricing", "too expensive", "价格", "定价", "价格过高"),
    "inconvenience": ("inconvenient", "不便", "不方便"),
    "poor_response": ("poor response to a failure", "response to failure", "对失误反应不当", "对失误的反应", "投诉处理不当"),
    "competition": ("competitor", "competitors", "竞争", "竞争对手"),
    "ethics": ("ethical problems", "伦理", "道德问题", "伦理道德问题"),
    "involuntary": ("involuntary departure", "closed", "moved away", "bankrupt", "bankruptcy", "insolvent", "非自愿离开", "非自愿流失",
                    "搬迁", "倒闭", "破产"),
}  # fmt: skip
"""The trade's nine causes of leaving, and how they are written beside their code; anything else is shown as written."""

_CODES = {re.sub(r"[\W_]+", "", word.lower()): code for code, words in CAUSES.items() for word in (code, *words)}


def read_contracts(
    accounts: pd.DataFrame | None, customers: pd.DataFrame, *, as_of: dt.date, horizon_days: int
) -> pd.DataFrame:
    """Read what the company itself says of leaving, as known on ``as_of``.

    The rule, first come first served. ``said_left``: ``left_on`` lies on or before ``as_of``, or ``left`` is yes and no date
    stands beside it; a ``left_on`` after ``as_of`` is not known yet, whatever ``left`` says. A ``left`` of no overrides a date:
    that was an earlier leaving. ``contract_ended``: ``contract_end`` lies before ``as_of``.
    ``contract_ends``: it lies within the ``horizon_days`` from ``as_of`` on; a contract's end is written into it when it is made, so
    it is known in advance. An account that has ordered since the day it is said to have left, or since its contract
    ended, is still a customer whatever the list says: it is ``ordered_since`` and gets its forecast.

    Parameters
    ----------
    accounts : customer_id, and those of contract_end, left, left_on, leaving_cause that there are; or None
    customers : customer_id, last_order_date (up to ``as_of``)
    as_of : snapshot date
    horizon_days : days ahead

    Returns
    -------
    DataFrame
        One row per account of which there is something to say, by customer_id: customer_id, status (``said_left``,
        ``contract_ended``, ``contract_ends``, ``ordered_since``), status_date (day of leaving or end of the contract;
        missing where only ``left`` says it), last_order_date, leaving_cause (code of one of the nine, else as written; missing
        unless it has left). Empty without contract data.
    """
    columns = ["customer_id", "status", "status_date", "last_order_date", "leaving_cause"]
    told = [c for c in ("contract_end", "left", "left_on") if accounts is not None and c in accounts]
    if not told:
        return pd.DataFrame(columns=columns)
    check_key(accounts, ["customer_id"], name="accounts")
    check_key(customers, ["customer_id"], name="customers")
    check_columns(customers, ["last_order_date"], name="customers")
    known = customers[["customer_id", "last_order_date"]].merge(accounts, on="customer_id", validate="1:1")
    now = pd.Timestamp(as_of)
    last = pd.to_datetime(known["last_order_date"])
    left_on, contract_end = (_dates(known, name) for name in ("left_on", "contract_end"))
    flag = known["left"] if "left" in known else pd.Series(pd.NA, index=known.index, dtype="boolean")
    yes, no = flag.eq(True).fillna(False).astype(bool), flag.eq(False).fillna(False).astype(bool)
    said = (~no & (left_on <= now)) | (yes & left_on.isna())
    ended, ends = contract_end < now, contract_end.between(now, now + pd.Timedelta(days=horizon_days))
    since = (said & (last > left_on)) | (~said & ended & (last > contract_end))
    status = np.select([since, said, ended, ends], ["ordered_since", *KNOWN_AS, ENDS], "")
    date = left_on.where(said, contract_end)
    cause = pd.Series(
        [_read_cause(text) for text in known["leaving_cause"]] if "leaving_cause" in known else None, known.index
    )
    table = known[["customer_id"]].assign(
        status=status,
        status_date=date.astype("datetime64[s]"),
        last_order_date=last.astype("datetime64[s]"),
        leaving_cause=cause.astype("str").where(cause.notna() & np.isin(status, KNOWN_AS)),
    )
    return table.loc[table["status"] != "", columns].sort_values("customer_id", ignore_index=True)


def has_contracts(accounts: pd.DataFrame | None) -> bool:
    """Say whether the table of accounts has a column that says who left, or when a contract ends."""
    return accounts is not None and not {"contract_end", "left", "left_on"}.isdisjoint(accounts.columns)


def apply_contracts(churn: pd.DataFrame, contracts: pd.DataFrame) -> pd.DataFrame:
    """Put the company's own word in the place of the forecast, and contracts that end soon among the reasons.

    Who is known to have left has a probability of 1 and that one reason. Whose contract ends within the horizon keeps its
    probability, with the end of the contract as first reason. The effect of such a reason is infinite: it is no
    figure of the model, and none outweighs it. Its value is the date as a number, 20260731; missing where there is none.

    Parameters
    ----------
    churn : as ``churn.build_churn`` returns it
    contracts : as ``read_contracts`` returns it

    Returns
    -------
    DataFrame
        ``churn`` with known_as (``said_left``, ``contract_ended``, or missing where it is forecast), and probabilities,
        sales_at_risk and reasons changed for those accounts.
    """
    check_key(churn, ["customer_id"], name="churn")
    check_columns(churn, ["churn_probability", "reasons"], name="churn")
    own = contracts.set_index("customer_id").reindex(churn["customer_id"])
    status = pd.Series(own["status"].to_numpy(), index=churn.index, dtype="str")
    gone, ends = status.isin(KNOWN_AS), status.eq(ENDS)
    table = churn.assign(known_as=status.where(gone))
    for name in ("churn_probability", "partial_churn_probability"):
        if name in table:
            table[name] = table[name].mask(gone, 1.0)
    if "sales_at_risk" in table and "net_sales_365_days" in table:
        table["sales_at_risk"] = table["sales_at_risk"].mask(gone, table["net_sales_365_days"].clip(lower=0).round(2))
    reasons = []
    for code, date, found, replaced, first in zip(
        status, own["status_date"], churn["reasons"], gone, ends, strict=True
    ):
        reason = {"code": code, "value": _as_number(date), "typical": None, "effect": np.inf}
        if replaced and reason["value"] is None:
            reason["code"] = f"{code}_undated"
        reasons.append([reason] if replaced else [reason, *found] if first else found)
    return table.assign(reasons=pd.Series(reasons, index=churn.index, dtype=object))


def leave_out_known(labelled: pd.DataFrame, accounts: pd.DataFrame | None) -> pd.DataFrame:
    """Leave out the rows of past snapshots whose accounts were known to have left by then: nothing was to be forecast.

    Only dates count: when ``left`` without a day became true is not known, so such rows stay.

    Parameters
    ----------
    labelled : as_of, customer_id, last_order_date
    accounts : as for ``read_contracts``
    """
    if not has_contracts(accounts):
        return labelled
    check_columns(labelled, ["as_of", "customer_id", "last_order_date"], name="labelled")
    dated = accounts.drop(columns="left", errors="ignore")
    if "left" in accounts and "left_on" in accounts:  # a left of no overrides the date beside it
        dated = dated.assign(left_on=_dates(accounts, "left_on").mask(accounts["left"].eq(False).fillna(False)))
    kept = []
    for date, rows in labelled.groupby("as_of", sort=False):
        known = read_contracts(dated, rows, as_of=pd.Timestamp(date).date(), horizon_days=0)
        gone = known.loc[known["status"].isin(KNOWN_AS), "customer_id"]
        kept.append(rows[~rows["customer_id"].isin(gone)])
    return pd.concat(kept).loc[lambda table: labelled.index[labelled.index.isin(table.index)]] if kept else labelled


def describe_contracts(churn: pd.DataFrame, contracts: pd.DataFrame) -> dict[str, object]:
    """Describe what the company itself says, as facts for the sentences.

    Parameters
    ----------
    churn : as ``apply_contracts`` returns it
    contracts : as ``read_contracts`` returns it

    Returns
    -------
    dict
        known_left (accounts known to have left), known_active (of them, those with an order in active_days), known_sales
        (these ones' net sales of the 365 days), ends_soon (active accounts whose contract ends within the horizon),
        ends_sales, ordered_since (accounts that ordered after they are said to have left).
    """
    listed = churn["customer_id"].isin(contracts.loc[contracts["status"] == ENDS, "customer_id"])
    active = churn["known_as"].notna()
    return {
        "known_left": int(contracts["status"].isin(KNOWN_AS).sum()),
        "known_active": int(active.sum()),
        "known_sales": add(churn.loc[active, "net_sales_365_days"]),
        "ends_soon": int(listed.sum()),
        "ends_sales": add(churn.loc[listed, "net_sales_365_days"]),
        "ordered_since": int((contracts["status"] == "ordered_since").sum()),
    }


def list_contracts(churn: pd.DataFrame, contracts: pd.DataFrame) -> pd.DataFrame:
    """List the active accounts of which the company itself says something, those with most net sales first.

    Returns
    -------
    DataFrame
        One row per account: customer_id, status, status_date, net_sales_365_days, churn_probability.
    """
    known = churn[["customer_id", "net_sales_365_days", "churn_probability"]]
    table = contracts[["customer_id", "status", "status_date"]].merge(known, on="customer_id", validate="1:1")
    return table.sort_values(["net_sales_365_days", "customer_id"], ascending=[False, True], ignore_index=True)


def summarise_causes(contracts: pd.DataFrame, order_days: pd.DataFrame) -> pd.DataFrame:
    """Summarise why accounts left, as the company's own list has it.

    Each account counts with the net sales of its last year: of the days with an order in the 365 days up to the day it
    left, or up to its last order where there is no day.

    Parameters
    ----------
    contracts : as ``read_contracts`` returns it; only those known to have left count
    order_days : customer_id, order_date, net_sales

    Returns
    -------
    DataFrame
        One row per cause, most net sales first, ``unknown`` (none is recorded) last: leaving_cause, customers,
        customers_share, net_sales_last_year, net_sales_share (missing where the whole is not above nought). Empty where no
        cause is recorded at all.
    """
    columns = ["leaving_cause", "customers", "customers_share", "net_sales_last_year", "net_sales_share"]
    left = contracts[contracts["status"].isin(KNOWN_AS)]
    if not left["leaving_cause"].notna().any():
        return pd.DataFrame(columns=columns)
    end = pd.to_datetime(left["status_date"]).fillna(pd.to_datetime(left["last_order_date"]))
    days = order_days[["customer_id", "order_date", "net_sales"]].merge(
        left[["customer_id"]].assign(end=end), on="customer_id", validate="m:1"
    )
    age = (days["end"] - pd.to_datetime(days["order_date"])).dt.days
    within = days[age.between(0, 364)].groupby("customer_id")["net_sales"].agg(add)
    sales = left["customer_id"].map(within).fillna(0.0)
    cause = left["leaving_cause"].fillna("unknown")
    table = sales.groupby(cause).agg(customers="size", net_sales_last_year=add).rename_axis("leaving_cause")
    table = table.reset_index()
    whole = add(table["net_sales_last_year"])
    table["customers_share"] = (table["customers"] / len(left)).round(6)
    table["net_sales_share"] = [round(share(money, whole), 6) for money in table["net_sales_last_year"]]
    table["last"] = table["leaving_cause"] == "unknown"
    order = ["last", "net_sales_last_year", "customers", "leaving_cause"]
    return table.sort_values(order, ascending=[True, False, False, True], ignore_index=True)[columns]


def _dates(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table:
        return pd.Series(pd.NaT, index=table.index, dtype="datetime64[s]")
    return pd.to_datetime(table[name]).astype("datetime64[s]")


def _read_cause(text: object) -> str | None:
    """Return the code of one of the nine causes, however it is written, else the text itself."""
    if pd.isna(text) or not str(text).strip():
        return None
    bare = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", str(text)).lower())
    return _CODES.get(bare, str(text).strip())


def _as_number(date: pd.Timestamp) -> float | None:
    return None if pd.isna(date) else float(date.year * 10000 + date.month * 100 + date.day)
