//! Sessions, consents, codes, families and server secrets of an application's own users.

use scopegate_domain::{
    AuthorizationCode, ClientId, Consent, EndReason, LoginSession, NewFamily, SealedSecret, SecretPurpose, SessionId,
    Timestamp, User, UserId,
};

use super::{Answer, ApplicationStore};
use crate::{
    AllowOutcome, BeginOutcome, ChangeTime, Codes, ConsentSummary, Consents, EndSessions, EndedSession, Families,
    FamilyKey, FoundFamily, RedeemOutcome, Redemption, ResealedSecret, RotateOutcome, Rotation, SealedSecrets,
    Sessions, StoreError,
};

impl ApplicationStore {
    /// Copies the present status of a user, which decides about sessions, codes and families.
    async fn mirror(&self, id: Option<UserId>) -> Result<(), StoreError> {
        if let Some(id) = id {
            let user = self.users.find_by_id(&id).await?;
            self.rest.mirror(&id, user);
        }
        Ok(())
    }
}

impl Sessions for ApplicationStore {
    fn begin<'a>(
        &'a self,
        session: &'a LoginSession,
        replaces: Option<&'a SessionId>,
        max: u16,
        time: ChangeTime,
    ) -> Answer<'a, BeginOutcome> {
        Box::pin(async move {
            self.mirror(Some(session.user_id.clone())).await?;
            self.rest.begin(session, replaces, max, time).await
        })
    }

    fn find<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> Answer<'a, Option<(LoginSession, User)>> {
        Box::pin(async move {
            self.mirror(self.rest.user_of_session(id)).await?;
            Sessions::find(&self.rest, id, now).await
        })
    }

    fn touch<'a>(&'a self, id: &'a SessionId, now: Timestamp) -> Answer<'a, bool> {
        Box::pin(async move {
            self.mirror(self.rest.user_of_session(id)).await?;
            self.rest.touch(id, now).await
        })
    }

    fn end<'a>(&'a self, which: EndSessions<'a>, time: ChangeTime) -> Answer<'a, Vec<EndedSession>> {
        Sessions::end(&self.rest, which, time)
    }

    fn of_user<'a>(&'a self, user: &'a UserId, now: Timestamp, limit: u16) -> Answer<'a, Vec<LoginSession>> {
        Sessions::of_user(&self.rest, user, now, limit)
    }

    fn remove_sessions(&self) -> Answer<'_, u64> {
        self.rest.remove_sessions()
    }
}

impl Consents for ApplicationStore {
    fn find<'a>(&'a self, user: &'a UserId, client: &'a ClientId) -> Answer<'a, Option<Consent>> {
        Consents::find(&self.rest, user, client)
    }

    fn of_user<'a>(
        &'a self,
        user: &'a UserId,
        after: Option<&'a ClientId>,
        now: Timestamp,
        limit: u16,
    ) -> Answer<'a, Vec<ConsentSummary>> {
        Box::pin(async move {
            self.mirror(Some(user.clone())).await?;
            Consents::of_user(&self.rest, user, after, now, limit).await
        })
    }

    fn withdraw<'a>(&'a self, user: &'a User, client: &'a ClientId, time: ChangeTime) -> Answer<'a, bool> {
        Consents::withdraw(&self.rest, user, client, time)
    }
}

impl Codes for ApplicationStore {
    fn allow<'a>(
        &'a self,
        consent: &'a Consent,
        code: &'a AuthorizationCode,
        now: Timestamp,
    ) -> Answer<'a, AllowOutcome> {
        Box::pin(async move {
            self.mirror(Some(code.authorization.user_id.clone())).await?;
            self.rest.allow(consent, code, now).await
        })
    }

    fn redeem<'a>(&'a self, redemption: &'a Redemption<'a>, family: &'a NewFamily) -> Answer<'a, RedeemOutcome> {
        Box::pin(async move {
            self.mirror(self.rest.user_of_code(redemption.code)).await?;
            self.rest.redeem(redemption, family).await
        })
    }

    fn remove_codes(&self) -> Answer<'_, u64> {
        self.rest.remove_codes()
    }
}

impl Families for ApplicationStore {
    fn rotate<'a>(&'a self, rotation: &'a Rotation<'a>) -> Answer<'a, RotateOutcome> {
        Box::pin(async move {
            self.mirror(self.rest.user_of_family(rotation.key())).await?;
            Families::rotate(&self.rest, rotation).await
        })
    }

    fn end<'a>(
        &'a self,
        family: FamilyKey,
        client: &'a ClientId,
        why: EndReason,
        time: ChangeTime,
    ) -> Answer<'a, bool> {
        Families::end(&self.rest, family, client, why, time)
    }

    fn find(&self, family: FamilyKey, now: Timestamp) -> Answer<'_, Option<FoundFamily>> {
        Box::pin(async move {
            self.mirror(self.rest.user_of_family(family)).await?;
            Families::find(&self.rest, family, now).await
        })
    }

    fn of_client<'a>(
        &'a self,
        user: &'a UserId,
        client: &'a ClientId,
        now: Timestamp,
        limit: u16,
    ) -> Answer<'a, Vec<FoundFamily>> {
        Box::pin(async move {
            self.mirror(Some(user.clone())).await?;
            self.rest.of_client(user, client, now, limit).await
        })
    }

    fn end_families(&self, why: EndReason, now: Timestamp) -> Answer<'_, u64> {
        self.rest.end_families(why, now)
    }
}

impl SealedSecrets for ApplicationStore {
    fn sealed_secrets(&self) -> Answer<'_, Vec<SealedSecret>> {
        self.rest.sealed_secrets()
    }

    fn add_secret_version(&self, secret: SealedSecret, previous_until: Timestamp) -> Answer<'_, bool> {
        self.rest.add_secret_version(secret, previous_until)
    }

    fn remove_secrets_through(&self, purpose: SecretPurpose, version: u32) -> Answer<'_, bool> {
        self.rest.remove_secrets_through(purpose, version)
    }

    fn reseal_secrets<'a>(&'a self, secrets: &'a [ResealedSecret]) -> Answer<'a, bool> {
        self.rest.reseal_secrets(secrets)
    }
}
