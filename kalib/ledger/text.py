"""How is this text file written? Finds encoding, separator, quoting and header by evidence, and reads row by row where it must."""

from __future__ import annotations

import codecs
import csv
import glob
import hashlib
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from kalib.errors import DataError, SettingsError
from kalib.ledger import charset
from kalib.ledger.headers import find_same, fold_same
from kalib.ledger.source import BLANKS, LONGEST_SHOWN, Input, Note, Source, quote, shown, text
from kalib.settings import Read
from kalib.words.told import either, told

DELIMITERS = "\t;|,"
"""Tried in this order: a comma also stands in decimals and in prose."""
CONTROLS = "\x01\x1f\x02\x1e"
"""What Hive and old programs put between values: nothing else has them in a header."""
RARE = CONTROLS + "^~"
"""Tried where none of the usual ones divides the lines."""
QUOTES = "\"'"
PIECE = 1 << 22
HEAD_BYTES = 1 << 20
"""So much of the beginning says how the file is written."""
HEADER_WITHIN = 200
"""The header stands within so many lines; a record of the preamble runs over at most ``LINES_OF_A_HEADER`` of them."""
LINES_OF_A_HEADER = 50
LONGEST_HEADER = 1000
"""A header longer than so many characters is a quote that was never closed."""
MOST_COLUMNS = 4096
LONGEST_LINE = 1 << 22
ROWS_AT_ONCE = 20_000
CHARACTERS_AT_ONCE = 1 << 26
_UTF8 = ("utf-8", "utf8", "utf-8-sig")
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_UNREAD = pa.schema([("line", pa.int64()), ("rule", pa.string()), ("value", pa.string())])


# -------------------------------------------------------------------------------------------------------- which bytes


@dataclass
class Survey:
    """What one pass over a file's bytes counts; ``invalid`` is where it stops being UTF-8."""

    feeds: int = 0
    returns: int = 0
    pairs: int = 0
    nuls: int = 0
    plain: bool = True
    invalid: int | None = None
    head: bytes = b""
    tail: bytes = b""

    @property
    def even(self) -> bool:
        """Say whether every line ends alike, in a way of today."""
        return self.returns in (0, self.pairs) and self.pairs in (0, self.feeds)

    @property
    def lines(self) -> int:
        """Return the number of lines, without blank ones at the end."""
        ends = len(self.tail) - len(self.tail.rstrip(b"\r\n"))
        blank = self.tail[len(self.tail) - ends :].count(b"\n")
        return self.feeds - blank + (len(self.tail) > ends)


def survey(path: Path) -> Survey:
    """Count line ends and NUL bytes of a file, and find out whether it is UTF-8."""
    seen = Survey()
    decoder = codecs.getincrementaldecoder("utf-8")()
    done, last = 0, b""
    with path.open("rb", buffering=0) as stream:
        while piece := stream.read(PIECE):
            seen.head += piece[: HEAD_BYTES - len(seen.head)] if len(seen.head) < HEAD_BYTES else b""
            seen.tail = (seen.tail + piece)[-4096:]
            seen.feeds += piece.count(b"\n")
            seen.nuls += piece.count(b"\0")
            if b"\r" in piece:
                seen.returns += piece.count(b"\r")
                seen.pairs += piece.count(b"\r\n")
            if last == b"\r" and piece.startswith(b"\n"):
                seen.pairs += 1
            last = piece[-1:]
            if seen.invalid is None and not (piece.isascii() and not decoder.getstate()[0]):
                seen.plain = False
                waiting = len(decoder.getstate()[0])
                try:
                    decoder.decode(piece)
                except UnicodeDecodeError as error:
                    seen.invalid = done - waiting + error.start
            done += len(piece)
    if seen.invalid is None and decoder.getstate()[0]:
        seen.invalid = done - len(decoder.getstate()[0])
    return seen


