"""Client credentials, the validator of RFC 9068, introspection and revocation by Authlib."""

from site_of_test import AUDIENCE, CLIENTS, ISSUER, SECRETS

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6750.errors import InsufficientScopeError
from authlib.oauth2.rfc6749.errors import OAuth2Error
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc.jwk import KeySet

METADATA = AuthorizationServerMetadata(requests.get(f"{ISSUER}/.well-known/oauth-authorization-server", timeout=10).json())


class Validator(JWTBearerTokenValidator):
    """Verifies with the published keys."""

    def get_jwks(self):
        return KeySet.import_key_set(requests.get(METADATA["jwks_uri"], timeout=10).json())


def verified(audience, text, *scopes):
    """Whose token it is, or the error."""
    validator = Validator(issuer=ISSUER, resource_server=audience)
    token = validator.authenticate_token(text)
    try:
        validator.validate_token(token, list(scopes), None)
    except (OAuth2Error, InsufficientScopeError) as error:
        return error.error
    return f"of {token['client_id']}, for {token['scope']}"


def session(method, name, secret=None):
    """A session of a client."""
    return OAuth2Session(name, secret or SECRETS[name], token_endpoint_auth_method=method,
                         revocation_endpoint_auth_method=method, scope="items")


for method, (service_name, api_name) in CLIENTS.items():
    service, api = session(method, service_name), session(method, api_name)
    token = service.fetch_token(METADATA["token_endpoint"], grant_type="client_credentials")
    text = token["access_token"]
    print(f"{method}: {token['token_type']} for {token['scope']}")
    print(f"{method}: verified, {verified(AUDIENCE, text, 'items')}")
    print(f"{method}: another scope, {verified(AUDIENCE, text, 'me')}")
    print(f"{method}: another audience, {verified('https://other.example', text)}")

    before = api.introspect_token(METADATA["introspection_endpoint"], token=text).json()
    print(f"{method}: active {before['active']}, of {before['client_id']}, for {before['scope']}")
    service.revoke_token(METADATA["revocation_endpoint"], token=text)
    after = api.introspect_token(METADATA["introspection_endpoint"], token=text).json()
    print(f"{method}: after revocation {after}")

    try:
        session(method, service_name, "wrong").fetch_token(METADATA["token_endpoint"], grant_type="client_credentials")
    except OAuthError as error:
        print(f"{method}: wrong secret, {error.error}")
