"""What are the figures on real data, and does a second way come to the same? Writes docs/validation.md.

    python docs/validation.py [FILE]      # FILE: where to write; default: validation.md beside this script

Runs the workbook on UCI Online Retail II (where `kalib get online-retail-ii` left it, or where KALIB_RETAIL says) and on the
shipped sample, reads the tables that the runs published, and works the figures out once more in plain SQL, numpy or
scikit-learn, which know nothing of kalib.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, calinski_harabasz_score, silhouette_score
from validation_forecasts import check_cdnow, check_forecast, check_value
from validation_lists import read_section, replace_section

from kalib.publish.models import read_model
from kalib.publish.run import run_job
from kalib.settings import read_job
from kalib.topics.scorecard_weights import read_judgements, weigh_by_judgement
from kalib.topics.tiers_compare import rate_tiers

ROOT = Path(__file__).resolve().parents[1]
RETAIL = ROOT / "data" / "online-retail-ii" / "orders.parquet"
TRUTH = ROOT / "tests" / "reference" / "wholesale_truth.parquet"

Line = tuple[str, object, object, str]
"""What, kalib's figure, the second way's figure (None: there is none), how that one was found."""


@dataclass(frozen=True)
class Report:
    """A published run, read."""

    folder: Path

    @cached_property
    def run(self) -> dict:
        """Return run.json."""
        return json.loads((self.folder / "run.json").read_text(encoding="utf-8"))

    def facts(self, notebook: str) -> dict:
        """Return what a page said in figures."""
        return self.run["notebooks"][notebook]["facts"]

    def table(self, name: str) -> pd.DataFrame:
        """Return a published table."""
        return pd.read_parquet(self.folder / "tables" / f"{name}.parquet")

    def ask(self, sql: str) -> list[tuple]:
        """Answer plain SQL over the published tables: ``{customers}`` stands for the file of that table."""
        names = [file.stem for file in (self.folder / "tables").glob("*.parquet")]
        return duckdb.sql(
            sql.format_map({name: f"'{self.folder / 'tables' / name}.parquet'" for name in names})
        ).fetchall()


def main() -> None:
    """Run both jobs, compare, and write the page."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("validation.md")
    source = Path(os.environ.get("KALIB_RETAIL") or RETAIL)
    if not source.is_file():
        sys.exit(f"{source} is not there: run `kalib get online-retail-ii`, or set KALIB_RETAIL to its Parquet file.")
    with tempfile.TemporaryDirectory() as folder:
        retail = _run("tests/jobs/online_retail_ii.yaml", Path(folder), source=str(source))
        told = {"as_of": "2011-12-08", "horizon_days": "90", "active_days": "365"}
        earlier = _run(
            "tests/jobs/online_retail_ii.yaml", Path(folder) / "earlier", source=str(source), **told, only="churn"
        )
        wholesale = _run("jobs/wholesale.yaml", Path(folder))
        page = print_page(retail, earlier, wholesale)
    # The section on lists is made by a command of its own, validation_lists.py, and stays as it stands.
    stored = Path(__file__).with_name("validation.md")
    lists = read_section(stored.read_text(encoding="utf-8")) if stored.is_file() else ""
    target.write_text(replace_section(page, lists) if lists else page, encoding="utf-8")
    print(target)


def _run(job: str, out: Path, *, only: str = "", **overrides: str) -> Report:
    settings = read_job(ROOT / job, {"language": "[en]", **overrides})
    topics = [only] if only else []
    return Report(
        run_job(settings, only=topics, out=out, progress=lambda step: print(f"{job}: {step.text}", file=sys.stderr))
    )


