// A small fediverse server built on Fedify: one person, `ada`, who does what standard input says and tells on standard
// output what reaches her. One JSON object a line in both directions.
//
//   in   {"do": "lookup" | "follow" | "unfollow" | "comment" | "edit" | "delete" | "like" | "unlike" | "share", …}
//   out  {"ready": origin} · {"done": …} · {"failed": …} · {"received": type, …}
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { createFederation, generateCryptoKeyPair, InProcessMessageQueue, MemoryKvStore } from '@fedify/fedify';
import { Temporal } from '@js-temporal/polyfill';
import * as vocab from '@fedify/vocab';

const { Accept, Announce, Create, Delete, Endpoints, Follow, Like, Note, Person, Tombstone, Undo, Update } = vocab;
const PUBLIC = vocab.PUBLIC_COLLECTION;

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const federation = createFederation({
  kv: new MemoryKvStore(),
  queue: new InProcessMessageQueue({ pollInterval: { milliseconds: 20 } }),
  allowPrivateAddress: true,
  // Tests want to see a failure at once, not after hours.
  outboxRetryPolicy: () => null,
});

const keys = [await generateCryptoKeyPair('RSASSA-PKCS1-v1_5'), await generateCryptoKeyPair('Ed25519')];
const notes = new Map();

federation
  .setActorDispatcher('/users/{identifier}', async (ctx, identifier) => {
    if (identifier !== 'ada') return null;
    const pairs = await ctx.getActorKeyPairs(identifier);
    return new Person({
      id: ctx.getActorUri(identifier),
      preferredUsername: identifier,
      name: 'Ada of Fedify',
      inbox: ctx.getInboxUri(identifier),
      outbox: ctx.getOutboxUri(identifier),
      endpoints: new Endpoints({ sharedInbox: ctx.getInboxUri() }),
      url: ctx.getActorUri(identifier),
      publicKey: pairs[0].cryptographicKey,
      assertionMethods: pairs.map((pair) => pair.multikey),
    });
  })
  .setKeyPairsDispatcher(() => keys);

federation.setOutboxDispatcher('/users/{identifier}/outbox', () => ({ items: [] }));
federation.setObjectDispatcher(Note, '/notes/{id}', (_ctx, { id }) => notes.get(id) ?? null);

const inbox = federation.setInboxListeners('/users/{identifier}/inbox', '/inbox');
for (const type of [Accept, Announce, Create, Delete, Follow, Like, Undo, Update]) {
  inbox.on(type, async (ctx, activity) => {
    const object = await activity.getObject(ctx).catch(() => null);
    say({
      received: type.typeId.href.split('#')[1],
      id: activity.id?.href,
      actor: activity.actorId?.href,
      object: activity.objectId?.href ?? object?.id?.href ?? null,
      objectType: object?.constructor?.typeId?.href.split('#')[1] ?? null,
      name: object?.name?.toString() ?? null,
      content: object?.content?.toString() ?? null,
    });
  });
}
inbox.onError((_ctx, error) => say({ inboxError: String(error) }));

const server = createServer(async (request, response) => {
  const chunks = request.method === 'GET' || request.method === 'HEAD' ? undefined : Readable.toWeb(request);
  const asked = new Request(new URL(request.url, origin), {
    method: request.method,
    headers: Object.entries(request.headers).flatMap(([name, value]) =>
      [value].flat().map((one) => [name, one]),
    ),
    body: chunks,
    duplex: 'half',
  });
  const answer = await federation.fetch(asked, { contextData: undefined });
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(Buffer.from(await answer.arrayBuffer()));
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const origin = `http://127.0.0.1:${server.address().port}`;
const ctx = federation.createContext(new URL(origin), undefined);
const me = ctx.getActorUri('ada');

// Sends in the order in which it is told, and signs as Fedify does: RFC 9421 first.
const send = (to, activity) =>
  ctx.sendActivity({ identifier: 'ada' }, to, activity, { immediate: true, preferSharedInbox: false });

const lookup = async (text) => {
  const documentLoader = await ctx.getDocumentLoader({ identifier: 'ada' });
  const found = await ctx.lookupObject(text, { documentLoader });
  if (!found) throw new Error(`${text} was not found`);
  return found;
};
const fresh = () => crypto.randomUUID();
const below = (path) => new URL(path, origin);

const write = (id, { inReplyTo, author, content, updated }) =>
  new Note({
    id: ctx.getObjectUri(Note, { id }),
    attribution: me,
    to: PUBLIC,
    cc: author,
    replyTarget: new URL(inReplyTo),
    content,
    published: Temporal.Now.instant(),
    updated,
  });

const doings = {
  async lookup({ text }) {
    const found = await lookup(text);
    return {
      type: found.constructor.typeId.href.split('#')[1],
      id: found.id.href,
      name: found.name?.toString() ?? null,
      json: await found.toJsonLd({ format: 'expand', contextLoader: ctx.contextLoader }),
    };
  },
  async follow({ text }) {
    const who = await lookup(text);
    const id = below(`/follows/${fresh()}`);
    await send(who, new Follow({ id, actor: me, object: who.id }));
    return { id: id.href };
  },
  async unfollow({ id, text }) {
    const who = await lookup(text);
    const object = new Follow({ id: new URL(id), actor: me, object: who.id });
    await send(who, new Undo({ id: below(`/undos/${fresh()}`), actor: me, object }));
  },
  async comment({ inReplyTo, to, content }) {
    const author = await lookup(to);
    const id = fresh();
    const object = write(id, { inReplyTo, author: author.id, content });
    notes.set(id, object);
    await send(author, new Create({ id: below(`/creates/${id}`), actor: me, object, to: PUBLIC, cc: author.id }));
    return { id, uri: object.id.href };
  },
  async edit({ id, inReplyTo, to, content }) {
    const author = await lookup(to);
    const object = write(id, { inReplyTo, author: author.id, content, updated: Temporal.Now.instant() });
    notes.set(id, object);
    await send(author, new Update({ id: below(`/updates/${fresh()}`), actor: me, object, to: PUBLIC, cc: author.id }));
  },
  async delete({ id, to }) {
    const author = await lookup(to);
    notes.delete(id);
    const object = new Tombstone({ id: ctx.getObjectUri(Note, { id }) });
    await send(author, new Delete({ id: below(`/deletes/${fresh()}`), actor: me, object, to: PUBLIC }));
  },
  async like({ object, to }) {
    const id = below(`/likes/${fresh()}`);
    await send(await lookup(to), new Like({ id, actor: me, object: new URL(object) }));
    return { id: id.href };
  },
  async unlike({ id, object, to }) {
    const like = new Like({ id: new URL(id), actor: me, object: new URL(object) });
    await send(await lookup(to), new Undo({ id: below(`/undos/${fresh()}`), actor: me, object: like }));
  },
  async share({ object, to }) {
    const author = await lookup(to);
    const id = below(`/shares/${fresh()}`);
    await send(author, new Announce({ id, actor: me, object: new URL(object), to: PUBLIC, cc: author.id }));
    return { id: id.href };
  },
};

say({ ready: origin });
for await (const line of createInterface({ input: process.stdin })) {
  const { do: what, ...rest } = JSON.parse(line);
  try {
    say({ done: (await doings[what](rest)) ?? {} });
  } catch (error) {
    say({ failed: String(error?.stack ?? error) });
  }
}
server.close();
process.exit(0);
