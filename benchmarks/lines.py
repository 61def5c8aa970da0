"""What a part of the benchmark says: figures beside other figures, each line with its target if it has one."""

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

FORMATS = {"rows/s": ",.0f", "ms": ",.2f", "s": ",.2f", "MiB": ",.0f", "KiB": ",.1f", "": ",.2f"}
"""How a number of each unit is written; the empty one is that of ratios. Whatever else is counted is whole."""
Bounded = Literal["ratio", "ours"]


class Figure(NamedTuple):
    """A number and its unit. `name` is of what it is, where that is not us."""

    value: float
    unit: str
    name: str = ""

    def __str__(self) -> str:
        text = f"{self.value:{FORMATS.get(self.unit, ',.0f')}} {self.unit}".rstrip()
        return f"*{self.name}* {text}" if self.name else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A bound of a line's ratio, or of our figure itself in its own unit; `note` is said beside it."""

    of: Bounded
    bound: float
    is_least: bool
    note: str = ""

    def is_met_by(self, value: float) -> bool:
        return value >= self.bound if self.is_least else value <= self.bound

    def text(self, unit: str) -> str:
        sign = "≥" if self.is_least else "≤"
        amount = f"{self.bound:g} ×" if self.of == "ratio" else f"{self.bound:g} {unit}".rstrip()
        return f"{sign} {amount}" + (f" ({self.note})" if self.note else "")


def ratio_at_least(bound: float, note: str = "") -> Target:
    return Target(of="ratio", bound=bound, is_least=True, note=note)


def ratio_at_most(bound: float, note: str = "") -> Target:
    return Target(of="ratio", bound=bound, is_least=False, note=note)


def ours_at_least(bound: float, note: str = "") -> Target:
    return Target(of="ours", bound=bound, is_least=True, note=note)


def ours_at_most(bound: float, note: str = "") -> Target:
    return Target(of="ours", bound=bound, is_least=False, note=note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One comparison. `beside` is theirs, or the floor: what ours is divided by."""

    what: str
    ours: Figure
    beside: Figure | None = None
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """Ours divided by what stands beside it."""
        if self.beside is None or not self.beside.value:
            return None
        return self.ours.value / self.beside.value

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None:
            return None
        value = self.ratio if self.target.of == "ratio" else self.ours.value
        return value is not None and self.target.is_met_by(value)

    def as_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "ours": self.ours._asdict(),
            "beside": self.beside and self.beside._asdict(),
            "ratio": self.ratio,
            "target": self.target and self.target.text(self.ours.unit),
            "is_met": self.is_met,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What one part has measured. `about` and `details` are Markdown around its table; `samples` are all figures."""

    title: str
    about: str
    lines: list[Line]
    details: str = ""
    samples: dict[str, Any] = field(default_factory=dict)
