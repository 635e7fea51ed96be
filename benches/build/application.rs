//! An application with one guarded operation. `operations.py` repeats what is between the marks.

use scopegate_http::serde::{Deserialize, Serialize};
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{Catalog, Gate, GateBuilder, Guard, Json, Path, Permit, Query, ScopeToken, SecurityScheme, post};

const READ: ScopeToken = ScopeToken::from_static("read");

// begin
#[derive(Deserialize, ToSchema)]
#[serde(crate = "scopegate_http::serde")]
struct Page0 {
    limit: Option<u32>,
}

#[derive(Deserialize, Serialize, ToSchema)]
#[serde(crate = "scopegate_http::serde")]
struct Thing0 {
    id: u32,
    name: String,
}

async fn operation_0(
    _: Permit,
    Path(id): Path<u32>,
    Query(page): Query<Page0>,
    Json(thing): Json<Thing0>,
) -> Json<Thing0> {
    let id = id.min(page.limit.unwrap_or(thing.id));
    Json(Thing0 { id, name: thing.name })
}
// end

fn gate(catalog: Catalog) -> GateBuilder {
    Gate::builder(catalog)
        // begin
        .operation(post("/things0/{id}").guard(Guard::requires([READ])).then(operation_0))
    // end
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let catalog = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
    gate(catalog.scope(READ, "Read.").build()?).build()?;
    Ok(())
}
