"""Words and numbers in the reader's language: every sentence stands in a file per topic and language."""

from __future__ import annotations

import datetime as dt
import math
import numbers as numbers_of
import string
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

import yaml
from babel import Locale, dates, numbers

from kalib.errors import SettingsError

LANGUAGES = ("en", "zh")
_LOCALES = {"en": Locale("en", "GB"), "zh": Locale("zh", "CN", "Hans")}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # without libyaml ten times as slow
MISSING = "–"
_BETWEEN = {"en": ", ", "zh": "、"}
_APART = {"en": "; ", "zh": "；"}


@cache
def read_words(language: str) -> dict[str, object]:
    """Read the words of a language as one flat mapping from dotted key to text.

    Raises
    ------
    SettingsError
        If there are no words for the language.
    """
    if language not in LANGUAGES:
        from kalib.words.told import told

        raise SettingsError(
            told(
                "`language: {language}` is not known; known are {known}.", language=language, known=", ".join(LANGUAGES)
            )
        )
    flat: dict[str, object] = {}

    def walk(prefix: str, node: object, file: str) -> None:
        if isinstance(node, Mapping):
            for key, value in node.items():
                walk(f"{prefix}.{key}" if prefix else str(key), value, file)
        elif prefix in flat:
            raise ValueError(f"{language}/{file}: `{prefix}` has its words in another file already.")
        else:
            flat[prefix] = node

    folder = resources.files(__package__).joinpath(language)
    for file in sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name):
        walk("", yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER), file.name)
    return flat


