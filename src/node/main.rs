//! Kinora.

use std::process::ExitCode;

fn main() -> ExitCode {
    kinora::cli::run()
}
