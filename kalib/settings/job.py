"""What does a job file say in all?"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from babel.numbers import get_currency_precision
from pydantic import BeforeValidator, Field, field_validator, model_validator

from kalib.errors import nearest
from kalib.settings.base import Strict, listed
from kalib.settings.campaign import CampaignSettings
from kalib.settings.leaving import LeavingSettings
from kalib.settings.migration import MigrationSettings
from kalib.settings.pareto import ParetoSettings
from kalib.settings.rfm import RfmSettings
from kalib.settings.scorecard import ScorecardSettings
from kalib.settings.source import Accounts, Columns, Contacts, Costs, LeaveOut, Read, Targets, named
from kalib.settings.tiers import TierSettings
from kalib.words.told import told


class Tolerance(Strict):
    """By how much a run may differ from the last published one before its data is refused; 1 lets any loss pass."""

    rows: float = Field(default=0.3, ge=0, le=1, description="share of the rows that may be gone")
    customers: float = Field(default=0.3, ge=0, le=1, description="share of the customers that may be gone")
    money: float = Field(default=0.3, ge=0, le=1, description="share of the net sales that may be gone")
    set_aside: float = Field(default=0.1, ge=0, le=1, description="by how much the share of rows set aside may grow")


def _tolerated(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return dict.fromkeys(Tolerance.model_fields, value)
    return value


Action = Literal["accepted", "repaired", "set_aside", "refused"]


class Job(Strict):
    """Every choice of a report job, as its YAML file has it; CONTRACT names are never changed.

    Attributes hold what the file says; paths are resolved by ``path``. ``root`` is the folder that relative paths
    start from: the folder of the job file, or its parent if that folder is called ``jobs``.
    """

    job: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_\-]*$", description="name of the report's folder")
    title: dict[str, str] | str | None = Field(
        default=None, description="how the pages call it, one text or one per language"
    )
    note: dict[str, str] | str | None = Field(default=None, description="said beside the title on every page")
    source: Annotated[list[str], BeforeValidator(listed)] = Field(
        min_length=1, description="orders: path, pattern, folder, list of paths, or the address of a database"
    )
    table: str | None = Field(default=None, description="of a database")
    query: str | None = Field(default=None, description="of a database, instead of `table`")
    columns: Columns = Field(description="ours: theirs; which header of the orders holds what")
    read: Read = Field(default_factory=Read, description="only what the file does not say itself")
    accounts: Annotated[Accounts | None, BeforeValidator(named)] = Field(
        default=None, description="table with a row per customer: a path, or `source:`, `columns:` and `read:`"
    )
    contacts: Annotated[Contacts | None, BeforeValidator(named)] = Field(
        default=None, description="table with a row per visit or call"
    )
    costs: Annotated[Costs | None, BeforeValidator(named)] = Field(
        default=None, description="table with a row per customer and period"
    )
    targets: Annotated[Targets | None, BeforeValidator(named)] = Field(
        default=None, description="table of plans; read and judged, used by no page yet"
    )
    rules: dict[str, Action] = Field(default_factory=dict, description="what a rule of docs/rules.md does")
    settled: dict[str, str] = Field(
        default_factory=dict,
        description="what the owner answered to a doubt of docs/rules.md, as in `{rows_twice: once}`",
    )
    leave_out: LeaveOut = Field(default_factory=LeaveOut, description="customers that are left out, and told")
    rates: dict[str, Decimal] = Field(
        default_factory=dict, description="what one unit of a currency is worth in `currency`"
    )
    engine: str | None = Field(default=None, description="`spark://...` for orders that outgrow one machine")
    level: Literal["customer", "parent"] = Field(
        default="customer", description="whom an account is: the customer, or its top parent"
    )
    tolerance: Annotated[Tolerance, BeforeValidator(_tolerated)] = Field(
        default_factory=Tolerance,
        description="by how much the data may shrink since the last run; one number for all, 1 for any",
    )
    as_of: dt.date | None = Field(default=None, description="snapshot date; without it, the day of the last order")
    horizon_days: int | None = Field(
        default=None,
        ge=7,
        le=730,
        description="days ahead in which no order means churn; without it, chosen from the data once and kept",
    )
    active_days: int | None = Field(
        default=None,
        ge=30,
        le=1825,
        description="days of silence after which a customer counts no more; without it, chosen once and kept",
    )
    value_months: int = Field(
        default=36,
        ge=1,
        le=240,
        description="months that lifetime value looks ahead; default 36: three years, beyond which little of a forecast holds",
    )
    discount_rate: float = Field(
        default=0.10,
        ge=0,
        le=1,
        description="by how much money a year from now is worth less, per year, compounded; default .1: the company's cost of capital goes here",
    )
    interval: float = Field(default=0.80, gt=0, lt=1, description="share of outcomes that an interval holds")
    currency: str = Field(default="XXX", pattern=r"^[A-Z]{3}$", description="ISO code of the money; `XXX` shows none")
    language: Annotated[list[Literal["en", "zh"]], BeforeValidator(listed)] = Field(
        default=["en"], min_length=1, description="of the pages; the first is that of the Excel file"
    )
    timezone: str = Field(default="UTC", description="in which a day begins and ends")
    tier_names: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="own names of tiers by code and language, as in `{key: {en: Gold, zh: 金牌}}`"
    )
    rfm: RfmSettings = Field(default_factory=RfmSettings, description="scores and segments")
    pareto: ParetoSettings = Field(default_factory=ParetoSettings, description="classes and concentration")
    tiers: TierSettings = Field(
        default_factory=TierSettings, description="what tiers are made of and how many there are"
    )
    scorecard: ScorecardSettings = Field(default_factory=ScorecardSettings, description="the key-account score")
    migration: MigrationSettings = Field(default_factory=MigrationSettings, description="which dates are compared")
    leaving: LeavingSettings = Field(default_factory=LeavingSettings, description="what counts as having left")
    campaign: CampaignSettings = Field(
        default_factory=CampaignSettings,
        description="what acting on those who may leave costs, and how often it succeeds",
    )
    notebooks: str | None = Field(default=None, description="folder of own notebooks, which join the run")
    parameters: dict[str, dict[str, str | int | float | bool]] = Field(
        default_factory=dict, description="values for parameters of a notebook, as in `{rfm: {name: value}}`"
    )

    file: Path = Field(exclude=True)

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        from zoneinfo import available_timezones

        if value not in available_timezones():
            raise ValueError(told("no such time zone; {hint}", hint=nearest(value, available_timezones())))
        return value

    @field_validator("currency")
    @classmethod
    def _two_decimals(cls, value: str) -> str:
        if get_currency_precision(value) > 2:
            raise ValueError(told("money is kept to two decimals, and this currency has more; report in its thousands"))
        return value

    @field_validator("rates")
    @classmethod
    def _rates(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        for code, rate in value.items():
            if not re.fullmatch("[A-Z]{3}", code):
                raise ValueError(
                    told("`{code}` is no currency; write its three capital letters, as in `USD: 0.79`", code=code)
                )
            if not rate.is_finite() or rate <= 0:
                raise ValueError(
                    told(
                        "the rate of {code} must be above 0: it says how much of `currency` one unit of it is worth",
                        code=code,
                    )
                )
        return value

    @model_validator(mode="after")
    def _whole(self) -> Job:
        if self.level == "parent" and not self.accounts:
            raise ValueError(told("`level: parent` needs `accounts:` with a column parent_id"))
        if self.rates and self.columns.currency is None:
            raise ValueError(
                told("`rates:` needs `columns: {{currency: ...}}`, the column that says each row's currency")
            )
        if self.rates and self.currency == "XXX":
            raise ValueError(told("`rates:` needs `currency:`, the currency that they convert to"))
        if (self.read.return_types or self.read.left_out_types) and self.columns.order_type is None:
            raise ValueError(told("`read.return_types` and `read.left_out_types` need `columns: {{order_type: ...}}`"))
        if (self.read.return_statuses or self.read.left_out_statuses) and self.columns.order_status is None:
            raise ValueError(
                told("`read.return_statuses` and `read.left_out_statuses` need `columns: {{order_status: ...}}`")
            )
        return self

    @property
    def root(self) -> Path:
        """Return the folder that the job's relative paths start from."""
        folder = self.file.resolve().parent
        return folder.parent if folder.name == "jobs" else folder

    def path(self, text: str) -> Path:
        """Return a path of the job file as an absolute one."""
        path = Path(text).expanduser()
        return path if path.is_absolute() else self.root / path

    def text(self, what: Literal["title", "note"], language: str) -> str | None:
        """Return the job's title or note in ``language``: the given one, else the first there is."""
        value = getattr(self, what)
        if isinstance(value, dict):
            return value.get(language) or next(iter(value.values()), None)
        return value or (self.job if what == "title" else None)

    def names(self, language: str) -> dict[str, str]:
        """Return the job's own names of tiers and segments as words, by dotted key."""
        tiers = {f"codes.tier.{code}": by[language] for code, by in self.tier_names.items() if language in by}
        return tiers | self.rfm.names(language)
