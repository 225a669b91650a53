import type { Account, Channel } from './actor';
import { call, type Query } from './client';
import type { Labelled, List } from './list';
import type { Picture } from './picture';

/** The numbers of the roles. */
export const ROLE = { administrator: 0, moderator: 1, user: 2 } as const;

/** Someone who can log in to this node. */
export interface User {
  id: number;
  username: string;
  email?: string;
  role: Labelled;
  blocked: boolean;
  /** In bytes, -1 without limit. */
  videoQuota: number;
  videoQuotaDaily: number;
  videoQuotaUsed?: number;
  videosCount?: number;
  createdAt: string;
  account: Account;
  videoChannels: Channel[];
}

/** What someone may change about themselves. */
export interface UserEdit {
  displayName?: string;
  description?: string;
  email?: string;
  password?: string;
  currentPassword?: string;
}

/** What someone gives to register. */
export interface Registration {
  username: string;
  password: string;
  email: string;
  displayName: string;
  channel?: { name: string; displayName: string };
}

/** A request to join that awaits an answer. */
export interface RegistrationRequest {
  id: number;
  state: Labelled;
  username: string;
  accountDisplayName?: string | null;
  channelHandle?: string | null;
  email: string;
  registrationReason: string;
  moderationResponse?: string | null;
  createdAt: string;
}

/** The numbers of a registration request's states. */
export const REQUEST = { pending: 1, rejected: 2, accepted: 3 } as const;

export const getMe = () => call<User>('/api/v1/users/me');
export const editMe = (edit: UserEdit) => call<void>('/api/v1/users/me', { method: 'PUT', json: edit });
export const deleteMe = () => call<void>('/api/v1/users/me', { method: 'DELETE' });
export const getQuotaUsed = () =>
  call<{ videoQuotaUsed: number; videoQuotaUsedDaily: number }>('/api/v1/users/me/video-quota-used');

/** Gives the account its avatar. */
export function pickAvatar(file: File): Promise<{ avatars: Picture[] }> {
  const form = new FormData();
  form.set('avatarfile', file);
  return call('/api/v1/users/me/avatar/pick', { method: 'POST', form });
}

export const register = (registration: Registration) =>
  call<void>('/api/v1/users/register', { method: 'POST', json: registration });
export const requestRegistration = (registration: Registration, registrationReason: string) =>
  call<RegistrationRequest>('/api/v1/users/registrations/request', {
    method: 'POST',
    json: { ...registration, registrationReason },
  });

export const listUsers = (query: Query) => call<List<User>>('/api/v1/users', { query });
export const blockUser = (id: number, reason?: string) =>
  call<void>(`/api/v1/users/${id}/block`, { method: 'POST', json: { reason } });
export const unblockUser = (id: number) => call<void>(`/api/v1/users/${id}/unblock`, { method: 'POST' });
export const listRequests = (query: Query) =>
  call<List<RegistrationRequest>>('/api/v1/users/registrations', { query });
export const answerRequest = (id: number, answer: 'accept' | 'reject', moderationResponse: string) =>
  call<void>(`/api/v1/users/registrations/${id}/${answer}`, { method: 'POST', json: { moderationResponse } });
