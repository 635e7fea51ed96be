//! Inputs of an application that depend on the caller, and their refusals.

use std::sync::Arc;

use http::StatusCode;
use scopegate_http::answer::{Answer, HandlerError, OperationDescription, Response};
use scopegate_http::credential::{
    AuthenticatedCredential, Credential, CredentialCheck, CredentialVerifier, DevelopmentIssuer,
};
use scopegate_http::domain::{ApiKeyLocation, KeepClaimError};
use scopegate_http::input::{Head, Input, InputError, Loaded, RequestParts, WholeBody};
use scopegate_http::policy::{CheckContext, Needs};
use scopegate_http::store::{BoxFuture, StoreError};
use scopegate_http::testing::TestClient;
use scopegate_http::{
    BuildError, Catalog, Check, CurrentUser, Gate, GateBuilder, Guard, HandledOperation, Json, Permit, Query,
    SecurityScheme, get, post,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::common::{self, ME as READ};

/// The tenant of the caller.
struct Tenant(String);

impl Input for Tenant {
    type Reads = Head;

    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
        let Some(permit) = parts.permit() else {
            return Ok(Self("nobody".into()));
        };
        let tenant = permit.claim("tenant")?;
        let absent = || InputError::refused(StatusCode::FORBIDDEN, "no_tenant", "the token names no tenant");
        tenant.map(Self).ok_or_else(absent)
    }

    fn describe(description: &mut OperationDescription) {
        description.refusal(StatusCode::FORBIDDEN, "The token names no tenant");
    }
}

/// Reads a claim that no verifier keeps.
struct Forgotten;

impl Input for Forgotten {
    type Reads = Head;

    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
        let claim = parts.permit().map(|permit| permit.claim::<String>("forgotten"));
        Ok(claim.transpose().map(|_| Self)?)
    }

    fn describe(_: &mut OperationDescription) {}
}

#[derive(Deserialize, ToSchema)]
struct Page {
    number: u32,
}

async fn pair(Tenant(tenant): Tenant, permit: Permit) -> String {
    format!("{tenant} {}", permit.subject().unwrap_or_default())
}

async fn tenant(Tenant(tenant): Tenant) -> String {
    tenant
}

fn issuer() -> DevelopmentIssuer {
    let (issuer, audience) = ("https://id.example".parse(), "https://api.example".parse());
    DevelopmentIssuer::new(issuer.unwrap(), audience.unwrap()).unwrap()
}

async fn builder(issuer: &DevelopmentIssuer) -> GateBuilder {
    let catalog = Catalog::builder()
        .scheme("login", SecurityScheme::http_bearer())
        .scope(READ, "Read.");
    Gate::builder(catalog.build().unwrap())
        .users(common::users().await)
        .bearer("login", issuer)
        .keep_claim("tenant")
}

async fn gate(operations: impl IntoIterator<Item = HandledOperation>) -> Gate {
    let operations = operations.into_iter();
    let builder = operations.fold(builder(&issuer()).await, GateBuilder::operation);
    builder.build().unwrap()
}

fn client(gate: &Gate, tenant: impl Into<Value>) -> TestClient {
    TestClient::new(gate.testing().subject("u1").claim("tenant", tenant).scope(READ).gate())
}

#[tokio::test]
async fn input_reads_the_permit_whichever_argument_takes_it() {
    let any = Guard::authenticated;
    let load_tenant = async |permit: Permit, tenant: Tenant| Some((tenant.0, permit.subject().is_some()));
    let load = async |_: Permit| Some(1_u8);
    let gate = gate([
        get("/first").guard(any()).then(pair),
        get("/last")
            .guard(any())
            .then(async |permit: Permit, tenant: Tenant| pair(tenant, permit).await),
        get("/twice")
            .guard(any())
            .then(async |_: Permit, tenant: Tenant, permit: Permit| pair(tenant, permit).await),
        post("/body")
            .guard(any())
            .then(async |permit: Permit, tenant: Tenant, Json(_): Json<Page>| pair(tenant, permit).await),
        get("/loaded")
            .guard(any())
            .load(load)
            .check_named("load")
            .then(async |Tenant(tenant): Tenant, _: Loaded<u8>| format!("{tenant} u1")),
        get("/loading")
            .guard(any())
            .load(load_tenant)
            .check_named("load_tenant")
            .then(
                async |loaded: Loaded<(String, bool)>, permit: Permit, Tenant(again): Tenant| {
                    assert_eq!(loaded.0, (again.clone(), true));
                    pair(Tenant(again), permit).await
                },
            ),
    ])
    .await;
    let client = client(&gate, "one");
    for path in ["/first", "/last", "/twice", "/loaded", "/loading"] {
        let answer = client.get(path).send().await;
        assert_eq!(
            (answer.status(), answer.text()),
            (StatusCode::OK, "one u1".into()),
            "{path}"
        );
    }
    let answer = client.post("/body").json(&json!({ "number": 1 })).send().await;
    assert_eq!(answer.text(), "one u1");
}

