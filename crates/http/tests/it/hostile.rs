//! For any request, an answer was authorized for the operation that answers.

use std::sync::LazyLock;

use http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use proptest::prelude::*;
use proptest::sample::select;
use scopegate_http::fuzzing::oracle::{self, Named};
use scopegate_http::policy::Method;
use scopegate_http::{Catalog, Gate, Guard, HandledOperation, Path, Query, ScopeToken, SecurityScheme, get, route};
use tokio::runtime::Runtime;

use crate::common::{self, Answered, ITEMS, ME, Profile, send, token};
use crate::targets::targets;

const ADMIN: ScopeToken = ScopeToken::from_static("admin");

/// Operations that are neighbours, each with a scope of its own or open.
const TABLE: [(&str, &str, Option<ScopeToken>); 11] = [
    ("GET", "/users/me/", Some(ME)),
    ("GET", "/users/{id}/", Some(ITEMS)),
    ("POST", "/users/{id}/", None),
    ("DELETE", "/users/me/", Some(ADMIN)),
    ("GET", "/users/me/items/", Some(ADMIN)),
    ("GET", "/users/{id}/items", Some(ME)),
    ("GET", "/open", None),
    ("DELETE", "/open", Some(ADMIN)),
    ("GET", "/any/{*rest}", Some(ITEMS)),
    ("GET", "/any/me", Some(ME)),
    ("GET", "/{one}/{two}/{three}", Some(ADMIN)),
];

const PATHS: &[&str] = &[
    "/users/me/",
    "/users/you/",
    "/users/me",
    "/users/me/items/",
    "/users/me/items",
    "/users/you/items",
    "/open",
    "/open/",
    "/any/me",
    "/any/a/b",
    "/a/b/c",
];

/// What a caller holds.
#[derive(Clone, Debug)]
enum Held {
    Nothing,
    BadToken,
    Scopes(Vec<ScopeToken>),
}

fn held() -> impl Strategy<Value = Held> {
    let scopes = proptest::sample::subsequence(vec![ME, ITEMS, ADMIN], 0..=3).prop_map(Held::Scopes);
    prop_oneof![1 => Just(Held::Nothing), 1 => Just(Held::BadToken), 6 => scopes]
}

