/** Many files may be rewritten one after the other while a long read goes on, and each may cost it a try. */
const mostTries = 20;
const pauseMs = 5;

/**
 * Runs a read of files again when one of them was replaced or removed after it was listed and before it was opened:
 * logs are sealed and rewritten beside their readers. `read` must list its files anew and change nothing before it has
 * read them.
 */
export async function withFreshFiles<T>(read: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await read();
    } catch (error) {
      if (tries === mostTries || !isFileGone(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs * tries));
    }
  }
}

/** Whether DuckDB or the file system says that a file is not there. */
export function isFileGone(error: unknown): boolean {
  return error instanceof Error && /No such file or directory|No files found that match/.test(error.message);
}
