"""Serve the plugin, as Pulumi starts one: `python -m testbed.docker_provider [flags] ADDRESS`.

Prints the port it listens on (127.0.0.1) and serves until it is told to stop or Pulumi is gone.
"""

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType

import grpc
from pulumi.runtime.proto.provider_pb2_grpc import add_ResourceProviderServicer_to_server

from testbed.docker_provider.provider import DockerProvider

_WORKERS = 64
"""A build holds a thread; more images at once than this must not keep Cancel waiting."""
_MESSAGE_BYTES = 400 * 1024 * 1024
"""Pulumi's own limit."""
_PARENT_CHECK_SECONDS = 2
_STOP_SECONDS = 2


def engine_address(arguments: list[str]) -> str | None:
    """Return the address among a plugin's arguments: the last one, if it is no flag."""
    last = arguments[-1] if arguments else "-"
    return None if last.startswith("-") else last


def serve(arguments: list[str]) -> None:
    """Serve until the end; builds under way are ended with it."""
    # Pulumi is the parent: when it dies without a word, another process becomes ours.
    parent = os.getppid()
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)

    provider = DockerProvider(Path.cwd(), engine_address(arguments))
    options = [("grpc.max_receive_message_length", _MESSAGE_BYTES)]
    server = grpc.server(ThreadPoolExecutor(_WORKERS), options=options)
    add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()

    while not stop.wait(_PARENT_CHECK_SECONDS) and os.getppid() == parent:
        pass
    provider.cancel()
    server.stop(_STOP_SECONDS).wait()


if __name__ == "__main__":
    serve(sys.argv[1:])
