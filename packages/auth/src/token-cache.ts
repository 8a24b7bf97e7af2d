/** A token as caches keep it. */
export interface CachedToken {
  readonly token: string;
  /** When to ask for another, in milliseconds since 1970: 90 % of the lifetime after the token came. */
  readonly renewAt: number;
  /** The registry's origin, so that a cache can forget what belongs to one registry. */
  readonly origin?: string | undefined;
}

/**
 * Where tokens are kept besides this process, so that several can share them. Keys are opaque and hold no secret;
 * values do: a cache is to be kept as safe as the credentials. A cache that fails is passed by.
 */
export interface TokenCache {
  get(key: string): CachedToken | undefined | Promise<CachedToken | undefined>;
  set(key: string, token: CachedToken): void | Promise<void>;
  delete(key: string): void | Promise<void>;
}
