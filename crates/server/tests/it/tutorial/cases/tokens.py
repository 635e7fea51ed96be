"""What a token says: users, scopes, signatures, headers, claims."""

from .common import CHALLENGES, IN_HALF_AN_HOUR, OPERATIONS, case, good_claims, refused_at

SOON = IN_HALF_AN_HOUR
USERS = ("johndoe", "alice", "nobody")
SCOPES = {
    "none": [],
    "me": ["me"],
    "items": ["items"],
    "me items": ["me", "items"],
    "items me": ["items", "me"],
    "me twice": ["me", "me"],
    "me items me": ["me", "items", "me"],
    "unknown": ["admin"],
    "me and unknown": ["me", "admin"],
    "all and unknown": ["admin", "me", "items"],
    "upper case": ["ME", "ITEMS"],
    "joined": ["me items"],
    "with spaces": [" me", "items "],
    "empty text": [""],
    "empty text and me": ["", "me"],
}
ODD_SCOPES = {
    "text": "me items",
    "empty text": "",
    "null": None,
    "number": 5,
    "zero": 0,
    "true": True,
    "false": False,
    "object": {"me": True},
    "empty object": {},
    "list with a number": ["me", "items", 1],
    "list with null": ["me", "items", None],
    "list with true": ["me", "items", True],
    "list with a list": ["me", ["items"]],
    "list with an object": ["me", "items", {}],
}


def with_claims(**more):
    """Good claims, some replaced."""
    return {"claims": good_claims() | more}


def without(*names):
    """Good claims, some left out."""
    return {"claims": {key: value for key, value in good_claims().items() if key not in names}}


def header(**members):
    """A good token with another header."""
    return {"header": members, "claims": good_claims()}


def claims_text(text):
    """A token whose payload is literal JSON text."""
    return {"claims_text": text}


GOOD_TEXT = '"sub":"johndoe","scopes":["me","items"],"exp":{{now+1800}}'

