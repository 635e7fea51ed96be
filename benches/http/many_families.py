"""A server with 1,000,000 token families, 100,000 users and 800,000 consents beside one with few.

    python3 benches/http/many_families.py [CASE ..] [--families 1000000] [--rounds 31] [--seconds 0.3] [--skip-build]

The options, the figures and the requests are those of `people.py`. The rows are copies of those that the server wrote, with random
ids, so that they are in no order, as after a year. Filling a million takes a minute.

    many     refresh, introspection and `/account` of random users, and the start, beside 1,000 families; the size of the file
    ended    the deletion of 1,000,000 ended families under 100 refreshes a second

Linux and the standard library only.
"""

import collections
import concurrent.futures
import contextlib
import json
import sqlite3
import threading
import time

import load
from people import Browser, Site, client, log_in_at_account, median, query, run, within

CLIENTS = 8
DAY = 24 * 60 * 60
# The most MB of a file with a million families.
MOST_MB = 750


def copies(users):
    """The values of the columns that differ between copies of a row, by table. `number` counts the copies."""
    user = f"(SELECT id FROM users WHERE username = 'many' || (number % {users}))"
    application = f"'web' || (number / {users} % {CLIENTS})"
    return {
        "users": {"id": "lower(hex(randomblob(16)))", "username": "'many' || number"},
        "user_names": {"user_id": "(SELECT id FROM users WHERE username = 'many' || number)", "canonical_name": "'many' || number"},
        "families": {"id": "randomblob(16)", "user_id": user, "client_id": application, "secret_digest": "randomblob(32)",
                     "session": "randomblob(32)"},
        "consents": {"user_id": user, "client_id": application},
    }


def fill(path, counts, *more):
    """Adds this number of rows to each table, then takes the other statements. No mark of a change is written."""
    database = sqlite3.connect(path, isolation_level=None)
    triggers = database.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -800000", "BEGIN"):
        database.execute(statement)
    for name, _ in triggers:
        database.execute(f"DROP TRIGGER {name}")
    for table, changed in copies(counts["users"]).items():
        columns = [name for _, name, *_ in database.execute(f"PRAGMA table_info({table})")]
        values = ", ".join(changed.get(column, f"one.{column}") for column in columns)
        database.execute(
            "WITH RECURSIVE numbers (number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM numbers WHERE number + 1 < ?) "
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM numbers CROSS JOIN (SELECT * FROM {table} LIMIT 1) AS one",
            (counts[table],))
    for statement, *values in more:
        database.execute(statement, values)
    for _, sql in triggers:
        database.execute(sql)
    database.execute("COMMIT")
    database.execute("PRAGMA journal_mode = WAL")
    database.close()


def filled(options, stack, families, users, consents, *more):
    """A site with many rows, whose server has run before."""
    site = stack.enter_context(Site(options.programs, options.folder, clients=CLIENTS))
    site.start()
    site.tokens("web0", Browser(site.server.address).code(query("web0"), site.users[0]))
    site.stop()
    begin = time.perf_counter()
    counts = {"users": users, "user_names": users, "families": families, "consents": consents}
    fill(site.database, counts, *more)
    print(f"{families} families, {users} users, {consents} consents: filled in {time.perf_counter() - begin:.0f} s", flush=True)
    return site


# many


