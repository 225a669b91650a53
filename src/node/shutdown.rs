//! When the node is to stop: SIGTERM or SIGINT; a second one ends it at once.

use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

/// Signals so soon after the first are the same wish, told twice: Ctrl-C reaches a program from its terminal and again from
/// the make or timeout that runs it.
const SAME_WISH: Duration = Duration::from_secs(1);

/// The exit status after a second signal, as shells have it for SIGINT.
const IMPATIENT: i32 = 130;

/// Listens for the signals that stop the node. Made before anything is answered, so that none is missed.
#[derive(Debug)]
pub struct Shutdown {
    terminate: Signal,
    interrupt: Signal,
}

impl Shutdown {
    /// Begins to listen.
    ///
    /// # Errors
    /// If the system does not let it.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Ends with the first signal. The next one ends the process: what was answered is on disk, and the rest is taken up
    /// at the next start.
    pub async fn wait(mut self) {
        self.signal().await;
        info!("stopping: requests under way are answered first");
        tokio::spawn(async move {
            let first = Instant::now();
            self.signal().await;
            while first.elapsed() < SAME_WISH {
                self.signal().await;
            }
            warn!("stopping at once");
            std::process::exit(IMPATIENT);
        });
    }

    async fn signal(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
