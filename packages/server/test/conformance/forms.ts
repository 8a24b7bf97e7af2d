import { afterAll, beforeAll, describe } from "vitest";
import { createRegistry, folderStorage, memoryStorage, serve } from "../../src/index.ts";
import { inProcess, overHttp, type Send, temporaryFolder } from "../support.ts";

const FORMS = ["memory, in process", "memory, over http", "folder, in process", "folder, over http"];

/** The checks of the OCI conformance suites, 1.1.1 and the one on main, in our own words, for each form of registry. */
export function describeForms(tests: (send: Send) => void): void {
  describe.each(FORMS)("%s", (form) => {
    const used: AsyncDisposable[] = [];
    const use = <T extends AsyncDisposable>(one: T): T => {
      used.unshift(one);
      return one;
    };
    let send: Send;

    beforeAll(async () => {
      const storage = form.startsWith("memory")
        ? memoryStorage()
        : folderStorage(use(await temporaryFolder()).path);
      if (form.endsWith("in process")) {
        const direct = inProcess({ storage });
        use(direct.registry);
        send = direct.send;
      } else {
        send = overHttp(use(await serve(createRegistry({ storage }))).url);
      }
    });
    afterAll(async () => {
      for (const one of used) await one[Symbol.asyncDispose]();
    });

    tests((path, init) => send(path, init));
  });
}
