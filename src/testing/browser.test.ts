import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { generate } from 'selfsigned'
import { launchBrowser, unpackBrowser } from './browser.ts'

/** What the C library itself brings, and every Linux has. */
const OF_THE_C_LIBRARY = /^(linux-vdso|libdl|libpthread|libm|libc|libgcc_s|\/lib64\/ld-linux)/

test('the browser finds all its libraries in its own folder', async () => {
  const { executable, env } = await unpackBrowser()
  const { stdout } = await promisify(execFile)('ldd', [executable], { env: { ...process.env, ...env } })
  const others = stdout
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !OF_THE_C_LIBRARY.test(line))
  assert.ok(others.some((line) => line.startsWith('libnss3.so')))
  for (const line of others) assert.ok(line.includes(join(env['LD_LIBRARY_PATH'] ?? '?', 'lib')), line)
})

test('a page over https at a *.localhost name: refused, trusted by its key, or taken blindly', async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'demo.localhost' }], {
    keySize: 2048,
  })
  const server = createServer({ key, cert }, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<title>Demo</title><h1>Hello, ünïcode</h1>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `https://demo.localhost:${(server.address() as AddressInfo).port}/`
  const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' })
  const ca_spki = createHash('sha256').update(spki).digest('base64')
  try {
    for (const [options, trusted] of [
      [{}, false],
      [{ ca_spki: createHash('sha256').update('another').digest('base64') }, false],
      [{ ca_spki }, true],
      [{ insecure_ignore_https_errors: true }, true],
    ] as const) {
      const browser = await launchBrowser(options)
      try {
        const page = await browser.newPage({ viewport: { width: 390, height: 400 } })
        const visit = page.goto(url)
        if (!trusted) await assert.rejects(visit, /ERR_CERT/)
        else {
          await visit
          assert.equal(await page.title(), 'Demo')
          assert.ok((await page.screenshot()).length > 1_000)
          await assert.rejects(page.goto('https://example.com/'), /ERR_NAME_NOT_RESOLVED/)
        }
      } finally {
        await browser.close()
      }
    }
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})
