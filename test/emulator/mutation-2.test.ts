import { proveMutants } from "./mutation-proof.ts";

await proveMutants(1, 2);
