//! Many tabs and many browsers at once.

use super::html::Page;
use super::{Browser, People, parameter};

/// The tabs in an order that differs from that in which they were opened.
fn shuffled(number: usize, step: usize) -> Vec<usize> {
    (0..number).map(|index| (index * step) % number).collect()
}

#[tokio::test]
async fn twenty_tabs_end_at_their_own_uri() {
    let people = People::new().await;
    let mut browser = Browser::default();
    let clients = ["web", "page", "app"];
    let mut tabs: Vec<Option<Page>> = Vec::new();
    for tab in 0..20 {
        let state = format!("tab {tab}");
        tabs.push(Some(
            browser.authorize(&people, clients[tab % 3], &[("state", &state)]).await,
        ));
    }
    // Each tab logs in before any of them continues, so all but the last have the page of an old
    // session. These start again with one click.
    for tab in shuffled(20, 7) {
        let page = tabs[tab].take().unwrap();
        tabs[tab] = Some(browser.log_in(&people, &page, "johndoe", "secret").await);
    }
    let mut restarted = 0;
    for tab in shuffled(20, 3) {
        let mut page = tabs[tab].take().unwrap();
        if page.location.is_none() {
            page = browser.decide(&people, &page, "allow").await;
        }
        if page.location.is_none() {
            assert_eq!(page.heading(), "The login began elsewhere");
            restarted += 1;
        }
        let location = browser.finish(&people, page).await;
        assert_eq!(parameter(&location, "state"), Some(format!("tab {tab}")));
        assert!(location.starts_with(super::uri_of(clients[tab % 3])), "{location}");
    }
    assert!(restarted > 0);
}

#[tokio::test]
async fn fifty_users_log_in_at_the_same_time() {
    let people = People::new().await;
    let mut browsers: Vec<(Browser, Page)> = Vec::new();
    for number in 0..50 {
        let mut browser = Browser::default();
        let state = format!("browser {number}");
        let page = browser.authorize(&people, "web", &[("state", &state)]).await;
        browsers.push((browser, page));
    }
    let names = ["johndoe", "jane"];
    for number in shuffled(50, 7) {
        let (browser, page) = &mut browsers[number];
        *page = browser.log_in(&people, page, names[number % 2], "secret").await;
        assert!(page.has(names[number % 2]) || page.location.is_some());
    }
    for number in shuffled(50, 3) {
        let (browser, page) = &mut browsers[number];
        let location = match page.location.clone() {
            Some(location) => location,
            None => browser.decide(&people, page, "allow").await.location.unwrap(),
        };
        assert_eq!(parameter(&location, "state"), Some(format!("browser {number}")));
        let tokens = people.redeem("web", &parameter(&location, "code").unwrap()).await;
        let token = tokens["access_token"].as_str().unwrap();
        let found = people.post("/introspect", "web", &[("token", token)]).await;
        assert_eq!(found["username"].as_str(), Some(names[number % 2]));
    }
}