def find_encoding(given: Input, seen: Survey, wanted: Sequence[str] = ()) -> str:
    """Find the encoding of a text file by its mark, by its bytes, or by what it would say.

    UTF-8 is certain where every byte fits it; the others are told apart by the wanted headers, if these stand there in
    one of them only, else by the words that come out.

    Raises
    ------
    DataError
        A file of which nobody can say it, or damaged UTF-8; names the line.
    """
    for mark, encoding in _MARKS.items():
        if seen.head.startswith(mark):
            if encoding == "utf-8" and seen.invalid is not None:
                break
            return encoding
    if seen.nuls:
        wide = _find_wide(seen.head)
        if wide:
            return wide
        line = _line_of(given.file, b"\0")
        raise DataError(
            told(
                "{label}, line {line}: a NUL character stands in it. The file is damaged: export it again.",
                label=given.label,
                line=line,
            ),
            rule="file_damaged",
            file=given.name,
            line=line,
        )
    if seen.invalid is None:
        return "utf-8"
    runs, signs = _foreign(given.file)
    sample = _foreign_lines(given.file)
    damaged = _is_damaged_utf8(runs)
    found = None if damaged else charset.find_by_header(seen.head, wanted) or _find_before_chinese(sample, signs)
    if found and _breaks(given.file, found) is None:
        return found
    broken = _breaks(given.file, "gb18030")
    chinese, western = broken is None, _breaks(given.file, "windows-1252") is None
    if chinese and (_reads_chinese(runs, signs) or (not western and _reads_mostly_chinese(signs))):
        if not (western and _reads_western(runs) and all(len(run.strip(_LETTERS)) <= 2 for run in runs)):
            return "gb18030"
    elif not damaged and charset.find_mac(sample, returns_only=seen.returns > 0 and not seen.feeds):
        return charset.MAC
    elif western and _reads_western(runs) and not damaged:
        few = 2 * charset.count_letters(sample, charset.WINDOWS) < sum(map(len, runs))
        return charset.TAIWAN if few and charset.find_taiwan(sample) else charset.WINDOWS
    elif not damaged and (found := _find_after_western(sample)) and _breaks(given.file, found) is None:
        return found
    if not chinese and not damaged and _reads_chinese(runs, signs.replace("\ufffd", "")):
        line, byte = _byte_at(given.file, broken)
        raise DataError(
            told(
                "{label}, line {line}: the file is in GB18030, but byte {byte:#04x} here fits neither it nor UTF-8. The "
                "line is damaged: correct it, or export the file again; or say in `read.encoding` what it is in.",
                label=given.label,
                line=line,
                byte=byte,
            ),
            rule="encoding",
            file=given.name,
            line=line,
            value=f"{byte:#04x}",
        )
    line, byte = _byte_at(given.file, seen.invalid)
    likely = ([] if damaged else charset.list_likely(sample)) or ["gb18030", "windows-1252"]
    say = either([f"`read: {{encoding: {likely[0]}}}`", *(f"`{encoding}`" for encoding in likely[1:])])
    raise DataError(
        told(
            "{label}, line {line}: byte {byte:#04x} is not UTF-8, and the text does not tell which encoding it is "
            "in. Say it, such as {say}, or save the file as UTF-8.",
            label=given.label,
            line=line,
            byte=byte,
            say=say,
        ),
        rule="encoding",
        file=given.name,
        line=line,
        value=f"{byte:#04x}",
    )


def _find_before_chinese(sample: bytes, signs: str) -> str | None:
    """Tell what would pass for Chinese, though rare signs of it, kana or syllables of Korean."""
    common = sum(_is_everyday(sign) and sign.encode("gb2312") < b"\xd8" for sign in signs)
    if cyrillic := charset.find_cyrillic(sample, least=6 if 2 * common < len(signs) else 10):
        return cyrillic
    if charset.find_central(sample):
        return charset.CENTRAL
    if charset.find_korean(sample):
        return charset.KOREAN
    return charset.find_japanese(sample)


def _find_after_western(sample: bytes) -> str | None:
    """Tell what is neither Chinese of the mainland nor western, if it is plain."""
    taiwan, japanese = charset.find_taiwan(sample), charset.find_japanese(sample, kana=False)
    if taiwan and not japanese:
        return charset.TAIWAN
    return None if taiwan else japanese


_LETTERS = bytes(range(0x41, 0x5B)) + bytes(range(0x61, 0x7B))
_RUN = re.compile(rb"[A-Za-z]?[\x80-\xff]+[A-Za-z]?")
_MANY_RUNS = 20_000
_SAMPLE = 1 << 18
_WESTERN_SIGNS = set("€£¥©®°§«»“”„‘’–—…•·ºª²³½¼¾±µ×÷¡¿´¨\xa0†™")


