"""Where faults will be made: asked before and after each answer of a CRM."""

from aiohttp import web


class Faults:
    """The CRM that behaves. A subclass may answer in its place, or alter what it answers."""

    async def before(self, crm: str, request: web.Request) -> web.StreamResponse | None:
        """An answer in place of the CRM's, which then never hears of the request."""
        del crm, request
        return None

    async def after(
        self, crm: str, request: web.Request, response: web.StreamResponse
    ) -> web.StreamResponse:
        """The answer to send for a request that has taken effect."""
        del crm, request
        return response
