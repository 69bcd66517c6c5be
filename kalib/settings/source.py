"""Where do the orders and the tables beside them lie, which header holds what, and how are they read?"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from kalib.settings.base import Strict, Texts, listed
from kalib.words.told import told


class Columns(Strict):
    """Which header of the source holds what: ours: theirs."""

    customer_id: str = Field(description="who buys")
    order_date: str = Field(description="day, or day and time, of the order")
    order_id: str | None = Field(
        default=None, description="the order a line belongs to; without it, one order per customer and day"
    )
    quantity: str | None = Field(
        default=None, description="units; with `unit_price` it makes the money where there is no `amount`"
    )
    unit_price: str | None = Field(default=None, description="price of one unit")
    amount: str | None = Field(default=None, description="money of the line, net; below 0 on returns")
    cost: str | None = Field(
        default=None, description="cost of the goods of the whole line; without it there is no margin"
    )
    product: str | None = Field(default=None, description="stock code")
    category: str | None = Field(default=None, description="product category; without it there is no `mix`")
    discount: str | None = Field(default=None, description="taken off the price; its unit is `read.discount`")
    currency: str | None = Field(default=None, description="currency of the row; needs `rates`")
    order_type: str | None = Field(default=None, description="tells sales from returns; see `read.return_types`")
    order_status: str | None = Field(default=None, description="what became of the order; see `read.left_out_statuses`")
    refund: str | None = Field(default=None, description="money given back of the line; taken off the amount")
    due_date: str | None = Field(default=None, description="day the invoice is due")
    paid_date: str | None = Field(default=None, description="day it was paid; empty while it is not")
    paid_amount: str | None = Field(default=None, description="money paid of it")

    @model_validator(mode="after")
    def _money(self) -> Columns:
        if self.amount is None and (self.quantity is None or self.unit_price is None):
            raise ValueError(told("money is missing: map `amount`, or both `quantity` and `unit_price`"))
        return self

    @property
    def mapped(self) -> dict[str, str]:
        """Return ours: theirs for the columns that are mapped."""
        return {ours: theirs for ours, theirs in self if theirs is not None}


class Reading(Strict):
    """What a file does not say itself; what is left out is found by evidence, or the file is refused."""

    date_format: str | None = Field(default=None, description='as in `"%d/%m/%Y"`, or `excel`')
    decimal: Literal[".", ","] | None = Field(default=None, description="decimal sign")
    encoding: str | None = Field(default=None, description="as in `gb18030`")
    delimiter: str | None = Field(default=None, description="sign between two values")
    sheet: Annotated[list[str] | None, BeforeValidator(listed)] = Field(
        default=None, description='of a workbook; `"*"` for all'
    )
    header_line: int | None = Field(default=None, ge=1, description="line of the headers, the first being 1")
    unit: Decimal | None = Field(
        default=None, gt=0, description="how much one of the money columns is, as in `10000` for 万元, `1000` for kEUR"
    )


class Read(Reading):
    """What only a file of orders may need to be told."""

    duplicates: Literal["keep", "drop", "judge"] = Field(
        default="judge", description="what exact repeats of a row are; `judge`: by evidence, and said"
    )
    discount: Literal["share", "money"] | None = Field(default=None, description="unit of `columns.discount`")
    service_products: Texts = Field(default_factory=list, description="stock codes that are no goods and are left out")
    return_types: Texts = Field(default_factory=list, description="values of `columns.order_type` that take money off")
    left_out_types: Texts = Field(
        default_factory=list, description="values of `columns.order_type` that are neither sales nor returns"
    )
    sale_types: Texts = Field(
        default_factory=list, description="values of `columns.order_type` that are sales, whatever they sound like"
    )
    return_statuses: Texts = Field(
        default_factory=list, description="values of `columns.order_status` that take money off"
    )
    left_out_statuses: Texts = Field(
        default_factory=list, description="values of `columns.order_status` of orders that are no sales"
    )
    sale_statuses: Texts = Field(
        default_factory=list, description="values of `columns.order_status` that are sales, whatever they sound like"
    )
    return_sources: Texts = Field(
        default_factory=list, description="sheets or files whose rows are returns; their money is taken off"
    )
    left_out_sources: Texts = Field(default_factory=list, description="sheets or files that are no orders")
    returned_orders: str | None = Field(
        default=None, description="sheet that lists the numbers of returned orders; these are left out"
    )
    order_pattern: str | None = Field(
        default=None, description="regular expression whose first group is the order number, as in `^(.+)-[0-9]+$`"
    )
    order_placeholders: Texts = Field(
        default_factory=list, description="values of `columns.order_id` that are no number of an order"
    )
    fill_down: bool | None = Field(
        default=None, description="whether blank customer, order and date stand for those of the row above"
    )
    hidden_rows: Literal["use", "leave_out"] = Field(default="use", description="hidden rows of a sheet")


class LeaveOut(Strict):
    """What of the source is no account of anybody's, and is left out and told."""

    customers: Texts = Field(default_factory=list, description="walk-in and cash customers, by their number")


