import type { Route } from './lib/router.svelte';

const desk = { words: ['desk'] } satisfies Partial<Route>;
const own = { signedIn: true, words: ['desk'] } satisfies Partial<Route>;
const social = { words: ['social'] } satisfies Partial<Route>;
const reader = { signedIn: true, words: ['social'] } satisfies Partial<Route>;

/** All pages, first match wins. Paths that people share are the same as PeerTube's. */
export const routes: Route[] = [
  { path: '/', load: () => import('./pages/Home.svelte') },
  { path: '/videos/browse', load: () => import('./pages/Home.svelte') },
  { path: '/search', load: () => import('./pages/Search.svelte'), ...social },
  { path: '/w/:id', load: () => import('./pages/Watch.svelte') },
  { path: '/videos/watch/:id', load: () => import('./pages/Watch.svelte') },
  { path: '/c/:handle', load: () => import('./pages/Channel.svelte'), ...social },
  { path: '/c/:handle/videos', load: () => import('./pages/Channel.svelte'), ...social },
  { path: '/video-channels/:handle', load: () => import('./pages/Channel.svelte'), ...social },
  { path: '/a/:handle', load: () => import('./pages/Account.svelte'), ...social },
  { path: '/a/:handle/video-channels', load: () => import('./pages/Account.svelte'), ...social },
  { path: '/accounts/:handle', load: () => import('./pages/Account.svelte'), ...social },
  { path: '/login', load: () => import('./pages/Login.svelte') },
  { path: '/register', load: () => import('./pages/Register.svelte'), ...desk },
  { path: '/signup', load: () => import('./pages/Register.svelte'), ...desk },
  { path: '/my/subscriptions', load: () => import('./pages/Subscriptions.svelte'), ...reader },
  { path: '/videos/subscriptions', load: () => import('./pages/Subscriptions.svelte'), ...reader },
  { path: '/my/notifications', load: () => import('./pages/Notifications.svelte'), ...reader },
  { path: '/my-account/notifications', load: () => import('./pages/Notifications.svelte'), ...reader },
  { path: '/my/reports', load: () => import('./pages/MyReports.svelte'), ...reader },
  { path: '/my-account/abuses', load: () => import('./pages/MyReports.svelte'), ...reader },
  { path: '/remote-interaction', load: () => import('./pages/Interact.svelte'), ...social },
  { path: '/authorize_interaction', load: () => import('./pages/Interact.svelte'), ...social },
  { path: '/upload', load: () => import('./pages/Upload.svelte'), ...own },
  { path: '/videos/upload', load: () => import('./pages/Upload.svelte'), ...own },
  { path: '/studio', load: () => import('./pages/Studio.svelte'), ...own },
  { path: '/my-library/videos', load: () => import('./pages/Studio.svelte'), ...own },
  { path: '/studio/:id', load: () => import('./pages/StudioVideo.svelte'), ...own },
  { path: '/settings', load: () => import('./pages/Settings.svelte'), ...own },
  { path: '/settings/channels', load: () => import('./pages/SettingsChannels.svelte'), ...own },
  { path: '/settings/channels/:name', load: () => import('./pages/SettingsChannel.svelte'), ...own },
  { path: '/admin/users', load: () => import('./pages/AdminUsers.svelte'), ...own },
  { path: '/admin/registrations', load: () => import('./pages/AdminRegistrations.svelte'), ...own },
  { path: '/admin/reports', load: () => import('./pages/AdminReports.svelte'), ...reader },
  { path: '/admin/federation', load: () => import('./pages/AdminFederation.svelte'), ...reader },
  { path: '/admin/peers', load: () => import('./pages/AdminPeers.svelte'), ...own },
  { path: '/about', load: () => import('./pages/About.svelte'), ...desk },
];

/** What is shown for any other path. */
export const missing: Route = { path: '', load: () => import('./pages/Missing.svelte') };
