"""What logins, consents and refresh tokens cost: our server beside bare hyper and single commits, in turn.

    python3 benches/http/people.py [CASE ..] [--rounds 31] [--seconds 0.3] [--folder .] [--skip-build]

Builds the release programs. Printed are medians over the rounds; ratios are taken within each round. CPU is that of all threads of
the server, from /proc. A folder in memory (/dev/shm) has no disk, so there the CPU of a change is without the wait for a commit.
Statements and commits are counted by the metrics of the server. Each limit is next to its figure.

    refresh  a refresh and the redemption of a code, in memory; bare hyper gives the bytes of the same answer
    commits  refreshes with 64 connections, on a disk; beside them, commits of one such row each by the same driver
    pages    the login page and the consent page of 20 scopes and 300 operations
    forged   refresh tokens with a wrong MAC, as fast as 64 connections send them

Linux and the standard library only. The clients share the machine with the servers.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.parse

import load
from machine_tokens import Raw, posting, within

ISSUER = "https://id.example"
AUDIENCE = "https://api.example/items"
REDIRECT = "https://web.example/cb"
PASSWORD = "correct horse battery"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
SCOPES = [f"items:{number:02}" for number in range(20)]
OPERATIONS = 300
GRANTS = ["--grant", "authorization_code", "--grant", "refresh_token"]
KIB = 1024


def document():
    """An API with all scopes, whose operations require one each."""
    flow = {"authorizationUrl": "authorize", "tokenUrl": "token", "scopes": {name: f"Use part {name} of the items." for name in SCOPES}}
    paths = {}
    for number in range(OPERATIONS):
        operation = {"summary": f"Handles part {number} of an item", "security": [{"oauth": [SCOPES[number % len(SCOPES)]]}]}
        paths[f"/parts/{number}"] = {("get", "post", "delete")[number % 3]: operation}
    schemes = {"oauth": {"type": "oauth2", "flows": {"authorizationCode": flow}}}
    return {"openapi": "3.1.0", "info": {"title": "Items", "version": "1"}, "components": {"securitySchemes": schemes}, "paths": paths}


def environment():
    """The environment without our variables."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SCOPEGATE_")}


class Server(load.Server):
    """A server with an admin listener."""

    def __init__(self, arguments):
        begin = time.perf_counter()
        listen = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]
        self.process = subprocess.Popen([*map(str, arguments), *listen], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, env=environment(), text=True)
        addresses = []
        while len(addresses) < 2:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit(f"{arguments[0]} does not listen")
            addresses += re.findall(r"http://([0-9.:]+)", line)[:1]
            if len(addresses) == 1:
                self.started_in = time.perf_counter() - begin
        self.address, self.admin = addresses
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def metrics(self):
        """All samples, by their names with labels."""
        connection = http.client.HTTPConnection(self.admin)
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        samples = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return collections.Counter({name: float(value) for name, value in samples})

    def counted(self):
        """The number of commits, and the calls of each method of the store."""
        samples = self.metrics()
        calls = {re.search('method="([^"]*)"', name).group(1): value for name, value in samples.items()
                 if name.startswith("scopegate_store_duration_seconds_count")}
        return collections.Counter({"commits": samples["scopegate_store_commits_total"]} | calls)

    def wait_for_cleanup(self):
        """Waits for the end of the first pass of the cleanup, which counts the rows last."""
        while 'scopegate_rows{table="users"}' not in self.metrics():
            time.sleep(0.5)

    def memory(self):
        """Resident MiB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / KIB


def usual(calls):
    """Calls of the store without those of the tasks that run beside requests."""
    beside = ("news.", "ping", "count_rows", "delete_expired", "audit.", "signing_keys.", "sealed_secrets.")
    return {name: int(value) for name, value in calls.items() if value and not name.startswith(beside)}


class Browser:
    """A browser without script. `source` is its own address, if it matters."""

    def __init__(self, address, source=None):
        self.cookies = {}
        self.address = address
        self.source = source and (source, 0)

    def send(self, method, path, fields=None):
        """The status, the location and the text of an answer."""
        connection = http.client.HTTPConnection(self.address, source_address=self.source)
        headers = {"Sec-Fetch-Site": "same-origin"}
        if self.cookies:
            headers["Cookie"] = self.cookie()
        if fields is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, None if fields is None else urllib.parse.urlencode(fields), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        for given in answer.headers.get_all("set-cookie") or []:
            name, value = given.split("; ")[0].split("=", 1)
            self.cookies[name] = value
        connection.close()
        return answer.status, answer.headers.get("location"), text

    def cookie(self):
        """The header of all cookies."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def follow(self, answer):
        """Follows redirects within the site."""
        while answer[1] and answer[1].startswith("/"):
            answer = self.send("GET", answer[1])
        return answer

    def log_in(self, page, name, password=PASSWORD):
        """Fills in the login page."""
        fields = {"flow": flow_of(page), "username": name, "password": password}
        return self.follow(self.send("POST", "/login", fields))

    def code(self, query, name):
        """A code, after all pages that are needed."""
        answer = self.send("GET", f"/authorize?{query}")
        for _ in range(3):
            status, location, page = answer
            if location:
                return urllib.parse.parse_qs(urllib.parse.urlsplit(location).query)["code"][0]
            if 'action="/login"' in page:
                answer = self.log_in(page, name)
            else:
                fields = [("flow", flow_of(page)), ("decision", "allow")]
                fields += [("scope", scope) for scope in re.findall('name="scope" value="([^"]*)"', page)]
                answer = self.follow(self.send("POST", "/consent", fields))
        raise SystemExit(f"no code: {status} {page[:500]}")


