"""The manual of the stack config: `python -m infra.reference > docs/configuration.md`."""

from collections.abc import Iterator

from pydantic import BaseModel

from infra.config import StackConfig
from infra.sections import AcknowledgedValues, Acknowledgement, ColorConfig, Resources

_HEAD = """\
# Stack config

Made by `python -m infra.reference`; a test holds it against the code. Set a key with
`pulumi config set KEY VALUE`, one with a dot with `pulumi config set --path KEY VALUE`, and a
secret with `pulumi config set --secret --path secrets.FILE_NAME VALUE`. Unknown keys, and values
outside of what is said here, are refused by `pulumi preview` and `pulumi up`, all at once, before
anything is changed.

| key | meaning |
|---|---|"""
_NESTED: dict[str, type[BaseModel]] = {
    "acknowledge_risk_increase": Acknowledgement,
    "values": AcknowledgedValues,
    "blue": ColorConfig,
    "green": ColorConfig,
    "resources": Resources,
}


def reference() -> str:
    """Return the manual as Markdown."""
    return "\n".join([_HEAD, *_rows(StackConfig, ""), ""])


def _rows(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        if name in _NESTED:
            yield from _rows(_NESTED[name], f"{key}.")
        else:
            yield f"| `{key}` | {field.description} |"


if __name__ == "__main__":
    print(reference(), end="")  # noqa: T201 - it is the command's result
