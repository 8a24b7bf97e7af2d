import { ContentError } from "@reg/content";
import { extract, type Header } from "tar-stream";
import { decompress, type UnpackLimits } from "./decompress.ts";
import { TarEnd } from "./tar-end.ts";

/** What may be in an archive besides its content, so that a small one cannot fill the memory. */
export interface TarLimits extends UnpackLimits {
  /** Default 2,000,000; the largest images have some hundred thousand. */
  readonly entries?: number | undefined;
  /** Characters of names, links and extended attributes together. Default 256 Mi. */
  readonly nameCharacters?: number | undefined;
}

/** An entry of a tar stream, with what its extended header says already applied. */
export interface TarEntry {
  readonly name: string;
  readonly type: NonNullable<Header["type"]>;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly uname: string;
  readonly gname: string;
  readonly size: number;
  readonly mtime: Date;
  readonly linkname: string;
  readonly devmajor: number;
  readonly devminor: number;
  /** Extended attributes and times: what is left of the extended header, for whoever writes the entry again. */
  readonly pax: Readonly<Record<string, string>> | undefined;
}

/** An entry, and its content, which is read before the next entry or not at all. */
export interface TarItem {
  readonly entry: TarEntry;
  content(): AsyncIterable<Uint8Array>;
}

/**
 * The entries of a tar stream, packed or not, in order. Codes `INVALID` (not a tar, damaged, cut short),
 * `SIZE_EXCEEDED` (a limit), `UNSUPPORTED` (a type of entry nobody writes into images); errors of the source pass
 * unchanged, and come before the end of the entries, so that a source that verifies itself has been verified.
 */
export async function* tarEntries(
  source: AsyncIterable<Uint8Array>,
  limits: TarLimits = {},
): AsyncGenerator<TarItem, void, undefined> {
  const { entries: mostEntries = MOST_ENTRIES, nameCharacters = MOST_NAME_CHARACTERS } = limits;
  const parser = extract();
  const failed: { error?: unknown } = {};
  const end = new TarEnd();
  parser.on("entry", (header) => end.enter(header));
  const feeding = feed(decompress(source, limits), parser, end, failed);
  const reason = (cause: unknown): unknown => {
    if ("error" in failed) return failed.error;
    if (cause instanceof ContentError) return cause;
    const message = cause instanceof Error ? cause.message : "it cannot be read";
    return new ContentError("INVALID", `The tar archive is damaged: ${message}.`, { cause });
  };
  let count = 0;
  let characters = 0;
  try {
    for await (const stream of parser) {
      const entry = readEntry(stream.header);
      count += 1;
      characters += entry.name.length + entry.linkname.length + paxLength(entry.pax);
      if (count > mostEntries)
        throw new ContentError(
          "SIZE_EXCEEDED",
          `The archive has more than ${mostEntries} entries (limits.entries).`,
        );
      if (characters > nameCharacters) {
        throw new ContentError(
          "SIZE_EXCEEDED",
          `The names in the archive have more than ${nameCharacters} characters (limits.nameCharacters).`,
        );
      }
      let taken = false;
      yield {
        entry,
        async *content() {
          taken = true;
          try {
            // A stream of tar-stream gives the pieces of what it was fed.
            yield* stream as AsyncIterable<Uint8Array>;
            end.assertWhole();
          } catch (cause) {
            throw reason(cause);
          }
        },
      };
      if (!taken) stream.resume();
    }
    await feeding;
    if ("error" in failed) throw failed.error;
    end.assertWhole();
  } catch (cause) {
    throw reason(cause);
  } finally {
    parser.destroy();
    await feeding;
  }
}

const MOST_ENTRIES = 2_000_000;
const MOST_NAME_CHARACTERS = 256 * 1024 * 1024;

async function feed(
  chunks: AsyncIterable<Uint8Array>,
  parser: ReturnType<typeof extract>,
  end: TarEnd,
  failed: { error?: unknown },
): Promise<void> {
  let wake = (): void => {};
  let closed = false;
  parser.on("drain", () => wake());
  parser.on("close", () => {
    closed = true;
    wake();
  });
  parser.on("error", () => {});
  try {
    for await (const chunk of chunks) {
      if (closed) return;
      end.add(chunk);
      // Copied: the parser keeps what it has not taken in, and the source may use the chunk again.
      if (parser.write(Buffer.from(chunk))) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (closed) resolve();
      });
    }
    const padding = end.padding();
    if (padding !== undefined) parser.write(padding);
    parser.end(undefined);
  } catch (error) {
    failed.error = error;
    parser.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

function readEntry(header: Header): TarEntry {
  // Declared otherwise, but null where the type is none that tar-stream knows, and where there is no link or pax.
  const type = header.type as Header["type"] | null;
  const linkname = header.linkname as string | null;
  const pax = (header.pax ?? {}) as Readonly<Record<string, string>>;
  if (type === null || Object.keys(pax).some((key) => key.startsWith("GNU.sparse."))) {
    throw new ContentError(
      "UNSUPPORTED",
      `The archive's entry ${JSON.stringify(header.name.slice(0, 100))} is of a type that images do not have.`,
    );
  }
  const rest = Object.entries(pax).filter(([key]) => !REPLACED.has(key));
  const seconds = Number(pax["mtime"]);
  const mtime =
    pax["mtime"] !== undefined && Number.isFinite(seconds) ? new Date(seconds * 1000) : header.mtime;
  return {
    name: header.name,
    type: type === "contiguous-file" ? "file" : type,
    mode: header.mode & 0o7777,
    uid: paxId(pax["uid"]) ?? header.uid,
    gid: paxId(pax["gid"]) ?? header.gid,
    uname: header.uname,
    gname: header.gname,
    size: type === "file" || type === "contiguous-file" ? header.size : 0,
    mtime: Number.isNaN(mtime.getTime()) ? new Date(0) : mtime,
    linkname: linkname ?? "",
    devmajor: header.devmajor,
    devminor: header.devminor,
    pax: rest.length === 0 ? undefined : Object.fromEntries(rest),
  };
}

/** Written anew from the entry's own fields. */
const REPLACED: ReadonlySet<string> = new Set(["path", "linkpath", "size", "uid", "gid"]);

function paxId(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  return Number(text);
}

function paxLength(pax: Readonly<Record<string, string>> | undefined): number {
  if (pax === undefined) return 0;
  return Object.entries(pax).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
}
