//! Guards of the application, of groups, before an operation and on it, as they are declared,
//! answered, documented and reported.

use std::fmt;
use std::sync::{Arc, Mutex};

use scopegate_http::policy::{Check, CheckContext, Needs, ResolvedOperation};
use scopegate_http::{
    Catalog, CurrentUser, Gate, GateBuilder, Group, Guard, HandledOperation, Json, Path, Permit, ScopeToken,
    SecurityScheme, get, post,
};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span;

use crate::common::{self, Answered, ITEMS, ME, Profile, get_with, token};

const SCOPES: [ScopeToken; 4] = [
    ScopeToken::from_static("application"),
    ScopeToken::from_static("group"),
    ScopeToken::from_static("beside"),
    ScopeToken::from_static("own"),
];

/// Declared in the other order than that of the places.
fn catalog() -> Catalog {
    let builder = Catalog::builder().scheme("OAuth2PasswordBearer", SecurityScheme::oauth2_password("token"));
    let declared = SCOPES.into_iter().rev();
    declared
        .fold(builder, |builder, scope| builder.scope(scope, ""))
        .build()
        .unwrap()
}

fn guard(place: usize) -> Guard {
    Guard::requires([SCOPES[place].clone()])
}

/// The scopes of the places whose bit is set.
fn scopes(places: usize) -> Vec<ScopeToken> {
    let is_set = |(place, _): &(usize, ScopeToken)| places & (1 << place) != 0;
    SCOPES
        .into_iter()
        .enumerate()
        .filter(is_set)
        .map(|(_, scope)| scope)
        .collect()
}

/// A gate with one operation and a guard at each of these places. Its answer states what the permit
/// contains.
async fn guarded_at(places: usize) -> Gate {
    let has = |place: usize| places & (1 << place) != 0;
    let route = match (has(2), has(3)) {
        (false, false) => get("/x").inherit_guards(),
        (true, false) => get("/x").and_guard(guard(2)),
        (false, true) => get("/x").guard(guard(3)),
        (true, true) => get("/x").guard(guard(3)).and_guard(guard(2)),
    };
    let handler = |permit: Permit| async move {
        let text = |scopes: Vec<&ScopeToken>| scopes.into_iter().map(ToString::to_string).collect::<Vec<_>>();
        Json(vec![
            text(permit.required().iter().collect()),
            text(permit.granted().collect()),
        ])
    };
    let group = Group::new("/g").operation(route.then(handler));
    let group = if has(1) { group.guard(guard(1)) } else { group };
    let gate = common::with_catalog(catalog(), Profile::Rfc).await.group(group);
    let gate = if has(0) { gate.guard(guard(0)) } else { gate };
    gate.build().unwrap()
}

