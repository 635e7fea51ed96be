//! Challenges follow the grammar of RFC 9110, section 11, and one round is enough.

use proptest::prelude::*;
use scopegate_http::domain::{ApiKeyLocation, SchemeName};
use scopegate_http::fuzzing::grammar;
use scopegate_http::policy::{Fact, Rule};
use scopegate_http::{Catalog, Gate, Guard, ScopeToken, SecurityScheme, get, site::Challenge};

use crate::common::{self, Profile, token};

/// The only challenge of a value.
fn parse(text: &str) -> Option<(String, Vec<(String, String)>)> {
    let mut challenges = grammar::challenges(text.as_bytes())?;
    let challenge = challenges.pop().filter(|_| challenges.is_empty())?;
    Some((challenge.scheme, challenge.parameters))
}

proptest! {
    #[test]
    fn challenge_with_any_values_follows_the_grammar(realm in "\\PC{0,20}|[\"\\\\,= ]{0,9}|[\\x00-\\x1f]{0,4}", scope in "[!#-\\[\\]-~ ]{0,30}") {
        let challenge = Challenge::new("Bearer").with("realm", &realm).with("scope", &scope).to_header();
        let (scheme, parameters) = parse(challenge.to_str().unwrap()).unwrap();
        let told: String = realm.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect();
        prop_assert_eq!(scheme, "Bearer");
        prop_assert_eq!(parameters, vec![("realm".to_owned(), told), ("scope".to_owned(), scope)]);
    }
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn scope(name: &str) -> ScopeToken {
    ScopeToken::parse(name).unwrap()
}

/// A gate with one operation that requires one of these lists of scopes; `a` implies `b`.
async fn gate(profile: Profile, alternatives: &[Vec<usize>]) -> Gate {
    let catalog = Catalog::builder().scheme("OAuth2PasswordBearer", SecurityScheme::oauth2_password("token"));
    let catalog = NAMES
        .iter()
        .fold(catalog, |catalog, name| catalog.scope(scope(name), ""));
    let catalog = catalog.implies(scope("a"), scope("b")).build().unwrap();
    let lists: Vec<Vec<ScopeToken>> = alternatives
        .iter()
        .map(|list| list.iter().map(|index| scope(NAMES[*index])).collect())
        .collect();
    let builder = common::with_catalog(catalog, profile).await.realm("x, \"y\"");
    builder
        .operation(get("/").guard(Guard::any_of(lists)).then(|| async { "in" }))
        .build()
        .unwrap()
}

fn lists() -> impl Strategy<Value = Vec<Vec<usize>>> {
    proptest::collection::vec(proptest::collection::vec(0usize..4, 0..4), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// A client that requests only the scope of the challenge is authorized.
    #[test]
    fn one_round_is_enough(alternatives in lists(), held in proptest::collection::vec(0usize..4, 0..3)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let gate = gate(Profile::Rfc, &alternatives).await;
            let held: Vec<_> = held.iter().map(|index| scope(NAMES[*index])).collect();
            let first = common::get_with(&gate, "/", &token("johndoe", &held)).await;
            if first.status == 200 {
                return Ok(());
            }
            prop_assert_eq!(first.status.as_u16(), 403);
            let challenges = first.challenges();
            prop_assert_eq!(challenges.len(), 1);
            let (scheme, parameters) = parse(challenges[0]).unwrap();
            prop_assert_eq!(scheme, "Bearer");
            prop_assert_eq!(&parameters[0], &("realm".to_owned(), "x, \"y\"".to_owned()));
            prop_assert_eq!(&parameters[1], &("error".to_owned(), "insufficient_scope".to_owned()));
            let asked = &parameters.iter().find(|(name, _)| name == "scope").unwrap().1;
            let asked: Vec<_> = asked.split(' ').map(scope).collect();
            let second = common::get_with(&gate, "/", &token("johndoe", &asked)).await;
            prop_assert_eq!(second.body, "in");
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn each_missing_scheme_has_its_challenge() {
    let catalog = Catalog::builder()
        .scheme("OAuth2PasswordBearer", SecurityScheme::oauth2_password("token"))
        .scope(scope("a"), "")
        .scheme(
            "key",
            SecurityScheme::ApiKey {
                location: ApiKeyLocation::Header,
                name: "x-key".into(),
            },
        )
        .without_subject()
        .build()
        .unwrap();
    let either = Rule::Any(vec![
        Rule::Scope(scope("a")),
        Rule::Fact(Fact::Scheme(SchemeName::parse("key").unwrap())),
    ]);
    for (profile, challenges) in [
        (Profile::Rfc, ["APIKey", r#"Bearer realm="r", scope="a""#]),
        (Profile::Tutorial, ["APIKey", "Bearer"]),
    ] {
        let builder = common::with_catalog(catalog.clone(), profile).await.realm("r");
        let gate = builder
            .operation(get("/").guard(Guard::rule(either.clone())).then(|| async { "in" }))
            .build()
            .unwrap();
        assert_eq!(common::get(&gate, "/").await.challenges(), challenges);
    }
}
