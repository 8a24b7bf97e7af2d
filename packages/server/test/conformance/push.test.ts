import { digestOf, encodeJson, MEDIA_TYPES } from "@reg/content";
import { describe, expect, test } from "vitest";
import { bytesOf, codeOf, locationOf, noise, pushBlob, pushDocument, pushImage } from "../support.ts";
import { describeForms } from "./forms.ts";

describeForms((send) => {
  describe("push", () => {
    test("a blob of another repository is mounted; one nobody has begins an upload", async () => {
      const blob = noise(2000, 6);
      const digest = await pushBlob(send, "push/origin", blob);
      const mount = (from: string): Promise<Response> =>
        send(`/v2/push/target/blobs/uploads/?mount=${digest}${from}`, { method: "POST" });
      const mounted = await mount("&from=push/origin");
      expect([mounted.status, locationOf(mounted)]).toEqual([201, `/v2/push/target/blobs/${digest}`]);
      expect((await (await send(locationOf(mounted))).arrayBuffer()).byteLength).toBe(2000);

      const missing = digestOf(bytesOf("nobody has this"));
      for (const from of ["&from=push/origin", "&from=push/nowhere", "&from=../..", ""]) {
        const response = await send(`/v2/push/target/blobs/uploads/?mount=${missing}${from}`, {
          method: "POST",
        });
        expect(response.status).toBe(202);
        expect((await send(locationOf(response), { method: "DELETE" })).status).toBe(204);
      }
    });

    test("a mount without a source finds one", async () => {
      const digest = await pushBlob(send, "push/somewhere", noise(2000, 7));
      const response = await send(`/v2/push/anywhere/blobs/uploads/?mount=${digest}`, { method: "POST" });
      expect(response.status).toBe(201);
    });

    test("four tags of one manifest, one by one", async () => {
      for (const tag of ["one", "two", "three", "four"]) {
        const { response, digest } = await pushImage(send, "push/tags", tag, "tags");
        expect(locationOf(response)).toBe(`/v2/push/tags/manifests/${digest}`);
      }
      const tags: unknown = await (await send("/v2/push/tags/tags/list")).json();
      expect(tags).toEqual({ name: "push/tags", tags: ["four", "one", "three", "two"] });
    });

    test("several tags in one PUT by digest come back in OCI-Tag", async () => {
      const bytes = new Uint8Array(
        encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] }),
      );
      const digest = digestOf(bytes, "sha512");
      const response = await send(`/v2/push/multi/manifests/${digest}?tag=a&tag=b`, {
        method: "PUT",
        headers: { "content-type": MEDIA_TYPES.ociIndex },
        body: bytes,
      });
      expect(response.status).toBe(201);
      expect(response.headers.get("oci-tag")).toBe("a, b");
      for (const tag of ["a", "b"]) {
        const head = await send(`/v2/push/multi/manifests/${tag}`, { method: "HEAD" });
        expect(head.headers.get("docker-content-digest")).toBe(digest);
      }
    });

    test("an image without layers", async () => {
      expect((await pushImage(send, "push/empty", "1", "none", { layers: [] })).response.status).toBe(201);
    });

    test("an index, nested and sparse", async () => {
      const image = await pushImage(send, "push/index", undefined, "child");
      const child = { mediaType: image.mediaType, digest: image.digest, size: image.size };
      const absent = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf(bytesOf("absent")), size: 6 };
      const inner = await pushDocument(send, "push/index", undefined, {
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociIndex,
        manifests: [child, absent],
      });
      const outer = await pushDocument(send, "push/index", "nested", {
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociIndex,
        manifests: [{ mediaType: inner.mediaType, digest: inner.digest, size: inner.size }],
      });
      expect([inner.response.status, outer.response.status]).toEqual([201, 201]);
      expect((await send(`/v2/push/index/manifests/${absent.digest}`)).status).toBe(404);
    });

    test("a manifest of nearly 4 MiB is taken, one past it is 413", async () => {
      const big = {
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociIndex,
        manifests: [],
        annotations: { a: "x".repeat(3_900_000) },
      };
      expect((await pushDocument(send, "push/big", "ok", big)).response.status).toBe(201);
      const bigger = { ...big, annotations: { a: "x".repeat(4 * 1024 * 1024) } };
      const { response } = await pushDocument(send, "push/big", "no", bigger);
      expect([response.status, await codeOf(response)]).toEqual([413, "SIZE_INVALID"]);
    });

    test("a manifest whose blobs are missing is refused with each of them, but not for layers that stay elsewhere", async () => {
      const config = {
        mediaType: MEDIA_TYPES.ociEmpty,
        digest: await pushBlob(send, "push/missing", bytesOf("{}")),
        size: 2,
      };
      const absent = { digest: digestOf(bytesOf("absent")), size: 6 };
      const of = (mediaType: string): Readonly<Record<string, unknown>> => ({
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociManifest,
        artifactType: "application/x",
        config,
        layers: [{ mediaType, ...absent }],
      });
      const refused = await pushDocument(send, "push/missing", "1", of(MEDIA_TYPES.ociLayer));
      expect(refused.response.status).toBe(400);
      expect(await refused.response.json()).toMatchObject({
        errors: [{ code: "MANIFEST_BLOB_UNKNOWN", detail: [{ digest: absent.digest }] }],
      });
      const taken = await pushDocument(send, "push/missing", "1", of(MEDIA_TYPES.ociForeignLayer));
      expect(taken.response.status).toBe(201);
    });

    test.each([
      [
        "a digest it has not got",
        digestOf(bytesOf("x")),
        MEDIA_TYPES.ociIndex,
        '{"schemaVersion":2,"manifests":[]}',
        "DIGEST_INVALID",
      ],
      [
        "a type other than its own",
        "t",
        MEDIA_TYPES.ociManifest,
        `{"schemaVersion":2,"mediaType":"${MEDIA_TYPES.ociIndex}","manifests":[]}`,
        "MANIFEST_INVALID",
      ],
      [
        "two readings",
        "t",
        MEDIA_TYPES.ociIndex,
        '{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}',
        "MANIFEST_INVALID",
      ],
      ["no JSON", "t", MEDIA_TYPES.ociIndex, "{", "MANIFEST_INVALID"],
      [
        "Docker's first format",
        "t",
        MEDIA_TYPES.dockerSchema1,
        '{"schemaVersion":1,"fsLayers":[]}',
        "MANIFEST_INVALID",
      ],
      ["a tag that is none", "-t", MEDIA_TYPES.ociIndex, '{"schemaVersion":2,"manifests":[]}', "TAG_INVALID"],
    ])("a manifest with %s is refused", async (_what, reference, mediaType, body, code) => {
      const headers = { "content-type": mediaType };
      const response = await send(`/v2/push/bad/manifests/${reference}`, { method: "PUT", headers, body });
      expect([response.status, await codeOf(response)]).toEqual([400, code]);
    });
  });
});
