import { Command, CommanderError } from 'commander';
import { version } from '../version.ts';
import { accessCommands } from './commands/access.ts';
import { cacheCommands } from './commands/cache.ts';
import { collectionCommands } from './commands/collection.ts';
import { dataCommands } from './commands/data.ts';
import { declarationCommands } from './commands/declarations.ts';
import { explainCommands } from './commands/explain.ts';
import { ledgerCommands } from './commands/ledger.ts';
import { modelCommands } from './commands/models.ts';
import { observabilityCommands } from './commands/observability.ts';
import { operationCommands } from './commands/operations.ts';
import { pipelineCommands } from './commands/pipelines.ts';
import { predictionCommands } from './commands/predictions.ts';
import { serverCommands } from './commands/server.ts';
import { reportError } from './output.ts';

const program = new Command('houston')
  .description('Mission control for machine learning: from data to watched production, in one program.')
  .version(version)
  .showHelpAfterError()
  .configureHelp({ sortSubcommands: false })
  .exitOverride();

serverCommands(program);
declarationCommands(program);
modelCommands(program);
cacheCommands(program);
dataCommands(program);
pipelineCommands(program);
operationCommands(program);
observabilityCommands(program);
collectionCommands(program);
explainCommands(program);
predictionCommands(program);
ledgerCommands(program);
accessCommands(program);

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else process.exitCode = reportError(error, process.argv.includes('--json'));
});
