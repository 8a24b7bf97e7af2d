import { bytesStream, type MemoryStore, verifiedStream } from "../../src/index.ts";

/**
 * Has other bytes for some content, as a disk that has rotted does, and notices when it reads them. Writing the content
 * again mends it only where `overwrites`; deleting it always does.
 */
export function rotten(
  store: MemoryStore,
  wrong: Map<string, Uint8Array>,
  { overwrites = true }: { readonly overwrites?: boolean } = {},
): MemoryStore {
  return {
    ...store,
    fetch: async (descriptor, options) => {
      const bytes = wrong.get(descriptor.digest);
      if (bytes === undefined) return store.fetch(descriptor, options);
      return verifiedStream(descriptor, bytesStream(bytes));
    },
    delete: async (descriptor, options) => {
      wrong.delete(descriptor.digest);
      await store.delete(descriptor, options);
    },
    push: async (descriptor, body, options) => {
      if (overwrites) wrong.delete(descriptor.digest);
      await store.push(descriptor, body, options);
    },
  };
}
