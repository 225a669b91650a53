/** The swarm of a video, as its JSON has it; null if nobody may share it. */
export interface Swarm {
  id: string;
  /** The server that the video lives on: there its viewers meet. */
  origin: string;
  manifest: ManifestLink | null;
}

/** Where the hashes of a video's segments are. */
export interface ManifestLink {
  url: string;
  sha256: string;
  /** In bytes. */
  size: number;
}

/** How a node takes part (docs/p2p-protocol.md, 1.1). */
export interface Bootstrap {
  peerId: string;
  addrs: string[];
  iceServers: RTCIceServer[];
  viewers: 'on' | 'ask' | 'off';
  watchersMin: number;
}

/** Who watches a video (docs/p2p-protocol.md, 1.2). */
export interface Presence {
  swarm: string;
  video: string;
  watchers: number;
  /** For how many seconds this viewer counts. */
  ttl: number;
  manifest: ManifestLink | null;
}

/** What a viewer's player saw since the last time, in the fields of PeerTube. */
export interface PlaybackMetrics {
  playerMode: 'p2p-media-loader';
  resolution: number | null;
  fps: number | null;
  p2pEnabled: boolean;
  p2pPeers: number;
  resolutionChanges: number;
  errors: number;
  bufferStalled: number;
  downloadedBytesP2P: number;
  downloadedBytesHTTP: number;
  uploadedBytesP2P: number;
  videoId: string;
}

/** How long a node may take for an answer, in ms. */
const ANSWER_MS_MAX = 10_000;

/** Asks a server, which may be another one: so without a word about who asks. */
async function ask(origin: string, path: string, body?: object, keepalive = false): Promise<Response> {
  const response = await fetch(new URL(path, origin), {
    method: body ? 'POST' : 'GET',
    headers: body ? { 'Content-Type': 'application/json' } : {},
    body: body ? JSON.stringify(body) : undefined,
    credentials: 'omit',
    keepalive,
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response;
}

export const getBootstrap = async (origin: string): Promise<Bootstrap> =>
  (await (await ask(origin, '/api/kinora/v1/p2p')).json()) as Bootstrap;

/** Says that somebody watches, and asks whether others do. */
export async function announce(origin: string, video: string, session: string): Promise<Presence> {
  const path = `/api/kinora/v1/videos/${encodeURIComponent(video)}/swarm`;
  return (await (await ask(origin, path, { session })).json()) as Presence;
}

/** Fetches a manifest; throws if its bytes are not those that were promised. */
export async function getManifest(link: ManifestLink, bytesMax: number): Promise<string> {
  if (link.size > bytesMax) throw new Error('manifest too long');
  const bytes = await (await ask(location.origin, link.url)).arrayBuffer();
  if (bytes.byteLength !== link.size) throw new Error('manifest of another size');
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const hex = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (hex !== link.sha256) throw new Error('manifest with another hash');
  return new TextDecoder().decode(bytes);
}

/** Tells the server of a video how playback went; nothing depends on it, and the page may be closed meanwhile. */
export function sendMetrics(origin: string, metrics: PlaybackMetrics): void {
  ask(origin, '/api/v1/metrics/playback', metrics, true).catch(() => undefined);
}
