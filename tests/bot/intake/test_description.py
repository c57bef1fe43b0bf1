"""Every path of the bot is described, and those beside the intake answer as they are described."""

from collections.abc import Generator
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as examples
from schemathesis import GenerationMode
from schemathesis.checks import (
    CHECKS,  # pyright: ignore[reportUnknownVariableType] - leaves a type open
)
from schemathesis.schemas import BaseSchema

from bot.contract import http
from bot.intake.openapi import description
from bot.serving.http import PATHS
from tests.support.served import SYMBOLS, FakeInbox, app_of, served

EXAMPLES = 25
"""For each path."""
TRUE = ("status_code_conformance", "content_type_conformance", "response_schema_conformance")
"""No check for a 5xx: 503 is how a probe says no."""
DESCRIBED = set(cast("dict[str, object]", description(SYMBOLS)["paths"]))
BESIDE = sorted(DESCRIBED - {http.SIGNALS, http.SIGNAL})


def test_every_served_path_is_described() -> None:
    assert {*PATHS, http.SIGNAL} == DESCRIBED


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Generator[BaseSchema]:
    with served(app_of(FakeInbox(), tmp_path_factory.mktemp("secrets"))) as address:
        yield schemathesis.openapi.from_url(f"{address}{http.OPENAPI}")


@pytest.mark.parametrize("path", BESIDE)
def test_what_is_answered_is_what_is_described(schema: BaseSchema, path: str) -> None:
    # schemathesis leaves its types open here and there.
    operation: Any = schema[path]["GET"]  # pyright: ignore[reportUnknownVariableType] - see above
    checks: Any = [CHECKS.get_one(name) for name in TRUE]  # pyright: ignore[reportUnknownMemberType] - see above

    @seed(4)
    @examples(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def asked(case: Any) -> None:  # noqa: ANN401 - see above
        case.call_and_validate(checks=checks)

    asked()
