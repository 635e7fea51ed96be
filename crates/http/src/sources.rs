//! Where the credentials of one operation stand, and who verifies them: found out once, when the gate is built.

use std::fmt;
use std::sync::Arc;

use scopegate_domain::{Catalog, DeclaredScheme, HttpScheme, SchemeName, SecurityScheme};
use scopegate_policy::{Access, Alternative, OperationTable, ResolvedOperation, SchemeId};

use crate::bearer_tokens::TokenJudge;
use crate::credential::Found;
#[cfg(feature = "remote-issuers")]
use crate::issuer_set::IssuerSet;
use crate::place::{Family, Place};
use crate::request_head::RequestHead;
use crate::{Credential, CredentialVerifier, GateError, Profile};

/// What tells whether a credential is good.
#[derive(Clone)]
pub(crate) enum Judge {
    /// The application.
    Application(Arc<dyn CredentialVerifier>),
    /// One of several issuers.
    #[cfg(feature = "remote-issuers")]
    Issuers(Arc<IssuerSet>),
    /// A signature.
    Token(Arc<TokenJudge>),
}

/// A scheme with its judge.
#[derive(Clone)]
pub(crate) struct JudgedScheme {
    pub(crate) scheme: SchemeId,
    /// Whether its credentials speak for somebody.
    pub(crate) has_subject: bool,
    pub(crate) judge: Judge,
}

/// What of a request is looked at.
pub(crate) enum Sources {
    /// Bearer tokens of one scheme, known by their signature.
    Bearer(JudgedScheme, Arc<TokenJudge>),
    /// Nothing.
    Nothing,
    /// Several places, or one where the application is asked; the cheapest first.
    Several(Vec<Source>),
}

/// One place, and the schemes whose credential can stand there.
pub(crate) struct Source {
    pub(crate) place: Place,
    pub(crate) schemes: Vec<JudgedScheme>,
    /// FastAPI's classes but those of OAuth 2.0 take an empty credential for none.
    empty_is_none: bool,
}

/// The schemes that can be judged.
pub(crate) struct Judges {
    profile: Profile,
    schemes: Vec<(SchemeName, Place, JudgedScheme)>,
}

impl Judges {
    /// Finds the schemes of the judges that the gate was given.
    ///
    /// # Errors
    ///
    /// [`GateError`] names the scheme that cannot be judged so.
    pub(crate) fn new(
        given: Vec<(String, Judge)>,
        table: &OperationTable,
        profile: Profile,
    ) -> Result<Self, GateError> {
        #[cfg(feature = "remote-issuers")]
        let given = merge(given)?;
        let mut schemes: Vec<(SchemeName, Place, JudgedScheme)> = Vec::new();
        for (scheme, judge) in given {
            let name = SchemeName::parse(&scheme).ok();
            let found = name.and_then(|name| table.catalog().find(&name).zip(table.scheme_id(&name)));
            let Some((declared, id)) = found else {
                return Err(GateError::UndeclaredScheme { scheme });
            };
            if schemes.iter().any(|(known, ..)| known == declared.name()) {
                return Err(GateError::TwoVerifiers { scheme });
            }
            if !matches!(judge, Judge::Application(_)) && Family::of(declared.scheme()) != Family::Bearer {
                return Err(GateError::NotBearer { scheme });
            }
            let Some(place) = Place::of(declared.scheme()) else {
                return Err(GateError::KeyName { scheme });
            };
            let judged = JudgedScheme {
                scheme: id,
                has_subject: declared.has_subject(),
                judge,
            };
            schemes.push((declared.name().clone(), place, judged));
        }
        Ok(Self { profile, schemes })
    }

    /// What is looked at for an operation.
    ///
    /// # Errors
    ///
    /// [`GateError`] where no request could satisfy it: no way in has a judge for each of its schemes, or each asks for two
    /// credentials in one header.
    pub(crate) fn sources(&self, operation: &ResolvedOperation, catalog: &Catalog) -> Result<Sources, GateError> {
        if matches!(operation.access(), Access::Public | Access::Deny) {
            return Ok(Sources::Nothing);
        }
        let ways = operation.security();
        let can_verify = |way: &&Alternative| way.schemes().iter().all(|(name, _)| self.find(name).is_some());
        let mut verifiable = ways.iter().filter(can_verify).peekable();
        if verifiable.peek().is_none() {
            let unknown = operation.schemes().into_iter().filter(|name| self.find(name).is_none());
            let schemes: Vec<String> = unknown.map(|name| format!("`{name}`")).collect();
            return Err(GateError::NoVerifier {
                operation: operation.to_string(),
                schemes: schemes.join(" or "),
            });
        }
        if !verifiable.any(|way| self.can_be_presented(way)) {
            return Err(GateError::TwoAuthorizations {
                operation: operation.to_string(),
            });
        }
        let mut sources: Vec<Source> = Vec::new();
        for name in operation.schemes() {
            if let (Some((_, place, judged)), Some(declared)) = (self.find(&name), catalog.find(&name)) {
                self.add(&mut sources, place, judged, declared);
            }
        }
        for source in &mut sources {
            source.schemes.sort_by_key(JudgedScheme::asks_the_application);
        }
        sources.sort_by_key(Source::cost);
        Ok(Sources::of(sources))
    }

