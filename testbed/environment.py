"""What a shell needs so that plain `pulumi`, `kubectl` and `docker` work against the platform."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from testbed import database, images, net
from testbed.paths import Paths
from testbed.stack import LOCAL

BASE_IMAGE = "BASE_IMAGE"


def variables(paths: Paths, base_image: str, path: str) -> dict[str, str]:
    """Return the variables.

    Args:
        paths: the platform's folders.
        base_image: the base of the bot's image, by digest; empty when there is none yet.
        path: the PATH to put ours in front of; asking twice does not lengthen it.
    """
    ours = [str(paths.bin), str(Path(sys.executable).parent)]
    others = [part for part in path.split(os.pathsep) if part and part not in ours]
    return {
        "PATH": os.pathsep.join([*ours, *others]),
        "KUBECONFIG": str(paths.kubeconfig),
        "DOCKER_HOST": f"unix://{paths.docker_socket}",
        "DOCKER_BUILDKIT": "1",
        "PULUMI_HOME": str(paths.pulumi_home),
        "PULUMI_BACKEND_URL": paths.pulumi_state.as_uri(),
        # The state holds this one alone, and a fresh clone has not selected it.
        "PULUMI_STACK": LOCAL,
        # Of the stack on this machine only; it protects nothing that this machine does not hold.
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        BASE_IMAGE: base_image,
        "TESTBED_PROMETHEUS_URL": net.PROMETHEUS_URL,
        "TESTBED_REDIS_URL": net.REDIS_URL,
        "TESTBED_POSTGRES_URL": database.superuser_url(paths),
        "TESTBED_DATABASE_URL": database.url(paths),
        "TESTBED_VENUE_URL": net.VENUE_URL,
    }


def current(paths: Paths) -> dict[str, str]:
    """Return the variables for this shell."""
    has_base = images.base_entry(paths).exists()
    base = images.base(paths).reference if has_base else ""
    return variables(paths, base, os.environ.get("PATH", ""))


def as_exports(settings: Mapping[str, str]) -> str:
    """Return lines for `eval` in any POSIX shell.

    >>> as_exports({"A": "b c"})
    "export A='b c'"
    """
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in settings.items())
