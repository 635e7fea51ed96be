"""Logins: users, fields, grant types, content types, scopes, encodings."""

import base64

from .common import FORM, case, known_scopes_only, wrong_password

GOOD = "username=johndoe&password=secret&grant_type=password"
JSON = "application/json"
RFC = "this grant type goes by the RFC at the demo's token endpoint"
DROPPED = "a scope is granted only if the user may have it"

PLAIN = {
    "johndoe": "username=johndoe&password=secret",
    "johndoe with grant type": GOOD,
    "alice, disabled": "username=alice&password=secretalice",
    "alice with scopes": "username=alice&password=secretalice&scope=me+items",
    "alice, wrong password": "username=alice&password=secret",
    "wrong password": "username=johndoe&password=wrong",
    "password in upper case": "username=johndoe&password=SECRET",
    "password with a space behind": "username=johndoe&password=secret+",
    "password with a newline behind": "username=johndoe&password=secret%0A",
    "another user's password": "username=johndoe&password=secretalice",
    "unknown user": "username=nobody&password=secret",
    "user in upper case": "username=JOHNDOE&password=secret",
    "user with a space behind": "username=johndoe+&password=secret",
    "user with NUL behind": "username=johndoe%00&password=secret",
    "user in Japanese": "username=%E6%97%A5%E6%9C%AC&password=secret",
    "user in full width": "username=%EF%BD%8Aohndoe&password=secret",
    "user with a combining accent": "username=jo%CC%88hndoe&password=secret",
    "user as an emoji, raw": "username=🦀&password=secret",
    "user of 10,000 characters": "username=" + "a" * 10000 + "&password=secret",
    "password of 73 characters": "username=johndoe&password=" + "a" * 73,
    "password of 4,096 characters": "username=johndoe&password=" + "a" * 4096,
    "unknown user, password of 5,000 characters": "username=nobody&password=" + "a" * 5000,
    "unknown user, NUL in the password": "username=nobody&password=a%00b",
    "password in Japanese": "username=johndoe&password=%E6%97%A5%E6%9C%AC",
    "password with a percent sign alone": "username=johndoe&password=sec%ret",
    "percent-encoded letters": "username=%6aohndoe&password=%73ecret",
    "percent-encoded field names": "%75sername=johndoe&pass%77ord=secret",
    "field names in upper case": "USERNAME=johndoe&PASSWORD=secret",
    "field names with a space": "username+=johndoe&password=secret",
    "username missing": "password=secret",
    "username empty": "username=&password=secret",
    "username without equals": "username&password=secret",
    "password missing": "username=johndoe",
    "password empty": "username=johndoe&password=",
    "both missing": "scope=me",
    "both empty": "username=&password=",
    "username a space": "username=+&password=secret",
    "password a space": "username=johndoe&password=+",
    "only an ampersand": "&",
    "only an equals sign": "=",
    "only a name": "username",
    "grant type missing": "username=johndoe&password=secret&scope=me",
    "grant type empty": "grant_type=&username=johndoe&password=secret",
    "grant type empty, nothing else": "grant_type=",
    "grant type Password": "grant_type=Password&username=johndoe&password=secret",
    "grant type PASSWORD": "grant_type=PASSWORD&username=johndoe&password=secret",
    "grant type passwordx": "grant_type=passwordx&username=johndoe&password=secret",
    "grant type xpassword": "grant_type=xpassword&username=johndoe&password=secret",
    "grant type with a space": "grant_type=password+&username=johndoe&password=secret",
    "grant type with a newline": "grant_type=password%0A&username=johndoe&password=secret",
    "grant type implicit": "grant_type=implicit&username=johndoe&password=secret",
    "grant type in Japanese": "grant_type=%E6%97%A5&username=johndoe&password=secret",
    "grant type with quotes": "grant_type=%22x%22%5C&username=johndoe&password=secret",
    "grant type with a control character": "grant_type=a%01b&username=johndoe&password=secret",
    "grant type wrong, fields missing": "grant_type=x",
    "grant type wrong, password missing": "grant_type=x&username=johndoe",
    "grant type wrong, username empty": "grant_type=x&username=&password=secret",
    "grant type of invalid UTF-8": "grant_type=%FF&username=johndoe&password=secret",
    "grant type with half a percent escape": "grant_type=a%4&username=johndoe&password=secret",
    "grant type with a bad percent escape": "grant_type=a%zzb&username=johndoe&password=secret",
    "grant type with a percent sign at the end": "grant_type=a%&username=johndoe&password=secret",
    "grant type raw beyond ASCII": "grant_type=é&username=johndoe&password=secret",
    "username twice, last right": "username=nobody&username=johndoe&password=secret",
    "username twice, last wrong": "username=johndoe&username=nobody&password=secret",
    "username twice, last empty": "username=johndoe&username=&password=secret",
    "password twice, last right": "username=johndoe&password=x&password=secret",
    "password twice, last wrong": "username=johndoe&password=secret&password=x",
    "password twice, last empty": "username=johndoe&password=secret&password=",
    "grant type twice, last right": "grant_type=x&grant_type=password&username=johndoe&password=secret",
    "grant type twice, last wrong": "grant_type=password&grant_type=x&username=johndoe&password=secret",
    "scope twice": "username=johndoe&password=secret&scope=me&scope=items",
    "unknown fields": "username=johndoe&password=secret&hello=world&x=",
    "client_id": "username=johndoe&password=secret&client_id=anything",
    "client_id and secret": "username=johndoe&password=secret&client_id=a&client_secret=b",
    "client_id and secret empty": "username=johndoe&password=secret&client_id=&client_secret=",
    "semicolon as separator": "username=johndoe;password=secret",
    "ampersands around": "&&username=johndoe&&password=secret&&",
    "equals in the password": "username=johndoe&password=se=cret",
    "body with a newline behind": "username=johndoe&password=secret\n",
    "question mark before": "?username=johndoe&password=secret",
    "the order turned": "password=secret&scope=me&username=johndoe",
}
SCOPES = {
    "absent": None,
    "empty": "",
    "me": "me",
    "items": "items",
    "me items": "me+items",
    "items me": "items+me",
    "me me": "me+me",
    "me items me": "me+items+me",
    "two spaces": "me++items",
    "spaces around": "++me+items++",
    "only spaces": "+++",
    "percent-encoded space": "me%20items",
    "raw space": "me items",
    "tab": "me%09items",
    "newline": "me%0Aitems",
    "carriage return and newline": "me%0D%0Aitems",
    "vertical tab": "me%0Bitems",
    "form feed": "me%0Citems",
    "file separator U+001C": "me%1Citems",
    "unit separator U+001F": "me%1Fitems",
    "next line U+0085": "me%C2%85items",
    "no-break space U+00A0": "me%C2%A0items",
    "en quad U+2000": "me%E2%80%80items",
    "line separator U+2028": "me%E2%80%A8items",
    "ideographic space U+3000": "me%E3%80%80items",
    "zero width space U+200B": "me%E2%80%8Bitems",
    "byte order mark U+FEFF": "me%EF%BB%BFitems",
    "raw ideographic space": "me　items",
    "comma": "me,items",
    "percent-encoded plus": "me%2Bitems",
    "percent-encoded letters": "%6d%65",
    "lower case escapes": "%e3%80%80me",
    "unknown": "admin",
    "me and unknown": "me+admin",
    "unknown between": "me+admin+items",
    "upper case": "ME",
    "quoted": "%22me%22",
    "bad percent escape": "me%zz",
    "half a percent escape": "me%2",
    "percent sign": "me+%+items",
    "invalid UTF-8": "me+%FF+items",
    "invalid UTF-8, overlong": "me%C0%A0items",
    "single byte A0": "me%A0items",
    "surrogate": "me+%ED%A0%80",
    "NUL": "me%00+items",
    "many times me": "+".join(["me"] * 200),
    "unicode word": "%E6%97%A5%E6%9C%AC+me",
}
CONTENT_TYPES = {
    "charset": FORM + "; charset=utf-8",
    "charset latin-1": FORM + "; charset=iso-8859-1",
    "upper case": FORM.upper(),
    "mixed case": "Application/X-WWW-Form-URLencoded",
    "space before the parameter": FORM + " ; charset=UTF-8",
    "semicolon alone": FORM + ";",
    "JSON type with a form": JSON,
    "text/plain": "text/plain",
    "octets": "application/octet-stream",
    "none": None,
    "empty": "",
    "nonsense": "nonsense",
    "glued": FORM + "x",
    "two types": FORM + ", text/plain",
    "text form": "text/x-www-form-urlencoded",
}
BOUNDARY = "----scopegate"


