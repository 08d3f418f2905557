import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as ast from 'typescript/unstable/ast'
import { API, type Checker, type Project, type Symbol, SymbolFlags } from 'typescript/unstable/sync'
import { type Manifest, type PackageName, PACKAGES } from './packed-project.js'

/** Something that a public entry exports, as its built declarations describe it. */
export interface Declared {
  /** Where from: `wireguard/conf`. */
  readonly entry: string
  /** Its name, and those of its members: `Conf`, `Conf.get`. */
  readonly parts: readonly Part[]
  /** The types of these packages that it mentions and no public entry exports: `Conf.get: Key`. */
  readonly unnameable: readonly string[]
  /** Its parameters that are options: `WireGuard.open(options)`. */
  readonly options: readonly string[]
}

/** An export, or a member of one. */
export interface Part {
  readonly name: string
  /** The text of its doc comment; `''`: it has none. */
  readonly comment: string
}

// A user of the facade installs it alone, and one who composes the backends the model as well.
const IMPORTABLE: Readonly<Record<PackageName, readonly PackageName[]>> = {
  wireguardcfg: ['wireguardcfg'],
  wireguardnl: ['wireguardnl', 'wireguardcfg'],
  wireguard: ['wireguard'],
}

/** Every export of every public entry, read from the folders dist. */
export function readDeclarations(): Declared[] {
  // The API of TypeScript 7 is unstable; package.json has its exact version.
  const api = new API({ cwd: ROOT, fs: { readFile: read, fileExists: exists } })
  try {
    const project = api.updateSnapshot({ openProjects: [CONFIG] }).getProject(CONFIG)
    if (project === undefined) throw new Error('no project')
    const diagnostics = project.program.getSemanticDiagnostics(PROBE)
    if (diagnostics.length > 0) throw new Error(diagnostics.map(({ text }) => text).join('\n'))
    return new Reader(project).read()
  } finally {
    api.close()
  }
}

/** The public entries of a package by what is imported: `wireguardcfg/schema`. */
export function publicEntries(name: PackageName): string[] {
  const path = join(ROOT, 'packages', name, 'package.json')
  const { exports } = JSON.parse(readFileSync(path, 'utf8')) as Manifest
  return Object.keys(exports)
    .filter((entry) => entry !== './package.json' && !entry.startsWith('./internal'))
    .map((entry) => name + entry.slice('.'.length))
}

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '')
const ENTRIES = PACKAGES.flatMap(publicEntries)

// A program that imports every entry. Its files exist for the compiler alone.
const PROBE = join(ROOT, 'packages/wireguard/test/packaging/probe.ts')
const CONFIG = join(ROOT, 'packages/wireguard/test/packaging/probe.json')
const FILES = new Map([
  [PROBE, ENTRIES.map((entry, i) => `export * as e${i} from '${entry}'\n`).join('')],
  [
    CONFIG,
    JSON.stringify({
      extends: '../../../../tsconfig.base.json',
      compilerOptions: { noEmit: true, composite: false },
      files: ['probe.ts'],
    }),
  ],
])
const read = (path: string) => FILES.get(path)
const exists = (path: string) => FILES.has(path) || undefined

class Reader {
  readonly #project: Project
  readonly #checker: Checker

  constructor(project: Project) {
    this.#project = project
    this.#checker = project.checker
  }

