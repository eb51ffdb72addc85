const mostTries = 5;

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
    }
  }
}

/** Whether DuckDB or the file system says that a file is not there. */
export function isFileGone(error: unknown): boolean {
  return error instanceof Error && /No such file or directory|No files found that match/.test(error.message);
}
