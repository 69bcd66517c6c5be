"""How does the dictionary read? ``python -m kalib.schema > docs/glossary.md``."""

from __future__ import annotations

from kalib.schema import COLUMNS, TABLES


def print_glossary() -> str:
    """Return the dictionary as Markdown: docs/glossary.md, which a test holds to it.

    Examples
    --------
    >>> print_glossary().splitlines()[0]
    '# Glossary'
    """
    lines = [
        "# Glossary",
        "",
        "Made from `kalib/schema` by `python -m kalib.schema > docs/glossary.md`. A column has one meaning in the whole house;",
        "its unit stands in its name where it is days or a share.",
        "",
        "## Tables",
        "",
        "| table | one row per | has at least |",
        "| --- | --- | --- |",
    ]
    for name, table in TABLES.items():
        columns = ", ".join(f"`{column}`" for column in (*table.key, *table.columns))
        lines.append(f"| `{name}` | {table.one_row_per} | {columns} |")
    lines += ["", "## Columns", "", "| column | unit | meaning |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {column.unit} | {column.meaning} |" for name, column in COLUMNS.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    print(print_glossary())
