import { describe, expect, it } from 'vitest';
import { permit, type Circumstances } from './permission';

const FINE: Circumstances = {
  able: true,
  open: true,
  owner: true,
  node: 'on',
  viewer: null,
  embed: null,
  privacySignal: false,
  saveData: false,
  cellular: false,
  battery: null,
  phone: false,
  watchers: 2,
  watchersMin: 2,
};

describe('permit', () => {
  it('lets viewers share who did not decide, where the node says so', () => {
    expect(permit(FINE)).toBe('share');
    expect(permit({ ...FINE, node: 'ask' })).toBe('ask');
    expect(permit({ ...FINE, node: 'off' })).toEqual({ no: 'undecided' });
  });

  it.each([
    ['unable', { able: false }],
    ['private', { open: false }],
    ['owner', { owner: false }],
    ['node', { node: null }],
    ['embed', { embed: false }],
    ['viewer', { viewer: false }],
    ['signal', { privacySignal: true }],
    ['saveData', { saveData: true }],
    ['cellular', { cellular: true }],
    ['battery', { battery: { level: 0.19, charging: false } }],
    ['phone', { phone: true }],
    ['alone', { watchers: 1 }],
    ['alone', { watchers: 4, watchersMin: 5 }],
    ['alone', { watchers: 1, watchersMin: 0 }],
  ] as const)('refuses: %s', (no, change) => {
    expect(permit({ ...FINE, ...change })).toEqual({ no });
  });

  it('lets a viewer decide what is theirs to decide', () => {
    const willing = { ...FINE, viewer: true };
    expect(permit({ ...willing, node: 'ask' })).toBe('share');
    expect(permit({ ...willing, node: 'off' })).toBe('share');
    expect(permit({ ...willing, phone: true })).toBe('share');
    expect(permit({ ...willing, privacySignal: true })).toBe('share');
    for (const change of [
      { open: false },
      { owner: false },
      { able: false },
      { saveData: true },
      { cellular: true },
    ]) {
      expect(permit({ ...willing, ...change })).not.toBe('share');
    }
  });

  it('minds the battery only while it runs down', () => {
    expect(permit({ ...FINE, battery: { level: 0.05, charging: true } })).toBe('share');
    expect(permit({ ...FINE, battery: { level: 0.2, charging: false } })).toBe('share');
  });

  it('shares in an embedded player whose page asked for it', () => {
    expect(permit({ ...FINE, embed: true })).toBe('share');
  });
});
