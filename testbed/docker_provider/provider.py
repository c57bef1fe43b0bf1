"""The provider protocol: each call becomes a decision elsewhere, its answer goes on the wire."""

import platform
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import engine_pb2_grpc, plugin_pb2, provider_pb2
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderServicer
from typing_extensions import override

from testbed.docker_provider import (
    IMAGE_TYPE,
    IMAGE_TYPE_ALIAS,
    VERSION,
    ProviderError,
    diff,
    inputs,
)
from testbed.docker_provider.context import locate, write_tar
from testbed.docker_provider.engine import Engine
from testbed.docker_provider.log import Log
from testbed.docker_provider.schema import SCHEMA
from testbed.docker_provider.values import Properties, from_struct, secret, to_struct

_INPUTS_KEY = "__inputs"
"""Where the state keeps the inputs of the last build, as the official provider does."""

_HOST_KEY = "docker:config:host"
_REFUSED_CONFIG = ("caMaterial", "certMaterial", "certPath", "context", "keyMaterial", "sshOpts")
"""Ways to reach an engine that are not served here: better refused than overlooked."""

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_KINDS = {
    diff.Change.ADDED: provider_pb2.PropertyDiff.ADD,
    diff.Change.DELETED: provider_pb2.PropertyDiff.DELETE,
    diff.Change.UPDATED: provider_pb2.PropertyDiff.UPDATE,
}


class DockerProvider(ResourceProviderServicer):
    """Serves images to one Pulumi engine."""

    def __init__(self, base: Path, engine_address: str | None) -> None:
        """Start unconfigured.

        Args:
            base: the Pulumi program's folder; relative paths start there.
            engine_address: `host:port` of the Pulumi engine, for messages to the user.
        """
        self._base = base
        self._docker: Engine | None = None
        self._pulumi = _stub(engine_address)

    @override
    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    @override
    def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema=SCHEMA)

    @override
    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> Empty:
        self._pulumi = _stub(request.address)
        return Empty()

    @override
    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        reason = "not served by the local platform's plugin; say where the engine is by `host`"
        failures = [
            provider_pb2.CheckFailure(property=key, reason=reason)
            for key in _REFUSED_CONFIG
            if key in request.news
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    @override
    def DiffConfig(
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        same = request.olds == request.news
        return provider_pb2.DiffResponse(changes=_some(changed=not same))

    @override
    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        with _telling(context):
            self._docker = Engine(request.variables.get(_HOST_KEY))
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    @override
    def Check(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        with _telling(context):
            _require_image(request.urn)
            machine = platform.machine()
            default = f"linux/{_ARCHITECTURES.get(machine, machine)}"
            done, chose = inputs.complete(from_struct(request.news), self._base, default)
            if chose:
                Log(self._pulumi, request.urn).info(
                    f"Building your image for {default} architecture. To build for another one, "
                    "set `platform` in the image's build options."
                )
            return provider_pb2.CheckResponse(inputs=to_struct(done))

    @override
    def Diff(
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        old: Properties = from_struct(request.olds).get(_INPUTS_KEY, {})
        changes = diff.changes(old, from_struct(request.news))
        return provider_pb2.DiffResponse(
            changes=_some(changed=bool(changes)),
            detailedDiff={k: provider_pb2.PropertyDiff(kind=_KINDS[v]) for k, v in changes.items()},
            hasDetailedDiff=bool(changes),
        )

    @override
    def Create(
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        with _telling(context):
            asked = from_struct(request.properties)
            if request.preview and not self._builds_in_preview(asked, request.urn):
                return provider_pb2.CreateResponse(properties=request.properties)
            state = self._build(asked, request.urn, preview=request.preview)
            return provider_pb2.CreateResponse(id=asked["imageName"], properties=state)

    @override
    def Update(
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        with _telling(context):
            asked = from_struct(request.news)
            if request.preview and not self._builds_in_preview(asked, request.urn):
                return provider_pb2.UpdateResponse(properties=request.news)
            state = self._build(asked, request.urn, preview=request.preview)
            return provider_pb2.UpdateResponse(properties=state)

    @override
    def Read(
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        # An image by digest does not drift: what is recorded is what is.
        return provider_pb2.ReadResponse(
            id=request.id, inputs=request.inputs, properties=request.properties
        )

    @override
    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> Empty:
        # Images are never taken away: something may still run them.
        return Empty()

    @override
    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        with _telling(context):
            self.cancel()
        return Empty()

    def cancel(self) -> None:
        """End what is under way."""
        if self._docker is not None:
            self._docker.cancel()

    def _builds_in_preview(self, asked: Properties, urn: str) -> bool:
        builds = inputs.can_build_in_preview(asked)
        if asked.get("buildOnPreview") and not builds:
            Log(self._pulumi, urn).warn(
                "Not built in this preview: some inputs of the image are not known yet."
            )
        return builds

    def _build(self, asked: Properties, urn: str, *, preview: bool) -> Struct:
        if self._docker is None:
            raise ProviderError("the provider was asked to build before it was configured")
        log = Log(self._pulumi, urn)
        image = inputs.parse(asked)
        located = locate(image.context, image.dockerfile, self._base)
        log.status("Starting Docker build")
        with tempfile.TemporaryFile() as tar:
            dockerfile = write_tar(located, tar)
            tar.seek(0)
            self._docker.build(image, tar, dockerfile, log.status)
        if image.skip_push or preview:
            digest = self._docker.image_id(image.name)
        else:
            log.status("Pushing image to the registry")
            digest = self._docker.push(image, log.status)
        return to_struct(
            {
                "baseImageName": image.name,
                "context": image.context,
                "dockerfile": located.dockerfile_name,
                "imageName": image.name,
                "platform": image.platform,
                "registryServer": image.registry.server,
                "repoDigest": digest,
                _INPUTS_KEY: secret(asked),
            }
        )


@contextmanager
def _telling(context: grpc.ServicerContext) -> Generator[None]:
    """Hand an error to the Pulumi engine as its own words, without a stack trace."""
    try:
        yield
    except ProviderError as error:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))


def _require_image(urn: str) -> None:
    kind = urn.split("::")[2].rpartition("$")[2]
    if kind not in (IMAGE_TYPE, IMAGE_TYPE_ALIAS):
        raise ProviderError(
            f"{kind}: the local platform's plugin serves {IMAGE_TYPE} only; for others install the "
            f"official one: `pulumi plugin install resource docker {VERSION}`"
        )


def _some(*, changed: bool) -> provider_pb2.DiffResponse.DiffChanges.ValueType:
    response = provider_pb2.DiffResponse
    return response.DIFF_SOME if changed else response.DIFF_NONE


def _stub(address: str | None) -> engine_pb2_grpc.EngineStub | None:
    return engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)) if address else None
