"""Record what the classes of `fastapi.security` answer, and what FastAPI's document says of them.

    python3 -m venv /tmp/fastapi && /tmp/fastapi/bin/pip install fastapi==0.165.0 httpx uvicorn
    /tmp/fastapi/bin/python record.py

writes `recorded.json` beside this file; `../api/fastapi_security.rs` builds the same operations and asks them the same. One
operation `GET /NAME` stands for each class and each way to make it, and `GET /NAME-optional` for the same with `auto_error=False`.

The program around the classes is the least that a page of FastAPI's documentation has: who is good is answered with the name
that the credential speaks for, who is not with 401. A good token is `good` and speaks for `johndoe`, so does the key `good`; the
user is `johndoe` with the password `se:cret`; digests are good as `good`. Nobody is `null`.

A case of recorded.json
-----------------------
operation      the path without its slash
case           what is presented
query          after the `?`, absent where there is none
headers        pairs of text, one character one byte (Latin-1)
expect         status, www-authenticate (a list), body
differs        why our answer is another one on purpose; then
expect_here    is to be compared instead of `expect`

`documented` holds `security` of each operation, and `schemes` the object `securitySchemes`.
"""

import base64
import json
import pathlib
import socket
import threading
import time

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Security
from fastapi.security import (
    APIKeyCookie,
    APIKeyHeader,
    APIKeyQuery,
    HTTPBasic,
    HTTPBearer,
    HTTPDigest,
    OAuth2,
    OAuth2AuthorizationCodeBearer,
    OAuth2PasswordBearer,
    OpenIdConnect,
)

SCOPES = {"read": "Read all.", "write": "Write all."}
FLOWS = {
    "implicit": {"authorizationUrl": "authorize", "scopes": SCOPES},
    "password": {"tokenUrl": "token", "refreshUrl": "refresh", "scopes": SCOPES},
    "clientCredentials": {"tokenUrl": "token", "refreshUrl": "refresh", "scopes": SCOPES},
    "authorizationCode": {"authorizationUrl": "authorize", "tokenUrl": "token", "refreshUrl": "refresh", "scopes": SCOPES},
}


def refused(detail, challenge):
    """What a page's function raises."""
    return HTTPException(status_code=401, detail=detail, headers={"WWW-Authenticate": challenge})


def by_name(credentials, challenge):
    """HTTPBasic hands on name and password."""
    if credentials is None:
        return None
    if (credentials.username, credentials.password) != ("johndoe", "se:cret"):
        raise refused("Incorrect username or password", challenge)
    return credentials.username


def by_text(text, challenge):
    """API keys and tokens are handed on as text."""
    if text is None:
        return None
    if text != "good":
        raise refused("Could not validate credentials", challenge)
    return "johndoe"


def by_parts(credentials, challenge):
    """HTTPBearer and HTTPDigest hand on the scheme and the rest."""
    return by_text(credentials and credentials.credentials, challenge)


def by_header(header, challenge):
    """OAuth2 and OpenIdConnect hand on the whole header."""
    if header is None:
        return None
    scheme, _, rest = header.partition(" ")
    return by_text(rest.strip() if scheme.lower() == "bearer" else "", challenge)


# name, class, its arguments, who judges, the challenge that the page's function raises
CLASSES = [
    ("key-header", APIKeyHeader, {"name": "X-Key"}, by_text, "APIKey"),
    ("key-query", APIKeyQuery, {"name": "key", "description": "A key."}, by_text, "APIKey"),
    ("key-cookie", APIKeyCookie, {"name": "key"}, by_text, "APIKey"),
    ("basic", HTTPBasic, {}, by_name, "Basic"),
    ("bearer", HTTPBearer, {}, by_parts, "Bearer"),
    ("bearer-jwt", HTTPBearer, {"bearerFormat": "JWT"}, by_parts, "Bearer"),
    ("digest", HTTPDigest, {}, by_parts, "Digest"),
    ("password", OAuth2PasswordBearer, {"tokenUrl": "token", "scopes": SCOPES}, by_text, "Bearer"),
    ("code", OAuth2AuthorizationCodeBearer, {"authorizationUrl": "authorize", "tokenUrl": "token", "refreshUrl": "refresh"}, by_text, "Bearer"),
    ("oauth2", OAuth2, {"flows": FLOWS}, by_header, "Bearer"),
    ("openid", OpenIdConnect, {"openIdConnectUrl": "/.well-known/openid-configuration"}, by_header, "Bearer"),
]
REALM = [("basic", HTTPBasic, {"realm": "the shed"}, by_name, 'Basic realm="the shed"')]
SCOPED = ("password", "oauth2", "code")


