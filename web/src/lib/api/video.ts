import type { Actor, Channel } from './actor';
import { call, type Query } from './client';
import type { Labelled, List } from './list';
import type { Swarm } from './peers';

/** Who may see a video. */
export const PRIVACY = { public: 1, unlisted: 2, private: 3, internal: 4 } as const;

/** The numbers of a video's states that the pages tell apart. */
export const STATE = { published: 1, toTranscode: 2, toImport: 3, transcodingFailed: 7 } as const;

/** A video as lists show it. */
export interface VideoCard {
  id: number;
  uuid: string;
  shortUUID: string;
  url: string;
  name: string;
  category: Labelled<number | null>;
  licence: Labelled<number | null>;
  language: Labelled<string | null>;
  privacy: Labelled;
  state?: Labelled;
  nsfw: boolean;
  nsfwSummary?: string | null;
  /** In seconds. */
  duration: number;
  /** Width by height. */
  aspectRatio?: number | null;
  isLocal: boolean;
  isLive: boolean;
  views: number;
  likes: number;
  dislikes: number;
  comments?: number;
  /** How often it was recommended, where that is known. */
  sharesCount?: number;
  thumbnailPath: string | null;
  previewPath: string | null;
  embedPath: string;
  publishedAt: string;
  createdAt: string;
  updatedAt: string;
  originallyPublishedAt: string | null;
  truncatedDescription: string | null;
  account: Actor;
  channel: Actor;
}

/** One quality of a video as a file. */
export interface VideoFile {
  id: number;
  resolution: Labelled;
  width?: number;
  height?: number;
  /** In bytes. */
  size: number;
  fps: number;
  fileUrl: string;
  fileDownloadUrl: string;
  torrentUrl?: string;
  magnetUri?: string;
}

/** A video with all that its page needs. */
export interface Video extends Omit<VideoCard, 'channel'> {
  channel: Channel;
  description: string | null;
  support: string | null;
  tags: string[];
  commentsPolicy: Labelled;
  downloadEnabled: boolean;
  /** Viewers may give it to each other; other servers do not say. */
  peersEnabled?: boolean;
  waitTranscoding?: boolean;
  files: VideoFile[];
  /** Where viewers meet who help each other; null if nobody may. */
  swarm?: Swarm | null;
  streamingPlaylists: {
    id: number;
    type: number;
    playlistUrl: string;
    /** Folders on other servers with the same files. */
    redundancies: { baseUrl: string }[];
    files: VideoFile[];
  }[];
}

/** What a person may say about a video. */
export interface VideoEdit {
  name: string;
  channelId: number;
  description: string;
  support: string;
  category: number | null;
  licence: number | null;
  language: string | null;
  privacy: number;
  tags: string[];
  nsfw: boolean;
  nsfwSummary: string;
  commentsPolicy: number;
  downloadEnabled: boolean;
  peersEnabled: boolean;
  /** RFC 3339, or null if it was not published elsewhere before. */
  originallyPublishedAt: string | null;
  thumbnail?: File;
}

/** Subtitles of a video in one language. */
export interface Caption {
  language: Labelled<string>;
  captionPath: string;
  fileUrl?: string;
  automaticallyGenerated?: boolean;
  updatedAt?: string;
}

/** A sheet of small pictures of the video, one every `spriteDuration` seconds, left to right, top to bottom. */
export interface Storyboard {
  storyboardPath: string;
  fileUrl?: string;
  totalWidth: number;
  totalHeight: number;
  spriteWidth: number;
  spriteHeight: number;
  spriteDuration: number;
}

/** What was uploaded. */
export interface Source {
  inputFilename: string | null;
  fileDownloadUrl?: string | null;
  size?: number | null;
}

/** A frame that may become the picture of the video. */
export interface ThumbnailCandidate {
  index: number;
  url: string;
}

export type Rating = 'like' | 'dislike' | 'none';

