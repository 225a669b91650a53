//! Encoding: whatever people have, upright, in step, and cut alike.

use std::path::Path;

use kinora_order::{Progress, Storyboard};

use crate::clip::{WEB, clip, decodes_cleanly, ffmpeg, ffprobe, number, stream};
use crate::run::{encode, facts, pictures, remux, rung, sound_rung};

const X264: [&str; 6] = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];

#[test]
fn all_rungs_are_cut_where_the_remux_was() {
    let folder = tempfile::tempdir().unwrap();
    // Keyframes every 1.6 s: a remux is cut at 4.8 s and 9.6 s.
    let words = [&X264[..], &["-g", "40", "-sc_threshold", "0", "-c:a", "aac"]].concat();
    let source = clip(folder.path(), "a.mp4", "640x360", "25", 12, &words);
    let cuts = remux(&source, &folder.path().join("scratch")).cuts("copy");
    assert_eq!(cuts, [0, 4_800_000, 9_600_000]);
    let rungs = vec![rung("240p", 426, 240), rung("144p", 256, 144)];
    let said = encode(&source, &folder.path().join("scratch"), rungs, cuts.clone());
    for name in ["240p", "144p"] {
        assert_eq!(said.cuts(name), cuts);
        let whole = said.file(name, folder.path());
        decodes_cleanly(&whole);
        let probed = ffprobe(&whole);
        assert_eq!(stream(&probed, "video")["nb_read_frames"], "300");
        let offset = number(&stream(&probed, "video")["start_time"])
            - number(&stream(&probed, "audio")["start_time"]);
        assert!(offset.abs() <= 0.04, "{name}: picture and sound are {offset} s apart");
    }
    assert_eq!((said.init("240p").width, said.init("240p").height), (426, 240));
}

#[test]
fn without_cut_times_segments_begin_every_four_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip(
        folder.path(),
        "a.webm",
        "320x180",
        "30",
        9,
        &["-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"],
    );
    let said = encode(
        &source,
        &folder.path().join("scratch"),
        vec![rung("180p", 320, 180), rung("90p", 160, 90)],
        vec![],
    );
    assert_eq!(said.cuts("180p"), [0, 4_000_000, 8_000_000]);
    assert_eq!(said.cuts("90p"), said.cuts("180p"));
    decodes_cleanly(&said.file("180p", folder.path()));
}

#[test]
fn a_rung_can_be_slower_than_the_source() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip(folder.path(), "a.mp4", "320x180", "60", 4, &WEB);
    let mut slow = rung("slow", 320, 180);
    slow.picture.as_mut().unwrap().fps_milli_max = 30_000;
    let said =
        encode(&source, &folder.path().join("scratch"), vec![rung("fast", 320, 180), slow], vec![]);
    assert_eq!((said.init("fast").fps_milli, said.init("slow").fps_milli), (60_000, 30_000));
    assert_eq!(
        stream(&ffprobe(&said.file("fast", folder.path())), "video")["nb_read_frames"],
        "240"
    );
    assert_eq!(
        stream(&ffprobe(&said.file("slow", folder.path())), "video")["nb_read_frames"],
        "120"
    );
}

/// The mean brightness of the left, right, top and bottom edge of a file's first frame.
fn edges(path: &Path) -> [f64; 4] {
    let crops =
        ["crop=iw/8:ih:0:0", "crop=iw/8:ih:iw*7/8:0", "crop=iw:ih/8:0:0", "crop=iw:ih/8:0:ih*7/8"];
    crops.map(|crop| {
        let grey = path.with_extension("gray");
        let filter = format!("{crop},scale=1:1:flags=area");
        ffmpeg(&[
            "-i",
            path.to_str().unwrap(),
            "-frames:v",
            "1",
            "-vf",
            &filter,
            "-pix_fmt",
            "gray",
            "-f",
            "rawvideo",
            grey.to_str().unwrap(),
        ]);
        f64::from(std::fs::read(&grey).unwrap()[0])
    })
}