    fn add(&self, sources: &mut Vec<Source>, place: &Place, judged: &JudgedScheme, declared: &DeclaredScheme) {
        let hands_on_empty = matches!(
            declared.scheme(),
            SecurityScheme::OAuth2(_) | SecurityScheme::OpenIdConnect { .. } | SecurityScheme::Http(HttpScheme::Basic)
        );
        let empty_is_none = self.profile == Profile::Tutorial && !hands_on_empty;
        match sources.iter_mut().find(|source| source.place == *place) {
            Some(source) => {
                source.schemes.push(judged.clone());
                source.empty_is_none &= empty_is_none;
            }
            None => sources.push(Source {
                place: place.clone(),
                schemes: vec![judged.clone()],
                empty_is_none,
            }),
        }
    }

    /// How the credentials of a scheme are verified.
    pub(crate) fn judge(&self, name: &SchemeName) -> Option<&JudgedScheme> {
        self.find(name).map(|(.., judged)| judged)
    }

    fn find(&self, name: &SchemeName) -> Option<&(SchemeName, Place, JudgedScheme)> {
        self.schemes.iter().find(|(known, ..)| known == name)
    }

    /// Whether one request can bring all credentials of a way: the `Authorization` header holds one.
    fn can_be_presented(&self, way: &Alternative) -> bool {
        let places = way.schemes().iter().filter_map(|(name, _)| self.find(name));
        let mut authorizations = places
            .map(|(_, place, _)| place)
            .filter(|place| place.is_authorization());
        let first = authorizations.next();
        authorizations.all(|place| Some(place) == first)
    }
}

/// Combines the issuers of each scheme. Those that cannot be combined stay separate, and the next
/// step of the build refuses them.
#[cfg(feature = "remote-issuers")]
fn merge(given: Vec<(String, Judge)>) -> Result<Vec<(String, Judge)>, GateError> {
    let mut merged: Vec<(String, Judge)> = Vec::new();
    for (scheme, judge) in given {
        let joined = match merged.iter_mut().find(|(known, _)| *known == scheme) {
            None => None,
            Some((_, known)) => join(&scheme, known, &judge)?.map(|joined| (known, joined)),
        };
        match joined {
            Some((known, joined)) => *known = Judge::Issuers(Arc::new(joined)),
            None => merged.push((scheme, judge)),
        }
    }
    Ok(merged)
}

#[cfg(feature = "remote-issuers")]
fn join(scheme: &str, first: &Judge, second: &Judge) -> Result<Option<IssuerSet>, GateError> {
    match (first, second) {
        (Judge::Issuers(first), Judge::Issuers(second)) => first.join(scheme, second),
        (Judge::Issuers(issuers), Judge::Token(tokens)) | (Judge::Token(tokens), Judge::Issuers(issuers)) => {
            issuers.join(scheme, &IssuerSet::with_own(Arc::clone(tokens)))
        }
        _ => Ok(None),
    }
}

impl JudgedScheme {
    const fn asks_the_application(&self) -> bool {
        matches!(self.judge, Judge::Application(_))
    }
}

impl Sources {
    fn of(sources: Vec<Source>) -> Self {
        if let [source] = sources.as_slice()
            && let [judged] = source.schemes.as_slice()
            && let Judge::Token(tokens) = &judged.judge
            && !source.empty_is_none
        {
            return Self::Bearer(judged.clone(), Arc::clone(tokens));
        }
        if sources.is_empty() {
            return Self::Nothing;
        }
        Self::Several(sources)
    }
}

impl Sources {
    /// The schemes that are looked at, by number.
    pub(crate) fn scheme_ids(&self) -> Vec<SchemeId> {
        match self {
            Self::Bearer(judged, _) => vec![judged.scheme],
            Self::Nothing => Vec::new(),
            Self::Several(sources) => sources.iter().flat_map(Source::scheme_ids).collect(),
        }
    }
}

impl Sources {
    /// The schemes of the operation, by the place of their credential.
    #[cfg(feature = "testing")]
    pub(crate) fn places(&self) -> Vec<Vec<SchemeId>> {
        match self {
            Self::Bearer(judged, _) => vec![vec![judged.scheme]],
            Self::Nothing => Vec::new(),
            Self::Several(sources) => sources.iter().map(Source::scheme_ids).collect(),
        }
    }
}

impl Source {
    /// Cheap ones first, and among those of one cost the family.
    fn cost(&self) -> (bool, Family) {
        let is_cheap = self.schemes.iter().any(|judged| !judged.asks_the_application());
        (!is_cheap, self.family())
    }

    const fn family(&self) -> Family {
        match self.place {
            Place::Authorization(family) => family,
            Place::Cookie(_) | Place::Header(_) | Place::Query(_) => Family::ApiKey,
        }
    }

    /// The schemes, by number.
    pub(crate) fn scheme_ids(&self) -> Vec<SchemeId> {
        self.schemes.iter().map(|judged| judged.scheme).collect()
    }

    /// Reads what stands in the place.
    pub(crate) fn read(&self, head: &RequestHead<'_>, profile: Profile) -> Found {
        match self.place.read(head, profile) {
            Found::Credential(credential) if credential.secret().expose().is_empty() => self.empty(credential, profile),
            found => found,
        }
    }

    /// An empty password is a password; any other empty credential is none, or not good.
    fn empty(&self, credential: Credential, profile: Profile) -> Found {
        match (profile, self.empty_is_none) {
            _ if self.family() == Family::Basic => Found::Credential(credential),
            (Profile::Rfc, _) => Found::Malformed,
            (Profile::Tutorial, true) => Found::Absent,
            (Profile::Tutorial, false) => Found::Credential(credential),
        }
    }
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Application(_) => "Application",
            #[cfg(feature = "remote-issuers")]
            Self::Issuers(_) => "Issuers",
            Self::Token(_) => "Token",
        })
    }
}
