"""The service of `examples/notes` in FastAPI, for a comparison. `compare.py` tells how to run it.

Left out here, and present in the Rust program. `compare.py` shows the entries with a star:

- Ranges, `ETag` and `If-None-Match` of a download (*): the content is in the database, and `FileResponse` needs a file.
- `HEAD` (*), and `Allow` with all methods of a path (*).
- 415 for a body of another media type (*): it is 422.
- The credential is checked before the body is read (*). Here the body is read, and its JSON parsed, for any client.
- Codes of errors for programs, and the media type `application/problem+json`.
- One form of all errors. Here a 500, and the 413 of a body above the limit, are text.
- A time limit for a body.
- 400 for JSON with a repeated member, `NaN` or deep nesting (*), and for two `Authorization` headers (*).
- A bound on the tickets of one user and of all (*).
- `WWW-Authenticate` names all schemes that an operation accepts, or the one of the credential (*). Here it is `Bearer`,
  except for an invalid key or ticket.
- A 401 for `/feed` without a handshake (*), and `/feed` in the OpenAPI document.
- Refusals of each operation in the document: here it has only the 422 of inputs.
- A shutdown that ends streams at once (*). Here it cuts them after 5 s.
- `X-Request-Id` and a span for each request, and `X-Content-Type-Options` on all answers (*).
- Of a remote issuer: metadata of RFC 8414, its `issuer` member checked, keys for as long as `Cache-Control` allows, and
  old keys during an outage. Here an outage of more than 5 minutes is 503, without `Retry-After`.
- A start without `NOTES_AUDIENCE` is refused if `NOTES_ISSUERS` is set. Here it has a default.
- The list of all operations with their rules, compared with a file by a test. An operation without a guard is public
  here; there it does not compile.
"""

import asyncio
import csv
import hashlib
import io
import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

import aiosqlite
import anyio
import httpx
import jwt
import uvicorn
from anyio.streams.memory import MemoryObjectSendStream
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Response, Security, UploadFile, WebSocket
from fastapi.requests import HTTPConnection
from fastapi.security import APIKeyHeader, APIKeyQuery, HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from fastapi.sse import EventSourceResponse
from fastapi.websockets import WebSocketDisconnect
from jwt.algorithms import ECAlgorithm
from pydantic import BaseModel, BeforeValidator, Field, Json
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

READ, WRITE, KEYS = "notes:read", "notes:write", "keys:manage"
IMPLIED_SCOPES = {WRITE: [READ]}
SCHEMA = Path(__file__).parents[2] / "examples" / "notes" / "schema.sql"
FILE_LIMIT = 5 * 1024 * 1024
FORM_LIMIT = FILE_LIMIT + 64 * 1024


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="NOTES_", validate_default=False)

    listen: str = "127.0.0.1:8000"
    database: str = "notes.db"
    # The issuers in production, separated by commas. Without them, the development issuer is used.
    issuers: Annotated[list[str], NoDecode, BeforeValidator(lambda text: text.split(","))] = []
    audience: str = "https://notes.test"
    # A file with the key of the development issuer (PKCS #8, DER). Without it, each start has a new key.
    key: Path | None = None


settings = Settings()


# Database


def get_db(connection: HTTPConnection) -> aiosqlite.Connection:
    return connection.state.db


Db = Annotated[aiosqlite.Connection, Depends(get_db)]


async def fetch_one(db: aiosqlite.Connection, statement: str, *values) -> aiosqlite.Row | None:
    async with db.execute(statement, values) as cursor:
        return await cursor.fetchone()


async def change_row(db: aiosqlite.Connection, statement: str, *values) -> None:
    """Runs a statement. It is 404 if no row is changed."""
    async with db.execute(statement, values) as cursor:
        if cursor.rowcount == 0:
            raise HTTPException(404)


# Models


Id = Annotated[int, Field(ge=-(2**63), lt=2**63)]


