import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { ConfigOptions } from '../../platform/config.ts';
import { bold, dim, green, line } from '../output.ts';

type ServeOptions = {
  port?: string;
  host?: string;
  dataDir?: string;
  database?: string;
  auth?: boolean;
  allowedHost?: string[];
  upstream?: string[];
  modelMemory?: string;
  webhookHosts?: string[];
  python?: string;
  conversion?: string;
  grpcPort?: string;
  invocationsModel?: string;
  traceSample?: string;
  otlpEndpoint?: string;
  gcAfterDays?: string;
  log?: string;
  json?: boolean;
};

/** The flags of a server, as its configuration takes them. */
function toConfigOptions(options: ServeOptions): ConfigOptions {
  return {
    ...(options.port !== undefined && { port: Number(options.port) }),
    ...(options.host !== undefined && { host: options.host }),
    ...(options.dataDir !== undefined && { dataDir: options.dataDir }),
    ...(options.database !== undefined && { database: options.database }),
    ...(options.auth && { auth: true }),
    ...(options.allowedHost && { allowedHosts: options.allowedHost }),
    ...(options.upstream && { upstreams: options.upstream }),
    ...(options.modelMemory !== undefined && { modelMemory: options.modelMemory }),
    ...(options.webhookHosts && { webhookHosts: options.webhookHosts }),
    ...(options.python !== undefined && { python: options.python }),
    ...(options.conversion !== undefined && {
      conversion: options.conversion as NonNullable<ConfigOptions['conversion']>,
    }),
    ...(options.grpcPort !== undefined && {
      grpcPort: options.grpcPort === 'off' ? null : Number(options.grpcPort),
    }),
    ...(options.invocationsModel !== undefined && { invocationsModel: options.invocationsModel }),
    ...(options.traceSample !== undefined && {
      traceSample: options.traceSample === 'off' ? null : Number(options.traceSample),
    }),
    ...(options.otlpEndpoint !== undefined && { otlpEndpoint: options.otlpEndpoint }),
    ...(options.gcAfterDays !== undefined && { gcAfterDays: Number(options.gcAfterDays) }),
    ...(options.log !== undefined && { logLevel: options.log as ConfigOptions['logLevel'] }),
  };
}

export function serverCommands(program: Command): void {
  program
    .command('serve')
    .description('start the server: API, web pages, jobs and models in one process')
    .option('--port <port>', 'port to listen on (default 1969)')
    .option('--host <host>', 'address to listen on (default 127.0.0.1; any other needs --auth)')
    .option('--data-dir <folder>', 'where everything is kept (default .houston)')
    .option('--database <url>', 'postgres://… moves the metadata to PostgreSQL')
    .option('--auth', 'ask for a login; the first start prints an administrator token')
    .option('--allowed-host <name...>', 'further names by which callers may address the server')
    .option('--upstream <origin...>', 'servers that deployments may call to run their models')
    .option('--model-memory <size>', 'memory for models, 2GB or 512MB (default: half of the machine)')
    .option('--webhook-hosts <host...>', 'hosts that webhooks may call (default: none)')
    .option('--python <path>', 'Python of conversions to ONNX (default: python3)')
    .option('--conversion <mode>', 'off, ask or auto: convert registered models to ONNX (default ask)')
    .option('--grpc-port <port>', 'port of gRPC (default 8001; 0: any free one; off: none)')
    .option('--invocations-model <name>', 'deployment that answers /invocations (default: the only one)')
    .option('--otlp-endpoint <url>', 'OpenTelemetry collector that gets the traces, http://HOST:4318')
    .option(
      '--trace-sample <share>',
      'share of requests to trace, 0 to 1, or off (default 0; 0.01 with a collector)',
    )
    .option('--gc-after-days <days>', 'every day, remove for good what was deleted so long ago')
    .option('--log <level>', 'debug, info, warn or error (default info)')
    .option('--json', 'print the start as one JSON line')
    .action(serve);

  program
    .command('demo')
    .description('the whole loop on real flights: data, training, gate, rollout, drift, healing, rollback')
    .option('--port <port>', 'port of the server (default 1969)')
    .option(
      '--data-dir <folder>',
      'where the demo keeps its data (default .houston/demo; emptied at the start)',
    )
    .option('--exit', 'end when the story is told, instead of leaving the pages open')
    .option('--json', 'print the result as the last line, in JSON')
    .option('--months <n>', 'how many months to replay after January, 1 to 5 (default 5)')
    .option('--share <percent>', 'share of the flights that ask for a prediction (default 15)')
    .option('--full', 'every flight asks for a prediction')
    .option('--speed <days>', 'at most so many days of flights a second (default: as fast as it goes)')
    .action(async (options: Record<string, string | boolean>) => {
      const { runDemo } = await import('../../../examples/flights/demo.ts');
      process.exitCode = await runDemo(options);
    });
}

async function serve(options: ServeOptions): Promise<void> {
  const started = performance.now();
  // Loaded here, so that the other commands start fast.
  const [{ readConfig }, { startHouston }] = await Promise.all([
    import('../../platform/config.ts'),
    import('../../main.ts'),
  ]);
  const config = readConfig(toConfigOptions(options));
  const fresh = config.database === null && !existsSync(join(config.dataDir, 'houston.sqlite'));
  const houston = await startHouston(config);
  const milliseconds = Math.round(performance.now() - started);
  if (options.json) {
    const { url, grpc, firstToken } = houston;
    line(JSON.stringify({ url, grpc, milliseconds, firstToken: firstToken ?? undefined }));
  } else {
    line(
      `${green('●')} ${bold('Houston')} at ${bold(houston.url)} ${dim(`· ${houston.grpc ? `gRPC at ${houston.grpc} · ` : ''}healthy in ${milliseconds} ms · data in ${config.dataDir}`)}`,
    );
    if (houston.firstToken) line(`  Administrator token (shown once): ${bold(houston.firstToken)}`);
    if (fresh) {
      line(`  ${dim('1')} npx houston models register NAME model.onnx`);
      line(`  ${dim('2')} npx houston deploy NAME`);
      line(
        `  ${dim('3')} POST ${houston.url}/v2/models/NAME/infer   ${dim('— recorded, watched, gated, reversible')}`,
      );
    }
  }
  let closing = false;
  const close = async () => {
    if (closing) process.exit(1);
    closing = true;
    await houston.close();
    process.exit(0);
  };
  process.on('SIGINT', close);
  process.on('SIGTERM', close);
}
