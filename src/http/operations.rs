//! Every operation of the API, each in one row: where it is, who may ask for it, what it takes and what it answers. The
//! routes, the admission and the OpenAPI document are made of them.

use super::{
    api::App,
    auth::{self, Auth},
};
use crate::model::Scope;
use axum::{
    Router,
    handler::Handler,
    http::StatusCode,
    middleware,
    routing::{MethodFilter, MethodRouter, on},
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use std::sync::Arc;

/// How it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Put,
    Post,
    Delete,
}

impl Verb {
    /// As OpenAPI has it.
    pub fn word(self) -> &'static str {
        match self {
            Verb::Get => "get",
            Verb::Put => "put",
            Verb::Post => "post",
            Verb::Delete => "delete",
        }
    }

    fn filter(self) -> MethodFilter {
        match self {
            Verb::Get => MethodFilter::GET,
            Verb::Put => MethodFilter::PUT,
            Verb::Post => MethodFilter::POST,
            Verb::Delete => MethodFilter::DELETE,
        }
    }
}

/// The shape of a body.
pub(super) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// What an answer holds.
#[derive(Clone, Copy)]
pub(super) enum Content {
    Json(Shape),
    /// Text of this media type.
    Text(&'static str),
    /// Server-sent events: the name of each, when it comes, and what its data is.
    Events(&'static [(&'static str, &'static str, Shape)]),
    Empty,
}

/// One operation.
pub(super) struct Operation {
    pub verb: Verb,
    pub path: &'static str,
    /// What a generated client calls it.
    pub id: &'static str,
    /// One line.
    pub summary: &'static str,
    /// What one must be allowed to do; None: it is for everybody.
    pub scope: Option<Scope>,
    /// What its path may be followed by.
    pub query: Option<Shape>,
    /// Whether it says of which version it is a change.
    pub is_matched: bool,
    /// What it takes.
    pub body: Option<Shape>,
    /// What it answers when all is well, or as well as can be.
    pub answers: Vec<(StatusCode, Content)>,
    /// What of its own it answers otherwise, as problem details.
    pub problems: Vec<StatusCode>,
    handler: MethodRouter<App>,
}

impl Operation {
    pub fn new<T: 'static>(
        verb: Verb,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        handler: impl Handler<T, App>,
    ) -> Operation {
        Operation::routed(verb, path, id, summary, on(verb.filter(), handler))
    }

    /// One that is about who asks.
    pub fn of_auth<T: 'static>(
        verb: Verb,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        (handler, auth): (impl Handler<T, Arc<Auth>>, &Arc<Auth>),
    ) -> Operation {
        Operation::routed(verb, path, id, summary, on(verb.filter(), handler).with_state(auth.clone()))
    }

    fn routed(
        verb: Verb,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        handler: MethodRouter<App>,
    ) -> Operation {
        let (answers, problems) = (Vec::new(), Vec::new());
        Operation {
            verb,
            path,
            id,
            summary,
            scope: None,
            query: None,
            is_matched: false,
            body: None,
            answers,
            problems,
            handler,
        }
    }

    pub fn scope(self, scope: Scope) -> Operation {
        Operation { scope: Some(scope), ..self }
    }

    /// Its path may be followed by the fields of this shape.
    pub fn asks<T: JsonSchema>(self) -> Operation {
        Operation { query: Some(T::json_schema), ..self }
    }

    /// It is a change of what `If-Match` names.
    pub fn matches(self) -> Operation {
        Operation { is_matched: true, ..self }
            .fails(&[StatusCode::PRECONDITION_REQUIRED, StatusCode::PRECONDITION_FAILED])
    }

    /// It takes JSON of this shape.
    pub fn takes<T: JsonSchema>(self) -> Operation {
        let body = Some(SchemaGenerator::subschema_for::<T> as Shape);
        Operation { body, ..self }.fails(&[
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::PAYLOAD_TOO_LARGE,
            StatusCode::UNPROCESSABLE_ENTITY,
        ])
    }

    /// It answers JSON of this shape.
    pub fn gives<T: JsonSchema>(self) -> Operation {
        self.answers(StatusCode::OK, Content::Json(SchemaGenerator::subschema_for::<T>))
    }

    pub fn answers(mut self, status: StatusCode, content: Content) -> Operation {
        self.answers.push((status, content));
        self
    }

    pub fn fails(mut self, statuses: &[StatusCode]) -> Operation {
        self.problems.extend(statuses);
        self
    }
}

/// The paths. With `auth`, operations that have a scope are for those who come in with it.
pub(super) fn route(operations: Vec<Operation>, auth: Option<&Arc<Auth>>) -> Router<App> {
    operations.into_iter().fold(Router::new(), |router, Operation { path, scope, handler, .. }| {
        let handler = match (auth, scope) {
            (Some(auth), Some(scope)) => {
                handler.route_layer(middleware::from_fn_with_state((auth.clone(), scope), auth::admit))
            }
            _ => handler,
        };
        router.route(path, handler)
    })
}
