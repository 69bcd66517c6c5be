"""The data that ships is what data/README.md says it is, and its script still makes it."""

import datetime as dt
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[1]
WHOLESALE = ROOT / "data" / "wholesale"
TRUTH = ROOT / "tests" / "reference" / "wholesale_truth.parquet"
AS_OF = dt.date(2026, 6, 30)


def to_fen(column):
    """Return a decimal column as integer fen; fails where there are more than two decimals."""
    return pc.multiply(column, pa.scalar(Decimal(100))).cast(pa.int64()).to_numpy()


@pytest.fixture(scope="module")
def lines():
    return pq.read_table(WHOLESALE / "orders.parquet")


@pytest.fixture(scope="module")
def orders(lines):
    """Order lines with money in integer fen and the discount in thousandths."""
    table = lines.select(["customer_id", "order_id", "order_date", "product", "quantity"]).to_pandas()
    for column in ["unit_price", "amount", "cost", "paid_amount"]:
        table[column] = to_fen(lines[column])
    table["discount"] = pc.multiply(lines["discount"], pa.scalar(Decimal(1000))).cast(pa.int64()).to_numpy()
    for column in ["due_date", "paid_date"]:
        table[column] = lines[column].to_pandas()
    return table


@pytest.fixture(scope="module")
def accounts():
    return pd.read_csv(WHOLESALE / "accounts.csv")


@pytest.fixture(scope="module")
def truth():
    return pd.read_parquet(TRUTH)


def test_order_lines_have_the_columns_and_types_of_the_dictionary(lines):
    assert {field.name: str(field.type) for field in lines.schema} == {
        "customer_id": "string",
        "order_id": "string",
        "order_date": "date32[day]",
        "product": "string",
        "category": "string",
        "quantity": "int32",
        "unit_price": "decimal128(12, 2)",
        "discount": "decimal128(4, 3)",
        "amount": "decimal128(14, 2)",
        "cost": "decimal128(14, 2)",
        "due_date": "date32[day]",
        "paid_date": "date32[day]",
        "paid_amount": "decimal128(14, 2)",
    }
    assert lines.num_rows == 306_565
    assert len(lines["category"].unique()) == 8


def test_amount_is_the_net_value_of_the_line(orders):
    exact = orders["quantity"].abs() * orders["unit_price"] * (1000 - orders["discount"])
    rounded = (exact + 500) // 1000
    assert (orders["amount"].abs() == rounded).all()
    assert (orders["amount"] * orders["quantity"] >= 0).all()


