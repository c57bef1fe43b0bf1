"""Properties are about what is computed. How fast is for the benchmarks, on an idle machine."""

from hypothesis import HealthCheck, settings

settings.register_profile("facts", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("facts")