def program(classes):
    """The program with two operations for each class."""
    app = FastAPI()
    for name, made_of, arguments, judge, challenge in classes:
        for suffix, auto_error in (("", True), ("-optional", False)):
            scheme = made_of(**arguments, scheme_name=name, auto_error=auto_error)
            add(app, "/" + name + suffix, scheme, judge, challenge, ["read"] if name in SCOPED[:2] else [])
    return app


def add(app, path, scheme, judge, challenge, scopes):
    """One operation."""

    # The page on scopes names them to whom it refuses.
    told = challenge + f' scope="{" ".join(scopes)}"' if scopes else challenge

    def who(credential=Security(scheme, scopes=scopes)):
        return judge(credential, told)

    @app.get(path)
    def answer(name=Depends(who)):
        return name


def basic(pair):
    """The header of a user."""
    return [("authorization", "Basic " + base64.b64encode(pair.encode()).decode())]


def authorization(*values):
    """Authorization headers."""
    return [("authorization", value) for value in values]


def of_authorization(word):
    """Cases for a scheme whose credential is a text."""
    return {
        "good": authorization(word + " good"),
        "good, in other letters": authorization(word.upper() + " good"),
        "good, with spaces": authorization(word + "   good  "),
        "wrong": authorization(word + " wrong"),
        "malformed": authorization(word + " go od"),
        "beyond ASCII": authorization(word + " g\u00f6\u00f6d"),
        "empty": authorization(word + " "),
        "the word alone": authorization(word),
        "without a space": authorization(word + "good"),
        "an empty header": authorization(""),
        "another scheme": authorization("Negotiate good"),
        "basic": basic("johndoe:se:cret"),
        "good, then wrong": authorization(word + " good", word + " wrong"),
        "wrong, then good": authorization(word + " wrong", word + " good"),
        "another scheme, then good": authorization("Negotiate x", word + " good"),
    }


BASIC = {
    "good": basic("johndoe:se:cret"),
    "good, in other letters": [("authorization", basic("johndoe:se:cret")[0][1].replace("Basic", "bASIC"))],
    "good, with spaces": [("authorization", basic("johndoe:se:cret")[0][1].replace(" ", "   ") + "  ")],
    "wrong password": basic("johndoe:other"),
    "wrong name": basic("nobody:se:cret"),
    "without a colon": basic("johndoe"),
    "empty name and password": basic(":"),
    "beyond ASCII": basic("johndo\u00eb:se:cret"),
    "a control character": basic("johndoe:se:\0"),
    "empty": authorization("Basic "),
    "the word alone": authorization("Basic"),
    "an empty header": authorization(""),
    "not base64": authorization("Basic !"),
    "no padding": authorization("Basic " + "am9obmRvZTpzZTpjcmV0cw"),
    "junk in base64": [("authorization", basic("johndoe:se:cret")[0][1].replace("am9", "a*m9"))],
    "another scheme": authorization("Bearer good"),
    "good, then wrong": basic("johndoe:se:cret") + basic("nobody:x"),
    "wrong, then good": basic("nobody:x") + basic("johndoe:se:cret"),
}


def keys(carry):
    """Cases for an API key; `carry` says how keys are sent."""
    return {
        "good": carry("good"),
        "wrong": carry("wrong"),
        "empty": carry(""),
        "in other letters": carry("GOOD"),
        "twice the same": carry("good", "good"),
        "good, then wrong": carry("good", "wrong"),
        "wrong, then good": carry("wrong", "good"),
    }


def in_header(*values):
    """Keys in headers."""
    return [("x-key", value) for value in values]


def in_query(*values):
    """Keys in the query."""
    return "&".join("key=" + value for value in values)


def in_cookie(*values):
    """Keys in one cookie header."""
    return [("cookie", "a=1; " + "; ".join("key=" + value for value in values))]


KEY_HEADER = keys(in_header) | {"in capitals": [("X-KEY", "good")], "beyond ASCII": in_header("g\u00f6\u00f6d"), "in the query": "X-Key=good"}
KEY_QUERY = keys(in_query) | {
    "escaped": "k%65y=%67ood",
    "name in capitals": "KEY=good",
    "no value": "key",
    "not UTF-8": "key=%FF",
    "in a header": [("key", "good")],
}
KEY_COOKIE = keys(in_cookie) | {
    "two headers": [("cookie", "a=1"), ("cookie", "key=good")],
    "two keys in two headers": [("cookie", "key=wrong"), ("cookie", "key=good")],
    "quoted": [("cookie", 'key="good"')],
    "name in capitals": [("cookie", "KEY=good")],
    "no value": [("cookie", "key")],
    "in the query": "key=good",
}
CASES = {"basic": BASIC, "digest": of_authorization("Digest"), "key-header": KEY_HEADER, "key-query": KEY_QUERY, "key-cookie": KEY_COOKIE}


