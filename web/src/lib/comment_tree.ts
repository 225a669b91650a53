import type { Comment, CommentTree } from './api/comment';

/** A thread on the page. */
export interface Thread extends CommentTree {
  /** False until its replies were asked for. */
  loaded: boolean;
  open: boolean;
}

/** A thread of which only the beginning is known. */
export const threadOf = (comment: Comment): Thread => ({
  comment,
  children: [],
  loaded: comment.totalReplies === 0,
  open: false,
});

/** The tree that begins with the comment `id`, null if it is not among these. */
export function find(trees: CommentTree[], id: number): CommentTree | null {
  for (const tree of trees) {
    const found = tree.comment.id === id ? tree : find(tree.children, id);
    if (found) return found;
  }
  return null;
}

/** Puts a comment where it belongs; answers false if it was there before or its thread is not on the page. */
export function add(threads: Thread[], comment: Comment): boolean {
  if (find(threads, comment.id)) return false;
  if (comment.inReplyToCommentId === null) {
    threads.unshift(threadOf(comment));
    return true;
  }
  const thread = threads.find((one) => one.comment.id === comment.threadId);
  if (!thread) return false;
  thread.comment.totalReplies += 1;
  if (!thread.loaded) return true;
  const parent = find([thread], comment.inReplyToCommentId) ?? thread;
  parent.children.push({ comment, children: [] });
  return true;
}

/** Puts the newer state of a comment in the place of the older. */
export function change(threads: Thread[], comment: Comment): boolean {
  const tree = find(threads, comment.id);
  if (!tree) return false;
  const { totalReplies } = tree.comment;
  tree.comment = { ...comment, totalReplies: Math.max(totalReplies, comment.totalReplies) };
  return true;
}

/** Takes a comment away; what others answered to it stays, below a line that says it is gone. */
export function remove(threads: Thread[], id: number): Thread[] {
  const thread = threads.find((one) => one.comment.id === id);
  if (thread) {
    if (thread.comment.totalReplies === 0) return threads.filter((one) => one !== thread);
    thread.comment = gone(thread.comment);
    return threads;
  }
  for (const one of threads) {
    if (!prune(one, id)) continue;
    one.comment.totalReplies = Math.max(0, one.comment.totalReplies - 1);
    break;
  }
  return threads;
}

function prune(tree: CommentTree, id: number): boolean {
  const index = tree.children.findIndex((child) => child.comment.id === id);
  const child = tree.children[index];
  if (!child) return tree.children.some((one) => prune(one, id));
  if (child.children.length > 0) child.comment = gone(child.comment);
  else tree.children.splice(index, 1);
  return true;
}

const gone = (comment: Comment): Comment => ({
  ...comment,
  isDeleted: true,
  deletedAt: comment.deletedAt ?? comment.updatedAt,
  account: null,
  text: '',
  html: '',
});
