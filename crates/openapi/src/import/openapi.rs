//! OpenAPI 3.0 to 3.2, and Swagger 2.0.

use std::sync::Arc;

use scopegate_policy::{Method, SecurityOrigin};

use super::assembly::{Demand, Guarded, OperationDraft, TableAssembler};
use super::collected::Collected;
use super::error::ImportError;
use super::evidence;
use super::field_names::METHODS;
use super::format::Format;
use super::heading::DocumentHeader;
use super::ignore::{self, Within};
use super::node::{At, Kind};
use super::note::NoteKind;
use super::objects::{self, MORE_OPERATIONS, OF_PATH_ITEM};
use super::place::DocumentPosition;
use super::refs::{Circle, References};
use super::schemes;
use super::security::{self, Dialect};
use super::server_lists::ServerList;
use super::servers;
use super::shown::QuotedValue;

use crate::guard_words::{self, ChecksNeed};

/// Reads an OpenAPI document.
pub(super) fn read(at: &At<'_>, references: &References<'_>) -> Result<Collected, ImportError> {
    let version = at.needed_text("openapi")?;
    let format = match version.split('.').take(2).collect::<Vec<_>>()[..] {
        ["3", "0"] => Format::OpenApi30,
        ["3", "1"] => Format::OpenApi31,
        ["3", "2"] => Format::OpenApi32,
        _ => {
            return Err(ImportError::UnknownVersion {
                format: "OpenAPI",
                version: version.to_owned(),
            });
        }
    };
    Document::new(at, references, format)?.read()
}

/// Reads a Swagger document.
pub(super) fn read_swagger(at: &At<'_>, references: &References<'_>) -> Result<Collected, ImportError> {
    match at.needed_text("swagger")? {
        "2.0" | "2" => Document::new(at, references, Format::Swagger20)?.read(),
        version => Err(ImportError::UnknownVersion {
            format: "Swagger",
            version: version.to_owned(),
        }),
    }
}

struct Document<'n> {
    root: &'n At<'n>,
    format: Format,
    references: &'n References<'n>,
    checks: ChecksNeed,
    assembly: TableAssembler,
}

/// The requirement of an operation, and its place.
#[derive(Clone)]
struct Written {
    guarded: Guarded,
    place: Option<Arc<DocumentPosition>>,
}

impl<'n> Document<'n> {
    fn new(root: &'n At<'n>, references: &'n References<'n>, format: Format) -> Result<Self, ImportError> {
        Ok(Self {
            root,
            format,
            references,
            checks: checks(root)?,
            assembly: TableAssembler::default(),
        })
    }

    fn read(mut self) -> Result<Collected, ImportError> {
        self.declare_schemes()?;
        if self.format == Format::Swagger20 {
            servers::read_swagger(&mut self.assembly, self.root)?;
        } else {
            servers::read_document(&mut self.assembly, self.references, self.root)?;
        }
        ignore::read_field(self.root, Within::Document, &mut self.assembly.ignores)?;
        let inherited = match self.root.get("security") {
            Some(security) => {
                let guards = self.root.get("x-scopegate-guards");
                self.demand(&security, guards.as_ref())?
            }
            None => Written {
                guarded: self.assembly.guarded(Demand::Public)?,
                place: None,
            },
        };
        match self.references.part(self.root, "paths")? {
            Some(paths) => {
                for (path, item) in paths.members()? {
                    if path.starts_with("x-") {
                        continue;
                    }
                    self.path_item(path, item, &inherited)?;
                }
            }
            // Since OpenAPI 3.1 a document may contain only components or webhooks.
            None if matches!(self.format, Format::OpenApi30 | Format::Swagger20) => {
                return Err(self.root.fault("`paths` is missing"));
            }
            None => {}
        }
        self.note_webhooks()?;
        let heading = DocumentHeader::of(self.root.get("info").as_ref())?;
        let servers = servers(self.root, self.format);
        let mut collected = Collected::new(self.assembly, self.format, heading);
        collected.servers = servers;
        collected.description = evidence::description(self.root);
        Ok(collected)
    }

