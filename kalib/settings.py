"""What does the job file say? Read once, checked once; every message names the file, the line and the remedy."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, get_args

import yaml
from babel.numbers import get_currency_precision
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from kalib.errors import SettingsError, nearest


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Columns(_Strict):
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


Texts = Annotated[list[str], BeforeValidator(_listed)]


class Reading(_Strict):
    """What a file does not say itself; what is left out is found by evidence, or the file is refused."""

    date_format: str | None = None
    decimal: Literal[".", ","] | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: Annotated[list[str] | None, BeforeValidator(_listed)] = None
    header_line: int | None = Field(default=None, ge=1)


class Read(Reading):
    """What only a file of orders may need to be told."""

    duplicates: Literal["keep", "drop", "judge"] = "judge"
    discount: Literal["share", "money"] | None = None
    service_products: Texts = Field(default_factory=list)
    return_types: Texts = Field(default_factory=list)
    left_out_types: Texts = Field(default_factory=list)


class AccountsColumns(_Strict):
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


class ContactsColumns(_Strict):
    """Ours: theirs, for visits and calls."""

    customer_id: str = "customer_id"
    contact_date: str = "date"
    kind: str | None = None
    hours: str | None = None
    cost: str | None = None


class CostsColumns(_Strict):
    """Ours: theirs, for what accounts cost beside the goods."""

    customer_id: str = "customer_id"
    period: str = "period"
    rebates: str | None = None
    promotion: str | None = None
    logistics: str | None = None
    other: str | None = None


class TargetsColumns(_Strict):
    """Ours: theirs, for what accounts are planned to bring."""

    customer_id: str = "customer_id"
    period: str = "period"
    sales_target: str | None = None
    margin_target: str | None = None
    orders_target: str | None = None


class _Companion(_Strict):
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


def _named(value: object) -> object:
    return {"source": value} if isinstance(value, str | list) else value


class Tolerance(_Strict):
    """By how much a run may differ from the last published one before its data is refused; 1 lets any loss pass."""

    rows: float = Field(default=0.3, ge=0, le=1)
    customers: float = Field(default=0.3, ge=0, le=1)
    money: float = Field(default=0.3, ge=0, le=1)
    set_aside: float = Field(default=0.1, ge=0, le=1)


def _tolerated(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return dict.fromkeys(Tolerance.model_fields, value)
    return value


Action = Literal["accepted", "repaired", "set_aside", "refused"]


class Job(_Strict):
    """Every choice of a report job, as its YAML file has it; CONTRACT names are never changed.

    Attributes hold what the file says; paths are resolved by ``path``. ``root`` is the folder that relative paths
    start from: the folder of the job file, or its parent if that folder is called ``jobs``.
    """

    job: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_\-]*$")
    title: dict[str, str] | str | None = None
    note: dict[str, str] | str | None = None
    source: Annotated[list[str], BeforeValidator(_listed)] = Field(min_length=1)
    table: str | None = None
    query: str | None = None
    columns: Columns
    read: Read = Field(default_factory=Read)
    accounts: Annotated[Accounts | None, BeforeValidator(_named)] = None
    contacts: Annotated[Contacts | None, BeforeValidator(_named)] = None
    costs: Annotated[Costs | None, BeforeValidator(_named)] = None
    targets: Annotated[Targets | None, BeforeValidator(_named)] = None
    rules: dict[str, Action] = Field(default_factory=dict)
    rates: dict[str, Decimal] = Field(default_factory=dict)
    engine: str | None = None
    level: Literal["customer", "parent"] = "customer"
    tolerance: Annotated[Tolerance, BeforeValidator(_tolerated)] = Field(default_factory=Tolerance)
    as_of: dt.date | None = None
    horizon_days: int | None = Field(default=None, ge=7, le=730)
    active_days: int | None = Field(default=None, ge=30, le=1825)
    value_months: int = Field(default=36, ge=1, le=240)
    discount_rate: float = Field(default=0.10, ge=0, le=1)
    interval: float = Field(default=0.80, gt=0, lt=1)
    currency: str = Field(default="XXX", pattern=r"^[A-Z]{3}$")
    language: Annotated[list[Literal["en", "zh"]], BeforeValidator(_listed)] = Field(default=["en"], min_length=1)
    timezone: str = "UTC"
    tier_names: dict[str, dict[str, str]] = Field(default_factory=dict)
    notebooks: str | None = None
    parameters: dict[str, dict[str, str | int | float | bool]] = Field(default_factory=dict)

    file: Path = Field(exclude=True)

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        from zoneinfo import available_timezones

        if value not in available_timezones():
            raise ValueError(f"no such time zone; {nearest(value, available_timezones())}")
        return value

    @field_validator("currency")
    @classmethod
    def _two_decimals(cls, value: str) -> str:
        if get_currency_precision(value) > 2:
            raise ValueError("money is kept to two decimals, and this currency has more; report in its thousands")
        return value

    @field_validator("rates")
    @classmethod
    def _rates(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        for code, rate in value.items():
            if not re.fullmatch("[A-Z]{3}", code):
                raise ValueError(f"`{code}` is no currency; write its three capital letters, as in `USD: 0.79`")
            if not rate.is_finite() or rate <= 0:
                raise ValueError(
                    f"the rate of {code} must be above 0: it says how much of `currency` one unit of it is worth"
                )
        return value

    @model_validator(mode="after")
    def _whole(self) -> Job:
        if self.level == "parent" and not self.accounts:
            raise ValueError("`level: parent` needs `accounts:` with a column parent_id")
        if self.rates and self.columns.currency is None:
            raise ValueError("`rates:` needs `columns: {currency: ...}`, the column that says each row's currency")
        if self.rates and self.currency == "XXX":
            raise ValueError("`rates:` needs `currency:`, the currency that they convert to")
        if (self.read.return_types or self.read.left_out_types) and self.columns.order_type is None:
            raise ValueError("`read.return_types` and `read.left_out_types` need `columns: {order_type: ...}`")
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
        """Return the job's own names of tiers as words, by dotted key."""
        return {f"codes.tier.{code}": by[language] for code, by in self.tier_names.items() if language in by}


