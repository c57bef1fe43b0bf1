"""What the user sees while a build runs: lines sent to the Pulumi engine, bound to the resource."""

from dataclasses import dataclass

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

_DEADLINE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Log:
    """The messages of one resource; without an engine (started by hand) they go nowhere."""

    engine: engine_pb2_grpc.EngineStub | None
    urn: str

    def status(self, text: str) -> None:
        """Say what is being done now; the next status replaces it."""
        self._send(engine_pb2.LogRequest(message=text, urn=self.urn, ephemeral=True))

    def info(self, text: str) -> None:
        """Say something that stays on the screen."""
        self._send(engine_pb2.LogRequest(message=text, urn=self.urn))

    def warn(self, text: str) -> None:
        """Say something that stays and stands out."""
        self._send(engine_pb2.LogRequest(message=text, urn=self.urn, severity=engine_pb2.WARNING))

    def _send(self, request: engine_pb2.LogRequest) -> None:
        if self.engine is None:
            return
        if request.severity == engine_pb2.DEBUG:  # the default of the wire
            request.severity = engine_pb2.INFO
        try:
            self.engine.Log(request, timeout=_DEADLINE_SECONDS)  # pyright: ignore[reportUnknownMemberType] - the stub names no type
        except grpc.RpcError:
            # A line of progress that cannot be shown must not fail a build.
            return
