import { keep, recall } from '../kept';
import type { Engine, Listener, Quality } from './engine';
import { FragmentGate } from './fragment_gate';
import { speedAfter } from './keys';

/** What is to be played. */
export interface Film {
  /** The multivariant playlist, with a token in its query if the video is not public; null if there is none. */
  playlistUrl: string | null;
  /** The same playlist on other servers, for when the first is not reached. */
  mirrors: string[];
  /** A plain file for when there is no playlist. */
  fileUrl: string | null;
  /** In seconds, as the node knows it. */
  duration: number;
  /** Where to begin, in seconds. */
  start: number;
  /** Where to stop, in seconds; null plays to the end. */
  stop: number | null;
}

/** Segments that may not come, one after another, before another server is asked for them. */
const PATIENCE = 2;

/** The state of one player; controls read it and call its verbs. */
export class Playback {
  paused = $state(true);
  ended = $state(false);
  /** True while it should play but has nothing to show. */
  waiting = $state(false);
  started = $state(false);
  time = $state(0);
  length = $state(0);
  /** The end of what is loaded around the present moment, in seconds. */
  loaded = $state(0);
  /** How many seconds exist while the quality on screen is still being made; null when all do. */
  made = $state<number | null>(null);
  volume = $state(1);
  muted = $state(false);
  speed = $state(1);
  qualities = $state<Quality[]>([]);
  /** Null lets the engine decide. */
  chosen = $state<number | null>(recall<number>('quality'));
  showing = $state<number | null>(null);
  failure = $state<'network' | 'media' | 'unsupported' | null>(null);
  pictureInPicture = $state(false);
  /** Where other viewers may help. */
  readonly gate = new FragmentGate();

  #video: HTMLVideoElement | null = null;
  #engine: Engine | null = null;
  #film: Film | null = null;
  #played = false;
  #whenPlaying: (() => void)[] = [];
  /** Where the playlist is still to be looked for, best first. */
  #sources: string[] = [];
  #ending = false;
  /** It was told to play, and not to stop since: an engine that begins meanwhile stops the element without a word. */
  #wanted = false;

