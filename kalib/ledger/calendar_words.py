"""Which month does a word in a date name, and which words name none? Every language that Babel knows, by the column as a whole."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from babel.core import Locale, UnknownLocaleError
from babel.localedata import locale_identifiers

from kalib.words.told import speaks

_USUAL: Mapping[str, tuple[str, ...]] = {
    "en": tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())
    + tuple("january february march april may june july august sept october november december".split()),
    "de": (
        "jän jänner jan januar feb februar mär mrz märz maerz apr april mai jun juni jul juli aug august "
        "sep sept september okt oktober nov november dez dezember"
    ).split(),
    "fr": (
        "janv janvier févr fév fevr fev février fevrier mars avr avril mai juin juil juillet août aout "
        "sept septembre oct octobre nov novembre déc dec décembre decembre"
    ).split(),
}
_NUMBERS = {
    **dict.fromkeys("jan january jän jänner januar janv janvier".split(), 1),
    **dict.fromkeys("feb february februar févr fév fevr fev février fevrier".split(), 2),
    **dict.fromkeys("mar march mär märz mrz maerz mars".split(), 3),
    **dict.fromkeys("apr april avr avril".split(), 4),
    **dict.fromkeys("may mai".split(), 5),
    **dict.fromkeys("jun june juni juin".split(), 6),
    **dict.fromkeys("jul july juli juil juillet".split(), 7),
    **dict.fromkeys("aug august août aout".split(), 8),
    **dict.fromkeys("sep sept september septembre".split(), 9),
    **dict.fromkeys("oct october okt oktober octobre".split(), 10),
    **dict.fromkeys("nov november novembre".split(), 11),
    **dict.fromkeys("dec december dez dezember déc décembre decembre".split(), 12),
}
"""The names in English, German and French, which mean one month only: for them nothing has to be loaded."""
_KNOWN = (
    "en de fr es it pt nl da sv nb nn no is fi et lv lt pl cs sk sl hr bs sr bg mk ru uk be ro hu el tr sq ca eu gl ga cy mt "
    "hy ka az kk uz ky tg tk mn he ar fa ps ur hi mr ne bn pa gu or ta te kn ml si th lo km my vi id ms fil jv sw af zu am so "
    "zh yue ja ko lb fy fo rm oc br"
).split()
"""Languages of most exports: where one of them explains a column, no other is asked."""
_VARIANTS = (
    "de_AT pt_PT es_MX es_UY fr_CA sr_Latn bs_Cyrl uz_Cyrl az_Cyrl hi_Latn ar_SY ar_DZ ar_TN ar_MA ar_MR zh_Hant yue_Hans"
).split()
_WEEKDAYS = (
    "mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday tues weds thur thurs "
    "mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag "
    "lun mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche "
    "星期一 星期二 星期三 星期四 星期五 星期六 星期日 星期天 周一 周二 周三 周四 周五 周六 周日 週一 週二 週三 週四 週五 週六 週日 "
    "礼拜一 礼拜二 礼拜三 礼拜四 礼拜五 礼拜六 礼拜天 月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日 月曜 火曜 水曜 木曜 金曜 土曜 日曜 "
    "월요일 화요일 수요일 목요일 금요일 토요일 일요일"
).split()
_IN_BRACKETS = "月火水木金土日月一二三四五六日天월화수목금토일"
"""One sign for a weekday, as in 2024/1/5(金): only in brackets, because 月 and 日 also stand behind month and day."""
AM = "am a.m. a.m a 上午 早上 早晨 清晨 凌晨 午前 오전 새벽 fm de. de. π.μ. sa öö".split()
PM = "pm p.m. p.m p 下午 晚上 傍晚 午後 오후 em du. μ.μ. ch ös".split()
_NOON = ["中午", "noon", "정오"]
_BETWEEN = (
    "of the de del da di do du d el le la den der am an dia die le lo a al ngày ngay năm nam st nd rd th er re eme ème º ª ter te "
    "г год года году р рік року гг m metu metų d gada g god godine r roku rok m. j. ko eko e aren an ren "
    "พ.ศ. ค.ศ. ที่ วันที่ วัน ta’ թ թ. ж ж. оны il ils da ad ce 公元 公历 公曆 西元 西暦 西历 tahun år ár év i y ng ika ikr ஆம் সাল ई. "
).split()
_MARKS = {
    "年": "y",
    "년": "y",
    "月": "m",
    "월": "m",
    "日": "d",
    "号": "d",
    "號": "d",
    "일": "d",
    "tháng": "M",
    "thg": "M",
}
ERAS = {
    **{"令和": 2018, "平成": 1988, "昭和": 1925, "大正": 1911, "明治": 1867},
    **dict.fromkeys(("民國", "民国", "中華民國", "中华民国", "中華民国"), 1911),
}
"""Names of eras that stand before a year, and what is added to it."""
ERA_LETTERS = {"r": 2018, "h": 1988, "s": 1925, "t": 1911, "m": 1867, "roc": 1911, "พ.ศ.": -543, "be": -543}
"""Short signs of eras; they count only where a format names them."""
_MARKS_WITHIN = r"\u0300-\u036f\u0591-\u05c7\u0610-\u065f\u0900-\u109f\u1780-\u17ff\u200c\u200d'’‘ʻʼ`״׳"
_WORD = re.compile(rf"[^\W\d_](?:[^\W\d_]|[{_MARKS_WITHIN}])*")
_ISO_SIGN = re.compile(r"[\W\d]*[tz][\W\d]*")
LONGEST_RUN, MOST_RUNS, MOST_UNKNOWN = 60, 3000, 200
"""Longer texts, and more different ones, are no parts of dates; so many unknown ones are not looked up in rare languages."""
_EAST = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_PLAIN_SIGNS = str.maketrans({"ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "þ": "th", "œ": "oe"})


def fold(word: str) -> str:
    """Return a word as names are compared: without accents, capitals, dots and signs.

    Examples
    --------
    >>> fold("Ağu."), fold("FÉVR."), fold("İYUL")
    ('agu', 'fevr', 'iyul')
    """
    parts = unicodedata.normalize("NFKD", word.casefold().translate(_PLAIN_SIGNS))
    return "".join(
        sign
        for sign in parts
        if (sign.isalnum() or unicodedata.category(sign) in ("Mn", "Mc")) and not "\u0300" <= sign <= "\u036f"
    ).translate(_PLAIN_SIGNS)


def _key(text: str) -> str:
    """Return the words of a text, folded: "ม.ค." and "Am Faoilleach" have two."""
    return " ".join(fold(word) for word in _WORD.findall(text)).strip()


@dataclass(frozen=True)
class Ambiguous:
    """A name that is another month in another language: the run it was found in, and the languages of each month."""

    run: str
    word: str
    months: Mapping[int, tuple[str, ...]]


@dataclass(frozen=True)
class Words:
    """What the texts between the digits of a column say, as they are written there (in lower case).

    ``months`` : run to month, such as " de mayo de " to 5. ``names`` : the bare names, for formats. ``void`` : runs that
    say nothing of the day (weekdays, halves of the day, "th", "г."). ``marks`` : runs behind the year (y), the month (m)
    and the day (d), or before the month (M). ``eras`` : run before a year to what is added to it.
    """

    months: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, int] = field(default_factory=dict)
    void: tuple[str, ...] = ()
    marks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    eras: Mapping[str, int] = field(default_factory=dict)
    weekdays: tuple[str, ...] = ()
    halves: tuple[str, ...] = ()
    thai: bool = False
    ambiguous: tuple[Ambiguous, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.months or self.void or self.marks or self.eras)


def understand(runs: Iterable[str], *, language: str | None = None) -> Words:
    """Say what the runs of letters between the digits of a column's dates mean.

    The month of a name is decided by the languages that explain all months of the column; a name that stays two months is
    ``ambiguous`` and left out.

    Parameters
    ----------
    runs : distinct texts between digits, in lower case
    language : take the names of this one only, by its code

    Examples
    --------
    >>> understand([" listopad ", " studeni "]).months[" listopad "], understand([" listopad ", " srpen "]).months[" listopad "]
    (10, 11)
    >>> understand([" listopad "]).ambiguous[0].months
    {10: ('Croatian',), 11: ('Czech', 'Polish')}
    """
    split = {run: _words(run) for run in runs if len(run) <= LONGEST_RUN and not _ISO_SIGN.fullmatch(run)}
    if len(split) > MOST_RUNS:  # no dates, but texts with numbers in them
        return Words()
    keys = {key for run in split for key in _keys(run)}
    if language:
        return _sort(split, _pick(_index((language, *_variants_of(language))), keys), _void_known())[0]
    understood, left = _sort(split, _pick(_usual(), keys), _void_usual())
    if not left:
        return understood
    known = _pick(_index((*_KNOWN, *_VARIANTS)), keys)
    understood, left = _sort(split, known, _void_known())
    if not any(len(fold(run)) > 2 for run in left) or len(left) > MOST_UNKNOWN:
        return understood
    every = _pick(_index(_every_language()), keys)
    if not _explain_all(every, _void_known()):  # no language explains the column: the better known ones go before
        every |= known
    wider, still = _sort(split, every, _void_known())
    return wider if len(still) < len(left) else understood


def _words(run: str) -> list[str]:
    return [word for part in _WORD.findall(run) if (word := part.strip("'’‘"))]


def _keys(run: str) -> set[str]:
    """Return the folded words of a run, and those that two or three of them make together."""
    spans = [match.span() for match in _WORD.finditer(run)]
    found = {_key(run[start:end]) for at, (start, _) in enumerate(spans) for _, end in spans[at : at + 3]}
    return found - {""}


def _explain_all(index: Mapping[str, Mapping[str, int]], void: Mapping[str, str]) -> set[str]:
    """Return the languages that have all the names that can be nothing but a month."""
    sure = [found for key, found in index.items() if key not in void] or list(index.values())
    if not sure:
        return set()
    own = set.intersection(*({language for language, month in found.items() if month > 0} for found in sure))
    return own or set.intersection(*map(set, sure))


def _sort(
    split: Mapping[str, list[str]], index: Mapping[str, Mapping[str, int]], void_words: Mapping[str, str]
) -> tuple[Words, list[str]]:
    """Return what the runs mean, and those of which a word is unknown."""
    meant, unclear = _decide(index, void_words)
    months, names, void, eras, ambiguous, left = {}, {}, [], {}, [], []
    marks, weekdays, halves = defaultdict(list), set(), set()
    for run, words in split.items():
        found = _read_run(run, meant, unclear, void_words)
        if found is None:
            left.append(run)
            continue
        weekdays.update(found["w"])
        halves.update(found["h"])
        if found["?"]:
            word = found["?"][0]
            ambiguous.append(Ambiguous(run, word, unclear[_key(word)]))
        elif found["month"]:
            months[run] = found["month"]
            names[found["name"]] = found["month"]
            if void_words.get(_key(found["name"])) == "w":  # "mar, 5 mar 2024" in Spanish
                void.append(run)
        elif found["era"] is not None:
            eras[run] = found["era"]
        elif found["marks"]:
            marks[found["marks"][0]].append(run)
        elif words:
            void.append(run)
    understood = Words(
        months=months,
        names=names,
        void=tuple(void),
        marks={mark: tuple(those) for mark, those in marks.items()},
        eras=eras,
        weekdays=tuple(sorted(weekdays)),
        halves=tuple(sorted(halves)),
        thai=any("\u0e00" <= sign <= "\u0e7f" for run in (*months, *void) for sign in run),
        ambiguous=tuple(ambiguous),
    )
    return understood, left


def _read_run(run: str, meant: Mapping[str, int], unclear: Collection[str], void: Mapping[str, str]) -> dict | None:
    """Return what a run says; None where a word of it is unknown, or two say the month."""
    found = {"month": None, "name": None, "era": None, "marks": [], "w": set(), "h": set(), "?": []}
    for start, end, key in _pieces(run, meant, unclear, void):
        written = run[start:end]
        if key in unclear:
            found["?"].append(written)
        elif key in meant and not (found["month"] is None and key in void and _month_follows(run, end, meant, unclear)):
            if found["month"] is not None:
                return None
            found["month"], found["name"] = meant[key], written
        elif written in ERAS:
            found["era"] = ERAS[written]
        elif written in _MARKS and not _in_brackets(run, start, end):
            found["marks"].append(_MARKS[written])
        elif _in_brackets(run, start, end) and written in _IN_BRACKETS:
            found["w"].add(written)
        elif key in void:
            if void[key]:
                found[void[key]].add(written)
        else:
            return None
    return found


def _month_follows(run: str, end: int, meant: Mapping[str, int], unclear: Collection[str]) -> bool:
    """Say whether another word behind this one names the month: "mar, 5 mar" in Spanish is a Tuesday in March."""
    return any(fold(word) in meant or fold(word) in unclear for word in _words(run[end:]))


def _in_brackets(run: str, start: int, end: int) -> bool:
    return run[start - 1 : start] in ("(", "（") and run[end : end + 1] in (")", "）")


def _pieces(run: str, *known: Collection[str]) -> Iterable[tuple[int, int, str]]:
    """Yield start, end and folded form of each word of a run, the longest that is known first."""
    spans = [match.span() for match in _WORD.finditer(run)]
    at = 0
    while at < len(spans):
        start = spans[at][0]
        for last in range(min(at + 3, len(spans)) - 1, at - 1, -1):  # "am faoilleach", "ม.ค.": several words, one name
            end = spans[last][1]
            key = _key(run[start:end])
            if any(key in one for one in known):
                at = last + 1
                yield start, end, key
                break
        else:
            yield from (
                _east(run, *spans[at], known)
                if _EAST.search(run[slice(*spans[at])])
                else [(*spans[at], fold(run[slice(*spans[at])]))]
            )
            at += 1


def _east(run: str, start: int, end: int, known: Iterable[Collection[str]]) -> Iterable[tuple[int, int, str]]:
    """Yield the words of a run that is written without blanks: the longest that is known at each place."""
    while start < end:
        for stop in range(end, start, -1):
            key, written = fold(run[start:stop]), run[start:stop]
            if written in ERAS or written in _MARKS or any(key in one for one in known) or stop == start + 1:
                yield start, stop, key
                start = stop
                break


# -------------------------------------------------------------------------------------------------- which month


def _pick(index: Mapping[str, dict[str, int]], keys: set[str]) -> dict[str, dict[str, int]]:
    return {key: index[key] for key in keys if key in index}


def _decide(index: Mapping[str, Mapping[str, int]], void: Mapping[str, str]) -> tuple[dict[str, int], dict[str, dict]]:
    """Return the month of each name, and the months of those that stay unclear."""
    whole = _explain_all(index, void)
    meant, unclear = {}, {}
    for word, found in index.items():
        if word in void and whole and not whole & set(found):
            continue  # "lun" is a Monday in a Spanish column, whatever it is in Irish
        held = {language: month for language, month in found.items() if language in whole} or found
        own = {language: month for language, month in held.items() if month > 0}
        held = own or {language: -month for language, month in held.items()}
        months = set(held.values())
        if len(months) == 1:
            meant[word] = months.pop()
        else:
            unclear[word] = {
                month: tuple(sorted({_call(one) for one, said in held.items() if said == month}))
                for month in sorted(months)
            }
    return meant, unclear


def _call(language: str) -> str:
    return Locale.parse(language).get_language_name(speaks()) or language


@cache
def _every_language() -> tuple[str, ...]:
    """Return every language and script; a country's own names are few, and its language has them."""
    return tuple(code for code in locale_identifiers() if all(len(part) == 4 for part in code.split("_")[1:]))


