import { describe, expect, it } from 'vitest';
import { parseEvent, readEvents } from './event_stream';

const streamOf = (...chunks: string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });

describe('readEvents', () => {
  it('puts events together that come in pieces', async () => {
    const events = [];
    const stream = streamOf(
      'event: prog',
      'ress\ndata: {"a"',
      ':1}\n',
      '\n: still here\n\ndata: x\ndata: y\n\n',
    );
    for await (const event of readEvents(stream)) events.push(event);
    expect(events).toEqual([
      { name: 'progress', data: '{"a":1}' },
      { name: 'message', data: 'x\ny' },
    ]);
  });

  it('gives nothing for an event that was cut off', async () => {
    const events = [];
    for await (const event of readEvents(streamOf('data: half'))) events.push(event);
    expect(events).toEqual([]);
  });
});

it('passes over comments, which only keep the line open', () => {
  expect(parseEvent(': ping')).toBeNull();
});