#[tokio::test]
async fn guards_at_every_place_are_enforced_and_told_in_their_order() {
    for places in 1..16 {
        let gate = guarded_at(places).await;
        let required: Vec<String> = scopes(places).iter().map(ToString::to_string).collect();
        assert_eq!(
            gate.openapi()["paths"]["/g/x"]["get"]["security"],
            json!([{ "OAuth2PasswordBearer": required }]),
            "{places:#b}"
        );
        let scope = format!(r#"Bearer realm="Scopegate", scope="{}""#, required.join(" "));
        assert_eq!(common::get(&gate, "/g/x").await.challenges(), [scope]);
        for granted in 0..16 {
            let answered = get_with(&gate, "/g/x", &token("johndoe", &scopes(granted))).await;
            if granted & places == places {
                let mut granted: Vec<String> = scopes(granted).iter().map(ToString::to_string).collect();
                granted.reverse();
                assert_eq!(answered.json(), json!([required, granted]));
            } else {
                assert_eq!(answered.status, 403, "{places:#b} {granted:#b}");
                let challenge = answered.challenges()[0];
                assert!(
                    challenge.contains(&format!(r#"scope="{}""#, required.join(" "))),
                    "{challenge}"
                );
            }
        }
    }
}

/// A group in a group in an application, with tags, parameters of prefixes, and an override.
async fn site() -> Gate {
    let member = |user: CurrentUser, Path((team, number)): Path<(String, u32)>| async move {
        format!("{number} of {team} for {}", user.username())
    };
    let member = get("/{number}").inherit_guards().then(member);
    let rename = post("/{number}/name")
        .tag("members")
        .tag("names")
        .guard(Guard::requires([ITEMS]))
        .then(|Path((team, number)): Path<(String, u32)>| async move { format!("{team} {number}") });
    let members = Group::new("/members").tag("members").operations([member, rename]);
    let about = get("")
        .public()
        .override_guards()
        .then(|Path(team): Path<String>| async { team });
    let teams = Group::new("/teams/{team}")
        .tag("teams")
        .guard(Guard::requires([ME]).named("members_only"))
        .group(members)
        .operation(about);
    common::gate(Profile::Rfc)
        .await
        .group(teams)
        .guard(Guard::user())
        .operation(
            get("/plain")
                .inherit_guards()
                .then(|permit: Permit| async move { format!("{:?}", permit.required()) }),
        )
        .build()
        .unwrap()
}

#[tokio::test]
async fn groups_hand_down_prefix_parameters_guards_and_tags() {
    let gate = site().await;
    let templates: Vec<&str> = gate
        .operations()
        .operations()
        .iter()
        .map(ResolvedOperation::template)
        .collect();
    let below = "/teams/{team}/members/{number}";
    assert_eq!(templates, [below, &format!("{below}/name"), "/teams/{team}", "/plain"]);

    let (me, all) = (token("johndoe", &[ME]), token("johndoe", &[ME, ITEMS]));
    assert_eq!(
        get_with(&gate, "/teams/red/members/7", &me).await.body,
        "7 of red for johndoe"
    );
    assert_eq!(
        get_with(&gate, "/teams/red/members/7", &token("johndoe", &[]))
            .await
            .status,
        403
    );
    assert_eq!(
        get_with(&gate, "/teams/red/members/7", &token("nobody", &[ME]))
            .await
            .status,
        401
    );
    assert_eq!(get_with(&gate, "/teams/red/members/x", &me).await.status, 400);
    let rename = |token: &str| {
        let request =
            http::Request::post("/teams/red/members/7/name").header("authorization", format!("Bearer {token}"));
        request.body(String::new()).unwrap()
    };
    assert_eq!(common::send(&gate, rename(&me)).await.status, 403);
    assert_eq!(common::send(&gate, rename(&all)).await.body, "red 7");
    assert_eq!(common::get(&gate, "/teams/red").await.body, "red");
    assert_eq!(common::get(&gate, "/plain").await.status, 401);
    assert_eq!(get_with(&gate, "/plain", &token("johndoe", &[])).await.body, "[]");

    let paths = &gate.openapi()["paths"];
    assert_eq!(paths[below]["get"]["tags"], json!(["teams", "members"]));
    let rename = &paths["/teams/{team}/members/{number}/name"]["post"];
    assert_eq!(rename["tags"], json!(["teams", "members", "names"]));
    let names: Vec<_> = rename["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| &parameter["name"])
        .collect();
    assert_eq!(names, ["team", "number"]);
}

#[tokio::test]
async fn an_override_is_reported() {
    let log = Log::default();
    let dispatch = tracing::Dispatch::new(log.clone());
    let builder = common::gate(Profile::Rfc)
        .await
        .guard(Guard::requires([ME]).named("everybody"));
    let builder = builder.operation(get("/open").public().override_guards().then(|| async { "open" }));
    let builder = builder.operation(get("/closed").inherit_guards().then(|| async { "closed" }));
    let gate = tracing::dispatcher::with_default(&dispatch, || builder.build().unwrap());

    assert_eq!(
        *log.0.lock().unwrap(),
        [
            "message=an operation overrides the guards above it operation=GET /open access=Public overridden=\"everybody\""
        ]
    );
    let [open, closed] = gate.operations().operations() else {
        panic!("two operations")
    };
    assert_eq!(open.overridden()[0].to_string(), "everybody");
    assert!(!closed.is_override() && closed.overridden().is_empty());
    let paths = &gate.openapi()["paths"];
    assert_eq!(paths["/open"]["get"]["x-scopegate-overrides"], json!(["everybody"]));
    assert_eq!(paths["/open"]["get"]["security"], json!([]));
    assert_eq!(paths["/closed"]["get"].get("x-scopegate-overrides"), None);
    assert_eq!(common::get(&gate, "/open").await.body, "open");
}

/// A seal that every client has, so that an anonymous caller reaches a guard.
#[derive(Debug)]
struct Open;

impl Check for Open {
    fn name(&self) -> &'static str {
        "open"
    }

    fn needs(&self) -> Needs {
        Needs::Nothing
    }

    fn passes(&self, place: &CheckContext<'_>) -> bool {
        place.scopes().is_empty() && place.granted().next().is_none() && !place.is_authenticated()
    }
}

#[tokio::test]
async fn anonymous_request_has_no_permit() {
    let asked = |permit: Permit| async move {
        let granted = permit.granted().count();
        format!("{} {} {granted}", permit.is_anonymous(), permit.required().len())
    };
    let gate = common::gate(Profile::Rfc)
        .await
        .operation(get("/a").guard(Guard::public()).then(asked))
        .operation(get("/b").guard(Guard::public().check(Open)).then(asked))
        .group(
            Group::new("/c")
                .guard(Guard::public())
                .operation(get("").inherit_guards().then(asked)),
        )
        .build()
        .unwrap();
    for path in ["/a", "/b", "/c"] {
        let Answered { body, .. } = common::get(&gate, path).await;
        assert_eq!(body, "true 0 0", "{path}");
    }
}

async fn fault(declare: impl FnOnce(GateBuilder) -> GateBuilder) -> String {
    declare(common::gate(Profile::Rfc).await)
        .build()
        .unwrap_err()
        .to_string()
}

async fn anonymous() -> &'static str {
    "x"
}

fn members() -> Guard {
    Guard::requires([ME])
}

#[tokio::test]
async fn a_gate_with_an_operation_that_is_open_by_oversight_is_not_built() {
    assert_eq!(
        fault(|gate| gate.group(Group::new("/g").operation(get("/x").inherit_guards().then(anonymous)))).await,
        "`GET /g/x` has no requirement; declare a public operation as public"
    );
    let loosened = "`GET /g/x` is open below guards that are not; declare that it overrides them";
    let open: [fn() -> HandledOperation; 2] = [
        || get("/x").public().then(anonymous),
        || get("/x").guard(members()).optional().then(anonymous),
    ];
    for open in open {
        let in_application = fault(|gate| gate.guard(members()).group(Group::new("/g").operation(open()))).await;
        let in_group = fault(|gate| gate.group(Group::new("/g").guard(members()).operation(open()))).await;
        assert_eq!((&*in_application, &*in_group), (loosened, loosened));
    }
    assert_eq!(
        fault(|gate| gate.operation(get("/x").public().override_guards().then(anonymous))).await,
        "`GET /x` overrides guards, and there are none above it"
    );
}

#[tokio::test]
async fn paths_that_clash_or_do_not_fit_together_are_errors() {
    let x = || get("/{x}").public().then(|Path(x): Path<String>| async { x });
    assert_eq!(
        fault(|gate| gate.operation(x()).group(Group::new("").operation(x()))).await,
        "`GET /{x}` is declared twice"
    );
    assert_eq!(
        fault(|gate| gate.group(Group::new("/{y}").operation(x()))).await,
        "the template of `GET /{y}/{x}` has 2 parameters, and its handler takes 1"
    );
    let both = get("/{x}").public();
    let both = both.then(|Path((x, y)): Path<(u8, u8)>| async move { Json(x - y) });
    assert_eq!(
        fault(|gate| gate.group(Group::new("/{x}").operation(both))).await,
        "the template of `GET /{x}/{x}` has two parameters that are called `x`"
    );
    let slashes = "`GET /g//{x}` has a wrong slash: a prefix begins with a slash and ends without one, and the template after it \
                   begins with one";
    assert_eq!(
        fault(|gate| gate.group(Group::new("/g/").operation(x()))).await,
        slashes
    );
    let asset = get("/assets/{x}").public().then(|Path(x): Path<String>| async { x });
    assert_eq!(
        fault(|gate| gate.docs().group(Group::new("/docs").operation(asset))).await,
        "`GET /docs/assets/{file}` cannot be routed: another route has the same method and path"
    );
}

/// Records the lines of a log from `info` on.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

#[derive(Default)]
struct LogLine(Vec<String>);

impl Visit for LogLine {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push(format!("{field}={value:?}"));
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::INFO
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = LogLine::default();
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0.join(" "));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
