// JSX without a plugin. `npm create vite` makes a project that has one.
export default { esbuild: { jsx: 'automatic' } }
