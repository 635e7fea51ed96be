//! Microsoft Graph's permissions: each names the paths that it opens, by which schemes and methods.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use scopegate_domain::{OAuthFlows, SchemeName, ScopeToken, SecurityScheme};
use scopegate_policy::{Method, SecurityOrigin};

use super::LeastPrivilegeAnnotation;
use super::assembly::{
    Demand, Guarded, OperationDraft, OperationEvidence, SchemeIndex, ScopeIndex, TableAssembler, Term,
};
use super::collected::Collected;
use super::error::ImportError;
use super::field_names::METHODS;
use super::format::Format;
use super::heading::DocumentHeader;
use super::ignore::{self, FIELD, Within};
use super::limits::{ImportLimit, MAX_OPERATIONS, MAX_WAYS};
use super::node::At;
use super::note::NoteKind;
use super::place::{DocumentPosition, Mark};
use super::pointer::pointer;
use super::server_lists::ServerList;
use super::servers;
use super::shown::QuotedValue;

/// The addresses of the identity platform, by the kind of sign-in, because the file names none.
const AUTHORITY: &str = "https://login.microsoftonline.com";

/// Reads the permissions file.
pub(super) fn read(root: &At<'_>) -> Result<Collected, ImportError> {
    let Some(permissions) = root.get("permissions") else {
        return Err(root.fault("`permissions` is missing"));
    };
    let mut graph = Graph::default();
    servers::set_graph(&mut graph.assembly)?;
    ignore::read_field(root, Within::Document, &mut graph.assembly.ignores)?;
    // All permissions are read before any path, because a permission may require a later one.
    for (name, permission) in members(&permissions)? {
        graph.declare(name, &permission)?;
    }
    let mut names = Vec::new();
    for (name, permission) in members(&permissions)? {
        graph.open(names.len(), name, &permission)?;
        names.push(name.to_owned());
    }
    graph.into_collected(&names)
}

/// Returns the members of an object whose names the author chooses.
fn members<'a>(at: &'a At<'_>) -> Result<impl Iterator<Item = (&'a str, At<'a>)>, ImportError> {
    Ok(at.members()?.filter(|(name, _)| *name != FIELD))
}

/// A permission of a scheme, and another permission that it also needs, if there is one.
type Way = (SchemeIndex, ScopeIndex, Option<ScopeIndex>);

#[derive(Default)]
struct Graph {
    assembly: TableAssembler,
    operations: Vec<Opened>,
    templates: Vec<Template>,
    known: HashMap<Arc<str>, usize>,
    ways: usize,
    least: Vec<LeastPrivilegeAnnotation>,
}

/// A path, with the operations on it.
struct Template {
    text: Arc<str>,
    operations: Vec<(Method, usize)>,
}

/// An operation, with the permissions that open it, and the position of the first one.
struct Opened {
    method: Method,
    template: Arc<str>,
    ways: Vec<Way>,
    permission: usize,
    set: usize,
    mark: Mark,
}

/// The properties that one set of paths shares.
struct Opening {
    token: ScopeToken,
    permission: usize,
    set: usize,
    schemes: Vec<(SchemeIndex, ScopeIndex)>,
    methods: Vec<Method>,
}

impl Graph {
    fn declare(&mut self, name: &str, permission: &At<'_>) -> Result<(), ImportError> {
        let Some(token) = self.token(name, permission)? else {
            return Ok(());
        };
        let Some(schemes) = permission.get("schemes") else {
            return Err(permission.fault("`schemes` is missing"));
        };
        for (key, at) in members(&schemes)? {
            let scheme = self.scheme(key, &at)?;
            let title = at.text_of("adminDisplayName")?;
            let text = title.or(at.text_of("userDisplayName")?).unwrap_or_default();
            self.assembly.declare(scheme, &token, text, || at.place())?;
        }
        Ok(())
    }

    fn token(&mut self, name: &str, at: &At<'_>) -> Result<Option<ScopeToken>, ImportError> {
        match ScopeToken::parse(name) {
            Ok(token) => Ok(Some(token)),
            Err(fault) => {
                let message = format!("`{}` is not a scope: {fault}", QuotedValue(name));
                self.assembly.notes.add(NoteKind::InvalidScope, at.place(), message)?;
                Ok(None)
            }
        }
    }

    /// Returns a scheme. The first use declares it.
    fn scheme(&mut self, key: &str, at: &At<'_>) -> Result<SchemeIndex, ImportError> {
        let name =
            SchemeName::parse(key).map_err(|_| at.fault(format!("`{}` cannot name a scheme", QuotedValue(key))))?;
        if let Some(scheme) = self.assembly.scheme(key) {
            return Ok(scheme);
        }
        let tenant = match key {
            "DelegatedPersonal" => "consumers",
            "DelegatedWork" => "organizations",
            _ => "common",
        };
        let address = |end: &str| format!("{AUTHORITY}/{tenant}/oauth2/v2.0/{end}");
        let flows = OAuthFlows::default();
        let flows = if key.starts_with("Application") {
            flows.client_credentials(address("token"))
        } else {
            flows.authorization_code(address("authorize"), address("token"))
        };
        let kind = SecurityScheme::oauth2(flows);
        let scheme = self.assembly.add_scheme(name, kind, at.place())?;
        scheme.ok_or_else(|| at.fault("the scheme is declared twice"))
    }

