import { followProgress, getProgress, isSettled, type Progress } from './api/progress';
import {
  getFileToken,
  getVideo,
  listCaptions,
  listStoryboards,
  PRIVACY,
  sendView,
  type Caption,
  type Storyboard,
  type Video,
} from './api/video';
import { takeBoot } from './boot';
import { keep, recall } from './kept';
import { parseClock } from './measure';
import type { Helping } from './player/helping.svelte';
import type { Film, Playback } from './player/playback.svelte';

/** How often the node is told that someone still watches, in ms. */
const VIEW_MS = 6_000;
/** Moments of so many videos are remembered. */
const MOMENTS_MAX = 200;
/** A video left within so many seconds of its end begins anew next time. */
const END_SECONDS = 15;

/** One viewing of one video: what the page shows and what the node is told. */
export class Watching {
  video = $state<Video | null>(null);
  problem = $state<unknown>(null);
  progress = $state<Progress | null>(null);
  film = $state.raw<Film | null>(null);
  captions = $state.raw<(Caption & { source: string })[]>([]);
  storyboard = $state.raw<(Storyboard & { source: string }) | null>(null);
  poster = $state<string | null>(null);
  /** True once the viewer wants to see sensitive pictures. */
  agreed = $state(false);
  autoplay = $state(false);
  /** Viewers who help each other; null until it is known whether they may. */
  helping = $state.raw<Helping | null>(null);

  readonly #id: string;
  /** Whether the page that embeds the player lets viewers help each other; null if none does. */
  readonly #embed: boolean | null;
  readonly #playback: Playback;
  readonly #query: URLSearchParams;
  readonly #stop = new AbortController();
  #token: string | null = null;
  #ready = new Set<number>();

  constructor(id: string, playback: Playback, query: URLSearchParams, embed: boolean | null = null) {
    this.#id = id;
    this.#embed = embed;
    this.#playback = playback;
    this.#query = query;
    this.autoplay = query.get('autoplay') === '1';
  }

