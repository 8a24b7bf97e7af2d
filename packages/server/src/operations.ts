import type { Access } from "./access.ts";
import { deleteBlob, readBlob } from "./blobs.ts";
import type { Context } from "./context.ts";
import { jsonReply, type RegistryReply } from "./exchange.ts";
import { listReferrers, listRepositories, listTags } from "./listings.ts";
import { deleteManifest, readManifest, writeManifest } from "./manifests.ts";
import { Refusal } from "./refusal.ts";
import { deleteRepository, describeRepository } from "./repositories.ts";
import type { Route } from "./route.ts";
import { appendUpload, cancelUpload, finishUpload, startUpload, uploadStatus } from "./uploads.ts";

/** What a request needs, in the words of access control; empty for the ping, which only asks who is there. */
export function needsOf(route: Route, method: string): readonly Access[] {
  switch (route.kind) {
    case "ping":
      return [];
    case "catalog":
      return [{ type: "registry", name: "catalog", action: "*" }];
    default: {
      const reading = method === "GET" || method === "HEAD";
      // The state of an upload is the pusher's business.
      if (reading && route.kind !== "upload")
        return [{ type: "repository", name: route.name, action: "pull" }];
      const deleting = method === "DELETE" && route.kind !== "upload";
      return [{ type: "repository", name: route.name, action: deleting ? "delete" : "push" }];
    }
  }
}

/** Does what is asked for; 405 for a method that the path has not got. */
export async function perform(context: Context, route: Route): Promise<RegistryReply> {
  const operation = operationsOf(context, route);
  const { method } = context.request;
  const chosen = operation[method === "HEAD" ? "GET" : method];
  if (chosen === undefined) {
    const allowed = Object.keys(operation).flatMap((name) => (name === "GET" ? ["GET", "HEAD"] : [name]));
    throw new Refusal(405, "UNSUPPORTED", `${method} is not done here`, {
      headers: [["Allow", allowed.join(", ")]],
    });
  }
  if (method !== "GET" && method !== "HEAD") refuseChanges(context, route, method);
  return chosen();
}

type Operations = Readonly<Record<string, (() => RegistryReply | Promise<RegistryReply>) | undefined>>;

function operationsOf(context: Context, route: Route): Operations {
  switch (route.kind) {
    case "ping":
      return { GET: () => jsonReply(200, {}) };
    case "catalog":
      return { GET: () => listRepositories(context) };
    case "tags":
      return { GET: () => listTags(context, route.name) };
    case "referrers":
      return { GET: () => listReferrers(context, route.name, route.digest) };
    case "repository":
      return {
        GET: () => describeRepository(context, route.name),
        DELETE: () => deleteRepository(context, route.name),
      };
    case "manifest":
      return {
        GET: () => readManifest(context, route.name, route.reference),
        PUT: () => writeManifest(context, route.name, route.reference),
        DELETE: () => deleteManifest(context, route.name, route.reference),
      };
    case "blob":
      return {
        GET: () => readBlob(context, route.name, route.digest),
        DELETE: () => deleteBlob(context, route.name, route.digest),
      };
    case "uploads":
      return { POST: () => startUpload(context, route.name) };
    case "upload":
      return {
        GET: () => uploadStatus(context, route.name, route.id),
        PATCH: () => appendUpload(context, route.name, route.id),
        PUT: () => finishUpload(context, route.name, route.id),
        DELETE: () => cancelUpload(context, route.name, route.id),
      };
  }
}

/** What is switched off is 405, a tag's deletion like a digest's (CVE-2026-41888). */
function refuseChanges({ state }: Context, route: Route, method: string): void {
  if (state.readOnly) throw new Refusal(405, "UNSUPPORTED", "this registry is read-only");
  if (method === "DELETE" && route.kind !== "upload" && !state.deletes) {
    throw new Refusal(405, "UNSUPPORTED", "deleting is switched off in this registry");
  }
}
