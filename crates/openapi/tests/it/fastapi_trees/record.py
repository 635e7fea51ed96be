"""Ask FastAPI about dependency trees: which function sees which scopes, in which order, and the `security` it writes.

    python3 -m venv venv && venv/bin/pip install fastapi==0.165.0
    venv/bin/python record.py --random 1000 --seed 7 --output trees.json     random trees
    venv/bin/python record.py --trees FILE --output trees.json               the trees of FILE, asked anew

The test beside it reads such files: `SCOPEGATE_TREES=FILE cargo test -p scopegate-openapi --test it fastapi_trees -- --nocapture`.

A tree
------
schemes    name -> kind: oauth2, openid, http (bearer), basic, apikey, apikey-query, apikey-cookie
nodes      name -> {takes_scopes, deps: [edge]}; a function, which takes `SecurityScopes` or not
route      app, router, decorator, params -> [edge]
edge       to (a node or a scheme), scopes, security (`Security(..)`, else `Depends(..)`), use_cache
expect     calls: [name, scopes or null] in the order of calls; security: what stands in the document

Only the standard library and FastAPI are used; the request goes to the application without a server.
"""

import argparse
import asyncio
import inspect
import json
import random

import fastapi
from fastapi import APIRouter, Depends, FastAPI, Security
from fastapi.security import (
    APIKeyCookie,
    APIKeyHeader,
    APIKeyQuery,
    HTTPBasic,
    HTTPBearer,
    OAuth2PasswordBearer,
    OpenIdConnect,
    SecurityScopes,
)

PLACES = ("app", "router", "decorator", "params")
KINDS = {
    "oauth2": lambda name: OAuth2PasswordBearer(tokenUrl="token", scheme_name=name),
    "openid": lambda name: OpenIdConnect(openIdConnectUrl="/openid", scheme_name=name),
    "http": lambda name: HTTPBearer(scheme_name=name),
    "basic": lambda name: HTTPBasic(scheme_name=name),
    "apikey": lambda name: APIKeyHeader(name="x-key", scheme_name=name),
    "apikey-query": lambda name: APIKeyQuery(name="key", scheme_name=name),
    "apikey-cookie": lambda name: APIKeyCookie(name="key", scheme_name=name),
}
# What FastAPI calls a scheme that is given no name.
NAMES = {
    "oauth2": "OAuth2PasswordBearer",
    "openid": "OpenIdConnect",
    "http": "HTTPBearer",
    "basic": "HTTPBasic",
    "apikey": "APIKeyHeader",
    "apikey-query": "APIKeyQuery",
    "apikey-cookie": "APIKeyCookie",
}


class Asked:
    """One tree as an application."""

    def __init__(self, tree):
        self.tree = tree
        self.calls = []
        self.made = {name: KINDS[kind](name) for name, kind in tree["schemes"].items()}
        self.app = FastAPI(dependencies=self.markers("app"))
        router = APIRouter(dependencies=self.markers("router"))
        endpoint = self.function(tree["route"]["params"], False, lambda scopes: {})
        router.get("/", dependencies=self.markers("decorator"))(endpoint)
        self.app.include_router(router)

    def marker(self, edge):
        to = self.target(edge["to"])
        if edge["security"]:
            return Security(to, scopes=edge["scopes"], use_cache=edge["use_cache"])
        return Depends(to, use_cache=edge["use_cache"])

    def markers(self, place):
        return [self.marker(edge) for edge in self.tree["route"][place]]

    def target(self, name):
        if name not in self.made:
            node = self.tree["nodes"][name]
            note = lambda scopes: self.calls.append([name, scopes])
            self.made[name] = self.function(node["deps"], node["takes_scopes"], note)
        return self.made[name]

    def function(self, edges, takes_scopes, body):
        """A coroutine function whose parameters are these edges."""
        kind = inspect.Parameter.KEYWORD_ONLY
        parameters = [
            inspect.Parameter(f"p{number}", kind, default=self.marker(edge)) for number, edge in enumerate(edges)
        ]
        if takes_scopes:
            parameters.append(inspect.Parameter("security_scopes", kind, annotation=SecurityScopes))

        async def called(**values):
            return body(list(values["security_scopes"].scopes) if takes_scopes else None)

        called.__signature__ = inspect.Signature(parameters)
        return called

    def request(self):
        """`GET /` with a credential for each scheme."""
        bearer = not {"oauth2", "http"}.isdisjoint(self.tree["schemes"].values())
        authorization = b"Bearer t" if bearer else b"Basic dTpw"
        headers = [(b"authorization", authorization), (b"x-key", b"k"), (b"cookie", b"key=k")]
        status = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            if message["type"] == "http.response.start":
                status.append(message["status"])

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"key=k",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        asyncio.run(self.app(scope, receive, send))
        assert status == [200], (status, self.tree)

    def answer(self):
        self.request()
        operation = self.app.openapi()["paths"]["/"]["get"]
        return {"calls": self.calls, "security": operation.get("security", [])}


