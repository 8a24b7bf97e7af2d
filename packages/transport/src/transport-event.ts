/**
 * What happens to a request. URLs are redacted: no userinfo, and of the query the names alone.
 *
 * - `start`: an attempt begins.
 * - `connect`: an engine opened a connection; it may serve many requests.
 * - `response`: its status and headers came.
 * - `retry`: another attempt follows after `delayMs`.
 * - `redirect`: it goes on at `to`.
 * - `mirror`: a mirror failed, and the next is asked.
 * - `end`: the body, or the part that was wanted, has been read.
 * - `error`: no answer came, or its body broke.
 */
export type TransportEvent =
  | ({ readonly type: "start" } & RequestFacts)
  | {
      readonly type: "connect";
      /** Host and port as the URL names them. */
      readonly host: string;
      /** The address that was reached, with its port; a proxy's where there is one. */
      readonly address: string;
      readonly durationMs: number;
    }
  | ({ readonly type: "response"; readonly status: number; readonly durationMs: number } & RequestFacts)
  | ({
      readonly type: "retry";
      /** The number of the attempt that failed, from 1. */
      readonly attempt: number;
      readonly delayMs: number;
      readonly reason: string;
      /** The status that asks for the retry, where an answer came. */
      readonly status?: number | undefined;
    } & RequestFacts)
  | ({ readonly type: "redirect"; readonly status: number; readonly to: string } & RequestFacts)
  | ({ readonly type: "mirror"; readonly reason: string } & RequestFacts)
  | ({ readonly type: "end"; readonly bytes: number; readonly durationMs: number } & RequestFacts)
  | ({
      readonly type: "error";
      readonly code: string;
      readonly message: string;
      readonly durationMs: number;
    } & RequestFacts);

/** What an event says of its request. */
export interface RequestFacts {
  /** Counts requests in this process; all attempts of one request through the same middleware share it. */
  readonly id: number;
  readonly method: string;
  readonly url: string;
}

/** Is told of events as they happen; must not throw. */
export interface TransportObserver {
  (event: TransportEvent): void;
  /** The only types it is told of, where it does not want all: what nobody wants is not put together. */
  readonly only?: ReadonlySet<TransportEvent["type"]> | undefined;
}