    fn open(&mut self, number: usize, name: &str, permission: &At<'_>) -> Result<(), ImportError> {
        let Ok(token) = ScopeToken::parse(name) else {
            return Ok(());
        };
        let entries = ignore::read_field(permission, Within::Part(name), &mut self.assembly.ignores)?;
        let Some(sets) = permission.get("pathSets") else {
            return Ok(());
        };
        let mut operations = Vec::new();
        for (place, set) in sets.items()?.enumerate() {
            let Some(paths) = set.get("paths") else {
                return Err(set.fault("`paths` is missing"));
            };
            let own_entries = ignore::read_field(&set, Within::Part(name), &mut self.assembly.ignores)?;
            if members(&paths)?.next().is_none() {
                continue;
            }
            let opening = self.opening(&token, (number, place), &set)?;
            let start = operations.len();
            for (path, at) in members(&paths)? {
                self.path(&opening, path, &at)?;
                if !(entries.is_empty() && own_entries.is_empty()) {
                    operations.extend(opening.methods.iter().map(|method| (*method, path.to_owned())));
                }
            }
            let own = operations.get(start..).unwrap_or_default();
            ignore::set_operations(&mut self.assembly.ignores, own_entries, own);
        }
        ignore::set_operations(&mut self.assembly.ignores, entries, &operations);
        Ok(())
    }

    fn opening(
        &mut self,
        token: &ScopeToken,
        (permission, place): (usize, usize),
        set: &At<'_>,
    ) -> Result<Opening, ImportError> {
        let needed = |name: &'static str| set.fault(format!("`{name}` is missing"));
        let mut schemes = Vec::new();
        for item in set.get("schemeKeys").ok_or_else(|| needed("schemeKeys"))?.items()? {
            let scheme = self.scheme(item.text()?, &item)?;
            let scope = self.assembly.asked(scheme, token, || item.place())?;
            schemes.push((scheme, scope));
        }
        let mut methods = Vec::new();
        for item in set.get("methods").ok_or_else(|| needed("methods"))?.items()? {
            if let Ok(method) = item.text()?.parse::<Method>() {
                methods.push(method);
                continue;
            }
            return Err(item.fault(format!(
                "method `{}` is not known; {METHODS}",
                QuotedValue(item.text()?)
            )));
        }
        let token = token.clone();
        Ok(Opening {
            token,
            permission,
            set: place,
            schemes,
            methods,
        })
    }

