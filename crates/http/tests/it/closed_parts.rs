//! A structure that refuses other members cannot be a part of an object with other members.

use std::collections::BTreeMap;

use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{HandledOperation, Json, get, post};
use serde::{Deserialize, Serialize};

use crate::common::{self, Profile};

async fn error_of(operation: HandledOperation) -> Option<String> {
    let builder = common::gate(Profile::Rfc).await.operation(operation);
    builder.build().err().map(|error| error.to_string())
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewNote {
    name: String,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Note {
    id: u64,
    #[serde(flatten)]
    is: NewNote,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind")]
enum Event {
    Added(NewNote),
    Gone,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Mapped {
    id: u64,
    #[serde(flatten)]
    is: NewNote,
    #[serde(flatten)]
    others: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Deep {
    notes: Vec<Option<Note>>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Named {
    note: NewNote,
    /// The other one.
    other: Option<NewNote>,
}

#[tokio::test]
async fn part_that_refuses_other_members_is_an_error_at_the_build() {
    let answer = get("/x").public().then(async || Json(Vec::<Note>::new()));
    let operations = [
        answer,
        post("/x").public().then(async |_: Json<Note>| {}),
        post("/x").public().then(async |_: Json<Vec<Event>>| {}),
        post("/x").public().then(async |_: Json<Mapped>| {}),
        post("/x").public().then(async |_: Json<Deep>| {}),
        get("/x").public().then(async || Json(Deep { notes: Vec::new() })),
    ];
    for (number, operation) in operations.into_iter().enumerate() {
        let error = error_of(operation).await.unwrap_or_default();
        for words in [
            "/x`",
            "`NewNote` by `flatten`",
            "remove `#[serde(deny_unknown_fields)]`",
        ] {
            assert!(error.contains(words), "{number}: {error}");
        }
    }
    let whole = post("/x").public().then(async |note: Json<Named>| note);
    assert_eq!(error_of(whole).await, None);
}
