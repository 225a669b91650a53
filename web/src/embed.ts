import { mount } from 'svelte';
import './styles/tokens.css';
import './styles/base.css';
import Embed from './Embed.svelte';
import { readBoot } from './lib/boot';
import { readEmbedding } from './lib/embedding';
import { locale } from './lib/locale/locale.svelte';

readBoot();
await locale.start();

const target = document.getElementById('app');
if (target) {
  target.replaceChildren();
  mount(Embed, { target, props: readEmbedding(new URL(location.href)) });
}
