"""Compares `notes.py` with the Rust program of `examples/notes`: their lines, and their answers to the same session.

    python3 -m venv venv
    venv/bin/pip install fastapi==0.165.0 uvicorn==0.54.0 websockets==17.4 httptools==0.9.0 uvloop==0.23.0 \
        pydantic==2.14.4 pydantic-settings==2.16.3 "pyjwt[crypto]==2.15.1" python-multipart==0.0.34 aiosqlite==0.22.1 \
        httpx==0.28.1
    cargo build -p scopegate-example-notes
    venv/bin/python benches/flagship/compare.py target/debug/scopegate-example-notes

Without an argument, the session runs against FastAPI only, and its statuses are printed. The session has two parts. The
first has all operations, and the refusals of both programs. The second has what `notes.py` leaves out; it shows that
the entries of its list with a star are true. Both servers listen on free ports of the loopback, in a temporary folder.
"""

import ast
import http.client
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
import tokenize
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

HERE = Path(__file__).parent
RUST_SOURCES = HERE.parents[1] / "examples" / "notes" / "src"
TIMEOUT = 10
OPERATIONS = 24


# Lines


def python_lines(source: str) -> tuple[int, int, int]:
    """Non-blank lines; those with code; those with code that imports nothing."""
    lines = {number for number, line in enumerate(source.splitlines(), 1) if line.strip()}
    no_code = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    code = {row for t in tokens if t.type not in no_code for row in range(t.start[0], t.end[0] + 1)} & lines
    imports = set()
    for node in ast.walk(ast.parse(source)):
        span = range(getattr(node, "lineno", 1), getattr(node, "end_lineno", 0) + 1)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            code -= set(span)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imports |= set(span)
    return len(lines), len(code), len(code - imports)


def rust_lines(source: str) -> tuple[int, int, int]:
    lines = [line for line in source.splitlines() if line.strip()]
    code = [line for line in lines if not line.lstrip().startswith("//")]
    # A `use` or `mod` at the start of a line, to its semicolon. No other block ends with `;` alone.
    imports = re.findall(r"^(?:pub(?:\(crate\))? )?(?:use|mod) [^;]+;$", "\n".join(code), re.MULTILINE)
    return len(lines), len(code), len(code) - sum(block.count("\n") + 1 for block in imports)


def print_counts() -> None:
    rust = [rust_lines(path.read_text()) for path in sorted(RUST_SOURCES.glob("*.rs"))]
    python = python_lines((HERE / "notes.py").read_text())
    print(f"{'lines':32}{'Rust':>8}{'FastAPI':>9}")
    for label, ours, theirs in zip(
        ("non-blank", "without comments and docstrings", "and without imports"), map(sum, zip(*rust)), python
    ):
        print(f"{label:32}{ours:8}{theirs:9}")


# Programs