  /** Connects to the element that shows the pictures; returns the way to let it go. */
  attach(video: HTMLVideoElement): () => void {
    this.#video = video;
    this.gate.ahead = () => loadedUntil(video.buffered, video.currentTime) - video.currentTime;
    video.volume = recall<number>('volume') ?? 1;
    video.muted = recall<boolean>('muted') ?? false;
    const listen = new AbortController();
    const on = (names: string[], run: () => void) => {
      for (const name of names) video.addEventListener(name, run, { signal: listen.signal });
    };
    on(['play', 'pause', 'ended', 'seeking', 'playing', 'emptied'], () => this.#readState(video));
    on(['timeupdate', 'seeking', 'seeked', 'progress', 'durationchange', 'loadedmetadata'], () =>
      this.#readTime(video),
    );
    on(['waiting', 'stalled'], () => (this.waiting = !video.paused && video.readyState < 3));
    on(['playing', 'canplay', 'seeked', 'pause'], () => (this.waiting = false));
    on(['volumechange'], () => this.#readVolume(video));
    on(['playing'], () => {
      this.#played = true;
      for (const run of this.#whenPlaying.splice(0)) run();
    });
    on(['play'], () => (this.#wanted = true));
    on(['pause'], () => (this.#wanted = false));
    on(['ratechange'], () => (this.speed = video.playbackRate));
    on(['enterpictureinpicture'], () => (this.pictureInPicture = true));
    on(['leavepictureinpicture'], () => (this.pictureInPicture = false));
    on(['error'], () => {
      if (!this.#engine && video.error) this.failure = 'media';
    });
    this.#readVolume(video);
    return () => {
      this.#ending = true;
      listen.abort();
      this.#engine?.destroy();
      this.#engine = null;
      this.#video = null;
    };
  }

  /** Calls `run` once the first pictures move. */
  whenPlaying(run: () => void): void {
    if (this.#played) run();
    else this.#whenPlaying.push(run);
  }

  /** Where the player is, for those who fetch ahead; null once it is gone. */
  playhead(): { time: number; bufferedEnd: number; rate: number; playing: boolean } | null {
    const video = this.#video;
    if (!video) return null;
    const time = video.currentTime;
    const bufferedEnd = Math.max(loadedUntil(video.buffered, time), time);
    return { time, bufferedEnd, rate: video.playbackRate, playing: !video.paused && !video.ended };
  }

  /** Begins to load a film, without playing it yet. */
  async open(film: Film): Promise<void> {
    const video = this.#video;
    if (!video) return;
    this.#engine?.destroy();
    this.#engine = null;
    // Whoever began one film did not ask for the next.
    if (this.#film !== null && this.#film.playlistUrl !== film.playlistUrl) this.#wanted = false;
    this.#film = film;
    this.failure = null;
    this.length = film.duration;
    this.time = film.start;
    if (film.playlistUrl === null) {
      if (film.fileUrl) video.src = film.start > 0 ? `${film.fileUrl}#t=${film.start}` : film.fileUrl;
      else this.failure = 'unsupported';
      return;
    }
    this.#sources = [film.playlistUrl, ...film.mirrors];
    await this.#load(video, film, film.start);
    if (this.#wanted && this.#film === film) this.play();
  }

  /** Starts an engine with the best source that was not tried yet. */
  async #load(video: HTMLVideoElement, film: Film, start: number): Promise<void> {
    const source = this.#sources.shift();
    if (source === undefined) {
      this.failure = 'network';
      return;
    }
    const patience = this.#sources.length > 0 ? PATIENCE : null;
    try {
      const { startEngine } = await import('./engine');
      const engine = await startEngine(
        video,
        source,
        start,
        this.chosen,
        patience,
        this.#listener(),
        this.gate,
      );
      if (this.#ending || this.#film !== film) engine.destroy();
      else this.#engine = engine;
    } catch {
      this.failure = 'network';
    }
  }

  /** Goes on from another server, where it stopped, if there is one. */
  #failed(why: 'network' | 'media' | 'unsupported'): void {
    const [video, film] = [this.#video, this.#film];
    if (why !== 'network' || this.#sources.length === 0 || !video || !film) {
      this.failure = why;
      return;
    }
    const at = this.time;
    this.#engine?.destroy();
    this.#engine = null;
    void this.#load(video, film, at).then(() => {
      if (this.#wanted) this.play();
    });
  }

  /** Opens the same film again where it stopped, after a failure. */
  async retry(): Promise<void> {
    if (!this.#film) return;
    await this.open({ ...this.#film, start: this.time });
    this.play();
  }

  play(): void {
    const video = this.#video;
    if (!video) return;
    if (this.ended) video.currentTime = this.#film?.start ?? 0;
    // The browser refuses sound before a click; then it stays paused and the person presses play.
    this.#wanted = true;
    video.play().catch((refusal: unknown) => {
      if (refusal instanceof DOMException && refusal.name === 'NotAllowedError') this.#wanted = false;
    });
  }

  pause(): void {
    this.#video?.pause();
  }

  toggle(): void {
    if (this.paused) this.play();
    else this.pause();
  }

  /** Goes to a moment, as far as it exists. */
  seek(seconds: number): void {
    if (!this.#video) return;
    const end = this.made ?? this.length;
    // The very end would finish the video instead of showing it.
    this.#video.currentTime = Math.min(Math.max(0, seconds), Math.max(0, end - 0.1));
    this.time = this.#video.currentTime;
  }

  skip(seconds: number): void {
    this.seek(this.time + seconds);
  }

  /** Moves by single pictures, taken as 1/25 s; only while paused, as elsewhere it cannot be seen. */
  frame(by: number): void {
    this.pause();
    this.skip(by / 25);
  }

  setVolume(volume: number): void {
    if (!this.#video) return;
    this.#video.volume = Math.min(Math.max(volume, 0), 1);
    this.#video.muted = this.#video.volume === 0;
  }

  toggleMute(): void {
    if (!this.#video) return;
    if (this.#video.volume === 0) this.#video.volume = 0.5;
    this.#video.muted = !this.#video.muted;
  }

  setSpeed(speed: number): void {
    if (this.#video) this.#video.playbackRate = speed;
  }

  stepSpeed(steps: number): void {
    this.setSpeed(speedAfter(this.speed, steps));
  }

  /** Chooses a quality for this and later videos; null lets the engine decide. */
  choose(quality: number | null): void {
    this.chosen = quality;
    keep('quality', quality);
    this.#engine?.choose(quality);
  }

  /** Takes in qualities that were made since the start. */
  async grow(): Promise<void> {
    await this.#engine?.grow();
  }

  async togglePictureInPicture(): Promise<void> {
    try {
      if (document.pictureInPictureElement) await document.exitPictureInPicture();
      else await this.#video?.requestPictureInPicture();
    } catch {
      // Not every browser or moment allows it.
    }
  }

  #listener(): Listener {
    return {
      qualities: (all) => (this.qualities = all),
      showing: (quality) => (this.showing = quality),
      made: (seconds) => (this.made = seconds),
      failed: (why) => this.#failed(why),
    };
  }

  #readState(video: HTMLVideoElement): void {
    this.paused = video.paused;
    this.ended = video.ended;
    if (!video.paused) this.started = true;
    if (!video.paused && video.readyState < 3) this.waiting = true;
  }

  #readTime(video: HTMLVideoElement): void {
    this.time = video.currentTime;
    this.loaded = loadedUntil(video.buffered, video.currentTime);
    const known = this.#film?.duration ?? 0;
    const whole = Number.isFinite(video.duration) ? video.duration : 0;
    this.length = this.made === null && whole > 0 ? whole : Math.max(known, this.made ?? 0);
    this.ended = video.ended;
    const stop = this.#film?.stop;
    if (stop != null && video.currentTime >= stop && !video.paused) {
      video.pause();
      if (this.#film) this.#film.stop = null;
    }
  }

  #readVolume(video: HTMLVideoElement): void {
    this.volume = video.volume;
    this.muted = video.muted;
    keep('volume', video.volume);
    keep('muted', video.muted || null);
  }
}

function loadedUntil(ranges: TimeRanges, time: number): number {
  for (let index = 0; index < ranges.length; index += 1) {
    if (ranges.start(index) <= time + 0.2 && ranges.end(index) >= time) return ranges.end(index);
  }
  return 0;
}
