"""Record what FastAPI's "OAuth2 scopes" program answers, byte for byte.

    python3 record.py HOST:PORT [--cases PACKAGE] [--output DIRECTORY]

Start the page's program first (`uvicorn tutorial:app`, FastAPI 0.165.0). The cases come from the modules of `cases/`; the answers go to
`recorded.json`, the OpenAPI document to `openapi.json`. Only the standard library is used, and requests leave through a raw
socket, so that headers and targets reach the server exactly as a case spells them.

A case of recorded.json
-----------------------
name, group    unique text, and the family that the case belongs to
request        method; target (raw, as in the request line); headers, pairs of text in which one character is one byte
               (Latin-1); body (UTF-8 text) or body_base64, absent where there is none. The sender adds `Host: api.example`
               unless the case has a Host, `Connection: close`, and `Content-Length` where there is a body; nothing else.
token          optional recipe; its result stands for every `{{token}}` in the header values
expect         status; headers, of which ONLY www-authenticate, allow, location and content-type are recorded: one that is
               missing here must be missing in the answer (allow is sorted: compare it as a set); body, JSON value or text
               ("" where empty). No `body`: not compared.
differs        why our answer is another one on purpose; then
expect_here    is to be compared instead of `expect`. Beside the members of `expect` it may hold
               body_members: names that the JSON body must have;  status_in: the statuses that are allowed, for `status`.
               Where one of the two stands, only the headers that are named are compared.

A token in an answer is recorded as {"jwt": {"header": .., "claims": ..}}, with `exp` as {"now_plus": N} (allow a few seconds).

A recipe
--------
raw            literal text: this is the token, nothing else counts
header         JSON object; absent or null: {"alg": ALG, "typ": "JWT"}
claims         JSON object
header_text, claims_text   literal JSON text in their place; {{now}} and {{now+N}} are replaced by integers
alg            how to sign: HS256 (default), HS384, HS512 or none (empty signature)
secret         "right" (default; SECRET_KEY of tutorial.py, its text is the key) or "wrong" (the text "wrong" five times)
finish         list of operations on the finished token, in this order:
               pad-all         each part gets its base64 padding         pad-signature   only the signature gets it
               drop-signature  nothing behind the last dot               drop-part       the last dot goes too
               flip-signature  the first character becomes A, or B       trailing-bits   the last character gets a 1 in its spare bits
               junk            a `!` in the middle of the signature      extra-dot       a dot behind everything
               standard        `+` and `/` in place of `-` and `_`
In header and claims, at any depth, an object with one of these members alone is a value made at test time:
now_plus: N    now + N seconds, integer          now_plus_float: N   the same as a fraction (N has one)
now_plus_text: N   the same as text              repeat: TEXT, times: N   the text N times
nest: N        N lists inside each other
JSON is compact, members in the order given (any order will do for a test), text outside ASCII as it is.
"""

import argparse
import base64
import hashlib
import hmac
import importlib
import json
import pathlib
import re
import socket
import sys
import time

SECRET_KEY = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7"
KEPT_HEADERS = ("www-authenticate", "allow", "location", "content-type")
HASHES = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
MODULES = ("headers", "tokens", "logins", "routing")


def encode(data):
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    """The bytes of unpadded base64url."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def resolve(value, now):
    """A recipe's value with its relative times and long texts filled in."""
    if isinstance(value, list):
        return [resolve(item, now) for item in value]
    if not isinstance(value, dict):
        return value
    made = {
        "now_plus": lambda n: now + n,
        "now_plus_float": lambda n: now + float(n),
        "now_plus_text": lambda n: str(now + n),
        "nest": nested,
    }
    if len(value) == 1 and next(iter(value)) in made:
        key, argument = next(iter(value.items()))
        return made[key](argument)
    if set(value) == {"repeat", "times"}:
        return value["repeat"] * value["times"]
    return {key: resolve(item, now) for key, item in value.items()}


def nested(depth):
    """`depth` lists inside each other."""
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def part_text(recipe, name, default, now):
    """The JSON text of one part of a token."""
    literal = recipe.get(name + "_text")
    if literal is not None:
        fill = lambda found: str(now + int(found.group(1) or 0))
        return re.sub(r"\{\{now(?:\+(\d+))?\}\}", fill, literal)
    value = resolve(recipe.get(name) or default, now)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def finished(token, operation):
    """The token after one operation of `finish`."""
    parts = token.split(".")
    signature = parts[-1]
    pad = lambda part: part + "=" * (-len(part) % 4)
    if operation == "pad-all":
        parts = [pad(part) for part in parts]
    elif operation == "pad-signature":
        parts[-1] = pad(signature)
    elif operation == "drop-signature":
        parts[-1] = ""
    elif operation == "drop-part":
        parts.pop()
    elif operation == "flip-signature":
        parts[-1] = ("B" if signature[0] == "A" else "A") + signature[1:]
    elif operation == "trailing-bits":
        parts[-1] = signature[:-1] + ALPHABET[ALPHABET.index(signature[-1]) | 1]
    elif operation == "junk":
        parts[-1] = signature[:20] + "!" + signature[20:]
    elif operation == "extra-dot":
        parts.append("")
    elif operation == "standard":
        parts = [part.replace("-", "+").replace("_", "/") for part in parts]
    else:
        raise ValueError(operation)
    return ".".join(parts)


