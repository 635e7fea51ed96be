"""What tokens for machines cost: our server, bare hyper, raw cryptography, and npm's oidc-provider, in turn.

    python3 benches/http/machine_tokens.py [CASE ..] [--connections 8] [--rounds 31] [--seconds 0.2] [--skip-build] [--without-provider]

Builds the release programs, and installs the provider of crates/http/tests/it/issuers under the target directory (needs node and
npm). For each case the same client loads our server, a bare hyper server that gives the bytes of our answer, and the provider, in
turn, round after round, on the loopback address. Printed are medians over the rounds: requests per second, microseconds of the
server's CPU per request (all its threads, from /proc), and the median time to an answer. Ratios of the CPU are taken within each
round. Raw signatures and verifications are of ring alone (benches/http/raw.rs), also in each round. Each limit is next to its figure.

    token    POST /token, `client_credentials`: an access token of ES256 for a client that was seen before. The provider issues a JWT
             of ES256 for a resource
    known    POST /introspect about a token that was seen before. The provider answers about an opaque token in its memory
    new      the same about another token in each request. Our server signed it before, and compares its digest. The number of
             requests bounds a load
    restart  the same after a restart of our server, so that it verifies the signature of each

The settings of our server are the defaults, with a SQLite file. The clients share the machine with the servers. A load ends after
its time; the number of rounds bounds the run. Linux and the standard library only.
"""

import argparse
import base64
import contextlib
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile

import load

ISSUERS = load.ROOT / "crates/http/tests/it/issuers"
CASES = ("token", "known", "new", "restart")
RAW_COUNT = 200
MOST_REQUESTS = load.MOST_REQUESTS
AUDIENCE = "https://api.example/items"
# Requests of a load about new tokens. Each token is asked about once. Our server remembers the digests of 16,384 tokens.
NEW_COUNT = 400
# Seconds of load before the rounds, twice, in which node compiles. It closes a connection that is idle for 5 s.
WARM_UP = 1.5
# The most that our CPU may be in times of the provider's.
MOST_OF_PROVIDER = 1 / 3


class Server(load.Server):
    """A process whose environment has none of our variables."""

    def __init__(self, arguments, given=b"", directory=None, keep_input=False):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SCOPEGATE_")}
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        env=environment, cwd=directory)
        self.process.stdin.write(given)
        if not keep_input:
            self.process.stdin.close()
        line = self.process.stdout.readline().decode()
        address = json.loads(line)["issuer"] if line.startswith("{") else line.split()[-1]
        self.address = address.removeprefix("http://")


class Raw:
    """ring alone."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def microseconds(self, operation):
        """CPU of one operation."""
        self.process.stdin.write(f"{operation} {RAW_COUNT}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def posting(address, path, client, secret, form):
    """A request with the credentials of a client."""
    pair = base64.b64encode(f"{client}:{secret}".encode()).decode()
    return (f"POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Basic {pair}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n{form}")


def answers_of(address, request, count=1):
    """The JSON of the answers to a request that is repeated on one connection."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as connection:
        stream = connection.makefile("rb")
        for _ in range(count):
            connection.sendall(request.encode())
            head = [line.lower() for line in iter(stream.readline, b"\r\n")]
            length = next(int(line.split()[1]) for line in head if line.startswith(b"content-length:"))
            yield json.loads(stream.read(length))


class Client(load.Client):
    """Connections to one server, with a number of requests for each load."""

    def __init__(self, program, server, connections, request, count):
        super().__init__(program, server, connections, request)
        self.count = count

    def load(self, seconds):
        load.MOST_REQUESTS = self.count
        return super().load(seconds)


def configuration(folder, case):
    """The settings of our server: a database, and one resource with two scopes."""
    flow = {"tokenUrl": "token", "scopes": {"me": "Read the account.", "items": "Read the items."}}
    schemes = {"oauth": {"type": "oauth2", "flows": {"clientCredentials": flow}}}
    paths = {f"/{name}": {"get": {"security": [{"oauth": [name]}]}} for name in flow["scopes"]}
    document = {"openapi": "3.1.0", "info": {"title": "Items", "version": "1"}, "components": {"securitySchemes": schemes}, "paths": paths}
    pathlib.Path(folder, "items.json").write_text(json.dumps(document), encoding="utf-8")
    config = pathlib.Path(folder, f"{case}.toml")
    config.write_text(f'database = "sqlite:{folder}/{case}.db"\n[[resources]]\naudience = "{AUDIENCE}"\ndocument = "items.json"\n',
                      encoding="utf-8")
    return config


def ours(program, case, folder, options, stack):
    """Our server, and the requests of this case."""
    config, secrets = configuration(folder, case), {}
    for client, flags in (("service", ["--grant", "client_credentials", "--scope", "me items"]), ("api", ["--introspect"])):
        command = [program, "client", "add", client, "--id", client, "--confidential", "--resource", AUDIENCE, "--config", config]
        added = subprocess.run([*command, "--format", "json", *flags], check=True, capture_output=True)
        secrets[client] = json.loads(added.stdout)["client_secret"]
    command = [program, "serve", "--listen", "127.0.0.1:0", "--config", config]

    def asking(server):
        return posting(server.address, "/token", "service", secrets["service"], "grant_type=client_credentials&scope=items")

    tokens = []
    if case == "restart":
        with Server(command) as server:
            tokens = tokens_of(server, asking(server), token_count(case, options))
        # The issuer of the tokens has the port.
        command[command.index("--listen") + 1] = server.address
    server = stack.enter_context(Server(command))
    return server, questions(server, case, asking(server),
                             lambda form: posting(server.address, "/introspect", "api", secrets["api"], form), options, tokens)


