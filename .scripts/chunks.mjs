// Which file code goes to. What a single entry or import() reaches goes with it. What several reach
// goes to as few files as can be without that one of them loads what it does not need.
import { join, parse, relative, sep } from 'node:path'

/** @import { ChunkingContext, CodeSplittingGroup } from 'rolldown' */

/**
 * @param {string} source the folder src of a package
 * @returns {CodeSplittingGroup[]} for what several entries or import()s reach; where these have no
 * name for it, rolldown finds a place
 */
export function sharedChunks(source) {
  const ofPackage = (/** @type {string} */ id) => id.startsWith(source + sep)
  // The command has files of its own: it loads the library when a subcommand needs it, which genkey
  // and pubkey do not.
  const ofCommand = (/** @type {string} */ id) => id.startsWith(join(source, 'cli') + sep)
  // Programs without configuration files do without the code for these.
  const ofConf = (/** @type {string} */ id) => id.startsWith(join(source, 'conf') + sep)
  return [
    {
      debugName: 'shared by entries',
      name: (id, graph) => {
        if (!ofPackage(id)) return 'shared' // a helper of the bundler's
        if (!isNeededAtOnce(id, graph) || ofConf(id)) return null
        return ofCommand(id) ? 'cli/shared' : 'shared'
      },
      minShareCount: 2,
      priority: 1,
    },
    {
      debugName: 'shared by entries for configuration files',
      name: (id) => (ofConf(id) ? 'conf/shared' : null),
      minShareCount: 2,
    },
    {
      debugName: 'shared by subcommands',
      name: (id, graph) => {
        const { importedIds = [] } = graph.getModuleInfo(id) ?? {}
        const usesLibrary = importedIds.some((other) => ofPackage(other) && !ofCommand(other))
        return ofCommand(id) && !usesLibrary ? 'cli/lazy' : null
      },
      minShareCount: 2,
    },
  ]
}

/**
 * The path of a file in dist/, without its ending.
 * @param {{ name: string, facadeModuleId?: string | null, moduleIds: readonly string[] }} chunk
 * @param {string} source the folder src of a package
 * @returns {string} where the module is that it has its name from; else that name
 */
export function chunkName({ name, facadeModuleId, moduleIds }, source) {
  const module = [facadeModuleId ?? '', ...moduleIds].find((id) => parse(id).name === name)
  if (module === undefined) return name
  const { dir } = parse(relative(source, module))
  return join(dir, name)
}

/**
 * @param {string} id
 * @param {ChunkingContext} graph
 * @returns {boolean} whether it is an entry, or imported by what is needed at once, not by import()
 */
function isNeededAtOnce(id, graph) {
  const { isEntry = false, importers = [] } = graph.getModuleInfo(id) ?? {}
  return isEntry || importers.some((importer) => isNeededAtOnce(importer, graph))
}
