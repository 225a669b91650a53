import { describe, expect, it } from 'vitest';
import { match } from './route_path';

describe('match', () => {
  it('takes parameters out of a path, decoded', () => {
    expect(match('/c/:handle', '/c/ana%40other.example')).toEqual({ handle: 'ana@other.example' });
    expect(match('/w/:id', '/w/abc/')).toEqual({ id: 'abc' });
    expect(match('/', '/')).toEqual({});
  });

  it('does not take more or less than there is', () => {
    expect(match('/w/:id', '/w')).toBeNull();
    expect(match('/w/:id', '/w/a/b')).toBeNull();
    expect(match('/about', '/abou')).toBeNull();
  });

  it('refuses a path that cannot be decoded', () => {
    expect(match('/c/:handle', '/c/%E0%A4%A')).toBeNull();
  });
});
