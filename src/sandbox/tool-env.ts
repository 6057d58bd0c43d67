/** What tools of the host are given of an environment: nothing of the runner's own, which may hold secrets. */
export const TOOL_ENV: Readonly<Record<string, string>> = { PATH: "/usr/bin:/bin" };
