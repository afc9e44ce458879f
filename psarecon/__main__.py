"""``python -m psarecon``."""

from psarecon.cli.main import entry

entry()