    /// Reads `least=A,B;AlsoRequires=X,Y`: the schemes under which this is least privilege, and the
    /// permissions one of which is also needed.
    fn path<'a>(&mut self, opening: &Opening, path: &str, at: &At<'a>) -> Result<(), ImportError> {
        let (mut least, mut also) = (None, None);
        let mut is_known = true;
        for part in at.text()?.split(';').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("least", list)) => least = Some(list),
                Some(("AlsoRequires", list)) => also = Some(list),
                _ => is_known = false,
            }
        }
        if !is_known {
            let message = "unknown member, so the permission opens nothing by it";
            return self.assembly.notes.add(NoteKind::UnknownGuard, at.place(), message);
        }
        let words = |list: Option<&'a str>| list.into_iter().flat_map(|list| list.split(',')).map(str::trim);
        let (least, also): (_, Vec<&str>) = (words(least), words(also).collect());
        let template = self.template(path)?;
        for (scheme, scope) in &opening.schemes {
            // Two long lists would make the work the product of their lengths.
            self.assembly.count_read(also.len())?;
            let some = self.with_other_scopes(*scheme, &also, at)?;
            let beside = some.as_deref().unwrap_or(&[None]);
            for method in &opening.methods {
                self.way((*method, at.node.mark), template, opening, (*scheme, *scope), beside)?;
            }
        }
        let Some(template) = self.templates.get(template) else {
            return Ok(());
        };
        let template = Arc::clone(&template.text);
        self.mark(opening, &template, least, &also, at)
    }

    /// Adds a mark as it is written, even if the permission opens nothing by its scheme.
    fn mark<'a>(
        &mut self,
        opening: &Opening,
        template: &Arc<str>,
        least: impl Iterator<Item = &'a str>,
        also: &[&str],
        at: &At<'_>,
    ) -> Result<(), ImportError> {
        let beside: Arc<[ScopeToken]> = match also {
            [] => Arc::default(),
            names => names.iter().filter_map(|name| ScopeToken::parse(name).ok()).collect(),
        };
        for key in least {
            let known = self
                .assembly
                .scheme(key)
                .and_then(|scheme| self.assembly.scheme_name(scheme));
            let Ok(scheme) = known.map_or_else(|| SchemeName::parse(key), |known| Ok(known.clone())) else {
                let message = format!("`{}` cannot name a scheme, so nothing is marked", QuotedValue(key));
                self.assembly.notes.add(NoteKind::UnknownGuard, at.place(), message)?;
                continue;
            };
            if self.least.len() > MAX_WAYS {
                return Err(ImportError::TooLarge(ImportLimit::Ways));
            }
            for method in &opening.methods {
                let mark =
                    LeastPrivilegeAnnotation::new(scheme.clone(), *method, Arc::clone(template), opening.token.clone());
                self.least.push(mark.with_others(Arc::clone(&beside)));
            }
        }
        Ok(())
    }

    fn template(&mut self, path: &str) -> Result<usize, ImportError> {
        if let Some(index) = self.known.get(path) {
            return Ok(*index);
        }
        self.assembly.count_text(path.len())?;
        let (text, index): (Arc<str>, usize) = (Arc::from(path), self.templates.len());
        self.known.insert(Arc::clone(&text), index);
        self.templates.push(Template {
            text,
            operations: Vec::new(),
        });
        Ok(index)
    }

    /// Returns the permissions one of which is also needed, or `None` if none is. A text that is
    /// not a scope opens nothing.
    fn with_other_scopes(
        &mut self,
        scheme: SchemeIndex,
        also: &[&str],
        at: &At<'_>,
    ) -> Result<Option<Vec<Option<ScopeIndex>>>, ImportError> {
        if also.is_empty() {
            return Ok(None);
        }
        let mut beside = Vec::new();
        for name in also {
            if let Some(token) = self.token(name, at)? {
                beside.push(Some(self.assembly.asked(scheme, &token, || at.place())?));
            }
        }
        Ok(Some(beside))
    }

    fn way(
        &mut self,
        (method, mark): (Method, Mark),
        template: usize,
        opening: &Opening,
        (scheme, scope): (SchemeIndex, ScopeIndex),
        beside: &[Option<ScopeIndex>],
    ) -> Result<(), ImportError> {
        self.ways += beside.len() + 1;
        if self.ways > MAX_WAYS {
            return Err(ImportError::TooLarge(ImportLimit::Ways));
        }
        let Some(template) = self.templates.get_mut(template) else {
            return Ok(());
        };
        let known = template.operations.iter().find(|(known, _)| *known == method);
        let next = self.operations.len();
        let index = known.map_or(next, |(_, index)| *index);
        if index == next {
            if next >= MAX_OPERATIONS {
                return Err(ImportError::TooLarge(ImportLimit::Operations));
            }
            template.operations.push((method, next));
            self.operations.push(Opened {
                method,
                template: Arc::clone(&template.text),
                ways: Vec::new(),
                permission: opening.permission,
                set: opening.set,
                mark,
            });
        }
        if let Some(opened) = self.operations.get_mut(index) {
            opened.ways.extend(beside.iter().map(|beside| (scheme, scope, *beside)));
        }
        Ok(())
    }

    /// The names are those of the permissions.
    fn into_collected(mut self, names: &[String]) -> Result<Collected, ImportError> {
        let mut known: HashMap<Vec<Way>, Guarded> = HashMap::new();
        self.assembly.reserve(self.templates.len(), self.operations.len());
        for mut opened in self.operations {
            // Each of two permissions may name the other.
            for (_, scope, other) in &mut opened.ways {
                if let Some(other) = other.as_mut().filter(|other| **other < *scope) {
                    std::mem::swap(scope, other);
                }
            }
            opened.ways.sort_unstable();
            opened.ways.dedup();
            let guarded = match known.entry(opened.ways) {
                Entry::Occupied(known) => known.get().clone(),
                Entry::Vacant(new) => {
                    let guarded = self.assembly.guarded(demand(new.key()))?;
                    new.insert(guarded).clone()
                }
            };
            let draft = OperationDraft {
                method: opened.method,
                template: &opened.template,
                name: None,
                guarded,
                overrides: Vec::new(),
                servers: ServerList::default(),
                origin: SecurityOrigin::Own,
                evidence: OperationEvidence::default(),
            };
            let place = || {
                let name = names.get(opened.permission).map_or("", String::as_str);
                let set = opened.set.to_string();
                let pointer = pointer(&["permissions", name, "pathSets", &set, "paths", &opened.template]);
                DocumentPosition::of_value(pointer, opened.mark)
            };
            self.assembly.add_operation(draft, place, None)?;
        }
        let mut collected = Collected::new(self.assembly, Format::MicrosoftGraph, DocumentHeader::default());
        collected.least = self.least;
        Ok(collected)
    }
}

/// Requires one of the permissions, each with the permission that it also needs.
fn demand(ways: &[Way]) -> Demand {
    let all = |(scheme, scope, beside): &Way| {
        let scopes = [Some(*scope), *beside].into_iter().flatten();
        scopes.map(|scope| Term::Scope(*scheme, scope)).collect()
    };
    Demand::Ways {
        ways: ways.iter().map(all).collect(),
        is_optional: false,
    }
}
