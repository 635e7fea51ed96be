//! Claims of third-party issuers, which are read only if the layout names them.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::text_list::{TextList, TextListIter};
use super::{ClaimLayout, ClaimsError, ClientClaim, ScopeLayout};
use crate::json::{Kind, MemberNames, Reader};

/// The claims that only a layout names. [`Claim`](super::known::Claim) lists the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct LayoutClaims<'a> {
    scopes: Option<ScopeValue<'a>>,
    client: Option<Cow<'a, str>>,
}

#[derive(Clone, Debug, PartialEq)]
enum ScopeValue<'a> {
    List(TextList<'a>),
    Words(Cow<'a, str>),
}

/// A claim that a layout reads.
#[derive(Clone, Copy)]
pub(super) enum LayoutClaim {
    Client(ClientClaim),
    Scopes(ScopeLayout),
}

impl LayoutClaim {
    /// The target that the layout assigns to a name, in addition to the supported claims.
    pub(super) fn find(layout: ClaimLayout, name: &str) -> Option<Self> {
        match (name, layout.scopes(), layout.client()) {
            ("appid", _, ClientClaim::AppId) | ("azp", _, ClientClaim::Azp) | ("cid", _, ClientClaim::Cid) => {
                Some(Self::Client(layout.client()))
            }
            ("permissions", ScopeLayout::Permissions, _)
            | ("realm_access", ScopeLayout::RealmRoles, _)
            | ("scp", ScopeLayout::Scp, _) => Some(Self::Scopes(layout.scopes())),
            _ => None,
        }
    }
}

impl<'a> LayoutClaims<'a> {
    /// Reads the value of a claim that the layout reads.
    // SECURITY: one that is of another type is an error, never ignored
    // (`a_claim_of_a_layout_is_of_its_type`).
    pub(super) fn read(
        &mut self,
        place: LayoutClaim,
        text: &'a str,
        reader: &mut Reader<'a>,
    ) -> Result<(), ClaimsError> {
        match place {
            LayoutClaim::Client(claim) => {
                let claim = claim.as_str();
                if reader.kind()? != Kind::Text {
                    return Err(ClaimsError::WrongType { claim });
                }
                self.client = Some(reader.text()?);
                Ok(())
            }
            LayoutClaim::Scopes(ScopeLayout::RealmRoles) => self.read_roles(text, reader),
            LayoutClaim::Scopes(ScopeLayout::Scp) if reader.kind()? == Kind::Text => {
                self.scopes = Some(ScopeValue::Words(reader.text()?));
                Ok(())
            }
            LayoutClaim::Scopes(layout) => self.read_list(layout.as_str(), text, reader),
        }
    }

    fn read_list(&mut self, claim: &'static str, text: &'a str, reader: &mut Reader<'a>) -> Result<(), ClaimsError> {
        if reader.kind()? != Kind::Array {
            return Err(ClaimsError::WrongType { claim });
        }
        self.scopes = Some(ScopeValue::List(TextList::read(claim, text, reader)?));
        Ok(())
    }

    fn read_roles(&mut self, text: &'a str, reader: &mut Reader<'a>) -> Result<(), ClaimsError> {
        let claim = "realm_access";
        if reader.kind()? != Kind::Object {
            return Err(ClaimsError::WrongType { claim });
        }
        let mut seen = MemberNames::default();
        reader.object(|reader, name| {
            let is_roles = name == "roles";
            match seen.insert(name) {
                false => Err(ClaimsError::DuplicateName),
                true if is_roles => self.read_list(claim, text, reader),
                true => Ok(reader.skip_unique()?),
            }
        })
    }

    pub(super) fn scopes(&self) -> TextListIter<'_> {
        match &self.scopes {
            Some(ScopeValue::List(list)) => list.iter(),
            Some(ScopeValue::Words(text)) => TextListIter::words(text),
            None => TextListIter::none(),
        }
    }

    pub(super) fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }

    /// Prints the claims that were read by the layout.
    pub(super) fn print<M: SerializeMap>(&self, layout: ClaimLayout, map: &mut M) -> Result<(), M::Error> {
        if let Some(client) = &self.client {
            map.serialize_entry(layout.client().as_str(), client)?;
        }
        match (&self.scopes, layout.scopes()) {
            (Some(ScopeValue::List(list)), ScopeLayout::RealmRoles) => {
                map.serialize_entry("realm_access", &Roles { roles: list })
            }
            (Some(ScopeValue::List(list)), layout) => map.serialize_entry(layout.as_str(), list),
            (Some(ScopeValue::Words(words)), layout) => map.serialize_entry(layout.as_str(), words),
            (None, _) => Ok(()),
        }
    }
}

struct Roles<'r, 'a> {
    roles: &'r TextList<'a>,
}

impl Serialize for Roles<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("roles", self.roles)?;
        map.end()
    }
}
