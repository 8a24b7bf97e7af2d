import { refuse, sendToken } from "../cases/token-registry.ts";
import { testImage } from "../image.ts";
import { startOrigin } from "../origin.ts";
import { goodRegistry, route } from "../registry.ts";
import { type Rig, repeat } from "./rig.ts";

const REQUESTS = 2000;
const AT_ONCE = 50;

/** Two users in one process, with one cache of tokens between them. */
export const identities: Rig = {
  name: "identities",
  what: "two identities interleaved over 2,000 requests, one token cache",
  drives: "packages",
  async run(options) {
    const { createClient, staticCredentials } = await import("@reg/sdk");
    const requests = options.times ?? REQUESTS;
    let [strays, tokensAsked] = [0, 0];
    await using tokens = await startOrigin((request, reply) => {
      tokensAsked += 1;
      const [user = ""] = Buffer.from((request.headers["authorization"] ?? "").slice(6), "base64")
        .toString()
        .split(":");
      // Short-lived, so that they are renewed in between.
      sendToken(reply, `token-of-${user}`, { expires_in: 60 });
    });
    const serve = goodRegistry(testImage());
    await using registry = await startOrigin((request, reply) => {
      const user = /^Bearer token-of-(\w+)$/.exec(request.headers["authorization"] ?? "")?.[1];
      const owner = route(request.target).repository.split("/")[0] ?? "";
      if (user !== undefined && user !== owner) strays += 1;
      if (user === owner) return serve(request, reply);
      refuse(
        reply,
        `Bearer realm="${tokens.url}/token",service="registry",scope="repository:${owner}/app:pull"`,
      );
    });
    const shared = new Map<string, Parameters<TokenCache["set"]>[1]>();
    const tokenCache: TokenCache = {
      get: (key) => shared.get(key),
      set: (key, token) => void shared.set(key, token),
      delete: (key) => void shared.delete(key),
    };
    const users = ["alice", "bob"].map((username) => ({
      username,
      client: createClient({
        plainHttp: true,
        tokenCache,
        credentials: staticCredentials({ [registry.host]: { username, password: "secret" } }),
      }),
    }));
    let failed = 0;
    await repeat(requests, AT_ONCE, async (index) => {
      const user = users[index % 2];
      await user?.client.manifests.digest(`${registry.host}/${user.username}/app:1.0`).catch(() => {
        failed += 1;
      });
    });
    for (const { client } of users) await client.close();
    return [
      { name: "requests with the other's token", value: String(strays), holds: strays === 0 },
      { name: "requests that failed", value: `${failed} of ${requests}`, holds: failed === 0 },
      { name: "tokens asked for", value: String(tokensAsked), holds: tokensAsked === 2 },
    ];
  },
};

type TokenCache = NonNullable<
  NonNullable<Parameters<typeof import("@reg/sdk")["createClient"]>[0]>["tokenCache"]
>;
