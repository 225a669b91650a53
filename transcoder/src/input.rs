//! Opening what people sent: files only, and containers of media only.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use ffmpeg_next as av;
use ffmpeg_next::format::context::Input;
use kinora_order::{Fault, Refusal};

use crate::fault::Trouble;
use crate::libav;

/// Containers of pictures and sound. Playlists, scripts and everything that names other files is not among them.
const CONTAINERS: &str = "mov,matroska,ogg,mpegts,mpeg,avi,flv,asf,mxf,nut,wav,w64,mp3,flac,aac,ac3,eac3,aiff,caf,amr,m4v,h264,hevc,dv,gxf,rm";

/// The most streams a file may have.
const STREAMS_MAX: usize = 64;

/// Opens a file of media.
pub(crate) fn media(path: &Path) -> Result<Input, Trouble> {
    if !libav::is_plain(path) {
        return Err(Trouble::failed(Fault::BadRequest, "the input's path is not plain text"));
    }
    let mut head = [0_u8; 12];
    let read = File::open(path)?.read(&mut head)?;
    if read == 0 {
        return Err(Trouble::refused(Refusal::Empty, "The file is empty."));
    }
    let mut options = files_only();
    options.set("format_whitelist", CONTAINERS);
    let input = av::format::input_with_dictionary(path, options)
        .map_err(|error| refusal(error, head.get(4..8) == Some(b"ftyp")))?;
    match input.streams().count() {
        0 => Err(Trouble::refused(
            Refusal::NoStreams,
            "There is neither picture nor sound in the file.",
        )),
        count if count > STREAMS_MAX => {
            Err(Trouble::refused(Refusal::TooLarge, "The file has too many streams."))
        }
        _ => Ok(input),
    }
}

/// Opens a picture with the demuxer that its first bytes call for (`png_pipe`, `jpeg_pipe`, `webp_pipe`, `gif`).
pub(crate) fn picture(path: &Path, demuxer: &str) -> Result<Input, Trouble> {
    libav::open_as(path, demuxer, files_only())
        .map_err(|_broken| Trouble::refused(Refusal::Truncated, "The picture is damaged."))
}

/// Options that keep libav from following a name to anything but a file.
fn files_only() -> av::Dictionary<'static> {
    let mut options = av::Dictionary::new();
    options.set("protocol_whitelist", "file");
    options
}

/// What a refusal to open means: an MP4 that begins right has lost its end, where the index stands.
fn refusal(error: av::Error, begins_as_mp4: bool) -> Trouble {
    match error {
        av::Error::Other { errno } if errno == av::util::error::ENOMEM => {
            Trouble::refused(Refusal::TooLarge, "The file asks for more memory than is allowed.")
        }
        _ if begins_as_mp4 => Trouble::refused(
            Refusal::Truncated,
            "The file is cut off: its index, which stands at the end, is missing.",
        ),
        _ => Trouble::refused(
            Refusal::NotMedia,
            "This is not a video or sound file that Kinora knows.",
        ),
    }
}
