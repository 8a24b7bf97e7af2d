import { type FaultCase, judge, type Stage, type Verdict } from "../case.ts";
import { testImage } from "../image.ts";
import {
  BLACK_HOLE_HOST,
  METADATA_ADDRESS,
  NO_ROUTE_HOST,
  OTHER_PUBLIC_ADDRESS,
  PUBLIC_ADDRESS,
} from "../namespace.ts";
import type { Origin } from "../origin.ts";
import { errors, goodRegistry, JSON_TYPE, route } from "../registry.ts";
import { judgeRefusedPull, judgeWholePull, lastLine, layoutOf, onBlob, pullFrom } from "./pulling.ts";
import { refuse, sendToken } from "./token-registry.ts";

const image = testImage();
const [layer] = image.layers;

/** A registry on a public address that points clients at what only they can reach. Nobody signs in here: it is the request that is stolen. */
export const networkCases: readonly FaultCase[] = [
  ...(
    [
      ["the-metadata-service", METADATA_ADDRESS],
      ["loopback", "127.0.0.1"],
      ["loopback-by-ipv6", "::1"],
      ["the-unspecified-address", "0.0.0.0"],
    ] as const
  ).map(
    ([name, address]): FaultCase => ({
      id: `realm-at-${name}`,
      area: "auth",
      fault: `A registry on a public address names a realm at ${address}`,
      expectation: "Refuse it before a connection is made.",
      reason: "go-containerregistry #2243, #2285, #2302",
      verbs: ["pull"],
      needs: ["network-namespace"],
      async run(stage) {
        const inside = await stage.origin((_, reply) => sendToken(reply, "stolen"), { address });
        const registry = await stage.origin(
          (_, reply) => refuse(reply, `Bearer realm="${inside.url}/token",service="registry"`),
          { address: PUBLIC_ADDRESS },
        );
        return judgeUntouched(inside, judgeRefusedPull(stage, await pullFrom(stage, registry)));
      },
    }),
  ),
  {
    id: "token-server-redirects-inside",
    area: "auth",
    fault: "The token endpoint of a public registry redirects to the metadata service",
    expectation: "Do not go there.",
    reason: "go-containerregistry #2292",
    verbs: ["pull"],
    needs: ["network-namespace"],
    async run(stage) {
      const inside = await metadata(stage);
      const registry = await stage.origin(
        (request, reply) =>
          request.target.startsWith("/token")
            ? reply.send(307, { Location: `${inside.url}/latest/meta-data` })
            : refuse(reply, `Bearer realm="http://${request.headers["host"]}/token",service="registry"`),
        { address: PUBLIC_ADDRESS },
      );
      return judgeUntouched(inside, judgeRefusedPull(stage, await pullFrom(stage, registry)));
    },
  },
  {
    id: "blob-redirected-inside",
    area: "auth",
    fault: "A blob of a public registry is redirected to the metadata service",
    expectation: "Do not go there.",
    reason: "Server-side request forgery by way of a client: the same rule as for realms",
    verbs: ["pull"],
    needs: ["network-namespace"],
    async run(stage) {
      const inside = await metadata(stage);
      const registry = await stage.origin(
        goodRegistry(
          image,
          onBlob(layer, (_, reply) => reply.send(307, { Location: `${inside.url}/latest/meta-data` })),
        ),
        { address: PUBLIC_ADDRESS },
      );
      return judgeUntouched(inside, judgeRefusedPull(stage, await pullFrom(stage, registry)));
    },
  },
  {
    id: "blob-redirected-to-another-public-address",
    area: "auth",
    fault: "A blob of a public registry is redirected to another public address, as is usual",
    expectation: "Follow, and succeed.",
    reason: "distribution-spec, Pulling blobs: without this the cases beside it would prove nothing",
    verbs: ["pull"],
    needs: ["network-namespace"],
    async run(stage) {
      const storage = await stage.origin((_, reply) => reply.send(200, {}, layer?.bytes), {
        address: OTHER_PUBLIC_ADDRESS,
      });
      const registry = await stage.origin(
        goodRegistry(
          image,
          onBlob(layer, (_, reply) => reply.send(307, { Location: `${storage.url}/blob` })),
        ),
        { address: PUBLIC_ADDRESS },
      );
      return judgeWholePull(stage, await pullFrom(stage, registry), image);
    },
  },
  {
    id: "upload-location-inside",
    area: "auth",
    fault: "A public registry answers POST with an upload Location at the metadata service",
    expectation: "Upload nothing there.",
    reason: "go-containerregistry #2295",
    verbs: ["pull", "push"],
    needs: ["network-namespace"],
    async run(stage) {
      const source = await stage.origin(goodRegistry(image), { address: PUBLIC_ADDRESS });
      const pulled = judgeWholePull(stage, await pullFrom(stage, source), image);
      if (pulled.status === "fail") return pulled;
      const inside = await metadata(stage);
      const registry = await stage.origin(
        goodRegistry(EMPTY, (request, reply) => {
          const { kind } = route(request.target);
          if (kind === "blob") reply.send(404, JSON_TYPE, errors("BLOB_UNKNOWN"));
          else if (kind === "uploads") reply.send(202, { Location: `${inside.url}/upload` });
          return kind === "blob" || kind === "uploads";
        }),
        { address: PUBLIC_ADDRESS },
      );
      const reference = `${registry.host}/demo/app:1.0`;
      const outcome = await stage.act({ verb: "push", folder: layoutOf(stage), reference });
      return judgeUntouched(
        inside,
        judge(lastLine(outcome), [outcome.exitCode !== 0, "reported success"], [!outcome.timedOut, "hung"]),
      );
    },
  },
  {
    id: "basic-in-the-clear-to-a-stranger",
    area: "auth",
    fault:
      "A registry that is not on this machine asks for Basic over plain http, which the user allowed for pulling",
    expectation: "Do not send the password in the clear unless that was asked for by an option of its own.",
    reason: "RFC 7617, section 4: Basic is not secure without TLS; `--plain-http` says nothing of passwords",
    verbs: ["pull"],
    needs: ["network-namespace"],
    async run(stage) {
      const registry = await stage.origin((_, reply) => refuse(reply, 'Basic realm="registry"'), {
        address: PUBLIC_ADDRESS,
      });
      await stage.signIn(registry.host);
      const refused = judgeRefusedPull(stage, await pullFrom(stage, registry));
      const leaks = stage.leaks({ allowed: [] });
      return judge(
        refused.observed,
        [leaks.length === 0, leaks.join("; ")],
        [refused.status === "pass", refused.observed],
      );
    },
  },
  ...(
    [
      ["", "public", PUBLIC_ADDRESS],
      ["-inside", "private", METADATA_ADDRESS],
    ] as const
  ).map(
    ([suffix, kind, address]): FaultCase => ({
      id: `realm-at-the-registry-itself${suffix}`,
      area: "auth",
      fault: `A registry on a ${kind} address names a realm on its own host and port`,
      expectation: "Go there: it is the very host that the user named.",
      reason:
        "go-containerregistry #2302: without this the cases beside it could be met by refusing everything",
      verbs: ["pull"],
      needs: ["network-namespace"],
      async run(stage) {
        const serve = goodRegistry(image);
        const registry = await stage.origin(
          (request, reply) => {
            if (request.target.startsWith("/token")) return sendToken(reply, "good");
            if (request.headers["authorization"] === "Bearer good") return serve(request, reply);
            refuse(reply, `Bearer realm="http://${request.headers["host"]}/token",service="registry"`);
          },
          { address },
        );
        return judgeWholePull(stage, await pullFrom(stage, registry), image);
      },
    }),
  ),
  twoFamiliesCase(
    "black-holed-ipv6",
    "The registry's name has two addresses; the one of IPv6 swallows every packet",
    BLACK_HOLE_HOST,
  ),
  twoFamiliesCase(
    "ipv6-without-a-route",
    "The registry's name has two addresses; there is no route to the one of IPv6",
    NO_ROUTE_HOST,
  ),
];

