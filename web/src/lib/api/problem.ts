/** What the node answers when it cannot do what was asked (RFC 7807), or what happened on the way to it. */
export class Problem extends Error {
  /** The HTTP status; 0 if no answer came at all. */
  readonly status: number;
  /** A stable word for programs, `''` if there is none. */
  readonly code: string;
  /** Reasons by field name, for forms. */
  readonly fields: Record<string, string>;
  /** How long the node asks to wait before the next try, in seconds. */
  readonly retryAfterSeconds: number | null;

  constructor(
    status: number,
    code: string,
    detail: string,
    fields: Record<string, string> = {},
    retryAfterSeconds: number | null = null,
  ) {
    super(detail);
    this.status = status;
    this.code = code;
    this.fields = fields;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** True if another try may work without the person changing anything. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Reads the problem in an answer; never fails, whatever the body is. */
export async function problemOf(response: Response): Promise<Problem> {
  let body: Record<string, unknown> = {};
  try {
    body = (await response.json()) as Record<string, unknown>;
  } catch {
    // A proxy in between may answer HTML.
  }
  return problemFrom(response.status, body, response.headers.get('retry-after'));
}

/** Makes a problem of a status and a decoded body. */
export function problemFrom(
  status: number,
  body: Record<string, unknown>,
  retryAfter: string | null,
): Problem {
  const words = [body['detail'], body['error'], body['title']].find((word) => typeof word === 'string');
  const wait = retryAfter === null ? NaN : Number(retryAfter);
  return new Problem(
    status,
    typeof body['code'] === 'string' ? body['code'] : '',
    typeof words === 'string' ? words : '',
    fieldsOf(body['invalid-params']),
    Number.isFinite(wait) ? wait : null,
  );
}

function fieldsOf(params: unknown): Record<string, string> {
  const fields: Record<string, string> = {};
  if (typeof params !== 'object' || params === null) return fields;
  for (const [name, value] of Object.entries(params)) {
    const reason = typeof value === 'object' && value !== null ? (value as { msg?: unknown }).msg : value;
    fields[name] = typeof reason === 'string' ? reason : '';
  }
  return fields;
}
