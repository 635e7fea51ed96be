//! Tests of the types of settings.

use super::*;

#[test]
fn times_have_a_unit_and_an_end() {
    assert_eq!(Duration::read("1h 30m"), Some(Duration::from_mins(90)));
    assert_eq!(Duration::read("500ms"), Some(Duration::from_millis(500)));
    assert_eq!(Duration::read("2d"), Some(Duration::from_hours(48)));
    for text in [
        "",
        "0",
        "0s",
        "0d",
        "-5s",
        "-1d",
        "30",
        "soon",
        "9000h 1m",
        "366d",
        "4294967296d",
        "99999999999999999999s",
        "+5s",
        "5s ago",
        "PT5S",
    ] {
        assert_eq!(Duration::read(text), None, "{text}");
    }
    assert_eq!(Duration::from_mins(90).show(), json!("1h 30m"));
}

/// The ways to write zero, for settings in which it means "never" or "off".
const ZEROS: [&str; 9] = ["0", "00", "0s", "0m", "0h", "0d", "000d", "00s", "0h 0m"];

/// No setting has a sign, not even before zero.
const SIGNED: [&str; 11] = [
    "-0", "+0", "-0s", "+0s", "-0d", "+1d", "+1", "-1", "0s ago", "-PT0S", "+1s",
];

#[test]
fn no_number_and_no_time_has_a_sign() {
    for text in SIGNED {
        assert_eq!(read_time(text), None, "{text}");
        assert_eq!(Rotation::read(text), None, "{text}");
        assert_eq!(CacheAge::read(text), None, "{text}");
        assert_eq!(Duration::read(text), None, "{text}");
        assert_eq!(usize::read(text), None, "{text}");
        assert_eq!(NonZeroUsize::read(text), None, "{text}");
        assert_eq!(Days::read(text), None, "{text}");
    }
}

#[test]
fn zeros_at_the_begin_mean_nothing() {
    for zeros in ["0", "00", "000"] {
        let read = |text: &str| read_time(&format!("{zeros}{text}"));
        assert_eq!((read("5s"), read("3d")), (read_time("5s"), read_time("3d")));
        assert_eq!(
            (usize::read(zeros), usize::read(&format!("{zeros}7"))),
            (Some(0), Some(7))
        );
        assert_eq!(Days::read(&format!("{zeros}7d")), Some(Days(7)));
    }
}

#[test]
fn zero_of_any_unit_turns_off() {
    for zero in ZEROS {
        assert_eq!(Rotation::read(zero), Some(Rotation(None)), "{zero}");
        assert_eq!(
            CacheAge::read(zero),
            Some(CacheAge(Lifetime::from_seconds(0))),
            "{zero}"
        );
    }
}

#[test]
fn a_rotation_may_never_come() {
    assert_eq!(Rotation::read("0"), Some(Rotation(None)));
    for days in [1, 30, 365] {
        let rotation = Rotation(Some(Duration::from_hours(24 * days)));
        assert_eq!(rotation.show().as_str().and_then(Rotation::read), Some(rotation));
    }
    assert_eq!(Rotation::read("30d"), Some(Rotation(Some(Duration::from_hours(720)))));
    assert!(Rotation::read("never").is_none() && Rotation::read("366d").is_none());
}

#[test]
fn an_age_may_be_none() {
    assert_eq!(CacheAge::read("1m 30s"), Some(CacheAge(Lifetime::from_seconds(90))));
    for text in ["", "5", "1500ms", "-1s", "25h", "off"] {
        assert_eq!(CacheAge::read(text), None, "{text}");
    }
    for seconds in [0, 1, 90, 86_400] {
        let age = CacheAge(Lifetime::from_seconds(seconds));
        assert_eq!(age.show().as_str().and_then(CacheAge::read), Some(age));
    }
}

#[test]
fn what_is_shown_is_read_back() {
    for seconds in [1, 59, 60, 90, 3_600, 86_400] {
        let time = Duration::from_secs(seconds);
        assert_eq!(time.show().as_str().and_then(Duration::read), Some(time));
    }
}

#[test]
fn origins_are_a_list_or_all() {
    assert!(CorsOrigins::read("").unwrap().cors().is_none());
    assert!(CorsOrigins::read("*").unwrap().cors().is_some());
    let two = CorsOrigins::read("https://a.example, http://[::1]:3000").unwrap();
    assert_eq!(two.show(), json!(["https://a.example", "http://[::1]:3000"]));
    for text in [
        "*,https://a.example",
        "https://*.example",
        "null",
        "https://a.example/",
        "a.example",
    ] {
        assert!(CorsOrigins::read(text).is_none(), "{text}");
    }
}

#[test]
fn mistyped_log_level_is_an_error() {
    assert!(LogFilter::read("inof").is_none());
    assert!(LogFilter::read("info,scopegate_http=debug").is_some());
    assert!(LogFilter::read("scopegate_http=loud").is_none());
    assert_eq!(
        ["info", " off ", "info,scopegate_http=debug", "scopegate_http=debug"]
            .map(|text| LogFilter::read(text).unwrap().level()),
        [Some(LevelFilter::INFO), Some(LevelFilter::OFF), None, None]
    );
}

#[test]
fn an_issuer_is_an_address() {
    assert!(Issuer::read("https://id.example/tenant").is_some());
    for text in [
        "id.example",
        "https://",
        "https:///x",
        "https://a.example/?x",
        "ftp://a.example",
        "https://u@a.example",
    ] {
        assert!(Issuer::read(text).is_none(), "{text}");
    }
}
