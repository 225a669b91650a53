//! Putting a rendition together as one MP4 whose index comes first, without encoding.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ffmpeg_next as av;
use ffmpeg_next::format::context::StreamIo;
use kinora_order::{Fault, Outcome};

use crate::fault::Trouble;
use crate::{done, libav};

/// Files read one after another.
struct Chain {
    rest: VecDeque<PathBuf>,
    open: Option<File>,
}

impl Read for Chain {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(file) = &mut self.open {
                let read = file.read(buffer)?;
                if read > 0 {
                    return Ok(read);
                }
            }
            match self.rest.pop_front() {
                Some(path) => self.open = Some(File::open(path)?),
                None => return Ok(0),
            }
        }
    }
}

/// Joins init and segments.
pub(crate) fn join(parts: &[PathBuf], path: &Path) -> Result<Outcome, Trouble> {
    if !libav::is_plain(path) {
        return Err(Trouble::failed(Fault::BadRequest, "the output's path is not plain text"));
    }
    let chain = Chain { rest: parts.iter().cloned().collect(), open: None };
    let mut options = av::Dictionary::new();
    options.set("format_whitelist", "mov");
    let mut input =
        av::format::input_from_stream(StreamIo::from_read(chain)?, None, Some(options))?;
    let mut output = av::format::output_as(path, "mp4")?;
    let mut places = HashMap::new();
    for stream in input.streams() {
        let mut parameters = stream.parameters();
        libav::clear_codec_tag(&mut parameters);
        let mut made = output.add_stream(None::<av::Codec>)?;
        made.set_parameters(parameters);
        made.set_time_base(stream.time_base());
        places.insert(stream.index(), (made.index(), stream.time_base()));
    }
    let mut options = av::Dictionary::new();
    options.set("movflags", "faststart");
    options.set("fflags", "bitexact");
    output.write_header_with(options)?;
    loop {
        let mut packet = av::Packet::empty();
        match packet.read(&mut input) {
            Ok(()) => {}
            Err(av::Error::Eof) => break,
            Err(error) => return Err(error.into()),
        }
        let Some((index, base)) = places.get(&packet.stream()) else { continue };
        let to = output.stream(*index).map_or(*base, |stream| stream.time_base());
        packet.set_stream(*index);
        packet.rescale_ts(*base, to);
        packet.set_position(-1);
        packet.write_interleaved(&mut output)?;
    }
    output.write_trailer()?;
    Ok(done(false))
}