    fn declare_schemes(&mut self) -> Result<(), ImportError> {
        let is_swagger = self.format == Format::Swagger20;
        let (root, references) = (self.root, self.references);
        if is_swagger {
            return match references.part(root, "securityDefinitions")? {
                Some(declared) => schemes::read(&mut self.assembly, references, &declared, true),
                None => Ok(()),
            };
        }
        let Some(written) = root.get("components") else {
            return Ok(());
        };
        let components = references.resolve(written)?;
        drop(components.members()?);
        objects::check_components(&written, &components)?;
        if let Some(declared) = references.part(&components, "securitySchemes")? {
            schemes::read(&mut self.assembly, references, &declared, false)?;
        }
        match components.get("callbacks") {
            Some(callbacks) => self.name_schemes(&callbacks),
            None => Ok(()),
        }
    }

    fn demand(&mut self, security: &At<'_>, guards: Option<&At<'_>>) -> Result<Written, ImportError> {
        let dialect = Dialect {
            has_roles: matches!(self.format, Format::OpenApi31 | Format::OpenApi32),
            has_uris: self.format == Format::OpenApi32,
            checks: &self.checks,
            references: self.references,
        };
        let security = self.references.resolve(*security)?;
        let demand = security::read(&mut self.assembly, dialect, &security, guards)?;
        Ok(Written {
            guarded: self.assembly.guarded(demand)?,
            place: Some(Arc::new(security.place())),
        })
    }

    /// Reads a path item and those to which it refers, because each may have operations.
    fn path_item(&mut self, path: &str, item: At<'_>, inherited: &Written) -> Result<(), ImportError> {
        let references = self.references;
        let mut circle = Circle::new(&item);
        let mut here = item;
        let mut servers = ServerList::default();
        loop {
            objects::check_path_item(&item, &here)?;
            servers = self.operations(path, &here, inherited, servers)?;
            let Some(next) = references.next(&here)? else {
                return Ok(());
            };
            circle.pass(&next)?;
            here = next;
        }
    }

    fn operations(
        &mut self,
        path: &str,
        item: &At<'_>,
        inherited: &Written,
        above: ServerList,
    ) -> Result<ServerList, ImportError> {
        let servers = servers::read_own(&mut self.assembly, self.references, item, above)?;
        ignore::read_field(item, Within::Path(path), &mut self.assembly.ignores)?;
        for (name, operation) in item.members()? {
            self.assembly.count_read(1)?;
            if name == MORE_OPERATIONS {
                self.more_operations(path, operation, inherited, servers)?;
                continue;
            }
            if OF_PATH_ITEM.contains(&name) || name.starts_with("x-") {
                continue;
            }
            if let Some(method) = objects::method(name) {
                self.operation((method, path), operation, inherited, servers)?;
                continue;
            }
            if matches!(operation.node.kind, Kind::Map(_) | Kind::Null) {
                return Err(operation.fault(format!(
                    "`{}` is neither a method nor a field of a path item; correct the name, or begin it with `x-`",
                    QuotedValue(name)
                )));
            }
            let message = format!(
                "`{}` is neither an operation nor a field of a path item; it is left out",
                QuotedValue(name)
            );
            self.assembly
                .notes
                .add(NoteKind::UnknownMethod, operation.place(), message)?;
        }
        Ok(servers)
    }

    /// Reads the operations of methods for which a path item has no field.
    fn more_operations(
        &mut self,
        path: &str,
        all: At<'_>,
        inherited: &Written,
        servers: ServerList,
    ) -> Result<(), ImportError> {
        let all = self.references.resolve(all)?;
        for (name, operation) in all.members()? {
            self.assembly.count_read(1)?;
            if name.starts_with("x-") {
                continue;
            }
            let Ok(method) = name.parse::<Method>() else {
                return Err(operation.fault(format!("method `{}` is not known; {METHODS}", QuotedValue(name))));
            };
            self.operation((method, path), operation, inherited, servers)?;
        }
        Ok(())
    }

