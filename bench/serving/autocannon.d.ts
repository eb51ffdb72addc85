declare module 'autocannon' {
  type Options = {
    url: string;
    method?: string;
    body?: string;
    headers?: Record<string, string>;
    connections?: number;
    duration?: number;
    amount?: number;
  };
  type Result = {
    duration: number;
    non2xx: number;
    errors: number;
    requests: { total: number; average: number };
    latency: { p50: number; p99: number; average: number };
  };
  function autocannon(options: Options): Promise<Result>;
  export = autocannon;
}
