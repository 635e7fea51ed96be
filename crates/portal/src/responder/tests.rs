use http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use scopegate_domain::Issuer;

use super::*;

fn site() -> PortalSite {
    PortalSite::new(&Issuer::parse("https://id.example").unwrap()).unwrap()
}

fn retry_after(response: &Response<Bytes>) -> Option<&str> {
    response.headers().get(RETRY_AFTER).map(|value| value.to_str().unwrap())
}

#[test]
fn failure_of_the_store_is_a_page() {
    let (site, request) = (site(), RequestId::parse("r-1").unwrap());
    let responder = Responder::new(&site, Some(&request));
    for (error, status, has_delay) in [
        (StoreError::unavailable("a cause of the machine"), 503, true),
        (StoreError::corrupt("a cause of the machine"), 500, false),
    ] {
        let page = responder.store_error(error);
        assert_eq!(page.status().as_u16(), status);
        assert_eq!(retry_after(&page).is_some(), has_delay);
        let html = str::from_utf8(page.body()).unwrap();
        assert!(html.contains("r-1") && !html.contains("machine"), "{html}");
        assert!(page.headers().contains_key(CONTENT_SECURITY_POLICY));
    }
}

#[test]
fn each_reason_of_a_failed_login_has_its_status() {
    let site = site();
    let delay = Lifetime::from_seconds(7);
    for (problem, status, delay, text) in [
        (None, 200, None, "Log in"),
        (Some(LoginProblem::Rejected), 403, None, "is wrong"),
        (
            Some(LoginProblem::Throttled { retry_after: delay }),
            429,
            Some("7"),
            "in 7 seconds",
        ),
        (
            Some(LoginProblem::Busy { retry_after: delay }),
            503,
            Some("7"),
            "Too many users log in",
        ),
    ] {
        let page = LoginPage {
            site: site.page_site(),
            requester: None,
            flow: "x",
            username: PlainText::default(),
            stay: false,
            notice: problem.map(notice_of),
        };
        let response = login_response(&page, problem, None);
        assert_eq!((response.status().as_u16(), retry_after(&response)), (status, delay));
        assert!(str::from_utf8(response.body()).unwrap().contains(text), "{text}");
    }
}

#[test]
fn each_incomplete_body_is_a_page() {
    let site = site();
    for (error, status) in [
        (BodyError::Incomplete, 400),
        (BodyError::TooLarge, 413),
        (BodyError::TooSlow, 408),
    ] {
        let page = Responder::new(&site, None).body_error(error);
        assert_eq!(page.status().as_u16(), status);
        assert!(page.body().starts_with(b"<!DOCTYPE html>"));
    }
}

#[test]
fn location_with_a_line_end_is_refused() {
    let page = Responder::new(&site(), None).redirect("https://web.example/\r\nx: y");
    assert_eq!(page.status().as_u16(), 500);
    assert!(!page.headers().contains_key(LOCATION));
}