def test_cost_is_a_whole_number_of_fen_per_piece_with_the_sign_of_the_quantity(orders):
    assert (orders["cost"] % orders["quantity"] == 0).all()
    assert (orders["cost"] // orders["quantity"] > 0).all()


def test_totals_are_those_of_the_readme(orders):
    assert orders["amount"].sum() == 33_012_280_813
    assert orders["cost"].sum() == 23_642_111_079


def test_nothing_happened_after_the_as_of_date(orders):
    assert orders["order_date"].min() == dt.date(2022, 7, 1)
    assert orders["order_date"].max() == AS_OF
    assert orders["paid_date"].dropna().max() <= AS_OF
    for file, column in [("accounts", "since"), ("contacts", "date"), ("costs", "period")]:
        assert pd.read_csv(WHOLESALE / f"{file}.csv")[column].max() <= AS_OF.isoformat()


def test_returns_have_their_own_orders(orders):
    is_return = orders["order_id"].str.startswith("R")
    assert ((orders["quantity"] < 0) == is_return).all()
    assert is_return.sum() == 10_817
    share = -orders.loc[is_return, "amount"].sum() / orders.loc[~is_return, "amount"].sum()
    assert 0.02 < share < 0.04


def test_an_order_has_one_customer_and_one_day(orders):
    of_order = orders.fillna({"customer_id": "cash"}).groupby("order_id")
    assert (of_order["customer_id"].nunique() == 1).all()
    assert (of_order["order_date"].nunique() == 1).all()


def test_oddities_are_as_many_as_the_readme_says(lines, orders):
    assert lines["customer_id"].null_count == 60
    assert lines.num_rows - lines.group_by(lines.column_names).aggregate([]).num_rows == 40
    assert (orders["unit_price"] == 0).sum() == 24


def test_payments_are_whole_half_or_none(orders):
    unpaid = orders["paid_date"].isna()
    assert unpaid.sum() == 11_209
    assert (orders.loc[unpaid, "paid_amount"] == 0).all()
    part = ~unpaid & (orders["paid_amount"] != orders["amount"])
    assert part.sum() == 3_409
    assert ((orders["paid_amount"] * 2 - orders["amount"]).abs()[part] <= 1).all()
    assert (orders["paid_date"][~unpaid] >= orders["order_date"][~unpaid]).all()


def test_the_discontinued_line_is_not_sold_after_its_end(orders):
    sold = orders[orders["product"].str.startswith("AME-9") & (orders["quantity"] > 0)]
    assert sold["order_date"].max() <= dt.date(2025, 3, 31)


def test_spend_is_heavy_tailed(orders):
    spend = orders.groupby("customer_id")["amount"].sum().sort_values(ascending=False)
    assert 0.70 < spend.head(len(spend) // 5).sum() / spend.sum() < 0.82


def test_accounts_are_unique_and_cover_the_customers(orders, accounts):
    assert len(accounts) == 1500
    assert accounts["customer_id"].is_unique
    assert accounts["name"].is_unique
    buyers = set(orders["customer_id"].dropna())
    assert len(buyers) == 1352
    assert buyers < set(accounts["customer_id"])


def test_chains_have_a_head_that_buys_and_two_to_twelve_shops(orders, accounts):
    shops = accounts.groupby("parent_id").size()
    assert len(shops) == 40
    assert shops.between(2, 12).all()
    assert set(shops.index) <= set(orders["customer_id"].dropna())
    heads = accounts[accounts["customer_id"].isin(shops.index)]
    assert heads["parent_id"].isna().all()


def test_account_columns_hold_only_known_values(accounts):
    assert set(accounts["kind"]) == {"business", "organisation", "consumer"}
    assert accounts["satisfaction"].dropna().between(1, 10).all()
    assert (accounts["complaints"] >= 0).all()
    assert (accounts["wallet"].dropna() > 0).all()


@pytest.mark.parametrize(
    ("file", "rows", "key", "money"),
    [
        ("contacts", 13_115, None, ["cost"]),
        ("costs", 23_415, ["customer_id", "period"], ["rebates", "promotion", "logistics", "other"]),
        ("targets", 463, ["customer_id", "period"], ["sales_target"]),
    ],
)
def test_side_tables_fit_the_accounts(accounts, file, rows, key, money):
    table = pd.read_csv(WHOLESALE / f"{file}.csv", dtype=str)
    assert len(table) == rows
    assert set(table["customer_id"]) <= set(accounts["customer_id"])
    assert key is None or not table.duplicated(key).any()
    for column in money:
        assert table[column].str.fullmatch(r"\d+\.\d\d").all()


def test_truth_has_one_row_per_account_and_agrees_with_the_orders(orders, accounts, truth):
    assert truth["customer_id"].tolist() == accounts["customer_id"].tolist()
    prospect = truth["latent_class"] == "prospect"
    assert set(truth.loc[~prospect, "customer_id"]) == set(orders["customer_id"].dropna())
    assert truth.loc[~prospect, "reorder_90_probability"].between(0, 1).all()
    assert truth.loc[prospect, "reorder_90_probability"].isna().all()
    dead = truth[truth["alive_at_end"] == False]  # noqa: E712  (null for prospects)
    assert (dead["reorder_90_probability"] == 0).all()
    last_sale = orders[orders["quantity"] > 0].groupby("customer_id")["order_date"].max()
    assert (dead["customer_id"].map(last_sale) < dead["death_date"]).all()


def test_the_truth_does_not_lie_beside_the_data():
    assert not list((ROOT / "data").rglob("*truth*"))


def test_the_script_makes_the_shipped_files_again(tmp_path):
    subprocess.run([sys.executable, WHOLESALE / "make.py", tmp_path], check=True, timeout=120)
    for name in ["accounts", "contacts", "costs", "targets"]:
        assert (tmp_path / f"{name}.csv").read_bytes() == (WHOLESALE / f"{name}.csv").read_bytes()
    for shipped in [WHOLESALE / "orders.parquet", TRUTH]:
        made = tmp_path / shipped.name
        assert pq.read_table(made).equals(pq.read_table(shipped))
        # another pyarrow writes the same table in other bytes
        if pq.read_metadata(made).created_by == pq.read_metadata(shipped).created_by:
            assert made.read_bytes() == shipped.read_bytes()


def test_cdnow_has_the_published_totals():
    cdnow = pd.read_csv(ROOT / "data" / "cdnow" / "orders.csv", dtype=str)
    assert cdnow.columns.tolist() == ["customer_id", "order_date", "quantity", "amount"]
    assert len(cdnow) == 69_659
    assert cdnow["customer_id"].nunique() == 23_570
    assert (cdnow["order_date"].min(), cdnow["order_date"].max()) == ("1997-01-01", "1998-06-30")
    assert cdnow["customer_id"].str.fullmatch(r"\d{5}").all()
    assert cdnow["amount"].str.fullmatch(r"\d+\.\d\d").all()