#[test]
fn a_rotated_phone_video_comes_out_upright() {
    let folder = tempfile::tempdir().unwrap();
    let lying = folder.path().join("lying.mp4");
    // A white band at the left edge of the stored picture.
    ffmpeg(&[
        "-f",
        "lavfi",
        "-i",
        "color=black:size=320x180:rate=25:duration=2,drawbox=x=0:y=0:w=40:h=180:color=white:t=fill",
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        lying.to_str().unwrap(),
    ]);
    // Stored rotation is counter-clockwise; players turn the other way, so the band ends up at the bottom or the top.
    for (degrees, bright) in [("90", 3), ("180", 1), ("270", 2)] {
        let source = folder.path().join(format!("turned-{degrees}.mp4"));
        ffmpeg(&[
            "-i",
            lying.to_str().unwrap(),
            "-c",
            "copy",
            "-metadata:s:v:0",
            &format!("rotate={degrees}"),
            source.to_str().unwrap(),
        ]);
        let facts = facts(&source).picture.unwrap();
        let (width, height) = if degrees == "180" { (320, 180) } else { (180, 320) };
        assert_eq!((facts.width, facts.height), (width, height), "{degrees}");
        let said =
            encode(&source, &folder.path().join(degrees), vec![rung("r", width, height)], vec![]);
        let ours = edges(&said.file("r", folder.path()));
        // ffmpeg turns by itself as players do: its picture is the reference.
        let reference = folder.path().join(format!("reference-{degrees}.mp4"));
        ffmpeg(&[
            "-i",
            source.to_str().unwrap(),
            "-c:v",
            "libx264",
            "-pix_fmt",
            "yuv420p",
            reference.to_str().unwrap(),
        ]);
        let theirs = edges(&reference);
        for (one, other) in ours.iter().zip(theirs) {
            assert!(
                (one - other).abs() < 12.0,
                "{degrees}: {ours:?} against {theirs:?} (band {bright})"
            );
        }
    }
}

#[test]
fn odd_sizes_and_pixels_that_are_not_square_are_measured_as_displayed() {
    let folder = tempfile::tempdir().unwrap();
    let odd = clip(
        folder.path(),
        "odd.mkv",
        "321x181",
        "25",
        2,
        &["-vf", "scale=321:181,setsar=1", "-c:v", "libx264", "-pix_fmt", "yuv444p", "-c:a", "aac"],
    );
    let picture = facts(&odd).picture.unwrap();
    assert_eq!((picture.width, picture.height), (321, 181));
    decodes_cleanly(
        &encode(&odd, &folder.path().join("s1"), vec![rung("r", 320, 180)], vec![])
            .file("r", folder.path()),
    );

    let words = [&X264[..], &["-vf", "setsar=16/11", "-c:a", "aac"]].concat();
    let pal = clip(folder.path(), "pal.mp4", "352x288", "25", 2, &words);
    let picture = facts(&pal).picture.unwrap();
    assert_eq!((picture.width, picture.height), (512, 288));
}

#[test]
fn a_variable_frame_rate_becomes_even_and_keeps_its_length() {
    let folder = tempfile::tempdir().unwrap();
    let words = [
        &X264[..],
        &["-vf", "select='if(lt(t,3),1,not(mod(n,3)))'", "-vsync", "vfr", "-c:a", "aac"],
    ]
    .concat();
    let source = clip(folder.path(), "vfr.mp4", "320x180", "30", 6, &words);
    let said = encode(&source, &folder.path().join("s"), vec![rung("r", 320, 180)], vec![]);
    let probed = ffprobe(&said.file("r", folder.path()));
    let (video, audio) = (stream(&probed, "video"), stream(&probed, "audio"));
    assert_eq!(video["r_frame_rate"], video["avg_frame_rate"]);
    assert!(
        (number(&video["duration"]) - number(&audio["duration"])).abs() < 0.2,
        "{video} {audio}"
    );
}

#[test]
fn deep_and_bright_pictures_become_eight_bit_standard_range() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip(
        folder.path(),
        "hdr.mp4",
        "320x180",
        "25",
        2,
        &[
            "-c:v",
            "libx265",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p10le",
            "-x265-params",
            "log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc",
            "-color_primaries",
            "bt2020",
            "-color_trc",
            "smpte2084",
            "-colorspace",
            "bt2020nc",
            "-tag:v",
            "hvc1",
            "-c:a",
            "aac",
        ],
    );
    let picture = facts(&source).picture.unwrap();
    assert!(picture.hdr);
    assert_eq!(picture.bit_depth, 10);
    let whole = encode(&source, &folder.path().join("s"), vec![rung("r", 320, 180)], vec![])
        .file("r", folder.path());
    decodes_cleanly(&whole);
    let video = stream(&ffprobe(&whole), "video");
    assert_eq!(video["pix_fmt"], "yuv420p");
    assert_ne!(video["color_transfer"], "smpte2084");
}

