//! The pictures of a policy in a real browser, opened from a file. Tests use mouse and keyboard and
//! compare with the engine.
//!
//! The long check needs `chromium` and `chromedriver` on the search path. Without them the tests
//! report it and pass; with `SCOPEGATE_REQUIRE_BROWSER=1` they fail. Other checks leave them out.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fail, and says what it skips"
)]

/// The fixture; if there is no browser, reports that nothing was tested.
macro_rules! fixture {
    ($table:expr) => {
        match crate::picture::fixture::PictureFixture::set($table.expect("a table"))
            .expect("the browser shows the page")
        {
            Some(fixture) => fixture,
            None => {
                eprintln!("SKIPPED, NOTHING WAS TESTED: see the line before");
                return;
            }
        }
    };
}

mod address;
mod answers;
mod counts;
mod documents;
mod fixture;
mod matrix;
#[path = "../../../openapi/examples/tables/mod.rs"]
mod tables;
mod width;

use std::collections::BTreeSet;

use fixture::{grant, missing};
use scopegate_openapi::picture::{self, Labels};
use serde_json::{Value, json};

/// Whether an operation is allowed, and the lists of what else is missing.
type Answer = (bool, BTreeSet<BTreeSet<usize>>);
/// The ticked boxes, the unmet conditions, the facts that hold, and the answers.
type Asked = (Vec<usize>, Vec<usize>, BTreeSet<usize>, Vec<Answer>);

const ENTER: &str = "\u{e007}";
const TAB: &str = "\u{e004}";
const SPACE: &str = " ";

#[test]
fn the_page_opens_without_an_answer() {
    for table in [tables::tutorial(), tables::shapes(), tables::regular(100, 17)] {
        let fixture = fixture!(table);
        let script = "return [document.querySelectorAll('.decision, .has, .lacks').length,
            document.querySelectorAll('[data-tick]:checked').length - policy.guards.length,
            document.querySelectorAll('[aria-pressed=true]').length, location.hash]";
        assert_eq!(fixture.run(script), json!([0, 0, 0, ""]));
        let words = fixture.browser.text("#credentials").expect("a hint");
        assert!(words.contains("Tick what a request presents"), "{words}");
        for place in ["#status", "#tree"] {
            let words = fixture.browser.text(place).expect("words");
            assert!(!words.contains("allowed") && !words.contains("lacks"), "{words}");
        }
        let status = fixture.browser.text("#status").expect("words");
        assert!(status.contains("nothing is decided"), "{status}");
        assert_eq!(fixture.run("return byId('show').options[1].disabled"), true);
        fixture.all_is_quiet();
    }
    let fixture = fixture!(tables::shapes());
    let needs = fixture.browser.text("[data-operation=\"2\"] .why").expect("words");
    assert_eq!(needs, "needs read or audit");
}

#[test]
fn ticking_shows_what_the_engine_decides() {
    let fixture = fixture!(tables::shapes());
    let requests: [(&[&str], &[&str]); 6] = [
        (&["read"], &[]),
        (&["audit"], &["user"]),
        (&["write", "scheme:key"], &["active"]),
        (&["admin"], &[]),
        (&["scheme:oauth"], &[]),
        (&["scheme:key"], &["check:signature", "user"]),
    ];
    for (ticked, lacking) in requests {
        for name in ticked.iter().chain(lacking) {
            fixture.browser.click(&fixture.box_of(name)).expect("a box");
        }
        let shown = fixture.shown().expect("rows");
        assert_eq!(shown.len(), 10);
        assert_eq!(
            shown,
            fixture.decided(&shown, ticked, lacking),
            "with {ticked:?} without {lacking:?}"
        );
        let allowed = shown.iter().filter(|(_, allowed)| *allowed).count();
        let status = fixture.browser.text("#status").expect("the count");
        assert!(
            status.contains(&format!("may do {allowed} of 10 operations")),
            "{status}"
        );
        fixture.browser.click("#clear").expect("a button");
    }
    // A request without a credential has its own box, which clears the other ticks.
    fixture.browser.click(&fixture.box_of("read")).expect("a box");
    fixture.browser.click("#nobody").expect("a box");
    let shown = fixture.shown().expect("rows");
    assert_eq!(shown, fixture.decided(&shown, &[], &[]));
    assert_eq!(shown.iter().filter(|(_, allowed)| *allowed).count(), 3);
    assert_eq!(
        fixture.run("return document.querySelector('[data-tick=\"' + [...boxes.keys()][1] + '\"]').checked"),
        false
    );
    fixture.browser.click(&fixture.box_of("read")).expect("a box");
    assert_eq!(fixture.run("return byId('nobody').checked"), false);
    fixture.all_is_quiet();
}

