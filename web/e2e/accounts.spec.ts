import { expect, test } from './fixtures';
import { ROOT_PASSWORD, TestNode } from './node';

test('someone asks to join, is accepted, changes their profile and password', async ({ browser }) => {
  const node = await TestNode.start({ ACCOUNTS__REGISTRATION: 'approval' });
  try {
    const carol = await browser.newPage({ baseURL: node.url });
    await carol.goto('/register');
    await carol.getByLabel('Display name').fill('Carol');
    await carol.getByLabel('Name', { exact: true }).fill('carol');
    await carol.getByLabel('E-mail address').fill('carol@example.org');
    await carol.getByLabel('Password').fill('a long enough password');
    await carol.getByLabel('Why do you want to join?').fill('I film birds.');
    await carol.getByRole('button', { name: 'Ask to join' }).click();
    await expect(carol.getByText('Your request was sent')).toBeVisible();

    const logIn = async (page: typeof carol, name: string, password: string) => {
      await page.goto('/login');
      await page.getByLabel('Name or e-mail address').fill(name);
      await page.getByLabel('Password').fill(password);
      await page.getByRole('main').getByRole('button', { name: 'Log in' }).click();
    };
    await logIn(carol, 'carol', 'a long enough password');
    await expect(carol.getByRole('alert')).toContainText('has not been answered yet');

    const root = await browser.newPage({ baseURL: node.url });
    await logIn(root, 'root', 'not the password');
    await expect(root.getByRole('alert')).toContainText('do not match');
    await logIn(root, 'root', ROOT_PASSWORD);
    await expect(root.getByRole('button', { name: 'You', exact: true })).toBeVisible();
    await root.goto('/admin/registrations');
    await root.getByRole('button', { name: 'Accept carol' }).click();
    await expect(root.getByText('was accepted.')).toBeVisible();
    await root.goto('/admin/users');
    await expect(root.getByRole('link', { name: 'carol', exact: true })).toBeVisible();

    await logIn(carol, 'carol', 'a long enough password');
    await expect(carol.getByRole('button', { name: 'You', exact: true })).toBeVisible();
    await carol.goto('/settings');
    await carol.getByLabel('Display name').fill('Carol of the marsh');
    await carol.getByRole('button', { name: 'Save' }).click();
    await expect(carol.getByText('Saved.')).toBeVisible();
    await carol.getByLabel('Current password').fill('a long enough password');
    await carol.getByLabel('New password').fill('another long password');
    await carol.getByRole('button', { name: 'Change password' }).click();
    await expect(carol.getByText('Changed.')).toBeVisible();
    await carol.goto('/a/carol');
    await expect(carol.getByRole('heading', { name: 'Carol of the marsh' })).toBeVisible();
    await carol.close();
    await root.close();
  } finally {
    await node.stop();
  }
});

test('a session that ran out is renewed without anyone noticing', async ({ browser }) => {
  const node = await TestNode.start({ ACCOUNTS__ACCESS_TOKEN_S: '1' });
  try {
    const page = await browser.newPage({ baseURL: node.url });
    await page.goto('/login');
    await page.getByLabel('Name or e-mail address').fill('root');
    await page.getByLabel('Password').fill(ROOT_PASSWORD);
    await page.getByRole('main').getByRole('button', { name: 'Log in' }).click();
    await expect(page.getByRole('button', { name: 'You', exact: true })).toBeVisible();
    const token = () =>
      page.evaluate(() => JSON.parse(localStorage.getItem('kinora.session') ?? '{}').accessToken);
    const first = await token();
    await expect
      .poll(async () => {
        await page.goto('/settings');
        await expect(page.getByLabel('Display name')).toBeVisible();
        return token();
      })
      .not.toBe(first);
    await page.close();
  } finally {
    await node.stop();
  }
});
