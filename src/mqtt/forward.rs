//! Carries commands from the broker to the engine, and back what came of those that ask for an answer.

use super::reply::{Answer, ReplyTo};
use crate::house::{Answerer, Notification, Refused, Request};
use crate::model::{Command, Refusal, Snapshot};
use futures_util::{StreamExt, stream::FuturesUnordered};
use std::sync::Arc;
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};

/// So many commands wait for the engine before the connection does. A broker drops what a slow reader leaves there, so
/// there is room for a storm; each takes some 200 bytes, and only while it waits.
pub(super) const COMMANDS: usize = 16_384;
/// So many answers wait for what they are about; the commands of those who want more are carried out without one: nobody's
/// command waits for another's device, bus or disk.
pub(super) const ANSWERS: usize = 4_096;

/// A command, and where its sender wants an answer.
#[derive(Debug)]
pub(super) struct Commanded {
    pub(super) command: Command,
    pub(super) reply: Option<ReplyTo>,
}

/// What came of a command whose sender wants to know.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) answer: Answer,
    /// What is told of a refused one whether or not its sender wants to know.
    pub(super) refused: Option<Refused>,
}

/// Ends when no more commands come, or the house takes none.
pub(super) async fn forward(
    mut commands: mpsc::Receiver<Commanded>,
    requests: mpsc::Sender<Request>,
    refusals: mpsc::Sender<Notification>,
    answers: mpsc::Sender<Answered>,
) {
    // Each goes out when it is there: one's answer does not wait for another's device.
    let mut waiting = FuturesUnordered::new();
    loop {
        tokio::select! {
            Some(answered) = waiting.next() => {
                match answers.try_send(answered) {
                    Ok(()) => {}
                    Err(TrySendError::Full(answered)) => {
                        tracing::debug!("an answer to a command is left out: too many wait");
                        if let Some(refused) = answered.refused {
                            let _ = refusals.try_send(Notification::Refused(refused));
                        }
                    }
                    Err(TrySendError::Closed(_)) => return,
                }
            }
            commanded = commands.recv() => {
                let Some(Commanded { command, reply }) = commanded else { return };
                let answer = match reply.filter(|_| waiting.len() < ANSWERS) {
                    None => Answerer::Refusals(refusals.clone()),
                    Some(reply) => {
                        let (sender, answer) = oneshot::channel();
                        waiting.push(answered(command.clone(), reply, answer));
                        Answerer::Once(sender)
                    }
                };
                if requests.send(Request { command, answer }).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn answered(
    command: Command,
    reply: ReplyTo,
    answer: oneshot::Receiver<Result<Arc<Snapshot>, Refusal>>,
) -> Answered {
    match answer.await.unwrap_or(Err(Refusal::Stopping)) {
        Ok(after) => Answered { answer: Answer::accepted(reply, &command, &after), refused: None },
        Err(refusal) => {
            let Command { point, payload, .. } = command;
            let refused = Refused { point, payload, reason: refusal.to_string() };
            Answered { answer: Answer::refused(reply, &refused), refused: Some(refused) }
        }
    }
}