class Random:
    """Random trees. Sizes vary from tree to tree, so that both small and tangled ones come up."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def tree(self):
        pick = self.random
        schemes = self.schemes()
        self.scopes = ["a", "b", "c", "me", "items", "d:read", "d:write"][: pick.randint(1, 7)]
        self.edges_at_most = pick.choice((1, 2, 2, 3, 4))
        self.cached = pick.choice((0.5, 0.8, 1.0))
        self.scoped = pick.choice((0.3, 0.6, 0.9))
        names = [f"f{number}" for number in range(pick.choice((0, 1, 2, 3, 4, 5, 6, 8, 10)))]
        nodes = {}
        for number, name in enumerate(names):
            # A function depends on those before it, mostly on near ones, so that some trees are deep.
            below = names[max(0, number - pick.choice((1, 2, 3, 10))) : number]
            edges = self.edges(below, schemes, 0 if pick.random() < 0.1 else 1)
            nodes[name] = {"takes_scopes": pick.random() < 0.5, "deps": edges}
        route = {place: [] for place in PLACES}
        for place in PLACES:
            if pick.random() < (0.85 if place == "params" else 0.4):
                # Mostly the last functions, on which none depends yet.
                route[place] = self.edges(names[-pick.choice((1, 2, 3, 10)) :], schemes, 1)
        return {"schemes": schemes, "nodes": nodes, "route": route}

    def schemes(self):
        pick = self.random
        count = pick.choice((1, 1, 1, 2, 2, 3, 4))
        schemes = {}
        for number in range(count):
            kind = pick.choice(("oauth2", "oauth2", "oauth2", "http", "apikey", "openid", "apikey-query", "apikey-cookie", "basic"))
            if number == 0 and pick.random() < 0.8:
                kind = "oauth2"
            name = NAMES[kind] if NAMES[kind] not in schemes else f"Second{NAMES[kind]}{number}"
            # One request cannot carry both a bearer token and a password.
            kinds = set(schemes.values()) | {kind}
            if "basic" in kinds and not kinds.isdisjoint({"oauth2", "http"}):
                continue
            schemes[name] = kind
        return schemes

    def edges(self, names, schemes, least):
        return [self.edge(names, schemes) for _ in range(self.random.randint(least, max(least, self.edges_at_most)))]

    def edge(self, names, schemes):
        pick = self.random
        to = pick.choice(list(schemes)) if not names or pick.random() < 0.25 else pick.choice(names)
        scopes = []
        if pick.random() < self.scoped:
            scopes = [pick.choice(self.scopes) for _ in range(pick.choice((0, 1, 1, 2, 2, 3)))]
        security = bool(scopes) or pick.random() < 0.2
        return {"to": to, "scopes": scopes, "security": security, "use_cache": pick.random() < self.cached}


def size(tree):
    """How many paths lead through a tree: FastAPI walks each."""
    nodes = tree["nodes"]
    paths = {}
    for name in nodes:
        paths[name] = 1 + sum(paths.get(edge["to"], 1) for edge in nodes[name]["deps"])
    return sum(paths.get(edge["to"], 1) for place in PLACES for edge in tree["route"][place])


def random_trees(count, seed):
    source = Random(seed)
    trees = []
    while len(trees) < count:
        tree = source.tree()
        if size(tree) <= 400:
            trees.append(tree)
    return trees


def main():
    parser = argparse.ArgumentParser()
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--random", type=int, metavar="COUNT")
    source.add_argument("--trees", metavar="FILE")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", required=True)
    arguments = parser.parse_args()
    if arguments.trees:
        with open(arguments.trees) as file:
            trees = json.load(file)["cases"]
    else:
        trees = random_trees(arguments.random, arguments.seed)
    cases = []
    for tree in trees:
        tree["expect"] = Asked(tree).answer()
        cases.append(json.dumps(tree, separators=(",", ":")))
    with open(arguments.output, "w") as file:
        file.write(f'{{"fastapi":"{fastapi.__version__}","cases":[\n' + ",\n".join(cases) + "\n]}\n")


main()
