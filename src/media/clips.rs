//! Clips through the real transcoder, into the real store, and out again as players read them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use kinora_model::rendition::{Rendition, RenditionState};
use kinora_model::video::{Video, VideoState};
use kinora_store::Stored;
use kinora_store::tables::{BlobOwner, Owner, blob_owner_key};

use crate::tests::{service, video};
use crate::{Config, Media, files, hls};

/// How long a clip may take on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(240);

/// The transcoder that was built beside these tests.
fn transcoder() -> PathBuf {
    if let Some(path) = std::env::var_os("KINORA_TRANSCODER") {
        return path.into();
    }
    let own = std::env::current_exe().unwrap();
    let path = own.parent().unwrap().parent().unwrap().join("kinora-transcoder");
    assert!(path.is_file(), "{} is missing: cargo build -p kinora-transcoder", path.display());
    path
}

fn ffmpeg(arguments: &[&str], output: &Path) {
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-y"])
        .args(arguments)
        .arg(output)
        .status()
        .expect("ffmpeg is installed");
    assert!(made.success());
}

struct Node {
    folder: tempfile::TempDir,
    media: Arc<Media>,
}

impl Node {
    fn start(config: Config) -> (Self, crate::Workers) {
        Self::start_in(&std::env::temp_dir(), config)
    }

    fn start_in(place: &Path, config: Config) -> (Self, crate::Workers) {
        let folder = tempfile::tempdir_in(place).unwrap();
        let config = Config { transcoder: Some(transcoder()), ..config };
        let scratch = folder.path().join("scratch");
        let media = Arc::new(Media::open(service(folder.path()), config, scratch).unwrap());
        let workers = media.start();
        (Self { folder, media }, workers)
    }

    /// Makes a clip, and a video whose file it is, and waits until all that comes of it is done.
    async fn make(&self, arguments: &[&str], name: &str) -> Video {
        let clip = self.folder.path().join(name);
        ffmpeg(arguments, &clip);
        let video = self.upload(&clip).await;
        self.settled(&video).await
    }

    async fn upload(&self, clip: &Path) -> Video {
        let service = &self.media.service;
        let video = video(service).await;
        let bytes = std::fs::metadata(clip).unwrap().len();
        service.blobs.adopt_original(video.id, clip).await.unwrap();
        let stored = service.store.get::<Video>(&video.id.to_key()).await.unwrap().unwrap();
        let mut row = (*stored).clone();
        row.state = VideoState::Processing;
        row.source.bytes = bytes;
        let mut batch = kinora_store::Batch::default();
        batch.replace_row(&stored, &row).unwrap();
        let job = kinora_model::job::Job::Probe { video: video.id };
        service.queue.enqueue(&mut batch, &job).unwrap();
        service.store.commit(batch).await.unwrap();
        row
    }

    async fn now(&self, video: &Video) -> Video {
        let found = self.media.service.store.get::<Video>(&video.id.to_key()).await.unwrap();
        found.map(Stored::into_row).unwrap()
    }

    /// Waits until the video failed, or all of its renditions are whole and described and its original is gone.
    async fn settled(&self, video: &Video) -> Video {
        let mut progress = self.media.service.progress.watch(video.id);
        let settled = async {
            loop {
                let now = self.now(video).await;
                let renditions = self.media.renditions(video.id).await.unwrap();
                let whole =
                    |one: &Rendition| one.state == RenditionState::Ready && one.torrent.is_some();
                let all = !renditions.is_empty() && renditions.iter().all(whole);
                if now.state == VideoState::Failed || all && !now.source.kept {
                    return now;
                }
                // The last steps change rows that no board tells of.
                let _ = tokio::time::timeout(Duration::from_millis(200), progress.changed()).await;
            }
        };
        let settled = tokio::time::timeout(PATIENCE, settled).await;
        settled.expect("the video settles in time")
    }

