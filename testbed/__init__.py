"""A platform to run on where there is none: toolchain, one-node Kubernetes, registry, databases.

Not part of the product: who has a cluster, a Docker engine and the Pulumi CLI needs nothing of it.
"""