def log_in_at_account(browser, name, password=PASSWORD):
    """Logs in at the account page. Returns the status and the text of the answer."""
    page = browser.send("GET", "/account")[2]
    fields = dict(re.findall('<input type="hidden" name="([^"]*)" value="([^"]*)"', page))
    answer = browser.follow(browser.send("POST", "/account/login", fields | {"username": name, "password": password}))
    return answer[0], answer[2]


def flow_of(page):
    """The sealed request in a page."""
    return re.search('name="flow" value="([^"]*)"', page).group(1)


def query(client, scope="items:00 items:01"):
    """The query of a request for a code."""
    return urllib.parse.urlencode({
        "response_type": "code", "client_id": client, "redirect_uri": REDIRECT, "scope": scope, "state": "a state",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256"})


class Site:
    """A folder with a database, users and clients, and its server."""

    def __init__(self, programs, parent, users=1, clients=1):
        self.programs = programs
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=parent, prefix="people-"))
        self.database = self.folder / "a.db"
        self.config = self.folder / "scopegate.toml"
        (self.folder / "items.json").write_text(json.dumps(document()), encoding="utf-8")
        self.config.write_text(f'database = "sqlite:{self.database}"\nissuer = "{ISSUER}"\n[[resources]]\naudience = "{AUDIENCE}"\n'
                               'document = "items.json"\n', encoding="utf-8")
        self.users = [f"user{number}" for number in range(users)]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda name: self.run("user", "add", name, "--scope", " ".join(SCOPES), "--password-stdin"), self.users))
        self.secrets = {}
        for number in range(clients):
            name, options = f"web{number}", ["--confidential", "--introspect", "--scope", " ".join(SCOPES)]
            added = self.run("client", "add", name, "--id", name, *GRANTS, *options, "--redirect-uri", REDIRECT, "--resource", AUDIENCE,
                             "--format", "json")
            self.secrets[name] = json.loads(added)["client_secret"]
        self.server = None

    def run(self, *arguments):
        """The output of a command."""
        command = [self.programs["scopegate"], *arguments, "--config", self.config]
        return subprocess.run(command, check=True, capture_output=True, input=PASSWORD, text=True, env=environment()).stdout

    def start(self, *options):
        """Starts the server."""
        self.server = Server([self.programs["scopegate"], "serve", "--config", self.config, "--log-level", "warn", "--idle-timeout", "1h",
                              *options])
        return self.server

    def stop(self):
        """Ends the server in order."""
        self.server.process.terminate()
        self.server.process.wait()
        self.server = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.server:
            self.server.__exit__()
        shutil.rmtree(self.folder)

    def post(self, path, client, form):
        """A request of a client."""
        return posting(self.server.address, path, client, self.secrets[client], urllib.parse.urlencode(form))

    def redemption(self, client, code):
        """The request that redeems a code."""
        return self.post("/token", client, {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT,
                                            "code_verifier": VERIFIER})

    def refresh(self, client, token):
        """The request of a refresh."""
        return self.post("/token", client, {"grant_type": "refresh_token", "refresh_token": token})

    def tokens(self, client, code):
        """The tokens of a code."""
        return json.loads(load.answer_of(self.server.address, self.redemption(client, code)).split(b"\r\n\r\n", 1)[1])

    def browsers(self):
        """A browser for each user, which is logged in and has agreed once."""
        browsers = [Browser(self.server.address) for _ in self.users]
        for browser, name in zip(browsers, self.users):
            browser.code(query("web0"), name)
        return browsers

    def sql(self, *statements):
        """Changes the database while no server runs."""
        database = sqlite3.connect(self.database, isolation_level=None)
        for statement, *values in statements:
            database.execute(statement, values)
        database.close()

    def presented(self, count):
        """New refresh tokens of random families, each with its client."""
        command = [self.programs["families"], "tokens", self.database, f"{self.database}.kek", str(count)]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        return [line.split(" ") for line in lines]


