//! Commands by people and programs, and the way back for their answers.

use super::Notification;
use crate::model::{Command, Hold, Refusal, Snapshot, Source};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// A command, and who is to be answered.
pub struct Request {
    /// What is wished.
    pub command: Command,
    /// Where the answer goes.
    pub answer: Answerer,
}

impl Request {
    /// A command by the console, and where its answer will come: the snapshot after it, or why it was refused.
    pub fn new(
        point: &str,
        payload: &str,
        hold: Option<Hold>,
    ) -> (Request, oneshot::Receiver<Result<Arc<Snapshot>, Refusal>>) {
        Request::by(Source::Console, point, payload, hold)
    }

    /// As [`Request::new`], by somebody else.
    pub fn by(
        source: Source,
        point: &str,
        payload: &str,
        hold: Option<Hold>,
    ) -> (Request, oneshot::Receiver<Result<Arc<Snapshot>, Refusal>>) {
        let (point, payload) = (point.to_owned(), payload.to_owned());
        let command = Command { source, point, payload, hold };
        let (sender, answer) = oneshot::channel();
        (Request { command, answer: Answerer::Once(sender) }, answer)
    }
}

/// Where the answer to one [`Request`] goes.
pub enum Answerer {
    /// To one who waits for it: the snapshot after the command, when all that it promises is kept; or why it was refused.
    Once(oneshot::Sender<Result<Arc<Snapshot>, Refusal>>),
    /// To an adapter that sees in the snapshots what was accepted, and hears of what was refused:
    /// [`Notification::Refused`].
    Refusals(mpsc::Sender<Notification>),
}

/// An answer ready to be given.
pub struct Reply {
    /// To whom.
    pub to: oneshot::Sender<Result<Arc<Snapshot>, Refusal>>,
    /// Accepted or not.
    pub result: Result<(), Refusal>,
}

impl Reply {
    /// Gives the answer; `snapshot` is the house after the command.
    pub fn send(self, snapshot: &Arc<Snapshot>) {
        // Whoever asked may have gone away.
        let _ = self.to.send(self.result.map(|()| snapshot.clone()));
    }
}
