import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { TransportError } from "../errors.ts";
import { emptyBody, responseBody } from "../response-body.ts";
import { responseHeaders } from "../response-headers.ts";
import type { SinkFile, TransportRequest, TransportResponse } from "../transport.ts";
import type { BlobJob, Failure, FromWorker, PortableOptions, ToWorker } from "./blob-worker-messages.ts";
import type { UndiciTransportOptions } from "./options.ts";

/** Below this, handing a blob over costs more than it gains. */
const MIN_BLOB_BYTES = 4 * 1024 * 1024;

/** Bodies that go to a file, shared out among this thread and its workers. */
export interface BlobWorkers {
  /** Runs a request in the thread that has the least to do: `here`, or a worker. */
  run(request: TransportRequest, here: () => Promise<TransportResponse>): Promise<TransportResponse>;
  close(): Promise<void>;
}

/**
 * Workers that fetch, hash and write whole blobs: one thread is kept busy by some 1.5 GB a second, half of that by TLS.
 * Everything that decides (signing in, redirects, retries) stays in this thread; a worker gets a request as it is to be
 * sent. Started when the first blob comes that this thread has no time for.
 *
 * `undefined` where an option is a function: that cannot be sent to another thread.
 */
export function createBlobWorkers(options: UndiciTransportOptions): BlobWorkers | undefined {
  const { dispatcher, lookup, observe, tlsFor, workers = defaultWorkers(), proxy, ...plain } = options;
  if (workers < 1 || dispatcher !== undefined || lookup !== undefined || observe !== undefined)
    return undefined;
  const portable: PortableOptions = {
    ...plain,
    ...(proxy === undefined ? {} : { proxy: proxy === false ? false : String(proxy) }),
  };
  let pool: BlobWorker[] = [];
  let activeHere = 0;
  /** Once a worker has failed to start, none is tried again. */
  let works = true;

  const runHere = async (here: () => Promise<TransportResponse>): Promise<TransportResponse> => {
    activeHere += 1;
    try {
      return await here();
    } finally {
      activeHere -= 1;
    }
  };

  const leastBusy = (): BlobWorker | undefined => {
    const idlest = pool.reduce<BlobWorker | undefined>(
      (best, worker) => (best === undefined || worker.active < best.active ? worker : best),
      undefined,
    );
    if (idlest !== undefined && idlest.active <= activeHere) return idlest;
    if (activeHere === 0 || pool.length >= workers) return undefined;
    try {
      const started = new BlobWorker(portable, (hasWorked) => {
        pool = pool.filter((worker) => worker !== started);
        works &&= hasWorked;
      });
      pool.push(started);
      return started;
    } catch {
      // The system gives no more threads, or an option cannot be sent to one.
      works = false;
      return undefined;
    }
  };

  return {
    async run(request, here) {
      const file = request.sink?.file;
      if (file === undefined || file.size < MIN_BLOB_BYTES) return here();
      const worker = works ? leastBusy() : undefined;
      if (worker === undefined) return runHere(here);
      const tls = request.url.protocol === "https:" ? await tlsFor?.(request.url.host) : undefined;
      const { method, url, headers, context, onBehalfOf } = request;
      const { fd, position, size, algorithm } = file;
      const job = { method, url: url.href, headers, context, onBehalfOf, tls };
      const answer = await worker.fetch({ ...job, file: { fd, position, size, algorithm } }, request, file);
      return answer ?? runHere(here);
    },
    async close() {
      const closing = pool;
      pool = [];
      await Promise.all(closing.map((worker) => worker.close()));
    },
  };
}

/** With the caller's own thread that makes three at most: as many as there are large blobs on the way at a time. */
const MOST_BY_DEFAULT = 2;

function defaultWorkers(): number {
  // Deno asks for permissions again in a worker, and Bun has bugs of its own there.
  const isNode = process.versions["deno"] === undefined && process.versions["bun"] === undefined;
  return isNode ? Math.min(availableParallelism() - 1, MOST_BY_DEFAULT) : 0;
}

interface Job {
  readonly request: TransportRequest;
  readonly file: SinkFile;
  readonly resolve: (response: TransportResponse | undefined) => void;
  readonly reject: (error: unknown) => void;
  head: Pick<TransportResponse, "status" | "headers"> | undefined;
  received: number;
  /** What this thread has against going on; told once the worker writes no more. */
  refused: { readonly error: unknown } | undefined;
}

class BlobWorker {
  readonly #worker: Worker;
  readonly #jobs = new Map<number, Job>();
  readonly #ended: (hasWorked: boolean) => void;
  #nextId = 0;
  #isAlive = true;
  #hasWorked = false;

