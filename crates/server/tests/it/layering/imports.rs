//! The graph of imports between the source files of one crate.
//!
//! A file imports another when it names one of its items: by `use`, or by a path. A path through
//! a re-export counts for the file that defines the item; a re-export alone imports nothing.
//! Modules behind `cfg(feature)` count, and modules behind `cfg(test)` do not. Methods that are
//! called on values are not followed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::buffer::{Cursor, TokenBuffer};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, File, ImplItemFn, Item, ItemUse, Lit, Macro, Meta, Token, UseTree, Visibility};

/// The segments of a path. An absolute one begins below the root of the crate.
type Segments = Vec<String>;

/// Each file with the files that it imports, and the name that it imports from each.
pub(crate) type Imports = BTreeMap<PathBuf, BTreeMap<PathBuf, String>>;

/// The modules of one crate.
#[derive(Default)]
pub(crate) struct Modules {
    modules: BTreeMap<Segments, Module>,
    /// The files of modules behind `cfg(test)`, without `.rs`.
    tests: Vec<PathBuf>,
}

/// One module: a file, or a part of a file between braces.
#[derive(Default)]
struct Module {
    path: Segments,
    file: PathBuf,
    /// The items that it defines.
    items: BTreeSet<String>,
    uses: Vec<Use>,
    /// Paths of two segments or more.
    paths: BTreeSet<Segments>,
    /// The first segment of each path.
    names: BTreeSet<String>,
}

/// One name of a `use`.
struct Use {
    segments: Segments,
    /// The name in this module; `*` for a glob.
    alias: String,
    is_public: bool,
}

impl Modules {
    /// Parses the files of a crate. Their paths are relative to its folder `src`.
    pub(crate) fn parse(files: &BTreeMap<PathBuf, String>) -> Self {
        let mut all = Self::default();
        for root in ["lib.rs", "main.rs"].map(PathBuf::from) {
            if files.contains_key(&root) {
                all.scan_file(files, &root, Path::new(""), Vec::new());
            }
        }
        all
    }

    /// Whether a file was parsed as a module.
    pub(crate) fn has_file(&self, file: &Path) -> bool {
        self.modules.values().any(|module| module.file == file)
    }

    /// Whether a file belongs to a module behind `cfg(test)`.
    pub(crate) fn is_test(&self, file: &Path) -> bool {
        let stem = file.with_extension("");
        self.tests.iter().any(|test| stem.starts_with(test))
    }

    fn scan_file(&mut self, files: &BTreeMap<PathBuf, String>, file: &Path, folder: &Path, path: Segments) {
        let parsed: File = syn::parse_file(&files[file]).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.scan(files, file, folder, path, &parsed.items);
    }

    /// Adds a module and its children. `folder` contains the files of the children.
    fn scan(&mut self, files: &BTreeMap<PathBuf, String>, file: &Path, folder: &Path, path: Segments, items: &[Item]) {
        let mut module = Module {
            path: path.clone(),
            file: file.to_owned(),
            ..Module::default()
        };
        for item in items {
            let (attributes, name) = described(item);
            let Item::Mod(child) = item else {
                module
                    .items
                    .extend(name.filter(|_| !attributes.iter().any(is_test_only)));
                module.visit_item(item);
                continue;
            };
            let name = child.ident.to_string();
            let (below, above) = (folder.join(&name), file.parent().unwrap_or(file));
            let named = attributes
                .iter()
                .find_map(path_attribute)
                .map(|named| above.join(named));
            if attributes.iter().any(is_test_only) {
                self.tests.push(named.map_or(below, |named| named.with_extension("")));
                continue;
            }
            let path = [&path[..], &[name]].concat();
            if let Some((_, items)) = &child.content {
                self.scan(files, file, &below, path, items);
                continue;
            }
            let places = named
                .into_iter()
                .chain([below.with_extension("rs"), below.join("mod.rs")]);
            let place = places.into_iter().find(|place| files.contains_key(place));
            let place = place.unwrap_or_else(|| panic!("{}: no file of `mod {}`", file.display(), child.ident));
            self.scan_file(files, &place, &below, path);
        }
        self.modules.insert(path, module);
    }

    /// Returns the imports between the files.
    pub(crate) fn imports(&self) -> Imports {
        let mut imports = Imports::new();
        for module in self.modules.values() {
            let used = module
                .uses
                .iter()
                .filter(|used| !used.is_public || module.names.contains(&used.alias));
            for segments in used.map(|used| &used.segments).chain(&module.paths) {
                for owner in self.owners(module, segments) {
                    if owner.file != module.file {
                        let from = imports.entry(module.file.clone()).or_default();
                        from.entry(owner.file.clone()).or_insert_with(|| segments.join("::"));
                    }
                }
            }
        }
        imports
    }

