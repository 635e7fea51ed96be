//! The answers of both nodes about every token, compared with each other and with the model.

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use scopegate_domain::{AccessTokenClaims, Audience, Issuer, Lifetime, TokenId};
use scopegate_token::{Signer, TokenRules};
use serde_json::Value;

use super::History;
use super::model::{ModelToken, TokenState};
use crate::node::{APIS, ISSUER, NodeKeys, client_id, json, rules};

impl History<'_> {
    /// Compares the answers of both nodes about every token. The nodes take turns with an invalid
    /// one, because each answer about it verifies a signature.
    pub(super) async fn check(&self, round: usize) -> TestCaseResult {
        for (number, token) in self.model.tokens.iter().enumerate() {
            let is_valid = self.model.state(token) == TokenState::Valid;
            for node in (0..2).filter(|node| is_valid || node % 2 == (number + round) % 2) {
                for api in 0..2 {
                    self.check_token(number, token, node, api).await?;
                }
            }
        }
        if let Some(token) = self.model.tokens.last() {
            for invalid in variants(&token.text) {
                self.expect_invalid(&invalid).await?;
            }
        }
        Ok(())
    }

    async fn check_token(&self, number: usize, token: &ModelToken, node: usize, api: usize) -> TestCaseResult {
        let (model, own) = (&self.model, if token.user.is_some() { "/user" } else { "/any" });
        let about = || format!("token {number} at node {node} for API {api}: {:?}", model.state(token));
        let served = &self.nodes[node];
        // Either may be the one that verifies the token; the other one finds it cached or not.
        let (status, is_active) = if number.is_multiple_of(2) {
            let status = served.status(api, own, &token.text).await;
            (status, self.is_active(node, api, &token.text).await?)
        } else {
            let is_active = self.is_active(node, api, &token.text).await?;
            (served.status(api, own, &token.text).await, is_active)
        };
        prop_assert_eq!(status == 200, is_active, "{}: {}", about(), status);
        let other = if own == "/any" { "/user" } else { "/any" };
        let elsewhere = served.status(api, other, &token.text).await;
        if token.user.is_none() {
            prop_assert_eq!(elsewhere, 401, "{}: a client is not a user", about());
        } else if is_active {
            prop_assert_eq!(elsewhere, 200, "{}", about());
        }
        if token.is_uncertain || model.is_behind[node] {
            return Ok(());
        }
        let state = model.state(token);
        let expected = match state {
            _ if !token.audiences[api] => 401,
            TokenState::Valid => 200,
            TokenState::OfDisabledUser => 403,
            _ => 401,
        };
        prop_assert_eq!(status, expected, "{}", about());
        // An operation that needs no user does not read one.
        if token.user.is_some() {
            let is_good = [TokenState::Valid, TokenState::OfDisabledUser, TokenState::OfRemovedUser].contains(&state);
            prop_assert_eq!(elsewhere == 200, is_good && token.audiences[api], "{}", about());
        }
        self.count(&format!("{state:?}"));
        if !token.audiences[api] {
            self.count("OtherAudience");
        }
        Ok(())
    }

    async fn is_active(&self, node: usize, api: usize, token: &str) -> Result<bool, TestCaseError> {
        let header = Some(self.readers[api].as_str());
        let answer = self.nodes[node].post("/introspect", header, &[("token", token)]).await;
        prop_assert_eq!(answer.status().as_u16(), 200, "{:?}", answer);
        match json(&answer).get("active").and_then(Value::as_bool) {
            Some(false) => {
                prop_assert_eq!(answer.body(), r#"{"active":false}"#);
                Ok(false)
            }
            active => Ok(active.unwrap()),
        }
    }

    pub(super) async fn expect_invalid(&self, token: &str) -> TestCaseResult {
        for node in 0..2 {
            for api in 0..2 {
                prop_assert!(!self.is_active(node, api, token).await?, "{}", token);
                for path in ["/user", "/any"] {
                    prop_assert_eq!(self.nodes[node].status(api, path, token).await, 401, "{}", token);
                }
            }
        }
        Ok(())
    }

    /// Tokens of other issuers, of another key, and for an audience that no API has.
    pub(super) fn foreign(&self) -> Vec<String> {
        let claims = AccessTokenClaims::new("id-of-johndoe", self.shared.now(), Lifetime::from_minutes(5))
            .with_scopes(APIS.iter().map(|api| api.scope.clone()))
            .with_client_id(client_id("page"))
            .with_token_id(TokenId::parse("t1").unwrap());
        let (issuer, other) = (Issuer::parse(ISSUER).unwrap(), "https://evil.example");
        let foreign = TokenRules::rfc9068(
            Issuer::parse(other).unwrap(),
            Audience::parse(APIS[0].audience).unwrap(),
        );
        let elsewhere = TokenRules::rfc9068(issuer, Audience::parse(other).unwrap());
        let mut stranger = NodeKeys::default();
        stranger.rotate();
        let signers = [
            (foreign, self.keys.signing_key()),
            (elsewhere, self.keys.signing_key()),
            (rules(&APIS[0]), stranger.signing_key()),
        ];
        let sign = |(rules, key)| Signer::new(rules, key).issue(&claims).unwrap().expose().to_owned();
        signers.into_iter().map(sign).collect()
    }
}

/// The token cut, extended, and with a changed signature, claim or header.
fn variants(token: &str) -> Vec<String> {
    let flipped = |place: usize| -> String {
        let flip = |(index, character)| match character {
            'A' if index == place => 'B',
            _ if index == place => 'A',
            other => other,
        };
        token.chars().enumerate().map(flip).collect()
    };
    let (head, signature) = token.rsplit_once('.').unwrap();
    vec![
        token.chars().take(token.len() - 1).collect(),
        format!("{head}."),
        format!("{token}A"),
        flipped(8),
        flipped(head.len() - 8),
        flipped(head.len() + signature.len() / 2),
    ]
}
