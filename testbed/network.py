"""The interfaces, kernel settings and translation rules of the platform, and their removal."""

import json
from pathlib import Path

from testbed import manifests, net
from testbed.paths import Paths
from testbed.shell import PlatformError, run, succeeds

BRIDGES: dict[str, str] = {
    net.NODE_INTERFACE: f"{net.NODE_ADDRESS}/32",
    net.POD_BRIDGE: f"{net.POD_GATEWAY}/24",
    net.DOCKER_BRIDGE: f"{net.DOCKER_GATEWAY}/24",
}
"""Bridge → its address. A bridge without ports is the one dummy interface that every kernel has."""
NFT_TABLES = (("ip", net.NFT_TABLE), ("ip", "kube-proxy"), ("ip6", "kube-proxy"))
_MAC_PREFIX = "0a:58"
"""Of addresses that are made here, as the plugins of CNI make theirs."""
_WANTED = {
    "net/ipv4/ip_forward": "1",
    # Pods share a bridge: answers of a Service's pod must pass the translation on their way back.
    "net/bridge/bridge-nf-call-iptables": "1",
}
# Set by the kubelet; noted so that `down` can put them back.
_TOUCHED = (
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
    "vm/overcommit_memory",
)
_SYSCTL = Path("/proc/sys")
_MTU_DEFAULT = 1500


def mtu() -> int:
    """Return what a packet to the outside may measure: larger ones would vanish without a word."""
    routes = json.loads(run(["ip", "-json", "route", "show", "default"]))
    if not routes:
        return _MTU_DEFAULT
    (link,) = json.loads(run(["ip", "-json", "link", "show", "dev", routes[0]["dev"]]))
    return min(int(link["mtu"]), _MTU_DEFAULT)


def mac_of(address: str) -> str:
    """Return the hardware address of a bridge, made of its own address.

    One that is not set is the lowest of the bridge's ports, and changes as pods come and go: who
    knows the old one then sends into the void, for as long as one of his connections lives.

    >>> mac_of("10.244.0.1/24")
    '0a:58:0a:f4:00:01'
    """
    octets = address.partition("/")[0].split(".")
    return ":".join((_MAC_PREFIX, *(f"{int(octet):02x}" for octet in octets)))


def _exists(interface: str) -> bool:
    # Not by /sys, which shows the network namespace that it was mounted in.
    return succeeds(["ip", "link", "show", "dev", interface])


def set_up(paths: Paths) -> None:
    """Make interfaces, routes, rules and kernel settings; safe to repeat."""
    _note_settings(paths)
    succeeds(["modprobe", "br_netfilter"])  # Built in on some kernels.
    for name, value in _WANTED.items():
        setting = _SYSCTL / name
        if not setting.exists():
            raise PlatformError(f"this kernel has no {setting}; load the module br_netfilter")
        setting.write_text(value)
    size = str(mtu())
    for name, address in BRIDGES.items():
        if not _exists(name):
            run(["ip", "link", "add", name, "type", "bridge"])
        run(["ip", "link", "set", name, "address", mac_of(address), "mtu", size, "up"])
        run(["ip", "address", "replace", address, "dev", name])
    # The machine reaches Services from the node's address, whether or not it has a default route.
    route = ["ip", "route", "replace", net.SERVICE_CIDR, "dev", net.NODE_INTERFACE]
    run([*route, "src", net.NODE_ADDRESS])
    run(["nft", "-f", "-"], stdin=manifests.nft_table())


def tear_down(paths: Paths) -> None:
    """Remove all of it, whatever of it is there."""
    for family, table in NFT_TABLES:
        succeeds(["nft", "delete", "table", family, table])
    for name in BRIDGES:
        if _exists(name):
            run(["ip", "link", "delete", name])
    _restore_settings(paths)


def _settings_file(paths: Paths) -> Path:
    return paths.state / "settings-before.json"


def _note_settings(paths: Paths) -> None:
    file = _settings_file(paths)
    if file.exists():
        return
    names = [name for name in (*_WANTED, *_TOUCHED) if (_SYSCTL / name).exists()]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({name: (_SYSCTL / name).read_text().strip() for name in names}))


def _restore_settings(paths: Paths) -> None:
    file = _settings_file(paths)
    if not file.exists():
        return
    for name, value in json.loads(file.read_text()).items():
        setting = _SYSCTL / name
        if setting.exists() and setting.read_text().strip() != value:
            setting.write_text(value)