    /// Writes the playlists and segments of a video into a folder, as a player would fetch them.
    async fn fetch(&self, video: &Video) -> PathBuf {
        let folder = self.folder.path().join(format!("fetched-{}", video.id));
        std::fs::create_dir_all(&folder).unwrap();
        let service = &self.media.service;
        let renditions = self.media.renditions(video.id).await.unwrap();
        let master = hls::multivariant::write(&renditions, None);
        std::fs::write(folder.join("master.m3u8"), master).unwrap();
        for rendition in &renditions {
            let segments = files::segments(&service.store, rendition).await.unwrap();
            let playlist = hls::media::write(rendition, &segments, None);
            std::fs::write(folder.join(format!("{}.m3u8", rendition.id)), playlist).unwrap();
            let init = rendition.init.as_ref().unwrap().blob;
            let bytes = service.blobs.get(&init).await.unwrap();
            std::fs::write(folder.join(format!("{init}.mp4")), bytes).unwrap();
            for segment in segments {
                let bytes = service.blobs.get(&segment.blob).await.unwrap();
                std::fs::write(folder.join(format!("{}.m4s", segment.blob)), bytes).unwrap();
            }
        }
        folder
    }

    /// The file of a rendition, read as a download reads it.
    async fn read(&self, rendition: &Rendition) -> Vec<u8> {
        let file = self.media.file(rendition).await.unwrap();
        let service = Arc::clone(&self.media.service);
        let mut reader = files::Reader::new(service, file.pieces(0..file.bytes()));
        let mut all = Vec::new();
        while let Some(slice) = reader.next().await.unwrap() {
            all.extend_from_slice(&slice);
        }
        all
    }
}

/// Decodes all of a file or playlist; what ffmpeg complains of.
fn complaints(input: &Path) -> String {
    let playlist = input.extension().is_some_and(|extension| extension == "m3u8");
    let decoded = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-xerror"])
        .args(if playlist { &["-allowed_extensions", "ALL"][..] } else { &[] })
        .arg("-i")
        .arg(input)
        .args(["-f", "null", "-"])
        .output()
        .expect("ffmpeg is installed");
    let said = String::from_utf8_lossy(&decoded.stderr).into_owned();
    if decoded.status.success() { said } else { format!("{said} {}", decoded.status) }
}

fn probe(input: &Path, what: &str) -> String {
    let probed = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", what, "-of", "csv=p=0"])
        .arg(input)
        .output()
        .expect("ffprobe is installed");
    String::from_utf8_lossy(&probed.stdout).trim().to_owned()
}

