"""In which encoding do these bytes read well? Judges by the words that come out, where bytes alone allow several."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

WINDOWS, MAC, CENTRAL = "windows-1252", "mac-roman", "windows-1250"
KOREAN, JAPANESE, JAPANESE_UNIX, TAIWAN = "cp949", "cp932", "euc-jp", "cp950"
CYRILLIC = ("windows-1251", "koi8-r", "cp866", "mac-cyrillic")
EVERY = (WINDOWS, MAC, CENTRAL, *CYRILLIC, KOREAN, JAPANESE, JAPANESE_UNIX, TAIWAN, "gb18030")
"""Every encoding that is looked at beside UTF-8 and UTF-16."""

_WEST = "äöüßàâçéèêëîïôùûÿœáíóúñãõåæøìòÄÖÜÀÂÇÉÈÊËÎÏÔÙÛŒÁÍÓÚÑÃÕÅÆØÌÒ"
_LETTERS = {
    WINDOWS: set(_WEST + "šžŠŽðþýÐÞÝ"),
    MAC: set(_WEST),
    CENTRAL: set("ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽőűöüäôĺľŕŐŰÖÜÄÔĽßđĐăâîşţĂÂÎŞŢ"),
    **dict.fromkeys(CYRILLIC, {chr(code) for code in range(0x410, 0x450)} | set("ёЁіїєґІЇЄҐўЎ")),
}
_SIGNS = set("€£¥©®°§«»“”„‘’–—…•·ºª²³½¼¾±µ×÷¡¿´¨\xa0†™№")
_WITHIN = set("’´‘\xad")
_NEVER_BEFORE = set("…†‡®÷×€")
"""Signs that no letter follows at once."""
_LANGUAGES = {
    WINDOWS: ("äöüß", "àâçéèêëîïôùûüÿœæ", "áéíóúñüºª", "ãõáéíóúâêôçàºª", "àèéìòùí", "åäöøæéü"),
    CENTRAL: ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áéíóöőúüű", "ăâîşţ", "čćđšž", "áäčďéíĺľňóôŕšťúýž"),
}
_LANGUAGES[MAC] = _LANGUAGES[WINDOWS]
_MOST_TOGETHER = 4
_FREQUENT_CYRILLIC = set("оеаинтсрвлк")
_FREQUENT_HANGUL = set(
    "이다는을가의에고하지로사기한리나대자시일인서상주도전수문원번호객매출금액품명구판제조식회동부산성신정안김박최강윤장임오한국업체계정스트라보어아해유무화물소비공용현선영"
)
_EVERYDAY_KANJI = range(0x889F, 0x9873)
_EVERYDAY_BIG5 = range(0xA440, 0xC67F)


@dataclass(frozen=True)
class Reading:
    """How well bytes read in an encoding: the share of foreign characters that are out of place, and how many there are."""

    encoding: str
    odd: float
    signs: int

    @property
    def is_good(self) -> bool:
        """Say whether hardly a character is out of place."""
        return self.signs > 0 and self.odd <= 0.05


def find_by_header(head: bytes, wanted: Sequence[str]) -> str | None:
    """Return the one encoding in which all wanted headers stand in the head of a file; None where it is none or several.

    >>> find_by_header("고객,금액\\n".encode("cp949"), ["고객", "금액"])
    'cp949'
    """
    foreign = [title for title in wanted if not title.isascii()]
    fitting = [encoding for encoding in EVERY if foreign and all(_stands(title, encoding, head) for title in foreign)]
    return fitting[0] if len(fitting) == 1 else None


def _stands(title: str, encoding: str, head: bytes) -> bool:
    try:
        return title.encode(encoding) in head
    except UnicodeEncodeError:
        return False


def read_letters(sample: bytes, encoding: str) -> Reading:
    """Judge a reading in an encoding of one byte a letter: a capital within a word, a sign within a word, a letter of no
    language that is written so, another script in the word: all are out of place.

    >>> read_letters(b"M\\x9fller", "mac-roman").odd, read_letters(b"M\\x9fller", "windows-1252").odd
    (0.0, 1.0)
    """
    usual, latin = _LETTERS[encoding], encoding not in CYRILLIC
    odd = signs = 0
    for run in re.finditer(r"[^\x00-\x7f]+", written := sample.decode(encoding, "replace")):
        for place in range(run.start(), run.end()):
            sign = written[place]
            before, after = written[place - 1 : place], written[place + 1 : place + 2]
            signs += 1
            if sign in usual:
                strange = sign.isupper() and (before.islower() or (before.isupper() and after.islower()))
                strange |= not latin and any(one.isascii() and one.isalpha() for one in (before, after))
                strange |= latin and run.end() - run.start() > _MOST_TOGETHER
                strange |= sign.islower() and after.isascii() and after.isupper()
            else:
                strange = sign not in _SIGNS
                strange |= before.isalpha() and after.isalpha() and not _may_stand_within(sign, before, after)
                strange |= sign in _NEVER_BEFORE and after.isalpha()
            odd += strange
    return Reading(encoding, odd / max(signs, 1), signs)


def _may_stand_within(sign: str, before: str, after: str) -> bool:
    if sign == "–":  # Berlin–Hamburg
        return not (before.islower() and after.islower())
    return sign in _WITHIN or (sign == "·" and before.lower() == after.lower() == "l")


def _of_one_language(sample: bytes, encoding: str) -> float:
    """Return the share of the foreign letters that are those of one language, the one that fits best."""
    letters = [sign for sign in sample.decode(encoding, "replace").lower() if not sign.isascii() and sign.isalpha()]
    return max(sum(sign in language for sign in letters) for language in _LANGUAGES[encoding]) / max(len(letters), 1)


def find_cyrillic(sample: bytes, *, least: int = 6) -> str | None:
    """Return the encoding of Cyrillic in which the bytes are words, with the letters that are frequent; None where none is plain.

    ``least`` is how many different letters there must be.

    >>> find_cyrillic("Москва, Санкт-Петербург".encode("koi8-r"))
    'koi8-r'
    """
    good = []
    for encoding in CYRILLIC:
        reading = read_letters(sample, encoding)
        letters = [sign for sign in sample.decode(encoding, "replace").lower() if sign in _LETTERS[encoding]]
        frequent = sum(sign in _FREQUENT_CYRILLIC for sign in letters) / max(len(letters), 1)
        if (
            reading.is_good
            and len(letters) >= 8
            and len(set(letters)) >= least
            and frequent >= 0.5
            and 2 * len(letters) > reading.signs
        ):
            good.append((frequent - reading.odd, encoding))
    good.sort(reverse=True)
    return good[0][1] if good and (len(good) == 1 or good[0][0] > good[1][0] + 0.1) else None


def find_mac(sample: bytes, *, returns_only: bool) -> bool:
    """Say whether a western text was written on an old Mac: it reads well so, and as Windows-1252 it does not.

    Lines that end in CR alone decide where both read well.
    """
    mac, windows = read_letters(sample, MAC), read_letters(sample, WINDOWS)
    worse = windows.odd >= 0.5 or (windows.odd > 0.1 and mac.odd == 0) or (returns_only and windows.odd >= mac.odd)
    return mac.is_good and worse and 2 * count_letters(sample, MAC) >= mac.signs


def count_letters(sample: bytes, encoding: str) -> int:
    """Return how many foreign letters the bytes are in an encoding."""
    return sum(sign.isalpha() and not sign.isascii() for sign in sample.decode(encoding, "replace"))


def find_central(sample: bytes) -> bool:
    """Say whether a text is Central European: in Windows-1250 it has the letters of one language, and in no western encoding.

    >>> find_central("Wrocław, Łódź".encode("windows-1250")), find_central("Köln".encode("windows-1252"))
    (True, False)
    """
    central, western = read_letters(sample, CENTRAL), read_letters(sample, WINDOWS)
    if not central.is_good or central.signs < 3 or _of_one_language(sample, CENTRAL) < 0.98:
        return False
    runs = len(re.findall(rb"[\x80-\xff]+", sample))
    beside = len(re.findall(rb"(?<=[A-Za-z])[\x80-\xff]+|[\x80-\xff]+(?=[A-Za-z])", sample))
    if beside < 0.9 * runs or (read_letters(sample, MAC).odd < 0.25 and _of_one_language(sample, MAC) >= 0.8):
        return False
    if western.odd >= 0.25:
        return True
    # Western letters too, but of no one language: Czech has its š and ž, Hungarian ő beside ö
    letters = [sign for sign in sample.decode(CENTRAL, "replace").lower() if not sign.isascii() and sign.isalpha()]
    hacek = sum(sign in "šž" for sign in letters) >= 0.1 * len(letters)
    double = any(sign in "őű" for sign in letters) and any(sign in "öü" for sign in letters)
    return (hacek or double) and _of_one_language(sample, WINDOWS) < 0.9


def find_korean(sample: bytes) -> bool:
    """Say whether bytes that would be Chinese too are Korean: syllables only, and the frequent ones.

    >>> find_korean("주식회사 한국상사".encode("cp949")), find_korean("广州市天河区贸易有限公司".encode("gb2312"))
    (True, False)
    """
    signs = [sign for sign in sample.decode(KOREAN, "replace") if not sign.isascii()]
    hangul = sum("가" <= sign <= "힣" for sign in signs)
    frequent = sum(sign in _FREQUENT_HANGUL for sign in signs)
    return len(signs) >= 6 and hangul >= 0.95 * len(signs) and frequent >= 0.4 * len(signs)


def find_japanese(sample: bytes, *, kana: bool = True) -> str | None:
    """Return the encoding in which the bytes are Japanese: kanji that are used and, if wanted, kana; None where it is not plain.

    >>> find_japanese("東京商事カブシキガイシャ".encode("cp932")), find_japanese("上海".encode("gb18030"))
    ('cp932', None)
    """
    for encoding in (JAPANESE, JAPANESE_UNIX) if kana else (JAPANESE,):
        signs = [sign for sign in sample.decode(encoding, "replace") if not sign.isascii()]
        phonetic = sum("\u3041" <= sign <= "\u30ff" for sign in signs)
        usual = sum(_is_japanese(sign) for sign in signs)
        if len(signs) >= 6 and usual >= 0.95 * len(signs) and (phonetic >= 0.1 * len(signs) or not kana):
            return encoding
    return None


def _is_japanese(sign: str) -> bool:
    if "\u3000" <= sign <= "\u30ff" or "\uff01" <= sign <= "\uff5e":
        return True
    return int.from_bytes(sign.encode(JAPANESE, "ignore")) in _EVERYDAY_KANJI


def find_taiwan(sample: bytes) -> bool:
    """Say whether the bytes are everyday Chinese in Big5.

    >>> find_taiwan("台灣積體電路製造公司".encode("big5")), find_taiwan("Müller".encode("windows-1252"))
    (True, False)
    """
    signs = [sign for sign in sample.decode(TAIWAN, "replace") if not sign.isascii()]
    usual = sum(
        int.from_bytes(sign.encode(TAIWAN, "ignore")) in _EVERYDAY_BIG5
        or "\u3000" <= sign <= "\u301f"
        or "\uff01" <= sign <= "\uff5e"
        for sign in signs
    )
    return len(signs) >= 6 and usual >= 0.98 * len(signs)


def list_likely(sample: bytes) -> list[str]:
    """Return the encodings that the bytes could be in, the likeliest first: for the message of who cannot tell.

    >>> list_likely("Łódź".encode("windows-1250"))[0]
    'windows-1250'
    """
    found = [encoding for encoding in (find_cyrillic(sample), find_japanese(sample, kana=False)) if encoding]
    found += [KOREAN] if find_korean(sample) else []
    found += [TAIWAN] if find_taiwan(sample) else []
    readings = [read_letters(sample, encoding) for encoding in (WINDOWS, CENTRAL, MAC, *CYRILLIC)]
    letters = [reading for reading in readings if reading.odd <= 0.34 and not _breaks(sample, reading.encoding)]
    found += [reading.encoding for reading in sorted(letters, key=lambda reading: reading.odd)]
    if not _breaks(sample, "gb18030"):
        found.append("gb18030")
    return list(dict.fromkeys(found))[:4]


def _breaks(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except UnicodeDecodeError:
        return True
    return False
