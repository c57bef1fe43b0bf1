"""What the plugin serves, in Pulumi's schema language: a part of the official schema."""

import json
from typing import Any

from testbed.docker_provider import IMAGE_TYPE, IMAGE_TYPE_ALIAS, NAME, VERSION
from testbed.docker_provider.inputs import BUILDER_VERSIONS

_TEXT = {"type": "string"}
_FLAG = {"type": "boolean", "default": False}
_TEXTS = {"type": "array", "items": _TEXT}
_OUTPUTS = ("baseImageName", "context", "dockerfile", "imageName", "registryServer", "repoDigest")


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/types/docker:index/{name[0].lower()}{name[1:]}:{name}"}


def _bag(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


_BUILD = _bag(
    {
        "addHosts": _TEXTS,
        "args": {"type": "object", "additionalProperties": _TEXT},
        "builderVersion": _ref("BuilderVersion"),
        "cacheFrom": _ref("CacheFrom"),
        "context": _TEXT,
        "dockerfile": _TEXT,
        "network": _TEXT,
        "platform": _TEXT,
        "target": _TEXT,
    }
)
_REGISTRY = _bag({"server": _TEXT, "username": _TEXT, "password": _TEXT | {"secret": True}})
_IMAGE = {
    "properties": dict.fromkeys((*_OUTPUTS, "platform"), _TEXT),
    "required": list(_OUTPUTS),
    "inputProperties": {
        "build": _ref("DockerBuild"),
        "buildOnPreview": _FLAG,
        "imageName": _TEXT,
        "registry": _ref("Registry"),
        "skipPush": _FLAG,
    },
    "requiredInputs": ["imageName"],
    "aliases": [{"type": IMAGE_TYPE_ALIAS}],
}

SCHEMA = json.dumps(
    {
        "name": NAME,
        "version": VERSION,
        "config": {"variables": {"host": _TEXT}},
        "resources": {IMAGE_TYPE: _IMAGE},
        "types": {
            "docker:index/dockerBuild:DockerBuild": _BUILD,
            "docker:index/registry:Registry": _REGISTRY,
            "docker:index/cacheFrom:CacheFrom": _bag({"images": _TEXTS}),
            "docker:index/builderVersion:BuilderVersion": {
                "type": "string",
                "enum": [{"name": name, "value": name} for name in BUILDER_VERSIONS],
            },
        },
    }
)
