use super::*;

fn user(username: &str, id: &str) -> NamedUser {
    NamedUser {
        username: username.to_owned(),
        id: id.to_owned(),
    }
}

fn taken(names: &[&str]) -> TakenNames {
    let mut taken = TakenNames::default();
    for name in names {
        taken.take(&CanonicalName::of(name));
    }
    taken
}

#[test]
fn new_name_fits_and_has_no_odd_character() {
    let named = |username: &str, id: &str| TakenNames::default().new_name(&user(username, id));
    assert_eq!(named("JohnDoe", "0123456789"), "JohnDoe012345");
    assert_eq!(named("JohnDoe", "u ü"), "JohnDoeu--");
    let long = named(&"ü".repeat(127), "0123456789");
    assert_eq!(long, "ü".repeat(97) + "012345");
}

#[test]
fn new_name_is_free() {
    let mut taken = taken(&["ada", "ADAabcdef"]);
    let second = user("Ada", "abcdefgh");
    assert_eq!(taken.new_name(&second), "Adaabcdefg");
    assert_eq!(taken.new_name(&second), "Adaabcdefgh", "the one before is taken now");
    assert_eq!(taken.new_name(&second), "Adaabcdefgh-2");
    assert_eq!(taken.new_name(&second), "Adaabcdefgh-3");
    assert_eq!(taken.new_name(&user("ada", "u")), "adau");
    assert_eq!(taken.new_name(&user("ADA", "u")), "ADAu-2");
}

#[test]
fn new_name_of_a_long_id_fits() {
    let mut taken = TakenNames::default();
    let long = user(&"x".repeat(200), &"i".repeat(255));
    for _ in 0..MOST_OF_ID + 5 {
        assert_eq!(taken.new_name(&long).len(), NAME_LEN);
    }
}
