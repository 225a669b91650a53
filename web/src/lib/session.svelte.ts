import { speakAs } from './api/client';
import { Problem } from './api/problem';
import { revoke, withPassword, withRefresh, type Tokens } from './api/token';
import { getMe, ROLE, type User } from './api/user';

const KEY = 'kinora.session';

/** Who is signed in, in this browser. */
class Session {
  /** Null when signed out, or until the node has said who the tokens belong to. */
  user = $state<User | null>(null);
  /** True while tokens are known but not yet whom they belong to. */
  loading = $state(false);
  #tokens = $state<Tokens | null>(null);
  #renewing: Promise<boolean> | null = null;

  get signedIn(): boolean {
    return this.#tokens !== null;
  }

  get moderates(): boolean {
    return this.user !== null && this.user.role.id !== ROLE.user;
  }

  get administers(): boolean {
    return this.user?.role.id === ROLE.administrator;
  }

  /** Takes up the session of the last visit, and follows log-in and log-out in other tabs. */
  start(): void {
    speakAs({ token: () => this.#tokens?.accessToken ?? null, renew: (refused) => this.#renew(refused) });
    this.#tokens = stored();
    if (this.#tokens) void this.refresh();
    addEventListener('storage', (event) => {
      if (event.key !== KEY && event.key !== null) return;
      this.#tokens = stored();
      if (this.#tokens) void this.refresh();
      else this.user = null;
    });
  }

  /** Logs in; throws the node's `Problem` if it refuses. */
  async logIn(username: string, password: string): Promise<void> {
    this.#keep(await withPassword(username, password));
    await this.refresh();
  }

  async logOut(): Promise<void> {
    const token = this.#tokens?.accessToken;
    this.#keep(null);
    this.user = null;
    if (token) await revoke(token);
  }

  /** Asks the node again who this is. */
  async refresh(): Promise<void> {
    this.loading = true;
    try {
      this.user = await getMe();
    } catch (cause) {
      if (cause instanceof Problem && cause.status === 401) this.#keep(null);
      if (this.#tokens === null) this.user = null;
    } finally {
      this.loading = false;
    }
  }

  #renew(refused: string): Promise<boolean> {
    this.#renewing ??= this.#renewOnce(refused).finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #renewOnce(refused: string): Promise<boolean> {
    // Another tab may have renewed already: a refresh token works only once.
    const known = stored();
    if (known && known.accessToken !== refused) {
      this.#tokens = known;
      return true;
    }
    if (!known) return false;
    try {
      this.#keep(await withRefresh(known.refreshToken));
      return true;
    } catch (cause) {
      // Only a clear refusal ends the session: the node may just be away.
      if (cause instanceof Problem && cause.status >= 400 && cause.status < 500 && cause.status !== 429) {
        this.#keep(null);
        this.user = null;
      }
      return false;
    }
  }

  #keep(tokens: Tokens | null): void {
    this.#tokens = tokens;
    try {
      if (tokens) localStorage.setItem(KEY, JSON.stringify(tokens));
      else localStorage.removeItem(KEY);
    } catch {
      // Without storage the session lasts as long as the page.
    }
  }
}

function stored(): Tokens | null {
  try {
    const raw = localStorage.getItem(KEY);
    return raw === null ? null : (JSON.parse(raw) as Tokens);
  } catch {
    return null;
  }
}

export const session = new Session();
