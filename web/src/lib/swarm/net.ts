import type { Pipe } from './pipe';

/** A way to other browsers and to the node. In the page it is libp2p, in tests it is memory. */
export interface Net {
  /** This browser's own id, as peers see it: new for each page. */
  readonly self: string;
  /** Opens a stream to the node. */
  toNode(protocol: string): Promise<Pipe>;
  /** Connects to a peer, directly: the node only introduces them. */
  dial(peer: string, signal: AbortSignal): Promise<void>;
  /** Opens a stream to a connected peer. */
  open(peer: string, protocol: string): Promise<Pipe>;
  /** Answers streams of a protocol; each peer may have so many at a time. */
  handle(protocol: string, perPeerMax: number, answer: (pipe: Pipe, peer: string) => void): Promise<void>;
  /** Ends the connection to a peer, if there is one. */
  hangUp(peer: string): void;
  /** Names a peer whose connection ended. */
  onGone(gone: (peer: string) => void): void;
  stop(): Promise<void>;
}
