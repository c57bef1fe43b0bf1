"""What a service account may do, as the API server lists it, in lines that a reviewer can read."""

import re

from tests.support.kube import Kube

_COLUMNS = re.compile(r"^(\S*)\s+\[([^\]]*)\]\s+\[([^\]]*)\]\s+\[([^\]]*)\]\s*$")


def rights(kube: Kube, account: str) -> str:
    """Return all rights of an account in its own namespace."""
    user = f"system:serviceaccount:{kube.stack.namespace}:{account}"
    words = ("auth", "can-i", "--list", "--no-headers", f"--as={user}")
    return normalised(kube.kubectl(*words).output)


def normalised(listed: str) -> str:
    """Return one line for each right: sorted, none twice, without the widths of a table.

    Raises:
        ValueError: a line is not one of `kubectl auth can-i --list --no-headers`.
    """
    lines: set[str] = set()
    for line in listed.splitlines():
        match = _COLUMNS.match(line)
        if not match:
            raise ValueError(f"{line!r} is no line of `kubectl auth can-i --list --no-headers`")
        resource, urls, names, verbs = match.groups()
        named = f" named {' '.join(sorted(names.split()))}" if names else ""
        lines.add(f"{resource or urls}{named}: {' '.join(sorted(verbs.split()))}")
    return "".join(f"{line}\n" for line in sorted(lines))
