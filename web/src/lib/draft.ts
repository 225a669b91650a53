import type { Config } from './api/config';
import { PRIVACY, type Video, type VideoEdit } from './api/video';

/** What a new video begins with, by the node's defaults. */
export function draft(name: string, channelId: number, config: Config | null): VideoEdit {
  const defaults = config?.defaults?.publish;
  return {
    name,
    channelId,
    description: '',
    support: '',
    category: null,
    licence: null,
    language: null,
    privacy: defaults?.privacy ?? PRIVACY.public,
    tags: [],
    nsfw: false,
    nsfwSummary: '',
    commentsPolicy: defaults?.commentsPolicy ?? 1,
    downloadEnabled: defaults?.downloadEnabled ?? true,
    peersEnabled: true,
    originallyPublishedAt: null,
  };
}

/** What is said about a video now, ready to be changed. */
export function editOf(video: Video): VideoEdit {
  return {
    name: video.name,
    channelId: video.channel.id,
    description: video.description ?? '',
    support: video.support ?? '',
    category: video.category.id,
    licence: video.licence.id,
    language: video.language.id,
    privacy: video.privacy.id,
    tags: [...video.tags],
    nsfw: video.nsfw,
    nsfwSummary: video.nsfwSummary ?? '',
    commentsPolicy: video.commentsPolicy.id,
    downloadEnabled: video.downloadEnabled,
    peersEnabled: video.peersEnabled ?? true,
    originallyPublishedAt: video.originallyPublishedAt,
  };
}
