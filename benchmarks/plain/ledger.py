"""What is known of each customer at a date? The order log judged, returns paired with sales, and figures in DuckDB's SQL."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import duckdb
import pandas as pd

FEES, FEE_DAYS = 3, 6
"""From so many equal sales on, so far apart and evenly, a credit may mean any of them and cancels none."""
WINDOWS = (30, 90, 180, 365)


def load(data: Path, as_of: dt.date) -> duckdb.DuckDBPyConnection:
    """Open DuckDB with the tables lines, days, cancelled, accounts, contacts and costs."""
    con = duckdb.connect()
    con.execute("SET enable_progress_bar = false")
    con.execute(f"""
    CREATE TABLE source AS SELECT *, file_row_number + 1 AS line FROM read_parquet('{data}/orders.parquet', file_row_number = true);
    CREATE TABLE lines AS SELECT line, customer_id, order_id, order_date, product, category, quantity, amount, cost, due_date,
      paid_date, paid_amount, amount < 0 AS is_return, amount > 0 AS is_sale,
      CASE WHEN discount < 1 THEN amount * discount / (1 - discount)::DOUBLE END AS discount
    FROM source WHERE customer_id IS NOT NULL AND order_date <= DATE '{as_of}';
    CREATE TABLE accounts AS FROM read_csv('{data}/accounts.csv', header = true, types = {{'since': 'DATE'}});
    CREATE TABLE contacts AS SELECT customer_id, date AS contact_date, kind, hours, cost FROM read_csv('{data}/contacts.csv');
    CREATE TABLE costs AS SELECT customer_id, (period || '-01')::DATE AS period_start, last_day((period || '-01')::DATE) AS period_end,
      rebates, promotion, logistics, other FROM read_csv('{data}/costs.csv', types = {{'period': 'VARCHAR'}});
    """)
    for name, make in (("pairs", pair), ("voids", void)):
        con.register("made", make(con))
        con.execute(f"CREATE TABLE {name} AS FROM made")
    con.execute("""
    CREATE TABLE days AS
    SELECT customer_id, order_date, count(DISTINCT order_id) FILTER (is_sale)::INT AS orders, count(*) FILTER (NOT is_return)::INT AS lines,
      sum(amount) AS net_sales, coalesce(sum(amount) FILTER (amount > 0), 0) AS gross_sales, sum(amount) - sum(coalesce(cost, 0)) AS margin,
      sum(quantity) AS units, sum(discount) FILTER (NOT is_return) AS discounts
    FROM lines GROUP BY ALL;
    CREATE TABLE cancelled AS
    SELECT customer_id, order_date, cancelled_on, sum(orders)::INT AS orders, sum(lines)::INT AS lines FROM voids GROUP BY ALL;
    """)
    return con


def pair(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Pair each return with the last open sale before it of as much of the same product to the same customer."""
    rows = con.execute("""
    WITH every AS (SELECT line, customer_id, coalesce(product, '') AS product, abs(quantity) AS quantity, abs(amount) AS amount, order_id, order_date, is_return
      FROM lines WHERE is_return OR is_sale),
    back AS (SELECT DISTINCT customer_id, product, quantity, amount FROM every WHERE is_return)
    SELECT every.* FROM every SEMI JOIN back USING (customer_id, product, quantity, amount)
    ORDER BY order_date, is_return, length(order_id), order_id
    """).df()
    paired_on, stacks, sold = {}, defaultdict(list), defaultdict(list)
    goods = zip(rows.customer_id, rows["product"], rows.quantity, rows.amount, strict=True)
    for key, line, day, is_return in zip(goods, rows.line, rows.order_date, rows.is_return, strict=True):
        if not is_return:
            stacks[key].append((line, day))
            sold[key].append(day)
        elif stacks[key] and not is_fee(sold[key]):
            sale, sold_on = stacks[key].pop()
            paired_on[sale], paired_on[line] = day, sold_on
    rows["paired_on"] = pd.to_datetime(rows.line.map(paired_on))
    return rows


