"""Where the platform keeps its things: a cache that survives `down`, and a state that does not."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "testbed" / "modules"


@dataclass(frozen=True, slots=True)
class Paths:
    """All folders of the platform, derived from two."""

    cache: Path
    state: Path

    @classmethod
    def from_environment(cls) -> "Paths":
        """Return the folders that `TESTBED_CACHE`, `XDG_CACHE_HOME` and `TESTBED_STATE` name.

        The state is not in a home: Postgres runs as a user of its own and must reach it.
        """
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        cache = os.environ.get("TESTBED_CACHE") or Path(home) / "bot-testbed"
        return cls(Path(cache), Path(os.environ.get("TESTBED_STATE") or "/var/lib/bot-testbed"))

    @property
    def lock(self) -> Path:
        """Held by `up` and `down`: one at a time. Outside of the state, which `down` removes."""
        return self.cache / f"{self.state.name}.lock"

    @property
    def bin(self) -> Path:
        """Every command of the platform; first on the PATH that `env` prints."""
        return self.state / "bin"

    @property
    def etc(self) -> Path:
        """Configuration files, written anew by each `up`."""
        return self.state / "etc"

    @property
    def pki(self) -> Path:
        """Certificates and keys of the cluster."""
        return self.state / "pki"

    @property
    def logs(self) -> Path:
        """One log per daemon."""
        return self.state / "log"

    @property
    def run(self) -> Path:
        """Sockets and what else is void once the processes are gone."""
        return self.state / "run"

    @property
    def data(self) -> Path:
        """What the daemons store, a folder each."""
        return self.state / "data"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig; its context is called `testbed`."""
        return self.state / "kubeconfig"

    @property
    def pulumi_home(self) -> Path:
        """Plugins and workspaces of the Pulumi CLI."""
        return self.state / "pulumi-home"

    @property
    def pulumi_plugins(self) -> Path:
        """In the cache: a download or a link, in either case the same for the next cluster."""
        return self.cache / "plugins"

    @property
    def pulumi_state(self) -> Path:
        """The file backend of the stack `local`; it goes with the cluster that it describes."""
        return self.state / "pulumi"

    @property
    def postgres_password(self) -> Path:
        """The superuser's, made at random with the database."""
        return self.state / "postgres-password"

    @property
    def bot_password(self) -> Path:
        """The bot's own in Postgres, made at random."""
        return self.state / "bot-database-password"

    @property
    def containerd_socket(self) -> Path:
        """Serves the kubelet and dockerd."""
        return self.run / "containerd.sock"

    @property
    def docker_socket(self) -> Path:
        """The Engine API."""
        return self.run / "docker.sock"

    @property
    def supervisor_socket(self) -> Path:
        """Where supervisord listens."""
        return self.run / "supervisor.sock"

    @property
    def cgroup(self) -> str:
        """Parent of every container's control group; another state's is another one."""
        return self.state.name.removeprefix("bot-")
