"""Forms of the Authorization header, on each of the three operations."""

from .common import OPERATIONS, case, good_claims

FORMS = {
    "missing": [],
    "empty": [("Authorization", "")],
    "only a space": [("Authorization", " ")],
    "scheme alone": [("Authorization", "Bearer")],
    "scheme and a space": [("Authorization", "Bearer ")],
    "scheme and three spaces": [("Authorization", "Bearer   ")],
    "right": [("Authorization", "Bearer {{token}}")],
    "lower case": [("Authorization", "bearer {{token}}")],
    "upper case": [("Authorization", "BEARER {{token}}")],
    "mixed case": [("Authorization", "bEaReR {{token}}")],
    "lower case header name": [("authorization", "Bearer {{token}}")],
    "upper case header name": [("AUTHORIZATION", "Bearer {{token}}")],
    "two spaces": [("Authorization", "Bearer  {{token}}")],
    "space before the scheme": [("Authorization", " Bearer {{token}}")],
    "trailing space": [("Authorization", "Bearer {{token}} ")],
    "trailing tab": [("Authorization", "Bearer {{token}}\t")],
    "trailing spaces": [("Authorization", "Bearer {{token}}    ")],
    "tab for the space": [("Authorization", "Bearer\t{{token}}")],
    "space, then tab": [("Authorization", "Bearer \t{{token}}")],
    "glued": [("Authorization", "Bearer{{token}}")],
    "colon": [("Authorization", "Bearer: {{token}}")],
    "equals": [("Authorization", "Bearer={{token}}")],
    "comma behind": [("Authorization", "Bearer {{token}},")],
    "parameter behind": [("Authorization", 'Bearer {{token}}, realm="x"')],
    "word behind": [("Authorization", "Bearer {{token}} more")],
    "quoted": [("Authorization", 'Bearer "{{token}}"')],
    "in angle brackets": [("Authorization", "Bearer <{{token}}>")],
    "twice in one": [("Authorization", "Bearer {{token}} {{token}}")],
    "scheme twice": [("Authorization", "Bearer Bearer {{token}}")],
    "no scheme": [("Authorization", "{{token}}")],
    "Basic": [("Authorization", "Basic am9obmRvZTpzZWNyZXQ=")],
    "Basic with the token": [("Authorization", "Basic {{token}}")],
    "Digest": [("Authorization", 'Digest username="johndoe"')],
    "Token": [("Authorization", "Token {{token}}")],
    "DPoP": [("Authorization", "DPoP {{token}}")],
    "Bearers": [("Authorization", "Bearers {{token}}")],
    "Beare": [("Authorization", "Beare {{token}}")],
    "byte beyond ASCII in the scheme": [("Authorization", "Be\u00e4rer {{token}}")],
    "byte beyond ASCII in the token": [("Authorization", "Bearer \u00e9")],
    "two headers, right first": [("Authorization", "Bearer {{token}}"), ("Authorization", "Bearer x")],
    "two headers, wrong first": [("Authorization", "Bearer x"), ("Authorization", "Bearer {{token}}")],
    "two headers, Basic first": [("Authorization", "Basic eDp5"), ("Authorization", "Bearer {{token}}")],
    "two headers, Bearer first": [("Authorization", "Bearer {{token}}"), ("Authorization", "Basic eDp5")],
    "two headers, empty first": [("Authorization", ""), ("Authorization", "Bearer {{token}}")],
    "two headers, the same": [("Authorization", "Bearer {{token}}"), ("Authorization", "Bearer {{token}}")],
    "Proxy-Authorization": [("Proxy-Authorization", "Bearer {{token}}")],
    "X-Authorization": [("X-Authorization", "Bearer {{token}}")],
    "cookie": [("Cookie", "access_token={{token}}")],
}


def cases():
    """Each form on each operation, and tokens in places where they do not count."""
    for form, headers in FORMS.items():
        for operation, target in OPERATIONS.items():
            more = {"token": {"claims": good_claims()}} if "{{token}}" in str(headers) else {}
            yield case("header", f"{form} at {operation}", "GET", target, headers, **more)
    for operation, target in OPERATIONS.items():
        yield case("header", f"query access_token at {operation}", "GET", target + "?access_token=x")
