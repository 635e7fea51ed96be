//! The reader of Scopegate's own TOML: schemes, guards and operations.

mod guards;
mod schemes;

use std::collections::{HashMap, HashSet};

use scopegate_domain::{Catalog, DeclaredScheme, DeclaredScope, Scope, ScopeToken};
use scopegate_policy::{
    Alternative, AuthorizationServers, DocumentFacts, Group, Guard, MAX_DEPTH, Method, Operation, OperationTable,
    OperationTableBuilder, ResolvedOperation, TableError, anonymous_template,
};

use self::guards::Guards;
use super::error::ImportError;
use super::ignore::{self, Ignore, Within};
use super::limits::{ImportLimit, MAX_OPERATIONS, MAX_OVERLAPS};
use super::note::{NoteKind, Notes};
use super::server_lists::Servers;
use super::shown::QuotedValue;
use super::table::{Source, Table, Value};
use super::{Ceiling, CeilingKind, Counts, DocumentPosition, Format, Imported};

/// Reads a policy.
pub(super) fn read(text: &str) -> Result<Imported, ImportError> {
    let source = Source(text);
    let document = source.parse()?;
    let mut root = Table::new(source, document.get_ref(), 0..0);
    let title = root.text("title")?.map(str::to_owned);
    let version = root.text("version")?.map(str::to_owned);
    let checks = schemes::checks(&mut root)?;
    let mut places = schemes::Places::new(text);
    let mut ignores = Vec::new();
    let place_of = |start| DocumentPosition::of_mark(places.mark(start));
    ignore::read_table(&mut root, Within::Document, place_of, &mut ignores)?;
    let mut details = Vec::new();
    let catalog = schemes::catalog(&mut root, &mut places, (&mut ignores, &mut details))?;
    let ceilings = ceilings(&mut root, &catalog)?;
    let mut policy = Policy {
        guards: Guards::read(&mut root, checks)?,
        places,
        notes: Notes::default(),
        ignores,
        shapes: HashSet::new(),
        starts: HashMap::new(),
        operations: Vec::new(),
        count: 0,
        overlaps: 0,
    };
    let table = OperationTable::builder(catalog).templates_by_text();
    let table = policy.application(&mut root, table)?;
    policy.guards.refuse_wrong_ones()?;
    root.finish()?;
    let table = table.build().map_err(|error| policy.placed(error))?;
    Ok(Imported {
        counts: counts(&table),
        places: policy.places.into_kept(),
        table,
        format: Format::Toml,
        title,
        version,
        notes: policy.notes.into_vec(),
        ceilings,
        least: Vec::new(),
        servers: Servers::none(),
        details,
        facts: DocumentFacts::new(),
        ignores: policy.ignores,
    })
}

struct Policy<'v, 't> {
    guards: Guards<'v, 't>,
    places: schemes::Places<'t>,
    notes: Notes,
    ignores: Vec<Ignore>,
    shapes: HashSet<(Method, String)>,
    /// The byte at which each operation begins. The last operation with the same method and path
    /// counts.
    starts: HashMap<String, usize>,
    /// The operations that were read so far.
    operations: Vec<(Method, String)>,
    count: usize,
    overlaps: usize,
}

impl<'v, 't> Policy<'v, 't> {
    fn application(
        &mut self,
        root: &mut Table<'v, 't>,
        builder: OperationTableBuilder,
    ) -> Result<OperationTableBuilder, ImportError> {
        let guards = self.guards.of(root)?;
        let mut builder = guards.iter().fold(builder, OperationTableBuilder::guard);
        if let Some(operations) = root.take("operations") {
            for (number, item) in operations.items()?.into_iter().enumerate() {
                builder = builder.group(self.operation("", item, &format!("/operations/{number}"))?);
            }
        }
        if let Some(groups) = root.take("groups") {
            for (number, item) in groups.items()?.into_iter().enumerate() {
                builder = builder.group(self.group("", item, 0, &format!("/groups/{number}"))?);
            }
        }
        Ok(builder)
    }

    fn group(&mut self, above: &str, item: Value<'v, 't>, depth: usize, pointer: &str) -> Result<Group, ImportError> {
        if depth >= MAX_DEPTH {
            return Err(item.fault("groups are nested too deep"));
        }
        let mut table = item.table()?;
        let prefix = table.text("prefix")?.unwrap_or_default();
        let below = format!("{above}{prefix}");
        let place_of = |start| DocumentPosition::of_mark(self.places.mark(start));
        let entries = ignore::read_table(&mut table, Within::Part(&below), place_of, &mut self.ignores)?;
        let start = self.operations.len();
        let guards = self.guards.of(&mut table)?;
        let mut group = guards.iter().fold(Group::new(prefix), Group::guard);
        if let Some(operations) = table.take("operations") {
            for (number, item) in operations.items()?.into_iter().enumerate() {
                group = group.group(self.operation(&below, item, &format!("{pointer}/operations/{number}"))?);
            }
        }
        if let Some(groups) = table.take("groups") {
            for (number, item) in groups.items()?.into_iter().enumerate() {
                group = group.group(self.group(&below, item, depth + 1, &format!("{pointer}/groups/{number}"))?);
            }
        }
        table.finish()?;
        let own = self.operations.get(start..).unwrap_or_default();
        ignore::set_operations(&mut self.ignores, entries, own);
        Ok(group)
    }

