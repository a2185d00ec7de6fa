"""Where a request came from and what it called, as the caller sees it."""

from starlette.requests import Request


def base_url(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}"


def endpoint(request: Request) -> str:
    """The URL called, without its query."""
    return base_url(request) + request.url.path


def client_host(request: Request) -> str:
    return request.client.host if request.client else "127.0.0.1"