  constructor(options: PortableOptions, ended: (hasWorked: boolean) => void) {
    this.#ended = ended;
    // The same name in the sources and in what is built of them.
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    // Loaded with the first worker: most programs never start one.
    const threads = process.getBuiltinModule("node:worker_threads");
    this.#worker = new threads.Worker(new URL(`./blob-worker.${extension}`, import.meta.url), {
      name: "registry blobs",
      workerData: options,
      // What the program preloads is not for this thread.
      execArgv: process.execArgv.filter((word) => word.startsWith("--conditions=")),
    });
    // Only requests keep the process alive.
    this.#worker.unref();
    this.#worker.on("message", (message: FromWorker) => this.#hear(message));
    this.#worker.on("error", () => this.#end());
    this.#worker.on("exit", () => this.#end());
  }

  get active(): number {
    return this.#jobs.size;
  }

  /** Fetches a body into its file; gives `undefined` where the worker turned out not to be able to start. */
  fetch(job: BlobJob, request: TransportRequest, file: SinkFile): Promise<TransportResponse | undefined> {
    if (!this.#isAlive) return Promise.resolve(undefined);
    const { signal } = request;
    signal?.throwIfAborted();
    this.#nextId += 1;
    const id = this.#nextId;
    const onAbort = (): void => this.#refuse(id, signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (this.#jobs.size === 0) this.#worker.ref();
    return new Promise<TransportResponse | undefined>((resolve, reject) => {
      const state = { head: undefined, received: 0, refused: undefined };
      this.#jobs.set(id, { request, file, resolve, reject, ...state });
      this.#tell({ type: "fetch", id, job });
    }).finally(() => {
      signal?.removeEventListener("abort", onAbort);
      this.#jobs.delete(id);
      if (this.#jobs.size === 0) this.#worker.unref();
    });
  }

  async close(): Promise<void> {
    if (!this.#isAlive) return;
    const gone = new Promise((resolve) => this.#worker.once("exit", resolve));
    this.#tell({ type: "close" });
    this.#worker.ref();
    await gone;
  }

  #tell(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  /** The worker still has the file: whoever waits is told when it has stopped. */
  #refuse(id: number, error: unknown): void {
    const job = this.#jobs.get(id);
    if (job === undefined || job.refused !== undefined) return;
    job.refused = { error };
    this.#tell({ type: "abort", id });
  }

  #hear(message: FromWorker): void {
    const job = this.#jobs.get(message.id);
    if (job === undefined) return;
    this.#hasWorked = true;
    try {
      this.#take(job, message);
    } catch (error) {
      this.#refuse(message.id, error);
    }
    if (message.type === "head" || message.type === "wrote") return;
    if (job.refused !== undefined) job.reject(job.refused.error);
    else this.#settle(job, message);
  }

  #take(job: Job, message: FromWorker): void {
    const { url } = job.request;
    if (message.type === "head") {
      job.head = { status: message.status, headers: responseHeaders(message.headers) };
      job.request.sink?.accept?.({ ...job.head, url });
      this.#tell({ type: "go", id: message.id });
    } else if (message.type !== "answer" && job.refused === undefined) {
      job.received += message.bytes;
      const digest = message.type === "done" ? message.digest : undefined;
      if (message.bytes > 0 || digest !== undefined) job.file.wrote(message.bytes, digest);
    }
  }

  #settle(job: Job, message: FromWorker): void {
    const { url } = job.request;
    if (message.type === "failed") job.reject(errorOf(message.failure, job));
    else if (message.type === "answer") {
      const { status, headers, body } = message;
      job.resolve({ status, headers: responseHeaders(headers), url, body: bodyOf(body) });
    } else if (job.head !== undefined) job.resolve({ ...job.head, url, body: emptyBody() });
  }

  #end(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#ended(this.#hasWorked);
    for (const job of this.#jobs.values()) {
      if (job.refused !== undefined) job.reject(job.refused.error);
      else if (job.head === undefined && !this.#hasWorked) job.resolve(undefined);
      else
        job.reject(
          new TransportError("NETWORK", "A worker of the transport died", { received: job.received }),
        );
    }
  }
}

function bodyOf(bytes: Uint8Array): TransportResponse["body"] {
  const chunks = bytes.byteLength === 0 ? [] : [bytes];
  return responseBody(
    { next: async () => ({ done: chunks.length === 0, value: chunks.pop() ?? bytes }) },
    bytes.byteLength,
  );
}

function errorOf(failure: Failure, job: Job): unknown {
  if (failure.of === "transport") {
    const { code, message, retryable, received, neverSent } = failure;
    return new TransportError(code, message, { retryable, received, neverSent });
  }
  if (failure.of === "size") {
    return job.file.failed(
      new TransportError(
        "SIZE_EXCEEDED",
        `The answer's body is larger than the ${job.file.size} bytes wanted`,
      ),
    );
  }
  const { message, code, errno, syscall } = failure;
  return job.file.failed(Object.assign(new Error(message), { code, errno, syscall }));
}