class Program:
    """A server in its own folder, with its own database and key."""

    def __init__(self, name: str, command: list[str], folder: Path, database: str):
        self.name, self.command, self.folder = name, command, folder
        folder.mkdir()
        self.key = ec.generate_private_key(ec.SECP256R1())
        (folder / "notes.key").write_bytes(self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
        kept = {key: value for key, value in os.environ.items() if not key.startswith("NOTES_")}
        self.environment = kept | {"NOTES_DATABASE": database, "NOTES_KEY": "notes.key", "NOTES_LISTEN": "127.0.0.1:0"}
        self.process = None
        self.port = 0

    def start(self) -> None:
        log = self.folder / "log"
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, env=self.environment, stdout=output, stderr=output
            )
        deadline = time.monotonic() + TIMEOUT
        while not (found := re.search(r"127\.0\.0\.1:(\d+)", log.read_text())):
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{self.name} does not listen; its log:\n{log.read_text()}")
            time.sleep(0.05)
        self.port = int(found[1])

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            print(f"{self.name} does not end by SIGTERM within {TIMEOUT} s")
            self.process.kill()
            self.process.wait(TIMEOUT)

    def token(self, subject: str, typ: str = "at+jwt", **changes) -> str:
        """Signs a token of the development issuer with all scopes, or with other claims. `None` removes a claim."""
        now = int(time.time())
        claims = {"iss": "https://id.notes.test", "aud": "https://notes.test", "sub": subject, "client_id": "session"}
        claims |= {"scope": "notes:read notes:write keys:manage", "iat": now, "exp": now + 3600, "jti": "1"} | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, self.key, algorithm="ES256", headers={"typ": typ})

    def sql(self, statement: str) -> None:
        with sqlite3.connect(self.folder / "notes.db", timeout=TIMEOUT) as db:
            db.execute(statement)
        db.close()

    def open(self, method: str, path: str, headers: dict, body: bytes | None = None) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        connection.putrequest(method, path)
        if body is not None or method in ("POST", "PUT"):
            headers = {"Content-Length": str(len(body or b""))} | headers
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        try:
            connection.send(body or b"")
        except (BrokenPipeError, ConnectionResetError):
            pass  # The server refused the body before its end.
        return connection.getresponse()

    def live_url(self, ticket: str) -> str:
        return f"ws://127.0.0.1:{self.port}/feed?ticket={ticket}"


# What is compared


def challenge(header: str) -> str:
    """The schemes of a challenge, and the parameters that programs read."""
    schemes = sorted(set(re.findall(r"\b(Bearer|APIKey)\b", header)))
    return " ".join(schemes + sorted(re.findall(r'\b(?:error|scope)="[^"]*"', header)))


