import { type DocumentNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql';

const most = { depth: 10, rootFields: 10, aliases: 10, selections: 1000 };

/**
 * Why a query asks for too much, else null: nested too deep, too many fields at the root, too many aliases side by
 * side (fragments counted where they are spread), or too many fields in all. Stops counting at the limit, so that
 * the check itself cannot be made slow; runs before the query is validated.
 */
export function queryProblem(document: DocumentNode): string | null {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  let selections = 0;
  let rootFields = 0;
  const waiting: { set: SelectionSetNode; depth: number }[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) {
      waiting.push({ set: definition.selectionSet, depth: 1 });
    }
  }
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { set, depth } = next;
    if (depth > most.depth) return `it is nested deeper than ${most.depth} levels`;
    let aliases = 0;
    const level = [set];
    const spread = new Set<string>();
    for (let part = level.pop(); part; part = level.pop()) {
      for (const one of part.selections) {
        if (++selections > most.selections) return `it asks for more than ${most.selections} fields`;
        if (one.kind === Kind.INLINE_FRAGMENT) level.push(one.selectionSet);
        else if (one.kind === Kind.FRAGMENT_SPREAD) {
          const fragment = fragments.get(one.name.value);
          if (fragment && !spread.has(one.name.value)) level.push(fragment.selectionSet);
          spread.add(one.name.value);
        } else {
          if (one.alias) aliases++;
          if (depth === 1) rootFields++;
          if (one.selectionSet) waiting.push({ set: one.selectionSet, depth: depth + 1 });
        }
      }
    }
    if (aliases > most.aliases) return `it has more than ${most.aliases} aliases side by side`;
    if (rootFields > most.rootFields) return `it has more than ${most.rootFields} fields at the root`;
  }
  return null;
}
