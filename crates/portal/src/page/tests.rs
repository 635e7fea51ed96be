//! Tests of all pages: their HTML, their sizes, and names that try to break them.

mod html;
mod samples;

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use proptest::prelude::*;
use scopegate_domain::visible;

use self::html::Document;
use self::samples::{Samples, Words};
use super::{AccountNotice, LoginNotice, Message, Problem};
use crate::stylesheet;

#[test]
fn every_page_is_valid_html() {
    let pages = Samples::new(Words::plain()).pages();
    assert!(pages.len() > 30, "{}", pages.len());
    for (name, page) in pages {
        let document = Document::parse(&page).unwrap_or_else(|fault| panic!("{name}: {fault}\n{page}"));
        assert_eq!(document.faults(), [""; 0], "{name}\n{page}");
    }
}

#[test]
fn every_page_loads_the_stylesheet_below_the_path_of_the_site() {
    for (name, page) in Samples::new(Words::plain()).pages() {
        let document = Document::parse(&page).unwrap();
        let loaded: Vec<&str> = document
            .attributes("link", "href")
            .chain(document.attributes("img", "src"))
            .collect();
        assert_eq!(loaded, [format!("/tenant{}", stylesheet::path())], "{name}");
        for target in document.attributes("form", "action") {
            assert!(target.starts_with("/tenant/"), "{name}: {target}");
        }
    }
}

#[test]
fn pages_are_within_their_sizes() {
    let samples = Samples::new(Words::plain());
    let login = samples.login(Some(LoginNotice::Throttled(120))).render();
    assert!(login.len() <= 12 * 1024, "{} bytes", login.len());
    let consent = samples.large_consent().render();
    let document = Document::parse(&consent).unwrap();
    assert_eq!(
        document
            .attributes("input", "value")
            .filter(|value| value.starts_with("ships:"))
            .count(),
        20
    );
    assert_eq!(consent.matches("</b>").count(), 300);
    assert!(consent.len() <= 40 * 1024, "{} bytes", consent.len());
}

#[test]
fn consent_page_shows_new_scopes_first() {
    let page = Samples::new(Words::plain()).widening_consent().render();
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
    assert!(place("Delete ships") < place("1 permission that you allowed before"));
    assert!(place("1 permission that you allowed before") < place("Read ships"));
    assert!(page.contains("wants to do more with your account"));
    assert!(page.contains("Opens 3 operations: reads 1, changes 1, deletes 1"));
}

#[test]
fn form_has_a_field_for_each_requested_scope() {
    let page = Samples::new(Words::plain()).consent().render();
    let document = Document::parse(&page).unwrap();
    let fields = document.fields("scope");
    let expected = [
        ("hidden", "ships:read"),
        ("checkbox", "ships:write"),
        ("hidden", "ships:admin"),
        ("hidden", "ships:audit"),
        ("hidden", "offline_access"),
    ];
    assert_eq!(fields, expected, "{page}");
    assert!(page.contains("until you withdraw it"));
    assert_eq!(
        document.fields("decision"),
        [("submit", "allow"), ("submit", "deny"), ("submit", "switch")]
    );
}

#[test]
fn loopback_client_reads_why_consent_is_repeated() {
    let samples = Samples::new(Words::plain());
    let page = samples.loopback_consent(true).render();
    for part in [
        "as before",
        "because any program on this device",
        "Never copy an address",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let first = samples.loopback_consent(false).render();
    assert!(first.contains("Never copy an address") && !first.contains("as before"));
    assert!(!samples.consent().render().contains("Never copy"));
}

#[test]
fn consent_page_states_when_the_access_ends() {
    let samples = Samples::new(Words::plain());
    for (end, sentence) in [
        (super::AccessEnd::Session, "The access ends when you log out."),
        (
            super::AccessEnd::Withdrawal,
            "The access does not end when you log out.",
        ),
        (super::AccessEnd::AccessToken(600), "The access ends after 10 minutes."),
    ] {
        let mut page = samples.consent();
        page.access_end = end;
        assert!(page.render().contains(sentence), "{end:?}");
    }
}

#[test]
fn login_page_keeps_the_name_and_states_the_delay() {
    let samples = Samples::new(Words::plain());
    let failed = samples.login(Some(LoginNotice::Failed)).render();
    let document = Document::parse(&failed).unwrap();
    assert_eq!(document.fields("username"), [("text", "johndoe")]);
    assert_eq!(document.fields("password"), [("password", "")]);
    assert!(failed.contains("<title>Error: Log in"));
    let throttled = samples.login(Some(LoginNotice::Throttled(61))).render();
    assert!(throttled.contains("Try again in 2 minutes."), "{throttled}");
    assert!(!samples.login(None).render().contains("alert"));
}

#[test]
fn account_page_lists_without_state_changes_by_get() {
    let samples = Samples::new(Words::plain());
    let page = samples.account(Some(AccountNotice::SessionEnded)).render();
    let document = Document::parse(&page).unwrap();
    assert!(document.attributes("form", "method").all(|method| method == "post"));
    assert_eq!(document.fields("session"), [("hidden", "s2"), ("hidden", "s3")]);
    let links: Vec<&str> = document.attributes("a", "href").collect();
    assert!(
        links.contains(&"/tenant/account?applications_after=k2#applications"),
        "{links:?}"
    );
    assert!(
        page.contains("datetime=\"2026-11-29T19:55:36Z\">29 November 2026, 19:55 UTC<"),
        "{page}"
    );
    assert!(page.contains("an old token was used again"));
}

#[test]
fn notice_of_a_password_is_at_its_form() {
    let samples = Samples::new(Words::plain());
    for (notice, is_at_form) in [
        (AccountNotice::OldPasswordWrong, true),
        (AccountNotice::Throttled(30), true),
        (AccountNotice::FormExpired, false),
        (AccountNotice::PasswordChanged, false),
    ] {
        let page = samples.account(Some(notice)).render();
        assert_eq!(page.matches("id=\"notice\"").count(), 1, "{notice:?}");
        let (_, form) = page.split_once("id=\"password\"").unwrap();
        assert_eq!(form.contains("id=\"notice\""), is_at_form, "{notice:?}");
        assert_eq!(
            form.contains(" aria-describedby=\"notice\" autofocus"),
            is_at_form,
            "{notice:?}"
        );
    }
}

#[test]
fn messages_and_errors_have_texts_of_their_own() {
    let samples = Samples::new(Words::plain());
    let messages = Message::ALL.map(|message| samples.message(message).render());
    let errors = Problem::ALL.map(|problem| samples.error(problem).render());
    let mut all: Vec<&String> = messages.iter().chain(&errors).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), Message::ALL.len() + Problem::ALL.len());
    assert!(errors.iter().all(|page| page.contains("<code>r-1</code>")));
}