    /// Returns the modules that define what a path names. A glob names the module, and what it
    /// re-exports of the names that are used.
    fn owners(&self, module: &Module, segments: &[String]) -> Vec<&Module> {
        let Some(path) = self.absolute(module, segments, &mut Vec::new()) else {
            return Vec::new();
        };
        if let [parent @ .., last] = &path[..]
            && last == "*"
        {
            let exported = self.modules.get(parent).into_iter().flat_map(|parent| &parent.uses);
            let exported = exported.filter(|used| module.names.contains(&used.alias));
            let owners = exported
                .filter_map(|used| self.owner(&[parent, std::slice::from_ref(&used.alias)].concat(), &mut Vec::new()));
            return self.modules.get(parent).into_iter().chain(owners).collect();
        }
        self.owner(&path, &mut Vec::new()).into_iter().collect()
    }

    /// Returns the path from the root of the crate; `None` for a path into another crate.
    fn absolute(&self, module: &Module, segments: &[String], seen: &mut Vec<String>) -> Option<Segments> {
        let (first, rest) = segments.split_first()?;
        match first.as_str() {
            "crate" => return Some(rest.to_vec()),
            "self" | "super" => {
                let mut path = module.path.clone();
                let ups = segments
                    .iter()
                    .take_while(|one| ["self", "super"].contains(&one.as_str()));
                let skipped = ups.clone().count();
                for _ in ups.filter(|one| *one == "super") {
                    path.pop()?;
                }
                return Some([&path, &segments[skipped..]].concat());
            }
            _ => {}
        }
        let child = [&module.path[..], &segments[..1]].concat();
        if self.modules.contains_key(&child) {
            return Some([&module.path[..], segments].concat());
        }
        // `use crate::endpoint;`, and then `endpoint::token::answer()`. A name is looked up once:
        // `use anyhow::{self, anyhow}` names itself.
        if seen.contains(first) {
            return None;
        }
        seen.push(first.clone());
        let mut uses = module.uses.iter().filter(|used| used.alias == *first);
        uses.find_map(|used| self.absolute(module, &[&used.segments, rest].concat(), seen))
    }

    /// Returns the module that defines what an absolute path names. `None`: it is only a module, or
    /// an item of another crate.
    fn owner(&self, path: &[String], seen: &mut Vec<Segments>) -> Option<&Module> {
        if seen.iter().any(|one| one == path) {
            return None;
        }
        seen.push(path.to_vec());
        let is_module = self.modules.contains_key(path);
        // A function may have the name of a module: `pub use self::canonical::canonical`.
        let longest = path.len() - usize::from(is_module && !path.is_empty());
        let prefixes = (0..=longest).rev().map(|length| path.split_at(length));
        let known = |(prefix, rest)| Some((self.modules.get(prefix)?, rest));
        let (module, rest): (&Module, &[String]) = prefixes.into_iter().find_map(known)?;
        let (name, below) = rest.split_first()?;
        if module.items.contains(name) {
            return Some(module);
        }
        if let Some(used) = module.uses.iter().find(|used| used.alias == *name) {
            let target = self.absolute(module, &used.segments, &mut Vec::new())?;
            return self.owner(&[&target, below].concat(), seen);
        }
        let globs = module.uses.iter().filter(|used| used.alias == "*");
        let mut found = globs.filter_map(|glob| {
            let (_, parent) = glob.segments.split_last()?;
            let target = self.absolute(module, parent, &mut Vec::new())?;
            let owner = self.owner(&[&target, rest].concat(), seen)?;
            owner.items.contains(name).then_some(owner)
        });
        // An item that a macro defines belongs to the module that calls the macro.
        found.next().or_else(|| (!is_module).then_some(module))
    }
}

impl Module {
    fn add_use(&mut self, tree: &UseTree, prefix: &[String], is_public: bool) {
        let with = |ident: &syn::Ident| [prefix, &[plain(ident)]].concat();
        let (segments, alias) = match tree {
            UseTree::Path(path) => return self.add_use(&path.tree, &with(&path.ident), is_public),
            UseTree::Group(group) => {
                return group
                    .items
                    .iter()
                    .for_each(|tree| self.add_use(tree, prefix, is_public));
            }
            UseTree::Name(name) if name.ident == "self" => {
                (prefix.to_vec(), prefix.last().cloned().unwrap_or_default())
            }
            UseTree::Name(name) => (with(&name.ident), plain(&name.ident)),
            UseTree::Rename(rename) if rename.ident == "self" => (prefix.to_vec(), plain(&rename.rename)),
            UseTree::Rename(rename) => (with(&rename.ident), plain(&rename.rename)),
            UseTree::Glob(_) => ([prefix, &["*".to_owned()]].concat(), "*".to_owned()),
        };
        self.uses.push(Use {
            segments,
            alias,
            is_public,
        });
    }