/// A condition that implies another does not hold without it.
#[test]
fn a_condition_without_a_tick_takes_those_that_imply_it() {
    let fixture = fixture!(tables::shapes());
    let is_ticked = |name: &str| {
        fixture.run(&format!(
            "return document.querySelector('{}').checked",
            fixture.box_of(name)
        ))
    };
    fixture.browser.click(&fixture.box_of("user")).expect("a box");
    assert_eq!(
        (is_ticked("user"), is_ticked("active")),
        (Value::Bool(false), Value::Bool(false))
    );
    fixture.browser.click(&fixture.box_of("active")).expect("a box");
    assert_eq!(
        (is_ticked("user"), is_ticked("active")),
        (Value::Bool(true), Value::Bool(true))
    );
    fixture.all_is_quiet();
}

/// Every set of boxes, decided by the page's own functions: the facts that hold, the allowed
/// operations and the missing facts.
#[test]
fn the_script_agrees_with_the_engine_on_every_set_of_boxes() {
    let tables = [
        ("tutorial", tables::tutorial()),
        ("shapes", tables::shapes()),
        (
            "keys",
            fixture::table_of(documents::WORDS).map_err(|fault| fault.to_string().into()),
        ),
    ];
    for (name, table) in tables {
        let fixture = fixture!(table);
        let script = "
            const all = [...document.querySelectorAll('[data-tick]')].map((box) => Number(box.dataset.tick));
            const sets = [];
            for (let bits = 0; bits < 2 ** all.length; bits += 1) {
              const set = all.filter((_, place) => bits >> place & 1);
              const [ticks, without] = [set.filter((atom) => boxes.has(atom)), set.filter((atom) => !boxes.has(atom))];
              const world = request(ticks, new Set(without));
              const answers = operations.map((operation) => [allows(operation, world), missing(operation, world)]);
              sets.push([ticks, without, [...world], answers]);
            }
            return sets";
        let sets: Vec<Asked> = serde_json::from_value(fixture.run(script)).expect("lists");
        assert!(sets.len() >= 16, "{name} has few boxes: {}", sets.len());
        for (ticks, without, world, answers) in sets {
            let grant = grant(&fixture.table, &ticks, &without);
            let holds: BTreeSet<usize> = grant.facts().iter().map(scopegate_policy::FactId::index).collect();
            assert_eq!(world, holds, "{name}: {ticks:?} without {without:?}");
            for (operation, (is_allowed, lacks)) in fixture.table.operations().iter().zip(answers) {
                let about = format!("{name}: {operation} with {ticks:?} without {without:?}");
                assert_eq!(is_allowed, grant.opens(operation), "{about}");
                let by_engine: BTreeSet<BTreeSet<usize>> = missing(&fixture.table, operation, grant.facts())
                    .into_iter()
                    .map(BTreeSet::from_iter)
                    .collect();
                assert_eq!(lacks, by_engine, "{about}");
            }
        }
    }
}

#[test]
fn a_click_on_a_scope_shows_its_operations() {
    let fixture = fixture!(tables::shapes());
    fixture.browser.click(&fixture.name_of("write")).expect("a button");
    let words = fixture.browser.text("#chosen").expect("a sentence");
    assert!(
        words.starts_with("write opens 3 operations alone, and takes part in 2 with others."),
        "{words}"
    );
    let opened: Vec<String> = fixture
        .shown()
        .expect("rows")
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let expected = [
        "GET /documents",
        "POST /documents",
        "GET /documents/{id}/log",
        "DELETE /documents/{id}",
        "PUT /documents/{id}",
    ];
    assert_eq!(opened, expected);
    assert_eq!(fixture.run("return document.querySelectorAll('.decision').length"), 0);
    let pressed = format!(
        "return document.querySelector('{}').ariaPressed",
        fixture.name_of("write")
    );
    assert_eq!(fixture.run(&pressed), "true");
    // The keyboard clears the box again.
    fixture.browser.fill(&fixture.name_of("write"), SPACE).expect("a key");
    assert_eq!(fixture.run(&pressed), "false");
    assert_eq!(fixture.shown().expect("rows").len(), 10);
    fixture.all_is_quiet();
}

