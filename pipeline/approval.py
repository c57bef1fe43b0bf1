"""Whether an environment really asks a person: without that rule, a deploy would go on by itself.

The rule is the repository's setting, not a file; so the workflow looks before it relies on it.
"""

from typing import Any, cast

from pipeline.forge import Item


def problems(environment: Item) -> list[str]:
    """Return what this environment lacks; empty when it asks someone else.

    Args:
        environment: what the forge tells of it.
    """
    name = environment.get("name", "the environment")
    rules = cast("list[dict[str, Any]]", environment.get("protection_rules") or ())
    reviews = [rule for rule in rules if rule.get("type") == "required_reviewers"]
    problems: list[str] = []
    if not any(rule.get("reviewers") for rule in reviews):
        problems.append(f"{name} has no required reviewers: settings → environments → {name}")
    elif not any(rule.get("prevent_self_review") for rule in reviews):
        problems.append(f"{name} lets people approve their own deploys: prevent self-review")
    policy = cast("dict[str, Any]", environment.get("deployment_branch_policy") or {})
    if not any(policy.values()):
        problems.append(f"{name} takes deploys from any branch: limit it to its own")
    if environment.get("can_admins_bypass"):
        problems.append(f"{name} lets administrators go past its rules: switch that off")
    return problems
