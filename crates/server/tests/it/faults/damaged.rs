//! A damaged database: each command fails, and leaves the folder as it was.

use std::fs;

use crate::faults::fixture::{COMMANDS, FaultFixture, PASSWORD};

#[test]
fn a_damaged_database_is_refused_and_no_file_is_left() {
    let fixture = FaultFixture::new();
    let path = fixture.path("scopegate.db");
    let whole = fs::read(&path).unwrap();
    let zeros = |from: usize| [&whole[..from], &vec![0; whole.len() - from]].concat();
    let damaged = [whole[..100].to_vec(), whole[..20_480].to_vec(), zeros(100)];
    for contents in damaged {
        fs::write(&path, &contents).unwrap();
        let before = fixture.files();
        for (line, _) in COMMANDS {
            let run = fixture.shell.run_with(line, PASSWORD, &[]);
            let error = run.complaint(2);
            assert!(error.contains("restore a backup"), "{line:?}: {error}");
            assert!(fixture.files() == before, "{line:?}: {:?}", fixture.names());
        }
    }
}
