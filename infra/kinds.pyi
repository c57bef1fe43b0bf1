# What whoever checks types sees of infra/kinds.py: the SDK's own classes.
# ruff: noqa: F403

from collections.abc import Mapping
from typing import Any

from pulumi import Output
from pulumi_kubernetes.apps.v1 import *
from pulumi_kubernetes.batch.v1 import *
from pulumi_kubernetes.core.v1 import *
from pulumi_kubernetes.meta.v1 import *
from pulumi_kubernetes.networking.v1 import *
from pulumi_kubernetes.policy.v1 import *
from pulumi_kubernetes.rbac.v1 import *

def known(output: Output[Any]) -> Output[Mapping[str, Any]]: ...
