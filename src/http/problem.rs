//! What went wrong, as problem details (RFC 9457).

use axum::{
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The body of every answer that is no success. Its `type` is `about:blank`, so it is left out: the status says the kind.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// What the status is called.
    pub title: String,
    /// The status.
    pub status: u16,
    /// What is wrong, and what to do instead: for people.
    pub detail: String,
}

/// An answer that says what is wrong.
pub(super) fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default().to_owned();
    let body = Problem { title, status: status.as_u16(), detail: detail.to_owned() };
    let text = serde_json::to_string(&body).unwrap_or_default();
    let kind = HeaderValue::from_static("application/problem+json");
    (status, [(CONTENT_TYPE, kind)], text).into_response()
}
