/** How the parts of one large blob are fetched side by side. */
export interface RangeOptions {
  /** Connections at most; 4. */
  readonly connections?: number | undefined;
  /** Bytes of a part; 8 MiB. Each connection holds at most one in memory until its turn has come. */
  readonly partBytes?: number | undefined;
  /** Only where so many bytes are wanted; 64 MiB. */
  readonly above?: number | undefined;
  /** At once, instead of where one connection has been seen to be slow and a second one to bring more; no. */
  readonly always?: boolean | undefined;
}

/**
 * Whether a large blob comes over several connections, in parts (RFC 9110, section 14).
 *
 * - `auto`: begins with one, and takes more where that is slow and more bring more.
 * - A number: so many at once, without finding out.
 * - `off`: one.
 */
export type Ranges = "auto" | "off" | number | RangeOptions;
