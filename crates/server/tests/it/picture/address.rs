//! The address of the page contains the selection.

use serde_json::json;

use crate::picture::fixture::{self, PictureFixture};
use crate::picture::{ENTER, documents, tables};

/// The whole selection of the page.
fn choice(fixture: &PictureFixture) -> serde_json::Value {
    fixture.run(
        "return [[...ticked], [...lacking], isNobody, pressed, part, opensAll, [...opened], [...unfolded],
            byId('find-operation').value, byId('find-scope').value, byId('show').value]",
    )
}

fn notice(fixture: &PictureFixture) -> String {
    let text = fixture.run("return byId('remark').hidden ? '' : byId('remark').innerText");
    text.as_str().expect("a text").to_owned()
}

#[test]
fn a_link_and_a_reload_restore_the_choice() {
    let fixture = fixture!(tables::regular(100, 17));
    let browser = &fixture.browser;
    let neutral = choice(&fixture);
    browser.click(&fixture.box_of("albums.read")).expect("a box");
    browser.click("#matrix tbody [data-row][data-column]").expect("a cell");
    browser.click("[data-operation] > button").expect("a row");
    browser.click("#tree summary").expect("a group");
    browser.fill("#find-scope", "read").expect("keys");
    browser.fill("#find-operation", "albums").expect("keys");
    browser.click("#tree summary").expect("a group");
    browser.click("#show [value=denied]").expect("an option");
    let (chosen, rows, hash) = (choice(&fixture), fixture.shown().expect("rows"), fixture.hash());
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
    fixture.open_with(&hash);
    assert_eq!(
        (choice(&fixture), fixture.shown().expect("rows")),
        (chosen.clone(), rows)
    );
    fixture.run("location.reload()");
    browser.wait_for("#ticks fieldset").expect("boxes");
    assert_eq!((choice(&fixture), fixture.hash()), (chosen, hash));
    browser.click("#clear").expect("a button");
    assert_eq!((choice(&fixture), fixture.hash()), (neutral, String::new()));
    browser.click("#open-all").expect("a button");
    assert_eq!(fixture.hash(), "#groups=open");
    fixture.all_is_quiet();
}

#[test]
fn a_change_of_the_address_changes_the_choice() {
    let fixture = fixture!(fixture::table_of(documents::SERVERS));
    let status = |hash: &str| {
        fixture.run(&format!("location.hash = {}", json!(hash)));
        fixture.hash();
        fixture.browser.text("#status").expect("words")
    };
    // One token for each server: a name that several servers declare appears with its scheme.
    let words = status("scope+of+owner=read+write&scope+of+partner=read");
    assert!(
        words.starts_with("A request with read of app, write, read of partner may do"),
        "{words}"
    );
    assert_eq!(notice(&fixture), "");
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
    fixture.browser.click(&fixture.box_of("billing")).expect("a box");
    let focus = "document.querySelector('.skip').focus()";
    fixture.browser.run(focus).expect("the script runs");
    fixture.browser.fill(".skip", ENTER).expect("a key");
    assert_eq!(fixture.hash(), "#scope+of+partner=billing");
    fixture.all_is_quiet();
}

#[test]
fn unknown_names_in_the_address_are_ignored_and_named() {
    let fixture = fixture!(fixture::table_of(documents::SERVERS));
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
        fixture.open_with(hash);
        let (said, words) = (notice(&fixture), fixture.browser.text("#status").expect("words"));
        assert!(said.contains(ignored), "{hash}: {said}");
        assert!(words.starts_with("A request with write may do"), "{hash}: {words}");
        assert_eq!(
            fixture.run("return [window.broken === undefined, document.querySelector('img')]"),
            json!([true, null])
        );
    }
    // The next change hides the notice.
    fixture.browser.click(&fixture.box_of("write")).expect("a box");
    assert_eq!(notice(&fixture), "");
    // A token whose scopes are all unknown is not a token without scopes.
    fixture.open_with("#scope+of+app=nonsense");
    assert!(
        fixture
            .browser
            .text("#status")
            .expect("words")
            .starts_with("Nothing is ticked yet")
    );
    assert!(notice(&fixture).contains("scope `nonsense`"));
    fixture.all_is_quiet();
}

#[test]
fn garbage_in_the_address_changes_nothing() {
    let fixture = fixture!(tables::shapes());
    let neutral = choice(&fixture);
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
            fixture.open_with(hash);
            assert!(
                fixture
                    .browser
                    .text("#status")
                    .expect("words")
                    .starts_with("A request with a token of oauth")
            );
            continue;
        }
        fixture.open_with(hash);
        assert_eq!(choice(&fixture), neutral, "{}", hash.get(..80).unwrap_or(hash));
        assert_eq!(fixture.run("return window.broken === undefined"), true);
        assert_eq!(fixture.shown().expect("rows").len(), 10);
    }
    assert!(
        notice(&fixture).contains("an address of 300006 characters"),
        "{}",
        notice(&fixture)
    );
    fixture.all_is_quiet();
}
