"""The table of decisions and outcomes, and what has to be in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import get_args

from okta_rotator.rotation.decisions import Decision, Step, WriteState
from tests.explorer.explore import Findings
from tests.explorer.outcomes import Outcome, possible

Cells = Counter[tuple[str, Outcome]]


def cells_of(findings: Iterable[Findings]) -> Cells:
    total: Cells = Counter()
    for one in findings:
        total.update(one.cells)
    return total


def wanted() -> Iterator[tuple[str, Outcome]]:
    """Every row with each outcome but those of `outcomes.IMPOSSIBLE`."""
    for kind in get_args(Decision):
        rows = [f"WriteState {step}" for step in Step] if kind is WriteState else [kind.__name__]
        yield from (
            (row, outcome) for row in rows for outcome in Outcome if outcome in possible(kind)
        )


def unvisited(cells: Cells) -> list[tuple[str, Outcome]]:
    return [cell for cell in wanted() if not cells[cell]]


def printed(cells: Cells) -> str:
    """The table as text: a dot where the row cannot have the outcome by its nature."""
    can, rows = set(wanted()), list(dict.fromkeys(row for row, _ in wanted()))
    lines = ["".ljust(29) + "".join(outcome.rjust(13) for outcome in Outcome)]
    for row in rows:
        counts = (str(cells[row, outcome]) if (row, outcome) in can else "." for outcome in Outcome)
        lines.append(row.ljust(29) + "".join(count.rjust(13) for count in counts))
    return "\n".join(lines)


def summary(findings: Iterable[Findings]) -> str:
    """One line an exploration, with the shortest way to each promise that it saw broken."""
    lines = ["configuration".ljust(26) + "worlds   states  transitions  seconds"]
    for one in findings:
        counts = f"{one.worlds:>8} {one.states:>8} {one.transitions:>12} {one.seconds:>8.1f}"
        lines.append(f"{one.name:<24}{counts}")
        for promise, way in one.broken.items():
            lines += [f"  BROKEN: {promise}", *(f"    {step}" for step in way)]
    return "\n".join(lines)
