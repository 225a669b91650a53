import type { Channel } from './actor';
import { call, type Query } from './client';
import type { List } from './list';
import type { VideoCard } from './video';

export const searchVideos = (search: string, query: Query) =>
  call<List<VideoCard>>('/api/v1/search/videos', { query: { search, ...query } });
export const searchChannels = (search: string, query: Query) =>
  call<List<Channel>>('/api/v1/search/video-channels', { query: { search, ...query } });