/// An operation that answers with its number and the values of its parameters.
fn operation(number: usize) -> HandledOperation {
    let (method, template, scope) = TABLE[number].clone();
    let method: Method = method.parse().unwrap();
    let told = move |values: &[String]| format!("{number}:{}", values.join("|"));
    let guard = scope.map_or_else(Guard::public, |scope| Guard::requires([scope]));
    let route = route(method, template).guard(guard);
    match template.matches('{').count() {
        0 => route.then(move || async move { told(&[]) }),
        1 => route.then(move |Path(one): Path<String>| async move { told(&[one]) }),
        _ => route.then(move |Path((a, b, c)): Path<(String, String, String)>| async move { told(&[a, b, c]) }),
    }
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

static GATE: LazyLock<Gate> = LazyLock::new(|| {
    let catalog = [ME, ITEMS, ADMIN].into_iter().fold(
        Catalog::builder().scheme("OAuth2PasswordBearer", SecurityScheme::oauth2_password("token")),
        |catalog, scope| catalog.scope(scope, ""),
    );
    let builder = RUNTIME.block_on(common::with_catalog(catalog.build().unwrap(), Profile::Rfc));
    builder.operations((0..TABLE.len()).map(operation)).build().unwrap()
});

fn ask(method: &str, target: &str, held: &Held) -> Option<Answered> {
    let request = Request::builder().method(method).uri(target);
    let request = match held {
        Held::Nothing => request,
        Held::BadToken => request.header("authorization", "Bearer x.y.z"),
        Held::Scopes(scopes) => request.header("authorization", format!("Bearer {}", token("johndoe", scopes))),
    };
    // What the parser of request targets does not take never comes to a gate.
    let request = request.body(String::new()).ok()?;
    Some(RUNTIME.block_on(send(&GATE, request)))
}

/// The scope that the challenge of a refusal names.
fn scope_of(answered: &Answered) -> Option<String> {
    let challenge = answered.challenges().concat();
    let (_, rest) = challenge.split_once("scope=\"")?;
    Some(rest.split_once('"')?.0.to_owned())
}

fn refused(answered: &Answered, scope: &ScopeToken, status: u16) -> Result<(), TestCaseError> {
    prop_assert_eq!(answered.status.as_u16(), status);
    prop_assert_eq!(scope_of(answered), Some(scope.to_string()));
    Ok(())
}

fn judge(method: &str, target: &str, held: &Held, answered: &Answered) -> Result<(), TestCaseError> {
    // HEAD is answered wherever GET is.
    let declared = TABLE;
    let with_head = declared.iter().enumerate().flat_map(|(number, (method, template, _))| {
        let same = (*method == "GET").then_some((number, ("HEAD", *template)));
        [Some((number, (*method, *template))), same]
    });
    let (numbers, table): (Vec<_>, Vec<_>) = with_head.flatten().unzip();
    let raw = target.split(['?', '#']).next().unwrap();
    let status = answered.status;
    match oracle::name(&table, method, raw) {
        Named::Entry(entry, values) => match (&TABLE[numbers[entry]].2, held) {
            (Some(scope), Held::Scopes(scopes)) if !scopes.contains(scope) => refused(answered, scope, 403)?,
            (Some(scope), Held::Nothing | Held::BadToken) => refused(answered, scope, 401)?,
            (None, _) | (Some(_), Held::Scopes(_)) => {
                let whole = format!("{}:{}", numbers[entry], values.join("|"));
                let body = if method == "HEAD" { "" } else { &*whole };
                prop_assert_eq!((status.as_u16(), answered.body.as_str()), (200, body));
            }
        },
        Named::OtherMethods(methods) => {
            prop_assert_eq!(
                (status.as_u16(), answered.header("allow")),
                (405, Some(&*methods.join(", ")))
            );
        }
        Named::Elsewhere(path) => {
            let location = answered.header("location").unwrap().split('?').next().unwrap();
            prop_assert_eq!(status, StatusCode::TEMPORARY_REDIRECT);
            let leads_to = |target: &String| oracle::decode(target.as_bytes(), false).is_ok_and(|found| found == path);
            let targets = targets_of(raw, location);
            prop_assert!(targets.iter().any(leads_to), "{}: {:?}", location, targets);
        }
        Named::Nothing => prop_assert_eq!(status, StatusCode::NOT_FOUND),
    }
    Ok(())
}

/// Where a relative reference can lead from the raw path of a request. A part `..` of the target
/// reads like a step up, so each number of steps is tried.
fn targets_of(raw: &str, reference: &str) -> Vec<String> {
    let mut folders: Vec<&str> = raw.split('/').collect();
    folders.pop();
    let mut rest = reference.strip_prefix("./").unwrap_or(reference);
    let mut targets = Vec::new();
    loop {
        targets.push(format!("{}/{rest}", folders.join("/")));
        match rest.strip_prefix("../") {
            Some(behind) if folders.len() > 1 => rest = behind,
            _ => return targets,
        }
        folders.pop();
    }
}

/// What every answer has, and what every refusal has.
fn is_dressed(answered: &Answered) -> bool {
    let has = |name: HeaderName, value: &str| answered.headers.get(name).is_some_and(|found| found == value);
    let refused = answered.status.is_client_error() || answered.status.is_server_error();
    answered.headers.contains_key("x-request-id")
        && has(X_CONTENT_TYPE_OPTIONS, "nosniff")
        && (!refused || has(CACHE_CONTROL, "no-store"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    /// Checks any spelling of a path. An operation that answers 2xx is the one that the path names
    /// when decoded once. Its parameters are the sent ones decoded once, and the caller has the
    /// required scopes. A refusal has its reason in the requirement of that operation.
    #[test]
    fn what_is_answered_was_authorized_for_exactly_that_operation(
        target in targets(PATHS),
        query in proptest::option::weighted(0.2, select(&["", "a=/users/me/", "access_token=x", "?", "%00=%ff", "\u{e9}"][..])),
        method in select(&["GET", "POST", "DELETE", "HEAD", "get"][..]),
        held in held(),
    ) {
        let target = query.map_or_else(|| target.clone(), |query| format!("{target}?{query}"));
        if let Some(answered) = ask(method, &target, &held) {
            judge(method, &target, &held, &answered)?;
            prop_assert!(is_dressed(&answered), "{:?}", answered);
        }
    }
}

#[test]
fn the_property_reaches_operations_and_refusals() {
    // Spelled in two ways, reached as one: else the property above could hold in vain.
    let all = Held::Scopes(vec![ME, ITEMS, ADMIN]);
    for (target, body) in [
        ("/users/%6De/", "0:"),
        ("/users%2fme%2Fitems%2F", "4:"),
        ("/users/%256de/", "1:%6de"),
        ("/users/../", "1:.."),
        ("/any/%2e%2e%2f..", "8:../.."),
        ("/users/me%00/", "1:me\0"),
        ("/users/\u{ff4d}\u{ff45}/", "1:\u{ff4d}\u{ff45}"),
        ("/users/m%c3%a9/", "1:mé"),
        ("/users/me%cc%81/", "1:me\u{301}"),
        ("/users/me%20/items", "5:me "),
    ] {
        let answered = ask("GET", target, &all).unwrap();
        assert_eq!((answered.status.as_u16(), &*answered.body), (200, body), "{target}");
    }
    assert_eq!(
        ask("GET", "/users/me/", &Held::Scopes(vec![ITEMS])).unwrap().status,
        403
    );
}

/// Each list of headers, and the status that an operation that requires `me` returns for it.
#[test]
fn only_one_well_formed_header_opens_an_operation() {
    let good = token("johndoe", &[ME]);
    let long = "a".repeat(64 * 1024);
    let cases: [(&[&str], u16); 25] = [
        (&["Bearer {good}"], 200),
        (&["bEARER {good}"], 200),
        (&["Bearer    {good}"], 200),
        (&["Bearer \t{good}\t "], 200),
        (&["Bearer\t{good}"], 401),
        (&[" Bearer {good}"], 401),
        (&["Bearer{good}"], 401),
        (&["Bearer \"{good}\""], 401),
        (&["Bearer {good},"], 401),
        (&["Bearer {good}, Bearer {good}"], 401),
        (&["Basic eDp5, Bearer {good}"], 401),
        (&["Bearer x, Bearer {good}"], 401),
        (&["Bearer {good} {good}"], 401),
        (&["Bearer {good}="], 401),
        (&["Bearer {good}%3D"], 401),
        (&["Bearer token={good}"], 401),
        (&["{good}"], 401),
        (&["Token {good}"], 401),
        (&["\u{ff22}earer {good}"], 401),
        (&["Bearer {good}\u{a0}"], 401),
        (&["Bearer {long}"], 401),
        (&["{long} {good}"], 401),
        (&["Bearer {good}", "Bearer {good}"], 400),
        (&["Bearer {good}", "Basic eDp5"], 400),
        (&["", "Bearer {good}"], 400),
    ];
    for (values, status) in cases {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = value.replace("{good}", &good).replace("{long}", &long);
            headers.append("authorization", HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let mut request = Request::get("/users/me/").body(String::new()).unwrap();
        *request.headers_mut() = headers;
        let answered = RUNTIME.block_on(send(&GATE, request));
        assert_eq!(answered.status.as_u16(), status, "{values:?}");
        assert!(is_dressed(&answered), "{answered:?}");
        assert!(!answered.body.contains(&good) && answered.body.len() < 1_000);
    }
}

#[test]
fn a_token_elsewhere_opens_nothing() {
    let good = token("johndoe", &[ME]);
    for (target, header) in [
        (format!("/users/me/?access_token={good}"), ("accept", "*/*".to_owned())),
        (
            "/users/me/".to_owned(),
            ("proxy-authorization", format!("Bearer {good}")),
        ),
        ("/users/me/".to_owned(), ("x-authorization", format!("Bearer {good}"))),
        (
            "/users/me/".to_owned(),
            ("cookie", format!("access_token={good}; Authorization=Bearer {good}")),
        ),
        (
            "/users/me/".to_owned(),
            ("x-original-authorization", format!("Bearer {good}")),
        ),
    ] {
        let request = Request::get(target)
            .header(header.0, header.1)
            .body(format!("access_token={good}"))
            .unwrap();
        assert_eq!(RUNTIME.block_on(send(&GATE, request)).status, 401, "{}", header.0);
    }
}

/// Headers by which proxies state the original path or method.
#[test]
fn header_does_not_change_the_operation() {
    let held = format!("Bearer {}", token("johndoe", &[ITEMS]));
    for (name, value) in [
        ("x-http-method-override", "DELETE"),
        ("x-http-method", "POST"),
        ("x-original-url", "/open"),
        ("x-rewrite-url", "/open"),
        ("x-forwarded-prefix", "/any"),
        ("x-forwarded-uri", "/open"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example"),
    ] {
        let request = |path| Request::get(path).header("authorization", &held).header(name, value);
        let answered = RUNTIME.block_on(send(&GATE, request("/users/me/").body(String::new()).unwrap()));
        assert_eq!(
            (answered.status.as_u16(), scope_of(&answered).as_deref()),
            (403, Some("me")),
            "{name}"
        );
        let answered = RUNTIME.block_on(send(&GATE, request("/users/me").body(String::new()).unwrap()));
        assert_eq!(answered.header("location"), Some("./me/"), "{name}");
    }
}

#[test]
fn a_redirect_repeats_the_query_so_that_it_stays_one_header() {
    for (query, sent_back) in [
        ("a=%0d%0aSet-Cookie:x", "a=%0d%0aSet-Cookie:x"),
        ("a=%c4%8d%c4%8aX:y", "a=%c4%8d%c4%8aX:y"),
        ("a=\u{e9}\u{10a}", "a=%C3%A9%C4%8A"),
    ] {
        let answered = ask("GET", &format!("/users/me?{query}"), &Held::Nothing).unwrap();
        assert_eq!(answered.header("location"), Some(&*format!("./me/?{sent_back}")));
    }
}

#[test]
fn a_host_is_named_once() {
    for (hosts, status) in [
        (&[][..], 200),
        (&["a"], 200),
        (&["a", "a"], 400),
        (&["a", "b"], 400),
        (&["a b"], 400),
        (&["u@a"], 400),
        (&["a,b"], 400),
        (&["a, a"], 400),
    ] {
        let request = hosts
            .iter()
            .fold(Request::get("/open"), |request, host| request.header("host", *host));
        let answered = RUNTIME.block_on(send(&GATE, request.body(String::new()).unwrap()));
        assert_eq!(answered.status.as_u16(), status, "{hosts:?}");
        assert!(is_dressed(&answered));
    }
    let service = GATE.service().from_socket();
    for (version, status) in [
        (http::Version::HTTP_11, 400),
        (http::Version::HTTP_10, 200),
        (http::Version::HTTP_2, 400),
    ] {
        // The authority of the target takes the place of `Host` in HTTP/2 alone.
        let with_authority = if version == http::Version::HTTP_11 { 400 } else { 200 };
        for (target, status) in [("/open", status), ("http://a.example/open", with_authority)] {
            let request = Request::get(target).version(version).body(String::new()).unwrap();
            assert_eq!(
                status == 200,
                scopegate_http::site::names_one_host(&request),
                "{version:?} {target}"
            );
            let answer = RUNTIME
                .block_on(hyper::service::Service::call(&service, request))
                .unwrap();
            assert_eq!(answer.status().as_u16(), status, "{version:?} {target}");
        }
    }
}

#[derive(serde::Deserialize, scopegate_http::utoipa::ToSchema)]
struct RecordedRequest {
    text: Option<String>,
    #[serde(default)]
    list: Vec<String>,
    number: Option<i32>,
}

#[test]
fn any_query_is_read_in_one_way() {
    let told = |Query(asked): Query<RecordedRequest>| async move {
        format!("{:?} {:?} {:?}", asked.text, asked.list, asked.number)
    };
    let gate = Gate::builder(common::catalog())
        .operation(get("/q").public().then(told))
        .build()
        .unwrap();
    let many = (0..3_500)
        .map(|n| format!("list={n}&x{n}"))
        .collect::<Vec<_>>()
        .join("&");
    for (query, status, body) in [
        ("text=a&text=b", 400, ""),
        ("text=a+b%2B%20", 200, r#"Some("a b+ ") [] None"#),
        ("text=%00", 200, r#"Some("\0") [] None"#),
        ("text=%ff", 400, ""),
        ("text=%2574", 200, r#"Some("%74") [] None"#),
        ("%74ext=x", 200, r#"Some("x") [] None"#),
        ("text", 200, r#"Some("") [] None"#),
        ("=text", 200, "None [] None"),
        ("text=a;list=b", 200, r#"Some("a;list=b") [] None"#),
        ("list[]=a&list=b", 200, r#"None ["b"] None"#),
        ("&&=&", 200, "None [] None"),
        ("number=", 400, ""),
        ("number=1e3", 400, ""),
        ("number=0x10", 400, ""),
        ("number=99999999999999999999999999", 400, ""),
        ("number=\u{ff11}", 400, ""),
        ("number=1&number=x", 400, ""),
        (&*many, 200, ""),
    ] {
        let request = Request::get(format!("/q?{query}")).body(String::new()).unwrap();
        let answered = RUNTIME.block_on(send(&gate, request));
        assert_eq!(answered.status.as_u16(), status, "{query:.40}");
        assert!(
            body.is_empty() || answered.body == body,
            "{query:.40}: {}",
            answered.body
        );
    }
}
