"""The JSON side: what tests and the demo read and order."""

import base64
import json

from aiohttp import web

from demo_sink.faults import BadFault, Fault, Faults
from demo_sink.store import Attachment, Message, Store


class Api:
    def __init__(self, store: Store, faults: Faults) -> None:
        self.store = store
        self.faults = faults

    async def messages(self, request: web.Request) -> web.Response:
        to = request.query.get("to", "")
        return web.json_response({"messages": [as_dict(m) for m in self.store.newest_first(to)]})

    async def delete_messages(self, _: web.Request) -> web.Response:
        self.store.clear()
        return web.Response(status=204)

    async def order_fault(self, request: web.Request) -> web.Response:
        try:
            self.faults.order(Fault.read(await request.json()))
        except BadFault as error:
            return web.json_response({"error": str(error)}, status=400)
        except json.JSONDecodeError:
            return web.json_response({"error": "not JSON"}, status=400)
        return web.Response(status=204)

    async def delete_faults(self, _: web.Request) -> web.Response:
        self.faults.clear()
        return web.Response(status=204)

    async def health(self, _: web.Request) -> web.Response:
        return web.json_response(
            {"status": "ok", "messages": len(self.store), "newest": self.store.newest_id}
        )


def as_dict(message: Message) -> dict[str, object]:
    return {
        "id": message.id,
        "channel": message.channel,
        "to": message.to,
        "from": message.sender,
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "attachments": [attachment_as_dict(a) for a in message.attachments],
        "headers": message.headers,
        "at": message.at.isoformat(),
    }


def attachment_as_dict(attachment: Attachment) -> dict[str, object]:
    """Text as text, anything else in base64; `encoding` says which."""
    raw = attachment.content
    return {
        "name": attachment.name,
        "type": attachment.type,
        "method": attachment.method,
        "size": len(raw),
        "encoding": "text" if attachment.is_text else "base64",
        "content": raw.decode("utf-8", "replace") if attachment.is_text else base64.b64encode(raw).decode(),
    }