def print_page(retail: Report, earlier: Report, wholesale: Report) -> str:
    """Return the page as Markdown."""
    versions = retail.run["versions"]
    told = ", ".join(f"{name} {versions[name]}" for name in ("python", "pandas", "numpy", "scikit-learn", "duckdb"))
    lines = [
        "# Validation",
        "",
        "Made by `make validation` from published tables; the second way is plain SQL, numpy, scipy or scikit-learn, written in",
        f"`docs/validation.py` without a line of kalib's. A dash: there is none. With {told}.",
        "",
        "## UCI Online Retail II",
        "",
        f"Licence and source: data/README.md. As of {retail.run['as_of']}; settings in `tests/jobs/online_retail_ii.yaml`, all else as by default.",
    ]
    sections: Sequence[tuple[str, Callable[[Report], Iterator[Line]]]] = (
        ("Rows", check_rows),
        ("RFM", check_rfm),
        ("Concentration", check_pareto),
        ("Tiers", check_tiers),
        ("Key-account score", check_scorecard),
        ("Migration", check_migration),
        ("Value", check_worth),
        ("Churn", check_churn),
    )
    for title, check in sections:
        lines += ["", f"### {title}", "", *_print(check(retail))]
    lines += ["", "RFM segments:", "", *print_segments(retail)]
    lines += ["", "### Churn at 2011-09-09, customers active in the year before, 90 days ahead", ""]
    lines += _print(
        check_forecast(earlier.table("order_days"), earlier.table("churn_check"), earlier.facts("50_churn"))
    )
    lines += ["", "## CDNOW, the tenth that the papers fit", "", *_print(check_cdnow())]
    lines += ["", "## The sample, against how it was made", "", *_print(check_truth(wholesale))]
    lines += ["", "## Published figures", "", *_print(check_published())]
    return "\n".join(lines) + "\n"


def _print(lines: Iterator[Line]) -> list[str]:
    rows = [f"| {what} | {_show(ours)} | {_show(theirs)} | {how} |" for what, ours, theirs, how in lines]
    return ["| what | kalib | second way | how |", "| --- | ---: | ---: | --- |", *rows]


def _show(figure: object) -> str:
    if figure is None:
        return "–"
    if isinstance(figure, str):
        return figure
    if isinstance(figure, bool):
        return "yes" if figure else "no"
    if isinstance(figure, int | np.integer):
        return f"{figure:,}"
    return f"{figure:,.2f}" if abs(figure) >= 100 else f"{figure:.3f}"


# --- the sections -----------------------------------------------------------------------------------------------------


def check_rows(report: Report) -> Iterator[Line]:
    """Rows are held to a count of their own by the tests; here they say what the rest rests on."""
    rows = report.run["rows"]
    yield "rows read", rows["read"], rows["used"] + rows["set_aside"], "used and set aside, added"
    yield "customers", rows["customers"], report.ask("SELECT count(DISTINCT customer_id) FROM {months}")[0][0], "SQL"
    (sales,) = report.ask("SELECT sum(CAST(net_sales AS DECIMAL(18,2))) FROM {months}")[0]
    yield "net sales, all the history", rows["sales"], float(sales), "SQL over the months, each rounded"


def check_rfm(report: Report) -> Iterator[Line]:
    """Edges by numpy's type 7 (the default of R's quantile), scores and segments by SQL."""
    scorer, _ = read_model(report.folder / "models" / "rfm.skops", name="rfm")
    bought = report.table("customers").query("orders > 0")
    measures = {"r_score": "days_since_last_order", "f_score": "orders", "m_score": "net_sales"}
    for score, column in measures.items():
        edges = np.quantile(bought[column], [0.2, 0.4, 0.6, 0.8], method="linear")
        ours = " · ".join(f"{edge:,.2f}" for edge in scorer.edges_[score])
        yield f"edges of {column}", ours, " · ".join(f"{edge:,.2f}" for edge in edges), "numpy, type 7"
    other = report.ask(_RFM_SQL)
    rfm = report.table("rfm").sort_values("customer_id")
    same = list(rfm[["customer_id", "r_score", "f_score", "m_score", "segment"]].itertuples(index=False, name=None))
    differ = sum(one != two for one, two in zip(same, other, strict=True))
    yield "customers scored", len(rfm), len(other), "SQL"
    yield "of them with another score or segment", differ, 0, "SQL"
    facts = report.facts("10_rfm")
    codes = [row[4] for row in other]
    money = dict(zip(bought["customer_id"], bought["net_sales"], strict=True))
    best = [row[0] for row in other if row[4] in ("champions", "loyal")]
    yield "champions", facts["champions_customers"], codes.count("champions"), "SQL"
    share = sum(money[customer] for customer in best) / sum(money.values())
    yield "net sales of champions and loyal, share", facts["best_net_sales_share"], share, "SQL"


