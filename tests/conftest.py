"""How properties are tried: a few examples each in `make check`, the usual hundred in `make test`.

They are about what is computed. How fast is for the benchmarks, on an idle machine.
"""

import gc
import os

from hypothesis import HealthCheck, settings

for name, examples in {"check": 20, "test": 100}.items():
    settings.register_profile(
        name,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        max_examples=examples,
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "check"))

# Five thousand tests are kept for the whole session, and were looked through again and again.
gc.set_threshold(50_000, 20, 20)
