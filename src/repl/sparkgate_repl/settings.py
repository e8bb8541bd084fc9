"""The settings file of the driver (docs/driver-protocol.md, "The settings file")."""
import json

DEFAULT_OPTIONS = {
    "kind": "shared",
    "scala_prestart": True,
    "sql_rows": 1000,
    "output_limit": 10 * 1024 * 1024,
    "cancel_timeout": 30.0,
    "hard_stop": True,
    "stop_agent": None,
    "sparkr_lib": None,
    "orphan_timeout": 0,
}


class Settings:
    """What the gateway tells the driver at its start. Immutable after `load`."""

    def __init__(self, session, token, socket_path, directory, options):
        self.session = session
        self.token = token
        self.socket_path = socket_path
        self.directory = directory
        self.options = dict(DEFAULT_OPTIONS)
        self.options.update((name, value) for name, value in options.items() if name in DEFAULT_OPTIONS)


def load(path):
    """Read the file; raises OSError, ValueError or KeyError (a field is missing)."""
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    return Settings(data["session"], data["token"], data["connect"]["unix"], data["dir"],
                    data.get("options") or {})
