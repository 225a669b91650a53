import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { identify } from '@libp2p/identify';
import { FaultTolerance, type Connection, type PeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { ping } from '@libp2p/ping';
import { webRTC } from '@libp2p/webrtc';
import { webSockets } from '@libp2p/websockets';
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr';
import { createLibp2p, type Libp2p } from 'libp2p';
import type { Net } from './net';
import type { Pipe } from './pipe';

/** Where the node's part is found. */
export interface Meeting {
  /** Addresses of the node as multiaddrs that end with its peer id. */
  addrs: string[];
  iceServers: RTCIceServer[];
}

/** So many connections are held at the same time, the node's and relayed ones among them. */
const CONNECTIONS_MAX = 32;

/** Joins through the first address of the node that answers. */
export async function openNet(meeting: Meeting): Promise<Net> {
  const addresses = meeting.addrs.map((address) => multiaddr(address));
  for (const [at, relay] of addresses.entries()) {
    const node = await start(relay, meeting.iceServers);
    // Through the last one others can be called if the node answers later.
    if (node.getConnections().length > 0 || at === addresses.length - 1) return new Libp2pNet(node, relay);
    await node.stop();
  }
  throw new Error('the node has no address');
}

/** Starts libp2p with a fresh key: nothing of it outlives the page. */
async function start(relay: Multiaddr, iceServers: RTCIceServer[]): Promise<Libp2p> {
  const byUdp = relay.toString().includes('/webrtc-direct/') ? [await transportByUdp()] : [];
  return await createLibp2p({
    addresses: { listen: ['/webrtc', `${relay.toString()}/p2p-circuit`] },
    // The servers that js-libp2p would ask by itself belong to others.
    transports: [
      webSockets(),
      webRTC({ rtcConfiguration: { iceServers } }),
      ...byUdp,
      circuitRelayTransport(),
    ],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ping: ping() },
    connectionManager: { maxConnections: CONNECTIONS_MAX },
    // Nobody makes this page dial anything but the node and what it relays to.
    connectionGater: { denyDialMultiaddr: (address) => !isOfNode(address, relay) },
    // Without the relay nobody can call here, but this browser can still call others.
    transportManager: { faultTolerance: FaultTolerance.NO_FATAL },
  });
}

async function transportByUdp() {
  const { webRTCDirect } = await import('./webrtc_direct');
  return webRTCDirect();
}

/** True for an address of the node, or of a peer behind it. */
function isOfNode(address: Multiaddr, relay: Multiaddr): boolean {
  const text = address.toString();
  return (
    text.startsWith('/webrtc') ||
    text === relay.toString() ||
    text.startsWith(`${relay.toString()}/p2p-circuit`)
  );
}

class Libp2pNet implements Net {
  readonly #node: Libp2p;
  readonly #relay: Multiaddr;

  constructor(node: Libp2p, relay: Multiaddr) {
    this.#node = node;
    this.#relay = relay;
  }

  get self(): string {
    return this.#node.peerId.toString();
  }

  async toNode(protocol: string): Promise<Pipe> {
    return await this.#node.dialProtocol(this.#relay, protocol);
  }

  async dial(peer: string, signal: AbortSignal): Promise<void> {
    const address = multiaddr(`${this.#relay.toString()}/p2p-circuit/webrtc/p2p/${peer}`);
    await this.#node.dial(address, { signal });
    const id = peerIdFromString(peer);
    if (!this.#direct(id)) throw new Error('no direct connection');
    // js-libp2p would keep the relay's circuit, which others need.
    for (const connection of this.#node.getConnections(id)) {
      if (connection.limits) connection.close().catch(() => undefined);
    }
  }

  async open(peer: string, protocol: string): Promise<Pipe> {
    const connection = this.#direct(peerIdFromString(peer));
    if (!connection) throw new Error('not connected');
    return await connection.newStream(protocol);
  }

  async handle(
    protocol: string,
    perPeerMax: number,
    answer: (pipe: Pipe, peer: string) => void,
  ): Promise<void> {
    const handler = (pipe: Pipe, connection: Connection) => answer(pipe, connection.remotePeer.toString());
    // Without `runOnLimitedConnection` nothing of this ever goes through the relay.
    await this.#node.handle(protocol, handler, { maxInboundStreams: perPeerMax });
  }

  hangUp(peer: string): void {
    this.#node.hangUp(peerIdFromString(peer)).catch(() => undefined);
  }

  onGone(gone: (peer: string) => void): void {
    this.#node.addEventListener('connection:close', ({ detail }) => {
      if (!detail.limits && !this.#direct(detail.remotePeer)) gone(detail.remotePeer.toString());
    });
  }

  async stop(): Promise<void> {
    await this.#node.stop();
  }

  #direct(peer: PeerId): Connection | undefined {
    return this.#node
      .getConnections(peer)
      .find((connection) => !connection.limits && connection.status === 'open');
  }
}
