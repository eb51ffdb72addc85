/** Raised by `guard` and `finish` when another worker holds the job by now: give up without a trace. */
export class JobLost extends Error {
  constructor(id: string) {
    super(`Job ${id} is held by another worker.`);
    this.name = 'JobLost';
  }
}

/** Thrown by a job that wants to continue later without having failed, for instance at shutdown. */
export class JobReleased extends Error {
  readonly delayMs: number;

  constructor(reason: string, delayMs = 0) {
    super(reason);
    this.name = 'JobReleased';
    this.delayMs = delayMs;
  }
}
