//! What apps ask first, in PeerTube's words: many of them are about what Kinora does not have, and say so.

use kinora_service::config::Registration;
use serde_json::{Value, json};

use super::super::picked::{AVATAR_BYTES_MAX, BANNER_BYTES_MAX};
use super::user::limit;
use crate::server::App;
use kinora_model::channel::CHANNELS_MAX;
use kinora_service::passwords;

/// The version of PeerTube whose API is answered: apps decide by it what they may ask.
pub const PEERTUBE_VERSION: &str = "8.0.1";

/// The largest file of captions, in bytes.
const CAPTION_BYTES_MAX: u64 = 20 << 20;

/// The largest picture for a video, in bytes.
const PICTURE_BYTES_MAX: u64 = 8 << 20;

/// Endings of pictures that are taken.
const PICTURE_EXTENSIONS: [&str; 5] = [".png", ".jpeg", ".jpg", ".gif", ".webp"];

/// Endings of files that file pickers offer; what a file is, probing says.
const VIDEO_EXTENSIONS: &[&str] = &[
    ".webm", ".ogv", ".ogg", ".mp4", ".mkv", ".mov", ".qt", ".mqv", ".m4v", ".flv", ".f4v", ".wmv",
    ".avi", ".3gp", ".3gpp", ".3g2", ".3gpp2", ".nut", ".mts", ".ts", ".m2ts", ".mpv", ".m2v",
    ".m1v", ".mpg", ".mpe", ".mpeg", ".vob", ".mxf", ".mp3", ".wma", ".wav", ".flac", ".aac",
    ".m4a", ".ac3",
];

/// PeerTube's `ServerConfig`.
#[must_use]
pub fn server_config(app: &App) -> Value {
    let mut config = described(app);
    for part in [published(app), absent()] {
        if let (Value::Object(config), Value::Object(part)) = (&mut config, part) {
            config.extend(part);
        }
    }
    config
}

/// What the server is, and who may join.
fn described(app: &App) -> Value {
    let instance = &app.service.config.instance;
    let accounts = &app.service.config.accounts;
    let open = accounts.registration != Registration::Closed;
    json!({
        "client": {
            "newFeaturesInfo": false,
            "header": { "hideInstanceName": false },
            "videos": {
                "miniature": { "preferAuthorDisplayName": false },
                "resumableUpload": { "maxChunkSize": 0 }
            },
            "browseVideos": { "defaultSort": "-publishedAt", "defaultScope": "local" },
            "menu": { "login": { "redirectOnSingleExternalAuth": false } },
            "openInApp": {
                "android": {
                    "intent": { "enabled": false, "host": "", "scheme": "peertube", "fallbackUrl": "" }
                },
                "ios": { "enabled": false, "host": "", "scheme": "peertube", "fallbackUrl": "" }
            }
        },
        "webadmin": { "configuration": { "edition": { "allowed": false } } },
        "instance": {
            "name": instance.name,
            "shortDescription": instance.short_description,
            "isNSFW": false,
            "defaultNSFWPolicy": "blur",
            "defaultClientRoute": "/",
            "serverCountry": "",
            "support": { "text": "" },
            "social": { "blueskyLink": "", "mastodonLink": "", "xLink": "", "externalLink": "" },
            "customizations": { "javascript": "", "css": "" },
            "defaultLanguage": "en",
            "avatars": [],
            "banners": [],
            "logo": []
        },
        "serverVersion": PEERTUBE_VERSION,
        "user": {
            "videoQuota": limit(accounts.quota_bytes),
            "videoQuotaDaily": limit(accounts.quota_daily_bytes)
        },
        "videoChannels": { "maxPerUser": CHANNELS_MAX },
        "fieldsConstraints": {
            "users": { "password": { "minLength": passwords::LEN_MIN, "maxLength": passwords::LEN_MAX } }
        },
        "signup": {
            "allowed": open,
            "allowedForCurrentIP": open,
            "minimumAge": 16,
            "requiresApproval": accounts.registration == Registration::Approval,
            "requiresEmailVerification": false
        }
    })
}

