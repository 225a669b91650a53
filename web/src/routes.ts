import type { Route } from './lib/router.svelte';

/** All pages, first match wins. Paths that people share are the same as PeerTube's. */
export const routes: Route[] = [
  { path: '/', load: () => import('./pages/Home.svelte') },
  { path: '/videos/browse', load: () => import('./pages/Home.svelte') },
  { path: '/search', load: () => import('./pages/Search.svelte') },
  { path: '/w/:id', load: () => import('./pages/Watch.svelte') },
  { path: '/videos/watch/:id', load: () => import('./pages/Watch.svelte') },
  { path: '/c/:handle', load: () => import('./pages/Channel.svelte') },
  { path: '/c/:handle/videos', load: () => import('./pages/Channel.svelte') },
  { path: '/video-channels/:handle', load: () => import('./pages/Channel.svelte') },
  { path: '/a/:handle', load: () => import('./pages/Account.svelte') },
  { path: '/a/:handle/video-channels', load: () => import('./pages/Account.svelte') },
  { path: '/accounts/:handle', load: () => import('./pages/Account.svelte') },
  { path: '/login', load: () => import('./pages/Login.svelte') },
  { path: '/register', load: () => import('./pages/Register.svelte') },
  { path: '/signup', load: () => import('./pages/Register.svelte') },
  { path: '/upload', load: () => import('./pages/Upload.svelte'), signedIn: true },
  { path: '/videos/upload', load: () => import('./pages/Upload.svelte'), signedIn: true },
  { path: '/studio', load: () => import('./pages/Studio.svelte'), signedIn: true },
  { path: '/my-library/videos', load: () => import('./pages/Studio.svelte'), signedIn: true },
  { path: '/studio/:id', load: () => import('./pages/StudioVideo.svelte'), signedIn: true },
  { path: '/settings', load: () => import('./pages/Settings.svelte'), signedIn: true },
  { path: '/settings/channels', load: () => import('./pages/SettingsChannels.svelte'), signedIn: true },
  { path: '/settings/channels/:name', load: () => import('./pages/SettingsChannel.svelte'), signedIn: true },
  { path: '/admin/users', load: () => import('./pages/AdminUsers.svelte'), signedIn: true },
  { path: '/admin/registrations', load: () => import('./pages/AdminRegistrations.svelte'), signedIn: true },
  { path: '/about', load: () => import('./pages/About.svelte') },
];

/** What is shown for any other path. */
export const missing: Route = { path: '', load: () => import('./pages/Missing.svelte') };
