// The doors of ARCHITECTURE.md, as a test: who may import whom, which packages belong where, and what each room must hold.
import { readdirSync, readFileSync, existsSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'

const SOURCE = 'src'
const INDEX = 'src/commands/index.ts'

/** A room is a file or folder of src; the longest matching prefix counts. `types` are rooms that may be imported as types alone. */
const DOORS: Readonly<
  Record<string, { readonly rooms: readonly string[]; readonly types?: readonly string[] }>
> = {
  error: { rooms: [] },
  limits: { rooms: [] },
  world: { rooms: [] },
  claims: { rooms: [] },
  is_object: { rooms: [] },
  flow: { rooms: [] },
  fields: { rooms: ['flow', 'limits', 'oidc/quirks'], types: ['error'] },
  params: { rooms: ['error', 'is_object', 'limits'], types: ['fields'] },
  yaml: { rooms: ['error', 'limits'] },
  config: { rooms: ['error', 'oidc/quirks', 'yaml'] },
  log: { rooms: [], types: ['world'] },
  turns: { rooms: [] },
  store: { rooms: ['error', 'turns'], types: ['limits', 'world'] },
  oidc: { rooms: ['error', 'flow', 'is_object', 'limits'], types: ['claims', 'world'] },
  command: {
    rooms: [],
    types: [
      'dialect',
      'ended_logins',
      'webhooks',
      'error',
      'world',
      'oidc',
      'site',
      'live_logins',
      'login',
      'pat',
      'refreshes',
      'rp_keys',
      'uma',
    ],
  },
  dialect: { rooms: ['claims', 'error', 'params'], types: ['command'] },
  live_logins: { rooms: ['error', 'world'], types: ['ended_logins', 'limits', 'store'] },
  login_choices: { rooms: ['flow'] },
  login: {
    rooms: ['error', 'login_choices', 'world'],
    types: ['claims', 'flow', 'limits', 'live_logins', 'store'],
  },
  finish_login: { rooms: ['login', 'oidc', 'site', 'site_settings', 'world'], types: ['claims', 'command'] },
  password_flow: { rooms: ['error', 'oidc', 'site_settings', 'world'], types: ['command'] },
  refreshes: { rooms: ['error', 'world'], types: ['limits', 'site', 'store'] },
  webhooks: { rooms: ['error', 'oidc', 'world'], types: ['ended_logins', 'limits', 'site', 'store'] },
  ended_logins: { rooms: ['error', 'turns', 'world'], types: ['limits', 'store'] },
  site_settings: { rooms: ['error', 'fields', 'flow', 'limits', 'oidc/json', 'params'], types: ['oidc'] },
  site: { rooms: ['error', 'turns'], types: ['limits', 'oidc', 'site_settings', 'store'] },
  pat: { rooms: ['oidc', 'world'], types: ['limits', 'site', 'store'] },
  key_ring: { rooms: [], types: ['limits'] },
  rp_keys: { rooms: ['error', 'key_ring', 'oidc/unsigned', 'world'], types: ['limits', 'oidc', 'store'] },
  uma: { rooms: ['error', 'oidc', 'world'], types: ['limits', 'pat', 'site', 'store'] },
  public_addresses: { rooms: [], types: ['oidc', 'world'] },
  public_desk: {
    rooms: ['error', 'oidc', 'reasons', 'world'],
    types: ['command', 'limits', 'site', 'store', 'stranger_login'],
  },
  stranger_login: { rooms: ['commands', 'error', 'oidc', 'params'], types: ['command', 'limits', 'site'] },
  registrar: {
    rooms: ['error', 'oidc', 'public_addresses', 'site', 'site_settings'],
    types: ['command', 'world'],
  },
  token_endpoint: { rooms: ['error'], types: ['oidc', 'site'] },
  told_keys: {
    rooms: ['oidc', 'public_addresses', 'registrar'],
    types: ['command', 'site'],
  },
  commands: {
    rooms: [
      'command',
      'fields',
      'is_object',
      'flow',
      'error',
      'limits',
      'oidc',
      'finish_login',
      'password_flow',
      'public_addresses',
      'registrar',
      'token_endpoint',
      'rp_keys',
      'site',
      'site_settings',
      'uma',
      'world',
    ],
  },
  callers: { rooms: ['error', 'turns', 'world'], types: ['limits', 'store'] },
  guard: {
    rooms: ['callers', 'error', 'oidc'],
    types: ['command', 'dialect', 'limits', 'pat', 'site', 'store', 'world'],
  },
  reasons: { rooms: ['oidc/clean'], types: ['error', 'world'] },
  dispatch: {
    rooms: ['dialect', 'error', 'fields', 'is_object', 'params', 'reasons'],
    types: ['command', 'guard', 'site', 'world'],
  },
  moving: {
    rooms: [
      'error',
      'fields',
      'is_object',
      'limits',
      'oidc',
      'params',
      'site',
      'site_settings',
      'store/files',
      'yaml',
    ],
  },
  admin: {
    rooms: ['error', 'limits', 'moving', 'public_addresses', 'registrar', 'told_keys'],
    types: ['callers', 'command', 'fields', 'rp_keys', 'site', 'world'],
  },
  reload: { rooms: ['error'], types: ['config', 'oidc', 'world'] },
  serve: {
    rooms: ['error', 'is_object', 'oidc/json', 'publish'],
    types: ['dialect', 'dispatch', 'command', 'guard', 'limits', 'public_desk', 'world'],
  },
  publish: {
    rooms: ['config', 'dialect', 'error', 'oidc/quirks', 'params'],
    types: ['command'],
  },
  client: { rooms: ['claims', 'is_object', 'serve/frame'], types: ['command', 'commands'] },
  cli: { rooms: ['client', 'params'], types: ['command'] },
  load_config: { rooms: ['config', 'daemon', 'limits', 'moving'] },
  check_cli: { rooms: ['cli', 'client', 'daemon', 'limits', 'load_config', 'moving'], types: ['world'] },
  daemon: {
    rooms: [
      'admin',
      'callers',
      'commands',
      'dispatch',
      'ended_logins',
      'error',
      'guard',
      'live_logins',
      'login',
      'oidc',
      'pat',
      'public_desk',
      'refreshes',
      'reload',
      'rp_keys',
      'serve',
      'site',
      'told_keys',
      'stranger_login',
      'uma',
      'webhooks',
    ],
    types: ['command', 'config', 'limits', 'reasons', 'store', 'world'],
  },
  admin_cli: { rooms: ['cli', 'client', 'error', 'load_config'], types: ['config', 'dispatch'] },
  main: {
    rooms: [
      'admin_cli',
      'check_cli',
      'cli',
      'config',
      'daemon',
      'error',
      'limits',
      'load_config',
      'log',
      'store',
      'testing/faulty_op_cli',
      'world',
    ],
  },
  testing: { rooms: ['*'] },
}

/** Packages from outside, and the rooms that may import them. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  zod: [
    'fields',
    'params',
    'command',
    'commands',
    'site_settings',
    'publish',
    'config',
    'cli',
    'oidc',
    'moving',
    'admin',
  ],
  oauth4webapi: ['oidc'],
  jose: ['oidc', 'rp_keys', 'key_ring'],
  undici: ['oidc'],
  'lru-cache': ['oidc', 'guard'],
  fastify: ['serve'],
  'json-logic-engine': ['oidc'],
  ioredis: ['moving'],
  pino: ['log'],
  yaml: ['yaml', 'config'],
}

/** What comes in through a World, or is handed in: the rooms that may take it from the machine. */
const FROM_THE_MACHINE: readonly { readonly what: RegExp; readonly rooms: readonly string[] }[] = [
  { what: /\bDate\.now\b/, rooms: ['world', 'client'] },
  { what: /\bMath\.random\b/, rooms: [] },
  { what: /\brandomBytes\b/, rooms: ['world'] },
  { what: /\bset(?:Timeout|Interval)\(/, rooms: ['client', 'serve', 'daemon', 'reload/door'] },
  { what: /(?<![.\w])fetch\(/, rooms: ['client'] },
  { what: /\bconsole\./, rooms: [] },
  { what: /\bprocess\.env\b/, rooms: ['main', 'testing/dev_op/main'] },
]

const walk = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? walk(join(folder, entry.name))
      : entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts')
        ? [join(folder, entry.name)]
        : [],
  )

const roomPath = (file: string): string => relative(SOURCE, file).replace(/\.ts$/, '')
const isIn = (path: string, room: string): boolean =>
  room === '*' || path === room || path.startsWith(`${room}/`)
const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`])\/\/.*$/gm, '$1')

const IMPORT = /^(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

const problems: string[] = []

/** `oxd faulty-op` is a tool for those who test; nothing else of the program reaches `testing`. */
const isOurTool = (to: string, room: string): boolean => room === 'main' && to === 'testing/faulty_op_cli'

/** `import type …`, or every name in the braces with `type` before it. */
const isTypeOnly = (clause: string, keyword: string | undefined): boolean => {
  const names = /^(?:import|export)\s+\{([^}]*)\}/
    .exec(clause)?.[1]
    ?.split(',')
    .filter((name) => name.trim() !== '')
  return keyword !== undefined || (names?.every((name) => /^\s*type\s/.test(name)) ?? false)
}

for (const file of walk(SOURCE)) {
  if (file.endsWith('.test.ts') || file.includes('/fixtures/')) continue
  const path = roomPath(file)
  const room = Object.keys(DOORS).find((name) => isIn(path, name))
  if (room === undefined) {
    problems.push(`${file}: no room; give it one in scripts/tidy.ts and ARCHITECTURE.md`)
    continue
  }
  const text = readFileSync(file, 'utf8')
  const code = withoutComments(text)
  if (!/^(?:#!.*\n)?\/\/ \S/.test(text)) problems.push(`${file}: its first line does not say what it is for`)

  const imports = [
    ...[...code.matchAll(IMPORT)].map(([clause, keyword, target = '']) => ({
      target,
      typeOnly: isTypeOnly(clause, keyword),
    })),
    ...[...code.matchAll(DYNAMIC)].map(([, target = '']) => ({ target, typeOnly: false })),
  ]
  for (const { target, typeOnly } of imports) {
    if (target.startsWith('node:')) continue
    if (target.startsWith('.')) {
      const to = roomPath(normalize(join(dirname(file), target)))
      if (isIn(to, room)) {
        if (room === 'commands' && path !== 'commands/index')
          problems.push(`${file}: a command imports another (${to})`)
        continue
      }
      const { rooms, types = [] } = DOORS[room] ?? { rooms: [] }
      const open = rooms.some((name) => isIn(to, name)) || (typeOnly && types.some((name) => isIn(to, name)))
      if (!open) problems.push(`${file}: may not import ${typeOnly ? 'types of ' : ''}${to}`)
      if (isIn(to, 'main') || (isIn(to, 'testing') && room !== 'testing' && !isOurTool(to, room)))
        problems.push(`${file}: nobody imports ${to}`)
    } else if (room !== 'testing' && !PACKAGES[target]?.includes(room)) {
      problems.push(`${file}: the package ${target} has no door here`)
    }
  }
  for (const { what, rooms } of FROM_THE_MACHINE) {
    if (room !== 'testing' && what.test(code) && !rooms.some((name) => isIn(path, name))) {
      problems.push(`${file}: ${what.source} is handed in, not taken`)
    }
  }
}

// The list of commands, in alphabetical order, and a test beside each.
const names = readdirSync('src/commands')
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'index.ts')
  .sort()
const index = `// Every command, one line each, in alphabetical order (kept by scripts/tidy.ts).\n${names
  .map((name) => `export * from './${name}'\n`)
  .join('')}`
if (readFileSync(INDEX, 'utf8') !== index) {
  if (process.argv.includes('--fix')) writeFileSync(INDEX, index)
  else problems.push(`${INDEX}: not the list of the commands; run npm run tidy`)
}
for (const name of names) {
  const test = `src/commands/${name.replace(/\.ts$/, '.test.ts')}`
  if (!existsSync(test)) problems.push(`src/commands/${name}: has no test beside it`)
  if (!readFileSync(`src/commands/${name}`, 'utf8').includes(`name: '${name.replace(/\.ts$/, '')}'`)) {
    problems.push(`src/commands/${name}: its command has another name`)
  }
}

if (problems.length > 0) {
  process.stderr.write(`${problems.join('\n')}\n`)
  process.exitCode = 1
}
