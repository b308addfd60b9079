/** What a move is worth: device functions, which `npm run codegen` renders into gen/ as top-ks of their own. */
import { deviceFn, logitBias, softcap } from "topkit/device";

/** Moves are never worth less than this. */
const WORST = -50;

/** A network's logits, capped as it was trained with, plus a bias for each move; a move that is not allowed in the row's position is out. */
export const bestMoves = deviceFn({ cap: "uniform", bias: "column", allowed: "element" }, (x, o) =>
  o.allowed !== 0 ? Math.max(WORST, logitBias(softcap(x, o), o)) : -Infinity,
);

/** How far a value is from the row's target, so that the nearest come first. */
export const nearest = deviceFn({ target: "row" }, (x, o) => {
  const apart = x - o.target;
  return -Math.abs(apart);
});
