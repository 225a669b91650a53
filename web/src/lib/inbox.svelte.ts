import { countUnread } from './api/notification';
import { session } from './session.svelte';

/** How often new notifications are asked for, in ms, while someone looks at the page. */
const ASK_MS = 60_000;

/** How many notifications wait to be read. */
class Inbox {
  unread = $state(0);
  #asked = 0;

  /** Asks now and then; returns the way to stop. */
  start(): () => void {
    const shown = () => {
      if (!document.hidden && Date.now() - this.#asked > ASK_MS / 2) void this.refresh();
    };
    const timer = setInterval(() => {
      if (!document.hidden) void this.refresh();
    }, ASK_MS);
    document.addEventListener('visibilitychange', shown);
    void this.refresh();
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', shown);
    };
  }

  async refresh(): Promise<void> {
    this.#asked = Date.now();
    if (!session.signedIn) {
      this.unread = 0;
      return;
    }
    try {
      this.unread = await countUnread();
    } catch {
      // The number that is shown stays; the next time may do better.
    }
  }
}

export const inbox = new Inbox();
