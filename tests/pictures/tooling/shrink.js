// Makes each PNG file that is named smaller, in place: `node shrink.js FILE…`
import { readFile, writeFile } from "node:fs/promises";
import sharp from "sharp";

for (const path of process.argv.slice(2)) {
  const picture = sharp(await readFile(path), { limitInputPixels: false });
  await writeFile(path, await picture.png({ palette: true, quality: 90, effort: 10, dither: 0 }).toBuffer());
}