  read(): Declared[] {
    const exported = new Map(ENTRIES.map((entry, i) => [entry, this.#exportsOf(i)]))
    return PACKAGES.flatMap((name) => {
      const importable = new Set(
        IMPORTABLE[name]
          .flatMap(publicEntries)
          .flatMap((entry) => exported.get(entry) ?? [])
          .map((symbol) => this.#target(symbol)),
      )
      return publicEntries(name).flatMap((entry) =>
        (exported.get(entry) ?? []).map((symbol) => this.#declared(entry, symbol, importable)),
      )
    })
  }

  #exportsOf(index: number): readonly Symbol[] {
    const probe = this.#project.program.getSourceFile(PROBE)
    const module = probe && this.#checker.getSymbolAtLocation(probe)
    const entry = module && this.#checker.getMemberInModuleExports(module, `e${index}`)
    if (entry === undefined) throw new Error(`no ${ENTRIES[index]}`)
    return this.#checker.getExportsOfModule(this.#target(entry))
  }

  #target(symbol: Symbol): Symbol {
    return (symbol.flags & SymbolFlags.Alias) === 0
      ? symbol
      : this.#checker.getAliasedSymbol(symbol)
  }

  #declared(entry: string, symbol: Symbol, importable: ReadonlySet<Symbol>): Declared {
    const isValue = !symbol.declarations.some((handle) => isTypeOnly(handle.resolve()))
    const parts: Part[] = []
    const unnameable = new Set<string>()
    const options: string[] = []
    const target = this.#target(symbol)
    for (const handle of target.declarations) {
      const node = handle.resolve()
      if (node === undefined) throw new Error(`no declaration of ${symbol.name}`)
      parts.push({ name: symbol.name, comment: commentOf(statementOf(node)) })
      if (ast.isFunctionDeclaration(node)) options.push(...optionsOf(symbol.name, node))
      for (const member of membersOf(node, isValue)) {
        const name = `${symbol.name}.${nameOf(member)}`
        parts.push({ name, comment: commentOf(member) })
        options.push(...optionsOf(name, member))
      }
      for (const name of namesIn(node, isValue)) {
        const found = this.#checker.getSymbolAtLocation(name)
        const mentioned = found && this.#target(found)
        if (mentioned !== undefined && isOurs(mentioned) && !importable.has(mentioned)) {
          unnameable.add(`${symbol.name}: ${mentioned.name}`)
        }
      }
    }
    return { entry, parts, unnameable: [...unnameable], options }
  }
}

/** Whether a specifier exports the type of something, not the thing: no one can construct it. */
function isTypeOnly(node: ast.Node | undefined): boolean {
  if (node === undefined || !ast.isExportSpecifier(node)) return false
  const declaration = node.parent.parent
  return node.isTypeOnly || (ast.isExportDeclaration(declaration) && declaration.isTypeOnly)
}

/** Where the comment of a declaration is: in front of `export declare const`. */
function statementOf(node: ast.Node): ast.Node {
  return ast.isVariableDeclaration(node) ? node.parent.parent : node
}

function commentOf(node: ast.Node): string {
  return (node.jsDoc ?? []).map((comment) => comment.getText()).join('\n')
}

/** The members of a class or interface, and the fields of the objects of a type, that users see. */
function membersOf(node: ast.Node, isValue: boolean): ast.Node[] {
  if (ast.isTypeAliasDeclaration(node)) return fieldsIn(node.type)
  if (!ast.isClassDeclaration(node) && !ast.isInterfaceDeclaration(node)) return []
  return [...node.members].filter((member) => {
    // Without parameters there is nothing to say beyond what the class says.
    if (ast.isConstructorDeclaration(member)) {
      return isVisible(member, isValue) && member.parameters.length > 0
    }
    return isVisible(member, isValue)
  })
}

function fieldsIn(node: ast.Node): ast.Node[] {
  const nested: ast.Node[] = []
  node.forEachChild((child) => {
    nested.push(...fieldsIn(child))
  })
  // An alternative of a union has some fields only to state that they are absent there.
  const isField = ast.isPropertySignatureDeclaration(node)
    ? node.type?.getText() !== 'undefined'
    : ast.isMethodSignatureDeclaration(node)
  return isField ? [node, ...nested] : nested
}

function isVisible(member: ast.Node, isValue: boolean): boolean {
  if (ast.isConstructorDeclaration(member) && !isValue) return false
  const text = member.getText()
  return !text.startsWith('private ') && !text.startsWith('#')
}

/** The parameters whose type has the name of options, and what is destructured in their place. */
function optionsOf(name: string, node: ast.Node): string[] {
  const parameters = node.getText().matchAll(/(\w+|\})\??: \w*(?:Options|Properties|Init)\b/g)
  return [...parameters].map(
    ([, parameter]) => `${name}(${parameter === '}' ? 'options' : parameter})`,
  )
}

function nameOf(member: ast.Node): string {
  if (ast.isConstructorDeclaration(member)) return 'constructor'
  const name = 'name' in member ? (member.name as ast.Node | undefined) : undefined
  return name?.getText() ?? member.getText()
}

/** The names of types in a declaration, as far as users see it. */
function namesIn(node: ast.Node, isValue: boolean): ast.Node[] {
  const names: ast.Node[] = []
  const visit = (child: ast.Node): void => {
    if (ast.isClassDeclaration(child.parent) && !isVisible(child, isValue)) return
    if (ast.isTypeReferenceNode(child)) names.push(child.typeName)
    else if (ast.isExpressionWithTypeArguments(child)) names.push(child.expression)
    else if (ast.isTypeQueryNode(child)) names.push(child.exprName)
    else if (ast.isImportTypeNode(child) && child.qualifier !== undefined) {
      names.push(child.qualifier)
    }
    child.forEachChild(visit)
  }
  visit(node)
  return names
}

/** Whether something is of these packages, and not a type parameter of its declaration. */
function isOurs({ declarations, flags }: Symbol): boolean {
  const inDist = PACKAGES.map((name) => join(ROOT, 'packages', name, 'dist/'))
  return (
    (flags & SymbolFlags.TypeParameter) === 0 &&
    declarations.some(({ path }) => inDist.some((folder) => path.startsWith(folder)))
  )
}