const at = (id: string | number) => `/api/v1/videos/${encodeURIComponent(id)}`;

export const listVideos = (query: Query) => call<List<VideoCard>>('/api/v1/videos', { query });
export const getVideo = (id: string) => call<Video>(at(id));
export const deleteVideo = (id: string) => call<void>(at(id), { method: 'DELETE' });
export const listMyVideos = (query: Query) => call<List<VideoCard>>('/api/v1/users/me/videos', { query });
export const listCaptions = (id: string) => call<List<Caption>>(`${at(id)}/captions`);
export const listStoryboards = (id: string) => call<{ storyboards: Storyboard[] }>(`${at(id)}/storyboards`);
export const getSource = (id: string) => call<Source>(`${at(id)}/source`);
export const getLabels = (kind: 'categories' | 'licences' | 'languages' | 'privacies') =>
  call<Record<string, string>>(`/api/v1/videos/${kind}`);

/** A token that opens the files of a video that is not public, for a few hours. */
export const getFileToken = (id: string) =>
  call<{ files: { token: string; expires: string } }>(`${at(id)}/token`, { method: 'POST' });

/** Tells the node that someone watches; `seconds` is where in the video. */
export const sendView = (id: string, seconds: number, sessionId: string, event?: 'seek') =>
  call<void>(`${at(id)}/views`, {
    method: 'POST',
    json: { currentTime: Math.floor(seconds), sessionId, viewEvent: event },
  });

export const getMyRating = (id: string) => call<{ rating: Rating }>(`/api/v1/users/me/videos/${id}/rating`);
export const rate = (id: string, rating: Rating) =>
  call<void>(`${at(id)}/rate`, { method: 'PUT', json: { rating } });

export const listThumbnails = (id: string) =>
  call<{ data: ThumbnailCandidate[] }>(`/api/kinora/v1/videos/${encodeURIComponent(id)}/thumbnails`);
export const pickThumbnail = (id: string, index: number) =>
  call<void>(`/api/kinora/v1/videos/${encodeURIComponent(id)}/thumbnails/${index}/pick`, { method: 'POST' });

/** Adds or replaces the subtitles of one language; the file is WebVTT or SubRip. */
export function putCaption(id: string, language: string, file: File): Promise<void> {
  const form = new FormData();
  form.set('captionfile', file);
  return call(`${at(id)}/captions/${language}`, { method: 'PUT', form });
}

export const deleteCaption = (id: string, language: string) =>
  call<void>(`${at(id)}/captions/${language}`, { method: 'DELETE' });

/** Changes what is said about a video. */
export const editVideo = (id: string, edit: VideoEdit) =>
  call<void>(at(id), { method: 'PUT', form: formOf(edit) });

/** Writes an edit as the multipart form that the node reads. */
export function formOf(edit: VideoEdit): FormData {
  const form = new FormData();
  form.set('name', edit.name);
  form.set('channelId', String(edit.channelId));
  form.set('privacy', String(edit.privacy));
  form.set('description', edit.description);
  form.set('support', edit.support);
  form.set('nsfw', String(edit.nsfw));
  form.set('nsfwSummary', edit.nsfw ? edit.nsfwSummary : '');
  form.set('commentsPolicy', String(edit.commentsPolicy));
  form.set('downloadEnabled', String(edit.downloadEnabled));
  form.set('peersEnabled', String(edit.peersEnabled));
  // An empty word in a form means "none" in this protocol.
  form.set('category', edit.category === null ? '' : String(edit.category));
  form.set('licence', edit.licence === null ? '' : String(edit.licence));
  form.set('language', edit.language ?? '');
  form.set('originallyPublishedAt', edit.originallyPublishedAt ?? '');
  edit.tags.forEach((tag, index) => form.set(`tags[${index}]`, tag));
  if (edit.tags.length === 0) form.set('tags', '');
  if (edit.thumbnail) form.set('thumbnailfile', edit.thumbnail);
  return form;
}
