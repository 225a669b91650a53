import type { Picture } from './picture';

/** What accounts and channels have in common. */
export interface Actor {
  id: number;
  name: string;
  host: string;
  url: string;
  displayName: string;
  avatars: Picture[];
}

/** A person's account in full. */
export interface Account extends Actor {
  description?: string | null;
  followersCount: number;
  followingCount: number;
  createdAt: string;
  userId?: number;
}

/** A channel in full. */
export interface Channel extends Actor {
  description?: string | null;
  support?: string | null;
  followersCount: number;
  createdAt: string;
  isLocal?: boolean;
  /** Viewers of its videos may give them to each other. */
  peersEnabled?: boolean;
  banners?: Picture[];
  ownerAccount?: Account;
  videosCount?: number;
}

/** `name` for local actors, `name@host` for others. */
export function handleOf(actor: Pick<Actor, 'name' | 'host'>, here: string): string {
  return actor.host === '' || actor.host === here ? actor.name : `${actor.name}@${actor.host}`;
}
