// SPDX-License-Identifier: Apache-2.0
// Every page of a running node in chromium: shape, policy, keyboard, accessibility, light and dark, wide and narrow.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const fetched = createRequire(path.join(process.env.KARAULA_MODULES, 'package.json'));
const { chromium } = fetched('playwright-core');
const axeSource = fs.readFileSync(fetched.resolve('axe-core/axe.min.js'), 'utf8');

const base = process.argv[2].replace(/\/$/, '');
const link = process.argv[3];
const password = 'a sentence for the browser';
let session; // cookies of who is logged in
const shots = process.env.KARAULA_SHOTS;
const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

let count = 0, failed = 0;
function ok(good, what, ...detail) {
  count++;
  if (!good) failed++;
  console.log(`${good ? '' : 'not '}ok ${count} - ${String(what).replace(/\n|#/g, ' ')}`);
  if (!good)
    for (const line of detail.flat(9).map(String).join('\n').split('\n').slice(0, 40)) console.log(`#   ${line.slice(0, 300)}`);
  return good;
}

// A page with its errors: console, policy, requests that failed.
async function open(context, target, status) {
  const page = await context.newPage();
  page.troubles = [];
  page.on('console', (m) => {
    const expected = status >= 400 && /Failed to load resource/.test(m.text());
    if (['error', 'warning'].includes(m.type()) && !expected) page.troubles.push(`${m.type()}: ${m.text()}`);
  });
  page.on('pageerror', (e) => page.troubles.push(`page error: ${e.message}`));
  page.on('requestfailed', (r) => page.troubles.push(`request failed: ${r.url()}`));
  page.on('request', (r) => {
    if (!r.url().startsWith(base)) page.troubles.push(`asked elsewhere: ${r.url()}`);
  });
  page.answer = await page.goto(base + target, { waitUntil: 'load' });
  return page;
}

const outline = () => ({
  title: document.title,
  lang: document.documentElement.lang,
  headings: [...document.querySelectorAll('h1,h2,h3,h4')].map((h) => Number(h.tagName[1])),
  landmarks: ['header', 'nav', 'main', 'footer'].filter((n) => !document.querySelector(n)),
  scripts: document.scripts.length,
  unnamedTables: [...document.querySelectorAll('table')].filter((t) => !t.caption || !t.querySelector('th[scope=col]')).length,
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  ids: [...document.querySelectorAll('[id]')].map((e) => e.id),
  styled: getComputedStyle(document.querySelector('main')).maxWidth !== 'none',
  background: getComputedStyle(document.body).backgroundColor,
});

async function shape(context, [target, status], titles, without = []) {
  const page = await open(context, target, status);
  const o = await page.evaluate(outline);
  ok(page.answer.status() === status, `${target} answers ${status}`, page.answer.status());
  ok(o.title && !titles.has(o.title), `... has a title of its own: ${o.title}`);
  titles.add(o.title);
  ok(o.lang === 'en' && o.scripts === 0 && o.styled, '... is in a language, without scripts, with its style', JSON.stringify(o));
  ok(o.headings.filter((l) => l === 1).length === 1 && o.headings[0] === 1 &&
    o.headings.every((l, i) => i === 0 || l <= o.headings[i - 1] + 1), '... has headings in order', o.headings.join(' '));
  ok(o.landmarks.filter((n) => !without.includes(n)).length === 0, '... has all landmarks', o.landmarks);
  ok(o.unnamedTables === 0, '... every table has a caption and heads');
  ok(new Set(o.ids).size === o.ids.length, '... no id is there twice', o.ids.join(' '));
  ok(page.troubles.length === 0, '... no error, no violation of the policy', page.troubles);
  await page.close();
}

// What sticks out at the right.
const wide = () => [...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 5).map((e) => `${e.tagName.toLowerCase()}.${e.className} ${Math.round(e.getBoundingClientRect().right)}: ${e.textContent.slice(0, 60)}`);

// Narrow as WCAG 1.4.10 has it: nothing needs scrolling in two directions.
async function narrow(browser, pages) {
  const context = await browser.newContext({ storageState: session, javaScriptEnabled: false, viewport: { width: 320, height: 800 } });
  for (const [target, status] of pages) {
    const page = await open(context, target, status);
    const o = await page.evaluate(outline);
    ok(o.overflow <= 0, `${target} fits on 320 pixels`, `${o.overflow} pixels too wide`, o.overflow > 0 ? await page.evaluate(wide) : []);
    await page.close();
  }
  await context.close();
}