def _find_wide(head: bytes) -> str | None:
    """Tell UTF-16 without a mark by what comes out: in the right order of bytes, much of a table is ASCII."""
    best, most = None, 0.2
    for encoding in ("utf-16-le", "utf-16-be"):
        decoded = head[: len(head) // 2 * 2].decode(encoding, errors="ignore")
        share = sum(sign.isascii() and sign != "\0" for sign in decoded) / max(len(decoded), 1)
        if "\0" not in decoded and share > most and ("\n" in decoded or "\r" in decoded):
            best, most = encoding, share
    return best


def _foreign(path: Path) -> tuple[list[bytes], str]:
    """Return runs of bytes beyond ASCII with the letters beside them, and the characters they would be in GB18030."""
    runs: list[bytes] = []
    signs: list[str] = []
    with path.open("rb") as stream:
        for line in iter(lambda: stream.readline(1 << 20), b""):
            if not line.isascii():
                runs += _RUN.findall(line)
                signs += [sign for sign in line.decode("gb18030", "replace") if not sign.isascii()]
                if len(runs) > _MANY_RUNS:
                    break
    return runs, "".join(signs)


def _foreign_lines(path: Path) -> bytes:
    """Return the first lines that are not ASCII."""
    lines: list[bytes] = []
    size = 0
    with path.open("rb") as stream:
        for line in iter(lambda: stream.readline(1 << 16), b""):
            if not line.isascii():
                lines.append(line)
                size += len(line)
                if size > _SAMPLE:
                    break
    return b"".join(lines)


def _breaks(path: Path, encoding: str) -> int | None:
    """Return the place of the first byte that is not in an encoding; None where all are."""
    decoder = codecs.getincrementaldecoder(encoding)()
    done = waiting = 0
    with path.open("rb") as stream:
        try:
            while piece := stream.read(PIECE):
                waiting = len(decoder.getstate()[0])
                decoder.decode(piece)
                done += len(piece)
            waiting = len(decoder.getstate()[0])
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            return done - waiting + error.start
    return None


def _reads_chinese(runs: Sequence[bytes], signs: str) -> bool:
    """Say whether the characters are everyday Chinese ones: western letters read as GB18030 come out as rare ones."""
    everyday = sum(_is_everyday(sign) for sign in signs)
    return everyday >= 0.9 * len(signs)


def _reads_mostly_chinese(signs: str) -> bool:
    """Say whether half are characters of GB2312, as in traditional writing; only asked where nothing western fits."""
    return 2 * sum(_is_everyday(sign) for sign in signs) >= len(signs)


def _is_everyday(sign: str) -> bool:
    return len(sign.encode("gb2312", "ignore")) == 2


def _reads_western(runs: Sequence[bytes]) -> bool:
    """Say whether the bytes are letters with accents as they stand in words, one or two together, and usual signs."""
    odd = 0
    for run in runs:
        core = run.strip(_LETTERS).decode("windows-1252", "replace")
        letters = all(sign.isalpha() for sign in core)
        inside = len(run) - len(core) == 2
        odd += len(core) > 3 or not (letters or all(sign in _WESTERN_SIGNS or sign.isalpha() for sign in core))
        odd += inside and not letters and core not in ("’", "´", "‘", "·", "–", "\xad")
    return odd * 5 <= len(runs)


def _is_damaged_utf8(runs: Sequence[bytes]) -> bool:
    """Say whether most runs are sound UTF-8, so that a few bytes of it are broken."""
    return 2 * sum(_is_utf8(run) for run in runs) > len(runs)


def _is_utf8(run: bytes) -> bool:
    try:
        run.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _byte_at(path: Path, place: int) -> tuple[int, int]:
    """Return the line that a byte stands on, and the byte."""
    line, left = 1, place
    with path.open("rb") as stream:
        while left > 0 and (piece := stream.read(min(PIECE, left))):
            left -= len(piece)
            line += piece.count(b"\n")
        stream.seek(place)
        return line, stream.read(1)[0]


def _line_of(path: Path, byte: bytes) -> int:
    line = 1
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            place = piece.find(byte)
            if place >= 0:
                return line + piece.count(b"\n", 0, place)
            line += piece.count(b"\n")
    return line


def _as_utf8(given: Input, encoding: str, target: Path) -> Path:
    """Write a copy of a file in UTF-8, everything else as it is."""
    line = 1
    try:
        with (
            given.file.open(encoding=encoding, newline="") as source,
            target.open("w", encoding="utf-8", newline="") as copy,
        ):
            while piece := source.read(PIECE):
                copy.write(piece.removeprefix("\ufeff") if line == 1 else piece)
                line += piece.count("\n")
    except LookupError:
        raise SettingsError(
            told(
                "`read.encoding: {encoding}` is not known. Common ones are utf-8, gb18030, windows-1252, utf-16.",
                encoding=encoding,
            )
        ) from None
    except UnicodeDecodeError as error:
        line += error.object[: error.start].count(b"\n")
        raise DataError(
            told(
                "{label}, near line {line}: byte {byte:#04x} is not {encoding}. Say which encoding the file has, such as "
                "`read: {{encoding: gb18030}}` or `windows-1252`.",
                label=given.label,
                line=line,
                byte=error.object[error.start],
                encoding=encoding,
            ),
            rule="encoding",
            file=given.name,
            line=line,
            value=f"{error.object[error.start]:#04x}",
        ) from None
    except (UnicodeError, ValueError) as error:  # UTF-16 without its mark, characters that exist in no text
        raise DataError(
            told(
                "{label}: the file is not {encoding!r} ({error}). Say in `read.encoding` which encoding it has.",
                label=given.label,
                encoding=encoding,
                error=error,
            ),
            rule="encoding",
            file=given.name,
        ) from None
    return target


# --------------------------------------------------------------------------------------------------- which table in it


@dataclass(frozen=True)
class Header:
    """Where the columns are named, and how the rows below are written."""

    delimiter: str
    quote: str
    titles: list[str]
    line: int
    last_line: int
    preamble: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TextFile:
    """A text file that is understood: ``readable`` is it, or a copy, in UTF-8."""

    given: Input
    readable: Path
    encoding: str
    header: Header
    columns: list[str]
    needed: int
    with_digits: list[int]
    seen: Survey
    notes: list[Note]


def open_text(
    given: Input,
    read: Read,
    *,
    scratch: Path,
    wanted: Sequence[str] = (),
    with_digits: Sequence[str] = (),
) -> TextFile:
    """Find out how a text file is written.

    Parameters
    ----------
    given : the file
    read : what the job says of reading; what it does not say is found by evidence
    scratch : folder for a copy in UTF-8, where the file is in another encoding
    wanted : headers that the table must have; without them, the header is the first row as wide as most
    with_digits : those of them whose values have digits, such as dates and money

    Raises
    ------
    DataError, SettingsError
        What cannot be found or does not fit.
    """
    read = read.model_copy(update={"delimiter": _one_sign(read.delimiter)})
    seen = survey(given.file)
    encoding, notes = read.encoding, []
    if encoding is None:
        encoding = find_encoding(given, seen, wanted)
        if encoding != "utf-8":
            notes.append(Note("encoding_found", given.name, value=encoding))
    plain = encoding.lower().replace("_", "-") in _UTF8
    if plain and seen.invalid is not None:
        _refuse_bytes(given, seen, encoding)
    readable = given.file
    if not plain:
        readable = _as_utf8(given, encoding, scratch / f"{file_name(given.name)}.utf8.csv")
        seen = survey(readable)
    if seen.nuls:
        line = _line_of(readable, b"\0")
        raise DataError(
            told(
                "{label}, line {line}: a NUL character stands in it. The file is damaged, or in UTF-16: then say `read: "
                "{{encoding: utf-16}}`.",
                label=given.label,
                line=line,
            ),
            rule="file_damaged",
            file=given.name,
            line=line,
        )
    header = find_header(seen, read, wanted, given=given)
    columns = name_columns(header.titles, wanted, given=given, line=header.line)
    if header.preamble:
        notes.append(Note("header_found", given.name, header.line, value=shown(" ⏎ ".join(header.preamble))))
    filled = [number for number, title in enumerate(header.titles, 1) if title.strip(BLANKS)]
    places = [columns.index(title) for title in with_digits if title in columns]
    return TextFile(given, readable, encoding, header, columns, max(filled), places, seen, notes)


def file_name(name: str) -> str:
    """Return a name for a file in scratch that no name from outside can lead elsewhere."""
    return (
        re.sub(r"\W", "_", name, flags=re.ASCII)[-60:]
        + "."
        + hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:12]
    )