class Note(BaseModel):
    id: int
    owner: str
    title: str
    text: str
    tags: Json[list[str]]
    changed: Annotated[str, Field(description="The time of the last change, in UTC.")]
    tenant: Annotated[str, Field(exclude=True)]


class NewNote(BaseModel):
    title: Annotated[str, Field(min_length=1, max_length=200)]
    text: str = ""


class Page(BaseModel):
    limit: Annotated[int, Field(ge=0, le=255, description="The maximum number of notes.")] = 50
    after: Annotated[Id, Field(description="The `next` of the page before.")] = 0


class Search(Page):
    q: Annotated[str, Field(description="A text in the title or the text.")] = ""
    tag: str | None = None
    owner: str | None = None


class NotePage(BaseModel):
    notes: list[Note]
    next: Annotated[int | None, Field(description="The `after` of the next page.")]


class FileEntry(BaseModel):
    id: int
    name: str
    media_type: str


class NewKey(BaseModel):
    name: str
    scopes: list[str]


class ApiKey(BaseModel):
    id: int
    name: str
    scopes: Json[list[str]]


class Ticket(BaseModel):
    ticket: str
    expires_in: int


class Change(BaseModel):
    note: int
    kind: Literal["created", "updated", "deleted", "shared"]
    # The members who may know of it, all of one tenant.
    readers: Annotated[set[str], Field(exclude=True)]


# Credentials


@dataclass(frozen=True)
class Grant:
    """What a valid credential allows."""

    subject: str
    scopes: frozenset[str]
    expires: float | None = None


@dataclass(frozen=True)
class Caller(Grant):
    tenant: str = ""


def with_implied(scopes: list[str]) -> frozenset[str]:
    return frozenset(scopes).union(*(IMPLIED_SCOPES.get(scope, []) for scope in scopes))


DEVELOPMENT_ISSUER = "https://id.notes.test"


@lru_cache
def development_key() -> ec.EllipticCurvePrivateKey:
    if settings.key is None:
        return ec.generate_private_key(ec.SECP256R1())
    return serialization.load_der_private_key(settings.key.read_bytes(), password=None)


async def print_token(db: aiosqlite.Connection) -> None:
    """Prints a token of `ada`, which is valid for an hour."""
    statement = "INSERT INTO members (subject, tenant) VALUES (?1, ?2) ON CONFLICT (subject) DO UPDATE SET tenant = ?2"
    await db.execute(statement, ("ada", "development"))
    now = int(time.time())
    claims = {"iss": DEVELOPMENT_ISSUER, "aud": settings.audience, "sub": "ada", "client_id": "development"}
    claims |= {"scope": f"{READ} {WRITE} {KEYS}", "iat": now, "exp": now + 3600, "jti": secrets.token_hex(16)}
    print(jwt.encode(claims, development_key(), algorithm="ES256", headers={"typ": "at+jwt"}), flush=True)


@lru_cache
def remote_keys(issuer: str) -> jwt.PyJWKClient:
    response = httpx.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    return jwt.PyJWKClient(response.raise_for_status().json()["jwks_uri"])


def find_key(token: str) -> jwt.PyJWK:
    """Returns the key of the issuer that the token names."""
    if not settings.issuers:
        return jwt.PyJWK.from_json(ECAlgorithm.to_jwk(development_key().public_key()))
    issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
    if issuer not in settings.issuers:
        raise jwt.InvalidIssuerError("the issuer is unknown")
    return remote_keys(issuer).get_signing_key_from_jwt(token)


