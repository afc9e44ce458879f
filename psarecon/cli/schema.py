"""``psarecon schema``: the JSON Schemas of the files, for editors and other tools."""

from __future__ import annotations

import argparse

from psarecon.errors import EXIT_DONE, UsageError


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    text = "print the JSON Schema (draft 2020-12) of a file psarecon reads or writes"
    parser = commands.add_parser("schema", help="print a JSON Schema", description=text)
    parser.add_argument("name", nargs="?", help="the schema to print: settings, mapping")
    parser.add_argument("--list", action="store_true", help="print the names of all schemas")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print a schema or the names of all. Raises UsageError for an unknown name, or none."""
    from psarecon.config.schemas import schema_names, schema_text

    if args.list:
        print("\n".join(schema_names()))
    elif args.name is None:
        message = "which schema?"
        raise UsageError(message, hint=f"there are: {', '.join(schema_names())}")
    else:
        print(schema_text(args.name), end="")
    return EXIT_DONE
