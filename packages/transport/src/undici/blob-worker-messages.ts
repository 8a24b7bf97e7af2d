import type { TransportErrorCode } from "../errors.ts";
import type { RequestContext, SinkFile } from "../transport.ts";
import type { TlsSettings, UndiciTransportOptions } from "./options.ts";

/** What a worker is started with: of the engine's options, what can be sent to another thread. */
export type PortableOptions = Omit<
  UndiciTransportOptions,
  "dispatcher" | "lookup" | "tlsFor" | "observe" | "workers" | "proxy"
> & { readonly proxy?: string | false };

/** What the engine tells a worker. */
export type ToWorker =
  | { readonly type: "fetch"; readonly id: number; readonly job: BlobJob }
  /** The head of the answer was looked at, and its bytes are wanted. */
  | { readonly type: "go"; readonly id: number }
  | { readonly type: "abort"; readonly id: number }
  | { readonly type: "close" };

/** A request whose body goes to a file. */
export interface BlobJob {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly context: RequestContext | undefined;
  readonly onBehalfOf: string | undefined;
  /** Of the URL's host. */
  readonly tls: TlsSettings | undefined;
  readonly file: Pick<SinkFile, "fd" | "position" | "size" | "algorithm">;
}

/** What a worker tells the engine. The last message about a request is `done`, `answer` or `failed`. */
export type FromWorker =
  | ({ readonly type: "head"; readonly id: number } & Head)
  | { readonly type: "wrote"; readonly id: number; readonly bytes: number }
  | { readonly type: "done"; readonly id: number; readonly bytes: number; readonly digest: string }
  /** Not a success: the caller gets the body, or as much of it as anybody reads. */
  | ({ readonly type: "answer"; readonly id: number; readonly body: Uint8Array } & Head)
  | { readonly type: "failed"; readonly id: number; readonly bytes: number; readonly failure: Failure };

export interface Head {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** An error, in a form that other threads can be sent. */
export type Failure =
  | {
      readonly of: "transport";
      readonly code: TransportErrorCode;
      readonly message: string;
      readonly retryable: boolean;
      readonly received: number | undefined;
      readonly neverSent: boolean;
    }
  /** The file could not be written. */
  | {
      readonly of: "file";
      readonly message: string;
      readonly code: string | undefined;
      readonly errno: number | undefined;
      readonly syscall: string | undefined;
    }
  /** More bytes came than are wanted. */
  | { readonly of: "size" };
