import { digestOf, MEDIA_TYPES } from "@reg/content";
import { describe, expect, test } from "vitest";
import { bytesOf, pushBlob, pushDocument, pushImage } from "../support.ts";
import { describeForms } from "./forms.ts";

describeForms((send) => {
  describe("content discovery", () => {
    test("tags come in order, in pages, from anywhere", async () => {
      const { digest } = await pushImage(send, "list/tags", "b", "tags");
      const { bytes, mediaType } = await pushImage(send, "list/tags", "a", "tags");
      const url = `/v2/list/tags/manifests/${digest}?tag=d&tag=c&tag=B`;
      await send(url, { method: "PUT", headers: { "content-type": mediaType }, body: bytes });
      const list = async (query: string): Promise<[string[], string | null]> => {
        const response = await send(`/v2/list/tags/tags/list${query}`);
        const { tags } = (await response.json()) as { tags: string[] }; // our own answer
        return [tags, response.headers.get("link")];
      };
      expect(await list("")).toEqual([["B", "a", "b", "c", "d"], null]);
      expect(await list("?n=2")).toEqual([["B", "a"], '</v2/list/tags/tags/list?n=2&last=a>; rel="next"']);
      expect(await list("?n=2&last=a")).toEqual([
        ["b", "c"],
        '</v2/list/tags/tags/list?n=2&last=c>; rel="next"',
      ]);
      expect(await list("?n=2&last=c")).toEqual([["d"], null]);
      expect(await list("?last=bb")).toEqual([["c", "d"], null]);
      expect(await list("?n=0")).toEqual([[], null]);
      expect(await list("?n=1000000000")).toEqual([["B", "a", "b", "c", "d"], null]);
      expect((await send("/v2/list/tags/tags/list?n=-1")).status).toBe(400);
      expect((await send("/v2/list/none/tags/list")).status).toBe(404);
    });

    test("referrers are an index, empty for a digest nobody knows, 400 for none", async () => {
      const response = await send(`/v2/list/none/referrers/${digestOf(bytesOf("unknown"))}`);
      expect([response.status, response.headers.get("content-type")]).toEqual([200, MEDIA_TYPES.ociIndex]);
      expect(await response.json()).toEqual({
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociIndex,
        manifests: [],
      });
      expect((await send("/v2/list/none/referrers/sha256:wrong")).status).toBe(400);
    });

    test("what refers to a manifest is listed, before and after that is there, with types and annotations", async () => {
      const repository = "list/referrers";
      const text = "subject";
      // Pushed elsewhere first, to know its digest.
      const { mediaType, digest, size } = await pushImage(send, "list/elsewhere", undefined, text);
      const subject = { mediaType, digest, size };
      const empty = {
        mediaType: MEDIA_TYPES.ociEmpty,
        digest: await pushBlob(send, repository, bytesOf("{}")),
        size: 2,
      };
      const refer = async (kind: string, more: Readonly<Record<string, unknown>>): Promise<string> => {
        const { response, digest: own } = await pushDocument(send, repository, undefined, {
          schemaVersion: 2,
          mediaType: MEDIA_TYPES.ociManifest,
          layers: [empty],
          config: empty,
          subject,
          annotations: { kind },
          ...more,
        });
        expect([response.status, response.headers.get("oci-subject")]).toEqual([201, digest]);
        return own;
      };
      const a1 = await refer("a1", { artifactType: "application/a" });
      const b = await refer("b", { artifactType: "application/b" });
      await pushImage(send, repository, "subject", text);
      const a2 = await refer("a2", { artifactType: "application/a" });
      const byConfig = await refer("config", { config: { ...empty, mediaType: "application/config" } });
      const index = await pushDocument(send, repository, undefined, {
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociIndex,
        manifests: [],
        subject,
        annotations: { kind: "index" },
      });

      const list = async (
        query: string,
      ): Promise<{ digests: string[]; applied: string | null; manifests: Record<string, unknown>[] }> => {
        const response = await send(`/v2/${repository}/referrers/${digest}${query}`);
        const { manifests } = (await response.json()) as { manifests: { digest: string }[] }; // our own answer
        return {
          digests: manifests.map((entry) => entry.digest),
          applied: response.headers.get("oci-filters-applied"),
          manifests,
        };
      };
      const all = await list("");
      expect(all.digests.toSorted()).toEqual([a1, b, a2, byConfig, index.digest].toSorted());
      expect(all.applied).toBeNull();
      const entryOf = (of: string): unknown => all.manifests.find((entry) => entry["digest"] === of);
      expect(entryOf(a1)).toMatchObject({
        mediaType: MEDIA_TYPES.ociManifest,
        artifactType: "application/a",
        annotations: { kind: "a1" },
      });
      expect(entryOf(byConfig)).toMatchObject({ artifactType: "application/config" });
      expect(entryOf(index.digest)).not.toHaveProperty("artifactType");

      const filtered = await list("?artifactType=application/a");
      expect([filtered.digests.toSorted(), filtered.applied]).toEqual([[a1, a2].toSorted(), "artifactType"]);
      expect(await list("?artifactType=application/none")).toMatchObject({
        digests: [],
        applied: "artifactType",
      });

      const paged: string[] = [];
      let path: string | undefined = `/v2/${repository}/referrers/${digest}?n=2`;
      for (let pages = 0; path !== undefined && pages < 10; pages += 1) {
        const response: Response = await send(path);
        const { manifests } = (await response.json()) as { manifests: { digest: string }[] }; // our own answer
        paged.push(...manifests.map((entry) => entry.digest));
        path = /<([^>]+)>/.exec(response.headers.get("link") ?? "")?.[1];
      }
      expect(paged).toEqual(all.digests);
    });

    test("the catalog lists repositories in pages", async () => {
      await pushImage(send, "catalog/a", "1", "a");
      await pushImage(send, "catalog/b", "1", "b");
      const response = await send("/v2/_catalog?n=2&last=catalog");
      expect(await response.json()).toEqual({ repositories: ["catalog/a", "catalog/b"] });
    });
  });
});
