/** One size of an avatar or banner. */
export interface Picture {
  path?: string;
  fileUrl?: string;
  width: number;
  height?: number;
}

/** The address of the smallest picture that is at least `width` pixels wide, else of the largest. */
export function pictureFor(pictures: Picture[] | undefined, width: number): string | null {
  const sorted = [...(pictures ?? [])].sort((a, b) => a.width - b.width);
  const picture = sorted.find((one) => one.width >= width) ?? sorted.at(-1);
  return picture?.fileUrl ?? picture?.path ?? null;
}
