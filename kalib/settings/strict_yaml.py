"""What does a YAML text say? Strictly: each key once, no number that nobody can write out, no nesting without end."""

from __future__ import annotations

from collections.abc import Hashable

import yaml

from kalib.words.told import Told, told

DEEPEST = 50
"""So many levels may stand inside each other; no setting needs ten."""
MOST_DIGITS = 400
"""The longest number that is read; a money amount of the whole world has twenty digits."""


class RefusedYAMLError(yaml.MarkedYAMLError):
    """What is YAML and still cannot be meant."""

    def __init__(self, problem: Told, mark: yaml.Mark) -> None:
        super().__init__(problem=str(problem), problem_mark=mark)


def read_yaml(text: str) -> tuple[object, yaml.Node | None]:
    """Read a YAML text.

    Returns
    -------
    What it says, and the tree of its nodes, which know their lines.

    Raises
    ------
    RefusedYAMLError
        It is YAML, and says something twice or beyond measure; ``problem`` says what, ``problem_mark`` where.
    yaml.YAMLError
        It is no YAML.

    Examples
    --------
    >>> read_yaml("a: 1")[0]
    {'a': 1}
    >>> read_yaml("a: 1\\na: 2")
    Traceback (most recent call last):
        ...
    kalib.settings.strict_yaml.RefusedYAMLError: `a` stands here and in line 1; keep one of the two
      in "<unicode string>", line 2, column 1:
        a: 2
        ^
    """
    loader = _Loader(text)
    try:
        tree = loader.get_single_node()
        return (None if tree is None else loader.construct_document(tree)), tree
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    """Reads as the safe loader does, and refuses what that lets pass or falls over."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise RefusedYAMLError(
                told("more than {most} levels stand inside each other", most=DEEPEST), self.peek_event().start_mark
            )
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        first: dict[tuple[str, str], yaml.Node] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                continue
            before = first.setdefault((key.tag, key.value), key)
            if before is not key:
                raise RefusedYAMLError(
                    told(
                        "`{key}` stands here and in line {line}; keep one of the two",
                        key=key.value,
                        line=before.start_mark.line + 1,
                    ),
                    key.start_mark,
                )
        return super().construct_mapping(node, deep=deep)

    def construct_scalar(self, node: yaml.Node) -> object:
        value = super().construct_scalar(node)
        try:
            value.encode()
        except UnicodeEncodeError:
            raise RefusedYAMLError(
                told("half of a character (`\\ud800` to `\\udfff`) is no text"), node.start_mark
            ) from None
        return value

    def construct_number_or_day(self, node: yaml.ScalarNode) -> object:
        if len(node.value) > MOST_DIGITS:
            raise RefusedYAMLError(
                told("a number of {count:,} digits; at most {most} are read", count=len(node.value), most=MOST_DIGITS),
                node.start_mark,
            )
        try:
            return yaml.SafeLoader.yaml_constructors[node.tag](self, node)
        except ValueError as error:  # the 31st of June
            raise RefusedYAMLError(
                told("`{value}` is not to be read: {error}; put text in quotes", value=node.value, error=error),
                node.start_mark,
            ) from None


for _tag in ("int", "float", "timestamp"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _Loader.construct_number_or_day)
