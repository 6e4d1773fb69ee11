"""The command line, ready to be run many times: it is loaded once, and each run is a process of
its own that was split off, with nothing of the environment but what the test gives it.

Asked on standard input, a line of JSON ``{"argv", "env", "out"}`` each; answers the exit status.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot import cli, doctor, models
from bot.channels import base
from nlp.reading import Utterance


def main() -> None:
    """Run what is asked for until there is nothing more to read."""
    for name in base.discover():
        base.load(name)
    # Dictionaries are read by the first utterance; what is split off inherits them.
    reader = models.opened("rules", None, Path("var"))
    reader.read([Utterance(text="再考虑一下", now=datetime.now(UTC))])
    print("ready", doctor.__name__, flush=True)
    for line in sys.stdin:
        print(_split_off(json.loads(line)), flush=True)


def _split_off(asked: dict[str, Any]) -> int:
    process = os.fork()
    if process == 0:
        _run(asked)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status)


def _run(asked: dict[str, Any]) -> None:
    """As ``yinuo`` would: what is printed goes to the file, and the process ends with its code."""
    out = os.open(asked["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    for name in [name for name in os.environ if name.startswith("YINUO_")]:
        del os.environ[name]
    os.environ.update(asked["env"])
    sys.argv = ["yinuo", *asked["argv"]]
    code: Any = 0
    try:
        cli.main()
    except SystemExit as ended:
        code = ended.code
    except Exception:  # noqa: BLE001 - the interpreter would say it like this
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    main()
