import { join, relative } from "node:path";
import { buildCliPackage } from "./build-cli-package.ts";

/* `npm run package:cli`: builds a file from which npm installs the command line on another machine. */

const root = join(import.meta.dirname, "../..");
const { tarball } = await buildCliPackage(root, join(root, "dist"));
const file = relative(root, tarball);
console.log(`Built ${file}. To install it: npm install --global ./${file}`);
