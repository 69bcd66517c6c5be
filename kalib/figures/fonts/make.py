"""How were the fonts beside this file made? Run once; needs fontTools, which matplotlib brings.

``python make.py REGULAR.otf BOLD.ttc`` with

- ``NotoSansSC-Regular.otf`` from the PyPI package ``pylopdf-fonts-zh-cn`` 0.1.1,
- ``NotoSansCJK-Bold.ttc`` from the Debian package ``fonts-noto-cjk`` 1:20220127+repack1-1,

both Noto Sans CJK 2.004 under the SIL Open Font License 1.1 (``OFL.txt``). Kept are Latin, punctuation, signs and the
characters of GB 2312; dropped are hinting (figures are drawn as paths) and vertical setting. Quotation marks, the
middle dot and the multiplication sign, as wide as a Chinese character in the source, are made as wide as in Latin text.
The subset bears a name of its own, so that a Noto installed on the machine never takes its place.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

FAMILY = "Kalib Sans SC"
SIGNS = "–—‘’“”•…‹›€₤₩₹₽−→←↑↓▲▼△▽≤≥≠≈×·∑√∞■□●○◆│─¥￥£％，。、；：？！（）《》【】"
NARROWED = {"·": 380, "×": 600}
DROPPED = ["vhea", "vmtx", "VORG", "BASE", "GSUB"]


def list_characters() -> set[int]:
    """List the code points that are kept."""
    kept = {*range(0x20, 0x7F), *range(0xA0, 0x180), *map(ord, SIGNS)}
    for high in (0xA1, 0xA3, *range(0xB0, 0xF8)):
        for low in range(0xA1, 0xFF):
            try:
                kept.add(ord(bytes([high, low]).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    return kept


def set_latin_widths(font: TTFont) -> None:
    """Give quotation marks their proportional forms, and narrow the signs that have none."""
    substitutions = font["GSUB"].table
    numbers = {
        n for r in substitutions.FeatureList.FeatureRecord if r.FeatureTag == "pwid" for n in r.Feature.LookupListIndex
    }
    forms: dict[str, str] = {}
    for number in numbers:
        for table in substitutions.LookupList.Lookup[number].SubTable:
            forms.update(getattr(getattr(table, "ExtSubTable", table), "mapping", {}))
    for table in font["cmap"].tables:
        if table.isUnicode() and table.format != 14:
            kept = {ord(c): table.cmap[ord(c)] for c in "‘’“”" if ord(c) in table.cmap}
            table.cmap.update({code: forms.get(name, name) for code, name in kept.items()})
    glyphs, top = font.getGlyphSet(), font["CFF "].cff.topDictIndex[0]
    for sign, width in NARROWED.items():
        name = font.getBestCmap()[ord(sign)]
        old = font["hmtx"][name][0]
        private = top.CharStrings[name].private
        pen = T2CharStringPen(width - private.nominalWidthX, glyphs)
        glyphs[name].draw(TransformPen(pen, (1, 0, 0, 1, (width - old) / 2, 0)))
        top.CharStrings[name] = pen.getCharString(private, top.GlobalSubrs)
        font["hmtx"][name] = (width, 0)


def make_font(source: Path, *, face: int, style: str, target: Path) -> None:
    """Write the subset of one face of ``source``."""
    font = TTFont(source, fontNumber=face, recalcTimestamp=False)
    set_latin_widths(font)
    options = subset.Options(hinting=False, layout_features=["kern"], name_IDs=["*"], notdef_outline=True)
    options.drop_tables += DROPPED
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=list_characters())
    subsetter.subset(font)
    compact = f"{FAMILY.replace(' ', '')}-{style}"
    new = {1: FAMILY, 2: style, 3: f"2.004;kalib;{compact}", 4: f"{FAMILY} {style}", 6: compact, 16: FAMILY, 17: style}
    for record in list(font["name"].names):
        if record.nameID in new:
            font["name"].removeNames(record.nameID)
    for number, text in new.items():
        font["name"].setName(text, number, 3, 1, 0x409)
    cff = font["CFF "].cff
    cff.fontNames[0] = compact
    cff.topDictIndex[0].FamilyName, cff.topDictIndex[0].FullName = FAMILY, f"{FAMILY} {style}"
    font.save(target)


if __name__ == "__main__":
    here = Path(__file__).parent
    make_font(Path(sys.argv[1]), face=-1, style="Regular", target=here / "KalibSansSC-Regular.otf")
    make_font(Path(sys.argv[2]), face=2, style="Bold", target=here / "KalibSansSC-Bold.otf")  # face 2 is SC
