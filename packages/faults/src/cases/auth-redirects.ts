import { type FaultCase, judge } from "../case.ts";
import { testImage } from "../image.ts";
import { errors, goodRegistry, JSON_TYPE, route } from "../registry.ts";

const image = testImage();

/** A registry that wants Basic, and sends the layer's bytes from elsewhere. */
export const redirectCases: readonly FaultCase[] = [
  {
    id: "blob-redirect-drops-authorization",
    area: "auth",
    fault:
      "A blob is redirected (307) to another origin, a presigned URL that answers 400 where Authorization is present",
    expectation: "Follow without the Authorization header, and succeed.",
    reason: "distribution-spec, Pulling blobs; renovate #3877",
    verbs: ["pull"],
    async run(stage) {
      const storage = await stage.origin((request, reply) => {
        if (request.headers["authorization"] !== undefined) return reply.send(400);
        reply.send(200, {}, image.layers[0]?.bytes);
      });
      const registry = await stage.origin(
        goodRegistry(image, (request, reply) => {
          if (request.headers["authorization"] === undefined) {
            reply.send(
              401,
              { ...JSON_TYPE, "WWW-Authenticate": 'Basic realm="registry"' },
              errors("UNAUTHORIZED"),
            );
            return true;
          }
          const { kind, name } = route(request.target);
          if (kind !== "blob" || name !== image.layers[0]?.digest || request.method === "HEAD") return false;
          reply.send(307, { Location: `${storage.url}/presigned?signature=abc` });
          return true;
        }),
      );
      await stage.signIn(registry.host);
      const { exitCode } = await stage.act({
        verb: "pull",
        reference: `${registry.host}/demo/app:1.0`,
        folder: `${stage.folder}/layout`,
      });
      const leaks = stage.leaks({ allowed: [registry] });
      return judge(
        "followed without credentials",
        [leaks.length === 0, leaks.join("; ")],
        [exitCode === 0, `exit code ${exitCode}`],
        [storage.requests.length > 0, "the redirect was not followed"],
      );
    },
  },
];
