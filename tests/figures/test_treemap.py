"""Do the tiles fill their rectangle in proportion, without a gap or an overlap?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.figures.treemap import squarify

areas = st.lists(st.integers(1, 10_000), min_size=1, max_size=25).map(lambda drawn: sorted(drawn, reverse=True))


def test_the_example_of_the_paper() -> None:
    # Bruls, Huizing and van Wijk, figure 4: areas 6, 6, 4, 3, 2, 2 and 1 in a rectangle of 6 by 4.
    tiles = squarify([6, 6, 4, 3, 2, 2, 1], 6, 4)
    sizes = [(round(width, 2), round(height, 2)) for _, _, width, height in tiles]
    assert sizes == [(3, 2), (3, 2), (1.71, 2.33), (1.29, 2.33), (1.2, 1.67), (1.2, 1.67), (0.6, 1.67)]


@given(areas, st.integers(50, 900), st.integers(50, 900))
def test_tiles_fill_the_rectangle(drawn: list[int], width: int, height: int) -> None:
    tiles = squarify(drawn, width, height)
    total = sum(drawn)
    for area, (left, bottom, across, up) in zip(drawn, tiles, strict=True):
        assert across * up == pytest.approx(area / total * width * height)
        assert left > -1e-6 and bottom > -1e-6 and left + across < width + 1e-6 and bottom + up < height + 1e-6  # noqa: PT018
    for at, one in enumerate(tiles):
        for other in tiles[at + 1 :]:
            across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
            up = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
            assert min(across, up) < 1e-6


def test_nothing_has_no_tiles() -> None:
    assert squarify([], 10, 10) == []
