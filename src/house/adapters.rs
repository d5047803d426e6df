//! The tasks that live as long as the house, watched alike.

use std::time::Duration;
use tokio::task::JoinHandle;

/// Adapters and whatever else runs beside the control loop. Dropped, they end.
#[derive(Default)]
pub struct Adapters(Vec<Adapter>);

struct Adapter {
    name: &'static str,
    task: JoinHandle<()>,
    takes_leave: bool,
}

impl Adapters {
    /// Runs a task that never ends by itself; `name` is what a message calls it.
    pub fn run(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.0.push(Adapter { name, task: tokio::spawn(task), takes_leave: false });
    }

    /// Runs a task that ends when the house is stopping ([`super::House::stopping`]), after its last words.
    pub fn attach(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.0.push(Adapter { name, task: tokio::spawn(task), takes_leave: true });
    }

    /// One that ended or panicked, though it should not have.
    pub fn ended(&self) -> Option<&'static str> {
        self.0.iter().find(|adapter| adapter.task.is_finished()).map(|adapter| adapter.name)
    }

    /// The house is stopping: waits until all have taken leave, for at most `patience`.
    pub async fn leave(mut self, patience: Duration) {
        let leaving = async {
            for adapter in self.0.iter_mut().filter(|adapter| adapter.takes_leave) {
                // A panic has told of itself.
                let _ = (&mut adapter.task).await;
            }
        };
        if tokio::time::timeout(patience, leaving).await.is_err() {
            let left = self.0.iter().filter(|adapter| adapter.takes_leave && !adapter.task.is_finished());
            left.for_each(|adapter| tracing::warn!("{} did not take leave within {patience:?}", adapter.name));
        }
    }
}

impl Drop for Adapters {
    fn drop(&mut self) {
        self.0.iter().for_each(|adapter| adapter.task.abort());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_that_ends_is_missed_by_name() {
        for panics in [false, true] {
            let mut adapters = Adapters::default();
            adapters.run("the first", std::future::pending());
            assert_eq!(adapters.ended(), None);
            adapters.attach("the second", async move { assert!(!panics, "a bug") });
            while adapters.ended().is_none() {
                tokio::task::yield_now().await;
            }
            assert_eq!(adapters.ended(), Some("the second"), "and it stays so");
        }
    }

    #[tokio::test]
    async fn those_that_take_leave_are_waited_for_but_not_for_ever() {
        let mut adapters = Adapters::default();
        let (said, mut last_words) = tokio::sync::mpsc::channel(2);
        adapters.run("the socket", std::future::pending());
        adapters.attach("the broker", async move {
            tokio::task::yield_now().await;
            said.send("offline").await.unwrap();
        });
        adapters.attach("one that hangs", std::future::pending());
        adapters.leave(Duration::from_millis(100)).await;
        assert_eq!(last_words.try_recv(), Ok("offline"));
    }
}
