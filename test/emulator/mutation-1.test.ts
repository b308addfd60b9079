import { proveMutants } from "./mutation-proof.ts";

await proveMutants(0, 2);
