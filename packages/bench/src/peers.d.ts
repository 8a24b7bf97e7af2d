declare module "docker-parse-image" {
  export default function parse(image: string): Readonly<Record<string, string | null>> | null;
}
declare module "docker-image-parser" {
  export default function parse(image: string): Readonly<Record<string, string>>;
}
declare module "parse-docker-image-name" {
  export default function parse(image: string): Readonly<Record<string, string>>;
}