    fn operation(
        &mut self,
        (method, path): (Method, &str),
        written: At<'_>,
        inherited: &Written,
        servers: ServerList,
    ) -> Result<(), ImportError> {
        let at = self.referred((method, path), written)?;
        // Checks that the value is an object.
        drop(at.members()?);
        objects::check_operation(&written, &at)?;
        let guards = at.get("x-scopegate-guards");
        let (asked, origin) = match at.get("security") {
            Some(security) => (self.demand(&security, guards.as_ref())?, SecurityOrigin::Own),
            None if self.root.get("security").is_some() => (inherited.clone(), SecurityOrigin::Inherited),
            None => (inherited.clone(), SecurityOrigin::Absent),
        };
        self.note_about(&at)?;
        let servers = servers::read_own(&mut self.assembly, self.references, &at, servers)?;
        let draft = OperationDraft {
            method,
            template: path,
            name: at.text_of("operationId")?,
            guarded: asked.guarded,
            overrides: texts(at.get("x-scopegate-overrides").as_ref())?,
            servers,
            origin,
            evidence: evidence::of(&at),
        };
        self.assembly.add_operation(draft, || at.place(), asked.place)
    }

    /// Returns the operation itself, or the one to which it refers. Each may accept findings.
    fn referred<'s>(&mut self, (method, path): (Method, &str), written: At<'s>) -> Result<At<'s>, ImportError>
    where
        'n: 's,
    {
        let (references, ignores): (&'s References<'s>, _) = (self.references, &mut self.assembly.ignores);
        references.resolve_each(written, |here| {
            ignore::read_field(here, Within::Operation(method, path), ignores)?;
            objects::check_reference_of_operation(here)
        })
    }

    fn note_about(&mut self, at: &At<'_>) -> Result<(), ImportError> {
        if let Some(deprecated) = at.get("deprecated")
            && deprecated.is_set()?
        {
            self.assembly
                .notes
                .add(NoteKind::Deprecated, deprecated.place(), "the operation is deprecated")?;
        }
        if let Some(callbacks) = at.get("callbacks") {
            self.name_schemes(&callbacks)?;
            let message = "the interface calls callbacks and does not serve them; they are left out";
            self.assembly
                .notes
                .add(NoteKind::Callbacks, callbacks.place(), message)?;
        }
        Ok(())
    }

    /// Records the schemes that requirements below this place name: the requests that the interface
    /// sends use them.
    fn name_schemes(&mut self, at: &At<'_>) -> Result<(), ImportError> {
        self.assembly.count_read(1)?;
        match &at.node.kind {
            Kind::Map(_) => {
                for (name, value) in at.members()? {
                    if name == "security"
                        && let Kind::List(_) = value.node.kind
                    {
                        self.name_schemes_of(&value)?;
                    } else {
                        self.name_schemes(&value)?;
                    }
                }
            }
            Kind::List(_) => {
                for item in at.items()? {
                    self.name_schemes(&item)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn name_schemes_of(&mut self, security: &At<'_>) -> Result<(), ImportError> {
        for alternative in security.items()? {
            let Kind::Map(_) = alternative.node.kind else { continue };
            for (name, _) in alternative.members()? {
                self.assembly.count_read(1)?;
                if let Some(scheme) = self.assembly.scheme(name) {
                    self.assembly.name_scheme(scheme);
                }
            }
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
        self.name_schemes(&webhooks)?;
        let message = format!("the interface calls webhooks and does not serve them; {count} are left out");
        self.assembly.notes.add(NoteKind::Webhooks, webhooks.place(), message)
    }
}

/// Returns what the checks of a document need: `x-scopegate-checks`.
fn checks(root: &At<'_>) -> Result<ChecksNeed, ImportError> {
    let mut checks = ChecksNeed::new();
    if let Some(at) = root.get("x-scopegate-checks") {
        for (name, needs) in at.members()? {
            let word = needs.text()?;
            let known =
                guard_words::needs(word).ok_or_else(|| needs.fault("must be `authentication`, `nothing` or `user`"))?;
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

/// Returns the URLs of the servers. They do not decide about access, so a URL that cannot be read
/// is left out.
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