#[test]
fn silence_is_no_obstacle_and_neither_is_darkness() {
    let folder = tempfile::tempdir().unwrap();
    let words = [&X264[..], &["-an"]].concat();
    let silent = clip(folder.path(), "silent.mp4", "320x180", "25", 6, &words);
    let said = encode(&silent, &folder.path().join("s1"), vec![rung("r", 320, 180)], vec![]);
    assert!(!said.init("r").has_audio);
    assert!(!said.init("r").codecs.contains("mp4a"));
    decodes_cleanly(&said.file("r", folder.path()));

    let song = folder.path().join("song.mp3");
    ffmpeg(&[
        "-f",
        "lavfi",
        "-i",
        "sine=duration=10",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=300x300:rate=1:duration=1",
        "-map",
        "0",
        "-map",
        "1",
        "-c:v",
        "mjpeg",
        "-disposition:v",
        "attached_pic",
        song.to_str().unwrap(),
    ]);
    let known = facts(&song);
    assert!(known.picture.is_none() && known.has_cover && known.audio.len() == 1);
    let said = pictures(&song, &folder.path().join("s2"), vec![sound_rung()], None);
    let init = said.init("audio");
    assert_eq!((init.codecs.as_str(), init.width, init.has_audio), ("mp4a.40.2", 0, true));
    assert_eq!(said.segments("audio").len(), 3);
    decodes_cleanly(&said.file("audio", folder.path()));
    let covers =
        said.lines.iter().filter(|line| matches!(line, Progress::Thumbnail { .. })).count();
    assert_eq!(covers, 1, "the cover stands for the song");
}

#[test]
fn surround_becomes_stereo_and_mono_stays_mono() {
    let folder = tempfile::tempdir().unwrap();
    for (channels, expected) in [("6", 2), ("1", 1)] {
        let words = [&X264[..], &["-c:a", "aac", "-ac", channels]].concat();
        let source = clip(folder.path(), &format!("{channels}.mp4"), "320x180", "25", 3, &words);
        let said =
            encode(&source, &folder.path().join(channels), vec![rung("r", 320, 180)], vec![]);
        let audio = stream(&ffprobe(&said.file("r", folder.path())), "audio");
        assert_eq!(audio["channels"], expected);
        assert_eq!(audio["sample_rate"], "48000");
    }
}

#[test]
fn of_several_tracks_the_first_is_used_and_all_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("two.mkv");
    ffmpeg(&[
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=320x180:rate=25:duration=3",
        "-f",
        "lavfi",
        "-i",
        "sine=440:duration=3",
        "-f",
        "lavfi",
        "-i",
        "sine=880:duration=3",
        "-map",
        "0",
        "-map",
        "1",
        "-map",
        "2",
        "-metadata:s:a:0",
        "language=fra",
        "-metadata:s:a:1",
        "language=eng",
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "aac",
        source.to_str().unwrap(),
    ]);
    let languages: Vec<_> =
        facts(&source).audio.into_iter().map(|track| track.language.unwrap()).collect();
    assert_eq!(languages, ["fra", "eng"]);
    let said = remux(&source, &folder.path().join("s"));
    assert_eq!(ffprobe(&said.file("copy", folder.path()))["streams"].as_array().unwrap().len(), 2);
}

#[test]
fn a_late_start_is_moved_to_zero_and_sound_stays_with_the_picture() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip(folder.path(), "a.mp4", "320x180", "25", 5, &WEB);
    let late = folder.path().join("late.ts");
    ffmpeg(&[
        "-i",
        source.to_str().unwrap(),
        "-c",
        "copy",
        "-output_ts_offset",
        "100",
        late.to_str().unwrap(),
    ]);
    assert!(facts(&late).start_us > 90_000_000);
    let said = encode(&late, &folder.path().join("s"), vec![rung("r", 320, 180)], vec![]);
    let probed = ffprobe(&said.file("r", folder.path()));
    assert!(number(&stream(&probed, "video")["start_time"]).abs() < 0.041);
    assert!(number(&stream(&probed, "audio")["start_time"]).abs() < 0.041);
    assert_eq!(stream(&probed, "video")["nb_read_frames"], "125");
}

