declare module "docker-parse-image" {
  export default function parse(image: string): object | null;
}
declare module "docker-image-parser" {
  export default function parse(image: string): object;
}
declare module "parse-docker-image-name" {
  export default function parse(image: string): object;
}
