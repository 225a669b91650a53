import { expect, it } from 'vitest';
import { readEmbedding } from './embedding';

it('shows title and controls unless told otherwise, and plays only when asked', () => {
  const plain = readEmbedding(new URL('https://n.example/videos/embed/abc'));
  expect(plain).toMatchObject({
    id: 'abc',
    autoplay: false,
    loop: false,
    muted: false,
    controls: true,
    title: true,
  });
  const told = readEmbedding(
    new URL('https://n.example/videos/embed/abc?autoplay=1&muted=1&title=0&controlBar=0&loop=1'),
  );
  expect(told).toMatchObject({ autoplay: true, muted: true, title: false, controls: false, loop: true });
});
