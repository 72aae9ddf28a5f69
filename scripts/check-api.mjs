// Compares the public names of the packages with the reports in `etc/`: a change of the surface shows in review.
// `npm run api` writes the reports.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'

const root = fileURLToPath(new URL('..', import.meta.url))
const reports = join(root, 'etc')
const found = join(reports, '.found')
const update = process.argv.includes('--update')

/** The entry points with a report, by the report's name. */
const entries = {
  protocol: 'packages/protocol/dist/index.d.ts',
  'protocol-schema': 'packages/protocol/dist/schema.d.ts',
  core: 'packages/core/dist/index.d.ts',
  'core-host': 'packages/core/dist/host.d.ts',
  'core-testing': 'packages/core/dist/testing/index.d.ts',
  testkit: 'packages/testkit/dist/index.d.ts',
}

build()
mkdirSync(found, { recursive: true })
const changed = Object.keys(entries).filter((name) => !extract(name))
const undocumented = Object.keys(entries).flatMap(undocumentedExports)
if (undocumented.length > 0) {
  console.error(`These public names have no doc comment:\n  ${undocumented.join('\n  ')}`)
  process.exitCode = 1
}
if (update) console.log(`Wrote ${Object.keys(entries).length} reports to etc/.`)
else if (changed.length > 0) {
  for (const name of changed) showDifference(name)
  console.error(
    `\nThe public API differs from etc/: ${changed.join(', ')}. If that is intended: npm run api, and commit etc/.`,
  )
  process.exitCode = 1
}

function build() {
  const tsc = [
    'node_modules/typescript/bin/tsc',
    '-b',
    'packages/protocol',
    'packages/core',
    'packages/testkit',
  ]
  const { status } = spawnSync(process.execPath, tsc, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

/** Returns whether the report is as committed. */
function extract(name) {
  const folder = join(root, entries[name].split('/').slice(0, 2).join('/'))
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: join(root, entries[name]),
      compiler: {
        overrideTsconfig: { compilerOptions: compilerOptions(), files: [join(root, entries[name])] },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: reports,
        reportTempFolder: found,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.None },
          'ae-forgotten-export': { logLevel: ExtractorLogLevel.None, addToApiReportFile: true },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
      newlineKind: 'lf',
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, 'package.json'),
  })
  const result = Extractor.invoke(config, { localBuild: update, messageCallback: onMessage })
  if (result.errorCount > 0) process.exitCode = 1
  return !result.apiReportChanged
}

/**
 * In the workspace `exports` lead to sources, and the extractor reads declarations only: hence `paths`.
 * They go through `node_modules`, links unresolved, because that is how it tells a package's own names from another's.
 */
function compilerOptions() {
  const protocol = join(root, 'packages/core/node_modules/@halter/protocol/dist')
  const core = join(root, 'packages/testkit/node_modules/@halter/core/dist')
  return {
    target: 'esnext',
    lib: ['esnext'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    preserveSymlinks: true,
    strict: true,
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    paths: {
      '@halter/protocol': [join(protocol, 'index.d.ts')],
      '@halter/protocol/schema': [join(protocol, 'schema.d.ts')],
      '@halter/core': [join(core, 'index.d.ts')],
      '@halter/core/host': [join(core, 'host.d.ts')],
      '@halter/core/testing': [join(core, 'testing/index.d.ts')],
    },
  }
}

/** Errors of the declarations are worth a line; the extractor's progress and its remark on every report are not. */
function onMessage(message) {
  message.handled = message.logLevel !== ExtractorLogLevel.Error
}

/** The public names of a report without a doc comment. Members of a documented name may do without. */
function undocumentedExports(name) {
  const report = readFileSync(join(found, `${name}.api.md`), 'utf8')
  return Array.from(
    report.matchAll(/^\/\/ @public \(undocumented\)\n(.*)$/gm),
    ([, line]) => `${name}: ${line}`,
  )
}

function showDifference(name) {
  const files = [join('etc', `${name}.api.md`), join('etc/.found', `${name}.api.md`)]
  spawnSync('git', ['--no-pager', 'diff', '--no-index', '--unified=1', ...files], {
    cwd: root,
    stdio: 'inherit',
  })
}