def _one_sign(delimiter: str | None) -> str | None:
    r"""Return the separator that the job names: a sign, or how a control sign is written (``\x01``, ``\001``, ``\t``, ``^A``)."""
    if delimiter is None:
        return None
    sign = delimiter
    if found := re.fullmatch(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(0[0-7]{2}))", delimiter):
        sign = chr(int(found[1] or found[2], 16) if found[1] or found[2] else int(found[3], 8))
    elif delimiter in ("\\t", "^A"):
        sign = {"\\t": "\t", "^A": "\x01"}[delimiter]
    if len(sign) != 1 or sign in '"\r\n \0':
        raise SettingsError(
            told(
                "`read.delimiter: {delimiter!r}` must be one character, and neither a quote nor a line end.",
                delimiter=delimiter,
            )
        )
    return sign


def _refuse_bytes(given: Input, seen: Survey, encoding: str) -> None:
    line, byte = _byte_at(given.file, seen.invalid)
    raise DataError(
        told(
            "{label}, near line {line}: byte {byte:#04x} is not {encoding}. Say which encoding the file has, such as "
            "`read: {{encoding: gb18030}}` or `windows-1252`.",
            label=given.label,
            line=line,
            byte=byte,
            encoding=encoding,
        ),
        rule="encoding",
        file=given.name,
        line=line,
        value=f"{byte:#04x}",
    )


def find_header(seen: Survey, read: Read, wanted: Sequence[str], *, given: Input) -> Header:
    """Find the line that names the columns, and with it the separator and the quotes.

    Raises
    ------
    DataError
        No header, or a quote in it that is never closed.
    """
    head = codecs.getincrementaldecoder("utf-8")("ignore").decode(seen.head).removeprefix("\ufeff")
    lines = list(itertools.islice(io.StringIO(head, newline=""), HEADER_WITHIN * LINES_OF_A_HEADER))
    if not any(line.strip(BLANKS) for line in lines):
        raise DataError(
            told("{label}, line 1: the header is empty. The first line must name the columns.", label=given.label),
            rule="header",
            file=given.name,
            line=1,
        )
    declared = re.fullmatch(r'"?sep=(.)"?', lines[0].strip("\r\n"), re.IGNORECASE)
    first = 1 if declared else 0
    delimiters = read.delimiter or (declared[1] if declared else _possible(lines, first))
    if read.header_line:
        if read.header_line > len(lines):
            raise DataError(
                told(
                    "{label}: `read.header_line: {header_line}` is beyond the {count} lines at its beginning.",
                    label=given.label,
                    header_line=read.header_line,
                    count=len(lines),
                ),
                rule="header",
                file=given.name,
            )
        first, wanted_here = read.header_line - 1, ()
        found = [_header_at(lines, first, delimiter, quotes) for delimiter in delimiters for quotes in QUOTES]
        found = [header for header in found if header and _has_all(header, wanted)] or [h for h in found if h]
        found.sort(key=lambda header: -len(header.titles))
        if wanted and not (found and _has_all(found[0], wanted)):
            raise _wrong_line(
                given,
                read.header_line,
                found[0].titles if found else [],
                wanted,
                _by_name(lines, 0, delimiters, wanted),
            )
    else:
        wanted_here = wanted
        found = _by_name(lines, first, delimiters, wanted_here) if wanted_here else []
        found = found or [_by_width(lines, first, delimiters)]
    header = _with_quotes(lines, found[0])
    if not (read.delimiter or declared) and len(header.titles) == 1:
        _name_separator(given, header, wanted)
    if not any(header.titles) or max(map(len, header.titles)) > LONGEST_HEADER or header.last_line - header.line > 40:
        what = told("a quote in the header is not closed") if any(header.titles) else told("the header is empty")
        if any(header.titles) and header.last_line == header.line:
            what = told(
                "a name of {length:,} characters is too long for a column; more than {longest:,} are not read",
                length=max(map(len, header.titles)),
                longest=LONGEST_HEADER,
            )
        raise DataError(
            told(
                "{label}, line {line}: {what}. The first line must name the columns.",
                label=given.label,
                line=header.line,
                what=what,
            ),
            rule="header",
            file=given.name,
            line=header.line,
        )
    if len(header.titles) > MOST_COLUMNS:
        raise DataError(
            told(
                "{label}, line {line}: the header has {count:,} columns, more than {most:,}. Say in `read.delimiter` "
                "what separates them.",
                label=given.label,
                line=header.line,
                count=len(header.titles),
                most=MOST_COLUMNS,
            ),
            rule="header",
            file=given.name,
            line=header.line,
        )
    _refuse_table_above(given, header, lines[first : header.line - 1], first)
    preamble = [line.strip(BLANKS + ",;\t|") for line in lines[first : header.line - 1]]
    return replace(header, preamble=[line for line in preamble if line])


