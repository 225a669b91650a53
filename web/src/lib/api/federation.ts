import type { Actor } from './actor';
import { call, type Query } from './client';
import type { List } from './list';

/** A follow between this server and another. */
export interface Follow {
  id: number;
  follower: Actor;
  following: Actor;
  state: 'pending' | 'accepted' | 'rejected';
  createdAt: string;
}

/** What may come from a domain. */
export const LEVELS = ['allow', 'silence', 'reject-media', 'block'] as const;
export type Level = (typeof LEVELS)[number];

/** The rule for a domain and its sub-domains. */
export interface DomainRule {
  domain: string;
  level: Level;
  reason?: string | null;
  updatedAt?: string;
}

/** How deliveries to one server go. */
export interface HostState {
  host: string;
  software?: string | null;
  waiting: number;
  /** RFC 3339, or null while deliveries arrive. */
  failing_since: string | null;
  asleep: boolean;
}

const SERVER = '/api/v1/server';
const DOMAINS = '/api/kinora/v1/domains';
const one = (name: string) => encodeURIComponent(name);

export const listFollowers = (query: Query) => call<List<Follow>>(`${SERVER}/followers`, { query });
export const listFollowing = (query: Query) => call<List<Follow>>(`${SERVER}/following`, { query });
export const followServers = (hosts: string[], handles: string[]) =>
  call<void>(`${SERVER}/following`, { method: 'POST', json: { hosts, handles } });
export const unfollowServer = (handle: string) =>
  call<void>(`${SERVER}/following/${one(handle)}`, { method: 'DELETE' });
export const answerFollower = (handle: string, answer: 'accept' | 'reject') =>
  call<void>(`${SERVER}/followers/${one(handle)}/${answer}`, { method: 'POST' });

/** Lists come bare or with a total; both are read. */
const rows = <T>(answer: List<T> | T[]) => (Array.isArray(answer) ? answer : answer.data);

export const listDomains = async () => rows(await call<List<DomainRule> | DomainRule[]>(DOMAINS));
export const setDomain = (domain: string, level: Level, reason: string) =>
  call<void>(`${DOMAINS}/${one(domain)}`, { method: 'PUT', json: { level, reason } });
export const removeDomain = (domain: string) => call<void>(`${DOMAINS}/${one(domain)}`, { method: 'DELETE' });
export const listHosts = async () =>
  rows(await call<List<HostState> | HostState[]>('/api/kinora/v1/federation/hosts'));
