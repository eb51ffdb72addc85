export { EventPage } from './event-page.tsx';
export { LedgerPage } from './ledger-page.tsx';
export { WhyPage } from './why-page.tsx';
