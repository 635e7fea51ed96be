use super::*;

#[test]
fn steps_of_a_login_are_found_by_their_path() {
    for path in [
        "/login",
        "/api/v1/auth/signup",
        "/users/sign-in",
        "/self-service/recovery/flows",
        "/forgot-password",
        "/password/reset",
        "/users/verify-email",
        "/account/activate/{code}",
        "/token",
        "/partner/token",
        "/v2/tokens",
        "/token/refresh",
        "/oauth2/device/verify",
        "/users/register",
        "/v1/auth/passkeys/assert/begin",
        "/mfa/verify",
        "/auth/{provider}/callback",
        "/auth/customer/{provider}/register",
        "/public/sessions",
        "/api/setup",
        "/api/anonymous/refresh/{address}",
    ] {
        assert!(is_login_step(path), "{path}");
    }
    for path in [
        "/users/{id}/password",
        "/users/{id}/tokens",
        "/payments/{id}/confirm",
        "/orders/{id}/status",
        "/admin/oauth2/auth/requests/login",
        "/oauth2/clients",
        "/public-holidays",
        "/signing-requests",
        "/webinars/{id}/registrants",
        "/users/{id}/mfa",
        "/courses/{id}/register",
    ] {
        assert!(!is_login_step(path), "{path}");
    }
}

#[test]
fn probes_and_first_pages_are_found_by_their_path() {
    for path in [
        "/",
        "/api/v1",
        "/health",
        "/api/health/ready",
        "/orders/healthz",
        "/v1/status",
        "/version",
        "/metrics/prometheus",
        "/2/openapi.json",
        "/api/schema/",
        "/v3/api-docs",
        "/cards/sample",
        "/extensions/v1/cards/sample-response",
    ] {
        assert!(is_probe(path), "{path}");
    }
    for path in [
        "/{id}",
        "/orders/{id}/status",
        "/versions/{id}",
        "/lamps",
        "/status/orders/open",
        "/health/records",
        "/patients/{id}/health",
        "/cards/{id}/sample-response",
        "/examples/{id}",
        "/clinics/labs/samples",
    ] {
        assert!(!is_probe(path), "{path}");
    }
}

#[test]
fn protocol_endpoints_are_recognized_by_their_path() {
    assert!(is_protocol_endpoint("/api/v2/oauth/token") && is_protocol_endpoint("/oauth2/v1/keys"));
    assert!(
        !is_protocol_endpoint("/token") && !is_protocol_endpoint("/oauth/clients") && !is_protocol_endpoint("/v1/keys")
    );
}
