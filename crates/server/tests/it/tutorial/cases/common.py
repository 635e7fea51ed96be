"""What the modules of cases share: builders, and our answers where they differ."""

OPERATIONS = {"status": "/status/", "me": "/users/me/", "items": "/users/me/items/"}
CHALLENGES = {
    "/status/": "Bearer",
    "/users/me/": 'Bearer scope="me"',
    "/users/me/items/": 'Bearer scope="items me"',
}
IN_HALF_AN_HOUR = {"now_plus": 1800}
FORM = "application/x-www-form-urlencoded"


def case(group, name, method, target, headers=(), **more):
    """One case; `body`, `token`, `differs`, `here` and `any_body` come as keywords."""
    request = {"method": method, "target": target, "headers": [list(pair) for pair in headers]}
    for key in ("body", "body_base64"):
        if key in more:
            request[key] = more.pop(key)
    return {"group": group, "name": f"{group}: {name}", "request": request, **more}


def good_claims(user="johndoe", scopes=("me", "items"), **more):
    """The claims of a token that the login would give."""
    return {"sub": user, "scopes": list(scopes), "exp": IN_HALF_AN_HOUR, **more}


def refused_at(target):
    """Our answer to a token that fails verification."""
    return lambda _: {
        "status": 401,
        "headers": {"www-authenticate": CHALLENGES[target], "content-type": "application/json"},
        "body": {"detail": "Could not validate credentials"},
    }


def wrong_password(_):
    """Our answer to a password that cannot be right."""
    return {
        "status": 400,
        "headers": {"content-type": "application/json"},
        "body": {"detail": "Incorrect username or password"},
    }


def known_scopes_only(expect):
    """The same answer, the token without the scopes that the user does not have."""
    if expect["status"] != 200:
        return expect
    jwt = expect["body"]["access_token"]["jwt"]
    kept = [scope for scope in jwt["claims"]["scopes"] if scope in ("me", "items")]
    claims = jwt["claims"] | {"scopes": kept}
    return expect | {"body": expect["body"] | {"access_token": {"jwt": jwt | {"claims": claims}}}}


def relative_location(expect):
    """The same redirect without scheme and host."""
    location = expect["headers"].get("location", "")
    if "://" not in location:
        return expect
    path = "/" + location.split("://", 1)[1].split("/", 1)[1]
    return expect | {"headers": expect["headers"] | {"location": path}}
