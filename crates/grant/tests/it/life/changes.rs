//! Changes by another process, as commands make them.

use scopegate_domain::{Client, Clock as _, Revocation, Revoked, UserStatus};
use scopegate_store::{ChangeTime, DisableAndRevoke};

use super::model::USERS;
use super::node::Kept;
use super::step::{LifeStep, scope_text};
use crate::common::{scope, user};

impl Kept {
    /// Makes a change in the store.
    pub(super) async fn administrate(&self, change: &LifeStep) {
        match change {
            LifeStep::Register(_) | LifeStep::RemoveClient(_) | LifeStep::SetClientScope { .. } => {
                self.change_client(change).await;
            }
            _ => self.change_user(change).await,
        }
    }

    async fn change_client(&self, change: &LifeStep) {
        let (store, now) = (self.store(), self.clock.now());
        let of_client = |client: &Client| Revocation::until(Revoked::Client(client.id().clone()), now);
        match *change {
            LifeStep::Register(client) => {
                store.clients().add(self.clients[client].clone()).await.unwrap();
            }
            LifeStep::RemoveClient(client) => {
                let client = &self.clients[client];
                let remove = DisableAndRevoke::RemoveClient(client.id());
                assert!(store.news().withdraw(remove, &of_client(client)).await.unwrap());
            }
            LifeStep::SetClientScope {
                client,
                scope: bits,
                revokes,
            } => {
                let old = store.clients().find(self.clients[client].id()).await.unwrap().unwrap();
                let new = old.clone().with_scope(scope(scope_text(bits)));
                let update = DisableAndRevoke::UpdateClient { old: &old, new: &new };
                let is_set = if revokes {
                    store.news().withdraw(update, &of_client(&old)).await
                } else {
                    store.clients().update(&old, &new).await
                };
                assert!(is_set.unwrap());
            }
            ref other => panic!("not a change of a client: {other:?}"),
        }
    }

    async fn change_user(&self, change: &LifeStep) {
        let (store, now) = (self.store(), self.clock.now());
        let of_user = |index: usize| {
            let user = user(USERS[index]);
            let (id, username) = (user.id().clone(), user.username().clone());
            Revocation::until(Revoked::User { id, username }, now)
        };
        match *change {
            LifeStep::Withdraw { user: index, client } => {
                let (user, time) = (user(USERS[index]), ChangeTime::at(now));
                let client = self.clients[client].id();
                store.consents().withdraw(&user, client, time).await.unwrap();
            }
            LifeStep::Disable(index) => {
                let user = user(USERS[index]);
                let disable = DisableAndRevoke::DisableUser(user.id());
                assert!(store.news().withdraw(disable, &of_user(index)).await.unwrap());
            }
            LifeStep::Enable(index) => {
                let user = user(USERS[index]);
                assert!(store.users().set_status(user.id(), UserStatus::Active).await.unwrap());
            }
            LifeStep::SetUserScope {
                user: index,
                scope: bits,
                revokes,
            } => {
                let (user, scope) = (user(USERS[index]), scope(scope_text(bits)));
                let set = DisableAndRevoke::SetUserScope(user.id(), &scope);
                let is_set = if revokes {
                    store.news().withdraw(set, &of_user(index)).await
                } else {
                    store.users().set_scope(user.id(), &scope).await
                };
                assert!(is_set.unwrap());
            }
            ref other => panic!("not a change of a user: {other:?}"),
        }
    }
}
