import { describe, expect, it } from 'vitest';
import { readInline, readMarkdown } from './markdown';

describe('readMarkdown', () => {
  it('keeps line breaks within a paragraph and splits at empty lines', () => {
    expect(readMarkdown('a\nb\n\nc')).toEqual([
      {
        kind: 'paragraph',
        inside: [{ kind: 'text', text: 'a' }, { kind: 'break' }, { kind: 'text', text: 'b' }],
      },
      { kind: 'paragraph', inside: [{ kind: 'text', text: 'c' }] },
    ]);
  });

  it('reads lists and code with empty lines in it', () => {
    const [list, code] = readMarkdown('1. one\n2. two\n\n```\na\n\nb\n```');
    expect(list).toMatchObject({ kind: 'list', ordered: true });
    expect(code).toEqual({ kind: 'code', text: 'a\n\nb' });
  });

  it('has no HTML: tags stay words', () => {
    expect(readMarkdown('<script>alert(1)</script>')).toEqual([
      { kind: 'paragraph', inside: [{ kind: 'text', text: '<script>alert(1)</script>' }] },
    ]);
  });
});

describe('readInline', () => {
  it('leaves punctuation after an address outside', () => {
    expect(readInline('see https://a.example/b.')).toEqual([
      { kind: 'text', text: 'see ' },
      { kind: 'link', href: 'https://a.example/b', inside: [{ kind: 'text', text: 'https://a.example/b' }] },
      { kind: 'text', text: '.' },
    ]);
  });

  it('follows no address that could run code', () => {
    expect(readInline('[x](javascript:alert`1`)').some((piece) => piece.kind === 'link')).toBe(false);
    expect(readInline('[x](data:text/html,x)')).toEqual([{ kind: 'text', text: '[x](data:text/html,x)' }]);
  });

  it('finds moments, not times of day with seconds missing or parts of addresses', () => {
    expect(readInline('1:02:03 end')[0]).toEqual({ kind: 'moment', seconds: 3723, text: '1:02:03' });
    expect(readInline('10:5')).toEqual([{ kind: 'text', text: '10:5' }]);
  });

  it('nests emphasis but not without end', () => {
    expect(readInline('**a *b* c**')).toEqual([
      {
        kind: 'strong',
        inside: [
          { kind: 'text', text: 'a ' },
          { kind: 'em', inside: [{ kind: 'text', text: 'b' }] },
          { kind: 'text', text: ' c' },
        ],
      },
    ]);
  });
});