_RFM_SQL = """
WITH c AS (FROM {customers} WHERE orders > 0),
e AS (SELECT quantile_cont(days_since_last_order, [.2, .4, .6, .8]) AS r, quantile_cont(orders, [.2, .4, .6, .8]) AS f,
    quantile_cont(net_sales, [.2, .4, .6, .8]) AS m FROM c),
s AS (SELECT customer_id, 5 - len(list_filter(e.r, lambda x: x < days_since_last_order)) AS r,
    1 + len(list_filter(e.f, lambda x: x < orders)) AS f, 1 + len(list_filter(e.m, lambda x: x < net_sales)) AS m FROM c, e),
t AS (SELECT *, (f + m + 1) // 2 AS fm FROM s)
SELECT customer_id, r, f, m, CASE WHEN r = 5 AND fm >= 4 THEN 'champions' WHEN r >= 3 AND fm >= 4 THEN 'loyal'
    WHEN r >= 4 AND fm >= 2 THEN 'potential_loyalist' WHEN r = 5 THEN 'new_customers' WHEN r = 4 THEN 'promising'
    WHEN r = 3 AND fm = 3 THEN 'need_attention' WHEN r = 3 THEN 'about_to_sleep'
    WHEN fm = 5 THEN 'cant_lose_them' WHEN fm >= 3 THEN 'at_risk' WHEN r = 2 THEN 'hibernating' ELSE 'lost' END
FROM t ORDER BY customer_id
"""


def print_segments(report: Report) -> list[str]:
    """Return the segments with customers and money, as counted by SQL from the published table."""
    rows = report.ask(
        "SELECT segment, count(*), sum(net_sales), sum(net_sales) / (SELECT sum(net_sales) FROM {rfm}) FROM {rfm} "
        "GROUP BY segment ORDER BY sum(net_sales) DESC"
    )
    table = [f"| {name} | {count:,} | {money:,.0f} | {share:.1%} |" for name, count, money, share in rows]
    return ["| segment | customers | net sales | share |", "| --- | ---: | ---: | ---: |", *table]


def check_pareto(report: Report) -> Iterator[Line]:
    """Classes by a running sum in SQL, Gini by the mean difference of all pairs."""
    facts = report.facts("20_pareto")
    counts = dict(report.ask("SELECT abc_class, count(*) FROM {pareto} GROUP BY 1"))
    other = dict(
        report.ask("""
        WITH c AS (SELECT CAST(net_sales_365_days AS DECIMAL(18,2)) AS v FROM {customers} WHERE orders > 0),
        t AS (SELECT v, sum(v) FILTER (v > 0) OVER (ORDER BY v DESC RANGE UNBOUNDED PRECEDING EXCLUDE GROUP) AS before,
            sum(v) FILTER (v > 0) OVER () AS whole FROM c)
        SELECT CASE WHEN v <= 0 THEN 'C' WHEN coalesce(before, 0) < .8 * whole THEN 'A'
            WHEN coalesce(before, 0) < .95 * whole THEN 'B' ELSE 'C' END, count(*) FROM t GROUP BY 1""")
    )
    for code in "ABC":
        yield f"class {code}, accounts", counts[code], other[code], "SQL, running sum"
    value = report.table("customers").query("orders > 0")["net_sales_365_days"].to_numpy()
    value = np.sort(value[value > 0])
    pairs = np.abs(value[:, None] - value[None, :]).mean() / (2 * value.mean())
    yield "Gini", facts["gini"], float(pairs), "mean difference of all pairs"
    yield "share of the ten largest", facts["top_share"], float(value[-10:].sum() / value.sum()), "numpy"
    yield "largest fifth of accounts, share", facts["top_fifth_share"], None, ""
    yield "as many equal accounts", facts["equal_accounts"], float(value.sum() ** 2 / (value**2).sum()), "numpy"
    before = report.table("customers")["net_sales_365_days_last_year"].to_numpy()
    before = before[before > 0]
    then = float(np.sort(before)[-10:].sum() / before.sum())
    yield "share of the ten largest, a year before", facts["top_share_before"], then, "numpy"
    for code, count in report.ask("SELECT xyz_class, count(*) FROM {pareto} GROUP BY 1 ORDER BY 1"):
        yield f"demand {code}, accounts", count, None, ""


