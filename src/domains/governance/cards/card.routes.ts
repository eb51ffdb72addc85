import Type from 'typebox';
import type { HoustonApp } from '../../../platform/http/app.ts';
import { Name } from '../../../platform/names.ts';
import { CardReply } from './card.contract.ts';
import { cardMarkdown } from './card.markdown.ts';
import { type CardSources, modelCard } from './card.service.ts';

/** The model card, as JSON or as Markdown. */
export function cardRoutes(app: HoustonApp, sources: CardSources): void {
  app.get(
    '/api/governance/models/:name/versions/:version/card',
    {
      schema: {
        summary: 'The model card of a version, made from the record',
        description: 'format=markdown gives text/markdown. What is not on record is said under limits.',
        tags: ['governance'],
        params: Type.Object({
          name: Name,
          version: Type.String({ maxLength: 80, description: 'A number, "latest", or @ and an alias' }),
        }),
        querystring: Type.Object(
          {
            format: Type.Optional(
              Type.Union([Type.Literal('json'), Type.Literal('markdown')], { default: 'json' }),
            ),
          },
          { additionalProperties: false },
        ),
        response: {
          200: {
            description: 'The card',
            content: {
              'application/json': { schema: CardReply },
              'text/markdown': { schema: Type.String() },
            },
          },
        },
      },
    },
    async ({ scope, params, query }, reply) => {
      const card = await modelCard(scope, sources, params.name, params.version);
      if (query.format !== 'markdown') return card;
      return reply.type('text/markdown; charset=utf-8').send(cardMarkdown(card));
    },
  );
}
