//! The layers of the workspace, compared with cargo's metadata: which crate may import which.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail"
)]

mod cycles;
mod dependencies;
mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use imports::Modules;

/// Each crate with the crates of the workspace that it may import. A crate that is not listed fails
/// the test.
const LAYERS: [(&str, &[&str]); 16] = [
    ("domain", &[]),
    ("policy", &["domain"]),
    ("store", &["domain"]),
    ("token", &["domain"]),
    ("analysis", &["domain", "policy"]),
    ("openapi", &["domain", "policy"]),
    ("store-sql", &["domain", "store"]),
    ("login", &["domain", "store", "token"]),
    ("grant", &["domain", "login", "policy", "store", "token"]),
    ("issuers", &["domain", "token"]),
    ("gate", &["domain", "issuers", "policy", "store", "token"]),
    (
        "http",
        &[
            "analysis", "domain", "gate", "issuers", "listener", "openapi", "policy", "store", "token",
        ],
    ),
    (
        "portal",
        &["analysis", "domain", "gate", "grant", "policy", "store", "token"],
    ),
    ("fastapi", &["domain", "gate", "grant", "policy", "token"]),
    ("listener", &[]),
    (
        "server",
        &[
            "analysis",
            "domain",
            "fastapi",
            "grant",
            "http",
            "listener",
            "login",
            "openapi",
            "policy",
            "portal",
            "store",
            "store-sql",
            "token",
        ],
    ),
];

/// Third-party crates that only these of our crates may import.
const RESERVED: [(&str, &str); 29] = [
    ("ahash", "token"),
    ("anyhow", "server"),
    ("argon2", "token"),
    ("askama", "portal"),
    ("bcrypt", "token"),
    ("clap", "server"),
    ("clap_complete", "server"),
    ("clap_mangen", "server"),
    ("figment", "server"),
    ("jsonwebtoken", "token"),
    ("matchit", "gate"),
    ("metrics-exporter-prometheus", "server"),
    ("multer", "fastapi"),
    ("multer", "http"),
    ("quick_cache", "issuers"),
    ("quick_cache", "store"),
    ("quick_cache", "token"),
    ("ring", "token"),
    ("rpassword", "server"),
    ("rustls-native-certs", "issuers"),
    ("rustls-pki-types", "token"),
    ("saphyr-parser", "openapi"),
    ("sqlx", "store-sql"),
    ("tokio-rustls", "issuers"),
    ("toml", "openapi"),
    ("toml_parser", "openapi"),
    ("tracing-subscriber", "server"),
    ("utoipa", "http"),
    ("warp", "http"),
];

/// Features of third-party crates that only one of our crates may enable.
const RESERVED_FEATURES: [(&str, &str, &str); 1] = [("hyper", "client", "issuers")];

/// The dependencies of `domain`: plain values need only these.
const DOMAIN: [&str; 9] = [
    "serde",
    "serde_json",
    "subtle",
    "thiserror",
    "unicase",
    "unicode-bidi",
    "unicode-normalization",
    "unicode-properties",
    "zeroize",
];

/// Crates that must not be built at all: a flaw without a fix, or C code without a maintainer in
/// this project.
const BANNED: [&str; 5] = ["aws-lc-sys", "native-tls", "openssl", "rsa", "rusqlite"];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path("../../Cargo.toml")
        .exec()
        .expect("cargo describes the workspace")
}

/// The crates of the workspace by short name. The benches compare us with others, and examples are
/// applications: both have no layer.
fn workspace(metadata: &Metadata) -> BTreeMap<&str, &Package> {
    let named = |package| -> Option<(&str, &Package)> {
        let package: &Package = package;
        Some((package.name.strip_prefix("scopegate-")?, package))
    };
    metadata
        .workspace_packages()
        .into_iter()
        .filter_map(named)
        .filter(|(name, _)| *name != "benches" && !name.starts_with("example-"))
        .collect()
}

/// The names of a crate's dependencies, without those of tests and build scripts.
fn imports(package: &Package) -> BTreeSet<&str> {
    let normal = package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind == DependencyKind::Normal);
    normal.map(|dependency| dependency.name.as_str()).collect()
}

#[test]
fn cargo_run_starts_the_program() {
    let metadata = metadata();
    let packages = metadata.workspace_default_packages();
    let targets = packages.iter().flat_map(|package| &package.targets);
    let programs: Vec<_> = targets
        .filter(|target| target.is_bin())
        .map(|target| &target.name)
        .collect();
    assert_eq!(
        programs,
        ["scopegate"],
        "the first command of README.md names no package"
    );
}

