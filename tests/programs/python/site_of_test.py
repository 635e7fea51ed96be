"""What the scripts share: the server of the test, from the variable SITE."""

import json
import os

SITE = json.loads(os.environ["SITE"])
ISSUER, AUDIENCE, SECRETS = SITE["issuer"], SITE["audience"], SITE["secrets"]
# The clients of each method: a service and a resource server.
CLIENTS = {
    "client_secret_basic": ("billing", "reports"),
    "client_secret_post": ("billing-post", "reports-post"),
}
# Both libraries refuse a URL without TLS. The server of the test is on the loopback address.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
