import { Problem } from './api/problem';
import { t } from './locale/locale.svelte';

/** What happened and what to do, in words. */
export interface Explanation {
  what: string;
  /** The node's own words, where they say more. */
  detail: string;
  next: string;
}

/** Says in words what a failure means to the person in front of it. */
export function explain(cause: unknown): Explanation {
  if (!(cause instanceof Problem))
    return { what: t('error.unknown'), detail: '', next: t('error.unknown.next') };
  const detail = cause.message;
  if (cause.status === 0) return { what: t('error.offline'), detail: '', next: t('error.offline.next') };
  if (cause.status === 401) return { what: t('error.session'), detail: '', next: t('error.session.next') };
  if (cause.status === 403) return { what: t('error.forbidden'), detail, next: '' };
  if (cause.status === 404) return { what: t('error.missing'), detail: '', next: '' };
  if (cause.status === 429) {
    const seconds = cause.retryAfterSeconds;
    const next =
      seconds === null ? t('error.often.next') : t('error.often.wait', { count: Math.ceil(seconds) });
    return { what: t('error.often'), detail: '', next };
  }
  if (cause.status === 507) return { what: t('error.full'), detail, next: t('error.full.next') };
  if (cause.status >= 500) return { what: t('error.server'), detail: '', next: t('error.server.next') };
  return { what: detail || t('error.refused'), detail: '', next: '' };
}
