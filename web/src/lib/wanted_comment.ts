/** The comment that someone came for. */
export interface WantedComment {
  comment: number;
  /** Null if the address does not say in which thread it is. */
  thread: number | null;
}

/** Reads which comment an address asks for: `?threadId=4#comment-5`, or one of the two; null if none. */
export function readWantedComment(query: URLSearchParams, hash: string): WantedComment | null {
  const thread = idIn(query.get('threadId'));
  const comment = idIn(/^#comment-(\d{1,16})$/.exec(hash)?.[1] ?? null) ?? thread;
  return comment === null ? null : { comment, thread };
}

function idIn(text: string | null): number | null {
  const id = Number(text ?? 0);
  return Number.isSafeInteger(id) && id > 0 ? id : null;
}
