import { mount } from 'svelte';
import App from './app.svelte';
import './theme/tokens.css';
import './theme/base.css';

const target = document.getElementById('page');
if (target === null) throw new Error('cannot show the page: it has no place');
mount(App, { target });