def check_tiers(report: Report) -> Iterator[Line]:
    """K-means once more, by scikit-learn alone, on figures scaled here."""
    facts, tiers = report.facts("30_tiers"), report.table("tiers")
    active = tiers[tiers["orders_365_days"] > 0]
    scaled = np.column_stack(
        [
            active["net_sales_365_days"].clip(lower=0) ** 0.25,
            np.log(active["orders_365_days"]),
            np.log1p(active["days_since_last_order"]),
        ]
    )
    scaled = (scaled - scaled.mean(axis=0)) / scaled.std(axis=0) * np.sqrt([1.0, 0.5, 0.1])
    other = KMeans(facts["tier_count"], n_init=20, random_state=7).fit_predict(scaled)
    rank = active["tier_rank"].to_numpy()
    yield "tiers", facts["tier_count"], None, ""
    yield (
        "the same grouping (adjusted Rand index)",
        1.0,
        float(adjusted_rand_score(rank, other)),
        "KMeans, twenty starts",
    )
    worth = active.groupby(other)["net_sales_365_days"].mean().sort_values(ascending=False).index
    for place, tier in enumerate(active.groupby("tier_rank")["tier"].first()):
        silent = int((tiers["tier"] == tier).sum() - (active["tier"] == tier).sum())
        there = int((other == worth[place]).sum())
        yield f"{tier}, accounts with an order in the year", int((active["tier"] == tier).sum()), there, "KMeans"
        if silent:
            yield f"{tier}, accounts without one", silent, None, "by rule"
    yield (
        "silhouette",
        facts["silhouette"],
        silhouette_score(scaled, rank),
        "scikit-learn, of all; kalib: of at most 3,000",
    )
    yield (
        "Calinski-Harabasz index",
        calinski_harabasz_score(scaled, rank),
        calinski_harabasz_score(scaled, other),
        "of all; KMeans",
    )
    yield "agreement with resamples", facts["agreement"], None, "adjusted Rand index"
    yield "accounts that keep their tier in resamples", facts["stability"], None, ""
    yield "later sales explained by these tiers", facts["clusters_explained_share"], None, "as of a year before"
    yield "by a ranking with tiers of the same size", facts["sales_rank_explained_share"], None, ""
    yield "by quantiles of net sales", facts["sales_quantiles_explained_share"], None, ""
    yield "better of the first two", facts["better"], None, "within the noise: neither"


def check_scorecard(report: Report) -> Iterator[Line]:
    """The score from the published criteria, and single measures ranked by scipy."""
    facts, card = report.facts("60_scorecard"), report.table("scorecard")
    scored = card[card["account_class"] != "prospect"]
    criteria = scored[[name for name in scored if name.endswith("_score") and not name.startswith("key_")]]
    criteria = criteria.dropna(axis="columns", how="all")
    yield "criteria with figures", criteria.shape[1], None, ", ".join(c.removesuffix("_score") for c in criteria)
    apart = (criteria.mean(axis=1) - scored["key_account_score"]).abs().max()
    yield "largest difference of a score", float(apart), 0.0, "equal weights: mean of the known criteria"
    customers = report.table("customers").query("orders > 0").set_index("customer_id")
    place = (rankdata(customers["net_sales_365_days"]) - 1) / (len(customers) - 1)
    known = report.table("scorecard_measures").query("measure == 'net_sales_365_days'").set_index("customer_id")
    apart = (known["measure_score"] - pd.Series(place, customers.index).reindex(known.index)).abs().max()
    yield "largest difference of a measure (net sales)", float(apart), 0.0, "scipy's ranks"
    largest = customers["net_sales_365_days"].sort_values(ascending=False)
    running = largest.clip(lower=0).cumsum() / largest.clip(lower=0).sum()
    hundred = float(running.iloc[min(99, len(running) - 1)])
    yield "net sales of the hundred largest, share", facts["largest_share"], hundred, "numpy, running sum"
    needed = int((running < 0.5).sum()) + 1 if hundred >= 0.2 else 0
    yield (
        "key accounts",
        facts["key_accounts"],
        needed,
        "largest that bring half; none where the hundred largest bring less than 0.2",
    )
    yield "clear of the line: selected in nine of ten resamples", facts["certain"], None, "selection frequency"
    yield "on the list a year before, and still", f"{facts['then']}, {facts['stayed']}", None, ""
    yield (
        "first by score that stay under the least favourable weights",
        facts["least_kept"],
        None,
        f"of {facts['first']}",
    )
    yield "net sales of the key accounts, share", facts["key_net_sales_share"], None, ""