def _possible(lines: Sequence[str], first: int) -> str:
    """Return the separators to try: the usual ones, or a rare one that divides all lines alike."""
    sample = [line for line in lines[first:][:200] if line.strip(BLANKS)]
    for sign in RARE:
        if sign not in sample[0]:
            continue
        counts = {line.count(sign) for line in sample}
        titles = [title.strip(BLANKS + '"') for title in sample[0].split(sign)]
        names = all(any(mark.isalpha() for mark in title) for title in titles) and len(set(titles)) == len(titles)
        usual = any(
            len({line.count(other) for line in sample} - {0}) == 1 and other in sample[0] for other in DELIMITERS
        )
        if len(sample) > 1 and len(counts) == 1 and names and (sign in CONTROLS or (len(titles) > 2 and not usual)):
            return sign
    return DELIMITERS


def _name_separator(given: Input, header: Header, wanted: Sequence[str]) -> None:
    """Refuse a table of one column in whose header a rare sign stands that may be the separator, and name it."""
    title = header.titles[0]
    sign = next((sign for sign in RARE if title.count(sign) >= (1 if sign in CONTROLS else 2)), None)
    if sign is None or (sign not in CONTROLS and not wanted):
        return
    written = sign if sign.isprintable() else f"\\x{ord(sign):02x}"
    raise DataError(
        told(
            "{label}, line {line}: the lines are not divided into columns by a tab, `;`, `|` or `,`, but `{written}` "
            "stands in the header {times:,} times. If it separates the values, say `read: {{delimiter: "
            '"{written}"}}`; the lines do not all have it equally often.',
            label=given.label,
            line=header.line,
            written=written,
            times=title.count(sign),
        ),
        rule="header",
        file=given.name,
        line=header.line,
        value=shown(title),
    )


def _wrong_line(
    given: Input, line: int, titles: Sequence[str], wanted: Sequence[str], right: Sequence[Header]
) -> DataError:
    """Return the refusal of a header line that the job declares, and that lacks a mapped header."""
    lacking = ", ".join(shown(title, 60) for title in wanted if find_same(title, titles) is None)
    remedy = (
        told("Line {right} has them all: say `header_line: {right}`, or nothing.", right=right[0].line)
        if right
        else told("Correct it, or `columns:`.")
    )
    return DataError(
        told(
            "{label}, line {line}: `read.header_line: {line}` in the job file says that the header stands here, but "
            "the line lacks {lacking}; it has {titles}. {remedy}",
            label=given.label,
            line=line,
            lacking=lacking,
            titles=shown(", ".join(titles), 120),
            remedy=remedy,
        ),
        rule="column_missing",
        file=given.name,
        line=line,
        value=shown(", ".join(titles)),
    )


def _refuse_table_above(given: Input, header: Header, above: Sequence[str], first: int) -> None:
    """Refuse a file in which another table, a header with rows below it, stands above the one that is wanted."""
    rows = [[cell.strip(BLANKS) for cell in line.strip("\r\n").split(header.delimiter)] for line in above]
    for place, cells in enumerate(rows):
        below = rows[place + 1 : place + 3]
        alike = [row for row in below if len(row) == len(cells) and any(sign.isdigit() for sign in "".join(row))]
        if len(alike) == 2 and looks_like_header(cells):
            raise two_tables(given.label, given.name, first + place + 1, cells)


def _header_at(lines: Sequence[str], place: int, delimiter: str, quotes: str) -> Header | None:
    """Return the record that begins on a line, taken for a header."""
    reader = csv.reader(lines[place : place + LINES_OF_A_HEADER], delimiter=delimiter, quotechar=quotes)
    try:
        titles = next(reader, [])
    except csv.Error:
        return None
    return Header(delimiter, quotes, titles, place + 1, place + reader.line_num) if titles else None


def _has_all(header: Header, wanted: Sequence[str]) -> bool:
    titles = set(header.titles)
    return titles.issuperset(wanted) or has_same(titles, wanted)


def has_same(titles: Iterable[str], wanted: Sequence[str]) -> bool:
    """Say whether a row has every wanted header, case, width and blanks aside."""
    return {fold_same(title) for title in titles}.issuperset(fold_same(title) for title in wanted)