#[tokio::test]
async fn permit_is_absent_without_a_credential() {
    let operations = [
        get("/public").public().then(tenant),
        get("/optional").guard(Guard::authenticated()).optional().then(tenant),
    ];
    let gate = gate(operations).await;
    for path in ["/public", "/optional"] {
        assert_eq!(
            TestClient::new(gate.clone()).get(path).send().await.text(),
            "nobody",
            "{path}"
        );
    }
    assert_eq!(client(&gate, "one").get("/public").send().await.text(), "nobody");
    assert_eq!(client(&gate, "one").get("/optional").send().await.text(), "one");
}

#[tokio::test]
async fn refusal_of_an_input_is_answered_alone() {
    let gate = gate([
        get("/pages")
            .guard(Guard::authenticated())
            .then(async |page: Query<Page>, Tenant(tenant): Tenant| format!("{tenant} {}", page.0.number)),
        get("/user")
            .guard(Guard::user())
            .then(async |_: CurrentUser, _: Tenant| "user"),
    ])
    .await;
    assert_eq!(client(&gate, "one").get("/pages?number=2").send().await.text(), "one 2");
    assert_eq!(client(&gate, "one").get("/pages?number=x").send().await.status(), 400);
    let bare = TestClient::new(gate.testing().subject("u1").gate());
    for path in ["/pages?number=2", "/pages?number=x"] {
        let answer = bare.get(path).send().await;
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        let expected =
            json!({ "title": "Forbidden", "status": 403, "detail": "the token names no tenant", "error": "no_tenant" });
        assert_eq!(answer.json::<Value>(), expected, "{path}");
    }
}

#[tokio::test]
async fn claim_of_another_type_is_forbidden_and_one_that_is_not_kept_is_a_fault() {
    let by_handler =
        async |permit: Permit| Ok::<_, HandlerError>(permit.claim::<String>("tenant")?.unwrap_or_default());
    let any = Guard::authenticated;
    let gate = gate([
        get("/input").guard(any()).then(tenant),
        get("/handler").guard(any()).then(by_handler),
        get("/forgotten").guard(any()).then(async |_: Forgotten| "read"),
    ])
    .await;
    for claim in [json!(7), json!(null), json!(["one"]), json!({})] {
        for path in ["/input", "/handler"] {
            let answer = client(&gate, claim.clone()).get(path).send().await;
            let body: Value = answer.json();
            let expected = (
                &json!("invalid_claim"),
                &json!("claim `tenant` of the credential has the wrong type"),
            );
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path} {claim}");
            assert_eq!((&body["error"], &body["detail"]), expected);
        }
    }
    assert_eq!(client(&gate, "one").get("/forgotten").send().await.status(), 500);
}

#[tokio::test]
async fn further_claims_of_a_development_token_reach_the_input() {
    let issuer = issuer();
    let builder = builder(&issuer).await;
    let gate = builder
        .operation(get("/").guard(Guard::requires([READ])).then(pair))
        .build()
        .unwrap();
    let claims = || DevelopmentIssuer::claims("ada", [READ]).unwrap();
    let token = issuer.issue(&claims().with_claim("tenant", "one").unwrap()).unwrap();
    let client = TestClient::new(gate);
    assert_eq!(client.get("/").bearer(token.expose()).send().await.text(), "one ada");
    let without = issuer.token("ada", [READ]).unwrap();
    assert_eq!(client.get("/").bearer(without.expose()).send().await.status(), 403);
    assert_eq!(
        claims().with_claim("sub", "eve").unwrap_err(),
        KeepClaimError::Registered
    );
}

/// An error of the application in the form of the refusals.
struct Taken;

impl Answer for Taken {
    fn into_response(self) -> Response {
        HandlerError::new(StatusCode::CONFLICT, "taken", "the room is taken").into_response()
    }

    fn describe(description: &mut OperationDescription) {
        description.refusal(StatusCode::CONFLICT, "The room is taken");
        description.refusal(StatusCode::CONFLICT, "The hour is taken");
    }
}

#[tokio::test]
async fn refusals_of_own_types_are_documented() {
    let book = async |_: Tenant| Err::<(), _>(Taken);
    let gate = gate([post("/").guard(Guard::requires([READ])).then(book)]).await;
    let responses = &gate.openapi()["paths"]["/"]["post"]["responses"];
    for (status, description) in [
        ("403", "The token names no tenant\n\nThe credential does not allow this"),
        ("409", "The room is taken\n\nThe hour is taken"),
    ] {
        let schema = json!({ "$ref": "#/components/schemas/ProblemDetails" });
        let expected =
            json!({ "description": description, "content": { "application/problem+json": { "schema": schema } } });
        assert_eq!(responses[status], expected);
    }
    assert_eq!(responses["default"], Value::Null);
    let answer = client(&gate, "one").post("/").send().await;
    assert_eq!(
        (answer.status(), answer.json::<Value>()["error"].clone()),
        (StatusCode::CONFLICT, json!("taken"))
    );
}

