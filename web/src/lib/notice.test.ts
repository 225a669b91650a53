import { describe, expect, it } from 'vitest';
import type { Actor } from './api/actor';
import { NOTICE, type Notification } from './api/notification';
import { noticePath, noticeTitle, noticeWho } from './notice';

const ada: Actor = { id: 1, name: 'ada', host: 'far.example', url: '', displayName: 'Ada', avatars: [] };
const video = { id: 2, uuid: 'u', shortUUID: 's', name: 'Bars' };
const told = (what: Partial<Notification>): Notification => ({
  id: 1,
  type: NOTICE.newComment,
  read: false,
  createdAt: '2026-11-23T02:11:35.281Z',
  ...what,
});

describe('a notification', () => {
  it('of a comment leads to the comment itself', () => {
    const notice = told({ comment: { id: 5, threadId: 4, account: ada, video } });
    expect(noticePath(notice, 'here.example', false)).toBe('/w/s?threadId=4#comment-5');
    expect(noticeTitle(notice)).toBe('Bars');
    expect(noticeWho(notice)?.displayName).toBe('Ada');
  });

  it('of a follower leads to who follows', () => {
    const following = { type: 'channel', name: 'bars', displayName: 'Bars', host: 'here.example' } as const;
    const notice = told({ type: NOTICE.newFollow, actorFollow: { id: 1, follower: ada, following } });
    expect(noticePath(notice, 'here.example', false)).toBe('/a/ada%40far.example');
    expect(noticePath(notice, 'far.example', false)).toBe('/a/ada');
  });

  it('of a new video leads to it, of a report to the reports', () => {
    expect(noticePath(told({ type: NOTICE.newVideo, video }), 'here.example', false)).toBe('/w/s');
    const message = told({ type: NOTICE.reportMessage, abuse: { id: 3 }, video });
    expect(noticePath(message, 'here.example', true)).toBe('/admin/reports');
    expect(noticePath(message, 'here.example', false)).toBe('/my/reports');
    const decided = told({ type: NOTICE.reportDecided, abuse: { id: 3 }, video });
    expect(noticePath(decided, 'here.example', true)).toBe('/my/reports');
  });

  it('of a kind that is not known yet leads nowhere else', () => {
    expect(noticePath(told({ type: 999 }), 'here.example', false)).toBe('/my/notifications');
    expect(noticeWho(told({ type: 999 }))).toBeNull();
  });
});
