import ipaddr from 'ipaddr.js';
import { webhookError } from './webhooks.errors.ts';

/** One entry of the list of hosts that webhooks may call. */
type HostRule = {
  /** Lower-case name or address; `*.` in front stands for any name below; `*` alone for all. */
  host: string;
  /** Null: 443 and 80; `*`: any. */
  port: string | null;
  plain: boolean;
  private: boolean;
};

/** What an allowed address permits: which kinds of network addresses its name may lead to. */
export type Allowed = { url: URL; reach: 'public' | 'private' | 'loopback' | 'any' };

const form = /^(http:\/\/)?(\*|(?:\*\.)?[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}|\*))?(\+private)?$/i;

/** Reads `[http://]HOST[:PORT][+private]`. Undefined when it has another form. */
export function parseHostRule(text: string): HostRule | undefined {
  const [, plain, host, port, intern] = form.exec(text.trim()) ?? [];
  if (host === undefined) return undefined;
  return {
    host: host.toLowerCase(),
    port: port ?? null,
    plain: plain !== undefined,
    private: intern !== undefined,
  };
}

/**
 * Checks where a webhook wants to go against the list of hosts. Only https, unless the entry says `http://`; only
 * public network addresses, unless the entry is an address itself, `localhost`, or ends in `+private`.
 * @throws webhooks.url.invalid, webhooks.host.refused
 */
export function checkUrl(text: string, hosts: readonly string[]): Allowed {
  const url = URL.parse(text);
  if (!url || text.length > 2000 || !['http:', 'https:'].includes(url.protocol)) {
    throw webhookError(
      'webhooks.url.invalid',
      'This is not an http or https address of up to 2000 characters.',
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw webhookError('webhooks.url.invalid', 'The address holds a user name or a password.');
  }
  const host = url.hostname.replace(/\.$/, '').toLowerCase();
  const port = url.port || (url.protocol === 'http:' ? '80' : '443');
  const rules = hosts.flatMap((entry) => parseHostRule(entry) ?? []);
  const rule = rules
    .filter((one) => matches(one, host, port))
    .filter(({ plain }) => plain || url.protocol === 'https:')
    .sort(
      (a, b) => Number(b.host === host) - Number(a.host === host) || Number(b.private) - Number(a.private),
    )[0];
  if (!rule) {
    throw webhookError(
      'webhooks.host.refused',
      'This server may not send webhooks to this host, port and protocol.',
    );
  }
  const reach = reachOf(rule, host);
  const bare = host.replace(/^\[|\]$/g, '');
  if (ipaddr.isValid(bare)) checkAddress(bare, reach);
  return { url, reach };
}

function matches(rule: HostRule, host: string, port: string): boolean {
  const standard = port === '443' || port === '80';
  if (rule.port === null ? !standard : rule.port !== '*' && rule.port !== port) return false;
  if (rule.host === '*') return true;
  return rule.host.startsWith('*.') ? host.endsWith(rule.host.slice(1)) : rule.host === host;
}

function reachOf(rule: HostRule, host: string): Allowed['reach'] {
  if (rule.host !== host) return 'public';
  if (ipaddr.isValid(host.replace(/^\[|\]$/g, ''))) return 'any';
  if (host === 'localhost') return 'loopback';
  return rule.private ? 'private' : 'public';
}

/** The kind of an address. Of IPv6 only 2000::/3 is handed out to the public; the rest of "unicast" is not. */
function rangeOf(text: string): string {
  if (!ipaddr.isValid(text)) return 'invalid';
  const address = ipaddr.process(text);
  const range = address.range();
  const isOld = address.kind() === 'ipv6' && !address.match(ipaddr.parse('2000::'), 3);
  return range === 'unicast' && isOld ? 'reserved' : range;
}

const privateRanges = ['private', 'uniqueLocal'];

/**
 * Refuses a network address that is not public: loopback, private, link-local with the metadata services, shared,
 * reserved, and the forms of IPv6 that wrap such addresses. @throws webhooks.host.refused
 */
export function checkAddress(address: string, reach: Allowed['reach']): void {
  if (reach === 'any') return;
  const range = rangeOf(address);
  const isAllowed =
    range === 'unicast' ||
    (reach === 'private' && privateRanges.includes(range)) ||
    (reach === 'loopback' && range === 'loopback');
  if (!isAllowed) {
    throw webhookError(
      'webhooks.host.refused',
      `The host leads to a network address that is refused (${range}).`,
    );
  }
}
