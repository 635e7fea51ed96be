//! The client of all logins, in a profile with one client: why it gets no token, and the remedy.

use scopegate_domain::{Audience, Client, ClientAuthMethod, ClientId, GrantType, Resource, ScopeToken};
use scopegate_store::{Store, StoreError};

use super::Apis;
use crate::config::Settings;
use crate::output::{command_line, shell_word};

/// The number of scopes that a command shows.
const SHOWN: usize = 2;

/// The client of all logins, of which requests say nothing.
pub(crate) struct LoginClient {
    id: ClientId,
    profile: &'static str,
    /// The own API, which the tokens are for, and its first scopes.
    resource: Option<(Audience, String)>,
}

impl LoginClient {
    /// The client of these settings. The demo adds its client itself.
    pub(super) fn of(settings: &Settings, apis: &Apis) -> Option<Self> {
        let id = settings.profile.only_client().filter(|_| !settings.demo)?;
        let resource = apis.resources.iter().find(|one| one.scopes().len() > 0);
        Some(Self {
            id: ClientId::parse(id).ok()?,
            profile: settings.profile.name(),
            resource: resource.map(|one| (one.audience().clone(), first_scopes(one))),
        })
    }

    /// Returns a sentence if each login is refused because of this client.
    pub(super) async fn warning(&self, store: &dyn Store) -> Result<Option<String>, StoreError> {
        let client = store.clients().find(&self.id).await?;
        Ok(self.fault(client.as_ref()))
    }

    fn fault(&self, client: Option<&Client>) -> Option<String> {
        let (id, profile) = (self.id.as_str(), self.profile);
        let Some(client) = client else {
            return Some(format!(
                "there is no client `{id}`, which all logins of the profile `{profile}` use, so each one is refused as \
                 `invalid_client`; `{}` adds it",
                self.add_command()
            ));
        };
        if client.auth_method() != ClientAuthMethod::None {
            return Some(format!(
                "client `{id}` is confidential, but logins of the profile `{profile}` send no secret, so each one is refused as \
                 `invalid_client`; run `{}`",
                command_line("client set", id, "--public")
            ));
        }
        if !client.grant_types().contains(&GrantType::Password) {
            return Some(format!(
                "client `{id}`, which all logins of the profile `{profile}` use, lacks the grant `password`, so each one is \
                 refused as `unauthorized_client`; run `{}`",
                command_line("client set", id, "--grant password")
            ));
        }
        None
    }

    fn add_command(&self) -> String {
        let resource = self.resource.as_ref().map(|(audience, scope)| {
            let (audience, scope) = (shell_word(audience.as_str()), shell_word(scope));
            format!(" --resource {audience} --scope {scope}")
        });
        format!(
            "scopegate client add NAME --id {} --public --grant password{}",
            shell_word(self.id.as_str()),
            resource.unwrap_or_default()
        )
    }
}

/// Returns the first scopes of a resource, for a command.
pub(crate) fn first_scopes(resource: &Resource) -> String {
    let names = resource
        .scopes()
        .take(SHOWN)
        .map(|(token, _)| ScopeToken::as_str(token));
    names.collect::<Vec<&str>>().join(" ")
}

#[cfg(test)]
mod tests {
    use scopegate_domain::SecretDigest;

    use super::*;

    #[test]
    fn each_unusable_client_has_a_remedy() {
        let login = LoginClient {
            id: ClientId::parse("demo-app").unwrap(),
            profile: "one",
            resource: Some((Audience::parse("https://a.example").unwrap(), "me items".to_owned())),
        };
        let public = Client::public(login.id.clone(), "demo");
        let confidential = Client::confidential(login.id.clone(), "demo", SecretDigest::from_bytes([1; 32]));
        for (client, remedy) in [
            (
                None,
                "`scopegate client add NAME --id demo-app --public --grant password --resource https://a.example --scope 'me \
                 items'` adds it",
            ),
            (Some(&confidential), "run `scopegate client set demo-app --public`"),
            (Some(&public), "run `scopegate client set demo-app --grant password`"),
        ] {
            let fault = login.fault(client).unwrap();
            assert!(fault.contains("`demo-app`") && fault.ends_with(remedy), "{fault}");
        }
        let usable = public.with_grant_types([GrantType::Password]);
        assert_eq!(login.fault(Some(&usable)), None);
    }
}
