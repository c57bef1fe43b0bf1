"""Which spellings of a host name this machine, and what an exchange endpoint may be.

Pure text work: nothing is resolved, because a preview has no network and an answer of DNS is no
promise. The bot refuses with it at start and `infra` refuses with it before anything is applied, so
both say the same.
"""

import re
import unicodedata
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from bot.contract.environment import PAPER_ENDPOINT, DeployEnv

LOCAL_NAMES = frozenset(
    {
        "localhost",
        "localhost.localdomain",
        "localhost4",
        "localhost4.localdomain4",
        "localhost6",
        "localhost6.localdomain6",
        "localdomain",
        "loopback",
        "ip6-localhost",
        "ip6-loopback",
        # The machine that runs the container, by the names that the engines give it.
        "host.docker.internal",
        "gateway.docker.internal",
        "kubernetes.docker.internal",
        "docker.for.mac.localhost",
        "docker.for.mac.host.internal",
        "docker.for.win.localhost",
        "docker.for.win.host.internal",
        "host.containers.internal",
        "host.k3d.internal",
        "host.lima.internal",
        "host.minikube.internal",
        "host.orb.internal",
        "host.rancher-desktop.internal",
    }
)
"""Names that mean this machine, or the one under it."""

LOCAL_DOMAINS = ("localhost", "localdomain")
"""Every name below these means this machine (RFC 6761, section 6.3)."""

WILDCARD_DOMAINS = (
    "backname.io",
    "fuf.me",
    "lacolhost.com",
    "local.gd",
    "localho.st",
    "localtest.me",
    "lvh.me",
    "nip.io",
    "sslip.io",
    "traefik.me",
    "vcap.me",
    "xip.io",
)
"""Public domains whose names resolve to any address that they spell, or always to loopback."""

