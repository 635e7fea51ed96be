//! A request of a browser with the form of a page: what all endpoints for users read alike.

use bytes::Bytes;
use http::Response;
use scopegate_gate::SiteRequest;
use scopegate_grant::Params;

use crate::page_form;
use crate::portal_site::PortalSite;
use crate::responder::Responder;
use crate::visitor::{Visitor, origin_of};

/// The parts of a request with a form.
pub(crate) struct PageRequest<'r> {
    pub(crate) params: Params,
    pub(crate) visitor: Visitor<'r>,
}

impl<'r> PageRequest<'r> {
    /// Reads the form of a page of this site, in which only the field `repeatable` may occur twice,
    /// and the browser that sent it. Returns the refusal of another request.
    pub(crate) fn read(
        request: &SiteRequest<'r>,
        site: &PortalSite,
        repeatable: &str,
    ) -> Result<Self, Box<Response<Bytes>>> {
        let origin = origin_of(request, site);
        let responder = Responder::new(site, origin.request.as_ref());
        let params = page_form::read(request, site, repeatable);
        let params = params.map_err(|error| responder.invalid_form(&error))?;
        let visitor = Visitor::read(request, site);
        let visitor = visitor.map_err(|error| responder.visitor_error(&error))?;
        Ok(Self { params, visitor })
    }
}
