"""Client credentials and revocation by requests-oauthlib, with both methods of a client."""

from site_of_test import CLIENTS, ISSUER, SECRETS

import requests
from oauthlib.oauth2 import BackendApplicationClient, InvalidClientError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

METADATA = requests.get(f"{ISSUER}/.well-known/oauth-authorization-server", timeout=10).json()


def credentials(method, name, secret=None):
    """Arguments that authenticate a client: its header, or its form."""
    secret = secret or SECRETS[name]
    if method == "client_secret_basic":
        return {"auth": HTTPBasicAuth(name, secret)}
    # Without `include_client_id` the library writes a header from this secret.
    return {"include_client_id": True, "client_secret": secret}


def fetched(method, name, secret=None):
    """A session with its token."""
    session = OAuth2Session(client=BackendApplicationClient(name, scope=["items"]))
    session.fetch_token(METADATA["token_endpoint"], **credentials(method, name, secret))
    return session


def introspected(method, name, token):
    """The answer about a token. The library has no call for it."""
    form = {"token": token, "token_type_hint": "access_token"}
    if method == "client_secret_post":
        form |= {"client_id": name, "client_secret": SECRETS[name]}
    auth = HTTPBasicAuth(name, SECRETS[name]) if method == "client_secret_basic" else None
    return requests.post(METADATA["introspection_endpoint"], form, auth=auth, timeout=10).json()


for method, (service, api) in CLIENTS.items():
    session = fetched(method, service)
    token = session.token["access_token"]
    print(f"{method}: {session.token['token_type']} for {' '.join(session.token['scope'])}")
    before = introspected(method, api, token)
    print(f"{method}: active {before['active']}, of {before['client_id']}, for {before['scope']}")

    form = {} if method == "client_secret_basic" else {"client_id": service, "client_secret": SECRETS[service]}
    url, headers, body = session._client.prepare_token_revocation_request(METADATA["revocation_endpoint"], token, **form)
    auth = HTTPBasicAuth(service, SECRETS[service]) if method == "client_secret_basic" else None
    requests.post(url, body, headers=headers, auth=auth, timeout=10).raise_for_status()
    print(f"{method}: after revocation {introspected(method, api, token)}")
    try:
        fetched(method, service, "wrong")
    except InvalidClientError as error:
        print(f"{method}: wrong secret, {error.error}")
