//! The additions of OpenAPI 3.2.

use scopegate_domain::SecurityScheme;
use scopegate_openapi::export::{DocumentInfo, document, toml};
use scopegate_openapi::import::{self, Format};
use scopegate_policy::Method;
use serde_json::Map;

use crate::import::documents::{fault, read, shown};

const DOCUMENT: &str = r"
openapi: 3.2.0
info: { title: Shows, version: '1' }
components:
  securitySchemes:
    tv:
      type: oauth2
      oauth2MetadataUrl: https://id.example/.well-known/oauth-authorization-server
      flows:
        deviceAuthorization:
          deviceAuthorizationUrl: https://id.example/device
          tokenUrl: https://id.example/token
          scopes: { find: x, copy: y }
paths:
  /shows:
    query: { security: [{ tv: [find] }] }
    additionalOperations:
      COPY: { security: [{ tv: [copy] }] }
      LINK: { security: [] }
";

#[test]
fn openapi_3_2_methods_are_read() {
    let imported = read(DOCUMENT);
    assert_eq!(imported.format(), Format::OpenApi32);
    let table = imported.table();
    for (method, expected) in [("QUERY", "tv(find)"), ("COPY", "tv(copy)"), ("LINK", "")] {
        let method: Method = method.parse().unwrap();
        assert_eq!(shown(table.find(method, "/shows").unwrap()), expected, "{method}");
    }
    assert_eq!(imported.notes(), []);
}

#[test]
fn openapi_3_2_device_flow_is_read() {
    let imported = read(DOCUMENT);
    let SecurityScheme::OAuth2(flows) = imported.table().catalog().schemes()[0].scheme() else {
        panic!()
    };
    let device = flows.device_authorization.as_ref().unwrap();
    assert_eq!(
        device.device_authorization_url.as_deref(),
        Some("https://id.example/device")
    );
    assert_eq!(device.token_url.as_deref(), Some("https://id.example/token"));
    let metadata = "https://id.example/.well-known/oauth-authorization-server";
    assert_eq!(flows.metadata_url.as_deref(), Some(metadata));
}

#[test]
fn openapi_3_2_unknown_method_is_refused() {
    for (text, place) in [
        (
            DOCUMENT.replace("COPY", "SWITCH"),
            "/paths/~1shows/additionalOperations/SWITCH",
        ),
        (
            DOCUMENT.replace("COPY", "copy"),
            "/paths/~1shows/additionalOperations/copy",
        ),
        (DOCUMENT.replace("query:", "qwery:"), "/paths/~1shows/qwery"),
    ] {
        let said = fault(&text);
        assert!(said.contains(place), "{said}");
    }
}

#[test]
fn openapi_3_2_is_written_back() {
    let imported = read(DOCUMENT);
    let table = imported.table();
    let written = document(&DocumentInfo::new("Shows", "1"), table, &[], &Map::new());
    assert_eq!(written["openapi"], "3.2.0");
    assert!(written["paths"]["/shows"]["query"].is_object());
    assert!(written["paths"]["/shows"]["additionalOperations"]["COPY"].is_object());
    for text in [written.to_string(), toml(table).unwrap()] {
        let again = import::read(text.as_bytes()).unwrap();
        assert_eq!(again.table().catalog(), table.catalog(), "{text}");
        let meaning = scopegate_openapi::export::canonical;
        assert_eq!(meaning(again.table()), meaning(table), "{text}");
    }
}

#[test]
fn openapi_3_2_security_names_schemes_by_uri() {
    let local = DOCUMENT.replace("[{ tv: [find] }]", "[{ '#/components/securitySchemes/tv': [find] }]");
    let imported = read(&local);
    let query = imported.table().find(Method::Query, "/shows").unwrap();
    assert_eq!(shown(query), "tv(find)");
    let folder = tempfile::TempDir::new().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("s.yaml", "all: { key: { type: apiKey, in: header, name: K } }");
    write(
        "api.yaml",
        &DOCUMENT.replace(
            "[{ tv: [find] }]",
            "[{ 's.yaml#/all/key': [] }, { './s.yaml#/all/key': [x] }]",
        ),
    );
    let options = import::ReadOptions::new();
    let imported = import::read_file(&folder.path().join("api.yaml"), &options).unwrap();
    let query = imported.table().find(Method::Query, "/shows").unwrap();
    assert_eq!(shown(query), "key()");
    assert_eq!(imported.notes(), []);
    for (name, says) in [
        ("#/components/securitySchemes/x", "correct it"),
        ("https://a.example/x", "is a URL"),
    ] {
        let said = fault(&DOCUMENT.replace("[{ tv: [find] }]", &format!("[{{ '{name}': [] }}]")));
        assert!(said.contains(says) && said.contains("security/0"), "{said}");
    }
    let before = read("openapi: 3.1.0\npaths: {/a: {get: {security: [{'#/components/securitySchemes/tv': []}]}}}\n");
    assert_eq!(before.notes().len(), 1);
}

#[test]
fn openapi_3_1_stays_3_1() {
    let imported = read("openapi: 3.1.0\npaths: {/a: {get: {}}}\n");
    let written = document(&DocumentInfo::new("a", "1"), imported.table(), &[], &Map::new());
    assert_eq!(written["openapi"], "3.1.0");
}
