//! `kinora admin`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use kinora_store::kv::sled::compact;
use kinora_store::metrics::Metrics;
use kinora_store::transfer;
use tokio::sync::mpsc;

use crate::config::{self, Config, Flags};
use crate::control::order::{Progress, Rights};
use crate::control::{self, Done, Order};
use crate::wiring;

/// How many words of progress may wait to be shown.
const SAID_MAX: usize = 16;

#[derive(Debug, clap::Args)]
pub(super) struct Admin {
    /// The configuration file of the node.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// The data folder of the node.
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Makes a user, also while the node runs.
    CreateUser {
        /// The name they log in with.
        name: String,
        /// Where to write to them.
        #[arg(long)]
        email: String,
        /// What they may do.
        #[arg(long, value_enum, default_value_t = Rights::User)]
        role: Rights,
        /// Their password; made up and shown if left out.
        #[arg(long, env = "KINORA_PASSWORD", hide_env_values = true)]
        password: Option<String>,
    },
    /// Gives a user a new password and ends their sessions, also while the node runs.
    ResetPassword {
        /// Their name or e-mail address.
        login: String,
        /// The new password; made up and shown if left out.
        #[arg(long, env = "KINORA_PASSWORD", hide_env_values = true)]
        password: Option<String>,
    },
    /// Gives disk space back that the database does not need any more; the node must not run.
    Compact,
    /// Writes a backup to a folder that is empty or not there yet, also while the node runs.
    Backup {
        /// The folder. On the same disk, files are linked and take no room.
        folder: PathBuf,
    },
    /// Fills the data folder of a node that has nothing yet from a backup; the node must not run.
    Restore {
        /// The folder of the backup.
        folder: PathBuf,
    },
}

/// Passwords stay out of panics.
impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Task")
    }
}

impl Admin {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let flags = Flags { config: self.config, data: self.data, ..Flags::default() };
        let config = config::read(&flags)?.config;
        super::small_runtime()?.block_on(obey(&config, self.task))
    }
}

async fn obey(config: &Config, task: Task) -> anyhow::Result<()> {
    match task {
        Task::CreateUser { name, email, role, password } => {
            let order = Order::CreateUser { name: name.clone(), email, role, password };
            tell_password(&name, &carry_out(config, order).await?);
        }
        Task::ResetPassword { login, password } => {
            let order = Order::ResetPassword { login: login.clone(), password };
            tell_password(&login, &carry_out(config, order).await?);
        }
        Task::Backup { folder } => {
            let out = std::path::absolute(&folder)?;
            let done = carry_out(config, Order::Backup { out }).await?;
            if let Done::Backup { rows, files, missing } = done {
                super::say(format_args!("{rows} rows and {files} files in {}", folder.display()));
                refuse_missing(&missing)?;
            }
        }
        Task::Compact => compact_rows(config)?,
        Task::Restore { folder } => restore(config, &folder)?,
    }
    Ok(())
}

/// Has the running node carry an order out; without one, opens the store and does it here.
async fn carry_out(config: &Config, order: Order) -> anyhow::Result<Done> {
    let spinner = spinner();
    let socket = config.control_path();
    let given = control::give(&socket, &order, |progress| show(&spinner, progress));
    if let Some(answer) = given.await.context("the node went away before it answered")? {
        spinner.finish_and_clear();
        return Ok(answer?);
    }
    must_exist(config)?;
    let service = wiring::open(config, Metrics::default())?;
    let (said, mut heard) = mpsc::channel(SAID_MAX);
    let carried = order.carry_out(&service, said);
    let shown = async {
        while let Some(progress) = heard.recv().await {
            show(&spinner, progress);
        }
    };
    let (done, ()) = futures::join!(carried, shown);
    spinner.finish_and_clear();
    Ok(done?)
}

/// A typing error in the name of a folder must not make a new node.
fn must_exist(config: &Config) -> anyhow::Result<()> {
    let rows = config.store.rows_dir(&config.data);
    if rows.is_dir() {
        return Ok(());
    }
    bail!("{} is not the data folder of a node (--data, --config)", config.data.display())
}

fn compact_rows(config: &Config) -> anyhow::Result<()> {
    must_exist(config)?;
    let rows = config.store.rows_dir(&config.data);
    let spinner = spinner();
    let sled = config.store.sled(&rows, Metrics::default());
    let done = compact(&sled, |rows| show(&spinner, Progress::Rows(rows)))?;
    spinner.finish_and_clear();
    super::say(format_args!(
        "{} rows: {} bytes before, {} after",
        done.rows, done.before_bytes, done.after_bytes
    ));
    Ok(())
}

fn restore(config: &Config, from: &Path) -> anyhow::Result<()> {
    let rows = config.store.rows_dir(&config.data);
    let files = config.store.files_dir(&config.data);
    let spinner = spinner();
    let sled = config.store.sled(&rows, Metrics::default());
    wiring::make_private(&config.data)?;
    let moved = transfer::restore(&sled, &files, from, |progress| match progress {
        transfer::Progress::Files(count) => show(&spinner, Progress::Files(count)),
        transfer::Progress::Rows(count) => show(&spinner, Progress::Rows(count)),
    })?;
    spinner.finish_and_clear();
    super::say(format_args!("{} rows and {} files are back", moved.rows, moved.files));
    refuse_missing(&moved.missing.iter().map(ToString::to_string).collect::<Vec<_>>())
}

fn refuse_missing(missing: &[String]) -> anyhow::Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    bail!("files that videos need are not there:\n{}", missing.join("\n"))
}

fn tell_password(name: &str, done: &Done) {
    match done {
        Done::Password(Some(password)) => {
            super::say(format_args!(
                "`{name}` has the password `{password}`. It is not shown again."
            ));
        }
        _ => super::say(format_args!("`{name}` has the new password.")),
    }
}

fn spinner() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg}");
    ProgressBar::new_spinner()
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

fn show(spinner: &ProgressBar, progress: Progress) {
    spinner.set_message(match progress {
        Progress::Files(count) => format!("{count} files"),
        Progress::Rows(count) => format!("{count} rows"),
    });
    spinner.tick();
}
