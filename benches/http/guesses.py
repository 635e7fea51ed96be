"""What others notice of wrong passwords: 100 failed logins a second from one address for a minute.

    python3 benches/http/guesses.py [--guessing 60] [--folder .] [--skip-build]

The server has the API of the tutorial and ten users in a SQLite file. They log in once, each in a browser of its own, which has the
cookie of an earlier login from then on. During the failed logins for their accounts they log in again, one a second. `/status/` is
asked 50 times a second. A late question counts from the moment when it was due. Each limit is next to its figure.

Linux and the standard library only. The clients share the machine with the server.
"""

import collections
import concurrent.futures
import contextlib
import http.client
import json
import re
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request

import load
from people import ISSUER, PASSWORD, Browser, Server, environment, log_in_at_account, run, within

# The API of the tutorial, and its audience.
API = load.ROOT / "crates/server/tests/it/fixtures/scopegate.toml"
AUDIENCE = "https://api.example"
# No owner has logged in from it.
ATTACKER = "127.0.0.2"


def measure_guesses(options):
    """Failed logins from one address; the owners log in from browsers with an earlier login."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=options.folder))
        place = ["--config", API, "--database", f"sqlite:{folder}/a.db"]
        owners = [f"owner{number}" for number in range(10)]
        adding = [["user", "add", name, "--scope", "me items", "--password-stdin"] for name in owners]
        adding.append(["client", "add", "app", "--id", "app", "--public", "--grant", "password", "--scope", "me items", "--resource", AUDIENCE])
        for command in adding:
            subprocess.run([options.programs["scopegate"], *command, *place], check=True, capture_output=True, input=PASSWORD, text=True,
                           env=environment())
        serve = [options.programs["scopegate"], "serve", "--issuer", ISSUER, "--password-grant", "--log-level", "error", *place]
        server = stack.enter_context(Server(serve))
        address = server.address
        browsers = [Browser(address) for _ in owners]
        for browser, name in zip(browsers, owners):
            log_in_at_account(browser, name)
        bearer = token(address, owners[0])
        alone = ask_status(address, bearer, 10)
        seconds, counts, entered = options.guessing, collections.Counter(), []
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            flooding = pool.submit(guess, address, owners, seconds, counts)
            entering = pool.submit(enter_again, browsers, owners, seconds, entered)
            under = ask_status(address, bearer, seconds)
            flooding.result()
            entering.result()
        ratio = statistics.median(under) / statistics.median(alone)
        print(f"{sum(counts.values())} failed logins, {flooding.result():.0f}/s, by status: {dict(counts)}")
        print(f"owners: {sum(entered)} of {len(entered)} logins from known browsers succeeded")
        print(f"/status/ p50 {statistics.median(alone) * 1e3:.2f} ms alone, {statistics.median(under) * 1e3:.2f} ms under the flood: "
              f"{within(ratio, 2)} times", flush=True)


def token(address, name):
    """An access token of this user."""
    form = {"grant_type": "password", "username": name, "password": PASSWORD, "client_id": "app"}
    with urllib.request.urlopen(f"http://{address}/token", urllib.parse.urlencode(form).encode()) as answer:
        return json.load(answer)["access_token"]


def ask_status(address, bearer, seconds, rate=50):
    """The seconds to an answer of `/status/`, each from when it was due."""
    connection, times, begin = http.client.HTTPConnection(address), [], time.perf_counter()
    for number in range(int(seconds * rate)):
        due = begin + number / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        connection.request("GET", "/status/", headers={"Authorization": f"Bearer {bearer}"})
        if not connection.getresponse().read().startswith(b"{"):
            raise SystemExit("no status")
        times.append(time.perf_counter() - due)
    return times


def guess(address, owners, seconds, counts, rate=100):
    """Wrong passwords for the accounts in turn. Returns the rate."""
    browser, begin = Browser(address, ATTACKER), time.perf_counter()
    page = browser.send("GET", "/account")[2]
    fields = dict(re.findall('<input type="hidden" name="([^"]*)" value="([^"]*)"', page))
    lock = threading.Lock()

    def one(number):
        due = begin + number / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        status, *_ = browser.send("POST", "/account/login", fields | {"username": owners[number % len(owners)], "password": "wrong"})
        with lock:
            counts[status] += 1

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(one, range(int(seconds * rate))))
    return seconds * rate / (time.perf_counter() - begin)


def enter_again(browsers, owners, seconds, entered):
    """Each owner logs in again and again, one a second."""
    for number in range(int(seconds) - 2):
        time.sleep(1)
        browser = browsers[number % len(browsers)]
        browser.cookies = {name: value for name, value in browser.cookies.items() if name != "__Host-scopegate"}
        status, page = log_in_at_account(browser, owners[number % len(owners)])
        entered.append(status == 200 and "Your account" in page)


if __name__ == "__main__":
    run(__doc__, {"guesses": measure_guesses})
