//! A user of the site, who logs in, agrees and withdraws without script.

use super::site::{APPLICATIONS, Site};
use crate::people::Browser;

pub(crate) const NAME: &str = "jane";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// The user's browser.
#[derive(Default)]
pub(crate) struct Person {
    browser: Browser,
}

impl Site {
    /// Adds the user and the applications.
    pub(crate) fn with_applications(mut self) -> Self {
        self.add_user();
        for (id, method, redirect_uri) in APPLICATIONS {
            self.add_application(id, method, redirect_uri);
        }
        self
    }

    /// Adds the user, who may have each scope of the API.
    pub(crate) fn add_user(&self) {
        let line = ["user", "add", NAME, "--scope", "me items", "--password-stdin"];
        let database = ["--database", "sqlite:a.db"];
        let added = self.shell.run_with(&[&line[..], &database].concat(), PASSWORD, &[]);
        assert_eq!(added.status, 0, "{}", added.stderr);
    }
}

impl Person {
    /// Opens the URL of a request, logs in if the page requires it, and agrees. Returns the URL to
    /// which the server sends the browser.
    pub(crate) fn agree(&mut self, site: &Site, url: &str) -> String {
        let (endpoint, query) = url.split_once('?').unwrap();
        assert_eq!(endpoint, format!("{}/authorize", site.issuer), "{url}");
        self.browser.answer(&site.server, query, NAME, PASSWORD)
    }

    /// Withdraws the access of the one application that has it.
    pub(crate) fn withdraw(&mut self, site: &Site) {
        let account = self.browser.get(&site.server, "/account");
        let account = self
            .browser
            .submit(&site.server, &account, "/account/applications/withdraw", &[]);
        assert!(account.has("The access of the application has ended."), "{account:?}");
    }
}
