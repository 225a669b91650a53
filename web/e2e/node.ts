import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The password of `root` on nodes that tests start. */
export const ROOT_PASSWORD = 'correct horse battery staple';

/** How long a node may take to answer on a busy machine, in ms. */
const START_MS_MAX = 60_000;

/** The program under test. */
const PROGRAM = process.env['KINORA_BIN'] ?? new URL('../../target/debug/kinora', import.meta.url).pathname;

/** A node of our own: the real program in a folder that goes away with it. */
export class TestNode {
  readonly url: string;
  readonly #begin: () => ChildProcess;
  readonly #folder: string;
  readonly #log: string[] = [];
  #process: ChildProcess;

  private constructor(url: string, folder: string, begin: () => ChildProcess) {
    this.url = url;
    this.#folder = folder;
    this.#begin = begin;
    this.#process = this.#run();
  }

  /** Starts a node; `settings` are as the environment names them, `ACCOUNTS__REGISTRATION`. */
  static async start(settings: Record<string, string> = {}): Promise<TestNode> {
    const folder = await mkdtemp(join(tmpdir(), 'kinora-e2e-'));
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const all = { ACCOUNTS__REGISTRATION: 'open', ACCOUNTS__TRIES_PER_MINUTE: '100000', ...settings };
    const environment = Object.fromEntries(
      Object.entries(all).map(([name, value]) => [`KINORA__${name}`, value]),
    );
    const begin = () =>
      spawn(
        PROGRAM,
        ['serve', '--data', join(folder, 'data'), '--listen', `127.0.0.1:${port}`, '--public-url', url],
        {
          env: { ...process.env, ...environment, KINORA_ADMIN_PASSWORD: ROOT_PASSWORD },
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
    const node = new TestNode(url, folder, begin);
    await node.#answers();
    return node;
  }

  /** The last of what it logged. */
  get log(): string {
    return this.#log.join('');
  }

  /** Ends it at once, as when its machine is lost. */
  async kill(): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await gone;
  }

  /** Starts it again after `kill`, at the same address and with the same data. */
  async revive(): Promise<void> {
    this.#process = this.#run();
    await this.#answers();
  }

  /** Ends it as an administrator would, and takes its folder away. */
  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const gone = new Promise((resolve) => this.#process.once('exit', resolve));
      this.#process.kill('SIGTERM');
      const late = setTimeout(() => this.#process.kill('SIGKILL'), 30_000);
      await gone;
      clearTimeout(late);
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  #run(): ChildProcess {
    const child = this.#begin();
    const hear = (bytes: Buffer) => {
      this.#log.push(bytes.toString());
      if (this.#log.length > 400) this.#log.shift();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    return child;
  }

  async #answers(): Promise<void> {
    const end = Date.now() + START_MS_MAX;
    while (Date.now() < end) {
      if (this.#process.exitCode !== null) throw new Error(`the node ended: ${this.log}`);
      const answer = await fetch(`${this.url}/healthz`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the node does not answer: ${this.log}`);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
