//! Who asks over TCP, and what they may do: users log in and have a session, programs send a token.
//!
//! Both are known by their Argon2id hashes. Working one out is slow on purpose, so one is worked out at a time, only while the
//! limiter has tries left, and what was right is remembered by its digest. Sessions are kept in memory: a restart or another
//! `[http]` ends them.

use super::{
    api::Caller,
    far_end::FarEnd,
    limiter::Limiter,
    problem::problem,
    secret::{self, Digest},
};
use crate::{
    clock::{Clock, Moment},
    model::{ClockTrust, HttpSettings, Login, Scope, SecretHash, Source},
};
use axum::{
    Json,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{AUTHORIZATION, COOKIE, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Semaphore;

/// The name of the session's cookie.
pub(super) const COOKIE_NAME: &str = "hearthd";
/// A session that is not used for so long ends,
const IDLE_MAX: Duration = Duration::from_secs(7 * 86_400);
/// and each one after so long.
const SESSION_MAX: Duration = Duration::from_secs(30 * 86_400);
/// So many sessions; a new one ends the one that was not used for longest.
const SESSIONS_MAX: usize = 64;
/// Of one user.
const SESSIONS_OF_ONE_MAX: usize = 8;
/// Between two lines of the log about tries that are held off.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// Who may come in, and who has.
pub(super) struct Auth {
    /// Nobody has to say who they are.
    is_open: bool,
    /// Those with the scope may edit the file.
    configure: bool,
    users: Vec<Login>,
    tokens: Vec<Login>,
    clock: Clock,
    state: Mutex<Seen>,
    /// One hash at a time: each takes 20 MiB.
    hashing: Arc<Semaphore>,
}

#[derive(Default)]
struct Seen {
    limiter: Limiter,
    sessions: Vec<Session>,
    /// Tokens that were right.
    tokens: BTreeMap<Digest, Who>,
    said: Option<Moment>,
}

struct Session {
    digest: Digest,
    who: Who,
    begun: Moment,
    used: Moment,
}

/// Somebody who came in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Who {
    name: Arc<str>,
    scope: Scope,
}

impl Who {
    fn of(login: &Login) -> Who {
        Who { name: login.name.clone(), scope: login.scope }
    }
}

/// The body of `POST /api/v1/login`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    user: String,
    password: String,
}

impl Auth {
    pub fn new(settings: &HttpSettings) -> Auth {
        Auth {
            is_open: settings.is_open(),
            configure: settings.configure,
            users: settings.users.clone(),
            tokens: settings.tokens.clone(),
            clock: Clock::system(Moment::START, ClockTrust::Always),
            state: Mutex::default(),
            hashing: Arc::new(Semaphore::new(1)),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who sends this request.
    async fn who(&self, headers: &HeaderMap, peer: IpAddr) -> Result<(Who, Option<Digest>), Response> {
        if self.is_open {
            return Ok((Who { name: "".into(), scope: Scope::Configure }, None));
        }
        if let Some(token) = bearer(headers) {
            let digest = secret::fingerprint(token);
            if let Some(who) = self.seen().tokens.get(&digest).cloned() {
                return Ok((who, None));
            }
            let who = self.try_one(token, &self.tokens, peer, "a wrong token").await?;
            self.seen().tokens.insert(digest, who.clone());
            return Ok((who, None));
        }
        let now = self.clock.now().moment;
        let session = cookie(headers).map(secret::fingerprint);
        let session = session.and_then(|digest| Some((self.seen().use_session(&digest, now)?, Some(digest))));
        session.ok_or_else(|| unknown("log in at /api/v1/login, or send a token (authorization: Bearer ...)"))
    }

    /// Whose secret this is of `logins`; takes a try of this address.
    async fn try_one(&self, secret: &str, logins: &[Login], peer: IpAddr, wrong: &str) -> Result<Who, Response> {
        let now = self.clock.now().moment;
        {
            let mut seen = self.seen();
            if let Err(wait) = seen.limiter.take(peer, now) {
                if seen.said.is_none_or(|said| now.since(said) >= SAY_EVERY) {
                    seen.said = Some(now);
                    tracing::warn!("HTTP: too many wrong passwords or tokens, at last from {peer}: they are held off");
                }
                return Err(held_off(wait));
            }
        }
        let hashes: Vec<SecretHash> = logins.iter().map(|login| login.hash.clone()).collect();
        let secret = secret.to_owned();
        // It goes with the work, which goes on where whoever asked has gone.
        let Ok(turn) = self.hashing.clone().acquire_owned().await else {
            return Err(unknown("hearthd is stopping"));
        };
        let complaint = format!("HTTP: {wrong} from {peer}");
        let found = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let fits = |hash: &SecretHash| secret.len() <= secret::LONGEST && secret::fits(&secret, hash);
            let found = hashes.iter().position(fits);
            if hashes.is_empty() {
                // A name that nobody has takes as long as one that somebody has.
                fits(&SecretHash::default());
            }
            if found.is_none() {
                tracing::warn!("{complaint}");
            }
            found
        });
        match found.await.ok().flatten().and_then(|index| logins.get(index)) {
            Some(login) => {
                self.seen().limiter.give_back(peer);
                Ok(Who::of(login))
            }
            None => Err(unknown("wrong name, password or token")),
        }
    }

