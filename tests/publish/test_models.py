"""Does a saved model come back as it was, with what it was fitted on, and is everything else refused?"""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.preprocessing import FunctionTransformer
from skops import io as skops

from kalib.errors import MissingColumnsError, SettingsError
from kalib.publish.models import check_models, hash_rows, read_model, write_model
from kalib.settings import Job
from kalib.topics.rfm import RfmScorer

CUSTOMERS = pd.DataFrame(
    {
        "customer_id": list("abcdef"),
        "orders": [1, 2, 3, 4, 5, 6],
        "net_sales": [10.0, 20, 30, 40, 50, 60],
        "days_since_last_order": [60, 50, 40, 30, 20, 10],
    }
)


def write(file: Path, model: object = None, *, name: str = "rfm") -> None:
    model = model or RfmScorer().fit(CUSTOMERS)
    write_model(model, file, name=name, as_of="2026-06-30", data=CUSTOMERS, kalib="0.1.0")


def test_a_model_comes_back_with_its_card(tmp_path: Path) -> None:
    write(tmp_path / "rfm.skops")
    model, card = read_model(tmp_path / "rfm.skops", name="rfm", data=CUSTOMERS)
    pd.testing.assert_frame_equal(model.predict(CUSTOMERS), RfmScorer().fit(CUSTOMERS).predict(CUSTOMERS))
    assert (card.as_of, card.rows, card.kind) == ("2026-06-30", 6, "kalib.topics.rfm_scorer.RfmScorer")
    assert card.features == ("days_since_last_order", "net_sales", "orders")
    assert card.data_hash == hash_rows(CUSTOMERS.sample(frac=1, random_state=1))
    assert card.data_hash != hash_rows(CUSTOMERS.assign(orders=[1, 2, 3, 4, 5, 7]))


def test_a_pickle_is_refused_unread(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple:
            return Path.touch, (tmp_path / "sprung",)

    (tmp_path / "rfm.skops").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(SettingsError, match=r"rfm\.skops: this is not a model that kalib saved\. Wanted is"):
        read_model(tmp_path / "rfm.skops", name="rfm")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip" * 100])
def test_rubbish_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rfm.skops").write_bytes(content)
    with pytest.raises(SettingsError, match="this is not a model that kalib saved"):
        read_model(tmp_path / "rfm.skops", name="rfm")


def test_a_skops_file_without_a_card_is_refused(tmp_path: Path) -> None:
    skops.dump(KMeans(2).fit(CUSTOMERS[["orders"]]), tmp_path / "rfm.skops")
    with pytest.raises(SettingsError, match="this is not a model that kalib saved"):
        read_model(tmp_path / "rfm.skops", name="rfm")


def test_a_card_that_lacks_a_part_is_refused(tmp_path: Path) -> None:
    skops.dump(RfmScorer().fit(CUSTOMERS), tmp_path / "rfm.skops")
    with zipfile.ZipFile(tmp_path / "rfm.skops", "a") as archive:
        archive.writestr("kalib.json", json.dumps({"name": "rfm"}))
    with pytest.raises(SettingsError, match="this is not a model that kalib saved"):
        read_model(tmp_path / "rfm.skops", name="rfm")


@pytest.mark.parametrize(
    "wrong",
    [
        {"as_of": 20260101},
        {"as_of": "0"},
        {"features": None},
        {"features": []},
        {"features": [["orders"]]},
        {"data_hash": ""},
        {"rows": "many"},
        {"more": 1},
    ],
)
def test_a_card_that_is_not_as_it_should_be_is_refused(tmp_path: Path, wrong: dict) -> None:
    write(tmp_path / "whole.skops")
    with zipfile.ZipFile(tmp_path / "whole.skops") as whole, zipfile.ZipFile(tmp_path / "rfm.skops", "w") as odd:
        for part in whole.namelist():
            content = whole.read(part)
            odd.writestr(part, json.dumps(json.loads(content) | wrong) if part == "kalib.json" else content)
    with pytest.raises(SettingsError, match="this is not a model that kalib saved"):
        read_model(tmp_path / "rfm.skops", name="rfm")


def test_what_unpacks_to_too_much_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "rfm.skops")
    monkeypatch.setattr("kalib.publish.models.MOST_BYTES", 100)
    with pytest.raises(SettingsError, match="unpacks to more than 100 bytes"):
        read_model(tmp_path / "rfm.skops", name="rfm")