class AccountsColumns(Strict):
    """Ours: theirs. What is not mapped is taken where it stands under our own name."""

    customer_id: str = Field(default="customer_id", description="whose row it is")
    parent_id: str | None = Field(default=None, description="the chain or group it belongs to")
    name: str | None = Field(default=None, description="what people call it")
    industry: str | None = Field(default=None, description="what it does")
    region: str | None = Field(default=None, description="where it is")
    kind: str | None = Field(default=None, description="as in consumer, business, organisation")
    manager: str | None = Field(default=None, description="who looks after it")
    since: str | None = Field(default=None, description="day it became an account")
    satisfaction: str | None = Field(default=None, description="last survey")
    complaints: str | None = Field(default=None, description="complaints in the year")
    wallet: str | None = Field(
        default=None, description="what it spends a year in our categories, with all suppliers, in currency"
    )
    followers: str | None = Field(default=None, description="how many follow it")
    referrals: str | None = Field(default=None, description="customers it brought")
    influence: str | None = Field(default=None, description="its standing in its industry")
    contract_end: str | None = Field(default=None, description="last day of its contract; blank where it is open")
    left: str | None = Field(default=None, description="yes or no: whether it has left, as the company says")
    left_on: str | None = Field(default=None, description="day on which it left")
    leaving_cause: str | None = Field(default=None, description="why it left, as a word or a code")


class ContactsColumns(Strict):
    """Ours: theirs, for visits and calls."""

    customer_id: str = Field(default="customer_id", description="who was met")
    contact_date: str = Field(default="date", description="day of the contact")
    kind: str | None = Field(default=None, description="as in visit, call")
    hours: str | None = Field(default=None, description="time spent")
    cost: str | None = Field(default=None, description="what it cost")


class CostsColumns(Strict):
    """Ours: theirs, for what accounts cost beside the goods."""

    customer_id: str = Field(default="customer_id", description="whose cost it is")
    period: str = Field(default="period", description="as in `2026`, `2026H1`, `2026Q3`, `2026-07`, or a day")
    rebates: str | None = Field(default=None, description="paid back")
    promotion: str | None = Field(default=None, description="spent on promotion")
    logistics: str | None = Field(default=None, description="spent on delivery")
    other: str | None = Field(default=None, description="all else it cost beside the goods")


class TargetsColumns(Strict):
    """Ours: theirs, for what accounts are planned to bring."""

    customer_id: str = Field(default="customer_id", description="whose plan it is")
    period: str = Field(default="period", description="as in `costs`")
    sales_target: str | None = Field(default=None, description="planned net sales")
    margin_target: str | None = Field(default=None, description="planned margin")
    orders_target: str | None = Field(default=None, description="planned orders")


class _Companion(Strict):
    """A table beside the orders: where it lies, which header holds what, how it is read."""

    source: Texts = Field(min_length=1, description="path, pattern or list of paths")
    read: Reading = Field(
        default_factory=Reading, description="as `read` for the orders: what the file does not say itself"
    )


class Accounts(_Companion):
    """One row per account."""

    columns: AccountsColumns = Field(
        default_factory=AccountsColumns, description="ours: theirs; a header that is called as ours need not be said"
    )


class Contacts(_Companion):
    """One row per visit or call."""

    columns: ContactsColumns = Field(
        default_factory=ContactsColumns, description="ours: theirs; a header that is called as ours need not be said"
    )


class Costs(_Companion):
    """One row per account and period."""

    columns: CostsColumns = Field(
        default_factory=CostsColumns, description="ours: theirs; a header that is called as ours need not be said"
    )


class Targets(_Companion):
    """One row per account and period."""

    columns: TargetsColumns = Field(
        default_factory=TargetsColumns, description="ours: theirs; a header that is called as ours need not be said"
    )


def named(value: object) -> object:
    """Take a path, or a list of them, for a table that needs no other setting."""
    return {"source": value} if isinstance(value, str | list) else value