def masked(body):
    """A body without what differs in each run."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", json.dumps(body))
    return json.loads(re.sub(r'"[A-Za-z0-9_-]{32,}"', '"SECRET"', text))


def observe(status: int, headers, content: bytes) -> dict:
    # Errors have different forms, so their bodies are not compared. FastAPI answers 422 to an invalid input, and the
    # Rust program 400: the same outcome.
    seen = {"status": 400 if status == 422 else status}
    if content and status < 400:
        seen["body"] = content.decode(errors="replace")[:200]
        seen["type"] = headers.get("content-type", "").split(";")[0]
        if seen["type"] == "application/json":
            seen["body"] = masked(json.loads(content))
    for name in ("content-disposition", "content-range", "allow"):
        if value := headers.get(name):
            # Two forms of a name of ASCII.
            seen[name] = re.sub(r"filename\*=utf-8''(.+)", r'filename="\1"', value)
    if challenges := headers.get_all("www-authenticate"):
        seen["www-authenticate"] = challenge(", ".join(challenges))
    return seen


class Session:
    """The answers of one program, by the names of the steps."""

    def __init__(self, program: Program):
        self.program = program
        self.seen: dict[str, dict] = {}
        self.operations: set[str] = set()
        self.tokens = {name: program.token(name) for name in ("ada", "bob", "eve", "ina", "out")}

    def add(self, step: str, seen) -> None:
        assert step not in self.seen, f"two steps have the name {step}"
        self.seen[step] = seen

    def headers(self, user: str | None, key: str | None) -> dict:
        # A user is a name with a token of its own, or a token.
        headers = {"Authorization": f"Bearer {self.tokens.get(user, user)}"} if user else {}
        return headers | ({"X-API-Key": key} if key else {})

    def send(self, step, method, path, user="ada", key=None, body=None, kind="application/json", **headers):
        """Sends a request, and returns the JSON of the answer."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()} | self.headers(user, key)
        if body is not None:
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers |= {"Content-Type": kind} if kind else {}
        response = self.program.open(method, path, headers, body)
        content = response.read()
        self.add(step, observe(response.status, response.headers, content))
        self.operations.add(f"{method} {re.sub(r'(?<=/)[0-9]+|(?<=tags/).+|(?<=readers/).+', '*', path.split('?')[0])}")
        try:
            return json.loads(content)
        except ValueError:
            return None

    def upload(self, step, path, name: str, content: bytes, user="ada", key=None, field="file"):
        file = f'; filename="{name}"' if name else ""
        form = f'--b\r\nContent-Disposition: form-data; name="{field}"{file}\r\nContent-Type: text/plain\r\n\r\n'
        body = form.encode() + content + b"\r\n--b--\r\n"
        return self.send(step, "POST", path, user, key, body=body, kind="multipart/form-data; boundary=b")

    def stream(self, step: str, cause, user="ada") -> None:
        """Opens the events, causes one, and reads it."""
        response = self.program.open("GET", "/events", self.headers(user, None))
        self.operations.add("GET /events")
        seen = {"status": response.status, "type": (response.getheader("content-type") or "").split(";")[0]}
        if response.status == 200:
            time.sleep(0.3)
            cause()
            for line in response:
                if line.startswith(b"data:"):
                    seen["event"] = json.loads(line[5:])
                    break
        response.close()
        self.add(step, seen)

    def socket(self, step: str, ticket: str, cause=None) -> None:
        """Opens the feed, causes a change, and reads it."""
        self.operations.add("GET /feed")
        try:
            with connect(self.program.live_url(ticket), open_timeout=TIMEOUT, close_timeout=TIMEOUT) as socket:
                time.sleep(0.3)
                if cause:
                    cause()
                self.add(step, {"status": 101, "message": json.loads(socket.recv(TIMEOUT))})
        except InvalidStatus as refused:
            response = refused.response
            self.add(step, observe(response.status_code, response.headers, response.body))

    def common(self) -> None:
        """All operations and refusals that both programs have."""
        send = self.send
        send("status", "GET", "/status", user=None)
        send("create", "POST", "/notes", body={"title": "Apples", "text": "red"})
        send("create second", "POST", "/notes", body={"title": "Pears"})
        send("create third", "POST", "/notes", body={"title": 'Apple "pie"', "text": "a, b\nc", "unknown": 1})
        send("create in other tenant", "POST", "/notes", user="eve", body={"title": "Apples of eve"})
        send("read", "GET", "/notes/1")
        send("update", "PUT", "/notes/1", body={"title": "Apples", "text": "green"})
        send("list", "GET", "/notes")
        send("list first page", "GET", "/notes?limit=2")
        send("list last page", "GET", "/notes?limit=2&after=2")
        send("repeated parameter", "GET", "/notes?limit=1&limit=2")
        send("list none", "GET", "/notes?limit=0")
        send("list of user without notes", "GET", "/notes", user="bob")
        send("tag", "PUT", "/notes/1/tags/fruit")
        send("tag again", "PUT", "/notes/1/tags/fruit")
        send("tag with space", "PUT", "/notes/1/tags/two%20words")
        send("tags", "GET", "/tags")
        send("search by text", "GET", "/search?q=APPLE&limit=1")
        send("search by tag", "GET", "/search?tag=fruit")
        send("search by owner", "GET", "/search?owner=bob")
        send("export", "GET", "/export")
        send("untag", "DELETE", "/notes/1/tags/fruit")
        send("untag again", "DELETE", "/notes/1/tags/fruit")
        send("note of other user", "GET", "/notes/1", user="bob")
        send("share", "PUT", "/notes/1/readers/bob")
        send("share with other tenant", "PUT", "/notes/1/readers/eve")
        send("share with unknown user", "PUT", "/notes/1/readers/zoe")
        send("readers", "GET", "/notes/1/readers")
        send("readers as reader", "GET", "/notes/1/readers", user="bob")
        send("read as reader", "GET", "/notes/1", user="bob")
        send("list as reader", "GET", "/notes", user="bob")
        send("update as reader", "PUT", "/notes/1", user="bob", body={"title": "Mine"})
        send("delete as reader", "DELETE", "/notes/1", user="bob")
        send("note of other tenant", "GET", "/notes/1", user="eve")
        self.upload("upload", "/notes/1/files", "a.txt", b"hello")
        self.upload("upload as reader", "/notes/1/files", "a.txt", b"hello", user="bob")
        self.upload("upload without file", "/notes/1/files", "", b"hello", field="other")
        self.upload("upload of large file", "/notes/1/files", "big", b"x" * (5 * 1024 * 1024 + 1))
        send("files", "GET", "/notes/1/files", user="bob")
        send("download", "GET", "/notes/1/files/1")
        send("download as reader", "GET", "/notes/1/files/1", user="bob")
        send("download of unknown file", "GET", "/notes/1/files/9")
        send("download through other note", "GET", "/notes/2/files/1")
        send("delete file", "DELETE", "/notes/1/files/1")
        send("delete file again", "DELETE", "/notes/1/files/1")
        send("unshare", "DELETE", "/notes/1/readers/bob")
        send("unshare again", "DELETE", "/notes/1/readers/bob")
        send("read as former reader", "GET", "/notes/1", user="bob")
        send("delete", "DELETE", "/notes/2")
        send("read deleted", "GET", "/notes/2")
        self.keys()
        self.live()
        self.refusals()

    def keys(self) -> None:
        send = self.send
        key = send("create key", "POST", "/keys", body={"name": "backup", "scopes": ["notes:read"]})
        writer = send("create writing key", "POST", "/keys", body={"name": "robot", "scopes": ["notes:write"]})
        send("create key with foreign scope", "POST", "/keys", body={"name": "x", "scopes": ["admin"]})
        send("keys", "GET", "/keys")
        send("keys of other user", "GET", "/keys", user="bob")
        send("list by key", "GET", "/notes", user=None, key=key)
        send("create by key without scope", "POST", "/notes", user=None, key=key, body={"title": "No"})
        send("create by writing key", "POST", "/notes", user=None, key=writer, body={"title": "By key"})
        send("read by writing key", "GET", "/notes/1", user=None, key=writer)
        send("keys by key", "GET", "/keys", user=None, key=writer)
        send("unknown key", "GET", "/notes", user=None, key="sgcs_unknown")
        key = send("key of bob", "POST", "/keys", user="bob", body={"name": "bob", "scopes": ["notes:read"]})
        send("token and key of two users", "GET", "/notes", key=key)
        send("token and invalid key", "GET", "/notes", key="sgcs_unknown")
        send("revoke key of other user", "DELETE", "/keys/1", user="bob")
        send("revoke key", "DELETE", "/keys/2")
        send("list by revoked key", "GET", "/notes", user=None, key=writer)
        ticket = send("ticket by key", "POST", "/tickets", user=None, key=key)["ticket"]
        self.socket("feed by ticket of key", ticket, lambda: self.quiet("PUT", "/notes/1/readers/bob"))

    def quiet(self, method: str, path: str, user="ada", body=None) -> None:
        headers = self.headers(user, None) | {"Content-Type": "application/json"}
        self.program.open(method, path, headers, body and json.dumps(body).encode()).read()

    def live(self) -> None:
        def foreign_and_own():
            self.quiet("POST", "/notes", "eve", {"title": "not for ada"})
            self.quiet("POST", "/notes", "ada", {"title": "for ada"})

        self.stream("events", foreign_and_own)
        ticket = self.send("ticket", "POST", "/tickets")["ticket"]
        self.socket("feed", ticket, foreign_and_own)
        self.socket("feed with used ticket", ticket)
        self.socket("feed with unknown ticket", "unknown")
        short = self.program.token("ada", exp=int(time.time()) + 3)
        response = self.program.open("GET", "/events", self.headers(short, None))
        try:
            response.read()
            ended = True
        except TimeoutError:
            ended = False
        self.add("events end with the token", {"status": response.status, "ended": ended})
        ticket = self.send(
            "ticket of short token", "POST", "/tickets", self.program.token("ada", exp=int(time.time()) + 3)
        )
        with connect(self.program.live_url(ticket["ticket"]), open_timeout=TIMEOUT, close_timeout=TIMEOUT) as socket:
            try:
                ended = socket.recv(6)
            except (ConnectionClosed, TimeoutError) as error:
                ended = isinstance(error, ConnectionClosed)
        self.add("feed ends with the token", {"ended": ended})

    def refusals(self) -> None:
        send, sign = self.send, self.program.token
        send("no token", "GET", "/notes", user=None)
        send("no token for note", "GET", "/notes/1", user=None)
        send("no token for keys", "GET", "/keys", user=None)
        send("malformed token", "GET", "/notes", user="x.y.z")
        now = int(time.time())
        send("expired token", "GET", "/notes", user=sign("ada", iat=now - 7200, exp=now - 3600))
        send("token of other audience", "GET", "/notes", user=sign("ada", aud="https://other.test"))
        send("token of other issuer", "GET", "/notes", user=sign("ada", iss="https://other.test"))
        send("token of other type", "GET", "/notes", user=sign("ada", typ="JWT"))
        head = jwt.utils.base64url_encode(b'{"alg":"RS256","typ":"at+jwt"}').decode()
        send("token of other algorithm", "GET", "/notes", user=re.sub("[^.]+", head, sign("ada"), count=1))
        send("token without client", "GET", "/notes", user=sign("ada", client_id=None))
        reader = sign("ada", scope="notes:read")
        send("read with scope", "GET", "/notes/1", user=reader)
        send("create without scope", "POST", "/notes", user=reader, body={"title": "No"})
        send("update without scope", "PUT", "/notes/1", user=reader, body={"title": "No"})
        send("delete of other note without scope", "DELETE", "/notes/4", user=reader)
        send("keys without scope", "GET", "/keys", user=reader)
        send("read with implied scope", "GET", "/notes/1", user=sign("ada", scope="notes:write"))
        send("token without scope", "GET", "/notes", user=sign("ada", scope=None))
        send("inactive member", "GET", "/notes", user="ina")
        send("inactive member without scope", "GET", "/keys", user=sign("ina", scope="notes:read"))
        send("no member", "GET", "/notes", user="out")
        send("empty title", "POST", "/notes", body={"title": ""})
        send("long title", "POST", "/notes", body={"title": "x" * 201})
        send("no title", "POST", "/notes", body={})
        send("number as title", "POST", "/notes", body={"title": 5})
        send("invalid JSON", "POST", "/notes", body=b'{"tit')
        send("invalid limit", "GET", "/notes?limit=many")
        send("large limit", "GET", "/notes?limit=256")
        send("invalid id", "GET", "/notes/x")
        send("large id", "GET", "/notes/9223372036854775808")
        send("invalid body for other note", "PUT", "/notes/4", body={"title": ""})
        send("invalid body without token", "POST", "/notes", user=None, body={"title": ""})
        send("large body", "POST", "/notes", body={"title": "x", "text": "x" * 2 * 1024 * 1024})
        self.upload("large form", "/notes/1/files", "big", b"x" * 6 * 1024 * 1024)
        send("unknown path", "GET", "/nothing")
        send("other method", "PATCH", "/notes")

    def beyond(self) -> None:
        """What `notes.py` leaves out."""
        send = self.send
        self.upload("upload for ranges", "/notes/1/files", "range.txt", b"0123456789")
        path = "/notes/1/files/2"
        tag = self.program.open("GET", path, self.headers("ada", None)).getheader("etag") or '"none"'
        send("range", "GET", path, Range="bytes=2-4")
        send("range out of file", "GET", path, Range="bytes=99-")
        send("unchanged file", "GET", path, If_None_Match=tag)
        send("HEAD", "HEAD", "/notes/1")
        send("form for JSON", "POST", "/notes", body=b"title=x", kind="application/x-www-form-urlencoded")
        send("JSON for form", "POST", "/notes/1/files", body={})
        send("invalid JSON without token", "POST", "/notes", user=None, body=b'{"tit')
        send("large body without token", "POST", "/notes", user=None, body={"text": "x" * 2 * 1024 * 1024})
        send("repeated member", "POST", "/notes", body=b'{"title": "a", "title": "b"}')
        send("two tokens", "GET", "/notes", key=None, authorization="Bearer other")
        send("other method for note", "PATCH", "/notes/1")
        send("feed without upgrade", "GET", "/feed", user=None)
        send("deep JSON", "POST", "/notes", body=b'{"title": "x", "y": ' + b"[" * 500 + b"]" * 500 + b"}")
        send("NaN in JSON", "POST", "/notes", body=b'{"title": "x", "y": NaN}')
        first = [self.quiet_ticket() for _ in range(17)][0]
        self.socket("oldest of 17 tickets", first, lambda: self.quiet("PUT", "/notes/1/readers/bob"))
        response = self.program.open("GET", "/status", {})
        names = ("x-content-type-options", "x-request-id")
        self.add("headers of all answers", {name: response.getheader(name) is not None for name in names})

    def quiet_ticket(self) -> str:
        return json.load(self.program.open("POST", "/tickets", self.headers("ada", None)))["ticket"]

    def run(self) -> dict[str, dict]:
        self.program.start()
        columns = "INSERT OR REPLACE INTO members (subject, tenant, is_active) VALUES"
        self.program.sql(f"{columns} ('ada', 'one', 1), ('bob', 'one', 1), ('ina', 'one', 0), ('eve', 'other', 1)")
        self.common()
        covered = len(self.operations & EXPECTED)
        assert covered == OPERATIONS, f"the session has {covered} operations: missing {EXPECTED - self.operations}"
        self.common_steps = len(self.seen)
        self.beyond()
        stream = self.program.open("GET", "/events", self.headers("ada", None))
        begun = time.monotonic()
        self.program.stop()
        self.add("stop during a stream", {"status": stream.status, "at once": time.monotonic() - begun < 3})
        return self.seen


