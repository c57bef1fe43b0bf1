"""The manual of the stack config: `python -m infra.reference > docs/configuration.md`."""

from infra.effects import EFFECTS, keys

_HEAD = """\
# Stack config

Made by `python -m infra.reference`; a test holds it against the code.

```console
$ pulumi config set logLevel debug
$ pulumi config set --path blue.replicas 2                    # a key with a dot
$ pulumi config set symbols BTC/USDT,ETH/USDT                 # a list; criticalChecks is one too
$ pulumi config set --path 'symbols[0]' BTC/USDT              # one entry of a list
$ pulumi config set --secret --path secrets.venue-api-key     # a file of that name for the bot
$ pulumi config set --secret --path 'secrets["tls.crt"]'      # a file whose name has a dot
$ pulumi config rm --path blue.replicas                       # back to the default
```

Without `--path`, Pulumi takes a dot or a bracket as part of the name. `pulumi preview` and
`pulumi up` refuse unknown keys and values outside of the limits below. They name all of them at
once, before they change anything.

The last column says what the `pulumi up` that changes a key does. Several changed keys do all that
theirs say. A color's pods restart one after another: a pod ends only when its successor is ready.

| key | meaning | a change |
|---|---|---|"""


def reference() -> str:
    """Return the manual as Markdown."""
    rows = (f"| `{key}` | {field.description} | {EFFECTS[key].value} |" for key, field in keys())
    return "\n".join([_HEAD, *rows, ""])


if __name__ == "__main__":
    print(reference(), end="")  # noqa: T201 - it is the command's result
