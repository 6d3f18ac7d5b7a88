"""The builder's command line."""

import argparse
import signal
import sys
from pathlib import Path

from funcserver.build import output
from funcserver.build.errors import BuildError

USAGE = 2


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--find"]:
        from funcserver.build.find import main as find

        return find(arguments[1:])
    given = parser().parse_args(arguments)
    if not given.key and given.output is None:
        parser().error("one of --output and --key is required")
    # The end of a process that is told to stop is that of an interrupted one: nothing that it began stays behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run(given)
    except BuildError as error:
        if error.details:
            output.detail(error.details)
        output.fail(str(error))
        return 1
    except KeyboardInterrupt:
        output.fail("interrupted")
        return 1
    except OSError as error:
        output.fail(str(error))
        return 1
    return 0


def run(given: argparse.Namespace) -> None:
    from funcserver.build.project import App

    app = App.parse(given.app)
    folder = Path.cwd()
    if given.key:
        from funcserver.build import keys

        print(keys.key(app, folder, given.granted))
        return
    from funcserver.build.app import Build, Options

    import_at = "start" if given.dev else given.import_at
    Build(Options(app, given.output, import_at, given.granted, given.dev), folder).run()


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m funcserver.build",
        description="Makes a component of the app in this folder, with the packages of this Python's environment.",
    )
    made.add_argument("app", metavar="APP", help="MODULE:NAME of the WSGI or ASGI app, or MODULE:FACTORY()")
    made.add_argument("--output", type=Path, metavar="FILE", help="the component to write")
    made.add_argument(
        "--import",
        dest="import_at",
        choices=("build", "start"),
        default="build",
        help="when the app is imported: while the component is built, or when an instance starts",
    )
    made.add_argument(
        "--granted", action="append", default=[], metavar="NAME", help="a variable that the app will have (repeatable)"
    )
    made.add_argument("--dev", action="store_true", help="leave the app's own files out: instances read them from /app")
    made.add_argument("--key", action="store_true", help="print a hash of what a component of --dev depends on")
    return made


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