def read_job(file: Path | str, overrides: dict[str, str] | None = None) -> Job:
    """Read and check a job file.

    Parameters
    ----------
    file : path of the YAML file
    overrides : dotted setting to its new value as YAML text, as given with ``-p key=value``

    Raises
    ------
    SettingsError
        Names the file, the line, the setting, what it has and what is wanted.
    """
    file = Path(file)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(f"{file}: there is no such job file. `kalib init ORDERS_FILE` writes one.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{file}: the job file cannot be read ({error}). It must be a YAML text in UTF-8."
        ) from None
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        settings = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SettingsError(f"{file}{where}: this is not YAML: {getattr(error, 'problem', None) or error}.") from None
    if not isinstance(settings, dict):
        raise SettingsError(f"{file}: a job file is a list of `setting: value`; this holds {type(settings).__name__}.")
    for key, value in (overrides or {}).items():
        _override(settings, key, value)
    try:
        return Job.model_validate({**settings, "file": file})
    except ValidationError as error:
        raise SettingsError(_explain(error, file, tree, settings, set(overrides or ()))) from None


def _override(settings: dict, key: str, value: str) -> None:
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError:
        parsed = value
    *parents, last = key.split(".")
    node = settings
    if len(parents) == 1 and parents[0] not in Job.model_fields:  # -p 10_rfm.bins=4
        parents = ["parameters", *parents]
    for parent in parents:
        node = node.setdefault(parent, {})
        if not isinstance(node, dict):
            raise SettingsError(f"-p {key}: `{parent}` has no settings below it.")
    node[last] = parsed


def _explain(error: ValidationError, file: Path, tree: yaml.Node | None, settings: dict, given: set[str]) -> str:
    lines = []
    for item in error.errors():
        path = [part for part in item["loc"] if not (isinstance(part, str) and part.startswith("function-"))]
        name = ".".join(str(part) for part in path)
        where = f"-p {name}" if name in given else f"{file}{_line(tree, path)}"
        match item["type"]:
            case "extra_forbidden":
                said = f"unknown setting `{name}`; {nearest(str(path[-1]), _known(path[:-1]))}"
            case "missing":
                said = f"the setting `{name}` is missing."
            case _:
                message = item["msg"].removeprefix("Value error, ")
                value = item["input"]
                shown = f" = {value!r}" if isinstance(value, str | int | float | bool) else ""
                said = f"`{name}`{shown}: {message[:1].lower()}{message[1:]}."
        lines.append(f"{where}: {said}")
    return "\n".join(lines)


def _known(path: list) -> list[str]:
    model: object = Job
    for part in path:
        field = getattr(model, "model_fields", {}).get(str(part))
        kinds = get_args(field.annotation) or (field.annotation,) if field else ()
        model = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
    return [name for name in getattr(model, "model_fields", {}) if name != "file"]


def _line(tree: yaml.Node | None, path: list) -> str:
    node, line = tree, None
    for part in path:
        if not isinstance(node, yaml.MappingNode):
            break
        for key, value in node.value:
            if key.value == str(part):
                node, line = value, key.start_mark.line + 1
                break
        else:
            break
    return f", line {line}" if line else ""
