export { GuardrailsPage } from './guardrails-page.tsx';
