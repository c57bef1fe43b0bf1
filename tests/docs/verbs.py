"""The commands of other people's tools that texts may name."""


def _verbs(text: str) -> frozenset[str]:
    return frozenset(text.split())


DOCKER = _verbs("build image images inspect login logs ps pull push run tag version")
GIT = _verbs(
    "add archive branch checkout clone commit config describe diff fetch init log merge pull push"
    " rebase reset restore rev-list rev-parse show status stash switch tag"
)
KUBECTL = _verbs(
    "annotate apply config create delete describe drain exec explain get label logs patch"
    " port-forward rollout scale set top version wait"
)
PULUMI = _verbs("cancel config destroy login logout plugin preview refresh stack up version whoami")
PULUMI_CONFIG = _verbs("get refresh rm set set-all")
PULUMI_STACK = _verbs("export history import init ls output rm select unselect")
SHELL = _verbs(". cat cd curl echo eval export mkdir printf rm source ss")
"""Taken as they are: what they are given is theirs."""