/// Writes the pages for a person who reviews them in a browser, if `SCOPEGATE_PAGES` names a
/// folder.
#[test]
fn pages_can_be_written_to_a_folder() {
    let pages = Samples::new(Words::plain()).pages();
    let names: Vec<&String> = pages.iter().map(|(name, _)| name).collect();
    let mut unique = names.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(names.len(), unique.len(), "each page has a file of its own");
    if let Some(folder) = std::env::var_os("SCOPEGATE_PAGES").map(PathBuf::from) {
        fs::create_dir_all(&folder).unwrap();
        for (name, page) in pages {
            let page = page.replace(&format!("/tenant{}", stylesheet::path()), "portal.css");
            fs::write(folder.join(format!("{name}.html")), page).unwrap();
        }
        fs::write(folder.join("portal.css"), stylesheet::STYLESHEET).unwrap();
    }
}

#[test]
fn faults_of_html_are_found() {
    let page = |body: &str| {
        format!(
            "<!DOCTYPE html><html lang=\"en\"><head><title>a</title></head><body><main><h1>a</h1>{body}</main></body></html>"
        )
    };
    assert_eq!(Document::parse(&page("<p>a</p>")).unwrap().faults(), [""; 0]);
    for body in [
        "<p>a",
        "<p>a</b></p>",
        "<p onclick=\"a\">a</p>",
        "<p style=\"a\">a</p>",
        "<p class=\"a\" class=\"b\">a</p>",
        "<p class=\"a\"id=\"b\">a</p>",
        "<p>a & b</p>",
        "<p>a &amp; b</p>",
        "<p>\"a\"</p>",
        "<input value=\"a<b\">",
        "<b",
    ] {
        assert!(Document::parse(&page(body)).is_err(), "{body}");
    }
    for body in [
        "<script></script>",
        "<h3>a</h3>",
        "<h1>a</h1>",
        "<p><ul><li>a</li></ul></p>",
        "<ul><p>a</p></ul>",
        "<dl><li>a</li></dl>",
        "<p id=\"a\">a</p><p id=\"a\">b</p>",
        "<label for=\"a\">a</label>",
        "<input name=\"a\">",
        "<button>a</button>",
        "<form method=\"get\"></form>",
        "<form method=\"post\"><form method=\"post\"></form></form>",
        "<time>a</time>",
        "<a href=\"a\"><button type=\"submit\">a</button></a>",
    ] {
        assert_ne!(Document::parse(&page(body)).unwrap().faults(), [""; 0], "{body}");
    }
}

/// The pages of harmless words.
static USUAL: LazyLock<Vec<Document>> = LazyLock::new(|| {
    let pages = Samples::new(Words::plain()).pages();
    pages.iter().map(|(_, page)| Document::parse(page).unwrap()).collect()
});

/// Texts with markup, quotes, and characters that are hidden or turn the order around.
fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("<script>alert(1)</script>".to_owned()),
        Just("\" autofocus onfocus=\"alert(1)".to_owned()),
        Just("' onclick='x".to_owned()),
        Just("--></title></textarea>".to_owned()),
        Just("&lt;b&gt;&#60;".to_owned()),
        Just("{{ 7 * 7 }}{% endblock %}".to_owned()),
        "[\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}\u{0}-\u{1f}\u{feff}]{1,3}",
        "\\PC{0,8}",
    ];
    prop::collection::vec(part, 1..5).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn hostile_words_change_no_markup(name in hostile(), description in hostile(), agent in hostile()) {
        let pages = Samples::new(Words { name, description, agent }).pages();
        for ((name, page), usual) in pages.into_iter().zip(&*USUAL) {
            let document = Document::parse(&page).map_err(|fault| TestCaseError::fail(format!("{name}: {fault}")))?;
            prop_assert_eq!(document.outline(), usual.outline(), "{}", name);
            let hidden = page.split('\n').find(|line| visible(line) != *line);
            prop_assert_eq!(hidden, None, "{}", name);
        }
    }
}
