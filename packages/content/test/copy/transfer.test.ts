import { expect, test } from "vitest";
import {
  bytesStream,
  type ContentSource,
  type ContentTarget,
  type ContentWriter,
  copy,
  createVerifier,
  type Descriptor,
  failedSide,
  type MemoryStore,
  memoryStore,
  type ProgressEvent,
  verifiedStream,
} from "../../src/index.ts";
import { pushImage, randomBytes } from "../support/images.ts";
import { spy } from "../support/spy.ts";

const LAYER = randomBytes(600_000, 11);

/** A store that is written through writers, and keeps what a writer leaves behind. */
function writing(store: MemoryStore): {
  readonly target: ContentTarget;
  readonly left: Map<string, Uint8Array>;
} {
  const left = new Map<string, Uint8Array>();
  const writer = async (descriptor: Descriptor): Promise<ContentWriter> => {
    let parts: Uint8Array[] = [];
    const before = left.get(descriptor.digest);
    if (before !== undefined) parts.push(before);
    let offset = before?.byteLength ?? 0;
    left.delete(descriptor.digest);
    return {
      get offset() {
        return offset;
      },
      write: (chunk) => void parts.push(new Uint8Array(chunk)),
      restart: async () => {
        parts = [];
        offset = 0;
      },
      commit: async () => {
        const verifier = createVerifier(descriptor);
        for (const part of parts) verifier.write(part);
        verifier.end();
        await store.push(descriptor, Buffer.concat(parts));
      },
      abort: async () => void left.set(descriptor.digest, Buffer.concat(parts)),
    };
  };
  return { target: { ...store, writer }, left };
}

async function sourceWithLayer(): Promise<{ source: MemoryStore; layer: Descriptor }> {
  const source = memoryStore();
  await pushImage(source, { tag: "v1", layers: [LAYER] });
  const { digestOf, MEDIA_TYPES } = await import("../../src/index.ts");
  return {
    source,
    layer: { mediaType: MEDIA_TYPES.ociLayer, digest: digestOf(LAYER), size: LAYER.byteLength },
  };
}

test("streams into a writer without hashing twice, and resumes what an earlier run left", async () => {
  const { source, layer } = await sourceWithLayer();
  const { target, left } = writing(memoryStore());
  left.set(layer.digest, LAYER.slice(0, 400_000));
  const asked: unknown[] = [];
  const fast: ContentTarget = {
    ...source,
    fetchInto: async (descriptor, sink, options = {}) => {
      asked.push([descriptor.digest, options.offset, options.verify]);
      for await (const chunk of await source.fetch(descriptor, options)) await sink.write(chunk);
    },
  };
  const events: ProgressEvent[] = [];
  const result = await copy(fast, "v1", target, "v1", { onProgress: (event) => void events.push(event) });
  expect(asked).toContainEqual([layer.digest, 400_000, false]);
  const done = events.flatMap((e) =>
    e.type === "bytes" && e.descriptor.digest === layer.digest ? [e.done] : [],
  );
  expect(done).toEqual([600_000]);
  expect(result.bytes).toBeLessThan(202_000);
  expect(await (await target.fetch(layer)).bytes(layer.size)).toEqual(LAYER);
});

test("starts over, once, where what was left turns out to be wrong", async () => {
  const { source, layer } = await sourceWithLayer();
  const { target, left } = writing(memoryStore());
  left.set(layer.digest, randomBytes(400_000, 99));
  const from = spy(source);
  const events: ProgressEvent[] = [];
  await copy(from.store, "v1", target, "v1", { onProgress: (event) => void events.push(event) });
  expect(from.calls.filter((call) => call === `fetch ${layer.digest}`)).toHaveLength(2);
  expect(events.filter(({ type }) => type === "retried")).toHaveLength(1);
  expect(await target.exists(layer)).toBe(true);
});

test("starts over where more was left than there is", async () => {
  const { source, layer } = await sourceWithLayer();
  const { target, left } = writing(memoryStore());
  left.set(layer.digest, randomBytes(700_000, 99));
  await copy(source, "v1", target, "v1");
  expect(await target.exists(layer)).toBe(true);
});