function twoFamiliesCase(id: string, fault: string, host: string): FaultCase {
  return {
    id,
    area: "transport",
    fault,
    expectation: "Reach the other within a few seconds.",
    reason: "RFC 8305; node #54359",
    verbs: ["pull"],
    needs: ["network-namespace"],
    async run(stage) {
      let firstAt: number | undefined;
      const serve = goodRegistry(image);
      const registry = await stage.origin(
        (request, reply) => {
          firstAt ??= performance.now();
          return serve(request, reply);
        },
        { address: PUBLIC_ADDRESS },
      );
      const started = performance.now();
      const reference = `${host}:${registry.port}/demo/app:1.0`;
      const outcome = await stage.act({ verb: "pull", reference, folder: layoutOf(stage) });
      const whole = judgeWholePull(stage, outcome, image);
      const seconds = ((firstAt ?? Number.POSITIVE_INFINITY) - started) / 1000;
      // A second more than the rule, for the start of the process.
      return judge(
        `the first request came after ${seconds.toFixed(1)} s`,
        [whole.status === "pass", whole.observed],
        [seconds < 4, `the first request came after ${seconds.toFixed(1)} s`],
      );
    },
  };
}

/** A registry that holds nothing of the image yet. */
const EMPTY = { ...testImage(1), layers: [] };

function metadata(stage: Stage): Promise<Origin> {
  return stage.origin((_, reply) => reply.send(200, JSON_TYPE, '{"secret":"of the machine"}'), {
    address: METADATA_ADDRESS,
  });
}

function judgeUntouched(inside: Origin, refused: Verdict): Verdict {
  return judge(
    refused.observed,
    [inside.connections === 0, `connected to ${inside.host}`],
    [refused.status === "pass", refused.observed],
  );
}
