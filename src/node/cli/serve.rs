//! `kinora serve`.

use anyhow::Context as _;

use crate::config::{self, Flags};
use crate::shutdown::Shutdown;
use crate::wiring::Node;

/// The environment's name for the first administrator's password.
const PASSWORD_ENV: &str = "KINORA_ADMIN_PASSWORD";

/// Threads of the runtime beside those that answer requests: they carry jobs and wait for transcoders.
const THREADS: usize = 2;

#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    #[command(flatten)]
    flags: Flags,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let given = config::read(&self.flags)?;
        crate::telemetry::start(&given.config.log)?;
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.worker_threads(THREADS).enable_all().build()?.block_on(serve(given))
    }
}

async fn serve(given: config::Given) -> anyhow::Result<()> {
    // Before anything is opened: a signal in the middle of the start is obeyed after it.
    let shutdown = Shutdown::new().context("signals")?;
    let password = std::env::var(PASSWORD_ENV).ok().filter(|password| !password.is_empty());
    let (node, administrator) = Node::start(given, password).await?;
    if let Some(administrator) = administrator {
        let name = administrator.name;
        super::say(match administrator.password {
            Some(password) => {
                format!(
                    "The administrator is `{name}`, password `{password}`. It is not shown again."
                )
            }
            None => format!("The administrator is `{name}`, with the password that was given."),
        });
    }
    super::say(format_args!("Kinora answers at {}", node.address()));
    node.serve(shutdown.wait()).await?;
    Ok(())
}
