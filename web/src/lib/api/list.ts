/** A page of a list. */
export interface List<T> {
  /** How many there are in all, not on this page. */
  total: number;
  data: T[];
}

/** Which page of a list is wanted. */
export interface Page {
  start?: number;
  count?: number;
  sort?: string;
}

/** A number or word of the node with its English label. */
export interface Labelled<T = number> {
  id: T;
  label: string;
}
