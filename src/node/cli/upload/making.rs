//! How the renditions are made, told live: a bar each.

use std::collections::HashMap;

use anyhow::bail;
use futures::StreamExt as _;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use reqwest::Method;
use serde::Deserialize;

use super::client::{Client, accepted};

/// The longest line of an event stream, in bytes.
const LINE_BYTES_MAX: usize = 1 << 20;

/// How often a stream that ended is opened again without having told anything.
const SILENT_MAX: u32 = 5;

/// How far a video is.
#[derive(Debug, Deserialize)]
struct State {
    state: String,
    playable: bool,
    error: Option<Failure>,
    renditions: Vec<Rendition>,
}

#[derive(Debug, Deserialize)]
struct Failure {
    code: String,
    detail: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rendition {
    label: String,
    state: String,
    percent: f64,
    eta_seconds: Option<f64>,
}

/// Shows how the video is made until all of it is.
pub(super) async fn follow(client: &Client, uuid: &str) -> anyhow::Result<()> {
    let mut shown = Shown::new();
    let mut silent = 0;
    while silent < SILENT_MAX {
        silent += 1;
        let path = format!("/api/kinora/v1/videos/{uuid}/events");
        let asked = client.ask(Method::GET, &path)?.send().await?;
        let mut events = accepted(asked).await?.bytes_stream();
        let mut lines = Lines::default();
        // A stream that breaks off is opened again: its first event is the present state.
        while let Some(Ok(bytes)) = events.next().await {
            for line in lines.add(&bytes)? {
                let Some(data) = line.strip_prefix("data:") else { continue };
                silent = 0;
                if shown.is_made(&serde_json::from_str(data.trim())?)? {
                    return Ok(());
                }
            }
        }
    }
    bail!("the node does not tell any more how far it is")
}

/// Lines, out of bytes as they come.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn add(&mut self, bytes: &[u8]) -> anyhow::Result<Vec<String>> {
        self.0.extend_from_slice(bytes);
        let mut whole = Vec::new();
        while let Some(end) = self.0.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.0.drain(..=end).collect();
            whole.push(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
        if self.0.len() > LINE_BYTES_MAX {
            bail!("the node sends an event without end");
        }
        Ok(whole)
    }
}

/// The bars.
struct Shown {
    all: MultiProgress,
    bars: HashMap<String, ProgressBar>,
    playable: bool,
}

impl Shown {
    fn new() -> Self {
        Self { all: MultiProgress::new(), bars: HashMap::new(), playable: false }
    }

    /// Moves the bars; true once everything is made.
    fn is_made(&mut self, state: &State) -> anyhow::Result<bool> {
        for rendition in &state.renditions {
            self.show(rendition);
        }
        if state.playable && !self.playable {
            self.playable = true;
            self.note("it can be watched now");
        }
        match &state.error {
            // It goes on by itself when there is room.
            Some(error) if state.state != "failed" => self.note(&error.detail),
            Some(error) => bail!("{} ({})", error.detail, error.code),
            None if state.state == "failed" => bail!("the video could not be made"),
            None => {}
        }
        let over = |rendition: &Rendition| matches!(rendition.state.as_str(), "ready" | "failed");
        let all = !state.renditions.is_empty() && state.renditions.iter().all(over);
        Ok(all && state.state == "published")
    }

    fn show(&mut self, rendition: &Rendition) {
        let bar = self.bars.entry(rendition.label.clone()).or_insert_with(|| {
            let look = "{prefix:>8} {wide_bar} {pos:>3} % {msg}";
            let style = ProgressStyle::with_template(look);
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(100).with_style(style).with_prefix(rendition.label.clone());
            self.all.add(bar)
        });
        if bar.is_finished() {
            return;
        }
        #[expect(
            clippy::as_conversions,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 100"
        )]
        bar.set_position(rendition.percent.clamp(0.0, 100.0) as u64);
        match (rendition.state.as_str(), rendition.eta_seconds) {
            ("ready", _) => bar.finish_with_message("ready"),
            ("failed", _) => bar.abandon_with_message("failed"),
            ("waiting", _) => bar.set_message("waiting"),
            (_, Some(eta)) => bar.set_message(format!("{eta:.0} s left")),
            _ => bar.set_message(""),
        }
        if bar.is_finished() && bar.is_hidden() {
            self.note(&format!("{} {}", rendition.label, rendition.state));
        }
    }

    fn note(&self, line: &str) {
        if self.all.is_hidden() {
            super::super::complain(line);
        } else {
            // A terminal that is gone is told nothing.
            let _gone = self.all.println(line);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn state(text: &str) -> State {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn lines_are_put_together_from_what_comes() {
        let mut lines = Lines::default();
        assert!(lines.add(b"data: {\"a\"").unwrap().is_empty());
        assert_eq!(lines.add(b":1}\r\n\nid: 2").unwrap(), ["data: {\"a\":1}", ""]);
    }

    #[test]
    fn a_video_is_made_once_all_renditions_are() {
        let mut shown = Shown::new();
        let one = |made: &str| {
            state(&format!(
                r#"{{"state":"published","playable":true,"error":null,"renditions":[
                {{"height":720,"label":"720p","state":"ready","percent":100,"etaSeconds":null}},
                {{"height":480,"label":"480p","state":"{made}","percent":10.5,"etaSeconds":3}}]}}"#
            ))
        };
        assert!(!shown.is_made(&one("running")).unwrap());
        assert!(shown.is_made(&one("ready")).unwrap());
    }

    #[test]
    fn a_failed_video_says_why_and_a_full_disk_is_waited_for() {
        let failed = r#"{"state":"failed","playable":false,"error":{"code":"not-media","detail":"this is no video"},"renditions":[]}"#;
        assert!(Shown::new().is_made(&state(failed)).unwrap_err().to_string().contains("no video"));
        let full = r#"{"state":"processing","playable":false,"error":{"code":"no-space","detail":"the disk is full"},"renditions":[]}"#;
        assert!(!Shown::new().is_made(&state(full)).unwrap());
    }
}
