//! Documents: several authorization servers, scopes of schemes other than OAuth 2.0, long names.

/// Two OAuth 2.0 schemes of one server, one of another server, scopes of a bearer scheme, a key,
/// and conditions.
pub(crate) const SERVERS: &str = r#"{
  "openapi": "3.1.0",
  "info": { "title": "Several servers", "version": "1" },
  "paths": {
    "/a": {
      "get": { "security": [{ "app": ["read"] }, { "owner": ["read"] }] },
      "post": { "security": [{ "app": ["write"], "partner": ["read"] }] },
      "delete": { "security": [{ "owner": ["admin"], "key": [] }] }
    },
    "/b": {
      "get": { "security": [{ "partner": ["read"] }, { "robot": ["deploy"] }] },
      "put": { "security": [{ "robot": ["deploy", "read:logs"] }] }
    },
    "/c": { "get": { "security": [{}, { "app": ["read"] }] } },
    "/d": { "get": { "security": [{ "key": [] }] } },
    "/e": { "get": { "security": [] } },
    "/f": { "get": { "security": [{ "app": [] }] }, "post": { "security": [{ "robot": [] }] } },
    "/g": { "post": { "security": [{ "app": ["write"] }, { "partner": ["billing"] }, { "key": [], "robot": ["deploy"] }] } },
    "/h": {
      "get": { "security": [{ "owner": ["admin"] }, { "app": ["read"] }], "x-scopegate-guards": [[], ["active"]] },
      "put": { "security": [{ "partner": ["billing"] }], "x-scopegate-guards": [["check:quota", "user"]] }
    }
  },
  "components": { "securitySchemes": {
    "app": { "type": "oauth2", "flows": { "clientCredentials": {
      "tokenUrl": "https://id.example/token", "scopes": { "read": "Read.", "write": "Write." } } } },
    "owner": { "type": "oauth2", "flows": { "authorizationCode": {
      "authorizationUrl": "https://id.example/ask", "tokenUrl": "https://id.example/token",
      "scopes": { "read": "Read.", "admin": "Everything." } } } },
    "partner": { "type": "oauth2", "flows": { "clientCredentials": {
      "tokenUrl": "https://partner.example/token", "scopes": { "read": "Read.", "billing": "Bills." } } } },
    "robot": { "type": "http", "scheme": "bearer" },
    "key": { "type": "apiKey", "in": "header", "name": "X-Key" }
  } }
}"#;

/// Scopes of a bearer scheme and of a key, without any OAuth 2.0 scheme.
pub(crate) const WORDS: &str = r#"{
  "openapi": "3.1.0",
  "info": { "title": "Words", "version": "1" },
  "paths": {
    "/jobs": {
      "get": { "security": [{ "token": ["jobs:read"] }] },
      "post": { "security": [{ "token": ["jobs:write", "jobs:read"] }] },
      "put": { "security": [{ "token": ["jobs:write"] }, { "key": ["jobs"] }] }
    },
    "/jobs/{id}": { "delete": { "security": [{ "token": ["jobs:write"], "key": [] }] } },
    "/status": { "get": { "security": [{}, { "token": [] }] } },
    "/version": { "get": {} }
  },
  "components": { "securitySchemes": {
    "token": { "type": "http", "scheme": "bearer" },
    "key": { "type": "apiKey", "in": "header", "name": "X-Key" }
  } }
}"#;

/// Long names with a common beginning.
pub(crate) const LONG_NAMES: &str = r#"{
  "openapi": "3.1.0",
  "info": { "title": "Long names", "version": "1" },
  "paths": {
    "/api/v2/orders.list": { "get": { "security": [{ "sso": ["https://shop.example/auth/orders.history.and.details.of.all.customers.readonly"] }] } },
    "/api/v2/orders.cancel": { "post": { "security": [{ "sso": ["https://shop.example/auth/orders"] }] } },
    "/api/v2/stock.list": { "get": { "security": [{ "sso": ["https://shop.example/auth/stock"] }] } },
    "/api/v2/stock.set": { "post": { "security": [{ "sso": ["https://shop.example/auth/stock", "openid"] }] } }
  },
  "components": { "securitySchemes": {
    "sso": { "type": "oauth2", "flows": { "clientCredentials": { "tokenUrl": "https://id.example/token", "scopes": {
      "openid": "", "https://shop.example/auth/orders": "Orders.", "https://shop.example/auth/stock": "Stock.",
      "https://shop.example/auth/orders.history.and.details.of.all.customers.readonly": "Read old orders." } } } }
  } }
}"#;
