import type { SinkFile } from "./transport.ts";

/** The same file, with somebody who is told of the bytes that another thread wrote to it. */
export function countingFile(file: SinkFile, count: (bytes: number) => void): SinkFile {
  return {
    fd: file.fd,
    position: file.position,
    size: file.size,
    algorithm: file.algorithm,
    wrote: (bytes, digest) => {
      count(bytes);
      file.wrote(bytes, digest);
    },
    failed: (cause) => file.failed(cause),
  };
}
