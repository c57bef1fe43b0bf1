"""What every container of the bot's image is held in: users, rights, and the files it may read."""

from infra import names
from infra.kinds import (
    CapabilitiesArgs,
    PodSecurityContextArgs,
    ResourceRequirementsArgs,
    SeccompProfileArgs,
    SecretVolumeSourceArgs,
    SecurityContextArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from infra.secret_files import MOUNT_PATH
from infra.sections import Resources

USER_ID = 65532
"""The user of the image; a number, so that the kubelet can see that it is not root."""

READ_ONLY_MODE = 0o440
_SECRETS_VOLUME = "secrets"


def pod_security() -> PodSecurityContextArgs:
    """Return what the namespace's `restricted` level wants of a pod."""
    return PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=USER_ID,
        run_as_group=USER_ID,
        fs_group=USER_ID,
        seccomp_profile=SeccompProfileArgs(type="RuntimeDefault"),
    )


def container_security() -> SecurityContextArgs:
    """Return the same for a container, which may write nowhere either."""
    return SecurityContextArgs(
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        run_as_non_root=True,
        capabilities=CapabilitiesArgs(drop=["ALL"]),
        seccomp_profile=SeccompProfileArgs(type="RuntimeDefault"),
    )


def requirements(resources: Resources) -> ResourceRequirementsArgs:
    """Return what a container asks for and may take."""
    return ResourceRequirementsArgs(
        requests={"cpu": resources.cpu_request, "memory": resources.memory_request},
        limits={"memory": resources.memory_limit},
    )


def secrets_volume() -> VolumeArgs:
    """Return the volume of the Secret."""
    return VolumeArgs(
        name=_SECRETS_VOLUME,
        secret=SecretVolumeSourceArgs(secret_name=names.SECRET, default_mode=READ_ONLY_MODE),
    )


def secrets_mount() -> VolumeMountArgs:
    """Return where its files are."""
    return VolumeMountArgs(name=_SECRETS_VOLUME, mount_path=MOUNT_PATH, read_only=True)
