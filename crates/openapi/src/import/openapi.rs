//! OpenAPI 3.0 and 3.1, and Swagger 2.0.

use scopegate_policy::Method;
use scopegate_policy::analysis::SecurityOrigin;

use super::assembly::{Assembly, Demand, Guarded, OperationDraft};
use super::error::{ImportError, Shown};
use super::guards::{self, ChecksNeed};
use super::ignore::{self, Ignore, Within};
use super::node::{At, Node};
use super::note::NoteKind;
use super::refs::{References, Target};
use super::security::{self, Dialect};
use super::servers::{self, ServerList};
use super::{Collected, Format, Heading, schemes};

/// The fields of a path item that are no operation.
const NO_OPERATIONS: [&str; 5] = ["$ref", "description", "parameters", "servers", "summary"];

/// Reads an OpenAPI document.
pub(super) fn read(root: &Node<'_>) -> Result<Collected, ImportError> {
    let at = At::root(root);
    let version = at.needed_text("openapi")?;
    let format = match version.split('.').take(2).collect::<Vec<_>>()[..] {
        ["3", "0"] => Format::OpenApi30,
        ["3", "1"] => Format::OpenApi31,
        _ => {
            return Err(ImportError::UnknownVersion {
                format: "OpenAPI",
                version: version.to_owned(),
            });
        }
    };
    Document::new(&at, format)?.read()
}

/// Reads a Swagger document.
pub(super) fn read_swagger(root: &Node<'_>) -> Result<Collected, ImportError> {
    let at = At::root(root);
    match at.needed_text("swagger")? {
        "2.0" | "2" => Document::new(&at, Format::Swagger20)?.read(),
        version => Err(ImportError::UnknownVersion {
            format: "Swagger",
            version: version.to_owned(),
        }),
    }
}

struct Document<'n> {
    root: &'n At<'n>,
    format: Format,
    references: References<'n>,
    checks: ChecksNeed,
    assembly: Assembly,
    ignores: Vec<Ignore>,
}

impl<'n> Document<'n> {
    fn new(root: &'n At<'n>, format: Format) -> Result<Self, ImportError> {
        Ok(Self {
            root,
            format,
            references: References::new(root.node),
            checks: checks(root)?,
            assembly: Assembly::default(),
            ignores: Vec::new(),
        })
    }

    fn read(mut self) -> Result<Collected, ImportError> {
        self.declare_schemes()?;
        if self.format == Format::Swagger20 {
            servers::read_swagger(&mut self.assembly, self.root)?;
        } else {
            servers::read_document(&mut self.assembly, self.root)?;
        }
        ignore::read_field(self.root, Within::Document, &mut self.ignores)?;
        let inherited = match self.root.get("security") {
            Some(security) => {
                let guards = self.root.get("x-scopegate-guards");
                self.demand(&security, guards.as_ref())?
            }
            None => self.assembly.guarded(Demand::Public)?,
        };
        if let Some(paths) = self.root.get("paths") {
            for (path, item) in paths.members()? {
                if path.starts_with("x-") {
                    continue;
                }
                self.path_item(path, &item, &inherited)?;
            }
        }
        self.note_webhooks()?;
        let heading = Heading::of(self.root.get("info").as_ref())?;
        let servers = servers(self.root, self.format);
        let mut collected = Collected::new(self.assembly, self.format, heading);
        collected.ignores = self.ignores;
        collected.servers = servers;
        Ok(collected)
    }

    fn declare_schemes(&mut self) -> Result<(), ImportError> {
        if self.format == Format::Swagger20 {
            let Some(declared) = self.root.get("securityDefinitions") else {
                return Ok(());
            };
            scheme_ignores(&declared, &mut self.ignores)?;
            return schemes::read(&mut self.assembly, &self.references, &declared, true);
        }
        let components = self.root.get("components");
        let declared = components
            .as_ref()
            .and_then(|components| components.get("securitySchemes"));
        match declared {
            Some(declared) => {
                scheme_ignores(&declared, &mut self.ignores)?;
                schemes::read(&mut self.assembly, &self.references, &declared, false)
            }
            None => Ok(()),
        }
    }

    fn demand(&mut self, security: &At<'_>, guards: Option<&At<'_>>) -> Result<Guarded, ImportError> {
        let dialect = Dialect {
            has_roles: self.format == Format::OpenApi31,
            checks: &self.checks,
        };
        let demand = security::read(&mut self.assembly, dialect, security, guards)?;
        self.assembly.guarded(demand)
    }

    fn path_item(&mut self, path: &str, item: &At<'_>, inherited: &Guarded) -> Result<(), ImportError> {
        self.operations(path, item, inherited)?;
        if item.text_of("$ref")?.is_none() {
            return Ok(());
        }
        match self.references.resolve(*item)? {
            Target::Found(found) => self.operations(path, &found, inherited),
            Target::Lost(reference) => {
                let message = format!(
                    "`{}` leads to no path of this document; what is behind it is left out",
                    Shown(reference)
                );
                self.assembly.notes.add(NoteKind::Reference, item.place(), message)
            }
        }
    }