def _by_name(lines: Sequence[str], first: int, delimiters: str, wanted: Sequence[str]) -> list[Header]:
    """Return the first record that has all wanted headers, for the separator under which it has the most columns."""
    longest = max(wanted, key=len).strip(BLANKS)
    near = lines[: HEADER_WITHIN + LINES_OF_A_HEADER]
    if not any(longest in line for line in near):  # it may be written in another way
        longest, near = fold_same(longest), [fold_same(line) for line in near]
    for place in range(first, min(len(lines), HEADER_WITHIN)):
        if not any(longest in line for line in near[place : place + LINES_OF_A_HEADER]) and '"' not in longest:
            break  # nowhere below either, or too far below
        found = [
            header
            for delimiter in delimiters
            for quotes in QUOTES
            if (header := _header_at(lines, place, delimiter, quotes)) and _has_all(header, wanted)
        ]
        if found:
            most = max(len(header.titles) for header in found)
            return [header for header in found if len(header.titles) == most]
    return []


def _by_width(lines: Sequence[str], first: int, delimiters: str) -> Header:
    """Return the first record as wide as most of those below it, under the separator that makes most of them agree."""
    best, best_score = None, (-1.0, 0)
    sample = lines[first:][:1000]
    for delimiter in delimiters:
        try:
            rows = [row for row in csv.reader(sample, delimiter=delimiter) if any(row)]
        except csv.Error:
            continue
        if not rows:
            continue
        width = Counter(map(len, rows)).most_common(1)[0][0]
        share = sum(len(row) == width for row in rows) / len(rows)
        score = (1.0 if share >= 0.8 else share, 0) if width > 1 else (0.0, 0)
        if score > best_score:
            best, best_score = (delimiter, width), score
    delimiter, width = best or (delimiters[-1], 1)
    start = next(place for place in range(first, len(lines)) if lines[place].strip(BLANKS))
    for place in range(start, min(len(lines), HEADER_WITHIN)):
        header = _header_at(lines, place, delimiter, '"')
        if header and len(header.titles) == width and any(title.strip(BLANKS) for title in header.titles):
            return header
    return _header_at(lines, start, delimiter, '"') or Header(delimiter, '"', [], start + 1, start + 1)


def _with_quotes(lines: Sequence[str], header: Header) -> Header:
    """Take the single quote for the quoting sign where plainly every value of a column stands in it."""
    below = [line for line in lines[header.last_line :][:500] if line.strip(BLANKS)]
    if not below or any('"' in line for line in below):
        return replace(header, quote='"') if header.quote == '"' else header
    width = len(header.titles)
    try:
        rows = list(csv.reader(below, delimiter=header.delimiter, quotechar="'", strict=True))
        raw = list(csv.reader(below, delimiter=header.delimiter, quoting=csv.QUOTE_NONE))
    except csv.Error:
        return header
    closed = [row for row in raw if any(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in row)]
    plainly = rows and all(len(row) == width for row in rows) and 2 * len(closed) > len(raw)
    if not plainly:
        return header
    titles = _header_at(lines, header.line - 1, header.delimiter, "'")
    return replace(header, quote="'", titles=titles.titles if titles else header.titles)


def name_columns(titles: Sequence[str], wanted: Sequence[str], *, given: Input, line: int) -> list[str]:
    """Return a name for each column: the wanted one that it is, its own title, or its number.

    A title that differs from a wanted header in case, width or blanks is that header, unless there are two of them.

    Raises
    ------
    DataError
        A wanted header that stands there twice, capitals aside.
    """
    plain = [title.strip(BLANKS) for title in titles]
    names: dict[int, str] = {}
    for theirs in wanted:
        same = find_same(theirs, titles)
        places = [place for place, title in enumerate(titles) if title == same]
        twice = [titles[place] for place, title in enumerate(plain) if title.lower() == theirs.strip(BLANKS).lower()]
        if places and len(twice) > 1:
            raise DataError(
                told(
                    "{label}, line {line}: the header has {twice} more than once (capitals aside). Give each column a name "
                    "of its own.",
                    label=given.label,
                    line=line,
                    twice=twice,
                ),
                rule="header_twice",
                file=given.name,
                line=line,
                column=twice[0],
            )
        if places and (same == theirs or places[0] not in names):
            names[places[0]] = theirs
    taken = {title.lower() for title in names.values()}
    for place in range(len(titles)):
        if place not in names:
            base = plain[place] or f"column {place + 1}"
            again = (f"{base} ({number})" for number in itertools.count(2))
            names[place] = next(one for one in itertools.chain([base], again) if one.lower() not in taken)
            taken.add(names[place].lower())
    return [names[place] for place in range(len(titles))]


# ---------------------------------------------------------------------------------------------------- its rows, quickly


def fast_scan(file: TextFile) -> tuple[str, int] | None:
    """Return SQL that reads a file which looks clean, and how many rows it must find; None for any other file."""
    if not file.seen.even or len(file.columns) < 2 or "\n" in "".join(file.header.preamble):
        return None
    if file.header.last_line != file.header.line or (file.header.line > 1 and '"' in "".join(file.header.preamble)):
        return None
    columns = ", ".join(f"{text(column)}: 'VARCHAR'" for column in file.columns)
    scan = (
        f"SELECT * FROM read_csv({text(glob.escape(str(file.readable)))}, header = false, skip = {file.header.line}, "
        f"auto_detect = false, delim = {text(file.header.delimiter)}, quote = {text(file.header.quote)}, "
        f"escape = {text(file.header.quote)}, strict_mode = true, hive_partitioning = false, columns = {{{columns}}}, nullstr = '', "
        f"max_line_size = {LONGEST_LINE})"
    )
    return scan, file.seen.lines - file.header.line


