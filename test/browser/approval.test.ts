import { expect, it } from 'vitest';
import { logisticModel } from '../serving/models.ts';
import { describeInBrowser } from './browser.ts';

type Approval = { id: string; state: string; decisions: { actor: string; reason: string }[] };

describeInBrowser('Two people and a policy', { auth: true }, (suite) => {
  const call = async <T>(token: string, method: string, target: string, body?: object | Uint8Array) => {
    const binary = body instanceof Uint8Array;
    const response = await fetch(suite.houston.url + target, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body ? { 'content-type': binary ? 'application/octet-stream' : 'application/json' } : {}),
      },
      ...(body ? { body: binary ? Buffer.from(body) : JSON.stringify(body) } : {}),
    });
    expect(response.ok, `${method} ${target}: ${response.status}`).toBe(true);
    return (await response.json()) as T;
  };

  it('approve in the page what another person asked for, signed in by token', async () => {
    const admin = suite.houston.firstToken ?? '';
    await call(admin, 'POST', '/api/auth/users', { id: 'grace', roles: ['approver', 'viewer'] });
    const { token } = await call<{ token: string }>(admin, 'POST', '/api/auth/users/grace/tokens', {});
    await call(admin, 'PUT', '/api/governance/policies/high-risk', {
      approvals: { when: { severity: 'high' }, required: 1, roles: ['approver'] },
    });
    const bytes = logisticModel({ weights: [1, -1] });
    await call(admin, 'POST', '/api/registry/models/risky/versions', bytes);
    await call(admin, 'PUT', '/api/registry/models/risky', { risk: { probability: 4, impact: 4 } });
    await call(admin, 'PUT', '/api/serving/deployments/risky', { model: 'risky', environment: 'prod' });
    await call(admin, 'POST', '/api/serving/deployments/risky/deploy', { model: 'risky' });

    const { page, problems, expectStatus } = await suite.open();
    // Signed out, every question is answered by 401.
    expectStatus(401);
    await page.goto(suite.houston.url);
    await page.getByLabel('Access token').fill('houston_wrong');
    await page.getByRole('button', { name: 'Open Houston' }).click();
    await page.getByText('This token is not valid.').waitFor();
    await page.getByLabel('Access token').fill(token);
    await page.getByRole('button', { name: 'Open Houston' }).click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.getByText('waits for approval').waitFor();
    await page.goto(`${suite.houston.url}/governance`);
    await page.getByRole('button', { name: 'Approve' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox').fill('The evidence was read.');
    await dialog.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('Approved; it stands in the ledger.').waitFor();
    await page.getByText('Nothing waits').waitFor();

    const { items } = await call<{ items: Approval[] }>(admin, 'GET', '/api/governance/approvals');
    expect(items).toMatchObject([
      { state: 'granted', decisions: [{ actor: 'user:grace', reason: 'The evidence was read.' }] },
    ]);
    expect(problems).toEqual([]);
  });
});