def login(name, body, content_type=FORM, headers=(), target="/token", **more):
    """A login with this body."""
    typed = [("Content-Type", content_type)] if content_type is not None else []
    more.setdefault("differs", DROPPED)
    more.setdefault("here", known_scopes_only)
    return case("login", name, "POST", target, [*typed, *headers], body=body, **more)


def multipart(fields):
    """The body of a multipart form; a field may be (name, file name, text)."""
    lines = []
    for name, *filename, value in fields:
        extra = f'; filename="{filename[0]}"' if filename else ""
        lines += [f"--{BOUNDARY}", f'Content-Disposition: form-data; name="{name}"{extra}', "", value]
    return "\r\n".join([*lines, f"--{BOUNDARY}--", ""])


def multipart_cases():
    """multipart/form-data in several shapes."""
    user, password = ("username", "johndoe"), ("password", "secret")
    shapes = {
        "plain": [user, password],
        "with grant type and scope": [("grant_type", "password"), user, password, ("scope", "items me")],
        "without password": [user],
        "password empty": [user, ("password", "")],
        "username twice": [("username", "nobody"), user, password],
        "wrong password": [user, ("password", "wrong")],
        "grant type wrong": [("grant_type", "x"), user, password],
        "scope in Unicode space": [user, password, ("scope", "me\u3000items")],
        "newline in the password": [user, ("password", "secret\r\n")],
        "empty": [],
    }
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    for name, fields in shapes.items():
        yield login(f"multipart, {name}", multipart(fields), kind)
    yield login("multipart in upper case", multipart([user, password]), kind.replace("multipart/form-data", "MULTIPART/FORM-DATA"))
    yield login("multipart, quoted boundary", multipart([user, password]), f'multipart/form-data; boundary="{BOUNDARY}"')
    yield login("multipart type with a form", GOOD, kind)


