"""Which notebooks run, in which order, with which parameters? Decided from their own metadata, before anything runs."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kalib.errors import NotebookError, SettingsError, nearest
from kalib.publish.places import shipped_folder
from kalib.settings import Job
from kalib.words.told import told

Literal = str | int | float | bool | None
GIVEN = ("job", "run", "language")
"""The parameters that every notebook declares and the runner sets."""
SETTINGS = ("as_of", "horizon_days", "active_days", "value_months", "discount_rate", "interval", "currency")
"""The job's settings that a notebook may declare as a parameter of its own."""
LEDGER_TABLES = ("customers", "months", "mix", "order_days", "quality", "set_aside")
_SOURCES = ("accounts", "contacts", "costs", "targets")


@dataclass(frozen=True, eq=False)
class Notebook:
    """A notebook as the runner sees it: what it reads and writes, and the parameters it declares.

    ``trouble`` says why it cannot be run, or is empty.
    """

    file: Path
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    declared: Mapping[str, object] = field(default_factory=dict)
    trouble: str = ""

    @property
    def name(self) -> str:
        """Return the name: ``10_rfm``."""
        return self.file.stem

    @property
    def topic(self) -> str:
        """Return the name without its number: ``rfm``."""
        return re.sub(r"^\d+[a-z]?[_-]", "", self.name)


class _Unknown:
    """Stands for a declared value that is no literal."""


def read_notebooks(job: Job) -> list[Notebook]:
    """Read the shipped notebooks and the job's own, which lie in the folder that ``notebooks:`` names.

    They are code: what lies beside the data unnamed is not run (see ``find_unasked``). A notebook of the job's with the file name of a shipped one takes its place.

    Raises
    ------
    SettingsError
        If the job names a folder that is not there.
    NotebookError
        If a file is no notebook.
    """
    own = job.path(job.notebooks) if job.notebooks else None
    if own and not own.is_dir():
        raise SettingsError(
            told(
                "{job_file}: `notebooks: {notebooks}`: there is no such folder ({folder}).",
                job_file=job.file,
                notebooks=job.notebooks,
                folder=own,
            )
        )
    files: dict[str, Path] = {}
    for folder in (shipped_folder() / "notebooks", own):
        if folder and folder.is_dir():
            files |= {file.name: file.resolve() for file in folder.glob("*.ipynb") if file.name[0] not in "._"}
    return [read_notebook(files[name]) for name in sorted(files)]


def find_unasked(job: Job) -> Path | None:
    """Return the folder ``notebooks`` beside the data if it holds notebooks that the job does not ask for."""
    beside = job.root / "notebooks"
    unasked = not job.notebooks and beside.resolve() != (shipped_folder() / "notebooks").resolve()
    return beside if unasked and any(beside.glob("*.ipynb")) else None