# ------------------------------------------------------------------------------------------------- its rows, carefully


class _Lines:
    """The lines of a text, counted; ``kept`` are those since it was last emptied."""

    def __init__(self, stream: io.TextIOBase) -> None:
        self.stream, self.number, self.kept, self.too_long = stream, 0, [], False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.stream.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        if len(line) == LONGEST_LINE and not line.endswith(("\n", "\r")):
            self.too_long = True
            while (more := self.stream.readline(LONGEST_LINE)) and not more.endswith(("\n", "\r")):
                pass
            line = line[:LONGEST_SHOWN]
        self.number += 1
        self.kept.append(line)
        return line


def read_carefully(file: TextFile, scratch: Path) -> Source:
    """Read a text file record by record into Parquet: what can be split into fields, and beside it what cannot.

    Returns
    -------
    Source
        ``unread`` has rows with too few or too many fields and rows whose quotes are broken.

    Raises
    ------
    DataError
        A quote that is never closed and swallows rows; a second table below the first.
    """
    target = scratch / f"{file_name(file.given.name)}.rows.parquet"
    unread = scratch / f"{file_name(file.given.name)}.unread.parquet"
    width = len(file.columns)
    schema = pa.schema([(f"c{number}", pa.string()) for number in range(width)] + [("__line", pa.int64())])
    with pq.ParquetWriter(target, schema, compression="lz4") as good, pq.ParquetWriter(unread, _UNREAD) as bad:
        for rows, numbers, broken in _batches(file):
            if rows:
                cells = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
                good.write_table(pa.Table.from_arrays([*cells, pa.array(numbers, pa.int64())], schema=schema))
            if broken:
                bad.write_table(pa.Table.from_pylist(broken, schema=_UNREAD))
    picked = ", ".join(f"nullif(c{number}, '') AS {quote(column)}" for number, column in enumerate(file.columns))
    return Source(
        file.given.name,
        file.given.path,
        "csv",
        dict.fromkeys(file.columns, "VARCHAR"),
        f"SELECT {picked}, __line FROM read_parquet({text(glob.escape(str(target)))}, hive_partitioning = false)",
        label=file.given.label,
        delimiter=file.header.delimiter,
        encoding=file.encoding,
        header_line=file.header.line,
        notes=file.notes,
        unread=unread,
    )


def _batches(file: TextFile) -> Iterator[tuple[list[list[str | None]], list[int], list[dict[str, object]]]]:
    rows: list[list[str | None]] = []
    numbers: list[int] = []
    broken: list[dict[str, object]] = []
    size = 0
    other = _OtherTable(file)
    for line, fields, raw, rule in _records(file):
        size += len(raw)
        if rule is None:
            rows.append(fields)
            numbers.append(line)
            other.forget()
        else:
            broken.append({"line": line, "rule": rule, "value": raw.strip("\r\n")[:LONGEST_SHOWN]})
            other.look_at(line, fields)
        if len(rows) + len(broken) >= ROWS_AT_ONCE or size > CHARACTERS_AT_ONCE:
            yield rows, numbers, broken
            rows, numbers, broken, size = [], [], [], 0
    yield rows, numbers, broken


def _records(file: TextFile) -> Iterator[tuple[int, list[str | None], str, str | None]]:
    """Yield line, fields, text and, where it does not fit, the rule, for each record that is not blank."""
    header, width = file.header, len(file.columns)
    with file.readable.open(encoding="utf-8-sig", newline="") as stream:
        lines = _Lines(stream)
        for _ in range(header.last_line):
            next(lines, None)
        lines.kept.clear()
        lines.too_long = False
        reader = csv.reader(lines, delimiter=header.delimiter, quotechar=header.quote, strict=True)
        while True:
            start = lines.number + 1
            try:
                fields = next(reader, None)
            except csv.Error:
                fields = []
                failed = True
            else:
                failed = False
            if fields is None:
                return
            kept = lines.kept[:]
            lines.kept.clear()
            raw = "".join(kept)
            if lines.too_long:
                lines.too_long = False
                yield start, [], raw, "row_broken"
                continue
            if len(kept) > 1:
                _refuse_swallowed(file, start, kept, failed=failed)
            if not failed and len(fields) == width and '"' not in raw:
                yield start, fields, raw, None
                continue
            if not raw.strip(BLANKS + "\x1a"):
                continue
            if failed or len(fields) != width:
                again = _without_blanks_at_quotes(raw, header)
                failed, fields = (False, again) if again is not None and len(again) >= file.needed else (failed, fields)
            else:
                fields = [_unquoted(cell, header.quote) for cell in fields]
            if failed:
                yield start, [], raw, "row_broken"
            elif not any(cell.strip(BLANKS) for cell in fields) and len(fields) != width:
                continue
            elif len(fields) < file.needed:
                yield start, fields, raw, "row_short"
            elif any(cell.strip(BLANKS) for cell in fields[width:]):
                yield start, fields, raw, "row_long"
            else:
                yield start, [*fields, *([None] * (width - len(fields)))][:width], raw, None