    fn operations(&mut self, path: &str, item: &At<'_>, inherited: &Guarded) -> Result<(), ImportError> {
        let servers = servers::read_own(&mut self.assembly, item, ServerList::default())?;
        ignore::read_field(item, Within::Path(path), &mut self.ignores)?;
        for (name, operation) in item.members()? {
            self.assembly.count_read(1)?;
            if NO_OPERATIONS.contains(&name) || name.starts_with("x-") {
                continue;
            }
            let method = Method::ALL
                .into_iter()
                .find(|method| method.as_str().eq_ignore_ascii_case(name));
            if let Some(method) = method {
                self.operation((method, path), &operation, inherited, servers)?;
                continue;
            }
            let message = format!("`{}` is no method that is known here; it is left out", Shown(name));
            self.assembly
                .notes
                .add(NoteKind::UnknownMethod, operation.place(), message)?;
        }
        Ok(())
    }

    fn operation(
        &mut self,
        (method, path): (Method, &str),
        at: &At<'_>,
        inherited: &Guarded,
        servers: ServerList,
    ) -> Result<(), ImportError> {
        // Looks that it is an object.
        let _ = at.members()?;
        ignore::read_field(at, Within::Operation(method, path), &mut self.ignores)?;
        let guards = at.get("x-scopegate-guards");
        let (guarded, origin) = match at.get("security") {
            Some(security) => (self.demand(&security, guards.as_ref())?, SecurityOrigin::Own),
            None if self.root.get("security").is_some() => (inherited.clone(), SecurityOrigin::Inherited),
            None => (inherited.clone(), SecurityOrigin::Absent),
        };
        self.note_about(at)?;
        let servers = servers::read_own(&mut self.assembly, at, servers)?;
        let draft = OperationDraft {
            method,
            template: path,
            name: at.text_of("operationId")?,
            guarded,
            overrides: texts(at.get("x-scopegate-overrides").as_ref())?,
            servers,
            origin,
        };
        self.assembly.add_operation(draft, || at.place())
    }

    fn note_about(&mut self, at: &At<'_>) -> Result<(), ImportError> {
        if let Some(deprecated) = at.get("deprecated")
            && deprecated.is_true()?
        {
            self.assembly
                .notes
                .add(NoteKind::Deprecated, deprecated.place(), "the operation is deprecated")?;
        }
        if let Some(callbacks) = at.get("callbacks") {
            let message = "what the interface calls is no operation of it; callbacks are left out";
            self.assembly
                .notes
                .add(NoteKind::Callbacks, callbacks.place(), message)?;
        }
        Ok(())
    }

    fn note_webhooks(&mut self) -> Result<(), ImportError> {
        let Some(webhooks) = self.root.get("webhooks") else {
            return Ok(());
        };
        let count = webhooks.members()?.count();
        if count == 0 {
            return Ok(());
        }
        let message = format!("what the interface calls is no operation of it; {count} webhooks are left out");
        self.assembly.notes.add(NoteKind::Webhooks, webhooks.place(), message)
    }
}

/// What the checks of a document need: `x-scopegate-checks`.
fn checks(root: &At<'_>) -> Result<ChecksNeed, ImportError> {
    let mut checks = ChecksNeed::new();
    if let Some(at) = root.get("x-scopegate-checks") {
        for (name, needs) in at.members()? {
            let word = needs.text()?;
            let known =
                guards::needs(word).ok_or_else(|| needs.fault("must be `authentication`, `nothing` or `user`"))?;
            checks.insert(name.to_owned(), known);
        }
    }
    Ok(checks)
}

fn texts(list: Option<&At<'_>>) -> Result<Vec<String>, ImportError> {
    let Some(list) = list else {
        return Ok(Vec::new());
    };
    list.items()?.map(|item| item.text().map(str::to_owned)).collect()
}

/// The URLs of the servers. They decide nothing about access, so one that cannot be read is left out.
fn servers(root: &At<'_>, format: Format) -> Vec<String> {
    let text = |name: &str| root.text_of(name).ok().flatten();
    if format != Format::Swagger20 {
        let Some(servers) = root.get("servers") else {
            return Vec::new();
        };
        let Ok(items) = servers.items() else { return Vec::new() };
        let url = |item: At<'_>| item.text_of("url").ok().flatten().map(str::to_owned);
        return items.filter_map(url).collect();
    }
    let base = text("basePath").unwrap_or_default();
    let Some(host) = text("host") else {
        return vec![base.to_owned()];
    };
    let schemes = root.get("schemes");
    let items = schemes.as_ref().and_then(|schemes| schemes.items().ok());
    let schemes: Vec<&str> = items
        .into_iter()
        .flatten()
        .filter_map(|item| item.text().ok())
        .collect();
    match schemes.as_slice() {
        [] => vec![format!("//{host}{base}")],
        some => some.iter().map(|scheme| format!("{scheme}://{host}{base}")).collect(),
    }
}

/// The findings that schemes accept.
fn scheme_ignores(declared: &At<'_>, ignores: &mut Vec<Ignore>) -> Result<(), ImportError> {
    for (name, at) in declared.members()? {
        ignore::read_field(&at, Within::Scheme(name), ignores)?;
    }
    Ok(())
}
