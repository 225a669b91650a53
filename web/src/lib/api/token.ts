import { Problem, problemOf } from './problem';

/** A session with the node, as OAuth 2 gives it. */
export interface Tokens {
  accessToken: string;
  refreshToken: string;
  /** Milliseconds since 1970 at which the access token ends. */
  endsAt: number;
}

interface Grant {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

/** Logs in with a name (or e-mail address) and a password. */
export const withPassword = (username: string, password: string) =>
  grant({ grant_type: 'password', username, password });

/** Trades a refresh token for new tokens. */
export const withRefresh = (refreshToken: string) =>
  grant({ grant_type: 'refresh_token', refresh_token: refreshToken });

/** Ends the session of a token; a token that is already gone is no error. */
export async function revoke(accessToken: string): Promise<void> {
  await fetch('/api/v1/users/revoke-token', {
    method: 'POST',
    headers: { Authorization: `Bearer ${accessToken}` },
  }).catch(() => undefined);
}

async function grant(fields: Record<string, string>): Promise<Tokens> {
  const client = await ask<{ client_id: string; client_secret: string }>('/api/v1/oauth-clients/local');
  const answer = await ask<Grant>('/api/v1/users/token', {
    method: 'POST',
    body: new URLSearchParams({ ...client, ...fields }),
  });
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token,
    endsAt: Date.now() + answer.expires_in * 1000,
  };
}

async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new Problem(0, 'unreachable', '');
  }
  if (!response.ok) throw await problemOf(response);
  return (await response.json()) as T;
}