/// What can be published, and what is made of it.
fn published(app: &App) -> Value {
    let resolutions: Vec<u32> = app.media.ladder.wanted().map(|rung| rung.height).collect();
    let no_runners = json!({ "enabled": false });
    json!({
        "defaults": {
            "publish": { "downloadEnabled": true, "commentsPolicy": 1, "privacy": 1, "licence": null },
            "p2p": { "webapp": { "enabled": true }, "embed": { "enabled": true } },
            "player": { "theme": "galaxy", "autoPlay": true }
        },
        "transcoding": {
            "remoteRunners": no_runners,
            "hls": { "enabled": true },
            "web_videos": { "enabled": false },
            "enabledResolutions": resolutions,
            "profile": "default",
            "availableProfiles": ["default"]
        },
        "avatar": {
            "file": { "size": { "max": AVATAR_BYTES_MAX }, "extensions": PICTURE_EXTENSIONS }
        },
        "banner": {
            "file": { "size": { "max": BANNER_BYTES_MAX }, "extensions": PICTURE_EXTENSIONS }
        },
        "video": {
            "image": { "extensions": PICTURE_EXTENSIONS, "size": { "max": PICTURE_BYTES_MAX } },
            "file": { "extensions": VIDEO_EXTENSIONS }
        },
        "videoCaption": {
            "file": { "size": { "max": CAPTION_BYTES_MAX }, "extensions": [".vtt", ".srt"] }
        },
        "trending": {
            "videos": {
                "intervalDays": 7,
                "algorithms": { "enabled": ["hot", "most-viewed", "most-liked"], "default": "hot" }
            }
        },
        "storyboards": { "enabled": true, "remoteRunners": no_runners },
        "views": {
            "videos": {
                "remote": { "maxAge": -1 },
                "local": { "maxAge": -1 },
                "watchingInterval": { "anonymous": 10_000, "users": 10_000 }
            }
        },
        "nsfwFlagsSettings": { "enabled": true }
    })
}

/// What Kinora does not do, or does not do yet.
fn absent() -> Value {
    let off = json!({ "enabled": false });
    json!({
        "search": {
            "remoteUri": { "users": false, "anonymous": false },
            "searchIndex": { "enabled": false, "url": "", "disableLocalSearch": false, "isDefaultSearch": false }
        },
        "plugin": { "registered": [], "registeredExternalAuths": [], "registeredIdAndPassAuths": [] },
        "theme": {
            "registered": [],
            "builtIn": [{ "name": "peertube-core-dark-brown" }, { "name": "peertube-core-light-beige" }],
            "default": "default",
            "customization": {
                "primaryColor": null,
                "foregroundColor": null,
                "backgroundColor": null,
                "backgroundSecondaryColor": null,
                "menuForegroundColor": null,
                "menuBackgroundColor": null,
                "menuBorderRadius": null,
                "headerForegroundColor": null,
                "headerBackgroundColor": null,
                "inputBorderRadius": null
            }
        },
        "email": off,
        "contactForm": off,
        "live": {
            "enabled": false,
            "allowReplay": false,
            "latencySetting": off,
            "maxDuration": -1,
            "maxInstanceLives": 0,
            "maxUserLives": 0,
            "transcoding": {
                "enabled": false,
                "remoteRunners": off,
                "enabledResolutions": [],
                "profile": "default",
                "availableProfiles": ["default"]
            },
            "rtmp": { "port": 1935 }
        },
        "videoStudio": { "enabled": false, "remoteRunners": off },
        "videoFile": { "update": off },
        "videoTranscription": { "enabled": false, "remoteRunners": off },
        "import": {
            "videos": { "http": off, "torrent": off },
            "videoChannelSynchronization": off,
            "users": off
        },
        "export": { "users": { "enabled": false, "exportExpiration": 0, "maxUserVideoQuota": 0 } },
        "autoBlacklist": { "videos": { "ofUsers": off } },
        "tracker": off,
        "followings": { "instance": { "autoFollowIndex": { "indexUrl": "" } } },
        "federation": off,
        "broadcastMessage": { "enabled": false, "message": "", "level": "info", "dismissable": false },
        "homepage": off,
        "openTelemetry": { "metrics": { "enabled": false, "playbackStatsInterval": 15_000 } },
        "webrtc": { "stunServers": [] }
    })
}

/// PeerTube's `ServerConfigAbout`.
#[must_use]
pub fn about(app: &App) -> Value {
    let instance = &app.service.config.instance;
    json!({
        "instance": {
            "name": instance.name,
            "shortDescription": instance.short_description,
            "description": instance.description,
            "terms": instance.terms,
            "codeOfConduct": "",
            "hardwareInformation": "",
            "creationReason": "",
            "moderationInformation": "",
            "administrator": instance.administrator,
            "maintenanceLifetime": "",
            "businessModel": "",
            "languages": [],
            "categories": [],
            "avatars": [],
            "banners": []
        }
    })
}
