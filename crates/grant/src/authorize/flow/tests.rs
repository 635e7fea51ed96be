use scopegate_domain::{Day, Issuer, SecretPurpose};
use scopegate_token::{SecretRing, ServerSecret, SystemRandomSource};

use super::*;

const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

fn sealer(issuer: &str, purpose: SecretPurpose) -> Sealer {
    let secret = ServerSecret::generate(purpose, 1, &SystemRandomSource).unwrap();
    Sealer::new(SecretRing::new([secret]).unwrap(), Issuer::parse(issuer).unwrap())
}

fn browser() -> BrowserCookie {
    BrowserCookie::generate(&SystemRandomSource).unwrap()
}

fn session(byte: u8) -> SessionId {
    SessionId::new(Day::from_number(20_000), [byte; 32])
}

fn origin(browser: Option<&BrowserCookie>) -> FlowOrigin {
    let params = Params::from_iter([("client_id", "app"), ("state", "a&b=\u{e9}"), ("other", "dropped")]);
    FlowOrigin::begin(&params, browser, Some(session(1)), NOW)
}

fn consent(browser: &BrowserCookie) -> Flow<ConsentStage> {
    let stage = ConsentStage {
        session: session(2),
        offered: "a b".parse().unwrap(),
    };
    Flow::new(origin(Some(browser)), stage)
}

#[test]
fn flow_is_read_back() {
    let (sealer, browser) = (sealer("https://issuer.example", SecretPurpose::Flow), browser());
    let text = consent(&browser).seal(&sealer, NOW, &SystemRandomSource).unwrap();
    let opened = Flow::<ConsentStage>::open(&text, &sealer, &browser, NOW).unwrap();
    assert_eq!(opened.stage, consent(&browser).stage);
    let pairs: Vec<_> = opened.origin.params.iter().collect();
    assert_eq!(pairs, [("client_id", "app"), ("state", "a&b=\u{e9}")]);
    assert_eq!(
        (opened.origin.started_at, opened.origin.first_session),
        (NOW, Some(session(1)))
    );
}

#[test]
fn flow_opens_in_its_browser_and_stage() {
    let (sealer, own) = (sealer("https://issuer.example", SecretPurpose::Flow), browser());
    let text = consent(&own).seal(&sealer, NOW, &SystemRandomSource).unwrap();
    let open = |browser: &BrowserCookie, seconds| {
        let now = Timestamp::from_unix(NOW.as_unix() + seconds);
        Flow::<ConsentStage>::open(&text, &sealer, browser, now)
    };
    let restart = Restart {
        query: "client_id=app&state=a%26b%3D%C3%A9".to_owned(),
    };
    assert_eq!(
        open(&browser(), 0).unwrap_err(),
        FlowRefusal::OtherBrowser(restart.clone())
    );
    assert!(open(&own, 599).is_ok());
    for seconds in [600, 601, 86_400] {
        assert_eq!(open(&own, seconds).unwrap_err(), FlowRefusal::Expired(restart.clone()));
    }
    let other = Flow::<LoginStage>::open(&text, &sealer, &own, NOW).unwrap_err();
    assert_eq!(other, FlowRefusal::OtherStage(restart.clone()));
    let other = Flow::<StartStage>::open(&text, &sealer, &own, NOW).unwrap_err();
    assert_eq!(other, FlowRefusal::OtherStage(restart.clone()));
    for id in [None, Some(session(1)), Some(session(3))] {
        let refused = open(&own, 0).unwrap().expect_session(id.as_ref()).unwrap_err();
        assert_eq!(refused, FlowRefusal::OtherSession(restart.clone()));
    }
    assert!(open(&own, 0).unwrap().expect_session(Some(&session(2))).is_ok());
    assert_eq!(FlowRefusal::Expired(restart.clone()).restart(), Some(&restart));
}

#[test]
fn flow_of_another_issuer_or_secret_is_invalid() {
    let (own, browser) = (sealer("https://issuer.example", SecretPurpose::Flow), browser());
    let text = consent(&browser).seal(&own, NOW, &SystemRandomSource).unwrap();
    for other in [
        sealer("https://issuer.example", SecretPurpose::Flow),
        sealer("https://issuer.example", SecretPurpose::Form),
        sealer("https://other.example", SecretPurpose::Flow),
    ] {
        let refused = Flow::<ConsentStage>::open(&text, &other, &browser, NOW).unwrap_err();
        assert_eq!(refused, FlowRefusal::Invalid);
    }
}

#[test]
fn every_changed_bit_is_refused() {
    let (sealer, browser) = (sealer("https://issuer.example", SecretPurpose::Flow), browser());
    let text = consent(&browser).seal(&sealer, NOW, &SystemRandomSource).unwrap();
    for position in 0..text.len() {
        for bit in 0..8 {
            let mut bytes = text.clone().into_bytes();
            bytes[position] ^= 1 << bit;
            let Ok(changed) = String::from_utf8(bytes) else {
                continue;
            };
            let opened = Flow::<ConsentStage>::open(&changed, &sealer, &browser, NOW);
            assert_eq!(opened.unwrap_err(), FlowRefusal::Invalid, "{position}.{bit}");
        }
    }
    for length in 0..text.len() {
        let opened = Flow::<ConsentStage>::open(text.get(..length).unwrap(), &sealer, &browser, NOW);
        assert_eq!(opened.unwrap_err(), FlowRefusal::Invalid);
    }
}

#[test]
fn request_of_another_site_binds_to_the_browser_that_opens_it() {
    let sealer = sealer("https://issuer.example", SecretPurpose::Flow);
    let text = Flow::new(origin(None), StartStage).seal(&sealer, NOW, &SystemRandomSource);
    let opened = Flow::<StartStage>::open(&text.unwrap(), &sealer, &browser(), NOW).unwrap();
    assert!(!opened.origin.is_bound());
}
