import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Progress } from '../src/lib/api/progress';
import { ROOT_PASSWORD, type TestNode } from './node';

/** Speaks with a node as an app does, to lay out what a test looks at. */
export class Client {
  readonly #url: string;
  readonly #token: string;

  private constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** Logs in; as `root` unless told otherwise. */
  static async of(node: TestNode, username = 'root', password = ROOT_PASSWORD): Promise<Client> {
    const ids = (await (await fetch(`${node.url}/api/v1/oauth-clients/local`)).json()) as Record<
      string,
      string
    >;
    const body = new URLSearchParams({ ...ids, grant_type: 'password', username, password });
    const answer = await fetch(`${node.url}/api/v1/users/token`, { method: 'POST', body });
    if (!answer.ok) throw new Error(`log-in: ${answer.status} ${await answer.text()}`);
    return new Client(node.url, ((await answer.json()) as { access_token: string }).access_token);
  }

  /** What a browser keeps of this session. */
  get session(): string {
    return JSON.stringify({ accessToken: this.#token, refreshToken: '', endsAt: Date.now() + 86_400_000 });
  }

  async get<T>(path: string): Promise<T> {
    const answer = await fetch(this.#url + path, { headers: { Authorization: `Bearer ${this.#token}` } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async post<T>(path: string, json: unknown): Promise<T> {
    return this.#send<T>('POST', path, json);
  }

  async put<T>(path: string, json: unknown): Promise<T> {
    return this.#send<T>('PUT', path, json);
  }

  async delete(path: string): Promise<void> {
    await this.#send('DELETE', path);
  }

  /** Registers someone with a channel. */
  async register(username: string, password: string): Promise<void> {
    const email = `${username}@example.org`;
    const channel = { name: `${username}_channel`, displayName: `${username}’s channel` };
    await this.post('/api/v1/users/register', { username, password, email, displayName: username, channel });
  }

  async #send<T>(method: string, path: string, json?: unknown): Promise<T> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.#token}` };
    if (json !== undefined) headers['Content-Type'] = 'application/json';
    const answer = await fetch(this.#url + path, { method, headers, body: JSON.stringify(json) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    const text = await answer.text();
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** Uploads a file in one go and returns what names the video. */
  async upload(
    path: string,
    words: Record<string, string>,
  ): Promise<{ id: number; uuid: string; shortUUID: string }> {
    const me = await this.get<{ videoChannels: { id: number }[] }>('/api/v1/users/me');
    const form = new FormData();
    form.set('channelId', String(me.videoChannels[0]?.id));
    for (const [name, value] of Object.entries(words)) form.set(name, value);
    form.set('videofile', new Blob([readFileSync(path)]), basename(path));
    const answer = await fetch(`${this.#url}/api/v1/videos/upload`, {
      method: 'POST',
      body: form,
      headers: { Authorization: `Bearer ${this.#token}` },
    });
    if (!answer.ok) throw new Error(`upload: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { video: { id: number; uuid: string; shortUUID: string } }).video;
  }

  /** Waits until a video is as wanted. */
  async until(uuid: string, wanted: (progress: Progress) => boolean): Promise<Progress> {
    const end = Date.now() + 110_000;
    for (;;) {
      const progress = await this.get<Progress>(`/api/kinora/v1/videos/${uuid}/progress`);
      if (wanted(progress)) return progress;
      if (progress.state === 'failed' || Date.now() > end) throw new Error(JSON.stringify(progress));
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** True once all that was planned is made. */
export const finished = (progress: Progress) =>
  progress.renditions.length > 0 && progress.renditions.every((one) => one.state === 'ready');
