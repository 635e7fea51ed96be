"""A web application with a session, by requests-oauthlib: code with PKCE, automatic refresh, revocation."""

import os
import secrets

from site_of_test import ISSUER, SECRETS

import flask
import requests
from oauthlib.oauth2 import InvalidGrantError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

METADATA = requests.get(f"{ISSUER}/.well-known/oauth-authorization-server", timeout=10).json()
REDIRECT_URI = os.environ["REDIRECT_URI"]
AUTH = HTTPBasicAuth("shop", SECRETS["shop"])

app = flask.Flask(__name__)
app.secret_key = secrets.token_hex()
# The tokens of each login, by the key in the cookie of its browser.
tokens = {}


def client(**more):
    return OAuth2Session("shop", redirect_uri=REDIRECT_URI, scope=["me", "items"], **more)


@app.get("/login")
def log_in():
    asked = client(pkce="S256")
    url, state = asked.authorization_url(METADATA["authorization_endpoint"])
    flask.session["begun"] = [state, asked._code_verifier]
    return flask.redirect(url)


@app.get("/callback")
def finish_login():
    state, verifier = flask.session.pop("begun")
    if flask.request.args["iss"] != ISSUER:
        return "another issuer", 400
    token = client(state=state).fetch_token(
        METADATA["token_endpoint"], authorization_response=flask.request.url, code_verifier=verifier, auth=AUTH)
    flask.session["key"] = key = secrets.token_hex()
    tokens[key] = token
    return " ".join(token["scope"])


@app.post("/expire")
def expire():
    """The clock of the application has moved on: the next call refreshes."""
    tokens[flask.session["key"]]["expires_at"] = 1
    return ""


@app.get("/items")
def items():
    key = flask.session["key"]
    before = tokens[key]["refresh_token"]

    def keep(token):
        tokens[key] = token

    session = client(token=tokens[key], auto_refresh_url=METADATA["token_endpoint"], token_updater=keep)
    try:
        # The id and the secret are for the refresh alone.
        answer = session.get(f"{ISSUER}/users/me/items/", client_id="shop", client_secret=SECRETS["shop"])
    except InvalidGrantError as error:
        return error.error
    return f"{answer.status_code}, {'same' if tokens[key]['refresh_token'] == before else 'next'} refresh token"


@app.post("/logout")
def log_out():
    token = tokens[flask.session["key"]]["refresh_token"]
    url, headers, body = client()._client.prepare_token_revocation_request(METADATA["revocation_endpoint"], token, "refresh_token")
    return str(requests.post(url, body, headers=headers, auth=AUTH, timeout=10).status_code)
