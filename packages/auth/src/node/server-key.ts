/** The key Docker Hub's credentials have had since its first version. */
export const HUB_KEY = "https://index.docker.io/v1/";

/** What docker and its helpers know a registry by. */
export function serverKey(registry: string): string {
  const host = registry.toLowerCase();
  return host === "docker.io" || host === "index.docker.io" ? HUB_KEY : host;
}

/** A stored key without its scheme and path, as docker compares them. */
export function hostOfKey(key: string): string {
  let rest = key;
  if (rest.startsWith("https://")) rest = rest.slice("https://".length);
  else if (rest.startsWith("http://")) rest = rest.slice("http://".length);
  const slash = rest.indexOf("/");
  return slash === -1 ? rest : rest.slice(0, slash);
}
