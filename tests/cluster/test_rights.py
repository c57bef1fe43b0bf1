"""What each service account of a stack may do, as the real API server says it.

The goldens are what a reviewer has agreed to. After a change of rights that is meant:

    UPDATE_GOLDEN=1 .venv/bin/pytest tests/cluster/test_rights.py

and review the difference. All lines but that of `configmaps` are what Kubernetes itself gives any
account (`system:discovery`, `system:basic-user`); another distribution may give others.
"""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from infra import names
from tests.support.kube import Kube
from tests.support.rights import rights
from tests.support.stack import Stack

pytestmark = pytest.mark.cluster
GOLDEN = Path(__file__).parent / "golden"
ACCOUNTS = ("default", names.SERVICE_ACCOUNT)
PLANTED = "planted"


@pytest.fixture(name="kube")
def _kube(stack: Stack) -> Kube:
    return Kube.of(stack)


@pytest.fixture
def planted(kube: Kube) -> Generator[None]:
    """Give the account more than was agreed to, for a moment."""
    subject = f"--serviceaccount={kube.stack.namespace}:{names.SERVICE_ACCOUNT}"
    kube.kubectl("create", "role", PLANTED, "--verb=*", "--resource=secrets")
    kube.kubectl("create", "rolebinding", PLANTED, f"--role={PLANTED}", subject)
    yield
    kube.kubectl("delete", "rolebinding,role", PLANTED)


def golden(account: str) -> Path:
    return GOLDEN / f"rights-{account}.txt"


def test_the_accounts_of_a_stack_are_those_that_were_reviewed(kube: Kube) -> None:
    accounts = {each["metadata"]["name"] for each in kube.get("serviceaccounts")["items"]}
    assert accounts == set(ACCOUNTS)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_an_account_may_do_what_was_agreed_to_and_nothing_else(kube: Kube, account: str) -> None:
    listing = rights(kube, account)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        golden(account).write_text(listing)
    assert listing == golden(account).read_text()


@pytest.mark.usefixtures("planted")
def test_a_right_too_many_is_seen(kube: Kube) -> None:
    assert rights(kube, names.SERVICE_ACCOUNT).splitlines().count("secrets: *") == 1