def check_migration(report: Report) -> Iterator[Line]:
    """Moves counted by SQL from the published ranks, money from the customers."""
    facts = report.facts("65_migration")
    counted = report.ask("""SELECT count(*) FILTER (both_years AND tier_rank_now < tier_rank_before),
        count(*) FILTER (both_years AND tier_rank_now > tier_rank_before),
        count(*) FILTER (tier_rank_before IS NULL), count(*) FILTER (b > 0 AND coalesce(n, 0) = 0)
        FROM (SELECT *, orders_365_days_before AS b, orders_365_days AS n,
            orders_365_days_before > 0 AND orders_365_days > 0 AS both_years FROM {migration})""")[0]
    for name, other in zip(("promoted", "demoted", "new", "lost"), counted, strict=True):
        yield name, facts[name], other, "SQL"
    sums = report.ask(
        "SELECT sum(net_sales_365_days), sum(net_sales_365_days_last_year) FROM {customers} WHERE orders > 0"
    )[0]
    yield "net sales of the accounts, now", facts["net_sales"], sums[0], "SQL over the customers"
    tiers = report.table("tiers").set_index("customer_id")["tier"]
    now = report.table("migration").dropna(subset="tier_now").set_index("customer_id")["tier_now"]
    differ = int((tiers.reindex(now.index) != now).sum())
    yield "accounts graded unlike the page on tiers", differ, 0, "compared"
    yield "moves that the yardstick made", facts["drift_only"], None, ""


def check_worth(report: Report) -> Iterator[Line]:
    """What the accounts are worth, and how the model did one horizon ago."""
    facts = report.facts("40_value")
    order_days = report.table("order_days")
    yield from check_value(report.table("value"), order_days, report.run["as_of"], facts["horizon_days"])
    for what in ("orders", "sales"):
        told = f"{facts[f'{what}_expected_then']:,.0f} expected, {facts[f'{what}_actual_then']:,.0f} came"
        yield f"{what} of the {facts['horizon_days']} days to the snapshot date", told, None, f"as of {facts['cut']}"
        errors = f"{facts[f'{what}_rmse']:,.2f} against {facts[f'{what}_rule_rmse']:,.2f}"
        yield f"error per customer (RMSE) of {what}, beside the best rule's", errors, None, facts[f"{what}_rule"]
        yield f"{what} within the interval of 80 %", f"{facts[f'{what}_held']:.1%}", None, "of customers"
    yield (
        f"value ahead, {facts['value_months']} months",
        facts["clv"],
        float(report.table("value")["clv"].sum()),
        "added",
    )


def check_churn(report: Report) -> Iterator[Line]:
    """The forecast as it was checked on the newest date that has an outcome."""
    facts = report.facts("50_churn")
    yield "checked as of", str(facts["report_date"]), None, f"{facts['horizon_days']} days ahead"
    for what, name in (("AUC", "auc"), ("AUC of the best simple rule", "rule_auc"), ("Brier score", "brier")):
        yield what, facts[name], None, ""
    yield "predicted to leave, share", facts["predicted_share"], facts["observed_share"], "what happened"


def check_truth(report: Report) -> Iterator[Line]:
    """How well do tiers find the classes that the sample was made with?"""
    truth = pd.read_parquet(TRUTH).set_index("customer_id")["latent_class"]
    tiers = report.table("tiers")
    index = rate_tiers(tiers, truth)
    active = tiers[tiers["orders_365_days"] > 0].set_index("customer_id")
    known, count = truth.reindex(active.index), int(tiers["tier_rank"].max())
    quantiles = pd.qcut(active["net_sales_365_days"].rank(method="first"), count, labels=False)
    others = {
        "clusters": adjusted_rand_score(known, active["tier_rank"]),
        "sales_quantiles": adjusted_rand_score(known, quantiles),
    }
    for method, value in index.items():
        yield (
            f"adjusted Rand index, {method}",
            value,
            others.get(method),
            "scikit-learn, pandas" if method in others else "",
        )
    yield "wins", max(index, key=index.get), None, f"of {count} tiers"


def check_published() -> Iterator[Line]:
    """Saaty's drinks (2008): weights and consistency ratio."""
    names = ("coffee", "wine", "tea", "beer", "sodas", "milk", "water")
    upper = "9 5 2 1 1 1/2 1/3 1/9 1/9 1/9 1/9 1/3 1/4 1/3 1/9 1/2 1 1/3 2 1/2 1/3".split()
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    judgements = {f"{a}/{b}": value for (a, b), value in zip(pairs, upper, strict=True)}
    weights, ratio = weigh_by_judgement(read_judgements(names, judgements))
    published = (0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327)
    for name, ours, theirs in zip(names, weights, published, strict=True):
        yield f"AHP, {name}", float(ours), theirs, "Saaty 2008"
    yield "AHP, consistency ratio", float(ratio), 0.022, "Saaty 2008"


if __name__ == "__main__":
    main()
