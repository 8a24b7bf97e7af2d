import { createRegistry, memoryStorage, serve } from "@reg/server";
import { clientSuite } from "./support/client-suite.ts";

clientSuite(
  "with the embedded registry",
  async () => {
    const listener = await serve(createRegistry({ storage: memoryStorage() }));
    return { host: new URL(listener.url).host, [Symbol.asyncDispose]: () => listener.close() };
  },
  { deletesTags: true, referrersApi: true },
);
