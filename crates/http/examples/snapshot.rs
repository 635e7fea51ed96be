//! A policy under test: the agreed policy is a file next to the code, and a test fails if the
//! program is more open.
//!
//! ```console
//! $ cargo run --example snapshot            compares
//! $ cargo run --example snapshot -- agree   writes down what the program says now
//! ```
//!
//! In a project the comparison is a test, as in `crates/http/tests/it/example_snapshot.rs`, and
//! each review includes the file.

use std::error::Error;
use std::fs;

use scopegate_http::analysis::{Change, diff};
use scopegate_http::domain::Secret;
use scopegate_http::openapi::{export, import};
use scopegate_http::policy::OperationTable;
use scopegate_http::token::{SigningKey, TokenRules, Verifier};
use scopegate_http::{Catalog, Gate, Guard, Path, Permit, ScopeToken, SecurityScheme, get, route};

const READ: ScopeToken = ScopeToken::from_static("notes:read");
const WRITE: ScopeToken = ScopeToken::from_static("notes:write");
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/snapshot.toml");

/// The program.
pub(crate) fn gate() -> Result<Gate, Box<dyn Error>> {
    let catalog = Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("token"))
        .scope(READ, "Read notes.")
        .scope(WRITE, "Write notes, and read them.")
        .implies(WRITE, READ)
        .build()?;
    let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
    let reader = Guard::requires([READ]);
    let writer = Guard::requires([WRITE]).depends_on(&reader);
    let gate = Gate::builder(catalog)
        .bearer("oauth", Verifier::new(TokenRules::shared_secret(), key.verifying_key()))
        .operation(get("/notes").guard(&reader).then(|_: Permit| async { "all notes" }))
        .operation(
            route(scopegate_http::policy::Method::Delete, "/notes/{id}")
                .guard(&writer)
                .then(|_: Permit, Path(id): Path<u32>| async move { format!("note {id} is gone") }),
        )
        .build()?;
    Ok(gate)
}

/// Returns every operation that accepts a caller that the agreed policy refuses, with that caller.
pub(crate) fn opened(agreed: &str, now: &OperationTable) -> Result<Vec<Change>, Box<dyn Error>> {
    let agreed = import::read(agreed.as_bytes())?;
    Ok(diff(agreed.table(), now)?.into_iter().filter(Change::opens).collect())
}

fn main() -> Result<(), Box<dyn Error>> {
    let gate = gate()?;
    if std::env::args().nth(1).as_deref() == Some("agree") {
        return Ok(fs::write(FILE, export::toml(gate.operations())?)?);
    }
    match opened(&fs::read_to_string(FILE)?, gate.operations())?.first() {
        Some(change) => Err(format!("{change}: a request with {:?} is let in now", change.allowed_now()).into()),
        None => Ok(()),
    }
}
