//! Which facts of a policy the tokens of one source can state.

use scopegate_domain::{Audience, GrantType};
use scopegate_grant::AuthorizationServer;
use scopegate_policy::{Atom, SubjectKind};
use scopegate_token::TokenRules;

/// What the tokens of one source can say.
#[derive(Clone, Copy)]
pub(crate) enum Says<'g> {
    /// Subject and scopes alone: what an [`Acceptance`](crate::Acceptance) can express.
    Acceptance,
    /// What the authorization server of this gate writes.
    Own(&'g AuthorizationServer),
    /// What a JWT of another issuer can say.
    Jwt,
    /// What a token of the tutorial can say.
    Tutorial,
}

impl<'g> Says<'g> {
    /// What tokens by these rules can say.
    pub(crate) fn by(rules: &TokenRules, server: Option<&'g AuthorizationServer>) -> Self {
        match server {
            Some(server) if server.token_rules().issuer() == rules.issuer() => Self::Own(server),
            _ if rules.issuer().is_none() => Self::Tutorial,
            _ => Self::Jwt,
        }
    }

    pub(crate) fn can_say(self, atom: &Atom) -> bool {
        match (self, atom) {
            (Self::Jwt, Atom::Acr(_) | Atom::AgeAtMost(_) | Atom::Audience(_) | Atom::Subject(_))
            | (Self::Tutorial, Atom::Acr(_) | Atom::AgeAtMost(_) | Atom::Subject(_))
            | (Self::Own(_), Atom::Subject(SubjectKind::User)) => true,
            (Self::Own(server), Atom::Audience(audience)) => is_audience(server, audience),
            (Self::Own(server), Atom::Subject(SubjectKind::Service)) => server.grant_types().any(|grant| match grant {
                // The subject is the user.
                GrantType::Password => false,
            }),
            _ => false,
        }
    }
}

fn is_audience(server: &AuthorizationServer, audience: &Audience) -> bool {
    server.token_rules().audience() == Some(audience)
}
