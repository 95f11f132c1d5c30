"""What the checks stand on: the program run as a person runs it, and one line for each check.

Promises: a check ends in time, whatever the program does; what it was not, is told with what it was.
Never: asks the program's code; writes outside the folder that `run` gives.
"""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

PROGRAM = os.environ["CENTRALITA"]
# A folder with `agents/` and `integrations/`, made anew by `run`.
WORLD = os.environ["WORLD"]
# Seconds: no check waits for more than an older MCP server's greeting and a few requests.
LIMIT = 60
# Most checks wait: for a slow answer, or a server's start.
AT_ONCE = 4

ALL = []


def check(name):
    """A function is a check: it is one line of the result, and fails by what it raises."""

    def keep(run):
        ALL.append((name, run))
        return run

    return keep


class Ran:
    """What a run of the program left."""

    def __init__(self, command, done):
        self.command, self.code, self.out, self.err = command, done.returncode, done.stdout, done.stderr

    def json(self):
        try:
            return json.loads(self.out)
        except ValueError:
            raise AssertionError(f"no JSON came of {self.command}: {self.out[:300]} {self.err[:600]}") from None


def program(*args, **env):
    """Runs the program to its end, in a folder of its own."""
    command = [PROGRAM, *args]
    with tempfile.TemporaryDirectory(dir=os.environ["SCRATCH"]) as folder:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=LIMIT,
        )
    return Ran(" ".join(args[:5]), done)


def trial(name, args=None, *more, root=WORLD, **env):
    """Tries a tool out, told as JSON. One with effects wants `*ACT`."""
    integration, tool = name.split(".")
    given = json.dumps(args or {}, ensure_ascii=False)
    return program("tool", "test", integration, tool, "--root", root, "--json", given, "--json-out", *more, **env)


def tool(name, args=None, *more, **env):
    """What came of it."""
    return trial(name, args, *more, **env).json()


ACT = ("--execute", "--yes", "--user", "checks", "--reason", "an independent service", "--journal", "journal.sqlite")


def same(got, wanted, what="it"):
    if got != wanted:
        raise AssertionError(f"{what} was {short(got)}, and not {short(wanted)}")


def holds(truth, got):
    if not truth:
        raise AssertionError(f"it was {short(got)}")


def short(value):
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 1500 else text[:1500] + "…"


def play(only):
    """Runs all checks, or those whose names hold a word; the exit code is how many failed, at most 1."""
    chosen = [(name, run) for name, run in ALL if not only or any(word in name for word in only)]
    failed = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        under_way = [(name, pool.submit(run)) for name, run in chosen]
        for name, result in under_way:
            fault = result.exception()
            failed += fault is not None
            what = "" if fault is None else f"\n        {type(fault).__name__}: {fault}"
            print(f"{'ok    ' if fault is None else 'FAILED'}  {name}{what}", flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not chosen else 0)
