//! The configuration file as it is shipped: every key with its default, its unit and what it is for, written from the
//! defaults in the code.

use std::fmt::Write as _;

use super::Config;

/// A key of the file.
struct Key {
    name: &'static str,
    about: &'static str,
    /// What stands there, commented out, if there is no default.
    example: Option<&'static str>,
}

const fn key(name: &'static str, about: &'static str) -> Key {
    Key { name, about, example: None }
}

const fn unset(name: &'static str, about: &'static str, example: &'static str) -> Key {
    Key { name, about, example: Some(example) }
}

/// What stands above everything.
const HEADING: &str = "\
# Kinora's settings: every key with its default. Keys that are left out keep it. Each can also be given in the
# environment, as KINORA__SECTION__KEY (KINORA__HTTP__LISTEN=0.0.0.0:8080), which wins over this file; flags win over both.
# `kinora check --config FILE` reads it and says what is wrong. Written by `kinora check --defaults`.
";

const TOP: &[Key] =
    &[key("data", "The folder of everything that is kept; made if it is not there.")];

const LOG: &[Key] = &[
    key("format", "\"human\" (text) or \"json\" (one object a line), on standard error."),
    key(
        "level",
        "\"error\", \"warn\", \"info\", \"debug\" or \"trace\"; also for one room: \"info,kinora_media=debug\".",
    ),
];

const HTTP: &[Key] = &[
    key("listen", "Address and port."),
    unset(
        "public_url",
        "Where browsers find the node: scheme, host and port, no path. It stands in every address, so set it before the first \
         video. Left out: http://localhost and the port above.",
        "\"https://video.example.org\"",
    ),
    key(
        "trust_proxy",
        "Whether a proxy on this machine or its private network may say who asks (X-Forwarded-For).",
    ),
    unset("workers", "Threads that answer. Left out: one for each core.", "2"),
    key("connections_max", "Connections that one thread holds open at a time."),
    key("keep_alive_s", "How long an idle connection is kept, in seconds."),
    key("stop_s", "How long requests under way may take to end when the node stops, in seconds."),
];

const INSTANCE: &[Key] = &[
    key("name", "The name shown at the top of every page."),
    key("short_description", "One sentence for lists of servers and link previews."),
    key("description", "What the place is for, in markdown."),
    key("terms", "Its rules, in markdown."),
    key("administrator", "Who runs it, in markdown."),
];

const ACCOUNTS: &[Key] = &[
    key(
        "registration",
        "Who may register: \"open\", \"approval\" (a moderator accepts or rejects) or \"closed\".",
    ),
    unset(
        "quota_bytes",
        "Bytes on disk each new user may use. Left out: without limit.",
        "53687091200",
    ),
    unset(
        "quota_daily_bytes",
        "Bytes each new user may upload in a day. Left out: without limit.",
        "10737418240",
    ),
    key("access_token_s", "How long an access token is good, in seconds."),
    key("refresh_token_s", "How long a refresh token is good, in seconds."),
    key(
        "tries_per_minute",
        "Logins, registrations and new uploads each network address may try in a minute.",
    ),
];

const UPLOADS: &[Key] = &[
    key("file_bytes_max", "The largest file, in bytes."),
    key("stale_after_s", "How long an upload without a new part is kept, in seconds."),
    key(
        "stall_timeout_s",
        "How long a request may bring nothing at all before it is ended, in seconds; what came is kept.",
    ),
    key(
        "keep_original",
        "Whether the original file is kept after all renditions are made. It is always kept when it holds more audio tracks.",
    ),
    key("reserve_bytes", "Bytes that stay free on the disk: uploads beyond are refused."),
];

const STORE: &[Key] = &[
    unset(
        "rows_dir",
        "The folder of the database. Left out: `rows` in the data folder.",
        "\"/var/lib/kinora/rows\"",
    ),
    unset(
        "files_dir",
        "The folder of segments, pictures and uploaded files. Left out: `files` in the data folder.",
        "\"/srv/kinora/files\"",
    ),
    key("cache_bytes", "Bytes of the database that are kept in memory."),
    key(
        "reserve_bytes",
        "Bytes that stay free on the disk of the database: below, nothing is written, so that reading and deleting go on.",
    ),
    key(
        "watchdog_s",
        "How long one write may take before the program is ended to be started anew, in seconds.",
    ),
    key("journal_days", "How long the journal keeps what happened, in days."),
];

const MEDIA: &[Key] = &[
    unset(
        "transcoder",
        "The transcoder program. Left out: kinora-transcoder beside kinora.",
        "\"/usr/local/bin/kinora-transcoder\"",
    ),
    unset(
        "ladder",
        "The qualities that are made, as in config/ladder.toml. Left out: those built in.",
        "\"/etc/kinora/ladder.toml\"",
    ),
    key(
        "concurrency",
        "Transcodes at a time; what makes a video watchable has one more place of its own.",
    ),
    key("threads", "Threads each transcode may use; 0 leaves it to the transcoder."),
    key("nice", "Added to the niceness of transcodes, 0 to 19."),
    key(
        "require_sandbox",
        "Whether the node refuses to start when the transcoder's sandbox is not fully in force.",
    ),
    key(
        "stall_timeout_s",
        "How long a transcode may make no progress before it is ended, in seconds.",
    ),
    key(
        "cpu_per_second_max",
        "CPU time a transcode may use for each second of the source, in seconds.",
    ),
    key("memory_bytes_max", "Address space a transcode may use, in bytes."),
    key("thumbnails", "Pictures to choose a thumbnail from."),
    key("storyboard", "Whether seek previews are made."),
    key("cache_bytes", "Bytes of hot segments that are kept in memory for serving."),
];

