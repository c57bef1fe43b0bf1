"""`python -m bot.ledger.migrations`: render them all."""

from bot.ledger.migrations.render import render

for path, text in render().items():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(path.name, path.parent.name)  # noqa: T201 - a command's output
