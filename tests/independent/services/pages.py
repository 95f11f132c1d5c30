"""An MCP server that tells its tools page by page, on the low-level part of the official Python library; over stdio."""

import anyio
import mcp_types as types
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server

NAMES = [f"tool_{number}" for number in range(25)]
PAGE = 10


async def listed(context, params):
    start = int(params.cursor) if params and params.cursor else 0
    tools = [
        types.Tool(name=name, description=f"Is {name}.", input_schema={"type": "object", "properties": {}})
        for name in NAMES[start : start + PAGE]
    ]
    following = str(start + PAGE) if start + PAGE < len(NAMES) else None
    return types.ListToolsResult(tools=tools, next_cursor=following)


async def called(context, params):
    return types.CallToolResult(content=[types.TextContent(type="text", text=f"{params.name} was called")])


async def main():
    server = Server("pages", on_list_tools=listed, on_call_tool=called)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


anyio.run(main)
