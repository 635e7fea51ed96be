//! `scopegate token issue`

use anyhow::Context;
use scopegate_domain::{ClientId, Scope, Username};
use scopegate_grant::{GrantError, LocalRequest, TokenSet};
use serde_json::json;

use crate::arguments::{CommonFlags, IssueArguments};
use crate::command::context::{block_on, close};
use crate::command::names::declared_scope;
use crate::compose::{self, Access, Database};
use crate::config::Settings;
use crate::output::{ExitNegative, command_line, print, quoted};
use crate::telemetry;

pub(super) fn run(common: &CommonFlags, arguments: &IssueArguments) -> anyhow::Result<()> {
    let settings = common.load_for_command(&arguments.settings)?;
    telemetry::start(settings.log_format, &settings.log_level);
    let issue = Issue::parse(arguments, &settings)?;
    let tokens = block_on(async {
        let database = Database::open(&settings, Access::Change).await?;
        let issued = issue.run(&settings, &database).await;
        close(database, issued).await
    })?;
    let token = tokens.access_token().expose();
    print(
        common.format,
        &format!("{token}\n"),
        &json!({
            "access_token": token, "token_type": "Bearer", "expires_in": tokens.expires_in(),
            "scope": tokens.scope().to_string(),
        }),
    )
}

/// The token that is requested.
struct Issue<'a> {
    client: ClientId,
    user: Option<Username>,
    scope: Scope,
    resources: &'a [String],
}

impl<'a> Issue<'a> {
    fn parse(arguments: &'a IssueArguments, settings: &Settings) -> anyhow::Result<Self> {
        let bad = |what: &str, text: &str| format!("bad {what} `{}`", quoted(text));
        let id = &arguments.client;
        let name = arguments.user.as_deref();
        let user = name.map(|name| Username::to_find(name).with_context(|| bad("name", name)));
        Ok(Self {
            client: ClientId::parse(id).with_context(|| bad("id", id))?,
            user: user.transpose()?,
            scope: declared_scope(settings, &arguments.scope)?,
            resources: &arguments.resource,
        })
    }

    async fn run(self, settings: &Settings, database: &Database) -> anyhow::Result<TokenSet> {
        let checked = compose::check(settings, settings.listen)?;
        let server = compose::local_server(settings, database, checked.issuer, &checked.apis).await?;
        let request = LocalRequest {
            client: &self.client,
            user: self.user.as_ref(),
            scope: &self.scope,
            resources: self.resources,
        };
        server.issue_locally(request).await.map_err(|error| self.explain(error))
    }

    /// Names the client or the user that is the cause.
    fn explain(&self, error: GrantError) -> anyhow::Error {
        let client = &self.client;
        let message = match (error, &self.user) {
            (GrantError::InvalidClient(_), _) => format!("there is no client `{client}`"),
            (GrantError::InvalidGrant, Some(user)) => format!("there is no active user `{user}`"),
            (GrantError::UnauthorizedClient, None) => format!(
                "client `{client}` gets no token for itself: it must be confidential and have the grant `client_credentials`; \
                 `--user` names a user"
            ),
            (GrantError::UnauthorizedClient, Some(user)) => format!(
                "the id of the user `{user}` is that of client `{client}`, so readers could not tell them apart; give another client"
            ),
            (GrantError::InvalidScope(cause), _) => {
                format!("{cause}; `scopegate client set-scope` and `user set-scope` set what they may have")
            }
            (GrantError::InvalidTarget(cause), _) => format!(
                "{cause}; `{}` lists the resources of the client, and `client set` changes them",
                command_line("client show", client.as_str(), "")
            ),
            (error, _) => return error.into(),
        };
        ExitNegative(message).into()
    }
}
