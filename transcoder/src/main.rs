//! The transcoder: one request on stdin, progress on stdout, locked in before it reads a byte of media.
//!
//! **Never:** opens a socket, starts a program, touches a file that the request does not name.

use std::io::{BufReader, stdin};
use std::process::ExitCode;

use kinora_order::{Fault, Order, Outcome, Progress, Request, read_line};

mod audio;
mod decode;
mod encode;
mod fault;
mod image;
mod input;
mod join;
mod libav;
mod mp4;
mod picture;
mod probe;
mod remux;
mod report;
mod rung;
mod sandbox;
mod scratch;
mod segment;
mod storyboard;
mod thumbnail;

use fault::Trouble;
use report::Report;

fn main() -> ExitCode {
    let report = Report;
    if std::env::args().nth(1).as_deref() == Some("--sandbox-status") {
        report.line(&Progress::Sandbox(sandbox::enter(&sandbox::Reach::default())));
        return ExitCode::SUCCESS;
    }
    let outcome = match read_line::<Request>(&mut BufReader::new(stdin())) {
        Ok(Some(request)) => obey(&request, &report),
        Ok(None) => Err(Trouble::failed(Fault::BadRequest, "no request on stdin")),
        Err(error) => Err(Trouble::failed(Fault::BadRequest, error)),
    };
    report.line(&Progress::Outcome(outcome.unwrap_or_else(Trouble::into_outcome)));
    ExitCode::SUCCESS
}

/// Locks itself in, then does what is asked.
fn obey(request: &Request, report: &Report) -> Result<Outcome, Trouble> {
    let limits = &request.limits;
    sandbox::limit(limits).map_err(|error| Trouble::failed(Fault::NoSandbox, error))?;
    let sandbox = sandbox::enter(&sandbox::Reach::of(&request.order)?);
    report.line(&Progress::Sandbox(sandbox.clone()));
    if limits.require_sandbox && !sandbox.is_full() {
        return Err(Trouble::failed(Fault::NoSandbox, "this system cannot lock the transcoder in"));
    }
    libav::start().map_err(Trouble::from)?;
    match &request.order {
        Order::Probe { input } => probe::probe(input).map(Outcome::Probed),
        Order::Remux { input, scratch, rung } => remux::remux(input, scratch, rung, report),
        Order::Encode(order) => encode::encode(order, limits.threads, report),
        Order::Image { input, sizes, pixels_max } => image::make(input, sizes, *pixels_max),
        Order::Join { parts, output } => join::join(parts, output),
    }
}

/// The outcome of work that was carried out.
fn done(damaged: bool) -> Outcome {
    let cpu_ms = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF)
        .map(|usage| {
            let (user, system) = (usage.user_time(), usage.system_time());
            let us =
                (user.tv_sec() + system.tv_sec()) * 1_000_000 + user.tv_usec() + system.tv_usec();
            u64::try_from(us / 1_000).unwrap_or(0)
        })
        .unwrap_or(0);
    Outcome::Done { damaged, cpu_ms }
}
