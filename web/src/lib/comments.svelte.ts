import {
  approveComment,
  beginThread,
  deleteComment,
  editComment,
  followComments,
  getThread,
  listThreads,
  replyTo,
  type Comment,
  type CommentEvent,
  type CommentTree,
  type ThreadOrder,
} from './api/comment';
import { add, change, find, remove, threadOf, type Thread } from './comment_tree';
import type { WantedComment } from './wanted_comment';

/** How many threads are asked for at a time. */
const COUNT = 20;
/** The most of them that are asked for at a time. */
const COUNT_MAX = 100;

/** What is said below one video, kept up to date while the page is looked at. */
export class Comments {
  threads = $state<Thread[]>([]);
  /** How many threads there are; null until the node has said. */
  total = $state<number | null>(null);
  /** How many comments there are, replies counted. */
  count = $state(0);
  order = $state<ThreadOrder>('-createdAt');
  loading = $state(false);
  problem = $state<unknown>(null);
  /** Who said something while the page was open, for those who cannot see it arrive. */
  arrived = $state.raw<string[]>([]);
  /** The comment to look at first, such as one that a notification tells of. */
  readonly wanted: WantedComment | null;
  readonly #video: string;
  #turn = 0;
  /** How many comments the node has listed so far: new ones on top are not counted. */
  #listed = 0;

  constructor(video: string, wanted: WantedComment | null) {
    this.#video = video;
    this.wanted = wanted;
  }

  /** Fetches the first threads and follows what is new; returns the way to stop. */
  start(): () => void {
    const stop = new AbortController();
    void this.load();
    void followComments(
      this.#video,
      (event) => this.#happened(event),
      () => void this.load(),
      stop.signal,
    );
    return () => stop.abort();
  }

