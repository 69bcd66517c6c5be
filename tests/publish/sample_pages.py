"""A small run with what the data may hold at its worst: for the tests of the pages."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import nbformat
import pandas as pd
from matplotlib.axes import Axes
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from kalib.figures import style
from kalib.ledger import LedgerReport
from kalib.publish import display
from kalib.publish.html import write_pages
from kalib.settings import Job
from kalib.words import Words

HOSTILE = "<script>alert(1)</script>"
FORMULA = '=cmd|"/C calc"!A0'
SECRET = "/srv/secret"
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def draw_sales(frame: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw net sales by customer."""
    ax = ax or style.new_axes()
    ax.bar(range(len(frame)), frame["net_sales"], color=style.ACCENT)
    style.show_ticks(ax.yaxis, words, "short")
    return ax


def _show(output: display.Output) -> NotebookNode:
    bundle, metadata = output
    return new_output("display_data", data=bundle, metadata=metadata)


def _markdown(text: str, name: str) -> NotebookNode:
    cell = new_markdown_cell(text)
    cell["id"] = name
    return cell


def make_notebook(language: str = "en") -> NotebookNode:
    """Make a notebook as the runner leaves it: answer, figures, evidence, provenance."""
    words = Words(language, currency="GBP")
    frame = pd.DataFrame(
        {
            "customer_id": [HOSTILE, FORMULA, "Northgate 北门商贸", *(f"C{i}" for i in range(17))],
            "net_sales": [9000.0 - 700 * i for i in range(20)],
            "tier": ["key"] * 20,
            "orders": range(20),
            "last_order_date": pd.Timestamp("2026-06-30"),
        }
    )
    columns = {
        "customer_id": "",
        "net_sales": "money",
        "tier": "code tier",
        "orders": "count",
        "last_order_date": "date",
    }
    figure = display.figure(
        draw_sales, frame, words, alt="Net sales of 20 customers", caption=f"Left out: {HOSTILE}", publishing=True
    )
    injected = new_code_cell(f'# Parameters\njob = "{SECRET}/tiny.yaml"\nrun = "{SECRET}"\nbins = 4\n')
    injected.metadata["tags"] = ["injected-parameters"]
    return new_notebook(
        cells=[
            _markdown(
                "# Which accounts carry the business?\n\nThe director decides **whom** to visit.\n\nReads customers.",
                "title",
            ),
            new_code_cell('job = "jobs/tiny.yaml"  # the job file\nrun = ""'),
            injected,
            new_code_cell(
                "import kalib", outputs=[new_output("stream", name="stderr", text=f"{SECRET}/x.py: Warning")]
            ),
            new_code_cell(
                "book.answer()",
                outputs=[_show(display.answer(f"**2 of 20 accounts** bring half, {HOSTILE} first."))],
            ),
            new_code_cell(
                "book.kpis()",
                outputs=[_show(display.kpis([("Net sales", "£18k", "▲ 6%", "good"), ("Accounts", "20", "", "")]))],
            ),
            _markdown("## How much do the largest bring?\n\nFrom largest to smallest.", "largest"),
            new_code_cell("book.draw()", outputs=[_show(display.finding("Two accounts bring half")), _show(figure)]),
            _markdown("## Who are they?\n\nSorted by net sales.", "who"),
            new_code_cell(
                "book.table()",
                outputs=[
                    _show(display.finding("All twenty are key")),
                    _show(display.table(frame, columns, words, bar="net_sales")),
                    _show(display.note("Three have no *cost*.")),
                    _show(display.finding("The same, drawn again")),
                    _show(figure),
                    _show(display.caption("said by the figure already")),
                ],
            ),
            _markdown("## What this cannot tell\n\nWhether they **earn**.", "limits"),
            new_code_cell(
                "book.close()",
                outputs=[
                    _show(({"text/plain": "As of 30 June 2026\norders.csv 8f2c1a"}, {"kalib": {"role": "provenance"}}))
                ],
            ),
        ]
    )


def make_own_notebook() -> NotebookNode:
    """Make a user's own notebook, which knows nothing of the house's outputs."""
    frame = pd.DataFrame({"who": [HOSTILE, FORMULA], "sales": [1.5, -2.25], "since": ["2020-01-01", None]})
    styled = (
        '<style>main{display:none}</style><table><tr><td onclick="x()">a<script>alert(1)</script></td></tr></table>'
    )
    image = '<p>see <a href="javascript:x()">x</a><img src="https://example.com/y.png" onerror="z()"></p>'
    return new_notebook(
        cells=[
            new_markdown_cell("# My own look\n\n# My own look\n\nText."),
            new_code_cell(
                "df",
                outputs=[new_output("execute_result", data={"text/html": frame._repr_html_(), "text/plain": "df"})],
            ),
            new_code_cell(
                "print(1)", outputs=[new_output("stream", name="stdout", text=f"\x1b[1mhello\x1b[0m {HOSTILE}\n")]
            ),
            new_code_cell(
                "plot", outputs=[new_output("display_data", data={"image/png": DOT, "text/plain": "<Figure>"})]
            ),
            new_code_cell(
                "styled", outputs=[new_output("display_data", data={"text/html": styled, "text/plain": "styled"})]
            ),
            new_code_cell(
                "image", outputs=[new_output("display_data", data={"text/html": image, "text/plain": "image"})]
            ),
            new_code_cell("3", outputs=[new_output("execute_result", data={"text/plain": HOSTILE})]),
        ]
    )


def write_run(folder: Path, *, languages: tuple[str, ...] = ("en", "zh")) -> Path:
    """Write a run's notebooks and pages below ``folder``; return the run's folder."""
    run = folder / "reports" / "tiny" / "2026-06-30-1"
    for language in languages:
        notebooks = run / "notebooks" if language == languages[0] else run / "notebooks" / language
        notebooks.mkdir(parents=True, exist_ok=True)
        nbformat.write(make_notebook(language), notebooks / "20_pareto.ipynb")
        nbformat.write(make_notebook(language), notebooks / "90_summary.ipynb")
    nbformat.write(make_own_notebook(), run / "notebooks" / "95_own.ipynb")
    job = Job(
        job="tiny",
        title={"en": f"Tiny {HOSTILE}", "zh": "小店"},
        note={"en": "synthetic data", "zh": "合成数据"},
        source="orders.csv",
        columns={"customer_id": "c", "order_date": "d", "amount": "a"},
        file=folder / "tiny.yaml",
    )
    report = LedgerReport(
        as_of=dt.date(2026, 6, 30),
        rows_read=5,
        rows_used=5,
        rows_set_aside=0,
        first_order_date=dt.date(2026, 1, 1),
        sales_used=1.0,
        issues=[],
        inputs={},
        tables={},
    )
    write_pages(run, languages=languages, job=job, report=report)
    return run