async function axe(browser, pages, colorScheme, width) {
  const context = await browser.newContext({ storageState: session, bypassCSP: true, colorScheme, viewport: { width, height: 900 } });
  const backgrounds = new Set();
  for (const [target, status, name] of pages) {
    const page = await open(context, target, status);
    await page.evaluate(axeSource);
    const result = await page.evaluate(() => window.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
    ok(result.violations.length === 0, `${target} has no barrier that axe knows (${colorScheme}, ${width})`,
      result.violations.map((v) => [`${v.id}: ${v.help}`, v.nodes.slice(0, 3).map((n) => `  ${n.html} ${n.failureSummary}`)]));
    backgrounds.add((await page.evaluate(outline)).background);
    if (shots) await page.screenshot({ path: path.join(shots, `${name}-${colorScheme}-${width}.png`), fullPage: true });
    await page.close();
  }
  await context.close();
  return backgrounds;
}

const focused = () => {
  const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
  return { tag: e.tagName.toLowerCase(), text: (e.textContent || '').trim(), id: e.id, href: e.getAttribute('href') || '',
    shown: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2, inside: r.bottom > 0 && r.top < innerHeight && r.width > 0 };
};

// Press Tab until something has the focus; the steps on the way must all be seen.
async function tabTo(page, wanted, max) {
  const hidden = [];
  for (let i = 0; i < max; i++) {
    await page.keyboard.press('Tab');
    const f = await page.evaluate(focused);
    if (f.tag === 'body') continue;
    if (!f.shown || !f.inside) hidden.push(JSON.stringify(f));
    if (wanted(f)) return { f, steps: i + 1, hidden };
  }
  return { f: null, steps: max, hidden };
}

async function keyboard(browser) {
  const context = await browser.newContext({ storageState: session, javaScriptEnabled: false });
  let page = await open(context, '/', 200);
  let got = await tabTo(page, () => true, 3);
  ok(got.f && got.f.href === '#main' && got.f.inside, 'the first Tab shows a link that skips to the content', JSON.stringify(got));
  await page.keyboard.press('Enter');
  ok((await page.evaluate(focused)).id === 'main', 'which works');
  await page.close();

  page = await open(context, '/', 200);
  const entries = await page.locator('.banner nav a').count();
  got = await tabTo(page, (f) => f.tag === 'input', entries + 4);
  ok(got.f && got.steps === entries + 3, 'the search box is near: skip, name, the pages of the navigation, box', entries, JSON.stringify(got));
  ok(got.hidden.length === 0, 'and every step was seen', got.hidden);
  await page.keyboard.type('since:400d');
  await Promise.all([page.waitForURL('**/events?*'), page.keyboard.press('Enter')]);
  ok(page.url().endsWith('/events?q=since%3A400d'), 'Enter searches, and the address says for what', page.url());
  ok((await page.inputValue('#q')) === 'since:400d', 'the expression is in the box');
  got = await tabTo(page, (f) => f.href.startsWith('/events/'), 40);
  ok(got.f && got.hidden.length === 0, 'Tab leads to the first event', JSON.stringify(got));
  await Promise.all([page.waitForURL('**/events/*'), page.keyboard.press('Enter')]);
  ok((await page.textContent('h1')).startsWith('Event: '), 'Enter opens it');
  got = await tabTo(page, (f) => f.href.startsWith('/reports/'), 60);
  ok(got.f && got.hidden.length === 0, 'and Tab leads on to its report', JSON.stringify(got));
  await page.goBack();
  ok((await page.inputValue('#q')) === 'since:400d', 'back gives the search again');
  await page.close();
  await context.close();
}

async function firstHref(page, prefix) {
  return page.evaluate((p) => document.querySelector(`main a[href^="${p}"]`)?.getAttribute('href'), prefix);
}

// Pages by name; those of single things are found by following links.
async function discover(browser) {
  const context = await browser.newContext({ storageState: session, javaScriptEnabled: false });
  const pages = [
    ['/', 200, 'overview'], ['/?days=365', 200, 'overview-365'], ['/events', 200, 'events'],
    ['/events?q=type%3Aphishing', 200, 'events-phishing'], ['/events?q=malwear%3Ax', 400, 'events-wrong'],
    ['/events?q=port%3A1+port%3A2', 200, 'events-none'], ['/reports', 200, 'reports'],
    ['/constituents', 200, 'constituents'], ['/sources', 200, 'sources'], ['/help', 200, 'help'],
    ['/unrouted', 200, 'unrouted'], ['/quarantine', 200, 'quarantine'], ['/quarantine?state=refused', 200, 'quarantine-none'],
    ['/deliveries', 200, 'deliveries'], ['/suppressions', 200, 'suppressions'], ['/rules', 200, 'rules'],
    ['/constituents/example-bank/view', 200, 'view'], ['/constituents/example-bank/view?q=port%3A1+port%3A2', 200, 'view-none'],
    ['/account', 200, 'account'], ['/users', 200, 'users'], ['/users/admin', 200, 'user'],
    ['/nothing', 404, 'error']];
  for (const [from, prefix, name] of [['/events', '/events/', 'event'], ['/reports?state=taken', '/reports/', 'report'],
    ['/reports?state=quarantined', '/reports/', 'report-quarantined'], ['/constituents', '/constituents/', 'constituent'],
    ['/sources', '/sources/', 'source'], ['/deliveries', '/deliveries/', 'delivery'], ['/deliveries', '/recipients/', 'recipient'],
    ['/constituents/example-bank/view', '/constituents/example-bank/view/', 'view-event']]) {
    const page = await open(context, from, 200);
    const href = await firstHref(page, prefix);
    ok(Boolean(href), `${from} leads to a page of ${name}`);
    if (href) pages.push([href, 200, name]);
    await page.close();
  }
  await context.close();
  return pages;
}

// Type into the fields of the page, one Tab from one to the next, and press Enter.
async function fill(page, texts) {
  await page.focus('main input:not([type=hidden])');
  for (const [i, text] of texts.entries()) {
    if (i) await page.keyboard.press('Tab');
    if (text === null) continue;
    await page.keyboard.press('Control+A');
    await page.keyboard.type(text);
  }
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
}

// From the one-time link to the first page, by keyboard alone.
async function comeIn(browser) {
  const pages = [['/login', 200, 'login'], [link, 200, 'login-link'], ['/login/link/nonsense', 404, 'login-link-gone']];
  const titles = new Set();
  const context = await browser.newContext({ javaScriptEnabled: false });
  for (const page of pages) await shape(context, page, titles, ['nav']);
  await narrow(browser, pages);
  await axe(browser, pages, 'light', 1280);
  await axe(browser, pages, 'dark', 360);
  const page = await open(context, link, 200);
  await fill(page, [null, password, 'something else']);
  ok((await page.textContent('[role=alert]')).includes('not the same'), 'two different passwords are told in an alert');
  await fill(page, [null, password, password]);
  ok((await page.textContent('h1')) === 'Overview', 'the one-time link sets the password and leads to the first page', page.url());
  const got = await tabTo(page, (f) => f.tag === 'button' && f.text === 'Log out', 40);
  ok(got.f && got.hidden.length === 0, 'Tab leads to the way out', JSON.stringify(got));
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  ok((await page.textContent('[role=status]')).includes('logged out'), 'which says so');
  await page.goto(`${base}/events?q=since%3A400d`);
  await fill(page, ['admin', 'wrong']);
  ok((await page.textContent('[role=alert]')).includes('wrong'), 'a wrong password is told');
  ok((await page.inputValue('#f-name')) === 'admin' && (await page.inputValue('#f-password')) === '', 'the name is kept, the password is not');
  await fill(page, ['admin', password]);
  ok(page.url().endsWith('/events?q=since%3A400d'), 'the right one leads to the page that was asked for', page.url());
  session = await context.storageState();
  await page.close();
  await context.close();
}

// A key, a user and a link by the pages; what is shown once has no barrier either.
async function administer(browser) {
  const context = await browser.newContext({ storageState: session, bypassCSP: true });
  for (const [target, fields, button, what] of [
    ['/account', { '#f-name': 'sensor' }, 'Make a key', /^kr_\d+_[\w-]{43}$/],
    ['/users', { '#f-name': 'colleague', '#f-title': 'A colleague' }, 'Add and make a one-time link', /\/login\/link\/[\w-]{43}$/],
    ['/users/colleague', {}, 'Make a one-time link', /\/login\/link\/[\w-]{43}$/]]) {
    const page = await open(context, target, 200);
    for (const [field, text] of Object.entries(fields)) await page.fill(field, text);
    await Promise.all([page.waitForNavigation(), page.click(`button:text-is("${button}")`)]);
    ok(what.test((await page.textContent('.secret')).trim()), `${target}: "${button}" shows it`);
    await page.evaluate(axeSource);
    const result = await page.evaluate(() => window.axe.run(document));
    ok(result.violations.length === 0, '... without a barrier', result.violations.map((v) => [v.id, v.nodes.map((n) => n.html)]));
    ok(page.troubles.length === 0, '... and without errors', page.troubles);
    await page.close();
  }
  await context.close();
}

// What an officer changes, by keyboard alone: a recipient, a suppression rule, an answer.
async function decide(browser) {
  const context = await browser.newContext({ storageState: session, javaScriptEnabled: false });
  let page = await open(context, '/deliveries', 200);
  const recipient = await firstHref(page, '/recipients/');
  await page.goto(base + recipient);
  const other = await open(context, recipient, 200); // the same page, open at another officer's
  await page.focus('#f-hour');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('6');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  ok((await page.textContent('[role=status]')).includes('changed'), 'a recipient is changed, and the page says so', page.url());
  ok((await page.inputValue('#f-hour')) === '6', 'and shows it');
  await other.fill('#f-hour', '7');
  await Promise.all([other.waitForNavigation(), other.press('#f-hour', 'Enter')]);
  ok((await other.textContent('[role=alert]')).includes('somebody else'), 'the second officer is told that somebody else was faster');
  ok((await other.inputValue('#f-hour')) === '6', 'and nothing is overwritten');
  await other.close();

  await page.goto(`${base}/suppressions`);
  await page.focus('#f-expr');
  await page.keyboard.type('ip:198.51.100.77');
  for (const text of [null, 'a test', '3d']) {
    await page.keyboard.press('Tab');
    if (text) await page.keyboard.type(text);
  }
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  ok((await page.textContent('main table')).includes('198.51.100.77'), 'a suppression rule is added');
  const got = await tabTo(page, (f) => f.tag === 'button' && f.text === 'End', 40);
  ok(got.f && got.hidden.length === 0, 'Tab leads to the button that ends it', JSON.stringify(got));
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  ok((await page.textContent('[role=status]')).includes('ended'), 'which works');

  await page.goto(`${base}/events?q=routed%3Ayes`);
  await page.goto(base + await firstHref(page, '/events/'));
  await page.selectOption('#f-verdict', 'false-positive');
  await page.fill('#f-note', 'a honeypot');
  await Promise.all([page.waitForNavigation(), page.press('#f-note', 'Enter')]);
  ok((await page.textContent('#answers')).includes('a honeypot'), 'an answer is noted on the page of its event');
  ok(page.troubles.length === 0, 'all of it without an error', page.troubles);
  await context.close();
}

async function main() {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: flags, timeout: 60000 });
  try {
    await comeIn(browser);
    await administer(browser);
    const pages = await discover(browser);
    const plain = await browser.newContext({ storageState: session, javaScriptEnabled: false });
    // Titles name the page; the two states of one search share nothing.
    const titles = new Set();
    for (const page of pages.filter(([target]) => target !== '/?days=365')) await shape(plain, page, titles);
    await plain.close();
    await narrow(browser, pages);
    await keyboard(browser);
    await decide(browser);
    const light = await axe(browser, pages, 'light', 1280);
    const dark = await axe(browser, pages, 'dark', 1280);
    ok(light.size === 1 && dark.size === 1 && [...light][0] !== [...dark][0], 'dark is not light', [...light], [...dark]);
    await axe(browser, pages.slice(0, 3).concat(pages.slice(-5)), 'light', 360);
  } finally {
    await browser.close();
  }
}

main().catch((e) => ok(false, 'the test ran to its end', e.stack)).finally(() => {
  console.log(`1..${count}`);
  process.exitCode = failed ? 1 : 0;
});
