import { describe, expect, it } from 'vitest';
import { problemFrom, problemOf } from './problem';

describe('problemFrom', () => {
  it('takes the words and the reasons by field', () => {
    const problem = problemFrom(
      400,
      {
        detail: 'Incorrect request parameters: username',
        code: 'invalid',
        'invalid-params': { username: { msg: 'Should be shorter', path: 'username' } },
      },
      null,
    );
    expect(problem.message).toBe('Incorrect request parameters: username');
    expect(problem.fields).toEqual({ username: 'Should be shorter' });
    expect(problem.passing).toBe(false);
  });

  it('knows what may pass by itself', () => {
    for (const status of [0, 429, 500, 503, 507]) expect(problemFrom(status, {}, null).passing).toBe(true);
    for (const status of [400, 401, 403, 404, 413]) expect(problemFrom(status, {}, null).passing).toBe(false);
  });

  it('reads how long to wait, unless it is a date', () => {
    expect(problemFrom(429, {}, '30').retryAfterSeconds).toBe(30);
    expect(problemFrom(429, {}, 'Fri, 31 Dec 1999 23:59:59 GMT').retryAfterSeconds).toBeNull();
  });
});

it('makes a problem of any answer, even a page of a proxy', async () => {
  const problem = await problemOf(new Response('<html>Bad gateway</html>', { status: 502 }));
  expect(problem).toMatchObject({ status: 502, code: '', message: '' });
});
