//! Invented tables of operations, small and large, as test data for pictures.

#![expect(clippy::indexing_slicing, reason = "places are counted modulo the lengths")]

use std::error::Error;

use scopegate_domain::{ApiKeyLocation, Catalog, OAuthFlows, ScopeToken, SecurityScheme};
use scopegate_policy::{ActiveUser, Fact, Guard, Method, Needs, Operation, OperationTable, Rule};

type Table = Result<OperationTable, Box<dyn Error>>;

fn token(text: &str) -> Result<ScopeToken, Box<dyn Error>> {
    Ok(ScopeToken::parse(text)?)
}

/// Returns the three operations of the FastAPI tutorial.
pub(crate) fn tutorial() -> Table {
    let (me, items) = (token("me")?, token("items")?);
    let catalog = Catalog::builder()
        .scheme("OAuth2PasswordBearer", SecurityScheme::oauth2_password("token"))
        .scope(me.clone(), "Read information about the current user.")
        .scope(items.clone(), "Read items.")
        .build()?;
    let user = Guard::user().named("get_current_user");
    let active = Guard::requires([me])
        .check(ActiveUser)
        .depends_on(&user)
        .named("get_current_active_user");
    let table = OperationTable::builder(catalog)
        .operation(Operation::get("/users/me/").guard(&active).named("read_users_me"))
        .operation(
            Operation::get("/users/me/items/")
                .guard(Guard::requires([items]).depends_on(&active))
                .named("read_own_items"),
        )
        .operation(Operation::get("/status/").guard(&user).named("read_system_status"));
    Ok(table.build()?)
}

/// Returns a table with operations of every shape: a hierarchy, several schemes, optional, public,
/// denied, overriding.
pub(crate) fn shapes() -> Table {
    let flows = OAuthFlows::default().authorization_code("/authorize", "/token");
    let [read, write, admin, audit] = ["read", "write", "admin", "audit"].map(token);
    let (read, write, admin, audit) = (read?, write?, admin?, audit?);
    let catalog = Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2(flows))
        .description("Tokens of our own.")
        .scope(read.clone(), "Read documents.")
        .scope(write.clone(), "Change documents.")
        .scope(admin.clone(), "Everything.")
        .scope(audit.clone(), "See who did what.")
        .implies(write.clone(), read.clone())
        .implies(admin.clone(), write.clone())
        .implies(admin.clone(), audit.clone())
        .scheme("key", SecurityScheme::api_key(ApiKeyLocation::Header, "X-Key"))
        .without_subject()
        .build()?;
    let signature = Fact::Check {
        name: "signature".into(),
        needs: Needs::Nothing,
    };
    let either = Guard::any_of([vec![read.clone()], vec![audit.clone()]]);
    let both = Guard::any_of([vec![write.clone(), audit.clone()], vec![admin.clone()]]);
    let keyed = Guard::requires([write.clone()]).depends_on(&Guard::requires([]).with_scheme("key"));
    let table = OperationTable::builder(catalog)
        .operation(Operation::get("/documents").guard(Guard::requires([read])))
        .operation(Operation::post("/documents").guard(Guard::requires([write]).check(ActiveUser)))
        .operation(Operation::get("/documents/{id}/log").guard(either))
        .operation(Operation::delete("/documents/{id}").guard(both))
        .operation(Operation::put("/documents/{id}").guard(keyed))
        .operation(Operation::get("/welcome").guard(Guard::user()).optional())
        .operation(Operation::post("/hooks/{name}").guard(Guard::rule(Rule::Fact(signature))))
        .operation(Operation::get("/health").guard(Guard::public()))
        .operation(Operation::get("/me").guard(Guard::authenticated()))
        .operation(Operation::get("/retired").guard(Guard::deny()));
    Ok(table.build()?)
}

const THINGS: [&str; 20] = [
    "albums",
    "artists",
    "audiobooks",
    "browse",
    "calendars",
    "chapters",
    "contacts",
    "episodes",
    "files",
    "followers",
    "groups",
    "mail",
    "markets",
    "messages",
    "player",
    "playlists",
    "search",
    "shows",
    "tracks",
    "users",
];
const PARTS: [&str; 9] = [
    "",
    "/{id}",
    "/{id}/members",
    "/{id}/images",
    "/{id}/tags",
    "/{id}/items",
    "/{id}/items/{item}",
    "/{id}/history",
    "/{id}/settings",
];
const METHODS: [Method; 4] = [Method::Get, Method::Post, Method::Put, Method::Delete];

