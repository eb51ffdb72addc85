import { createRequire } from 'node:module';
import type { FastifyServerOptions } from 'fastify';

/*
 * Schemas are compiled when they are first used. A server has hundreds of routes, of which most are never called in one
 * life of it; to compile them all made up half of its start.
 */

type Factories = Required<
  NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>
>;
type Compiled<Result> = { (data: unknown): Result; errors?: unknown };
type Factory<Result> = (schemas: unknown, options: unknown) => (route: unknown) => Compiled<Result>;

/** The compilers of the framework, in the versions that it comes with. */
const ofFramework = createRequire(createRequire(import.meta.url).resolve('fastify'));

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** A factory of the framework; each schema is compiled at its first use, and the compiler loaded with the first. */
function lazily<Result>(name: string, compilations: (() => void)[]): Factory<Result> {
  const factory = once(() => (ofFramework(name) as () => Factory<Result>)());
  return (schemas, options) => {
    const compiler = once(() => factory()(schemas, options));
    return (route) => {
      const compiled = once(() => compiler()(route));
      compilations.push(compiled);
      const use: Compiled<Result> = (data) => {
        const result = compiled()(data);
        use.errors = compiled().errors;
        return result;
      };
      return use;
    };
  };
}

export type LazySchemas = {
  /** For the option `schemaController` of the framework: its own compilers, but late. */
  compilers: Factories;
  /** Compiles all that is not compiled yet, and so tells which schema is no schema. */
  compileAll(): void;
};

export function createLazySchemas(): LazySchemas {
  const compilations: (() => void)[] = [];
  const compilers = {
    buildValidator: lazily<boolean>('@fastify/ajv-compiler', compilations),
    buildSerializer: lazily<string>('@fastify/fast-json-stringify-compiler', compilations),
  } as unknown as Factories;
  return {
    compilers,
    compileAll() {
      for (const compile of compilations) compile();
    },
  };
}
