import { expandVariables } from "./expand-variables.ts";
import type { FileReference } from "./file-reference.ts";
import { type MappedText, NOWHERE } from "./mapped-text.ts";
import { type ParseYaml, YamlReader, type YamlText } from "./yaml.ts";

const IMAGE_CONTEXT = "docker-image://";

/**
 * The images of a compose file: each service's `image` (made here where it has `build` too), volumes of the type
 * `image`, and build contexts that are images. `variables` are what it is interpolated with.
 */
export function findComposeReferences(
  text: string,
  parseYaml: ParseYaml,
  variables: Readonly<Record<string, string>> = {},
): readonly FileReference[] {
  const found = new Map<number, FileReference>();
  for (const document of parseYaml(text)) {
    const yaml = new YamlReader(text, document);
    for (const [name, service] of yaml.entries(yaml.get(yaml.root, "services"))) {
      const build = yaml.get(service, "build");
      add(`services.${name}.image`, yaml.string(yaml.get(service, "image")), build !== undefined);
      for (const volume of yaml.items(yaml.get(service, "volumes"))) {
        if (yaml.string(yaml.get(volume, "type"))?.value.text !== "image") continue;
        add(`services.${name}.volumes`, yaml.string(yaml.get(volume, "source")));
      }
      for (const [, context] of yaml.entries(yaml.get(build, "additional_contexts"))) {
        const image = yaml.string(context);
        if (image?.value.text.startsWith(IMAGE_CONTEXT)) add(`services.${name}.build`, withoutScheme(image));
      }
    }
  }
  return [...found.values()];

  function add(role: string, image: YamlText | undefined, built = false): void {
    // What several services share by an alias is one place.
    if (image === undefined || found.has(image.span.offset)) return;
    const expansion = expandVariables(image.value, { lookup, escape: "$" });
    found.set(
      image.span.offset,
      expansion.ok
        ? { role, span: image.span, value: expansion.value, built }
        : { role, span: image.span, value: undefined, variable: expansion.variable, built },
    );
  }

  function lookup(name: string): MappedText | undefined {
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    return value === undefined
      ? undefined
      : { text: value, offsets: Array.from({ length: value.length }, () => NOWHERE) };
  }
}

function withoutScheme({ value, span }: YamlText): YamlText {
  const { length } = IMAGE_CONTEXT;
  return {
    value: { text: value.text.slice(length), offsets: value.offsets.slice(length) },
    span: span.exact ? { offset: span.offset + length, length: span.length - length, exact: true } : span,
  };
}
