"""What does the whole analysis cost as a plain script? The same tables as `kalib run jobs/wholesale.yaml`, in one process.

DuckDB, pandas, scikit-learn, scipy and matplotlib; nothing of kalib. A folder holds one question a file.
"""

from __future__ import annotations

import argparse
import resource
from pathlib import Path

import campaign
import churn
import ledger
import migration
import pages
import pandas as pd
import pareto
import retention
import rfm
import scorecard
import silence
import tiers
import value
import yaml
from threadpoolctl import threadpool_limits


def analyse(data: Path, job: dict) -> dict[str, pd.DataFrame]:
    """Return all tables by name."""
    day = job["as_of"]
    as_of, con = pd.Timestamp(day), ledger.load(data, day)
    tables = ledger.tables(con, day)
    tables |= {name: con.execute(f"FROM {name} ORDER BY ALL").df() for name in ("accounts", "contacts", "costs")}
    customers, accounts, contacts = tables["customers"], tables["accounts"], tables["contacts"]
    days = tables["order_days"].astype({"order_date": "datetime64[s]", "net_sales": float, "margin": float})
    before = ledger.snapshot(con, (as_of - 365 * silence.DAY).date())
    horizon = silence.horizon(days, as_of)
    active = silence.active_days(days, as_of, horizon)
    quiet = silence.states(days, as_of, active, silence.returns(days, as_of))
    tables["rfm"] = rfm.score(customers, quiet, horizon)
    tables["pareto"] = pareto.analyse(tables, quiet, tables["costs"], contacts, as_of)
    model = tiers.fit(customers)
    tables["tiers"] = tiers.assess(customers, model)
    tables["value"] = value.analyse(customers, days, as_of, horizon, active)
    tables["cohorts"] = retention.cohorts(tables["months"], as_of)
    code = tables["value"].purchase_model.iloc[0]
    tables |= churn.analyse(con, customers, days, quiet, as_of, horizon, active, code)
    tables["campaign"] = campaign.analyse(tables["churn"], tables["value"], contacts, as_of)
    tables["winback"] = quiet[quiet.silence == "lapsed"].sort_values("silent_days")
    weeks = [ledger.snapshot(con, (as_of - 7 * n * silence.DAY).date()) for n in (1, 2, 3, 4)]
    tables |= scorecard.analyse(tables, accounts, weeks, job["scorecard"], as_of)
    edges = rfm.learn_edges(customers)
    tables["migration"] = migration.analyse(
        customers, before, model, tables, accounts, days, edges, as_of, horizon, active
    )
    return tables


def main() -> None:
    """Read, analyse, write tables, pages and a workbook."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    root = Path(__file__).parents[2]
    parser.add_argument("--data", type=Path, default=root / "data" / "wholesale")
    parser.add_argument("--job", type=Path, default=root / "jobs" / "wholesale.yaml")
    given = parser.parse_args()
    (given.out / "tables").mkdir(parents=True, exist_ok=True)
    with threadpool_limits(limits=1):
        tables = analyse(given.data, yaml.safe_load(given.job.read_text(encoding="utf-8")))
    for name, table in tables.items():
        table.to_parquet(given.out / "tables" / f"{name}.parquet", index=False)
    drawn = pages.write(tables, given.out)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"{len(tables)} tables, {drawn} figures\n{used.ru_utime + used.ru_stime:.1f}")


if __name__ == "__main__":
    main()
