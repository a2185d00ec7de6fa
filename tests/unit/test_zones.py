"""The zones come from the package tzdata, whatever the system has."""

import zoneinfo
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from okta_rotator.api.zones import zone, zone_names

SUMMER = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_every_zone_can_be_read() -> None:
    assert len(zone_names()) > 500
    for name in zone_names():
        assert SUMMER.astimezone(zone(name)) == SUMMER


@pytest.fixture
def system_with_false_data(tmp_path: Path) -> None:
    """A system whose Berlin keeps Tokyo's time, and which knows Atlantis."""
    tokyo = files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo").read_bytes()
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe" / "Berlin").write_bytes(tokyo)
    (tmp_path / "Atlantis").write_bytes(tokyo)


@pytest.mark.usefixtures("system_with_false_data")
def test_the_systems_data_is_not_looked_at(tmp_path: Path) -> None:
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([tmp_path])
    zone.cache_clear()
    zone_names.cache_clear()
    try:
        assert f"{SUMMER.astimezone(zoneinfo.ZoneInfo.no_cache('Europe/Berlin')):%H %Z}" == "21 JST"
        assert f"{SUMMER.astimezone(zone('Europe/Berlin')):%H %Z}" == "14 CEST"
        assert "Atlantis" not in zone_names()
    finally:
        zoneinfo.reset_tzpath(before)


@pytest.mark.parametrize("name", ["Local", "America", "tzdata.zi", "__init__.py", "../zones", ""])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(KeyError):
        zone(name)