EXPECTED = {
    *("GET /status", "GET /notes", "POST /notes", "GET /search", "GET /export", "GET /tags", "GET /events"),
    *("POST /tickets", "GET /feed", "GET /keys", "POST /keys", "DELETE /keys/*", "GET /notes/*", "PUT /notes/*"),
    *("DELETE /notes/*", "PUT /notes/*/tags/*", "DELETE /notes/*/tags/*", "GET /notes/*/readers"),
    *("PUT /notes/*/readers/*", "DELETE /notes/*/readers/*", "GET /notes/*/files", "POST /notes/*/files"),
    *("GET /notes/*/files/*", "DELETE /notes/*/files/*"),
}


def print_differences(title: str, steps: list[str], ours: dict, theirs: dict) -> None:
    different = [step for step in steps if ours[step] != theirs[step]]
    print(f"\n{title}: {len(steps)} steps, {len(different)} differ")
    for step in different:
        print(f"- {step}")
        for name in sorted(ours[step].keys() | theirs[step].keys()):
            pair = ours[step].get(name), theirs[step].get(name)
            if pair[0] != pair[1]:
                print(f"    {name:20} Rust {pair[0]!r}, FastAPI {pair[1]!r}")


def main() -> None:
    print_counts()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        command = [sys.executable, str(HERE / "notes.py")]
        programs = [Program("FastAPI", command, folder / "fastapi", "notes.db")]
        if len(sys.argv) > 1:
            command = [str(Path(sys.argv[1]).resolve())]
            programs.append(Program("Rust", command, folder / "rust", "sqlite:notes.db"))
        seen = []
        for program in programs:
            try:
                session = Session(program)
                seen.append(session.run())
            finally:
                program.stop()
        if len(programs) == 1:
            print()
            for step, answer in seen[0].items():
                print(f"{step:40} {answer.get('status', answer)}")
            return
        theirs, ours = seen
        steps = list(ours)
        print_differences("Operations and refusals", steps[: session.common_steps], ours, theirs)
        print_differences("Beyond", steps[session.common_steps :], ours, theirs)


if __name__ == "__main__":
    main()
