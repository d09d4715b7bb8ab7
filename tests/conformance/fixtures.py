"""The tools, prompts and resources that the official MCP conformance suite calls by name.

No `from __future__ import annotations` here: the SDK reads the signatures, and cannot resolve local models in them.
"""

import asyncio
import base64
import struct
import zlib
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp_types import (
    AudioContent,
    CallToolResult,
    Completion,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    InputRequest,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
    SetLevelRequestParams,
    TextContent,
    TextResourceContents,
)
from pydantic import BaseModel, Field, WithJsonSchema

PAUSE_S = 0.05  # The suite looks for messages that arrive apart.
Answer = CallToolResult | InputRequiredResult


def _png() -> bytes:
    """One red pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0"))
        + chunk(b"IEND", b"")
    )


def _wav() -> bytes:
    """Eight samples of silence."""
    data = b"\x80" * 8
    kind = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8)
    return (
        b"RIFF"
        + struct.pack("<I", 4 + len(kind) + 8 + len(data))
        + b"WAVE"
        + kind
        + b"data"
        + struct.pack("<I", 8)
        + data
    )


PNG = base64.b64encode(_png()).decode()
WAV = base64.b64encode(_wav()).decode()


def add_fixtures(server: MCPServer[Any]) -> None:
    """Add everything to a server."""
    _add_plain_tools(server)
    _add_talking_tools(server)
    _add_client_tools(server)
    _add_input_tools(server)
    _add_capability_tools(server)
    _add_state_tools(server)
    _add_resources(server)
    _add_prompts(server)
    _add_changes(server)

    async def set_level(context: object, params: SetLevelRequestParams) -> EmptyResult:
        return EmptyResult()

    server._lowlevel_server.add_request_handler("logging/setLevel", SetLevelRequestParams, set_level)


def _text(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)])


def _resource(uri: str, kind: str, text: str) -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, mime_type=kind, text=text))


def _add_plain_tools(server: MCPServer[Any]) -> None:
    image = ImageContent(type="image", data=PNG, mime_type="image/png")

    @server.tool(description="Plain text.")
    async def test_simple_text() -> CallToolResult:
        return _text("This is a simple text response for testing.")

    @server.tool(description="An image.")
    async def test_image_content() -> CallToolResult:
        return CallToolResult(content=[image])

    @server.tool(description="A sound.")
    async def test_audio_content() -> CallToolResult:
        return CallToolResult(content=[AudioContent(type="audio", data=WAV, mime_type="audio/wav")])

    @server.tool(description="An embedded resource.")
    async def test_embedded_resource() -> CallToolResult:
        text = "This is an embedded resource content."
        return CallToolResult(content=[_resource("test://embedded-resource", "text/plain", text)])

    @server.tool(description="Text, an image and a resource.")
    async def test_multiple_content_types() -> CallToolResult:
        mixed = _resource("test://mixed-content-resource", "application/json", '{"test":"data","value":123}')
        return CallToolResult(content=[TextContent(type="text", text="Multiple content types test:"), image, mixed])


def _add_talking_tools(server: MCPServer[Any]) -> None:
    """Tools that say something before they answer."""

    @server.tool(description="Log messages on the way.")
    async def test_tool_with_logging(ctx: Context) -> CallToolResult:
        for text in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await ctx.session.send_log_message("info", text, related_request_id=ctx.request_id)  # pyright: ignore[reportDeprecated] - the suite asks for it
            await asyncio.sleep(PAUSE_S)
        return _text("done")

    @server.tool(description="Always an error.")
    async def test_error_handling() -> CallToolResult:
        raise ToolError("This tool intentionally returns an error for testing")

    @server.tool(description="Progress on the way.")
    async def test_tool_with_progress(ctx: Context) -> CallToolResult:
        for done in (0, 50, 100):
            await ctx.report_progress(done, 100)
            await asyncio.sleep(PAUSE_S)
        return _text("done")

    @server.tool(description="A schema with the newer keywords.")
    async def json_schema_2020_12_tool(
        address: Annotated[dict[str, str] | None, WithJsonSchema(_ADDRESS)] = None,
    ) -> CallToolResult:
        return _text(str(address))


_ADDRESS = {
    "$anchor": "address",
    "type": "object",
    "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
    "anyOf": [{"required": ["street"]}, {"required": ["city"]}],
}


class _Person(BaseModel):
    username: str = Field(description="User's response")
    email: str = Field(description="User's email address")


class _Defaults(BaseModel):
    name: str = "John Doe"
    age: int = 30
    score: float = 95.5
    status: Literal["active", "inactive", "pending"] = "active"
    verified: bool = True


_CHOICES = {
    "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
    "titledSingle": {
        "type": "string",
        "oneOf": [
            {"const": f"value{n}", "title": f"{name} Option"} for n, name in ((1, "First"), (2, "Second"), (3, "Third"))
        ],
    },
    "legacyEnum": {
        "type": "string",
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    },
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
    "titledMulti": {
        "type": "array",
        "items": {
            "anyOf": [
                {"const": f"value{n}", "title": f"{name} Choice"}
                for n, name in ((1, "First"), (2, "Second"), (3, "Third"))
            ]
        },
    },
}


def _add_client_tools(server: MCPServer[Any]) -> None:
    """Tools that ask a client of the 2025-11-25 revision back in the middle of a call."""

    @server.tool(description="Ask the client's model.")
    async def test_sampling(prompt: str, ctx: Context) -> CallToolResult:
        message = SamplingMessage(role="user", content=TextContent(type="text", text=prompt))
        result = await ctx.session.create_message([message], max_tokens=100, related_request_id=ctx.request_id)  # pyright: ignore[reportDeprecated] - the suite asks for it
        return _text(f"LLM response: {getattr(result.content, 'text', '')}")

    @server.tool(description="Ask the user.")
    async def test_elicitation(message: str, ctx: Context) -> CallToolResult:
        return await _elicit(ctx, "User response", message, _Person.model_json_schema())

    @server.tool(description="Ask the user, with defaults.")
    async def test_elicitation_sep1034_defaults(ctx: Context) -> CallToolResult:
        return await _elicit(ctx, "Elicitation completed", "Please check", _Defaults.model_json_schema())

    @server.tool(description="Ask the user, with choices.")
    async def test_elicitation_sep1330_enums(ctx: Context) -> CallToolResult:
        schema = {"type": "object", "properties": _CHOICES, "required": list(_CHOICES)}
        return await _elicit(ctx, "Elicitation completed", "Please choose", schema)


async def _elicit(ctx: Context, told: str, message: str, schema: dict[str, Any]) -> CallToolResult:
    result = await ctx.session.elicit_form(message, schema, related_request_id=ctx.request_id)
    return _text(f"{told}: action={result.action}, content={result.content}")


def _ask(message: str, name: str, kind: str) -> ElicitRequest:
    schema = {"type": "object", "properties": {name: {"type": kind}}, "required": [name]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def _sample(text: str, tokens: int) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=TextContent(type="text", text=text))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=tokens))


def _wanted(state: str | None = None, **requests: InputRequest) -> InputRequiredResult:
    return InputRequiredResult(input_requests=requests, request_state=state)


def _given(ctx: Context, key: str, kind: type[Any]) -> Any:  # noqa: ANN401 - one of the SDK's answer types
    """The client's answer under a key, if it has the right form."""
    answer = (ctx.input_responses or {}).get(key)
    if not isinstance(answer, kind):
        return None
    if isinstance(answer, ElicitResult) and (answer.action != "accept" or not isinstance(answer.content, dict)):
        return None
    return answer


