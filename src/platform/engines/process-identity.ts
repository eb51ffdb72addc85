import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** One process, told apart from every other that ever had its number on this machine. */
export type ProcessIdentity = {
  /** This boot of this machine (and process namespace): the same on every process that can see the other. */
  machine: string;
  pid: number;
  /** When the process began, in the system's own unit; with `pid` it is never reused within one boot. */
  startTime: string;
};

let machine: string | undefined;

/** Names this boot of this machine. Two containers on one host differ, since they do not see each other's processes. */
export function machineIdentity(): string {
  machine ??= readMachineIdentity();
  return machine;
}

function readMachineIdentity(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')}`;
  } catch {
    return hostname();
  }
}

/** The start time of a live process, or null when no process has that number (a zombie counts as gone). */
export function processStartTime(pid: number): string | null {
  try {
    return startTimeFromStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return process.platform === 'linux' ? null : startTimeFromPs(pid);
  }
}

/** Field 22 of /proc/PID/stat; the command name before it may hold spaces and brackets. */
export function startTimeFromStat(stat: string): string | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  return state === 'Z' || state === 'X' ? null : (fields[19]?.trim() ?? null);
}

function startTimeFromPs(pid: number): string | null {
  try {
    const [state, ...start] = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
    })
      .trim()
      .split(/\s+/);
    return state?.startsWith('Z') ? null : start.join(' ');
  } catch {
    return null;
  }
}

/** The identity of this process. */
export function thisProcess(): ProcessIdentity {
  return { machine: machineIdentity(), pid: process.pid, startTime: processStartTime(process.pid) ?? '0' };
}

/**
 * Whether a process is alive: 'unknown' when it belongs to another machine or an earlier boot,
 * where only its lease can tell.
 */
export function livenessOf(identity: ProcessIdentity): 'alive' | 'gone' | 'unknown' {
  if (identity.machine !== machineIdentity()) return 'unknown';
  return processStartTime(identity.pid) === identity.startTime ? 'alive' : 'gone';
}
