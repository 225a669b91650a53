//! What pages say where no scripts run: lists, and a video with the browser's own player.

use kinora_service::markdown;

use super::markup::escape;
use crate::api::shapes::video::{Details, Facts, Video};

/// The greatest height of the file that the browser's own player gets, in pixels.
const HEIGHT_MAX: u32 = 720;

/// A list of videos.
pub(crate) fn list(heading: &str, videos: &[Video]) -> String {
    let mut html = format!("<h1>{}</h1>", escape(heading));
    if videos.is_empty() {
        html.push_str("<p>There are no videos here yet.</p>");
        return html;
    }
    html.push_str("<ul class=\"reader-list\">");
    for video in videos {
        let (facts, channel) = (&video.facts, &video.channel);
        html.push_str(&format!(
            "<li><a href=\"/w/{}\">{}{}</a><br><a href=\"/c/{}\">{}</a> · {} · {} views</li>",
            facts.short_uuid,
            picture(facts),
            escape(&facts.name),
            escape(&channel.name),
            escape(&channel.display_name),
            length(facts.duration),
            facts.views,
        ));
    }
    html.push_str("</ul>");
    html
}

/// Pictures of sensitive videos are left out.
fn picture(facts: &Facts) -> String {
    if facts.nsfw {
        return String::new();
    }
    format!(
        "<img src=\"{}\" alt=\"\" width=\"280\" height=\"158\" loading=\"lazy\"><br>",
        escape(&facts.thumbnail_path)
    )
}

/// A video with its player and what is said of it.
pub(crate) fn video(details: &Details) -> String {
    let facts = &details.facts;
    let mut html = format!("<h1>{}</h1>", escape(&facts.name));
    let files = details.streaming_playlists.iter().flat_map(|playlist| &playlist.files);
    let small = files.clone().filter(|file| file.resolution.id <= HEIGHT_MAX);
    let file = small.max_by_key(|file| file.resolution.id).or_else(|| files.clone().next());
    if let Some(summary) = facts.nsfw_summary.as_ref().filter(|_| facts.nsfw) {
        html.push_str(&format!("<p><strong>{}</strong></p>", escape(summary)));
    }
    match file {
        Some(file) => html.push_str(&format!(
            "<video controls preload=\"none\" width=\"{}\" height=\"{}\" poster=\"{}\" src=\"{}\"></video>",
            file.width,
            file.height,
            if facts.nsfw { String::new() } else { escape(&facts.preview_path) },
            escape(&file.file_url),
        )),
        None => html.push_str("<p>This video is still being prepared.</p>"),
    }
    html.push_str(&format!(
        "<p><a href=\"/c/{}\">{}</a> · {} views · {}</p>",
        escape(&details.channel.name),
        escape(&details.channel.display_name),
        facts.views,
        length(facts.duration),
    ));
    if let Some(text) = &facts.description {
        html.push_str(&markdown::html(text));
    }
    if details.download_enabled && files.clone().next().is_some() {
        html.push_str("<p>Download: ");
        for file in files {
            html.push_str(&format!(
                "<a href=\"{}\">{}</a> ",
                escape(&file.file_download_url),
                escape(&file.resolution.label)
            ));
        }
        html.push_str("</p>");
    }
    html
}

/// A length as `1:05` or `1:02:03`.
pub(crate) fn length(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3_600, seconds % 3_600 / 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{rest:02}")
    } else {
        format!("{minutes}:{rest:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_hours_only_when_there_are_some() {
        assert_eq!(length(65), "1:05");
        assert_eq!(length(3_723), "1:02:03");
    }
}
