type Sdk = typeof import("@reg/sdk");

/**
 * Loads what verifying and writing an image needs while the first answer is on its way: some milliseconds that would come
 * after it otherwise. Call it just before that request is made; nothing waits for it.
 */
export function loadAhead(sdk: Sdk): void {
  // After the request has gone as far as it goes by itself.
  setImmediate(() => {
    // The first hash loads Node's.
    sdk.digestOf(new Uint8Array());
    for (const name of ["node:fs/promises", "node:sqlite"]) process.getBuiltinModule(name);
  });
}