def test_a_model_that_was_never_fitted_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "rfm.skops", RfmScorer())
    with pytest.raises(SettingsError, match="the model was never fitted"):
        read_model(tmp_path / "rfm.skops", name="rfm")


def test_strange_parts_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "rfm.skops", FunctionTransformer(func=write))
    with pytest.raises(SettingsError, match=r"the model holds .*test_models\.write, which kalib does not load"):
        read_model(tmp_path / "rfm.skops", name="rfm")


def test_no_other_part_of_the_library_is_made_by_a_file(tmp_path: Path) -> None:
    from kalib.topics.rfm import score_rfm

    write(tmp_path / "rfm.skops", FunctionTransformer(func=score_rfm))
    with pytest.raises(SettingsError, match=r"kalib\.topics\.rfm\.score_rfm, which kalib does not load"):
        read_model(tmp_path / "rfm.skops", name="rfm")


def test_another_model_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "tiers.skops")
    with pytest.raises(SettingsError, match=r"this is the model `rfm`\. Wanted is the `tiers\.skops`"):
        read_model(tmp_path / "tiers.skops", name="tiers")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no such model"):
        read_model(tmp_path / "rfm.skops", name="rfm")


def test_a_table_without_its_features_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "rfm.skops")
    with pytest.raises(MissingColumnsError, match=r"lacks \['orders'\]"):
        read_model(tmp_path / "rfm.skops", name="rfm", data=CUSTOMERS.drop(columns="orders"))


def make_job(folder: Path, **more: object) -> Job:
    columns = {"customer_id": "c", "order_date": "d", "amount": "a"}
    return Job(job="tiny", source="orders.csv", columns=columns, file=folder / "tiny.yaml", **more)


def test_a_model_that_a_job_names_is_checked_before_anything_runs(tmp_path: Path) -> None:
    check_models(make_job(tmp_path))
    with pytest.raises(SettingsError, match=r"rfm\.skops: there is no such model"):
        check_models(make_job(tmp_path, rfm={"model": "rfm.skops"}))
    write(tmp_path / "rfm.skops")
    check_models(make_job(tmp_path, rfm={"model": "rfm.skops"}, as_of="2026-06-30"))
    with pytest.raises(SettingsError, match="fitted as of 2026-06-30, after the report's date, 2026-06-29"):
        check_models(make_job(tmp_path, rfm={"model": "rfm.skops"}, as_of="2026-06-29"))
    with pytest.raises(SettingsError, match="this is the model `rfm`"):
        check_models(make_job(tmp_path, tiers={"model": "rfm.skops"}))


@pytest.mark.parametrize("part", ["kalib.json", "schema.json"])
def test_a_file_nested_without_end_is_refused(tmp_path: Path, part: str) -> None:
    write(tmp_path / "whole.skops")
    with zipfile.ZipFile(tmp_path / "whole.skops") as whole, zipfile.ZipFile(tmp_path / "rfm.skops", "w") as odd:
        for name in whole.namelist():
            odd.writestr(name, "[" * 100_000 + "]" * 100_000 if name == part else whole.read(name))
    with pytest.raises(SettingsError, match="this is not a model that kalib saved"):
        read_model(tmp_path / "rfm.skops", name="rfm")


def test_a_file_that_says_other_things_is_refused(tmp_path: Path) -> None:
    """It passes the look at its parts, and cannot be made into a model."""
    write(tmp_path / "whole.skops")
    with zipfile.ZipFile(tmp_path / "whole.skops") as whole, zipfile.ZipFile(tmp_path / "rfm.skops", "w") as odd:
        for name in whole.namelist():
            content = whole.read(name)
            odd.writestr(name, content.replace(b'"content": "', b'"content": "{') if name == "schema.json" else content)
    with pytest.raises(SettingsError, match="this is not a model that kalib saved"):
        read_model(tmp_path / "rfm.skops", name="rfm")