#[test]
fn the_keyboard_is_enough() {
    let fixture = fixture!(tables::shapes());
    let browser = &fixture.browser;
    let focus = |what: &str| {
        browser
            .run(&format!("return document.activeElement.{what}"))
            .expect("the script runs")
    };
    // The first tab stop is a link that skips the boxes.
    browser.fill("body", TAB).expect("a key");
    assert_eq!(focus("className"), "skip");
    browser.fill(":focus", ENTER).expect("a key");
    browser.fill(":focus", TAB).expect("a key");
    assert_eq!(focus("parentElement.id"), "matrix");
    // The space bar ticks a box, and the box keeps the focus.
    browser.fill(&fixture.box_of("read"), SPACE).expect("a key");
    assert_eq!(focus("dataset.tick"), fixture.atom("read").to_string());
    let shown = fixture.shown().expect("rows");
    assert_eq!(shown, fixture.decided(&shown, &["read"], &[]));
    // An operation opens and keeps the focus. It shows all its alternatives and which of their
    // parts the request has.
    browser.fill("[data-operation=\"2\"] > button", ENTER).expect("a key");
    assert_eq!(focus("ariaExpanded"), "true");
    let fold = browser.text("[data-operation=\"2\"] .fold").expect("details");
    for words in ["It needs one of these 2 ways:", "✓ read", "✗ audit"] {
        assert!(fold.contains(words), "{words}: {fold}");
    }
    browser.fill(":focus", ENTER).expect("a key");
    assert_eq!(focus("ariaExpanded"), "false");
    // A group closes and opens.
    browser.fill("#tree summary", ENTER).expect("a key");
    assert_eq!(
        browser
            .run("return document.querySelector('#tree details').open")
            .expect("the script runs"),
        false
    );
    // The search finds operations by path and by scopes.
    for (words, count) in [("log", 1), ("audit", 2), ("nowhere", 0)] {
        browser.fill("#find-operation", words).expect("keys");
        assert_eq!(fixture.shown().expect("rows").len(), count, "{words}");
        browser
            .run("byId('find-operation').value = ''")
            .expect("the script runs");
    }
    fixture.all_is_quiet();
}

/// Every interactive element has an accessible name and a visible sign of the focus.
#[test]
fn everything_has_a_name_and_a_sign_of_the_focus() {
    let fixture = fixture!(tables::shapes());
    let script = "
        const nameless = [...document.querySelectorAll('button, input, select, summary')].filter((element) =>
          !(element.ariaLabel ?? '').trim() && !element.innerText.trim() && !(element.labels?.length > 0));
        const unseen = [...document.querySelectorAll('button, input, select, summary')].filter((element) => {
          element.focus({ focusVisible: true });
          return document.activeElement === element && getComputedStyle(element).outlineStyle === 'none';
        });
        return [nameless, unseen].map((list) => list.map((element) => element.outerHTML))";
    assert_eq!(fixture.browser.run(script).expect("the script runs"), json!([[], []]));
}

/// Foreground against background, in both colour schemes, for all visible text: at least 4.5 to 1.
#[test]
fn text_can_be_read() {
    let fixture = fixture!(tables::shapes());
    fixture.browser.click(&fixture.box_of("read")).expect("a box");
    fixture.browser.click(&fixture.name_of("write")).expect("a button");
    fixture.browser.click("[data-operation=\"2\"] > button").expect("a row");
    let script = "
        const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
        const light = (colour) => channels(colour).slice(0, 3)
          .map((value) => value / 255).map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
          .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
        const behind = (element) => {
          const colour = getComputedStyle(element).backgroundColor;
          return channels(colour)[3] === 0 ? behind(element.parentElement) : colour;
        };
        const weak = [];
        for (const element of document.querySelectorAll('body *')) {
          const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
          if (!own || !element.checkVisibility() || element.closest('noscript, script, style, option')) continue;
          const pair = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
          const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
          if (ratio < 4.5) weak.push(`${element.outerHTML} ${ratio}`);
        }
        return weak";
    for scheme in ["light", "dark"] {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let emulated = json!({ "cmd": "Emulation.setEmulatedMedia", "params": { "features": features } });
        fixture
            .browser
            .command("POST", "/goog/cdp/execute", &emulated)
            .expect("a preference");
        assert_eq!(
            fixture.browser.run(script).expect("the script runs"),
            json!([]),
            "{scheme}"
        );
    }
}