def read_notebook(file: Path) -> Notebook:
    """Read what a notebook reads, writes and declares.

    Raises
    ------
    NotebookError
        If the file is no notebook.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        cells = [(cell["cell_type"], "".join(cell["source"]), cell.get("metadata", {})) for cell in content["cells"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotebookError(
            told(
                "{file}: this is not a notebook of format 4 ({error}). Save it again, or move it away.",
                file=file,
                error=error,
            )
        ) from None
    own = content.get("metadata", {}).get("kalib", {})
    tagged = [source for kind, source, about in cells if kind == "code" and "parameters" in about.get("tags", [])]
    declared: dict[str, object] = {}
    trouble = ""
    if len(tagged) != 1:
        trouble = (
            told(
                "has {count} cells tagged `parameters`; it needs exactly one. In JupyterLab: select the cell, Property "
                "Inspector, Add Tag. A notebook that is no part of the report belongs into another folder.",
                count=len(tagged),
            )
            if tagged
            else told(
                "has no cell tagged `parameters`; it needs exactly one. In JupyterLab: select the cell, Property Inspector, "
                "Add Tag. A notebook that is no part of the report belongs into another folder."
            )
        )
    else:
        try:
            declared = _read_literals(tagged[0])
        except SyntaxError as error:
            trouble = told(
                "has a `parameters` cell that is not Python (its line {line}: {why}).", line=error.lineno, why=error.msg
            )
    absent = [name for name in GIVEN if name not in declared]
    if not trouble and absent:
        trouble = told(
            "does not declare {names} in its `parameters` cell. Add there: {lines}",
            names=", ".join(f"`{name}`" for name in absent),
            lines="; ".join(f"{name} = {_DEFAULTS[name]!r}" for name in absent),
        )
    return Notebook(file, tuple(own.get("reads", ())), tuple(own.get("writes", ())), declared, str(trouble))


_DEFAULTS = {"job": "", "run": "", "language": "en"}


def _read_literals(source: str) -> dict[str, object]:
    values: dict[str, object] = {}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name):
                try:
                    values[target.id] = ast.literal_eval(node.value)
                except ValueError:
                    values[target.id] = _Unknown()
    return values


def plan_notebooks(
    notebooks: Sequence[Notebook], *, only: Collection[str] = (), tables: Collection[str] = ()
) -> list[Notebook]:
    """Order notebooks so that each stands after those whose tables it reads.

    Parameters
    ----------
    notebooks : all that there are
    only : topics (or names) to run; with what they need. Empty: all
    tables : tables that are there already

    Returns
    -------
    The notebooks to run; among those that could come next, by name.

    Raises
    ------
    SettingsError
        If ``only`` names a topic that there is not.
    NotebookError
        If two write the same table, if they wait for each other, if a table is read that nobody makes, or if one of
        them cannot be run.
    """
    there = {*LEDGER_TABLES, *_SOURCES, *tables}
    writers = _find_writers(notebooks, there)
    for notebook in notebooks:
        for table in notebook.reads:
            if table not in there and table not in writers:
                raise NotebookError(
                    told(
                        "{notebook} reads `{table}`, which no notebook writes; {hint} ({file})",
                        notebook=notebook.name,
                        table=table,
                        hint=nearest(table, {*writers, *there}),
                        file=notebook.file,
                    )
                )
    wanted = _choose(notebooks, only)
    needs = {
        notebook: sorted({writers[table] for table in notebook.reads if table not in there}, key=_by_name)
        for notebook in notebooks
    }
    order: list[Notebook] = []
    for notebook in sorted(wanted, key=_by_name):
        _visit(notebook, needs, order, ())
    for notebook in order:
        if notebook.trouble:
            raise NotebookError(
                told(
                    "{notebook} {trouble} ({file})",
                    notebook=notebook.name,
                    trouble=notebook.trouble,
                    file=notebook.file,
                )
            )
    return order


def _by_name(notebook: Notebook) -> str:
    return notebook.name


def _find_writers(notebooks: Iterable[Notebook], there: Collection[str]) -> dict[str, Notebook]:
    writers: dict[str, Notebook] = {}
    for notebook in notebooks:
        for table in notebook.writes:
            if table in (*LEDGER_TABLES, *_SOURCES):
                raise NotebookError(
                    told(
                        "{notebook} writes `{table}`, which is the ledger's. Give it another name.",
                        notebook=notebook.name,
                        table=table,
                    )
                )
            if table in writers:
                raise NotebookError(
                    told(
                        "{other} and {notebook} both write `{table}`; only one may.",
                        other=writers[table].name,
                        notebook=notebook.name,
                        table=table,
                    )
                )
            writers[table] = notebook
    return writers


def _choose(notebooks: Sequence[Notebook], only: Collection[str]) -> list[Notebook]:
    if not only:
        return list(notebooks)
    by_word = {word: notebook for notebook in notebooks for word in (notebook.name, notebook.topic)}
    for word in only:
        if word not in by_word:
            raise SettingsError(
                told(
                    "--only {word}: there is no such topic; {hint}",
                    word=word,
                    hint=nearest(word, (n.topic for n in notebooks)),
                )
            )
    return list({by_word[word].name: by_word[word] for word in only}.values())


def _visit(
    notebook: Notebook, needs: Mapping[Notebook, list[Notebook]], order: list[Notebook], path: tuple[Notebook, ...]
) -> None:
    if notebook in path:
        ring = [*path[path.index(notebook) :], notebook]
        steps = " -> ".join(item.name for item in reversed(ring))
        raise NotebookError(
            told("notebooks wait for each other's tables: {steps}. Take one of the tables out of `reads`.", steps=steps)
        )
    if notebook not in order:
        for need in needs[notebook]:
            _visit(need, needs, order, (*path, notebook))
        order.append(notebook)


def check_parameters(job: Job, notebooks: Sequence[Notebook]) -> None:
    """Check the job's ``parameters:`` (and ``-p NN_name.key=value``) against what the notebooks declare.

    Raises
    ------
    SettingsError
        Names the notebook, the parameter, its value and the nearest known name.
    """
    by_word = {word: notebook for notebook in notebooks for word in (notebook.name, notebook.topic)}
    for word, values in job.parameters.items():
        if word not in by_word:
            known = {*(notebook.name for notebook in notebooks), *type(job).model_fields} - {"file"}
            name = f"{word}.{next(iter(values), '')}"
            raise SettingsError(
                told("`{name}`: there is no such notebook or setting; {hint}", name=name, hint=nearest(word, known))
            )
        notebook = by_word[word]
        for key, value in values.items():
            if key in GIVEN or key not in notebook.declared:
                own = [name for name in notebook.declared if name not in GIVEN]
                hint = nearest(key, own) if own else told("it has none.")
                raise SettingsError(
                    told(
                        "`{word}.{key}`: {notebook} has no such parameter; {hint}",
                        word=word,
                        key=key,
                        notebook=notebook.name,
                        hint=hint,
                    )
                )
            _check_type(f"{word}.{key}", value, notebook.declared[key])


def _check_type(name: str, value: object, declared: object) -> None:
    wanted = {
        bool: told("true or false"),
        int: told("a whole number"),
        float: told("a number"),
        str: told("a text"),
    }.get(type(declared))
    fits = type(value) is type(declared) or (isinstance(declared, float) and type(value) is int)
    if wanted and not fits:
        raise SettingsError(
            told(
                "`{name}` = {value!r}: must be {wanted}, like the notebook's own {declared!r}.",
                name=name,
                value=value,
                wanted=wanted,
                declared=declared,
            )
        )


def choose_parameters(notebook: Notebook, job: Job, *, kept: Mapping[str, Literal]) -> dict[str, Literal]:
    """Choose the values for what a notebook declares, beside ``job``, ``run`` and ``language``.

    What the job says for this notebook comes first, then its settings of the same name, then what earlier runs of the
    job decided; else the notebook's own value stands.
    """
    chosen: dict[str, Literal] = {name: value for name, value in kept.items() if name in notebook.declared}
    for name in SETTINGS:
        value = getattr(job, name)
        if name in notebook.declared and name in job.model_fields_set and value is not None:
            chosen[name] = value.isoformat() if name == "as_of" else value
    for word in (notebook.topic, notebook.name):
        chosen |= job.parameters.get(word, {})
    return chosen
