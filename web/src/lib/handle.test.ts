import { describe, expect, it } from 'vitest';
import { hostIn, readDomain, readHandle } from './handle';

describe('readHandle', () => {
  it('reads a handle however people write it', () => {
    const ada = { name: 'ada', host: 'example.org' };
    for (const text of [
      'ada@example.org',
      '@ada@example.org',
      ' !ada@Example.ORG ',
      'acct:ada@example.org',
    ]) {
      expect(readHandle(text), text).toEqual(ada);
    }
    expect(readHandle('a.b_c-1@127.0.0.1:9101')).toEqual({ name: 'a.b_c-1', host: '127.0.0.1:9101' });
  });

  it('takes nothing else for a handle', () => {
    for (const text of ['ada', 'ada@', '@example.org', 'a b@example.org', 'ada@ex/ample', 'x@y@z', '']) {
      expect(readHandle(text), text).toBeNull();
    }
  });
});

describe('hostIn', () => {
  it('tells addresses and handles from words', () => {
    expect(hostIn('https://tube.example/w/1')).toBe('tube.example');
    expect(hostIn('ada@tube.example')).toBe('tube.example');
    expect(hostIn('how to cook')).toBeNull();
    expect(hostIn('javascript:alert(1)')).toBeNull();
    expect(hostIn('https://')).toBeNull();
  });
});

describe('readDomain', () => {
  it('reads domains, also out of addresses', () => {
    expect(readDomain('Example.org')).toBe('example.org');
    expect(readDomain('*.example.org')).toBe('example.org');
    expect(readDomain('https://tube.example.org/about')).toBe('tube.example.org');
  });

  it('refuses what is none', () => {
    for (const text of ['org', 'exa mple.org', '-a.org', 'a..org', '', '*'])
      expect(readDomain(text), text).toBeNull();
  });
});