/// Returns a table of `operations` operations on some things and their parts, with `scopes` scopes.
/// Some operations need no scope, some one of several, some two together.
pub(crate) fn regular(operations: usize, scopes: usize) -> Table {
    let verbs = ["read", "write", "manage"];
    let name = |number: usize| {
        let (thing, verb) = (THINGS[number / 3 % THINGS.len()], verbs[number % 3]);
        match number / 60 {
            0 => format!("{thing}.{verb}"),
            more => format!("{thing}.{verb}.v{more}"),
        }
    };
    let mut catalog = Catalog::builder().scheme(
        "oauth_2_0",
        SecurityScheme::oauth2_authorization_code("/authorize", "/token"),
    );
    let names = (0..scopes)
        .map(|number| token(&name(number)))
        .collect::<Result<Vec<_>, _>>()?;
    for scope in &names {
        catalog = catalog.scope(scope.clone(), format!("Whatever `{scope}` is good for."));
    }
    for pair in names.chunks_exact(3) {
        catalog = catalog
            .implies(pair[1].clone(), pair[0].clone())
            .implies(pair[2].clone(), pair[1].clone());
    }
    let mut table = OperationTable::builder(catalog.build()?);
    for number in 0..operations {
        let method = METHODS[number % METHODS.len()];
        let (part, thing) = (
            number / METHODS.len() % PARTS.len(),
            number / METHODS.len() / PARTS.len(),
        );
        let version = match thing / THINGS.len() {
            0 => String::new(),
            more => format!("/area{more}"),
        };
        let path = format!("{version}/{}{}", THINGS[thing % THINGS.len()], PARTS[part]);
        let read = 3 * (thing % names.len().div_ceil(3));
        let scope = |offset: usize| names[(read + offset) % names.len()].clone();
        let guard = match (number % 11, method) {
            (3, _) => Guard::authenticated(),
            (7, _) => Guard::any_of([vec![scope(0), scope(3)], vec![scope(2)]]),
            (8, _) => Guard::any_of((0..8).map(|other| vec![scope(3 * other)])),
            (_, Method::Get) => Guard::any_of([vec![scope(0)], vec![scope(4)]]),
            (_, Method::Delete) => Guard::requires([scope(2)]),
            _ => Guard::requires([scope(1)]),
        };
        table = table.operation(Operation::new(method, path).guard(guard));
    }
    Ok(table.build()?)
}

/// Names that are chosen to break the markup around them.
pub(crate) const HOSTILE: [&str; 12] = [
    "</script><script>window.broken=1</script>",
    "<!--<script>",
    "]]><img src=x onerror=window.broken=1>",
    "\" onload=\"window.broken=1\" x=\"",
    "' autofocus onfocus='window.broken=1",
    "\u{202e}drowssap\u{202c}\u{2066}",
    "a\u{0}b\u{1b}[31m\r\n\u{feff}\u{200b}\u{fffe}",
    "&lt;b&gt;&amp;#x3c;\\u003cscript>",
    "{{7*7}}${7*7}`;window.broken=1//",
    "\\N\\G\\\" -> x; }",
    "</title></style></svg></noscript>",
    "日本語 עברית العربية 👩‍👩‍👧 ñ é",
];

/// Returns a table in which every name is one of [`HOSTILE`].
pub(crate) fn hostile() -> Table {
    // The characters of a scope: no space, no quote, no backslash, ASCII alone.
    let fits = |text: &str| {
        text.chars()
            .filter(|c| c.is_ascii_graphic() && !"\"\\".contains(*c))
            .collect::<String>()
    };
    let mut catalog = Catalog::builder()
        .scheme(r#"<b>"oauth'&</b>"#, SecurityScheme::oauth2_password("token"))
        .description(HOSTILE.concat());
    let scopes = HOSTILE
        .iter()
        .enumerate()
        .map(|(number, name)| token(&format!("{}{number}", fits(name))));
    let scopes = scopes.collect::<Result<Vec<_>, _>>()?;
    for (scope, about) in scopes.iter().zip(HOSTILE) {
        catalog = catalog.scope(scope.clone(), about);
    }
    for pair in scopes.windows(2) {
        catalog = catalog.implies(pair[0].clone(), pair[1].clone());
    }
    let mut table = OperationTable::builder(catalog.build()?);
    for (number, name) in HOSTILE.iter().enumerate() {
        let check = Fact::Check {
            name: (*name).into(),
            needs: Needs::Nothing,
        };
        let guard = Guard::requires([scopes[number].clone()])
            .named(*name)
            .depends_on(&Guard::rule(Rule::Fact(check)).named(*name));
        // Braces would be parameters, and two templates that differ only in those conflict.
        let path = name.replace(['{', '}'], "");
        table = table.operation(
            Operation::get(format!("/{number}/{path}"))
                .guard(guard.clone())
                .named(*name),
        );
        table = table.operation(Operation::post(path).guard(guard).named("__proto__"));
    }
    Ok(table.build()?)
}
