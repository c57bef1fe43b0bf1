"""What the bot promises to those who run it: names, paths, ports, schemas. Standard library only.

`infra` and `release` may import this package and nothing else of `bot`; so nothing here may import
the rest of `bot` or any library. A name is written down here once and nowhere else.
"""