/// Fails without a caller.
struct Caller(String);

impl Input for Caller {
    type Reads = Head;

    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
        let permit = parts.permit().ok_or(InputError::Unavailable)?;
        Ok(Self(permit.subject().unwrap_or_default().to_owned()))
    }

    fn is_absent(parts: &RequestParts<'_>) -> bool {
        parts.permit().is_none()
    }

    fn describe(description: &mut OperationDescription) {
        description.needs_caller();
    }
}

#[derive(Debug)]
struct Weekday;

impl Check for Weekday {
    fn name(&self) -> &'static str {
        "weekday"
    }

    fn needs(&self) -> Needs {
        Needs::Nothing
    }

    fn passes(&self, _: &CheckContext<'_>) -> bool {
        true
    }
}

#[tokio::test]
async fn input_that_needs_a_caller_is_not_built_without_one() {
    let taking = async |Caller(name): Caller| name;
    let optional = async |caller: Option<Caller>| caller.map_or_else(|| "nobody".to_owned(), |caller| caller.0);
    let any = || Guard::authenticated();
    for operation in [
        get("/x").public().then(taking),
        get("/x").guard(any()).optional().then(taking),
        get("/x").guard(Guard::public().check(Weekday)).then(taking),
    ] {
        let built = builder(&issuer()).await.operation(operation).build();
        assert!(matches!(built.unwrap_err(), BuildError::NoCaller { .. }));
    }
    let gate = gate([
        get("/guarded").guard(any()).then(taking),
        get("/scoped").guard(Guard::requires([READ])).then(taking),
        get("/user").guard(Guard::user()).then(async |_: Caller| "user"),
        get("/denied").guard(Guard::deny()).then(taking),
        get("/optional").guard(any()).optional().then(optional),
        get("/public").public().then(optional),
    ])
    .await;
    for path in ["/guarded", "/scoped", "/optional"] {
        assert_eq!(client(&gate, "one").get(path).send().await.text(), "u1", "{path}");
    }
    assert_eq!(TestClient::new(gate).get("/public").send().await.text(), "nobody");
}

/// Passes the stated length on, in place of a signature. A verifier does not see the body.
struct Signatures;

struct StatedLength(usize);

impl CredentialVerifier for Signatures {
    fn verify<'a>(&'a self, credential: &'a Credential) -> BoxFuture<'a, Result<CredentialCheck, StoreError>> {
        let stated = credential.secret().expose().parse().map(StatedLength);
        let valid = |stated| CredentialCheck::Valid(AuthenticatedCredential::of_subject("door").with_value(stated));
        Box::pin(async move { Ok(stated.map_or(CredentialCheck::Invalid, valid)) })
    }
}

struct Signed(String);

impl Input for Signed {
    type Reads = WholeBody;

    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
        let body = parts.take_body();
        let permit = parts.permit().ok_or(InputError::Unavailable)?;
        let stated = permit.value::<StatedLength>().ok_or(InputError::Unavailable)?;
        if body.len() == stated.0 {
            return Ok(Self(String::from_utf8_lossy(&body).into_owned()));
        }
        Err(InputError::refused(
            StatusCode::FORBIDDEN,
            "bad_signature",
            "the body has another signature",
        ))
    }

    fn describe(description: &mut OperationDescription) {
        description.needs_caller();
        description.request_body("text/plain", &json!({ "type": "string" }));
        description.refusal(StatusCode::FORBIDDEN, "The body has another signature");
    }
}

#[tokio::test]
async fn input_compares_a_signature_with_the_body() {
    let scheme = SecurityScheme::api_key(ApiKeyLocation::Header, "X-Signature");
    let opened = post("/doors")
        .guard(Guard::authenticated())
        .then(|Signed(body): Signed| async { body });
    let gate = Gate::builder(Catalog::builder().scheme("door", scheme).build().unwrap())
        .verifier("door", Arc::new(Signatures))
        .operation(opened)
        .build()
        .unwrap();
    let client = TestClient::new(gate);
    let sent = async |signature: &str| {
        let request = client.post("/doors").header("x-signature", signature);
        let response = request.body("text/plain", "opened").send().await;
        (response.status().as_u16(), response.text())
    };
    assert_eq!(sent("6").await, (200, "opened".to_owned()));
    assert_eq!(sent("7").await.0, 403);
    assert_eq!(sent("six").await.0, 401);
}
