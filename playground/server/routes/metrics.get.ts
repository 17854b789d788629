export { default } from '../../../src/runtime/server/metrics-route'