#[test]
fn hostile_names_stay_names() {
    let fixture = fixture!(tables::hostile());
    let browser = &fixture.browser;
    browser
        .run("document.querySelectorAll('[data-tick]').forEach((box) => box.click())")
        .expect("the script runs");
    browser
        .run("document.querySelectorAll('[data-press]').forEach((name) => name.click())")
        .expect("the script runs");
    browser.click("#all-again").expect("a button");
    browser
        .run("document.querySelectorAll('[data-operation] > button').forEach((row) => row.click())")
        .expect("the script runs");
    let text = browser.text("#tree").expect("rows");
    for name in [
        "</script><script>window.broken=1</script>",
        "\\u{202e}drowssap",
        "]]><img src=x",
    ] {
        assert!(text.contains(name), "{name}: {text}");
    }
    browser.click("#open-all").expect("a button");
    assert_eq!(fixture.shown().expect("rows").len(), fixture.table.operations().len());
    let elements = "return [window.broken === undefined, document.querySelectorAll('img, script, iframe').length]";
    assert_eq!(browser.run(elements).expect("the script runs"), json!([true, 2]));
    fixture.all_is_quiet();
    fixture
        .open("picture.svg", &picture::svg(&fixture.table, &Labels::new("</title>")))
        .expect("the picture opens");
    let elements = "return [window.broken === undefined, document.querySelectorAll('script, foreignObject').length]";
    assert_eq!(browser.run(elements).expect("the script runs"), json!([true, 0]));
    fixture.all_is_quiet();
}

#[test]
fn eleven_thousand_operations_can_be_looked_through() {
    let fixture = fixture!(tables::regular(11_215, 600));
    let browser = &fixture.browser;
    assert_eq!(fixture.shown().expect("rows").len(), 0, "groups begin closed");
    browser.click(&fixture.box_of("albums.read")).expect("a box");
    let operations = fixture.table.operations().iter();
    let ticked = grant(&fixture.table, &[fixture.atom("albums.read")], &[]);
    let allowed = operations.filter(|operation| ticked.opens(operation)).count();
    let status = browser.text("#status").expect("the count").replace(',', "");
    assert!(
        status.contains(&format!("may do {allowed} of 11215 operations")),
        "{status}"
    );
    browser.fill("#tree summary", ENTER).expect("a key");
    // Rows are created only when a group opens.
    browser.wait_for("#tree details[open] [data-operation]").expect("rows");
    let shown = fixture.shown().expect("rows");
    assert!((1..=200).contains(&shown.len()), "{}", shown.len());
    assert_eq!(shown, fixture.decided(&shown, &["albums.read"], &[]));
    browser.click("#open-all").expect("a button");
    let count = fixture
        .browser
        .run("return document.querySelectorAll('[data-operation]').length");
    assert!(count.expect("the script runs").as_u64() >= Some(5_000));
    fixture.all_is_quiet();
}

/// The digests in the page's policy are those of its style and script. Any other script is refused.
#[test]
fn the_digests_are_those_of_style_and_script() {
    let page = picture::html(&tables::tutorial().expect("a table"), &Labels::new("t"));
    for element in ["style", "script"] {
        let (_, rest) = page.split_once(&format!("<{element}>")).expect("an element");
        let (text, _) = rest.split_once(&format!("</{element}>")).expect("its end");
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let digest = base64_simd::STANDARD.encode_to_string(digest.as_ref());
        let expected = format!("{element}-src 'sha256-{digest}'");
        assert!(page.contains(&expected), "html.rs should say {expected}");
    }
}

#[test]
fn no_other_script_is_run() {
    let fixture = fixture!(tables::tutorial());
    let script = "const s = document.createElement('script'); s.text = 'window.broken = 1'; document.head.append(s);
        return window.broken === undefined";
    assert_eq!(fixture.browser.run(script).expect("the script runs"), Value::Bool(true));
}
