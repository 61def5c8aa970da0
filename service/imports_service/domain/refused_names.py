"""Which values of a row were refused when it was read, by where they stand in the row.

What stands there is wrong and not missing: nothing more is to be said of it.
"""

from collections.abc import Iterable, Iterator, Sequence

from imports_service.domain.nested import Given
from imports_service.domain.rows import Issue


class RefusedNames:
    """The refused values of one row. `issues` are those with which the row was read."""

    def __init__(self, issues: Iterable[Issue]) -> None:
        self._paths = {issue.attribute for issue in issues if issue.is_error}

    def at(self, given: Given) -> Iterator[str]:
        """The attributes and input keys of an object of the row that were given and refused."""
        start = f"{given.path}." if given.path else ""
        known = {"id", *given.shape.fields, *given.shape.nested_fields}
        for path in self._paths:
            if not path.startswith(start):
                continue
            name = path.removeprefix(start).partition(".")[0].partition("[")[0]
            reference = given.shape.resource_type.objects.get(name)
            if reference is not None:
                yield reference.input_key
            elif name in known:
                yield name

    def hide_which(self, given: Given) -> bool:
        """Whether it can't be told which resource the object means, and so whether it makes one."""
        names = {"id", *given.shape.resource_type.unique_key}
        names |= {pair.fills for pair in given.shape.reference_rules.pairs if pair.name in names}
        return not names.isdisjoint(self.at(given))

    def are_in(self, path: str) -> bool:
        """Whether values of a list, or the list itself, were refused."""
        return any(refused == path or refused.startswith(f"{path}[") for refused in self._paths)

    def new_among(self, issues: Sequence[Issue]) -> Iterator[Issue]:
        """The issues of places of which nothing was said when the row was read; errors only."""
        for issue in issues:
            if issue.is_error and not any(_is_about(path, issue.attribute) for path in self._paths):
                yield issue


def _is_about(path: str, attribute: str) -> bool:
    return (
        attribute == path
        or attribute.startswith((f"{path}.", f"{path}["))
        or path.startswith(f"{attribute}.")
    )
