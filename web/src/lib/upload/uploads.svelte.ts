import type { VideoEdit } from '../api/video';
import type { Upload } from './upload.svelte';

/** The upload of this page, which goes on while other pages are looked at. */
class Uploads {
  current = $state<Upload | null>(null);
  /** What its creator wrote about it so far. */
  edit = $state<VideoEdit | null>(null);

  get underWay(): boolean {
    return this.current?.underWay ?? false;
  }
}

export const uploads = new Uploads();
addEventListener('beforeunload', (event) => {
  if (uploads.underWay) event.preventDefault();
});
