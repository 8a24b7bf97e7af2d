import { Readable, type Transform } from "node:stream";

/** Sends chunks through a stream of Node's, and gives what comes out. An error of either side ends both. */
export async function* through(
  chunks: AsyncIterable<Uint8Array>,
  transform: Transform,
): AsyncGenerator<Uint8Array, void, undefined> {
  async function* copies(): AsyncGenerator<Uint8Array, void, undefined> {
    // Copied: the stream may hold on to a chunk longer than the source keeps it.
    for await (const chunk of chunks) yield Buffer.from(chunk);
  }
  const feeder = Readable.from(copies(), { objectMode: false });
  feeder.on("error", (error) => transform.destroy(error));
  feeder.pipe(transform);
  try {
    // A transform of bytes gives bytes.
    yield* transform as AsyncIterable<Uint8Array>;
  } finally {
    feeder.unpipe(transform);
    feeder.destroy();
    transform.destroy();
  }
}