class Words(string.Formatter):
    """Sentences of one language, with numbers formatted for its readers.

    ``words("rfm.answer.best", n=3)`` looks the sentence up and fills it. A field says after the colon how it is shown:
    ``{n:count}`` 1,234 · ``{n:count account/accounts}`` 1 account · ``{x:number}`` 1.2 · ``{x:percent}`` 12% ·
    ``{x:percent1}`` 12.3% · ``{x:points}`` +1.2 · ``{x:size}`` 1.2, both of a share, in percentage points · ``{x:money}`` £1,234 · ``{x:short}`` £1.2m · ``{n:days}`` 90 days ·
    ``{x:change}`` ▲ 6.2% · ``{n:moved}`` ▼ 12 · ``{x:gain}`` ▼ £1.2m · ``{x:more}`` 6.2% more · ``{x:tone}`` good, bad or nothing, by the sign ·
    ``{d:date}`` 30 June 2026, of a date or of a number like 20260630 · ``{d:month}`` Jun 2026 · ``{c:code segment}`` the words of the code
    (``codes.segment.<value>``) · ``{cs:codes segment}`` those of several, in a row · nothing: as text. A missing value is
    a dash.

    Parameters
    ----------
    language : ``en`` or ``zh``
    currency : ISO 4217 code; money is shown without minor units
    names : words of the job's own that come before the files', by dotted key

    Examples
    --------
    >>> words = Words("en", currency="GBP")
    >>> words.show(1234.5, "money"), words.show(0.123, "percent"), words.show(2, "count order/orders")
    ('£1,234', '12%', '2 orders')
    >>> Words("zh", currency="CNY").show(12_345_678, "short")
    '¥1,235万'
    """

    def __init__(self, language: str = "en", *, currency: str = "XXX", names: Mapping[str, str] | None = None) -> None:
        self.language, self.currency = language, currency
        self.locale = _LOCALES.get(language)
        self._texts = {**read_words(language), **(names or {})}

    def __call__(self, key: str, /, **facts: object) -> str:
        """Return the sentence ``key`` filled with ``facts``; an unknown key is an error, never a blank."""
        try:
            text = self._texts[key]
        except KeyError:
            raise KeyError(f"no words for `{key}` in {self.language}.yaml") from None
        return self.vformat(str(text).strip(), (), facts)

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def code(self, kind: str, value: object) -> str:
        """Return the words of a code: ``codes.<kind>.<value>``; a code of the user's own stands for itself."""
        key = f"codes.{kind}.{value}"
        return str(self._texts[key]) if key in self._texts else str(value)

    def join(self, texts: Iterable[str]) -> str:
        """Return texts one after the other, set apart so that each may hold a comma.

        Examples
        --------
        >>> Words("en").join(["net sales, 365 days", "orders"]), Words("zh").join(["净销售额", "订单"])
        ('net sales, 365 days; orders', '净销售额；订单')
        """
        return _APART[self.language].join(texts)

    def format_field(self, value: object, format_spec: str) -> str:
        return self.show(value, format_spec)

    def show(self, value: object, how: str = "") -> str:
        """Return ``value`` as its reader expects to see it; ``how`` is one of the class's field formats."""
        kind, _, rest = how.partition(" ")
        if value is None or value != value:
            return "" if kind == "tone" else MISSING
        if kind == "":
            return str(value)
        if kind == "code":
            return self.code(rest, value)
        if kind == "codes":
            return _BETWEEN[self.language].join(self.code(rest, one) for one in value)
        if kind in ("date", "month"):
            return self._show_date(value, kind)
        return self._show_number(value, kind, rest)

    def _show_date(self, value: object, kind: str) -> str:
        day = value.date() if isinstance(value, dt.datetime) else value
        if isinstance(day, numbers_of.Real):
            day = dt.datetime.strptime(f"{day:.0f}", "%Y%m%d").date()
        if isinstance(day, str):
            day = dt.date.fromisoformat(day[:10])
        pattern = {
            "en": {"date": "d MMMM yyyy", "month": "MMM yyyy"},
            "zh": {"date": "yyyy年M月d日", "month": "yyyy年M月"},
        }
        return dates.format_date(day, pattern[self.language][kind], locale=self.locale)

    def _show_number(self, value: object, kind: str, rest: str) -> str:
        number = float(value)
        if math.isinf(number):
            return MISSING
        if kind == "count":
            shown = numbers.format_decimal(round(number), format="#,##0", locale=self.locale)
            if not rest:
                return shown
            one, _, many = rest.partition("/")
            return f"{shown} {one if round(number) == 1 else many or one}"
        if kind == "number":
            return self._decimal(number, "#,##0.0")
        if kind == "number2":
            return self._decimal(number, "#,##0.00")
        if kind == "number3":
            return self._decimal(number, "#,##0.000")
        if kind == "digits4":
            return self._decimal(float(f"{number:.4g}"), "#,##0.########")
        if kind in ("percent", "percent1"):
            pattern = "#,##0%" if kind == "percent" else "#,##0.0%"
            shown = numbers.format_percent(abs(number), format=pattern, locale=self.locale)
            if any(c in "123456789" for c in shown):
                return f"−{shown}" if number < 0 else shown
            least = f"{shown[:-2]}1%"  # a little is not nothing
            return f"<{least}" if number > 0 else f">−{least}" if number < 0 else shown
        if kind in ("change", "moved"):
            sign = "" if number == 0 else "▲ " if number > 0 else "▼ "
            return sign + self._show_number(abs(number), "percent1" if kind == "change" else "count", "")
        if kind == "gain":
            sign = "" if number == 0 else "▲ " if number > 0 else "▼ "
            return sign + self._short(abs(number))
        if kind == "more":
            return self("units.more" if number >= 0 else "units.less", x=abs(number))
        if kind == "tone":
            return "good" if number > 0 else "bad" if number < 0 else ""
        if kind == "points":
            return self._decimal(number * 100, "+#,##0.0;−#,##0.0")
        if kind == "size":
            return self._decimal(abs(number) * 100, "#,##0.0")
        if kind == "days":
            return self("units.days", n=number)
        if kind == "money":
            return self._money(number, "#,##0")
        if kind == "cents":
            return self._money(number, "#,##0.00")
        if kind == "short":
            return self._short(number)
        raise KeyError(f"no such format: {kind!r}")

    def _decimal(self, number: float, pattern: str) -> str:
        shown = numbers.format_decimal(number, format=pattern, locale=self.locale)
        return shown if any(c in "123456789" for c in shown) else shown.lstrip("+-−")  # nought has no sign

    @property
    def sign(self) -> str:
        """Return the currency's sign, empty where the job names no currency."""
        if self.currency == "XXX":
            return ""
        symbol = numbers.get_currency_symbol(self.currency, locale=self.locale)
        if symbol == self.currency:
            return f"{symbol} "
        return symbol.removeprefix("CN").removeprefix("JP") if self.currency in ("CNY", "JPY") else symbol

    def _money(self, number: float, pattern: str) -> str:
        shown = numbers.format_decimal(abs(number), format=pattern, locale=self.locale)
        minus = "−" if number < 0 and any(c in "123456789" for c in shown) else ""
        return f"{minus}{self.sign}{shown}"

    def _short(self, number: float) -> str:
        steps = {"en": ((1e9, "bn"), (1e6, "m"), (1e3, "k")), "zh": ((1e8, "亿"), (1e4, "万"))}[self.language]
        for size, unit in steps:
            scaled = abs(number) / size
            if scaled >= 0.9995:
                pattern = "#,##0" if scaled >= 99.95 else "#,##0.0"
                return self._money(math.copysign(scaled, number), pattern) + unit
        return self._money(number, "#,##0")
