import { Problem, problemOf } from './problem';

/** The longest that an ordinary call may take before it counts as failed. */
const CALL_MS_MAX = 30_000;
/** The same for a call that carries a picture or subtitles. */
const SEND_MS_MAX = 300_000;

/** Who is asking: gives the access token, and a fresh one after the node refused it. */
export interface Bearer {
  token(): string | null;
  /** Resolves to true if a new token was had. */
  renew(refused: string): Promise<boolean>;
}

/** One call to the node. */
export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  query?: Query;
  json?: unknown;
  form?: FormData | URLSearchParams;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** True for an answer that goes on for as long as it likes. */
  stream?: boolean;
}

/** Parameters of a URL; lists repeat the name, absent values are left out. */
export type Query = Record<string, string | number | boolean | string[] | number[] | null | undefined>;

let bearer: Bearer = { token: () => null, renew: async () => false };

/** Names who speaks in all later calls. */
export function speakAs(who: Bearer): void {
  bearer = who;
}

/** The header that says who asks, empty when signed out. */
export function authorization(): Record<string, string> {
  const token = bearer.token();
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

/** Asks the node and returns its JSON answer; throws a `Problem` otherwise. */
export async function call<T>(path: string, what: Call = {}): Promise<T> {
  const response = await send(path, what);
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  if (text === '') return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new Problem(response.status, 'not_json', '');
  }
}

/** Asks the node and returns the answer as it is, renewing the session once if it ran out. */
export async function send(path: string, what: Call = {}): Promise<Response> {
  const before = bearer.token();
  let response = await once(path, what);
  if (response.status === 401 && before !== null && (await bearer.renew(before))) {
    response = await once(path, what);
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function once(path: string, what: Call): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...authorization(), ...what.headers };
  let body: BodyInit | undefined = what.form;
  if (what.json !== undefined) {
    headers['Content-Type'] = 'application/json';
    body = JSON.stringify(what.json);
  }
  const limit = what.form instanceof FormData ? SEND_MS_MAX : CALL_MS_MAX;
  const ends = [what.signal, what.stream ? undefined : AbortSignal.timeout(limit)];
  const signal = AbortSignal.any(ends.filter((one) => one !== undefined));
  try {
    return await fetch(path + queryString(what.query), {
      method: what.method ?? 'GET',
      headers,
      body,
      signal,
    });
  } catch (cause) {
    if (what.signal?.aborted) throw cause;
    throw new Problem(0, 'unreachable', '');
  }
}

/** Writes parameters as `?a=1&b=2&b=3`, `''` if there are none. */
export function queryString(query: Query = {}): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === '') continue;
    for (const one of Array.isArray(value) ? value : [value]) pairs.append(name, String(one));
  }
  const text = pairs.toString();
  return text === '' ? '' : `?${text}`;
}
