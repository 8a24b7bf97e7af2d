import type { FileReference } from "./file-reference.ts";
import { type ParseYaml, YamlReader, type YamlText } from "./yaml.ts";

const CONTAINER_LISTS = ["initContainers", "containers", "ephemeralContainers"];

/**
 * The images of Kubernetes manifests: of every pod specification, wherever it stands (a `List`, a template, a
 * resource of somebody's own), and of volumes that are images.
 */
export function findKubernetesReferences(text: string, parseYaml: ParseYaml): readonly FileReference[] {
  const found = new Map<number, FileReference>();
  for (const document of parseYaml(text)) {
    const yaml = new YamlReader(text, document);
    if (yaml.get(yaml.root, "apiVersion") === undefined || yaml.get(yaml.root, "kind") === undefined)
      continue;
    // Each node once, so that aliases cost nothing.
    const seen = new Set<unknown>();
    const queue: unknown[] = [yaml.root];
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      for (const [key, value] of yaml.entries(node)) {
        queue.push(value);
        if (CONTAINER_LISTS.includes(key)) {
          for (const container of yaml.items(value))
            add(`${key}[].image`, yaml.string(yaml.get(container, "image")));
        } else if (key === "volumes") {
          for (const volume of yaml.items(value)) {
            add("volumes[].image", yaml.string(yaml.get(yaml.get(volume, "image"), "reference")));
          }
        }
      }
      queue.push(...yaml.items(node));
    }
  }
  return [...found.values()].sort((a, b) => a.span.offset - b.span.offset);

  function add(role: string, image: YamlText | undefined): void {
    if (image === undefined || found.has(image.span.offset)) return;
    found.set(image.span.offset, { role, span: image.span, value: image.value });
  }
}
