import type {
  RequestBody,
  RequestContext,
  Transport,
  TransportRequest,
  TransportResponse,
} from "@reg/transport";
import { explainInPage } from "./browser-page.ts";
import { CapabilityStore } from "./capabilities.ts";
import { Downloads } from "./downloads.ts";
import { type Endpoint, endpointOf, type PlainHttp, type Target, targetOf } from "./endpoint.ts";
import { RegistryError } from "./errors.ts";
import { judge, type Question } from "./judge.ts";
import type { ClientOptions, Limits, Ref } from "./options.ts";
import { type RangeSettings, rangeSettings } from "./range-settings.ts";
import { backoff, isTransient, transportCode } from "./transience.ts";
import { Turns } from "./turns.ts";
import { parseWarnings } from "./warnings.ts";

/** One request of one operation. */
export interface WireRequest {
  /** For messages: `manifest docker.io/library/ubuntu:24.04` */
  readonly what: string;
  readonly target: Endpoint & { readonly repository?: string };
  readonly method: string;
  readonly url: URL;
  readonly scopes: readonly string[];
  /** Where it is no path of the registry's own API. */
  readonly signIn?: RequestContext["signIn"];
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: RequestBody | undefined;
  readonly sink?: TransportRequest["sink"];
  /** Bytes of a successful body, where they are known: small ones go before large ones. */
  readonly expectedSize?: number | undefined;
  /** Whether it may be sent twice, where its method and path do not tell. */
  readonly idempotent?: boolean | undefined;
  /** In place of what the transport's rules for repeating have. */
  readonly attempts?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What all operations of a client share. */
export class Wire {
  readonly limits: Limits;
  readonly concurrency: number;
  readonly capabilities: CapabilityStore;
  readonly downloads: Downloads;
  /** How large blobs come, unless a call says otherwise. */
  readonly ranges: RangeSettings | undefined;
  /** Lists of referrers that are being written. */
  readonly turns: Turns = new Turns();
  readonly #transport: Transport;
  readonly #plainHttp: PlainHttp;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #onWarning: ClientOptions["onWarning"];
  readonly #warned = new Set<string>();
  readonly #endpoints = new Map<string, Endpoint>();

  constructor(options: ClientOptions) {
    this.limits = { ...DEFAULT_LIMITS, ...withoutUndefined(options.limits ?? {}) };
    this.concurrency = Math.max(1, Math.floor(options.concurrency ?? DEFAULT_CONCURRENCY));
    this.downloads = new Downloads(this.concurrency);
    this.ranges = rangeSettings(options.ranges ?? "auto");
    this.capabilities = new CapabilityStore(options.capabilities);
    this.#transport = options.transport;
    this.#plainHttp = options.plainHttp;
    // Decoded content would have another digest; see RFC 9110, section 12.5.3.
    this.#headers = {
      "accept-encoding": "identity",
      ...(options.userAgent === undefined ? {} : { "user-agent": options.userAgent }),
    };
    this.#onWarning = options.onWarning;
  }

