"""The migration of the database: a Job for each color and image, done before its pods start.

Its await is the provider's, unlike a Deployment's: a Job ends, and one that failed must stop the
color that needs it. The next `up` replaces a failed Job (`replaceUnready`) and so tries again.
"""

from collections.abc import Sequence
from hashlib import sha256

from pulumi import ComponentResource, CustomTimeouts, Input, Output, Resource, ResourceOptions

from bot.contract import environment as env
from bot.contract.color import Color
from infra import names, sandbox
from infra.kinds import (
    ContainerArgs,
    EnvVarArgs,
    Job,
    JobInitArgs,
    JobSpecArgs,
    ObjectMetaArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
)
from infra.names import Names
from infra.pods import ColorSpec, pod_fields
from infra.secret_files import MOUNT_PATH

COMMAND = "migrate"
RETRIES = 1
"""After ten seconds: a database that comes late is given one more chance."""
_HASH_LETTERS = 10
_AWAIT_MARGIN_SECONDS = 30
"""The Job gives up before the wait for it does, so that the wait can tell it."""


class Migration(ComponentResource):
    """A color's Job."""

    def __init__(
        self, spec: ColorSpec, database: str, opts: ResourceOptions, after: Sequence[Resource]
    ) -> None:
        name = f"{names.MIGRATION}-{spec.color}"
        super().__init__("bot-handover:infra:Migration", name, None, opts)
        wait = f"{spec.config.rollout_seconds + _AWAIT_MARGIN_SECONDS}s"
        self.job = Job(
            name,
            job_args(spec, database),
            ResourceOptions(
                parent=self,
                depends_on=after,
                custom_timeouts=CustomTimeouts(create=wait, update=wait),
            ),
        )
        self.register_outputs({})


def job_name(color: Color, image: str, database: str, adopted: str = "") -> str:
    """Return a name that is another one for each image and database: a Job runs once.

    Args:
        color: whose pods it comes before.
        image: reference of the image.
        database: host, port and name of the database, without what is secret.
        adopted: the ledger that is to be there, if that is said: then it is looked at again.
    """
    digest = sha256(f"{image} {database} {adopted}".rstrip().encode()).hexdigest()
    return f"{names.MIGRATION}-{color}-{digest[:_HASH_LETTERS]}"


def migration_labels(stack: Names) -> dict[str, str]:
    """Return the labels of all migrations: not those of a color, for no Service may select one."""
    return {**stack.labels, "app.kubernetes.io/component": names.MIGRATION}


def job_args(spec: ColorSpec, database: str) -> JobInitArgs:
    """Return a color's Job; it holds little of the config, because any change runs it anew."""
    stack, config, color = spec.stack, spec.config, spec.color
    labels = migration_labels(stack)
    return JobInitArgs(
        metadata=ObjectMetaArgs(
            name=_name(color, spec.image, database, config.adopt_ledger),
            namespace=stack.namespace,
            labels=labels,
            # A killed run may leave a Job that the state does not know; the next run takes it.
            annotations={names.PATCH_FORCE: "true", names.REPLACE_UNREADY: "true"},
        ),
        spec=JobSpecArgs(
            backoff_limit=RETRIES,
            active_deadline_seconds=config.rollout_seconds,
            template=PodTemplateSpecArgs(
                metadata=ObjectMetaArgs(labels=labels),
                spec=PodSpecArgs(
                    restart_policy="Never",  # a failed pod stays, and with it its log
                    service_account_name=names.SERVICE_ACCOUNT,
                    automount_service_account_token=False,
                    enable_service_links=False,
                    security_context=sandbox.pod_security(),
                    containers=[_container(spec)],
                    volumes=[sandbox.secrets_volume()],
                ),
            ),
        ),
    )


def _name(color: Color, image: Input[str], database: str, adopted: str) -> Input[str]:
    if isinstance(image, str):
        return job_name(color, image, database, adopted)
    return Output.from_input(image).apply(lambda known: job_name(color, known, database, adopted))


def _container(spec: ColorSpec) -> ContainerArgs:
    variables = {
        env.DEPLOY_ENV: spec.config.deploy_env.value,
        env.COLOR: spec.color.value,
        env.INTENT_CONFIGMAP: names.INTENT,
        env.SECRETS_DIR: MOUNT_PATH,
    }
    return ContainerArgs(
        name=names.MIGRATION,
        image=spec.image,
        args=[COMMAND],
        env=[
            *(EnvVarArgs(name=name, value=value) for name, value in variables.items()),
            *pod_fields(env.POD_NAME, env.POD_NAMESPACE),
        ],
        # The end of its log is the pod's last word, and that of a failed `up`.
        termination_message_policy="FallbackToLogsOnError",
        resources=sandbox.requirements(spec.config.resources),
        security_context=sandbox.container_security(),
        volume_mounts=[sandbox.secrets_mount()],
    )