# Answered alike here and there.
SAME = {
    "garbage word": {"raw": "garbage"},
    "garbage, one dot": {"raw": "a.b"},
    "garbage, two dots": {"raw": "a.b.c"},
    "garbage, three dots": {"raw": "a.b.c.d"},
    "only dots": {"raw": ".."},
    "one dot": {"raw": "."},
    "not base64": {"raw": "%%%.%%%.%%%"},
    "text null": {"raw": "null"},
    "text undefined": {"raw": "undefined"},
    "empty object parts": {"raw": "e30.e30.e30"},
    "five parts": {"raw": "a.b.c.d.e"},
    "signature wrong": {"claims": good_claims(), "secret": "wrong"},
    "signature flipped": {"claims": good_claims(), "finish": ["flip-signature"]},
    "signature dropped": {"claims": good_claims(), "finish": ["drop-signature"]},
    "last part dropped": {"claims": good_claims(), "finish": ["drop-part"]},
    "dot behind": {"claims": good_claims(), "finish": ["extra-dot"]},
    "alg none": {"claims": good_claims(), "alg": "none"},
    "alg None": {"header": {"alg": "None", "typ": "JWT"}, "claims": good_claims(), "alg": "none"},
    "alg none, signed": header(alg="none", typ="JWT"),
    "alg HS384": {"claims": good_claims(), "alg": "HS384"},
    "alg HS512": {"claims": good_claims(), "alg": "HS512"},
    "alg RS256 named": header(alg="RS256", typ="JWT"),
    "alg ES256 named": header(alg="ES256", typ="JWT"),
    "alg lower case": header(alg="hs256", typ="JWT"),
    "alg unknown": header(alg="XX", typ="JWT"),
    "alg empty": header(alg="", typ="JWT"),
    "alg missing": header(typ="JWT"),
    "alg null": header(alg=None, typ="JWT"),
    "alg number": header(alg=256, typ="JWT"),
    "alg list": header(alg=["HS256"], typ="JWT"),
    "HS384 named, HS256 used": header(alg="HS384", typ="JWT"),
    "HS256 named, HS512 used": {"header": {"alg": "HS256", "typ": "JWT"}, "claims": good_claims(), "alg": "HS512"},
    "header not JSON": {"header_text": "{alg:HS256}", "claims": good_claims()},
    "header a list": {"header_text": '["HS256"]', "claims": good_claims()},
    "header empty": {"header_text": "", "claims": good_claims()},
    "typ absent": header(alg="HS256"),
    "typ first": header(typ="JWT", alg="HS256"),
    "unknown header member": header(alg="HS256", typ="JWT", hello="world"),
    "cty": header(alg="HS256", typ="JWT", cty="x"),
    "kid number": header(alg="HS256", typ="JWT", kid=1),
    "kid null": header(alg="HS256", typ="JWT", kid=None),
    "kid list": header(alg="HS256", typ="JWT", kid=["a"]),
    "b64 false": header(alg="HS256", typ="JWT", b64=False),
    "sub missing": without("sub"),
    "sub null": with_claims(sub=None),
    "sub number": with_claims(sub=1),
    "sub true": with_claims(sub=True),
    "sub list": with_claims(sub=["johndoe"]),
    "sub object": with_claims(sub={}),
    "sub empty": with_claims(sub=""),
    "sub unknown": with_claims(sub="nobody"),
    "sub upper case": with_claims(sub="JOHNDOE"),
    "sub with a space": with_claims(sub="johndoe "),
    "sub with a null character": with_claims(sub="johndoe\u0000"),
    "sub with an accent": with_claims(sub="jöhndoe"),
    "username in place of sub": {"claims": {"username": "johndoe", "scopes": ["me", "items"], "exp": SOON}},
    "scopes absent": without("scopes"),
    "exp past": with_claims(exp={"now_plus": -3600}),
    "exp a second ago": with_claims(exp={"now_plus": -1}),
    "exp now": with_claims(exp={"now_plus": 0}),
    "exp zero": with_claims(exp=0),
    "exp negative": with_claims(exp=-1),
    "exp true": with_claims(exp=True),
    "exp fraction": with_claims(exp={"now_plus_float": 1800.7}),
    "exp fraction past": with_claims(exp={"now_plus_float": -0.5}),
    "exp text": with_claims(exp="tomorrow"),
    "exp empty text": with_claims(exp=""),
    "exp far": with_claims(exp={"now_plus": 3153600000}),
    "nbf past": with_claims(nbf={"now_plus": -60}),
    "nbf now": with_claims(nbf={"now_plus": 0}),
    "nbf future": with_claims(nbf={"now_plus": 600}),
    "nbf text": with_claims(nbf="yesterday"),
    "nbf fraction past": with_claims(nbf={"now_plus_float": -60.5}),
    "iat past": with_claims(iat={"now_plus": -60}),
    "iat now": with_claims(iat={"now_plus": 0}),
    "iat zero": with_claims(iat=0),
    "iat future": with_claims(iat={"now_plus": 3600}),
    "iat text": with_claims(iat="now"),
    "aud empty text": with_claims(aud=""),
    "aud empty list": with_claims(aud=[]),
    "aud text": with_claims(aud="api"),
    "aud list": with_claims(aud=["api"]),
    "aud list of two": with_claims(aud=["api", "other"]),
    "aud number": with_claims(aud=7),
    "aud object": with_claims(aud={"a": 1}),
    "iss text": with_claims(iss="https://issuer.example"),
    "iss empty": with_claims(iss=""),
    "jti text": with_claims(jti="abc"),
    "jti empty": with_claims(jti=""),
    "jti number": with_claims(jti=7),
    "jti list": with_claims(jti=["abc"]),
    "unknown claim": with_claims(hello="world"),
    "unknown claims of each type": with_claims(a=1, b=None, c=[1, "x"], d={"e": 1.5}, f=True),
    "unknown claim beyond ASCII": with_claims(name="Zoë 日本"),
    "scope beside scopes, the same": with_claims(scope="me items"),
    "payload empty object": claims_text("{}"),
    "payload a list": claims_text("[]"),
    "payload a number": claims_text("5"),
    "payload text": claims_text('"johndoe"'),
    "payload null": claims_text("null"),
    "payload not JSON": claims_text("{sub:johndoe}"),
    "payload cut": claims_text("{" + GOOD_TEXT),
    "payload with text behind": claims_text("{" + GOOD_TEXT + "}x"),
    "payload with white space": claims_text(" {\n" + GOOD_TEXT.replace(",", " ,\t") + " }\r\n "),
    "payload empty": claims_text(""),
    "payload escaped names": claims_text(
        '{"\\u0073ub":"\\u006aohndoe","scope\\u0073":["\\u006de","items"],"\\u0065xp":{{now+1800}}}'
    ),
    "payload escaped exp past": claims_text('{"sub":"johndoe","scopes":["me","items"],"\\u0065xp":5}'),
}