    /// Begins a session: the cookie that it is known by.
    pub async fn log_in(&self, credentials: Credentials, far_end: FarEnd) -> Response {
        let peer = far_end.address;
        let user: Vec<Login> = self.users.iter().filter(|user| *user.name == *credentials.user).cloned().collect();
        // What nobody is called may be a password in the wrong place.
        let wrong = user
            .first()
            .map_or("a log-in as nobody that there is".into(), |user| format!("a wrong password for {}", user.name));
        let who = match self.try_one(&credentials.password, &user, peer, &wrong).await {
            Ok(who) => who,
            Err(response) => return response,
        };
        let Ok(id) = secret::random() else {
            return problem(StatusCode::SERVICE_UNAVAILABLE, "the system gives no random numbers");
        };
        let now = self.clock.now().moment;
        self.seen().begin(Session { digest: secret::fingerprint(&id), who: who.clone(), begun: now, used: now });
        tracing::info!("HTTP: {} logged in from {peer}", who.name);
        (set_cookie(&id, SESSION_MAX, far_end), Json(described(&who, self.configure))).into_response()
    }
}

/// Without a path, a browser sends a cookie to what stands beside `login`: our API, also under the path of a proxy.
fn set_cookie(id: &str, lives: Duration, far_end: FarEnd) -> [(HeaderName, String); 1] {
    let secure = if far_end.by_tls { "; Secure" } else { "" };
    let text = format!("{COOKIE_NAME}={id}; Max-Age={}; HttpOnly; SameSite=Strict{secure}", lives.as_secs());
    [(SET_COOKIE, text)]
}

impl Session {
    fn lives(&self, now: Moment) -> bool {
        now.since(self.begun) < SESSION_MAX && now.since(self.used) < IDLE_MAX
    }
}

impl Seen {
    /// Whether there is such a session, which is not used by that.
    fn has_session(&self, digest: &Digest, now: Moment) -> bool {
        self.sessions.iter().any(|session| session.digest == *digest && session.lives(now))
    }

    /// Whose session this is; it is used by that.
    fn use_session(&mut self, digest: &Digest, now: Moment) -> Option<Who> {
        self.sessions.retain(|session| session.lives(now));
        let session = self.sessions.iter_mut().find(|session| session.digest == *digest)?;
        session.used = now;
        Some(session.who.clone())
    }

    fn begin(&mut self, session: Session) {
        // Nobody who logs in again and again puts out others.
        let own = |other: &Session| other.who.name == session.who.name;
        let is_full = self.sessions.len() >= SESSIONS_MAX;
        if is_full || self.sessions.iter().filter(|other| own(other)).count() >= SESSIONS_OF_ONE_MAX {
            let oldest = self.sessions.iter().enumerate().min_by_key(|(_, other)| (!own(other), other.used));
            if let Some((oldest, _)) = oldest {
                self.sessions.remove(oldest);
            }
        }
        self.sessions.push(session);
    }
}

/// Lets those pass who may do what they ask for.
pub(super) async fn admit(
    State((auth, needed)): State<(Arc<Auth>, Scope)>,
    mut request: Request,
    next: Next,
) -> Response {
    let (who, session) = match auth.who(request.headers(), far_end(&request).address).await {
        Ok(admitted) => admitted,
        Err(response) => return response,
    };
    if who.scope < needed {
        let text = format!("this needs the scope \"{}\", and {} has \"{}\"", needed.word(), who.name, who.scope.word());
        return problem(StatusCode::FORBIDDEN, &text);
    }
    request.extensions_mut().insert(Admitted { auth: auth.clone(), session });
    request.extensions_mut().insert(Caller(Source::Http(who.name)));
    next.run(request).await
}

/// By what somebody was let in, for what goes on after the answer has begun.
#[derive(Clone)]
pub(super) struct Admitted {
    auth: Arc<Auth>,
    /// None: by a token, or since nobody has to say who they are; that ends with the configuration.
    session: Option<Digest>,
}

impl Admitted {
    /// Whether that still counts.
    pub fn counts(&self) -> bool {
        let now = self.auth.clock.now().moment;
        self.session.is_none_or(|digest| self.auth.seen().has_session(&digest, now))
    }
}

/// `GET /api/v1/session`
pub(super) async fn session(State(auth): State<Arc<Auth>>, request: Request) -> Response {
    match auth.who(request.headers(), far_end(&request).address).await {
        Ok((who, _)) => Json(described(&who, auth.configure)).into_response(),
        Err(response) => response,
    }
}

/// `POST /api/v1/logout`
pub(super) async fn log_out(State(auth): State<Arc<Auth>>, request: Request) -> Response {
    if let Some(digest) = cookie(request.headers()).map(secret::fingerprint) {
        auth.seen().sessions.retain(|session| session.digest != digest);
    }
    (StatusCode::NO_CONTENT, set_cookie("", Duration::ZERO, far_end(&request))).into_response()
}

