//! Google's API discovery: methods nested in resources, each with scopes, one of which suffices.

use std::sync::Arc;

use scopegate_domain::{OAuthFlows, SchemeName, ScopeToken, SecurityScheme};
use scopegate_policy::{Method, SecurityOrigin};

use super::assembly::{Conjunction, Demand, OperationDraft, OperationEvidence, SchemeIndex, TableAssembler, Term};
use super::collected::Collected;
use super::error::ImportError;
use super::field_names::METHODS;
use super::format::Format;
use super::heading::DocumentHeader;
use super::ignore::{self, FIELD, Within};
use super::node::At;
use super::note::NoteKind;
use super::place::DocumentPosition;
use super::server_lists::ServerList;
use super::servers;
use super::shown::QuotedValue;

/// The name and the addresses of Google's scheme, because the documents do not name it.
const SCHEME: &str = "Oauth2";
const AUTHORIZE: &str = "https://accounts.google.com/o/oauth2/v2/auth";
const TOKEN: &str = "https://oauth2.googleapis.com/token";

/// Reads a discovery document.
pub(super) fn read(root: &At<'_>) -> Result<Collected, ImportError> {
    let mut discovery = Discovery {
        assembly: TableAssembler::default(),
        oauth: None,
        operations: Vec::new(),
        service: root.text_of("servicePath")?.unwrap_or_default(),
    };
    servers::read_discovery(&mut discovery.assembly, root)?;
    ignore::read_field(root, Within::Document, &mut discovery.assembly.ignores)?;
    discovery.declare(root)?;
    discovery.members(root)?;
    let heading = DocumentHeader::of(Some(root))?;
    Ok(Collected::new(discovery.assembly, Format::GoogleDiscovery, heading))
}

struct Discovery<'n> {
    assembly: TableAssembler,
    oauth: Option<SchemeIndex>,
    /// The operations that were read so far.
    operations: Vec<(Method, String)>,
    service: &'n str,
}