def cases(name):
    """Cases of an operation: nothing, and those of its class."""
    return {"nothing": []} | CASES.get(name, of_authorization("Bearer"))


TWICE = ("twice the same", "good, then wrong", "wrong, then good", "two keys in two headers")
NOT_BEARER = ("another scheme", "basic", "without a space", "another scheme, then good")


def here(operation, case, challenge, expect):
    """Why our answer is another one on purpose, and which."""
    is_optional = operation.endswith("-optional")
    kind = operation.removesuffix("-optional")
    if kind.startswith("key-") and case in TWICE:
        bad_request = {"status": 400, "www-authenticate": ["APIKey"], "body": {"detail": "Bad Request"}}
        return "a key that is given twice is ambiguous: two readers could go by different ones", bad_request
    if kind == "key-cookie" and case == "quoted":
        not_good = {"status": 401, "www-authenticate": ["APIKey"], "body": {"detail": "Could not validate credentials"}}
        return "the quotes are a part of a cookie's value (RFC 6265, section 5.2)", not_good
    not_authenticated = {"status": 401, "body": {"detail": "Not authenticated"}}
    if kind == "basic" and case == "junk in base64":
        return "base64 has one spelling", not_authenticated | {"www-authenticate": [challenge]}
    if kind == "basic" and case == "a control character":
        return "control characters are refused (RFC 7617, section 2)", not_authenticated | {"www-authenticate": expect["www-authenticate"]}
    if kind in ("oauth2", "openid") and case in NOT_BEARER:
        nobody = {"status": 200, "www-authenticate": [], "body": None}
        reason = "only bearer tokens are credentials of OAuth 2.0 and OpenID Connect; another scheme is none"
        return reason, nobody if is_optional else not_authenticated | {"www-authenticate": ["Bearer"]}
    return None


def serve(app):
    """Serve the program; its port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    return listener.getsockname()[1]


def exchange(port, path, presented):
    """Ask as a case says, byte for byte."""
    query, headers = (presented, []) if isinstance(presented, str) else ("", presented)
    target = f"/{path}?{query}" if query else f"/{path}"
    lines = [f"GET {target} HTTP/1.1", "Host: api.example", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *fields = head.decode("latin-1").split("\r\n")
    fields = [field.split(": ", 1) for field in fields]
    challenges = [value for name, value in fields if name.lower() == "www-authenticate"]
    entry = {"query": query} if query else {}
    return entry | {
        "headers": headers,
        "expect": {"status": int(status.split(" ")[1]), "www-authenticate": challenges, "body": json.loads(body)},
    }


def finished(entry, challenge):
    """The entry, with our answer where it is another one."""
    if ours := here(entry["operation"], entry["case"], challenge, entry["expect"]):
        differs, expect = ours
        if expect != entry["expect"]:
            return entry | {"differs": differs, "expect_here": expect}
    return entry


def record(classes):
    """All cases of some classes, and what the document says."""
    app = program(classes)
    port = serve(app)
    document = app.openapi()
    entries = [
        finished({"operation": name + suffix, "case": case} | exchange(port, name + suffix, presented), challenge)
        for name, *_, challenge in classes
        for suffix in ("", "-optional")
        for case, presented in cases(name).items()
    ]
    security = {path.strip("/"): methods["get"].get("security") for path, methods in document["paths"].items()}
    return {"schemes": document["components"]["securitySchemes"], "documented": security, "cases": entries}


def main():
    """Record both programs: without a realm, and with one."""
    recorded = {"plain": record(CLASSES), "realm": record(REALM)}
    path = pathlib.Path(__file__).with_name("recorded.json")
    parts = []
    for name, part in recorded.items():
        lines = ",\n".join("      " + json.dumps(entry) for entry in part["cases"])
        head = ",\n".join(f"    {json.dumps(key)}: {json.dumps(part[key])}" for key in ("schemes", "documented"))
        parts.append(f'  {json.dumps(name)}: {{\n{head},\n    "cases": [\n{lines}\n    ]\n  }}')
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")
    entries = [entry for part in recorded.values() for entry in part["cases"]]
    print(f"{len(entries)} cases, {sum('differs' in entry for entry in entries)} of them differ on purpose")


if __name__ == "__main__":
    main()