def _add_input_tools(server: MCPServer[Any]) -> None:
    """Tools that answer with questions, as the 2026-07-28 revision has it."""

    @server.tool(description="Ask for a name.")
    async def test_input_required_result_elicitation(ctx: Context) -> Answer:
        answer = _given(ctx, "user_name", ElicitResult)
        if answer is None or not isinstance(answer.content.get("name"), str):
            return _wanted(user_name=_ask("What is your name?", "name", "string"))
        return _text(f"Hello, {answer.content['name']}!")

    @server.tool(description="Ask the client's model.")
    async def test_input_required_result_sampling(ctx: Context) -> Answer:
        answer = _given(ctx, "capital_question", CreateMessageResult)
        if answer is None:
            return _wanted(capital_question=_sample("What is the capital of France?", 100))
        return _text(f"It is: {getattr(answer.content, 'text', '')}")

    @server.tool(description="Ask for the client's folders.")
    async def test_input_required_result_list_roots(ctx: Context) -> Answer:
        answer = _given(ctx, "client_roots", ListRootsResult)
        if answer is None:
            return _wanted(client_roots=ListRootsRequest())
        return _text("Roots: " + ", ".join(str(root.uri) for root in answer.roots))


def _add_capability_tools(server: MCPServer[Any]) -> None:
    @server.tool(description="Ask for whatever the client can answer.")
    async def test_input_required_result_capabilities(ctx: Context) -> Answer:
        can = ctx.client_capabilities
        requests: dict[str, InputRequest] = {}
        if can is not None and can.elicitation is not None:
            requests["user_name"] = _ask("What is your name?", "name", "string")
        if can is not None and can.sampling is not None:
            requests["greeting"] = _sample("Generate a greeting", 50)
        if ctx.input_responses or not requests:
            return _text("done")
        return InputRequiredResult(input_requests=requests)


