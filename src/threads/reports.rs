//! What a thread tells the control loop, kept until that has room for it.

use crate::model::Event;
use std::{collections::VecDeque, ops::ControlFlow, time::Duration};
use tokio::sync::mpsc::{Sender, error::TrySendError};

/// Between two tries to report to a loop that is behind, in real time.
pub const QUEUE_FULL_WAIT: Duration = Duration::from_millis(20);

/// The reports of one thread, which waits for nobody's room.
pub struct Reports {
    events: Sender<Event>,
    /// In order.
    unsent: VecDeque<Event>,
}

impl Reports {
    /// By these events.
    pub fn new(events: Sender<Event>) -> Reports {
        Reports { events, unsent: VecDeque::new() }
    }

    /// Adds one, to be sent after all others.
    pub fn push(&mut self, event: Event) {
        self.unsent.push_back(event);
    }

    /// Whether all are sent.
    pub fn are_sent(&self) -> bool {
        self.unsent.is_empty()
    }

    /// When those that are left are to be sent again.
    pub fn wait(&self) -> Option<Duration> {
        (!self.are_sent()).then_some(QUEUE_FULL_WAIT)
    }

    /// Sends as many as there is room for. Break: nobody listens any more, and nothing is to be told.
    pub fn send(&mut self) -> ControlFlow<()> {
        while let Some(event) = self.unsent.pop_front() {
            match self.events.try_send(event) {
                Ok(()) => {}
                Err(TrySendError::Closed(_)) => {
                    self.unsent.clear();
                    return ControlFlow::Break(());
                }
                Err(TrySendError::Full(event)) => {
                    self.unsent.push_front(event);
                    break;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Those that are not sent, which nobody gets.
    #[cfg(test)]
    pub fn take(&mut self) -> Vec<Event> {
        self.unsent.drain(..).collect()
    }
}

impl Extend<Event> for Reports {
    fn extend<I: IntoIterator<Item = Event>>(&mut self, events: I) {
        self.unsent.extend(events);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_comes_later_in_order() {
        let (events, mut told) = tokio::sync::mpsc::channel(2);
        let mut reports = Reports::new(events);
        let reached = |output: &str| Event::WireReached { output: output.into() };
        reports.extend(["a", "b", "c"].map(reached));
        assert_eq!((reports.send(), reports.wait()), (ControlFlow::Continue(()), Some(QUEUE_FULL_WAIT)));
        reports.push(reached("d"));
        assert_eq!([told.try_recv(), told.try_recv()], [Ok(reached("a")), Ok(reached("b"))]);
        assert_eq!((reports.send(), reports.wait()), (ControlFlow::Continue(()), None));
        assert_eq!([told.try_recv(), told.try_recv()], [Ok(reached("c")), Ok(reached("d"))]);
        drop(told);
        reports.push(reached("e"));
        assert_eq!((reports.send(), reports.are_sent()), (ControlFlow::Break(()), true));
    }
}
