//! The users of the store in memory.

use std::collections::{BTreeMap, HashMap};

use scopegate_domain::{Account, CanonicalName, User, UserId, Username};

/// All users, by name.
// INVARIANT: `names` contains the name of each account under its id, and `canonical` under its
// canonical form. Both contain nothing else. Tested by the conformance suite.
#[derive(Clone, Default)]
pub(crate) struct Accounts {
    pub(crate) by_name: BTreeMap<Username, Account>,
    names: HashMap<UserId, Username>,
    canonical: HashMap<CanonicalName, Username>,
}

impl Accounts {
    pub(crate) fn find_by_id(&self, id: &UserId) -> Option<&Account> {
        self.by_name.get(self.names.get(id)?)
    }

    pub(crate) fn find_canonical(&self, name: &Username) -> Option<&Account> {
        self.by_name.get(self.canonical.get(&name.canonical())?)
    }

    pub(crate) fn get_mut(&mut self, id: &UserId) -> Option<&mut Account> {
        self.by_name.get_mut(self.names.get(id)?)
    }

    /// Changes an account. Returns `false` if there is none with this id.
    pub(crate) fn change(&mut self, id: &UserId, change: impl FnOnce(&mut Account)) -> bool {
        self.get_mut(id).map(change).is_some()
    }

    /// Adds a user. Returns `false` if the id or the canonical name is taken.
    pub(crate) fn add(&mut self, account: Account) -> bool {
        let user = &account.user;
        let is_free = !self.names.contains_key(user.id()) && self.find_canonical(user.username()).is_none();
        if is_free {
            self.insert(account);
        }
        is_free
    }

    fn insert(&mut self, account: Account) {
        let name = account.user.username().clone();
        self.names.insert(account.user.id().clone(), name.clone());
        self.canonical.insert(name.canonical(), name.clone());
        self.by_name.insert(name, account);
    }

    /// Makes the user with this id equal to that of another store. Another user with the name is
    /// forgotten.
    pub(crate) fn mirror(&mut self, id: &UserId, user: Option<User>) {
        self.remove(id);
        let Some(user) = user else { return };
        let other = self
            .find_canonical(user.username())
            .map(|other| other.user.id().clone());
        if let Some(other) = other {
            self.remove(&other);
        }
        self.insert(Account {
            user,
            password_hash: None,
        });
    }

    pub(crate) fn remove(&mut self, id: &UserId) -> Option<Account> {
        let name = self.names.remove(id)?;
        self.canonical.remove(&name.canonical());
        self.by_name.remove(&name)
    }

    /// Sets the profile of the user with the id of this value. Returns `false` if there is none.
    /// `None` means that another user has the canonical name.
    pub(crate) fn set_profile(&mut self, new: &User) -> Option<bool> {
        let owner = self.find_canonical(new.username()).map(|account| account.user.id());
        let is_taken = owner.is_some_and(|owner| owner != new.id());
        if is_taken && self.names.contains_key(new.id()) {
            return None;
        }
        let Some(mut account) = self.remove(new.id()) else {
            return Some(false);
        };
        let user = User::new(new.id().clone(), new.username().clone())
            .with_status(account.user.status())
            .with_scope(account.user.scope().clone());
        let user = new.email().into_iter().fold(user, User::with_email);
        account.user = new.full_name().into_iter().fold(user, User::with_full_name);
        self.insert(account);
        Some(true)
    }
}