def _add_state_tools(server: MCPServer[Any]) -> None:
    """Tools that give the client a sealed state to hand back."""

    @server.tool(description="Confirm, with a state.")
    async def test_input_required_result_request_state(ctx: Context) -> Answer:
        if ctx.request_state == "confirming" and _given(ctx, "confirm", ElicitResult) is not None:
            return _text("state-ok")
        return _wanted("confirming", confirm=_ask("Please confirm", "ok", "boolean"))

    @server.tool(description="Confirm, with a state that must not be changed.")
    async def test_input_required_result_tampered_state(ctx: Context) -> Answer:
        if ctx.request_state == "confirming" and _given(ctx, "confirm", ElicitResult) is not None:
            return _text("state-ok")
        return _wanted("confirming", confirm=_ask("Please confirm", "ok", "boolean"))

    @server.tool(description="Three questions at once.")
    async def test_input_required_result_multiple_inputs(ctx: Context) -> Answer:
        if ctx.request_state == "asked" and len(ctx.input_responses or {}) >= 3:
            return _text("all three are there")
        return _wanted(
            "asked",
            user_name=_ask("What is your name?", "name", "string"),
            greeting=_sample("Generate a greeting", 50),
            client_roots=ListRootsRequest(),
        )

    @server.tool(description="Two questions, one after the other.")
    async def test_input_required_result_multi_round(ctx: Context) -> Answer:
        if ctx.request_state == "step2" and _given(ctx, "step2", ElicitResult) is not None:
            return _text("both steps are done")
        if ctx.request_state == "step1" and _given(ctx, "step1", ElicitResult) is not None:
            return _wanted("step2", step2=_ask("Step 2: What is your favorite color?", "color", "string"))
        return _wanted("step1", step1=_ask("Step 1: What is your name?", "name", "string"))


def _add_resources(server: MCPServer[Any]) -> None:
    @server.resource("test://static-text", name="Text", description="Plain text", mime_type="text/plain")
    async def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", name="Image", description="An image", mime_type="image/png")
    async def static_binary() -> bytes:
        return _png()

    @server.resource("test://watched-resource", name="Watched", description="To follow", mime_type="text/plain")
    async def watched() -> str:
        return "watched"

    @server.resource(
        "test://template/{id}/data", name="Template", description="With a parameter", mime_type="application/json"
    )
    async def template(id: str) -> str:  # noqa: A002 - the suite's own name
        return f'{{"id":"{id}","templateTest":true,"data":"Data for ID: {id}"}}'


def _add_prompts(server: MCPServer[Any]) -> None:
    @server.prompt(description="Plain.")
    async def test_simple_prompt() -> str:
        return "This is a simple prompt for testing."

    @server.prompt(description="With arguments.")
    async def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt(description="With a resource.")
    async def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803 - the suite's own name
        embedded = _resource(resourceUri, "text/plain", "Embedded resource content for testing.")
        return [UserMessage(embedded), UserMessage("Please process the embedded resource above.")]

    @server.prompt(description="With an image.")
    async def test_prompt_with_image() -> list[UserMessage]:
        image = ImageContent(type="image", data=PNG, mime_type="image/png")
        return [UserMessage(image), UserMessage("Please analyze the image above.")]

    @server.prompt(description="With a question first.")
    async def test_input_required_result_prompt(ctx: Context) -> list[UserMessage] | InputRequiredResult:
        answer = _given(ctx, "user_context", ElicitResult)
        if answer is None:
            return _wanted(user_context=_ask("What context should the prompt use?", "context", "string"))
        return [UserMessage(f"Use this context: {answer.content.get('context')}")]

    @server.completion()
    async def complete(ref: object, argument: object, context: object) -> Completion:
        return Completion(values=["paris", "park", "party"], total=3, has_more=False)


def _add_changes(server: MCPServer[Any]) -> None:
    @server.tool(description="Tell followers that the tools changed.")
    async def test_trigger_tool_change(ctx: Context) -> CallToolResult:
        await ctx.notify_tools_changed()
        return _text("told")

    @server.tool(description="Tell followers that the prompts changed.")
    async def test_trigger_prompt_change(ctx: Context) -> CallToolResult:
        await ctx.notify_prompts_changed()
        return _text("told")

    @server.tool(description="Needs a client that can be sampled.")
    async def test_missing_capability(ctx: Context) -> Answer:
        return await _needs_sampling(ctx)


async def _needs_sampling(ctx: Context) -> Answer:
    from mcp.shared.exceptions import MCPError
    from mcp_types import MISSING_REQUIRED_CLIENT_CAPABILITY

    can = ctx.client_capabilities
    if can is None or can.sampling is None:
        raise MCPError(
            MISSING_REQUIRED_CLIENT_CAPABILITY,
            "sampling is needed",
            {"requiredCapabilities": {"sampling": {}}},
        )
    return _text("done")
