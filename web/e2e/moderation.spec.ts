import { violations } from './axe';
import { clip } from './clip';
import { Client, finished } from './client';
import { expect, test } from './fixtures';
import { TestNode } from './node';

const PASSWORD = 'a long enough password';

test('a report is sent, read and answered', async ({ page, browser, node, root }) => {
  const video = await root.upload(clip({ height: 360, seconds: 30, container: 'mkv' }), {
    name: 'Something is wrong here',
    privacy: '1',
    commentsPolicy: '1',
  });
  await root.until(video.uuid, finished);
  await root.register('eva', PASSWORD);
  await root.register('finn', PASSWORD);
  const eva = await Client.of(node, 'eva', PASSWORD);
  const finn = await Client.of(node, 'finn', PASSWORD);
  await finn.post(`/api/v1/videos/${video.uuid}/comment-threads`, { text: 'Something rude' });

  await page.addInitScript((session) => localStorage.setItem('kinora.session', session), eva.session);
  await page.goto(`/w/${video.shortUUID}`);
  const rude = page.getByRole('article', { name: 'Comment by finn' });
  await rude.getByRole('button', { name: 'Report' }).click();
  const dialog = page.getByRole('dialog', { name: 'Report this comment' });
  await dialog.getByLabel('Hateful or abusive').check();
  await dialog.getByRole('button', { name: 'Send report' }).click();
  await expect(dialog.getByText('Please say in a few words what is wrong.')).toBeVisible();
  await dialog.getByLabel('In your words').fill('He is rude.');
  await dialog.getByRole('button', { name: 'Send report' }).click();
  await expect(dialog.getByText('Thank you.')).toBeVisible();

  const desk = await browser.newContext({ baseURL: node.url, locale: 'en-GB' });
  await desk.addInitScript((session) => localStorage.setItem('kinora.session', session), root.session);
  const reports = await desk.newPage();
  await reports.goto('/admin/reports');
  const report = reports.getByRole('article', { name: 'Comment by finn' });
  await expect(report.getByText('He is rude.')).toBeVisible();
  await expect(report.getByText('Something rude')).toBeVisible();
  await expect(report.getByText('Hateful or abusive')).toBeVisible();
  await expect(report.getByText('Reported by eva')).toBeVisible();
  await report.getByText('0 messages').click();
  await expect(report.getByText('Nothing was said yet.', { exact: false })).toBeVisible();
  await report.getByLabel('Your message').fill('Did he say more?');
  await report.getByRole('button', { name: 'Send message' }).click();
  await expect(report.getByText('1 message', { exact: true })).toBeVisible();

  await page.goto('/my/notifications');
  await page.getByRole('link', { name: 'There is a new message about a report' }).click();
  await expect(page.getByRole('heading', { name: 'Your reports' })).toBeVisible();
  const mine = page.getByRole('article', { name: 'Comment by finn' });
  await mine.getByText('1 message', { exact: true }).click();
  await expect(mine.getByText('Did he say more?')).toBeVisible();
  await mine.getByLabel('Your message').fill('Only this.');
  await mine.getByRole('button', { name: 'Send message' }).click();
  await expect(mine.getByText('Only this.')).toBeVisible();
  await expect(mine.getByLabel('Note for your team')).toHaveCount(0);
  expect(await violations(page)).toEqual([]);
  await report.getByLabel('Note for your team').fill('Talked to him.');
  await report.getByRole('button', { name: 'Agree', exact: true }).click();
  await expect(report).toHaveCount(0);
  await reports.getByRole('button', { name: 'All', exact: true }).click();
  await expect(report.getByText('Agreed')).toBeVisible();
  await expect(report.getByLabel('Note for your team')).toHaveValue('Talked to him.');
  await report.getByRole('link', { name: 'Comment by finn' }).click();
  await expect(reports.getByRole('article', { name: 'Comment by finn' })).toBeFocused();
  await desk.close();
});

test('an administrator follows another server and sets rules', async ({ browser }) => {
  test.slow();
  const open = { FEDERATION__ALLOW_PRIVATE: 'true' };
  const [near, far] = await Promise.all([TestNode.start(open), TestNode.start(open)]);
  const window = await browser.newContext({ baseURL: near.url, locale: 'en-GB' });
  try {
    const root = await Client.of(near);
    const farHost = new URL(far.url).host;
    await window.addInitScript((session) => localStorage.setItem('kinora.session', session), root.session);
    const page = await window.newPage();
    await page.goto('/admin/federation');
    await expect(page.getByText('This server follows no other yet.', { exact: false })).toBeVisible();
    await page.getByLabel('Follow servers').fill(farHost);
    await page.getByRole('button', { name: 'Follow', exact: true }).click();
    const following = page.getByRole('region', { name: 'Followed by this server' });
    await expect(following.getByText(farHost)).toBeVisible({ timeout: 30_000 });
    await expect
      .poll(
        async () => {
          await page.reload();
          await page.waitForLoadState('networkidle');
          return following.getByText('accepted').count();
        },
        { timeout: 60_000 },
      )
      .toBe(1);
    await expect(page.getByRole('region', { name: 'Deliveries' }).getByText(farHost).first()).toBeVisible();

    await page.getByLabel('Domain').fill('not a domain');
    await page.getByRole('button', { name: 'Set rule' }).click();
    await expect(page.getByText('That is not a domain', { exact: false })).toBeVisible();
    await page.getByLabel('Domain').fill('https://bad.example/about');
    await page.getByLabel('Rule').selectOption('Block');
    await page.getByLabel('Reason').fill('Spam');
    await page.getByRole('button', { name: 'Set rule' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Block bad.example' }).click();
    const rules = page.getByRole('region', { name: 'What may come from where' });
    await expect(rules.getByText('bad.example')).toBeVisible();
    await expect(rules.getByText('Spam')).toBeVisible();
    await rules.getByRole('button', { name: 'Remove the rule for bad.example' }).click();
    await expect(page.getByText('Every server is treated alike.')).toBeVisible();

    await page.getByRole('button', { name: `Stop following ${farHost}` }).click();
    await expect(page.getByText('This server follows no other yet.', { exact: false })).toBeVisible();
  } finally {
    await window.close();
    await Promise.all([near.stop(), far.stop()]);
  }
});
