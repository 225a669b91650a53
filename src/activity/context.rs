//! JSON-LD contexts: what the words in our documents mean to those who read them strictly. Nothing here ever expands or
//! fetches a context: readers go by the usual short names.

use serde_json::{Value, json};

/// The media type of ActivityPub documents.
pub const MEDIA_TYPE: &str = "application/activity+json";

/// The media type with its profile, which some servers ask for instead (ActivityPub, section 3.2).
pub const LD_MEDIA_TYPE: &str =
    "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"";

/// True for the content type of an ActivityPub document: nothing else is read as one, so that a file which somebody
/// uploaded somewhere cannot pass for an actor.
#[must_use]
pub fn is_activity_type(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    match kind.as_str() {
        "application/activity+json" => true,
        "application/ld+json" => parts.any(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let profiles = value.trim_matches('"').split_whitespace();
            name.trim().eq_ignore_ascii_case("profile")
                && profiles
                    .into_iter()
                    .any(|it| it.starts_with("https://www.w3.org/ns/activitystreams"))
        }),
        _ => false,
    }
}

/// Of actors.
#[must_use]
pub fn actor() -> Value {
    json!([
        "https://www.w3.org/ns/activitystreams",
        "https://w3id.org/security/v1",
        "https://w3id.org/security/data-integrity/v1",
        "https://www.w3.org/ns/did/v1",
        "https://w3id.org/security/multikey/v1",
        {
            "pt": "https://joinpeertube.org/ns#",
            "sc": "http://schema.org/",
            "toot": "http://joinmastodon.org/ns#",
            "lemmy": "https://join-lemmy.org/ns#",
            "playlists": { "@id": "pt:playlists", "@type": "@id" },
            "support": { "@id": "pt:support", "@type": "sc:Text" },
            "featured": { "@id": "toot:featured", "@type": "@id" },
            "discoverable": "toot:discoverable",
            "indexable": "toot:indexable",
            "attributionDomains": { "@id": "toot:attributionDomains", "@type": "@id" },
            "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
            "postingRestrictedToMods": "lemmy:postingRestrictedToMods",
            "webfinger": { "@id": "https://purl.archive.org/socialweb/webfinger#webfinger" },
            "implements": { "@id": "https://w3id.org/fep/844e#implements", "@type": "@id", "@container": "@set" }
        }
    ])
}

/// The terms that videos, comments and what is done with them use.
fn objects() -> Value {
    json!({
        "pt": "https://joinpeertube.org/ns#",
        "sc": "http://schema.org/",
        "gts": "https://gotosocial.org/ns#",
        "Hashtag": "as:Hashtag",
        "sensitive": "as:sensitive",
        "uuid": { "@id": "pt:uuid", "@type": "sc:identifier" },
        "category": "sc:category",
        "licence": "sc:license",
        "language": "sc:inLanguage",
        "subtitleLanguage": "sc:subtitleLanguage",
        "automaticallyGenerated": "pt:automaticallyGenerated",
        "identifier": "sc:identifier",
        "isLiveBroadcast": "sc:isLiveBroadcast",
        "Infohash": "pt:Infohash",
        "SensitiveTag": "pt:SensitiveTag",
        "CacheFile": "pt:CacheFile",
        "tileWidth": { "@id": "pt:tileWidth", "@type": "sc:Number" },
        "tileHeight": { "@id": "pt:tileHeight", "@type": "sc:Number" },
        "tileDuration": { "@id": "pt:tileDuration", "@type": "sc:Number" },
        "aspectRatio": { "@id": "pt:aspectRatio", "@type": "sc:Float" },
        "originallyPublishedAt": "sc:datePublished",
        "views": { "@id": "pt:views", "@type": "sc:Number" },
        "state": { "@id": "pt:state", "@type": "sc:Number" },
        "size": { "@id": "pt:size", "@type": "sc:Number" },
        "fps": { "@id": "pt:fps", "@type": "sc:Number" },
        "canReply": { "@id": "gts:canReply", "@type": "@id" },
        "commentsEnabled": "pt:commentsEnabled",
        "commentsPolicy": { "@id": "pt:commentsPolicy", "@type": "sc:Number" },
        "downloadEnabled": { "@id": "pt:downloadEnabled", "@type": "sc:Boolean" },
        "waitTranscoding": { "@id": "pt:waitTranscoding", "@type": "sc:Boolean" },
        "support": { "@id": "pt:support", "@type": "sc:Text" },
        "embedUrl": { "@id": "pt:embedUrl", "@type": "@id" },
        "likes": { "@id": "as:likes", "@type": "@id" },
        "dislikes": { "@id": "as:dislikes", "@type": "@id" },
        "shares": { "@id": "as:shares", "@type": "@id" },
        "comments": { "@id": "as:comments", "@type": "@id" },
        "hasParts": "sc:hasParts",
        "replyApproval": { "@id": "pt:replyApproval", "@type": "@id" },
        "ApproveReply": "pt:ApproveReply",
        "RejectReply": "pt:RejectReply",
        "interactionPolicy": { "@id": "gts:interactionPolicy", "@type": "@id" },
        "canQuote": { "@id": "gts:canQuote", "@type": "@id" },
        "CacheFile": "pt:CacheFile",
        "expires": "sc:expires",
        "QuoteAuthorization": "https://w3id.org/fep/044f#QuoteAuthorization",
        "QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest",
        "interactingObject": { "@id": "gts:interactingObject", "@type": "@id" },
        "interactionTarget": { "@id": "gts:interactionTarget", "@type": "@id" },
        "automaticApproval": { "@id": "gts:automaticApproval", "@type": "@id" },
        "manualApproval": { "@id": "gts:manualApproval", "@type": "@id" },
        "PropertyValue": "sc:PropertyValue",
        "value": "sc:value"
    })
}

/// Of videos, comments and activities about them.
#[must_use]
pub fn activity() -> Value {
    json!([
        "https://www.w3.org/ns/activitystreams",
        "https://w3id.org/security/v1",
        "https://w3id.org/security/data-integrity/v1",
        objects()
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_types_of_activitypub_are_read() {
        for good in [
            MEDIA_TYPE,
            LD_MEDIA_TYPE,
            "application/activity+json; charset=utf-8",
            "application/ld+json;profile=\"https://www.w3.org/ns/activitystreams https://a.example/x\"",
        ] {
            assert!(is_activity_type(good), "{good}");
        }
        for bad in [
            "application/json",
            "text/plain",
            "application/ld+json",
            "image/png",
            "",
            "text/html; profile=https://www.w3.org/ns/activitystreams",
        ] {
            assert!(!is_activity_type(bad), "{bad}");
        }
    }
}
