//! The console's end of the socket: one request, one answer.

use super::trust::is_trusted;
use axum::http::{Method, Request, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::net::UnixStream;

/// Longer than the service takes to give up.
const PATIENCE: Duration = Duration::from_secs(15);
const ANSWER_MAX: usize = 16 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody listens on the socket.
    #[error(
        "hearthd is not running (nobody answers at {}: {cause}); start it with `systemctl start hearthd` or `hearthd run`",
        socket.display()
    )]
    NotRunning {
        /// Where it was looked for.
        socket: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The socket belongs to others.
    #[error("no permission to talk to hearthd; join its group with `sudo usermod -aG hearthd $USER` and log in again")]
    Permission,
    /// Somebody else may have made the socket.
    #[error(
        "{socket} is not talked to: user {user} listens there, who is neither root nor you, and the folder is not one that \
         root gave to that user"
    )]
    Stranger {
        /// Where.
        socket: String,
        /// The number of the user.
        user: u32,
    },
    /// It answers, but not as hearthd does.
    #[error("hearthd does not answer as it should: {0}")]
    Protocol(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// hearthd refused.
    #[error("{0}")]
    Refused(String),
}

/// Sends one request and reads the JSON answer.
///
/// # Errors
/// When hearthd does not run, may not be talked to, or refuses: then with its reason.
pub async fn request<T: serde::de::DeserializeOwned>(
    socket: &Path,
    method: Method,
    path: &str,
    body: Option<serde_json::Value>,
) -> Result<T, Error> {
    let exchange = exchange(socket, method, path, body);
    let (status, bytes) =
        tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| Error::Protocol("no answer in time".into()))??;
    if status.is_success() {
        return serde_json::from_slice(&bytes).map_err(protocol);
    }
    let answer: serde_json::Value = serde_json::from_slice(&bytes).map_err(protocol)?;
    // Before an update is followed by a restart, a hearthd may answer that does not know problem details.
    let reason = answer["detail"].as_str().or(answer["error"].as_str());
    let reason = reason.unwrap_or("refused without a reason").to_owned();
    Err(if status == StatusCode::NOT_FOUND { Error::NotFound(reason) } else { Error::Refused(reason) })
}

/// The path of a point's resource; the name may hold anything a user types.
pub fn point_path(folder: &str, name: &str) -> String {
    format!("/api/v1/{folder}/{}", escaped(name))
}

/// What follows the path of a question: `?from=today&every=1h`.
pub fn query(fields: &[(&str, Option<&str>)]) -> String {
    let given = fields.iter().filter_map(|(name, value)| Some(format!("{name}={}", escaped((*value)?))));
    let given: Vec<String> = given.collect();
    if given.is_empty() { String::new() } else { format!("?{}", given.join("&")) }
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

async fn exchange(
    socket: &Path,
    method: Method,
    path: &str,
    body: Option<serde_json::Value>,
) -> Result<(StatusCode, Bytes), Error> {
    let not_running = |cause| Error::NotRunning { socket: socket.to_owned(), cause };
    let stream = UnixStream::connect(socket).await.map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => Error::Permission,
        _ => not_running(error),
    })?;
    // Asked of the kernel, about the process that made the socket.
    let peer = stream.peer_cred().map_err(not_running)?.uid();
    if !is_trusted(socket, peer).map_err(not_running)? {
        return Err(Error::Stranger { socket: socket.display().to_string(), user: peer });
    }
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(protocol)?;
    let connection = tokio::spawn(connection);
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "hearthd")
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(protocol)?;
    let response = sender.send_request(request).await.map_err(protocol)?;
    let status = response.status();
    let bytes = Limited::new(response.into_body(), ANSWER_MAX).collect().await.map_err(protocol)?.to_bytes();
    connection.abort();
    Ok((status, bytes))
}

fn protocol(error: impl ToString) -> Error {
    Error::Protocol(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::point_path;

    #[test]
    fn names_are_escaped() {
        assert_eq!(point_path("why", "hall_light"), "/api/v1/why/hall_light");
        assert_eq!(point_path("points", "a/b ü"), "/api/v1/points/a%2Fb%20%C3%BC");
    }
}
