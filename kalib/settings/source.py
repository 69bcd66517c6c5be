"""Where do the orders and the tables beside them lie, which header holds what, and how are they read?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from kalib.settings.base import Strict, Texts, listed


class Columns(Strict):
    """Which header of the source holds what: ours: theirs."""

    customer_id: str
    order_date: str
    order_id: str | None = None
    quantity: str | None = None
    unit_price: str | None = None
    amount: str | None = None
    cost: str | None = None
    product: str | None = None
    category: str | None = None
    discount: str | None = None
    currency: str | None = None
    order_type: str | None = None
    due_date: str | None = None
    paid_date: str | None = None
    paid_amount: str | None = None

    @model_validator(mode="after")
    def _money(self) -> Columns:
        if self.amount is None and (self.quantity is None or self.unit_price is None):
            raise ValueError("money is missing: map `amount`, or both `quantity` and `unit_price`")
        return self

    @property
    def mapped(self) -> dict[str, str]:
        """Return ours: theirs for the columns that are mapped."""
        return {ours: theirs for ours, theirs in self if theirs is not None}


class Reading(Strict):
    """What a file does not say itself; what is left out is found by evidence, or the file is refused."""

    date_format: str | None = None
    decimal: Literal[".", ","] | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: Annotated[list[str] | None, BeforeValidator(listed)] = None
    header_line: int | None = Field(default=None, ge=1)


class Read(Reading):
    """What only a file of orders may need to be told."""

    duplicates: Literal["keep", "drop", "judge"] = "judge"
    discount: Literal["share", "money"] | None = None
    service_products: Texts = Field(default_factory=list)
    return_types: Texts = Field(default_factory=list)
    left_out_types: Texts = Field(default_factory=list)


class AccountsColumns(Strict):
    """Ours: theirs. What is not mapped is taken where it stands under our own name."""

    customer_id: str = "customer_id"
    parent_id: str | None = None
    name: str | None = None
    industry: str | None = None
    region: str | None = None
    kind: str | None = None
    manager: str | None = None
    since: str | None = None
    satisfaction: str | None = None
    complaints: str | None = None
    wallet: str | None = None
    followers: str | None = None
    referrals: str | None = None
    influence: str | None = None


class ContactsColumns(Strict):
    """Ours: theirs, for visits and calls."""

    customer_id: str = "customer_id"
    contact_date: str = "date"
    kind: str | None = None
    hours: str | None = None
    cost: str | None = None


class CostsColumns(Strict):
    """Ours: theirs, for what accounts cost beside the goods."""

    customer_id: str = "customer_id"
    period: str = "period"
    rebates: str | None = None
    promotion: str | None = None
    logistics: str | None = None
    other: str | None = None


class TargetsColumns(Strict):
    """Ours: theirs, for what accounts are planned to bring."""

    customer_id: str = "customer_id"
    period: str = "period"
    sales_target: str | None = None
    margin_target: str | None = None
    orders_target: str | None = None


class _Companion(Strict):
    """A table beside the orders: where it lies, which header holds what, how it is read."""

    source: Texts = Field(min_length=1)
    read: Reading = Field(default_factory=Reading)


class Accounts(_Companion):
    """One row per account."""

    columns: AccountsColumns = Field(default_factory=AccountsColumns)


class Contacts(_Companion):
    """One row per visit or call."""

    columns: ContactsColumns = Field(default_factory=ContactsColumns)


class Costs(_Companion):
    """One row per account and period."""

    columns: CostsColumns = Field(default_factory=CostsColumns)


class Targets(_Companion):
    """One row per account and period."""

    columns: TargetsColumns = Field(default_factory=TargetsColumns)


def named(value: object) -> object:
    """Take a path, or a list of them, for a table that needs no other setting."""
    return {"source": value} if isinstance(value, str | list) else value
