"""Which header holds what? Guesses from names in English and Chinese, and holds every guess to the contents."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Sure = Literal["certain", "likely", "please check"]

REQUIRED = ("customer_id", "order_date")
MONEY = ("amount", "unit_price", "quantity", "cost", "discount", "paid_amount")
DATES = ("order_date", "due_date", "paid_date")
STRICT = ("order_date", "amount", "unit_price", "quantity", "cost", "paid_amount")  # two candidates: the user chooses

_ID = "(id|no|nr|num|number|code|key|ref)?"
_ZH_ID = "(编号|编码|代码|代号|号码|号|账号|帐号|id)?"
# role: patterns of the whole name, best first; names are folded: no case, spaces, signs or units
_NAMES: dict[str, tuple[str, ...]] = {
    "customer_id": (
        f"(customer|cust|client|account|acct|buyer|member|debtor|shopper|user|soldto|soldtoparty|billto){_ID}"
        f"|(客户|顾客|会员|买家|用户|客商|经销商|购货单位|往来单位){_ZH_ID}",
        "(customer|client|account|buyer|company)name|company|(客户|顾客|会员|买家|公司)(名称|姓名|名)|买家(会员名|昵称)",
    ),
    "order_id": (
        f"(sales)?order{_ID}|orderref(erence)?|(订单|销售单){_ZH_ID}",
        f"(invoice|receipt|transaction|basket|ticket){_ID}|(document|doc|bill|po|so)(id|no|nr|num|number)"
        "|单号|流水号|(单据|发票|出库单|小票|交易|合同)(编号|号码|号)",
    ),
    "order_date": (
        "(order|ordered)(date|day|datetime|time|timestamp|at|on)|(下单|订单|订货)(日期|时间)",
        "(purchase|sales?|transaction|trans|invoice|bill|receipt|document|doc|posting)(date|day|datetime|time)"
        "|(购买|销售|交易|成交|消费|开票|发票|单据|业务)(日期|时间)",
        "date|datetime|timestamp|day|日期|时间",
        "created?(date|time|at|on)|(创建|制单)(日期|时间)",
    ),
    "quantity": (
        "(order|ordered|invoiced?|sales|sold|item|line|billed|shipped)?(quantity|qty|units|pieces|pcs)"
        "|units(sold|ordered)|(quantity|qty)(sold|ordered|shipped)"
        "|(订货|订单|销售|购买|下单|出库|发货|商品)?(数量|件数)|销量",
    ),
    "unit_price": (
        "(unit|sales?|selling|item|net|list|gross)?price(perunit|each)?|(商品|销售|含税|不含税|成交|实际|零售)?(单价|售价|价格)",
    ),
    "amount": (
        "(line|order|invoice|sales?|net|gross|grand|sub|item|extended)?"
        "(total|amount|amt|value|revenue|turnover)(amount|price|sales|value)?|(net|gross|total)?sales|(extended|total|line)price"
        "|(订单|销售|成交|实付|应付|应收|商品|含税|不含税|交易|消费|总|合计|支付|开票|实收)*(金额|总额)"
        "|总价|总计|合计|小计|销售额|成交额|消费额|营业额|实付款?|货款|价税合计",
    ),
    "cost": (
        "(unit|total|line|product|standard)?(cost|cogs)(price|amount|ofgoods|ofgoodssold)?"
        "|(单位|总|商品|销售|采购)?成本(价|金额|额|单价)?|进价",
    ),
    "product": (
        f"(product|item|sku|stock|article|material|part|goods){_ID}|upc|ean|asin|(商品|产品|货品|物料|存货){_ZH_ID}|货号|款号|条码",
        "(product|item|article)?(name|description)|(商品|产品|货品|物料|存货)(名称|名|描述)|品名",
    ),
    "category": (
        "(product|item)?(category|family|group|department|dept|class|line)(name|code)?"
        "|(商品|产品)?(品类|类别|类目|分类|大类|种类)(名称|编码)?",
    ),
    "discount": ("(line|total|order)?discount(amount|amt|rate|pct|percent|value)?|折扣(额|率|金额)?|优惠(金额|额)?",),
    "currency": ("(currency|curr|ccy)(code)?|币种|货币|币别",),
    "order_type": ("(order|document|doc|transaction|invoice|sales)type|(订单|单据|业务|交易)类型",),
    "due_date": ("(payment|net)?due(date|on)?|到期(日期|日|时间)|付款期限|(应付|应收)日期",),
    "paid_date": ("(paid|payment|settlement|settled)(date|on|at|time)|(付款|支付|回款|收款|到账)(日期|时间)",),
    "paid_amount": (
        "(paid|payment|settled|received)(amount|amt)|amount(paid|received)|(已付|已收|回款|收款|已回款)(金额|款|额)",
    ),
}
# role: pattern within a longer name, tried on headers that no role has by its whole name
_PARTS: dict[str, str] = {
    "customer_id": "(customer|client|buyer|account|客户|会员|顾客|买家).*(id|no|nr|number|code|编号|编码|代码|号)$",
    "order_id": "(order|invoice|订单|发票|单据).*(id|no|nr|number|号)$",
    "order_date": "(order|invoice|purchase|transaction|下单|订单|购买|开票|交易).*(date|time|日期|时间)$",
    "quantity": "quantity|qty|数量",
    "unit_price": "(unit|item).*price|price.*(unit|each)|单价",
    "amount": "amount|revenue|turnover|(line|order|net|gross|sales|grand).*total|金额|销售额",
    "product": "(product|item|article|商品|产品|货品).*(id|no|nr|number|code|编号|编码|代码|号)$|sku",
    "category": "category|品类|类别|类目",
}
_NOT_AMOUNT = "tax|vat|ship|freight|fee|deposit|balance|limit|税|运费|邮费|手续费|余额|押金|额度"


@dataclass(frozen=True)
class Numbers:
    """How many values of a text column are numbers, by what could be their decimal sign.

    ``point`` and ``comma`` count what reads as a number with that sign; ``only_point`` and ``only_comma`` what shows
    which it is, such as 2.95 or 2,95; ``either`` what reads as two different numbers, such as 1,234.
    """

    point: int = 0
    comma: int = 0
    only_point: int = 0
    only_comma: int = 0
    either: int = 0


@dataclass(frozen=True)
class Seen:
    """What was seen in one column of the source: its header, its contents in counts, and a few values."""

    header: str
    kind: Literal["text", "number", "date"]  # as the file types it; a CSV has text only
    rows: int
    filled: int
    distinct: int  # approximate
    examples: tuple[str, ...] = ()
    numbers: Numbers = Numbers()
    dates: tuple[tuple[str, int], ...] = ()  # format and how many values read that way, most first
    mixed: bool = False  # some values read only as the best format, others only as the second

    @property
    def is_number(self) -> bool:
        """Say whether nearly all values are numbers."""
        return self.kind == "number" or 0 < 0.9 * self.filled <= max(self.numbers.point, self.numbers.comma)

    @property
    def is_date(self) -> bool:
        """Say whether nearly all values are dates in one format."""
        return self.kind == "date" or bool(self.dates and 0 < 0.9 * self.filled <= self.dates[0][1])

    @property
    def formats(self) -> tuple[str, ...]:
        """Return the date formats that read the values equally well; more than one, and only the user knows."""
        if self.kind == "date" or not self.is_date:
            return ()
        best = self.dates[0][1]
        return tuple(name for name, count in self.dates[: 2 if self.mixed else None] if self.mixed or count == best)


@dataclass(frozen=True)
class Guess:
    """What one of our columns is taken to be: a header, or none and the headers that the user may choose from."""

    header: str | None
    sure: Sure
    why: str
    rivals: tuple[str, ...] = ()


def fold_name(header: str) -> str:
    """Return a header without case, spaces, signs, and units in brackets.

    >>> fold_name("Customer_ID"), fold_name("金额(元)"), fold_name("Unit Price [GBP]")
    ('customerid', '金额', 'unitprice')
    """
    plain = re.sub(r"[(\[].*?[)\]]", "", unicodedata.normalize("NFKC", header).casefold())
    return re.sub(r"[\W_]+", "", plain)


def guess_columns(seen: Sequence[Seen]) -> dict[str, Guess]:
    """Guess which header holds which of our columns.

    A header must fit by name, and its contents must not contradict it; the only exception is a file with a single
    column of dates. Where two headers fit and money or dates depend on the choice, none is taken.

    Parameters
    ----------
    seen : the columns of the source, each header once

    Returns
    -------
    dict
        By our name: a guess for every column that is required or that something fits.

    Examples
    --------
    >>> seen = [Seen("客户编号", "text", 9, 9, 4), Seen("金额", "number", 9, 9, 8), Seen("Date", "date", 9, 9, 5)]
    >>> {ours: (guess.header, guess.sure) for ours, guess in guess_columns(seen).items()}
    {'customer_id': ('客户编号', 'certain'), 'order_date': ('Date', 'certain'), 'amount': ('金额', 'certain')}
    """
    named = [column for column in seen if column.header.strip()]
    fits = {role: _fit(role, named) for role in _NAMES}
    taken = {column.header for tiers in fits.values() for tier in tiers for column in tier}
    rest = [column for column in named if column.header not in taken]
    for role, pattern in _PARTS.items():
        parts = [column for column in rest if re.search(pattern, fold_name(column.header))]
        if role == "amount":
            parts = [column for column in parts if not re.search(_NOT_AMOUNT, fold_name(column.header))]
        taken |= {column.header for column in parts}
        rest = [column for column in rest if column.header not in taken]
        fits[role].append(parts)
    guesses = {role: _choose(role, fits[role]) for role in _NAMES}
    if guesses["order_date"] is None:
        guesses["order_date"] = _only_date(named, taken)
    return {role: guess for role, guess in guesses.items() if guess is not None}


def _fit(role: str, seen: Sequence[Seen]) -> list[list[Seen]]:
    return [[column for column in seen if re.fullmatch(tier, fold_name(column.header))] for tier in _NAMES[role]]


def _choose(role: str, tiers: list[list[Seen]]) -> Guess | None:
    fitting = [[column for column in tier if not _contradiction(role, column)] for tier in tiers]
    strict = role in STRICT and role != "order_date"
    if strict:  # for money, a name that fits less well is a rival all the same
        fitting = [[column for tier in fitting for column in tier]]
    chosen = next((tier for tier in fitting if tier), [])
    if not chosen:
        doubtful = [column for tier in tiers for column in tier]
        if not doubtful:
            return None
        why = f"the header fits, but {_contradiction(role, doubtful[0])}"
        return Guess(None, "please check", why, tuple(column.header for column in doubtful))
    headers = tuple(column.header for column in chosen)
    if len(chosen) > 1 and role in STRICT:
        return Guess(None, "please check", "several headers fit: choose the right one", headers)
    first = chosen[0]
    others = tuple(column.header for tier in fitting for column in tier if column is not first)
    if role in ("cost", "discount"):
        unit = (
            "of the whole line, not of one piece"
            if role == "cost"
            else "a share of the price or money, as your data has it"
        )
        return Guess(first.header, "please check", f"the header fits; it must be {unit}", others)
    if len(chosen) > 1:
        return Guess(first.header, "please check", "several headers fit; this is the first", others)
    if first in tiers[-1] and role in _PARTS:
        return Guess(first.header, "likely", "part of header and contents fit", others)
    if role in ("customer_id", "product") and first in tiers[1]:
        return Guess(
            first.header, "please check", "a name, not a number: two may share it, one may be spelt twice", others
        )
    if role == "customer_id" and first.distinct <= 1 < first.rows:
        return Guess(first.header, "please check", "the header fits, but it holds one value only", others)
    if first.filled < 0.5 * first.rows and role in REQUIRED:
        return Guess(first.header, "please check", "the header fits, but most rows are empty", others)
    return Guess(first.header, "certain", "header and contents fit", others)


def _contradiction(role: str, column: Seen) -> str:
    """Return why the contents speak against the name, or nothing."""
    such = f", such as {', '.join(column.examples[:2])}" if column.examples else ""
    if column.filled == 0:
        return "the column is empty"
    if role in DATES and not column.is_date:
        return f"not all values are dates in one format{such}"
    if role in MONEY and not column.is_number:
        return f"not all values are numbers{such}"
    if role in ("customer_id", "order_id", "product") and column.kind == "date":
        return f"the values are dates{such}"
    return ""


def _only_date(seen: Sequence[Seen], taken: set[str]) -> Guess | None:
    dates = [column.header for column in seen if column.is_date and not column.is_number and column.header not in taken]
    if len(dates) == 1:
        return Guess(dates[0], "likely", "no header fits, but this is the only column of dates")
    if dates:
        return Guess(None, "please check", "no header fits; these columns hold dates", tuple(dates))
    return None