impl Discovery<'_> {
    fn declare(&mut self, root: &At<'_>) -> Result<(), ImportError> {
        let auth = root.object("auth")?;
        let oauth2 = auth.as_ref().map(|auth| auth.object("oauth2")).transpose()?.flatten();
        if let Some(oauth2) = &oauth2 {
            ignore::read_field(oauth2, Within::Scheme(SCHEME), &mut self.assembly.ignores)?;
        }
        if let Some(scopes) = oauth2.as_ref().and_then(|oauth2| oauth2.get("scopes")) {
            let flows = OAuthFlows::default().authorization_code(AUTHORIZE, TOKEN);
            let oauth = self.scheme(SCHEME, SecurityScheme::oauth2(flows), scopes.place())?;
            for (name, scope) in scopes.members()?.filter(|(name, _)| *name != FIELD) {
                match ScopeToken::parse(name) {
                    Ok(token) => {
                        let text = scope.text_of("description")?.unwrap_or_default();
                        self.assembly.declare(oauth, &token, text, || scope.place())?;
                    }
                    Err(fault) => {
                        let message = format!("`{}` is not a scope: {fault}", QuotedValue(name));
                        self.assembly
                            .notes
                            .add(NoteKind::InvalidScope, scope.place(), message)?;
                    }
                }
            }
            self.oauth = Some(oauth);
        }
        Ok(())
    }

    fn scheme(
        &mut self,
        name: &str,
        kind: SecurityScheme,
        place: DocumentPosition,
    ) -> Result<SchemeIndex, ImportError> {
        let unnamed = || ImportError::Unrecognised;
        let name = SchemeName::parse(name).map_err(|_| unnamed())?;
        self.assembly.add_scheme(name, kind, place)?.ok_or_else(unnamed)
    }

    /// Reads a resource. The depth of the document has a limit, so the recursion has one, too.
    fn resource(&mut self, name: &str, at: &At<'_>) -> Result<(), ImportError> {
        let entries = ignore::read_field(at, Within::Part(name), &mut self.assembly.ignores)?;
        let start = self.operations.len();
        self.members(at)?;
        let own = self.operations.get(start..).unwrap_or_default();
        ignore::set_operations(&mut self.assembly.ignores, entries, own);
        Ok(())
    }

    /// The methods and the resources of the document or of a resource.
    fn members(&mut self, at: &At<'_>) -> Result<(), ImportError> {
        if let Some(methods) = at.get("methods") {
            for (_, method) in methods.members()?.filter(|(name, _)| *name != FIELD) {
                self.method(&method)?;
            }
        }
        if let Some(resources) = at.get("resources") {
            for (name, resource) in resources.members()?.filter(|(name, _)| *name != FIELD) {
                self.resource(name, &resource)?;
            }
        }
        Ok(())
    }

    fn method(&mut self, at: &At<'_>) -> Result<(), ImportError> {
        let written = at.needed_text("httpMethod")?;
        let Ok(method) = written.parse::<Method>() else {
            return Err(at.fault(format!("method `{}` is not known; {METHODS}", QuotedValue(written))));
        };
        let path = match at.text_of("flatPath")? {
            Some(path) => path,
            None => at.needed_text("path")?,
        };
        let template = format!("/{}{}", self.service, path.trim_start_matches('/'));
        let template = self.plain(&template, at)?;
        ignore::read_field(at, Within::Operation(method, &template), &mut self.assembly.ignores)?;
        let demand = self.demand(at)?;
        let guarded = self.assembly.guarded(demand)?;
        self.note_about(at)?;
        let draft = OperationDraft {
            method,
            template: &template,
            name: at.text_of("id")?,
            guarded,
            overrides: Vec::new(),
            servers: ServerList::default(),
            origin: SecurityOrigin::Own,
            evidence: OperationEvidence {
                description: at.text_of("description").ok().flatten(),
                ..OperationEvidence::default()
            },
        };
        let security = at.get("scopes").map(|scopes| Arc::new(scopes.place()));
        self.assembly.add_operation(draft, || at.place(), security)?;
        self.operations.push((method, template));
        Ok(())
    }

    /// Converts a template. `{+name}` matches several segments of a path. At the end it becomes
    /// `{*name}`; elsewhere there is no equivalent.
    fn plain(&mut self, template: &str, at: &At<'_>) -> Result<String, ImportError> {
        if !template.contains("{+") {
            return Ok(template.to_owned());
        }
        let (before, last) = template.rsplit_once("{+").unwrap_or((template, ""));
        let is_end = last.ends_with('}');
        let joined = format!("{before}{}{last}", if is_end { "{*" } else { "{" });
        if !is_end || joined.contains("{+") {
            let message = format!(
                "a parameter of `{}` holds several parts of the path; it is read as one part",
                QuotedValue(template)
            );
            self.assembly.notes.add(NoteKind::PathParameter, at.place(), message)?;
        }
        Ok(joined.replace("{+", "{"))
    }

    /// Requires one of the scopes. A method without scopes needs no authorization.
    fn demand(&mut self, at: &At<'_>) -> Result<Demand, ImportError> {
        let scopes = at.get("scopes");
        let count = match &scopes {
            Some(scopes) => scopes.items()?.len(),
            None => 0,
        };
        let Some(scopes) = scopes.filter(|_| count > 0) else {
            let message = "the method names no scope, so it needs no authorization";
            self.assembly.notes.add(NoteKind::NoScopes, at.place(), message)?;
            return Ok(Demand::Public);
        };
        let mut ways: Vec<Conjunction> = Vec::new();
        if let Some(oauth) = self.oauth {
            for item in scopes.items()? {
                ways.extend(self.scope(oauth, &item)?);
            }
        } else {
            let message = "no scopes are declared, so nothing satisfies the method";
            self.assembly
                .notes
                .add(NoteKind::UndefinedScheme, scopes.place(), message)?;
        }
        Ok(Demand::Ways {
            ways,
            is_optional: false,
        })
    }

    fn scope(&mut self, oauth: SchemeIndex, item: &At<'_>) -> Result<Option<Conjunction>, ImportError> {
        let text = item.text()?;
        let token = match ScopeToken::parse(text) {
            Ok(token) => token,
            Err(fault) => {
                let message = format!("`{}` is not a scope: {fault}", QuotedValue(text));
                self.assembly.notes.add(NoteKind::InvalidScope, item.place(), message)?;
                return Ok(None);
            }
        };
        let scope = self.assembly.asked(oauth, &token, || item.place())?;
        Ok(Some(vec![Term::Scope(oauth, scope)]))
    }

    fn note_about(&mut self, at: &At<'_>) -> Result<(), ImportError> {
        if let Some(deprecated) = at.get("deprecated")
            && deprecated.is_set()?
        {
            let message = "the operation is deprecated";
            self.assembly
                .notes
                .add(NoteKind::Deprecated, deprecated.place(), message)?;
        }
        if let Some(upload) = at.get("mediaUpload") {
            let message = "the paths by which this method takes uploads are left out";
            self.assembly.notes.add(NoteKind::UploadPath, upload.place(), message)?;
        }
        Ok(())
    }
}