@contextlib.contextmanager
def client(programs, server, connections, requests, status=200):
    """A client that sends these requests."""
    with tempfile.NamedTemporaryFile("w", suffix=".requests") as file:
        file.write("\0".join(requests))
        file.flush()
        with load.Client(programs["client"], server, connections, f"@{file.name}", status) as loading:
            yield loading


def median(rounds, of):
    """The median of a figure over the rounds."""
    return statistics.median(of(entry) for entry in rounds)


def show_busy(when):
    """Prints the load of the machine."""
    print(f"load of the machine {when}: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)


def bare(programs, address, request):
    """A bare hyper server that gives the same answer."""
    return load.Server([programs["bare"]], load.answer_of(address, request))


class Single:
    """Single commits of rows of families, by the same driver, in a copy of a database without a server."""

    def __init__(self, site):
        path = site.folder / "single.db"
        shutil.copy(site.database, path)
        self.process = subprocess.Popen([site.programs["families"], "commit", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def load(self, seconds):
        """Commits a second, CPU of one, CPU of the same change without a commit of its own, p50."""
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        count, took, *rest = map(float, self.process.stdout.readline().split())
        return count / took, *rest

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


# refresh


def measure_refresh(options):
    """A refresh and the redemption of a code."""
    # A user keeps 20 families at a client: one of the first login, and these.
    each, group = 19, 4
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(Site(options.programs, "/dev/shm", users=options.rounds * group + 9))
        site.start()
        site.tokens("web0", Browser(site.server.address).code(query("web0"), site.users[-1]))
        site.stop()
        single = stack.enter_context(Single(site))
        server = site.start("--hashing-slots", "2")
        raw = stack.enter_context(Raw(options.programs["raw"]))
        browsers = site.browsers()
        server.wait_for_cleanup()
        tokens = [site.tokens("web0", browser.code(query("web0"), ""))["refresh_token"] for browser in browsers[:9]]
        requests = [site.refresh("web0", token) for token in tokens]
        answer = stack.enter_context(bare(options.programs, server.address, requests.pop()))
        ours = stack.enter_context(client(options.programs, server, 8, requests))
        theirs = stack.enter_context(client(options.programs, answer, 8, requests))
        for lane in (ours, theirs, ours, theirs):
            lane.load(options.seconds)
        rounds = []
        for number in range(options.rounds):
            committed = single.load(options.seconds / 2)
            commit = committed[1] - committed[2]
            refreshed = without(server, commit, "families.rotate", lambda: ours.load(options.seconds)[1])
            redeemed = redeem(options, site, commit, browsers[9 + number * group:][:group], each)
            rounds.append((refreshed, redeemed, theirs.load(options.seconds)[1], raw.microseconds("sign"), commit))
        show_refresh(rounds)
        one_by_one(site, browsers)


def without(server, commit, method, measure):
    """The CPU of a request, and the same without the commits that were made meanwhile."""
    before = server.counted()
    cpu = measure()
    calls = server.counted() - before
    return cpu, cpu - commit * calls["commits"] / calls[method]


def redeem(options, site, commit, browsers, each):
    """The CPU of the redemption of a code, without and with commits."""
    codes = [browser.code(query("web0"), "") for _ in range(each) for browser in browsers]
    with client(options.programs, site.server, 8, [site.redemption("web0", code) for code in codes]) as redeeming:
        # Each connection has sent its first one.
        load.MOST_REQUESTS, before = (len(codes) // 8 - 1) * 8, load.MOST_REQUESTS
        try:
            return without(site.server, commit, "codes.redeem", lambda: redeeming.load(10)[1])
        finally:
            load.MOST_REQUESTS = before


def show_refresh(rounds):
    """The CPU of both."""
    hyper, sign, commit = (median(rounds, lambda entry: entry[column]) for column in (2, 3, 4))
    print(f"bare hyper {hyper:.1f} us; signature of ring {sign:.1f} us; a commit {commit:.1f} us")
    for lane, (name, limit) in enumerate((("refresh", 0.20), ("code to tokens", 0.25))):
        ratio = median(rounds, lambda entry: entry[lane][1] / (entry[2] + entry[3]))
        print(f"{name}: {within(median(rounds, lambda entry: entry[lane][1]) / 1000, limit)} ms of CPU without commit, "
              f"{median(rounds, lambda entry: entry[lane][0]) / 1000:.2f} ms with it; {ratio:.2f} times (bare hyper + signature)", flush=True)


def one_by_one(site, browsers):
    """Counts transactions of requests that follow each other."""
    server = site.server
    for name in ("refresh", "code to tokens"):
        requests = [site.redemption("web0", browser.code(query("web0"), "")) for browser in browsers[:20]]
        if name == "refresh":
            issued = [json.loads(load.answer_of(server.address, request).split(b"\r\n\r\n", 1)[1]) for request in requests]
            requests = [site.refresh("web0", tokens["refresh_token"]) for tokens in issued]
        before = server.counted()
        for request in requests:
            if not load.answer_of(server.address, request).startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"{name} failed")
        calls = server.counted() - before
        print(f"{name}: {within(calls['commits'] / len(requests), 1)} transactions; calls of the store for {len(requests)}: {usual(calls)}")


# commits


def measure_commits(options):
    """Refreshes with 64 connections beside single commits."""
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(Site(options.programs, options.folder, users=4))
        server = site.start()
        browsers = site.browsers()
        server.wait_for_cleanup()
        tokens = [site.tokens("web0", browser.code(query("web0"), ""))["refresh_token"] for browser in browsers for _ in range(16)]
        site.stop()
        single = stack.enter_context(Single(site))
        server = site.start()
        server.wait_for_cleanup()
        ours = stack.enter_context(client(options.programs, server, 64, [site.refresh("web0", token) for token in tokens]))
        ours.load(options.seconds)
        rounds = []
        for _ in range(options.rounds):
            before = server.counted()
            loaded = ours.load(options.seconds)
            calls = server.counted() - before
            rounds.append((loaded, calls["families.rotate"] / calls["commits"], single.load(options.seconds)))
        print(f"refreshes: {median(rounds, lambda e: e[0][0]):.0f}/s, p50 {median(rounds, lambda e: e[0][2]):.0f} us, "
              f"CPU {median(rounds, lambda e: e[0][1]):.0f} us each")
        print(f"single commits: {median(rounds, lambda e: e[2][0]):.0f}/s, p50 {median(rounds, lambda e: e[2][3]):.0f} us, "
              f"CPU {median(rounds, lambda e: e[2][1]):.0f} us each")
        print(f"refreshes for each commit: {least(median(rounds, lambda e: e[1]), 4)}")
        print(f"rate, in times of single commits: {least(median(rounds, lambda e: e[0][0] / e[2][0]), 1.3)}")
        print(f"median, in times of a single commit: {within(median(rounds, lambda e: e[0][2] / e[2][3]), 3)}", flush=True)


def least(value, limit):
    """A value next to the least that it may be."""
    return f"{value:.2f} (at least {limit}: {'yes' if value >= limit else 'NO'})"


# pages


def measure_pages(options):
    """The login page and the consent page."""
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(Site(options.programs, options.folder))
        server = site.start()
        server.wait_for_cleanup()
        browser = Browser(server.address)
        everything = query("web0", " ".join(SCOPES))
        browser.log_in(browser.send("GET", f"/authorize?{everything}")[2], site.users[0])
        for name, cookies, time_limit, size_limit in (("login page", "", 0.15, 12), ("consent page", browser.cookie(), 0.5, 40)):
            cookie = f"Cookie: {cookies}\r\n" if cookies else ""
            request = f"GET /authorize?{everything} HTTP/1.1\r\nHost: id.example\r\nSec-Fetch-Site: cross-site\r\n{cookie}\r\n"
            answer = load.answer_of(server.address, request)
            page = answer.split(b"\r\n\r\n", 1)[1].decode()
            title = re.search("<h1>(.*?)</h1>", page).group(1)
            with contextlib.ExitStack() as lanes:
                hyper = lanes.enter_context(load.Server([options.programs["bare"]], answer))
                ours, theirs = (lanes.enter_context(client(options.programs, lane, 8, [request])) for lane in (server, hyper))
                for lane in (ours, theirs):
                    lane.load(options.seconds)
                before = server.counted()
                rounds = [(ours.load(options.seconds), theirs.load(options.seconds)) for _ in range(options.rounds)]
                calls = server.counted() - before
            print(f"{name} ({title!r}): {within(median(rounds, lambda e: e[0][1]) / 1000, time_limit)} ms of CPU, "
                  f"{median(rounds, lambda e: e[0][1] / e[1][1]):.2f} times bare hyper; {within(len(page.encode()) / KIB, size_limit)} KiB")
            sent = median(rounds, lambda e: e[0][0]) * options.seconds * options.rounds
            print(f"  for about {sent:.0f} of it: commits {calls['commits']:.0f}, calls of the store {usual(calls)}", flush=True)


# forged


def measure_forged(options):
    """Refresh tokens with a wrong MAC."""
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(Site(options.programs, options.folder))
        server = site.start()
        browser = Browser(server.address)
        token = site.tokens("web0", browser.code(query("web0"), site.users[0]))["refresh_token"]
        server.wait_for_cleanup()
        other = str.maketrans("ABCDabcd", "BCDAbcda")
        forged = {token[:place] + token[place].translate(other) + token[place + 1:] for place in range(5, 98)} - {token}
        requests = [site.refresh("web0", one) for one in sorted(forged)]
        answer = stack.enter_context(bare(options.programs, server.address, requests[0]))
        ours, theirs = (stack.enter_context(client(options.programs, lane, 64, requests * 64, 400)) for lane in (server, answer))
        for lane in (ours, theirs):
            lane.load(options.seconds)
        before, rounds = server.counted(), []
        for _ in range(options.rounds):
            rounds.append((ours.load(options.seconds), theirs.load(options.seconds)))
        calls = server.counted() - before
        sent = sum(entry[0][0] for entry in rounds) * options.seconds
        print(f"{len(forged)} forged tokens, {sent:.0f} requests, {median(rounds, lambda e: e[0][0]):.0f}/s: commits {calls['commits']:.0f}, "
              f"calls of the store {usual(calls)}")
        print(f"CPU {median(rounds, lambda e: e[0][1]):.1f} us, bare hyper {median(rounds, lambda e: e[1][1]):.1f} us: "
              f"{within(median(rounds, lambda e: e[0][1] / e[1][1]), 2)} times", flush=True)


def main():
    """Measure and print."""
    cases = {"refresh": measure_refresh, "commits": measure_commits, "pages": measure_pages, "forged": measure_forged}
    run(__doc__, cases)


def run(text, cases):
    """Measures the cases of the command line. `text` describes them."""
    arguments = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("cases", nargs="*", metavar="CASE", help="all where none is named")
    arguments.add_argument("--rounds", type=int, default=31)
    arguments.add_argument("--seconds", type=float, default=0.3, help="of one load")
    arguments.add_argument("--families", type=int, default=1_000_000, help="of the cases with many")
    arguments.add_argument("--guessing", type=float, default=60, help="seconds of failed logins, of the case with them")
    arguments.add_argument("--folder", default=".", help="where databases on a disk are created")
    arguments.add_argument("--skip-build", action="store_true", help="take the programs that are there")
    options = arguments.parse_args()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", load.ROOT / "target")) / "release"
    options.programs = load.programs_in(target, not options.skip_build) | {
        name: target / "examples" / name for name in ("families", "raw")}
    show_busy("before")
    for name in options.cases or cases:
        print(f"\n{name}", flush=True)
        cases[name](options)
    show_busy("after")


if __name__ == "__main__":
    main()