    fn add_path(&mut self, path: Segments) {
        self.names.extend(path.first().cloned());
        if path.len() > 1 {
            self.paths.insert(path);
        }
    }

    /// Adds the paths in the tokens of a macro: names with `::` between them.
    fn add_tokens(&mut self, mut tokens: Cursor<'_>) {
        let mut path = Segments::new();
        // The punctuation before a name: a dot, or the colons of a path.
        let (mut colons, mut is_field) = (0, false);
        while !tokens.eof() {
            if let Some((ident, next)) = tokens.ident() {
                if colons != 2 {
                    self.add_path(std::mem::take(&mut path));
                }
                if !is_field {
                    path.push(plain(&ident));
                }
                (colons, is_field, tokens) = (0, false, next);
            } else if let Some((punct, next)) = tokens.punct() {
                colons = if punct.as_char() == ':' { colons + 1 } else { 0 };
                if colons == 0 {
                    self.add_path(std::mem::take(&mut path));
                }
                (is_field, tokens) = (punct.as_char() == '.', next);
            } else {
                self.add_path(std::mem::take(&mut path));
                (colons, is_field) = (0, false);
                if let Some((inner, _, _, next)) = tokens.any_group() {
                    self.add_tokens(inner);
                    tokens = next;
                } else if let Some((_, next)) = tokens.token_tree() {
                    tokens = next;
                }
            }
        }
        self.add_path(path);
    }
}

impl<'ast> Visit<'ast> for Module {
    fn visit_item(&mut self, item: &'ast Item) {
        if !described(item).0.iter().any(is_test_only) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        if !function.attrs.iter().any(is_test_only) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_item_use(&mut self, used: &'ast ItemUse) {
        if used.leading_colon.is_none() {
            self.add_use(&used.tree, &[], !matches!(used.vis, Visibility::Inherited));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            self.add_path(path.segments.iter().map(|segment| plain(&segment.ident)).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast Macro) {
        self.add_tokens(TokenBuffer::new2(called.tokens.clone()).begin());
        visit::visit_macro(self, called);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.add_tokens(TokenBuffer::new2(list.tokens.clone()).begin());
        }
    }

    // `pub(in crate::path)` imports nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

/// The name without `r#`.
fn plain(ident: &syn::Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

/// The attributes of an item, and its name.
fn described(item: &Item) -> (&[Attribute], Option<String>) {
    let (attributes, name) = match item {
        Item::Const(item) => (&item.attrs, Some(&item.ident)),
        Item::Enum(item) => (&item.attrs, Some(&item.ident)),
        Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
        Item::Impl(item) => (&item.attrs, None),
        Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
        Item::Mod(item) => (&item.attrs, Some(&item.ident)),
        Item::Static(item) => (&item.attrs, Some(&item.ident)),
        Item::Struct(item) => (&item.attrs, Some(&item.ident)),
        Item::Trait(item) => (&item.attrs, Some(&item.ident)),
        Item::Type(item) => (&item.attrs, Some(&item.ident)),
        Item::Union(item) => (&item.attrs, Some(&item.ident)),
        Item::Use(item) => (&item.attrs, None),
        _ => return (&[], None),
    };
    (attributes, name.map(plain))
}

/// Whether an attribute leaves an item out unless tests are built.
fn is_test_only(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else {
        return false;
    };
    list.path.is_ident("cfg") && list.parse_args::<Meta>().is_ok_and(|condition| needs_test(&condition))
}

fn needs_test(condition: &Meta) -> bool {
    let Meta::List(list) = condition else {
        return condition.path().is_ident("test");
    };
    let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    let parts = parts.unwrap_or_default();
    match list.path.get_ident().map(ToString::to_string).as_deref() {
        Some("all") => parts.iter().any(needs_test),
        Some("any") => parts.iter().all(needs_test),
        _ => false,
    }
}

/// The file that `#[path = ".."]` names.
fn path_attribute(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(named) = &attribute.meta else {
        return None;
    };
    match &named.value {
        Expr::Lit(value) if named.path.is_ident("path") => match &value.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
