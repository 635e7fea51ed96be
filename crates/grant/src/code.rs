//! The authorization code grant: [RFC 6749, section
//! 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3).

use scopegate_domain::{
    AuditDetail, AuditEntry, AuditEvent, Authorization, Client, CodeVerifier, Day, EndReason, ErrorCode, FamilyId,
    GrantType, NewFamily, Scope, SecretDigest, Timestamp, User,
};
use scopegate_login::RequestOrigin;
use scopegate_store::{FamilyKey, RedeemOutcome, Redemption};
use scopegate_token::{IssuedCode, RefreshToken, challenge_of};

use crate::GrantError;
use crate::Params;
use crate::authorize::RefreshPolicy;
use crate::context::GrantContext;
use crate::granted::{Granted, Request};
use crate::people::People;
use crate::refresh::Restriction;
use crate::request::CodeRequest;

/// Redeems a code and begins its family.
///
/// Every refusal is one error. A replay with client, redirect URI and verifier of the first
/// redemption ends the family that began then.
// SECURITY: the store compares each binding in the transaction of the redemption. Tested by
// `each_single_mismatch_is_refused` and `replay_ends_the_family_only_with_all_bindings` in
// tests/it/code.rs.
pub(crate) async fn grant(
    context: &GrantContext,
    people: &People,
    request: &Request<'_>,
    presented: &CodeRequest<'_>,
    params: &Params,
) -> Result<Granted, GrantError> {
    let redeemed = redeem(context, people, request, presented, params).await;
    if matches!(redeemed, Err(GrantError::InvalidCode)) {
        context.audit.record(AuditEvent::CodeRefused, request.origin, |entry| {
            let entry = entry.of_client(request.client.id().clone());
            entry.with_detail(AuditDetail::Error(ErrorCode::InvalidGrant))
        });
    }
    redeemed
}

async fn redeem(
    context: &GrantContext,
    people: &People,
    request: &Request<'_>,
    presented: &CodeRequest<'_>,
    params: &Params,
) -> Result<Granted, GrantError> {
    let code = IssuedCode::parse(presented.code.expose()).map_err(|_| GrantError::InvalidCode)?;
    let verifier = presented
        .verifier
        .and_then(|text| CodeVerifier::parse(text.expose()).ok());
    let challenge = challenge_of(&verifier.ok_or(GrantError::InvalidCode)?);
    let (client, now) = (request.client, request.requested_at);
    let (id, time) = (code.id(), context.change_time(now));
    let begun = NewGrant::begin(context, client, now)?;
    let [redeemed, replayed] = entries(context, client, &code, &begun.family.id, request.origin)?;
    let redemption = Redemption {
        code: &id,
        client: client.id(),
        redirect_uri: presented.redirect_uri,
        challenge: &challenge,
        key_thumbprint: None,
        time,
        replay_audit: &replayed,
    };
    let outcome = context
        .audited(&redeemed)
        .codes()
        .redeem(&redemption, &begun.family)
        .await?;
    let (authorization, user) = match outcome {
        RedeemOutcome::Redeemed(redeemed) => *redeemed,
        RedeemOutcome::Replayed(family) => {
            tracing::warn!(client = %client.id(), %family, "authorization code replayed; its tokens are revoked");
            context.apply_revocations().await;
            return Err(GrantError::InvalidCode);
        }
        RedeemOutcome::Mismatch(binding) => {
            tracing::info!(client = %client.id(), binding = binding.as_str(), "authorization code refused");
            return Err(GrantError::InvalidCode);
        }
        RedeemOutcome::Expired
        | RedeemOutcome::SessionEnded
        | RedeemOutcome::Unknown
        | RedeemOutcome::UserDisabled
        | RedeemOutcome::Withdrawn => return Err(GrantError::InvalidCode),
    };
    begun
        .finish(context, people, request, params, (authorization, user))
        .await
}

/// A family that begins if the code is valid, and its first refresh token.
struct NewGrant {
    family: NewFamily,
    /// `None`: the client does not have the grant.
    token: Option<RefreshToken>,
}

impl NewGrant {
    fn begin(context: &GrantContext, client: &Client, now: Timestamp) -> Result<Self, GrantError> {
        let entropy = &*context.entropy;
        let mut id = [0; 16];
        entropy.fill(&mut id)?;
        let id = FamilyId::from_bytes(id);
        if !client.may_use(GrantType::RefreshToken) {
            // The row lasts as long as the access token, so that a replay can revoke it.
            let mut digest = [0; 32];
            entropy.fill(&mut digest)?;
            let (idle, ends_at) = (context.lifetime, now + context.lifetime);
            let family = NewFamily {
                id,
                secret_digest: SecretDigest::from_bytes(digest),
                ends_at,
                idle,
                ends_with_session: false,
            };
            return Ok(Self { family, token: None });
        }
        // The store keeps a family with `offline_access` beyond the session.
        let policy = RefreshPolicy::of(client, &Scope::EMPTY);
        let ends_at = now + policy.lifetimes.age;
        let token = RefreshToken::begin(id, Day::of(ends_at), entropy)?;
        let family = NewFamily {
            id,
            secret_digest: token.secret_digest(),
            ends_at,
            idle: policy.lifetimes.idle,
            ends_with_session: policy.ends_with_session,
        };
        Ok(Self {
            family,
            token: Some(token),
        })
    }

    /// Returns the grant of a redeemed code. If user and client may have nothing of it any longer,
    /// or the request is refused, the family ends: no client has its tokens.
    // Tested by `refused_redemption_leaves_no_family` in tests/it/code_resources.rs.
    async fn finish(
        self,
        context: &GrantContext,
        people: &People,
        request: &Request<'_>,
        params: &Params,
        (authorization, user): (Authorization, User),
    ) -> Result<Granted, GrantError> {
        let restriction = Restriction::new(context, request.client, params, None);
        let restricted = restriction.apply(&user, &authorization);
        let (error, why) = match restricted {
            Ok(Some(narrowed)) => {
                let refresh_token = self.token.map(|token| token.to_text(&people.rings().mac));
                let id = self.family.id;
                return Ok(Granted::of_family(request, user, narrowed, id, refresh_token));
            }
            Ok(None) => (GrantError::InvalidCode, EndReason::UserChanged),
            Err(error) => (error, EndReason::Refused),
        };
        let key = FamilyKey {
            ends_on: self.family.ends_on(),
            id: self.family.id,
        };
        let (client, time) = (request.client.id(), context.change_time(request.requested_at));
        context.store.families().end(key, client, why, time).await?;
        Err(error)
    }
}

/// Returns the entries of a redemption, and those of a replay.
fn entries(
    context: &GrantContext,
    client: &Client,
    code: &IssuedCode,
    family: &FamilyId,
    origin: &RequestOrigin,
) -> Result<[Vec<AuditEntry>; 2], GrantError> {
    let of_code = |entry: AuditEntry| {
        let entry = entry.of_client(client.id().clone());
        entry.with_detail(AuditDetail::of_code(&code.id()))
    };
    let of_family = |entry: AuditEntry| {
        let entry = entry.of_client(client.id().clone());
        entry.with_detail(AuditDetail::of_family(family))
    };
    let redeemed = [
        context.entries(AuditEvent::CodeRedeemed, origin, of_code)?,
        context.entries(AuditEvent::FamilyBegun, origin, of_family)?,
    ];
    let replayed = context.entries(AuditEvent::CodeReplayed, origin, of_code)?;
    Ok([redeemed.concat(), replayed])
}
