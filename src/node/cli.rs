//! The command line.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod admin;
mod check;
mod seed;
mod serve;
mod upload;
mod version;

/// A federated video node in one program.
#[derive(Debug, Parser)]
#[command(name = "kinora", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the node until it is told to stop (SIGTERM, Ctrl-C).
    Serve(serve::Serve),
    /// Reads all settings and says what is wrong, without serving.
    Check(check::Check),
    /// Looks after a node on this machine.
    Admin(admin::Admin),
    /// Uploads a video to a node, here or elsewhere, and shows how its renditions are made.
    Upload(Box<upload::Upload>),
    /// Keeps videos of a node on this machine, and gives them to nodes that keep copies.
    Seed(seed::Seed),
    /// Says which version this is.
    Version,
}

/// Obeys the command line; what went wrong is said on standard error.
#[must_use]
pub fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(serve) => serve.run(),
        Command::Check(check) => check.run(),
        Command::Admin(admin) => admin.run(),
        Command::Upload(upload) => upload.run(),
        Command::Seed(seed) => seed.run(),
        Command::Version => version::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("kinora: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Says something on standard output. Whoever has closed it does not want to know.
fn say(line: impl Display) {
    let mut out = std::io::stdout().lock();
    let _closed = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn complain(line: &str) {
    let _closed = writeln!(std::io::stderr(), "{line}");
}

/// A runtime for commands that ask and wait.
fn small_runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()
}
