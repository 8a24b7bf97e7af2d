import { digestOf, MEDIA_TYPES } from "@reg/content";
import { describe, expect, test } from "vitest";
import { bytesOf, codeOf, noise, pushBlob, pushImage } from "../support.ts";
import { describeForms } from "./forms.ts";

describeForms((send) => {
  describe("pull", () => {
    test("the ping says that the API is there", async () => {
      expect((await send("/v2/")).status).toBe(200);
    });

    test("what is missing is 404, for GET and HEAD", async () => {
      for (const method of ["GET", "HEAD"]) {
        expect((await send(`/v2/pull/none/manifests/latest`, { method })).status).toBe(404);
        expect((await send(`/v2/pull/none/manifests/${digestOf(bytesOf("x"))}`, { method })).status).toBe(
          404,
        );
        expect((await send(`/v2/pull/none/blobs/${digestOf(bytesOf("x"))}`, { method })).status).toBe(404);
      }
    });

    test("a digest that is none is 400 with a known code", async () => {
      const response = await send("/v2/pull/none/manifests/sha256:totallywrong");
      expect(response.status).toBe(400);
      expect(await codeOf(response)).toBe("DIGEST_INVALID");
    });

    test("a manifest comes back byte for byte, by tag and by digest, with its type, length and digest", async () => {
      const pushed = await pushImage(send, "pull/image", "1.0", "hello", {
        "x-unknown": { kept: [1, 2, 3] },
        annotations: { "org.example.a": "b" },
      });
      for (const reference of ["1.0", pushed.digest]) {
        const got = await send(`/v2/pull/image/manifests/${reference}`);
        expect(got.status).toBe(200);
        expect(new Uint8Array(await got.arrayBuffer())).toEqual(pushed.bytes);
        const head = await send(`/v2/pull/image/manifests/${reference}`, { method: "HEAD" });
        for (const response of [got, head]) {
          expect(response.headers.get("content-type")).toBe(MEDIA_TYPES.ociManifest);
          expect(response.headers.get("content-length")).toBe(String(pushed.size));
          expect(response.headers.get("docker-content-digest")).toBe(pushed.digest);
        }
      }
    });

    test("an answer that is known already is 304", async () => {
      const pushed = await pushImage(send, "pull/etag", "1.0", "etag");
      const headers = { "if-none-match": `"${pushed.digest}"` };
      expect((await send("/v2/pull/etag/manifests/1.0", { headers })).status).toBe(304);
    });

    test.each([
      ["bytes=500-1499", 206, 500, 1500],
      ["bytes=500-", 206, 500, 4000],
      ["bytes=-500", 206, 3500, 4000],
      ["bytes=2000-5000", 206, 2000, 4000],
      ["bytes=0-0", 206, 0, 1],
    ])("a blob is sent in part for %s", async (range, status, start, end) => {
      const blob = noise(4000);
      const digest = await pushBlob(send, "pull/ranges", blob);
      const response = await send(`/v2/pull/ranges/blobs/${digest}`, { headers: { range } });
      expect(response.status).toBe(status);
      expect(response.headers.get("content-range")).toBe(`bytes ${start}-${end - 1}/4000`);
      expect(response.headers.get("content-length")).toBe(String(end - start));
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(blob.subarray(start, end));
    });

    test.each(["bytes=500-0", "bytes=5000-10000", "bytes=4000-", "bytes=-0"])(
      "%s cannot be satisfied",
      async (range) => {
        const digest = await pushBlob(send, "pull/ranges", noise(4000));
        const response = await send(`/v2/pull/ranges/blobs/${digest}`, { headers: { range } });
        expect(response.status).toBe(416);
        expect(response.headers.get("content-range")).toBe("bytes */4000");
      },
    );

    test.each(["bytes=0-1,4-5", "lines=1-2", "bytes=x-y"])("%s is answered with the whole", async (range) => {
      const digest = await pushBlob(send, "pull/ranges", noise(4000));
      const response = await send(`/v2/pull/ranges/blobs/${digest}`, { headers: { range } });
      expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([200, 4000]);
    });
  });
});
