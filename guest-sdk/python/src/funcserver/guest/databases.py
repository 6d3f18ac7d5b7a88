"""SQLite, which reads files by itself: it does not see the app's own files, which are in memory."""

from types import ModuleType
from typing import Any

from funcserver.guest.when_imported import when_imported

ADVICE = (
    "SQLite sees no files of the project in a component: use ':memory:', a file below /tmp with `guest.tmp = true` in"
    " funcserver.toml, or a read-only one below the folder that guest.assets names"
    " (file:/shop.db?mode=ro&immutable=1 with uri=True)"
)


def install() -> None:
    when_imported("sqlite3.dbapi2", _patch)


def _patch(sqlite: ModuleType) -> None:
    own_connect = sqlite.connect

    def connect(database: Any, *args: Any, **settings: Any) -> Any:
        try:
            return own_connect(database, *args, **settings)
        except sqlite.OperationalError as error:
            if "unable to open" not in str(error):
                raise
            raise sqlite.OperationalError(f"{error}: {database}: {ADVICE}") from None

    sqlite.connect = connect