def _without_blanks_at_quotes(raw: str, header: Header) -> list[str] | None:
    """Split a record again without the blanks that stand between its quotes and its separators, if there are any."""
    mark, apart = re.escape(header.quote), re.escape(header.delimiter)
    if header.delimiter == " " or not re.search(f" {mark}|{mark} ", raw):
        return None
    tight = re.sub(f"(^|{apart}) +{mark}", rf"\1{header.quote}", raw)
    tight = re.sub(f"{mark} +({apart}|\r?\n?$)", rf"{header.quote}\1", tight)
    try:
        rows = list(
            csv.reader(io.StringIO(tight, newline=""), delimiter=header.delimiter, quotechar=header.quote, strict=True)
        )
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _unquoted(cell: str, mark: str) -> str:
    """Return a value without the blanks and quotes around it, where a blank before the quote hid them from the reader."""
    plain = cell.strip(" ")
    if cell.startswith(" ") and len(plain) > 1 and plain[0] == plain[-1] == mark and mark not in plain[1:-1]:
        return plain[1:-1]
    return cell


def _refuse_swallowed(file: TextFile, start: int, kept: Sequence[str], *, failed: bool) -> None:
    """Refuse a cell over several lines that holds what look like whole rows: its quote was never closed."""
    whole = [_is_whole_row(file, line, quoted=0 < place < len(kept) - 1 or failed) for place, line in enumerate(kept)]
    swallowed = any(whole[1:]) if failed else any(whole[1:-1]) or (whole[0] and whole[-1])
    if swallowed:
        raise DataError(
            told(
                "{label}, line {start}: a quote opens here and is not closed before line {end}; what lies between looks "
                "like rows of their own. Close the quote, or write it twice: {row!r}.",
                label=file.given.label,
                start=start,
                end=start + len(kept) - 1,
                row=shown(kept[0].strip(), 80),
            ),
            rule="quote_open",
            file=file.given.name,
            line=start,
            value=shown(kept[0].strip()),
        )


def _is_whole_row(file: TextFile, line: str, *, quoted: bool) -> bool:
    width = len(file.columns)
    if width < 3 and not file.with_digits:
        return False
    splits = [line.rstrip("\r\n").split(file.header.delimiter)]
    if quoted:
        try:
            splits += list(
                csv.reader([line], delimiter=file.header.delimiter, quotechar=file.header.quote, strict=True)
            )
        except csv.Error:
            pass
    return any(
        file.needed <= len(cells) <= width
        and all(any(sign.isdigit() for sign in cells[place]) for place in file.with_digits)
        for cells in splits
    )


class _OtherTable:
    """Watches rows that do not fit for a second header with rows of its own width below it."""

    def __init__(self, file: TextFile) -> None:
        self.file, self.line, self.fields = file, 0, []

    def forget(self) -> None:
        """Start anew: a row that fits has come."""
        self.line = 0

    def look_at(self, line: int, fields: Sequence[str | None]) -> None:
        """Look at a row that does not fit; refuse the file if it is the first below a second header."""
        cells = [(cell or "").strip(BLANKS) for cell in fields]
        while cells and not cells[-1]:
            cells.pop()
        if self.line and len(cells) == len(self.fields) and any(sign.isdigit() for cell in cells for sign in cell):
            raise two_tables(self.file.given.label, self.file.given.name, self.line, self.fields)
        if looks_like_header(cells):
            self.line, self.fields = self.line or line, cells
        else:
            self.line = 0


def looks_like_header(cells: Sequence[str]) -> bool:
    """Say whether cells name columns: three or more, none blank, none twice, letters and no digit.

    >>> looks_like_header(["id", "name", "city"]), looks_like_header(["12", "Ann", "Bonn"])
    (True, False)
    """
    return (
        len(cells) >= 3
        and len({cell.lower() for cell in cells}) == len(cells)
        and all(any(sign.isalpha() for sign in cell) for cell in cells)
        and not any(sign.isdigit() for cell in cells for sign in cell)
    )


def two_tables(label: str, name: str, line: int, cells: Sequence[str]) -> DataError:
    """Return the refusal of a file that holds a second table."""
    return DataError(
        told(
            "{label}, line {line}: another table begins here, with the columns {titles}. Save each table as a file "
            "of its own.",
            label=label,
            line=line,
            titles=", ".join(shown(c, 40) for c in cells[:8]),
        ),
        rule="two_tables",
        file=name,
        line=line,
        value=shown(", ".join(cells)),
    )


def source_of(file: TextFile, scratch: Path) -> Source:
    """Return a text file as a source: to be tried quickly where it looks clean, else read carefully at once."""
    fast = fast_scan(file)
    if fast is None:
        return read_carefully(file, scratch)
    scan, rows = fast
    return Source(
        file.given.name,
        file.given.path,
        "csv",
        dict.fromkeys(file.columns, "VARCHAR"),
        f"SELECT *, row_number() OVER () + {file.header.line} AS __line FROM ({scan})",
        label=file.given.label,
        fast=scan,
        rows=rows,
        carefully=lambda: read_carefully(file, scratch),
        delimiter=file.header.delimiter,
        encoding=file.encoding,
        header_line=file.header.line,
        notes=file.notes,
    )


def is_clean(con: duckdb.DuckDBPyConnection, source: Source) -> bool:
    """Say whether DuckDB, reading strictly, finds exactly the rows that the lines of the file are."""
    try:
        return con.execute(f"SELECT count(*) FROM ({source.fast})").fetchone()[0] == source.rows
    except duckdb.Error:  # read carefully, it is said where and why
        return False
