/** The program of a worker: fetches what it is asked for, and hashes and writes it where it is told. */
import { createHash } from "node:crypto";
import { writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { isTransportError } from "../errors.ts";
import type { ByteSink, TransportResponse } from "../transport.ts";
import type { BlobJob, Failure, FromWorker, PortableOptions, ToWorker } from "./blob-worker-messages.ts";
import type { TlsSettings } from "./options.ts";
import { undiciTransport } from "./undici-transport.ts";

/** So many bytes at a time are told of: often enough for any progress bar, seldom enough to cost nothing. */
const TOLD_BYTES = 2 * 1024 * 1024;
/** What anybody reads of an error's body. */
const ANSWER_BYTES = 128 * 1024;

interface Running {
  readonly go: () => void;
  readonly abort: () => void;
}

const running = new Map<number, Running>();
const tlsByHost = new Map<string, TlsSettings>();
const engine = undiciTransport({
  // Written by the engine that started this worker.
  ...(workerData as PortableOptions),
  workers: 0,
  tlsFor: async (host) => tlsByHost.get(host),
});

parentPort?.on("message", (message: ToWorker) => {
  if (message.type === "fetch") void run(message.id, message.job);
  else if (message.type === "close") void engine.close().finally(() => parentPort?.close());
  else running.get(message.id)?.[message.type]();
});

async function run(id: number, job: BlobJob): Promise<void> {
  const url = new URL(job.url);
  if (job.tls !== undefined) tlsByHost.set(url.host, job.tls);
  const aborted = new AbortController();
  let go = (): void => undefined;
  const wanted = new Promise<void>((resolve) => {
    go = resolve;
  });
  running.set(id, { go: () => go(), abort: () => aborted.abort() });
  const sink = new FileSink(id, job.file, wanted);
  const { method, headers, context, onBehalfOf } = job;
  try {
    const request = { method, url, headers, context, onBehalfOf, sink, signal: aborted.signal };
    const response = await engine(request);
    if (response.status >= 200 && response.status < 300) {
      await wanted;
      tell({ type: "done", id, bytes: sink.takeUntold(), digest: sink.digest() });
    } else tell({ type: "answer", id, ...headOf(response), body: await beginningOf(response) });
  } catch (error) {
    tell({ type: "failed", id, bytes: sink.takeUntold(), failure: sink.failure ?? failureOf(error) });
  } finally {
    running.delete(id);
  }
}

/** Hashes and writes, once the engine's own thread has agreed to the answer's head. */
class FileSink implements ByteSink {
  failure: Failure | undefined;
  readonly #id: number;
  readonly #file: BlobJob["file"];
  readonly #hash: ReturnType<typeof createHash>;
  readonly #wanted: Promise<void>;
  #isWanted = false;
  #written = 0;
  #told = 0;

  constructor(id: number, file: BlobJob["file"], wanted: Promise<void>) {
    this.#id = id;
    this.#file = file;
    this.#hash = createHash(file.algorithm);
    this.#wanted = wanted;
  }

  accept(head: Pick<TransportResponse, "status" | "headers">): void {
    tell({ type: "head", id: this.#id, ...headOf(head) });
  }

  write(chunk: Uint8Array): void | Promise<void> {
    if (this.#isWanted) return this.#put(chunk);
    return this.#wanted.then(() => {
      this.#isWanted = true;
      this.#put(chunk);
    });
  }

  /** Bytes that have been written since the engine was last told. */
  takeUntold(): number {
    const bytes = this.#written - this.#told;
    this.#told = this.#written;
    return bytes;
  }

  digest(): string {
    return `${this.#file.algorithm}:${this.#hash.digest("hex")}`;
  }

  #put(chunk: Uint8Array): void {
    const { fd, position, size } = this.#file;
    if (this.#written + chunk.byteLength > size) {
      this.failure = { of: "size" };
      throw new Error("More came than is wanted");
    }
    this.#hash.update(chunk);
    try {
      for (let from = 0; from < chunk.byteLength; ) {
        const written = writeSync(fd, chunk, from, chunk.byteLength - from, position + this.#written);
        from += written;
        this.#written += written;
      }
    } catch (error) {
      this.failure = fileFailure(error);
      throw error;
    }
    if (this.#written - this.#told < TOLD_BYTES) return;
    tell({ type: "wrote", id: this.#id, bytes: this.takeUntold() });
  }
}

function tell(message: FromWorker): void {
  parentPort?.postMessage(message);
}

function headOf({ status, headers }: Pick<TransportResponse, "status" | "headers">) {
  return { status, headers: [...headers] };
}

async function beginningOf({ body }: TransportResponse): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks);
}

function failureOf(error: unknown): Failure {
  if (isTransportError(error)) {
    const { code, message, retryable, received, neverSent } = error;
    return { of: "transport", code, message, retryable, received, neverSent };
  }
  const message = error instanceof Error ? error.message : "The worker failed";
  return {
    of: "transport",
    code: "NETWORK",
    message,
    retryable: false,
    received: undefined,
    neverSent: false,
  };
}

function fileFailure(error: unknown): Failure {
  const { message, code, errno, syscall } = error as NodeJS.ErrnoException; // writeSync throws nothing else
  return { of: "file", message, code, errno, syscall };
}