def odd_cases():
    """What fits no table: other places, other bodies, bodies of bytes."""
    yield login("JSON", '{"username":"johndoe","password":"secret"}', JSON)
    yield login("JSON as a form", '{"username":"johndoe","password":"secret"}')
    yield login("credentials in the query", "", target="/token?" + GOOD)
    yield login("query is ignored", GOOD, target="/token?username=nobody&password=x&scope=me")
    yield login("empty body", "")
    yield case("login", "no body, no type", "POST", "/token")
    yield case("login", "no body, form type", "POST", "/token", [("Content-Type", FORM)])
    yield login("HTTP Basic alone", "scope=me", headers=[("Authorization", "Basic am9obmRvZTpzZWNyZXQ=")])
    yield login("HTTP Basic beside", GOOD, headers=[("Authorization", "Basic eDp5")])
    yield login("empty HTTP Basic beside", GOOD, headers=[("Authorization", "Basic Og==")])
    yield login("a bad bearer token beside", GOOD, headers=[("Authorization", "Bearer x")])
    yield login("Accept of another type", GOOD, headers=[("Accept", "text/html")])
    too_long = "a password that is too long or holds NUL is a wrong password, not a 500"
    for name, password in (("5,000 characters", "a" * 5000), ("4,097 characters", "a" * 4097), ("NUL inside", "sec%00ret"), ("NUL behind", "secret%00"), ("NUL alone", "%00")):
        body = "username=johndoe&password=" + password
        yield login(f"password with {name}", body, differs=too_long, here=wrong_password)
    raw = {
        "raw byte FF in the grant type": b"grant_type=\xff&username=johndoe&password=secret",
        "raw byte FF in the user name": b"username=john\xff&password=secret",
        "raw NUL in the user name": b"username=john\x00&password=secret",
        "raw A0 in the scope": b"username=johndoe&password=secret&scope=me\xa0items",
        "raw UTF-8 in the scope": "username=johndoe&password=secret&scope=me\u00a0items".encode(),
    }
    for name, body in raw.items():
        request = case("login", name, "POST", "/token", [("Content-Type", FORM)], differs=DROPPED, here=known_scopes_only)
        request["request"]["body_base64"] = base64.b64encode(body).decode()
        yield request


def rfc_cases():
    """Grant types that the demo answers by the RFC."""
    error = {"headers": {}, "status_in": [400, 401], "body_members": ["error"]}
    for grant in ("client_credentials", "authorization_code", "refresh_token"):
        body = f"grant_type={grant}&username=johndoe&password=secret"
        yield login(f"grant type {grant}", body, differs=RFC, here=lambda _: error)


def cases():
    """All logins."""
    for name, body in PLAIN.items():
        yield login(name, body)
    for name, scope in SCOPES.items():
        yield login(f"scope {name}", GOOD if scope is None else f"{GOOD}&scope={scope}")
    for name, kind in CONTENT_TYPES.items():
        yield login(f"content type {name}", GOOD + "&scope=me", kind)
    yield from multipart_cases()
    yield from odd_cases()
    yield from rfc_cases()
