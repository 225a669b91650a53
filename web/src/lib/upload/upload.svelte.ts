import { send } from '../api/client';
import { Problem } from '../api/problem';
import { followProgress, type Progress } from '../api/progress';
import { forget, remember, unfinishedOf } from './memory';
import { abandon, announce, PartSize, sendPart, standing, type Intent, type Uploaded } from './resumable';

export type Phase = 'starting' | 'sending' | 'waiting' | 'paused' | 'done' | 'failed' | 'cancelled';

/** The wait before the next try after a lost part, doubled up to `RETRY_MS_MAX`. */
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 30_000;
/** How strongly the newest part weighs in the speed that is shown. */
const SPEED_WEIGHT = 0.3;

/** One file on its way to the node, and the video that becomes of it. */
export class Upload {
  readonly file: File;
  readonly intent: Intent;
  phase = $state<Phase>('starting');
  /** Bytes that left this machine; a lost part takes some back. */
  sent = $state(0);
  /** True if an earlier upload of the same file is being continued. */
  resumed = $state(false);
  /** In bytes per second, smoothed; 0 until known. */
  speed = $state(0);
  problem = $state<Problem | null>(null);
  video = $state<Uploaded | null>(null);
  progress = $state<Progress | null>(null);

  readonly #username: string;
  readonly #parts: PartSize;
  #id: string | null = null;
  #stop = new AbortController();
  #follow = new AbortController();
  #wake: (() => void) | null = null;

  constructor(file: File, intent: Intent, username: string, partBytesMax: number) {
    this.file = file;
    this.intent = intent;
    this.#username = username;
    this.#parts = new PartSize(partBytesMax);
  }

  get percent(): number {
    return this.file.size === 0 ? 0 : (100 * this.sent) / this.file.size;
  }

  get etaSeconds(): number | null {
    return this.speed > 0 ? (this.file.size - this.sent) / this.speed : null;
  }

  get underWay(): boolean {
    return ['starting', 'sending', 'waiting', 'paused'].includes(this.phase);
  }

  /** Sends everything, over broken lines and pauses; ends when done, paused, refused or cancelled. */
  async run(): Promise<void> {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.problem = null;
    let wait = RETRY_MS;
    while (!signal.aborted) {
      const before = this.sent;
      try {
        await this.#attempt(signal);
        return;
      } catch (cause) {
        if (signal.aborted) return;
        const problem = cause instanceof Problem ? cause : new Problem(0, 'unreachable', String(cause));
        if (!(await this.#canGoOn(problem))) {
          this.problem = problem;
          this.phase = 'failed';
          return;
        }
        this.problem = problem;
        this.phase = 'waiting';
        this.#parts.lost();
        if (this.sent > before) wait = RETRY_MS;
        await this.#rest(problem.retryAfterSeconds === null ? wait : problem.retryAfterSeconds * 1000);
        wait = Math.min(wait * 2, RETRY_MS_MAX);
      }
    }
  }

  pause(): void {
    if (this.phase === 'done') return;
    this.#stop.abort();
    this.phase = 'paused';
  }

  async cancel(): Promise<void> {
    this.#stop.abort();
    this.#follow.abort();
    this.phase = 'cancelled';
    if (this.#id === null) return;
    forget(this.#id);
    if (!this.video) await abandon(this.#id);
  }

  /** Stops listening to what becomes of the video. */
  leave(): void {
    this.#follow.abort();
  }

  /** Tries again at once instead of waiting out the pause. */
  hurry(): void {
    this.#wake?.();
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    let received = await this.#begin(signal);
    this.phase = 'sending';
    while (received !== null) {
      const start = received;
      this.sent = start;
      const began = performance.now();
      const size = Math.min(this.#parts.bytes, this.file.size - start);
      const answer = await sendPart(
        this.#id as string,
        this.file,
        start,
        size,
        (moved) => (this.sent = start + Math.min(moved, size)),
        signal,
      );
      this.problem = null;
      if (answer === null) {
        // The node forgot this upload: it begins anew, the file is still here.
        if (this.#id) forget(this.#id);
        this.#id = null;
        received = await this.#begin(signal);
      } else if ('done' in answer) {
        this.#finish(answer.done);
        received = null;
      } else {
        const ms = performance.now() - began;
        this.#learnSpeed(answer.received - start, ms);
        this.#parts.took(Math.max(1, answer.received - start), ms);
        received = answer.received;
      }
    }
  }

  /** Finds out where to go on; null if all is there already. */
  async #begin(signal: AbortSignal): Promise<number | null> {
    if (this.#id === null) {
      const earlier = unfinishedOf(this.file, this.#username, Date.now());
      if (earlier) this.#id = earlier.id;
    }
    if (this.#id !== null) {
      const found = await standing(this.#id, this.file.size, signal);
      if (found && 'done' in found) {
        this.#finish(found.done);
        return null;
      }
      if (found) {
        this.resumed = found.received > 0 && this.sent === 0;
        return found.received;
      }
      forget(this.#id);
      this.#id = null;
    }
    this.#id = await announce(this.file, this.intent, signal);
    remember({
      id: this.#id,
      filename: this.file.name,
      size: this.file.size,
      lastModified: this.file.lastModified,
      username: this.#username,
      begunAt: Date.now(),
    });
    return 0;
  }

  #finish(video: Uploaded): void {
    if (this.#id) forget(this.#id);
    this.sent = this.file.size;
    this.problem = null;
    this.video = video;
    this.phase = 'done';
    void followProgress(video.uuid, (progress) => (this.progress = progress), this.#follow.signal);
  }

  #learnSpeed(bytes: number, ms: number): void {
    if (bytes <= 0 || ms <= 0) return;
    const now = (bytes / ms) * 1000;
    this.speed = this.speed === 0 ? now : this.speed * (1 - SPEED_WEIGHT) + now * SPEED_WEIGHT;
  }

  async #canGoOn(problem: Problem): Promise<boolean> {
    // A full disk frees up; a wrong range is answered by asking anew where to go on.
    if (problem.passing || problem.status === 409 || problem.status === 416 || problem.status === 423)
      return true;
    if (problem.status !== 401) return false;
    // Any ordinary call renews the session if it can be renewed.
    return send('/api/v1/users/me').then(
      () => true,
      () => false,
    );
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        removeEventListener('online', done);
        this.#wake = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#wake = done;
      addEventListener('online', done);
    });
  }
}
