export { ApprovalPage } from './approval-page.tsx';
export { GovernancePage } from './governance-page.tsx';
