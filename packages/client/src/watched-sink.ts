import type { ByteSink, SinkFile } from "@reg/content";

/** Whoever moves bytes into a sink, as the bytes see it. */
export interface SinkWatcher {
  /** Before a chunk goes to the sink. Throws to refuse it. */
  take(chunk: Uint8Array): void;
  /** So many bytes are in the sink's file, by another thread. Throws to refuse what follows. */
  wrote(bytes: number, file: SinkFile, digest: string | undefined): void;
  /** After each of them. A promise it returns is waited for. */
  told(): void | Promise<void>;
  /** What more than the wanted bytes means. */
  tooMuch(): unknown;
  /** What the sink, or who is told, threw. */
  failed(error: unknown): void;
}

/** A sink that has each byte watched on its way into another. */
export function watchedSink(sink: ByteSink, watcher: SinkWatcher, mayUseFile: boolean): ByteSink {
  const failed = (error: unknown): never => {
    watcher.failed(error);
    throw error;
  };
  return {
    file: mayUseFile ? sink.file && watchedFile(sink.file, watcher) : undefined,
    write: (chunk) => {
      try {
        watcher.take(chunk);
        const written = sink.write(chunk);
        const told = watcher.told();
        if (written === undefined && told === undefined) return undefined;
        return Promise.all([written, told]).then(() => undefined, failed);
      } catch (error) {
        return failed(error);
      }
    },
  };
}

/** The same for bytes that another thread writes, and hashes for the sink. */
function watchedFile(file: SinkFile, watcher: SinkWatcher): SinkFile {
  const { fd, position, size, algorithm } = file;
  return {
    fd,
    position,
    size,
    algorithm,
    wrote: (bytes, digest) => watcher.wrote(bytes, file, digest),
    failed: (cause) => {
      const error = codeOf(cause) === "SIZE_EXCEEDED" ? watcher.tooMuch() : file.failed(cause);
      watcher.failed(error);
      return error;
    },
  };
}

function codeOf(cause: unknown): unknown {
  return cause instanceof Error && "code" in cause ? cause.code : undefined;
}
