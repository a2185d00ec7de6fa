"""Who is in whose way: the same app of the same org, or the same target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from okta_rotator.api.conditions import Reason
from okta_rotator.neighbours import Neighbourhood
from okta_rotator.rotation.snapshot import Key, Resource
from okta_rotator.rotation.trouble import Next, Trouble
from tests.resources import CLIENT_ID
from tests.unit.rotation import builders

OTHER_APP = "0oa000000000000000aa"


class Orgs:
    """Stands for the connections: the org by the name of the connection."""

    def __init__(self, orgs: Mapping[str, str | None]) -> None:
        self.orgs = orgs

    def connection_of(self, resource: Resource) -> Any:
        assert resource.spec is not None
        name = resource.spec.connection.name
        return replace(builders.CONNECTION, name=name, org_id=self.orgs[name])


def neighbourhood(**orgs: str | None) -> Neighbourhood:
    return Neighbourhood(cast(Any, Orgs({"my-connection": "00o1", **orgs})), lambda key: None)


def resource(
    name: str, namespace: str = "team-a", uid: str | None = None, **changes: Any
) -> Resource:
    """A resource with changes of its spec (`connection.name` as `connection__name`)."""
    paths = {"spec." + key.replace("__", "."): value for key, value in changes.items()}
    made = builders.resource(paths)
    return replace(made, key=Key(namespace, name), uid=uid or f"uid-of-{namespace}-{name}")


def seen_by(*resources: Resource, **orgs: str | None) -> Neighbourhood:
    found = neighbourhood(**orgs)
    for one in resources:
        found.saw(one)
    return found


ONE, TWO = resource("one"), resource("two")
ELSEWHERE = resource("one", "team-b")


def test_nobody_is_their_own_neighbour() -> None:
    assert seen_by(ONE).neighbours_of(ONE) == ()


@pytest.mark.parametrize("other", [TWO, ELSEWHERE])
def test_two_of_one_app_are_neighbours_wherever_they_are(other: Resource) -> None:
    found = seen_by(ONE, other)
    assert found.neighbours_of(ONE) == ((other, False),)
    assert found.neighbours_of(other) == ((ONE, False),)


def test_two_apps_are_not() -> None:
    other = resource("two", parameters={"clientId": OTHER_APP})
    assert seen_by(ONE, other).neighbours_of(ONE) == ()


def test_an_app_is_known_by_its_id() -> None:
    renamed = {"clientId": "my_client", "appId": CLIENT_ID}
    other = resource("two", parameters=renamed)
    assert seen_by(ONE, other).neighbours_of(ONE) == ((other, False),)


@pytest.mark.parametrize(
    ("org", "are_neighbours"), [("00o1", True), ("00o2", False), (None, False)]
)
def test_two_connections_to_one_org_are_no_difference(
    org: str | None, are_neighbours: bool
) -> None:
    other = resource("two", connection__name="theirs")
    found = seen_by(ONE, other, theirs=org)
    assert found.neighbours_of(ONE) == (((other, False),) if are_neighbours else ())


@pytest.mark.parametrize(("org", "are_neighbours"), [("00o1", True), ("00o2", False), (None, True)])
def test_one_that_goes_counts_those_whose_org_nobody_knows(
    org: str | None, are_neighbours: bool
) -> None:
    """They may use what its deletion revokes."""
    going, other = replace(ONE, deleting=True), resource("two", connection__name="theirs")
    found = seen_by(going, other, theirs=org)
    assert found.neighbours_of(going) == (((other, False),) if are_neighbours else ())


def test_orgs_that_are_not_known_are_not_the_same() -> None:
    one = resource("one", connection__name="theirs")
    other = resource("two", connection__name="theirs")
    assert seen_by(one, other, theirs=None).neighbours_of(one) == ()


def test_two_with_one_target_are_neighbours_whatever_their_apps() -> None:
    other = resource("two", parameters={"clientId": OTHER_APP}, target={"name": "one"})
    found = seen_by(ONE, other, theirs=None)
    assert found.neighbours_of(ONE) == ((other, True),)
    assert found.neighbours_of(other) == ((ONE, True),)


def test_a_target_of_that_name_in_another_namespace_is_another_one() -> None:
    other = resource("two", "team-b", parameters={"clientId": OTHER_APP}, target={"name": "one"})
    assert seen_by(ONE, other).neighbours_of(ONE) == ()


def test_the_same_app_and_the_same_target_are_told_once() -> None:
    other = resource("two", target={"name": "one"})
    assert seen_by(ONE, other).neighbours_of(ONE) == ((other, True),)


def test_what_has_no_spec_is_nobodys_neighbour() -> None:
    unread = replace(TWO, spec=None, spec_error="cannot be read")
    found = seen_by(ONE, unread)
    assert found.neighbours_of(ONE) == ()
    assert found.neighbours_of(unread) == ()
    assert found.gone(unread) == []


def test_the_newest_sight_of_a_resource_counts() -> None:
    newer = replace(TWO, generation=2)
    assert seen_by(ONE, TWO, newer).neighbours_of(ONE) == ((newer, False),)


def test_when_one_goes_the_others_are_told() -> None:
    same_target = resource("three", parameters={"clientId": OTHER_APP}, target={"name": "one"})
    found = seen_by(ONE, TWO, ELSEWHERE, same_target)
    assert found.gone(ONE) == [Key("team-a", "three"), Key("team-a", "two"), Key("team-b", "one")]
    assert found.neighbours_of(TWO) == ((ELSEWHERE, False),)
    assert found.neighbours_of(same_target) == ()
    assert found.gone(ONE) == [], "it was told twice"


def test_the_last_one_leaves_nobody_waiting() -> None:
    found = seen_by(ONE)
    assert found.gone(ONE) == []
    assert found.gone(ONE) == []


def test_the_late_end_of_an_earlier_one_takes_the_present_one_of_its_name_nothing() -> None:
    remade = replace(ONE, uid="remade")
    found = seen_by(ONE, TWO, remade)
    found.gone(ONE)
    assert found.neighbours_of(TWO) == ((remade, False),)


REMADE = replace(resource("one", parameters={"clientId": OTHER_APP}), uid="remade", generation=2)


def test_one_that_was_made_anew_for_another_app_leaves_nothing_with_the_first() -> None:
    found = seen_by(ONE, TWO, REMADE)
    assert found.neighbours_of(TWO) == ()


def test_one_that_can_no_longer_be_read_is_gone_all_the_same() -> None:
    found = seen_by(ONE, TWO)
    assert found.gone(replace(ONE, spec=None, spec_error="cannot be read")) == [TWO.key]
    assert found.neighbours_of(TWO) == ()


# ------------------------------------------------------------------ who has reached the app


class Links(Orgs):
    """Connections that may change, and those that were woken."""

    def __init__(self) -> None:
        super().__init__({"my-connection": "00o1"})
        self.problem: Trouble | None = None
        self.uid = "first"
        self.woken: list[Key] = []

    def connection_of(self, resource: Resource) -> Any:
        return replace(super().connection_of(resource), uid=self.uid, problem=self.problem)


@pytest.fixture
def links() -> Links:
    return Links()


@pytest.fixture
def found(links: Links) -> Neighbourhood:
    made = Neighbourhood(cast(Any, links), links.woken.append)
    for one in (ONE, TWO, ELSEWHERE):
        made.saw(one)
    return made


def test_who_reaches_the_app_has_a_claim_in_their_order(found: Neighbourhood) -> None:
    assert found.claim_of(ONE) is None
    for one in (TWO, ONE, TWO):
        found.reached_its_app(one)
    first, second = found.claim_of(TWO), found.claim_of(ONE)
    assert first is not None
    assert second is not None
    assert first < second
    found.gone(ONE)
    assert found.claim_of(ONE) is None


def test_who_is_kept_from_it_has_none_and_the_others_hear_of_it_once(
    found: Neighbourhood, links: Links
) -> None:
    found.was_kept_from_its_app(ONE)
    assert links.woken == []
    found.reached_its_app(ONE)
    for _ in range(2):
        found.was_kept_from_its_app(ONE)
    assert found.claim_of(ONE) is None
    assert links.woken == [TWO.key, ELSEWHERE.key]


@pytest.mark.parametrize("action", list(Next))
def test_a_connection_that_only_a_person_can_mend_ends_the_claim_for_good(
    found: Neighbourhood, links: Links, action: Next
) -> None:
    found.reached_its_app(ONE)
    links.problem = Trouble(action, Reason.CONNECTION_NOT_READY, "no")
    is_over = action is Next.PERSON
    assert (found.claim_of(ONE) is None) is is_over
    links.problem = None
    assert (found.claim_of(ONE) is None) is is_over


def test_what_one_connection_reached_says_nothing_of_another(
    found: Neighbourhood, links: Links
) -> None:
    found.reached_its_app(ONE)
    links.uid = "second"
    assert found.claim_of(ONE) is None
    found.reached_its_app(ONE)
    assert found.claim_of(ONE) is not None


def test_whom_it_may_keep_waiting_is_known_whatever_their_orgs(found: Neighbourhood) -> None:
    assert found.rivals_of(ONE) == [TWO.key, ELSEWHERE.key]
    assert found.rivals_of(replace(ONE, spec=None, spec_error="cannot be read")) == []