const PICTURE: [&str; 4] = ["-f", "lavfi", "-i", "testsrc2=size=854x480:rate=30:duration=9"];
const SOUND: [&str; 4] = ["-f", "lavfi", "-i", "sine=frequency=440:duration=9"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_web_friendly_clip_is_packed_first_and_every_rendition_plays() {
    let (node, workers) = Node::start(Config::default());
    let web = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p",
        "-g",
        "60",
        "-c:a",
        "aac",
    ];
    let video = node.make(&[&PICTURE[..], &SOUND[..], &web[..]].concat(), "clip.mp4").await;
    assert_eq!(video.state, VideoState::Published);
    let footage = video.footage.clone().unwrap();
    assert_eq!((footage.width, footage.height, footage.fps_milli), (854, 480, 30_000));

    let renditions = node.media.renditions(video.id).await.unwrap();
    let made: Vec<_> = renditions.iter().map(|one| (one.rung.as_str(), one.copied)).collect();
    assert_eq!(made, [("240p", false), ("360p", false), ("480p", true)]);

    let service = &node.media.service;
    let mut cuts = Vec::new();
    for rendition in &renditions {
        let segments = files::segments(&service.store, rendition).await.unwrap();
        let starts: Vec<_> = segments.iter().map(|one| (one.start_us + 1_000) / 10_000).collect();
        cuts.push(starts);
        let first = node.read(rendition).await;
        assert_eq!(first, node.read(rendition).await, "the file is the same each time");
        assert_eq!(u64::try_from(first.len()).unwrap(), rendition.bytes);
        let path = node.folder.path().join(format!("{}.mp4", rendition.rung));
        std::fs::write(&path, first).unwrap();
        assert_eq!(complaints(&path), "", "{}", rendition.rung);
        let size = format!("{},{}", rendition.width, rendition.height);
        assert_eq!(probe(&path, "stream=width,height").lines().next(), Some(size.as_str()));
    }
    assert!(cuts.windows(2).all(|two| two[0] == two[1]), "all are cut at the same times: {cuts:?}");

    let fetched = node.fetch(&video).await;
    assert_eq!(complaints(&fetched.join("master.m3u8")), "");

    let download = node.media.download(&renditions[0]).await.unwrap();
    assert_eq!(complaints(download.path()), "");
    let start = std::fs::read(download.path()).unwrap();
    let (index, data) = (place(&start, b"moov"), place(&start, b"mdat"));
    assert!(index < data, "the index comes first");
    drop(download);

    assert!(video.thumbnail.is_some() && video.candidates.len() == 4);
    let storyboard = video.storyboard.clone().unwrap();
    assert!(storyboard.total_width % storyboard.sprite_width == 0);
    let large = video.thumbnail.unwrap().large;
    let key = blob_owner_key(&large.blob, Owner::Video(video.id));
    assert!(service.store.get::<BlobOwner>(&key).await.unwrap().is_some());
    assert_eq!(service.blobs.original_size(video.id).await.unwrap(), None, "the original is gone");
    workers.stop().await;
    assert_eq!(std::fs::read_dir(node.folder.path().join("scratch")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_web_friendly_is_encoded_lowest_rung_first() {
    let (node, workers) = Node::start(Config::default());
    let web = ["-c:v", "mpeg4", "-q:v", "5", "-c:a", "libmp3lame"];
    let video = node.make(&[&PICTURE[..], &SOUND[..], &web[..]].concat(), "clip.mkv").await;
    assert_eq!(video.state, VideoState::Published, "{:?}", video.failure);
    let renditions = node.media.renditions(video.id).await.unwrap();
    let made: Vec<_> = renditions.iter().map(|one| (one.rung.as_str(), one.copied)).collect();
    assert_eq!(made, [("240p", false), ("360p", false), ("480p", false)]);
    let fetched = node.fetch(&video).await;
    assert_eq!(complaints(&fetched.join("master.m3u8")), "");
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_alone_becomes_one_rendition() {
    let (node, workers) = Node::start(Config::default());
    let video = node.make(&[&SOUND[..], &["-c:a", "libmp3lame"]].concat(), "song.mp3").await;
    assert_eq!(video.state, VideoState::Published, "{:?}", video.failure);
    let renditions = node.media.renditions(video.id).await.unwrap();
    assert_eq!(renditions.len(), 1);
    assert_eq!(renditions[0].codecs, "mp4a.40.2");
    let fetched = node.fetch(&video).await;
    assert_eq!(complaints(&fetched.join("master.m3u8")), "");
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_video_fails_at_once_with_a_reason_for_its_owner() {
    let (node, workers) = Node::start(Config::default());
    let clip = node.folder.path().join("text.mp4");
    std::fs::write(&clip, "This is a letter, not a video. ".repeat(100)).unwrap();
    let video = node.upload(&clip).await;
    let video = node.settled(&video).await;
    let failure = video.failure.unwrap();
    assert_eq!((video.state, failure.code.as_str()), (VideoState::Failed, "not-media"));
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transcoder_that_is_killed_costs_one_try_and_leaves_nothing_half_published() {
    let (node, workers) = Node::start(Config::default());
    let clip = node.folder.path().join("clip.mkv");
    let long = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30:duration=120", "-c:v", "mpeg4"];
    ffmpeg(&long, &clip);
    let video = node.upload(&clip).await;
    let mut progress = node.media.service.progress.watch(video.id);
    // Until something of the first rendition is on disk.
    let begun = |one: &Rendition| one.state == RenditionState::Running && one.segments > 0;
    while !node.media.renditions(video.id).await.unwrap().iter().any(begun) {
        let _ = tokio::time::timeout(Duration::from_millis(100), progress.changed()).await;
    }
    kill_transcoder(node.folder.path());
    let now = node.now(&video).await;
    assert_eq!(now.state, VideoState::Processing, "half a rendition is not published");
    let video = node.settled(&video).await;
    assert_eq!(video.state, VideoState::Published);
    let fetched = node.fetch(&video).await;
    assert_eq!(complaints(&fetched.join("master.m3u8")), "");
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_video_that_is_deleted_ends_its_transcoder_and_frees_the_disk() {
    let (node, workers) = Node::start(Config::default());
    let clip = node.folder.path().join("clip.mkv");
    let long = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30:duration=120", "-c:v", "mpeg4"];
    ffmpeg(&long, &clip);
    let video = node.upload(&clip).await;
    let begun = |one: &Rendition| one.state == RenditionState::Running && one.segments > 0;
    let mut progress = node.media.service.progress.watch(video.id);
    while !node.media.renditions(video.id).await.unwrap().iter().any(begun) {
        let _ = tokio::time::timeout(Duration::from_millis(100), progress.changed()).await;
    }
    let service = &node.media.service;
    let mut batch = kinora_store::Batch::default();
    batch.delete_row(&service.store.get::<Video>(&video.id.to_key()).await.unwrap().unwrap());
    let deleted = kinora_model::event::Event::VideoDeleted { video: video.id };
    service.journal.record(&mut batch, &deleted, service.now()).unwrap();
    let job = kinora_model::job::Job::RemoveVideo { video: video.id };
    service.queue.enqueue(&mut batch, &job).unwrap();
    service.store.commit(batch).await.unwrap();
    let gone = async {
        loop {
            let renditions = node.media.renditions(video.id).await.unwrap();
            if renditions.is_empty() && transcoders(node.folder.path()).is_empty() {
                return;
            }
            let _ = tokio::time::timeout(Duration::from_millis(100), progress.changed()).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("it ends soon");
    workers.stop().await;
    kinora_store::sweep::sweep_blobs(&service.blobs, &service.store).await.unwrap();
    let left = kinora_store::sweep::sweep_all(&service.blobs, &service.store).await.unwrap();
    assert_eq!(left.originals, 0, "the original went with the video");
}

/// A small disk of its own, unmounted when dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    fn with_mb(megabytes: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .status()
            .expect("mount is there");
        assert!(mounted.success(), "a disk can be mounted only by root");
        Self(folder)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_makes_a_video_wait_and_room_lets_it_go_on() {
    let disk = Disk::with_mb(64);
    let (node, workers) = Node::start_in(disk.0.path(), Config::default());
    let clip = node.folder.path().join("clip.mp4");
    let source = ["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30:duration=15"];
    let web = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "60"];
    ffmpeg(&[&source[..], &web[..]].concat(), &clip);
    let ballast = disk.0.path().join("ballast");
    let stored = node.folder.path().join("store/originals");
    let video = {
        let video = node.upload(&clip).await;
        assert!(stored.exists());
        let free = node.media.free_bytes().unwrap() - (1 << 20);
        std::fs::write(&ballast, vec![1_u8; usize::try_from(free).unwrap()]).unwrap();
        video
    };
    let mut progress = node.media.service.progress.watch(video.id);
    // What the wait returns is a lock on the board: it must not live on.
    let waits = async { progress.wait_for(|progress| progress.no_space).await.is_ok() };
    let waits = tokio::time::timeout(PATIENCE, waits).await.expect("it says that it waits");
    assert!(waits);
    assert_eq!(node.now(&video).await.state, VideoState::Processing);
    std::fs::remove_file(&ballast).unwrap();
    let video = node.settled(&video).await;
    assert_eq!(video.state, VideoState::Published);
    let renditions = node.media.renditions(video.id).await.unwrap();
    assert!(renditions.iter().all(|one| one.state == RenditionState::Ready));
    workers.stop().await;
}

/// Where a word first stands.
fn place(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|window| window == word)
}

/// The transcoders that work in a folder.
fn transcoders(folder: &Path) -> Vec<u32> {
    let own = std::process::id();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let after = stat.rsplit(") ").next().unwrap_or_default();
        let mut fields = after.split(' ');
        let (state, parent) = (fields.next(), fields.next());
        let child =
            parent.and_then(|parent| parent.parse().ok()) == Some(own) && state != Some("Z");
        let open = std::fs::read_dir(entry.path().join("fd")).into_iter().flatten().flatten();
        let here = |fd: std::fs::DirEntry| {
            std::fs::read_link(fd.path()).is_ok_and(|path| path.starts_with(folder))
        };
        if child && open.into_iter().any(here) {
            found.push(pid);
        }
    }
    found
}

fn kill_transcoder(folder: &Path) {
    let found = transcoders(folder);
    assert!(!found.is_empty(), "a transcoder is at work");
    for pid in found {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    }
}
