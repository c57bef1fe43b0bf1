"""Why Kubernetes says that a container does not run, by what is at fault."""

NOT_PULLED = frozenset(
    {
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
    }
)
"""The image did not come: perhaps its registry is away, so its content is not at fault."""
NOT_CONFIGURED = frozenset({"CreateContainerConfigError"})
"""A Secret or a ConfigMap, or a key of one, is missing: the cluster is to be fixed."""
NOT_RUNNING = frozenset({"CrashLoopBackOff", "CreateContainerError", "RunContainerError"})
"""The image came and does not run."""
FAILED = NOT_PULLED | NOT_CONFIGURED | NOT_RUNNING
"""Reasons of a container that waiting does not fix."""
RETRIED = frozenset({"ErrImagePull"})
"""Of these: the kubelet tries once more before it backs off."""