def provider(folder, case, options, stack):
    """The provider, and the requests of this case."""
    # It ends with its input.
    server = stack.enter_context(Server(["node", ISSUERS / "provider.mjs", "0"], directory=folder, keep_input=True))
    resource = "https://api.example/jwt" if case == "token" else "https://api.example/opaque"
    form = f"grant_type=client_credentials&scope=reports:read&resource={resource}"
    asking = posting(server.address, "/token", "machine", "secret+of+machine", form)
    # Its memory holds 1,000 tokens, so it answers about one.
    return server, questions(server, "known" if case == "new" else case, asking,
                             lambda form: posting(server.address, "/token/introspection", "api", "secret+of+api", form), options)


def token_count(case, options):
    """The number of tokens of a case, with one that is not measured."""
    if case == "known":
        return 2
    return 1 + sum(options.connections) + len(options.connections) * NEW_COUNT * (options.rounds + 2)


def tokens_of(server, asking, count):
    """New tokens of a server."""
    return [answer["access_token"] for answer in answers_of(server.address, asking, count)]


def questions(server, case, asking, about, options, tokens=()):
    """The requests of a case: one, or one for each token. The answer about a token is checked once."""
    if case == "token":
        return [asking]
    tokens = tokens or tokens_of(server, asking, token_count(case, options))
    *requests, first = [about(f"token={token}") for token in tokens]
    if not next(answers_of(server.address, first))["active"]:
        raise SystemExit(f"{server.address} does not know its token")
    return requests


def installed(target):
    """The folder of the provider's packages, as the lock file pins them."""
    folder = target / "machine-tokens"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ISSUERS / name, folder / name)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True)
    return folder


def busy():
    """The cores that other processes use, by the load of the last minute."""
    return os.getloadavg()[0]


def measure(programs, case, connections, options, lanes):
    """The rounds: for each lane its figures, and the raw operations of the round."""
    with contextlib.ExitStack() as stack:
        raw = stack.enter_context(Raw(programs["raw"]))
        clients = []
        for server, requests in lanes:
            file = stack.enter_context(tempfile.NamedTemporaryFile("w", suffix=".requests"))
            file.write("\0".join(requests))
            file.flush()
            count = NEW_COUNT if len(requests) > 1 else MOST_REQUESTS
            clients.append(stack.enter_context(Client(programs["client"], server, connections, f"@{file.name}", count)))
        for client in clients + clients:
            client.load(WARM_UP)
        operation = "sign" if case == "token" else "verify"
        return [([client.load(options.seconds) for client in clients], raw.microseconds(operation))
                for _ in range(options.rounds)]


def within(value, limit):
    """A value next to its limit."""
    return f"{value:.2f} (limit {limit:.2f}: {'within' if value <= limit else 'OVER'})"


def show(case, connections, rounds):
    """A row for each lane, and a line of ratios."""
    def median(of):
        return statistics.median(of(entry) for entry in rounds)

    names = ["ours", "bare hyper", "oidc-provider"]
    print(f"\n| {case}, {connections} connections | requests a second | CPU of a request | p50 |\n|---|---|---|---|")
    for number, name in enumerate(names[:len(rounds[0][0])]):
        rate, cpu, middle = (median(lambda entry, column=column: entry[0][number][column]) for column in range(3))
        print(f"| {name} | {rate:.0f} | {cpu:.1f} us | {middle:.0f} us |")
    print(f"| ring alone | | {median(lambda entry: entry[1]):.1f} us | |\n")

    def cpu(entry, lane):
        return entry[0][lane][1]

    if case == "token":
        print(f"ours / (bare hyper + signature): {within(median(lambda e: cpu(e, 0) / (cpu(e, 1) + e[1])), 2.5)}")
        print(f"ours in ms: {within(median(lambda e: cpu(e, 0) / 1000), 0.10)}")
    elif case == "known":
        print(f"ours / bare hyper: {within(median(lambda e: cpu(e, 0) / cpu(e, 1)), 3.0)}")
    else:
        print(f"ours / (bare hyper + verification): {within(median(lambda e: cpu(e, 0) / (cpu(e, 1) + e[1])), 2.0)}")
    if len(rounds[0][0]) > 2:
        print(f"ours / oidc-provider: {within(median(lambda e: cpu(e, 0) / cpu(e, 2)), MOST_OF_PROVIDER)}", flush=True)


def main():
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("cases", nargs="*", metavar="CASE", help="all where none is named")
    arguments.add_argument("--connections", type=int, nargs="+", default=[8])
    arguments.add_argument("--rounds", type=int, default=31)
    arguments.add_argument("--seconds", type=float, default=0.2, help="of one load")
    arguments.add_argument("--skip-build", action="store_true", help="take the programs that are there")
    arguments.add_argument("--without-provider", action="store_true", help="leave out the provider of npm")
    options = arguments.parse_args()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", load.ROOT / "target"))
    programs = load.programs_in(target / "release", not options.skip_build)
    programs["raw"] = target / "release/examples/raw"
    packages = None if options.without_provider else installed(target)
    print(f"load of the machine before: {busy():.1f} on {os.cpu_count()} cores")
    for case in options.cases or CASES:
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            server, requests = ours(programs["scopegate"], case, folder, options, stack)
            bare = stack.enter_context(Server([programs["bare"]], load.answer_of(server.address, requests[-1])))
            lanes = [(bare, requests[:1])]
            # The memory of the provider ends with its process.
            if packages and case != "restart":
                lanes.append(provider(packages, case, options, stack))
            share = max(1, len(requests) // len(options.connections))
            for number, connections in enumerate(options.connections):
                own = requests[number * share:(number + 1) * share] or requests
                show(case, connections, measure(programs, case, connections, options, [(server, own), *lanes]))
    print(f"\nload of the machine after: {busy():.1f}")


if __name__ == "__main__":
    main()