_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_FULL_STOPS = {ord(stop): "." for stop in "\u3002\uff0e\uff61"}
_HOST = re.compile(r"[A-Za-z0-9.\-_]+|[0-9A-Fa-f:.]+")
_PERCENT_ROUNDS = 4
_IPV4_PARTS = 4
_IPV4_SPACE = 2**32
_DIGITS_MAX = 40
# Ways to carry an IPv4 address inside an IPv6 one, and how far to shift right to find it.
_EMBEDDINGS = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::ffff:0:0:0/96"), 0),
    (IPv6Network("::/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("64:ff9b:1::/48"), 0),
    (IPv6Network("2002::/16"), 80),
)


def is_loopback(host: str) -> bool:
    """Tell whether a host, as a URL has it, is a loopback address or its name.

    A proxy of the environment must not stand before a server on this machine.
    """
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def names_this_machine(host: str) -> str | None:
    """Return why this host (a name or an address, no port) means this machine, or None.

    Errs on the side of refusing: a number that one parser reads as octal and another as decimal is
    tried as both.
    """
    name = _plain(host)
    if not name:
        return "is empty, which means this machine"
    if name in LOCAL_NAMES or name.endswith(tuple(f".{domain}" for domain in LOCAL_DOMAINS)):
        return f"is {name}, which means this machine"
    if (
        name.endswith(tuple(f".{domain}" for domain in WILDCARD_DOMAINS))
        or name in WILDCARD_DOMAINS
    ):
        return f"is {name}, a wildcard name that can point at this machine"
    for address in _addresses(name):
        if kind := _kind(address):
            return f"is {address}, {kind}"
    return None


def endpoint_error(url: str, deploy_env: DeployEnv) -> str | None:
    """Return what is wrong with an exchange endpoint in this environment, or None.

    The text says what would be right and never repeats the URL: it may carry a password.
    """
    if url == PAPER_ENDPOINT:
        if deploy_env is DeployEnv.PRODUCTION:
            return "is the exchange inside this process; production needs an https:// endpoint"
        return None
    if any(character.isspace() or not character.isprintable() for character in url) or "\\" in url:
        return "holds a space, a control character or a backslash; write a plain URL"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"is not a URL ({error}); write https://host[:port][/path]"
    return next(_faults(parts, port, deploy_env), None)


def printable_endpoint(url: str) -> str:
    """Return the endpoint without what may be secret: user, password, query, fragment."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "(not a URL)"
    return f"{parts.scheme}://{host}{parts.path}" if parts.scheme and host else "(not a URL)"


def _faults(parts: SplitResult, port: int | None, deploy_env: DeployEnv) -> Iterator[str]:
    production = deploy_env is DeployEnv.PRODUCTION
    schemes = ("https", "wss") if production else ("https", "wss", "http", "ws")
    host = parts.hostname
    if parts.scheme not in schemes:
        paper = "" if production else f", or {PAPER_ENDPOINT}"
        yield f"must start with {', '.join(f'{scheme}://' for scheme in schemes)}{paper}"
    if not host:
        yield "names no host; write https://host[:port][/path]"
    if "@" in parts.netloc:
        yield "carries a user or password; secrets belong into the mounted Secret"
    if parts.query or parts.fragment:
        yield "carries a query or fragment, which may hold a secret; write https://host[:port][/path]"
    if port == 0:
        yield "has port 0; write a port from 1 to 65535 or none"
    if production and host and (reason := names_this_machine(host)):
        yield f"{reason}; production needs the exchange's own host name"
    if host and not _HOST.fullmatch(host):
        yield "has a host with characters other than letters, digits, dots and hyphens"


def _plain(host: str) -> str:
    """Undo what parsers undo: percent-encoding, wide and invisible characters, case, brackets."""
    name = host
    for _ in range(_PERCENT_ROUNDS):
        name = unquote(name)
    name = (
        unicodedata.normalize("NFKC", name.translate(_INVISIBLE)).translate(_FULL_STOPS).casefold()
    )
    name = (
        name.strip().removeprefix("[").removesuffix("]").partition("%")[0]
    )  # `%` now starts a zone
    return name.strip().rstrip(".")


def _addresses(name: str) -> set[IPv4Address | IPv6Address]:
    """Return every address that some parser reads in this name."""
    if ":" in name:
        try:
            return {ip_address(name)}
        except ValueError:
            return set()
    parts = name.split(".")
    if len(parts) > _IPV4_PARTS:
        return set()
    readings = (_ipv4(parts, octal=True), _ipv4(parts, octal=False))
    return {address for address in readings if address is not None}


def _ipv4(parts: list[str], *, octal: bool) -> IPv4Address | None:
    """Read 1 to 4 numbers as inet_aton does: the last one fills what is left of the 32 bits."""
    numbers = [_number(part, octal=octal) for part in parts]
    value = 0
    for position, number in enumerate(numbers):
        if number is None:
            return None
        if position < len(numbers) - 1:
            value += (number & 0xFF) << (24 - 8 * position)
        else:
            value += number  # too large wraps around, as it does in some parsers
    return IPv4Address(value % _IPV4_SPACE)


def _number(text: str, *, octal: bool) -> int | None:
    if not text.isascii() or len(text) > _DIGITS_MAX:
        return None
    if re.fullmatch(r"0x[0-9a-f]*", text):
        return int(text[2:] or "0", 16)
    if not text.isdigit():
        return None
    if octal and text.startswith("0"):
        return int(text, 8) if re.fullmatch(r"[0-7]+", text) else None
    return int(text)


def _kind(address: IPv4Address | IPv6Address) -> str | None:
    """Say what an address means when it is not one of another machine."""
    if address.is_loopback:
        return "a loopback address"
    if address.is_unspecified or (isinstance(address, IPv4Address) and int(address) >> 24 == 0):
        return "the unspecified address, which means this machine"
    if address.is_link_local:
        return "a link-local address"
    if isinstance(address, IPv6Address):
        embedded = (_ipv4_inside(address, shift) for net, shift in _EMBEDDINGS if address in net)
        return next(filter(None, map(_kind, embedded)), None)
    return None


def _ipv4_inside(address: IPv6Address, shift: int) -> IPv4Address:
    return IPv4Address((int(address) >> shift) % _IPV4_SPACE)
