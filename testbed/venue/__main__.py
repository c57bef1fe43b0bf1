"""`testbed-venue`: see `--help`."""

import sys

from testbed.venue.cli import main

sys.exit(main())
