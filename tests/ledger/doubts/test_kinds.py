"""Is a job's answer to a doubt taken only where there is such a doubt and such an answer, and does the page list them all?"""

from __future__ import annotations

import pytest

from kalib.errors import SettingsError
from kalib.ledger.doubts.finding import FINDERS
from kalib.ledger.doubts.kinds import KINDS, check_settled, print_doubts


@pytest.mark.parametrize("name", KINDS)
def test_every_doubt_may_be_settled_as_it_is(name: str) -> None:
    check_settled({name: "as_is"}, job_file="job.yaml")


@pytest.mark.parametrize(
    ("settled", "said"),
    [
        ({"row_twice": "once"}, "`settled.row_twice`: there is no such doubt"),
        ({"rows_twice": "drop"}, "`settled.rows_twice: drop`: this doubt is settled by once or as_is, `read.duplicates`"),
        ({"time_zone": "swapped"}, "this doubt is settled by as_is, `timezone`"),
        ({"rows_twice": "once", "walk_in": "left_out"}, "`leave_out.customers`; see docs/rules.md."),
    ],
)  # fmt: skip
def test_what_settles_nothing_is_refused_with_what_does(settled: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        check_settled(settled, job_file="job.yaml")
    assert str(refusal.value).startswith("job.yaml: `settled.")
    assert said in str(refusal.value)


def test_the_table_has_a_row_for_each() -> None:
    rows = print_doubts()[2:]
    assert [row.split("`")[1] for row in rows] == list(KINDS)
    assert all(row.count("|") == 5 for row in rows)
    assert len(FINDERS) == len(set(FINDERS))
