import type { Account, Channel } from './actor';
import { call, type Query } from './client';
import type { List } from './list';
import type { Picture } from './picture';
import type { VideoCard } from './video';

/** What a person may say about a channel. */
export interface ChannelEdit {
  displayName: string;
  description: string | null;
  support: string | null;
  peersEnabled?: boolean;
}

const at = (handle: string) => `/api/v1/video-channels/${encodeURIComponent(handle)}`;
const of = (name: string) => `/api/v1/accounts/${encodeURIComponent(name)}`;

export const getChannel = (handle: string) => call<Channel>(at(handle));
export const listChannelVideos = (handle: string, query: Query) =>
  call<List<VideoCard>>(`${at(handle)}/videos`, { query });
export const createChannel = (name: string, edit: ChannelEdit) =>
  call<{ videoChannel: { id: number } }>('/api/v1/video-channels', {
    method: 'POST',
    json: { name, ...edit },
  });
export const editChannel = (name: string, edit: ChannelEdit) =>
  call<void>(at(name), { method: 'PUT', json: edit });
export const deleteChannel = (name: string) => call<void>(at(name), { method: 'DELETE' });

export const getAccount = (name: string) => call<Account>(of(name));
export const listAccountVideos = (name: string, query: Query) =>
  call<List<VideoCard>>(`${of(name)}/videos`, { query });
export const listAccountChannels = (name: string) =>
  call<List<Channel>>(`${of(name)}/video-channels`, { query: { count: 20 } });

/** Gives a channel its avatar or banner. */
export function pickChannelPicture(name: string, kind: 'avatar' | 'banner', file: File) {
  const form = new FormData();
  form.set(`${kind}file`, file);
  return call<{ avatars?: Picture[]; banners?: Picture[] }>(`${at(name)}/${kind}/pick`, {
    method: 'POST',
    form,
  });
}
