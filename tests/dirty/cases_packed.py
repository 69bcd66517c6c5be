"""What comes packed? gzip and zip: one file, several, nested, locked, cut, and bombs."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

from case import LOG, Case, Met, Refused, Row, Used, text_case, written

FIRST, SECOND = written(LOG[:4]), written(LOG[4:])
LINE = b"C01,1001,2025-01-31,10.00\n"


def packed(members: Mapping[str, str | bytes]) -> bytes:
    """Return a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _locked() -> bytes:
    """Return an archive whose member is marked as encrypted."""
    data = bytearray(packed({"orders.csv": written()}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def _bomb_stream(blocks: int) -> bytes:
    """Return a raw deflate stream of ``blocks`` times about a million bytes of order lines, one kilobyte each."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = packer.compress(b"customer,order,day,amount\n") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(LINE * 40_000) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * blocks + packer.flush()


def bomb_zip(blocks: int, *, declared: int) -> bytes:
    """Return a zip archive of a few megabytes that unpacks to many gigabytes, and says that it holds ``declared`` bytes."""
    stream, name = _bomb_stream(blocks), b"orders.csv"
    size = min(declared, 0xFFFFFFFE)
    entry = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0x5A21, 0, len(stream), size, len(name), 0)
    local = b"PK\x03\x04" + entry + name + stream
    central = b"PK\x01\x02" + struct.pack("<H", 20) + entry + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    return local + central + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)


def bomb_gzip(blocks: int) -> bytes:
    """Return a gzip file of a few megabytes that unpacks to many gigabytes."""
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03" + _bomb_stream(blocks) + struct.pack("<II", 0, 0)


def _chinese_names() -> bytes:
    """Return an archive as Chinese Windows writes it: the member's name in GBK, and no mark that says so."""
    return packed({"xx.csv": written()}).replace(b"xx.csv", "订.csv".encode("gbk") + b"")


GZIPPED = gzip.compress(written().encode(), mtime=0)
TWO = packed({"2025/feb.csv": FIRST, "2025/jun.csv": SECOND})

CASES = [
    text_case("gzip", GZIPPED, Used(), file="orders.csv.gz"),
    text_case(
        "gzip-of-utf-16",
        gzip.compress(b"\xff\xfe" + written().encode("utf-16-le"), mtime=0),
        Used(),
        file="orders.csv.gz",
    ),
    text_case(
        "gzip-of-gb18030",
        gzip.compress(
            written([row._replace(customer="华联" + row.customer) for row in LOG]).encode("gb18030"), mtime=0
        ),
        Used([row._replace(customer="华联" + row.customer) for row in LOG]),
        Refused(["encoding"]),
        file="orders.csv.gz",
    ),
    text_case(
        "gzip-in-two-pieces",
        gzip.compress(FIRST.encode(), mtime=0) + gzip.compress(SECOND.encode().split(b"\n", 1)[1], mtime=0),
        Used(),
        file="orders.csv.gz",
    ),
    text_case(
        "gzip-cut",
        gzip.compress(written(LOG * 400).encode(), mtime=0)[:-60],
        Refused(["cut|damaged|end"]),
        file="orders.csv.gz",
    ),
    text_case(
        "gzip-with-a-wrong-byte",
        GZIPPED[:40] + bytes([GZIPPED[40] ^ 0x5A]) + GZIPPED[41:],
        Refused(["damaged|gzip|unpack"]),
        file="orders.csv.gz",
    ),
    text_case(
        "gzip-with-a-wrong-checksum",
        GZIPPED[:-8] + b"\0\0\0\0" + GZIPPED[-4:],
        Refused(["damaged|gzip|unpack|checksum|CRC"]),
        file="orders.csv.gz",
    ),
    text_case("gzip-called-csv", GZIPPED, Used(), Refused(["gzip"])),
    text_case("csv-called-gzip", written(), Used(), Refused(["gzip"]), file="orders.csv.gz"),
    text_case(
        "gzip-twice", gzip.compress(GZIPPED, mtime=0), Used(), Refused(["gzip|archive|packed"]), file="orders.csv.gz.gz"
    ),
    text_case("gzip-empty", gzip.compress(b"", mtime=0), Refused(["empty|no byte|nothing"]), file="orders.csv.gz"),
    text_case(
        "gzip-bomb",
        lambda: bomb_gzip(12_000),
        Refused(["unpack|large|big"], rule="packed_too_large"),
        file="orders.csv.gz",
    ),
    text_case("zip-of-one", packed({"orders.csv": written()}), Used(), file="orders.zip"),
    text_case(
        "zip-of-one-with-bad-row",
        packed({"in/orders.csv": written([*LOG, Row("C01", "1007", "soon", "1.00")])}),
        Used(aside=1, met=[Met("date_unreadable", 1, 9, "order_date", "soon", "orders.zip/in/orders.csv")]),
        file="orders.zip",
    ),
    text_case("zip-of-two", TWO, Used(), file="orders.zip"),
    text_case(
        "zip-of-two-overlapping",
        packed({"a.csv": written(LOG[:5]), "b.csv": written(LOG[3:])}),
        Used(aside=2, met=[Met("order_in_two_files", 2)]),
        file="orders.zip",
    ),
    text_case(
        "zip-with-litter",
        packed(
            {
                "orders.csv": written(),
                "readme.txt": "Orders of 2025.\nAsk Ann.\n",
                "__MACOSX/._orders.csv": b"\0\5\x16\7" * 30,
                ".DS_Store": b"\0\0\0\1Bud1" * 20,
                "in/": "",
            }
        ),
        Used(met=[Met("member_left_out", None)]),
        Used(),
        file="orders.zip",
    ),
    text_case(
        "zip-of-other-columns",
        packed({"orders.csv": written(), "people.csv": "name,phone\nAnn,5\nBob,6\n"}),
        Used(met=[Met("member_left_out", 1)]),
        Refused(["people.csv"]),
        file="orders.zip",
    ),
    text_case(
        "zip-of-gb18030",
        packed(
            {
                "orders.csv": written(
                    [row._replace(customer="华联" + row.customer) for row in LOG],
                    header=("客户", "order", "day", "amount"),
                ).encode("gb18030")
            }
        ),
        Used([row._replace(customer="华联" + row.customer) for row in LOG]),
        file="orders.zip",
        columns={"customer_id": "客户", "order_id": "order", "order_date": "day", "amount": "amount"},
    ),
    text_case("zip-with-chinese-name", _chinese_names(), Used(), file="orders.zip"),
    text_case(
        "zip-nested",
        packed({"in.zip": packed({"orders.csv": written()})}),
        Refused(["in.zip", "archive|zip"], rule="packed_nested"),
        file="orders.zip",
    ),
    text_case("zip-of-gzip", packed({"orders.csv.gz": GZIPPED}), Used(), Refused(["orders.csv.gz"]), file="orders.zip"),
    text_case("zip-locked", _locked(), Refused(["password|locked|encrypted"], rule="packed_locked"), file="orders.zip"),
    text_case("zip-cut", TWO[:-50], Refused(["damaged|cut|archive|zip"]), file="orders.zip"),
    text_case(
        "zip-with-a-wrong-byte",
        TWO[:60] + bytes([TWO[60] ^ 0x5A]) + TWO[61:],
        Refused(["damaged|archive|zip|unpack"]),
        file="orders.zip",
    ),
    text_case("zip-empty", packed({}), Refused(["empty|no file|nothing|holds"]), file="orders.zip"),
    text_case(
        "zip-of-readme-only",
        packed({"readme.txt": "Nothing here.\n"}),
        Refused(["readme.txt|customer|no orders|no file"]),
        file="orders.zip",
    ),
    text_case("zip-called-csv", packed({"orders.csv": written()}), Used(), Refused(["zip|archive"])),
    text_case("csv-called-zip", written(), Used(), Refused(["zip|archive"]), file="orders.zip"),
    text_case(
        "zip-that-climbs-out",
        packed({"../../../escaped.csv": written(), "/tmp/kalib-escaped.csv": written(LOG[:1])}),
        Used(aside=1),
        Used(),
        Refused(["escaped.csv"]),
        file="orders.zip",
    ),
    text_case(
        "zip-bomb",
        lambda: bomb_zip(3_800, declared=26 + 3_800 * 40_000 * len(LINE)),
        Refused(["unpack|large|big"], rule="packed_too_large"),
        file="orders.zip",
    ),
    text_case(
        "zip-bomb-that-lies", lambda: bomb_zip(12_000, declared=1000), Refused(["orders.zip"]), file="orders.zip"
    ),
    text_case(
        "zip-with-two-folders", packed({"a/orders.csv": FIRST, "b/orders.csv": SECOND}), Used(), file="orders.zip"
    ),
    Case(
        "zip-and-csv-together",
        {"a.csv": FIRST, "b.zip": packed({"b.csv": SECOND})},
        [Used()],
        source=["a.csv", "b.zip"],
    ),
    text_case(
        "seven-zip",
        b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(range(200)),
        Refused(["kind|read|archive|unpack"]),
        file="orders.7z",
    ),
    text_case(
        "zstandard-named-csv", b"\x28\xb5\x2f\xfd\x24\x10\x81\x00\x00" + bytes(range(200)), Refused(["orders.csv"])
    ),
    text_case("picture-named-csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, Refused(["orders.csv"])),
    text_case(
        "pdf-named-csv", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n%%EOF\n", Refused(["orders.csv"])
    ),
    text_case(
        "web-page-named-csv",
        "<!DOCTYPE html><html><body><h1>Please log in</h1><form action='/login'></form></body></html>\n",
        Refused(["orders.csv"]),
    ),
    text_case("error-message-as-csv", '{"error": "token expired", "code": 401}\n', Refused(["customer"])),
]