#[test]
fn no_import_runs_upward() {
    let metadata = metadata();
    let workspace = workspace(&metadata);
    let layers: BTreeMap<&str, &[&str]> = LAYERS.into_iter().collect();
    assert_eq!(
        workspace.keys().collect::<Vec<_>>(),
        layers.keys().collect::<Vec<_>>(),
        "a crate without a layer"
    );
    for (name, package) in workspace {
        for import in imports(package)
            .into_iter()
            .filter_map(|import| import.strip_prefix("scopegate-"))
        {
            let allowed = layers.get(name).is_some_and(|allowed| allowed.contains(&import));
            assert!(allowed, "`{name}` may not import `{import}`");
        }
    }
}

#[test]
fn reserved_crate_is_imported_by_its_owner_only() {
    let metadata = metadata();
    let workspace = workspace(&metadata);
    for (name, package) in &workspace {
        for import in imports(package) {
            let of_import = RESERVED.iter().filter(|(reserved, _)| *reserved == import);
            let owners: Vec<&str> = of_import.map(|(_, owner)| *owner).collect();
            assert!(
                owners.is_empty() || owners.contains(name),
                "`{import}` belongs to {owners:?}, not to `{name}`"
            );
        }
    }
    for (name, package) in &workspace {
        for (reserved, feature, owner) in RESERVED_FEATURES {
            let is_enabled = package.dependencies.iter().any(|dependency| {
                dependency.kind == DependencyKind::Normal
                    && dependency.name == reserved
                    && dependency.features.iter().any(|enabled| enabled == feature)
            });
            let by_feature = format!("{reserved}/{feature}");
            let by_own_feature = package
                .features
                .values()
                .flatten()
                .any(|enabled| *enabled == by_feature);
            assert_eq!(
                is_enabled || by_own_feature,
                *name == owner,
                "only `{owner}` enables the feature `{feature}` of `{reserved}`: `{name}`"
            );
        }
    }
    let domain = workspace
        .get("domain")
        .map(|package| imports(package))
        .unwrap_or_default();
    assert!(
        domain.iter().all(|import| DOMAIN.contains(import)),
        "`domain` imports {domain:?}"
    );
}

#[test]
fn test_features_are_off_in_programs() {
    let metadata = metadata();
    for (name, package) in workspace(&metadata) {
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Normal)
        {
            let features = ["testing", "conformance", "fuzzing"];
            let open = dependency
                .features
                .iter()
                .any(|feature| features.contains(&feature.as_str()));
            assert!(
                !open,
                "`{name}` enables a feature of `{}` that is for tests",
                dependency.name
            );
        }
        let default = package.features.get("default").into_iter().flatten();
        let open = default.into_iter().any(|feature| {
            ["testing", "conformance", "fuzzing"]
                .iter()
                .any(|one| feature.contains(one))
        });
        assert!(!open, "`{name}` enables its features for tests by default");
    }
}

#[test]
fn banned_crate_is_not_built() {
    let metadata = metadata();
    let built: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    for banned in BANNED {
        assert!(!built.contains(banned), "`{banned}` is in the lock file");
    }
}

/// Engines of regular expressions.
const ENGINES: [&str; 6] = ["fancy-regex", "onig", "pcre2", "regex", "regex-automata", "regex-lite"];

/// A client could make a pattern engine run for very long by its input.
#[test]
fn no_regex_engine_reads_requests() {
    let metadata = metadata();
    let graph = metadata.resolve.as_ref().expect("the graph of dependencies");
    let mut open: Vec<_> = workspace(&metadata)
        .get("http")
        .map(|package| &package.id)
        .into_iter()
        .collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = open.pop() {
        if reached.insert(id) {
            let normal = graph
                .nodes
                .iter()
                .filter(|node| node.id == *id)
                .flat_map(|node| &node.deps)
                .filter(|dependency| {
                    dependency
                        .dep_kinds
                        .iter()
                        .any(|kind| kind.kind == DependencyKind::Normal)
                });
            open.extend(normal.map(|dependency| &dependency.pkg));
        }
    }
    assert!(reached.len() > 50, "the graph is not walked: {}", reached.len());
    let built = || metadata.packages.iter().filter(|package| reached.contains(&package.id));
    for engine in ENGINES {
        assert!(
            built().all(|package| package.name.as_str() != engine),
            "`{engine}` is built into `http`"
        );
    }
}

#[test]
fn every_crate_uses_the_workspace_lints() {
    let metadata = metadata();
    for (name, package) in workspace(&metadata) {
        let manifest = std::fs::read_to_string(&package.manifest_path).expect("a manifest");
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "`{name}` has lints of its own"
        );
    }
}

