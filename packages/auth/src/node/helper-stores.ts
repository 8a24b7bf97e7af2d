import type { WritableCredentialStore } from "../credential.ts";
import { type CredentialHelperOptions, credentialHelperStore } from "./credential-helper-store.ts";

/** The helpers a configuration names, each made once so that it remembers. */
export class HelperStores {
  readonly #options: CredentialHelperOptions;
  readonly #stores = new Map<string, WritableCredentialStore>();

  constructor(options: CredentialHelperOptions) {
    this.#options = options;
  }

  /** @throws AuthError `CONFIG` for a name no helper can have */
  of(name: string): WritableCredentialStore {
    let store = this.#stores.get(name);
    if (store === undefined) {
      store = credentialHelperStore(name, this.#options);
      this.#stores.set(name, store);
    }
    return store;
  }
}
