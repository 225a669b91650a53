/** What decides whether a viewer shares with others. */
export interface Circumstances {
  /** The browser has what it takes: a page over https (or of this machine), WebRTC. */
  able: boolean;
  /** The video is public or unlisted, and not behind a password. */
  open: boolean;
  /** Whoever owns the video or its channel lets it be shared. */
  owner: boolean;
  /** What the node's people want of viewers who did not decide; null if the node has no part in it. */
  node: 'on' | 'ask' | 'off' | null;
  /** What the viewer decided; null if nothing. */
  viewer: boolean | null;
  /** Whether the page that embeds the player asked for it; null if the player is not embedded. */
  embed: boolean | null;
  /** The browser asks not to be tracked (Global Privacy Control). */
  privacySignal: boolean;
  saveData: boolean;
  cellular: boolean;
  /** Null where the browser does not say. */
  battery: { level: number; charging: boolean } | null;
  /** A small screen that is touched: mostly a phone, whatever its browser does not say. */
  phone: boolean;
  /** How many watch, this viewer among them, and how many it takes. */
  watchers: number;
  watchersMin: number;
}

/** Why a viewer does not share. */
export type Refusal =
  | 'unable'
  | 'private'
  | 'owner'
  | 'node'
  | 'embed'
  | 'viewer'
  | 'signal'
  | 'saveData'
  | 'cellular'
  | 'battery'
  | 'phone'
  | 'undecided'
  | 'alone';

/** `ask` means that the viewer has to be asked first. */
export type Permission = 'share' | 'ask' | { no: Refusal };

/** Below this part of a full battery nothing is shared. */
const BATTERY_MIN = 0.2;

/** Decides whether a viewer shares. What cannot change while the page is open comes first. */
export function permit(facts: Circumstances): Permission {
  const { viewer } = facts;
  if (!facts.able) return { no: 'unable' };
  if (!facts.open) return { no: 'private' };
  if (!facts.owner) return { no: 'owner' };
  if (facts.node === null) return { no: 'node' };
  if (facts.embed === false) return { no: 'embed' };
  if (viewer === false) return { no: 'viewer' };
  // What someone said here weighs more than what the browser says everywhere.
  if (facts.privacySignal && viewer === null) return { no: 'signal' };
  if (facts.saveData) return { no: 'saveData' };
  if (facts.cellular) return { no: 'cellular' };
  if (facts.battery && facts.battery.level < BATTERY_MIN && !facts.battery.charging) return { no: 'battery' };
  if (facts.phone && viewer === null) return { no: 'phone' };
  if (facts.node === 'off' && viewer === null) return { no: 'undecided' };
  if (facts.watchers < Math.max(2, facts.watchersMin)) return { no: 'alone' };
  return facts.node === 'ask' && viewer === null ? 'ask' : 'share';
}
