import { call } from './client';

/** The parts of the node's public configuration that the pages use. */
export interface Config {
  instance: { name: string; shortDescription: string; defaultNSFWPolicy?: string };
  serverVersion: string;
  signup: { allowed: boolean; allowedForCurrentIP: boolean; requiresApproval: boolean; minimumAge?: number };
  transcoding: { enabledResolutions: number[] };
  video: { file: { extensions: string[] }; image: { extensions: string[]; size: { max: number } } };
  avatar: { file: { extensions: string[]; size: { max: number } } };
  banner: { file: { extensions: string[]; size: { max: number } } };
  videoCaption?: { file: { extensions: string[]; size: { max: number } } };
  videoChannels?: { maxPerUser: number };
  user: { videoQuota: number; videoQuotaDaily: number };
  defaults?: {
    publish?: { privacy?: number; licence?: number; commentsPolicy?: number; downloadEnabled?: boolean };
  };
  views?: { videos: { watchingInterval: { anonymous: number; users: number } } };
  fieldsConstraints?: { users: { password: { minLength: number; maxLength: number } } };
}

/** The texts that the people who run the node wrote about it. */
export interface About {
  instance: {
    name: string;
    shortDescription: string;
    description: string;
    terms: string;
    codeOfConduct: string;
    moderationInformation: string;
    creationReason: string;
    administrator: string;
    maintenanceLifetime: string;
    businessModel: string;
    hardwareInformation: string;
  };
}

/** Counts of what the node holds. */
export interface Stats {
  totalUsers: number;
  totalLocalVideos: number;
  totalLocalVideoViews: number;
  totalLocalVideoFilesSize: number;
}

export const getConfig = () => call<Config>('/api/v1/config');
export const getAbout = () => call<About>('/api/v1/config/about');
export const getStats = () => call<Stats>('/api/v1/server/stats');
