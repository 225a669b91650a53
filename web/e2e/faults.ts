import type { BrowserContext } from '@playwright/test';

/** What a liar writes over the end of each segment. */
export const LIE = 'KINORA-E2E-A-LIE';
/** What is shorter is no segment, in bytes. */
const SEGMENT_BYTES_MIN = 16_000;

/** Makes a browser another one than most are, before its first page. */
export type Prepare = (context: BrowserContext) => Promise<unknown>;

/** Spoils what it keeps for others, once it has found it right. */
export const lying: Prepare = (context) =>
  context.addInitScript(
    ([lie, least]) => {
      const honest = crypto.subtle.digest.bind(crypto.subtle);
      crypto.subtle.digest = async (algorithm, data) => {
        const hash = await honest(algorithm, data);
        if (data instanceof Uint8Array && data.length >= least)
          data.set(new TextEncoder().encode(lie), data.length - lie.length);
        return hash;
      };
    },
    [LIE, SEGMENT_BYTES_MIN] as const,
  );

/** No WebSockets at all; notes how many were tried. */
export const socketless: Prepare = (context) =>
  context.addInitScript(() => {
    const tried = { sockets: 0 };
    const WebSocket = class {
      constructor() {
        tried.sockets += 1;
        throw new DOMException('blocked', 'SecurityError');
      }
    };
    Object.assign(window, { tried, WebSocket });
  });
