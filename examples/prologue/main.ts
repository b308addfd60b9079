/** The top-ks of scores.ts on a small batch, and draws from them. `npm start -- BACKEND`: cpu (default), cuda, emulate, or auto. */
import type { Backend } from "topkit";
import { bestMoves, nearest } from "./gen/index.js";

const backend = (process.argv[2] ?? "cpu") as Backend;
const [rows, cols, k] = [3, 1858, 4];

// logits of three positions; every seventh move is allowed
const logits = Float32Array.from({ length: rows * cols }, (_, at) => 60 * Math.sin(at * 12.9898));
const allowed = Float32Array.from({ length: rows * cols }, (_, at) => (at % 7 === 0 ? 1 : 0));
const bias = new Float32Array(cols);
bias[1400] = 5;

const moves = await bestMoves(logits, { cap: 30, bias, allowed }, { rows, k, backend });
for (let row = 0; row < rows; row++) {
  const shown = Array.from({ length: k }, (_, place) => {
    const at = row * k + place;
    return `${moves.indices[at]} (${moves.values[at]?.toFixed(3)})`;
  });
  console.log(`position ${row}: ${shown.join(", ")}`);
}

// a move to play: drawn from the best, not always the best
const played = await bestMoves.sample(logits, { cap: 30, bias, allowed }, { rows, k: 40, temperature: 2, seed: 7, backend });
console.log(`played: ${[...played.tokens].join(", ")}`);

const near = await nearest(logits, { target: Float32Array.of(0, 20, -59.5) }, { rows, k: 1, backend });
console.log(`nearest to 0, 20 and -59.5: ${[...near.indices].map((col, row) => logits[row * cols + Number(col)]?.toFixed(3)).join(", ")}`);
console.log(`computed on ${moves.backend}`);
