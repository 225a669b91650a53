import { mount } from 'svelte';
import './styles/tokens.css';
import './styles/base.css';
import App from './App.svelte';
import { readBoot } from './lib/boot';
import { locale } from './lib/locale/locale.svelte';
import { router } from './lib/router.svelte';
import { session } from './lib/session.svelte';
import { site } from './lib/site.svelte';

readBoot();
session.start();
router.start();
void site.load();
await locale.start();

const target = document.getElementById('app');
if (target) {
  // What the node wrote for readers without scripts gives way to the live page.
  target.replaceChildren();
  mount(App, { target });
}