  target(ref: Ref): Target {
    return targetOf(ref, this.#plainHttp, this.#endpoints);
  }

  endpoint(registry: string): Endpoint {
    return endpointOf(registry, this.#plainHttp);
  }

  /** Sends a request and gives whatever answer comes. */
  async send(request: WireRequest): Promise<TransportResponse> {
    const { target, signal } = request;
    signal?.throwIfAborted();
    let response: TransportResponse;
    try {
      response = await this.#transport({
        method: request.method,
        url: request.url,
        headers: { ...this.#headers, ...request.headers },
        body: request.body,
        sink: request.sink,
        expectedSize: request.expectedSize,
        idempotent: request.idempotent,
        attempts: request.attempts,
        signal,
        context: {
          registry: target.registry,
          origin: target.origin,
          scopes: request.scopes,
          signIn: request.signIn,
        },
      });
    } catch (error) {
      throw explainInPage(error, request.url) ?? error;
    }
    this.#warn(target.registry, response);
    return response;
  }

  /** Sends a request; any answer but the statuses expected is thrown as an error. */
  async expect(request: WireRequest, ...statuses: readonly number[]): Promise<TransportResponse> {
    const response = await this.send(request);
    if (statuses.includes(response.status)) return response;
    throw await this.refuse(request, response);
  }

  /** As {@link expect}, for an answer whose body nobody wants. */
  async done(request: WireRequest, ...statuses: readonly number[]): Promise<TransportResponse> {
    const response = await this.expect(request, ...statuses);
    await response.body.discard();
    return response;
  }

  /** As {@link expect}, with the whole body, which is asked for again when the connection breaks within it. */
  async read(
    request: WireRequest,
    limit: { readonly bytes: number; readonly option: keyof Limits },
    ...statuses: readonly number[]
  ): Promise<{ readonly response: TransportResponse; readonly bytes: Uint8Array }> {
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.expect(request, ...statuses);
      try {
        return { response, bytes: plain(await response.body.bytes(limit.bytes)) };
      } catch (error) {
        request.signal?.throwIfAborted();
        if (transportCode(error) === "SIZE_EXCEEDED") {
          throw new RegistryError(
            "SIZE_EXCEEDED",
            `${request.method} ${request.what}: the answer is larger than ${limit.bytes} bytes (option limits.${limit.option}).`,
            { cause: error, status: response.status, ...question(request) },
          );
        }
        if (!isTransient(error) || attempt >= MAX_READS) throw error;
      }
      await backoff(attempt, request.signal);
    }
  }

  /** The error an unexpected answer means. Takes what the body says of it, and ends the body. */
  async refuse(request: WireRequest, response: TransportResponse): Promise<RegistryError> {
    const body =
      request.method === "HEAD" ? new Uint8Array() : await beginning(response, this.limits.errorBytes);
    return judge(question(request), { status: response.status, body });
  }

  #warn(registry: string, response: TransportResponse): void {
    if (this.#onWarning === undefined) return;
    const fields = response.headers.all("warning");
    if (fields.length === 0) return;
    for (const text of parseWarnings(fields)) {
      const key = `${registry} ${text}`;
      if (this.#warned.has(key)) continue;
      if (this.#warned.size >= MAX_WARNINGS_REMEMBERED) this.#warned.clear();
      this.#warned.add(key);
      this.#onWarning({ registry, text });
    }
  }
}

const MIB = 1024 * 1024;

const DEFAULT_LIMITS: Limits = {
  manifestBytes: 4 * MIB,
  configBytes: 8 * MIB,
  pageBytes: 4 * MIB,
  spoolBytes: 64 * MIB,
  errorBytes: 64 * 1024,
  pages: 10_000,
};

/** Six in flight hide a round trip and stay below every registry's limit on connections. */
const DEFAULT_CONCURRENCY = 6;

/** Of one small body. */
const MAX_READS = 3;

/** Enough for every registry one talks to; a hostile one starts the list afresh. */
const MAX_WARNINGS_REMEMBERED = 1000;

function question(request: WireRequest): Question {
  const { registry, repository } = request.target;
  const what = `${request.method} ${request.what}`;
  return repository === undefined ? { what, registry } : { what, registry, repository };
}

/** The same bytes without what Node's Buffer adds: there, `slice` is no copy. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** As much of a body as an error may say; a body that breaks off says what has come. */
async function beginning(response: TransportResponse, limit: number): Promise<Uint8Array> {
  const kept = new Uint8Array(limit);
  let length = 0;
  try {
    for await (const chunk of response.body) {
      const part = chunk.subarray(0, limit - length);
      kept.set(part, length);
      length += part.byteLength;
      if (length >= limit) break;
    }
  } catch {
    // The status is the answer; the text only explains it.
  }
  return kept.subarray(0, length);
}

function withoutUndefined<T extends object>(value: T): Partial<T> {
  // The same keys and values, fewer of them.
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Partial<T>;
}