def mint(recipe, now):
    """The token that a recipe describes."""
    if "raw" in recipe:
        return recipe["raw"]
    alg = recipe.get("alg", "HS256")
    header = part_text(recipe, "header", {"alg": alg, "typ": "JWT"}, now)
    claims = part_text(recipe, "claims", {}, now)
    signed = encode(header.encode()) + "." + encode(claims.encode())
    key = SECRET_KEY if recipe.get("secret", "right") == "right" else "wrong" * 5
    signature = b"" if alg == "none" else hmac.digest(key.encode(), signed.encode(), HASHES[alg])
    token = signed + "." + encode(signature)
    for operation in recipe.get("finish", []):
        token = finished(token, operation)
    return token


def request_bytes(request, token):
    """The request as it goes over the wire."""
    body = base64.b64decode(request["body_base64"]) if "body_base64" in request else None
    if "body" in request:
        body = request["body"].encode()
    headers = [(name, value.replace("{{token}}", token)) for name, value in request["headers"]]
    if not any(name.lower() == "host" for name, _ in headers):
        headers.insert(0, ("Host", "api.example"))
    headers.append(("Connection", "close"))
    if body is not None:
        headers.append(("Content-Length", str(len(body))))
    lines = [f"{request['method']} {request['target']} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


def exchange(address, data):
    """Send bytes, read until the server closes."""
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(data)
        chunks = []
        while chunk := connection.recv(65536):
            chunks.append(chunk)
    return b"".join(chunks)


def parse(answer):
    """Status, header pairs and body of an answer that has a length or none."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
    return int(lines[0].split(" ")[1]), headers, body


def described_token(value, now):
    """A login's body with its token opened, so that it can be compared later."""
    if not (isinstance(value, dict) and isinstance(value.get("access_token"), str)):
        return value
    header, claims = (json.loads(decode(part)) for part in value["access_token"].split(".")[:2])
    ahead = round(claims["exp"] - now)
    claims["exp"] = {"now_plus": 1800 if 1795 <= ahead <= 1805 else ahead}
    return value | {"access_token": {"jwt": {"header": header, "claims": claims}}}


def record(address, case):
    """The case with the answer that the program gave."""
    now = int(time.time())
    token = mint(case["token"], now) if "token" in case else ""
    status, headers, body = parse(exchange(address, request_bytes(case["request"], token)))
    expect = {"status": status, "headers": {n.lower(): v for n, v in headers if n.lower() in KEPT_HEADERS}}
    if allow := expect["headers"].get("allow"):
        expect["headers"]["allow"] = ", ".join(sorted(allow.split(", ")))
    if not case.get("any_body"):
        text = body.decode()
        is_json = text and expect["headers"].get("content-type", "").startswith("application/json")
        expect["body"] = described_token(json.loads(text), now) if is_json else text
    return expect


def finish_case(case, expect):
    """The entry for recorded.json: `differs` stays only where our answer is another one."""
    here, reason = case.get("here"), case.get("differs")
    entry = {key: case[key] for key in ("name", "group", "request", "token") if key in case}
    entry["expect"] = expect
    ours = here(expect) if here else None
    if ours is not None and ours != expect:
        entry["differs"], entry["expect_here"] = reason, ours
    return entry


def main():
    """Run all cases and write the two files."""
    arguments = argparse.ArgumentParser(description="Record the answers of the tutorial's program.")
    arguments.add_argument("address", help="HOST:PORT of the running program")
    arguments.add_argument("--cases", default="cases", help="package with the modules of cases")
    arguments.add_argument("--output", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    options = arguments.parse_args()
    host, port = options.address.rsplit(":", 1)
    address = (host, int(port))
    entries = []
    for module in MODULES:
        for case in importlib.import_module(f"{options.cases}.{module}").cases():
            entries.append(finish_case(case, record(address, case)))
    names = [entry["name"] for entry in entries]
    if len(names) != len(set(names)):
        sys.exit("two cases have the same name: " + str({n for n in names if names.count(n) > 1}))
    document = parse(exchange(address, request_bytes({"method": "GET", "target": "/openapi.json", "headers": []}, "")))[2]
    write(options.output / "openapi.json", json.dumps(json.loads(document), indent=2, ensure_ascii=False))
    lines = (json.dumps(entry, ensure_ascii=False) for entry in entries)
    write(options.output / "recorded.json", "[\n" + ",\n".join(lines) + "\n]")
    print(f"{len(entries)} cases, {sum('differs' in entry for entry in entries)} of them differ on purpose")


def write(path, text):
    """Write one text file, newline at its end."""
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
