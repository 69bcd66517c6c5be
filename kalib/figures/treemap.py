"""How is a rectangle cut into tiles whose areas are given, none of them a strip? (Bruls, Huizing and van Wijk 2000.)"""

from __future__ import annotations

from collections.abc import Sequence

Tile = tuple[float, float, float, float]
"""Left, bottom, width and height."""


def squarify(areas: Sequence[float], width: float, height: float) -> list[Tile]:
    """Cut a rectangle into tiles, as square as can be, the largest at the top left.

    Row by row along the shorter side: a tile joins the row as long as that makes the row's worst tile squarer.

    Parameters
    ----------
    areas : above nought, the largest first; only their proportions count
    width, height : of the rectangle

    Returns
    -------
    list of tiles, in the order of ``areas``

    Examples
    --------
    >>> squarify([2, 1, 1], 4, 2)
    [(0.0, 0.0, 2.0, 2.0), (2.0, 1.0, 2.0, 1.0), (2.0, 0.0, 2.0, 1.0)]
    """
    total = float(sum(areas))
    sizes = [area * width * height / total for area in areas]
    tiles: list[Tile] = []
    left, bottom, across, up = 0.0, 0.0, float(width), float(height)
    while sizes:
        side = min(across, up)
        count = 1
        while count < len(sizes) and _worst(sizes[: count + 1], side) <= _worst(sizes[:count], side):
            count += 1
        row, sizes = sizes[:count], sizes[count:]
        thick = sum(row) / side
        if across >= up:  # a column at the left, from the top down
            at = bottom + up
            for size in row:
                at -= size / thick
                tiles.append((left, at, thick, size / thick))
            left, across = left + thick, across - thick
        else:  # a row at the top, from the left
            at = left
            for size in row:
                tiles.append((at, bottom + up - thick, size / thick, thick))
                at += size / thick
            up -= thick
    return tiles


def _worst(row: Sequence[float], side: float) -> float:
    """Return the ratio of the sides of the row's least square tile."""
    whole = sum(row)
    return max(side * side * max(row) / whole**2, whole**2 / (side * side * min(row)))