    /// Reads an operation. It gets its own group for the names of the guards that it overrides.
    fn operation(&mut self, above: &str, item: Value<'v, 't>, pointer: &str) -> Result<Group, ImportError> {
        self.count += 1;
        if self.count > MAX_OPERATIONS {
            return Err(ImportError::TooLarge(ImportLimit::Operations));
        }
        let mut table = item.table()?;
        let written = table.needed("method")?;
        let method: Method = written
            .parse()
            .map_err(|_| table.fault(format!("`{}` is not a method of an operation", QuotedValue(written))))?;
        let path = table.needed("path")?;
        let template = format!("{above}{path}");
        let place_of = |start| DocumentPosition::of_mark(self.places.mark(start));
        ignore::read_table(
            &mut table,
            Within::Operation(method, &template),
            place_of,
            &mut self.ignores,
        )?;
        let mut operation = Operation::new(method, path);
        if let Some(name) = table.text("name")? {
            operation = operation.named(name);
        }
        let guards = self.guards.of(&mut table)?;
        if table.flag("public")? {
            if !guards.is_empty() {
                return Err(table.fault("a public operation requires nothing"));
            }
            operation = operation.guard(Guard::public());
        }
        operation = guards.iter().fold(operation, Operation::guard);
        if table.flag("optional")? {
            operation = operation.optional();
        }
        let (operation, overridden) = overriding(operation, &mut table)?;
        self.note_overlap(method, &template, &table)?;
        self.places.add_operation(pointer, item.start());
        self.starts.insert(format!("{method} {above}{path}"), item.start());
        table.finish()?;
        self.operations.push((method, template));
        let group = overridden
            .iter()
            .fold(Group::new(""), |group, name| group.guard(Guard::deny().named(*name)));
        Ok(group.operation(operation))
    }

    /// Adds the place of the operation that caused the error. A limit applies to the whole table.
    fn placed(&self, error: TableError) -> ImportError {
        if matches!(error, TableError::TooLarge { .. }) {
            return error.into();
        }
        let start = error.operation().and_then(|operation| self.starts.get(operation));
        match start {
            Some(start) => ImportError::at(DocumentPosition::of_mark(self.places.mark(*start)), error.to_string()),
            None => error.into(),
        }
    }

    fn note_overlap(&mut self, method: Method, path: &str, table: &Table<'_, '_>) -> Result<(), ImportError> {
        if self.shapes.insert((method, anonymous_template(path))) {
            return Ok(());
        }
        // The line count before each overlap costs time in proportion to the text. A real policy
        // has few overlaps.
        self.overlaps += 1;
        if self.overlaps > MAX_OVERLAPS {
            return Err(ImportError::TooLarge(ImportLimit::Notes));
        }
        // A duplicate path is an error of the table.
        let message = format!(
            "`{method} {}` matches the same requests as an operation before",
            QuotedValue(path)
        );
        let place = DocumentPosition::of_mark(self.places.mark(table.start()));
        self.notes.add(NoteKind::OverlappingTemplates, place, message)
    }
}

/// Reads `override = true`, or the names of the overridden guards, if the document does not contain
/// these guards.
fn overriding<'v>(operation: Operation, table: &mut Table<'v, '_>) -> Result<(Operation, Vec<&'v str>), ImportError> {
    let Some(value) = table.take("override") else {
        return Ok((operation, Vec::new()));
    };
    match value.as_flag() {
        Some(true) => Ok((operation.override_guards(), Vec::new())),
        Some(false) => Ok((operation, Vec::new())),
        None => {
            let names: Vec<&str> = value.texts()?.into_iter().map(|(name, _)| name).collect();
            if names.is_empty() {
                return Err(value.fault("names no guard; `true` overrides all guards above"));
            }
            Ok((operation.override_guards(), names))
        }
    }
}

fn ceilings(root: &mut Table<'_, '_>, catalog: &Catalog) -> Result<Vec<Ceiling>, ImportError> {
    let servers = AuthorizationServers::of_catalog(catalog);
    let mut ceilings = Vec::new();
    let kinds = [
        ("clients", CeilingKind::Client),
        ("roles", CeilingKind::Role),
        ("users", CeilingKind::User),
    ];
    for (key, kind) in kinds {
        let Some(value) = root.take(key) else { continue };
        for (name, _, value) in value.table()?.all() {
            let named = servers.scopes_named(value.text()?);
            let named = named.map_err(|fault| value.fault(fault.to_string()))?;
            let scope: Scope = named.iter().map(|scope| scope.token().clone()).collect();
            ceilings.push(Ceiling::new(kind, name, scope).of_servers(named));
        }
    }
    Ok(ceilings)
}

fn counts(table: &OperationTable) -> Counts {
    let operations = table.operations();
    let alternatives = operations.iter().flat_map(ResolvedOperation::alternatives);
    let used: HashSet<&ScopeToken> = alternatives.flat_map(Alternative::scope).collect();
    let schemes = table.catalog().schemes().iter();
    let declared: HashSet<&ScopeToken> = schemes
        .flat_map(DeclaredScheme::scopes)
        .map(DeclaredScope::token)
        .collect();
    Counts {
        operations: operations.len(),
        triples: operations.iter().map(|operation| operation.schemes().len()).sum(),
        scopes_declared: declared.len(),
        scopes_used: used.len(),
        scopes_undeclared: 0,
    }
}
