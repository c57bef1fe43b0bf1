"""What a release leaves in the cluster: the ports `Quarantine` and `UnderWay`.

Two ConfigMaps that no `pulumi up` declares, so none takes them away. Every write carries the
version that was read, and is tried again on what is there when somebody was quicker.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from lightkube.core.exceptions import ApiError
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap
from typing_extensions import override

from bot.contract import release as contract
from bot.contract.color import Color
from bot.contract.release import QuarantineEntry
from release.adapters.kube import ClusterError, Kube
from release.decide.model import Quarantined
from release.drive import ports

TRIES = 8
"""Against others who write at the same time; each of them succeeded when we did not."""
_LABELS = {"app.kubernetes.io/managed-by": "release"}
_NOT_FOUND, _CONFLICT = 404, 409
_UNKNOWN_TIME = datetime.fromtimestamp(0, UTC)

Data = Mapping[str, str]
Change = Callable[[Data], Data | None]
"""Takes what is there to what shall be there; None leaves it."""


class QuarantineMap(ports.Quarantine):
    """The digests that may not trade until somebody clears them."""

    def __init__(self, kube: Kube) -> None:
        self._map = _Map(kube, contract.QUARANTINE_CONFIGMAP)

    @override
    async def entries(self) -> Sequence[Quarantined]:
        entries = contract.read_quarantine(await self._map.read()).values()
        return sorted(map(_quarantined, entries), key=lambda each: (each.since, each.digest))

    @override
    async def add(self, entry: Quarantined) -> None:
        desired = QuarantineEntry(
            entry.digest, entry.since.astimezone(UTC).isoformat(), entry.by, entry.reason
        )
        try:
            item = {desired.key: desired.to_value()}
        except ValueError as error:
            raise ClusterError(f"quarantine: {error}") from error
        await self._map.change(lambda data: None if desired.key in data else {**data, **item})

    @override
    async def clear(self, digest: str) -> None:
        await self._map.change(lambda data: _without(data, digest))


class UnderWayMap(ports.UnderWay):
    """The mark by which the guard refuses an `up` that is not ours."""

    def __init__(self, kube: Kube) -> None:
        self._map = _Map(kube, contract.UNDER_WAY_CONFIGMAP)

    @override
    async def announce(self, release: str, holder: str, since: datetime, old: Color) -> None:
        mark = contract.UnderWay(release, holder, since.astimezone(UTC).isoformat(), old)
        await self._map.change(lambda data: None if data == mark.to_data() else mark.to_data())

    @override
    async def comes_from(self) -> Color | None:
        mark = contract.UnderWay.from_data(await self._map.read())
        return None if mark is None else mark.old

    @override
    async def withdraw(self, release: str) -> None:

        def emptied(data: Data) -> Data | None:
            mark = contract.UnderWay.from_data(data)
            return {} if mark is not None and mark.release == release else None

        await self._map.change(emptied)


class _Map:
    """One ConfigMap, made when it is first written."""

    def __init__(self, kube: Kube, name: str) -> None:
        self._kube = kube
        self._name = name

    @property
    def _what(self) -> str:
        return f"ConfigMap {self._kube.namespace}/{self._name}"

    async def read(self) -> Data:
        config_map = await self._get()
        return _data(config_map) if config_map else {}

    async def change(self, change: Change) -> None:
        for _ in range(TRIES):
            current = await self._get()
            desired = change(_data(current) if current else {})
            if desired is None or (current is None and not desired):
                return
            if await self._put(current, dict(desired)):
                return
        raise ClusterError(f"{self._what}: others changed it {TRIES} times meanwhile; try again")

    async def _get(self) -> ConfigMap | None:
        async with self._kube.bounded(self._what):
            try:
                return await self._kube.api.get(ConfigMap, self._name)
            except ApiError as error:
                if error.status.code == _NOT_FOUND:
                    return None
                raise

    async def _put(self, current: ConfigMap | None, data: dict[str, str]) -> bool:
        """Write; False when somebody else wrote since it was read."""
        version = current.metadata.resourceVersion if current and current.metadata else None
        meta = ObjectMeta(name=self._name, labels=_LABELS, resourceVersion=version)
        desired = ConfigMap(metadata=meta, data=data)
        async with self._kube.bounded(self._what):
            try:
                if current is None:
                    await self._kube.api.create(desired)
                else:
                    await self._kube.api.replace(desired)
            except ApiError as error:
                gone = current is not None and error.status.code == _NOT_FOUND
                if error.status.code == _CONFLICT or gone:
                    return False
                raise
        return True


def _data(config_map: ConfigMap) -> Data:
    return {str(key): str(value) for key, value in (config_map.data or {}).items()}  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType, reportUnknownVariableType]  # a bare dict there


def _without(data: Data, digest: str) -> Data | None:
    """Return what is left without a digest; None when it was not there."""
    rest = {
        key: value
        for key, value in data.items()
        if (entry := QuarantineEntry.from_item(key, value)) is None or entry.digest != digest
    }
    return rest if len(rest) < len(data) else None


def _quarantined(entry: QuarantineEntry) -> Quarantined:
    """Return an entry; one whose time nobody can read is the oldest, and holds all the same."""
    try:
        since = datetime.fromisoformat(entry.since)
    except ValueError:
        since = _UNKNOWN_TIME
    if since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    return Quarantined(entry.digest, since, entry.by, entry.reason)