for (const [name, wrong] of [
  ["other bytes", randomBytes(600_000, 5)],
  ["too few bytes", LAYER.slice(0, 599_999)],
  ["too many bytes", new Uint8Array([...LAYER, 0])],
] as const) {
  for (const kind of ["a writer", "a push"] as const) {
    test(`fetches ${name} twice at most, and leaves nothing at a target with ${kind}`, async () => {
      const { source, layer } = await sourceWithLayer();
      const store = memoryStore();
      const target = kind === "a writer" ? writing(store).target : store;
      const from = spy(source, {
        fetch: async (descriptor, options) =>
          descriptor.digest === layer.digest ? bytesStream(wrong) : source.fetch(descriptor, options),
      });
      const error: unknown = await copy(from.store, "v1", target, "v1").then(undefined, (reason) => reason);
      expect(error).toMatchObject({ code: name === "other bytes" ? "DIGEST_MISMATCH" : "SIZE_MISMATCH" });
      expect(from.calls.filter((call) => call === `fetch ${layer.digest}`)).toHaveLength(2);
      expect(await store.exists(layer)).toBe(false);
      await expect(store.resolve("v1")).rejects.toMatchObject({ code: "NOT_FOUND" });
    });
  }
}

test("keeps what a writer has when the source breaks off, and asks only for the rest", async () => {
  const { source, layer } = await sourceWithLayer();
  const { target, left } = writing(memoryStore());
  const breaking = spy(source, {
    fetch: async (descriptor, options) => {
      if (descriptor.digest !== layer.digest) return source.fetch(descriptor, options);
      const { byteStream } = await import("../../src/index.ts");
      return byteStream(
        (function* () {
          yield LAYER.subarray(0, 250_000);
          throw new Error("connection lost");
        })(),
        layer.size,
      );
    },
  });
  const error: unknown = await copy(breaking.store, "v1", target, "v1").then(undefined, (reason) => reason);
  expect(failedSide(error)).toBe("source");
  expect(left.get(layer.digest)?.byteLength).toBe(250_000);
  const { bytes } = await copy(source, "v1", target, "v1");
  expect(bytes).toBeLessThan(352_000);
});

test("lets a target that pulls start again from any byte", async () => {
  const { source, layer } = await sourceWithLayer();
  const store = memoryStore();
  const offsets: number[] = [];
  const target: ContentTarget = {
    ...store,
    push: async (descriptor, body, options) => {
      if (body instanceof Uint8Array) return store.push(descriptor, body, options);
      const parts: Uint8Array[] = [];
      for (const offset of [0, 500_000]) {
        offsets.push(offset);
        parts.splice(offset === 0 ? 0 : 1);
        if (offset > 0) parts[0] = LAYER.slice(0, offset);
        for await (const chunk of body.open(offset)) parts.push(new Uint8Array(chunk));
      }
      return store.push(descriptor, Buffer.concat(parts), options);
    },
  };
  const seen: number[] = [];
  await copy(source, "v1", target, "v1", {
    onProgress: (event) => {
      if (event.type === "bytes" && event.descriptor.digest === layer.digest) seen.push(event.done);
    },
  });
  expect(offsets).toEqual([0, 500_000]);
  expect(seen).toEqual([600_000, 600_000]);
});

test("blames the source for what fails while a target pulls from it", async () => {
  const { source, layer } = await sourceWithLayer();
  const store = memoryStore();
  const wrapping: ContentTarget = {
    ...store,
    push: async (descriptor, body, options) => {
      try {
        await store.push(descriptor, body, options);
      } catch (cause) {
        throw new Error("upload failed", { cause });
      }
    },
  };
  const failing = spy(source, {
    fetch: async (descriptor, options) => {
      if (descriptor.digest === layer.digest) throw new Error("gone");
      return source.fetch(descriptor, options);
    },
  });
  const error: unknown = await copy(failing.store, "v1", wrapping, "v1").then(undefined, (reason) => reason);
  expect(error).toMatchObject({ message: "upload failed" });
  expect(failedSide(error)).toBe("source");
});

test("lets the registry hash what lies here, and hashes it here once that one has refused it", async () => {
  const { source, layer } = await sourceWithLayer();
  const wrong = randomBytes(LAYER.byteLength, 12);
  for (const content of [LAYER, wrong]) {
    const hashed: (boolean | undefined)[] = [];
    const local: ContentSource = {
      ...source,
      fetch: async (descriptor, options = {}) => {
        if (descriptor.digest !== layer.digest) return source.fetch(descriptor, options);
        hashed.push(options.verify);
        return options.verify === false ? bytesStream(content) : verifiedStream(layer, [content]);
      },
    };
    const store = memoryStore();
    // A memory store refuses wrong bytes as a registry does.
    const copied = copy(local, "v1", { ...store, remote: true }, "v1");
    if (content === LAYER) await copied;
    else await expect(copied).rejects.toSatisfy((error) => failedSide(error) === "source");
    expect(hashed).toEqual(content === LAYER ? [false] : [false, true]);
    expect(await store.exists(layer)).toBe(content === LAYER);
  }
});