def _variants_of(language: str) -> list[str]:
    return [code for code in locale_identifiers() if code.startswith(f"{language}_")]


@cache
def _usual() -> dict[str, dict[str, int]]:
    index = defaultdict(dict)
    for language, names in _USUAL.items():
        for name in names:
            index[fold(name)][language] = _NUMBERS[name]
    return dict(index)


@cache
def _index(locales: tuple[str, ...]) -> dict[str, dict[str, int]]:
    """Return folded name to language to month, of these locales; a name that is two months in one language is left out."""
    index: dict[str, dict[str, int]] = defaultdict(dict)
    for name, found in _usual().items():
        if {"en", "de", "fr"} & set(locales):
            index[name].update(found)
    for code in locales:
        for name, month in _months_of(code).items():
            language = code.split("_")[0]
            language = "no" if language in ("nb", "nn") else language
            if month > 0 > index[name].get(language, 0):
                index[name][language] = month
            elif abs(index[name].setdefault(language, month)) != abs(month):
                del index[name][language]
    return dict(index)


@cache
def _months_of(code: str) -> dict[str, int]:
    """Return folded name to month in one locale; below nought is a name that is only cut after three letters."""
    try:
        locale = Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return {}
    found: dict[str, int] = {}
    twice, wide = set(), {}
    for context in locale.months.values():
        for width in ("wide", "abbreviated"):
            for month, name in context.get(width, {}).items():
                key = _key(name).removeprefix("de ")
                if any(sign.isdigit() for sign in key) or not key:
                    continue
                if found.setdefault(key, month) != month:
                    twice.add(key)
                if code == "he":  # "in January"
                    found.setdefault(f"ב{key}", month)
                if width == "wide":
                    wide.setdefault(key, month)
    short = defaultdict(set)
    for name, month in wide.items():
        if len(name) > 3 and name[:3].isalpha() and "a" <= unicodedata.normalize("NFKD", name)[0] <= "\u04ff":
            short[name[:3]].add(month)
    if code.split("_")[0] in _KNOWN:  # programs cut names after three letters, whatever the language itself does
        found.update({key: -months.pop() for key, months in short.items() if len(months) == 1 and key not in found})
    return {key: month for key, month in found.items() if key not in twice}


