/** Where a process's or a worker's module is: compiled code runs beside compiled modules, TypeScript under a loader that they inherit. */
export const beside = (url: string, name: string): URL => new URL(`./${name}${url.endsWith(".ts") ? ".ts" : ".js"}`, url);
