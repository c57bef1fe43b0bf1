"""Labels of the image, by the OCI annotation keys (opencontainers/image-spec, annotations.md)."""

VERSION = "org.opencontainers.image.version"
REVISION = "org.opencontainers.image.revision"
CREATED = "org.opencontainers.image.created"
SOURCE = "org.opencontainers.image.source"
TITLE = "org.opencontainers.image.title"