const FEDERATION: &[Key] = &[
    key("enabled", "Whether this node talks with other servers at all."),
    key(
        "allow_private",
        "Whether private network addresses may be connected to; only for a public_url on loopback or below .test or .localhost.",
    ),
    unset(
        "extra_ca",
        "Certificates (PEM) that are trusted besides those of the web, for networks of one's own.",
        "\"/etc/kinora/ca.pem\"",
    ),
    key(
        "authorized_fetch",
        "Whether servers that ask for documents must sign, so that blocked ones get nothing; some servers cannot.",
    ),
    key(
        "accept_instance_followers",
        "Whether other servers may follow this one without an administrator's answer.",
    ),
    key("deliveries_max", "Deliveries to other servers under way at a time, in all."),
    key(
        "backfill_pages_max",
        "Pages of past videos that are read when someone here begins to follow someone elsewhere.",
    ),
];

const P2P: &[Key] = &[
    key("enabled", "Whether this node helps viewers to share with each other."),
    key(
        "viewers",
        "What viewers do who did not decide for themselves: \"on\" (they share, and are told so at the first video), \"ask\" or \"off\".",
    ),
    key("watchers_min", "So many must watch a video before they are told of each other."),
    key(
        "stun_port",
        "The UDP port at which browsers ask for their own public address (STUN), so that they ask nobody else; 0 for none.",
    ),
    key(
        "port",
        "The port, of UDP and TCP, at which other nodes and seeds connect, to give each other copies; 0 for none.",
    ),
    key(
        "webrtc_direct_port",
        "The UDP port at which browsers come in where no WebSocket passes (webrtc-direct, an alpha: the program has to be built with the feature of that name); 0 for none.",
    ),
    key("tunnels_max", "Connections of browsers at a time, in all."),
    key("tunnels_per_address_max", "Those from one network address."),
    key("tunnels_per_minute", "New ones in a minute from one network address."),
    key("reservations_max", "Browsers that can be reached through this node at a time."),
    key(
        "circuits_max",
        "Introductions under way at a time: a few kilobytes each, with which two browsers find a way to each other.",
    ),
];

const SECTIONS: &[(&str, &[Key])] = &[
    ("log", LOG),
    ("http", HTTP),
    ("instance", INSTANCE),
    ("accounts", ACCOUNTS),
    ("uploads", UPLOADS),
    ("store", STORE),
    ("media", MEDIA),
    ("federation", FEDERATION),
    ("p2p", P2P),
];

/// The widest line of a comment.
const WIDTH: usize = 110;

/// The whole file.
///
/// # Errors
/// If a default cannot be written as TOML.
pub fn file() -> Result<String, toml::ser::Error> {
    let defaults = toml::Table::try_from(Config::default())?;
    let mut out = HEADING.to_owned();
    out.push('\n');
    write_keys(&mut out, TOP, &defaults);
    for (section, keys) in SECTIONS {
        // Writing to a String does not fail.
        let _ = writeln!(out, "\n[{section}]");
        let empty = toml::Table::new();
        let values = defaults.get(*section).and_then(toml::Value::as_table).unwrap_or(&empty);
        write_keys(&mut out, keys, values);
    }
    Ok(out)
}

fn write_keys(out: &mut String, keys: &[Key], values: &toml::Table) {
    for Key { name, about, example } in keys {
        for line in wrapped(about) {
            let _ = writeln!(out, "# {line}");
        }
        let _ = match (example, values.get(*name)) {
            (Some(example), _) => writeln!(out, "#{name} = {example}"),
            (None, Some(value)) => writeln!(out, "{name} = {value}"),
            (None, None) => writeln!(out, "#{name} ="),
        };
    }
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let too_long = lines.last().is_some_and(|line| line.len() + word.len() >= WIDTH);
        if too_long {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use figment::Figment;
    use figment::error::Kind;
    use figment::providers::{Format as _, Toml};

    #[test]
    fn the_shipped_file_is_the_defaults() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/kinora.toml");
        let shipped = std::fs::read_to_string(path).unwrap();
        assert!(
            shipped == file().unwrap(),
            "config/kinora.toml is out of date: kinora check --defaults > config/kinora.toml"
        );
        let read: Config = toml::from_str(&shipped).unwrap();
        assert_eq!(read, Config::default());
    }

    #[test]
    fn every_example_is_taken() {
        let text = file().unwrap();
        let is_example =
            |line: &str| line.starts_with('#') && !line.starts_with("# ") && line.contains(" = ");
        let taken: Vec<&str> = text
            .lines()
            .map(|line| if is_example(line) { line.trim_start_matches('#') } else { line })
            .collect();
        let read: Config = toml::from_str(&taken.join("\n")).unwrap();
        assert_eq!(read.accounts.quota_bytes, Some(50 << 30));
        assert_eq!(read.http.workers, Some(2));
    }

    #[test]
    fn no_setting_is_left_out_of_the_file() {
        let sections = SECTIONS.iter().map(|(name, keys)| (format!("[{name}]\n"), *keys));
        for (head, keys) in sections.chain([(String::new(), TOP)]) {
            let figment = Figment::from(Toml::string(&format!("{head}no_such_key = 1")));
            let error = figment.extract::<Config>().unwrap_err();
            let Kind::UnknownField(_, known) = error.kind else { panic!("{error}") };
            let told: Vec<&str> = keys.iter().map(|key| key.name).collect();
            let tables: Vec<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
            for name in known {
                assert!(told.contains(name) || tables.contains(name), "{head}{name} is not told");
            }
            assert!(told.iter().all(|name| known.contains(name)), "{told:?} against {known:?}");
        }
    }
}
