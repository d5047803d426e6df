//! The listeners: the Unix socket, and TCP as the configuration in force says.

use super::{
    House,
    api::{App, Caller, REQUEST_WITHIN, routes},
    auth::Auth,
    connections::{Connections, Patient, Work},
    gate::{Gate, Link, guard},
    tls::{self, Certificates, Identity},
};
use crate::model::{Config, HttpSettings, Source};
use axum::{Extension, Router, middleware};
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{
    future::ready,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::watch,
    time::{sleep, timeout},
};

/// When the system is out of descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);
/// When the address was taken, or is none of this machine's yet.
const LISTEN_AGAIN: Duration = Duration::from_secs(10);
/// A client that takes nothing of its answer for so long is let go.
const TAKEN_WITHIN: Duration = Duration::from_secs(5);
/// Where other settings come into force, what is asked for is answered within this.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// The largest head of a request, in bytes.
const HEAD_MAX: usize = 32 << 10;

/// How many a listener serves at a time.
struct Limits {
    connections: usize,
    /// Of which so many may read events: these stay.
    readers: usize,
}

const ON_SOCKET: Limits = Limits { connections: 64, readers: 32 };
const ON_TCP: Limits = Limits { connections: 256, readers: 128 };

/// Where TCP is served, or why it is not, though it should be; None: it need not be.
pub type Listening = Option<Result<SocketAddr, String>>;

/// Serves `house` on a listening socket until the task is dropped.
pub async fn serve(listener: UnixListener, house: House) {
    let routes = routes(App::new(house, ON_SOCKET.readers), None).layer(Extension(Caller(Source::Console)));
    let mut connections = Connections::new(ON_SOCKET.connections);
    let mut service = Service::new(routes, &mut connections);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => service.connect(ready(Some(stream)), None).await,
            Err(error) => cannot_accept("control socket", &error).await,
        }
    }
}

/// Serves `house` over TCP as the newest configuration says, until the task is dropped. `listening` is told where. What is made
/// for it is kept in `state`.
pub async fn serve_tcp(mut house: House, listening: watch::Sender<Listening>, state: Option<PathBuf>) {
    loop {
        let config = house.config.borrow_and_update().clone();
        let mut connections = Connections::new(ON_TCP.connections);
        let served = async {
            match &config.http {
                Some(settings) => listen(settings, &house, &listening, state.as_deref(), &mut connections).await,
                None => {
                    listening.send_replace(None);
                    std::future::pending().await
                }
            }
        };
        tokio::select! {
            () = served => {}
            () = until_other_settings(house.config.clone(), &config) => {}
        }
        // One of them may have asked for the change, and is still to be told.
        connections.end(ANSWER_WITHIN).await;
    }
}

/// Until another configuration wants to be served otherwise.
async fn until_other_settings(mut configs: watch::Receiver<Arc<Config>>, config: &Config) {
    if configs.wait_for(|now| now.http != config.http).await.is_err() {
        // The daemon stops.
        std::future::pending().await
    }
}

