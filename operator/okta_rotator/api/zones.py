"""The time zones, by the data that comes along as a package: the same on every machine and image.

The system's own data is not looked at: it may be old, or not be there at all.
"""

from __future__ import annotations

from datetime import tzinfo
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo


@cache
def zone_names() -> frozenset[str]:
    """The names of all zones (IANA), links of old names included."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


@cache
def zone(name: str) -> tzinfo:
    """The zone of that name. Raises KeyError for a name that is not among `zone_names`."""
    if name not in zone_names():
        raise KeyError(name)
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)
