"""Upgrades a database of version 8 with many users while another process reads and writes it.

usage: upgrade.py PROGRAM [USERS]

PROGRAM is `scopegate`. The other process does what a server of the release before does: it finds users
by name, and it revokes the tokens of a client. It prints how long the longest of each took without
and with the upgrade. The limit is 250 ms, as the time is that of a request. `times` of `.ci/long` needs
no such database, so run it by hand on an idle machine.
"""

import multiprocessing
import os
import pathlib
import random
import sqlite3
import subprocess
import sys
import tempfile
import time

VERSION_8 = pathlib.Path(__file__).parents[2] / "crates/store-sql/tests/it/upgrade/version_8.sql"
ADD_USERS = """
    WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < ?)
    INSERT INTO users (id, username, status, scope, password_hash, password_scheme)
    SELECT lower(hex(randomblob(16))), 'User' || number, 'active', 'me items',
        '$argon2id$v=19$m=19456,t=2,p=1$' || hex(randomblob(16)) || '$' || hex(randomblob(22)), '$argon2id$v=19$m=19456,t=2,p=1'
    FROM numbers
"""
LIMIT = 0.25


def connect(path):
    database = sqlite3.connect(path, timeout=5, isolation_level=None)
    database.execute("PRAGMA synchronous = FULL")
    return database


def make(path, users):
    database = connect(path)
    database.executescript(VERSION_8.read_text())
    database.execute("PRAGMA journal_mode = WAL")
    database.execute(ADD_USERS, (users,))
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def find(database, users):
    name = f"User{random.randrange(1, users + 1)}"
    database.execute("SELECT id, scope, password_hash FROM users WHERE username = ?", (name,)).fetchone()


def revoke(database, users):
    database.execute("BEGIN IMMEDIATE")
    database.execute("UPDATE news_head SET place = place + 1 WHERE lane = 3")
    database.execute(
        "INSERT INTO news (lane, place, kind, subject, issued_until, ends_at)"
        " SELECT lane, place, 2, 'app', 1, 2000000000 FROM news_head WHERE lane = 3"
    )
    database.execute("COMMIT")


def load(kind, path, users, stop, results):
    """Repeats one request until the end, 50 a second. Sends the sorted times."""
    database, times = connect(path), []
    while not stop.is_set():
        begin = time.monotonic()
        {"find": find, "revoke": revoke}[kind](database, users)
        times.append(time.monotonic() - begin)
        time.sleep(max(0.0, 0.02 - times[-1]))
    results.put((kind, sorted(times)))


def under_load(path, users, work):
    stop, results = multiprocessing.Event(), multiprocessing.Queue()
    kinds = ["find", "revoke"]
    processes = [multiprocessing.Process(target=load, args=(kind, path, users, stop, results)) for kind in kinds]
    for process in processes:
        process.start()
    begin = time.monotonic()
    work()
    taken = time.monotonic() - begin
    stop.set()
    found = dict(results.get() for _ in kinds)
    for process in processes:
        process.join()
    return taken, found


def show(what, taken, found):
    for kind, times in found.items():
        late = sum(1 for time in times if time > LIMIT)
        p50, p99 = times[len(times) // 2] * 1000, times[len(times) * 99 // 100] * 1000
        print(
            f"{what}, {taken:.1f} s: {kind}: {len(times)} requests, p50 {p50:.1f} ms, p99 {p99:.1f} ms,"
            f" longest {times[-1] * 1000:.0f} ms, {late} over {LIMIT * 1000:.0f} ms",
            flush=True,
        )


def main():
    program = os.path.abspath(sys.argv[1])
    users = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = os.path.join(folder, "scopegate.db")
        make(path, users)
        print(f"{users} users, {os.path.getsize(path) >> 20} MB, load {os.getloadavg()[0]:.1f}", flush=True)
        show("without", *under_load(path, users, lambda: time.sleep(5)))
        upgrade = [program, "migrate", "--database", f"sqlite:{path}"]
        show("upgrade", *under_load(path, users, lambda: subprocess.run(upgrade, check=True)))


main()
