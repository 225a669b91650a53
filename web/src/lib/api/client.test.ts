import { afterEach, describe, expect, it, vi } from 'vitest';
import { call, queryString, send, speakAs } from './client';
import { Problem } from './problem';

afterEach(() => {
  vi.unstubAllGlobals();
  speakAs({ token: () => null, renew: async () => false });
});

/** Answers with these, one after the other, and keeps what was asked. */
function answering(...answers: Response[]): Headers[] {
  const asked: Headers[] = [];
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    asked.push(new Headers(init.headers));
    return answers.shift() ?? new Response(null, { status: 500 });
  });
  return asked;
}

describe('send', () => {
  it('renews a session that ran out, once, and asks again with the new token', async () => {
    let token = 'old';
    speakAs({
      token: () => token,
      renew: async (refused) => {
        expect(refused).toBe('old');
        token = 'new';
        return true;
      },
    });
    const asked = answering(new Response(null, { status: 401 }), Response.json({ fine: true }));
    expect(await call('/x')).toEqual({ fine: true });
    expect(asked.map((headers) => headers.get('authorization'))).toEqual(['Bearer old', 'Bearer new']);
  });

  it('does not try for ever', async () => {
    speakAs({ token: () => 'old', renew: async () => true });
    const asked = answering(new Response(null, { status: 401 }), new Response(null, { status: 401 }));
    await expect(send('/x')).rejects.toMatchObject({ status: 401 });
    expect(asked).toHaveLength(2);
  });

  it('says that nobody answered when the line is down', async () => {
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('failed to fetch');
    });
    const failed = await send('/x').catch((cause: unknown) => cause);
    expect(failed).toBeInstanceOf(Problem);
    expect(failed).toMatchObject({ status: 0, code: 'unreachable', passing: true });
  });
});

it('repeats the name of a list and leaves out what is absent', () => {
  expect(queryString({ a: 1, b: ['x', 'y z'], c: null, d: undefined, e: '', f: false })).toBe(
    '?a=1&b=x&b=y+z&f=false',
  );
  expect(queryString({})).toBe('');
});
