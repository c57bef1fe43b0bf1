"""Check: defaults, digest, unknown values; and the typed form."""

from pathlib import Path
from typing import Any

import pytest

from testbed.docker_provider import ProviderError
from testbed.docker_provider.inputs import Registry, can_build_in_preview, complete, parse
from testbed.docker_provider.values import UNKNOWN, Properties

NAME = "127.0.0.1:5000/app:v1"
PLATFORM = "linux/amd64"
UNKNOWN_BAG = "dd056dcd-154b-4c76-9bd3-c8f88648b5ff"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for folder in (tmp_path, tmp_path / "app"):
        folder.mkdir(exist_ok=True)
        folder.joinpath("Dockerfile").write_text("FROM scratch\n")
    return tmp_path


def completed(base: Path, **news: Any) -> Properties:  # noqa: ANN401 - whatever a program may say
    return complete({"imageName": NAME, **news}, base, PLATFORM)[0]


def test_what_is_not_said_is_filled_in(base: Path) -> None:
    inputs = completed(base)
    assert inputs["buildOnPreview"] is False
    assert len(inputs["build"].pop("contextDigest")) == 64
    expected = {"context": ".", "dockerfile": "Dockerfile", "platform": PLATFORM}
    assert inputs["build"] == expected


def test_the_dockerfile_is_looked_for_in_the_context(base: Path) -> None:
    assert completed(base, build={"context": "app"})["build"]["dockerfile"] == "app/Dockerfile"


def test_a_platform_chosen_here_is_told(base: Path) -> None:
    assert complete({"imageName": NAME}, base, PLATFORM)[1]
    properties: Properties = {"imageName": NAME, "build": {"platform": "linux/arm64"}}
    assert not complete(properties, base, PLATFORM)[1]


def test_the_programs_own_bags_are_not_changed(base: Path) -> None:
    news: Properties = {"imageName": NAME, "build": {"context": "app"}}
    complete(news, base, PLATFORM)
    assert news == {"imageName": NAME, "build": {"context": "app"}}


@pytest.mark.parametrize(
    "news",
    [
        {"imageName": UNKNOWN},
        {"build": UNKNOWN_BAG},
        {"build": {"context": UNKNOWN}},
        {"build": {"dockerfile": UNKNOWN}},
        {"build": {"args": {"A": UNKNOWN}}},
        {"build": {"args": UNKNOWN_BAG, "builderVersion": UNKNOWN, "platform": UNKNOWN}},
        {"registry": {"password": UNKNOWN}},
        {"buildOnPreview": "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7"},
    ],
)
def test_unknown_values_of_a_preview_stay_and_nothing_is_built(
    base: Path, news: Properties
) -> None:
    inputs = completed(base, **news)
    assert not can_build_in_preview(inputs)


def test_a_preview_builds_only_when_told_to_and_all_is_known(base: Path) -> None:
    assert not can_build_in_preview(completed(base))
    assert can_build_in_preview(completed(base, buildOnPreview=True))
    unknown = completed(base, buildOnPreview=True, build={"args": {"A": UNKNOWN}})
    assert not can_build_in_preview(unknown)


def test_an_unknown_context_has_no_digest(base: Path) -> None:
    assert "contextDigest" not in completed(base, build={"context": UNKNOWN})["build"]


def test_a_name_without_registry_is_refused_only_if_it_is_pushed(base: Path) -> None:
    with pytest.raises(ProviderError, match="imageName: 'app' must be fully qualified"):
        completed(base, imageName="app")
    assert completed(base, imageName="app", skipPush=True)["imageName"] == "app"


def test_an_unknown_builder_is_refused_with_the_known_ones(base: Path) -> None:
    with pytest.raises(
        ProviderError, match=r"'V3' is no builder. Use BuilderV1 or BuilderBuildKit"
    ):
        completed(base, build={"builderVersion": "V3"})


def test_the_typed_form_holds_everything(base: Path) -> None:
    image = parse(
        completed(
            base,
            build={
                "context": "app",
                "args": {"B": "2", "A": "1"},
                "target": "final",
                "builderVersion": "BuilderV1",
                "network": "none",
                "addHosts": ["a:1.2.3.4"],
                "cacheFrom": {"images": ["r.io/cache"]},
            },
            registry={"server": "r.io", "username": "me", "password": "word"},
            skipPush=True,
        )
    )
    assert (image.context, image.dockerfile) == ("app", "app/Dockerfile")
    assert (image.target, image.builder, image.network) == ("final", "1", "none")
    assert image.args == {"A": "1", "B": "2"}
    assert (image.extra_hosts, image.cache_from) == (("a:1.2.3.4",), ("r.io/cache",))
    assert image.registry == Registry("r.io", "me", "word")
    assert image.skip_push


def test_buildkit_is_the_default(base: Path) -> None:
    assert parse(completed(base)).builder == "2"


def test_a_wrong_type_is_told_by_its_path_and_without_its_value(base: Path) -> None:
    with pytest.raises(
        ProviderError, match=r"build.args.TOKEN: expected a text, got list"
    ) as caught:
        parse(completed(base, build={"args": {"TOKEN": ["planted"]}}))
    assert "planted" not in str(caught.value)


def test_a_build_with_an_unknown_value_is_refused(base: Path) -> None:
    with pytest.raises(ProviderError, match=r"build.args.A: not known yet"):
        parse(completed(base, build={"args": {"A": UNKNOWN}}))
