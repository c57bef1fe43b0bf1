"""Which image names can be pushed."""

import pytest

from testbed.docker_provider import ProviderError
from testbed.docker_provider.names import ImageName, parse, registry_host


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("127.0.0.1:5000/bot:v1", ImageName("127.0.0.1:5000", "127.0.0.1:5000/bot", "v1")),
        ("localhost/bot", ImageName("localhost", "localhost/bot", "latest")),
        ("docker.io/some/bot:0.1-dev.3", ImageName("docker.io", "docker.io/some/bot", "0.1-dev.3")),
        ("ghcr.io/a/b/c_d", ImageName("ghcr.io", "ghcr.io/a/b/c_d", "latest")),
    ],
)
def test_a_full_name_is_read(text: str, name: ImageName) -> None:
    assert parse(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "bot",
        "bot:v1",
        "some/bot",
        "docker.io/bot",
        "127.0.0.1:5000/Bot",
        "r.io/bot:a+b",
        "",
        "r.io/",
    ],
)
def test_any_other_name_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ProviderError, match=r"fully qualified.*for example"):
        parse(text)


def test_a_registry_may_be_written_as_a_url() -> None:
    assert registry_host("https://registry.example:5000/v2/") == "registry.example:5000"
    assert registry_host("registry.example") == "registry.example"
    assert not registry_host("")
