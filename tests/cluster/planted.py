"""A secret that tests plant in a stack, and then search for."""

SECRET_NAME = "exchange-key"  # noqa: S105 - the name of a file
SECRET_VALUE = "planted-7f3a9c1e5b"  # noqa: S105 - no secret at all
