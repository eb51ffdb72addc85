import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { childEnvironment, residentBytesOf } from '../../../platform/children/child-process.ts';
import type { HostReply, HostRequest, OpenHost } from './model-host.ts';

const program = fileURLToPath(new URL('./session-host.ts', import.meta.url));
/** One that was asked to end and does not is ended. */
const endMs = 2000;
/** One whose model is not loaded by then is ended. */
const loadMs = 120_000;

/**
 * A child process with the model at `path`. It gets none of the server's environment but what starts programs. Its
 * model may do what it likes to its own memory and time: it can be killed in the middle of a run.
 */
export function openProcessHost(path: string, threads: number): OpenHost {
  return ({ onReply, onGone }) => {
    const child = fork(program, [path, String(threads)], {
      serialization: 'advanced',
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: childEnvironment(),
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const { pid = 0 } = child;
    let isGone = false;
    const exited = new Promise<void>((resolve) => {
      const gone = (how: string) => {
        if (isGone) return;
        isGone = true;
        onGone(how);
        resolve();
      };
      child.once('exit', (code, signal) =>
        gone(
          signal
            ? `The process of this model was ended by ${signal}.`
            : `The process of this model ended with ${code}.`,
        ),
      );
      child.on('error', (error) => gone(`The process of this model cannot be started: ${error.message}`));
    });
    // What cannot be sent is answered by the end of the process.
    const post = (request: HostRequest) => void (child.connected && child.send(request, () => {}));
    const kill = () => void child.kill('SIGKILL');
    return new Promise((resolve, reject) => {
      const loading = setTimeout(kill, loadMs);
      child.once('exit', (code, signal) => {
        clearTimeout(loading);
        reject(new Error(`the process that opened it ended with ${signal ?? code}`));
      });
      child.once('error', reject);
      child.on('message', (reply: HostReply) => {
        if ('failed' in reply) reject(new Error(reply.failed));
        else if (!('ready' in reply)) onReply(reply.id, reply);
        else {
          clearTimeout(loading);
          resolve({
            inputs: reply.inputs,
            outputs: reply.outputs,
            pid,
            post: (id, feeds) => post({ id, feeds }),
            async end() {
              if (isGone) return;
              post({ id: -1 });
              const timer = setTimeout(kill, endMs);
              await exited;
              clearTimeout(timer);
            },
            kill,
            residentBytes: () => residentBytesOf(pid),
          });
        }
      });
    });
  };
}
