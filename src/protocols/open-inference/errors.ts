/** An error of the protocol: HTTP status and the sentence of `{"error": "…"}`. */
export class OipError extends Error {
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.name = 'OipError';
    this.status = status;
  }
}
