from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.contract.addresses import (
    LOCAL_DOMAINS,
    LOCAL_NAMES,
    WILDCARD_DOMAINS,
    endpoint_error,
    names_this_machine,
    printable_endpoint,
)
from bot.contract.environment import DEFAULTS, PAPER_ENDPOINT, DeployEnv

THIS_MACHINE = (
    # names
    *sorted(LOCAL_NAMES),
    *WILDCARD_DOMAINS,
    *(f"api.{domain}" for domain in (*LOCAL_DOMAINS, *WILDCARD_DOMAINS)),
    "LocalHost",
    "localhost.",
    "localhost..",
    "a.b.localhost.",
    " localhost ",
    "HOST.Docker.Internal.",
    "127.0.0.1.nip.io",
    "127-0-0-1.sslip.io",
    "7f000001.nip.io",
    "",
    ".",
    # IPv4, as inet_aton reads it
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0X7F.1",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "017700000001",
    "00000177.1",
    "0127.0.0.1",  # decimal to some parsers
    "6425673729",  # 2**32 + 127.0.0.1
    "0",
    "0.0.0.0",  # noqa: S104 - the spelling under test
    "0x",
    "0.1.2.3",
    "169.254.169.254",
    # IPv6
    "::1",
    "[::1]",
    "0:0:0:0:0:0:0:1",
    "::",
    "[::]",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:0:127.0.0.1",
    "::127.0.0.1",
    "64:ff9b::127.0.0.1",
    "2002:7f00:1::",
    "fe80::1",
    "fe80::1%eth0",
    "[::1%25lo]",
    # what decoders undo
    "%6c%6f%63%61lhost",
    "%31%32%37.0.0.1",
    "%256c%256fcalhost",
    "127%2e0%2e0%2e1",
    "１２７.0.0.1",  # noqa: RUF001 - full-width digits
    "127。0。0。1",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "ｌｏｃａｌｈｏｓｔ",  # noqa: RUF001 - full-width letters
    "local\u00adhost",
    "local\u200bhost",
)
ELSEWHERE = (
    "api.binance.com",
    "localhost.example.com",
    "notlocalhost",
    "127.example.com",
    "nip.io.example.com",
    "mynip.io",
    "exchange.trading.svc.cluster.local",
    "10.0.0.1",
    "8.8.8.8",
    "1.127.0.1",
    "2001:db8::1",
    "::ffff:8.8.8.8",
    "2002:808:808::",
    "1.2.3.4.5",
    "0x7g000001",
    "9" * 100,
    "a::b::c",
)


@pytest.mark.parametrize("host", THIS_MACHINE)
def test_every_listed_spelling_names_this_machine(host: str) -> None:
    assert names_this_machine(host)


@pytest.mark.parametrize("host", ELSEWHERE)
def test_other_machines_do_not_name_this_one(host: str) -> None:
    assert names_this_machine(host) is None


@given(st.integers(0, 2**24 - 1), st.sampled_from(["dotted", "hex", "octal", "decimal", "mapped"]))
def test_no_spelling_of_a_loopback_address_passes(low: int, spelling: str) -> None:
    value = (127 << 24) + low
    dotted = str(IPv4Address(value))
    host = {
        "dotted": dotted,
        "hex": hex(value),
        "octal": f"0{value:o}",
        "decimal": str(value),
        "mapped": f"[::ffff:{dotted}]",
    }[spelling]
    assert names_this_machine(host)


@given(st.text(max_size=60))
def test_any_text_is_judged_without_an_error(text: str) -> None:
    names_this_machine(text)
    for deploy_env in DeployEnv:
        endpoint_error(text, deploy_env)
    printable_endpoint(text)


@pytest.mark.parametrize("deploy_env", DeployEnv)
def test_the_defaults_are_right_where_they_apply(deploy_env: DeployEnv) -> None:
    assert endpoint_error(DEFAULTS[deploy_env].api_endpoint, deploy_env) is None


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (PAPER_ENDPOINT, "inside this process"),
        ("http://api.binance.com", "https://"),
        ("paper://other", "https://"),
        ("api.binance.com", "https://"),
        ("https://", "no host"),
        ("https://localhost:8443/x", "means this machine"),
        ("https://127.1", "127.0.0.1"),
        ("https://[::1]:9000", "loopback"),
        ("https://api.binance.com\\@localhost", "backslash"),
        ("https://api.binance.com /x", "space"),
        ("https://api.binance.com:99999", "not a URL"),
        ("https://api.binance.com:0", "port"),
        ("https://me:hunter2@api.binance.com", "mounted Secret"),
        ("https://api.binance.com?key=hunter2", "query"),
        ("https://a%2fb.com", "characters"),
        ("https://[::1", "not a URL"),
    ],
)
def test_production_refuses_an_endpoint_and_says_why(url: str, says: str) -> None:
    error = endpoint_error(url, DeployEnv.PRODUCTION)
    assert error is not None
    assert says in error
    assert "hunter2" not in error


@pytest.mark.parametrize(
    "url", [PAPER_ENDPOINT, "http://localhost:8080", "ws://127.0.0.1:1/x", "https://[::1]"]
)
def test_outside_production_this_machine_is_fine(url: str) -> None:
    assert endpoint_error(url, DeployEnv.LOCAL) is None
    assert endpoint_error(url, DeployEnv.STAGING) is None


@pytest.mark.parametrize("host", THIS_MACHINE)
def test_no_listed_spelling_is_an_endpoint_in_production(host: str) -> None:
    bracketed = f"[{host}]" if ":" in host and not host.startswith("[") else host
    assert endpoint_error(f"https://{bracketed}/", DeployEnv.PRODUCTION)


def test_a_printed_endpoint_holds_no_secret() -> None:
    printed = printable_endpoint("https://me:hunter2@api.example.com:8443/v1?key=hunter2#hunter2")
    assert printed == "https://api.example.com:8443/v1"
