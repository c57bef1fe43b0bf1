"""Stacks that the cluster tests share. Each has a namespace and a state of its own."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest

from bot.contract.color import Color
from tests.cluster.planted import SECRET_NAME, SECRET_VALUE
from tests.support.deployed import deployed
from tests.support.images import build_faulty
from tests.support.market import trading_stack
from tests.support.platform import Platform, find_platform
from tests.support.releasing import SHORT, SOON, Releases
from tests.support.stack import BUILD, Stack, two_colors


@pytest.fixture(scope="session")
def platform() -> Platform:
    return find_platform()


@pytest.fixture(scope="session")
def stack(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """The bot as it is: built by the program itself, then pinned."""
    folder = tmp_path_factory.mktemp("stack")
    secrets = {SECRET_NAME: SECRET_VALUE}
    created = Stack.create("test", folder / "test", platform)
    with deployed(created, two_colors(BUILD, platform), secrets) as stack:
        stack.pin()
        yield stack
        stack.destroy()


@pytest.fixture(scope="session")
def faulty_image(stack: Stack, platform: Platform) -> str:
    return build_faulty(stack.image(Color.BLUE), platform)


@pytest.fixture(scope="session")
def other_image(stack: Stack) -> str:
    """A digest that is not the faulty one."""
    return stack.image(Color.BLUE)


@pytest.fixture(scope="session")
def faulty_stack(
    faulty_image: str, platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Stack]:
    """The bot with faults that a test can switch on, in a stack of its own."""
    folder = tmp_path_factory.mktemp("faulty")
    config = two_colors(faulty_image, platform)
    created = Stack.create("test-faulty", folder / "test", platform)
    with deployed(created, config) as stack:
        yield stack


Build = Callable[[str], str]
"""Makes an image with this fault built in; returns its reference."""


@pytest.fixture(scope="session")
def build(stack: Stack, platform: Platform) -> Build:
    return lambda fault: build_faulty(stack.image(Color.BLUE), platform, fault)


@pytest.fixture(scope="module")
def releases(
    stack: Stack, platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Releases]:
    """Blue trades and green is empty, when a test begins and when it ends."""
    folder = tmp_path_factory.mktemp("release") / "test"
    image = stack.image(Color.BLUE)
    with trading_stack("test-release", image, folder, platform, **SOON) as market:
        made = Releases(market)
        made.configure(**SHORT)
        yield made


@pytest.fixture
def blue_live(stack: Stack) -> Generator[Stack]:
    """Blue is live when the test begins, and the config is as before when it ends."""
    with made_live(stack, Color.BLUE):
        yield stack


@pytest.fixture
def faulty_blue_live(faulty_stack: Stack) -> Generator[Stack]:
    """The same for the stack with faults."""
    with made_live(faulty_stack, Color.BLUE):
        yield faulty_stack


@contextmanager
def made_live(stack: Stack, color: Color) -> Generator[None]:
    """Make a color live, and put the config back afterwards."""
    if stack.outputs()["activeColor"] != color:
        stack.set("activeColor", color)
        stack.up()
    content = stack.file.read_text()
    yield
    stack.file.write_text(content)
