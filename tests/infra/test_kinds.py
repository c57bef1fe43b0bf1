"""Our stand-ins for the SDK's classes hand over to the engine what the SDK would."""

import json
import os
import sys

import pytest

from infra import kinds
from tests.support.checkout import ROOT
from tests.support.process import Shell

DECLARE = """
import json
from infra.kinds import _APIS
from infra import kinds
from tests.infra.samples import config, deployed

if {sdk}:
    from importlib import import_module
    apis = "apps batch core meta networking policy rbac".split()
    modules = [import_module(f"pulumi_kubernetes.{{api}}.v1") for api in apis]

    def find(name):
        return next(vars(module)[name] for module in modules if name in vars(module))

    kinds.__getattr__ = find

from tests.infra.recorder import record

told, exports = record(config(), deployed())
print(json.dumps([{{name: [one.type, one.inputs] for name, one in told.items()}}, exports]))
"""


def ran(script: str) -> str:
    """Run Python in a process of its own, which has imported nothing yet."""
    return Shell(ROOT, os.environ).run(sys.executable, "-c", script).output


def declared(*, sdk: bool) -> list[dict[str, object]]:
    """Return what a whole stack declares and exports."""
    return json.loads(ran(DECLARE.format(sdk=sdk)))


@pytest.mark.engine  # two processes, one of which loads the whole SDK
def test_the_engine_gets_what_the_sdk_would_hand_over() -> None:
    ours, theirs = declared(sdk=False), declared(sdk=True)
    assert {name.partition("::")[0] for name in ours[0]} > set(vars(kinds)["_APIS"])
    assert ours == theirs


@pytest.mark.engine  # guards a start-up time: nothing that the fast part must ask each time
def test_the_program_does_not_import_what_costs_a_second() -> None:
    loaded = ran("import sys, infra.program; print(*sys.modules)").split()
    assert "pulumi_kubernetes" in loaded  # its provider
    assert not [name for name in loaded if name.endswith(".v1._inputs")]


def test_a_kind_that_nobody_described_is_named() -> None:
    with pytest.raises(AttributeError, match="'Gateway'; its kinds: ConfigMap, Deployment"):
        _ = vars(kinds)["__getattr__"]("Gateway")