#[test]
fn pictures_come_out_of_the_same_decode() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip(folder.path(), "a.mp4", "640x360", "25", 10, &WEB);
    let storyboard = Storyboard {
        sprite_width_max: 160,
        sprite_height_max: 90,
        sprites_max: 100,
        interval_ms_min: 1_000,
    };
    let said =
        pictures(&source, &folder.path().join("s"), vec![rung("r", 320, 180)], Some(storyboard));
    let thumbnails: Vec<_> = said
        .lines
        .iter()
        .filter_map(|line| match line {
            Progress::Thumbnail { pictures, .. } => Some(pictures.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(thumbnails.len(), 2);
    for pictures in thumbnails {
        assert_eq!((pictures[0].width, pictures[0].height), (278, 156));
        assert_eq!((pictures[1].width, pictures[1].height), (640, 360), "never enlarged");
        decodes_cleanly(&pictures[1].path);
    }
    let board = said.lines.iter().find_map(|line| match line {
        Progress::Storyboard { picture, sprite_width, sprites, sprite_ms, .. } => {
            Some((picture.clone(), *sprite_width, *sprites, *sprite_ms))
        }
        _ => None,
    });
    let (picture, sprite_width, sprites, sprite_ms) = board.unwrap();
    assert_eq!((sprite_width, sprites, sprite_ms), (160, 10, 1_000));
    assert_eq!((picture.width, picture.height), (640, 270), "four columns, three rows");
    decodes_cleanly(&picture.path);
}

#[test]
fn a_quick_look_makes_thumbnails_without_encoding() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip(folder.path(), "a.mp4", "640x360", "25", 10, &WEB);
    let said = pictures(&source, &folder.path().join("s"), vec![], None);
    assert_eq!(
        said.lines.iter().filter(|line| matches!(line, Progress::Thumbnail { .. })).count(),
        2
    );
    assert!(!said.lines.iter().any(|line| matches!(line, Progress::Segment(_))));
}

#[test]
fn a_track_that_ends_early_leaves_silence_or_a_standing_picture() {
    let folder = tempfile::tempdir().unwrap();
    for (name, picture_s, sound_s) in [("silence.mkv", 10, 5), ("still.mkv", 5, 10)] {
        let source = folder.path().join(name);
        let picture = format!("testsrc2=size=320x180:rate=25:duration={picture_s}");
        let sound = format!("sine=frequency=440:duration={sound_s}");
        ffmpeg(&[
            "-f",
            "lavfi",
            "-i",
            &picture,
            "-f",
            "lavfi",
            "-i",
            &sound,
            "-c:v",
            "libx264",
            "-pix_fmt",
            "yuv420p",
            "-c:a",
            "aac",
            source.to_str().unwrap(),
        ]);
        let said = encode(
            &source,
            &folder.path().join(format!("s-{name}")),
            vec![rung("r", 320, 180)],
            vec![],
        );
        let whole = said.file("r", folder.path());
        decodes_cleanly(&whole);
        let probed = ffprobe(&whole);
        for kind in ["video", "audio"] {
            let duration = number(&stream(&probed, kind)["duration"]);
            assert!((9.0..=11.0).contains(&duration), "{name}: the {kind} lasts {duration} s");
        }
        let longest = said.segments("r").iter().map(|segment| segment.duration_us).max().unwrap();
        assert!(longest < 5_000_000, "{name}: a segment lasts {longest} us");
    }
}

#[test]
fn colours_keep_their_meaning_and_full_range_becomes_limited() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("full.mkv");
    ffmpeg(&[
        "-f",
        "lavfi",
        "-i",
        "color=black:size=320x180:rate=25:duration=2,scale=out_range=full",
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        "-color_range",
        "pc",
        "-colorspace",
        "smpte170m",
        "-color_primaries",
        "smpte170m",
        "-color_trc",
        "smpte170m",
        source.to_str().unwrap(),
    ]);
    let whole = encode(&source, &folder.path().join("s"), vec![rung("r", 320, 180)], vec![])
        .file("r", folder.path());
    let video = stream(&ffprobe(&whole), "video");
    assert_eq!((&video["color_space"], &video["color_range"]), (&"smpte170m".into(), &"tv".into()));
    let grey = folder.path().join("first.gray");
    ffmpeg(&[
        "-i",
        whole.to_str().unwrap(),
        "-frames:v",
        "1",
        "-vf",
        "extractplanes=y",
        "-f",
        "rawvideo",
        grey.to_str().unwrap(),
    ]);
    let black = std::fs::read(&grey).unwrap()[160 * 90];
    assert!((14..=18).contains(&black), "black is {black}");
}
