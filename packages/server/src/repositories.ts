import type { Context } from "./context.ts";
import { jsonReply, type RegistryReply } from "./exchange.ts";
import { Refusal } from "./refusal.ts";
import type { RepositoryStorage } from "./storage.ts";

/** `GET /acr/v1/<name>`, as Azure's registry has it: what of a repository there is, and whether it may be deleted. */
export async function describeRepository(context: Context, name: string): Promise<RegistryReply> {
  const { state, request } = context;
  const repository = await find(context, name);
  const catalog = state.catalogOf(repository);
  const deleteEnabled = state.deletes && !state.readOnly && repository.clear !== undefined;
  return jsonReply(200, {
    registry: new URL(request.origin).host,
    imageName: name,
    manifestCount: (await catalog.manifests()).length,
    tagCount: (await catalog.tags()).length,
    changeableAttributes: {
      deleteEnabled,
      writeEnabled: !state.readOnly,
      listEnabled: true,
      readEnabled: true,
    },
  });
}

/** `DELETE /acr/v1/<name>`: the repository with everything in it; the answer lists what there was. */
export async function deleteRepository(context: Context, name: string): Promise<RegistryReply> {
  const repository = await find(context, name);
  const catalog = context.state.catalogOf(repository);
  const manifestsDeleted = (await catalog.manifests()).map(({ descriptor }) => descriptor.digest);
  const tagsDeleted = await catalog.tags();
  if (!(await catalog.clear())) {
    throw new Refusal(405, "UNSUPPORTED", "this registry's storage deletes no repositories");
  }
  return jsonReply(202, { manifestsDeleted, tagsDeleted });
}

async function find({ state }: Context, name: string): Promise<RepositoryStorage> {
  const repository = state.storage.repository(name);
  if (await repository.exists()) return repository;
  throw new Refusal(404, "NAME_UNKNOWN", "there is no such repository");
}
