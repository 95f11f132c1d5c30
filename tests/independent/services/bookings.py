"""An MCP server on the official Python library: `mcp` of both major versions, over stdio or Streamable HTTP.

Usage: bookings.py stdio | http PORT. It ends with its standard input. Where the file that MENU names holds `changed`, its tools are others than before.
"""

import logging
import os
import sys
import threading
import time
from typing import TypedDict

try:
    from mcp.server.mcpserver import MCPServer
    from mcp.server.mcpserver.exceptions import ToolError
except ModuleNotFoundError:
    from mcp.server.fastmcp import FastMCP as MCPServer
    from mcp.server.fastmcp.exceptions import ToolError

logging.disable(logging.WARNING)


class Table(TypedDict):
    code: str
    seats: int
    name: str


def book(party: int, name: str) -> Table:
    """Books a table."""
    return {"code": "T-1", "seats": party, "name": name}


def book_outside(party: int, name: str, terrace: bool) -> Table:
    """Books a table, inside or outside."""
    return {"code": "T-2", "seats": party, "name": name}


def free(day: str) -> str:
    """Tells the free tables of a day."""
    return f"two tables on {day}"


def free_reworded(day: str, hour: str = "20:00") -> str:
    """Tells the free tables of a day, and of an hour."""
    return f"two tables on {day} at {hour}"


def refuse(why: str) -> str:
    """Never works."""
    raise ToolError(f"the kitchen says {why}")


def wait(seconds: float) -> str:
    """Takes its time."""
    time.sleep(seconds)
    return "waited"


def die() -> str:
    """Ends the server."""
    os._exit(1)


def server(**settings):
    made = MCPServer("bookings", **settings)
    with open(os.environ["MENU"], encoding="utf-8") as menu:
        changed = "changed" in menu.read()
    made.tool(name="book")(book_outside if changed else book)
    made.tool(name="free")(free_reworded if changed else free)
    for tool in (refuse, wait, die):
        made.tool()(tool)
    return made


def end_with_input():
    sys.stdin.buffer.read()
    os._exit(0)


if sys.argv[1] == "stdio":
    server().run()
    sys.exit()
threading.Thread(target=end_with_input, daemon=True).start()
if MCPServer.__name__ == "FastMCP":
    server(host="127.0.0.1", port=int(sys.argv[2])).run("streamable-http")
else:
    server().run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
