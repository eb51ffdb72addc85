import type { LogLevel } from '../../platform/log.ts';
import { OipError } from './errors.ts';

type Settings = Record<string, unknown>;

/** The logging extension: what the server logs, as it was started. */
export function logSettings(level: LogLevel): Settings {
  return {
    log_file: '',
    log_info: level === 'info' || level === 'debug',
    log_warning: level !== 'error',
    log_error: true,
    log_verbose_level: level === 'debug' ? 1 : 0,
    log_format: 'default',
  };
}

/** The trace extension: this kind of tracing is off; a prediction is explained by its id instead. */
export const traceSettings: Settings = Object.freeze({
  trace_file: '',
  trace_level: Object.freeze(['OFF']),
  trace_rate: '0',
  trace_count: '0',
  log_frequency: '0',
  trace_mode: 'triton',
});

/**
 * Returns the settings when `asked` changes nothing; null asks for the default, which is what is there.
 * @throws OipError 400 for an unknown setting, 501 for a change
 */
export function unchanged(settings: Settings, asked: Settings, howTo: string): Settings {
  for (const name of Object.keys(asked)) {
    if (!Object.hasOwn(settings, name)) throw new OipError('The request names a setting that is not known.');
    const isSame = asked[name] === null || String(asked[name]) === String(settings[name]);
    if (!isSame)
      throw new OipError(`The setting ${name} is not changed while the server runs; ${howTo}.`, 501);
  }
  return settings;
}

export const changeLog = 'start it with --log debug, info, warn or error';
export const changeTrace = 'look at a prediction with /api/serving/predictions/ID/why';
