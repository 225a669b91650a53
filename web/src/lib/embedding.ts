/** What the address of an embedded player asks for; the names are PeerTube's. */
export interface Embedding {
  id: string;
  query: URLSearchParams;
  autoplay: boolean;
  loop: boolean;
  muted: boolean;
  controls: boolean;
  /** Whether the embedding page wants viewers to help each other. */
  p2p: boolean;
  /** Whether the title stands over the picture. */
  title: boolean;
}

const NO = new Set(['0', 'false', 'no']);
const YES = new Set(['1', 'true', 'yes']);

/** Reads the address of an embedded player, `/videos/embed/:id?…`. */
export function readEmbedding(url: URL): Embedding {
  const query = url.searchParams;
  const asked = (name: string) => YES.has(query.get(name) ?? '');
  const refused = (name: string) => NO.has(query.get(name) ?? '');
  return {
    id: decodeURIComponent(url.pathname.split('/').filter(Boolean).at(-1) ?? ''),
    query,
    autoplay: asked('autoplay'),
    loop: asked('loop'),
    muted: asked('muted'),
    controls: !refused('controls') && !refused('controlBar'),
    p2p: asked('p2p'),
    title: !refused('title'),
  };
}
