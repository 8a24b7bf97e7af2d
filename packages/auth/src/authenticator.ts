import type { Transport } from "@reg/transport";
import type { Challenge } from "./challenge.ts";

/** What a registry is asked for, and what it answered so far. */
export interface AuthRequest {
  /** The registry's name as credential stores know it: `docker.io`, `ghcr.io`, `localhost:5000`. */
  readonly registry: string;
  /** The URL that is about to be requested; its origin is the registry's own. */
  readonly url: URL;
  /** Scopes the operation needs, the most demanding first. */
  readonly scopes: readonly string[];
  /** Empty before the first 401. */
  readonly challenges: readonly Challenge[];
  /** 0 before the first 401, then the number of 401s this request has met. */
  readonly attempt: number;
  /** The header's value the last 401 refused; `undefined` where none was sent. */
  readonly rejected?: string | undefined;
  /** Where a registry's token is of no use: the path takes the account's own name and password (Basic) alone. */
  readonly signIn?: "basic" | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For requests of one's own, such as to a token server: same proxy, certificates and limits as the registry. */
  readonly transport: Transport;
}

/**
 * Says what goes into the `Authorization` header: the whole seam between the client and any way of signing in.
 *
 * @returns the header's value, or `undefined` to go without one. After a 401, `undefined` gives up: the 401 stands.
 */
export interface Authenticator {
  authenticate(request: AuthRequest): Promise<string | undefined>;
}
