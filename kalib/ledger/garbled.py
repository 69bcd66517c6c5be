"""Was this text UTF-8 once, read as Windows-1252 and saved again? Repairs it exactly, or leaves it alone."""

from __future__ import annotations

import re

MOST_TIMES = 3
"""So often a text may have gone through the wrong reading."""
_CONTINUED = "[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
PATTERN = f"[\u00c2-\u00df]{_CONTINUED}|[\u00e0-\u00ef]{_CONTINUED}{{2}}|[\u00f0-\u00f4]{_CONTINUED}{{3}}|Ã$"
"""What such a text has somewhere: the first byte of a UTF-8 character and the others, each as a sign of its own."""
_USUAL = re.compile(
    "[\u0080-\u017f\u0192\u02c6\u02dc\u0218-\u021b\u0370-\u03ff\u0400-\u045f\u0490\u0491\u05d0-\u05ea\u0600-\u06ff\u0e00-\u0e7f\u1e00-\u1eff"
    "\u2010-\u203a\u20ac\u2116\u2122\u2190-\u27bf\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff01-\uff5e\U0001f300-\U0001faff]"
)
_NATURAL = re.compile(r"(?<=[A-Z])[\u00c4-\u00de](?=[®™©”’»…–—]|$)")
"""A capital with an accent and a sign after it, as in NESCAFÉ®: that is how it is written."""


def repair(text: str) -> str | None:
    """Return a text as it was before UTF-8 was read as Windows-1252, once or several times; None where it was not.

    Exact: every sign must go back to a byte, and the bytes must be UTF-8 of letters that are in use.

    Examples
    --------
    >>> [repair(text) for text in ("MÃ¼ller", "MÃƒÂ¼ller", "ä¸\xadæ–‡", "Ð¼Ð¸Ñ€", "CittÃ")]
    ['Müller', 'Müller', '中文', 'мир', 'Città']
    >>> [repair(text) for text in ("Müller", "NESCAFÉ®", "IRMÃ", "plain")]
    [None, None, None, None]
    """
    found = None
    for _ in range(MOST_TIMES):
        once = _once(found or text)
        if once is None:
            break
        found = once
    return found


def _once(text: str) -> str | None:
    if text.isascii() or not re.search(PATTERN, text):
        return None
    if (
        text.endswith("Ã") and text[-2:-1].islower()
    ):  # not IRMÃ, but CittÃ, where à's second sign is a blank that does not break, and was cut
        text += "\xa0"
    lone = [found.start() for found in _NATURAL.finditer(text)]
    try:
        repaired = b"".join(map(_byte, text)).decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return None
    if lone or not all(sign.isascii() or _USUAL.match(sign) for sign in repaired):
        return None
    return repaired if _is_printed(repaired) else None


def _byte(sign: str) -> bytes:
    """Return the byte that was read as a sign: of Windows-1252, or of Latin-1 where Windows has none."""
    try:
        return sign.encode("windows-1252")
    except UnicodeEncodeError:
        return sign.encode("latin-1")


def _is_printed(text: str) -> bool:
    """Say whether no control sign comes out, unless it goes back to a byte once more."""
    return not any("\x80" <= sign <= "\x9f" for sign in text) or _once(text) is not None
