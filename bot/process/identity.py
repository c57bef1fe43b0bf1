"""Who this process is: what it answers on `/version` and stamps on answers, logs and metrics."""

from dataclasses import asdict, dataclass

from bot.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Identity:
    """Never changes while the process lives."""

    version: str
    revision: str
    created: str
    color: str
    pod: str
    image: str
    environment: str

    @classmethod
    def of(cls, settings: Settings) -> "Identity":
        """Return the part of the settings that says who, not how."""
        return cls(
            version=settings.version,
            revision=settings.revision,
            created=settings.created,
            color=settings.color.value,
            pod=settings.pod_name,
            image=settings.image,
            environment=settings.deploy_env.value,
        )

    def to_dict(self) -> dict[str, str]:
        """Return the body of `/version`."""
        return asdict(self)
