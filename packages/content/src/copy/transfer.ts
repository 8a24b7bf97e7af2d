import type { Descriptor } from "../descriptor.ts";
import { ownerOf } from "../edit/overlay.ts";
import { ContentError } from "../errors.ts";
import type { ProgressEvent } from "../progress.ts";
import type { Ranges } from "../ranges.ts";
import type { ByteSink, ContentSource, ContentTarget, ContentWriter } from "../store.ts";
import { inlineData } from "../verifier.ts";
import { isMismatch } from "./manifest-reader.ts";
import { pulledBytes } from "./pulled-bytes.ts";
import type { Scheduler } from "./scheduler.ts";
import { markSide, onSide } from "./side.ts";

export interface TransferContext {
  readonly source: ContentSource;
  readonly target: ContentTarget;
  readonly scheduler: Scheduler;
  readonly signal: AbortSignal;
  /** Whether a large blob comes over several connections, where the source opens them. */
  readonly ranges?: Ranges | undefined;
  /** Where events go; `undefined` where nobody listens, so that the bytes pass without a detour. */
  readonly emit: ((event: ProgressEvent) => void | Promise<void>) | undefined;
}

export type Transferred =
  | { readonly how: "copied"; readonly bytes: number }
  | { readonly how: "mounted" | "skipped" };

/** The store a blob may be mounted from: only where the target says that it can is it worth a request. */
export function mountOrigin(
  { source, target }: Pick<TransferContext, "source" | "target">,
  descriptor: Descriptor,
): ContentSource | undefined {
  if (target.mount === undefined || target.canMount === undefined) return undefined;
  const owner = ownerOf(source, descriptor);
  return owner !== undefined && target.canMount(owner) ? owner : undefined;
}

/**
 * Whether the target is asked for a blob before it is sent. A question to a registry costs a round trip; a tiny upload
 * only one more.
 */
export function isAskedFirst({ target }: Pick<TransferContext, "target">, { size }: Descriptor): boolean {
  return target.remote !== true || size > TINY_UPLOAD_BYTES;
}

/** Brings one blob to the target: mounted, found there, or moved. */
export async function transferBlob(context: TransferContext, descriptor: Descriptor): Promise<Transferred> {
  const { source, target, scheduler, signal, emit } = context;
  const ask = <T>(work: () => Promise<T>): Promise<T> =>
    scheduler.run({ size: 0, hosts: [target.host], signal }, () => onSide("target", signal, work));
  const origin = mountOrigin(context, descriptor);
  if (origin !== undefined) {
    // A mount answers the question too: a blob that is there is mounted in no time.
    if (await ask(async () => target.mount?.(descriptor, origin, { signal }))) {
      await emit?.({ type: "mounted", descriptor });
      return { how: "mounted" };
    }
  } else if (isAskedFirst(context, descriptor) && (await ask(() => target.exists(descriptor, { signal })))) {
    await emit?.({ type: "skipped", descriptor });
    return { how: "skipped" };
  }
  return scheduler.run(
    { size: descriptor.size, hosts: [source.host, target.host], signal },
    async (leave) => {
      await emit?.({ type: "started", descriptor });
      const bytes = await moveBlob(context, descriptor, { onMoved: leave }).catch(async (error: unknown) => {
        // Wrong bytes may be a broken cache on the way, or what an earlier run left: they get one more chance.
        if (!isMismatch(error) || signal.aborted) throw error;
        await emit?.({
          type: "retried",
          descriptor,
          reason: error instanceof Error ? error.message : "wrong bytes",
        });
        // Over one connection, for whoever mixes up the parts of a blob does so again.
        return moveBlob({ ...context, ranges: "off" }, descriptor, { verify: true });
      });
      await emit?.({ type: "done", descriptor });
      return { how: "copied", bytes };
    },
  );
}

/**
 * Moves one blob, whatever the target has. Returns the bytes that passed.
 *
 * A registry verifies what is uploaded (distribution-spec, "Pushing blobs", `DIGEST_INVALID`): what lies here and is
 * large is not hashed a second time on its way there, unless `verify` asks for it, which tells whose fault it is.
 *
 * `onMoved` is told when neither end is asked for anything any more, and only the target's disk is waited for.
 */
export async function moveBlob(
  context: TransferContext,
  descriptor: Descriptor,
  options: { readonly verify?: boolean; readonly onMoved?: () => void } = {},
): Promise<number> {
  const { source, target, signal, emit } = context;
  const inline = await onSide("source", signal, () => inlineData(descriptor));
  if (inline === undefined && target.writer !== undefined) {
    const writer = await onSide("target", signal, () => target.writer?.(descriptor, { signal }));
    if (writer !== undefined) return moveIntoWriter(context, descriptor, writer, options.onMoved);
  }
  if (inline !== undefined || descriptor.size <= BUFFERED_BYTES) {
    const bytes =
      inline ??
      (await onSide("source", signal, async () => {
        const stream = await source.fetch(descriptor, { signal });
        return stream.bytes(descriptor.size);
      }));
    await onSide("target", signal, () => target.push(descriptor, bytes, { signal }));
    await emit?.({ type: "bytes", descriptor, done: bytes.byteLength });
    return bytes.byteLength;
  }
  const verify = options.verify ?? !(target.remote === true && source.remote !== true);
  return moveByPush(context, descriptor, verify);
}

