//! A file of permissions of the size of Microsoft Graph's, as text.

use std::fmt::Write as _;

const PERMISSIONS: usize = 917;
const PATHS: usize = 7_343;
/// Paths of one family are opened by the same permissions.
const FAMILIES: usize = 1_692;
const SENTENCE: &str =
    "Allows the app to read the settings, the members and the history of the section, and to write all of them.";

/// The permissions that open paths, each with its description: about 11,000 operations in 2.8
/// megabytes.
#[must_use]
pub fn permissions_file() -> String {
    let mut families = vec![Vec::new(); PERMISSIONS];
    for family in 0..FAMILIES {
        for step in 0..=family % 4 {
            families[(family * 31 + step * 17) % PERMISSIONS].push(family);
        }
    }
    let mut text = "{ \"permissions\": {".to_owned();
    for (number, families) in families.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        let schemes = [scheme("DelegatedWork"), scheme("Application")].join(",");
        let sets: Vec<String> = ["\"GET\"", "\"GET\",\n            \"PATCH\""]
            .iter()
            .enumerate()
            .map(|(parity, methods)| path_set(methods, families.iter().filter(|family| *family % 2 == parity)))
            .collect();
        write!(
            text,
            "{comma}\n    \"Section{number}.ReadWrite.All\": {{\n      \"authorizationType\": \"oAuth2\",\n      \"schemes\": {{{schemes}\n      }},\n      \"pathSets\": [{}\n      ]\n    }}",
            sets.join(",")
        )
        .unwrap();
    }
    text.push_str("\n  }\n}\n");
    text
}

fn scheme(name: &str) -> String {
    format!(
        "\n        \"{name}\": {{\n          \"adminDisplayName\": \"Read and write the sections\",\n          \"adminDescription\": \"{SENTENCE}\",\n          \"userDisplayName\": \"Read and write your sections\",\n          \"userDescription\": \"{SENTENCE}\",\n          \"requiresAdminConsent\": true,\n          \"privilegeLevel\": 3\n        }}"
    )
}

fn path_set<'f>(methods: &str, families: impl Iterator<Item = &'f usize>) -> String {
    let path = |place: usize| {
        format!(
            "\n            \"/devicemanagement/section{}/items/{{id}}/entries{place}/{{id}}\": \"least=DelegatedWork,Application\"",
            place % 97
        )
    };
    let paths = families.flat_map(|family| (*family..PATHS).step_by(FAMILIES)).map(path);
    let paths: Vec<String> = paths.collect();
    format!(
        "\n        {{\n          \"schemeKeys\": [\n            \"DelegatedWork\",\n            \"Application\"\n          ],\n          \"methods\": [\n            {methods}\n          ],\n          \"paths\": {{{}\n          }}\n        }}",
        paths.join(",")
    )
}
