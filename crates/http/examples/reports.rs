//! Guarded reports, next to existing warp routes: a custom check, parameters, a query, a body.
//!
//! ```console
//! $ cargo run --example reports
//! $ curl -i http://127.0.0.1:8000/reports/7?pages=2
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::future::ready;
use std::sync::{Arc, PoisonError, RwLock};

use scopegate_http::domain::{Account, Secret, User, UserId, Username};
use scopegate_http::policy::CheckContext;
use scopegate_http::serde::{Deserialize, Serialize};
use scopegate_http::store::{MemoryStore, Users};
use scopegate_http::token::{SigningKey, TokenRules, Verifier};
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::warp::{self, Filter};
use scopegate_http::{
    Catalog, Check, CurrentUser, Gate, Guard, Json, Path, Permit, Query, ScopeToken, SecurityScheme,
    answer::{Answer, Created, OperationDescription, Response, StatusCode},
    get, put, tokio,
};

const READ: ScopeToken = ScopeToken::from_static("reports:read");
const WRITE: ScopeToken = ScopeToken::from_static("reports:write");

#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(crate = "scopegate_http::serde")]
struct Report {
    title: String,
    pages: Vec<String>,
}

/// The requested parts of a report.
#[derive(Deserialize, ToSchema)]
#[serde(crate = "scopegate_http::serde")]
struct Excerpt {
    /// The maximum number of pages.
    pages: Option<usize>,
}

/// Requires an email address, because the author of a report must be reachable.
#[derive(Debug)]
struct CanBeReached;

impl Check for CanBeReached {
    fn name(&self) -> &'static str {
        "can_be_reached"
    }

    fn passes(&self, place: &CheckContext<'_>) -> bool {
        place.user().is_some_and(|user| user.email().is_some())
    }
}

/// There is no such report.
struct NoReport;

impl Answer for NoReport {
    fn into_response(self) -> Response {
        StatusCode::NOT_FOUND.into_response()
    }

    fn describe(description: &mut OperationDescription) {
        description.response(StatusCode::NOT_FOUND, "There is no such report");
    }
}

type Reports = Arc<RwLock<HashMap<u32, Report>>>;

fn read(reports: &Reports, id: u32, excerpt: &Excerpt) -> Result<Json<Report>, NoReport> {
    let reports = reports.read().unwrap_or_else(PoisonError::into_inner);
    let mut report = reports.get(&id).cloned().ok_or(NoReport)?;
    report.pages.truncate(excerpt.pages.unwrap_or(usize::MAX));
    Ok(Json(report))
}

fn write(reports: &Reports, author: &User, id: u32, report: Report) -> Created<Json<String>> {
    let mut reports = reports.write().unwrap_or_else(PoisonError::into_inner);
    reports.insert(id, report);
    Created(Json(format!("written by {}", author.username())))
}

fn gate(users: Arc<dyn Users>, verifier: Verifier, reports: Reports) -> Result<Gate, Box<dyn Error>> {
    let catalog = Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("token"))
        .scope(READ, "Read reports.")
        .scope(WRITE, "Write reports.")
        .implies(WRITE, READ)
        .build()?;
    let reader = Guard::requires([READ]);
    let author = Guard::requires([WRITE]).check(CanBeReached).depends_on(&Guard::user());
    let (shelf, desk) = (Arc::clone(&reports), reports);

    let read_report = get("/reports/{id}")
        .named("read_report")
        .guard(reader)
        .then(move |_: Permit, Path(id): Path<u32>, Query(excerpt): Query<Excerpt>| ready(read(&shelf, id, &excerpt)));
    let write_report = put("/reports/{id}").named("write_report").guard(author).then(
        move |author: CurrentUser, Path(id): Path<u32>, Json(report): Json<Report>| {
            ready(write(&desk, &author, id, report))
        },
    );

    Ok(Gate::builder(catalog)
        .info("Reports", "1.0.0")
        .bearer("oauth", verifier)
        .users(users)
        .operation(read_report)
        .operation(write_report)
        .docs()
        .build()?)
}

#[tokio::main(crate = "scopegate_http::tokio")]
async fn main() -> Result<(), Box<dyn Error>> {
    let users = Arc::new(MemoryStore::new());
    let ada = User::new(UserId::parse("u1")?, Username::parse("ada")?).with_email("ada@example.com");
    Users::add(
        &*users,
        Account {
            user: ada,
            password_hash: None,
        },
    )
    .await?;
    let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
    let verifier = Verifier::new(TokenRules::shared_secret(), key.verifying_key());

    let gate = gate(users, verifier, Reports::default())?;
    let old_routes = warp::path!("about").map(|| "an old route");
    warp::serve(old_routes.or(gate.site_filter()))
        .run(([127, 0, 0, 1], 8000))
        .await;
    Ok(())
}
