import { getConfig, type Config } from './api/config';
import { publicHost, takeBoot } from './boot';

/** The node that served this page. */
class Site {
  config = $state<Config | null>(null);

  get name(): string {
    return this.config?.instance.name ?? 'Kinora';
  }

  /** The domain as it appears in handles. */
  get host(): string {
    return publicHost();
  }

  async load(): Promise<void> {
    this.config = takeBoot('config');
    if (this.config) return;
    try {
      this.config = await getConfig();
    } catch {
      // Pages that need it say so; the others do without.
    }
  }
}

export const site = new Site();
