// An oxlint plugin: comments end at column 100, where prettier wraps code and Markdown.
const LIMIT = 100

export default {
  meta: { name: 'comments' },
  rules: {
    width: {
      create: (context) => ({
        Program() {
          const { lines } = context.sourceCode
          for (const { loc } of context.sourceCode.getAllComments()) {
            for (let line = loc.start.line; line <= loc.end.line; line++) {
              const { length } = lines[line - 1]
              if (length <= LIMIT) continue
              const message = `This comment is ${length} columns wide: wrap it at ${LIMIT}.`
              context.report({
                loc: { start: { line, column: LIMIT }, end: { line, column: length } },
                message,
              })
            }
          }
        },
      }),
    },
  },
}
