"""What does a reader get? Pages of HTML with figures and tables, and a workbook: as many figures as ours draw, plainly made."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

mpl.rcParams["svg.fonttype"] = "none"
ROWS = 20
COUNT = "orders_365_days"
SALES = "net_sales_365_days"


def write(tables: dict[str, pd.DataFrame], folder: Path) -> int:
    """Write a page for each question, and return how many figures were drawn."""
    pages = list_pages(tables)
    for name, (figures, shown) in pages.items():
        parts = [f"<!doctype html><meta charset=utf-8><title>{name}</title><h1>{name}</h1>"]
        parts += [draw(*figure) for figure in figures]
        parts += [f"<h2>{table}</h2>" + tables[table].head(ROWS).to_html(index=False, na_rep="") for table in shown]
        (folder / f"{name}.html").write_text("\n".join(parts), encoding="utf-8")
    links = "".join(f"<li><a href={name}.html>{name}</a>" for name in pages)
    (folder / "index.html").write_text(
        f"<!doctype html><meta charset=utf-8><title>wholesale</title><ul>{links}</ul>", encoding="utf-8"
    )
    sheets = {
        "Key accounts": tables["scorecard"][tables["scorecard"].is_key_account],
        "Customers": tables["customers"],
        "Moves": tables["migration"].drop(columns="causes"),
    }
    with pd.ExcelWriter(folder / "wholesale.xlsx", engine="xlsxwriter") as book:
        for name, table in sheets.items():
            table.to_excel(book, sheet_name=name, index=False)
    return sum(len(figures) for figures, _ in pages.values())


def draw(title: str, kind: str, x: object, y: object) -> str:
    """Return one figure as SVG."""
    figure = Figure(figsize=(7, 3.4))
    axes = figure.add_axes((0.2, 0.1, 0.78, 0.8))
    if kind == "grid":
        axes.imshow(x, cmap="Blues")
        for (row, column), value in np.ndenumerate(np.asarray(x, float)):
            axes.text(column, row, f"{value:.3g}", ha="center", va="center", fontsize=7)
    elif kind == "bars":
        axes.barh(np.arange(len(x)), y)
        axes.set_yticks(np.arange(len(x)), [str(one) for one in x])
    elif kind == "dots":
        axes.scatter(x, y, s=6, alpha=0.5)
    else:
        axes.plot(x, y)
    axes.set_title(title, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    out = io.StringIO()
    figure.savefig(out, format="svg")
    return f"<figure>{out.getvalue().partition('<svg')[1]}{out.getvalue().partition('<svg')[2]}</figure>"


def list_pages(t: dict[str, pd.DataFrame]) -> dict[str, tuple[list[tuple], list[str]]]:
    """Return figures and tables of each page."""
    months = t["months"].groupby("month")[["net_sales", "returns", "orders"]].sum()
    curve = t["pareto"].window_net_sales.clip(lower=0).sort_values(ascending=False).cumsum()
    profit = t["pareto"].profit_365_days.sort_values(ascending=False).cumsum()
    cohorts, churn, check, value = t["cohorts"], t["churn"], t["churn_check"], t["value"]
    kept = cohorts.pivot_table(index="cohort_start", columns="period", values="active_share")
    money = cohorts.pivot_table(index="cohort_start", columns="period", values="net_sales_ratio")
    tiers, campaign, score, moves = t["tiers"], t["campaign"], t["scorecard"], t["migration"]
    risk = check.churn_probability.rank(pct=True).mul(10).astype(int).clip(upper=9)
    gaps = t["order_days"].gap.dropna()
    key = score[score.is_key_account].nlargest(ROWS, "net_sales_365_days")
    steps = moves.groupby("move").net_sales_moved.sum()

    def count(name: str, column: str, title: str) -> tuple:
        found = t[name][column].value_counts()
        return title, "bars", found.index, found.to_numpy()

    def total(name: str, column: str, what: str, title: str) -> tuple:
        found = t[name].groupby(column)[what].sum()
        return title, "bars", found.index, found.to_numpy()

    def spread(values: pd.Series, title: str) -> tuple:
        counts, edges = np.histogram(values.dropna(), bins=30)
        return title, "line", edges[1:], counts

    return {
        "00_quality": (
            [
                ("net sales by month", "line", months.index, months.net_sales),
                ("returns by month", "line", months.index, months.returns),
            ],
            ["quality", "set_aside"],
        ),
        "10_rfm": (
            [
                ("customers by recency and frequency", "grid", pd.crosstab(t["rfm"].r_score, t["rfm"].f_score), None),
                count("rfm", "segment", "customers by segment"),
                total("rfm", "segment", "net_sales", "sales by segment"),
                count("rfm", "segment_8", "customers by cell"),
            ],
            ["rfm"],
        ),
        "20_pareto": (
            [
                ("cumulative sales", "line", np.arange(len(curve)), curve),
                ("cumulative profit", "line", np.arange(len(profit)), profit),
                ("classes", "grid", pd.crosstab(t["pareto"].abc_class, t["pareto"].xyz_class), None),
                total("pareto", "loss_kind", "profit_365_days", "profit by kind of loss"),
            ],
            ["pareto"],
        ),
        "30_tiers": (
            [
                count("tiers", "tier", "customers by tier"),
                total("tiers", "tier", SALES, "sales by tier"),
                ("orders and sales", "dots", tiers[COUNT], tiers[SALES]),
            ],
            ["tiers"],
        ),
        "40_value": (
            [
                spread(value.p_alive, "still buying"),
                spread(value.expected_orders, "expected orders"),
                ("value and sales per order", "dots", value.sales_per_order, value.clv),
                count("value", "pace", "pace"),
            ],
            ["value"],
        ),
        "45_retention": (
            [
                ("still active", "grid", kept, None),
                ("net sales kept", "grid", money, None),
                ("active share", "line", kept.columns, kept.mean()),
                ("sales ratio", "line", money.columns, money.mean()),
                total("cohorts", "cohort_start", "net_sales", "sales by cohort"),
                spread(gaps, "days between orders"),
            ],
            ["cohorts"],
        ),
        "50_churn": (
            [
                spread(churn.churn_probability, "probabilities"),
                ("predicted", "line", range(10), check.groupby(risk).churn_probability.mean().reindex(range(10))),
                ("observed", "line", range(10), check.groupby(risk).churned.mean().reindex(range(10))),
                total("churn", "silence", "sales_at_risk", "sales at risk"),
                count("churn", "kind_of_silence", "kinds of silence"),
                ("silence and risk", "dots", churn.days_since_last_order, churn.churn_probability),
                spread(gaps[gaps < 200], "how soon they come back"),
            ],
            ["churn", "churn_check"],
        ),
        "55_campaign": (
            [("expected loss", "line", campaign.campaign_rank, campaign.expected_loss.cumsum())],
            ["campaign", "winback"],
        ),
        "60_scorecard": (
            [("key accounts", "bars", key.customer_id, key.key_account_score)],
            ["scorecard", "scorecard_measures"],
        ),
        "65_migration": (
            [
                ("tiers then and now", "grid", pd.crosstab(moves.tier_before, moves.tier_now), None),
                count("migration", "move", "moves"),
                ("sales moved", "bars", steps.index, steps.to_numpy()),
                count("migration", "reason", "what moved them"),
            ],
            ["migration"],
        ),
        "90_summary": (
            [
                ("orders by month", "line", months.index, months.orders),
                total("mix", "category", "net_sales", "sales by category"),
            ],
            ["customers", "mix"],
        ),
    }
