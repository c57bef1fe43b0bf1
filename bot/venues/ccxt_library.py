"""ccxt without what is not used of it: one exchange, its base, and nothing else in memory.

`import ccxt` loads more than a hundred exchanges (some 100 MiB) and libraries for transports and
signatures that the asynchronous Binance client with an HMAC key never calls. So the packages are
set up here without running their `__init__`, and what is never called is stood in for while they
load; the image ships neither (see requirements/bot.overrides and bot/Dockerfile).
"""

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import cast

from bot.venues.ccxt_types import Ccxt


@dataclass(frozen=True, slots=True)
class Library:
    """What was loaded."""

    binance: Callable[[Mapping[str, object]], Ccxt]
    errors: ModuleType
    """`ccxt.base.errors`."""


class _Nothing(type):
    """Names of names, as in `ec.SECP256K1`, stand for nothing too."""

    def __getattr__(cls, name: str) -> type["NeverCalledError"]:
        if name.startswith("__"):
            raise AttributeError(name)
        return NeverCalledError


class NeverCalledError(Exception, metaclass=_Nothing):
    """Stands for a class or function of a library that is not there."""


_STOOD_IN_FOR = (
    # The synchronous transport.
    "requests",
    "requests.exceptions",
    "requests.utils",
    # Signatures with RSA, ECDSA and Ed25519 keys.
    "cryptography",
    "cryptography.hazmat",
    "cryptography.hazmat.primitives",
    "cryptography.hazmat.primitives.asymmetric",
    "cryptography.hazmat.primitives.asymmetric.utils",
    "cryptography.hazmat.primitives.serialization",
)
_DONE_WITHOUT = ("orjson", "aiohttp_fast_zlib")
"""ccxt does without them where they are not installed; so tests must see it do."""


def load() -> Library:
    """Import ccxt's asynchronous Binance client, once per process; it takes tenths of a second."""
    if "ccxt.async_support.binance" not in sys.modules:
        with _stand_ins():
            package = _package("ccxt")
            _package("ccxt.async_support")
            errors = importlib.import_module("ccxt.base.errors")
            # The base imports these from the package, whose `__init__` did not run.
            vars(package).update({name: getattr(errors, name) for name in errors.__all__})
            base = importlib.import_module("ccxt.base.exchange")
            vars(package)["Exchange"] = base.Exchange
            importlib.import_module("ccxt.async_support.binance")
    module = sys.modules["ccxt.async_support.binance"]
    binance = cast("Callable[[Mapping[str, object]], Ccxt]", module.binance)
    return Library(binance, sys.modules["ccxt.base.errors"])


def _package(name: str) -> ModuleType:
    """Return the package as it is before its `__init__` runs, so that its modules are found."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(
            f"{name} is not installed; requirements/bot.txt has it", name=name
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    return module


@contextlib.contextmanager
def _stand_ins() -> Generator[None]:
    names = (*_STOOD_IN_FOR, *_DONE_WITHOUT)
    real = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    modules = cast("dict[str, ModuleType | None]", sys.modules)  # None: an import that fails
    modules.update({name: _stand_in(name) for name in _STOOD_IN_FOR})
    modules.update(dict.fromkeys(_DONE_WITHOUT))
    try:
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(real)


def _stand_in(name: str) -> ModuleType:
    module = ModuleType(name)

    def absent(attribute: str) -> object:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return NeverCalledError

    vars(module).update({"__path__": [], "__getattr__": absent, "default_user_agent": _user_agent})
    return module


def _user_agent() -> str:
    """The one thing that is called while a client is built."""
    return "ccxt"
