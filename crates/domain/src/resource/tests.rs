//! Tests of audiences and of resources that contradict each other.

use proptest::prelude::*;

use super::*;

fn resource(audience: &str, scopes: &[(&str, &str)]) -> Resource {
    let resource = Resource::new(Audience::of_resource(audience).unwrap(), "");
    scopes.iter().fold(resource, |resource, (name, text)| {
        resource.with_scope(ScopeToken::parse(name).unwrap(), *text)
    })
}

#[test]
fn each_rule_of_an_audience_refuses() {
    for (text, fault) in [
        ("", InvalidAudience::Relative),
        ("/ships", InvalidAudience::Relative),
        ("api.example/ships", InvalidAudience::Relative),
        ("urn:ships", InvalidAudience::Relative),
        ("//api.example/ships", InvalidAudience::Relative),
        ("https:/api.example", InvalidAudience::Relative),
        ("https://api.example/#x", InvalidAudience::Fragment),
        ("https://api.example#", InvalidAudience::Fragment),
        ("https://ada@api.example/", InvalidAudience::UserInfo),
        ("https://@api.example/", InvalidAudience::UserInfo),
        ("https://ada:pw@api.example/", InvalidAudience::UserInfo),
        ("http://api.example/", InvalidAudience::Plain),
        ("http://localhost.example/", InvalidAudience::Plain),
        ("http://10.0.0.1/", InvalidAudience::Plain),
        ("http://[::2]/", InvalidAudience::Plain),
        ("ftp://api.example/", InvalidAudience::Scheme),
        ("://api.example/", InvalidAudience::Scheme),
        ("https://", InvalidAudience::Host),
        ("https:///ships", InvalidAudience::Host),
        ("https://:443/", InvalidAudience::Host),
        ("https://api.example:x/", InvalidAudience::Host),
        ("https://api.example:/", InvalidAudience::Host),
        ("https://api.example:+1/", InvalidAudience::Host),
        ("https://api.example:65536/", InvalidAudience::Host),
        ("https://api%2eexample/", InvalidAudience::Host),
        ("https://[::1/", InvalidAudience::Host),
        ("https://[::1]x/", InvalidAudience::Host),
        ("https://api.example/a b", InvalidAudience::Byte { byte: b' ' }),
        ("https://api.example/{a}", InvalidAudience::Byte { byte: b'{' }),
        (
            "https://api.example\\@evil.example/",
            InvalidAudience::Byte { byte: b'\\' },
        ),
        ("https://api.example/\u{e9}", InvalidAudience::Byte { byte: 0xc3 }),
        ("https://\u{e4}.example/x", InvalidAudience::HostName),
        ("https://\u{e4}.example?x", InvalidAudience::HostName),
        ("https://api.example/%zz", InvalidAudience::Escape),
        ("https://api.example/%4", InvalidAudience::Escape),
        ("https://api.example/%", InvalidAudience::Escape),
        ("https://api.example/%%20", InvalidAudience::Escape),
        ("https://api.example/\n", InvalidAudience::Byte { byte: b'\n' }),
    ] {
        assert_eq!(Audience::of_resource(text), Err(fault), "{text}");
    }
    let long = format!("https://api.example/{}", "x".repeat(500));
    assert_eq!(Audience::of_resource(&long), Err(InvalidAudience::Length));
}

#[test]
fn scheme_and_host_alone_become_lower_case() {
    for (text, audience) in [
        ("HTTPS://API.Example", "https://api.example"),
        (
            "https://API.example:8443/Ships?A=B",
            "https://api.example:8443/Ships?A=B",
        ),
        ("http://LOCALHOST:8000/", "http://localhost:8000/"),
        ("http://127.9.9.9/", "http://127.9.9.9/"),
        ("http://[::1]:1/A%2F", "http://[::1]:1/A%2F"),
        ("https://api.example?q", "https://api.example?q"),
    ] {
        assert_eq!(Audience::of_resource(text).unwrap().as_str(), audience);
    }
}

#[test]
fn contradicting_resources_are_refused() {
    let (one, other) = ("https://a.example/", "https://b.example/");
    let equal = [
        resource("https://A.example/", &[]),
        resource(other, &[]),
        resource(one, &[]),
    ];
    assert_eq!(
        Resources::new(equal),
        Err(ResourcesError::AudienceTwice { first: 0, second: 2 })
    );
    let own = [one, other].map(|audience| resource(audience, &[]).with_own(true));
    assert_eq!(
        Resources::new(own),
        Err(ResourcesError::OwnTwice { first: 0, second: 1 })
    );
    let described = |text| Resources::new([resource(one, &[("s", "Read.")]), resource(other, &[("s", text)])]);
    let scope = ScopeToken::parse("s").unwrap();
    let fault = ResourcesError::DescriptionTwice {
        scope,
        first: 0,
        second: 1,
    };
    assert_eq!(described("Write."), Err(fault));
    assert!(described("Read.").is_ok() && described("").is_ok());
}

#[test]
fn resource_is_found_by_its_audience() {
    let own = resource("https://b.example/", &[("b", ""), ("s", "")]).with_own(true);
    let resources = Resources::new([resource("https://a.example/", &[("s", "Read.")]), own.clone()]).unwrap();
    assert_eq!(resources.find(own.audience()), Some(&own));
    assert_eq!(resources.own(), Some(&own));
    for unknown in ["https://b.example", "https://c.example/"] {
        assert_eq!(resources.find(&Audience::of_resource(unknown).unwrap()), None);
    }
    let scopes: Vec<&str> = resources.scopes().into_iter().map(ScopeToken::as_str).collect();
    assert_eq!(scopes, ["b", "s"]);
}

proptest! {
    #[test]
    fn accepted_audience_stays_the_same(text in "(?i:https?)://[a-z0-9A-Z.@:\\[\\]#-]{0,16}[/?#]?[!-~]{0,8}") {
        if let Ok(audience) = Audience::of_resource(&text) {
            prop_assert_eq!(Audience::of_resource(audience.as_str()), Ok(audience.clone()));
            prop_assert!(audience.as_str().eq_ignore_ascii_case(&text));
            prop_assert!(!text.contains('#'));
        }
    }
}