def verify_token(token: str) -> Grant:
    """Verifies a token by RFC 9068."""
    decoded = jwt.decode_complete(
        token,
        find_key(token),
        algorithms=["ES256", "ES384", "RS256", "PS256", "EdDSA"],
        issuer=settings.issuers or DEVELOPMENT_ISSUER,
        audience=settings.audience,
        options={"require": ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"]},
    )
    if decoded["header"].get("typ", "").lower() not in ("at+jwt", "application/at+jwt"):
        raise jwt.InvalidTokenError("the token is no access token")
    claims = decoded["payload"]
    subject = f"{claims['iss']}#{claims['sub']}" if settings.issuers else claims["sub"]
    return Grant(subject, with_implied(claims.get("scope", "").split()), claims["exp"])


# Not async: the client of the issuer blocks.
def token_grant(
    security: SecurityScopes,
    bearer: Annotated[
        HTTPAuthorizationCredentials | None,
        Depends(HTTPBearer(scheme_name="login", bearerFormat="JWT", auto_error=False)),
    ],
) -> Grant | None:
    if bearer is None:
        return None
    try:
        return verify_token(bearer.credentials)
    except (jwt.PyJWKClientConnectionError, httpx.HTTPError):
        raise HTTPException(503, "the issuer of the token does not answer") from None
    except jwt.PyJWTError:
        challenge = f'Bearer error="invalid_token", scope="{security.scope_str}"'
        raise HTTPException(401, "the access token is not valid", {"WWW-Authenticate": challenge}) from None


async def key_grant(
    db: Db, key: Annotated[str | None, Depends(APIKeyHeader(name="X-API-Key", scheme_name="key", auto_error=False))]
) -> Grant | None:
    if key is None:
        return None
    row = await fetch_one(db, "SELECT owner, scopes FROM api_keys WHERE digest = ?", digest(key))
    if row is None:
        raise HTTPException(401, "the key is not valid", {"WWW-Authenticate": "APIKey"})
    return Grant(row["owner"], with_implied(json.loads(row["scopes"])))


def digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


class Tickets:
    """One-time credentials for clients that cannot send headers."""

    LIFETIME = 30

    def __init__(self):
        self.grants: dict[str, tuple[float, Grant]] = {}

    def issue(self, grant: Grant) -> str:
        now = time.monotonic()
        self.grants = {ticket: entry for ticket, entry in self.grants.items() if entry[0] > now}
        ticket = secrets.token_hex(32)
        self.grants[ticket] = (now + self.LIFETIME, grant)
        return ticket

    def redeem(self, ticket: str) -> Grant | None:
        expires, grant = self.grants.pop(ticket, (0, None))
        return grant if expires > time.monotonic() else None


tickets = Tickets()


async def ticket_grant(
    ticket: Annotated[str | None, Depends(APIKeyQuery(name="ticket", scheme_name="ticket", auto_error=False))],
) -> Grant | None:
    if ticket is None:
        return None
    if grant := tickets.redeem(ticket):
        return grant
    raise HTTPException(401, "the ticket is not valid", {"WWW-Authenticate": "APIKey"})


async def authorize(security: SecurityScopes, db: aiosqlite.Connection, grant: Grant | None) -> Caller:
    """Requires an active member and the scopes of the operation."""
    scope = f'scope="{security.scope_str}"'
    if grant is None:
        raise HTTPException(401, "a credential is needed", {"WWW-Authenticate": f"Bearer {scope}"})
    member = await fetch_one(db, "SELECT tenant, is_active FROM members WHERE subject = ?", grant.subject)
    if member is None:
        challenge = f'Bearer error="invalid_token", {scope}'
        raise HTTPException(401, "the user is no member", {"WWW-Authenticate": challenge})
    if not member["is_active"]:
        raise HTTPException(403, "the user may not act")
    if not grant.scopes.issuperset(security.scopes):
        challenge = f'Bearer error="insufficient_scope", {scope}'
        raise HTTPException(403, "the credential does not allow this", {"WWW-Authenticate": challenge})
    return Caller(grant.subject, grant.scopes, grant.expires, member["tenant"])


TokenGrant = Annotated[Grant | None, Depends(token_grant)]
KeyGrant = Annotated[Grant | None, Depends(key_grant)]
TicketGrant = Annotated[Grant | None, Depends(ticket_grant)]


async def get_caller(security: SecurityScopes, db: Db, token: TokenGrant, key: KeyGrant) -> Caller:
    return await authorize(security, db, token or key)


async def get_manager(security: SecurityScopes, db: Db, token: TokenGrant) -> Caller:
    return await authorize(security, db, token)


async def get_listener(security: SecurityScopes, db: Db, ticket: TicketGrant) -> Caller:
    return await authorize(security, db, ticket)


Reader = Annotated[Caller, Security(get_caller, scopes=[READ])]
Writer = Annotated[Caller, Security(get_caller, scopes=[WRITE])]
Manager = Annotated[Caller, Security(get_manager, scopes=[KEYS])]
Listener = Annotated[Caller, Depends(get_listener)]


async def readable_note(note_id: Id, caller: Annotated[Caller, Depends(get_caller)], db: Db) -> Note:
    """Loads a note that the caller owns, or that is shared with the caller."""
    statement = "SELECT * FROM readable WHERE reader = ? AND tenant = ? AND id = ?"
    row = await fetch_one(db, statement, caller.subject, caller.tenant, note_id)
    if row is None:
        raise HTTPException(404)
    return Note.model_validate(dict(row))


async def own_note(
    note: Annotated[Note, Depends(readable_note)], caller: Annotated[Caller, Depends(get_caller)]
) -> Note:
    if note.owner != caller.subject:
        raise HTTPException(404)
    return note


ReadableNote = Annotated[Note, Security(readable_note, scopes=[READ])]
OwnNote = Annotated[Note, Security(own_note, scopes=[WRITE])]
OwnNoteToRead = Annotated[Note, Security(own_note, scopes=[READ])]


# Changes as they happen


class Feed:
    def __init__(self):
        self.listeners: set[MemoryObjectSendStream[Change]] = set()

    async def publish(self, db: aiosqlite.Connection, note_id: int, tenant: str, kind: str) -> None:
        statement = "SELECT reader FROM readable WHERE id = ? AND tenant = ?"
        readers = {row["reader"] for row in await db.execute_fetchall(statement, (note_id, tenant))}
        change = Change(note=note_id, kind=kind, readers=readers)
        for listener in self.listeners.copy():
            try:
                listener.send_nowait(change)
            except anyio.WouldBlock:
                # The stream of a slow client ends.
                self.listeners.discard(listener)
                listener.close()

    async def changes(self, caller: Caller) -> AsyncIterator[Change]:
        """The changes that the caller may know of, until the credential expires."""
        listener, received = anyio.create_memory_object_stream[Change](256)
        self.listeners.add(listener)
        try:
            while True:
                async with asyncio.timeout(caller.expires and caller.expires - time.time()):
                    change = await received.receive()
                if caller.subject in change.readers:
                    yield change
        except (TimeoutError, anyio.EndOfStream):
            return
        finally:
            self.listeners.discard(listener)
            listener.close()
            received.close()


feed = Feed()


# Application


@asynccontextmanager
async def lifespan(_: FastAPI):
    async with aiosqlite.connect(settings.database, isolation_level=None) as db:
        db.row_factory = aiosqlite.Row
        await db.executescript("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;" + SCHEMA.read_text())
        if not settings.issuers:
            await print_token(db)
        yield {"db": db}


app = FastAPI(title="Notes", version="1.0.0", lifespan=lifespan, max_body_size=1024 * 1024)
one_note = APIRouter(prefix="/notes/{note_id}")


@app.get("/status", status_code=204)
async def get_status(db: Db) -> None:
    await db.execute("SELECT 1")


# Notes


async def find(db: aiosqlite.Connection, caller: Caller, search: Search, limit: int) -> list[Note]:
    statement = """
        SELECT * FROM readable WHERE reader = :reader AND tenant = :tenant AND id > :after
        AND instr(lower(title || ' ' || text), lower(:q)) > 0 AND owner = coalesce(:owner, owner)
        AND (:tag IS NULL OR EXISTS (SELECT 1 FROM json_each(tags) WHERE value = :tag)) ORDER BY id LIMIT :limit
    """
    values = {**search.model_dump(), "reader": caller.subject, "tenant": caller.tenant, "limit": limit}
    return [Note.model_validate(dict(row)) for row in await db.execute_fetchall(statement, values)]


async def find_page(db: aiosqlite.Connection, caller: Caller, search: Search) -> NotePage:
    notes = await find(db, caller, search, search.limit)
    return NotePage(notes=notes, next=notes[-1].id if notes and len(notes) == search.limit else None)


@app.get("/notes")
async def list_notes(caller: Reader, db: Db, page: Annotated[Page, Query()]) -> NotePage:
    return await find_page(db, caller, Search(**page.model_dump()))


@app.get("/search")
async def search_notes(caller: Reader, db: Db, search: Annotated[Search, Query()]) -> NotePage:
    return await find_page(db, caller, search)


@app.get("/export", response_class=Response)
async def export_notes(caller: Reader, db: Db):
    output = io.StringIO("id,owner,title,text,tags\r\n")
    output.seek(0, io.SEEK_END)
    writer = csv.writer(output, quoting=csv.QUOTE_NONNUMERIC)
    for note in await find(db, caller, Search(), -1):
        writer.writerow([note.id, note.owner, note.title, note.text, " ".join(note.tags)])
    return attachment(output.getvalue(), "text/csv", "notes.csv")


def attachment(content: str | bytes, media_type: str, name: str) -> Response:
    """A browser saves the file. It must not run a page of a user as a page of this site."""
    disposition = f"attachment; filename*=utf-8''{quote(name, safe='')}"
    headers = {"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=media_type, headers=headers)


@app.post("/notes", status_code=201)
async def create_note(caller: Writer, db: Db, new: NewNote) -> int:
    statement = "INSERT INTO notes (tenant, owner, title, text) VALUES (?, ?, ?, ?)"
    cursor = await db.execute(statement, (caller.tenant, caller.subject, new.title, new.text))
    await feed.publish(db, cursor.lastrowid, caller.tenant, "created")
    return cursor.lastrowid


@one_note.get("")
async def read_note(note: ReadableNote) -> Note:
    return note


@one_note.put("", status_code=204)
async def update_note(note: OwnNote, db: Db, new: NewNote) -> None:
    statement = "UPDATE notes SET title = ?, text = ?, changed = CURRENT_TIMESTAMP WHERE id = ?"
    await db.execute(statement, (new.title, new.text, note.id))
    await feed.publish(db, note.id, note.tenant, "updated")


@one_note.delete("", status_code=204)
async def delete_note(note: OwnNote, db: Db) -> None:
    await feed.publish(db, note.id, note.tenant, "deleted")
    await db.execute("DELETE FROM notes WHERE id = ?", (note.id,))


# What belongs to a note


@app.get("/tags")
async def list_tags(caller: Reader, db: Db) -> list[str]:
    statement = "SELECT DISTINCT value FROM readable, json_each(tags) WHERE reader = ? AND tenant = ? ORDER BY value"
    return [row["value"] for row in await db.execute_fetchall(statement, (caller.subject, caller.tenant))]


@one_note.put("/tags/{tag}", status_code=204)
async def add_tag(note: OwnNote, db: Db, tag: str) -> None:
    await db.execute("INSERT OR REPLACE INTO tags (note, tag) VALUES (?, ?)", (note.id, tag))


@one_note.delete("/tags/{tag}", status_code=204)
async def remove_tag(note: OwnNote, db: Db, tag: str) -> None:
    await change_row(db, "DELETE FROM tags WHERE note = ? AND tag = ?", note.id, tag)


@one_note.get("/readers")
async def list_readers(note: OwnNoteToRead, db: Db) -> list[str]:
    statement = "SELECT reader FROM shares WHERE note = ? ORDER BY reader"
    return [row["reader"] for row in await db.execute_fetchall(statement, (note.id,))]


@one_note.put("/readers/{reader}", status_code=204)
async def add_reader(note: OwnNote, db: Db, reader: str) -> None:
    if not await fetch_one(db, "SELECT 1 FROM members WHERE subject = ? AND tenant = ?", reader, note.tenant):
        raise HTTPException(409, "the reader is not a member of the tenant")
    await db.execute("INSERT OR REPLACE INTO shares (note, reader) VALUES (?, ?)", (note.id, reader))
    await feed.publish(db, note.id, note.tenant, "shared")


@one_note.delete("/readers/{reader}", status_code=204)
async def remove_reader(note: OwnNote, db: Db, reader: str) -> None:
    await change_row(db, "DELETE FROM shares WHERE note = ? AND reader = ?", note.id, reader)


@one_note.get("/files")
async def list_files(note: ReadableNote, db: Db) -> list[FileEntry]:
    statement = "SELECT id, name, media_type FROM files WHERE note = ? ORDER BY id"
    return [FileEntry(**row) for row in await db.execute_fetchall(statement, (note.id,))]


@one_note.post("/files", status_code=201, max_body_size=FORM_LIMIT)
async def upload_file(note: OwnNote, db: Db, file: UploadFile) -> int:
    if file.size > FILE_LIMIT:
        raise HTTPException(413, "the file is too large")
    statement = "INSERT INTO files (note, name, media_type, content) VALUES (?, ?, ?, ?)"
    media_type = file.content_type or "application/octet-stream"
    cursor = await db.execute(statement, (note.id, file.filename, media_type, await file.read()))
    return cursor.lastrowid


@one_note.get("/files/{file_id}", response_class=Response)
async def download_file(note: ReadableNote, db: Db, file_id: Id):
    statement = "SELECT name, media_type, content FROM files WHERE note = ? AND id = ?"
    file = await fetch_one(db, statement, note.id, file_id)
    if file is None:
        raise HTTPException(404)
    return attachment(file["content"], file["media_type"], file["name"])


@one_note.delete("/files/{file_id}", status_code=204)
async def delete_file(note: OwnNote, db: Db, file_id: Id) -> None:
    await change_row(db, "DELETE FROM files WHERE note = ? AND id = ?", note.id, file_id)


# Changes


@app.get("/events", response_class=EventSourceResponse)
async def stream_events(caller: Reader) -> AsyncIterator[Change]:
    async for change in feed.changes(caller):
        yield change


@app.post("/tickets")
async def issue_ticket(caller: Reader) -> Ticket:
    return Ticket(ticket=tickets.issue(caller), expires_in=Tickets.LIFETIME)


@app.websocket("/feed")
async def send_feed(socket: WebSocket, caller: Listener):
    async def watch_client():
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass
        tasks.cancel_scope.cancel()

    await socket.accept()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch_client)
        with suppress(WebSocketDisconnect):
            async for change in feed.changes(caller):
                await socket.send_text(change.model_dump_json())
            await socket.close()
        tasks.cancel_scope.cancel()


# Keys of machines


@app.get("/keys")
async def list_keys(caller: Manager, db: Db) -> list[ApiKey]:
    statement = "SELECT id, name, scopes FROM api_keys WHERE owner = ? ORDER BY id"
    return [ApiKey(**row) for row in await db.execute_fetchall(statement, (caller.subject,))]


@app.post("/keys", status_code=201)
async def create_key(caller: Manager, db: Db, new: NewKey) -> str:
    """Answers with the key. It is in no other response, and the table has its digest only."""
    if not caller.scopes.issuperset(new.scopes):
        raise HTTPException(403, "a key has only scopes of its creator")
    key = secrets.token_urlsafe(32)
    statement = "INSERT INTO api_keys (owner, name, scopes, digest) VALUES (?, ?, ?, ?)"
    await db.execute(statement, (caller.subject, new.name, json.dumps(new.scopes), digest(key)))
    return key


@app.delete("/keys/{key_id}", status_code=204)
async def revoke_key(caller: Manager, db: Db, key_id: Id) -> None:
    await change_row(db, "DELETE FROM api_keys WHERE id = ? AND owner = ?", key_id, caller.subject)


app.include_router(one_note)


if __name__ == "__main__":
    host, _, port = settings.listen.rpartition(":")
    uvicorn.run(app, host=host, port=int(port), timeout_graceful_shutdown=5)