  /** Fetches the threads that are shown anew; those that are open stay open. */
  async load(): Promise<void> {
    const turn = (this.#turn += 1);
    this.loading = true;
    this.problem = null;
    try {
      const count = Math.min(COUNT_MAX, Math.max(COUNT, this.#listed));
      const page = await listThreads(this.#video, { start: 0, count, sort: this.order });
      if (turn !== this.#turn) return;
      const before = new Map(this.threads.map((one) => [one.comment.id, one]));
      this.threads = page.data.map((comment) => ({
        ...threadOf(comment),
        ...keptOf(before.get(comment.id)),
      }));
      this.#listed = page.data.length;
      this.total = page.total;
      this.count = page.totalNotDeletedComments ?? page.total;
      await this.#bringWanted();
      await Promise.all(this.threads.filter((one) => one.open).map((one) => this.#fetchReplies(one)));
    } catch (cause) {
      if (turn === this.#turn) this.problem = cause;
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }

  /** Fetches the next threads. */
  async more(): Promise<void> {
    if (this.loading) return;
    const turn = this.#turn;
    this.loading = true;
    this.problem = null;
    try {
      const page = await listThreads(this.#video, { start: this.#listed, count: COUNT, sort: this.order });
      if (turn !== this.#turn) return;
      this.#listed += page.data.length;
      this.total = page.data.length === 0 ? this.threads.length : page.total;
      const known = new Set(this.threads.map((one) => one.comment.id));
      this.threads.push(...page.data.filter((one) => !known.has(one.id)).map(threadOf));
    } catch (cause) {
      if (turn === this.#turn) this.problem = cause;
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }

  get hasMore(): boolean {
    return this.total !== null && this.threads.length < this.total;
  }

  sort(order: ThreadOrder): Promise<void> {
    this.order = order;
    return this.load();
  }

  /** Shows the replies of a thread, fetching them the first time. */
  async show(thread: Thread): Promise<void> {
    if (!thread.loaded) await this.#fetchReplies(thread);
    thread.open = true;
  }

  async #fetchReplies(thread: Thread): Promise<void> {
    const tree = await getThread(this.#video, thread.comment.threadId);
    thread.children = tree.children;
    thread.comment.totalReplies = Math.max(thread.comment.totalReplies, countOf(tree.children));
    thread.loaded = true;
  }

  /** Says something; in answer to `parent` if there is one. */
  async say(text: string, parent: Comment | null): Promise<Comment> {
    const sent = parent ? replyTo(this.#video, parent.id, text) : beginThread(this.#video, text);
    const { comment } = await sent;
    if (parent) {
      const thread = this.threads.find((one) => one.comment.id === parent.threadId);
      if (thread) await this.show(thread).catch(() => undefined);
    }
    this.#put(comment);
    return comment;
  }

  /** Changes what one said oneself. */
  async edit(comment: Comment, text: string): Promise<void> {
    const answer = await editComment(this.#video, comment.id, text);
    const edited = answer && 'comment' in answer ? answer.comment : answer;
    if (edited) change(this.threads, edited);
    else await this.load();
  }

  async delete(comment: Comment): Promise<void> {
    await deleteComment(this.#video, comment.id);
    this.#take(comment.id);
  }

  /** Lets everybody see a comment that was held back. */
  async approve(comment: Comment): Promise<void> {
    await approveComment(this.#video, comment.id);
    change(this.threads, { ...comment, heldForReview: false });
  }

  #happened(event: CommentEvent): void {
    if (event.kind === 'comment-deleted') this.#take(event.id);
    else if (event.kind === 'comment-changed') change(this.threads, event.comment);
    // What was held back and is shown now is new to most, but not to those who knew it.
    else if (!this.#put(event.comment)) change(this.threads, event.comment);
    else {
      this.arrived = [...this.arrived.slice(-9), event.comment.account?.displayName ?? ''];
      const thread = this.threads.find((one) => one.comment.id === event.comment.threadId);
      // A short thread opens by itself: otherwise the new words would only be a larger number.
      if (thread && !thread.open && thread.comment.totalReplies <= 3)
        void this.show(thread).catch(() => undefined);
    }
  }

  #put(comment: Comment): boolean {
    if (!add(this.threads, comment)) return false;
    this.count += 1;
    if (comment.inReplyToCommentId === null && this.total !== null) {
      this.total += 1;
      this.#listed += 1;
    }
    return true;
  }

  #take(id: number): void {
    const tree = find(this.threads, id);
    if (!tree || tree.comment.isDeleted) return;
    const before = this.threads.length;
    this.threads = remove(this.threads, id);
    this.count = Math.max(0, this.count - 1);
    const fewer = before - this.threads.length;
    if (this.total !== null) this.total -= fewer;
    this.#listed -= fewer;
  }

  async #bringWanted(): Promise<void> {
    if (!this.wanted) return;
    const { comment, thread } = this.wanted;
    try {
      const tree = await getThread(this.#video, thread ?? comment);
      const found: Thread = { ...tree, loaded: true, open: true };
      this.threads = [found, ...this.threads.filter((one) => one.comment.id !== tree.comment.id)];
    } catch {
      // It may have been deleted since; or it is a reply, and the address did not say to what.
      if (thread === null) await this.#seek(comment);
    }
  }

  /** Opens the thread among those on the page that has a reply. */
  async #seek(id: number): Promise<void> {
    for (const thread of this.threads) {
      if (thread.comment.totalReplies === 0) continue;
      await this.#fetchReplies(thread).catch(() => undefined);
      if (!find([thread], id)) continue;
      thread.open = true;
      return;
    }
  }
}

/** What the page keeps of a thread that is listed anew. */
const keptOf = (thread: Thread | undefined): Partial<Thread> =>
  thread?.loaded ? { children: thread.children, loaded: thread.open, open: thread.open } : {};

const countOf = (trees: CommentTree[]): number =>
  trees.reduce((sum, tree) => sum + 1 + countOf(tree.children), 0);
