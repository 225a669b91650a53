import { handleOf, type Actor } from './api/actor';
import { NOTICE, type Notification } from './api/notification';

/** Who did what a notification tells of, null if nobody in particular. */
export function noticeWho(notice: Notification): Actor | null {
  if (notice.comment) return notice.comment.account;
  return notice.actorFollow?.follower ?? notice.account ?? notice.video?.channel ?? null;
}

/** The name of the video or channel that a notification is about, `''` if there is none. */
export const noticeTitle = (notice: Notification): string =>
  notice.comment?.video.name ?? notice.video?.name ?? notice.actorFollow?.following.displayName ?? '';

/** Where someone wants to go who reads a notification; `here` is our own host, `moderates` says what they may see. */
export function noticePath(notice: Notification, here: string, moderates: boolean): string {
  const { comment, video, actorFollow, account } = notice;
  if (comment) {
    return `/w/${comment.video.shortUUID}?threadId=${comment.threadId}#comment-${comment.id}`;
  }
  if (notice.type === NOTICE.reportDecided) return '/my/reports';
  if (notice.type === NOTICE.newReport || notice.abuse) return moderates ? '/admin/reports' : '/my/reports';
  if (notice.type === NOTICE.registration) return '/admin/registrations';
  if (notice.type === NOTICE.serverFollow || notice.type === NOTICE.serverFollowing) {
    return '/admin/federation';
  }
  if (video) return `/w/${video.shortUUID}`;
  if (actorFollow) return `/a/${encodeURIComponent(handleOf(actorFollow.follower, here))}`;
  if (account) return `/a/${encodeURIComponent(handleOf(account, here))}`;
  return '/my/notifications';
}