/// Serves on the address of the settings, as soon as it can be had.
async fn listen(
    settings: &HttpSettings,
    house: &House,
    listening: &watch::Sender<Listening>,
    state: Option<&Path>,
    connections: &mut Connections,
) {
    let auth = Arc::new(Auth::new(settings));
    if settings.is_open() && !HttpSettings::is_of_this_machine(settings.listen) {
        // The configuration is not accepted so.
        tracing::error!("HTTP is not served on {}: nobody would have to say who they are", settings.listen);
        return std::future::pending().await;
    }
    let (listener, mut certificates) = loop {
        match open(settings, state).await {
            Ok(open) => break open,
            Err(text) => {
                let told = Some(Err(text.clone()));
                if listening.send_if_modified(|now| std::mem::replace(now, told.clone()) != told) {
                    tracing::warn!("{text}");
                }
                sleep(LISTEN_AGAIN).await;
            }
        }
    };
    let address = listener.local_addr().unwrap_or(settings.listen);
    tracing::info!("HTTP at http{}://{address}/", if settings.tls.is_some() { "s" } else { "" });
    if let Some(fingerprint) = certificates.as_ref().and_then(|certificates| certificates.fingerprint.as_ref()) {
        tracing::info!("HTTP shows a certificate that hearthd made; its SHA-256 fingerprint is {fingerprint}");
    }
    listening.send_replace(Some(Ok(address)));
    let gate = Arc::new(Gate {
        names: settings.all_names().collect(),
        proxies: settings.proxies.clone(),
        is_open: settings.is_open(),
        by_tls: settings.tls.is_some(),
    });
    let routes = routes(App::new(house.clone(), ON_TCP.readers), Some(&auth))
        .layer(Extension(Caller(Source::Http("".into()))))
        .layer(middleware::from_fn_with_state(gate, guard));
    let mut service = Service::new(routes, connections);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let Ok(local) = stream.local_addr() else { continue };
                // An answer is small, and somebody waits for it.
                let _ = stream.set_nodelay(true);
                let link = Some(Link { local, peer });
                match &mut certificates {
                    None => service.connect(ready(Some(stream)), link).await,
                    Some(certificates) => {
                        let handshake = tls::open(certificates.acceptor().await, stream);
                        let opening = async { timeout(REQUEST_WITHIN, handshake).await.ok()? };
                        service.connect(opening, link).await;
                    }
                }
            }
            Err(error) => cannot_accept("HTTP service", &error).await,
        }
    }
}

/// The listener, and what it needs for TLS.
async fn open(settings: &HttpSettings, state: Option<&Path>) -> Result<(TcpListener, Option<Certificates>), String> {
    let certificates = match &settings.tls {
        Some(tls) => {
            let (address, own) = (settings.listen.ip(), "localhost".to_owned());
            let names = [own].into_iter().chain((!address.is_unspecified()).then(|| address.to_string()));
            let names = names.chain(settings.all_names()).collect();
            let identity = Identity { tls: tls.clone(), names, state: state.map(Path::to_owned) };
            Some(Certificates::read(identity).await.map_err(|why| format!("no HTTP: {why}"))?)
        }
        None => None,
    };
    match TcpListener::bind(settings.listen).await {
        Ok(listener) => Ok((listener, certificates)),
        Err(error) => Err(cannot_listen(settings.listen, &error)),
    }
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> String {
    let cause = match error.kind() {
        io::ErrorKind::AddrInUse => "another program has this port; give http.listen another".into(),
        io::ErrorKind::AddrNotAvailable => "this machine has no such address (yet)".into(),
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need a right (docs/http.md, Without a port); give http.listen a higher one".into()
        }
        _ => error.to_string(),
    };
    format!("no HTTP at {address}: {cause}")
}

async fn cannot_accept(what: &str, error: &io::Error) {
    tracing::warn!("the {what} cannot take a connection: {error}");
    sleep(ACCEPT_AGAIN).await;
}

/// What answers on a listener, and its connections.
struct Service<'c> {
    http: http1::Builder,
    routes: Router,
    connections: &'c mut Connections,
}

impl Service<'_> {
    fn new(routes: Router, connections: &mut Connections) -> Service<'_> {
        let mut http = http1::Builder::new();
        // A client that says nothing is not kept for ever.
        http.timer(TokioTimer::new()).header_read_timeout(REQUEST_WITHIN).max_buf_size(HEAD_MAX);
        // The library cannot write a date before 1970, and tries to.
        http.auto_date_header(false);
        Service { http, routes, connections }
    }

    /// Serves one more connection. Each of its requests knows it; routes with layers of their own would take 0.7 MB.
    async fn connect<S, O>(&mut self, opening: O, link: Option<Link>)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        O: Future<Output = Option<S>> + Send + 'static,
    {
        let work = Work::default();
        let (routes, of_connection) = (TowerToHyperService::new(self.routes.clone()), work.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(of_connection.clone());
            if let Some(link) = link {
                request.extensions_mut().insert(link);
            }
            routes.call(request)
        });
        let http = self.http.clone();
        // How a connection ended is the client's affair.
        let connection = async move {
            if let Some(stream) = opening.await {
                drop(http.serve_connection(Patient::new(TokioIo::new(stream), TAKEN_WITHIN), service).await);
            }
        };
        self.connections.add(work, connection).await;
    }
}
