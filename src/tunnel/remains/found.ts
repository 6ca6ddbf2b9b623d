/** One thing of ours that was found in the kernel. */
export interface Found {
  /** In words, e.g. `address 100.65.0.2 on lo`. */
  readonly what: string;
  /** Overlay addresses, as far as it tells. */
  readonly local?: string;
  readonly remote?: string;
  /** One that is not there any more is no failure. */
  remove(): Promise<void>;
}