/** Up to here a question first, which costs a round trip, takes longer than the bytes on a line of 10 Mbit/s. */
const TINY_UPLOAD_BYTES = 32 * 1024;

/** Up to here content is held in memory, so that it can be sent again without being fetched again. */
const BUFFERED_BYTES = 256 * 1024;

/** The fast path: bytes go from the source straight into a sink that hashes them. */
async function moveIntoWriter(
  { source, signal, emit, ranges }: TransferContext,
  descriptor: Descriptor,
  writer: ContentWriter,
  onMoved: (() => void) | undefined,
): Promise<number> {
  let finished = false;
  try {
    if (writer.offset > descriptor.size) await onSide("target", signal, () => writer.restart());
    const { offset } = writer;
    let done = offset;
    const advance = (bytes: number): void => {
      done += bytes;
      if (done <= descriptor.size) return;
      const message = `${descriptor.digest} has more than the ${descriptor.size} bytes announced.`;
      throw markSide(new ContentError("SIZE_MISMATCH", message), "source", signal);
    };
    const { file } = writer;
    let untold: { readonly error: unknown } | undefined;
    const sink: ByteSink = {
      file: file && {
        fd: file.fd,
        position: file.position,
        size: file.size,
        algorithm: file.algorithm,
        wrote(bytes, digest) {
          advance(bytes);
          file.wrote(bytes, digest);
          if (untold !== undefined) throw untold.error;
          // Another thread does not wait for the listener; what it has against the copy still ends it.
          emit?.({ type: "bytes", descriptor, done })?.catch((error: unknown) => {
            untold ??= { error };
          });
        },
        failed: (cause) => markSide(file.failed(cause), "target", signal),
      },
      write(chunk) {
        advance(chunk.byteLength);
        const written = writeMarked(writer, chunk, signal);
        if (emit === undefined) return written;
        const event = { type: "bytes", descriptor, done } as const;
        return written === undefined ? emit(event) : written.then(() => emit(event));
      },
    };
    if (offset < descriptor.size) {
      await onSide("source", signal, async () => {
        const options = { offset, signal, verify: false, ranges, onRetry: retryTeller(emit, descriptor) };
        if (source.fetchInto !== undefined) return source.fetchInto(descriptor, sink, options);
        for await (const chunk of await source.fetch(descriptor, options)) await sink.write(chunk);
      });
    }
    if (untold !== undefined) throw untold.error;
    onMoved?.();
    finished = true;
    await commit(writer, signal);
    return done - offset;
  } finally {
    if (!finished) await writer.abort().catch(ignore);
  }
}

/** Wrong bytes are the source's fault, whatever else goes wrong is the target's. */
async function commit(writer: ContentWriter, signal: AbortSignal): Promise<void> {
  try {
    await writer.commit();
  } catch (error) {
    throw markSide(error, isMismatch(error) ? "source" : "target", signal);
  }
}

function writeMarked(
  writer: ContentWriter,
  chunk: Uint8Array,
  signal: AbortSignal,
): undefined | Promise<void> {
  const mark = (error: unknown): never => {
    throw markSide(error, "target", signal);
  };
  try {
    const written = writer.write(chunk);
    return written === undefined ? undefined : written.catch(mark);
  } catch (error) {
    return mark(error);
  }
}

/** The target pulls, and may ask again from any byte. */
async function moveByPush(
  context: TransferContext,
  descriptor: Descriptor,
  verify: boolean,
): Promise<number> {
  const { source, target, signal, emit, ranges } = context;
  const onRetry = retryTeller(emit, descriptor);
  let moved = 0;
  const chunksOf = async (offset: number, pullSignal: AbortSignal): Promise<AsyncIterable<Uint8Array>> => {
    const { fetchInto } = source;
    // From registry to registry, bytes go out from the buffer they were read into.
    if (fetchInto === undefined || source.remote !== true || target.remote !== true) {
      return source.fetch(descriptor, { offset, verify, ranges, onRetry, signal: pullSignal });
    }
    return pulledBytes(
      (sink, sinkSignal) =>
        fetchInto.call(source, descriptor, sink, { offset, verify, ranges, onRetry, signal: sinkSignal }),
      pullSignal,
    );
  };
  async function* open(
    offset: number,
    pullSignal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let done = offset;
    try {
      for await (const chunk of await chunksOf(offset, pullSignal ?? signal)) {
        done += chunk.byteLength;
        moved += chunk.byteLength;
        yield chunk;
        await emit?.({ type: "bytes", descriptor, done });
      }
    } catch (error) {
      throw markSide(error, "source", signal);
    }
  }
  const body = { size: descriptor.size, open };
  await onSide("target", signal, () => target.push(descriptor, body, { signal, onRetry }));
  return moved;
}

/** Tells that a transfer is resumed; nobody waits for that to be heard. */
function retryTeller(
  emit: TransferContext["emit"],
  descriptor: Descriptor,
): ((reason: string) => void) | undefined {
  return emit === undefined ? undefined : (reason) => void emit({ type: "retried", descriptor, reason });
}

function ignore(): void {}
