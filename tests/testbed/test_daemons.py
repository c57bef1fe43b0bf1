import re
from pathlib import Path

from testbed import net
from testbed.daemons import daemons
from testbed.manifests import files
from testbed.paths import Paths
from testbed.venue.cli import parse

PATHS = Paths(Path("/cache"), Path("/state"))
TABLE = daemons(PATHS)


def test_names_are_unique() -> None:
    assert len({daemon.name for daemon in TABLE}) == len(TABLE)


def test_a_daemon_comes_after_all_that_it_needs() -> None:
    known: set[str] = set()
    for daemon in TABLE:
        assert known.issuperset(daemon.after), daemon.name
        known.add(daemon.name)


def test_every_configuration_file_is_written() -> None:
    written = files(PATHS, 1500)
    for daemon in TABLE:
        assert written.keys() >= set(daemon.config), daemon.name


def test_every_file_of_ours_on_a_command_line_restarts_the_daemon_when_it_changes() -> None:
    for daemon in TABLE:
        named = set(re.findall(r"/state/etc/([^ ]+)", " ".join(daemon.command)))
        secrets = {name for name in named if name.endswith(".conf")}  # Made once by kubeadm.
        assert named - secrets <= set(daemon.config), daemon.name


def test_ports_that_must_be_free_are_unique() -> None:
    assert len(set(net.PORTS.values())) == len(net.PORTS)


def test_packets_of_pods_and_builds_fit_the_way_to_the_outside() -> None:
    written = files(PATHS, 1400)
    assert '"mtu": 1400' in written["cni/testbed.conflist"]
    assert '"mtu": 1400' in written["docker.json"]


def test_the_exchange_keeps_its_record_where_pods_reach_it() -> None:
    (venue,) = [daemon for daemon in TABLE if daemon.name == "venue"]
    options = parse(venue.command[venue.command.index("testbed.venue") + 1 :])
    assert f"http://{options.host}:{options.port}" == net.VENUE_URL
    assert options.record == Path("/state/data/venue/record.jsonl")
