"""Tools of MCP servers, against `server-everything` and the official Python library, of both eras of the protocol."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from harness import ACT, check, holds, program, same, short, trial

HERE = Path(__file__).resolve().parent.parent
EVERYTHING = os.environ["EVERYTHING"]
EVERYTHING_URL = os.environ["EVERYTHING_URL"]
# The Python with each major version of `mcp`, and the era of the protocol that it speaks with us.
PYTHONS = {"mcp 1": (os.environ["PYTHON_MCP1"], "2025-11-25"), "mcp 2": (sys.executable, "2026-07-28")}
# Seconds that a server may take to begin.
READY = 60
# Each use of a program begins it anew, which is work for the machine: one check of these at a time.
PROGRAMS = threading.Lock()


def at(url):
    return f"connection: {{url: {json.dumps(url)}}}\nallow_private: true"


def run(command, *args, **env):
    return f"connection: {json.dumps({'command': command, 'args': list(args), 'env': env})}"


@contextmanager
def world(server, connection):
    """A folder with that one integration."""
    with tempfile.TemporaryDirectory(dir=os.environ["SCRATCH"]) as root:
        (Path(root) / "agents").mkdir()
        (Path(root) / "integrations").mkdir()
        text = (HERE / "servers" / f"{server}.yaml").read_text(encoding="utf-8")
        (Path(root) / "integrations" / f"{server}.yaml").write_text(text.replace("\nCONNECTION\n", f"\n{connection}\n"))
        (Path(root) / "menu").write_text("first")
        yield root


# Times that a program is begun.
TRIES = 4


def patiently(run):
    """A program that takes more than half a minute to begin has no session (docs/mcp.md), and a busy machine is as slow as
    that. Nothing was sent then, and it is begun anew, as a gateway would begin it."""
    for _ in range(TRIES):
        ran = run()
        if "ended, or does not speak MCP" not in ran.out + ran.err:
            break
    return ran


def mcp(root, *args):
    return patiently(lambda: program("mcp", *args, "--root", root, **PERMITTED))


PERMITTED = {"CENTRALITA_MCP_COMMANDS": ",".join(["node", *(python for python, _ in PYTHONS.values())])}


def tried(root, name, args=None, *more):
    return patiently(lambda: trial(name, args, *more, root=root, **PERMITTED)).json()


def good(ran, *words):
    same(ran.code, 0, f"the exit code ({short(ran.out + ran.err)})")
    for word in words:
        holds(word in ran.out + ran.err, ran.out + ran.err)
    return ran


def bad(ran, *words):
    holds(ran.code != 0, f"exit code 0: {ran.out}")
    for word in words:
        holds(word in ran.out + ran.err, ran.out + ran.err)
    return ran


class Http:
    """`bookings.py` over HTTP. It ends with its standard input, so with these checks too."""

    def __init__(self, python, menu):
        self.python, self.menu, self.port = python, menu, free_port()
        self.start()

    def start(self):
        command = [self.python, HERE / "services" / "bookings.py", "http", str(self.port)]
        env = {**os.environ, "MENU": str(self.menu)}
        quiet = subprocess.DEVNULL
        self.running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, env=env)
        until = time.monotonic() + READY
        while not answers(self.port):
            holds(self.running.poll() is None and time.monotonic() < until, "the server does not begin")
            time.sleep(0.05)

    def stop(self):
        self.running.kill()
        self.running.wait()


def answers(port):
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


def free_port():
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return line.getsockname()[1]


@contextmanager
def bookings(python, transport):
    """The folder, and how its server is begun anew with what is in `menu` now."""
    if transport == "stdio":
        begun = run(python, str(HERE / "services" / "bookings.py"), "stdio", MENU="MENU_FILE")
        with PROGRAMS, world("bookings", begun) as root:
            file = Path(root) / "integrations" / "bookings.yaml"
            file.write_text(file.read_text().replace("MENU_FILE", f"{root}/menu"))
            yield root, lambda: None
        return
    with world("bookings", "CONNECTION") as root:
        server = Http(python, Path(root) / "menu")
        file = Path(root) / "integrations" / "bookings.yaml"
        file.write_text(file.read_text().replace("\nCONNECTION\n", "\n" + at(f"http://127.0.0.1:{server.port}/mcp") + "\n"))

        def anew():
            server.stop()
            server.start()

        try:
            yield root, anew
        finally:
            server.stop()


def for_each(name, body):
    """The same check of each library, over each transport."""
    for version, (python, era) in PYTHONS.items():
        for transport in ("stdio", "HTTP"):

            def one(python=python, era=era, transport=transport):
                with bookings(python, transport) as (root, anew):
                    good(mcp(root, "sync", "bookings"))
                    body(root, era, anew)

            check(f"{version} over {transport}: {name}")(one)


def lists_and_calls(root, era, anew):
    good(mcp(root, "tools", "bookings"), era, "Books a table.", "party (integer)")
    called = good(mcp(root, "call", "bookings", "book", "--json", '{"party": 4, "name": "Ñandú"}', "--execute"))
    holds("Ñandú" in called.out and "T-1" in called.out, called.out)
    asked = tried(root, "bookings.book", {"party": 4, "name": "Ana"})
    same((asked["outcome"], asked["asks"]["question"]), ("not sent", "Shall I book a table for 4 in the name of Ana?"))
    for name in ('Ana "la" {{x}} \\ 漢👩‍👩‍👧 line\nend\u2028\x01', "x" * 2000):
        done = tried(root, "bookings.book", {"party": 4, "name": name}, *ACT)
        same((done["outcome"], done["mapped"]), ("done", {"code": "T-1", "seats": 4, "called": name}))
    same(tried(root, "bookings.free", {"day": "Monday"})["mapped"], {"text": "two tables on Monday"})


def respects_errors(root, era, anew):
    action = tried(root, "bookings.refuse", {"why": "no"}, *ACT)
    same(action["outcome"], "unknown")
    look = tried(root, "bookings.look", {"why": "it is closed"})
    same(look["outcome"], "failed")
    holds("it is closed" in look["why"] and "it is closed" in look["model_sees"], look)
    late = tried(root, "bookings.wait", {"seconds": "9"}, *ACT)
    same((late["outcome"], len(late["exchanges"])), ("unknown", 1))


def holds_to_pins(root, era, anew):
    good(mcp(root, "diff", "bookings"))
    (Path(root) / "menu").write_text("changed")
    anew()
    changed = bad(mcp(root, "diff", "bookings"), "book", "free", "terrace")
    holds("refuse" not in changed.out, changed.out)
    # It takes less than it took: off. It takes all that it took, in other words: on, as it was reviewed.
    off = tried(root, "bookings.book", {"party": 4, "name": "Ana"}, *ACT)
    same(off["outcome"], "failed")
    holds("T-" not in short(off["exchanges"]), off)
    on = tried(root, "bookings.free", {"day": "Monday"})
    same(on["mapped"], {"text": "two tables on Monday at 20:00"})
    good(mcp(root, "sync", "bookings"), "terrace")
    good(mcp(root, "diff", "bookings"))


def dies(root, era, anew):
    action = tried(root, "bookings.die", None, *ACT)
    same((action["outcome"], len(action["exchanges"])), ("unknown", 1))
    anew()
    look = tried(root, "bookings.die_reading")
    same(look["outcome"], "failed")
    holds(look["why"], look)
    anew()
    same(tried(root, "bookings.free", {"day": "Monday"})["outcome"], "done")


for_each("its tools are told, and called with exactly what was said", lists_and_calls)
for_each("an error of a tool: of an action unknown, else told; so is what comes too late", respects_errors)
for_each("tools that are others than reviewed", holds_to_pins)
for_each("a server that dies in a call is a failure with words, and the next call works", dies)


def of_everything(root):
    good(mcp(root, "sync", "everything"))
    good(mcp(root, "diff", "everything"))
    listed = json.loads(good(mcp(root, "tools", "everything", "--json")).out)
    holds("get-structured-content" in json.dumps(listed), listed)
    for words in ("hola, ¿qué tal? 👩‍👩‍👧", '"}]}{{x}}\\n', "a\nb\u2028\x01c", "x" * 2000):
        same(tried(root, "everything.say", {"message": words})["mapped"], {"text": f"Echo: {words}"})
    holds("The sum of 2 and 40.5 is 42.5" in tried(root, "everything.sum", {"a": 2, "b": 40.5})["mapped"]["text"], "sum")
    weather = tried(root, "everything.weather", {"location": "Chicago"})
    same((weather["outcome"], sorted(weather["mapped"])), ("done", ["conditions", "temperature"]))
    # Its schema names the three places that it knows: another is not even sent.
    refused = patiently(lambda: trial("everything.weather", {"location": "Atlantis"}, root=root, **PERMITTED))
    bad(refused, "must be one of", "Chicago")
    late = tried(root, "everything.long")
    same(late["outcome"], "failed")


@check("server-everything over stdio")
def everything_stdio():
    with world("everything", run("node", EVERYTHING, "stdio")) as root:
        without_ask(root)
        of_everything(root)


@check("server-everything over Streamable HTTP")
def everything_http():
    with world("everything", at(EVERYTHING_URL)) as root:
        without_ask(root)
        of_everything(root)
        listed = good(mcp(root, "tools", EVERYTHING_URL, "--allow-private"), "2025-11-25", "get-sum")
        holds("trigger-elicitation-request" not in listed.out, listed.out)
        called = good(mcp(root, "call", EVERYTHING_URL, "echo", "--json", '{"message": "ñ"}', "--execute", "--allow-private"))
        holds("Echo: ñ" in called.out, called.out)
        refused = bad(mcp(root, "call", EVERYTHING_URL, "nothing", "--execute", "--allow-private"))
        holds("nothing" in refused.out + refused.err, refused.err)
        bad(mcp(root, "tools", EVERYTHING_URL), "inside our own network")


def without_ask(root):
    """That tool is offered to those alone who let servers ask: we do not."""
    file = Path(root) / "integrations" / "everything.yaml"
    text = file.read_text()
    file.write_text(text[: text.index("  - name: ask\n")])


@check("server-everything does not offer a tool that wants to ask the caller itself: `sync` says that it is not there")
def everything_asks():
    with world("everything", at(EVERYTHING_URL)) as root:
        bad(mcp(root, "sync", "everything"), "trigger-elicitation-request")


@check("a list of several pages is read to its end")
def pages():
    with PROGRAMS, world("bookings", run(sys.executable, str(HERE / "services" / "pages.py"))) as root:
        listed = json.loads(good(mcp(root, "tools", "bookings", "--json")).out)
        tools = listed if isinstance(listed, list) else listed["tools"]
        same(sorted(one["name"] for one in tools), sorted(f"tool_{number}" for number in range(25)))
        called = good(mcp(root, "call", "bookings", "tool_24", "--execute"))
        holds("tool_24 was called" in called.out, called.out)


@check("a program that nobody permitted is not started; one that ends at once, and a host that is not there, are told")
def nobody():
    with world("bookings", run(sys.executable, "-c", "pass")) as root:
        bad(program("mcp", "tools", "bookings", "--root", root, CENTRALITA_MCP_COMMANDS=""), "--mcp-command")
        bad(program("mcp", "tools", "bookings", "--root", root, **PERMITTED), "speak MCP")
        bad(mcp(root, "tools", f"http://127.0.0.1:{free_port()}/mcp", "--allow-private"), "cannot be reached")
        bad(mcp(root, "tools", os.environ["HTTPBIN"] + "/post", "--allow-private"), "MCP")
