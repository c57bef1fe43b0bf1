"""What must never be applied."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.contract.color import Color
from infra.checks import check
from infra.outputs import StackOutputs
from tests.infra.samples import NEW, OLD, SECRETS, color, config, deployed


def test_the_same_config_again_is_never_refused() -> None:
    assert check(config(), deployed()) == []


def test_a_swap_between_running_colors_is_never_refused() -> None:
    assert check(config(activeColor="green"), deployed()) == []


def test_a_first_up_may_build_the_active_color() -> None:
    building = config(imageRepository="r.example/bot", blue=color("build"), green=color("build"))
    assert check(building, None) == []


def test_a_standby_may_take_any_new_image() -> None:
    assert check(config(green=color(NEW)), deployed()) == []
    assert check(config(green=color("build"), imageRepository="r"), deployed()) == []


def test_an_empty_standby_is_fine() -> None:
    assert check(config(green=color("", 0)), deployed()) == []


REFUSED: list[tuple[dict[str, Any], StackOutputs | None, list[str]]] = [
    ({"blue": color(replicas=0)}, deployed(), ["blue.replicas: 0, but blue is the active color"]),
    ({"activeColor": "green", "green": color(replicas=0)}, deployed(), ["green.replicas: 0"]),
    ({"green": color("")}, None, ["green.image: is empty, but green shall run 2 pods"]),
    (
        {"blue": color("build"), "imageRepository": "r"},
        deployed(),
        ["blue.image: is `build`, but blue trades", f"pulumi config set --path blue.image {OLD}`"],
    ),
    ({"blue": color("build")}, None, ["imageRepository: is not set"]),
    (
        {"blue": color(NEW)},
        deployed(),
        ["would replace", f"--path blue.image {OLD}", "green.image", "allowInPlaceUpdate true"],
    ),
    # Swapping does not make it right: the color left is the way back …
    ({"activeColor": "green", "blue": color(NEW)}, deployed(), ["blue.image: ", "would replace"]),
    # … and the color entered must stand there already.
    (
        {"activeColor": "green", "green": color(NEW)},
        deployed(),
        ["green.image: changes in the same `up`", "`pulumi config set activeColor blue`"],
    ),
    (
        {"activeColor": "green", "blue": color(replicas=0)},
        deployed(),
        ["blue.replicas: 0 in the same `up` that leaves blue"],
    ),
    (
        {"deployEnv": "production", "blue": color("r.example/bot:1.2.3")},
        None,
        ["blue.image: 'r.example/bot:1.2.3' is not pinned"],
    ),
    ({"deployEnv": "production", "green": color("build"), "imageRepository": "r"}, None, ["green"]),
    (
        {"apiEndpoint": "https://api.binance.com/v3"},
        None,
        ["enableTrading: is not set", "enableTrading true"],
    ),
    ({"context": None}, None, ["context: is not set", "pulumi config set context"]),
    (
        {"canaryPercent": "35"},
        deployed(),
        ["canaryPercent: 35 moves none", "BTC/USDT is the first to move", "canaryPercent 36"],
    ),
    (
        {"canaryPercent": "36", "green": color(replicas=0)},
        deployed(),
        ["canaryPercent: 36, but green has no pods"],
    ),
    ({"canaryPercent": "36", "green": color(NEW)}, deployed(), ["canaryPercent 0"]),
    (
        {"canaryPercent": "36", "green": color("build"), "imageRepository": "r"},
        deployed(),
        ["green.image: is `build`, but green trades"],
    ),
    (
        {"deployEnv": "production", "maxPositionSize": "999999999"},
        None,
        ["maxPositionSize: 999999999 is more than", "acknowledgeRiskIncrease.by", "values.maxPos"],
    ),
    (
        {
            "deployEnv": "production",
            "priceCollarPct": "50",
            "acknowledgeRiskIncrease": '{"by": "eve", "reason": "r",'
            ' "values": {"priceCollarPct": "49"}}',
        },
        None,
        ["priceCollarPct: 50 is more than"],
    ),
    (
        {"deployEnv": "production", "allowShort": "true"},
        None,
        ["allowShort: true is not the default", "values.allowShort true"],
    ),
    # A canary trades, too.
    ({"green": color(NEW)}, deployed(canary=36), ["green.image: ", "would replace"]),
]


@pytest.mark.parametrize(("changes", "previous", "words"), REFUSED)
def test_a_refusal_says_what_to_do(
    changes: dict[str, Any], previous: StackOutputs | None, words: list[str]
) -> None:
    if "canaryPercent" in changes:
        changes = {"symbols": "BTC/USDT", **changes}
    errors = check(config(**changes), previous)
    assert len(errors) == 1
    for word in words:
        assert word in errors[0]


def test_all_problems_come_at_once() -> None:
    errors = check(config(context=None, blue=color("", 0), green=color("")), None)
    assert [line.split(":")[0] for line in errors] == ["context", "green.image", "blue.replicas"]


def test_more_risk_is_allowed_in_production_when_somebody_answers_for_it() -> None:
    word = '{"by": "eve", "reason": "r", "values": {"priceCollarPct": "50"}}'
    asked = config(deployEnv="production", priceCollarPct="50", acknowledgeRiskIncrease=word)
    assert not [problem for problem in check(asked, None) if "priceCollarPct" in problem]


def test_live_trading_is_allowed_when_it_is_said() -> None:
    live = "https://api.binance.com"
    assert check(config(apiEndpoint=live, enableTrading="true"), None) == []
    assert check(config(apiEndpoint=live, enableTrading="false"), None) == []


@pytest.mark.parametrize("absent", sorted(SECRETS))
def test_orders_go_out_only_with_one_authority_and_a_key(absent: str) -> None:
    secrets = json.dumps({name: value for name, value in SECRETS.items() if name != absent})
    (problem,) = check(config(enableTrading="true", secrets=secrets), None)
    assert problem.startswith(f"secrets.{absent}: is not set, but orders go to an exchange")
    assert f'`pulumi config set --secret --path secrets.{absent} "…"`' in problem
    assert check(config(enableTrading="false", secrets=secrets), None) == []


def test_the_embedded_exchange_needs_no_secret() -> None:
    assert check(config(apiEndpoint="paper://embedded", secrets=None), None) == []


def test_rendering_needs_no_context() -> None:
    assert check(config(context=None, renderTo="out"), None) == []


def test_an_update_in_place_is_allowed_when_it_is_said() -> None:
    assert check(config(blue=color(NEW), allowInPlaceUpdate="true"), deployed()) == []


IMAGES = st.sampled_from([OLD, NEW])


@given(
    active=st.sampled_from(Color),
    was=st.sampled_from(Color),
    images=st.tuples(IMAGES, IMAGES),
    before=st.tuples(IMAGES, IMAGES),
)
def test_never_does_an_image_change_under_a_color_that_trades_before_or_after(
    active: Color, was: Color, images: tuple[str, str], before: tuple[str, str]
) -> None:
    blue, green = images
    desired = config(activeColor=active.value, blue=color(blue), green=color(green))
    previous = deployed(was, *before)
    changed = {each for each in Color if desired.color(each).image != previous.color(each).image}
    assert bool(check(desired, previous)) is bool(changed & {active, was})
