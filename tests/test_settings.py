"""Is who wrote a setting wrongly told how it is written?"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from kalib.errors import SettingsError
from kalib.ledger.inspect import write_job_file
from kalib.ledger.read import find_files
from kalib.publish.places import reports_folder
from kalib.settings.campaign import CampaignSettings
from kalib.settings.file import read_job
from kalib.settings.leaving import LeavingSettings

JOB = Path(__file__).parents[1] / "jobs" / "wholesale.yaml"


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        ("campaign.success_rate", "20", "20 % is written 0.2"),
        ("campaign.success_rate", "20%", "20 % is written 0.2"),
        ("campaign.success_rate", "'12.5 %'", "12.5 % is written 0.125"),
        ("campaign.success_rate", "250", "20 % is written 0.2"),  # no share at all: an example
        ("leaving.spend_fall", "50", "50 % is written 0.5"),
    ],
)
def test_a_share_given_as_a_percentage_is_told_the_remedy(key: str, value: str, remedy: str) -> None:
    with pytest.raises(SettingsError) as told:
        read_job(JOB, {key: value})
    assert key in str(told.value)
    assert f"a share from 0 to 1 is wanted: {remedy}." in str(told.value)


def test_the_bounds_of_a_share_are_its_settings_own() -> None:
    assert CampaignSettings(success_rate=1).success_rate == 1
    assert CampaignSettings(success_rate="0.2").success_rate == 0.2
    assert CampaignSettings().success_rate is None
    assert LeavingSettings(spend_fall=0.3).spend_fall == 0.3
    for settings in ({"spend_fall": 1}, {"spend_fall": 0}, {"spend_fall": "much"}):
        with pytest.raises(ValidationError, match=r"Input should be (less|greater) than|valid number"):
            LeavingSettings(**settings)
    with pytest.raises(ValidationError, match="greater than 0"):
        CampaignSettings(success_rate=0)


@pytest.mark.parametrize(("cost", "refused"), [(10, True), (12, True), (9.5, False)])
def test_contacting_a_customer_costs_less_than_the_customer_is_worth(cost: float, refused: bool) -> None:
    terms = {"alpha": 6, "beta": 14, "clv": 10, "offer_cost": 1, "cost": cost}
    if not refused:
        assert CampaignSettings(empc=terms).empc.cost == cost
        return
    with pytest.raises(ValidationError, match="never pays; give a cost that is less"):
        CampaignSettings(empc=terms)


PLAIN = "job: tiny\nsource: orders.csv\ncolumns: {customer_id: c, order_date: d, amount: a}\n"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("currency: GBP\nhorizon_days: 60\ncurrency: EUR", "line 6, column 1: `currency` stands here and in line 4"),
        ("read:\n  decimal: ','\n  decimal: '.'", "line 6, column 3: `decimal` stands here and in line 5"),
        ("note: " + "[" * 2000 + "]" * 2000, "line 4, column 56: more than 50 levels stand inside each other"),
        ("horizon_days: " + "9" * 5000, "line 4, column 15: a number of 5,000 digits"),
        ("parameters: {rfm: {most: 0x" + "f" * 5000, "a number of 5,002 digits"),
        ("as_of: 2025-06-31", "line 4, column 8: `2025-06-31` is not to be read: day is out of range for month"),
        ('note: "\\ud800"', "line 4, column 7: half of a character"),
    ],
)
def test_what_yaml_lets_pass_or_falls_over_is_refused_where_it_stands(tmp_path: Path, written: str, said: str) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(PLAIN + written + "}}" * written.startswith("parameters"), encoding="utf-8")
    with pytest.raises(SettingsError) as told:
        read_job(file)
    assert said in str(told.value)
    assert str(told.value).startswith(f"{file}, line ")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("9" * 5000, "-p note: a number of 5,000 digits"),
        ("[" * 2000, "-p note: more than 50 levels"),
        ("{a: 1, a: 2}", "-p note: `a` stands here and in line 1"),
        ("\udcff", "-p note: special characters are not allowed"),
    ],
)
def test_an_override_is_read_as_strictly(value: str, said: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)):
        read_job(JOB, {"note": value})


def test_a_name_that_is_no_utf_8_is_refused_where_it_comes_in(tmp_path: Path) -> None:
    """For the job, for data that a pattern finds, and for the folder of reports."""
    odd = tmp_path / os.fsdecode(b"odd\xff")
    odd.mkdir()
    for folder in (odd, tmp_path):
        (folder / "tiny.yaml").write_text(PLAIN.replace("orders.csv", "odd*/*.csv"), encoding="utf-8")
    (odd / "orders.csv").write_text("c,d,a\nann,2025-01-01,1\n", encoding="utf-8")
    job = read_job(tmp_path / "tiny.yaml")
    for refuses in (
        lambda: read_job(odd / "tiny.yaml"),
        lambda: find_files(job),
        lambda: reports_folder(job, odd),
        lambda: write_job_file(odd / "orders.csv", tmp_path / "new.yaml"),
        lambda: write_job_file(JOB, odd / "new.yaml"),
    ):
        with pytest.raises(SettingsError, match=r"odd\\xff.*is not UTF-8\. Rename it"):
            refuses()
