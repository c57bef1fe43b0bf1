"""Who should hold each lease: from the intent and the members that are alive. Pure.

Between colors the intent decides, inside a color rendezvous hashing: each member's claim to a lease
is a hash of both names, the highest wins. So a member that goes leaves only its own leases to the
others, one that comes takes an equal share from each, and nobody has to agree on anything.
Source: Thaler and Ravishankar, Using name-based mappings to increase hit rates, 1998.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from bot.authority.lease import LEASES
from bot.contract.color import Color
from bot.contract.intent import Intent


@dataclass(frozen=True, slots=True)
class Member:
    """One process that lives and knows the newest intent."""

    holder: str
    color: Color


@lru_cache(maxsize=1024)
def desired(intent: Intent, members: frozenset[Member]) -> Mapping[int, str]:
    """Return the holder of each lease; one whose color has no member stays with nobody."""
    holders = {
        color: sorted(member.holder for member in members if member.color is color)
        for color in Color
    }
    return {
        lease: max(candidates, key=lambda holder, lease=lease: _weight(holder, lease))
        for lease in LEASES
        if (candidates := holders[intent.color_of(lease)])
    }


def assigned(intent: Intent, members: Collection[Member], holder: str) -> frozenset[int]:
    """Return the leases that this member should hold."""
    shares = desired(intent, frozenset(members))
    return frozenset(lease for lease, whose in shares.items() if whose == holder)


def _weight(holder: str, lease: int) -> bytes:
    return blake2b(f"{holder} {lease}".encode(), digest_size=8).digest()
