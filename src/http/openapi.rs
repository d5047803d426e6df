//! The OpenAPI document (3.1), made of the operations and of the shapes of what they take and answer.

use super::{
    auth::COOKIE_NAME,
    operations::{Content, Operation},
    problem::Problem,
};
use axum::http::StatusCode;
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

const PROBLEM: &str = "application/problem+json";

/// What a stream of events is.
const STREAM: &str = "Server-sent events. The data of each is JSON of the shape that `x-events` names.";

/// What every operation may answer over TCP: a request that is not to be looked at, or that nobody answers.
const ALWAYS: [StatusCode; 4] =
    [StatusCode::BAD_REQUEST, StatusCode::FORBIDDEN, StatusCode::LENGTH_REQUIRED, StatusCode::MISDIRECTED_REQUEST];
/// What one that needs a scope may answer besides.
const TO_STRANGERS: [StatusCode; 2] = [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS];

/// The document of these operations; `has_access`: people and programs say who they are.
pub(super) fn document(operations: &[Operation], has_access: bool) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    // What may be left out of a body is there in an answer; no shape is of both.
    let mut taken = settings.clone().for_deserialize().into_generator();
    let mut given = settings.for_serialize().into_generator();
    let problem = json!(given.subschema_for::<Problem>());
    let mut paths = Map::new();
    for operation in operations {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.verb.word()] = describe(operation, &problem, &mut taken, &mut given);
        if !has_access {
            path[operation.verb.word()]["security"] = json!([]);
        }
    }
    let mut shapes = taken.take_definitions(true);
    shapes.extend(given.take_definitions(true));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "hearthd",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The house: its points, why they are as they are, and what changes. Errors are problem details (RFC 9457).",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": shapes,
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "A token of [http.tokens]." },
                "session": {
                    "type": "apiKey", "in": "cookie", "name": COOKIE_NAME, "description": "What `logIn` sets.",
                },
            },
        },
    })
}

fn describe(operation: &Operation, problem: &Value, taken: &mut SchemaGenerator, given: &mut SchemaGenerator) -> Value {
    let mut answers = Map::new();
    for (status, content) in &operation.answers {
        let mut answer = json!({ "description": status.canonical_reason().unwrap_or_default() });
        match content {
            Content::Json(shape) => answer["content"] = json!({ "application/json": { "schema": shape(given) } }),
            Content::Text(kind) => answer["content"] = json!({ *kind: { "schema": { "type": "string" } } }),
            // OpenAPI 3.1 has no word for what stands in a stream: an extension says of which event a shape is.
            Content::Events(events) => {
                let mut described = Map::new();
                for (name, when, shape) in *events {
                    described.insert((*name).into(), json!({ "description": when, "data": shape(given) }));
                }
                let stream = json!({ "type": "string", "description": STREAM });
                answer["content"] = json!({ "text/event-stream": { "schema": stream, "x-events": described } });
            }
            Content::Empty => {}
        }
        answers.insert(status.as_str().to_owned(), answer);
    }
    let to_strangers = TO_STRANGERS.iter().filter(|_| operation.scope.is_some());
    for status in ALWAYS.iter().chain(to_strangers).chain(&operation.problems) {
        let described = json!({
            "description": status.canonical_reason().unwrap_or_default(),
            "content": { PROBLEM: { "schema": problem } },
        });
        answers.entry(status.as_str()).or_insert(described);
    }
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "responses": answers,
        "security": match operation.scope {
            // A browser sends its cookie only to what stands beside `login`.
            Some(scope) if operation.path.starts_with("/api/v1/") => {
                json!([{ "token": [scope.word()] }, { "session": [scope.word()] }])
            }
            Some(scope) => json!([{ "token": [scope.word()] }]),
            None => json!([]),
        },
    });
    let names = operation.path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let parameters: Vec<Value> = names
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    let query = operation.query.and_then(|shape| shape(taken).get("properties").cloned());
    let fields = query.as_ref().and_then(Value::as_object).into_iter().flatten();
    let parameters: Vec<Value> = parameters
        .into_iter()
        .chain(fields.map(|(name, schema)| json!({ "name": name, "in": "query", "schema": schema })))
        .collect();
    let matched = operation.is_matched.then(|| {
        let description = "The version that is changed, in quotes, or * for whatever it is.";
        json!({ "name": "if-match", "in": "header", "required": true, "schema": { "type": "string" }, "description": description })
    });
    let parameters: Vec<Value> = parameters.into_iter().chain(matched).collect();
    if !parameters.is_empty() {
        described["parameters"] = parameters.into();
    }
    if let Some(shape) = operation.body {
        let content = json!({ "application/json": { "schema": shape(taken) } });
        described["requestBody"] = json!({ "required": true, "content": content });
    }
    described
}