/// Who asks, as the gate found.
pub(super) fn far_end(request: &Request) -> FarEnd {
    let unknown = FarEnd { address: Ipv4Addr::UNSPECIFIED.into(), by_tls: false };
    request.extensions().get().copied().unwrap_or(unknown)
}

/// Who somebody is, and what they may do.
#[derive(Serialize, JsonSchema)]
pub(super) struct Described {
    /// Null where nobody has to say.
    user: Option<String>,
    /// `read`, `control` or `configure`.
    scope: &'static str,
    /// Whether they may edit the configuration file here.
    edits: bool,
}

fn described(who: &Who, configure: bool) -> Described {
    let user = (!who.name.is_empty()).then(|| who.name.to_string());
    Described { user, scope: who.scope.word(), edits: configure && who.scope == Scope::Configure }
}

fn unknown(text: &str) -> Response {
    ([(WWW_AUTHENTICATE, "Bearer")], problem(StatusCode::UNAUTHORIZED, text)).into_response()
}

fn held_off(wait: Duration) -> Response {
    let seconds = wait.as_secs().max(1);
    let text = format!("too many wrong passwords or tokens; try again in {seconds} s");
    ([(RETRY_AFTER, HeaderValue::from(seconds))], problem(StatusCode::TOO_MANY_REQUESTS, &text)).into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn session(id: &str, at: Moment) -> Session {
        let who = Who { name: id.into(), scope: Scope::Read };
        Session { digest: secret::fingerprint(id), who, begun: at, used: at }
    }

    #[test]
    fn sessions_end_when_they_are_not_used_or_too_old() {
        let (mut seen, mut now) = (Seen::default(), Moment::START);
        seen.begin(session("used", now));
        seen.begin(session("idle", now));
        for _ in 0..5 {
            now = now + DAY * 5;
            assert!(seen.use_session(&secret::fingerprint("used"), now).is_some());
        }
        assert!(seen.use_session(&secret::fingerprint("idle"), now).is_none());
        assert!(seen.use_session(&secret::fingerprint("used"), now + DAY * 5).is_none(), "a month is over");
        assert!(
            seen.use_session(&secret::fingerprint(""), now).is_none()
                && seen.use_session(&secret::fingerprint("nobody"), now).is_none()
        );
    }

    /// What a request with its cookie gets, as time goes on.
    #[tokio::test]
    async fn the_cookie_of_a_session_that_is_over_is_none() {
        let begin = chrono::DateTime::UNIX_EPOCH;
        // It stands where it is to be, and is there at once.
        let clock = Clock::accelerated(Moment::START, begin, 1e-9);
        clock.run_to(begin);
        clock.set_speed(1e12);
        let auth = Auth { is_open: false, clock: clock.clone(), ..Auth::new(&HttpSettings::default()) };
        auth.seen().begin(session("anna", clock.now().moment));
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, "hearthd=anna".parse().unwrap());
        let asks = async |days: u32| {
            let then = begin + DAY * days;
            clock.run_to(then);
            while clock.now().wall < then {}
            let who = auth.who(&headers, Ipv4Addr::LOCALHOST.into()).await;
            who.map(|(who, _)| who.name.to_string()).map_err(|response| {
                assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
                response.status()
            })
        };
        assert_eq!(asks(0).await, Ok("anna".into()));
        assert_eq!(asks(6).await, Ok("anna".into()));
        assert_eq!(asks(14).await, Err(StatusCode::UNAUTHORIZED), "it was not used for a week");
        auth.seen().begin(session("anna", clock.now().moment));
        for days in (16..44).step_by(4) {
            assert_eq!(asks(days).await, Ok("anna".into()), "{days}");
        }
        assert_eq!(asks(45).await, Err(StatusCode::UNAUTHORIZED), "it is a month old");
    }

    #[test]
    fn a_new_session_ends_the_one_that_was_not_used_for_longest() {
        let mut seen = Seen::default();
        for n in 0..SESSIONS_MAX + 10 {
            seen.begin(session(&n.to_string(), Moment::START + Duration::from_secs(n as u64)));
        }
        let now = Moment::START + DAY;
        assert_eq!(seen.sessions.len(), SESSIONS_MAX);
        assert!(
            seen.use_session(&secret::fingerprint("9"), now).is_none()
                && seen.use_session(&secret::fingerprint("10"), now).is_some()
        );
    }

    #[test]
    fn tokens_and_cookies_are_found_in_headers() {
        let mut headers = HeaderMap::new();
        assert_eq!((bearer(&headers), cookie(&headers)), (None, None));
        headers.insert(AUTHORIZATION, "bearer  abc ".parse().unwrap());
        headers.insert(COOKIE, "xhearthd=1; hearthd=abc=; other=2".parse().unwrap());
        assert_eq!((bearer(&headers), cookie(&headers)), (Some("abc"), Some("abc=")));
        headers.insert(AUTHORIZATION, "Basic abc".parse().unwrap());
        assert_eq!(bearer(&headers), None);
    }
}
