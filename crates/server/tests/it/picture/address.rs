//! The address of the page contains the selection.

use serde_json::json;

use crate::picture::stage::{self, Stage};
use crate::picture::{ENTER, TAB, documents, tables};

/// The whole selection of the page.
fn choice(stage: &Stage) -> serde_json::Value {
    stage.run(
        "return [[...ticked], [...lacking], isNobody, pressed, part, opensAll, [...opened], [...unfolded],
            byId('find-operation').value, byId('find-scope').value, byId('show').value]",
    )
}

fn notice(stage: &Stage) -> String {
    let text = stage.run("return byId('remark').hidden ? '' : byId('remark').innerText");
    text.as_str().expect("a text").to_owned()
}

#[test]
fn a_link_and_a_reload_restore_the_choice() {
    let stage = stage!(tables::regular(100, 17));
    let browser = &stage.browser;
    let neutral = choice(&stage);
    browser.click(&stage.box_of("albums.read")).expect("a box");
    browser.click("#matrix tbody [data-row][data-column]").expect("a cell");
    browser.click("[data-operation] > button").expect("a row");
    browser.click("#tree summary").expect("a group");
    browser.fill("#find-scope", "read").expect("keys");
    browser.fill("#find-operation", "albums").expect("keys");
    browser.click("#tree summary").expect("a group");
    browser.click("#show [value=denied]").expect("an option");
    let (chosen, rows, hash) = (choice(&stage), stage.shown().expect("rows"), stage.hash());
    assert_ne!(chosen, neutral);
    for part in [
        "scope=albums.read",
        "see=",
        "paths=",
        "operation=PUT+",
        "close=",
        "find=albums",
        "find-scope=read",
        "show=denied",
    ] {
        assert!(hash.contains(part), "{part}: {hash}");
    }
    stage.open_with(&hash);
    assert_eq!((choice(&stage), stage.shown().expect("rows")), (chosen.clone(), rows));
    stage.run("location.reload()");
    browser.wait_for("#ticks fieldset").expect("boxes");
    assert_eq!((choice(&stage), stage.hash()), (chosen, hash));
    browser.click("#clear").expect("a button");
    assert_eq!((choice(&stage), stage.hash()), (neutral, String::new()));
    browser.click("#open-all").expect("a button");
    assert_eq!(stage.hash(), "#groups=open");
    stage.all_is_quiet();
}

#[test]
fn a_change_of_the_address_changes_the_choice() {
    let stage = stage!(stage::table_of(documents::SERVERS));
    let status = |hash: &str| {
        stage.run(&format!("location.hash = {}", json!(hash)));
        stage.hash();
        stage.browser.text("#status").expect("words")
    };
    // One token for each server: a name that several servers declare appears with its scheme.
    let words = status("scope+of+owner=read+write&scope+of+partner=read");
    assert!(
        words.starts_with("A request with read of app, write, read of partner may do"),
        "{words}"
    );
    assert_eq!(notice(&stage), "");
    // A name that one server declares is enough, as in `can-i`.
    let words = status("scope=write&lacking=active");
    assert!(
        words.starts_with("A request with write, without active, may do"),
        "{words}"
    );
    let words = status("credential=none");
    assert!(
        words.starts_with("A request without a credential may do 2 of"),
        "{words}"
    );
    assert!(status("").starts_with("Nothing is ticked yet"));
    // The link that skips the boxes keeps the selection.
    stage.browser.click(&stage.box_of("billing")).expect("a box");
    stage.browser.fill("body", TAB).expect("a key");
    stage.browser.fill(".skip", ENTER).expect("a key");
    assert_eq!(stage.hash(), "#scope+of+partner=billing");
    stage.all_is_quiet();
}

#[test]
fn unknown_names_in_the_address_are_ignored_and_named() {
    let stage = stage!(stage::table_of(documents::SERVERS));
    for (hash, ignored) in [
        ("#scope+of+app=write+nonsense", "scope `nonsense`"),
        ("#scope+of+app=write&scope+of+nowhere=x", "scheme `nowhere`"),
        ("#scope+of+app=write&scope+of+robot=admin", "scope `admin`"),
        (
            "#scope+of+app=write&scope=read",
            "one authorization server for the scopes `read`",
        ),
        ("#scope+of+app=write&scope+of+owner=admin", "a second token of `app`"),
        (
            "#scope+of+app=write&scope=write+deploy",
            "one authorization server for the scopes `write deploy`",
        ),
        ("#scope+of+app=write&lacking=moon", "condition `moon`"),
        ("#scope+of+app=write&see=moon", "scope `moon`"),
        ("#scope+of+app=write&see=read", "scope `read`"),
        ("#scope+of+app=write&see=x&of=nowhere", "scope `x`"),
        ("#scope+of+app=write&paths=moon", "group `moon`"),
        ("#scope+of+app=write&operation=GET+/moon", "operation `GET /moon`"),
        (
            "#scope+of+app=write&scope=%E2%80%AE%00evil",
            "scope `\\u{202e}\\u{0}evil`",
        ),
        (
            "#scope+of+app=write&scope=%3Cimg+src=x+onerror=window.broken=1%3E",
            "scope `<img`",
        ),
    ] {
        stage.open_with(hash);
        let (said, words) = (notice(&stage), stage.browser.text("#status").expect("words"));
        assert!(said.contains(ignored), "{hash}: {said}");
        assert!(words.starts_with("A request with write may do"), "{hash}: {words}");
        assert_eq!(
            stage.run("return [window.broken === undefined, document.querySelector('img')]"),
            json!([true, null])
        );
    }
    // The next change hides the notice.
    stage.browser.click(&stage.box_of("write")).expect("a box");
    assert_eq!(notice(&stage), "");
    // A token whose scopes are all unknown is not a token without scopes.
    stage.open_with("#scope+of+app=nonsense");
    assert!(
        stage
            .browser
            .text("#status")
            .expect("words")
            .starts_with("Nothing is ticked yet")
    );
    assert!(notice(&stage).contains("scope `nonsense`"));
    stage.all_is_quiet();
}

#[test]
fn garbage_in_the_address_changes_nothing() {
    let stage = stage!(tables::shapes());
    let neutral = choice(&stage);
    let long = format!("#scope={}", "a+".repeat(150_000));
    for hash in [
        "#%",
        "#%ff%fe=%ff",
        "#&&&===",
        "#=",
        "#a",
        "#<script>window.broken=1</script>",
        "#__proto__=1&constructor=2&toString=x",
        "#open=__proto__&close=nowhere&groups=x&show=x&credential=x&access=x",
        "#undefined",
        "#operations",
        "#scope",
        &long,
    ] {
        if hash == "#scope" {
            // A token without a scope, of the only server whose tokens have scopes.
            stage.open_with(hash);
            assert!(
                stage
                    .browser
                    .text("#status")
                    .expect("words")
                    .starts_with("A request with a token of oauth")
            );
            continue;
        }
        stage.open_with(hash);
        assert_eq!(choice(&stage), neutral, "{}", hash.get(..80).unwrap_or(hash));
        assert_eq!(stage.run("return window.broken === undefined"), true);
        assert_eq!(stage.shown().expect("rows").len(), 10);
    }
    assert!(
        notice(&stage).contains("an address of 300006 characters"),
        "{}",
        notice(&stage)
    );
    stage.all_is_quiet();
}
