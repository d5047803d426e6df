//! The native API of ESPHome, by which Home Assistant takes in the house as a device, without a broker.
//!
//! ```text
//!  snapshots, vitals ──> Board ──> Client ──> Wire ──> Home Assistant     entities, states, what happens
//!             house <── requests ──┘  └─ Session <─ Wire <──              commands, actions
//!             house <── events ─────── states::Turn <──┘                  its own entities
//! ```
//!
//! - **No policy.** What a point is, its description says; what a command means, the engine decides.
//! - **One listing for each connection.** Home Assistant asks once what entities there are. When there are others, clients are
//!   asked to leave, and come again.
//! - **Nothing is queued.** The newest state of each entity replaces the one before; who takes nothing is let go.
//! - **Nobody gets in without the key**, unless the file says so by name. `wire.rs` bounds and decrypts, `session.rs` judges.

pub mod actions;
mod announce;
pub mod board;
mod client;
pub mod entities;
mod guests;
mod hour;
mod identity;
pub mod listing;
mod log;
mod message;
mod names;
mod places;
mod server;
pub mod session;
mod states;
#[cfg(test)]
mod tests;
pub mod wire;

pub use identity::{KEY_FILE, new_key};

use crate::{house::House, model::Guest};
use guests::Guests;
use server::Why;
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::{sync::watch, task::spawn_blocking, time::sleep};

/// When what it needs could not be read.
const AGAIN: Duration = Duration::from_secs(60);

/// Serves the API as the configuration in force wants it, until the house is stopping. What makes it the same device over
/// restarts is kept in `state`; who is connected is shown in `guests`.
pub fn attach(
    house: &House,
    state: Option<PathBuf>,
    guests: watch::Sender<Arc<[Guest]>>,
) -> impl Future<Output = ()> + Send + use<> {
    let (guests, hour) = (Guests::new(guests), hour::Door::new(house));
    let mut house = house.clone();
    let (states, followed) = states::attach(&house);
    let serve = async move {
        loop {
            let config = house.config.borrow_and_update().clone();
            if let Some(settings) = &config.homeassistant {
                let (state, encryption, hub) = (state.clone(), settings.encryption.clone(), config.hub.id.clone());
                // A disk may be slow, and this is the control loop's thread.
                let greeting = spawn_blocking(move || identity::greeting(state.as_deref(), &encryption, &hub)).await;
                match greeting.unwrap_or_else(|error| Err(error.to_string())) {
                    Ok(greeting) => {
                        match server::serve(&house, &config, settings, greeting, &states, (&guests, &hour)).await {
                            Why::Stopped => return,
                            Why::Changed => continue,
                        }
                    }
                    Err(why) => tracing::error!("Home Assistant cannot get in: {why}"),
                }
            }
            let wants_it = config.homeassistant.is_some();
            let mut configs = house.config.clone();
            tokio::select! {
                () = house.stopping() => return,
                changed = configs.changed() => if changed.is_err() { return },
                () = sleep(AGAIN), if wants_it => {}
            }
        }
    };
    async move {
        tokio::join!(serve, followed);
    }
}