def is_fee(sold: list[pd.Timestamp]) -> bool:
    """Say whether equal sales are a periodic fee: at least three, six days or more apart, the gaps alike."""
    gaps = [(later - day).days for day, later in pairwise(sold)]
    return len(sold) >= FEES and min(gaps) >= FEE_DAYS and max(gaps) * 2 <= min(gaps) * 3


def void(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return orders whose money was all taken back, with the day from which on they are none (and are again)."""
    events = con.execute("""
    WITH taken AS (SELECT customer_id, order_id, paired_on AS day, -amount AS money, 0 AS kept FROM pairs WHERE NOT is_return AND paired_on IS NOT NULL),
    kept AS (SELECT customer_id, order_id, order_date AS day, amount AS money, 1 AS kept FROM lines
      SEMI JOIN taken USING (customer_id, order_id) WHERE NOT is_return)
    SELECT customer_id, order_id, day, sum(money) AS money, sum(kept)::INT AS kept, min(day) FILTER (kept = 1 AND money > 0) AS placed
    FROM (FROM taken UNION ALL FROM kept) GROUP BY ALL ORDER BY customer_id, order_id, day
    """).fetchall()
    orders = defaultdict(list)
    for customer, order, *event in events:
        orders[customer, order].append(event)
    found = []
    for (customer, order), history in orders.items():
        net = lowest = lines = was = lines_were = 0
        placed = None
        for day, money, kept, sold_on in history:
            net, lines, placed = net + money, lines + kept, placed or sold_on
            lowest = min(lowest, net)
            off = net <= 0 and net == lowest
            lines_off = lines if off else 0
            if (off, lines_off) != (was, lines_were):
                found.append((customer, order, placed, day, int(off) - int(was), lines_off - lines_were))
            was, lines_were = off, lines_off
    names = ["customer_id", "order_id", "order_date", "cancelled_on", "orders", "lines"]
    return pd.DataFrame(found, columns=names).astype({"order_date": "datetime64[s]", "cancelled_on": "datetime64[s]"})


def stand_at(con: duckdb.DuckDBPyConnection, as_of: dt.date, *, seen: dt.date | None = None) -> None:
    """Make the view ``known``: days up to a date, less the orders cancelled by then; ``seen`` also shows what follows."""
    until = seen or as_of
    con.execute(f"""
    CREATE OR REPLACE TEMP VIEW known AS
    SELECT * EXCLUDE (gap), DATE '{as_of}' - order_date AS age, CASE WHEN orders > 0 THEN gap END AS gap FROM (
      SELECT *, order_date - lag(order_date) OVER (PARTITION BY customer_id, orders > 0 ORDER BY order_date) AS gap FROM (
        SELECT d.* REPLACE (d.orders - coalesce(c.orders, 0) AS orders, d.lines - coalesce(c.lines, 0) AS lines)
        FROM days d LEFT JOIN (SELECT customer_id, order_date, sum(orders) AS orders, sum(lines) AS lines FROM cancelled
          WHERE cancelled_on <= DATE '{until}' GROUP BY ALL) c USING (customer_id, order_date)
        WHERE d.order_date <= DATE '{until}'))
    """)


def snapshot(con: duckdb.DuckDBPyConnection, as_of: dt.date) -> pd.DataFrame:
    """Return one row per customer with any row by the date: what the order days tell of each."""
    stand_at(con, as_of)
    windows = ", ".join(
        f"coalesce(sum({what}) FILTER (age >= {first} AND age < {first + days}), 0)::{kind} AS {what}_{days}_days{end}"
        for what, kind in (("orders", "BIGINT"), ("net_sales", "DOUBLE"), ("margin", "DOUBLE"))
        for first, end in ((0, ""), (365, "_last_year"))
        for days in WINDOWS
    )
    return con.execute(f"""
    WITH sums AS (
      SELECT customer_id, min(order_date) FILTER (orders > 0) AS first_order_date, max(order_date) FILTER (orders > 0) AS last_order_date,
        sum(orders)::BIGINT AS orders, count(*) FILTER (orders > 0) AS order_days,
        count(DISTINCT date_trunc('month', order_date)) FILTER (orders > 0) AS order_months,
        sum(net_sales)::DOUBLE AS net_sales, sum(gross_sales)::DOUBLE AS gross_sales, sum(gross_sales - net_sales)::DOUBLE AS returns,
        sum(margin)::DOUBLE AS margin, round(sum(discounts), 2) AS discounts, sum(lines) AS lines, sum(units) AS units,
        avg(gap) AS gap_days, median(gap) AS median_gap_days, stddev_samp(gap) AS gap_days_spread, {windows},
        coalesce(sum(net_sales) FILTER (age >= 180 AND age < 360), 0)::DOUBLE AS half_before,
        coalesce(sum(orders) FILTER (age >= 275 AND age < 365), 0)::BIGINT AS orders_next_90_days_last_year,
        coalesce(sum(gross_sales - net_sales) FILTER (age < 365), 0)::DOUBLE AS returns_365_days,
        coalesce(sum(gross_sales - net_sales) FILTER (age >= 365 AND age < 730), 0)::DOUBLE AS returns_365_days_last_year,
        coalesce(round(sum(discounts) FILTER (age < 365), 2), 0) AS discounts_365_days,
        coalesce(sum(gross_sales) FILTER (age < 365), 0)::DOUBLE AS gross_365
      FROM known GROUP BY customer_id)
    SELECT DATE '{as_of}' AS as_of, *, returns / nullif(gross_sales, 0) AS returns_share,
      discounts / nullif(gross_sales + discounts, 0) AS discount_share,
      discounts_365_days / nullif(gross_365 + discounts_365_days, 0) AS discount_share_365_days,
      DATE '{as_of}' - last_order_date AS days_since_last_order, DATE '{as_of}' - first_order_date AS tenure_days,
      (gap_days - gap_days_spread) / (gap_days + gap_days_spread) AS regularity,
      (DATE '{as_of}' - last_order_date) / gap_days AS silence_ratio,
      CASE WHEN orders > 0 THEN net_sales / orders END AS net_sales_per_order,
      CASE WHEN orders > 0 THEN lines / orders END AS lines_per_order, CASE WHEN orders > 0 THEN units / orders END AS units_per_order,
      CASE WHEN net_sales_365_days_last_year > 0 AND DATE '{as_of}' - first_order_date >= 730
        THEN (net_sales_365_days - net_sales_365_days_last_year) / net_sales_365_days_last_year END AS net_sales_change,
      (greatest(net_sales_180_days, 0) - greatest(half_before, 0))
        / nullif(greatest(net_sales_180_days, 0) + greatest(half_before, 0), 0) AS net_sales_trend
    FROM sums ORDER BY customer_id
    """).df()


def goods(con: duckdb.DuckDBPyConnection, as_of: dt.date) -> pd.DataFrame:
    """Return breadth, concentration, novelty and price against peers of the 365 days up to a date."""
    first = as_of - dt.timedelta(days=364)

    def breadth(what: str, plural: str) -> str:
        return f"""SELECT customer_id, count(*) AS {plural}_365_days, max(net) / sum(net) AS largest_{what}_share_365_days,
          sum(net * net) / sum(net) ** 2 AS {what}_concentration_365_days
        FROM (SELECT customer_id, {what}, sum(amount)::DOUBLE AS net FROM year WHERE {what} IS NOT NULL GROUP BY ALL HAVING net > 0) GROUP BY ALL"""

    return con.execute(f"""
    WITH year AS (FROM lines WHERE order_date BETWEEN DATE '{first}' AND DATE '{as_of}'),
    spent AS (SELECT customer_id, product, sum(amount) AS paid, sum(quantity) AS units FROM (
      SELECT customer_id, product, amount, quantity FROM year WHERE NOT is_return AND product IS NOT NULL
      UNION ALL SELECT customer_id, product, -amount, -quantity FROM pairs
      WHERE NOT is_return AND paired_on <= DATE '{as_of}' AND order_date >= DATE '{first}' AND product <> '') GROUP BY ALL),
    old AS (SELECT DISTINCT product FROM lines WHERE NOT is_return AND product IS NOT NULL AND order_date < DATE '{first}'),
    novel AS (SELECT customer_id, sum(paid) AS paid, coalesce(sum(paid) FILTER (product NOT IN (FROM old)), 0) AS fresh FROM spent GROUP BY ALL),
    bought AS (FROM spent WHERE units > 0 AND paid > 0),
    peers AS (SELECT product, sum(paid) AS all_paid, sum(units) AS all_units FROM bought GROUP BY ALL HAVING count(*) > 1),
    price AS (SELECT customer_id, sum(paid)::DOUBLE / sum(units::DOUBLE * (all_paid - paid)::DOUBLE / (all_units - units)::DOUBLE)
      AS price_against_peers_365_days FROM bought JOIN peers USING (product) GROUP BY ALL)
    SELECT customer_id, p.* EXCLUDE (customer_id), c.* EXCLUDE (customer_id), price_against_peers_365_days,
      CASE WHEN novel.paid > 0 AND (SELECT min(order_date) FROM lines) <= DATE '{first}' - 365 THEN (fresh / novel.paid)::DOUBLE END AS new_products_share_365_days
    FROM (SELECT DISTINCT customer_id FROM year) LEFT JOIN ({breadth("product", "products")}) p USING (customer_id)
      LEFT JOIN ({breadth("category", "categories")}) c USING (customer_id) LEFT JOIN novel USING (customer_id) LEFT JOIN price USING (customer_id)
    """).df()


def payments(con: duckdb.DuckDBPyConnection, as_of: dt.date) -> pd.DataFrame:
    """Return how each customer had paid by a date; what is paid later is not paid."""
    return con.execute(f"""
    WITH known AS (SELECT customer_id, amount, is_return, paid_date, CASE WHEN is_return THEN coalesce(due_date, order_date) ELSE due_date END AS due,
        CASE WHEN paid_date <= DATE '{as_of}' THEN coalesce(paid_amount, amount) ELSE 0 END AS paid
      FROM lines WHERE order_date <= DATE '{as_of}'),
    sums AS (SELECT customer_id, sum(amount) FILTER (due <= DATE '{as_of}')::DOUBLE AS invoiced, sum(paid) FILTER (due <= DATE '{as_of}')::DOUBLE AS paid,
        coalesce(sum(amount - paid) FILTER (due < DATE '{as_of}'), 0)::DOUBLE AS owed,
        sum(paid::DOUBLE * (paid_date - due)) FILTER (NOT is_return AND paid > 0) AS late, sum(paid) FILTER (NOT is_return AND paid > 0)::DOUBLE AS weight
      FROM known WHERE due IS NOT NULL GROUP BY ALL)
    SELECT customer_id, CASE WHEN invoiced > 0 THEN paid / invoiced END AS collection_rate, late / weight AS days_late, greatest(owed, 0) AS overdue_amount FROM sums
    """).df()


def service(con: duckdb.DuckDBPyConnection, as_of: dt.date) -> pd.DataFrame:
    """Return contacts and costs of each customer in the 365 days up to a date."""
    return con.execute(f"""
    WITH seen AS (SELECT customer_id, count(*) FILTER (contact_date > DATE '{as_of}' - 365) AS contacts_365_days,
        sum(hours) FILTER (contact_date > DATE '{as_of}' - 365) AS contact_hours_365_days,
        sum(cost) FILTER (contact_date > DATE '{as_of}' - 365) AS contact_cost_365_days, DATE '{as_of}' - max(contact_date) AS days_since_last_contact
      FROM contacts WHERE contact_date <= DATE '{as_of}' GROUP BY ALL),
    spent AS (SELECT customer_id, sum(rebates + promotion + logistics + other) AS costs_365_days FROM costs
      WHERE period_end <= DATE '{as_of}' AND period_end > DATE '{as_of}' - 365 GROUP BY ALL)
    FROM seen FULL JOIN spent USING (customer_id)
    """).df()


def customers(con: duckdb.DuckDBPyConnection, as_of: dt.date) -> pd.DataFrame:
    """Return one row per customer with all that orders, payments, contacts and costs tell."""
    table = snapshot(con, as_of)
    for more in (goods, payments, service):
        table = table.merge(more(con, as_of), on="customer_id", how="left")
    zero = [
        "products_365_days",
        "categories_365_days",
        "contacts_365_days",
        "contact_hours_365_days",
        "contact_cost_365_days",
        "costs_365_days",
    ]
    table[zero] = table[zero].fillna(0)
    table["cost_to_serve_365_days"] = table.contact_cost_365_days + table.costs_365_days
    return table


def tables(con: duckdb.DuckDBPyConnection, as_of: dt.date) -> dict[str, pd.DataFrame]:
    """Return the tables that every page reads."""
    made = {"customers": customers(con, as_of)}
    stand_at(con, as_of)
    made["order_days"] = con.execute("SELECT * FROM known WHERE orders > 0 ORDER BY customer_id, order_date").df()
    made["months"] = (
        con.execute("""SELECT customer_id, date_trunc('month', order_date) AS month, sum(orders) AS orders, sum(net_sales)::DOUBLE AS net_sales,
      sum(gross_sales - net_sales)::DOUBLE AS returns, sum(margin)::DOUBLE AS margin FROM known GROUP BY ALL ORDER BY customer_id, month""").df()
    )
    made["mix"] = con.execute("""
    WITH gone AS (SELECT customer_id, order_id FROM voids GROUP BY ALL HAVING sum(orders) > 0)
    SELECT customer_id, coalesce(category, '') AS category, count(DISTINCT order_id) FILTER (is_sale AND gone.order_id IS NULL) AS orders,
      sum(amount)::DOUBLE AS net_sales, sum(amount - coalesce(cost, 0))::DOUBLE AS margin
    FROM lines LEFT JOIN gone USING (customer_id, order_id) GROUP BY ALL ORDER BY customer_id, category""").df()
    made["set_aside"] = (
        con.execute("""SELECT 'orders.parquet' AS file, line, 'customer_missing' AS rule, 'customer_id' AS "column", NULL AS value, amount,
      customer_id, order_id, order_date::VARCHAR AS order_date, product FROM source WHERE customer_id IS NULL ORDER BY line""").df()
    )
    made["quality"] = con.execute("""
    WITH repeated AS (SELECT * EXCLUDE (line, file_row_number), count(*) - 1 AS more FROM source WHERE customer_id IS NOT NULL GROUP BY ALL HAVING count(*) > 1)
    SELECT 'customer_missing' AS rule, 'set_aside' AS action, count(*) AS rows, sum(amount)::DOUBLE AS amount FROM source WHERE customer_id IS NULL
    UNION ALL SELECT 'return', 'accepted', count(*), sum(amount)::DOUBLE FROM lines WHERE is_return
    UNION ALL SELECT 'duplicate_kept', 'accepted', sum(more)::INT, sum(more * amount)::DOUBLE FROM repeated
    UNION ALL SELECT 'amount_zero', 'accepted', count(*), sum(amount)::DOUBLE FROM lines WHERE amount = 0""").df()
    return made