# ------------------------------------------------------------------------------------------- what is no month


@cache
def _void_usual() -> dict[str, str]:
    """Return the words that say nothing of the day, of a few languages: "w" a weekday, "h" a half of the day."""
    words = {_key(word): "" for word in _BETWEEN}
    words |= {_key(word): "w" for word in _WEEKDAYS}
    words |= {_key(word): "h" for word in (*AM, *PM, *_NOON)}
    return words | {fold(mark): "" for mark in _MARKS} | {fold(era): "" for era in ERAS}


@cache
def _void_known() -> dict[str, str]:
    found = {}
    for code in (*_KNOWN, *_VARIANTS):
        try:
            locale = Locale.parse(code)
        except (UnknownLocaleError, ValueError):
            continue
        for context in locale.days.values():
            for width in ("wide", "abbreviated", "short"):
                found |= {_key(name): "w" for name in context.get(width, {}).values()}
        for context in locale.day_periods.values():
            for width in ("wide", "abbreviated"):
                found |= {_key(name): "h" for name in context.get(width, {}).values()}
    found.pop("", None)
    return found | _void_usual()


@cache
def halves_of(is_pm: bool) -> tuple[str, ...]:
    """Return the words for a half of the day, in every language of most exports, as written in lower case."""
    own = PM if is_pm else AM
    found = {word.lower() for word in own}
    for code in (*_KNOWN, *_VARIANTS):
        locale = Locale.parse(code)
        for context in locale.day_periods.values():
            for names in context.values():
                name = names.get("pm" if is_pm else "am")
                found |= {name.lower()} if name else set()
    return tuple(sorted(found, key=lambda name: (-len(name), name)))
