"""All checks, or those whose names hold one of the words given."""

import sys

import over_http  # noqa: F401
import logins  # noqa: F401
import over_mcp  # noqa: F401
from harness import play

play(sys.argv[1:])
