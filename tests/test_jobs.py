"""Do whole runs keep their word? The shipped jobs and the real wholesale log, through the command line, page by page."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import nbformat
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nbclient import NotebookClient
from python_calamine import CalamineWorkbook

from kalib import cli
from kalib.publish.run import run_job
from kalib.schema import COLUMNS
from kalib.settings import read_job
from kalib.words import read_words

pytestmark = pytest.mark.run


ROOT = Path(__file__).parents[1]
FILES = {
    "wholesale": "jobs/wholesale.yaml",
    "cdnow": "jobs/cdnow.yaml",
    "online-retail-ii": "tests/jobs/online_retail_ii.yaml",
}
NOTEBOOKS = [
    *("00_quality", "10_rfm", "20_pareto", "30_tiers", "40_value", "45_retention"),
    *("50_churn", "55_campaign", "60_scorecard", "65_migration", "90_summary"),
]
KNOWN = {  # rows read, used, customers with an order or a return
    "wholesale": (306_565, 306_505, 1_352),
    "cdnow": (69_659, 69_659, 23_570),
    "online-retail-ii": (1_067_371, 806_079, 5_876),
}
TABLES = {  # as CONTRACT has them: the key, and at least these columns
    "customers": (["customer_id"], ["first_order_date", "last_order_date", "orders", "net_sales", "days_since_last_order"]),
    "months": (["customer_id", "month"], ["net_sales"]),
    "mix": (["customer_id", "category"], ["net_sales"]),
    "order_days": (["customer_id", "order_date"], ["net_sales"]),
    "rfm": (["customer_id"], ["r_score", "f_score", "m_score", "segment", "segment_8"]),
    "tiers": (["customer_id"], ["tier", "tier_rank", "tier_stability"]),
    "value": (["customer_id"], ["p_alive", "expected_orders", "expected_sales", "clv", "clv_low", "clv_high"]),
    "cohorts": (["cohort_start", "period"], ["customers", "active_customers", "net_sales"]),
    "campaign": (["customer_id"], ["churn_probability", "value_at_stake", "stake_basis", "campaign_rank"]),
    "churn": (["customer_id"], ["churn_probability", "reasons"]),
}  # fmt: skip


def call_kalib(*words: object, folder: Path) -> subprocess.CompletedProcess:
    """Call the command line as a user does, with nothing on the way to a terminal."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KALIB_")}
    command = [sys.executable, "-m", "kalib", *map(str, words)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of all reports: each job adds its own. CI gives the one that `make report` made in a clean clone."""
    made = os.environ.get("KALIB_REPORTS")
    return Path(made).resolve() if made else tmp_path_factory.mktemp("jobs") / "reports"


@pytest.fixture(scope="module", params=FILES)
def run(request: pytest.FixtureRequest, reports: Path) -> Path:
    """Give the published run of a job, made once."""
    job = request.param
    if (reports / job / "latest").exists():
        return (reports / job / "latest").resolve()
    more = ["-p", f"source={request.getfixturevalue('retail')}"] if job == "online-retail-ii" else []
    done = call_kalib("run", ROOT / FILES[job], *more, "--out", reports, folder=reports.parent)
    assert done.returncode == 0, done.stderr
    index, published = map(Path, done.stdout.splitlines())
    assert index == reports / "index.html"
    assert published.parent == reports / job
    assert [line.split(" done in ")[0] for line in done.stderr.splitlines()][:2] == [
        f"{job}: ledger",
        f"{job}: 00_quality",
    ]
    assert not re.search(r"warning|traceback|\x1b", done.stderr, re.I)
    return published


def facts_of(run: Path) -> dict:
    return json.loads((run / "run.json").read_text(encoding="utf-8"))


def tables_of(folder: Path) -> dict[str, bytes]:
    """Return the tables of a run by name, as they lie on the disk."""
    return {file.stem: file.read_bytes() for file in (folder / "tables").glob("*.parquet")}


def hashes(folder: Path) -> dict[str, str]:
    """Return a digest of each file below a folder."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_a_plain_script_finds_the_same_figures(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if run.parent.name != "wholesale":  # the plain script knows the sample alone
        return
    plain = ROOT / "benchmarks" / "plain"
    subprocess.run([sys.executable, plain, tmp_path], check=True, capture_output=True)
    monkeypatch.syspath_prepend(str(plain))
    from compare import compare

    found = compare(tmp_path / "tables", run / "tables")
    assert found["compared"].sum() >= 300
    assert set(found.loc[~found["compared"], "table"]) == {"accounts", "contacts", "targets"}  # as they were read
    assert not found["rows_off"].any(), found[found["rows_off"] > 0].to_string()


# --- pages ------------------------------------------------------------------------------------------------------------

SIGHT = """() => {
  const all = what => [...document.querySelectorAll(what)];
  const name = e => (e.getAttribute('alt') || e.getAttribute('aria-label') || '').trim();
  all('details').forEach(e => e.open = true);
  const seen = {
    lang: document.documentElement.lang,
    h1: all('h1').map(e => e.innerText), h2: all('h2').map(e => e.innerText), h3: all('h3').map(e => e.innerText),
    answer: all('p.answer').map(e => e.innerText),
    pictures: all('img, svg').map(name), figures: all('figure').length,
    unnamed: all('figure').filter(e => !e.querySelector('img, svg')).length,
    links: all('a[href]').map(e => e.href), ids: all('[id]').map(e => e.id),
  };
  all('pre').forEach(e => e.style.display = 'none');  // the code that made the page
  seen.text = document.body.innerText;
  return seen;
}"""
WIDTH = "document.documentElement.scrollWidth"
SHOWN = "[...document.querySelectorAll('figure')].filter(e => ![...e.querySelectorAll('img, svg')].some(p => p.getBoundingClientRect().width > 100)).length"
RAW = re.compile(r"\b(nan|NaN|NaT|None|null|undefined|inf)\b|<NA>|[{}]|\*\*|\$\(|�")
SECTIONS = "|".join({key.partition(".")[0] for key in read_words("en")})
KEY = re.compile(rf"\b(?:{SECTIONS})(?:\.[a-z_0-9]+)+\b|\b[a-z_]+\.[a-z_]+\.[a-z_]+\b")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Visit:
    """What was seen of a page in a browser that gets nothing but this one file."""

    file: Path
    name: str
    asked: set[str]
    said: list[str]
    widths: dict[tuple[int, str], int]
    hidden: dict[tuple[int, str], int]
    seen: Mapping

    @property
    def is_chinese(self) -> bool:
        return self.name.startswith("zh/")

    @property
    def is_notebook(self) -> bool:
        return not self.name.endswith("index.html")


@pytest.fixture(scope="module")
def visits(run: Path) -> list[Visit]:
    """Open every page of a run, and the index above it: light and dark, on a laptop and on a phone."""
    chromium = shutil.which("chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    if chromium is None:
        pytest.skip("there is no chromium on this machine; the pages are not tested in a browser")
    pages = {str(file.relative_to(run)): file for file in sorted(run.rglob("*.html"))}
    pages["reports/index.html"] = run.parents[1] / "index.html"
    found = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, file in pages.items():
            found.append(_visit(browser, name, file))
        browser.close()
    return found


def _visit(browser: object, name: str, file: Path) -> Visit:
    context = browser.new_context(offline=True, device_scale_factor=1)
    page = context.new_page()
    asked: set[str] = set()
    said: list[str] = []
    widths, hidden = {}, {}

    def refuse(route: object) -> None:
        asked.add(route.request.url)
        if route.request.url == file.as_uri():
            route.continue_()
        else:
            route.abort()

    context.route("**/*", refuse)
    page.on("request", lambda request: asked.add(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(file.as_uri())
    seen = page.evaluate(SIGHT)
    for width in (1280, 390):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme)
            widths[width, scheme] = page.evaluate(WIDTH)
            hidden[width, scheme] = page.evaluate(SHOWN)
    context.close()
    return Visit(file, name, asked, said, widths, hidden, seen)


def test_the_pages_are_all_there(run: Path) -> None:
    pages = sorted(["index", *NOTEBOOKS])
    assert sorted(file.stem for file in run.glob("*.html")) == pages
    assert sorted(file.stem for file in run.glob("zh/*.html")) == pages


def test_pages_ask_for_nothing_and_complain_of_nothing(visits: list[Visit]) -> None:
    for visit in visits:
        assert {url for url in visit.asked if not url.startswith("data:")} == {visit.file.as_uri()}, visit.name
        assert visit.said == [], visit.name


def test_no_page_scrolls_sideways(visits: list[Visit]) -> None:
    wider = {(v.name, *how): width for v in visits for how, width in v.widths.items() if width > how[0]}
    assert wider == {}


def find_absent(run: Path) -> set[str]:
    """Return the pages that say why they have nothing to show: CDNOW's eighteen months are no two years to move between."""
    return {"65_migration"} if "migration" in facts_of(run)["missing"] else set()


def find_empty(run: Path) -> set[str]:
    """Return the pages whose answer is that there is nobody: CDNOW's customers are too many and too small for key accounts."""
    has_key = pd.read_parquet(run / "tables" / "scorecard.parquet", columns=["is_key_account"])["is_key_account"].any()
    return set() if has_key else {"60_scorecard"}


def test_only_the_consumer_business_has_no_key_accounts(run: Path) -> None:
    assert find_empty(run) == ({"60_scorecard"} if facts_of(run)["job"] == "cdnow" else set())


def test_the_years_that_a_page_needs(run: Path) -> None:
    assert find_absent(run) == ({"65_migration"} if facts_of(run)["job"] == "cdnow" else set())
    if find_absent(run):
        assert facts_of(run)["missing"]["migration"]["reason"] == "migration_short_history"


def test_every_page_asks_and_answers(visits: list[Visit], run: Path) -> None:
    for visit in visits:
        assert len(visit.seen["h1"]) == 1, visit.name
        if visit.is_notebook:
            assert visit.seen["h1"][0].endswith("？" if visit.is_chinese else "?"), visit.name
            assert len(visit.seen["h2"]) >= 2 or visit.file.stem in find_absent(run), visit.name
        if visit.name != "reports/index.html" and visit.file.stem not in find_absent(run):
            assert [len(text) > 20 for text in visit.seen["answer"]] == [True], visit.name


def test_chinese_pages_are_chinese(visits: list[Visit]) -> None:
    chinese = [visit for visit in visits if visit.is_chinese]
    assert len(chinese) == len(NOTEBOOKS) + 1
    for visit in chinese:
        assert visit.seen["lang"] == "zh-Hans"
        headings = [
            *visit.seen["h1"],
            *visit.seen["h2"],
            *visit.seen["h3"],
            *visit.seen["answer"],
            *visit.seen["pictures"],
        ]
        if visit.is_notebook or "CDNOW" not in visit.seen["h1"][0]:
            assert [text for text in headings if not CHINESE.search(text)] == [], visit.name
        english = re.findall(r"(?:\b[a-z]{2,} ){3,}", visit.seen["text"])
        assert english == [], visit.name


def test_no_page_shows_what_is_meant_for_the_machine(visits: list[Visit]) -> None:
    for visit in visits:
        text = "\n".join([visit.seen["text"], *visit.seen["pictures"]])
        for pattern in (RAW, KEY):
            found = [text[max(0, m.start() - 40) : m.end() + 40] for m in pattern.finditer(text)]
            assert found == [], visit.name


def test_every_figure_is_seen_and_told(visits: list[Visit], run: Path) -> None:
    for visit in visits:
        assert all(len(alt) > 15 for alt in visit.seen["pictures"]), visit.name
        assert visit.seen["unnamed"] == 0, visit.name
        assert set(visit.hidden.values()) == {0}, visit.name
        if visit.name.endswith(tuple(f"{name}.html" for name in NOTEBOOKS)):
            assert visit.seen["figures"] >= 1 or visit.file.stem in find_absent(run) | find_empty(run), visit.name


def test_every_link_leads_somewhere(visits: list[Visit], reports: Path) -> None:
    ids = {visit.file.as_uri(): visit.seen["ids"] for visit in visits}
    for visit in visits:
        assert len(set(visit.seen["ids"])) == len(visit.seen["ids"]), visit.name
        for link in visit.seen["links"]:
            target, mark = urldefrag(link)
            assert urlsplit(target).scheme == "file", f"{visit.name}: {link}"
            file = Path(unquote(urlsplit(target).path))
            assert file.is_file(), f"{visit.name}: {link}"
            assert file.is_relative_to(reports), f"{visit.name}: {link}"
            assert not mark or mark in ids[target], f"{visit.name}: {link}"


def test_the_index_lists_the_jobs(run: Path, reports: Path) -> None:
    html = (reports / "index.html").read_text(encoding="utf-8")
    for job in sorted(folder.name for folder in reports.iterdir() if folder.is_dir()):
        newest = (reports / job / "latest").resolve()
        assert f'href="{job}/{newest.name}/index.html"' in html
        answer = facts_of(newest)["notebooks"]["90_summary"]["answer"]["en"]
        assert answer.replace("**", "")[:40] in html.replace("&#39;", "'")
    assert (run.parent / "latest").resolve() == run.resolve()


# --- tables -----------------------------------------------------------------------------------------------------------


def test_rows_are_used_or_set_aside(run: Path) -> None:
    facts = facts_of(run)
    read, used, customers = KNOWN[facts["job"]]
    assert {name: facts["rows"][name] for name in ("read", "used", "set_aside")} == {
        "read": read,
        "used": used,
        "set_aside": read - used,
    }
    assert facts["rows"]["customers"] == customers
    assert facts["tables"]["customers"]["rows"] == customers
    assert facts["tables"]["set_aside"]["rows"] == read - used
    rules = pd.read_parquet(run / "tables" / "quality.parquet").set_index("rule")
    assert rules.loc[rules["action"] == "set_aside", "rows"].sum() == read - used
    if facts["job"] == "online-retail-ii":
        assert rules.loc["read_twice", "rows"] == 22_523


def test_tables_keep_the_contract(run: Path) -> None:
    facts = facts_of(run)
    tables = {file.stem: pd.read_parquet(file) for file in (run / "tables").glob("*.parquet")}
    without = set() if facts["job"] == "wholesale" else {"mix"}  # no categories
    assert set(TABLES) - set(tables) == without
    assert {name: facts["missing"][name]["reason"] for name in without} == dict.fromkeys(without, "no_categories")
    for name, (key, columns) in TABLES.items():
        if name in without:
            continue
        table = tables[name]
        assert set(columns) <= set(table.columns), name
        assert table[key].notna().all(axis=None), name
        assert not table.duplicated(key).any(), name
    customers = tables["customers"].set_index("customer_id")
    ordered = customers.index[customers["orders"] > 0]
    for name in ("rfm", "tiers"):
        assert set(tables[name]["customer_id"]) == set(ordered), name
    assert set(tables["churn"]["customer_id"]) <= set(ordered)
    assert set(tables["months"]["customer_id"]) <= set(customers.index)
    assert tables["churn"]["churn_probability"].between(0, 1).all()
    as_of = pd.Timestamp(facts["as_of"])
    for name, column in (("customers", "last_order_date"), ("order_days", "order_date"), ("months", "month")):
        assert pd.to_datetime(tables[name][column]).max() <= as_of, name
    totals = [tables[name]["net_sales"].sum() for name in ("customers", "months", "mix") if name in tables]
    assert totals == pytest.approx([facts["rows"]["sales"]] * len(totals), abs=1)


def test_columns_have_one_type_in_every_table(run: Path) -> None:
    for file in (run / "tables").glob("*.parquet"):
        for field in pq.read_schema(file):
            where, unit = f"{file.stem}.{field.name}", COLUMNS[field.name].unit if field.name in COLUMNS else ""
            if field.name in ("customer_id", "parent_id"):
                assert pa.types.is_string(field.type) or pa.types.is_large_string(field.type), where
            elif unit == "currency":
                assert field.type == pa.float64(), where
            elif unit in ("count", "0 or 1") or field.name == "days_since_last_order":
                assert pa.types.is_integer(field.type), where
            elif unit == "share":
                assert field.type == pa.float64(), where


def test_tables_hold_codes_not_prose(run: Path) -> None:
    for name in ("rfm", "tiers", "value", "churn", "churn_check", "campaign", "quality"):
        table = pd.read_parquet(run / "tables" / f"{name}.parquet")
        for column in set(table.select_dtypes(include=["object", "str"])) - {"customer_id", "reasons"}:
            assert table[column].dropna().str.fullmatch(r"[a-z0-9_]+").all(), f"{name}.{column}"
    reasons = pd.read_parquet(run / "tables" / "churn.parquet")["reasons"].explode().dropna()
    assert reasons.map(lambda reason: re.fullmatch(r"[a-z0-9_]+", reason["code"]) is not None).all()


def test_run_json_says_what_was_done(run: Path, request: pytest.FixtureRequest) -> None:
    facts = facts_of(run)
    assert run.name == f"{facts['as_of']}-1"
    said = (
        "job as_of made_at versions parameters settings inputs rows tables missing decisions notebooks seconds".split()
    )
    assert set(said) <= set(facts)
    assert sorted(facts["notebooks"]) == NOTEBOOKS
    rows = {file.stem: pq.read_metadata(file).num_rows for file in (run / "tables").glob("*.parquet")}
    assert {name: table["rows"] for name, table in facts["tables"].items()} == rows
    assert set(facts["decisions"]) == {"horizon_days", "active_days"}
    for name, notebook in facts["notebooks"].items():
        assert notebook["seconds"] > 0
        assert set(notebook["answer"]) == {"en", "zh"}
        assert all(notebook["answer"].values()) or name in find_absent(run)
    if "accounts" not in rows:
        assert facts["missing"]["accounts"]["reason"] == "not_given"
    shipped = facts["job"] != "online-retail-ii"
    source = ROOT / facts["settings"]["source"][0] if shipped else request.getfixturevalue("retail")
    assert facts["inputs"][source.name] == hashlib.sha256(source.read_bytes()).hexdigest()


def test_nothing_tells_of_this_machine(run: Path, reports: Path) -> None:
    folders = [str(ROOT), str(reports.parent), sys.prefix, str(Path.home() / ".")]
    for file in [file for file in run.rglob("*") if file.suffix in (".html", ".json", ".ipynb")]:
        if file.name == "run.json" and run.parent.name == "online-retail-ii":
            continue  # its source was given as a path of this machine
        text = file.read_text(encoding="utf-8")
        assert [folder for folder in folders if f"{folder}/" in text] == [], file.name


def test_executed_notebooks_are_kept_whole_and_quiet(run: Path) -> None:
    files = sorted(run.glob("notebooks/**/*.ipynb"))
    assert sorted(file.stem for file in files) == sorted(NOTEBOOKS * 2)
    for file in files:
        for cell in nbformat.read(file, 4).cells:
            if cell.cell_type == "code":
                assert cell.execution_count, file.name
                loud = [output for output in cell.outputs if output.output_type in ("stream", "error")]
                assert loud == [], file.name


def test_excel_has_every_customer(run: Path) -> None:
    facts = facts_of(run)
    book = CalamineWorkbook.from_path(run / f"{facts['job']}-{facts['as_of']}.xlsx")
    rows = book.get_sheet_by_name("Customers").to_python()
    assert len(rows) - 1 == facts["tables"]["customers"]["rows"]


def test_nothing_is_left_over(run: Path) -> None:
    assert {path.name for path in run.parent.iterdir()} == {run.name, "latest", ".lock", ".kept"}


@pytest.mark.deep
@pytest.mark.parametrize("run", ["wholesale"], indirect=True)
def test_tables_are_the_same_run_after_run(run: Path, tmp_path: Path) -> None:
    """Made again, in part and with another first language, which no table may show."""
    only = ["--only", "rfm,pareto,tiers,value,retention,churn,campaign,scorecard,migration", "-p", "language=[zh, en]"]
    done = call_kalib("run", ROOT / FILES["wholesale"], *only, "--out", tmp_path, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    again = Path(done.stdout.splitlines()[-1])
    assert sorted(file.stem for file in (again / "en").glob("*.html")) == [*NOTEBOOKS[1:-1], "index"]
    first, second = tables_of(run), tables_of(again)
    assert set(first) == set(second)
    assert [name for name in first if first[name] != second[name]] == []


# --- by hand ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a copy of what a user works in: jobs, data and notebooks."""
    for name in ("jobs", "data", "notebooks"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("online-retail-ii", ".ipynb_checkpoints")
        )
    monkeypatch.delenv("KALIB_JOB", raising=False)
    monkeypatch.delenv("KALIB_NOTEBOOK", raising=False)
    monkeypatch.chdir(tmp_path / "notebooks")
    return tmp_path


def execute(file: Path) -> tuple[str, str]:
    """Execute a notebook in its folder, as JupyterLab does; return what it printed and its answer."""
    notebook = nbformat.read(file, 4)
    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(file.parent)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    said = "".join(output.text for output in outputs if output.output_type == "stream")
    shown = [output for output in outputs if output.get("metadata", {}).get("kalib", {}).get("role") == "answer"]
    return said, shown[0]["data"]["text/plain"]


@pytest.mark.parametrize("run", ["wholesale"], indirect=True)
def test_a_notebook_opened_first_makes_what_it_needs(run: Path, checkout: Path) -> None:
    published = checkout / "reports" / "wholesale" / run.name
    shutil.copytree(run, published)
    (published.parent / "latest").symlink_to(run.name)
    before = hashes(published)
    said, answer = execute(checkout / "notebooks" / "90_summary.ipynb")
    assert "Read the source of wholesale anew into the draft" in said
    for name in ("10_rfm", "30_tiers", "40_value", "50_churn", "60_scorecard", "65_migration"):
        assert re.search(rf"Ran .*{name}.* on the draft", said), said
    assert answer == facts_of(run)["notebooks"]["90_summary"]["answer"]["en"].replace("**", "")
    # One that was published opens as well, and now there is nothing left to make.
    assert execute(published / "notebooks" / "90_summary.ipynb") == ("", answer)
    drafted, first = tables_of(published.parent / "draft"), tables_of(run)
    differ = {name for name in first if drafted.get(name) != first[name]}
    assert differ == {"campaign", "cohorts", "pareto", "winback"}  # which the summary does without
    assert hashes(published) == before
    assert {path.name for path in published.parent.iterdir() if path.name[0] != "."} == {run.name, "latest", "draft"}


def test_lab_starts_with_the_tables_ready(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    started: list[tuple] = []
    monkeypatch.setattr(os, "execve", lambda *given: started.append(given))
    job = checkout / "jobs" / "cdnow.yaml"
    cli.lab(job)
    draft = checkout / "reports" / "cdnow" / "draft"
    assert capfd.readouterr().err.splitlines()[-1] == f"cdnow: tables ready in {draft}"
    assert {"customers", "months", "order_days", "quality", "set_aside"} <= set(tables_of(draft))
    _, words, environment = started[0]
    as_root = ["--allow-root"] if os.geteuid() == 0 else []
    assert words[1:] == ["-m", "jupyterlab", str(ROOT / "notebooks"), *as_root]
    assert environment["KALIB_JOB"] == str(job)
    made = hashes(draft)
    cli.lab(job)  # nothing changed: nothing is made anew
    assert capfd.readouterr().err == ""
    assert hashes(draft) == made


@pytest.mark.deep
def test_a_second_language_is_what_it_would_be_alone(tmp_path: Path) -> None:
    """What the kernel of the first language shows again is what a run in that language alone shows: every page of the sample."""
    job = read_job(Path("jobs/wholesale.yaml"))
    both = run_job(job.model_copy(update={"language": ["en", "zh"]}), out=tmp_path / "both")
    alone = run_job(job.model_copy(update={"language": ["zh"]}), out=tmp_path / "alone")
    for page in sorted((alone / "notebooks").glob("*.ipynb")):
        theirs, ours = (nbformat.read(file, 4) for file in (page, both / "notebooks" / "zh" / page.name))
        shown = [[cell.get("outputs") for cell in notebook.cells] for notebook in (theirs, ours)]
        assert texts_of(shown[0]) == texts_of(shown[1]), page.name


def texts_of(shown: list) -> list[str]:
    """Return what cells showed, without the numbers of the executions."""
    return [str([output.get("data") or output.get("text") for output in outputs or []]) for outputs in shown]