  /** Begins; returns the way to end. */
  start(): () => void {
    void this.load();
    const timer = setInterval(() => this.#tick(), VIEW_MS);
    return () => {
      clearInterval(timer);
      this.#rememberMoment();
      this.helping?.stop();
      this.#stop.abort();
    };
  }

  async load(): Promise<void> {
    this.problem = null;
    try {
      const served = takeBoot('video');
      const video =
        served && (served.shortUUID === this.#id || served.uuid === this.#id)
          ? served
          : await getVideo(this.#id);
      if (this.#stop.signal.aborted) return;
      this.video = video;
      await this.#open(video);
    } catch (cause) {
      if (!this.#stop.signal.aborted) this.problem = cause;
      return;
    }
    void this.#follow();
    void this.#decorate();
  }

  seek(seconds: number): void {
    this.#playback.seek(seconds);
    this.#playback.play();
    scrollTo({ top: 0, behavior: 'smooth' });
  }

  agree(): void {
    this.agreed = true;
    this.autoplay = true;
  }

  /** Chooses what to play, if there is anything yet. */
  async #open(video: Video): Promise<void> {
    const playlist = video.streamingPlaylists[0];
    // A file of ours without bytes is only announced; other servers do not always say how large theirs are.
    const files = [...(playlist?.files ?? []), ...video.files].filter(
      (one) => one.size > 0 || !video.isLocal,
    );
    const file = files.find((one) => one.resolution.id <= 720) ?? files.at(-1);
    this.poster = video.previewPath ?? video.thumbnailPath;
    if (video.privacy.id === PRIVACY.private || video.privacy.id === PRIVACY.internal) {
      this.#token = (await getFileToken(video.uuid)).files.token;
    }
    if (this.poster) this.poster = this.#opened(this.poster);
    if (!playlist && !file) return;
    if (playlist && video.swarm) void this.#share(video);
    this.film = {
      playlistUrl: playlist ? this.#opened(playlist.playlistUrl) : null,
      mirrors: playlist?.redundancies.map((one) => `${one.baseUrl}/master.m3u8`) ?? [],
      fileUrl: file ? this.#opened(file.fileUrl) : null,
      duration: video.duration,
      start: this.#startAt(video),
      stop: parseClock(this.#query.get('stop') ?? ''),
    };
  }

  /** Lets viewers help each other, if they may; nothing of it is loaded for other videos. */
  async #share(video: Video): Promise<void> {
    const { uuid, isLocal, swarm = null } = video;
    if (this.helping) return;
    // What can wait does, until it is known whether somebody else watches.
    this.#playback.gate.expect(true);
    try {
      const { Helping } = await import('./player/helping.svelte');
      if (this.#stop.signal.aborted) return;
      this.helping = new Helping(this.#playback);
      await this.helping.offer({ uuid, isLocal, swarm, open: this.#token === null }, this.#embed);
    } catch {
      this.#playback.gate.expect(false);
    }
  }

  /** Captions and the storyboard may come after the first picture. */
  async #decorate(): Promise<void> {
    const [captions, boards] = await Promise.allSettled([listCaptions(this.#id), listStoryboards(this.#id)]);
    if (captions.status === 'fulfilled') {
      this.captions = captions.value.data.map((one) => ({ ...one, source: this.#opened(one.captionPath) }));
    }
    if (boards.status === 'fulfilled') {
      const board = boards.value.storyboards[0];
      this.storyboard = board ? { ...board, source: this.#opened(board.storyboardPath) } : null;
    }
  }

  async #follow(): Promise<void> {
    try {
      this.#took(await getProgress(this.#id));
    } catch {
      // Videos of other servers have none.
      return;
    }
    if (this.progress && !isSettled(this.progress)) {
      await followProgress(this.#id, (progress) => this.#took(progress), this.#stop.signal);
    }
  }

  #took(progress: Progress): void {
    const known = this.progress;
    this.progress = progress;
    const ready = progress.renditions.filter((one) => one.state === 'ready').map((one) => one.height);
    const fresh = ready.filter((height) => !this.#ready.has(height));
    this.#ready = new Set(ready);
    if (progress.playable && this.film === null) void this.#reopen();
    else if (fresh.length > 0 && known !== null) {
      void this.#playback.grow();
      // Sprites and subtitles are made last.
      if (this.storyboard === null) void this.#decorate();
    }
  }

  async #reopen(): Promise<void> {
    try {
      this.video = await getVideo(this.#id);
      await this.#open(this.video);
      void this.#decorate();
    } catch {
      // The next change tries again.
    }
  }

  /** An address with the token that opens it, if one is needed. */
  #opened(address: string): string {
    if (this.#token === null) return address;
    const url = new URL(address, location.href);
    url.searchParams.set('videoFileToken', this.#token);
    if (url.pathname.endsWith('.m3u8')) url.searchParams.set('reinjectVideoFileToken', 'true');
    return url.href;
  }

  #startAt(video: Video): number {
    const asked = parseClock(this.#query.get('start') ?? '');
    if (asked !== null) return asked;
    return recall<Record<string, number>>('moments')?.[video.uuid] ?? 0;
  }

  #tick(): void {
    if (this.#playback.paused || !this.video) return;
    sendView(this.video.uuid, this.#playback.time, viewer).catch(() => undefined);
    this.#rememberMoment();
  }

  #rememberMoment(): void {
    if (!this.video || !this.#playback.started) return;
    const { [this.video.uuid]: _, ...others } = recall<Record<string, number>>('moments') ?? {};
    const { time, length } = this.#playback;
    const kept = Object.entries(others).slice(-MOMENTS_MAX);
    if (time > 5 && time < length - END_SECONDS) kept.push([this.video.uuid, Math.floor(time)]);
    keep('moments', Object.fromEntries(kept));
  }
}

/** Tells the node that two reports come from one viewer, for as long as this page is open. */
const viewer = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
