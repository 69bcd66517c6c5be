"""Is who wrote a setting wrongly told how it is written?"""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from kalib.errors import SettingsError
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
