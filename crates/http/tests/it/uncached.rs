//! Runs the modules that verify tokens again, in gates without a token cache.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use crate::common;

/// The variable that makes a process use gates without a token cache.
const VARIABLE: &str = "SCOPEGATE_TEST_UNCACHED";

/// Returns whether verified tokens are cached in this process.
pub(crate) fn is_cached() -> bool {
    env::var_os(VARIABLE).is_none()
}

/// Returns the modules whose gates verify a token: a cache could change their answers.
fn modules() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let verifies = |text: &str| {
        let mut calls = ["token(", "remembering(", "signed("].iter();
        text.contains("test]\n") && calls.any(|call| text.contains(call))
    };
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|file| file.is_file() && verifies(&fs::read_to_string(file).unwrap()))
        .map(|file| format!("{}::", file.file_stem().unwrap().to_str().unwrap()))
        .collect()
}

#[test]
fn every_answer_is_the_same_without_a_cache() {
    if !is_cached() {
        return;
    }
    let modules = modules();
    let output = Command::new(env::current_exe().unwrap())
        .args(&modules)
        .args(["--skip", "issuers::", "--skip", "uncached::every_answer"])
        .env(VARIABLE, "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{told}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        told.contains("uncached::this_process_has_the_cache_that_it_says ... ok"),
        "{told}"
    );
    for module in &modules {
        assert!(told.contains(&format!("test {module}")), "no test of `{module}` ran");
    }
}

#[test]
fn this_process_has_the_cache_that_it_says() {
    let tokens = format!("{:?}", common::verifier());
    assert_eq!(!tokens.contains("cache_bytes: 0 "), is_cached());
}
