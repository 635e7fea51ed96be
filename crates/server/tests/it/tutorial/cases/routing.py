"""Paths, methods, redirects, and the pages that describe the API."""

from .common import case, good_claims, relative_location

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
PATHS = ("/token", "/users/me/", "/users/me/items/", "/status/", "/openapi.json", "/docs", "/redoc", "/docs/oauth2-redirect")
WITHOUT_SLASH = ("/users/me", "/users/me/items", "/status")
WITH_SLASH = ("/token/", "/docs/", "/redoc/", "/openapi.json/", "/docs/oauth2-redirect/")
UNKNOWN = (
    "/", "/nothing", "/nothing/", "/users", "/users/", "/users/you/", "/users/me/items/1", "/users/me/items/1/",
    "/Users/me/", "/USERS/ME/", "/users/Me/", "/Status/", "/STATUS", "/Token", "/TOKEN", "/DOCS", "/Redoc", "/OpenAPI.json",
    "//users/me/", "/users//me/", "/users/me//", "/users/me//items/", "//status/", "/status//", "//token", "/token//",
    "/users/./me/", "/users/x/../me/", "/./status/", "/status/.", "/status/..", "/users/%2e/me/",
    "/users%252Fme/", "/%2573tatus/", "/status%00/", "/status/%00", "/%zz", "/status%", "/%FF/", "/status;a=b/", "/status/;a=b",
    "/status%20/", "/%20status/", "/openapi.yaml", "/openapi", "/docs/index.html", "/users\\me/", "/status%5C",
)
DECODED = (
    "/users%2Fme/", "/users%2fme/", "/%2Fusers/me/", "/%73tatus/", "/statu%73/", "/%73%74%61%74%75%73/", "/%75sers/me/items/",
    "/users/me%2Fitems/", "/users/me%2F", "/status%2F", "/%74oken", "/token%2F", "/%64ocs", "/openapi%2Ejson",
    "/users%2Fme", "/%73tatus", "/users/me%2Fitems",
)
QUERIES = ("?a=b", "?", "?a=b&c=d&a=e", "?a=%20b+c", "?next=https://evil.example/", "?a=%zz", "?a=%2F&b=/", "?a='b'")


def routed(name, method, target, headers=(), **more):
    """A case of routing; a page's own text is not compared."""
    path = target.split("?")[0]
    page = method == "GET" and path in ("/docs", "/redoc", "/docs/oauth2-redirect", "/openapi.json", "/%64ocs", "/openapi%2Ejson")
    more.setdefault("differs", "a redirect to the path with its slash is relative")
    more.setdefault("here", relative_location)
    return case("routing", name, method, target, headers, any_body=page, **more)


def bearer(target, method="GET"):
    """A request with a good token."""
    token = {"claims": good_claims()}
    return routed(f"{method} {target} with a token", method, target, [("Authorization", "Bearer {{token}}")], token=token)


def redirects():
    """Paths with a slash too few or too many."""
    for path in WITHOUT_SLASH + WITH_SLASH:
        for method in METHODS:
            yield routed(f"{method} {path}", method, path)
    for query in QUERIES:
        for path in ("/users/me", "/token/"):
            yield routed(f"GET {path}{query}", "GET", path + query)
    for host in ("evil.example", "evil.example:8080", "127.0.0.1:8000", "[::1]:80"):
        yield routed(f"redirect with Host {host}", "GET", "/status", [("Host", host)])
    yield routed("redirect with X-Forwarded-Host", "GET", "/status", [("X-Forwarded-Host", "evil.example")])
    yield routed("POST /token/ with a body", "POST", "/token/", body="username=johndoe&password=secret")
    for path in WITHOUT_SLASH:
        yield bearer(path)
        yield bearer(path, "HEAD")


def cases():
    """All cases of routing."""
    for path in PATHS:
        for method in METHODS:
            if (method, path) != ("POST", "/token"):
                yield routed(f"{method} {path}", method, path)
    yield routed("TRACE /status/", "TRACE", "/status/")
    yield from redirects()
    for path in UNKNOWN:
        yield routed(f"GET {path}", "GET", path)
    for method in METHODS[1:]:
        yield routed(f"{method} /nothing", method, "/nothing")
    for path in DECODED:
        yield bearer(path)
    for target in ("/status/?a=b", "/status/?", "/users/me/?scope=items", "/users/me/items/?a=%zz&a"):
        yield bearer(target)
    for method in METHODS[1:]:
        yield bearer("/users/me/", method)
