"""Pulumi runs this file as the program (`main: infra` in Pulumi.yaml)."""

import gc

gc.disable()  # A program of seconds that imports much: collecting costs a tenth of its time.

import pulumi  # noqa: E402 -- after the line above, which is for the imports

from infra.program import main  # noqa: E402 -- likewise

pulumi.run(main)
