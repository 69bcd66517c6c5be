"""Is everything in the source of the same kind? Doubts about sheets and files of returns or plans, and rows under a header row."""

from __future__ import annotations

from collections.abc import Iterator

from ibis import _

from kalib.ledger.doubts.doubt import Doubt, Reading, as_is, in_yaml
from kalib.ledger.doubts.scene import Scene
from kalib.ledger.doubts.vocabulary import source_meaning
from kalib.ledger.orders import is_sale
from kalib.words.told import told


def find_sources(scene: Scene) -> Iterator[Doubt]:
    """Doubt sheets and files whose name says that they hold returns or plans, with money above zero, beside others."""
    profile = scene.profile
    files = profile[profile["is_positive"]].groupby("file")["money"].sum()
    if len(files) < 2:
        return
    read = scene.job.read
    settled = [*read.return_sources, *read.left_out_sources]
    found = {
        str(file): said
        for file in files.index
        if (said := source_meaning(_own_name(str(file))))
        and _own_name(str(file)) not in settled
        and file not in settled
    }
    by_contents = _listed_again(scene, [str(file) for file in files.index if file not in found])
    found |= dict.fromkeys(by_contents, "returns")
    if not found or len(found) == len(files):
        return
    hit = scene.used.file.isin(list(found))
    count, money, share = scene.share(hit)
    back = [file for file, said in found.items() if said == "returns"]
    rest = [file for file in found if file not in back]
    lines = [f"read.return_sources: {_names(back)}"] if back else []
    lines += [f"read.left_out_sources: {_names(rest)}"] if rest else []
    readings = []
    if back:
        readings.append(
            Reading(
                "returns",
                told("{back} are returns: their money is taken off", back=", ".join(back)),
                tuple(lines),
                **scene.figures(
                    without=scene.used.file.isin(rest) if rest else None, taken_off=scene.used.file.isin(back)
                ),
            )
        )
    readings.append(
        Reading(
            "left_out",
            told("{files} are left out", files=", ".join(found)),
            (f"read.left_out_sources: {_names(list(found))}",),
            **scene.figures(without=hit),
        )
    )
    yield Doubt(
        "source_unclear",
        told(
            "{files} may hold no sales, by name or by what stands in them, and count as sales.", files=", ".join(found)
        ),
        (*readings, as_is("source_unclear", told("they are sales like the others"), **scene.base)),
        count=count,
        money=money,
        share=share,
        first=scene.first(hit),
        values=tuple(sorted(found)),
        stands=not scene.matters(hit),
    )


def _own_name(file: str) -> str:
    """Return the name of a sheet, or of a file without its ending.

    >>> _own_name("o.xlsx[Returns]"), _own_name("2024/returns.csv")
    ('Returns', 'returns')
    """
    if file.endswith("]") and "[" in file:
        return file[file.index("[") + 1 : -1]
    return file.rpartition("/")[2].rpartition(".")[0] or file


def _names(files: list[str]) -> str:
    return in_yaml([_own_name(file) if file.endswith("]") else file for file in files])


LEAST_LISTED, BACK_WITHIN_DAYS = 3, 60
"""So many orders of a file, all of them of another one, a year's numbers beginning again apart."""


def _listed_again(scene: Scene, files: list[str]) -> list[str]:
    """Return the files all of whose orders stand in another one too, on other days: what was sold there comes back here."""
    if len(files) < 2 or not scene.job.columns.order_id or len(files) > 50:
        return []
    used = scene.used
    sold = used.filter(is_sale(used) & ~used.order_id.startswith("day "))
    keys = sold.group_by("file", "customer_id", "order_id").agg(net=_.amount.sum(), first=_.order_date.min())
    other = keys.select("customer_id", "order_id", other="file", other_net="net", other_first="first")
    both = keys.join(other, ["customer_id", "order_id"])
    late = both["first"].delta(both.other_first, unit="day")
    both = both.filter(
        (both.file != both.other) & (late > 0) & (late <= BACK_WITHIN_DAYS) & (both.net <= both.other_net)
    )
    found = both.group_by("file").agg(both=_.order_id.nunique())
    counts = keys.group_by("file").agg(orders=_.order_id.nunique())
    rows = counts.join(found, "file").to_pyarrow().to_pylist()
    return [row["file"] for row in rows if row["orders"] >= LEAST_LISTED and row["both"] == row["orders"]]
