"""Pulumi runs this file as the program (`main: infra` in Pulumi.yaml)."""

import pulumi

from infra.program import main

pulumi.run(main)
