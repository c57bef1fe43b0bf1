"""Which inputs changed, by their top-level names, as the official provider reports them. Pure."""

from enum import Enum

from testbed.docker_provider.values import Properties


class Change(Enum):
    """How one input changed."""

    ADDED = "added"
    DELETED = "deleted"
    UPDATED = "updated"


def changes(old: Properties, new: Properties) -> dict[str, Change]:
    """Return what makes the image be built again; never a replacement.

    Credentials change often and do not change the image: of the registry only the server counts.
    """
    changes_by_path: dict[str, Change] = {}
    for key in sorted(old.keys() | new.keys()):
        if key not in old:
            changes_by_path[key] = Change.ADDED
        elif key not in new:
            changes_by_path[key] = Change.DELETED
        elif _comparable(key, old[key]) != _comparable(key, new[key]):
            changes_by_path[key] = Change.UPDATED
    return changes_by_path


def _comparable(key: str, value: object) -> object:
    if key == "registry" and isinstance(value, dict):
        return value.get("server")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - any bag
    return value
