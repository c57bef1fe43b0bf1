"""From the texts that Pulumi hands over to the typed config, or to every problem at once.

Each problem names the key's path, its value and what would be right.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.contract import errors
from bot.contract.addresses import printable_endpoint
from infra.config import StackConfig


class ConfigError(ValueError):
    """The stack config cannot be used; `problems` names keys, values and what would be right."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def parse(raw: Mapping[str, object], secret_keys: Collection[str], project: str) -> StackConfig:
    """Return the typed config.

    Args:
        raw: key without the project's prefix → text, as Pulumi hands it over; nested is JSON.
        secret_keys: keys that hold something encrypted.
        project: prefix of every key in messages.

    Raises:
        ConfigError: with every problem at once.
    """
    problems = _secrecy_problems(raw, secret_keys, project)
    try:
        config = StackConfig.model_validate({key: _decode(value) for key, value in raw.items()})
    except ValidationError as error:
        details = error.errors(include_url=False)
        problems += [_problem(detail, secret_keys, project) for detail in details]
    else:
        if not problems:
            return config
    raise ConfigError(sorted(problems))


def _decode(value: object) -> object:
    if isinstance(value, str) and value.startswith(("{", "[")):
        try:
            return cast("object", json.loads(value))
        except ValueError:
            return value
    return value


def _secrecy_problems(
    raw: Mapping[str, object], secret_keys: Collection[str], project: str
) -> list[str]:
    """Find what is encrypted but would be shown, and what would be hidden but is not encrypted."""
    problems = [
        f"{project}:{key}: is encrypted, but its value is shown in manifests; set it without "
        f"--secret, or put what is secret under {project}:secrets"
        for key in raw
        if key in secret_keys and key != "secrets" and key in _keys(StackConfig)
    ]
    if raw.get("secrets") not in (None, "", "{}") and "secrets" not in secret_keys:
        problems.append(
            f"{project}:secrets: is not encrypted; set each with "
            "`pulumi config set --secret --path secrets.NAME`"
        )
    return problems


def _problem(detail: ErrorDetails, secret_keys: Collection[str], project: str) -> str:
    path = detail["loc"]
    if detail["type"] == "missing":
        key = errors.dotted(path)
        return f'{project}:{key}: missing; set it with `pulumi config set {key} "…"`{_about(path)}'

    def shown(path: errors.Path, value: object) -> str:
        return "[secret]" if path[0] in {*secret_keys, "secrets"} else _shown(path, value)

    about = "" if detail["type"] == "extra_forbidden" else _about(path)
    return f"{project}:{errors.line(detail, _known, shown)}{about}"


def _shown(path: errors.Path, value: object) -> str:
    """Return a value as messages may show it; a URL may carry a password."""
    url = path[0] in ("apiEndpoint", "redisUrl")
    return repr(printable_endpoint(str(value)) if url else value)


def _keys(model: type[BaseModel]) -> dict[str, str]:
    """Return alias → description of a model's fields."""
    return {str(field.alias): field.description or "" for field in model.model_fields.values()}


def _model_at(path: errors.Path) -> type[BaseModel]:
    """Return the model that holds the last part of a path."""
    model: type[BaseModel] = StackConfig
    for part in path[:-1]:
        for field in model.model_fields.values():
            inner: Any = field.annotation
            if field.alias == part and isinstance(inner, type) and issubclass(inner, BaseModel):
                model = inner
    return model


def _known(path: errors.Path) -> list[str]:
    return list(_keys(_model_at(path)))


def _about(path: errors.Path) -> str:
    description = _keys(_model_at(path)).get(str(path[-1]), "")
    return f" ({description.partition('. ')[0]})" if description else ""