def measure_many(options):
    """Requests, start and size with many rows beside few."""
    families = options.families
    with contextlib.ExitStack() as stack:
        few = filled(options, stack, 1_000, 100, 800)
        many = filled(options, stack, families, families // 10, families * 8 // 10)
        size = many.database.stat().st_size / 1e6
        print(f"file: {within(size, MOST_MB * families / 1e6)} MB", flush=True)
        show_starts(options, stack, many)
        loads = [clients_of(options, stack, site) for site in (few, many)]
        for name in loads[0]:
            lanes = [lane[name] for lane in loads]
            for lane in lanes * 2:
                lane.load(options.seconds)
            show(name, [[lane.load(options.seconds) for lane in lanes] for _ in range(options.rounds)])
        print(f"memory: {few.server.memory():.1f} MiB with few, {many.server.memory():.1f} MiB with many")


def show(name, rounds):
    """The figures of a kind of request with few and with many rows."""
    cpu, p50, p99 = ([median(rounds, lambda e: e[lane][column]) for lane in (0, 1)] for column in (1, 2, 3))
    ratios = [within(median(rounds, lambda e: e[1][column] / e[0][column]), 1.5) for column in (1, 3)]
    print(f"{name}, few and many: CPU {cpu[0]:.0f} and {cpu[1]:.0f} us: {ratios[0]} times; p50 {p50[0]:.0f} and {p50[1]:.0f} us; "
          f"p99 {p99[0]:.0f} and {p99[1]:.0f} us: {ratios[1]} times", flush=True)


def clients_of(options, stack, site):
    """A client for each kind of request, about random rows."""
    tokens = site.presented(1_000)
    site.sql(("UPDATE users SET password_hash = one.password_hash, password_scheme = one.password_scheme FROM "
              "(SELECT * FROM users WHERE username = 'user0') AS one WHERE users.username LIKE 'many_'",))
    server = site.start()
    server.wait_for_cleanup()
    browsers = [Browser(server.address) for _ in range(8)]
    for number, browser in enumerate(browsers):
        if "Your account" not in log_in_at_account(browser, f"many{number}")[1]:
            raise SystemExit("no account page")

    def introspections(pairs):
        return [site.post("/introspect", name, {"token": token}) for name, token in pairs]

    def access_token(name, token):
        return json.loads(load.answer_of(server.address, site.refresh(name, token)).split(b"\r\n\r\n", 1)[1])["access_token"]

    # Those of one kind are of other families than those of another kind.
    kinds = {
        "refresh": [site.refresh(*pair) for pair in tokens[:400]],
        "introspection of a refresh token": introspections(tokens[400:800]),
        "introspection of an access token": introspections((name, access_token(name, token)) for name, token in tokens[800:]),
        "/account": [f"GET /account HTTP/1.1\r\nHost: id.example\r\nCookie: {browser.cookie()}\r\n\r\n" for browser in browsers],
    }
    return {name: stack.enter_context(client(options.programs, server, 8, requests)) for name, requests in kinds.items()}


def show_starts(options, stack, many):
    """Starts with these rows and with an empty file, in turn."""
    empty, rounds = stack.enter_context(Site(options.programs, options.folder, clients=CLIENTS)), []
    for _ in range(options.rounds):
        entry = []
        for site in (empty, many):
            entry.append(site.start().started_in * 1e3)
            site.stop()
        rounds.append(entry)
    print(f"start: {median(rounds, lambda e: e[0]):.1f} ms with an empty file, {median(rounds, lambda e: e[1]):.1f} ms with many rows: "
          f"{within(median(rounds, lambda e: e[1] / e[0]), 1.5)} times", flush=True)


# ended


def refresh_steadily(site, tokens, seconds, is_done, rate=100):
    """Refreshes at this rate until the time is over or it is done. The milliseconds of each, from when it was due."""
    times, lock, begin = [], threading.Lock(), time.perf_counter()

    def one(number):
        due = begin + number / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        with lock:
            name, token = tokens.popleft()
        answer = load.answer_of(site.server.address, site.refresh(name, token))
        took = (time.perf_counter() - due) * 1e3
        with lock:
            tokens.append((name, json.loads(answer.split(b"\r\n\r\n", 1)[1])["refresh_token"]))
            times.append(took)

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        while time.perf_counter() - begin < seconds and not is_done.is_set():
            first = len(times)
            list(pool.map(one, range(first, first + rate)))
    return sorted(times), time.perf_counter() - begin


def show_times(name, times):
    """A line of figures. Returns the 99th percentile."""
    p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
    print(f"{name}: {len(times)} refreshes, p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {times[-1]:.0f} ms, "
          f"{sum(1 for one in times if one > 250)} over 250 ms", flush=True)
    return p99


def measure_ended(options):
    """The deletion of ended families under refreshes."""
    families, live = options.families, 1_000
    end = "UPDATE families SET ended_at = ?, ended_why = 'revoked' WHERE id NOT IN (SELECT id FROM families ORDER BY id LIMIT ?)"
    with contextlib.ExitStack() as stack:
        site = filled(options, stack, families + live, 1_000, 800, (end, int(time.time()) - 2 * DAY, live))
        tokens = collections.deque(map(tuple, site.presented(live)))
        server = site.start()

        is_done = threading.Event()

        def wait():
            server.wait_for_cleanup()
            is_done.set()

        threading.Thread(target=wait, daemon=True).start()
        during, seconds = refresh_steadily(site, tokens, 30 * 60, is_done)
        left = server.metrics()['scopegate_rows{table="families"}']
        print(f"{families} ended families, {left:.0f} rows left: {seconds / 60:.2f} min; for 1,000,000 "
              f"{within(seconds / 60 * 1_000_000 / families, 15)} min")
        alone, _ = refresh_steadily(site, tokens, 60, threading.Event())
        slow, quick = show_times("during the deletion", during), show_times("alone", alone)
        print(f"p99, in times of refreshes alone: {within(slow / quick, 2)}", flush=True)


if __name__ == "__main__":
    run(__doc__, {"many": measure_many, "ended": measure_ended})
