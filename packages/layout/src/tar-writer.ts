import { type Header, type Pack, pack } from "tar-stream";
import type { TarEntry } from "./tar-entries.ts";

/** An entry to be written; its content is read when its turn comes. */
export interface TarOutput {
  readonly entry: TarEntry;
  readonly content?: AsyncIterable<Uint8Array> | undefined;
}

/** The bytes of a tar with these entries. */
export async function* writeTar(
  outputs: AsyncIterable<TarOutput>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const packer = pack({ highWaterMark: WINDOW_BYTES });
  const failed: { error?: unknown } = {};
  const filling = fill(packer, outputs).catch((error: unknown) => {
    failed.error = error;
    packer.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    // What a packer gives are the pieces it was given, and the blocks between them.
    yield* packer as AsyncIterable<Uint8Array>;
    await filling;
    if ("error" in failed) throw failed.error;
  } catch (error) {
    throw failed.error ?? error;
  } finally {
    packer.destroy();
    await filling;
  }
}

const WINDOW_BYTES = 1024 * 1024;

async function fill(packer: Pack, outputs: AsyncIterable<TarOutput>): Promise<void> {
  let closed = false;
  packer.on("close", () => {
    closed = true;
  });
  packer.on("error", () => {});
  for await (const { entry, content } of outputs) {
    if (closed) return;
    await writeEntry(packer, headerOf(entry), content);
  }
  packer.finalize();
}

async function writeEntry(
  packer: Pack,
  header: TarHeader,
  content: AsyncIterable<Uint8Array> | undefined,
): Promise<void> {
  let wake = (): void => {};
  let closed = false;
  const done = new Promise<void>((resolve, reject) => {
    const sink = packer.entry(header, (error) => (error ? reject(error) : resolve()));
    sink.on("drain", () => wake());
    sink.on("error", () => {});
    sink.on("close", () => {
      closed = true;
      wake();
    });
    const write = async (): Promise<void> => {
      for await (const chunk of content ?? []) {
        if (closed) return;
        if (sink.write(chunk)) continue;
        await new Promise<void>((next) => {
          wake = next;
          if (closed) next();
        });
      }
      sink.end(undefined);
    };
    write().catch((error: unknown) => {
      sink.destroy(error instanceof Error ? error : new Error(String(error)));
      reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
  await done;
}

type TarHeader = Partial<Header> & Pick<Header, "name">;

/** Seven octal digits and a blank are there for an owner's number, of which tar-stream uses six. */
const LARGEST_PLAIN_ID = 0o777777;

/** Seconds that tar-stream writes right: it cuts them to 32 bits. */
const LARGEST_PLAIN_SECONDS = 2 ** 31 - 1;

function headerOf(entry: TarEntry): TarHeader {
  const { pax: kept, uid, gid, mtime, ...rest } = entry;
  const pax: Record<string, string> = { ...kept };
  if (uid > LARGEST_PLAIN_ID) pax["uid"] = String(uid);
  if (gid > LARGEST_PLAIN_ID) pax["gid"] = String(gid);
  const seconds = mtime.getTime() / 1000;
  const plain = seconds >= 0 && seconds <= LARGEST_PLAIN_SECONDS;
  if (!plain) pax["mtime"] ??= String(seconds);
  return {
    ...rest,
    uid: Math.min(uid, LARGEST_PLAIN_ID),
    gid: Math.min(gid, LARGEST_PLAIN_ID),
    mtime: plain ? mtime : new Date(0),
    ...(Object.keys(pax).length > 0 ? { pax } : {}),
  };
}
