//! The log: lines for people or JSON for programs, on standard error.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::config::{Format, Log};

/// What the log shows.
///
/// # Errors
/// If the level cannot be read.
pub fn filter(level: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::builder().parse(level)
}

/// Begins to log. Later calls change nothing.
///
/// # Errors
/// If the level cannot be read.
pub fn start(log: &Log) -> Result<(), ParseError> {
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter(&log.level)?).with_writer(std::io::stderr);
    // A second start is one more node in the same process, which logs where the first does.
    let _begun = match log.format {
        Format::Human => subscriber.with_ansi(is_terminal()).try_init(),
        Format::Json => subscriber.json().flatten_event(true).try_init(),
    };
    Ok(())
}

fn is_terminal() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stderr())
}
