//! Malformed paths.

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Segments that are easily confused: by case, by the text after them, by their Unicode form.
const SEGMENTS: &[&str] = &[
    "users",
    "me",
    "items",
    "status",
    "open",
    "any",
    "docs",
    "token",
    "x",
    "",
    ".",
    "..",
    "ME",
    "Users",
    "me.",
    "me ",
    " me",
    "me;a=b",
    "me\0",
    "m\u{e9}",
    "me\u{301}",
    "\u{ff4d}\u{ff45}",
    "..;",
    "a+b",
    "%6de",
];

/// Texts that resemble a slash, and slashes.
const JOINTS: &[&str] = &["/", "/", "/", "//", "\\", "/./", "/../", "\u{2044}", "\u{ff0f}"];

/// Texts that are inserted into a path somewhere, unchanged.
const MISCHIEF: &[&str] = &[
    "%",
    "%2",
    "%zz",
    "%00",
    "%0d%0a",
    "%20",
    "%25",
    "%252F",
    "%252e%252e/",
    "%c0%af",
    "%C1%9C",
    "%e0%80%af",
    "%ff",
    "%ed%a0%80",
    "%u002f",
    ";a=b",
    ".",
    "/",
    "//",
    "/.",
    "/..",
    "%2e",
    "%2F",
    "%5c",
    "\\",
    "+",
    "*",
    "~",
    "%7e",
    "\u{e9}",
];

/// A path from the root: one of these or a random one. Each character is literal or percent-encoded
/// in either case, and there may be an inserted text.
pub(crate) fn targets(paths: &'static [&'static str]) -> impl Strategy<Value = String> {
    let chance = proptest::collection::vec(
        (select(JOINTS), select(SEGMENTS)).prop_map(|(joint, segment)| joint.to_owned() + segment),
        1..5,
    )
    .prop_map(|pieces| {
        let pieces = pieces.concat();
        format!("/{}", pieces.trim_start_matches('/'))
    });
    let path = prop_oneof![2 => select(paths).prop_map(str::to_owned), 1 => chance];
    let ways = proptest::collection::vec(prop_oneof![10 => Just(0u8), 1 => Just(1), 1 => Just(2)], 60);
    let mischief = proptest::option::weighted(0.4, (any::<Index>(), select(MISCHIEF)));
    (path, ways, mischief).prop_map(|(path, ways, mischief)| spell(&path, &ways, mischief))
}

fn spell(path: &str, ways: &[u8], mischief: Option<(Index, &str)>) -> String {
    let mut spelled: Vec<String> = path
        .chars()
        .zip(ways.iter().cycle())
        .map(|(character, way)| match (character, way) {
            (' ' | '\0', 0) | (_, 1) => encode(character, |byte| format!("%{byte:02X}")),
            (_, 2) => encode(character, |byte| format!("%{byte:02x}")),
            _ => character.to_string(),
        })
        .collect();
    // A request target begins with a slash that is written as one.
    spelled.splice(..1, ["/".to_owned()]);
    if let Some((place, what)) = mischief {
        spelled.insert(1 + place.index(spelled.len()), what.to_owned());
    }
    spelled.concat()
}

fn encode(character: char, way: impl Fn(u8) -> String) -> String {
    character.to_string().bytes().map(way).collect()
}
