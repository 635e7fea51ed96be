//! The steps that another process makes: it writes to the store, and no node knows it yet.

use scopegate_domain::{Client, RegisteredSecret, Revocation, Revoked, Scope, UserStatus};
use scopegate_store::{DisableAndRevoke, News as _, Store, Users};

use super::History;
use super::model::{CLIENTS, HistoryStep, ModelUser, PASSWORD, SCOPES, USERS};
use crate::node::{client_id, new_secret, user};

impl History<'_> {
    /// Makes the change of this step. Returns whether there was anything to change.
    pub(super) async fn change(&mut self, step: &HistoryStep) -> bool {
        let store: &dyn Store = &*self.shared.store;
        match *step {
            HistoryStep::AddClient(client) if !self.model.has_client[client] => {
                store.clients().add(self.clients[client].clone()).await.unwrap();
                self.model.has_client[client] = true;
            }
            HistoryStep::AddUser(number) if self.model.users[number] == ModelUser::Removed => {
                self.shared.add_user(USERS[number], PASSWORD).await;
                self.model.users[number] = ModelUser::Active;
                self.model.user_scopes[number] = 2;
            }
            HistoryStep::Disable { user: number, revokes } if self.model.users[number] != ModelUser::Removed => {
                let id = user(USERS[number]).id().clone();
                if revokes {
                    self.withdraw(DisableAndRevoke::DisableUser(&id), of_user(number)).await;
                    self.model.revoke(|token| token.user == Some(number));
                } else {
                    Users::set_status(&*self.shared.store, &id, UserStatus::Disabled)
                        .await
                        .unwrap();
                }
                self.model.users[number] = ModelUser::Disabled;
            }
            HistoryStep::Enable(number) if self.model.users[number] != ModelUser::Removed => {
                let id = user(USERS[number]).id().clone();
                Users::set_status(&*self.shared.store, &id, UserStatus::Active)
                    .await
                    .unwrap();
                self.model.users[number] = ModelUser::Active;
            }
            HistoryStep::RemoveUser(number) if self.model.users[number] != ModelUser::Removed => {
                let id = user(USERS[number]).id().clone();
                self.withdraw(DisableAndRevoke::RemoveUser(&id), of_user(number)).await;
                self.model.revoke(|token| token.user == Some(number));
                self.model.users[number] = ModelUser::Removed;
            }
            HistoryStep::RevokeUser(number) => {
                let revocation = Revocation::until(of_user(number), self.shared.now());
                self.shared.store.revoke(&revocation).await.unwrap();
                self.model.revoke(|token| token.user == Some(number));
            }
            HistoryStep::SetUserScope { user: number, scope } if self.model.users[number] != ModelUser::Removed => {
                let (id, ceiling): (_, Scope) = (user(USERS[number]).id().clone(), SCOPES[scope].parse().unwrap());
                self.withdraw(DisableAndRevoke::SetUserScope(&id, &ceiling), of_user(number))
                    .await;
                self.model.revoke(|token| token.user == Some(number));
                self.model.user_scopes[number] = scope;
            }
            _ => return self.change_client(step).await,
        }
        true
    }

    async fn change_client(&mut self, step: &HistoryStep) -> bool {
        let whose = |number: usize| Revoked::Client(client_id(CLIENTS[number]));
        match *step {
            HistoryStep::RemoveClient(number) if self.model.has_client[number] => {
                let id = client_id(CLIENTS[number]);
                self.withdraw(DisableAndRevoke::RemoveClient(&id), whose(number)).await;
                self.model.has_client[number] = false;
                self.model.revoke(|token| token.client == number);
            }
            HistoryStep::ReplaceSecret if self.model.has_client[0] => {
                let secret = new_secret();
                let new = self.clients[0].clone();
                self.update(0, new.with_secrets([RegisteredSecret::new(secret.digest())]))
                    .await;
                secret.expose().clone_into(&mut self.secret);
            }
            HistoryStep::RevokeClient(number) => {
                let revocation = Revocation::until(whose(number), self.shared.now());
                self.shared.store.revoke(&revocation).await.unwrap();
                self.model.revoke(|token| token.client == number);
            }
            HistoryStep::SetClientScope { client, scope } if self.model.has_client[client] => {
                let new = self.clients[client].clone();
                self.update(client, new.with_scope(SCOPES[scope].parse().unwrap()))
                    .await;
                self.model.client_scopes[client] = scope;
            }
            _ => return false,
        }
        true
    }

    async fn update(&mut self, number: usize, new: Client) {
        let whose = Revoked::Client(new.id().clone());
        let old = &self.clients[number];
        self.withdraw(DisableAndRevoke::UpdateClient { old, new: &new }, whose)
            .await;
        self.clients[number] = new;
        self.model.revoke(|token| token.client == number);
    }

    async fn withdraw(&self, withdrawal: DisableAndRevoke<'_>, whose: Revoked) {
        let revocation = Revocation::until(whose, self.shared.now());
        let is_done = self.shared.store.withdraw(withdrawal, &revocation).await.unwrap();
        assert!(is_done, "{withdrawal:?}");
    }
}

fn of_user(number: usize) -> Revoked {
    Revoked::User {
        id: user(USERS[number]).id().clone(),
        username: user(USERS[number]).username().clone(),
    }
}
