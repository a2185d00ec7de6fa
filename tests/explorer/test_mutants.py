"""The explorer finds planted bugs: each mutant breaks the very promise that it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from tests.explorer.configurations import SMALL
from tests.explorer.explore import Budget, explore
from tests.explorer.mutants import MUTANTS, WHERE, Mutant

pytestmark = [pytest.mark.no_cover, pytest.mark.timeout(600)]

BY_NAME: Final = {one.name: one for one in SMALL}
SEARCHED: Final = (
    replace(BY_NAME["first rotation"], budget=Budget(faults=1, dues=1)),
    BY_NAME["values hidden"],
    BY_NAME["rotation and hands"],
)
"""The quickest first. `test_explorer.py` finds nothing in them without a mutant."""


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.__name__)
def test_a_planted_bug_is_found(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    promise = MUTANTS[mutant]
    searched = (BY_NAME[WHERE[mutant]],) if mutant in WHERE else SEARCHED
    assert any(promise in explore(one, until=promise).broken for one in searched), promise