# Refused here by the rules of tokens: (recipe, rule).
STRICTER = {
    "exp missing": (without("exp"), "exp is required"),
    "exp null": (with_claims(exp=None), "exp is required"),
    "exp number as text": (with_claims(exp={"now_plus_text": 1800}), "a known claim has its type"),
    "exp list": (with_claims(exp=[1]), "a known claim has its type"),
    "exp object": (with_claims(exp={}), "a known claim has its type"),
    "exp out of range": (claims_text('{"sub":"johndoe","scopes":["me","items"],"exp":1e300}'), "NumericDate in range"),
    "exp beyond 64 bits": (with_claims(exp=2**70), "NumericDate in range"),
    "exp infinite": (claims_text('{"sub":"johndoe","scopes":["me","items"],"exp":Infinity}'), "JSON has no Infinity"),
    "exp 1e999": (claims_text('{"sub":"johndoe","scopes":["me","items"],"exp":1e999}'), "NumericDate in range"),
    "exp NaN": (claims_text('{"sub":"johndoe","scopes":["me","items"],"exp":NaN}'), "JSON has no NaN"),
    "nbf number as text": (with_claims(nbf={"now_plus_text": -60}), "a known claim has its type"),
    "nbf null": (with_claims(nbf=None), "a known claim has its type"),
    "nbf list": (with_claims(nbf=[]), "a known claim has its type"),
    "iat number as text": (with_claims(iat={"now_plus_text": -60}), "a known claim has its type"),
    "iat null": (with_claims(iat=None), "a known claim has its type"),
    "iat list": (with_claims(iat=[]), "a known claim has its type"),
    "aud zero": (with_claims(aud=0), "a known claim has its type"),
    "aud false": (with_claims(aud=False), "a known claim has its type"),
    "scope differs from scopes": (with_claims(scope="me"), "scope and scopes that differ are refused"),
    "NaN in an unknown claim": (claims_text("{" + GOOD_TEXT + ',"x":NaN}'), "JSON has no NaN"),
    "Infinity in an unknown claim": (claims_text("{" + GOOD_TEXT + ',"x":-Infinity}'), "JSON has no Infinity"),
    "sub twice": (claims_text('{"sub":"nobody",' + GOOD_TEXT + "}"), "duplicate names are refused"),
    "sub twice, the same": (claims_text('{"sub":"johndoe",' + GOOD_TEXT + "}"), "duplicate names are refused"),
    "exp twice": (claims_text('{"exp":1,' + GOOD_TEXT + "}"), "duplicate names are refused"),
    "scopes twice": (claims_text('{"scopes":[],' + GOOD_TEXT + "}"), "duplicate names are refused"),
    "unknown claim twice": (claims_text('{"x":1,"x":2,' + GOOD_TEXT + "}"), "duplicate names are refused"),
    "sub twice, escaped": (claims_text('{"\\u0073ub":"alice",' + GOOD_TEXT + "}"), "duplicate names are refused"),
    "alg twice": (
        {"header_text": '{"alg":"none","alg":"HS256","typ":"JWT"}', "claims": good_claims()},
        "duplicate names are refused",
    ),
    "nesting of 40": (with_claims(x={"nest": 40}), "depth at most 16"),
    "nesting of 400": (with_claims(x={"nest": 400}), "depth at most 16"),
    "typ at+jwt": (header(alg="HS256", typ="at+jwt"), "typ is JWT or absent"),
    "typ dpop+jwt": (header(alg="HS256", typ="dpop+jwt"), "typ is JWT or absent"),
    "typ JWS": (header(alg="HS256", typ="JWS"), "typ is JWT or absent"),
    "typ empty": (header(alg="HS256", typ=""), "typ is JWT or absent"),
    "typ number": (header(alg="HS256", typ=1), "typ is JWT or absent"),
    "typ list": (header(alg="HS256", typ=["JWT"]), "typ is JWT or absent"),
    "kid unknown": (header(alg="HS256", typ="JWT", kid="some-key"), "an unknown kid is refused"),
    "crit unknown": (header(alg="HS256", typ="JWT", crit=["exp"]), "no crit is understood"),
    "crit b64": (header(alg="HS256", typ="JWT", crit=["b64"], b64=True), "no crit is understood"),
    "crit not a list": (header(alg="HS256", typ="JWT", crit="exp"), "no crit is understood"),
    "crit with its member": (header(alg="HS256", typ="JWT", crit=["hello"], hello=1), "no crit is understood"),
    "crit empty": (header(alg="HS256", typ="JWT", crit=[]), "no crit is understood"),
    "padded everywhere": ({"claims": good_claims(), "finish": ["pad-all"]}, "no padding"),
    "padded signature": ({"claims": good_claims(), "finish": ["pad-signature"]}, "no padding"),
    "trailing bits": ({"claims": good_claims(), "finish": ["trailing-bits"]}, "canonical trailing bits"),
    "junk in the signature": ({"claims": good_claims(), "finish": ["junk"]}, "only base64url alphabet"),
    "standard alphabet": (
        {"claims": good_claims(x="???>>>~~~"), "finish": ["standard"]},
        "only base64url alphabet",
    ),
    "long header": (header(alg="HS256", typ="JWT", x={"repeat": "x", "times": 3000}), "header at most 1 KiB"),
    "long payload": (with_claims(x={"repeat": "x", "times": 9000}), "payload at most 8 KiB"),
    "long token": (with_claims(x={"repeat": "x", "times": 20000}), "token at most 16 KiB"),
}


def bearer(name, target, recipe, **more):
    """A request with the recipe's token."""
    return case("token", name, "GET", target, [("Authorization", "Bearer {{token}}")], token=recipe, **more)


def cases():
    """Users with each set of scopes, then each oddity, on the three operations."""
    for operation, target in OPERATIONS.items():
        for user in USERS:
            for name, scopes in SCOPES.items():
                recipe = {"claims": good_claims(user, scopes)}
                yield bearer(f"{user} with scopes {name} at {operation}", target, recipe)
        for name, scopes in ODD_SCOPES.items():
            recipe = {"claims": good_claims() | {"scopes": scopes}}
            yield bearer(f"johndoe with scopes as {name} at {operation}", target, recipe)
        for name, recipe in SAME.items():
            yield bearer(f"{name} at {operation}", target, recipe)
        for name, (recipe, rule) in STRICTER.items():
            reason = f"tokens: {rule}"
            yield bearer(f"{name} at {operation}", target, recipe, differs=reason, here=refused_at(target))


assert set(CHALLENGES) == set(OPERATIONS.values())