/// Reads the files of Rust in a folder and below it. Their paths are relative to `source`.
fn read(source: &Path, folder: &Path, files: &mut BTreeMap<PathBuf, String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read(source, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(source).expect("a file below the source").to_owned();
            files.insert(relative, std::fs::read_to_string(&path).expect("text"));
        }
    }
}

#[test]
fn warp_is_named_in_one_file() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../http/src");
    let mut files = BTreeMap::new();
    read(&source, &source, &mut files);
    let names_warp = |text: &String| {
        let mut code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        code.any(|line| line.replace("`warp::", "").contains("warp::"))
    };
    files.retain(|_, text| names_warp(text));
    assert_eq!(files.keys().collect::<Vec<_>>(), [Path::new("warp_filter.rs")]);
}

/// The files outside `fastapi` that may name the tutorial: the demo, the settings that select the
/// profile, and the one place that knows what a profile changes.
const NAMES_TUTORIAL: [&str; 9] = [
    "server/src/arguments/policy.rs",
    "server/src/arguments/token.rs",
    "server/src/command/token/verifier.rs",
    "server/src/config.rs",
    "server/src/config/flags.rs",
    "server/src/config/setting.rs",
    "server/src/config/table.rs",
    "server/src/demo.rs",
    "server/src/profile.rs",
];

/// A profile is two values of `Dialect`. So no other code asks which one it is.
#[test]
fn no_profile_outside_fastapi() {
    let metadata = metadata();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = BTreeSet::new();
    for name in workspace(&metadata).keys().filter(|name| **name != "fastapi") {
        let mut files = BTreeMap::new();
        let source = crates.join(name).join("src");
        read(&source, &source, &mut files);
        let names = |text: &str| {
            let text = text.to_lowercase();
            ["fastapi", "python", "tutorial"].iter().any(|word| text.contains(word))
        };
        for (file, text) in files {
            let is_test = file.ends_with("tests.rs") || text.is_empty();
            // The program depends on the crate `fastapi` by name.
            let code = text
                .replace("scopegate_fastapi", "")
                .replace("examples/tutorial.rs", "")
                .replace("docs/guide/from-fastapi.md", "");
            if !is_test && names(&code) {
                found.insert(Path::new(name).join("src").join(file));
            }
        }
    }
    assert_eq!(found, NAMES_TUTORIAL.iter().map(PathBuf::from).collect());
}

/// The names that the documentation of `http` lists first.
#[test]
fn front_page_of_http_is_short() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../http/src/lib.rs");
    let text = std::fs::read_to_string(file).expect("the crate has a root");
    let items = syn::parse_file(&text).expect("it is Rust").items;
    let is_hidden = |attributes: &[syn::Attribute]| {
        let mut lists = attributes
            .iter()
            .filter_map(|attribute| attribute.meta.require_list().ok());
        lists.any(|list| list.path.is_ident("doc") && list.tokens.to_string() == "hidden")
    };
    let listed = |item: &syn::Item| match item {
        syn::Item::Mod(module) if matches!(module.vis, syn::Visibility::Public(_)) => {
            usize::from(!is_hidden(&module.attrs))
        }
        syn::Item::Use(used) if matches!(used.vis, syn::Visibility::Public(_)) && !is_hidden(&used.attrs) => {
            names(&used.tree)
        }
        _ => 0,
    };
    let count: usize = items.iter().map(listed).sum();
    assert!((20..=40).contains(&count), "{count} names");
}

fn names(tree: &syn::UseTree) -> usize {
    match tree {
        syn::UseTree::Path(path) => names(&path.tree),
        syn::UseTree::Group(group) => group.items.iter().map(names).sum(),
        syn::UseTree::Name(_) | syn::UseTree::Rename(_) | syn::UseTree::Glob(_) => 1,
    }
}

#[test]
fn files_form_no_cycle() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the folder of the crates");
    let mut found = String::new();
    for one in std::fs::read_dir(crates).expect("a folder") {
        let source = one.expect("an entry").path().join("src");
        let mut files = BTreeMap::new();
        read(&source, &source, &mut files);
        let modules = Modules::parse(&files);
        for file in files.keys() {
            assert!(
                modules.has_file(file) || modules.is_test(file),
                "{} is in no module",
                source.join(file).display()
            );
        }
        let imports = modules.imports();
        assert!(
            imports.len() > 2 || files.len() < 5,
            "the imports of {} are not found",
            source.display()
        );
        let report = cycles::report(&imports);
        if !report.is_empty() {
            let _ = write!(found, "{}: {report}", source.display());
        }
    }
    assert!(found.is_empty(), "{found}");
}
